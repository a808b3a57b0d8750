//! Reads every input table other than messages and orders into one frame each.

use super::batch::CanonicalBatch;
use super::currencies::Currencies;
use super::dedup::last_versions;
use super::exchange::{Exchange, ExchangedBatch};
use super::excluded_skus::parted_by_sku;
use super::files::{files_of, partition_files, require_files};
use super::holidays::refuse_unreadable_hours;
use super::order_origins::OrderOrigins;
use super::persons::Persons;
use super::quarantine::Audit;
use super::read::read;
use super::table_frame::{FILE, counts_by_file, empty_frame, good_rows, with_file};
use crate::config::{Plan, RowOrder, SourceConfig};
use crate::error::Result;
use crate::frames::collect;
use crate::model::InputTable;
use crate::parallel;
use kefu_kernel::calendar::Day;
use polars::prelude::{BooleanChunked, DataFrame, IntoLazy, LazyFrame};
use std::collections::BTreeMap;

/// Days before a business day whose partitions are read too, because they may hold rows that matter on that day: the opening of a ticket,
/// the last status before the day (DECISIONS #30).
pub const LOOKBACK_DAYS: i32 = 31;

/// Days of a century.
const CENTURY: i32 = 36_525;

/// The tables that this module reads.
const TABLES: [InputTable; 15] = [
    InputTable::Shops,
    InputTable::Staff,
    InputTable::Blocklist,
    InputTable::Visits,
    InputTable::Refunds,
    InputTable::Evaluations,
    InputTable::Tickets,
    InputTable::AgentStatus,
    InputTable::Videos,
    InputTable::Standards,
    InputTable::Targets,
    InputTable::Trainings,
    InputTable::Holidays,
    InputTable::ExchangeRates,
    InputTable::Buyers,
];

/// The good rows of the record tables, and the audits of their files.
#[derive(Default)]
pub struct Records {
    tables: BTreeMap<InputTable, DataFrame>,
    /// One audit per table that the pipeline has.
    pub audits: Vec<Audit>,
}

impl Records {
    /// The good rows of a table in input order; `None` if the pipeline does not have the table. Columns: those of the table. Ids, words and
    /// text are strings, counts, times (UTC ms) and money (fen) i64, dates days since 1970 (i32), numbers f64, truth values booleans.
    pub fn of(&self, table: InputTable) -> Option<LazyFrame> {
        self.tables.get(&table).map(|rows| rows.clone().lazy())
    }

    /// Adds the tables of `others`, which replace tables of the same name.
    pub fn extend(&mut self, others: Records) {
        self.tables.extend(others.tables);
        self.audits.extend(others.audits);
    }
}

/// Reads all record tables that the pipeline has, for business days `first..=last`. `orders`: as for `read_refunds`.
/// Errors: those of `read_table` and `read_refunds`.
pub fn read_records(plan: &Plan, first: Day, last: Day, orders: Option<&OrderOrigins>) -> Result<Records> {
    let (mut records, persons) = (Records::default(), read_persons(plan)?);
    for table in TABLES {
        records.extend(match table {
            InputTable::Refunds => read_refunds(plan, (first, last), orders)?,
            table => read_with_persons(plan, table, (first, last), &persons)?,
        });
    }
    Ok(records)
}

/// Reads the refunds for business days `first..=last`, in the currency of the reports. `orders`: what their rates need of the orders, if it
/// is known; without it a refund stands for itself. Errors: those of `read_table`; the amounts are in another currency and there are no rates.
pub fn read_refunds(plan: &Plan, (first, last): (Day, Day), orders: Option<&OrderOrigins>) -> Result<Records> {
    if plan.source(InputTable::Refunds).is_none() {
        return Ok(Records::default());
    }
    let exchange = read_exchange(plan, first, last)?;
    let (records, currencies) = read_rows(plan, InputTable::Refunds, (first, last), |batch| exchange.refunds(batch, orders))?;
    exchange.check(InputTable::Refunds, &currencies)?;
    Ok(records)
}

/// Reads the currencies of the shops and the rates of exchange. Errors: those of `read_table`.
pub fn read_exchange(plan: &Plan, first: Day, last: Day) -> Result<Exchange> {
    let rows = |table| read_table(plan, table, first, last)?.of(table).map(collect).transpose();
    Exchange::new(plan, rows(InputTable::Shops)?.as_ref(), rows(InputTable::ExchangeRates)?.as_ref())
}

