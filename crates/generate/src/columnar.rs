//! Tables as Parquet, shaped as a log shipper would: zstd, row groups of about a million rows.

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

use crate::error::{GenerateError, Result};
use crate::output::{create_file, size, unwritten};
use crate::table::{Cell, Column, ColumnKind, Table};

const BATCH_ROWS: usize = 1 << 16;
const ROW_GROUP_ROWS: usize = 1 << 20;
const MONEY_DIGITS: (u8, i8) = (18, 2);

pub(super) struct ParquetTable {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
    builders: Vec<Builder>,
    rows: usize,
}

enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Flag(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
    Money(Decimal128Builder),
}

impl ParquetTable {
    pub(super) fn create(path: PathBuf, columns: &[Column]) -> Result<ParquetTable> {
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let file = create_file(&path)?;
        let properties = properties(columns).map_err(|problem| unwritten(&path, problem))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|problem| unwritten(&path, problem))?;
        let builders = columns.iter().map(|column| builder(column.kind)).collect::<Result<_>>()?;
        Ok(ParquetTable { path, schema, writer, builders, rows: 0 })
    }

    fn flush(&mut self) -> Result<()> {
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns);
        let batch = batch.map_err(|problem| unwritten(&self.path, problem))?;
        self.writer.write(&batch).map_err(|problem| unwritten(&self.path, problem))?;
        self.rows = 0;
        Ok(())
    }
}

impl Table for ParquetTable {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.append(cell)?;
        }
        self.rows += 1;
        if self.rows < BATCH_ROWS { Ok(()) } else { self.flush() }
    }

    fn close(mut self: Box<Self>) -> Result<u64> {
        self.flush()?;
        self.writer.close().map_err(|problem| unwritten(&self.path, problem))?;
        size(&self.path)
    }
}

fn field(column: &Column) -> Field {
    let kind = match column.kind {
        ColumnKind::Name | ColumnKind::Text => DataType::Utf8,
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Flag => DataType::Boolean,
        ColumnKind::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        ColumnKind::Money => DataType::Decimal128(MONEY_DIGITS.0, MONEY_DIGITS.1),
    };
    Field::new(column.name, kind, true)
}

fn properties(columns: &[Column]) -> parquet::errors::Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    for column in columns.iter().filter(|column| column.kind == ColumnKind::Text) {
        let path = ColumnPath::from(column.name);
        properties =
            properties.set_column_dictionary_enabled(path.clone(), false).set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    Ok(properties.build())
}

fn builder(kind: ColumnKind) -> Result<Builder> {
    Ok(match kind {
        ColumnKind::Name | ColumnKind::Text => Builder::Text(StringBuilder::new()),
        ColumnKind::Int => Builder::Int(Int64Builder::new()),
        ColumnKind::Flag => Builder::Flag(BooleanBuilder::new()),
        ColumnKind::Time => Builder::Time(TimestampMillisecondBuilder::new().with_timezone("UTC")),
        ColumnKind::Money => {
            let typed = Decimal128Builder::new().with_precision_and_scale(MONEY_DIGITS.0, MONEY_DIGITS.1);
            Builder::Money(typed.map_err(|problem| GenerateError::internal(&problem))?)
        }
    })
}

impl Builder {
    fn append(&mut self, cell: &Cell<'_>) -> Result<()> {
        match (self, cell) {
            (Builder::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Builder::Int(builder), Cell::Int(number)) => builder.append_value(*number),
            (Builder::Flag(builder), Cell::Flag(flag)) => builder.append_value(*flag),
            (Builder::Time(builder), Cell::Time(instant)) => builder.append_value(*instant),
            (Builder::Money(builder), Cell::Money(fen)) => builder.append_value(i128::from(*fen)),
            (builder, Cell::Null) => builder.append_null(),
            (_, cell) => return Err(GenerateError::Internal(format!("{cell:?} does not fit its column"))),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Builder::Text(builder) => builder.append_null(),
            Builder::Int(builder) => builder.append_null(),
            Builder::Flag(builder) => builder.append_null(),
            Builder::Time(builder) => builder.append_null(),
            Builder::Money(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let builder: &mut dyn ArrayBuilder = match self {
            Builder::Text(builder) => builder,
            Builder::Int(builder) => builder,
            Builder::Flag(builder) => builder,
            Builder::Time(builder) => builder,
            Builder::Money(builder) => builder,
        };
        builder.finish()
    }
}
