//! Source cells of text formats on their way to a batch.

use super::{Broken, Decoded, Each, text_schema};
use crate::error::Result;
use crate::ingest::caps::{BATCH_BYTES, CELL, MIB};
use arrow::array::{ArrayBuilder, ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::SchemaRef;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows per batch: so many that a name is mostly looked up for more than one of them.
const BATCH_ROWS: usize = 64 * 1024;

/// Source cells of one batch as text, one builder a column.
pub(super) struct Cells {
    schema: SchemaRef,
    columns: Vec<StringBuilder>,
    rows: usize,
    /// Cells of the row under way.
    given: usize,
    bytes: usize,
    first_row: u64,
    broken: Vec<Broken>,
    found: SchemaRef,
    /// Until the first batch is out, where there is no header.
    keys: Option<Keys>,
    transcoded: bool,
}

/// The keys of the first batch, for want of a header.
pub(super) struct Keys {
    /// Columns that count as there though no row has them: a key with nothing to say is often left out.
    pub(super) spared: Vec<bool>,
    /// Columns that a row has.
    given: Vec<bool>,
    /// Keys that nobody asked for.
    pub(super) others: BTreeSet<String>,
}

impl Keys {
    pub(super) fn new(spared: Vec<bool>) -> Keys {
        Keys { given: vec![false; spared.len()], spared, others: BTreeSet::new() }
    }

    /// What a header would have said. Where no row could be read it is not known that anything lacks.
    fn found(self, names: &[String]) -> SchemaRef {
        let any = !self.others.is_empty() || self.given.contains(&true);
        let there = |column: &usize| !any || self.given[*column] || self.spared[*column];
        let own = (0..names.len()).filter(there).map(|column| names[column].clone());
        text_schema(own.chain(self.others).collect::<Vec<_>>())
    }
}

impl Cells {
    pub(super) fn new(names: Vec<String>, found: SchemaRef, transcoded: bool) -> Self {
        let columns = names.iter().map(|_| StringBuilder::new()).collect();
        let (rows, given, bytes, first_row, broken) = Default::default();
        Cells { schema: text_schema(names), columns, rows, given, bytes, first_row, broken, found, keys: None, transcoded }
    }

    /// Without a header: the first batch tells what there is.
    pub(super) fn headless(names: Vec<String>, keys: Keys, transcoded: bool) -> Self {
        Cells { keys: Some(keys), ..Cells::new(names.clone(), text_schema(names), transcoded) }
    }

    /// The keys of the first batch, while it is under way.
    pub(super) fn keys(&mut self) -> Option<&mut Keys> {
        self.keys.as_mut()
    }

    pub(super) fn push(&mut self, column: usize, cell: &str) {
        self.bytes += cell.len();
        if cell.is_empty() {
            self.columns[column].append_null();
            self.give(column);
        } else if cell.len() > CELL {
            self.refuse(column, &format!("longer than {} MiB", CELL as u64 / MIB));
        } else if self.transcoded && cell.contains(char::REPLACEMENT_CHARACTER) {
            self.refuse(column, "not in the file's encoding");
        } else {
            self.columns[column].append_value(cell);
            self.give(column);
        }
    }

    fn give(&mut self, column: usize) {
        self.given += 1;
        if let Some(keys) = &mut self.keys {
            keys.given[column] = true;
        }
    }

    pub(super) fn push_bytes(&mut self, column: usize, cell: &[u8]) {
        match simdutf8::basic::from_utf8(cell) {
            Ok(cell) => self.push(column, cell),
            Err(_) => self.refuse(column, "not UTF-8 (is the file in another encoding? set `encoding`)"),
        }
    }

    /// Nothing for a cell, and why.
    pub(super) fn refuse(&mut self, column: usize, reason: &str) {
        self.columns[column].append_null();
        self.broken(column, reason);
        self.give(column);
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
        if std::mem::take(&mut self.given) < self.columns.len() {
            let missing = self.columns.iter_mut().filter(|column| column.len() < self.rows);
            missing.for_each(StringBuilder::append_null);
        }
        if self.rows < BATCH_ROWS && self.bytes < BATCH_BYTES { Ok(()) } else { self.flush(each) }
    }

    pub(super) fn flush(&mut self, each: Each) -> Result<()> {
        if let Some(keys) = self.keys.take() {
            let names = self.schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
            self.found = keys.found(&names);
        }
        let columns = self.columns.iter_mut().map(|column| {
            // The next batch is as large, mostly: making room while it grows would move it again and again.
            let (rows, bytes) = (column.len(), column.values_slice().len());
            let mut full = std::mem::replace(column, StringBuilder::with_capacity(rows, bytes + bytes / 8));
            Arc::new(full.finish()) as ArrayRef
        });
        let columns = columns.collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let found = Arc::clone(&self.found);
        let decoded = Decoded { batch, found, first_row: self.first_row, broken: std::mem::take(&mut self.broken) };
        self.first_row += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        each(decoded)
    }
}
