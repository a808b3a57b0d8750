//! loyalty (留存). Grain: one row per received buyer of the business day; at agent level one per agent × buyer.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id`, `agent_id` (agent level), `buyer_id` | String | | never |
//! | `served` | Boolean | always true | never |
//! | `retained` | Boolean | the buyer paid again within `retention_days` | never |

use crate::error::Result;
use crate::ingest::Orders;
use crate::metrics::has_flag;
use crate::model::Level;
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::rules::Rules;
use polars::prelude::*;

/// Computes the loyalty of a day. Columns: see the file header. `retained`: an order of the buyer in the shop, not cancelled, is paid in
/// the `retention_days` business days after this one, so that the caller must wait until those have landed (DECISIONS #35). `persons`: the
/// level's persons of the day, with `flags`.
pub fn loyalty(level: Level, persons: LazyFrame, orders: &Orders, calendar: &Calendar, rules: &Rules, day: Day) -> Result<LazyFrame> {
    let keys: &[&str] = if level == Level::Agent { &["shop_id", "agent_id", "buyer_id"] } else { &["shop_id", "buyer_id"] };
    let received = persons.filter(has_flag("receive")).select(keys.iter().map(|key| col(*key)).collect::<Vec<_>>());
    let window = calendar.bounds(day)?.end..calendar.bounds(day.plus(rules.retention_days as i32))?.end;
    let buyer = [col("shop_id"), col("buyer_id")];
    let returned = orders.paid_in(day, window).filter(col("cancelled_at").is_null()).select(&buyer).unique(None, UniqueKeepStrategy::Any);
    Ok(received
        .join(returned.with_column(lit(true).alias("retained")), buyer.clone(), buyer, JoinArgs::new(JoinType::Left))
        .with_columns([col("retained").fill_null(lit(false)), lit(true).alias("served")]))
}
