//! The everyday orders: after a chat, without one, and on two sale days by the hundred.

use jiff::civil::{Date, date};

use super::logs::{Logs, Order};
use super::people::{SHOPS, Shop, XIAOMAI, YUNDUO};
use crate::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::dice::{Dice, Spread};
use crate::error::Result;

const PAID: Spread = Spread(&[(90, 8 * SECOND, 12 * MINUTE), (7, 12 * MINUTE, 20 * HOUR), (3, 20 * HOUR, 110 * HOUR)]);
const CANCELLED: Spread = Spread(&[(1, 20 * MINUTE, 30 * HOUR)]);
const SHIPPED: Spread = Spread(&[(70, 3 * HOUR, 26 * HOUR), (30, 26 * HOUR, 50 * HOUR)]);
/// As far back as an order makes a chat after-sales.
const RECENT: i64 = 15 * DAY;
const OLDER_ORDERS: u32 = 45;
const SALE_ORDERS: u32 = 206;

/// A day on which a shop sells more than in the week before.
struct Sale {
    shop: &'static str,
    date: Date,
    from: i64,
    to: i64,
}

/// 99大促 (the ninth of the ninth) all day, and a live show on a Saturday evening.
const SALES: [Sale; 2] = [
    Sale { shop: YUNDUO, date: date(2026, 9, 9), from: 0, to: DAY },
    Sale { shop: XIAOMAI, date: date(2026, 9, 26), from: 20 * HOUR, to: 22 * HOUR + 30 * MINUTE },
];

pub(super) struct Trade {
    /// When the logs were exported: nothing later is known.
    exported_at: i64,
    /// Who bought what where and when: the after-sales chats to come.
    bought: Vec<(&'static str, String, i64)>,
}

impl Trade {
    pub(super) fn new(exported_at: i64) -> Trade {
        Trade { exported_at, bought: Vec::new() }
    }

    pub(super) fn is_sale(&self, date: Date, shop: &str) -> bool {
        SALES.iter().any(|sale| sale.date == date && sale.shop == shop)
    }

    /// Orders of the two weeks before the first day of chats.
    pub(super) fn write_older(&mut self, first_day: i64, logs: &mut Logs, dice: &mut Dice) {
        for _ in 0..OLDER_ORDERS {
            let at = dice.between(first_day - 14 * DAY, first_day);
            let shop = &SHOPS[dice.below(SHOPS.len() as u64) as usize];
            let buyer = format!("b{}{:04}", shop.buyer_digit, dice.below(shop.buyers));
            self.place(shop, buyer, at, dice, &mut logs.orders);
        }
    }

    /// The orders of the sale days: nobody has time to ask.
    pub(super) fn write_sales(&mut self, logs: &mut Logs, dice: &mut Dice) -> Result<()> {
        for sale in &SALES {
            let midnight = clock::midnight(sale.date)?;
            let shop = super::people::shop(sale.shop);
            for _ in 0..SALE_ORDERS {
                let at = midnight + dice.between(sale.from, sale.to);
                let buyer = format!("b{}{:04}", shop.buyer_digit, 5_000 + dice.below(5_000));
                self.place(shop, buyer, at, dice, &mut logs.orders);
            }
        }
        Ok(())
    }

    pub(super) fn place(&mut self, shop: &Shop, buyer: String, at: i64, dice: &mut Dice, orders: &mut Vec<Order>) {
        let order = self.order(shop, buyer, at, dice);
        if at >= self.exported_at {
            return;
        }
        if order.paid_at.is_some() {
            self.bought.push((super::people::shop(shop.id).id, order.buyer.clone(), at));
        }
        orders.push(order);
    }

    /// Someone who bought here lately, if the dice find one.
    pub(super) fn recent_buyer(&self, shop: &Shop, now: i64, dice: &mut Dice) -> Option<String> {
        let recent = |bought: &&(&str, String, i64)| bought.0 == shop.id && (now - RECENT..now).contains(&bought.2);
        let recent: Vec<_> = self.bought.iter().filter(recent).collect();
        (!recent.is_empty()).then(|| dice.pick(&recent).1.clone())
    }

    fn order(&self, shop: &Shop, buyer: String, at: i64, dice: &mut Dice) -> Order {
        let item = dice.pick(shop.items);
        let quantity = if dice.percent(20) { 2 } else { 1 };
        let full = item.price * quantity;
        let coupon = if full >= 15_000 { 2_000 } else { 0 };
        let fate = dice.below(100);
        let paid_at = (fate < 89).then(|| at + dice.draw(&PAID));
        let cancelled_at = (89..95).contains(&fate).then(|| at + dice.draw(&CANCELLED));
        let shipped_at = paid_at.map(|paid| paid + dice.draw(&SHIPPED));
        let known = |instant: &i64| *instant < self.exported_at;
        Order {
            id: None,
            shop: super::people::shop(shop.id).id,
            buyer,
            created_at: at,
            paid_at: paid_at.filter(known),
            cancelled_at: cancelled_at.filter(known),
            shipped_at: shipped_at.filter(known),
            amount: full - coupon,
            amount_text: None,
            quantity,
            postage: if full < 9_900 { 800 } else { 0 },
            flag: dice.percent(3).then_some("黄旗"),
            sku: item.sku,
        }
    }
}
