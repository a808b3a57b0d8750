//! replies: one row per reply line of a buyer who is not filtered: what attribution looks back on.

use super::{Messages, Told, table};
use crate::conversation::Reply;
use crate::ingest::Lines;

table! {
    /// `at` in UTC ms; `place` orders the lines of one instant.
    Replies(told: &Told, reply: &Reply, id: u32) {
        shop: u32 = told.shop,
        buyer: u32 = told.conversation,
        agent: u32 = reply.agent,
        at: i64 = reply.at,
        place: i64 = i64::from(reply.place),
        message: u32 = id,
    }
}

pub(super) fn add(replies: &mut Replies, messages: &mut Messages, told: &Told, lines: &Lines) {
    for reply in told.story.replies.iter().filter(|_| told.filtered == 0) {
        replies.push(told, reply, messages.keep(lines.message(reply.message)));
    }
}
