//! Source cells of text formats on their way to a batch.

use super::{BATCH_ROWS, Broken, Decoded, Each, text_schema};
use crate::error::Result;
use arrow::array::{ArrayBuilder, ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::SchemaRef;
use std::sync::Arc;

/// Source cells of one batch as text, one builder a column.
pub(super) struct Cells {
    schema: SchemaRef,
    columns: Vec<StringBuilder>,
    rows: usize,
    first_row: u64,
    broken: Vec<Broken>,
    found: SchemaRef,
    transcoded: bool,
}

impl Cells {
    pub(super) fn new(names: Vec<String>, found: SchemaRef, transcoded: bool) -> Self {
        let columns = names.iter().map(|_| StringBuilder::new()).collect();
        Cells { schema: text_schema(names), columns, rows: 0, first_row: 0, broken: Vec::new(), found, transcoded }
    }

    pub(super) fn push(&mut self, column: usize, cell: &str) {
        if cell.is_empty() {
            self.columns[column].append_null();
        } else if self.transcoded && cell.contains(char::REPLACEMENT_CHARACTER) {
            self.refuse(column, "not in the file's encoding");
        } else {
            self.columns[column].append_value(cell);
        }
    }

    pub(super) fn push_bytes(&mut self, column: usize, cell: &[u8]) {
        match std::str::from_utf8(cell) {
            Ok(cell) => self.push(column, cell),
            Err(_) => self.refuse(column, "not UTF-8 (is the file in another encoding? set `encoding`)"),
        }
    }

    /// Nothing for a cell, and why.
    pub(super) fn refuse(&mut self, column: usize, reason: &str) {
        self.columns[column].append_null();
        self.broken(column, reason);
    }

    /// The row under way has this cell already.
    pub(super) fn has(&self, column: usize) -> bool {
        self.columns[column].len() > self.rows
    }

    pub(super) fn broken(&mut self, column: usize, reason: &str) {
        let column = self.schema.fields().get(column).map_or(String::new(), |f| f.name().clone());
        self.broken.push(Broken { row: self.rows, column, reason: reason.to_owned() });
    }

    /// Closes the row; cells it did not give are null.
    pub(super) fn end_row(&mut self, each: Each) -> Result<()> {
        self.rows += 1;
        for column in &mut self.columns {
            if column.len() < self.rows {
                column.append_null();
            }
        }
        if self.rows < BATCH_ROWS { Ok(()) } else { self.flush(each) }
    }

    pub(super) fn flush(&mut self, each: Each) -> Result<()> {
        let columns = self.columns.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let found = Arc::clone(&self.found);
        let decoded = Decoded { batch, found, first_row: self.first_row, broken: std::mem::take(&mut self.broken) };
        self.first_row += self.rows as u64;
        self.rows = 0;
        each(decoded)
    }
}
