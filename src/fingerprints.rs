//! Fingerprints (指纹) of the input tables by business day. A day whose fingerprint differs from the one in the manifest has late data.
//! The hashes are stored in manifests: a change of what is hashed makes every published day stale.

use crate::config::{Plan, SourceConfig};
use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest;
use crate::ingest::{Exchange, Orders, Records, Reference};
use crate::model::InputTable;
use crate::store::StoredObject;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use kefu_kernel::calendar::Day;
use polars::prelude::{ChunkApply, IntoSeries, LazyFrame, UniqueKeepStrategy, by_name};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// The fingerprints of an input table.
pub(super) enum TableFingerprints {
    /// Partition date → sum of the hashes of its files' key, size and version tag.
    Files(BTreeMap<Day, u64>),
    /// Sum of the hashes of all files, if each can contain rows of any day.
    AllFiles(u64),
    /// Business day → sum of the hashes of its rows. For tables that are exported as a whole, where every export is a new file.
    Rows(BTreeMap<Day, u64>),
    /// The rates of exchange, for tables of which only the files are known.
    Rates(Exchange),
}

impl TableFingerprints {
    /// Lists the files of a table, or reads its rows if the files are not partitioned by day. `reference`: the first and last day whose
    /// partitions of reference tables hold. Errors: the input cannot be listed or read.
    pub(super) fn read(plan: &Plan, table: InputTable, source: &SourceConfig, reference: (Day, Day)) -> Result<TableFingerprints> {
        if table == InputTable::ExchangeRates {
            // Where rows are read, their amounts are converted already.
            let is_dated = |table| plan.source(table).is_some_and(SourceConfig::is_dated);
            return Ok(match is_dated(InputTable::Orders) || is_dated(InputTable::Refunds) {
                true => TableFingerprints::Rates(ingest::read_exchange(plan, reference.0, reference.1)?),
                false => TableFingerprints::Rows(BTreeMap::new()),
            });
        }
        if source.is_dated() {
            return Ok(TableFingerprints::Files(partition_sums(plan, table)?));
        }
        Ok(match table {
            InputTable::Messages => {
                let files = ingest::files_of(plan, table, source, Day(0), Day(0))?;
                TableFingerprints::AllFiles(files.iter().fold(0, |sum: u64, (_, file)| sum.wrapping_add(file_hash(file))))
            }
            InputTable::Orders => TableFingerprints::Rows(order_sums(plan, reference)?),
            InputTable::Blocklist | InputTable::Buyers => TableFingerprints::Rows(BTreeMap::new()),
            table => TableFingerprints::Rows(record_sums(plan, table, reference)?),
        })
    }

    /// The fingerprint of a range of days, both included, as 16 hex digits.
    pub(super) fn of(&self, days: (Day, Day)) -> String {
        let known = match self {
            TableFingerprints::AllFiles(sum) => return format!("{sum:016x}"),
            TableFingerprints::Rates(exchange) => return format!("{:016x}", xxh3_64(exchange.in_effect(days).as_bytes())),
            TableFingerprints::Files(sums) | TableFingerprints::Rows(sums) => sums,
        };
        let wanted = (days.0 <= days.1).then(|| known.range(days.0..=days.1)).into_iter().flatten();
        format!("{:016x}", xxh3_64(format!("{:?}", wanted.collect::<Vec<_>>()).as_bytes()))
    }

    /// The days that have files or rows, in order. Empty if each file can contain rows of any day.
    pub(super) fn days(&self) -> impl Iterator<Item = Day> + '_ {
        let sums = match self {
            TableFingerprints::AllFiles(_) | TableFingerprints::Rates(_) => None,
            TableFingerprints::Files(sums) | TableFingerprints::Rows(sums) => Some(sums),
        };
        sums.into_iter().flat_map(|sums| sums.keys().copied())
    }

    /// The fingerprint of a range of days, both included, if some partitions that are gone were there too. The range is not empty.
    pub(super) fn with(&self, days: (Day, Day), gone: &BTreeMap<Day, u64>) -> String {
        let TableFingerprints::Files(sums) = self else { return self.of(days) };
        let there = sums.range(days.0..=days.1).chain(gone).map(|(day, sum)| (*day, *sum)).collect();
        TableFingerprints::Files(there).of(days)
    }

    /// The partitions that have files, each with its hash. `None` if the files are not partitioned by day, or if only rows are known.
    pub(super) fn partitions(&self) -> Option<&BTreeMap<Day, u64>> {
        match self {
            TableFingerprints::Files(sums) => Some(sums),
            _ => None,
        }
    }

    /// Whether any of some partitions has files. `None` if the files are not partitioned by day.
    pub(super) fn has_files(&self, mut days: impl Iterator<Item = Day>) -> Option<bool> {
        match self {
            TableFingerprints::Files(sums) => Some(days.any(|day| sums.contains_key(&day))),
            _ => None,
        }
    }
}

