//! rounds: one row per round (对话轮次), and one more for each agent who was in charge of it and handed it over.

use super::{Told, table, unfiltered};
use crate::conversation::{Day, Outcome, Round};
use crate::job::Level;
use polars::prelude::*;
use std::sync::LazyLock;

/// γ of the wait histogram: a bucket's middle is within (γ − 1) / (γ + 1) < 1 % of every wait in it.
pub(super) const GAMMA: f64 = 1.02;

table! {
    /// One row per round and handing-over agent. Times in UTC ms; waits null unless answered.
    Rounds(told: &Told, session_code: u32, no: i64, round: &Round, buckets: [Option<i64>; 2], day: &Day) {
        shop: u32 = told.shop,
        agent: u32 = round.agent,
        buyer: u32 = told.conversation,
        filtered: u32 = told.filtered.of(round.agent),
        session: u32 = session_code,
        session_no: i64 = no,
        outcome: u32 = round.outcome as u32,
        is_answered: bool = round.outcome == Outcome::Answered,
        is_handed_over: bool = round.outcome == Outcome::HandedOver,
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
        asked_message: u32 = round.asked,
        replied_message: u32 = round.replied,
        bucket: Option<i64> = buckets[0],
        agent_bucket: Option<i64> = buckets[1],
    }
}

pub(super) fn add(rounds: &mut Rounds, told: &Told, day: &Day) {
    for (no, session) in (1..).zip(&told.sessions) {
        for round in &session.rounds {
            let own = round.wait_ms.map(bucket);
            // Mostly the same wait.
            let agents = if round.agent_wait_ms == round.wait_ms { own } else { round.agent_wait_ms.map(bucket) };
            rounds.push(told, session.id, no, round, [own, agents], day);
        }
    }
}

/// The histogram bucket of a wait: 0 for 0 ms, else the k with γ^(k-1) < ms ≤ γ^k, counted from 1.
pub(super) fn bucket(wait_ms: i64) -> i64 {
    if wait_ms <= 0 { 0 } else { ((wait_ms as f64).ln() / GAMMA.ln()).ceil() as i64 + 1 }
}

/// The bounds of a bucket in ms, `(from, to]`.
pub fn bucket_bounds(bucket: i64) -> (f64, f64) {
    /// As many as the longest business day can fill.
    static BOUNDS: LazyLock<[f64; 1024]> = LazyLock::new(|| std::array::from_fn(|bucket| GAMMA.powi(bucket as i32 - 1)));
    match bucket {
        1..1024 => (BOUNDS[bucket as usize - 1], BOUNDS[bucket as usize]),
        _ => (0.0, 0.0),
    }
}

/// The rounds on a level's clock (columns `wait_ms`, `bucket`, `asks_in_time`, `first`, `first_assessed`, `opening`), with `answered`,
/// `handed_over`, and which of them its metrics count.
pub fn rounds_of(level: Level, rounds: &DataFrame) -> (LazyFrame, Expr) {
    let rows = unfiltered(rounds).with_columns([col("is_answered").alias("answered"), col("is_handed_over").alias("handed_over")]);
    match level {
        Level::Shop => (rows, col("handed_over").not()),
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
