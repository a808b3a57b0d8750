//! paid. Grain: one row per order paid on the business day and not cancelled.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id`, `order_id`, `buyer_id` | String | | never |
//! | `paid` | Boolean | always true | never |
//! | `paid_silently` | Boolean | the buyer was silent before the payment (静默) | never |

use crate::config::ShopSet;
use crate::error::Result;
use crate::ingest::Orders;
use crate::metrics::has_flag;
use kefu_kernel::calendar::{Calendar, Day};
use polars::prelude::*;

/// Computes the paid orders of a shop set on a day. Columns: see the file header. `paid_silently`: no buyer line in
/// `[paid − credit_lookback, paid)` (DECISIONS #9). `persons`: the shop-level persons of the shop set on the days within the lookback.
pub fn paid(persons: LazyFrame, orders: &Orders, calendar: &Calendar, shops: &ShopSet, day: Day) -> Result<LazyFrame> {
    let paid = orders.paid_in(day, calendar.bounds(day)?).filter(col("cancelled_at").is_null());
    let paid = shops.of(paid)?.select(["shop_id", "order_id", "buyer_id", "paid_at"].map(col));
    let buyer = [col("shop_id"), col("buyer_id")];
    let lookback = lit(shops.rules.credit_lookback.0);
    let spoke = col("first_buyer_at").lt(col("paid_at")).and(col("last_buyer_at").gt_eq(col("paid_at") - lookback));
    let received = persons.filter(has_flag("receive")).select(["shop_id", "buyer_id", "first_buyer_at", "last_buyer_at"].map(col));
    Ok(paid
        .join(received, buyer.clone(), buyer, JoinArgs::new(JoinType::Left))
        .group_by(["shop_id", "order_id", "buyer_id"].map(col))
        .agg([spoke.fill_null(lit(false)).max().not().alias("paid_silently")])
        .with_column(lit(true).alias("paid")))
}
