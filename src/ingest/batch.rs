//! A batch of canonical rows, as the mapping hands it to the stage that reads the table.

use super::row_fault::RowFault;
use arrow::array::types::Int32Type;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int64Array, StringArray};
use std::collections::BTreeMap;

/// A batch of canonical rows of one file: one column for each column of the table, in the table's order. A cell without a value is null.
/// `Key`/`Word`/`Label`: dictionary<i32, utf8>. `Id`/`Text`: utf8. `Int`/`Count`/`Time` (UTC ms)/`Money` (fen): i64. `Number`: f64.
/// `Date`/`Month` (days since 1970): i32. `Bool`: bool.
pub struct CanonicalBatch {
    /// The key of the file in the input store.
    pub file: String,
    /// The number of the file's rows before this batch.
    pub first_row: u64,
    /// The number of rows, bad rows included.
    pub rows: usize,
    /// The columns of the table, in its order.
    pub columns: Vec<ArrayRef>,
    /// The bad rows by their index in the batch, each with the first fault found in it.
    pub faults: BTreeMap<usize, RowFault>,
}

impl CanonicalBatch {
    /// A `Key`, `Word` or `Label` column. Panics on a column of another type.
    pub fn keys(&self, column: usize) -> &DictionaryArray<Int32Type> {
        self.columns[column].as_dictionary()
    }

    /// An `Id` or `Text` column. Panics on a column of another type.
    pub fn text(&self, column: usize) -> &StringArray {
        self.columns[column].as_string()
    }

    /// An `Int`, `Count`, `Time` or `Money` column. Panics on a column of another type.
    pub fn ints(&self, column: usize) -> &Int64Array {
        self.columns[column].as_primitive()
    }

    /// A cell of an i64 column, or `None` if it is null.
    pub fn int(&self, column: usize, row: usize) -> Option<i64> {
        let array = self.ints(column);
        array.is_valid(row).then(|| array.value(row))
    }

    /// A cell of a `Number` column, or `None` if it is null.
    pub fn float(&self, column: usize, row: usize) -> Option<f64> {
        let array = self.columns[column].as_primitive::<arrow::datatypes::Float64Type>();
        array.is_valid(row).then(|| array.value(row))
    }

    /// A cell of a string column, dictionary-encoded or not, or `None` if it is null.
    pub fn string(&self, column: usize, row: usize) -> Option<&str> {
        match self.columns[column].as_any_dictionary_opt() {
            None => self.text(column).is_valid(row).then(|| self.text(column).value(row)),
            Some(_) => self.key(column, row),
        }
    }

    /// One slot per row: the index of the row's value in the column's dictionary plus 1, or 0 if the cell is null.
    pub fn slots(&self, column: usize) -> Vec<u32> {
        let keys = self.keys(column);
        let mut slots = keys.keys().values().iter().map(|key| (*key + 1) as u32).collect::<Vec<_>>();
        if let Some(known) = keys.nulls() {
            (!known.inner()).set_indices().for_each(|row| slots[row] = 0);
        }
        slots
    }

    /// The distinct values in a column's dictionary; slot `n` is the value at index `n - 1`.
    pub fn values(&self, column: usize) -> &StringArray {
        self.keys(column).values().as_string()
    }

    /// A cell of a dictionary column, or `None` if it is null.
    pub fn key(&self, column: usize, row: usize) -> Option<&str> {
        let keys = self.keys(column);
        let code = keys.key(row)?;
        Some(keys.values().as_string::<i32>().value(code))
    }

    /// Marks a row as bad for a reason that concerns several of its cells. A fault found earlier in the row stays.
    pub fn add_fault(&mut self, row: usize, column: &str, reason: &str) {
        self.faults.entry(row).or_insert_with(|| RowFault { column: column.to_owned(), reason: reason.to_owned(), value: String::new() });
    }
}
