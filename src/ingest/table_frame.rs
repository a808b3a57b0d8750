//! Canonical rows as Polars frames, with one column for each column of the table: ids, words and text are strings; counts, times (UTC ms)
//! money (fen), quantities (thousandths) and rates (hundred-millionths) are i64; dates are days since 1970 (i32); numbers are f64; truth values
//! are booleans. A cell without a value is null.

use super::batch::CanonicalBatch;
use crate::error::Result;
use crate::frames::from_arrow;
use crate::model::{ColumnType, InputColumn, InputTable};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter};
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use polars::prelude::{Column, DataFrame, Scalar};
use std::sync::Arc;

/// A frame with the table's columns and no rows.
pub(super) fn empty_frame(table: InputTable) -> Result<DataFrame> {
    from_arrow(&RecordBatch::new_empty(schema(table)))
}

/// The rows of a batch for which `selected` is true. Columns: those of the table.
pub(super) fn selected_rows(table: InputTable, batch: &CanonicalBatch, selected: &BooleanArray) -> Result<DataFrame> {
    let columns = table.columns().iter().zip(&batch.columns).map(|(column, cells)| {
        let cells = cast(cells, &arrow_type(column))?;
        Ok(filter(&cells, selected)?)
    });
    from_arrow(&RecordBatch::try_new(schema(table), columns.collect::<Result<Vec<ArrayRef>>>()?)?)
}

/// The rows of a batch without its bad rows. Columns: those of the table.
pub(super) fn good_rows(table: InputTable, batch: &CanonicalBatch) -> Result<DataFrame> {
    selected_rows(table, batch, &(0..batch.rows).map(|row| Some(!batch.faults.contains_key(&row))).collect())
}

/// The column (u32) with the number of the file that a row was read from.
pub(super) const FILE: &str = "file";

/// The column (i32) with the partition of a row's file, in days since 1970; null without `{date}` in the path.
pub(super) const PARTITION: &str = "partition";

/// Adds the column `file` with one file number for all rows.
pub(super) fn with_file(rows: DataFrame, file: u32) -> Result<DataFrame> {
    let file = Column::new_scalar(FILE.into(), Scalar::from(file), rows.height());
    Ok(rows.hstack(&[file])?)
}

/// The number of rows of each of `files` files, by file number.
pub(super) fn counts_by_file(rows: &DataFrame, files: usize) -> Result<Vec<i64>> {
    let mut counts = vec![0; files];
    rows.column(FILE)?.u32()?.iter().flatten().for_each(|file| counts[file as usize] += 1);
    Ok(counts)
}

/// The cells of some text columns.
pub(super) fn texts<const N: usize>(rows: &DataFrame, columns: [&str; N]) -> Result<[Vec<Option<String>>; N]> {
    let mut found = [const { Vec::new() }; N];
    for (values, name) in found.iter_mut().zip(columns) {
        values.extend(rows.column(name)?.str()?.iter().map(|text| text.map(str::to_owned)));
    }
    Ok(found)
}

fn schema(table: InputTable) -> Arc<Schema> {
    Arc::new(Schema::new(table.columns().iter().map(|column| Field::new(column.name, arrow_type(column), true)).collect::<Vec<_>>()))
}

fn arrow_type(column: &InputColumn) -> ArrowType {
    match column.of {
        ColumnType::Key | ColumnType::Id | ColumnType::Text | ColumnType::Label | ColumnType::Word(_) => ArrowType::Utf8,
        ColumnType::Int | ColumnType::Count | ColumnType::Time | ColumnType::Money | ColumnType::Quantity | ColumnType::Rate => {
            ArrowType::Int64
        }
        ColumnType::Date | ColumnType::Month => ArrowType::Int32,
        ColumnType::Number => ArrowType::Float64,
        ColumnType::Bool => ArrowType::Boolean,
    }
}
