//! Fingerprints (指纹) of the inputs, by the day they are said of: what was read is told from what is there now without reading it again.

use crate::calendar::Day;
use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest::{self, Records, Reference, Table};
use crate::job::{Plan, Source};
use crate::store::Object;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// What a table's rows are told apart by.
pub(super) enum Tokens {
    /// Files by the date of their partition: path, size and etag of each.
    Files(BTreeMap<Day, u64>),
    /// Files that may hold any day.
    AllFiles(u64),
    /// Rows by the business days they speak of, where a table comes whole: an export of all orders is a new file every night.
    Rows(BTreeMap<Day, u64>),
}

impl Tokens {
    pub(super) fn read(plan: &Plan, table: Table, source: &Source) -> Result<Tokens> {
        if source.path.contains("{date}") {
            let mut tokens = BTreeMap::new();
            for (day, file) in ingest::partition_files(plan, source)? {
                add(&mut tokens, day, of_file(&file));
            }
            return Ok(Tokens::Files(tokens));
        }
        Ok(match table {
            Table::Messages => {
                let files = ingest::files_of(plan, source, Day(0), Day(0))?;
                Tokens::AllFiles(files.iter().fold(0, |sum: u64, (_, file)| sum.wrapping_add(of_file(file))))
            }
            Table::Orders => Tokens::Rows(of_orders(plan)?),
            Table::Blocklist => Tokens::Rows(BTreeMap::new()),
            table => Tokens::Rows(of_records(plan, table)?),
        })
    }

    /// Of the days from one to another.
    pub(super) fn of(&self, days: (Day, Day)) -> String {
        let known = match self {
            Tokens::AllFiles(token) => return format!("{token:016x}"),
            Tokens::Files(tokens) | Tokens::Rows(tokens) => tokens,
        };
        let wanted = (days.0 <= days.1).then(|| known.range(days.0..=days.1)).into_iter().flatten();
        format!("{:016x}", xxh3_64(format!("{:?}", wanted.collect::<Vec<_>>()).as_bytes()))
    }

    /// The files of some partitions; none where files are not cut by day.
    pub(super) fn has_files(&self, mut days: impl Iterator<Item = Day>) -> Option<bool> {
        match self {
            Tokens::Files(tokens) => Some(days.any(|day| tokens.contains_key(&day))),
            _ => None,
        }
    }
}

fn of_file(file: &Object) -> u64 {
    xxh3_64(format!("{:?}", (&file.key, file.size(), file.version().tag())).as_bytes())
}

/// The order of rows and files makes no difference.
fn add(tokens: &mut BTreeMap<Day, u64>, day: Day, token: u64) {
    let sum = tokens.entry(day).or_default();
    *sum = sum.wrapping_add(token);
}

/// Orders by the days of their creation and payment.
fn of_orders(plan: &Plan) -> Result<BTreeMap<Day, u64>> {
    let mut tokens = BTreeMap::new();
    let Some(orders) = ingest::read_orders(plan, Day(0), Day(0), i64::MAX, None)? else { return Ok(tokens) };
    for order in orders.all() {
        let token = xxh3_64(order.as_said().as_bytes());
        for at in [Some(order.created_at), order.paid_at].into_iter().flatten() {
            add(&mut tokens, plan.calendar.day_of(at)?, token);
        }
    }
    Ok(tokens)
}

/// Rows by the day of their first time or date.
fn of_records(plan: &Plan, table: Table) -> Result<BTreeMap<Day, u64>> {
    let mut tokens = BTreeMap::new();
    if table == Table::Visits {
        let visits = ingest::read_reference(plan, Day(0), Day(0))?.visits;
        visits.iter().for_each(|((shop, day), visitors)| add(&mut tokens, *day, xxh3_64(format!("{shop:?}{visitors}").as_bytes())));
        return Ok(tokens);
    }
    let records = ingest::read_table(plan, table, Day(0), Day(0))?;
    let Some(rows) = records.of(table) else { return Ok(tokens) };
    let rows = to_arrow(&collect(rows)?)?;
    for (row, token) in of_rows(&rows)?.into_iter().enumerate() {
        add(&mut tokens, day_of(plan, table, &rows, row)?, token);
    }
    Ok(tokens)
}

fn day_of(plan: &Plan, table: Table, rows: &RecordBatch, row: usize) -> Result<Day> {
    let column = table.columns().iter().find_map(|column| match column.name {
        "applied_at" | "sent_at" | "opened_at" | "at" | "date" => rows.column_by_name(column.name),
        _ => None,
    });
    match column.filter(|column| column.is_valid(row)) {
        Some(days) if *days.data_type() == DataType::Int32 => Ok(Day(days.as_primitive::<Int32Type>().value(row))),
        Some(times) if *times.data_type() == DataType::Int64 => plan.calendar.day_of(times.as_primitive::<Int64Type>().value(row)),
        _ => Ok(Day(0)),
    }
}

fn of_rows(rows: &RecordBatch) -> Result<Vec<u64>> {
    let fields = rows.columns().iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converted = RowConverter::new(fields)?.convert_columns(rows.columns())?;
    Ok(converted.iter().map(|row| xxh3_64(row.as_ref())).collect())
}

/// Everything that a day follows only when it is asked for.
pub(super) fn of_reference(plan: &Plan, reference: &Reference, records: &Records) -> Result<String> {
    let mut said = format!("{:?}", (&reference.shops, &reference.staff, &plan.judgement, &plan.job.reports));
    for table in [Table::Standards, Table::Targets, Table::Trainings] {
        if let Some(rows) = records.of(table) {
            said += &format!("{:?}", of_rows(&to_arrow(&collect(rows)?)?)?);
        }
    }
    Ok(format!("{:016x}", xxh3_64(said.as_bytes())))
}
