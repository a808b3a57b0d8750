//! The instants at which a day asks who earned an order.

use crate::config::Plan;
use crate::error::Result;
use crate::facts;
use crate::frames::{collect, stack};
use crate::ingest::{Orders, Records};
use crate::model::InputTable;
use kefu_kernel::calendar::Day;
use polars::prelude::*;

/// Every instant of a day for which the candidates of attribution are needed: those of its credits, and those of the orders refunded on it.
/// Columns: `shop_id`, `buyer_id` (strings), `at` (epoch milliseconds).
pub(super) fn instants(orders: Option<&Orders>, records: &Records, plan: &Plan, day: Day) -> Result<DataFrame> {
    let (calendar, rules) = (&plan.calendar, &plan.rules.widest);
    let mut frames = Vec::new();
    if let Some(orders) = orders {
        frames.push(facts::instants(orders, calendar, rules, day)?);
        if let Some(refunds) = records.of(InputTable::Refunds) {
            frames.push(facts::refund_instants(refunds, orders, calendar, rules, day)?);
        }
    }
    let empty = facts::no_replies()?.lazy().select(["shop_id", "buyer_id", "at"].map(col));
    let frames = frames.into_iter().map(|instants| instants.select(["shop_id", "buyer_id", "at"].map(col)));
    collect(stack(std::iter::once(empty).chain(frames))?)
}
