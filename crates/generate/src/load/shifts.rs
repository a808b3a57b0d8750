//! The agents' statuses of a day: shifts by day and by night, breaks, reconnects and forgotten log-outs.

use super::population::Population;
use crate::clock::{HOUR, MINUTE};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};
use crate::table::{CellValue, RowWriter};

/// When the day shift begins, counted from midnight like the times below.
const MORNING: Distribution = Distribution(&[(1, 8 * HOUR, 9 * HOUR)]);
/// When the lunch break begins.
const LUNCH: Distribution = Distribution(&[(1, 11 * HOUR + 30 * MINUTE, 13 * HOUR)]);
/// The length of the lunch break.
const BREAK: Distribution = Distribution(&[(1, 20 * MINUTE, HOUR)]);
/// When the day shift ends.
const EVENING: Distribution = Distribution(&[(1, 21 * HOUR, 23 * HOUR)]);
/// When the night shift begins.
const NIGHT: Distribution = Distribution(&[(1, 19 * HOUR, 21 * HOUR)]);
/// When the night shift ends, on the next day.
const DAWN: Distribution = Distribution(&[(1, 3 * HOUR, 5 * HOUR)]);
/// Time from the start of a shift to a second log-in without a log-out between them.
const RECONNECTED: Distribution = Distribution(&[(1, MINUTE, 10 * MINUTE)]);

/// One agent in so many works by night.
const NIGHT_SHIFTS: u32 = 5;
/// One day in so many is a day off.
const WORKING_WEEK: u32 = 7;

/// A change of status: the instant, the places of shop and agent, and the new status. They are sorted in this order.
type StatusChange = (i64, u32, u32, &'static str);

/// Writes the statuses of day `number`, which starts at `midnight` in epoch milliseconds, in time order.
pub(super) fn write(
    table: &mut dyn RowWriter,
    population: &Population,
    number: u32,
    midnight: i64,
    rng: &mut SeededRng,
) -> GenerateResult<()> {
    let mut statuses = Vec::<StatusChange>::new();
    for (shop, staffed) in (0..).zip(&population.shops) {
        for agent in 0..staffed.headcount() {
            let mut turn = |after: i64, status| statuses.push((midnight + after, shop, agent, status));
            if agent % NIGHT_SHIFTS == NIGHT_SHIFTS - 1 {
                by_night(works(shop, agent, number), number > 0 && works(shop, agent, number - 1), rng, &mut turn);
            } else if works(shop, agent, number) {
                by_day(rng, &mut turn);
            }
        }
    }
    statuses.sort_unstable();
    for (at, shop, agent, status) in statuses {
        let shop = population.shop(shop);
        table.row(&[
            CellValue::Text(&shop.id),
            CellValue::Text(&shop.agents[agent as usize]),
            CellValue::Time(at),
            CellValue::Text(status),
        ])?;
    }
    Ok(())
}

/// Whether an agent works on a day: days off are staggered over shops and agents.
fn works(shop: u32, agent: u32, number: u32) -> bool {
    !(shop + agent + number).is_multiple_of(WORKING_WEEK)
}

fn by_night(tonight: bool, last_night: bool, rng: &mut SeededRng, turn: &mut impl FnMut(i64, &'static str)) {
    if last_night {
        turn(rng.draw(&DAWN), "offline");
    }
    if tonight {
        turn(rng.draw(&NIGHT), "online");
    }
}

fn by_day(rng: &mut SeededRng, turn: &mut impl FnMut(i64, &'static str)) {
    let comes = rng.draw(&MORNING);
    let lunch = rng.draw(&LUNCH);
    turn(comes, "online");
    if rng.percent(2) {
        turn(comes + rng.draw(&RECONNECTED), "online");
    }
    turn(lunch, "suspended");
    turn(lunch + rng.draw(&BREAK), "resumed");
    if !rng.percent(1) {
        turn(rng.draw(&EVENING), "offline");
    }
}
