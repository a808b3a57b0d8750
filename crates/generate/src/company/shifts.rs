//! The agents' everyday shifts. They cover every line that an agent wrote, also after midnight.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::logs::{AgentStatusRow, CompanyLogs, MessageRow};
use super::people::AGENTS;
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};

/// When a shift begins, counted from midnight like the times below.
const BEGINS: Distribution = Distribution(&[(1, 8 * HOUR + 30 * MINUTE, 9 * HOUR + 10 * MINUTE)]);
/// When a shift ends.
const ENDS: Distribution = Distribution(&[(1, 18 * HOUR, 19 * HOUR)]);
/// When the lunch break begins.
const LUNCH: Distribution = Distribution(&[(1, 11 * HOUR + 40 * MINUTE, 12 * HOUR + 50 * MINUTE)]);
/// The length of the lunch break.
const BREAK: Distribution = Distribution(&[(1, 25 * MINUTE, 55 * MINUTE)]);
/// Time online before the first line of a shift and after its last.
const MARGIN: Distribution = Distribution(&[(1, 2 * MINUTE, 10 * MINUTE)]);
/// Lines written before this hour belong to the shift of the day before.
const SHIFT_CHANGE: i64 = 4 * HOUR;

/// The instants of the first and the last line of a shift, by the number of its day and the agent.
type WrittenSpans = BTreeMap<(i64, &'static str), (i64, i64)>;

/// Adds the statuses of all everyday shifts.
pub(super) fn add(logs: &mut CompanyLogs, first: Date, days: u32, rng: &mut SeededRng) -> GenerateResult<()> {
    let opening = clock::midnight(first)?;
    let written = written(&logs.messages, opening);
    for number in 0..days {
        let weekday = clock::days_after(first, number)?.weekday().to_monday_zero_offset();
        let midnight = opening + i64::from(number) * DAY;
        for agent in &AGENTS {
            let works = agent.off != weekday;
            let planned = works.then(|| (midnight + rng.draw(&BEGINS), midnight + rng.draw(&ENDS)));
            let lines = written.get(&(i64::from(number), agent.id)).copied();
            let lines = lines.map(|(first, last)| (first - rng.draw(&MARGIN), last + rng.draw(&MARGIN)));
            let Some((from, to)) = covering(planned, lines) else { continue };
            let mut turn = |at, status| logs.statuses.push(AgentStatusRow { shop: agent.shop, agent: agent.id, at, status });
            turn(from, "online");
            if works {
                let lunch = midnight + rng.draw(&LUNCH);
                turn(lunch, "suspended");
                turn(lunch + rng.draw(&BREAK), "resumed");
            }
            turn(to, "offline");
        }
    }
    Ok(())
}

fn written(messages: &[MessageRow], opening: i64) -> WrittenSpans {
    let mut written = WrittenSpans::new();
    for message in messages.iter().filter(|message| message.sender == "agent") {
        let Some(agent) = message.agent else { continue };
        let shift = (message.at - opening - SHIFT_CHANGE).div_euclid(DAY);
        let (first, last) = written.entry((shift, agent)).or_insert((message.at, message.at));
        *first = message.at.min(*first);
        *last = message.at.max(*last);
    }
    written
}

/// The span that covers both spans; the one there is when the other is missing.
fn covering(one: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        _ => one.or(other),
    }
}
