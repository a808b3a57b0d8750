//! hours. Grain: one row per session × agent × run of buyer lines in one hour of the wall clock; the shop's rows have agent 0.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop`, `agent` | UInt32 | code of `Names`; agent 0 is the shop | never |
//! | `filtered` | UInt32 | code of `FILTERS`; 0 is not filtered | never |
//! | `hour` | Int64 | hour of the wall clock, 0 to 23 | never |
//! | `buyer_msgs` | Int64 | buyer lines of the run | never |

use super::column_builder::fact_table;
use super::replayed::ReplayedConversation;

fact_table! {
    /// Buyer lines by hour, while conversations are replayed.
    HourRows(conversation: &ReplayedConversation, agent_code: u32, hour_of_day: i64, lines: i64) {
        shop: u32 = conversation.shop,
        agent: u32 = agent_code,
        filtered: u32 = conversation.filtered.code(agent_code),
        hour: i64 = hour_of_day,
        buyer_msgs: i64 = lines,
    }
}

/// Adds the hours of a conversation's sessions and receptions.
pub(super) fn add(hours: &mut HourRows, conversation: &ReplayedConversation) {
    for session in &conversation.sessions {
        let receptions = session.receptions.iter().map(|r| (r.agent, &r.side));
        for (agent, side) in std::iter::once((0, &session.side)).chain(receptions) {
            side.hours.iter().for_each(|(hour, count)| hours.push(conversation, agent, *hour, *count));
        }
    }
}
