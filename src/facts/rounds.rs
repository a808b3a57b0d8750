//! rounds (对话轮次). Grain: one row per round, and one more per agent who was in charge of it and handed it over.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop`, `agent` | UInt32 | code of `Names`; agent 0: nobody was in charge, nobody's name is known, or a robot settled it | never |
//! | `buyer`, `session` | UInt32 | code of `ConversationNames`; session 0: none in the log | never |
//! | `filtered` | UInt32 | code of `FILTERS`; 0 is not filtered | never |
//! | `session_no` | Int64 | number of the session in the buyer's day, from 1 | never |
//! | `outcome` | UInt32 | a `RoundOutcome` | never |
//! | `is_answered`, `is_handed_over`, `is_robot` | Boolean | the same as flags | never |
//! | `asked_at`, `replied_at` | Int64 | UTC ms | `replied_at`: not answered |
//! | `asked_hour` | Int64 | hour of the wall clock | never |
//! | `wait_ms`, `agent_wait_ms` | Int64 | ms on the shop's and on the agent's clock | not answered; `agent_wait_ms`: nobody's name is known |
//! | `queued` | Boolean | nobody was in charge when the round began | never |
//! | `queue_ms` | Int64 | ms until an agent was in charge | as in `Round` |
//! | `asks`, `asks_in_time`, `agent_asks_in_time` | Int64 | questions, and those answered in time on each clock | never |
//! | `assessed`, `first`, `first_assessed`, `agent_first` | Boolean | as in `Round` | never |
//! | `agent_first_assessed`, `opening`, `agent_opening` | Boolean | as in `Round` | never |
//! | `asked_message`, `replied_message` | UInt32 | handle of `MessageIds` | never; an empty id becomes null |
//! | `bucket`, `agent_bucket` | Int64 | histogram bucket of each wait | not answered |

use super::column_builder::fact_table;
use super::filters::unfiltered;
use super::replayed::ReplayedConversation;
use crate::model::Level;
use kefu_kernel::day_rules::DayRules;
use kefu_kernel::round::{Round, RoundOutcome};
use polars::prelude::*;
use std::sync::LazyLock;

/// γ of the wait histogram (DDSketch): the value reported for a bucket is within (γ − 1) / (γ + 1) < 1 % of every wait in it.
pub(super) const GAMMA: f64 = 1.02;

fact_table! {
    /// Rounds, while conversations are replayed.
    RoundRows(
        conversation: &ReplayedConversation,
        session_code: u32,
        number: i64,
        round: &Round,
        buckets: [Option<i64>; 2],
        day: &DayRules,
    ) {
        shop: u32 = conversation.shop,
        agent: u32 = round.agent,
        buyer: u32 = conversation.code,
        filtered: u32 = conversation.filtered.code(round.agent),
        session: u32 = session_code,
        session_no: i64 = number,
        outcome: u32 = round.outcome as u32,
        is_answered: bool = round.outcome == RoundOutcome::Answered,
        is_handed_over: bool = round.outcome == RoundOutcome::HandedOver,
        is_robot: bool = round.outcome == RoundOutcome::Robot,
        asked_at: i64 = round.asked_at,
        asked_hour: i64 = day.hour(round.asked_at),
        replied_at: Option<i64> = round.replied_at,
        wait_ms: Option<i64> = round.wait_ms,
        agent_wait_ms: Option<i64> = round.agent_wait_ms,
        queued: bool = round.queued,
        queue_ms: Option<i64> = round.queue_ms,
        asks: i64 = round.asks,
        asks_in_time: i64 = round.asks_in_time,
        agent_asks_in_time: i64 = round.agent_asks_in_time,
        assessed: bool = round.assessed,
        first: bool = round.first,
        first_assessed: bool = round.first_assessed,
        agent_first: bool = round.agent_first,
        agent_first_assessed: bool = round.agent_first_assessed,
        opening: bool = round.opening,
        agent_opening: bool = round.agent_opening,
        asked_message: u32 = round.asked_message,
        replied_message: u32 = round.replied_message,
        bucket: Option<i64> = buckets[0],
        agent_bucket: Option<i64> = buckets[1],
    }
}

/// Adds the rounds of a conversation.
pub(super) fn add(rounds: &mut RoundRows, conversation: &ReplayedConversation, day: &DayRules) {
    for (number, session) in (1..).zip(&conversation.sessions) {
        for round in &session.rounds {
            let shop_bucket = round.wait_ms.map(bucket);
            // Both clocks mostly show the same wait, and a logarithm is saved.
            let agent_bucket = if round.agent_wait_ms == round.wait_ms { shop_bucket } else { round.agent_wait_ms.map(bucket) };
            rounds.push(conversation, session.id, number, round, [shop_bucket, agent_bucket], day);
        }
    }
}

/// The histogram bucket of a wait: 0 for 0 ms, else the k with γ^(k-1) < ms ≤ γ^k, counted from 1.
pub(super) fn bucket(wait_ms: i64) -> i64 {
    if wait_ms <= 0 { 0 } else { ((wait_ms as f64).ln() / GAMMA.ln()).ceil() as i64 + 1 }
}

/// The bounds of a bucket in ms, `(from, to]`; bucket 0 is `(0, 0]`.
pub fn bucket_bounds(bucket: i64) -> (f64, f64) {
    /// Enough buckets for a wait as long as the longest business day.
    static BOUNDS: LazyLock<[f64; 1024]> = LazyLock::new(|| std::array::from_fn(|bucket| GAMMA.powi(bucket as i32 - 1)));
    match bucket {
        1..1024 => (BOUNDS[bucket as usize - 1], BOUNDS[bucket as usize]),
        _ => (0.0, 0.0),
    }
}

/// The rounds that passed the reception filters, on a level's clock, and the condition for the rounds that its metrics count. The columns
/// `wait_ms`, `bucket`, `asks_in_time`, `first`, `first_assessed` and `opening` are those of the level; `answered` and `handed_over`
/// (Boolean) are added.
pub fn rounds_of(level: Level, rounds: &DataFrame) -> (LazyFrame, Expr) {
    let rows = unfiltered(rounds).with_columns([col("is_answered").alias("answered"), col("is_handed_over").alias("handed_over")]);
    match level {
        Level::Shop => (rows, col("handed_over").or(col("is_robot")).not()),
        Level::Agent | Level::Team => {
            let on_agents_clock = [
                col("agent_wait_ms").alias("wait_ms"),
                col("agent_bucket").alias("bucket"),
                col("agent_asks_in_time").alias("asks_in_time"),
                col("agent_first").alias("first"),
                col("agent_first_assessed").alias("first_assessed"),
                col("agent_opening").alias("opening"),
            ];
            (rows.with_columns(on_agents_clock), col("agent").neq(lit(0u32)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buckets_middle_is_within_one_percent() {
        for wait in (1..20_000).chain([60_000, 179_999, 180_000, 3_600_000, 86_400_000]) {
            let (from, to) = bucket_bounds(bucket(wait));
            let middle = 2.0 * from * to / (from + to);
            assert!((middle / wait as f64 - 1.0).abs() <= 0.01, "{wait}");
        }
    }
}