/// Hashes the files of each partition of a table whose path has a date. Errors: the input cannot be listed.
pub(super) fn partition_sums(plan: &Plan, table: InputTable) -> Result<BTreeMap<Day, u64>> {
    let mut sums = BTreeMap::new();
    for (day, file) in ingest::partition_files(plan, table)? {
        add(&mut sums, day, file_hash(&file));
    }
    Ok(sums)
}

/// Hashes what identifies the content of a file.
fn file_hash(file: &StoredObject) -> u64 {
    xxh3_64(format!("{:?}", (&file.key, file.size(), file.version().tag())).as_bytes())
}

/// Adds a hash to a day. Sums do not depend on the order of rows and files.
fn add(sums: &mut BTreeMap<Day, u64>, day: Day, hash: u64) {
    let sum = sums.entry(day).or_default();
    *sum = sum.wrapping_add(hash);
}

/// Hashes orders by the business days of their creation and payment.
fn order_sums(plan: &Plan, (first, last): (Day, Day)) -> Result<BTreeMap<Day, u64>> {
    let mut sums = BTreeMap::new();
    let Some(orders) = ingest::read_orders(plan, first, last, i64::MAX, None)? else { return Ok(sums) };
    let orders = collect(orders.all())?;
    let text = |name: &str| orders.column(name).and_then(|column| column.str());
    let number = |name: &str| orders.column(name).and_then(|column| column.i64());
    let [shops, ids, buyers, flags] = [text("shop_id")?, text("order_id")?, text("buyer_id")?, text("flag")?];
    let [created, paid, cancelled] = [number("created_at")?, number("paid_at")?, number("cancelled_at")?];
    let [amounts, quantities, postages] = [number("amount")?, number("quantity")?, number("postage")?];
    for row in 0..orders.height() {
        let [shop, id, buyer] = [shops, ids, buyers].map(|column| column.get(row).unwrap_or_default());
        let [created, amount, quantity, postage] =
            [created, amounts, quantities, postages].map(|column| column.get(row).unwrap_or_default());
        let (paid, cancelled, quantity) = (paid.get(row), cancelled.get(row), hashed_quantity(quantity));
        let order = (shop, id, buyer, created, paid, cancelled, (amount, quantity, postage, flags.get(row)));
        let hash = xxh3_64(format!("{order:?}").as_bytes());
        for at in [Some(created), paid].into_iter().flatten() {
            add(&mut sums, plan.calendar.day_of(at)?, hash);
        }
    }
    Ok(sums)
}

/// A quantity as fingerprints have always hashed it: whole items as their number. Other quantities are told apart by their sign.
fn hashed_quantity(thousandths: i64) -> i64 {
    if thousandths % 1000 == 0 { thousandths / 1000 } else { -thousandths }
}

/// Hashes the rows of another table by the business day of their first time or date, and refunds also by that on which they were finished.
fn record_sums(plan: &Plan, table: InputTable, reference: (Day, Day)) -> Result<BTreeMap<Day, u64>> {
    let mut sums = BTreeMap::new();
    let records = match table {
        InputTable::Refunds => refunds(plan, reference)?,
        table => ingest::read_table(plan, table, Day(0), Day(0))?,
    };
    let Some(rows) = records.of(table) else { return Ok(sums) };
    if table == InputTable::Visits {
        return visit_sums(rows);
    }
    let mut rows = collect(rows)?;
    if let Ok(quantities) = rows.column("quantity") {
        let hashed = quantities.i64()?.apply_values(hashed_quantity);
        rows.with_column(hashed.into_series().into())?;
    }
    let rows = to_arrow(&rows)?;
    for (row, hash) in row_hashes(&rows)?.into_iter().enumerate() {
        let day = day_of(plan, table, &rows, row)?;
        add(&mut sums, day, hash);
        if let Some(finished) = finished_on(plan, table, &rows, row)?.filter(|finished| *finished != day) {
            add(&mut sums, finished, hash);
        }
    }
    Ok(sums)
}

