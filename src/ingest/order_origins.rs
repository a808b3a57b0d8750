//! What refunds need of their orders, so that both are converted at one rate.

use kefu_kernel::calendar::Day;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_128;

/// The currency and the creation of every order that was read.
#[derive(Default)]
pub struct OrderOrigins {
    /// By the hash of shop and order id.
    orders: HashMap<u128, OrderOrigin>,
    /// The currencies that orders refer to by their index.
    currencies: Vec<String>,
    /// Days before a business day from which the day sees orders.
    lookback: i32,
}

struct OrderOrigin {
    created: Day,
    partition: Option<Day>,
    currency: usize,
}

/// An order as a business day sees it.
pub(super) struct SeenOrder<'a> {
    /// Its currency.
    pub(super) currency: &'a str,
    /// The business day of its creation, if that lies within the window of orders of the day that sees it.
    pub(super) created: Option<Day>,
}

impl OrderOrigins {
    /// Of no orders. `lookback`: days before a business day from which the day sees orders.
    pub(super) fn new(lookback: i32) -> OrderOrigins {
        OrderOrigins { lookback, ..OrderOrigins::default() }
    }

    /// Adds an order. `partition`: the date of the file in which its newest version stands.
    pub(super) fn add(&mut self, (shop, order): (&str, &str), created: Day, partition: Option<Day>, currency: &str) {
        let known = self.currencies.iter().position(|known| known == currency);
        let currency = known.unwrap_or_else(|| {
            self.currencies.push(currency.to_owned());
            self.currencies.len() - 1
        });
        self.orders.insert(key(shop, order), OrderOrigin { created, partition, currency });
    }

    /// An order as a business day sees it; `None` if it does not. What a run has read besides makes no difference.
    pub(super) fn seen_on(&self, day: Day, shop: &str, order: &str) -> Option<SeenOrder<'_>> {
        let origin = self.orders.get(&key(shop, order))?;
        let first = day.plus(-self.lookback);
        let is_seen = origin.partition.is_none_or(|partition| first <= partition);
        let created = Some(origin.created).filter(|created| first <= *created);
        is_seen.then(|| SeenOrder { currency: &self.currencies[origin.currency], created })
    }
}

/// An id has no NUL.
fn key(shop: &str, order: &str) -> u128 {
    xxh3_128(format!("{shop}\0{order}").as_bytes())
}
