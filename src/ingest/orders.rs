//! Orders: one row per order, its newest version. Amounts in fen, times in UTC ms.

use super::files::{files_of, require_files};
use super::mapping::Batch;
use super::quarantine::Audit;
use super::table::{Table, read};
use crate::calendar::Day;
use crate::error::Result;
use crate::job::Plan;
use crate::pipe;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::ops::Range;

/// An order is rarely paid later than a month after the partition that announced it.
const LEAST_REACH: i32 = 31;

#[derive(Clone, Debug)]
pub struct Order {
    pub shop_id: String,
    pub order_id: String,
    pub buyer_id: String,
    pub created_at: i64,
    pub paid_at: Option<i64>,
    pub cancelled_at: Option<i64>,
    pub amount: i64,
    pub quantity: i64,
    pub postage: i64,
    pub flag: Option<String>,
    updated_at: Option<i64>,
    file: String,
    /// The partition its newest version stands in, where files are cut by day.
    partition: Option<Day>,
}

/// The orders of a run, by creation and by payment, and what became of the rows read.
pub struct Orders {
    /// Sorted by creation.
    orders: Vec<Order>,
    /// (paid at, place in `orders`), sorted.
    paid: Vec<(i64, usize)>,
    /// Days a partition is looked back on for: the same for every day, so that what a day sees does not depend on the run's range.
    reach: i32,
    audit: Audit,
}

/// Reads the orders that business days `first..=landed` may ask about (DECISIONS #16); partitions of the days `asked` must be there.
/// Errors: as for every table; an order paid before it was created is a bad row.
pub fn read_orders(plan: &Plan, first: Day, landed: Day, asked: (Day, Day)) -> Result<Option<Orders>> {
    let Some(source) = plan.source(Table::Orders) else { return Ok(None) };
    let reach = LEAST_REACH.max(plan.rules.after_sale_days as i32 + 1);
    let dated = files_of(plan, source, first.plus(-reach), landed)?;
    require_files(plan, Table::Orders, source, &dated, asked.0, asked.1.min(landed))?;
    let partitions = dated.iter().filter_map(|(day, file)| Some((file.key.clone(), (*day)?))).collect::<HashMap<_, _>>();
    let files = dated.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut audit = Audit::new(Table::Orders);
    let mut newest: HashMap<(String, String), usize> = HashMap::new();
    let mut orders: Vec<Order> = Vec::new();
    let at = |name| Table::Orders.index(name);
    let columns = ["created_at", "paid_at", "cancelled_at", "amount", "quantity", "postage", "updated_at"].map(at);
    let [created, paid, cancelled, amount, quantity, postage, updated] = columns;
    let refuse = |mut batch: Batch| {
        for row in 0..batch.rows {
            if batch.int(created, row).zip(batch.int(paid, row)).is_some_and(|(created, paid)| paid < created) {
                batch.refuse(row, "paid_at", "paid before it was created");
            }
        }
        batch
    };
    read(plan, Table::Orders, &files, pipe::workers(), refuse, |batch| {
        audit.file(&batch.file).read += batch.rows as i64;
        audit.set_aside(&batch);
        for row in (0..batch.rows).filter(|row| !batch.bad.contains_key(row)) {
            let text = |name: &str| batch.string(Table::Orders.index(name), row);
            let order = Order {
                shop_id: text("shop_id").unwrap_or_default(),
                order_id: text("order_id").unwrap_or_default(),
                buyer_id: text("buyer_id").unwrap_or_default(),
                created_at: batch.int(created, row).unwrap_or_default(),
                paid_at: batch.int(paid, row),
                cancelled_at: batch.int(cancelled, row),
                amount: batch.int(amount, row).unwrap_or_default(),
                quantity: batch.int(quantity, row).unwrap_or_default(),
                postage: batch.int(postage, row).unwrap_or_default(),
                flag: text("flag"),
                updated_at: batch.int(updated, row),
                file: batch.file.clone(),
                partition: partitions.get(&batch.file).copied(),
            };
            let key = (order.shop_id.clone(), order.order_id.clone());
            match newest.get(&key).copied() {
                None => {
                    newest.insert(key, orders.len());
                    orders.push(order);
                }
                Some(index) => {
                    // The newest version wins; of two alike, the one read last.
                    let older =
                        if order.updated_at >= orders[index].updated_at { std::mem::replace(&mut orders[index], order) } else { order };
                    audit.file(&older.file).duplicates += 1;
                }
            }
        }
        Ok(())
    })?;
    audit.check(plan.job.quality.max_bad_ratio)?;
    orders.sort_by(|a, b| (a.created_at, &a.shop_id, &a.order_id).cmp(&(b.created_at, &b.shop_id, &b.order_id)));
    let mut paid = orders.iter().enumerate().filter_map(|(place, order)| Some((order.paid_at?, place))).collect::<Vec<_>>();
    paid.sort_unstable();
    Ok(Some(Orders { orders, paid, reach, audit }))
}

impl Orders {
    /// Orders created in an interval, as a business day sees them.
    pub fn created_in(&self, day: Day, interval: Range<i64>) -> impl Iterator<Item = &Order> {
        let start = self.orders.partition_point(|order| order.created_at < interval.start);
        self.orders[start..].iter().take_while(move |order| order.created_at < interval.end).filter(move |order| self.sees(day, order))
    }

    /// Orders paid in an interval, as a business day sees them.
    pub fn paid_in(&self, day: Day, interval: Range<i64>) -> impl Iterator<Item = &Order> {
        let start = self.paid.partition_point(|(at, _)| *at < interval.start);
        let paid = self.paid[start..].iter().take_while(move |(at, _)| *at < interval.end);
        paid.map(|(_, place)| &self.orders[*place]).filter(move |order| self.sees(day, order))
    }

    fn sees(&self, day: Day, order: &Order) -> bool {
        order.partition.is_none_or(|partition| partition.0 >= day.0 - self.reach)
    }

    /// What became of the rows read, as a business day sees it: it uses the orders created in it, the others lie outside.
    pub fn audit(&self, plan: &Plan, day: Day) -> Result<Audit> {
        let bounds = plan.calendar.bounds(day)?;
        let mut audit = Audit { table: Table::Orders, files: BTreeMap::new(), quarantined: Vec::new() };
        audit.files.clone_from(&self.audit.files);
        for order in &self.orders {
            let tally = audit.file(&order.file);
            if bounds.contains(&order.created_at) { tally.used += 1 } else { tally.outside += 1 }
        }
        Ok(audit)
    }

    /// What became of the rows read, by the run as a whole.
    pub fn read_whole(&self) -> Audit {
        let mut audit = self.audit.clone();
        for order in &self.orders {
            audit.file(&order.file).used += 1;
        }
        audit
    }
}
