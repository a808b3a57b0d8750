//! Tables as CSV and as NDJSON, which write the same value as the same text.

use std::io::Write;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;

use crate::error::{GenerateError, GenerateResult};
use crate::output::{TextOutput, unwritable};
use crate::table::{CellValue, ColumnSpec, RowWriter};

/// Times carry three decimals even when they are zero, as platforms export them.
const TIMES: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
/// Bytes of rows gathered before they are encoded and compressed.
const CHUNK: usize = 1 << 16;

/// A table that is being written as CSV.
pub(crate) struct CsvTableWriter {
    writer: csv::Writer<TextOutput>,
    offset: Offset,
    /// The text of the field in hand, kept so that its memory serves all fields.
    field: Vec<u8>,
}

/// A table that is being written as NDJSON.
pub(crate) struct NdjsonTableWriter {
    output: TextOutput,
    columns: &'static [ColumnSpec],
    offset: Offset,
    /// Rows that are not yet in the output.
    rows: Vec<u8>,
}

impl CsvTableWriter {
    /// Starts the table with its header line. Times are written with this offset; UTC is written as Z.
    pub(crate) fn create(output: TextOutput, columns: &[ColumnSpec], offset: Offset) -> GenerateResult<CsvTableWriter> {
        let writer = csv::WriterBuilder::new().buffer_capacity(CHUNK).from_writer(output);
        let mut table = CsvTableWriter { writer, offset, field: Vec::new() };
        let header: Vec<CellValue<'_>> = columns.iter().map(|column| CellValue::Text(column.name)).collect();
        table.row(&header)?;
        Ok(table)
    }
}

impl RowWriter for CsvTableWriter {
    fn row(&mut self, cells: &[CellValue<'_>]) -> GenerateResult<()> {
        for cell in cells {
            let written = match cell {
                CellValue::Text(text) => self.writer.write_field(text),
                _ => {
                    self.field.clear();
                    append_text(cell, self.offset, &mut self.field)?;
                    self.writer.write_field(&self.field)
                }
            };
            written.map_err(|problem| unwritable(self.writer.get_ref().path(), problem))?;
        }
        let ended = self.writer.write_record(None::<&[u8]>);
        ended.map_err(|problem| unwritable(self.writer.get_ref().path(), problem))
    }

    fn close(self: Box<Self>) -> GenerateResult<u64> {
        let path = self.writer.get_ref().path().to_owned();
        let flushed = self.writer.into_inner();
        flushed.map_err(|problem| unwritable(&path, problem.error().to_string()))?.close()
    }
}

impl NdjsonTableWriter {
    /// Starts the table. Times are written with this offset; UTC is written as Z.
    pub(crate) fn create(output: TextOutput, columns: &'static [ColumnSpec], offset: Offset) -> NdjsonTableWriter {
        NdjsonTableWriter { output, columns, offset, rows: Vec::with_capacity(2 * CHUNK) }
    }

    fn flush(&mut self) -> GenerateResult<()> {
        let written = self.output.write_all(&self.rows);
        written.map_err(|problem| unwritable(self.output.path(), problem))?;
        self.rows.clear();
        Ok(())
    }

    fn append_value(&mut self, cell: &CellValue<'_>) -> GenerateResult<()> {
        match cell {
            CellValue::Null => self.rows.extend_from_slice(b"null"),
            CellValue::Text(text) => append_json_string(text, &mut self.rows)?,
            CellValue::Time(_) => {
                self.rows.push(b'"');
                append_text(cell, self.offset, &mut self.rows)?;
                self.rows.push(b'"');
            }
            CellValue::Int(_) | CellValue::Flag(_) | CellValue::Money(_) => append_text(cell, self.offset, &mut self.rows)?,
        }
        Ok(())
    }
}

impl RowWriter for NdjsonTableWriter {
    fn row(&mut self, cells: &[CellValue<'_>]) -> GenerateResult<()> {
        let columns = self.columns;
        let mut before = b'{';
        for (column, cell) in columns.iter().zip(cells) {
            self.rows.push(before);
            append_json_string(column.name, &mut self.rows)?;
            self.rows.push(b':');
            self.append_value(cell)?;
            before = b',';
        }
        self.rows.extend_from_slice(b"}\n");
        if self.rows.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn close(mut self: Box<Self>) -> GenerateResult<u64> {
        self.flush()?;
        self.output.close()
    }
}

/// Appends the text as a JSON string.
fn append_json_string(text: &str, into: &mut Vec<u8>) -> GenerateResult<()> {
    serde_json::to_writer(into, text).map_err(|problem| GenerateError::internal(&problem))
}

/// Appends a value as the text that both formats write. Null is written as nothing.
fn append_text(cell: &CellValue<'_>, offset: Offset, into: &mut Vec<u8>) -> GenerateResult<()> {
    let written = match cell {
        CellValue::Null => Ok(()),
        CellValue::Text(text) => into.write_all(text.as_bytes()),
        CellValue::Int(number) => write!(into, "{number}"),
        CellValue::Flag(flag) => write!(into, "{flag}"),
        CellValue::Money(fen) => write!(into, "{}.{:02}", fen / 100, fen % 100),
        CellValue::Time(instant) => return append_time(*instant, offset, into),
    };
    written.map_err(|problem| GenerateError::internal(&problem))
}

fn append_time(instant: i64, offset: Offset, into: &mut Vec<u8>) -> GenerateResult<()> {
    let instant = Timestamp::from_millisecond(instant).map_err(GenerateError::TimeOutOfRange)?;
    if offset == Offset::UTC {
        TIMES.print_timestamp(&instant, into).map_err(GenerateError::TimeOutOfRange)
    } else {
        TIMES.print_timestamp_with_offset(&instant, offset, into).map_err(GenerateError::TimeOutOfRange)
    }
}
