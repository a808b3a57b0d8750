//! One order: it is placed, then paid or cancelled, and each step is a row of the log.

use crate::clock::{HOUR, MINUTE, SECOND};
use crate::rng::{Distribution, SeededRng};

/// Time from placing an order to paying it.
const TO_PAYMENT: Distribution = Distribution(&[(88, 5 * SECOND, 20 * MINUTE), (8, 20 * MINUTE, 24 * HOUR), (4, 24 * HOUR, 120 * HOUR)]);
/// Time from placing an order to cancelling it.
const TO_CANCELLING: Distribution = Distribution(&[(1, 10 * MINUTE, 48 * HOUR)]);
/// The price of one item in whole yuan.
const YUAN: Distribution = Distribution(&[(50, 9, 80), (35, 80, 300), (13, 300, 1_500), (2, 1_500, 8_000)]);
/// Of all orders: those that are cancelled instead of paid.
const CANCELLED_PERCENT: u32 = 6;

/// One version of an order. Instants are in epoch milliseconds.
#[derive(Clone, Copy)]
pub(super) struct LoadOrder {
    /// The shop's place in the population.
    pub(super) shop: u32,
    /// The digits of the buyer's id.
    pub(super) buyer: u64,
    /// The day that numbered it, as eight digits, and its number on that day.
    pub(super) number: (u32, u64),
    /// When it was placed.
    pub(super) created_at: i64,
    /// When it was paid.
    pub(super) paid_at: Option<i64>,
    /// When it was cancelled.
    pub(super) cancelled_at: Option<i64>,
    /// The price of all items in fen.
    pub(super) amount: i64,
    /// The postage in fen.
    pub(super) postage: i64,
    /// The number of items.
    pub(super) quantity: i64,
    /// The digits of the item's SKU.
    pub(super) sku: u64,
    /// The flag (插旗) that an agent put on it.
    pub(super) flag: Option<&'static str>,
}

impl LoadOrder {
    /// The first version of a new order.
    pub(super) fn place(at: i64, shop: u32, buyer: u64, number: (u32, u64), rng: &mut SeededRng) -> LoadOrder {
        let quantity = 1 + rng.below(3) as i64 * i64::from(rng.percent(30));
        LoadOrder {
            shop,
            buyer,
            number,
            created_at: at,
            paid_at: None,
            cancelled_at: None,
            amount: (rng.draw(&YUAN) * 100 + rng.between(0, 100)) * quantity,
            postage: if rng.percent(15) { 800 } else { 0 },
            quantity,
            sku: rng.below(400),
            flag: rng.percent(2).then_some("红旗"),
        }
    }

    /// When this version of the order was written.
    pub(super) fn updated_at(&self) -> i64 {
        self.cancelled_at.or(self.paid_at).unwrap_or(self.created_at)
    }

    /// The next version; none when this is the last.
    pub(super) fn next_version(&self, rng: &mut SeededRng) -> Option<LoadOrder> {
        if self.paid_at.is_some() || self.cancelled_at.is_some() {
            return None;
        }
        let mut next = *self;
        if rng.percent(CANCELLED_PERCENT) {
            next.cancelled_at = Some(self.created_at + rng.draw(&TO_CANCELLING));
        } else {
            next.paid_at = Some(self.created_at + rng.draw(&TO_PAYMENT));
        }
        Some(next)
    }
}
