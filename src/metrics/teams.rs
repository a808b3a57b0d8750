//! What an agent's declarations say of a team (团队): whatever is said of an agent is said of the accounts of a team together.

use super::decl::*;

/// Metrics of an agent that a team has not: those that may never be added up (semantics §7).
const NOT_OF_TEAMS: &[&str] = &["assist_orders", "assist_amount"];

/// Whether a metric is reported at a level.
pub(crate) fn is_of(metric: &Metric, level: Level) -> bool {
    match level {
        Level::Team => metric.levels.contains(&Level::Agent) && !NOT_OF_TEAMS.contains(&metric.id.as_str()),
        level => metric.levels.contains(&level),
    }
}

/// The levels that report a metric.
pub fn levels(metric: &Metric) -> impl Iterator<Item = Level> {
    Level::REPORTED.into_iter().filter(|level| is_of(metric, *level))
}

/// What a reader of a team's value has to know beside the definition.
pub(crate) fn note(metric: &Metric, level: Level) -> Option<Text> {
    let text = |zh, en| Some(Text { zh, en });
    match &metric.formula {
        _ if level != Level::Team => None,
        Formula::Max(Fact::Peaks, _) => text("团队取最忙的一个账号", "a team's is that of its busiest account"),
        Formula::Sum(Fact::PeerDays | Fact::Inquiries, _) => text(
            "团队为各账号之和，当天由两个账号接待的买家计两次",
            "a team's is the sum of its accounts': a buyer two of them served in a day counts twice",
        ),
        _ => None,
    }
}
