//! Files of every format → batches of source columns, as they came: no renaming, no filtering.

mod cells;
mod csv;
mod delta;
mod guard;
mod ndjson;
mod pages;
mod parquet;
mod text;
mod thrift;

pub(crate) use guard::GAVE_UP;
pub(super) use guard::guarded;

use super::caps::Caps;
use super::table::{Table, Type};
use crate::error::{Error, Kind, Result};
use crate::job::{Format, Source};
use crate::store::{Object, Store};
use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use ::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// A row that could not be read at all, or a cell that is not text.
pub struct Broken {
    pub row: usize,
    pub column: String,
    pub reason: String,
}

pub struct Decoded {
    pub batch: RecordBatch,
    /// Every column the file has, also those nobody reads.
    pub found: SchemaRef,
    /// Rows of the file before this batch.
    pub first_row: u64,
    pub broken: Vec<Broken>,
}

type Each<'a> = &'a mut dyn FnMut(Decoded) -> Result<()>;

/// A piece of a file that can be decoded by itself: a row group of a Parquet file, or the whole of any other.
pub(super) enum Part {
    Whole(Format),
    RowGroup { metadata: ArrowReaderMetadata, index: usize, first_row: u64 },
}

impl Part {
    /// Nothing of the file comes before it.
    pub(super) fn is_first(&self) -> bool {
        !matches!(self, Part::RowGroup { index: 1.., .. })
    }
}

/// A file that is to be read, and what is known of it before.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) store: &'a Store,
    pub(super) file: &'a Object,
    pub(super) source: &'a Source,
    pub(super) table: Table,
    pub(super) caps: &'a Caps,
}

/// The parts of a file, in row order. Errors: a file that is empty or not what its name says.
pub(super) fn parts(input: &Input) -> Result<Vec<Part>> {
    if input.file.size() == 0 {
        return Err(
            Error::new(Kind::Refused, "the file is empty (0 bytes)").hint("a day without rows still has a header; was the export cut off?")
        );
    }
    match format(input.file, input.source)? {
        Format::Parquet => {
            let metadata = parquet::keyed(parquet::metadata(input)?, input.source, input.table)?;
            let rows = metadata.metadata().row_groups().iter().map(|group| group.num_rows().unsigned_abs());
            let starts = rows.scan(0, |next, rows| Some(std::mem::replace(next, *next + rows)));
            Ok(starts.enumerate().map(|(index, first_row)| Part::RowGroup { metadata: metadata.clone(), index, first_row }).collect())
        }
        format => Ok(vec![Part::Whole(format)]),
    }
}

/// Streams one part of a file. Errors: a file that is cut short or damaged, or passes a cap.
pub(super) fn decode(input: &Input, part: &Part, each: Each) -> Result<()> {
    match part {
        Part::RowGroup { metadata, index, first_row } => {
            let reader =
                parquet::Checked { inner: input.store.parquet(input.file), metadata: Arc::clone(metadata.metadata()), group: *index };
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata.clone());
            parquet::decode(builder, (*index, *first_row), input.source, input.table, each)
        }
        Part::Whole(Format::Csv) => csv::decode(text::open(input)?, input, each),
        Part::Whole(_) => ndjson::decode(text::open(input)?, input, each),
    }
}

/// The source columns of a file, from its head alone. NDJSON has no head: its first line's keys stand for it.
pub(super) fn schema(input: &Input) -> Result<SchemaRef> {
    match format(input.file, input.source)? {
        Format::Parquet => Ok(Arc::clone(parquet::metadata(input)?.schema())),
        Format::Csv => Ok(text_schema(csv::header(text::open(input)?, input.caps)?)),
        Format::Ndjson => {
            let mut names = ndjson::keys(text::open(input)?, input.caps)?;
            // A key that the first line leaves out may come later, so what the table can use counts as there.
            names.extend(wanted(input.source, input.table).map(|(name, _)| name.to_owned()));
            names.sort();
            names.dedup();
            Ok(text_schema(names))
        }
    }
}

/// The source column of each canonical column, with its type.
fn wanted(source: &Source, table: Table) -> impl Iterator<Item = (&str, Type)> {
    table.columns().iter().map(|c| (source.columns.get(c.name).map_or(c.name, String::as_str), c.of))
}

fn text_schema(names: impl IntoIterator<Item = String>) -> SchemaRef {
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn format(file: &Object, source: &Source) -> Result<Format> {
    if let Some(format) = source.format {
        return Ok(format);
    }
    let name = file.key.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => Ok(Format::Csv),
        Some("ndjson" | "jsonl" | "json") => Ok(Format::Ndjson),
        Some("parquet") => Ok(Format::Parquet),
        _ => Err(Error::new(Kind::Config, "cannot tell the file's format from its name")
            .hint("end it in .csv, .ndjson or .parquet (.gz and .zst may follow), or set `format`")),
    }
}
