//! refunds: one row per refund applied for or finished in the day, with the agent credited with its order (退款).

use super::credits::{Instant, instants_of_sales};
use crate::calendar::{Calendar, Day};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::{Orders, Records, Table};
use crate::rules::Rules;
use polars::prelude::*;
use std::collections::BTreeSet;

/// The creation and the payment of every order refunded in a day, each order once: what its credit is decided at.
/// Orders that make no sale (cancelled, flagged, unpaid) have none.
pub fn refund_instants<'a>(
    records: &Records,
    orders: &'a Orders,
    calendar: &Calendar,
    rules: &Rules,
    day: Day,
) -> Result<Vec<Instant<'a>>> {
    let Some(rows) = of_day(records, calendar, day)? else { return Ok(Vec::new()) };
    let rows = collect(rows.select([col("shop_id"), col("order_id")]))?;
    let keys = rows.column("shop_id")?.str()?.iter().zip(rows.column("order_id")?.str()?.iter());
    let keys = keys.filter_map(|(shop, order)| shop.zip(order)).collect::<BTreeSet<_>>();
    let refunded = keys.into_iter().filter_map(|(shop, order)| orders.find(day, shop, order));
    Ok(instants_of_sales(refunded, rules).collect())
}

/// Columns: `shop_id`, `agent_id` (null: the order is nobody's), `applied`, `finished` (in the day), `amount` (fen), `quantity`
/// (0 where it is not said), `kind`, `disputed`, `open_ms` (from applied to finished). None: the table is not configured.
/// `credited`: `shop_id`, `order_id`, `agent_id` of the orders refunded in the day.
pub fn refunds(records: &Records, credited: &DataFrame, calendar: &Calendar, day: Day) -> Result<Option<LazyFrame>> {
    let Some(rows) = of_day(records, calendar, day)? else { return Ok(None) };
    let on = [col("shop_id"), col("order_id")];
    let rows = rows.join(credited.clone().lazy(), on.clone(), on, JoinArgs::new(JoinType::Left));
    Ok(Some(rows.select([
        col("shop_id"),
        col("agent_id"),
        col("applied"),
        col("finished"),
        col("amount"),
        col("quantity").fill_null(lit(0i64)),
        col("kind"),
        col("disputed").fill_null(lit(false)),
        (col("finished_at") - col("applied_at")).alias("open_ms"),
    ])))
}

/// The refunds applied for or finished in a day.
fn of_day(records: &Records, calendar: &Calendar, day: Day) -> Result<Option<LazyFrame>> {
    let Some(rows) = records.of(Table::Refunds) else { return Ok(None) };
    let bounds = calendar.bounds(day)?;
    let within = |at: &str| col(at).gt_eq(lit(bounds.start)).and(col(at).lt(lit(bounds.end))).fill_null(lit(false));
    let rows = rows.with_columns([within("applied_at").alias("applied"), within("finished_at").alias("finished")]);
    Ok(Some(rows.filter(col("applied").or(col("finished")))))
}
