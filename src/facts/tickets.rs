//! tickets (售后单): one row per after-sales ticket opened on the day.

use super::frame;
use crate::calendar::{Calendar, DAY_MS, Day};
use crate::error::Result;
use crate::frames::collect;
use polars::prelude::*;
use std::collections::HashMap;

/// Another ticket of the same buyer and kind so much later is no repeated contact.
const REPEATED_WITHIN: i64 = 7 * DAY_MS;

/// Columns: those of the table, and `followed`: another ticket of the same shop, buyer and kind, whosever, is opened within 7 × 24 h. No
/// kind is a kind. `tickets`: one row each, in input order. Whether a ticket is followed is known once seven more days have landed.
pub fn tickets(tickets: LazyFrame, calendar: &Calendar, day: Day) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let opened = col("opened_at");
    let near = tickets.filter(opened.clone().gt_eq(lit(bounds.start)).and(opened.clone().lt(lit(bounds.end + REPEATED_WITHIN))));
    let near = collect(near.sort(["opened_at"], SortMultipleOptions::default().with_maintain_order(true)))?;
    let followed = frame! { "followed" => followed(&near)? }?;
    let near = near.hstack(followed.columns())?;
    Ok(near.lazy().filter(opened.lt(lit(bounds.end))))
}

/// For each ticket, in order of opening, whether the next of its shop, buyer and kind comes in time.
fn followed(tickets: &DataFrame) -> Result<Vec<bool>> {
    let [shops, buyers, kinds] = ["shop_id", "buyer_id", "kind"].map(|name| tickets.column(name).and_then(|column| column.str().cloned()));
    let (shops, buyers, kinds, opened) = (shops?, buyers?, kinds?, tickets.column("opened_at")?.i64()?);
    let mut followed = vec![false; tickets.height()];
    let mut last = HashMap::new();
    for row in 0..tickets.height() {
        let at = opened.get(row).unwrap_or_default();
        let before = last.insert((shops.get(row), buyers.get(row), kinds.get(row)), (row, at));
        if let Some((before, _)) = before.filter(|(_, opened)| at - opened < REPEATED_WITHIN) {
            followed[before] = true;
        }
    }
    Ok(followed)
}
