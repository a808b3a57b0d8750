//! Family C: who was replied to, sessions without service, and messages left (§3).

use super::cells::{Cells, set, share};
use super::reception::{distinct, manual, received};
use super::row::{ReportRow, SessionView};
use std::collections::BTreeSet;

/// The received buyers and days with a reply line. In an agent's row it is a reply line of that agent.
pub(super) fn replied<'a>(row: &ReportRow<'a>) -> BTreeSet<(i64, &'a str)> {
    let with_reply = row.kept.iter().filter(|view| view.reply_lines() > 0);
    let days: BTreeSet<_> = with_reply.map(|view| (view.day, view.buyer)).collect();
    received(row).intersection(&days).copied().collect()
}

/// Buyers replied to and not, and manned sessions in which no question was answered.
pub(super) fn replies(row: &ReportRow, cells: &mut Cells) {
    let receive = distinct(&received(row));
    let replied = distinct(&replied(row));
    set(cells, "replied_buyers", replied.len());
    // A buyer is unreplied if no day of theirs holds a reply.
    set(cells, "unreplied_buyers", receive.difference(&replied).count());
    share(cells, "reply_rate", replied.len(), receive.len());
    let manual = manual(row);
    let unserved = |view: &&&SessionView| !view.spoken.iter().any(|line| line.buyer && line.answered);
    let no_service = manual.iter().filter(unserved).count();
    set(cells, "no_service_sessions", no_service);
    share(cells, "no_service_rate", no_service, manual.len());
}

/// The sessions with a buyer line in which no agent was ever in charge.
pub(super) fn leave_messages(row: &ReportRow, cells: &mut Cells) {
    let sessions: Vec<_> = row.kept.iter().filter(|view| view.has_buyer_line()).collect();
    let left = sessions.iter().filter(|view| !view.session.ever_in_charge).count();
    set(cells, "leave_messages", left);
    share(cells, "leave_message_rate", left, sessions.len());
}
