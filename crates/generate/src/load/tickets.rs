//! After-sales tickets, opened with a buyer's first words.

use super::chat::Line;
use super::population::Shop;
use crate::clock::{HOUR, MINUTE};
use crate::dice::{Dice, Spread};
use crate::error::Result;
use crate::table::{Cell, Table};

/// Of the chats.
pub(super) const OPENED_PERCENT: u32 = 1;
const RESPONSE: Spread = Spread(&[(75, MINUTE, HOUR), (25, HOUR, 8 * HOUR)]);
const RESOLUTION: Spread = Spread(&[(60, HOUR, 20 * HOUR), (30, 20 * HOUR, 46 * HOUR), (10, 46 * HOUR, 120 * HOUR)]);
/// What is promised, from the opening.
const RESPONSE_DUE: i64 = 2 * HOUR;
const RESOLUTION_DUE: i64 = 48 * HOUR;

const KINDS: &[&str] = &["return", "return", "return", "exchange", "repair", "missing", "delivery", "invoice"];

pub(super) fn write(table: &mut dyn Table, id: &str, shop: &Shop, opening: &Line, dice: &mut Dice) -> Result<()> {
    let opened_at = opening.at;
    let agent = opening.agent.map(|agent| shop.agents[agent as usize].as_str());
    let kind = dice.pick(KINDS);
    let responded_at = dice.percent(95).then(|| opened_at + dice.draw(&RESPONSE));
    let resolved_at = responded_at.filter(|_| dice.percent(88)).map(|at| at + dice.draw(&RESOLUTION));
    let promised = dice.percent(85);
    let colleague = dice.below(u64::from(shop.headcount())) as usize;
    let transferred_to = Some(shop.agents[colleague].as_str()).filter(|to| dice.percent(15) && agent != Some(*to));
    let transfer_correct = transferred_to.map(|_| dice.percent(80));
    let buyer = format!("b{}", opening.buyer);
    table.row(&[
        Cell::Text(&shop.id),
        Cell::Text(id),
        Cell::Text(&buyer),
        Cell::text(agent),
        Cell::Text(kind),
        Cell::Time(opened_at),
        Cell::time(responded_at),
        Cell::time(resolved_at),
        Cell::Flag(resolved_at.is_some()),
        Cell::time(promised.then_some(opened_at + RESPONSE_DUE)),
        Cell::time(promised.then_some(opened_at + RESOLUTION_DUE)),
        Cell::text(transferred_to),
        transfer_correct.map_or(Cell::Null, Cell::Flag),
        Cell::Flag(dice.percent(45)),
        Cell::Flag(dice.percent(4)),
    ])
}
