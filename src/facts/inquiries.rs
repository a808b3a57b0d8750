//! inquiries (询单, semantics §6). Grain: one row per received buyer of the business day; at agent level one per agent × buyer.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id`, `agent_id` (agent level), `buyer_id` | String | | never |
//! | `order_same_day`, `order_final`, `pay_next_day`, `pay_final` | Boolean | ordered or paid in time | never |
//! | `inquiry` | Boolean | the chat was before a sale, not after one | never |
//! | `lost` | Int64 | fen ordered by a buyer who paid nothing in time | never; else 0 |

use super::credits::is_flagged;
use crate::config::ShopSet;
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::Orders;
use crate::metrics::has_flag;
use crate::model::Level;
use kefu_kernel::calendar::{Calendar, DAY_MS, Day};
use kefu_kernel::rules::ExcludedFrom;
use polars::prelude::*;

/// Computes the inquiries of a shop set on a day. Columns: see the file header. Cancelled orders do not count, nor flagged ones if the rules
/// take them out of conversion. Errors: the calendar does not hold a day of the windows. `persons`: the level's persons of the shop set on the day, with `flags` and `first_buyer_at` (UTC ms).
pub fn inquiries(level: Level, persons: LazyFrame, orders: &Orders, calendar: &Calendar, shops: &ShopSet, day: Day) -> Result<LazyFrame> {
    let rules = shops.rules;
    let end = |days: i32| -> Result<Expr> { Ok(lit(calendar.bounds(day.plus(days))?.end)) };
    let after_sale_ms = i64::from(rules.after_sale_days) * DAY_MS;
    let window = calendar.bounds(day)?.start - after_sale_ms..calendar.bounds(day.plus(1))?.end;
    let is_left_out = if rules.excludes_from(ExcludedFrom::Conversion) { is_flagged(rules) } else { lit(false) };
    let counts = col("cancelled_at").is_null().and(is_left_out.not());
    let ordered = shops.of(orders.created_in(day, window)?.filter(counts))?;
    let ordered = ordered.select(["shop_id", "buyer_id", "created_at", "paid_at", "amount"].map(col));
    let (asked, created, paid) = (col("first_buyer_at"), col("created_at"), col("paid_at"));
    let buyer = [col("shop_id"), col("buyer_id")];
    let keys = match level {
        Level::Agent => vec![col("shop_id"), col("agent_id"), col("buyer_id")],
        Level::Shop | Level::Team => buyer.to_vec(),
    };
    let since = created.clone().gt_eq(asked.clone());
    let since_then = since.clone().and(created.clone().lt(end(1)?));
    let finally_paid = paid.clone().lt(end(rules.final_pay_days as i32)?).fill_null(lit(false));
    let any = |condition: Expr, name: &str| condition.fill_null(lit(false)).max().alias(name);
    let after_sale = created.clone().gt_eq(asked.clone() - lit(after_sale_ms)).and(created.clone().lt(asked.clone()));
    // If only a buyer's filtered peer-days have buyer lines, the shop received the buyer, but there is no question to count from.
    let counts = if rules.agent_initiated_inquiry { lit(true) } else { has_flag("agent_opened").not() };
    let received =
        persons.filter(has_flag("receive").and(asked.clone().is_not_null()).and(counts)).select([keys.clone(), vec![asked]].concat());
    // Persons are numbered, so that a person's orders come back by one number instead of two or three ids.
    let received = collect(received.with_row_index("person", None))?.lazy();
    let with_orders = received.clone().join(ordered, buyer.clone(), buyer, JoinArgs::new(JoinType::Inner)).group_by([col("person")]).agg([
        any(after_sale, "ordered_before"),
        any(since.and(created.lt(end(0)?)), "order_same_day"),
        any(since_then.clone(), "order_final"),
        any(since_then.clone().and(paid.lt(end(1)?)), "pay_next_day"),
        any(since_then.clone().and(finally_paid.clone()), "pay_final"),
        col("amount").filter(since_then.fill_null(lit(false)).and(finally_paid.not())).sum().alias("unpaid"),
    ]);
    // Most buyers order nothing and are missing from the join: their row is an inquiry and every other flag is false.
    let flags = ["order_same_day", "order_final", "pay_next_day", "pay_final"];
    let or_false = |flag: &str| col(flag).fill_null(lit(false)).alias(flag);
    let lost = when(or_false("order_final").and(or_false("pay_final").not())).then(col("unpaid")).otherwise(lit(0i64));
    let inquiry = or_false("order_final").or(or_false("ordered_before").not());
    let columns = [keys, flags.map(or_false).to_vec(), vec![inquiry.alias("inquiry"), lost.alias("lost")]].concat();
    Ok(received.left_join(with_orders, col("person"), col("person")).select(columns))
}
