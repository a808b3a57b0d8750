//! inquiries: one row per received buyer of the day (agent level: per agent × buyer), with what they ordered and paid (询单).

use super::buyers::{among, buyer_of, is_live};
use super::frame;
use crate::calendar::{Calendar, DAY_MS, Day};
use crate::error::Result;
use crate::frames::{collect, stack};
use crate::ingest::{Order, Orders};
use crate::job::Level;
use crate::reports::has_flag;
use crate::rules::Group;
use polars::prelude::*;

/// Columns: `shop_id`, (`agent_id`), `buyer_id`, `inquiry`, `order_same_day`, `order_final`, `pay_next_day`, `pay_final` (semantics §6),
/// `lost` (fen: orders of a buyer who ordered and finally paid nothing).
/// `persons`: the level's persons of the day, with `receive` and `first_buyer_at`. Cancelled orders are no orders here.
/// Persons and orders are those of a group.
pub fn inquiries(level: Level, persons: LazyFrame, orders: &Orders, calendar: &Calendar, group: &Group, day: Day) -> Result<LazyFrame> {
    let rules = group.rules;
    let end = |days: i32| -> Result<Expr> { Ok(lit(calendar.bounds(day.plus(days))?.end)) };
    let after_sale_ms = i64::from(rules.after_sale_days) * DAY_MS;
    let window = calendar.bounds(day)?.start - after_sale_ms..calendar.bounds(day.plus(1))?.end;
    let ordered = orders.created_in(day, window).filter(|order| is_live(order, group)).collect::<Vec<_>>();
    let after_sale = lit(after_sale_ms);
    let (c, created, paid) = (col("first_buyer_at"), col("created_at"), col("paid_at"));
    let mut keys = vec![col("shop_id"), col("buyer_id")];
    let on = keys.clone();
    if level == Level::Agent {
        keys.insert(1, col("agent_id"));
    }
    let since = created.clone().gt_eq(c.clone());
    let since_then = since.clone().and(created.clone().lt(end(1)?));
    let finally_paid = paid.clone().lt(end(rules.final_pay_days as i32)?).fill_null(lit(false));
    let any = |condition: Expr, name: &str| condition.fill_null(lit(false)).max().alias(name);
    // A shop's buyer of whom only filtered peer-days hold buyer lines is received, but asked nothing that counts.
    let received = persons.filter(has_flag("receive").and(c.clone().is_not_null())).select([keys.clone(), vec![c.clone()]].concat());
    let received = collect(received)?;
    let did_order = among(&received, &ordered.iter().map(|order| buyer_of(order)).collect())?;
    let flags = ["order_same_day", "order_final", "pay_next_day", "pay_final"];
    let columns = [keys.clone(), flags.map(col).to_vec(), vec![col("inquiry"), col("lost")]].concat();
    let buyers = received
        .filter(&did_order)?
        .lazy()
        .join(rows(&ordered)?.lazy(), on.clone(), on, JoinArgs::new(JoinType::Inner))
        .group_by(keys)
        .agg([
            any(created.clone().gt_eq(c.clone() - after_sale).and(created.clone().lt(c)), "ordered_before"),
            any(since.and(created.lt(end(0)?)), "order_same_day"),
            any(since_then.clone(), "order_final"),
            any(since_then.clone().and(paid.lt(end(1)?)), "pay_next_day"),
            any(since_then.clone().and(finally_paid.clone()), "pay_final"),
            col("amount").filter(since_then.fill_null(lit(false)).and(finally_paid.not())).sum().alias("unpaid"),
        ])
        .with_columns([
            col("order_final").or(col("ordered_before").not()).alias("inquiry"),
            when(col("order_final").and(col("pay_final").not())).then(col("unpaid")).otherwise(lit(0i64)).alias("lost"),
        ])
        .select(columns.clone());
    // Most buyers order nothing: theirs is an inquiry, and nothing more need be asked.
    let others = received.filter(&!did_order)?.lazy().with_columns(flags.map(|flag| lit(false).alias(flag)));
    let others = others.with_columns([lit(true).alias("inquiry"), lit(0i64).cast(DataType::Int64).alias("lost")]).select(columns);
    stack([buyers, others])
}

fn rows(orders: &[&Order]) -> Result<DataFrame> {
    Ok(frame! {
        "shop_id" => orders.iter().map(|o| o.shop_id.as_str()).collect::<Vec<_>>(),
        "buyer_id" => orders.iter().map(|o| o.buyer_id.as_str()).collect::<Vec<_>>(),
        "created_at" => orders.iter().map(|o| o.created_at).collect::<Vec<_>>(),
        "paid_at" => orders.iter().map(|o| o.paid_at).collect::<Vec<_>>(),
        "amount" => orders.iter().map(|o| o.amount).collect::<Vec<_>>(),
    }?)
}
