//! Reads orders into one frame: one row per order, its newest version.

use super::batch::CanonicalBatch;
use super::dedup::last_versions;
use super::files::{files_of, require_files};
use super::quarantine::Audit;
use super::read::read;
use super::records::read_persons;
use super::table_frame::{FILE, counts_by_file, empty_frame, selected_rows, with_file};
use crate::config::{Plan, RowOrder, RowUnit};
use crate::error::Result;
use crate::frames::collect;
use crate::model::InputTable;
use crate::parallel;
use arrow::array::BooleanArray;
use kefu_kernel::calendar::Day;
use polars::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

/// The least number of days that orders are looked back for: an order is rarely paid more than a month after its first partition.
const MIN_LOOKBACK: i32 = 31;

/// The column (i32) with the partition of an order's file, in days since 1970; null without `{date}` in the path.
const PARTITION: &str = "partition";

/// The orders of a run and the audit of their files.
pub struct Orders {
    /// One row per order. Columns: those of the table (`postage` is 0 where the source has none), `file` and `partition`. Sorted by
    /// `created_at`, `shop_id`, `order_id`.
    rows: DataFrame,
    /// The rows that count: those of `rows`, or with `rows = "item"` one per item. Columns: at least `file` and `created_at`, that of the
    /// order, by which they are sorted.
    counted: DataFrame,
    /// Days before a business day whose partitions the day sees. The same for every day, so that a day's numbers do not depend on the
    /// range of the run.
    lookback: i32,
    /// File keys by the number in the column `file`.
    files: Vec<String>,
    /// The audit of all rows read, without the rows that are kept: those are counted for the day that uses them.
    pub audit: Audit,
}

/// Reads the orders that business days `first..=landed` may use (DECISIONS #16). `required` is the range of days whose partitions must exist;
/// a table without `{date}` must have a file in any case. Orders created at or after `until` (UTC ms) are skipped, because no day uses them.
/// Returns `None` if the pipeline has no orders. Errors: a file is missing or damaged, or too many rows are bad; a row with an order paid
/// before it was created is bad.
pub fn read_orders(plan: &Plan, first: Day, landed: Day, until: i64, required: Option<(Day, Day)>) -> Result<Option<Orders>> {
    let Some(source) = plan.source(InputTable::Orders) else { return Ok(None) };
    let lookback = MIN_LOOKBACK.max(plan.rules.widest.after_sale_days as i32 + 1);
    let dated = files_of(plan, InputTable::Orders, source, first.plus(-lookback), landed)?;
    if required.is_some() || !source.is_dated() {
        let (from, to) = required.unwrap_or((first, first));
        require_files(plan, InputTable::Orders, source, &dated, from, to.min(landed))?;
    }
    let partitions = dated.iter().map(|(day, file)| (file.key.clone(), day.map(|day| day.0))).collect::<HashMap<_, _>>();
    let files = dated.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut audit = Audit::new(InputTable::Orders);
    audit.record_sizes(&files);
    let mut names: Vec<String> = Vec::new();
    let mut versions = with_origin(empty_frame(InputTable::Orders)?, 0, None)?;
    let refuse = |batch| refuse_unusable(batch, source.rows);
    read(plan, InputTable::Orders, &files, parallel::workers(), refuse, |batch| {
        if names.last() != Some(&batch.file) {
            names.push(batch.file.clone());
        }
        audit.quarantine(&batch)?;
        let tally = audit.file(&batch.file);
        tally.read += batch.rows as i64;
        let created = InputTable::Orders.index("created_at");
        let is_in_time = |row: usize| batch.int(created, row).is_none_or(|at| at < until);
        let kept = (0..batch.rows).map(|row| Some(!batch.faults.contains_key(&row) && is_in_time(row))).collect::<BooleanArray>();
        tally.outside += (batch.rows - batch.faults.len() - kept.true_count()) as i64;
        let partition = partitions.get(&batch.file).copied().flatten();
        versions.vstack_mut_owned(with_origin(selected_rows(InputTable::Orders, &batch, &kept)?, names.len() as u32 - 1, partition)?)?;
        Ok(())
    })?;
    audit.check(plan.config.quality.max_bad_ratio)?;
    versions = read_persons(plan)?.replace_accounts(versions)?;
    let read = counts_by_file(&versions, names.len())?;
    if source.order == RowOrder::NewestFirst {
        versions = versions.reverse();
    }
    let newest = match source.rows {
        RowUnit::Order => {
            let rows = newest_versions(versions.clone())?;
            if rows.height() < versions.height() {
                audit.warnings.extend(unlike_amounts(versions)?);
            }
            NewestOrders { counted: rows.clone(), rows, differing: None }
        }
        RowUnit::Item => newest_items(versions, &source.whole)?,
    };
    audit.warnings.extend(newest.differing);
    let (rows, counted) = (newest.rows, newest.counted);
    let kept = counts_by_file(&counted, names.len())?;
    for (file, (read, kept)) in names.iter().zip(read.into_iter().zip(kept)) {
        audit.file(file).duplicates += read - kept;
    }
    Ok(Some(Orders { rows, counted, lookback, files: names, audit }))
}

