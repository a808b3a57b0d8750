//! What a period is made of: the records of its days, and the orders that it needs.

use super::comparison::{Freshness, LOOKBACK_DAYS};
use crate::error::Result;
use crate::publish::{Manifest, OrdersRead};
use kefu_kernel::calendar::{Day, Span};
use std::collections::BTreeSet;

impl Freshness<'_> {
    /// What the reports of a period are made of now, as the manifest keeps it of each: a hash of the records of its days, and a note if orders
    /// that it needs are not known. Errors: a partition of an input lies outside the calendar.
    pub fn made_of(&self, manifest: &Manifest, span: Span) -> Result<String> {
        let days = manifest.fingerprint_of(span.days());
        Ok(if self.knows_orders(span)? { days } else { format!("{days}, orders missing") })
    }

    /// Whether the orders that a period needs are known. Without orders in the pipeline it needs none.
    /// Errors: a partition of an input lies outside the calendar.
    pub fn knows_orders(&self, span: Span) -> Result<bool> {
        self.known_orders.cover(self.plan, self.landed.through, span)
    }

    /// The partitions of orders that a period needs and that no run could ever read.
    /// Errors: a partition of an input lies outside the calendar.
    pub fn missing_orders(&self, span: Span) -> Result<BTreeSet<Day>> {
        self.known_orders.missing(self.plan, self.landed.through, span)
    }

    /// Notes the orders that a run has read whose first computed day is `first`. Errors: a partition of an input lies outside the calendar.
    pub fn note_orders(&self, first: Day, read: &mut OrdersRead) -> Result<()> {
        self.known_orders.note(self.plan, (first.plus(-self.orders_lookback()), self.landed.through), read)
    }

    /// Days before a business day whose orders can concern it.
    pub(super) fn orders_lookback(&self) -> i32 {
        LOOKBACK_DAYS.max(self.plan.rules.widest.after_sale_days as i32 + 1)
    }
}
