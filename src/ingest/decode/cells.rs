//! Collects the cells of text formats into batches of Utf8 columns.

use super::input::{BatchSink, DecodeFault, DecodedBatch, text_schema};
use super::text::Transcoded;
use crate::config::{BATCH_BYTES, CELL, MIB};
use crate::error::Result;
use arrow::array::{ArrayBuilder, ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::SchemaRef;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows per batch: enough that most names occur in several rows, so that interning once per batch pays.
const BATCH_ROWS: usize = 64 * 1024;

/// The cells of one batch, with one string builder per column.
pub(super) struct TextColumns {
    schema: SchemaRef,
    columns: Vec<StringBuilder>,
    /// Complete rows of the batch.
    rows: usize,
    /// Cells of the current row so far.
    row_cells: usize,
    /// Bytes of text in the batch.
    bytes: usize,
    /// Rows of the file before the batch.
    first_row: u64,
    faults: Vec<DecodeFault>,
    /// What a reader of the numbers should know about the file.
    warnings: Vec<String>,
    /// All columns of the file.
    file_schema: SchemaRef,
    /// The keys of a file without a header, until its first batch is complete.
    keys: Option<KnownKeys>,
    /// Whether the file was in another encoding than UTF-8.
    transcoded: Transcoded,
}

/// The keys found in the first batch of a file without a header. They stand for the header.
pub(super) struct KnownKeys {
    /// The columns that count as present although no row has them, because writers often leave out a key without a value.
    pub(super) optional: Vec<bool>,
    /// The columns that at least one row has.
    present: Vec<bool>,
    /// The keys that are not columns of the table.
    pub(super) others: BTreeSet<String>,
}

impl KnownKeys {
    /// No keys found yet. `optional` has one entry per column.
    pub(super) fn new(optional: Vec<bool>) -> KnownKeys {
        KnownKeys { present: vec![false; optional.len()], optional, others: BTreeSet::new() }
    }

    /// The schema that a header would have given. If no row could be read, no column counts as missing.
    fn schema(self, names: &[String]) -> SchemaRef {
        let any = !self.others.is_empty() || self.present.contains(&true);
        let exists = |column: &usize| !any || self.present[*column] || self.optional[*column];
        let own = (0..names.len()).filter(exists).map(|column| names[column].clone());
        text_schema(own.chain(self.others).collect::<Vec<_>>())
    }
}

impl TextColumns {
    /// An empty batch with the named columns, for a file with a header. `file_schema` has all columns of the file.
    pub(super) fn new(names: Vec<String>, file_schema: SchemaRef, transcoded: Transcoded) -> Self {
        let columns = names.iter().map(|_| StringBuilder::new()).collect();
        let (rows, row_cells, bytes, first_row, (faults, warnings)) = Default::default();
        let schema = text_schema(names);
        TextColumns { schema, columns, rows, row_cells, bytes, first_row, faults, warnings, file_schema, keys: None, transcoded }
    }

    /// An empty batch for a file without a header: the keys of its first batch become the file's schema.
    pub(super) fn headless(names: Vec<String>, keys: KnownKeys, transcoded: Transcoded) -> Self {
        TextColumns { keys: Some(keys), ..TextColumns::new(names.clone(), text_schema(names), transcoded) }
    }

    /// The keys of a file without a header; `None` after the first batch.
    pub(super) fn keys(&mut self) -> Option<&mut KnownKeys> {
        self.keys.as_mut()
    }

    /// Adds a cell to the current row. An empty cell is null; a cell that is too long, or that the encoding could not hold, is a fault.
    pub(super) fn push(&mut self, column: usize, cell: &str) {
        self.bytes += cell.len();
        if cell.is_empty() {
            self.columns[column].append_null();
            self.count_cell(column);
        } else if cell.len() > CELL {
            self.refuse(column, &format!("longer than {} MiB", CELL as u64 / MIB));
        } else if self.transcoded.get() && cell.contains(char::REPLACEMENT_CHARACTER) {
            self.refuse(column, "not in the file's encoding");
        } else {
            self.columns[column].append_value(cell);
            self.count_cell(column);
        }
    }

    fn count_cell(&mut self, column: usize) {
        self.row_cells += 1;
        if let Some(keys) = &mut self.keys {
            keys.present[column] = true;
        }
    }

    /// Adds a cell that may not be UTF-8; if it is not, that is a fault.
    pub(super) fn push_bytes(&mut self, column: usize, cell: &[u8]) {
        match simdutf8::basic::from_utf8(cell) {
            Ok(cell) => self.push(column, cell),
            Err(_) => self.refuse(column, "not UTF-8 (is the file in another encoding? set `encoding`)"),
        }
    }

    /// Adds a null cell and a fault with the reason.
    pub(super) fn refuse(&mut self, column: usize, reason: &str) {
        self.columns[column].append_null();
        self.add_fault(column, reason);
        self.count_cell(column);
    }

    /// Whether the current row already has a cell in this column.
    pub(super) fn has(&self, column: usize) -> bool {
        self.columns[column].len() > self.rows
    }

    /// Adds a fault of the current row. A column out of range, such as `usize::MAX`, stands for the row as a whole.
    pub(super) fn add_fault(&mut self, column: usize, reason: &str) {
        let column = self.schema.fields().get(column).map_or(String::new(), |f| f.name().clone());
        self.faults.push(DecodeFault { row: self.rows, is_cut: column.is_empty(), column, reason: reason.to_owned() });
    }

    /// Adds the fault in a column, or in none, at which reading the current row ended.
    pub(super) fn cut_row(&mut self, column: usize, reason: &str) {
        self.add_fault(column, reason);
        if let Some(fault) = self.faults.last_mut() {
            fault.is_cut = true;
        }
    }

    /// Adds a warning about the file.
    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Completes the current row, with null in columns without a cell, and passes the batch on if it is large enough. Errors: those of `each`.
    pub(super) fn end_row(&mut self, each: BatchSink) -> Result<()> {
        self.rows += 1;
        if std::mem::take(&mut self.row_cells) < self.columns.len() {
            let missing = self.columns.iter_mut().filter(|column| column.len() < self.rows);
            missing.for_each(StringBuilder::append_null);
        }
        if self.rows < BATCH_ROWS && self.bytes < BATCH_BYTES { Ok(()) } else { self.flush(each) }
    }

    /// Passes on the rows of the batch, even if there are none, and starts the next batch. Errors: those of `each`.
    pub(super) fn flush(&mut self, each: BatchSink) -> Result<()> {
        if let Some(keys) = self.keys.take() {
            let names = self.schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
            self.file_schema = keys.schema(&names);
        }
        let columns = self.columns.iter_mut().map(|column| {
            // The next batch is mostly as large. Reserving its memory now avoids copies while it grows.
            let (rows, bytes) = (column.len(), column.values_slice().len());
            let mut full = std::mem::replace(column, StringBuilder::with_capacity(rows, bytes + bytes / 8));
            Arc::new(full.finish()) as ArrayRef
        });
        let columns = columns.collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let file_schema = Arc::clone(&self.file_schema);
        let (faults, warnings) = (std::mem::take(&mut self.faults), std::mem::take(&mut self.warnings));
        let decoded = DecodedBatch { batch, file_schema, first_row: self.first_row, faults, warnings };
        self.first_row += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        each(decoded)
    }
}
