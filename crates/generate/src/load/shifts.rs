//! The status log of a day: shifts by day and by night, breaks, reconnects and forgotten log-outs.

use super::population::Population;
use crate::clock::{HOUR, MINUTE};
use crate::dice::{Dice, Spread};
use crate::error::Result;
use crate::table::{Cell, Table};

const MORNING: Spread = Spread(&[(1, 8 * HOUR, 9 * HOUR)]);
const LUNCH: Spread = Spread(&[(1, 11 * HOUR + 30 * MINUTE, 13 * HOUR)]);
const BREAK: Spread = Spread(&[(1, 20 * MINUTE, HOUR)]);
const EVENING: Spread = Spread(&[(1, 21 * HOUR, 23 * HOUR)]);
const NIGHT: Spread = Spread(&[(1, 19 * HOUR, 21 * HOUR)]);
const DAWN: Spread = Spread(&[(1, 3 * HOUR, 5 * HOUR)]);
const RECONNECTED: Spread = Spread(&[(1, MINUTE, 10 * MINUTE)]);

/// One agent of so many works by night, and leaves on the next day.
const NIGHT_SHIFTS: u32 = 5;
/// One day of so many is off.
const WORKING_WEEK: u32 = 7;

/// A status: when, whose (shop and agent), which.
type Status = (i64, u32, u32, &'static str);

/// Writes the day `number` of the logs, in time order.
pub(super) fn write(table: &mut dyn Table, population: &Population, number: u32, midnight: i64, dice: &mut Dice) -> Result<()> {
    let mut statuses = Vec::<Status>::new();
    for (shop, staffed) in (0..).zip(&population.shops) {
        for agent in 0..staffed.headcount() {
            let mut turn = |after: i64, status| statuses.push((midnight + after, shop, agent, status));
            if agent % NIGHT_SHIFTS == NIGHT_SHIFTS - 1 {
                by_night(works(shop, agent, number), number > 0 && works(shop, agent, number - 1), dice, &mut turn);
            } else if works(shop, agent, number) {
                by_day(dice, &mut turn);
            }
        }
    }
    statuses.sort_unstable();
    for (at, shop, agent, status) in statuses {
        let shop = population.shop(shop);
        table.row(&[Cell::Text(&shop.id), Cell::Text(&shop.agents[agent as usize]), Cell::Time(at), Cell::Text(status)])?;
    }
    Ok(())
}

fn works(shop: u32, agent: u32, number: u32) -> bool {
    !(shop + agent + number).is_multiple_of(WORKING_WEEK)
}

fn by_night(tonight: bool, last_night: bool, dice: &mut Dice, turn: &mut impl FnMut(i64, &'static str)) {
    if last_night {
        turn(dice.draw(&DAWN), "offline");
    }
    if tonight {
        turn(dice.draw(&NIGHT), "online");
    }
}

fn by_day(dice: &mut Dice, turn: &mut impl FnMut(i64, &'static str)) {
    let comes = dice.draw(&MORNING);
    let lunch = dice.draw(&LUNCH);
    turn(comes, "online");
    if dice.percent(2) {
        turn(comes + dice.draw(&RECONNECTED), "online");
    }
    turn(lunch, "suspended");
    turn(lunch + dice.draw(&BREAK), "resumed");
    if !dice.percent(1) {
        turn(dice.draw(&EVENING), "offline");
    }
}
