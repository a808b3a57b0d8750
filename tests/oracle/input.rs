//! What the oracle is given: chat lines, orders, staff, the blocklist, visitor counts and holidays (§2, §4, §7, §8).

use std::collections::BTreeMap;

/// Who wrote a chat line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sender {
    #[default]
    Buyer,
    Agent,
    Robot,
    System,
}

/// Who or what composed a reply: the column `reply_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Human,
    Assist,
    Auto,
}

/// One row of the chat log. An empty cell is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) shop: String,
    pub(crate) buyer: String,
    pub(crate) sender: Sender,
    pub(crate) agent: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) mode: Option<Mode>,
    pub(crate) kind: Option<String>,
    /// UTC, in milliseconds, as every instant of the oracle.
    pub(crate) sent_at: i64,
    pub(crate) seq: Option<i64>,
    pub(crate) text: Option<String>,
    pub(crate) recalled: bool,
    /// Of a buyer line, whether it asks for an answer. `None` is true.
    pub(crate) needs_reply: Option<bool>,
}

/// One version of an order. Amounts are in fen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) shop: String,
    pub(crate) order_id: String,
    pub(crate) buyer: String,
    pub(crate) created_at: i64,
    pub(crate) paid_at: Option<i64>,
    pub(crate) cancelled_at: Option<i64>,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: i64,
    pub(crate) postage_fen: Option<i64>,
    pub(crate) flag: Option<String>,
    pub(crate) updated_at: Option<i64>,
}

/// One row of `holidays`: the assessed hours of a business day, in one shop or (`None`) in all that have no row of their own.
#[derive(Clone, Debug)]
pub(crate) struct Holiday {
    pub(crate) shop: Option<String>,
    pub(crate) day: i64,
    /// Milliseconds after local midnight. No span: closed.
    pub(crate) spans: Vec<(i64, i64)>,
}

/// The tables of a pipeline and the days it covers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    /// The lines stand in input order: files by path, rows as they stand in the file.
    pub(crate) lines: Vec<Line>,
    /// One order may have several versions. `None` means that the table is not configured.
    pub(crate) orders: Option<Vec<Order>>,
    /// Each entry is a shop and the id of one of its agents.
    pub(crate) staff: Vec<(String, String)>,
    /// Each entry is a shop, a buyer, and the first and last day of the block, both included. A missing day leaves that end open.
    pub(crate) blocklist: Vec<(String, String, Option<i64>, Option<i64>)>,
    /// Each entry is a shop, a day and its number of visitors. `None` means that the table is not configured.
    pub(crate) visits: Option<Vec<(String, i64, i64)>>,
    /// At most one row a day and shop. `None` means that the table is not configured.
    pub(crate) holidays: Option<Vec<Holiday>>,
    /// `order_by = "seq"`: sessions are replayed by `seq`, which every line then has.
    pub(crate) order_by_seq: bool,
    /// The shops to report on. An empty list means every shop of the input.
    pub(crate) shops: Vec<String>,
    /// How far local time is ahead of UTC.
    pub(crate) utc_offset_ms: i64,
    /// `business_day_starts_at`, as milliseconds after local midnight.
    pub(crate) day_starts_ms: i64,
    /// The first business day that is read. Days are counted from 1970-01-01.
    pub(crate) first_day: i64,
    /// The last business day that is read, and the last whose orders have landed.
    pub(crate) landed: i64,
}

impl Input {
    /// Whether the business day is one of those read.
    pub(super) fn covers(&self, day: i64) -> bool {
        self.first_day <= day && day <= self.landed
    }

    /// Whether the shop is one of those reported on.
    pub(super) fn reports(&self, shop: &str) -> bool {
        self.shops.is_empty() || self.shops.iter().any(|s| s == shop)
    }
}

/// The version of each order that counts: the greatest `updated_at`, and among equals the one read last.
pub(crate) fn newest_orders(input: &Input) -> Vec<Order> {
    let mut newest: BTreeMap<(&str, &str), &Order> = BTreeMap::new();
    for order in input.orders.iter().flatten().filter(|order| input.reports(&order.shop)) {
        let key = (order.shop.as_str(), order.order_id.as_str());
        let older = newest.get(&key).is_none_or(|kept| kept.updated_at <= order.updated_at);
        if older {
            newest.insert(key, order);
        }
    }
    newest.into_values().cloned().collect()
}
