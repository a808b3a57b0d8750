//! Parquet, row group by row group.

use super::delta::check_delta;
use super::guard::GAVE_UP;
use super::pages::{check_metadata, check_pages, check_schema};
use super::{Decoded, Each, Input, wanted};
use crate::error::{Error, Kind, Result};
use crate::ingest::caps::{FOOTER, MIB, Passed};
use crate::ingest::table::{Table, Type};
use crate::job::Source;
use crate::store::wait;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::{BoxFuture, FutureExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use std::ops::Range;
use std::sync::Arc;

/// Rows per batch: with all its columns one stays within a core's reach until everybody has looked at it.
const BATCH_ROWS: usize = 16 * 1024;

/// Bytes of the footer's length and the magic word, which end the file.
const TAIL: u64 = 8;

/// The end of a file, which says what lies where in it. Errors: it does not, or it claims what cannot be.
pub(super) fn metadata(input: &Input) -> Result<ArrowReaderMetadata> {
    let size = input.file.size();
    let mut bytes = input.store.parquet(input.file);
    let mut read = |range: Range<u64>| wait(bytes.get_bytes(range))?.map_err(damaged);
    let no_parquet = || Error::new(Kind::Refused, "the Parquet file is damaged or cut short: it does not end in PAR1");
    let tail = read(size.checked_sub(TAIL).ok_or_else(no_parquet)?..size)?;
    let (length, magic) = tail.split_at(4);
    if magic == b"PARE" {
        return Err(Error::new(Kind::Refused, "the Parquet file is encrypted").hint("export it without encryption"));
    }
    let length = length.iter().rev().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
    let Some(start) = (size - TAIL).checked_sub(length).filter(|_| magic == b"PAR1" && length > 0) else { return Err(no_parquet()) };
    if length > FOOTER {
        return Err(Passed(format!("the Parquet footer is longer than {} MiB", FOOTER / MIB)).into());
    }
    let footer = read(start..size - TAIL)?;
    check_schema(&footer)?;
    let metadata = ParquetMetaDataReader::decode_metadata(&footer).map_err(damaged)?;
    check_metadata(&metadata, size)?;
    ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::default()).map_err(damaged)
}

fn damaged(e: ParquetError) -> Error {
    let said = format!("the Parquet file is damaged or cut short: {e}");
    let ParquetError::External(cause) = e else { return Error::new(Kind::Refused, said) };
    match cause.downcast::<object_store::Error>() {
        // The store's fault, not the file's.
        Ok(e) => Error::from(*e),
        Err(cause) if cause.is::<Passed>() => Error::new(Kind::Refused, cause.to_string()),
        Err(_) => Error::new(Kind::Refused, said),
    }
}

/// Hands on the column chunks of a row group once their pages have been looked at.
pub(super) struct Checked<R> {
    pub(super) inner: R,
    pub(super) metadata: Arc<ParquetMetaData>,
    pub(super) group: usize,
}

impl<R: AsyncFileReader> AsyncFileReader for Checked<R> {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.get_byte_ranges(vec![range]).map(|read| Ok(read?.swap_remove(0))).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        let (metadata, group) = (Arc::clone(&self.metadata), self.group);
        let starts = ranges.iter().map(|range| range.start).collect::<Vec<_>>();
        let read = self.inner.get_byte_ranges(ranges);
        read.map(move |read| {
            let chunks = read?;
            starts.into_iter().zip(&chunks).try_for_each(|(start, chunk)| check_chunk(metadata.row_group(group), start, chunk))?;
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

fn check_chunk(group: &RowGroupMetaData, start: u64, chunk: &Bytes) -> parquet::errors::Result<()> {
    if !check_pages(chunk).map_err(|passed| ParquetError::External(Box::new(passed)))? {
        return Ok(());
    }
    let column = group.columns().iter().find(|column| column.byte_range().0 == start);
    column.map_or(Ok(()), |column| check_delta(chunk, start, column, group.num_rows() as usize))
}

/// The file's columns with keys as dictionaries: a key is hashed once per dictionary, not once per line.
pub(super) fn keyed(metadata: ArrowReaderMetadata, source: &Source, table: Table) -> Result<ArrowReaderMetadata> {
    let keys = wanted(source, table)
        .filter(|(_, of)| matches!(of, Type::Key | Type::Word(_) | Type::Label))
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

/// Reads only the columns the table uses, of one row group. Errors: it does not hold the rows it claims.
pub(super) fn decode<R: AsyncFileReader + Unpin + 'static>(
    builder: ParquetRecordBatchStreamBuilder<Checked<R>>,
    (index, first_row): (usize, u64),
    source: &Source,
    table: Table,
    each: Each,
) -> Result<()> {
    let found = Arc::clone(builder.schema());
    let claimed = builder.metadata().row_group(index).num_rows().unsigned_abs();
    let names = wanted(source, table).map(|(name, _)| name).collect::<Vec<_>>();
    let used = found.fields().iter().enumerate().filter(|(_, f)| names.contains(&f.name().as_str())).map(|(i, _)| i);
    let projection = ProjectionMask::roots(builder.parquet_schema(), used.collect::<Vec<_>>());
    let builder = builder.with_row_groups(vec![index]).with_projection(projection).with_batch_size(BATCH_ROWS);
    let mut stream = builder.build().map_err(damaged)?;
    // Whether the columns will do is asked before any page is looked into.
    each(Decoded { batch: RecordBatch::new_empty(Arc::clone(stream.schema())), found: Arc::clone(&found), first_row, broken: Vec::new() })?;
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
        each(Decoded { batch, found: Arc::clone(&found), first_row: first_row + before, broken: Vec::new() })?;
    }
    if rows != claimed {
        return Err(Error::new(Kind::Refused, format!("{GAVE_UP}: row group {index} claims {claimed} rows and holds {rows}")));
    }
    Ok(())
}
