//! sessions (会话). Grain: one row per session. receptions (接待). Grain: one row per session × agent with a buyer line, a reply line or a
//! round in it. Both have the same columns, so that one metric declaration serves shops and agents.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop`, `agent` | UInt32 | code of `Names`; sessions have agent 0 | never |
//! | `buyer`, `session` | UInt32 | code of `ConversationNames`; session 0: none in the log | never |
//! | `filtered` | UInt32 | code of `FILTERS`; 0 is not filtered | never |
//! | `session_no` | Int64 | number of the session in the buyer's day, from 1 | never |
//! | `started_at`, `first_at`, `last_at`, `first_buyer_at`, `last_buyer_at` | Int64 | UTC ms | no such line |
//! | `first_hour` | Int64 | hour of the wall clock of `first_at` | as `first_at` |
//! | `buyer_msgs`, `agent_msgs`, `auto_msgs` | Int64 | lines | never |
//! | `agent_words` | Int64 | words of the reply lines | never |
//! | `talk_ms` | Int64 | ms of talking | never |
//! | `answered`, `unanswered`, `assessed`, `assessed_answered` | Int64 | rounds | never |
//! | `longest_wait_ms` | Int64 | ms | no answered round |
//! | `assessed_wait_ms` | Int64 | Σ ms over answered assessed rounds | never |
//! | `buyer_initiated`, `lead`, `asked`, `served` | Boolean | as in `Side`; `lead`: contact information | never |
//! | `manned`, `unattended`, `assessed_start`, `transferred_in`, `transferred_out` | Boolean | as in `Session` and `Reception` | never |

use super::column_builder::fact_table;
use super::replayed::ReplayedConversation;
use kefu_kernel::day_rules::DayRules;
use kefu_kernel::session::{Reception, Session};
use kefu_kernel::side::Side;

fact_table! {
    /// Sessions or receptions, while conversations are replayed. A session leaves out the lines and rounds of filtered agents, unless the
    /// buyer's whole day is filtered (DECISIONS #19).
    SideRows(
        conversation: &ReplayedConversation,
        number: i64,
        session: &Session,
        side: &Side,
        reception: Option<&Reception>,
        day: &DayRules,
    ) {
        shop: u32 = conversation.shop,
        agent: u32 = reception.map_or(0, |r| r.agent),
        buyer: u32 = conversation.code,
        filtered: u32 = conversation.filtered.code(reception.map_or(0, |r| r.agent)),
        session: u32 = session.id,
        session_no: i64 = number,
        started_at: Option<i64> = session.started_at,
        first_at: Option<i64> = side.first_at,
        first_hour: Option<i64> = side.first_at.map(|at| day.hour(at)),
        last_at: Option<i64> = side.last_at,
        first_buyer_at: Option<i64> = side.first_buyer_at,
        last_buyer_at: Option<i64> = side.last_buyer_at,
        buyer_msgs: i64 = side.buyer_msgs,
        agent_msgs: i64 = side.agent_msgs,
        auto_msgs: i64 = side.auto_msgs,
        agent_words: i64 = side.agent_words,
        buyer_initiated: bool = side.buyer_initiated,
        talk_ms: i64 = side.talk_ms,
        lead: bool = side.has_contact,
        asked: bool = side.asked,
        served: bool = side.served,
        answered: i64 = side.answered,
        unanswered: i64 = side.unanswered,
        longest_wait_ms: Option<i64> = side.longest_wait_ms,
        assessed: i64 = side.assessed,
        assessed_answered: i64 = side.assessed_answered,
        assessed_wait_ms: i64 = side.assessed_wait_ms,
        manned: bool = session.manned,
        unattended: bool = session.unattended,
        assessed_start: bool = session.assessed_start,
        transferred_in: bool = reception.is_some_and(|r| r.transferred_in),
        transferred_out: bool = reception.is_some_and(|r| r.transferred_out),
    }
}

/// Adds the sessions and receptions of a conversation.
pub(super) fn add(sessions: &mut SideRows, receptions: &mut SideRows, conversation: &ReplayedConversation, day: &DayRules) {
    for (number, session) in (1..).zip(&conversation.sessions) {
        sessions.push(conversation, number, session, &session.side, None, day);
        for reception in &session.receptions {
            receptions.push(conversation, number, session, &reception.side, Some(reception), day);
        }
    }
}
