//! Records of service: refunds, evaluations, tickets, agent status, videos, targets, standards and trainings, read whole as frames.

use super::mapping::Batch;
use super::newest::only_newest;
use super::quarantine::Audit;
use super::reference::batches;
use super::table::{Column, Table, Type};
use crate::calendar::Day;
use crate::error::Result;
use crate::frames::from_arrow;
use crate::job::Plan;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter};
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is said of a day may stand in a partition of up to so many days earlier: a ticket's opening, the last status before the day.
pub const REACH: i32 = 31;

/// The tables read as records.
const TABLES: [Table; 8] = [
    Table::Refunds,
    Table::Evaluations,
    Table::Tickets,
    Table::AgentStatus,
    Table::Videos,
    Table::Standards,
    Table::Targets,
    Table::Trainings,
];

/// Good rows by table, and what became of all of them.
#[derive(Default)]
pub struct Records {
    tables: BTreeMap<Table, DataFrame>,
    pub audits: Vec<Audit>,
}

impl Records {
    /// The good rows of a table in input order, a column for each canonical one: ids, words and text as strings, counts, times
    /// (UTC ms) and money (fen) as i64, dates as days since 1970 (i32), numbers as f64, truths as booleans. None: not configured.
    pub fn of(&self, table: Table) -> Option<LazyFrame> {
        self.tables.get(&table).map(|rows| rows.clone().lazy())
    }

    pub fn extend(&mut self, others: Records) {
        self.tables.extend(others.tables);
        self.audits.extend(others.audits);
    }
}

/// Reads the record tables a pipeline has. `first..=last` bounds the partitions of those that have a `{date}`.
pub fn read_records(plan: &Plan, first: Day, last: Day) -> Result<Records> {
    let mut records = Records::default();
    for table in TABLES {
        records.extend(read_table(plan, table, first, last)?);
    }
    Ok(records)
}

/// Reads one of them, where the pipeline has it.
pub fn read_table(plan: &Plan, table: Table, first: Day, last: Day) -> Result<Records> {
    let mut records = Records::default();
    let mut rows = from_arrow(&RecordBatch::new_empty(schema(table)))?;
    let mut files = Vec::new();
    let audit = batches(plan, table, (first.plus(-REACH), last), |batch| {
        let good = from_arrow(&good(table, batch)?)?;
        files.push((batch.file.clone(), good.height()));
        rows.vstack_mut(&good)?;
        Ok(())
    })?;
    if let Some(mut audit) = audit {
        records.tables.insert(table, only_newest(table, rows, &files, &mut audit)?);
        records.audits.push(audit);
    }
    Ok(records)
}

/// A batch without its bad rows.
fn good(table: Table, batch: &Batch) -> Result<RecordBatch> {
    let kept = (0..batch.rows).map(|row| Some(!batch.bad.contains_key(&row))).collect::<BooleanArray>();
    let columns = table.columns().iter().zip(&batch.columns).map(|(column, cells)| {
        let cells = cast(cells, &kind(column))?;
        Ok(filter(&cells, &kept)?)
    });
    Ok(RecordBatch::try_new(schema(table), columns.collect::<Result<Vec<ArrayRef>>>()?)?)
}

fn schema(table: Table) -> Arc<Schema> {
    Arc::new(Schema::new(table.columns().iter().map(|column| Field::new(column.name, kind(column), true)).collect::<Vec<_>>()))
}

fn kind(column: &Column) -> ArrowType {
    match column.of {
        Type::Key | Type::Id | Type::Text | Type::Label | Type::Word(_) => ArrowType::Utf8,
        Type::Int | Type::Count | Type::Time | Type::Money => ArrowType::Int64,
        Type::Date | Type::Month => ArrowType::Int32,
        Type::Number => ArrowType::Float64,
        Type::Bool => ArrowType::Boolean,
    }
}
