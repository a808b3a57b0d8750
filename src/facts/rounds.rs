//! rounds: one row per round (对话轮次), and one more for each agent who was in charge of it and handed it over.

use super::{Told, frame};
use crate::conversation::{Day, Outcome, Round};
use crate::error::Result;
use crate::job::Level;
use polars::prelude::*;

/// γ of the wait histogram: a bucket's middle is within (γ − 1) / (γ + 1) < 1 % of every wait in it.
pub(super) const GAMMA: f64 = 1.02;

/// One row per round and handing-over agent. Times in UTC ms; waits null unless answered.
pub(crate) fn rounds(told: &[Told], day: &Day) -> Result<DataFrame> {
    let sessions = told.iter().flat_map(|t| (0i64..).zip(&t.story.sessions).map(move |(no, s)| (t, no, s)));
    let rows = sessions.flat_map(|(t, no, s)| s.rounds.iter().map(move |r| (t, s.id, no, r))).collect::<Vec<_>>();
    type Row<'a> = (&'a Told, u32, i64, &'a Round);
    fn each<T>(rows: &[Row], value: impl Fn(&Round) -> T) -> Vec<T> {
        rows.iter().map(|row| value(row.3)).collect()
    }
    Ok(frame! {
        "shop" => rows.iter().map(|r| r.0.shop).collect::<Vec<_>>(),
        "agent" => each(&rows, |r| r.agent),
        "buyer" => rows.iter().map(|r| r.0.conversation).collect::<Vec<_>>(),
        "filtered" => rows.iter().map(|r| r.0.filtered).collect::<Vec<_>>(),
        "session" => rows.iter().map(|r| r.1).collect::<Vec<_>>(),
        "session_no" => rows.iter().map(|r| r.2 + 1).collect::<Vec<_>>(),
        "outcome" => each(&rows, |r| r.outcome as u32),
        "asked_at" => each(&rows, |r| r.asked_at),
        "asked_hour" => each(&rows, |r| day.hour(r.asked_at)),
        "replied_at" => each(&rows, |r| r.replied_at),
        "wait_ms" => each(&rows, |r| r.wait_ms),
        "agent_wait_ms" => each(&rows, |r| r.agent_wait_ms),
        "queued" => each(&rows, |r| r.queued),
        "queue_ms" => each(&rows, |r| r.queue_ms),
        "asks" => each(&rows, |r| r.asks),
        "asks_in_time" => each(&rows, |r| r.asks_in_time),
        "agent_asks_in_time" => each(&rows, |r| r.agent_asks_in_time),
        "assessed" => each(&rows, |r| r.assessed),
        "first" => each(&rows, |r| r.first),
        "first_assessed" => each(&rows, |r| r.first_assessed),
        "agent_first" => each(&rows, |r| r.agent_first),
        "agent_first_assessed" => each(&rows, |r| r.agent_first_assessed),
        "opening" => each(&rows, |r| r.opening),
        "agent_opening" => each(&rows, |r| r.agent_opening),
        "asked_message" => each(&rows, |r| r.asked),
        "replied_message" => each(&rows, |r| r.replied),
        "bucket" => each(&rows, |r| r.wait_ms.map(bucket)),
        "agent_bucket" => each(&rows, |r| r.agent_wait_ms.map(bucket)),
    }?)
}

/// The histogram bucket of a wait: 0 for 0 ms, else the k with γ^(k-1) < ms ≤ γ^k, counted from 1.
pub(super) fn bucket(wait_ms: i64) -> i64 {
    if wait_ms <= 0 { 0 } else { ((wait_ms as f64).ln() / GAMMA.ln()).ceil() as i64 + 1 }
}

/// The bounds of a bucket in ms, `(from, to]`.
pub fn bucket_bounds(bucket: i64) -> (f64, f64) {
    if bucket == 0 { (0.0, 0.0) } else { (GAMMA.powi(bucket as i32 - 2), GAMMA.powi(bucket as i32 - 1)) }
}

/// The rounds a level's metrics count, each on the level's clock (columns `wait_ms`, `bucket`, `asks_in_time`, `first`, `opening`),
/// with `answered`, `handed_over`. `assessed` keeps assessed rounds only, with their own firsts.
pub fn rounds_of(level: Level, rounds: &DataFrame, assessed: bool) -> LazyFrame {
    let outcome = |outcome: Outcome| col("outcome").eq(lit(outcome as u32));
    let rows = rounds.clone().lazy().filter(col("filtered").eq(lit(0u32)));
    let rows = if assessed { rows.filter(col("assessed")) } else { rows };
    let first = |plain: &str, of_assessed: &str| col(if assessed { of_assessed } else { plain }).alias("first");
    let rows = match level {
        Level::Shop => rows.filter(outcome(Outcome::HandedOver).not()).with_columns([first("first", "first_assessed")]),
        Level::Agent => rows.filter(col("agent").neq(lit(0u32))).with_columns([
            col("agent_wait_ms").alias("wait_ms"),
            col("agent_bucket").alias("bucket"),
            col("agent_asks_in_time").alias("asks_in_time"),
            first("agent_first", "agent_first_assessed"),
            col("agent_opening").alias("opening"),
        ]),
    };
    rows.with_columns([outcome(Outcome::Answered).alias("answered"), outcome(Outcome::HandedOver).alias("handed_over")])
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
