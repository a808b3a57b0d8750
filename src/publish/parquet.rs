//! Tables ↔ Parquet bytes. The same table gives the same bytes: no clock, no run id, no path.

use super::stage::{Draft, Stage, Staged, sha256};
use crate::error::{Error, Kind, Result};
use crate::pipe;
use crate::reports::Table;
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
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::sync::{Arc, Mutex, PoisonError};

/// Of the layout of every file; a change rewrites them all.
pub const SCHEMA_VERSION: &str = "4";

/// One row group suits every reader; larger ones help none.
pub const ROW_GROUP: usize = 122_880;

/// A table's file while its rows come piece by piece, each encoded where it was made.
pub struct Sheet {
    key: String,
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
    file: Mutex<(SerializedFileWriter<Draft>, usize)>,
}

/// Rows ready to be written: one row group.
pub struct Encoded {
    columns: Vec<ArrowColumnChunk>,
    rows: usize,
}

impl Sheet {
    /// Opens the file of a table at a key; the rows the table has are its first.
    pub fn open(stage: &Stage, key: &str, table: &Table) -> Result<Sheet> {
        let schema = table.rows.schema();
        let writer = ArrowWriter::try_new(stage.begin(key)?, Arc::clone(&schema), Some(properties(table)?))?;
        let (file, factory) = writer.into_serialized_writer()?;
        let sheet = Sheet { key: key.to_owned(), schema, factory, file: Mutex::new((file, 0)) };
        let rows = sheet.encode(&table.rows)?;
        sheet.append(rows)?;
        Ok(sheet)
    }

    pub fn encode(&self, rows: &RecordBatch) -> Result<Vec<Encoded>> {
        let groups = (0..rows.num_rows()).step_by(ROW_GROUP).map(|start| rows.slice(start, ROW_GROUP.min(rows.num_rows() - start)));
        groups.map(|rows| self.encode_group(&rows)).collect()
    }

    fn encode_group(&self, rows: &RecordBatch) -> Result<Encoded> {
        let mut columns = Vec::new();
        let writers = self.factory.create_column_writers(0)?;
        for ((mut writer, field), array) in writers.into_iter().zip(self.schema.fields()).zip(rows.columns()) {
            // Every column is flat: one leaf each.
            compute_leaves(field, array)?.iter().try_for_each(|leaf| writer.write(leaf))?;
            columns.push(writer.close()?);
        }
        Ok(Encoded { columns, rows: rows.num_rows() })
    }

    pub fn append(&self, groups: Vec<Encoded>) -> Result<()> {
        let (file, rows) = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups {
            let mut row_group = file.next_row_group()?;
            group.columns.into_iter().try_for_each(|column| column.append_to_row_group(&mut row_group))?;
            row_group.close()?;
            *rows += group.rows;
        }
        Ok(())
    }

    /// Ends the file. Returns its key and what it is.
    pub fn close(self, stage: &Stage) -> Result<(String, Staged)> {
        let (file, rows) = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let columns = self.schema.fields().iter().map(|field| (field.name(), field.data_type())).collect::<Vec<_>>();
        let schema = sha256(format!("{columns:?}").as_bytes())[..16].to_owned();
        let staged = stage.keep(&self.key, file.into_inner()?.finish()?, rows, schema)?;
        Ok((self.key, staged))
    }
}

fn properties(table: &Table) -> Result<WriterProperties> {
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
    // Tables for people are written in the plainest way, which every tool can read; those with a row for each thing counted in the smallest.
    let many = ["details/", "state/"].iter().any(|folder| table.folder.starts_with(folder));
    // Where values hardly repeat a dictionary of them would only cost time, and numbers are compressed as well without one.
    for (name, of) in schema.fields().iter().map(|field| (field.name(), field.data_type())) {
        let column = ColumnPath::from(name.as_str());
        if many && matches!(of, DataType::Int64 | DataType::Date32 | DataType::Timestamp(..)) {
            properties = properties.set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED);
        }
        if *of != DataType::Utf8 || name.ends_with("message_id") || name == "buyer_id" || name == "session_id" {
            properties = properties.set_column_dictionary_enabled(column.clone(), false);
        }
        if *of == DataType::Utf8 {
            // Pages hold rows of few shops: their bounds tell which to read. Of other texts they would tell nothing.
            let of_pages = table.sorted_by.contains(&name.as_str());
            let statistics = if of_pages { EnabledStatistics::Page } else { EnabledStatistics::None };
            properties = properties.set_column_statistics_enabled(column, statistics);
        }
    }
    Ok(properties.build())
}

