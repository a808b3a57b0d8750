//! refunds (退款). Grain: one row per refund applied for or finished on the business day.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id` | String | | never |
//! | `agent_id` | String | the agent credited with the order | no agent is |
//! | `applied`, `finished` | Boolean | on this day | never |
//! | `amount` | Int64 | fen | never |
//! | `quantity` | Int64 | thousandths | never; 0 where the source has none |
//! | `kind` | String | | as in `refunds` |
//! | `disputed` | Boolean | | never; false where the source has none |
//! | `open_ms` | Int64 | ms from applied to finished | not finished |

use super::credits::{instants_of_sales, is_flagged};
use crate::error::Result;
use crate::ingest::Orders;
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::rules::{ExcludedFrom, Rules};
use polars::prelude::*;

/// The creation and the payment of every order refunded on a day, once per order; they decide its credit (DECISIONS #24, #25).
/// Orders that are no sale (cancelled, flagged, unpaid) have none. Columns: those of [`super::instants`]. `refunds`: the input table.
pub fn refund_instants(refunds: LazyFrame, orders: &Orders, calendar: &Calendar, rules: &Rules, day: Day) -> Result<LazyFrame> {
    let keys = of_day(refunds, calendar, day)?.select([col("shop_id"), col("order_id")]);
    instants_of_sales(orders.with_keys(day, keys), rules)
}

/// The refunds that count on a day: without those of flagged orders, if the rules take these out of refunds. Columns: as before. An order
/// that the day does not see has no flag. `refunds`: the input table.
pub fn counting_refunds(refunds: LazyFrame, orders: &Orders, calendar: &Calendar, rules: &Rules, day: Day) -> Result<LazyFrame> {
    if rules.excluded_flags.is_empty() || !rules.excludes_from(ExcludedFrom::Refunds) {
        return Ok(refunds);
    }
    let order = [col("shop_id"), col("order_id")];
    let keys = of_day(refunds.clone(), calendar, day)?.select(&order);
    let flagged = orders.with_keys(day, keys).filter(is_flagged(rules)).select(&order);
    Ok(refunds.join(flagged, order.clone(), order, JoinArgs::new(JoinType::Anti)))
}

/// Computes the refunds of a day. Columns: see the file header. Errors: the calendar does not hold the day.
/// `refunds`: the input table. `credited`: `shop_id`, `order_id`, `agent_id` of the orders refunded on the day.
pub fn refunds(refunds: LazyFrame, credited: LazyFrame, calendar: &Calendar, day: Day) -> Result<LazyFrame> {
    let order = [col("shop_id"), col("order_id")];
    let rows = of_day(refunds, calendar, day)?.join(credited, order.clone(), order, JoinArgs::new(JoinType::Left));
    Ok(rows.select([
        col("shop_id"),
        col("agent_id"),
        col("applied"),
        col("finished"),
        col("amount"),
        col("quantity").fill_null(lit(0i64)),
        col("kind"),
        col("disputed").fill_null(lit(false)),
        (col("finished_at") - col("applied_at")).alias("open_ms"),
    ]))
}

/// The refunds applied for or finished on a day, with `applied` and `finished` (Boolean, never null).
fn of_day(refunds: LazyFrame, calendar: &Calendar, day: Day) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let within = |at: &str| col(at).gt_eq(lit(bounds.start)).and(col(at).lt(lit(bounds.end))).fill_null(lit(false));
    let refunds = refunds.with_columns([within("applied_at").alias("applied"), within("finished_at").alias("finished")]);
    Ok(refunds.filter(col("applied").or(col("finished"))))
}
