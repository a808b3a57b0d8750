//! paid: one row per order paid in the day, and whether its buyer had been silent (静默).

use super::buyers::{among, buyer_of, is_live};
use super::frame;
use crate::calendar::{Calendar, Day};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::Orders;
use crate::reports::has_flag;
use crate::rules::Group;
use polars::prelude::*;

/// Columns: `shop_id`, `buyer_id`, `paid` (true), `paid_silently`: no buyer line in `[paid − credit_lookback, paid)`.
/// `persons`: the shop's persons of the days within the lookback. They and the orders are those of a group; cancelled orders are out.
pub fn paid(persons: LazyFrame, orders: &Orders, calendar: &Calendar, group: &Group, day: Day) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let live = orders.paid_in(day, bounds).filter(|order| is_live(order, group));
    let paid = live.filter_map(|order| Some((order, order.paid_at?))).collect::<Vec<_>>();
    let persons = collect(persons.filter(has_flag("receive")))?;
    let persons = persons.filter(&among(&persons, &paid.iter().map(|(order, _)| buyer_of(order)).collect())?)?;
    let orders = frame! {
        "order" => (0..paid.len() as u32).collect::<Vec<_>>(),
        "shop_id" => paid.iter().map(|p| p.0.shop_id.as_str()).collect::<Vec<_>>(),
        "buyer_id" => paid.iter().map(|p| p.0.buyer_id.as_str()).collect::<Vec<_>>(),
        "paid_at" => paid.iter().map(|p| p.1).collect::<Vec<_>>(),
    }?;
    let on = [col("shop_id"), col("buyer_id")];
    let spoke =
        col("first_buyer_at").lt(col("paid_at")).and(col("last_buyer_at").gt_eq(col("paid_at") - lit(group.rules.credit_lookback.0)));
    Ok(orders
        .lazy()
        .join(persons.lazy(), on.clone(), on, JoinArgs::new(JoinType::Left))
        .group_by([col("order"), col("shop_id"), col("buyer_id")])
        .agg([spoke.fill_null(lit(false)).max().not().alias("paid_silently")])
        .with_column(lit(true).alias("paid")))
}
