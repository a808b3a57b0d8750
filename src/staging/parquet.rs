//! Writes tables as Parquet files and reads them back. The same table always gives the same bytes, because a file holds no time, run id or
//! path.

use super::area::{DraftFile, STAGE, StagedFile, StagingArea};
use super::hash::sha256;
use crate::error::{Context, Error, Kind, Result};
use crate::model::OutputTable;
use crate::parallel;
use crate::store::wait;
use arrow::array::{Array, BooleanArray, RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use bytes::Bytes;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::sync::{Arc, Mutex, PoisonError};

/// The version of the layout of all files. A change causes every day to be computed again.
pub const SCHEMA_VERSION: &str = "5";

/// The most rows of a row group. The size suits every reader, and larger groups make none faster.
pub const ROW_GROUP: usize = 122_880;

/// Writes the file of one table, row group by row group. Threads encode row groups in parallel and append them in order.
pub struct TableWriter {
    key: String,
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
    /// The file, and the rows appended to it so far.
    file: Mutex<(SerializedFileWriter<DraftFile>, usize)>,
}

/// An encoded row group that can be appended to a `TableWriter`.
pub struct EncodedRowGroup {
    columns: Vec<ArrowColumnChunk>,
    rows: usize,
}

impl TableWriter {
    /// Creates the file of a table and writes the table's rows as the first ones.
    pub fn open(staging: &StagingArea, key: &str, table: &OutputTable) -> Result<TableWriter> {
        let schema = table.rows.schema();
        let writer =
            ArrowWriter::try_new(staging.create(key)?, Arc::clone(&schema), Some(properties(table)?)).map_err(|e| written(key, e))?;
        let (file, factory) = writer.into_serialized_writer().map_err(|e| written(key, e))?;
        let writer = TableWriter { key: key.to_owned(), schema, factory, file: Mutex::new((file, 0)) };
        let rows = writer.encode(&table.rows)?;
        writer.append(rows)?;
        Ok(writer)
    }

    /// Encodes rows as row groups of at most `ROW_GROUP` rows.
    pub fn encode(&self, rows: &RecordBatch) -> Result<Vec<EncodedRowGroup>> {
        let groups = (0..rows.num_rows()).step_by(ROW_GROUP).map(|start| rows.slice(start, ROW_GROUP.min(rows.num_rows() - start)));
        groups.map(|rows| self.encode_group(&rows).with("file", &self.key).with("while", STAGE)).collect()
    }

    fn encode_group(&self, rows: &RecordBatch) -> Result<EncodedRowGroup> {
        let mut columns = Vec::new();
        let writers = self.factory.create_column_writers(0)?;
        for ((mut writer, field), array) in writers.into_iter().zip(self.schema.fields()).zip(rows.columns()) {
            // No column is nested, so each has one leaf.
            compute_leaves(field, array)?.iter().try_for_each(|leaf| writer.write(leaf))?;
            columns.push(writer.close()?);
        }
        Ok(EncodedRowGroup { columns, rows: rows.num_rows() })
    }

    /// Appends encoded row groups to the file.
    pub fn append(&self, groups: Vec<EncodedRowGroup>) -> Result<()> {
        let (file, rows) = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups {
            let appended = file.next_row_group().and_then(|mut row_group| {
                group.columns.into_iter().try_for_each(|column| column.append_to_row_group(&mut row_group))?;
                row_group.close()
            });
            appended.map_err(|e| written(&self.key, e))?;
            *rows += group.rows;
        }
        Ok(())
    }

    /// Closes the file and adds it to the staging area. Returns its key and its entry there.
    pub fn close(self, staging: &StagingArea) -> Result<(String, StagedFile)> {
        let (file, rows) = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let finished = file.into_inner().map_err(|e| written(&self.key, e))?.finish().with("file", &self.key).with("while", STAGE)?;
        let staged = staging.add(&self.key, finished, rows, schema_hash(&self.schema))?;
        Ok((self.key, staged))
    }
}

/// A hash of the columns' names and types.
pub(super) fn schema_hash(schema: &Schema) -> String {
    let columns = schema.fields().iter().map(|field| (field.name(), field.data_type())).collect::<Vec<_>>();
    sha256(format!("{columns:?}").as_bytes())[..16].to_owned()
}

/// The error of a staged file that cannot be written.
fn written(key: &str, e: impl Into<Error>) -> Error {
    e.into().with("file", key).with("while", STAGE)
}

/// The Parquet settings of a table: compression, encodings, statistics, sort order and metadata.
fn properties(table: &OutputTable) -> Result<WriterProperties> {
    let schema = table.rows.schema();
    let sorting = table.sorted_by.iter().filter_map(|name| schema.index_of(name).ok());
    let sorting = sorting.map(|index| SortingColumn { column_idx: index as i32, descending: false, nulls_first: true }).collect::<Vec<_>>();
    let metadata = [
        ("kefu.table", table.folder.as_str()),
        ("kefu.grain", table.grain.as_str()),
        ("kefu.schema_version", SCHEMA_VERSION),
        ("kefu.rule_sets", table.rule_sets.as_str()),
    ];
    let metadata = metadata
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned()))
        .collect();
    let mut properties = WriterProperties::builder()
        .set_compression(if table.folder.starts_with("state/") { Compression::LZ4_RAW } else { Compression::ZSTD(ZstdLevel::try_new(1)?) })
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by(concat!("kefu ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .set_key_value_metadata(Some(metadata));
    // Tables with a row per chat or buyer are large and use the delta encoding; reports use plain encodings, which every tool reads.
    let is_large = ["details/", "state/"].iter().any(|folder| table.folder.starts_with(folder));
    // A dictionary costs time: values of ids hardly repeat, and numbers compress as well without one.
    for (name, data_type) in schema.fields().iter().map(|field| (field.name(), field.data_type())) {
        let column = ColumnPath::from(name.as_str());
        if is_large && matches!(data_type, DataType::Int64 | DataType::Date32 | DataType::Timestamp(..)) {
            properties = properties.set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED);
        }
        if *data_type != DataType::Utf8 || name.ends_with("message_id") || name == "buyer_id" || name == "session_id" {
            properties = properties.set_column_dictionary_enabled(column.clone(), false);
        }
        if *data_type == DataType::Utf8 {
            // In a column that the rows are sorted by, the bounds of a page tell a reader which pages to skip. Elsewhere they do not.
            let is_sorted = table.sorted_by.contains(&name.as_str());
            let statistics = if is_sorted { EnabledStatistics::Page } else { EnabledStatistics::None };
            properties = properties.set_column_statistics_enabled(column, statistics);
        }
    }
    Ok(properties.build())
}

