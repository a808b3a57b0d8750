//! Family A: who consulted and was received, sessions, messages and transfers (§3, §8).

use super::cells::{Cells, ratio, set, share};
use super::row::{ReportRow, SessionView};
use super::sessions::{session_agents, transferred};
use std::collections::BTreeSet;

/// The peer-days with a buyer line. In a shop's row they are buyers and days.
fn consulted<'a>(views: &[&SessionView<'a>]) -> BTreeSet<(i64, &'a str)> {
    views.iter().filter(|view| view.consulted).map(|view| (view.day, view.buyer)).collect()
}

/// The peer-days with a buyer line that no filter took out.
pub(super) fn received<'a>(row: &ReportRow<'a>) -> BTreeSet<(i64, &'a str)> {
    consulted(&row.kept)
}

/// The persons of a period are distinct persons, whatever the number of their days (§10).
pub(super) fn distinct<'a>(buyer_days: &BTreeSet<(i64, &'a str)>) -> BTreeSet<&'a str> {
    buyer_days.iter().map(|(_, buyer)| *buyer).collect()
}

/// How many buyers consulted, were received and were filtered.
pub(super) fn persons(row: &ReportRow, cells: &mut Cells) {
    let consult = consulted(&row.all);
    let receive = received(row);
    set(cells, "consult_buyers", distinct(&consult).len());
    set(cells, "receive_buyers", distinct(&receive).len());
    // A buyer is filtered in a period only if filtered on every day of it on which the buyer consulted (§8).
    set(cells, "filtered_buyers", distinct(&consult).difference(&distinct(&receive)).count());
    set(cells, "consult_person_days", consult.len());
    set(cells, "receive_person_days", receive.len());
}

/// The sessions with a buyer line that started in assessed hours and had an agent in charge.
pub(super) fn manual<'a, 'b>(row: &'b ReportRow<'a>) -> Vec<&'b SessionView<'a>> {
    let is_manual = |view: &&SessionView| view.has_buyer_line() && view.session.ever_in_charge && row.in_assessed_hours(view.session.start);
    row.kept.iter().copied().filter(is_manual).collect()
}

/// How many sessions there were, who began them, and how long they were.
pub(super) fn workload(row: &ReportRow, cells: &mut Cells) {
    let with_buyer: Vec<_> = row.kept.iter().filter(|view| view.has_buyer_line()).collect();
    let first_is_buyer = |view: &&&SessionView| view.in_time().first().is_some_and(|line| line.buyer);
    let first_is_reply = |view: &&&SessionView| view.in_time().first().is_some_and(|line| !line.buyer);
    set(cells, if row.is_shop() { "sessions" } else { "receptions" }, with_buyer.len());
    set(cells, "manual_sessions", manual(row).len());
    set(cells, "buyer_initiated", row.kept.iter().filter(first_is_buyer).count());
    set(cells, "agent_initiated", row.kept.iter().filter(first_is_reply).count());
    let replies = with_buyer.iter().map(|view| view.reply_lines()).sum();
    share(cells, "msgs_per_session", replies, with_buyer.len());
    let is_long = |view: &&&SessionView| length(view) > row.rules().long_reception;
    set(cells, "long_receptions", row.kept.iter().filter(is_long).count());
}

/// The time from the first to the last buyer or reply line.
fn length(view: &SessionView) -> i64 {
    let lines = view.in_time();
    match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => last.at - first.at,
        _ => 0,
    }
}

/// How many lines of each sort there were, and the characters of the replies.
pub(super) fn messages(row: &ReportRow, cells: &mut Cells) {
    let buyer: usize = row.kept.iter().map(|view| view.buyer_lines()).sum();
    let agent: usize = row.kept.iter().map(|view| view.reply_lines()).sum();
    let auto: usize = row.kept.iter().map(|view| view.autos).sum();
    set(cells, "buyer_msgs", buyer);
    set(cells, "agent_msgs", agent);
    set(cells, "auto_msgs", auto);
    set(cells, "total_msgs", buyer + agent + auto);
    share(cells, "answer_ask_ratio", agent, buyer);
    let spoken = row.kept.iter().flat_map(|view| &view.spoken);
    // A character is a Unicode scalar value, as a `char` is.
    set(cells, "agent_words", spoken.filter(|line| !line.buyer).map(|line| line.text.chars().count()).sum());
}

/// The buyers whom the agent received directly, from another agent, or passed on.
pub(super) fn transfers(row: &ReportRow, cells: &mut Cells) {
    let Some(agent) = row.agent else { return };
    let (mut into, mut out) = (BTreeSet::new(), BTreeSet::new());
    for view in &row.kept {
        for other in session_agents(view.session) {
            if transferred(view.session, other, agent) {
                into.insert((view.day, view.buyer));
            }
            if transferred(view.session, agent, other) {
                out.insert((view.day, view.buyer));
            }
        }
    }
    let direct = received(row).difference(&into).copied().collect();
    set(cells, "direct_receive_buyers", distinct(&direct).len());
    set(cells, "transfer_in_buyers", distinct(&into).len());
    set(cells, "transfer_out_buyers", distinct(&out).len());
}

/// The greatest number of receptions open at one instant. It is reached where one of them begins.
pub(super) fn concurrency(row: &ReportRow, cells: &mut Cells) {
    let mut open = Vec::new();
    for view in &row.kept {
        let lines = view.in_time();
        if let (Some(first), Some(last)) = (lines.first(), lines.last()) {
            open.push((first.at, last.at));
        }
    }
    let at = |instant: i64| open.iter().filter(|(first, last)| *first <= instant && instant <= *last).count();
    set(cells, "max_concurrent", open.iter().map(|(first, _)| at(*first)).max().unwrap_or(0));
}

/// Buyers who consulted, of the visitors of the shop. Null unless every day that is read has visitors.
pub(super) fn consult_rate(row: &ReportRow, cells: &mut Cells) {
    let input = row.facts.input;
    let (mut visitors, mut known) = (0, BTreeSet::new());
    for (shop, day, count) in input.visits.iter().flatten() {
        if shop == row.shop && row.in_period(*day) && input.covers(*day) {
            visitors += count;
            known.insert(*day);
        }
    }
    let is_known = (input.first_day..=input.landed).filter(|day| row.in_period(*day)).all(|day| known.contains(&day));
    let visitors = if is_known { visitors } else { 0 };
    ratio(cells, "consult_rate", distinct(&consulted(&row.all)).len() as f64, visitors as f64);
}
