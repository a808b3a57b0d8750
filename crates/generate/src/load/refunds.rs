//! One refund: which order, when the buyer applied for it, and when the money was back.

use super::orders::LoadOrder;
use super::population::LoadShop;
use crate::clock::{DAY, HOUR, MINUTE};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};
use crate::table::{CellValue, RowWriter};

/// Of the paid orders: those that are refunded. Most buyers apply days later, so that logs of one day hold fewer.
const REFUNDED_PERCENT: u32 = 5;
/// Of the refunds: those whose goods are returned.
const RETURNED_PERCENT: u32 = 60;
/// Time from the payment to the application before the parcel leaves.
const SECOND_THOUGHTS: Distribution = Distribution(&[(1, 10 * MINUTE, 20 * HOUR)]);
/// Time from the payment to the application once the parcel has arrived.
const UNPACKED: Distribution = Distribution(&[(1, 2 * DAY, 9 * DAY)]);
/// Time from the application to the money, without a return.
const PAID_BACK: Distribution = Distribution(&[(80, 20 * MINUTE, 12 * HOUR), (20, 12 * HOUR, 40 * HOUR)]);
/// Time from the application to the money when the goods travel back first.
const SENT_BACK: Distribution = Distribution(&[(80, 2 * DAY, 6 * DAY), (20, 6 * DAY, 11 * DAY)]);

const REASONS: &[&str] = &["七天无理由", "尺码不合适", "质量问题", "与描述不符", "拍错了", "不想要了"];

/// A refund. Instants are in epoch milliseconds.
#[derive(Clone, Copy)]
pub(super) struct LoadRefund {
    /// The shop's place in the population.
    pub(super) shop: u32,
    /// The day and the number of the order. They name the refund too, for an order is refunded once at most.
    number: (u32, u64),
    /// When the buyer applied for it.
    pub(super) applied_at: i64,
    finished_at: Option<i64>,
    /// The amount in fen.
    amount: i64,
    quantity: i64,
    kind: &'static str,
    reason: &'static str,
    disputed: bool,
}

impl LoadRefund {
    /// Draws whether an order is refunded when it is paid, which most are not, and how.
    pub(super) fn of(order: &LoadOrder, rng: &mut SeededRng) -> Option<LoadRefund> {
        let paid_at = order.paid_at?;
        if !rng.percent(REFUNDED_PERCENT) {
            return None;
        }
        let returned = rng.percent(RETURNED_PERCENT);
        let applied_at = paid_at + rng.draw(if returned { &UNPACKED } else { &SECOND_THOUGHTS });
        let finished_at = applied_at + rng.draw(if returned { &SENT_BACK } else { &PAID_BACK });
        let one_of_several = order.quantity > 1 && rng.percent(40);
        let quantity = if one_of_several { 1 } else { order.quantity };
        Some(LoadRefund {
            shop: order.shop,
            number: order.number,
            applied_at,
            finished_at: rng.percent(95).then_some(finished_at),
            amount: order.amount * quantity / order.quantity,
            quantity,
            kind: if returned { "return" } else { "refund_only" },
            reason: rng.pick(REASONS),
            disputed: rng.percent(3),
        })
    }

    /// Writes the refund as a row.
    pub(super) fn write(&self, table: &mut dyn RowWriter, shop: &LoadShop) -> GenerateResult<()> {
        let (day, number) = self.number;
        table.row(&[
            CellValue::Text(&shop.id),
            CellValue::Text(&format!("r{day}-{number}")),
            CellValue::Text(&format!("o{day}-{number}")),
            CellValue::Time(self.applied_at),
            CellValue::time_or_null(self.finished_at),
            CellValue::Money(self.amount),
            CellValue::Int(self.quantity),
            CellValue::Text(self.kind),
            CellValue::Text(self.reason),
            CellValue::Flag(self.disputed),
        ])
    }
}
