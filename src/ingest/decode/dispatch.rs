//! Chooses the decoder for a file by its format.

use super::input::{BatchSink, DecodeInput, FilePart};
use super::{csv, ndjson, parquet, text, workbook};
use crate::config::{InputFormat, SourceConfig};
use crate::error::{Error, Kind, Result};
use crate::store::StoredObject;
use ::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
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
            let reader = parquet::CheckedReader {
                inner: input.store.parquet(input.file),
                metadata: Arc::clone(metadata.metadata()),
                group: *index,
                caps: *input.caps,
            };
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata.clone());
            parquet::decode(builder, (*index, *first_row), input.source, input.table, each)
        }
        FilePart::Whole(InputFormat::Csv) => csv::decode(text::open(input)?, input, each),
        FilePart::Whole(format @ (InputFormat::Xlsx | InputFormat::Xls)) => workbook::decode(input, *format, each),
        FilePart::Whole(_) => ndjson::decode(text::open(input)?, input, each),
    }
}

/// The format of a file: from the source's `format`, else from the ending of its name. Errors: neither tells.
pub(in crate::ingest) fn format(file: &StoredObject, source: &SourceConfig) -> Result<InputFormat> {
    if let Some(format) = source.format {
        return Ok(format);
    }
    let name = file.key.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => Ok(InputFormat::Csv),
        Some("ndjson" | "jsonl") => Ok(InputFormat::Ndjson),
        Some("json") => Ok(InputFormat::Json),
        Some("xlsx") => Ok(InputFormat::Xlsx),
        Some("xls") => Ok(InputFormat::Xls),
        Some("parquet") => Ok(InputFormat::Parquet),
        _ => Err(Error::new(Kind::Config, "cannot tell the file's format from its name")
            .hint("end it in .csv, .ndjson, .json, .xlsx, .xls or .parquet (.gz and .zst may follow text), or set `format`")),
    }
}
