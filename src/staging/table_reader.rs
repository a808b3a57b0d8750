//! Reads a staged or published table in parts: some of its columns, and some stretches of its rows.

use super::area::StagingArea;
use super::parquet::{ROW_GROUP, unread};
use crate::error::Result;
use crate::store::{StoredObject, wait};
use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use futures::TryStreamExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;
use std::ops::Range;
use std::sync::Arc;

/// An open table. Only what is asked for is read and decoded.
pub struct TableReader<'s> {
    staging: &'s StagingArea,
    object: StoredObject,
    metadata: ArrowReaderMetadata,
}

impl<'s> TableReader<'s> {
    /// Opens a file as it will be published; `None` if there is no such file. Errors: it is not as it was published, or cannot be read.
    pub fn open(staging: &'s StagingArea, key: &str) -> Result<Option<TableReader<'s>>> {
        let Some(object) = staging.head(key)? else { return Ok(None) };
        staging.check(key)?;
        let mut file = staging.parquet(&object);
        let loaded = wait(ArrowReaderMetadata::load_async(&mut file, ArrowReaderOptions::new()))?;
        let metadata = loaded.map_err(|e| unread(&staging.describe(key), e))?;
        Ok(Some(TableReader { staging, object, metadata }))
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.metadata.metadata().file_metadata().num_rows() as usize
    }

    /// Decodes some columns of all rows as one batch. Columns that the table lacks are left out.
    pub fn columns(&self, names: &[&str]) -> Result<RecordBatch> {
        self.read(Some(names), std::slice::from_ref(&(0..self.rows())))
    }

    /// Decodes columns (`None`: all) of some stretches of rows, which ascend, as one batch.
    pub fn read(&self, columns: Option<&[&str]>, rows: &[Range<usize>]) -> Result<RecordBatch> {
        let unread = |e: ParquetError| unread(&self.staging.describe(&self.object.key), e);
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(self.staging.parquet(&self.object), self.metadata.clone());
        let mask = match columns {
            Some(names) => ProjectionMask::columns(builder.parquet_schema(), names.iter().copied()),
            None => ProjectionMask::all(),
        };
        let selection = RowSelection::from_consecutive_ranges(rows.iter().cloned(), self.rows());
        let builder = builder.with_batch_size(ROW_GROUP).with_projection(mask).with_row_selection(selection);
        let stream = builder.build().map_err(unread)?;
        let schema = Arc::clone(stream.schema());
        let batches = wait(stream.try_collect::<Vec<_>>())?.map_err(unread)?;
        Ok(concat_batches(&schema, &batches)?)
    }

    /// Whether any row has a value in a column; the file's statistics say so mostly. A column that the table lacks has none.
    pub fn has_values(&self, column: &str) -> Result<bool> {
        let metadata = self.metadata.metadata();
        let columns = metadata.file_metadata().schema_descr().columns();
        let Some(index) = columns.iter().position(|known| known.name() == column) else { return Ok(false) };
        for group in metadata.row_groups() {
            match group.column(index).statistics().and_then(|statistics| statistics.null_count_opt()) {
                Some(nulls) if (nulls as i64) < group.num_rows() => return Ok(true),
                Some(_) => {}
                None => {
                    let cells = self.columns(&[column])?;
                    return Ok(cells.column(0).null_count() < cells.num_rows());
                }
            }
        }
        Ok(false)
    }
}