/// Reads one record table for business days `first..=last`; returns no table if the pipeline does not have it. Of a record that was exported
/// several times the row read last counts, because the latest export holds its latest state (DECISIONS #26).
/// Buyers are persons, as the table `buyers` has them. Errors: no file matches, a file is damaged, or too many rows are bad.
pub fn read_table(plan: &Plan, table: InputTable, first: Day, last: Day) -> Result<Records> {
    match table {
        InputTable::Refunds => read_refunds(plan, (first, last), None),
        table => {
            let persons = if has_buyers(table) { read_persons(plan)? } else { Persons::default() };
            read_with_persons(plan, table, (first, last), &persons)
        }
    }
}

/// Reads one record table other than refunds, with the persons of its buyers.
fn read_with_persons(plan: &Plan, table: InputTable, days: (Day, Day), persons: &Persons) -> Result<Records> {
    let (mut records, _) = match table {
        InputTable::Holidays => read_rows(plan, table, days, |batch| ExchangedBatch::unchanged(refuse_unreadable_hours(batch)))?,
        table => read_rows(plan, table, days, ExchangedBatch::unchanged)?,
    };
    if let Some(rows) = records.tables.get_mut(&table).filter(|_| has_buyers(table)) {
        *rows = persons.replace_accounts(std::mem::take(rows))?;
    }
    Ok(records)
}

/// Reads the persons behind the accounts of buyers; there are none if the pipeline does not have the table. With `{date}` the latest partition
/// counts, whatever days a run is for, because persons do not belong to days. Errors: those of `read_table`.
pub(super) fn read_persons(plan: &Plan) -> Result<Persons> {
    let records = read_table(plan, InputTable::Buyers, Day(0), Day(0))?;
    records.of(InputTable::Buyers).map_or_else(|| Ok(Persons::default()), |rows| Persons::of(&collect(rows)?))
}

/// Whether a table has accounts of buyers that are replaced by persons.
fn has_buyers(table: InputTable) -> bool {
    table != InputTable::Buyers && table.columns().iter().any(|column| column.name == "buyer_id")
}

/// The days whose partitions of a table are read for some business days.
fn days_read(plan: &Plan, table: InputTable, (first, last): (Day, Day)) -> Result<(Day, Day)> {
    if table != InputTable::Buyers || plan.source(table).is_none_or(|source| !source.is_dated()) {
        return Ok((first.plus(-lookback(table)), last));
    }
    let latest = partition_files(plan, table)?.into_iter().map(|(day, _)| day).max();
    Ok(latest.map_or((first, last), |day| (day, day)))
}

/// Reads one record table and the currencies of its rows. `prepare`: brings amounts into the currency of the reports.
fn read_rows(
    plan: &Plan,
    table: InputTable,
    days: (Day, Day),
    prepare: impl Fn(CanonicalBatch) -> ExchangedBatch + Sync,
) -> Result<(Records, Currencies)> {
    let (mut records, mut currencies) = (Records::default(), Currencies::default());
    let mut rows = with_file(empty_frame(table)?, 0)?;
    let mut files: Vec<String> = Vec::new();
    let audit = read_batches(plan, table, days_read(plan, table, days)?, prepare, |read| {
        let batch = read.batch;
        currencies.add(read.currencies);
        if files.last() != Some(&batch.file) {
            files.push(batch.file.clone());
        }
        rows.vstack_mut_owned(with_file(good_rows(table, &batch)?, files.len() as u32 - 1)?)?;
        Ok(())
    })?;
    let Some(mut audit) = audit else { return Ok((records, currencies)) };
    if plan.source(table).is_some_and(|source| source.order == RowOrder::NewestFirst) {
        rows = rows.reverse();
    }
    if let Some(id) = id_column(table) {
        let read = counts_by_file(&rows, files.len())?;
        rows = collect(last_versions(rows.lazy(), &[id]))?;
        for (file, (read, kept)) in files.iter().zip(read.into_iter().zip(counts_by_file(&rows, files.len())?)) {
            let tally = audit.file(file);
            tally.used -= read - kept;
            tally.duplicates += read - kept;
        }
        let repeated = audit.total().duplicates;
        if table == InputTable::Holidays && repeated > 0 {
            audit.warnings.insert(format!(
                "{repeated} rows name a day and shop that a later row names too, and only the last one counts: write all hours of a day in one \
                 row, parted by ;"
            ));
        }
    }
    if table == InputTable::Refunds {
        rows = without_skus(plan, rows, &files, &mut audit)?;
    }
    if table == InputTable::Staff && plan.source(table).is_some_and(SourceConfig::is_dated) {
        rows = of_newest_partitions(plan, rows, &files, days)?;
    }
    records.tables.insert(table, rows.drop(FILE)?);
    records.audits.push(audit);
    Ok((records, currencies))
}

