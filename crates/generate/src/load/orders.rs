//! One order: placed, then paid or cancelled, each step a row of the log.

use crate::clock::{HOUR, MINUTE, SECOND};
use crate::dice::{Dice, Spread};

const TO_PAYMENT: Spread = Spread(&[(88, 5 * SECOND, 20 * MINUTE), (8, 20 * MINUTE, 24 * HOUR), (4, 24 * HOUR, 120 * HOUR)]);
const TO_CANCELLING: Spread = Spread(&[(1, 10 * MINUTE, 48 * HOUR)]);
const YUAN: Spread = Spread(&[(50, 9, 80), (35, 80, 300), (13, 300, 1_500), (2, 1_500, 8_000)]);
const CANCELLED_PERCENT: u32 = 6;

#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) shop: u32,
    pub(super) buyer: u64,
    /// The day it was placed and its number in that day.
    pub(super) number: (u32, u64),
    pub(super) created_at: i64,
    pub(super) paid_at: Option<i64>,
    pub(super) cancelled_at: Option<i64>,
    /// Fen.
    pub(super) amount: i64,
    pub(super) postage: i64,
    pub(super) quantity: i64,
    pub(super) sku: u64,
    pub(super) flag: Option<&'static str>,
}

impl Order {
    pub(super) fn place(at: i64, shop: u32, buyer: u64, number: (u32, u64), dice: &mut Dice) -> Order {
        let quantity = 1 + dice.below(3) as i64 * i64::from(dice.percent(30));
        Order {
            shop,
            buyer,
            number,
            created_at: at,
            paid_at: None,
            cancelled_at: None,
            amount: (dice.draw(&YUAN) * 100 + dice.between(0, 100)) * quantity,
            postage: if dice.percent(15) { 800 } else { 0 },
            quantity,
            sku: dice.below(400),
            flag: dice.percent(2).then_some("红旗"),
        }
    }

    /// The instant this version of the order was written.
    pub(super) fn updated_at(&self) -> i64 {
        self.cancelled_at.or(self.paid_at).unwrap_or(self.created_at)
    }

    /// The next version, unless this is the last.
    pub(super) fn next_version(&self, dice: &mut Dice) -> Option<Order> {
        if self.paid_at.is_some() || self.cancelled_at.is_some() {
            return None;
        }
        let mut next = *self;
        if dice.percent(CANCELLED_PERCENT) {
            next.cancelled_at = Some(self.created_at + dice.draw(&TO_CANCELLING));
        } else {
            next.paid_at = Some(self.created_at + dice.draw(&TO_PAYMENT));
        }
        Some(next)
    }
}
