//! Satisfaction cards, sent when a chat is closed.

use super::chat::Line;
use super::population::Shop;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::dice::{Dice, Spread};
use crate::error::Result;
use crate::table::{Cell, Table};

/// Of the chats that are closed, which are three in ten: a card for one chat in thirty.
pub(super) const SENT_PERCENT: u32 = 10;
const RATED_PERCENT: u32 = 55;
/// From the card to the rating; a few come too late to count.
const RATED: Spread = Spread(&[(85, 5 * SECOND, 20 * MINUTE), (12, 20 * MINUTE, 24 * HOUR), (3, 24 * HOUR, 60 * HOUR)]);
const GRADES: Spread = Spread(&[(62, 5, 6), (22, 4, 5), (8, 3, 4), (4, 2, 3), (4, 1, 2)]);

pub(super) fn write(table: &mut dyn Table, shop: &Shop, agent: u32, closing: &Line, dice: &mut Dice) -> Result<()> {
    let rated_at = dice.percent(RATED_PERCENT).then(|| closing.at + dice.draw(&RATED));
    let grade = rated_at.map(|_| dice.draw(&GRADES));
    let source = dice.pick(&["agent", "agent", "system", "buyer"]);
    let reason = dice.pick(&["attitude", "slow", "unsolved", "goods"]);
    let nps = grade.filter(|_| dice.percent(20)).map(|grade| (2 * grade - dice.between(0, 3)).max(0));
    let target = if dice.percent(3) { "robot" } else { "human" };
    let buyer = format!("b{}", closing.buyer);
    let session = format!("c{}-{}", closing.session.0, closing.session.1);
    table.row(&[
        Cell::Text(&shop.id),
        Cell::Text(&buyer),
        Cell::Text(&shop.agents[agent as usize]),
        Cell::Text(&session),
        Cell::Time(closing.at),
        Cell::time(rated_at),
        grade.map_or(Cell::Null, Cell::Int),
        Cell::Text(source),
        Cell::text(grade.filter(|grade| *grade <= 3).map(|_| reason)),
        Cell::Text(target),
        nps.map_or(Cell::Null, Cell::Int),
    ])
}