/// Decodes all rows of a file that kefu has written, as one batch.
pub fn decode(bytes: Bytes) -> Result<RecordBatch> {
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(ROW_GROUP).build()?;
    let schema = batches.schema();
    Ok(concat_batches(&schema, &batches.collect::<std::result::Result<Vec<_>, _>>()?)?)
}

/// Decodes all rows of a file that kefu has written, batch by batch. The text columns in `keys` stay dictionaries.
pub(crate) fn decode_pieces(bytes: Bytes, keys: &[&str]) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let metadata = with_dictionaries(&ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new())?, keys)?;
    let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata).with_batch_size(ROW_GROUP).build()?;
    Ok(batches.map(|batch| Ok(batch?)))
}

/// Decodes the rows of a file that match a predicate, on up to `workers` threads, and passes them to `each` in their order. The predicate
/// `wanted` sees the columns `by`; the remaining ones of `columns` are decoded for the matching rows only. The text columns in `keys` stay
/// dictionaries.
/// Errors: the file does not exist, is not as it was published or cannot be read; those of `each`.
pub(crate) fn decode_some(
    staging: &StagingArea,
    key: &str,
    keys: &[&str],
    (columns, by): (&[&str], &[&str]),
    workers: usize,
    wanted: impl FnMut(&RecordBatch) -> BooleanArray + Clone + Send + Sync + 'static,
    each: &mut dyn FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    staging.check(key)?;
    let Some(object) = staging.head(key)? else {
        return Err(Error::new(Kind::Failed, "a state file is missing").with("file", staging.describe(key)));
    };
    let mut file = staging.parquet(&object);
    let unread = |e: ParquetError| unread(&staging.describe(key), e);
    let loaded = wait(ArrowReaderMetadata::load_async(&mut file, ArrowReaderOptions::new()))?.map_err(unread)?;
    let metadata = with_dictionaries(&loaded, keys)?;
    let groups = (0..metadata.metadata().num_row_groups()).collect::<Vec<_>>();
    let decode = |group: &usize, emit: &mut dyn FnMut(RecordBatch) -> Result<()>| {
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(staging.parquet(&object), metadata.clone());
        let mask = |names: &[&str]| ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        let (columns, by, mut wanted) = (mask(columns), mask(by), wanted.clone());
        let predicate = ArrowPredicateFn::new(by, move |rows: RecordBatch| Ok(wanted(&rows)));
        let builder = builder.with_row_groups(vec![*group]).with_batch_size(ROW_GROUP).with_projection(columns);
        let mut matching = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)])).build().map_err(unread)?;
        while let Some(rows) = wait(matching.try_next())?.map_err(unread)? {
            emit(shrunk(rows)?)?;
        }
        Ok(())
    };
    parallel::for_each_ordered(&groups, workers, decode, each)
}