/// All refunds, at the rates that a run gives them. Where only the files of the orders are known, the rates have a fingerprint of their own.
fn refunds(plan: &Plan, (first, last): (Day, Day)) -> Result<Records> {
    let is_whole = plan.source(InputTable::Orders).is_some_and(|source| !source.is_dated());
    let needs_orders = plan.source(InputTable::ExchangeRates).is_some() && is_whole;
    let orders = if needs_orders { ingest::read_orders(plan, first, last, i64::MAX, None)? } else { None };
    ingest::read_refunds(plan, (first, last), orders.as_ref().and_then(Orders::origins))
}

/// The business day on which a refund was finished; `None` if it was not, and for rows of other tables.
fn finished_on(plan: &Plan, table: InputTable, rows: &RecordBatch, row: usize) -> Result<Option<Day>> {
    let finished = rows.column_by_name("finished_at").filter(|finished| table == InputTable::Refunds && finished.is_valid(row));
    let at = finished.map(|finished| finished.as_primitive::<Int64Type>().value(row));
    Ok(at.map(|at| plan.calendar.day_of(at)).transpose()?)
}

/// Hashes the visitors of each shop by day. If a shop and day has several rows, the last one counts.
fn visit_sums(rows: LazyFrame) -> Result<BTreeMap<Day, u64>> {
    let mut sums = BTreeMap::new();
    let rows = collect(rows.unique_stable(Some(by_name(["shop_id", "date"], true, false)), UniqueKeepStrategy::Last))?;
    let (shops, days, visitors) = (rows.column("shop_id")?.str()?, rows.column("date")?.i32()?, rows.column("visitors")?.i64()?);
    for ((shop, day), visitors) in shops.iter().zip(days.iter()).zip(visitors.iter()) {
        let hash = xxh3_64(format!("{:?}{}", shop.unwrap_or_default(), visitors.unwrap_or_default()).as_bytes());
        add(&mut sums, Day(day.unwrap_or_default()), hash);
    }
    Ok(sums)
}

/// The business day of a row: that of its first time or date, or day 0 if the table has none or the cell is null.
fn day_of(plan: &Plan, table: InputTable, rows: &RecordBatch, row: usize) -> Result<Day> {
    let column = table.columns().iter().find_map(|column| match column.name {
        "applied_at" | "sent_at" | "opened_at" | "at" | "date" => rows.column_by_name(column.name),
        _ => None,
    });
    match column.filter(|column| column.is_valid(row)) {
        Some(days) if *days.data_type() == DataType::Int32 => Ok(Day(days.as_primitive::<Int32Type>().value(row))),
        Some(times) if *times.data_type() == DataType::Int64 => Ok(plan.calendar.day_of(times.as_primitive::<Int64Type>().value(row))?),
        _ => Ok(Day(0)),
    }
}

/// Hashes each row of a batch over all its columns.
fn row_hashes(rows: &RecordBatch) -> Result<Vec<u64>> {
    let fields = rows.columns().iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converted = RowConverter::new(fields)?.convert_columns(rows.columns())?;
    Ok(converted.iter().map(|row| xxh3_64(row.as_ref())).collect())
}

/// The fingerprint of everything for which a day is recomputed only if it is requested: reference tables and settings. Rows of `staff` with
/// dates are left out, because each concerns its days alone, and so are periods and levels, which are made of the states of days as they are.
pub(super) fn reference_fingerprint(plan: &Plan, reference: &Reference, records: &Records) -> Result<String> {
    let mut text = format!("{:?}", (&reference.shops, &reference.staff.undated(), &plan.judgement, &plan.config.reports.currency));
    for table in [InputTable::Standards, InputTable::Targets, InputTable::Trainings] {
        if let Some(rows) = records.of(table) {
            text += &format!("{:?}", row_hashes(&to_arrow(&collect(rows)?)?)?);
        }
    }
    Ok(format!("{:016x}", xxh3_64(text.as_bytes())))
}
