//! Decodes Parquet files with the parquet crate, row group by row group. What the file claims is checked first (`pages`, `delta`).

use super::delta::check_delta;
use super::guard::GAVE_UP;
use super::input::{BatchSink, DecodeInput, DecodedBatch, wanted};
use super::pages::{check_metadata, check_pages, check_schema};
use crate::config::SourceConfig;
use crate::config::{FOOTER, LimitExceeded, Limits, MIB};
use crate::error::{Error, Kind, Result};
use crate::model::{ColumnType, InputTable};
use crate::store::wait;
use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampNanosecondType};
use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::{BoxFuture, FutureExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::basic::{LogicalType, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use std::ops::Range;
use std::sync::Arc;

/// Rows per batch: few enough that a batch with all its columns stays in a core's caches until it has been processed.
const BATCH_ROWS: usize = 16 * 1024;

/// The last bytes of a file: the footer's length and the magic word.
const TAIL: u64 = 8;

/// Reads and checks the footer of a file. Errors: the file is cut short, damaged or encrypted, or its footer exceeds a limit.
pub(super) fn metadata(input: &DecodeInput) -> Result<ArrowReaderMetadata> {
    let size = input.file.size();
    let mut bytes = input.store.parquet(input.file);
    let mut read = |range: Range<u64>| wait(bytes.get_bytes(range))?.map_err(damaged);
    let not_parquet = || Error::new(Kind::Refused, "the Parquet file is damaged or cut short: it does not end in PAR1");
    let tail = read(size.checked_sub(TAIL).ok_or_else(not_parquet)?..size)?;
    let (length, magic) = tail.split_at(4);
    if magic == b"PARE" {
        return Err(Error::new(Kind::Refused, "the Parquet file is encrypted").hint("export it without encryption"));
    }
    let length = length.iter().rev().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
    let Some(start) = (size - TAIL).checked_sub(length).filter(|_| magic == b"PAR1" && length > 0) else { return Err(not_parquet()) };
    if length > FOOTER {
        return Err(LimitExceeded(format!("the Parquet footer is longer than {} MiB", FOOTER / MIB)).into());
    }
    let footer = read(start..size - TAIL)?;
    check_schema(&footer)?;
    let metadata = ParquetMetaDataReader::decode_metadata(&footer).map_err(damaged)?;
    check_metadata(&metadata, size)?;
    ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::default()).map_err(damaged)
}

/// The error for a failure of the parquet crate: the file is damaged, unless the store failed or a limit was exceeded.
fn damaged(e: ParquetError) -> Error {
    let message = format!("the Parquet file is damaged or cut short: {e}");
    let ParquetError::External(cause) = e else { return Error::new(Kind::Refused, message) };
    match cause.downcast::<object_store::Error>() {
        Ok(e) => Error::from(*e),
        Err(cause) if cause.is::<LimitExceeded>() => Error::new(Kind::Refused, cause.to_string()),
        Err(_) => Error::new(Kind::Refused, message),
    }
}

/// Reads the column chunks of a row group and checks their pages before the decoder sees them.
pub(super) struct CheckedReader<R> {
    /// The reader of the file.
    pub(super) inner: R,
    /// The checked metadata of the file.
    pub(super) metadata: Arc<ParquetMetaData>,
    /// The index of the row group.
    pub(super) group: usize,
    /// The limits of the file.
    pub(super) caps: Limits,
}

impl<R: AsyncFileReader> AsyncFileReader for CheckedReader<R> {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.get_byte_ranges(vec![range]).map(|read| Ok(read?.swap_remove(0))).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        let (metadata, group, caps) = (Arc::clone(&self.metadata), self.group, self.caps);
        let starts = ranges.iter().map(|range| range.start).collect::<Vec<_>>();
        let read = self.inner.get_byte_ranges(ranges);
        read.map(move |read| {
            let chunks = read?;
            starts.into_iter().zip(&chunks).try_for_each(|(start, chunk)| check_chunk(metadata.row_group(group), start, chunk, &caps))?;
            Ok(chunks)
        })
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        self.inner.get_metadata(options)
    }
}

/// Checks the pages of the column chunk at offset `start`. Errors: a page exceeds a limit.
fn check_chunk(group: &RowGroupMetaData, start: u64, chunk: &Bytes, caps: &Limits) -> parquet::errors::Result<()> {
    if !check_pages(chunk, caps).map_err(|exceeded| ParquetError::External(Box::new(exceeded)))? {
        return Ok(());
    }
    let column = group.columns().iter().find(|column| column.byte_range().0 == start);
    column.map_or(Ok(()), |column| check_delta(chunk, start, column, group.num_rows() as usize))
}

/// The metadata with a schema in which ids, words and labels are read as dictionaries, so that each distinct value is checked and hashed once
/// per dictionary and not once per row. Errors: the parquet crate refuses the schema.
pub(super) fn with_dictionaries(metadata: ArrowReaderMetadata, source: &SourceConfig, table: InputTable) -> Result<ArrowReaderMetadata> {
    let keys = wanted(source, table)
        .filter(|(_, of)| matches!(of, ColumnType::Key | ColumnType::Word(_) | ColumnType::Label))
        .map(|(name, _)| name)
        .collect::<Vec<_>>();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = metadata.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 if keys.contains(&field.name().as_str()) => Arc::new(field.as_ref().clone().with_data_type(dictionary.clone())),
        _ => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(damaged)
}

