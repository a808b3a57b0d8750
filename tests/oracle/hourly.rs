//! The hourly table (family A): receptions, buyer lines and rounds by the hour of the wall clock, whatever day they are of.

use super::facts::facts;
use super::input::Input;
use super::report::row_agents;
use super::row::{Level, ReportKey, SessionView, view};
use super::rules::Rules;
use super::time::{MINUTE_MS, Period, period_start};
use std::collections::BTreeMap;

/// What one hour of a row comes to. An hour in which nothing was has no entry.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Hour {
    /// Receptions (of a shop: sessions) by their first buyer or reply line.
    pub(crate) receptions: i64,
    pub(crate) buyer_msgs: i64,
    /// Rounds by their question, as the two that follow.
    pub(crate) rounds: i64,
    pub(crate) wait_ms_sum: i64,
    pub(crate) unanswered: i64,
}

/// By row and hour.
type Hours = BTreeMap<(ReportKey, i64), Hour>;

/// The hours, 0 to 23, of each shop or agent and period.
pub(crate) fn hourly(input: &Input, rules: &Rules, level: Level, period: Period) -> Hours {
    let facts = facts(input, rules);
    let mut hours = BTreeMap::new();
    for record in &facts.sessions {
        for agent in row_agents(record, level) {
            let seen = view(record, agent);
            if !seen.filtered {
                let key = (period_start(record.day, period), record.shop.clone(), agent.map(str::to_string));
                add(&mut hours, input, &key, &seen);
            }
        }
    }
    hours
}

fn add(hours: &mut Hours, input: &Input, key: &ReportKey, seen: &SessionView) {
    if let Some(first) = seen.in_time().first() {
        hour_of(hours, input, key, first.at).receptions += 1;
    }
    for line in seen.spoken.iter().filter(|line| line.buyer) {
        hour_of(hours, input, key, line.at).buyer_msgs += 1;
    }
    for round in &seen.rounds {
        let hour = hour_of(hours, input, key, round.asked_at);
        let wait = if key.2.is_none() { round.wait_ms } else { round.agent_wait_ms };
        hour.rounds += 1;
        hour.wait_ms_sum += wait.unwrap_or(0);
        hour.unanswered += i64::from(wait.is_none());
    }
}

fn hour_of<'a>(hours: &'a mut Hours, input: &Input, key: &ReportKey, at: i64) -> &'a mut Hour {
    hours.entry((key.clone(), input.local_clock(at) / (60 * MINUTE_MS))).or_default()
}
