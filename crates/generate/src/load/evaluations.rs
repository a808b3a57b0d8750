//! Evaluations (评价): satisfaction cards (评价卡片) that are sent when a chat is closed, and the ratings that buyers give on them.

use super::chat::InventedLine;
use super::population::LoadShop;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};
use crate::table::{CellValue, RowWriter};

/// Of the chats that an event closes: those after which a card is sent.
pub(super) const SENT_PERCENT: u32 = 10;
/// Of the cards: those that the buyer rates.
const RATED_PERCENT: u32 = 55;
/// Time from the card to the rating. A few ratings come too late to count.
const TO_RATING: Distribution = Distribution(&[(85, 5 * SECOND, 20 * MINUTE), (12, 20 * MINUTE, 24 * HOUR), (3, 24 * HOUR, 60 * HOUR)]);
/// Grades, 5 being the best.
const GRADES: Distribution = Distribution(&[(62, 5, 6), (22, 4, 5), (8, 3, 4), (4, 2, 3), (4, 1, 2)]);

/// Writes the evaluation of the chat that the line closed.
pub(super) fn write(
    table: &mut dyn RowWriter,
    shop: &LoadShop,
    agent: u32,
    closing: &InventedLine,
    rng: &mut SeededRng,
) -> GenerateResult<()> {
    let rated_at = rng.percent(RATED_PERCENT).then(|| closing.at + rng.draw(&TO_RATING));
    let grade = rated_at.map(|_| rng.draw(&GRADES));
    let source = rng.pick(&["agent", "agent", "system", "buyer"]);
    let reason = rng.pick(&["attitude", "slow", "unsolved", "goods"]);
    let nps = grade.filter(|_| rng.percent(20)).map(|grade| (2 * grade - rng.between(0, 3)).max(0));
    let target = if rng.percent(3) { "robot" } else { "human" };
    let buyer = format!("b{}", closing.buyer);
    let session = format!("c{}-{}", closing.session.0, closing.session.1);
    table.row(&[
        CellValue::Text(&shop.id),
        CellValue::Text(&buyer),
        CellValue::Text(&shop.agents[agent as usize]),
        CellValue::Text(&session),
        CellValue::Time(closing.at),
        CellValue::time_or_null(rated_at),
        CellValue::int_or_null(grade),
        CellValue::Text(source),
        CellValue::text_or_null(grade.filter(|grade| *grade <= 3).map(|_| reason)),
        CellValue::Text(target),
        CellValue::int_or_null(nps),
    ])
}
