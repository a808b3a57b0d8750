//! Tables as Parquet, in the form that log shippers give it: compressed with zstd, in row groups of about a million rows.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, BooleanBuilder, Decimal128Builder, Int64Builder, StringBuilder, TimestampMillisecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::{GenerateError, GenerateResult};
use crate::output::{create_file, file_size, unwritable};
use crate::table::{CellType, CellValue, ColumnSpec, RowWriter};

/// Rows gathered before they are handed to the Parquet encoder.
const BATCH_ROWS: usize = 1 << 16;
const ROW_GROUP_ROWS: usize = 1 << 20;
/// Precision and scale of amounts: cells hold fen, and two decimals make them yuan.
const MONEY_DIGITS: (u8, i8) = (18, 2);

/// A table that is being written as one Parquet file.
pub(crate) struct ParquetTableWriter {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
    builders: Vec<ColumnBuilder>,
    /// Rows gathered since the last batch.
    rows: usize,
}

/// The values of one column since the last batch.
enum ColumnBuilder {
    Text(StringBuilder),
    Int(Int64Builder),
    Flag(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
    Money(Decimal128Builder),
}

impl ParquetTableWriter {
    /// Creates the file, and the folders above it.
    pub(crate) fn create(path: PathBuf, columns: &[ColumnSpec]) -> GenerateResult<ParquetTableWriter> {
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let file = create_file(&path)?;
        let properties = properties(columns).map_err(|problem| unwritable(&path, problem))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|problem| unwritable(&path, problem))?;
        let builders = columns.iter().map(|column| builder(column.column_type)).collect::<GenerateResult<_>>()?;
        Ok(ParquetTableWriter { path, schema, writer, builders, rows: 0 })
    }

    fn flush(&mut self) -> GenerateResult<()> {
        let columns = self.builders.iter_mut().map(ColumnBuilder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns);
        let batch = batch.map_err(|problem| unwritable(&self.path, problem))?;
        self.writer.write(&batch).map_err(|problem| unwritable(&self.path, problem))?;
        self.rows = 0;
        Ok(())
    }
}

impl RowWriter for ParquetTableWriter {
    fn row(&mut self, cells: &[CellValue<'_>]) -> GenerateResult<()> {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.append(cell)?;
        }
        self.rows += 1;
        if self.rows < BATCH_ROWS { Ok(()) } else { self.flush() }
    }

    fn close(mut self: Box<Self>) -> GenerateResult<u64> {
        self.flush()?;
        self.writer.close().map_err(|problem| unwritable(&self.path, problem))?;
        file_size(&self.path)
    }
}

fn field(column: &ColumnSpec) -> Field {
    let data_type = match column.column_type {
        CellType::Name | CellType::Text => DataType::Utf8,
        CellType::Int => DataType::Int64,
        CellType::Flag => DataType::Boolean,
        CellType::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        CellType::Money => DataType::Decimal128(MONEY_DIGITS.0, MONEY_DIGITS.1),
    };
    Field::new(column.name, data_type, true)
}

fn properties(columns: &[ColumnSpec]) -> parquet::errors::Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    for column in columns.iter().filter(|column| column.column_type == CellType::Text) {
        let path = ColumnPath::from(column.name);
        properties =
            properties.set_column_dictionary_enabled(path.clone(), false).set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    Ok(properties.build())
}

fn builder(column_type: CellType) -> GenerateResult<ColumnBuilder> {
    Ok(match column_type {
        CellType::Name | CellType::Text => ColumnBuilder::Text(StringBuilder::new()),
        CellType::Int => ColumnBuilder::Int(Int64Builder::new()),
        CellType::Flag => ColumnBuilder::Flag(BooleanBuilder::new()),
        CellType::Time => ColumnBuilder::Time(TimestampMillisecondBuilder::new().with_timezone("UTC")),
        CellType::Money => {
            let typed = Decimal128Builder::new().with_precision_and_scale(MONEY_DIGITS.0, MONEY_DIGITS.1);
            ColumnBuilder::Money(typed.map_err(|problem| GenerateError::internal(&problem))?)
        }
    })
}

impl ColumnBuilder {
    fn append(&mut self, cell: &CellValue<'_>) -> GenerateResult<()> {
        match (self, cell) {
            (ColumnBuilder::Text(builder), CellValue::Text(text)) => builder.append_value(text),
            (ColumnBuilder::Int(builder), CellValue::Int(number)) => builder.append_value(*number),
            (ColumnBuilder::Flag(builder), CellValue::Flag(flag)) => builder.append_value(*flag),
            (ColumnBuilder::Time(builder), CellValue::Time(instant)) => builder.append_value(*instant),
            (ColumnBuilder::Money(builder), CellValue::Money(fen)) => builder.append_value(i128::from(*fen)),
            (builder, CellValue::Null) => builder.append_null(),
            (_, cell) => return Err(GenerateError::Internal(format!("{cell:?} does not fit its column"))),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            ColumnBuilder::Text(builder) => builder.append_null(),
            ColumnBuilder::Int(builder) => builder.append_null(),
            ColumnBuilder::Flag(builder) => builder.append_null(),
            ColumnBuilder::Time(builder) => builder.append_null(),
            ColumnBuilder::Money(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let builder: &mut dyn ArrayBuilder = match self {
            ColumnBuilder::Text(builder) => builder,
            ColumnBuilder::Int(builder) => builder,
            ColumnBuilder::Flag(builder) => builder,
            ColumnBuilder::Time(builder) => builder,
            ColumnBuilder::Money(builder) => builder,
        };
        builder.finish()
    }
}
