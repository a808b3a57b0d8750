//! loyalty (留存): one row per received buyer of the day (agent level: per agent × buyer), and whether the buyer paid again.

use super::buyers::{among, buyer_of, each};
use crate::calendar::{Calendar, Day};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::Orders;
use crate::job::Level;
use crate::reports::has_flag;
use crate::rules::Rules;
use hashbrown::HashSet;
use polars::prelude::*;

/// Columns: `shop_id`, (`agent_id`), `buyer_id`, `served` (true), `retained`: an order of the buyer in the shop, not cancelled, is paid in the
/// `retention_days` business days after this one. To be made once these have landed.
/// `persons`: the level's persons of the day, with `receive`.
pub fn loyalty(level: Level, persons: LazyFrame, orders: &Orders, calendar: &Calendar, rules: &Rules, day: Day) -> Result<LazyFrame> {
    let keys: &[&str] = if level == Level::Agent { &["shop_id", "agent_id", "buyer_id"] } else { &["shop_id", "buyer_id"] };
    let received = collect(persons.filter(has_flag("receive")).select(keys.iter().map(|key| col(*key)).collect::<Vec<_>>()))?;
    let served = each(&received)?.collect::<HashSet<_>>();
    let window = calendar.bounds(day)?.end..calendar.bounds(day.plus(rules.retention_days as i32))?.end;
    let paid = orders.paid_in(day, window).filter(|order| order.cancelled_at.is_none());
    let back = paid.map(buyer_of).filter(|who| served.contains(who)).collect();
    let retained = among(&received, &back)?.with_name("retained".into()).into_column();
    Ok(received.hstack(&[retained])?.lazy().with_column(lit(true).alias("served")))
}
