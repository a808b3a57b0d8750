//! Family B: the 3-minute and 30-second reply rates in their five units (§5).

use super::cells::{Cells, set, share};
use super::rounds::Round;
use super::row::ReportRow;
use std::collections::BTreeMap;

/// Every reply rate, and the buyers who missed the person rate.
pub(super) fn reply_rates(row: &ReportRow, cells: &mut Cells) {
    let reply = row.rules().reply_threshold;
    let quick = row.rules().quick_threshold;
    let (in_time, rounds) = round_rate(row, reply);
    share(cells, "reply_3min_round_rate", in_time, rounds);
    // The preset `default` assesses rounds.
    share(cells, "official_reply_3min_rate", in_time, rounds);
    let (in_time, rounds) = round_rate(row, quick);
    share(cells, "reply_30s_round_rate", in_time, rounds);
    let (in_time, buyers) = person_rate(row, reply);
    share(cells, "reply_3min_person_rate", in_time, buyers);
    set(cells, "missed_3min_buyers", buyers - in_time);
    let (in_time, sessions) = session_rate(row, reply);
    share(cells, "reply_3min_session_rate", in_time, sessions);
    let (in_time, sessions) = first_rate(row, reply);
    share(cells, "reply_3min_first_rate", in_time, sessions);
    let (in_time, sessions) = first_rate(row, quick);
    share(cells, "reply_30s_first_rate", in_time, sessions);
    let (in_time, lines) = message_rate(row, reply);
    share(cells, "reply_3min_message_rate", in_time, lines);
}

/// A wait of exactly the threshold is in time. A round without an answer never is.
fn in_time(row: &ReportRow, round: &Round, threshold: i64) -> bool {
    row.wait(round).is_some_and(|ms| ms <= threshold)
}

/// The assessed rounds answered in time, and all assessed rounds.
fn round_rate(row: &ReportRow, threshold: i64) -> (usize, usize) {
    let rounds: Vec<_> = row.kept.iter().flat_map(|view| row.assessed_rounds(view)).collect();
    (rounds.iter().filter(|round| in_time(row, round, threshold)).count(), rounds.len())
}

/// The buyers whose assessed rounds in the period were all answered in time, and all buyers with one.
fn person_rate(row: &ReportRow, threshold: i64) -> (usize, usize) {
    let mut buyers: BTreeMap<&str, bool> = BTreeMap::new();
    for view in &row.kept {
        for round in row.assessed_rounds(view) {
            *buyers.entry(view.buyer).or_insert(true) &= in_time(row, round, threshold);
        }
    }
    (buyers.values().filter(|all| **all).count(), buyers.len())
}

/// The sessions whose answered assessed rounds have a mean wait in time, and all sessions with an assessed round.
fn session_rate(row: &ReportRow, threshold: i64) -> (usize, usize) {
    let (mut passed, mut sessions) = (0, 0);
    for view in &row.kept {
        let rounds = row.assessed_rounds(view);
        let waits: Vec<i64> = rounds.iter().filter_map(|round| row.wait(round)).collect();
        let mean_in_time = waits.iter().sum::<i64>() <= threshold * waits.len() as i64;
        sessions += usize::from(!rounds.is_empty());
        passed += usize::from(!waits.is_empty() && mean_in_time);
    }
    (passed, sessions)
}

/// The sessions whose first assessed round was answered in time, and all sessions with one.
fn first_rate(row: &ReportRow, threshold: i64) -> (usize, usize) {
    let (mut passed, mut sessions) = (0, 0);
    for view in &row.kept {
        if let Some(first) = row.assessed_rounds(view).first() {
            sessions += 1;
            passed += usize::from(in_time(row, first, threshold));
        }
    }
    (passed, sessions)
}

/// The buyer lines answered in time, and all buyer lines of assessed rounds. Each waits from its own instant, and for an agent
/// not from before the agent's clock, for the shop not from before the event that took it out of the robot's hands.
fn message_rate(row: &ReportRow, threshold: i64) -> (usize, usize) {
    let (mut passed, mut lines) = (0, 0);
    for round in row.kept.iter().flat_map(|view| row.assessed_rounds(view)) {
        for ask in &round.asks {
            let start = if row.is_shop() { round.transferred_at } else { Some(round.agent_clock_at) };
            let from = start.map_or(*ask, |start| start.max(*ask));
            lines += 1;
            passed += usize::from(round.replied_at.is_some_and(|at| row.waited(from, at) <= threshold));
        }
    }
    (passed, lines)
}