/// All rows of one of our own files.
pub fn decode(bytes: Bytes) -> Result<RecordBatch> {
    let pieces = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(ROW_GROUP).build()?;
    let schema = pieces.schema();
    Ok(concat_batches(&schema, &pieces.collect::<std::result::Result<Vec<_>, _>>()?)?)
}

/// The same in pieces; `keys` are text columns to keep as dictionaries.
pub(super) fn decode_pieces(bytes: Bytes, keys: &[&str]) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let metadata = keyed(&ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new())?, keys)?;
    let pieces = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata).with_batch_size(ROW_GROUP).build()?;
    Ok(pieces.map(|piece| Ok(piece?)))
}

/// The rows of one of our own files that are wanted by some of their columns, piece by piece, on some threads; of the others nothing
/// but these is decoded, and of none more than `columns`.
pub(super) fn decode_some(
    stage: &Stage,
    key: &str,
    keys: &[&str],
    (columns, by): (&[&str], &[&str]),
    workers: usize,
    wanted: impl FnMut(&RecordBatch) -> BooleanArray + Clone + Send + Sync + 'static,
    each: &mut dyn FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    let Some(object) = stage.head(key)? else {
        return Err(Error::new(Kind::Failed, "a state file is gone").with("file", stage.describe(key)));
    };
    let mut file = stage.parquet(&object);
    let metadata = keyed(&wait(ArrowReaderMetadata::load_async(&mut file, ArrowReaderOptions::new()))??, keys)?;
    let groups = (0..metadata.metadata().num_row_groups()).collect::<Vec<_>>();
    let decode = |group: &usize, emit: &mut dyn FnMut(RecordBatch) -> Result<()>| {
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(stage.parquet(&object), metadata.clone());
        let mask = |names: &[&str]| ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        let (columns, by, mut wanted) = (mask(columns), mask(by), wanted.clone());
        let predicate = ArrowPredicateFn::new(by, move |rows: RecordBatch| Ok(wanted(&rows)));
        let builder = builder.with_row_groups(vec![*group]).with_batch_size(ROW_GROUP).with_projection(columns);
        let mut kept = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)])).build()?;
        while let Some(rows) = wait(kept.try_next())?? {
            emit(without_room(rows)?)?;
        }
        Ok(())
    };
    pipe::in_order(&groups, workers, decode, each)
}

/// Rows that take no more room than they need: they were read with room for a whole row group.
fn without_room(rows: RecordBatch) -> Result<RecordBatch> {
    let (schema, mut columns, count) = rows.into_parts();
    columns.iter_mut().for_each(|column| column.shrink_to_fit());
    Ok(RecordBatch::try_new_with_options(schema, columns, &RecordBatchOptions::new().with_row_count(Some(count)))?)
}

/// Some columns of one of our own files, piece by piece.
pub(super) fn decode_each(stage: &Stage, key: &str, columns: &[&str], each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    let Some(object) = stage.head(key)? else { return Ok(()) };
    let mut file = stage.parquet(&object);
    let metadata = wait(ArrowReaderMetadata::load_async(&mut file, ArrowReaderOptions::new()))??;
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(file, metadata).with_batch_size(ROW_GROUP);
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let mut pieces = builder.with_projection(mask).build()?;
    while let Some(piece) = wait(pieces.try_next())?? {
        each(piece)?;
    }
    Ok(())
}

fn keyed(found: &ArrowReaderMetadata, keys: &[&str]) -> Result<ArrowReaderMetadata> {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = found.schema().fields().iter().map(|field| match keys.contains(&field.name().as_str()) {
        true => Arc::new(field.as_ref().clone().with_data_type(dictionary.clone())),
        false => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), found.schema().metadata().clone()));
    Ok(ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), ArrowReaderOptions::new().with_schema(schema))?)
}
