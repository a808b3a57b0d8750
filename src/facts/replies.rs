//! replies: one row per reply line of a buyer who is not filtered: what attribution looks back on.

use super::{Messages, Told, table};
use crate::ingest::{Lines, Raw, What};

table! {
    /// `at` in UTC ms; `place` among the conversation's lines orders those of one instant.
    Replies(told: &Told, reply: &Raw, no: i64, id: u32) {
        shop: u32 = told.shop,
        buyer: u32 = told.conversation,
        agent: u32 = reply.agent,
        at: i64 = reply.at,
        place: i64 = no,
        message: u32 = id,
    }
}

pub(super) fn add(replies: &mut Replies, messages: &mut Messages, told: &Told, conversation: &[Raw], lines: &Lines) {
    let said = (0..).zip(conversation).filter(|(_, line)| told.filtered == 0 && line.what == What::Reply);
    for (place, reply) in said {
        replies.push(told, reply, place, messages.keep(lines.message(reply.message)));
    }
}
