//! After-sales tickets (工单), each opened with the first line of a chat.

use super::chat::InventedLine;
use super::population::LoadShop;
use crate::clock::{HOUR, MINUTE};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};
use crate::table::{CellValue, RowWriter};

/// Of all chats: those that open a ticket.
pub(super) const OPENED_PERCENT: u32 = 1;
/// Time from the opening to the first response.
const TO_RESPONSE: Distribution = Distribution(&[(75, MINUTE, HOUR), (25, HOUR, 8 * HOUR)]);
/// Time from the first response to the solution.
const TO_RESOLUTION: Distribution = Distribution(&[(60, HOUR, 20 * HOUR), (30, 20 * HOUR, 46 * HOUR), (10, 46 * HOUR, 120 * HOUR)]);
/// Time from the opening within which a response is promised.
const RESPONSE_DUE: i64 = 2 * HOUR;
/// Time from the opening within which a solution is promised.
const RESOLUTION_DUE: i64 = 48 * HOUR;

/// Kinds of tickets; a kind is as frequent as it stands here.
const KINDS: &[&str] = &["return", "return", "return", "exchange", "repair", "missing", "delivery", "invoice"];

/// Writes the ticket that the line opened.
pub(super) fn write(
    table: &mut dyn RowWriter,
    id: &str,
    shop: &LoadShop,
    opening: &InventedLine,
    rng: &mut SeededRng,
) -> GenerateResult<()> {
    let opened_at = opening.at;
    let agent = opening.agent.map(|agent| shop.agents[agent as usize].as_str());
    let kind = rng.pick(KINDS);
    let responded_at = rng.percent(95).then(|| opened_at + rng.draw(&TO_RESPONSE));
    let resolved_at = responded_at.filter(|_| rng.percent(88)).map(|at| at + rng.draw(&TO_RESOLUTION));
    let promised = rng.percent(85);
    let colleague = rng.below(u64::from(shop.headcount())) as usize;
    let transferred_to = Some(shop.agents[colleague].as_str()).filter(|to| rng.percent(15) && agent != Some(*to));
    let transfer_correct = transferred_to.map(|_| rng.percent(80));
    let buyer = format!("b{}", opening.buyer);
    table.row(&[
        CellValue::Text(&shop.id),
        CellValue::Text(id),
        CellValue::Text(&buyer),
        CellValue::text_or_null(agent),
        CellValue::Text(kind),
        CellValue::Time(opened_at),
        CellValue::time_or_null(responded_at),
        CellValue::time_or_null(resolved_at),
        CellValue::Flag(resolved_at.is_some()),
        CellValue::time_or_null(promised.then_some(opened_at + RESPONSE_DUE)),
        CellValue::time_or_null(promised.then_some(opened_at + RESOLUTION_DUE)),
        CellValue::text_or_null(transferred_to),
        CellValue::flag_or_null(transfer_correct),
        CellValue::Flag(rng.percent(45)),
        CellValue::Flag(rng.percent(4)),
    ])
}
