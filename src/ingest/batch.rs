//! A batch of canonical rows, as the mapping hands it to the stage that reads the table.

use super::row_fault::RowFault;
use arrow::array::types::Int32Type;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int64Array, StringArray};
use std::collections::BTreeMap;

/// A batch of canonical rows of one file: one column for each column of the table, in the table's order. A cell without a value is null.
/// `Key`/`Word`/`Label`: dictionary<i32, utf8>. `Id`/`Text`: utf8. `Int`/`Count`/`Time` (UTC ms)/`Money` (fen)/`Quantity`/`Rate`: i64.
/// `Number`: f64.
/// `Date`/`Month` (days since 1970): i32. `Bool`: bool.
pub struct CanonicalBatch {
    /// The key of the file in the input store.
    pub file: String,
    /// The number of the file's rows before this batch.
    pub first_row: u64,
    /// The number of rows, bad rows included.
    pub rows: usize,
    /// The index that each row had among the rows of the file from `first_row` on; `None` if none of them was taken out.
    pub indices: Option<Vec<usize>>,
    /// The number of rows that `drop` and `keep` took out.
    pub taken_out: usize,
    /// The columns of the table, in its order.
    pub columns: Vec<ArrayRef>,
    /// The bad rows by their index in the batch, each with the first fault found in it.
    pub faults: BTreeMap<usize, RowFault>,
    /// Cells that could not be read and were emptied, by the index of their row. Their rows are good.
    pub emptied: Vec<(usize, RowFault)>,
    /// The number of ids from which the wrapping of an exporter was taken off.
    pub unwrapped: u64,
    /// The number of wall times that the clocks show twice.
    pub ambiguous: u64,
    /// How the times of neighbouring rows compare.
    pub steps: TimeSteps,
    /// What a reader of the numbers should know about the file.
    pub warnings: Vec<String>,
}

/// How the times of neighbouring rows of a file compare.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeSteps {
    /// Rows that are later than the row before them.
    pub rises: u64,
    /// Rows that are earlier.
    pub falls: u64,
}

/// Neighbouring rows with unlike times from which on a file can be said to run backwards.
const ENOUGH_STEPS: u64 = 3;

impl TimeSteps {
    /// Compares the neighbours of an i64 column.
    pub fn of(times: &ArrayRef) -> TimeSteps {
        let times = times.as_primitive::<arrow::datatypes::Int64Type>().values();
        let pairs = times.iter().zip(times.iter().skip(1));
        let (rises, falls) = pairs.fold((0, 0), |(rises, falls), (a, b)| (rises + u64::from(a < b), falls + u64::from(a > b)));
        TimeSteps { rises, falls }
    }

    /// Adds the steps of another batch.
    pub fn add(&mut self, other: TimeSteps) {
        self.rises += other.rises;
        self.falls += other.falls;
    }

    /// Whether more than nine in ten neighbours with unlike times fall.
    pub fn run_backwards(&self) -> bool {
        let unlike = self.rises + self.falls;
        unlike >= ENOUGH_STEPS && self.falls * 10 > unlike * 9
    }
}

impl CanonicalBatch {
    /// The number of a row in the file, from 1; the header does not count.
    pub fn number(&self, row: usize) -> i64 {
        let index = self.indices.as_ref().map_or(row, |indices| indices[row]);
        self.first_row as i64 + index as i64 + 1
    }

    /// A `Key`, `Word` or `Label` column. Panics on a column of another type.
    pub fn keys(&self, column: usize) -> &DictionaryArray<Int32Type> {
        self.columns[column].as_dictionary()
    }

    /// An `Id` or `Text` column. Panics on a column of another type.
    pub fn text(&self, column: usize) -> &StringArray {
        self.columns[column].as_string()
    }

    /// An `Int`, `Count`, `Time`, `Money`, `Quantity` or `Rate` column. Panics on a column of another type.
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

    /// Whether a condition holds for the cell of a dictionary column, by row. `None` if it holds for no value of the dictionary.
    pub fn keys_where(&self, column: usize, holds: impl Fn(&str) -> bool) -> Option<Vec<bool>> {
        let held = std::iter::once(false).chain(self.values(column).iter().map(|value| value.is_some_and(&holds))).collect::<Vec<_>>();
        held.contains(&true).then(|| self.slots(column).into_iter().map(|slot| held[slot as usize]).collect())
    }

    /// Marks a row as bad for a reason that concerns several of its cells. A fault found earlier in the row stays.
    pub fn add_fault(&mut self, row: usize, column: &str, reason: &str) {
        self.faults.entry(row).or_insert_with(|| RowFault { column: column.to_owned(), reason: reason.to_owned(), value: String::new() });
    }
}
