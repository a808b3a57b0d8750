//! replies: one row per reply line of a peer-day that is not filtered: what attribution looks back on.

use super::{Told, table};
use crate::ingest::{Raw, What};

table! {
    /// `at` in UTC ms; `place` among the conversation's lines orders those of one instant.
    Replies(told: &Told, reply: &Raw, no: i64) {
        shop: u32 = told.shop,
        buyer: u32 = told.conversation,
        agent: u32 = reply.agent,
        at: i64 = reply.at,
        place: i64 = no,
        message: u32 = reply.message,
    }
}

pub(super) fn add(replies: &mut Replies, told: &Told, conversation: &[Raw]) {
    let said = (0..).zip(conversation).filter(|(_, line)| line.what == What::Reply && told.filtered.of(line.agent) == 0);
    said.for_each(|(place, reply)| replies.push(told, reply, place));
}