/// Frees the unused capacity of a batch: the reader allocates for a whole row group, of which few rows may match.
fn shrunk(rows: RecordBatch) -> Result<RecordBatch> {
    let (schema, mut columns, count) = rows.into_parts();
    columns.iter_mut().for_each(|column| column.shrink_to_fit());
    Ok(RecordBatch::try_new_with_options(schema, columns, &RecordBatchOptions::new().with_row_count(Some(count)))?)
}

/// Decodes some columns of a file that kefu has written and passes them to `each` batch by batch. A file that does not exist has no rows.
/// Errors: the file is not as it was published or cannot be read; those of `each`.
pub(crate) fn decode_each(
    staging: &StagingArea,
    key: &str,
    columns: &[&str],
    each: &mut dyn FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    staging.check(key)?;
    let Some(object) = staging.head(key)? else { return Ok(()) };
    let mut file = staging.parquet(&object);
    let unread = |e: ParquetError| unread(&staging.describe(key), e);
    let metadata = wait(ArrowReaderMetadata::load_async(&mut file, ArrowReaderOptions::new()))?.map_err(unread)?;
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(file, metadata).with_batch_size(ROW_GROUP);
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let mut batches = builder.with_projection(mask).build().map_err(unread)?;
    while let Some(batch) = wait(batches.try_next())?.map_err(unread)? {
        each(batch)?;
    }
    Ok(())
}

/// The error of a staged or published file that cannot be read.
pub(super) fn unread(file: &str, e: ParquetError) -> Error {
    Error::from(e).with("file", file).with("while", "reading a table that was made before")
}

/// The metadata of a file, changed so that the text columns in `keys` are read as dictionaries.
fn with_dictionaries(found: &ArrowReaderMetadata, keys: &[&str]) -> Result<ArrowReaderMetadata> {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = found.schema().fields().iter().map(|field| match keys.contains(&field.name().as_str()) {
        true => Arc::new(field.as_ref().clone().with_data_type(dictionary.clone())),
        false => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), found.schema().metadata().clone()));
    Ok(ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), ArrowReaderOptions::new().with_schema(schema))?)
}
