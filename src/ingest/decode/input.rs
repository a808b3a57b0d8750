//! The input of a decoder, a file or a part of one, and its output, batches of source columns.

use crate::config::{InputFormat, Limits, LineOrder, SourceConfig};
use crate::error::Result;
use crate::model::{ColumnType, InputColumn, InputTable};
use crate::store::{Store, StoredObject};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use std::sync::Arc;

/// A row or a cell that the decoder could not read.
pub(in crate::ingest) struct DecodeFault {
    /// The index of the row in the batch.
    pub row: usize,
    /// The name of the source column; empty if the row as a whole could not be read.
    pub column: String,
    /// Whether the row could not be read to its end, so that its other cells may be missing.
    pub is_cut: bool,
    /// The reason, as the quarantine table shows it.
    pub reason: String,
}

/// A batch of source columns, as far as the table uses them. Text formats give Utf8 columns, Parquet the types of the file.
pub(in crate::ingest) struct DecodedBatch {
    /// The rows, with null in each cell that could not be read.
    pub batch: RecordBatch,
    /// All columns of the file, the unused ones included.
    pub file_schema: SchemaRef,
    /// The number of the file's rows before this batch.
    pub first_row: u64,
    /// The rows and cells that could not be read.
    pub faults: Vec<DecodeFault>,
    /// What a reader of the numbers should know about the file.
    pub warnings: Vec<String>,
}

/// Receives the batches of a file in row order.
pub(in crate::ingest) type BatchSink<'a> = &'a mut dyn FnMut(DecodedBatch) -> Result<()>;

/// A part of a file that can be decoded without the others: a row group of a Parquet file, or a text file as a whole.
pub(in crate::ingest) enum FilePart {
    /// A text file or a workbook.
    Whole(InputFormat),
    /// The row group `index` of a Parquet file; `first_row` rows of the file precede it.
    RowGroup { metadata: ArrowReaderMetadata, index: usize, first_row: u64 },
}

impl FilePart {
    /// Whether this is the first part of the file.
    pub(in crate::ingest) fn is_first(&self) -> bool {
        !matches!(self, FilePart::RowGroup { index: 1.., .. })
    }
}

/// A file to decode, with the table it belongs to and the settings that apply to it.
#[derive(Clone, Copy)]
pub(in crate::ingest) struct DecodeInput<'a> {
    /// The input store.
    pub(in crate::ingest) store: &'a Store,
    /// The file.
    pub(in crate::ingest) file: &'a StoredObject,
    /// The settings of the table's source.
    pub(in crate::ingest) source: &'a SourceConfig,
    /// The table.
    pub(in crate::ingest) table: InputTable,
    /// The limits that the file must respect.
    pub(in crate::ingest) caps: &'a Limits,
}

/// The columns of the table as the source must give them: with `order_by = "seq"` no line can do without its `seq`.
pub(in crate::ingest) fn columns_of(source: &SourceConfig, table: InputTable) -> Vec<InputColumn> {
    let is_needed = |column: &InputColumn| column.required || (column.name == "seq" && source.order_by == LineOrder::Seq);
    let as_needed = |column: &InputColumn| match is_needed(column) {
        true => InputColumn { required: true, null_says: true, ..*column },
        false => *column,
    };
    table.columns().iter().map(as_needed).collect()
}

/// The name of the source column and the canonical type of each column of the table, in the table's order; then the columns that only tell
/// which rows are taken out.
pub(in crate::ingest) fn wanted(source: &SourceConfig, table: InputTable) -> impl Iterator<Item = (&str, ColumnType)> {
    let mapped = move |c: &'static InputColumn| source.columns.get(c.name).map_or(c.name, String::as_str);
    let is_mapped = move |name: &&String| table.columns().iter().any(|column| mapped(column) == name.as_str());
    let telling = source.drop.keys().chain(source.keep.keys()).filter(move |name| !is_mapped(name));
    table.columns().iter().map(move |c| (mapped(c), c.of)).chain(telling.map(|name| (name.as_str(), ColumnType::Label)))
}

/// The source columns that the table uses, each once, with the type of the first canonical column that it feeds and whether a file may lack it.
/// Writers leave out what is false, so that a file may lack a column of `drop`; of `keep`, it would lose all its rows.
pub(in crate::ingest) fn source_columns(source: &SourceConfig, table: InputTable) -> Vec<(&str, ColumnType, bool)> {
    let canonical = columns_of(source, table);
    let mut columns: Vec<(&str, ColumnType, bool)> = Vec::new();
    for (index, (name, of)) in wanted(source, table).enumerate() {
        let column = canonical.get(index);
        let optional = column.is_none_or(|column| !column.required && !source.gives(column.name)) && !source.keep.contains_key(name);
        match columns.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.2 &= optional,
            None => columns.push((name, of, optional)),
        }
    }
    columns
}

/// A schema of nullable Utf8 columns.
pub(in crate::ingest) fn text_schema(names: impl IntoIterator<Item = String>) -> SchemaRef {
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
