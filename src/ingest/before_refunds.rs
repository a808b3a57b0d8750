//! Orders of systems that lower the amount of an order with each refund (`amount_is = "after_refunds"`): what was paid is the amount with the
//! refunds that it no longer holds.

use super::exchange::Exchange;
use super::files::partition_bounds;
use super::records::read_refunds;
use super::table_frame::PARTITION;
use crate::config::{Plan, SourceConfig};
use crate::error::{Error, Kind, Result};
use crate::frames::collect;
use crate::model::InputTable;
use kefu_kernel::calendar::Day;
use polars::prelude::*;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// More days than lie between an order and its last refund.
const EVER: i32 = 36_525;

/// Orders with their amounts before refunds: to each are added back the refunds that were finished by the time its version was written.
/// `orders`: one row per order, sorted by `created_at`. Columns: as before. Errors: nothing says when a version was written; the refunds up to
/// `landed` cannot be read.
pub(super) fn before_refunds(
    plan: &Plan,
    source: &SourceConfig,
    mut orders: DataFrame,
    landed: Day,
    exchange: &Exchange,
) -> Result<DataFrame> {
    let written = written(plan, source, &orders)?;
    let Some(first) = orders.column("created_at")?.i64()?.iter().flatten().next() else { return Ok(orders) };
    // A refund is added back at the rate at which the rest of its order is converted.
    let origins = exchange.has_rates().then(|| exchange.origins(&orders, EVER)).transpose()?;
    let records = read_refunds(plan, (plan.calendar.day_of(first)?, landed), origins.as_ref())?;
    let Some(refunds) = records.of(InputTable::Refunds).map(collect).transpose()? else { return Ok(orders) };
    let refunded = Refunded::of(&refunds)?;
    let (shops, ids, amounts) = (orders.column("shop_id")?.str()?, orders.column("order_id")?.str()?, orders.column("amount")?.i64()?);
    let keys = shops.iter().zip(ids.iter());
    let whole = keys.zip(amounts.iter()).zip(&written).map(|(((shop, order), amount), written)| {
        let back = refunded.until(shop.unwrap_or_default(), order.unwrap_or_default(), *written);
        amount.map(|amount| amount + back)
    });
    let whole = Column::new("amount".into(), whole.collect::<Vec<_>>());
    orders.with_column(whole)?;
    Ok(orders)
}

/// The last instant (UTC ms) of which each version tells: its `updated_at`, else the end of its partition. Errors: a version has neither.
fn written(plan: &Plan, source: &SourceConfig, orders: &DataFrame) -> Result<Vec<i64>> {
    let (updated, partitions) = (orders.column("updated_at")?.i64()?, orders.column(PARTITION)?.i32()?);
    let mut ends = BTreeMap::new();
    for day in partitions.iter().flatten() {
        if let Entry::Vacant(end) = ends.entry(day) {
            end.insert(partition_bounds(plan, source, Day(day))?.end - 1);
        }
    }
    let end = |partition: Option<i32>| ends.get(&partition?).copied();
    let written = updated.iter().zip(partitions.iter()).map(|(updated, partition)| updated.or_else(|| end(partition)));
    let written = written.collect::<Vec<_>>();
    let unknown = written.iter().filter(|at| at.is_none()).count();
    if unknown > 0 {
        let message = format!("amount_is = \"after_refunds\", and nothing says by when the amounts of {unknown} orders were written");
        return Err(Error::new(Kind::Refused, message)
            .with("table", InputTable::Orders.name())
            .with("column", "updated_at")
            .hint("map updated_at under [orders], or have the {date} of each file in path"));
    }
    Ok(written.into_iter().flatten().collect())
}

/// Finished refunds: shop and order → when each was finished (UTC ms) and its amount in fen.
struct Refunded(HashMap<(String, String), Vec<(i64, i64)>>);

impl Refunded {
    /// `refunds`: the input table.
    fn of(refunds: &DataFrame) -> Result<Refunded> {
        let text = |name: &str| refunds.column(name).and_then(|column| column.str());
        let number = |name: &str| refunds.column(name).and_then(|column| column.i64());
        let [shops, orders] = [text("shop_id")?, text("order_id")?];
        let [finished, amounts] = [number("finished_at")?, number("amount")?];
        let mut refunded: HashMap<_, Vec<_>> = HashMap::new();
        for row in 0..refunds.height() {
            if let (Some(shop), Some(order), Some(finished), Some(amount)) =
                (shops.get(row), orders.get(row), finished.get(row), amounts.get(row))
            {
                refunded.entry((shop.to_owned(), order.to_owned())).or_default().push((finished, amount));
            }
        }
        Ok(Refunded(refunded))
    }

    /// The sum of an order's refunds that were finished at or before an instant, in fen.
    fn until(&self, shop: &str, order: &str, at: i64) -> i64 {
        let of_order = self.0.get(&(shop.to_owned(), order.to_owned())).into_iter().flatten();
        of_order.filter(|(finished, _)| *finished <= at).map(|(_, amount)| amount).sum()
    }
}