/// A column whose type in the file says more than its Arrow type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reinterpreted {
    /// INT96: an instant in UTC, as the engines that write it read it.
    Instant,
    /// 16 bytes that are marked as a UUID: its text.
    Uuid,
}

/// UTC as an offset, which needs no table of time zones.
const UTC: &str = "+00:00";

/// The columns of a file that are read as something else than their Arrow type. INT96 is wall-clock time if the source has a time zone.
fn reinterpreted(schema: &SchemaDescriptor, source: &SourceConfig) -> Vec<(String, Reinterpreted)> {
    let of = |column: &ColumnDescPtr| match (column.physical_type(), column.logical_type_ref()) {
        (PhysicalType::INT96, _) if source.timezone.is_none() => Some(Reinterpreted::Instant),
        (_, Some(LogicalType::Uuid)) => Some(Reinterpreted::Uuid),
        _ => None,
    };
    let flat = schema.columns().iter().filter(|column| column.path().parts().len() == 1);
    flat.filter_map(|column| Some((column.name().to_owned(), of(column)?))).collect()
}

/// The schema as the mapping sees it.
fn read_schema(schema: &SchemaRef, reinterpreted: &[(String, Reinterpreted)]) -> SchemaRef {
    if reinterpreted.is_empty() {
        return Arc::clone(schema);
    }
    let fields = schema.fields().iter().map(|field| match reinterpreted.iter().find(|(name, _)| name == field.name()) {
        Some((_, Reinterpreted::Instant)) => {
            Arc::new(Field::new(field.name(), DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())), true))
        }
        Some((_, Reinterpreted::Uuid)) => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
        None => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The batch with its columns as [`read_schema`] has them.
fn reread(batch: RecordBatch, reinterpreted: &[(String, Reinterpreted)]) -> Result<RecordBatch> {
    if reinterpreted.is_empty() {
        return Ok(batch);
    }
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, cells)| {
        Ok(match reinterpreted.iter().find(|(name, _)| name == field.name()) {
            Some((_, Reinterpreted::Instant)) => {
                let wall_clock = cast(cells, &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
                Arc::new(wall_clock.as_primitive::<TimestampNanosecondType>().clone().with_timezone(UTC)) as ArrayRef
            }
            Some((_, Reinterpreted::Uuid)) => {
                let bytes = cells.as_fixed_size_binary().iter();
                let text = |bytes: &[u8]| uuid::Uuid::from_slice(bytes).ok().map(|id| id.hyphenated().to_string());
                Arc::new(bytes.map(|bytes| bytes.and_then(text)).collect::<StringArray>())
            }
            None => Arc::clone(cells),
        })
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(read_schema(&schema, reinterpreted), columns.collect::<Result<_>>()?, &options)?)
}

/// Decodes one row group, of which `first_row` rows of the file precede the first row, and only the columns that the table uses. The first
/// batch is empty, so that the column mapping fails before a page is read. Errors: the row group is damaged or does not hold as many rows as
/// it claims, or a page exceeds a limit; those of `each`.
pub(super) fn decode<R: AsyncFileReader + Unpin + 'static>(
    builder: ParquetRecordBatchStreamBuilder<CheckedReader<R>>,
    (index, first_row): (usize, u64),
    source: &SourceConfig,
    table: InputTable,
    each: BatchSink,
) -> Result<()> {
    let reinterpreted = reinterpreted(builder.parquet_schema(), source);
    let file_schema = read_schema(builder.schema(), &reinterpreted);
    let claimed = builder.metadata().row_group(index).num_rows().unsigned_abs();
    let names = wanted(source, table).map(|(name, _)| name).collect::<Vec<_>>();
    let used = file_schema.fields().iter().enumerate().filter(|(_, f)| names.contains(&f.name().as_str())).map(|(i, _)| i);
    let projection = ProjectionMask::roots(builder.parquet_schema(), used.collect::<Vec<_>>());
    let builder = builder.with_row_groups(vec![index]).with_projection(projection).with_batch_size(BATCH_ROWS);
    let mut stream = builder.build().map_err(damaged)?;
    let decoded = |batch: RecordBatch, before: u64| -> Result<DecodedBatch> {
        let batch = reread(batch, &reinterpreted)?;
        let first_row = first_row + before;
        Ok(DecodedBatch { batch, file_schema: Arc::clone(&file_schema), first_row, faults: Vec::new(), warnings: Vec::new() })
    };
    each(decoded(RecordBatch::new_empty(Arc::clone(stream.schema())), 0)?)?;
    if claimed == 0 {
        return Ok(());
    }
    let mut rows = 0;
    while let Some(batch) = wait(stream.try_next())?.map_err(damaged)? {
        let before = rows;
        rows += batch.num_rows() as u64;
        if rows > claimed {
            break;
        }
        each(decoded(batch, before)?)?;
    }
    if rows != claimed {
        return Err(Error::new(Kind::Refused, format!("{GAVE_UP}: row group {index} claims {claimed} rows and holds {rows}")));
    }
    Ok(())
}
