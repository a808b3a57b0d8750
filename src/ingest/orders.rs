//! Reads orders into one frame: one row per order, its newest version, in the currency of the reports.

use super::batch::CanonicalBatch;
use super::before_refunds::before_refunds;
use super::currencies::Currencies;
use super::exchange::{Exchange, ExchangedBatch};
use super::files::{files_of, require_files};
use super::order_origins::OrderOrigins;
use super::order_versions::newest_orders;
use super::quarantine::Audit;
use super::read::read;
use super::records::{read_exchange, read_persons};
use super::table_frame::{PARTITION, counts_by_file, empty_frame, selected_rows, with_file};
use crate::config::{AmountMeaning, Plan, RowOrder, RowUnit, SourceConfig};
use crate::error::Result;
use crate::model::InputTable;
use crate::parallel;
use crate::store::StoredObject;
use arrow::array::BooleanArray;
use kefu_kernel::calendar::Day;
use polars::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

/// The least number of days that orders are looked back for: an order is rarely paid more than a month after its first partition.
const MIN_LOOKBACK: i32 = 31;

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
    /// What the currencies of refunds need, if the pipeline has refunds and any amount may be in another currency than the reports.
    origins: Option<OrderOrigins>,
    /// The audit of all rows read, without the rows that are kept: those are counted for the day that uses them.
    pub audit: Audit,
}

/// Reads the orders that business days `first..=landed` may use (DECISIONS #16). `required` is the range of days whose partitions must exist;
/// a table without `{date}` must have a file in any case. Orders created at or after `until` (UTC ms) are skipped, because no day uses them.
/// Returns `None` if the pipeline has no orders. Errors: a file is missing or damaged, or too many rows are bad; a row with an order paid
/// before it was created is bad. Amounts are in another currency than the reports and there are no rates; nothing says when an amount was
/// written that is one after refunds.
pub fn read_orders(plan: &Plan, first: Day, landed: Day, until: i64, required: Option<(Day, Day)>) -> Result<Option<Orders>> {
    let Some(source) = plan.source(InputTable::Orders) else { return Ok(None) };
    let lookback = MIN_LOOKBACK.max(plan.rules.widest.after_sale_days as i32 + 1);
    let dated = files_of(plan, InputTable::Orders, source, first.plus(-lookback), landed)?;
    if required.is_some() || !source.is_dated() {
        let (from, to) = required.unwrap_or((first, first));
        require_files(plan, InputTable::Orders, source, &dated, from, to.min(landed))?;
    }
    let exchange = read_exchange(plan, first, landed)?;
    let OrderRows { versions, files, mut audit } = read_rows(plan, source, dated, until, &exchange)?;
    let read = counts_by_file(&versions, files.len())?;
    let newest = newest_orders(versions, source, &plan.rules.widest.excluded_skus)?;
    audit.warnings.extend(newest.warnings);
    let (kept, ignored) = (counts_by_file(&newest.counted, files.len())?, counts_by_file(&newest.left_out, files.len())?);
    for (file, ((read, kept), ignored)) in files.iter().zip(read.into_iter().zip(kept).zip(ignored)) {
        let tally = audit.file(file);
        tally.duplicates += read - kept - ignored;
        tally.ignored += ignored;
    }
    let rows = match source.amount_is {
        AmountMeaning::BeforeRefunds => newest.rows,
        AmountMeaning::AfterRefunds => before_refunds(plan, source, newest.rows, landed, &exchange)?,
    };
    let needs_origins = exchange.converts() && plan.source(InputTable::Refunds).is_some();
    let origins = needs_origins.then(|| exchange.origins(&rows, lookback)).transpose()?;
    Ok(Some(Orders { rows, counted: newest.counted, lookback, files, origins, audit }))
}

/// The rows of the order files.
struct OrderRows {
    /// The good rows that are in time, in input order. Columns: those of the table, `file` and `partition`.
    versions: DataFrame,
    /// File keys by the number in the column `file`.
    files: Vec<String>,
    /// The audit of all rows, in which those of `versions` have no outcome yet.
    audit: Audit,
}

/// Reads some files of orders, each with the date of its partition. Errors: those of `read_orders`.
fn read_rows(
    plan: &Plan,
    source: &SourceConfig,
    dated: Vec<(Option<Day>, StoredObject)>,
    until: i64,
    exchange: &Exchange,
) -> Result<OrderRows> {
    let partitions = dated.iter().map(|(day, file)| (file.key.clone(), day.map(|day| day.0))).collect::<HashMap<_, _>>();
    let objects = dated.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let (mut audit, mut currencies) = (Audit::new(InputTable::Orders), Currencies::default());
    audit.record_sizes(&objects);
    let mut files: Vec<String> = Vec::new();
    let mut versions = with_origin(empty_frame(InputTable::Orders)?, 0, None)?;
    let created = InputTable::Orders.index("created_at");
    let prepare = |batch| exchange.orders(refuse_unusable(batch, source.rows));
    read(plan, InputTable::Orders, &objects, parallel::workers(), prepare, |read: ExchangedBatch| {
        let batch = read.batch;
        currencies.add(read.currencies);
        if files.last() != Some(&batch.file) {
            files.push(batch.file.clone());
        }
        audit.quarantine(&batch)?;
        let tally = audit.file(&batch.file);
        tally.read += batch.rows as i64;
        let is_in_time = |row: usize| batch.int(created, row).is_none_or(|at| at < until);
        let kept = (0..batch.rows).map(|row| Some(!batch.faults.contains_key(&row) && is_in_time(row))).collect::<BooleanArray>();
        tally.outside += (batch.rows - batch.faults.len() - kept.true_count()) as i64;
        let partition = partitions.get(&batch.file).copied().flatten();
        versions.vstack_mut_owned(with_origin(selected_rows(InputTable::Orders, &batch, &kept)?, files.len() as u32 - 1, partition)?)?;
        Ok(())
    })?;
    audit.check(plan.config.quality.max_bad_ratio)?;
    exchange.check(InputTable::Orders, &currencies)?;
    versions = read_persons(plan)?.replace_accounts(versions)?;
    if source.order == RowOrder::NewestFirst {
        versions = versions.reverse();
    }
    Ok(OrderRows { versions, files, audit })
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

/// The rows created in an interval: a slice, because they are sorted by creation.
fn created_within(rows: &DataFrame, interval: &Range<i64>) -> Result<DataFrame> {
    let created = rows.column("created_at")?.i64()?.rechunk();
    let created = created.cont_slice()?;
    let first_from = |instant: i64| created.partition_point(|at| *at < instant);
    let (start, end) = (first_from(interval.start), first_from(interval.end));
    Ok(rows.slice(start as i64, end - start))
}

impl Orders {
    /// What the rates of refunds need of the orders; `None` if there are no rates or no refunds.
    pub fn origins(&self) -> Option<&OrderOrigins> {
        self.origins.as_ref()
    }

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
