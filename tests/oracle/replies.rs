//! Family C: who was replied to, sessions without service, and messages left (§3).

use super::cells::{Cells, set, share};
use super::reception::{distinct, manual, received};
use super::rounds::Outcome;
use super::row::{ReportRow, SessionView};
use std::collections::{BTreeMap, BTreeSet};

/// The received buyers and days with a reply line. In an agent's row it is a reply line of that agent.
pub(super) fn replied<'a>(row: &ReportRow<'a>) -> BTreeSet<(i64, &'a str)> {
    let with_reply = row.kept.iter().filter(|view| view.reply_lines() > 0);
    let days: BTreeSet<_> = with_reply.map(|view| (view.day, view.buyer)).collect();
    received(row).intersection(&days).copied().collect()
}

/// The received buyers and days that nobody needed to reply to: those on which a robot settled every round, and those whose
/// buyer lines are in no round. Agents own no round of a robot.
fn excused<'a>(row: &ReportRow<'a>) -> BTreeSet<(i64, &'a str)> {
    let mut days: BTreeMap<(i64, &str), Vec<&SessionView>> = BTreeMap::new();
    for view in row.kept.iter().copied() {
        days.entry((view.day, view.buyer)).or_default().push(view);
    }
    let is_excused = |views: &Vec<&SessionView>| {
        let settled = views.iter().any(|view| !view.robot.is_empty()) && views.iter().all(|view| view.rounds.is_empty());
        let asked = views.iter().any(|view| view.asks_something());
        settled || (views.iter().any(|view| view.has_buyer_line()) && !asked)
    };
    days.into_iter().filter(|(_, views)| is_excused(views)).map(|(day, _)| day).collect()
}

/// Buyers replied to and not, and manned sessions in which no question was answered.
pub(super) fn replies(row: &ReportRow, cells: &mut Cells) {
    let (received, replied_days) = (received(row), replied(row));
    let replied = distinct(&replied_days);
    let left: BTreeSet<_> = received.difference(&replied_days).copied().collect();
    let waited: BTreeSet<_> = left.difference(&excused(row)).copied().collect();
    // A buyer is unreplied if no day of theirs holds a reply and one of them needed it.
    let unreplied = distinct(&waited).difference(&replied).count();
    set(cells, "replied_buyers", replied.len());
    set(cells, "unreplied_buyers", unreplied);
    share(cells, "reply_rate", replied.len(), replied.len() + unreplied);
    let manual = manual(row);
    // Where nothing was asked there was no service to give.
    let unserved = |view: &&&SessionView| view.asks_something() && !view.spoken.iter().any(|line| line.buyer && line.answered);
    let no_service = manual.iter().filter(unserved).count();
    set(cells, "no_service_sessions", no_service);
    share(cells, "no_service_rate", no_service, manual.len());
}

/// The sessions with a buyer line in which no agent was ever in charge and nobody replied, but those without a round that a
/// robot did not settle.
pub(super) fn leave_messages(row: &ReportRow, cells: &mut Cells) {
    let sessions: Vec<_> = row.kept.iter().filter(|view| view.has_buyer_line()).collect();
    let is_left = |view: &&&&SessionView| {
        let session = view.session;
        let replied = session.spoken.iter().any(|line| !line.buyer);
        let waited = session.rounds.iter().any(|round| round.outcome != Outcome::Robot);
        !session.ever_in_charge && !replied && waited
    };
    let left = sessions.iter().filter(is_left).count();
    set(cells, "leave_messages", left);
    share(cells, "leave_message_rate", left, sessions.len());
}

/// The rounds that a robot settled.
pub(super) fn robot_rounds(row: &ReportRow, cells: &mut Cells) {
    set(cells, "robot_rounds", row.kept.iter().map(|view| view.robot.len()).sum());
}
