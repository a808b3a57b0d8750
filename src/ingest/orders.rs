//! Orders: one row per order, its newest version. Amounts in fen, times in UTC ms.

use super::files::{files_of, require_files};
use super::mapping::Batch;
use super::quarantine::Audit;
use super::table::{Table, read};
use crate::calendar::Day;
use crate::error::Result;
use crate::job::Plan;
use crate::pipe;
use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};
use polars::prelude::PlSmallStr;
use std::ops::Range;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// An order is rarely paid later than a month after the partition that announced it.
const LEAST_REACH: i32 = 31;

/// There may be millions: ids of the usual length stand in it.
#[derive(Clone, Debug)]
pub struct Order {
    pub shop_id: PlSmallStr,
    pub order_id: PlSmallStr,
    pub buyer_id: PlSmallStr,
    pub created_at: i64,
    pub paid_at: Option<i64>,
    pub cancelled_at: Option<i64>,
    pub amount: i64,
    pub quantity: i64,
    pub postage: i64,
    pub flag: Option<PlSmallStr>,
    updated_at: Option<i64>,
    /// Place of its file among those read.
    file: u32,
    /// The partition its newest version stands in, where files are cut by day.
    partition: Option<Day>,
}

/// The orders of a run, by creation and by payment, and what became of the rows read.
pub struct Orders {
    /// Sorted by creation.
    orders: Vec<Order>,
    /// (paid at, place in `orders`), sorted.
    paid: Vec<(i64, usize)>,
    /// The place in `orders` of each shop's order, where refunds ask for it.
    by_key: HashTable<u32>,
    /// Days a partition is looked back on for: the same for every day, so that what a day sees does not depend on the run's range.
    reach: i32,
    files: Vec<String>,
    /// Orders by file.
    kept: Vec<i64>,
    audit: Audit,
}

/// Reads the orders that business days `first..=landed` may ask about (DECISIONS #16); partitions of the days `asked` (the first and the last)
/// must be there, and of a table that is read whole a file. Orders created from `until` on are passed over: none of the days can ask for them.
/// Errors: as for every table; an order paid before it was created is a bad row.
pub fn read_orders(plan: &Plan, first: Day, landed: Day, until: i64, asked: Option<(Day, Day)>) -> Result<Option<Orders>> {
    let Some(source) = plan.source(Table::Orders) else { return Ok(None) };
    let reach = LEAST_REACH.max(plan.rules.widest.after_sale_days as i32 + 1);
    let dated = files_of(plan, source, first.plus(-reach), landed)?;
    if asked.is_some() || !source.path.contains("{date}") {
        let (from, to) = asked.unwrap_or((first, first));
        require_files(plan, Table::Orders, source, &dated, from, to.min(landed))?;
    }
    let partitions = dated.iter().filter_map(|(day, file)| Some((file.key.clone(), (*day)?))).collect::<HashMap<_, _>>();
    let files = dated.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut audit = Audit::new(Table::Orders);
    audit.measure(&files);
    // The place in `orders` of each shop's order, found by a hash of the two ids.
    let mut newest: HashTable<u32> = HashTable::new();
    let mut orders: Vec<Order> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    read(plan, Table::Orders, &files, pipe::workers(), refuse_paid_before, |batch| {
        audit.file(&batch.file).read += batch.rows as i64;
        audit.set_aside(&batch)?;
        if names.last() != Some(&batch.file) {
            names.push(batch.file.clone());
        }
        let created = Table::Orders.index("created_at");
        for row in (0..batch.rows).filter(|row| !batch.bad.contains_key(row)) {
            if batch.int(created, row).is_some_and(|at| at >= until) {
                audit.file(&batch.file).outside += 1;
                continue;
            }
            let order = order(&batch, row, names.len() as u32 - 1, partitions.get(&batch.file).copied());
            let same = |place: &u32| orders[*place as usize].key() == order.key();
            match newest.entry(hash(order.key()), same, |place| hash(orders[*place as usize].key())) {
                Entry::Vacant(free) => {
                    free.insert(orders.len() as u32);
                    orders.push(order);
                }
                Entry::Occupied(known) => {
                    let known = &mut orders[*known.get() as usize];
                    // The newest version wins; of two alike, the one read last.
                    let older = if order.updated_at >= known.updated_at { std::mem::replace(known, order) } else { order };
                    audit.file(&names[older.file as usize]).duplicates += 1;
                }
            }
        }
        Ok(())
    })?;
    audit.check(plan.job.quality.max_bad_ratio)?;
    orders.shrink_to_fit();
    orders.sort_by(|a, b| (a.created_at, &a.shop_id, &a.order_id).cmp(&(b.created_at, &b.shop_id, &b.order_id)));
    let mut paid = orders.iter().enumerate().filter_map(|(place, order)| Some((order.paid_at?, place))).collect::<Vec<_>>();
    paid.sort_unstable();
    newest.clear();
    for place in 0..if plan.source(Table::Refunds).is_some() { orders.len() as u32 } else { 0 } {
        newest.insert_unique(hash(orders[place as usize].key()), place, |place| hash(orders[*place as usize].key()));
    }
    let mut kept = vec![0; names.len()];
    orders.iter().for_each(|order| kept[order.file as usize] += 1);
    Ok(Some(Orders { orders, paid, by_key: newest, reach, files: names, kept, audit }))
}

