//! One refund: who paid and wants the money back, when, and when it was there.

use super::orders::Order;
use super::population::Shop;
use crate::clock::{DAY, HOUR, MINUTE};
use crate::dice::{Dice, Spread};
use crate::error::Result;
use crate::table::{Cell, Table};

/// Of the orders paid for. Most apply days later, so that logs of one day hold fewer.
const REFUNDED_PERCENT: u32 = 5;
const RETURNED_PERCENT: u32 = 60;
/// From the payment: before the parcel leaves, or once it has arrived.
const SECOND_THOUGHTS: Spread = Spread(&[(1, 10 * MINUTE, 20 * HOUR)]);
const UNPACKED: Spread = Spread(&[(1, 2 * DAY, 9 * DAY)]);
/// From the claim to the money: a return travels first.
const PAID_BACK: Spread = Spread(&[(80, 20 * MINUTE, 12 * HOUR), (20, 12 * HOUR, 40 * HOUR)]);
const SENT_BACK: Spread = Spread(&[(80, 2 * DAY, 6 * DAY), (20, 6 * DAY, 11 * DAY)]);

const REASONS: &[&str] = &["七天无理由", "尺码不合适", "质量问题", "与描述不符", "拍错了", "不想要了"];

#[derive(Clone, Copy)]
pub(super) struct Refund {
    pub(super) shop: u32,
    /// The order's day and number: an order is refunded once at most.
    number: (u32, u64),
    pub(super) applied_at: i64,
    finished_at: Option<i64>,
    /// Fen.
    amount: i64,
    quantity: i64,
    kind: &'static str,
    reason: &'static str,
    disputed: bool,
}

impl Refund {
    /// What becomes of an order when it is paid: nothing, mostly.
    pub(super) fn of(order: &Order, dice: &mut Dice) -> Option<Refund> {
        let paid_at = order.paid_at?;
        if !dice.percent(REFUNDED_PERCENT) {
            return None;
        }
        let returned = dice.percent(RETURNED_PERCENT);
        let applied_at = paid_at + dice.draw(if returned { &UNPACKED } else { &SECOND_THOUGHTS });
        let finished_at = applied_at + dice.draw(if returned { &SENT_BACK } else { &PAID_BACK });
        let one_of_several = order.quantity > 1 && dice.percent(40);
        let quantity = if one_of_several { 1 } else { order.quantity };
        Some(Refund {
            shop: order.shop,
            number: order.number,
            applied_at,
            finished_at: dice.percent(95).then_some(finished_at),
            amount: order.amount * quantity / order.quantity,
            quantity,
            kind: if returned { "return" } else { "refund_only" },
            reason: dice.pick(REASONS),
            disputed: dice.percent(3),
        })
    }

    pub(super) fn write(&self, table: &mut dyn Table, shop: &Shop) -> Result<()> {
        let (day, number) = self.number;
        table.row(&[
            Cell::Text(&shop.id),
            Cell::Text(&format!("r{day}-{number}")),
            Cell::Text(&format!("o{day}-{number}")),
            Cell::Time(self.applied_at),
            Cell::time(self.finished_at),
            Cell::Money(self.amount),
            Cell::Int(self.quantity),
            Cell::Text(self.kind),
            Cell::Text(self.reason),
            Cell::Flag(self.disputed),
        ])
    }
}