/// Of every account the rows of the newest partition that names it: a partition of staff says how the account has always been.
fn of_newest_partitions(plan: &Plan, rows: DataFrame, files: &[String], days: (Day, Day)) -> Result<DataFrame> {
    let Some(source) = plan.source(InputTable::Staff) else { return Ok(rows) };
    let (first, last) = days_read(plan, InputTable::Staff, days)?;
    let listed = files_of(plan, InputTable::Staff, source, first, last)?.into_iter();
    let partitions = listed.filter_map(|(day, file)| Some((file.key.clone(), day?))).collect::<BTreeMap<_, _>>();
    let partition = |file: u32| files.get(file as usize).and_then(|file| partitions.get(file)).copied();
    let (shops, agents, places) = (rows.column("shop_id")?.str()?, rows.column("agent_id")?.str()?, rows.column(FILE)?.u32()?);
    let keys = || shops.iter().zip(agents.iter()).zip(places.iter().map(|file| partition(file.unwrap_or_default())));
    let mut newest: BTreeMap<(Option<&str>, Option<&str>), Option<Day>> = BTreeMap::new();
    for (key, partition) in keys() {
        let known = newest.entry(key).or_default();
        *known = partition.max(*known);
    }
    let stays = keys().map(|(key, partition)| Some(newest.get(&key) == Some(&partition))).collect::<BooleanChunked>();
    Ok(rows.filter(&stays)?)
}

/// The rows without those of an excluded sku, which the audit counts as ignored.
fn without_skus(plan: &Plan, rows: DataFrame, files: &[String], audit: &mut Audit) -> Result<DataFrame> {
    let (kept, left_out) = parted_by_sku(rows, &plan.rules.widest.excluded_skus)?;
    for (file, ignored) in files.iter().zip(counts_by_file(&left_out, files.len())?) {
        let tally = audit.file(file);
        tally.used -= ignored;
        tally.ignored += ignored;
    }
    Ok(kept)
}

/// Days before the first business day whose partitions are read too. A partition of a reference table or of visits only holds for its own
/// days.
fn lookback(table: InputTable) -> i32 {
    match table {
        InputTable::Shops | InputTable::Staff | InputTable::Blocklist | InputTable::Visits | InputTable::Holidays | InputTable::Buyers => 0,
        // A rate holds until the next one, however old it is.
        InputTable::ExchangeRates => CENTURY,
        _ => LOOKBACK_DAYS,
    }
}

/// The column that identifies a record within its shop; `None` for a table that is not deduplicated.
fn id_column(table: InputTable) -> Option<&'static str> {
    match table {
        InputTable::Refunds => Some("refund_id"),
        InputTable::Tickets => Some("ticket_id"),
        InputTable::Holidays => Some("date"),
        _ => None,
    }
}

/// Calls `each` with every batch of a table as `prepare` makes it, bad rows included, and returns the audit; `None` if the pipeline does not
/// have the table.
fn read_batches(
    plan: &Plan,
    table: InputTable,
    (first, last): (Day, Day),
    prepare: impl Fn(CanonicalBatch) -> ExchangedBatch + Sync,
    mut each: impl FnMut(ExchangedBatch) -> Result<()>,
) -> Result<Option<Audit>> {
    let Some(source) = plan.source(table) else { return Ok(None) };
    let mut audit = Audit::new(table);
    let files = files_of(plan, table, source, first, last)?;
    // A small table need not have a partition for every day, but it must have a file.
    if files.is_empty() || !source.is_dated() {
        let looked_for = if table == InputTable::ExchangeRates { last } else { first };
        require_files(plan, table, source, &files, looked_for, looked_for)?;
    }
    let files = files.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    audit.record_sizes(&files);
    read(plan, table, &files, parallel::workers(), prepare, |read: ExchangedBatch| {
        let batch = &read.batch;
        audit.quarantine(batch)?;
        let tally = audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.used += (batch.rows - batch.faults.len()) as i64;
        each(read)
    })?;
    audit.check(plan.config.quality.max_bad_ratio)?;
    Ok(Some(audit))
}
