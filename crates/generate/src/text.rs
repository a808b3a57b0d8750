//! Tables as CSV and as NDJSON.

use std::io::Write;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;

use crate::clock::absurd;
use crate::error::{GenerateError, Result};
use crate::output::{Output, unwritten};
use crate::table::{Cell, Column, Table};

/// Logs carry milliseconds, also when they are zero.
const TIMES: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
/// NDJSON rows are gathered to this size before they are encoded and compressed.
const CHUNK: usize = 1 << 16;

pub(super) struct CsvTable {
    writer: csv::Writer<Output>,
    offset: Offset,
    field: Vec<u8>,
}

pub(super) struct NdjsonTable {
    output: Output,
    columns: &'static [Column],
    offset: Offset,
    rows: Vec<u8>,
}

impl CsvTable {
    pub(super) fn create(output: Output, columns: &[Column], offset: Offset) -> Result<CsvTable> {
        let writer = csv::WriterBuilder::new().buffer_capacity(CHUNK).from_writer(output);
        let mut table = CsvTable { writer, offset, field: Vec::new() };
        let header: Vec<Cell<'_>> = columns.iter().map(|column| Cell::Text(column.name)).collect();
        table.row(&header)?;
        Ok(table)
    }
}

impl Table for CsvTable {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for cell in cells {
            let written = match cell {
                Cell::Text(text) => self.writer.write_field(text),
                _ => {
                    self.field.clear();
                    render(cell, self.offset, &mut self.field)?;
                    self.writer.write_field(&self.field)
                }
            };
            written.map_err(|problem| unwritten(self.writer.get_ref().path(), problem))?;
        }
        let ended = self.writer.write_record(None::<&[u8]>);
        ended.map_err(|problem| unwritten(self.writer.get_ref().path(), problem))
    }

    fn close(self: Box<Self>) -> Result<u64> {
        let path = self.writer.get_ref().path().to_owned();
        let flushed = self.writer.into_inner();
        flushed.map_err(|problem| unwritten(&path, problem.error().to_string()))?.close()
    }
}

impl NdjsonTable {
    pub(super) fn create(output: Output, columns: &'static [Column], offset: Offset) -> NdjsonTable {
        NdjsonTable { output, columns, offset, rows: Vec::with_capacity(2 * CHUNK) }
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.output.write_all(&self.rows);
        written.map_err(|problem| unwritten(self.output.path(), problem))?;
        self.rows.clear();
        Ok(())
    }

    fn value(&mut self, cell: &Cell<'_>) -> Result<()> {
        match cell {
            Cell::Null => self.rows.extend_from_slice(b"null"),
            Cell::Text(text) => quote(text, &mut self.rows)?,
            Cell::Time(_) => {
                self.rows.push(b'"');
                render(cell, self.offset, &mut self.rows)?;
                self.rows.push(b'"');
            }
            Cell::Int(_) | Cell::Flag(_) | Cell::Money(_) => render(cell, self.offset, &mut self.rows)?,
        }
        Ok(())
    }
}

impl Table for NdjsonTable {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let columns = self.columns;
        let mut before = b'{';
        for (column, cell) in columns.iter().zip(cells) {
            self.rows.push(before);
            quote(column.name, &mut self.rows)?;
            self.rows.push(b':');
            self.value(cell)?;
            before = b',';
        }
        self.rows.extend_from_slice(b"}\n");
        if self.rows.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn close(mut self: Box<Self>) -> Result<u64> {
        self.flush()?;
        self.output.close()
    }
}

fn quote(text: &str, into: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(into, text).map_err(|problem| GenerateError::internal(&problem))
}

/// A value as text, the same in both formats. Null is nothing.
fn render(cell: &Cell<'_>, offset: Offset, into: &mut Vec<u8>) -> Result<()> {
    let written = match cell {
        Cell::Null => Ok(()),
        Cell::Text(text) => into.write_all(text.as_bytes()),
        Cell::Int(number) => write!(into, "{number}"),
        Cell::Flag(flag) => write!(into, "{flag}"),
        Cell::Money(fen) => write!(into, "{}.{:02}", fen / 100, fen % 100),
        Cell::Time(instant) => return render_time(*instant, offset, into),
    };
    written.map_err(|problem| GenerateError::internal(&problem))
}

fn render_time(instant: i64, offset: Offset, into: &mut Vec<u8>) -> Result<()> {
    let instant = Timestamp::from_millisecond(instant).map_err(absurd)?;
    if offset == Offset::UTC {
        TIMES.print_timestamp(&instant, into).map_err(absurd)
    } else {
        TIMES.print_timestamp_with_offset(&instant, offset, into).map_err(absurd)
    }
}
