//! Family B: waits, slow buyers, reception time and the queue (§5).

use super::cells::{Cells, mean, ratio, seconds, set};
use super::reception::{distinct, received};
use super::replies::replied;
use super::rounds::Round;
use super::row::{ReportRow, SessionView};
use super::rules::FirstResponseUnit;
use std::collections::{BTreeMap, BTreeSet};

/// The metrics over all rounds, or those with the suffix `_assessed` over assessed rounds only.
pub(super) fn response(row: &ReportRow, only_assessed: bool, cells: &mut Cells) {
    let pick = |all_day: &'static str, assessed: &'static str| {
        if only_assessed { assessed } else { all_day }
    };
    let rounds = |view: &SessionView<'_>| match only_assessed {
        true => row.assessed_rounds(view).len(),
        false => view.rounds.len(),
    };
    let waits = waits(row, only_assessed);
    let total: usize = row.kept.iter().map(|view| rounds(view)).sum();
    set(cells, pick("rounds", "rounds_assessed"), total);
    set(cells, pick("answered_rounds", "answered_rounds_assessed"), waits.len());
    set(cells, pick("unanswered_rounds", "unanswered_rounds_assessed"), total - waits.len());
    mean(cells, pick("first_resp_avg_s", "first_resp_avg_s_assessed"), &first_waits(row, only_assessed));
    mean(cells, pick("resp_avg_s", "resp_avg_s_assessed"), &waits);
    mean(cells, pick("resp_capped_avg_s", "resp_capped_avg_s_assessed"), &capped(row, &waits));
    cells.insert(pick("resp_p50_s", "resp_p50_s_assessed"), percentile(&waits, 50));
    cells.insert(pick("resp_p90_s", "resp_p90_s_assessed"), percentile(&waits, 90));
    cells.insert(pick("resp_p95_s", "resp_p95_s_assessed"), percentile(&waits, 95));
    let max = waits.iter().max().map(|ms| seconds(*ms));
    cells.insert(pick("resp_max_s", "resp_max_s_assessed"), max);
    let slow = distinct(&slow_days(row, only_assessed)).len();
    set(cells, pick("slow_buyers", "slow_buyers_assessed"), slow);
    if only_assessed && !row.is_shop() {
        let handed = row.kept.iter().flat_map(|view| view.handed_over.iter().map(move |round| (view, round)));
        let count = handed.filter(|(view, round)| row.assessed(view, round)).count();
        set(cells, "handed_over_rounds_assessed", count);
    }
}

/// All rounds of a session, or the assessed ones.
fn chosen<'a>(row: &ReportRow, view: &SessionView<'a>, only_assessed: bool) -> Vec<&'a Round> {
    if only_assessed { row.assessed_rounds(view) } else { view.rounds.clone() }
}

/// The waits of the answered rounds.
fn waits(row: &ReportRow, only_assessed: bool) -> Vec<i64> {
    let rounds = row.kept.iter().flat_map(|view| chosen(row, view, only_assessed));
    rounds.filter_map(|round| row.wait(round)).collect()
}

/// The first wait of each session, or of each agent, buyer and day, as `first_response_unit` says.
fn first_waits(row: &ReportRow, only_assessed: bool) -> Vec<i64> {
    let mut per_session = Vec::new();
    let mut per_peer_day: BTreeMap<(&str, i64, Option<&str>), (i64, i64)> = BTreeMap::new();
    for view in &row.kept {
        let rounds = chosen(row, view, only_assessed);
        per_session.extend(rounds.iter().find_map(|round| row.wait(round)));
        for round in rounds {
            let Some(wait) = row.wait(round) else {
                continue;
            };
            let first = per_peer_day.entry((view.buyer, view.day, round.agent.as_deref())).or_insert((round.asked_at, wait));
            if round.asked_at < first.0 {
                *first = (round.asked_at, wait);
            }
        }
    }
    match row.rules().first_response_unit {
        FirstResponseUnit::Session => per_session,
        FirstResponseUnit::PeerDay => per_peer_day.into_values().map(|(_, wait)| wait).collect(),
    }
}

/// Waits of 0 ms are left out; the others are cut to `response_cap`.
fn capped(row: &ReportRow, waits: &[i64]) -> Vec<i64> {
    waits.iter().filter(|ms| **ms > 0).map(|ms| *ms.min(&row.rules().response_cap)).collect()
}

/// The nearest rank: the smallest wait with at least `percent` % of all waits at or below it.
fn percentile(waits: &[i64], percent: usize) -> Option<f64> {
    let mut sorted = waits.to_vec();
    sorted.sort();
    let rank = (percent * sorted.len()).div_ceil(100);
    rank.checked_sub(1).and_then(|index| sorted.get(index)).map(|ms| seconds(*ms))
}

/// The received buyers and days with at least `slow_times` slow rounds.
fn slow_days<'a>(row: &ReportRow<'a>, only_assessed: bool) -> BTreeSet<(i64, &'a str)> {
    let mut slow: BTreeMap<(i64, &str), usize> = BTreeMap::new();
    for view in &row.kept {
        for round in chosen(row, view, only_assessed) {
            if row.wait(round).is_some_and(|ms| ms > row.rules().slow_threshold) {
                *slow.entry((view.day, view.buyer)).or_default() += 1;
            }
        }
    }
    // Only received buyers can be slow.
    let enough = |day: &(i64, &str)| slow.get(day).is_some_and(|times| *times >= row.rules().slow_times);
    received(row).into_iter().filter(enough).collect()
}

/// The gaps of at most `max_wait` between neighbouring lines, added up.
pub(super) fn reception_time(row: &ReportRow, cells: &mut Cells) {
    let mut total = 0;
    for view in &row.kept {
        for pair in view.spoken.windows(2) {
            let gap = (pair[1].at - pair[0].at).max(0);
            total += if gap <= row.rules().max_wait { gap } else { 0 };
        }
    }
    cells.insert("reception_s", Some(seconds(total)));
    ratio(cells, "avg_reception_s", seconds(total), replied(row).len() as f64);
}

/// The rounds that opened with nobody in charge.
pub(super) fn queue(row: &ReportRow, cells: &mut Cells) {
    for (only_assessed, sessions, average) in
        [(false, "queued_sessions", "avg_queue_s"), (true, "queued_sessions_assessed", "avg_queue_s_assessed")]
    {
        let rounds = row.kept.iter().flat_map(|view| chosen(row, view, only_assessed));
        let queued: Vec<&Round> = rounds.filter(|round| round.queued).collect();
        let taken: Vec<i64> = queued.iter().filter_map(|round| round.queue_ms).collect();
        set(cells, sessions, queued.len());
        mean(cells, average, &taken);
    }
}
