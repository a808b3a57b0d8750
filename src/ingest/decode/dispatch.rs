//! Chooses the decoder for a file by its format.

use super::input::{BatchSink, DecodeInput, FilePart, text_schema, wanted};
use super::{csv, ndjson, parquet, text};
use crate::config::{InputFormat, SourceConfig};
use crate::error::{Error, Kind, Result};
use crate::store::StoredObject;
use ::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use arrow::datatypes::SchemaRef;
use std::sync::Arc;

/// The parts of a file, in row order. Errors: the file is empty or not of its format, or exceeds a limit.
pub(in crate::ingest) fn parts(input: &DecodeInput) -> Result<Vec<FilePart>> {
    if input.file.size() == 0 {
        return Err(
            Error::new(Kind::Refused, "the file is empty (0 bytes)").hint("a day without rows still has a header; was the export cut off?")
        );
    }
    match format(input.file, input.source)? {
        InputFormat::Parquet => {
            let metadata = parquet::with_dictionaries(parquet::metadata(input)?, input.source, input.table)?;
            let rows = metadata.metadata().row_groups().iter().map(|group| group.num_rows().unsigned_abs());
            let starts = rows.scan(0, |next, rows| Some(std::mem::replace(next, *next + rows)));
            Ok(starts.enumerate().map(|(index, first_row)| FilePart::RowGroup { metadata: metadata.clone(), index, first_row }).collect())
        }
        format => Ok(vec![FilePart::Whole(format)]),
    }
}

/// Decodes one part of a file and passes its batches on. Errors: the file is cut short or damaged, or exceeds a limit; those of `each`.
pub(in crate::ingest) fn decode(input: &DecodeInput, part: &FilePart, each: BatchSink) -> Result<()> {
    match part {
        FilePart::RowGroup { metadata, index, first_row } => {
            let reader =
                parquet::CheckedReader { inner: input.store.parquet(input.file), metadata: Arc::clone(metadata.metadata()), group: *index };
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata.clone());
            parquet::decode(builder, (*index, *first_row), input.source, input.table, each)
        }
        FilePart::Whole(InputFormat::Csv) => csv::decode(text::open(input)?, input, each),
        FilePart::Whole(_) => ndjson::decode(text::open(input)?, input, each),
    }
}

/// The schema of a file, from its footer or first line. For NDJSON it holds the keys of the first line and all columns of the table.
/// Errors: as `parts`.
pub(in crate::ingest) fn schema(input: &DecodeInput) -> Result<SchemaRef> {
    match format(input.file, input.source)? {
        InputFormat::Parquet => Ok(Arc::clone(parquet::metadata(input)?.schema())),
        InputFormat::Csv => Ok(text_schema(csv::header(text::open(input)?, input.caps)?)),
        InputFormat::Ndjson => {
            let mut names = ndjson::keys(text::open(input)?, input.caps)?;
            // A key that the first line leaves out may appear in a later line, so that no column of the table counts as missing.
            names.extend(wanted(input.source, input.table).map(|(name, _)| name.to_owned()));
            names.sort();
            names.dedup();
            Ok(text_schema(names))
        }
    }
}

/// The format of a file: from the source's `format`, else from the ending of its name. Errors: neither tells.
fn format(file: &StoredObject, source: &SourceConfig) -> Result<InputFormat> {
    if let Some(format) = source.format {
        return Ok(format);
    }
    let name = file.key.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => Ok(InputFormat::Csv),
        Some("ndjson" | "jsonl" | "json") => Ok(InputFormat::Ndjson),
        Some("parquet") => Ok(InputFormat::Parquet),
        _ => Err(Error::new(Kind::Config, "cannot tell the file's format from its name")
            .hint("end it in .csv, .ndjson or .parquet (.gz and .zst may follow), or set `format`")),
    }
}