/// Marks orders that were paid before they were created as bad rows, and item rows that name no item.
fn refuse_unusable(mut batch: CanonicalBatch, unit: RowUnit) -> CanonicalBatch {
    let [created, paid, item] = ["created_at", "paid_at", "item_id"].map(|name| InputTable::Orders.index(name));
    for row in 0..batch.rows {
        if unit == RowUnit::Item && batch.string(item, row).is_none() {
            batch.add_fault(row, "item_id", "missing");
        }
        if batch.int(created, row).zip(batch.int(paid, row)).is_some_and(|(created, paid)| paid < created) {
            batch.add_fault(row, "paid_at", "paid before it was created");
        }
    }
    batch
}

/// Adds the columns `file` and `partition`, with one value for all rows.
fn with_origin(rows: DataFrame, file: u32, partition: Option<i32>) -> Result<DataFrame> {
    let partition = partition.map_or_else(|| Scalar::null(DataType::Int32), Scalar::from);
    let partition = Column::new_scalar(PARTITION.into(), partition, rows.height());
    Ok(with_file(rows, file)?.hstack(&[partition])?)
}

/// Keeps the newest version of each order: the one with the latest `updated_at`, and of two with the same, the one read last.
fn newest_versions(versions: DataFrame) -> Result<DataFrame> {
    let newest = last_versions(oldest_first(versions), &["order_id"]);
    by_creation(newest)
}

/// All versions, the newest last: by `updated_at`, and of two with the same, by the order in which they were read.
fn oldest_first(versions: DataFrame) -> LazyFrame {
    versions.lazy().sort(["updated_at"], SortMultipleOptions::default().with_maintain_order(true))
}

/// Orders sorted by creation. An order that is cancelled by word counts as cancelled; when, no metric asks.
fn by_creation(orders: LazyFrame) -> Result<DataFrame> {
    let sorted = orders
        .with_columns([
            col("postage").fill_null(lit(0i64)),
            when(is_cancelled()).then(cancelled_at()).otherwise(lit(NULL)).alias("cancelled_at"),
        ])
        .sort(["created_at", "shop_id", "order_id"], SortMultipleOptions::default());
    let mut sorted = collect(sorted)?;
    sorted.rechunk_mut();
    Ok(sorted)
}

fn is_cancelled() -> Expr {
    col("cancelled_at").is_not_null().or(col("status").eq(lit("cancelled")).fill_null(lit(false)))
}

fn cancelled_at() -> Expr {
    coalesce(&[col("cancelled_at"), col("created_at")])
}

/// Orders made of their versions.
struct NewestOrders {
    rows: DataFrame,
    counted: DataFrame,
    /// The warning that item rows of one order say different things of the whole order.
    differing: Option<String>,
}

/// Makes orders of item rows (DECISIONS #54): of each item the newest version counts; amount, quantity and postage of the items that are not
/// cancelled by themselves are added up, unless every row repeats them (`whole`); all else comes from the newest row.
fn newest_items(versions: DataFrame, whole: &[String]) -> Result<NewestOrders> {
    const ORDER: [&str; 2] = ["shop_id", "order_id"];
    let order = || ORDER.map(col);
    let items = last_versions(oldest_first(versions), &["order_id", "item_id"]);
    let live = is_cancelled().not();
    let counts = live.clone().or(live.any(true).over(order())?.not());
    let items = collect(items.with_column(counts.alias("counts")))?;
    let added = |name: &str| ["amount", "quantity", "postage"].contains(&name) && whole.iter().all(|column| column != name);
    let columns =
        items.columns().iter().map(|column| column.name().clone()).filter(|name| !ORDER.contains(&name.as_str()) && name != "counts");
    let merged = columns.map(|name| if added(&name) { col(name.clone()).sum() } else { col(name.clone()).last() });
    let counting = items.clone().lazy().filter(col("counts"));
    let orders = counting.clone().group_by_stable(order()).agg(merged.collect::<Vec<_>>());
    let rows = by_creation(
        orders.select(items.columns().iter().filter(|c| c.name() != "counts").map(|c| col(c.name().clone())).collect::<Vec<_>>()),
    )?;
    let created = rows.clone().lazy().select([col("shop_id"), col("order_id"), col("created_at").alias("created")]);
    let counted = items.lazy().join(created, order(), order(), JoinArgs::new(JoinType::Inner));
    let counted =
        collect(counted.select([col(FILE), col("created").alias("created_at")]).sort(["created_at"], SortMultipleOptions::default()))?;
    Ok(NewestOrders { rows, counted, differing: differing_whole(counting, whole)? })
}

