//! replies. Grain: one row per reply line of a peer-day that is not filtered. Attribution looks these up.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop`, `agent` | UInt32 | code of `Names` | never |
//! | `buyer` | UInt32 | code of `ConversationNames` | never |
//! | `at` | Int64 | UTC ms | never |
//! | `place` | Int64 | position in the conversation; orders lines of one instant | never |
//! | `message` | UInt32 | handle of `MessageIds` | never; an empty id becomes null |

use super::column_builder::fact_table;
use super::replayed::ReplayedConversation;
use kefu_kernel::line::{ChatLine, LineKind};

fact_table! {
    /// Reply lines, while conversations are replayed.
    ReplyRows(conversation: &ReplayedConversation, reply: &ChatLine, position: i64) {
        shop: u32 = conversation.shop,
        buyer: u32 = conversation.code,
        agent: u32 = reply.agent,
        at: i64 = reply.sent_at,
        place: i64 = position,
        message: u32 = reply.message,
    }
}

/// Adds the reply lines of a conversation that name an agent. `lines`: all its lines in order.
pub(super) fn add(replies: &mut ReplyRows, conversation: &ReplayedConversation, lines: &[ChatLine]) {
    let is_reply = |line: &ChatLine| line.kind == LineKind::Reply && line.agent != 0;
    let unfiltered = (0..).zip(lines).filter(|(_, line)| is_reply(line) && conversation.filtered.code(line.agent) == 0);
    unfiltered.for_each(|(position, reply)| replies.push(conversation, reply, position));
}
