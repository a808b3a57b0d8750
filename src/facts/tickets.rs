//! tickets (售后单). Grain: one row per after-sales ticket opened on the business day.
//!
//! Columns: those of the input table `tickets` with its null rules (`*_at`: Int64, UTC ms), and `followed` (Boolean, never null): another
//! ticket of the same shop, buyer and kind was opened later, within 7 × 24 h, whichever agent it is assigned to.

use crate::error::Result;
use kefu_kernel::calendar::{Calendar, DAY_MS, Day};
use polars::prelude::*;

/// A later ticket of the same buyer and kind within this time, in ms, is a repeated contact (DECISIONS #37).
const REPEATED_WITHIN: i64 = 7 * DAY_MS;

/// Computes the tickets of a day. Columns: see the file header. Tickets without a kind count as one kind. `followed` is final once seven
/// more days have landed. `tickets`: the input table, one row per ticket, in input order. Errors: the calendar does not hold the day.
pub fn tickets(tickets: LazyFrame, calendar: &Calendar, day: Day) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let opened = col("opened_at");
    let within_reach = tickets.filter(opened.clone().gt_eq(lit(bounds.start)).and(opened.clone().lt(lit(bounds.end + REPEATED_WITHIN))));
    let next = opened.clone().shift(lit(-1)).over(["shop_id", "buyer_id", "kind"].map(col))?;
    // Of tickets opened at the same instant only the last has a later one next to it; the others have what it has.
    let until_next = col("next").max().over(["shop_id", "buyer_id", "kind", "opened_at"].map(col))? - opened.clone();
    let followed = until_next.clone().gt(lit(0i64)).and(until_next.lt(lit(REPEATED_WITHIN))).fill_null(lit(false));
    Ok(within_reach
        .sort(["opened_at"], SortMultipleOptions::default().with_maintain_order(true))
        .with_column(next.alias("next"))
        .with_column(followed.alias("followed"))
        .drop(by_name(["next"], true, false))
        .filter(opened.lt(lit(bounds.end))))
}