/// An order paid before it was created is a bad row.
fn refuse_paid_before(mut batch: Batch) -> Batch {
    let [created, paid] = ["created_at", "paid_at"].map(|name| Table::Orders.index(name));
    for row in 0..batch.rows {
        if batch.int(created, row).zip(batch.int(paid, row)).is_some_and(|(created, paid)| paid < created) {
            batch.refuse(row, "paid_at", "paid before it was created");
        }
    }
    batch
}

fn order(batch: &Batch, row: usize, file: u32, partition: Option<Day>) -> Order {
    let text = |name: &str| batch.string(Table::Orders.index(name), row).map(PlSmallStr::from_str);
    let number = |name: &str| batch.int(Table::Orders.index(name), row);
    Order {
        shop_id: text("shop_id").unwrap_or_default(),
        order_id: text("order_id").unwrap_or_default(),
        buyer_id: text("buyer_id").unwrap_or_default(),
        created_at: number("created_at").unwrap_or_default(),
        paid_at: number("paid_at"),
        cancelled_at: number("cancelled_at"),
        amount: number("amount").unwrap_or_default(),
        quantity: number("quantity").unwrap_or_default(),
        postage: number("postage").unwrap_or_default(),
        flag: text("flag"),
        updated_at: number("updated_at"),
        file,
        partition,
    }
}

fn hash((shop, order): (&str, &str)) -> u64 {
    xxh3_64_with_seed(order.as_bytes(), xxh3_64(shop.as_bytes()))
}

impl Order {
    /// All that it says, without where it stands.
    pub fn as_said(&self) -> String {
        let Order { shop_id, order_id, buyer_id, created_at, paid_at, cancelled_at, amount, quantity, postage, flag, .. } = self;
        let ids = (shop_id.as_str(), order_id.as_str(), buyer_id.as_str());
        format!("{:?}", (ids.0, ids.1, ids.2, created_at, paid_at, cancelled_at, (amount, quantity, postage, flag.as_deref())))
    }

    fn key(&self) -> (&str, &str) {
        (&self.shop_id, &self.order_id)
    }
}

impl Orders {
    /// Every order, by creation.
    pub fn all(&self) -> &[Order] {
        &self.orders
    }

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

    /// The order of a shop with an id, as a business day sees it.
    pub fn find(&self, day: Day, shop: &str, order: &str) -> Option<&Order> {
        let place = self.by_key.find(hash((shop, order)), |place| self.orders[*place as usize].key() == (shop, order))?;
        Some(&self.orders[*place as usize]).filter(|order| self.sees(day, order))
    }

    fn sees(&self, day: Day, order: &Order) -> bool {
        order.partition.is_none_or(|partition| partition.0 >= day.0 - self.reach)
    }

    /// What became of the rows read, as a business day sees it: it uses the orders created in it, the others lie outside.
    pub fn audit(&self, plan: &Plan, day: Day) -> Result<Audit> {
        let bounds = plan.calendar.bounds(day)?;
        let mut audit =
            Audit { table: Table::Orders, files: self.audit.files.clone(), sizes: self.audit.sizes.clone(), quarantined: Vec::new() };
        for (file, kept) in self.files.iter().zip(&self.kept) {
            audit.file(file).outside += kept;
        }
        let start = self.orders.partition_point(|order| order.created_at < bounds.start);
        for order in self.orders[start..].iter().take_while(|order| order.created_at < bounds.end) {
            let tally = audit.file(&self.files[order.file as usize]);
            tally.used += 1;
            tally.outside -= 1;
        }
        Ok(audit)
    }

    /// What became of the rows read, by the run as a whole.
    pub fn read_whole(&self) -> Audit {
        let mut audit = self.audit.clone();
        for (file, kept) in self.files.iter().zip(&self.kept) {
            audit.file(file).used += kept;
        }
        audit
    }
}
