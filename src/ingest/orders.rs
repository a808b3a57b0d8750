//! Reads orders into one frame: one row per order, its newest version.

use super::batch::CanonicalBatch;
use super::dedup::last_versions;
use super::files::{files_of, require_files};
use super::quarantine::Audit;
use super::read::read;
use super::table_frame::{counts_by_file, empty_frame, selected_rows, with_file};
use crate::config::Plan;
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
    /// Days before a business day whose partitions the day sees. The same for every day, so that a day's numbers do not depend on the
    /// range of the run.
    lookback: i32,
    /// File keys by the number in the column `file`.
    files: Vec<String>,
    /// The audit of all rows read, without the rows that are kept: those are counted for the day that uses them.
    audit: Audit,
}

/// Reads the orders that business days `first..=landed` may use (DECISIONS #16). `required` is the range of days whose partitions must exist;
/// a table without `{date}` must have a file in any case. Orders created at or after `until` (UTC ms) are skipped, because no day uses them.
/// Returns `None` if the pipeline has no orders. Errors: a file is missing or damaged, or too many rows are bad; a row with an order paid
/// before it was created is bad.
pub fn read_orders(plan: &Plan, first: Day, landed: Day, until: i64, required: Option<(Day, Day)>) -> Result<Option<Orders>> {
    let Some(source) = plan.source(InputTable::Orders) else { return Ok(None) };
    let lookback = MIN_LOOKBACK.max(plan.rules.widest.after_sale_days as i32 + 1);
    let dated = files_of(plan, source, first.plus(-lookback), landed)?;
    if required.is_some() || !source.path.contains("{date}") {
        let (from, to) = required.unwrap_or((first, first));
        require_files(plan, InputTable::Orders, source, &dated, from, to.min(landed))?;
    }
    let partitions = dated.iter().map(|(day, file)| (file.key.clone(), day.map(|day| day.0))).collect::<HashMap<_, _>>();
    let files = dated.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut audit = Audit::new(InputTable::Orders);
    audit.record_sizes(&files);
    let mut names: Vec<String> = Vec::new();
    let mut versions = with_origin(empty_frame(InputTable::Orders)?, 0, None)?;
    read(plan, InputTable::Orders, &files, parallel::workers(), refuse_paid_before, |batch| {
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
    let read = counts_by_file(&versions, names.len())?;
    let rows = newest_versions(versions)?;
    let kept = counts_by_file(&rows, names.len())?;
    for (file, (read, kept)) in names.iter().zip(read.into_iter().zip(kept)) {
        audit.file(file).duplicates += read - kept;
    }
    Ok(Some(Orders { rows, lookback, files: names, audit }))
}

/// Marks orders that were paid before they were created as bad rows.
fn refuse_paid_before(mut batch: CanonicalBatch) -> CanonicalBatch {
    let [created, paid] = ["created_at", "paid_at"].map(|name| InputTable::Orders.index(name));
    for row in 0..batch.rows {
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
    let oldest_first = SortMultipleOptions::default().with_maintain_order(true);
    let newest = last_versions(versions.lazy().sort(["updated_at"], oldest_first), "order_id")
        .with_column(col("postage").fill_null(lit(0i64)))
        .sort(["created_at", "shop_id", "order_id"], SortMultipleOptions::default());
    let mut newest = collect(newest)?;
    newest.rechunk_mut();
    Ok(newest)
}

impl Orders {
    /// All orders. Columns: those of the table, `file` and `partition`. Sorted by creation.
    pub fn all(&self) -> LazyFrame {
        self.rows.clone().lazy()
    }

    /// The orders created in an interval (UTC ms) that a business day sees. Columns: as `all`. Errors: `created_at` is missing, a bug.
    pub fn created_in(&self, day: Day, interval: Range<i64>) -> Result<LazyFrame> {
        Ok(self.visible_on(day, self.created_within(&interval)?.lazy()))
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

    /// The orders created in an interval: a slice, because the rows are sorted by creation.
    fn created_within(&self, interval: &Range<i64>) -> Result<DataFrame> {
        let created = self.rows.column("created_at")?.i64()?.cont_slice()?;
        let first_from = |instant: i64| created.partition_point(|at| *at < instant);
        let (start, end) = (first_from(interval.start), first_from(interval.end));
        Ok(self.rows.slice(start as i64, end - start))
    }

    /// The audit of a business day: the orders created on the day count as used, all others as outside. It holds no quarantined rows, which
    /// belong to the run.
    pub fn audit(&self, plan: &Plan, day: Day) -> Result<Audit> {
        let used = counts_by_file(&self.created_within(&plan.calendar.bounds(day)?)?, self.files.len())?;
        let mut audit = Audit { quarantined: Vec::new(), ..self.audit.clone() };
        for (file, (kept, used)) in self.files.iter().zip(counts_by_file(&self.rows, self.files.len())?.into_iter().zip(used)) {
            let tally = audit.file(file);
            tally.used += used;
            tally.outside += kept - used;
        }
        Ok(audit)
    }

    /// The audit of the whole run: every order that was kept counts as used.
    pub fn run_audit(&self) -> Result<Audit> {
        let mut audit = self.audit.clone();
        for (file, kept) in self.files.iter().zip(counts_by_file(&self.rows, self.files.len())?) {
            audit.file(file).used += kept;
        }
        Ok(audit)
    }
}
