//! Tables ↔ Parquet bytes. The same table gives the same bytes: no clock, no run id, no path.

use crate::error::Result;
use crate::reports::Table;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;

/// Of the layout of every file; a change rewrites them all.
pub(super) const SCHEMA_VERSION: &str = "1";

/// One row group suits every reader; larger ones help none.
const ROW_GROUP: usize = 122_880;

pub fn encode(table: &Table) -> Result<Vec<u8>> {
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
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by(concat!("kefu ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .set_key_value_metadata(Some(metadata))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties))?;
    writer.write(&table.rows)?;
    writer.close()?;
    Ok(bytes)
}

/// All rows of one of our own files.
pub fn decode(bytes: Bytes) -> Result<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = builder.schema().clone();
    let batches = builder.build()?.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}