/// The warning that the item rows of an order differ in a column that each of them repeats.
fn differing_whole(items: LazyFrame, whole: &[String]) -> Result<Option<String>> {
    for column in whole {
        let differs = col(column.as_str()).n_unique().gt(lit(1)).alias("differs");
        let orders = items.clone().group_by(["shop_id", "order_id"].map(col)).agg([differs]).filter(col("differs"));
        let count = collect(orders)?.height();
        if count > 0 {
            return Ok(Some(format!(
                "{count} orders have item rows with unlike {column}, which `whole` says is one; the newest row counts"
            )));
        }
    }
    Ok(None)
}

/// The warning that several rows of an order have unlike amounts and nothing tells which is newer: they may be its items.
fn unlike_amounts(versions: DataFrame) -> Result<Option<String>> {
    // Rows that were updated at one instant, or of which nothing says when, are not ordered.
    let rows = versions.lazy().group_by(["shop_id", "order_id", "updated_at"].map(col)).agg([col("amount").n_unique().alias("amounts")]);
    let unlike = rows.filter(col("amounts").gt(lit(1))).select(["shop_id", "order_id"].map(col));
    let orders = collect(unlike.unique(None, UniqueKeepStrategy::Any))?.height();
    Ok((orders > 0).then(|| {
        format!(
            "{orders} orders have several rows with unlike amounts, and no updated_at tells which is newer: if a row is an item, set \
             rows = \"item\" under [orders] and map item_id; if it is a version, map updated_at"
        )
    }))
}

/// The rows created in an interval: a slice, because they are sorted by creation.
fn created_within(rows: &DataFrame, interval: &Range<i64>) -> Result<DataFrame> {
    let created = rows.column("created_at")?.i64()?.rechunk();
    let created = created.cont_slice()?;
    let first_from = |instant: i64| created.partition_point(|at| *at < instant);
    let (start, end) = (first_from(interval.start), first_from(interval.end));
    Ok(rows.slice(start as i64, end - start))
}

impl Orders {
    /// All orders. Columns: those of the table, `file` and `partition`. Sorted by creation.
    pub fn all(&self) -> LazyFrame {
        self.rows.clone().lazy()
    }

    /// The orders created in an interval (UTC ms) that a business day sees. Columns: as `all`. Errors: `created_at` is missing, a bug.
    pub fn created_in(&self, day: Day, interval: Range<i64>) -> Result<LazyFrame> {
        Ok(self.visible_on(day, created_within(&self.rows, &interval)?.lazy()))
    }

    /// The orders paid in an interval (UTC ms) that a business day sees. Columns: as `all`.
    pub fn paid_in(&self, day: Day, interval: Range<i64>) -> LazyFrame {
        let paid = col("paid_at");
        self.visible_on(day, self.all()).filter(paid.clone().gt_eq(lit(interval.start)).and(paid.lt(lit(interval.end))))
    }

    /// The orders with one of the given keys (columns `shop_id`, `order_id`) that a business day sees. Columns: as `all`.
    pub fn with_keys(&self, day: Day, keys: LazyFrame) -> LazyFrame {
        let on = [col("shop_id"), col("order_id")];
        self.visible_on(day, self.all()).join(keys, on.clone(), on, JoinArgs::new(JoinType::Semi))
    }

    /// The orders from partitions within the day's lookback, and all orders without a partition.
    fn visible_on(&self, day: Day, orders: LazyFrame) -> LazyFrame {
        orders.filter(col(PARTITION).is_null().or(col(PARTITION).gt_eq(lit(day.0 - self.lookback))))
    }

    /// The audit of a business day: the orders created on the day count as used, all others as outside. It holds no quarantined rows, which
    /// belong to the run.
    pub fn audit(&self, plan: &Plan, day: Day) -> Result<Audit> {
        let used = counts_by_file(&created_within(&self.counted, &plan.calendar.bounds(day)?)?, self.files.len())?;
        let mut audit = Audit { quarantined: Vec::new(), ..self.audit.clone() };
        for (file, (kept, used)) in self.files.iter().zip(counts_by_file(&self.counted, self.files.len())?.into_iter().zip(used)) {
            let tally = audit.file(file);
            tally.used += used;
            tally.outside += kept - used;
        }
        Ok(audit)
    }

    /// The audit of the whole run: every order that was kept counts as used.
    pub fn run_audit(&self) -> Result<Audit> {
        let mut audit = self.audit.clone();
        for (file, kept) in self.files.iter().zip(counts_by_file(&self.counted, self.files.len())?) {
            audit.file(file).used += kept;
        }
        Ok(audit)
    }
}
