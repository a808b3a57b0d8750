//! Decodes files of every format into batches of source columns. Columns are not renamed and rows are not filtered.

pub(super) mod cells;
pub(super) mod csv;
pub(super) mod csv_records;
pub(super) mod delta;
pub(super) mod dispatch;
pub(super) mod guard;
pub(super) mod input;
pub(super) mod json_row;
pub(super) mod ndjson;
pub(super) mod pages;
pub(super) mod parquet;
pub(super) mod text;
pub(super) mod thrift;
pub(super) mod workbook;
