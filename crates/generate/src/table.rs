//! A table of any shape, written row by row in any format, so that each table is described once.

use std::path::Path;

use jiff::tz::Offset;

use crate::columnar::ParquetTable;
use crate::error::Result;
use crate::output::Output;
use crate::text::{CsvTable, NdjsonTable};
use crate::{Compression, Encoding, Format};

pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: ColumnKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ColumnKind {
    /// Text that repeats: Parquet keeps it as a dictionary.
    Name,
    /// Text that does not repeat: no dictionary, no statistics.
    Text,
    Int,
    Flag,
    Time,
    Money,
}

/// One value of a row. It need not fit its column in a text file: bad rows are made that way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Flag(bool),
    /// Epoch milliseconds.
    Time(i64),
    /// Fen.
    Money(i64),
}

/// How the rows of a table are put into a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) format: Format,
    pub(super) compression: Compression,
    pub(super) encoding: Encoding,
    /// The offset that text times are written with; UTC ends in Z.
    pub(super) offset: Offset,
}

pub(super) trait Table {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()>;

    /// Ends the file and gives its size in bytes.
    fn close(self: Box<Self>) -> Result<u64>;
}

impl Shape {
    pub(super) const fn csv(encoding: Encoding, offset: Offset) -> Shape {
        Shape { format: Format::Csv, compression: Compression::None, encoding, offset }
    }

    /// Starts `folder/stem.<extension>`.
    pub(super) fn create(self, folder: &Path, stem: &str, columns: &'static [Column]) -> Result<Box<dyn Table>> {
        let path = folder.join(format!("{stem}.{}", self.extension()));
        Ok(match self.format {
            Format::Parquet => Box::new(ParquetTable::create(path, columns)?),
            Format::Csv => {
                let output = Output::create(path, self.compression, self.encoding)?;
                Box::new(CsvTable::create(output, columns, self.offset)?)
            }
            Format::Ndjson => {
                let output = Output::create(path, self.compression, self.encoding)?;
                Box::new(NdjsonTable::create(output, columns, self.offset))
            }
        })
    }

    fn extension(self) -> String {
        let compression = match self.compression {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        };
        format!("{}{compression}", self.format.name())
    }
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Null, Cell::Text)
    }

    pub(super) fn time(instant: Option<i64>) -> Cell<'a> {
        instant.map_or(Cell::Null, Cell::Time)
    }
}

pub(super) const fn name(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Name }
}

pub(super) const fn text(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text }
}

pub(super) const fn int(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Int }
}

pub(super) const fn flag(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Flag }
}

pub(super) const fn time(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Time }
}

pub(super) const fn money(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Money }
}
