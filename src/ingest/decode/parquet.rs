//! Parquet, row group by row group.

use super::{BATCH_ROWS, Decoded, Each, wanted};
use crate::error::{Error, Kind, Result};
use crate::ingest::table::{Table, Type};
use crate::job::Source;
use crate::store::{Object, Store, wait};
use arrow::datatypes::{DataType, Schema};
use futures::TryStreamExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use std::sync::Arc;

/// The end of a file, which says what lies where in it.
pub(super) fn metadata(store: &Store, file: &Object) -> Result<ArrowReaderMetadata> {
    wait(ArrowReaderMetadata::load_async(&mut store.parquet(file), ArrowReaderOptions::default()))?.map_err(damaged)
}

fn damaged(e: parquet::errors::ParquetError) -> Error {
    Error::new(Kind::Refused, format!("the Parquet file is damaged or cut short: {e}"))
}

/// The file's columns with keys as dictionaries: a key is hashed once per dictionary, not once per line.
pub(super) fn keyed(metadata: ArrowReaderMetadata, source: &Source, table: Table) -> Result<ArrowReaderMetadata> {
    let keys = wanted(source, table).filter(|(_, of)| matches!(of, Type::Key | Type::Word(_))).map(|(name, _)| name).collect::<Vec<_>>();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = metadata.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 if keys.contains(&field.name().as_str()) => Arc::new(field.as_ref().clone().with_data_type(dictionary.clone())),
        _ => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(damaged)
}

/// Reads only the columns the table uses.
#[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
pub(super) fn decode(
    builder: ParquetRecordBatchStreamBuilder<parquet::arrow::async_reader::ParquetObjectReader>,
    mut first_row: u64,
    source: &Source,
    table: Table,
    each: Each,
) -> Result<()> {
    let found = Arc::clone(builder.schema());
    let names = wanted(source, table).map(|(name, _)| name).collect::<Vec<_>>();
    let used = found.fields().iter().enumerate().filter(|(_, f)| names.contains(&f.name().as_str())).map(|(i, _)| i);
    let projection = ProjectionMask::roots(builder.parquet_schema(), used.collect::<Vec<_>>());
    let mut stream = builder.with_projection(projection).with_batch_size(BATCH_ROWS).build().map_err(damaged)?;
    while let Some(batch) = wait(stream.try_next())?.map_err(damaged)? {
        let rows = batch.num_rows() as u64;
        each(Decoded { batch, found: Arc::clone(&found), first_row, broken: Vec::new() })?;
        first_row += rows;
    }
    Ok(())
}
