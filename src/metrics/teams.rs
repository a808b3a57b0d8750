//! Metrics of teams (团队): a team has the metrics of an agent, computed over all its accounts (DECISIONS #39).

use super::declaration::*;
use crate::model::Fact;

/// The metrics of an agent that a team does not have, because they must not be added up (semantics §7, DECISIONS #43).
const AGENT_ONLY: &[&str] = &["assist_orders", "assist_amount"];

/// Whether a level reports a metric.
pub(crate) fn is_reported(metric: &Metric, level: Level) -> bool {
    match level {
        Level::Team => metric.levels.contains(&Level::Agent) && !AGENT_ONLY.contains(&metric.id.as_str()),
        level => metric.levels.contains(&level),
    }
}

/// The levels that report a metric.
pub fn levels(metric: &Metric) -> impl Iterator<Item = Level> {
    Level::REPORTED.into_iter().filter(|level| is_reported(metric, *level))
}

/// What the comment of a team's column adds to the definition (DECISIONS #40, #42).
pub(crate) fn note(metric: &Metric, level: Level) -> Option<BilingualStr> {
    let text = |zh, en| Some(BilingualStr { zh, en });
    match &metric.formula {
        _ if level != Level::Team => None,
        Formula::Max(Fact::Concurrency, _) => text("团队取最忙的一个账号", "a team's is that of its busiest account"),
        Formula::Sum(Fact::PeerDays | Fact::Inquiries, _) => text(
            "团队为各账号之和，当天由两个账号接待的买家计两次",
            "a team's is the sum of its accounts': a buyer two of them served in a day counts twice",
        ),
        Formula::Target(_) => {
            text("各月目标归账号该月最后一天所在的团队", "a month's target goes with the team that the account has on the month's last day")
        }
        _ => None,
    }
}
