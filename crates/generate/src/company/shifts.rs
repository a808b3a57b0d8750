//! Who was online when: everyday shifts that hold every line an agent wrote, also after midnight.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::logs::{Logs, Message, Status};
use super::people::AGENTS;
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::dice::{Dice, Spread};
use crate::error::Result;

const BEGINS: Spread = Spread(&[(1, 8 * HOUR + 30 * MINUTE, 9 * HOUR + 10 * MINUTE)]);
const ENDS: Spread = Spread(&[(1, 18 * HOUR, 19 * HOUR)]);
const LUNCH: Spread = Spread(&[(1, 11 * HOUR + 40 * MINUTE, 12 * HOUR + 50 * MINUTE)]);
const BREAK: Spread = Spread(&[(1, 25 * MINUTE, 55 * MINUTE)]);
/// Before the first line and after the last.
const MARGIN: Spread = Spread(&[(1, 2 * MINUTE, 10 * MINUTE)]);
/// What is written before this hour belongs to the shift of the day before.
const SHIFT_CHANGE: i64 = 4 * HOUR;

/// First and last line by number of the day and agent.
type Written = BTreeMap<(i64, &'static str), (i64, i64)>;

pub(super) fn add(logs: &mut Logs, first: Date, days: u32, dice: &mut Dice) -> Result<()> {
    let opening = clock::midnight(first)?;
    let written = written(&logs.messages, opening);
    for number in 0..days {
        let weekday = clock::days_after(first, number)?.weekday().to_monday_zero_offset();
        let midnight = opening + i64::from(number) * DAY;
        for agent in &AGENTS {
            let works = agent.off != weekday;
            let planned = works.then(|| (midnight + dice.draw(&BEGINS), midnight + dice.draw(&ENDS)));
            let lines = written.get(&(i64::from(number), agent.id)).copied();
            let lines = lines.map(|(first, last)| (first - dice.draw(&MARGIN), last + dice.draw(&MARGIN)));
            let Some((from, to)) = both(planned, lines) else { continue };
            let mut turn = |at, status| logs.statuses.push(Status { shop: agent.shop, agent: agent.id, at, status });
            turn(from, "online");
            if works {
                let lunch = midnight + dice.draw(&LUNCH);
                turn(lunch, "suspended");
                turn(lunch + dice.draw(&BREAK), "resumed");
            }
            turn(to, "offline");
        }
    }
    Ok(())
}

fn written(messages: &[Message], opening: i64) -> Written {
    let mut written = Written::new();
    for message in messages.iter().filter(|message| message.sender == "agent") {
        let Some(agent) = message.agent else { continue };
        let shift = (message.at - opening - SHIFT_CHANGE).div_euclid(DAY);
        let (first, last) = written.entry((shift, agent)).or_insert((message.at, message.at));
        *first = message.at.min(*first);
        *last = message.at.max(*last);
    }
    written
}

/// The time that covers both, if there are two.
fn both(one: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        _ => one.or(other),
    }
}
