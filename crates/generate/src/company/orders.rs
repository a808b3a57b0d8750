//! The everyday orders: some after a chat, some without one, and hundreds on two days of a sale.

use jiff::civil::{Date, date};

use super::logs::{CompanyLogs, OrderRow};
use super::people::{self, CompanyShop, SHOPS, XIAOMAI, YUNDUO};
use crate::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};

/// Time from placing an order to paying it.
const TO_PAYMENT: Distribution = Distribution(&[(90, 8 * SECOND, 12 * MINUTE), (7, 12 * MINUTE, 20 * HOUR), (3, 20 * HOUR, 110 * HOUR)]);
/// Time from placing an order to cancelling it.
const TO_CANCELLING: Distribution = Distribution(&[(1, 20 * MINUTE, 30 * HOUR)]);
/// Time from the payment to the shipping.
const TO_SHIPPING: Distribution = Distribution(&[(70, 3 * HOUR, 26 * HOUR), (30, 26 * HOUR, 50 * HOUR)]);
/// Time in which an order makes a later chat of its buyer an after-sales one.
const RECENT: i64 = 15 * DAY;
/// Orders before the first day of the logs.
const OLDER_ORDERS: u32 = 45;
/// Orders of one sale, enough to make a bad row of that day less than half a per cent.
const SALE_ORDERS: u32 = 206;

/// A sale: hours of a day in which a shop sells more than in the week before. They are counted from midnight.
struct SaleDay {
    shop: &'static str,
    date: Date,
    from: i64,
    to: i64,
}

/// 99大促 on the ninth of September, all day, and a live show on a Saturday evening.
const SALES: [SaleDay; 2] = [
    SaleDay { shop: YUNDUO, date: date(2026, 9, 9), from: 0, to: DAY },
    SaleDay { shop: XIAOMAI, date: date(2026, 9, 26), from: 20 * HOUR, to: 22 * HOUR + 30 * MINUTE },
];

/// The orders that have been placed, as far as later chats depend on them.
pub(super) struct EverydayOrders {
    /// When the logs were exported, in epoch milliseconds. Nothing later is known.
    exported_at: i64,
    /// Shop, buyer and instant of each paid order. After-sales chats draw their buyers from these.
    bought: Vec<(&'static str, String, i64)>,
}

impl EverydayOrders {
    /// No orders yet.
    pub(super) fn new(exported_at: i64) -> EverydayOrders {
        EverydayOrders { exported_at, bought: Vec::new() }
    }

    /// Whether a shop has a sale on a day.
    pub(super) fn is_sale(&self, date: Date, shop: &str) -> bool {
        SALES.iter().any(|sale| sale.date == date && sale.shop == shop)
    }

    /// Places orders in the two weeks before the first day of chats, which starts at `first_day` in epoch milliseconds.
    pub(super) fn write_older(&mut self, first_day: i64, logs: &mut CompanyLogs, rng: &mut SeededRng) {
        for _ in 0..OLDER_ORDERS {
            let at = rng.between(first_day - 14 * DAY, first_day);
            let shop = &SHOPS[rng.below(SHOPS.len() as u64) as usize];
            let buyer = format!("b{}{:04}", shop.buyer_digit, rng.below(shop.buyers));
            self.place(shop, buyer, at, rng, &mut logs.orders);
        }
    }

    /// Places the orders of the sales, whose buyers do not ask anything.
    pub(super) fn write_sales(&mut self, logs: &mut CompanyLogs, rng: &mut SeededRng) -> GenerateResult<()> {
        for sale in &SALES {
            let midnight = clock::midnight(sale.date)?;
            let shop = people::shop(sale.shop);
            for _ in 0..SALE_ORDERS {
                let at = midnight + rng.between(sale.from, sale.to);
                let buyer = format!("b{}{:04}", shop.buyer_digit, 5_000 + rng.below(5_000));
                self.place(shop, buyer, at, rng, &mut logs.orders);
            }
        }
        Ok(())
    }

    /// Places an order at `at`, in epoch milliseconds, unless the logs are exported before.
    pub(super) fn place(&mut self, shop: &CompanyShop, buyer: String, at: i64, rng: &mut SeededRng, orders: &mut Vec<OrderRow>) {
        let order = self.order(shop, buyer, at, rng);
        if at >= self.exported_at {
            return;
        }
        if order.paid_at.is_some() {
            self.bought.push((people::shop(shop.id).id, order.buyer.clone(), at));
        }
        orders.push(order);
    }

    /// Draws somebody who bought in this shop in the time before `now`; none when nobody did.
    pub(super) fn recent_buyer(&self, shop: &CompanyShop, now: i64, rng: &mut SeededRng) -> Option<String> {
        let recent = |bought: &&(&str, String, i64)| bought.0 == shop.id && (now - RECENT..now).contains(&bought.2);
        let recent: Vec<_> = self.bought.iter().filter(recent).collect();
        (!recent.is_empty()).then(|| rng.pick(&recent).1.clone())
    }

    fn order(&self, shop: &CompanyShop, buyer: String, at: i64, rng: &mut SeededRng) -> OrderRow {
        let item = rng.pick(shop.items);
        let quantity = if rng.percent(20) { 2 } else { 1 };
        let full = item.price * quantity;
        let coupon = if full >= 15_000 { 2_000 } else { 0 };
        let fate = rng.below(100);
        let paid_at = (fate < 89).then(|| at + rng.draw(&TO_PAYMENT));
        let cancelled_at = (89..95).contains(&fate).then(|| at + rng.draw(&TO_CANCELLING));
        let shipped_at = paid_at.map(|paid| paid + rng.draw(&TO_SHIPPING));
        let known = |instant: &i64| *instant < self.exported_at;
        OrderRow {
            id: None,
            shop: people::shop(shop.id).id,
            buyer,
            created_at: at,
            paid_at: paid_at.filter(known),
            cancelled_at: cancelled_at.filter(known),
            shipped_at: shipped_at.filter(known),
            amount: full - coupon,
            amount_text: None,
            quantity,
            postage: if full < 9_900 { 800 } else { 0 },
            flag: rng.percent(3).then_some("黄旗"),
            sku: item.sku,
            currency: None,
        }
    }
}
