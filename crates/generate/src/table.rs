//! What a table consists of, whatever the format of its file: columns, the cells of a row, and a writer that takes row after row.
//! Each table is therefore described once.

use crate::error::GenerateResult;

/// A column of a table: its name and what its cells hold.
pub(crate) struct ColumnSpec {
    /// The name in the file.
    pub(crate) name: &'static str,
    /// What the cells hold.
    pub(crate) column_type: CellType,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CellType {
    /// Text that repeats, which Parquet stores as a dictionary.
    Name,
    /// Text that hardly repeats, for which Parquet keeps neither a dictionary nor statistics.
    Text,
    /// A whole number.
    Int,
    /// True or false.
    Flag,
    /// An instant.
    Time,
    /// An amount of money.
    Money,
}

/// The value of one cell. In a text file it may differ from its column's type, because some rows are made wrong on purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CellValue<'a> {
    /// No value.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// True or false.
    Flag(bool),
    /// An instant in epoch milliseconds.
    Time(i64),
    /// An amount in fen.
    Money(i64),
}

/// A table that is being written to one file.
pub(crate) trait RowWriter {
    /// Writes one row, its cells in the order of the columns.
    fn row(&mut self, cells: &[CellValue<'_>]) -> GenerateResult<()>;

    /// Ends the file and returns its size in bytes.
    fn close(self: Box<Self>) -> GenerateResult<u64>;
}

impl<'a> CellValue<'a> {
    /// Text, or null without any.
    pub(crate) fn text_or_null(text: Option<&'a str>) -> CellValue<'a> {
        text.map_or(CellValue::Null, CellValue::Text)
    }

    /// An instant in epoch milliseconds, or null without one.
    pub(crate) fn time_or_null(instant: Option<i64>) -> CellValue<'a> {
        instant.map_or(CellValue::Null, CellValue::Time)
    }

    /// A whole number, or null without one.
    pub(crate) fn int_or_null(number: Option<i64>) -> CellValue<'a> {
        number.map_or(CellValue::Null, CellValue::Int)
    }

    /// True or false, or null when neither is known.
    pub(crate) fn flag_or_null(flag: Option<bool>) -> CellValue<'a> {
        flag.map_or(CellValue::Null, CellValue::Flag)
    }
}

/// A column of text that repeats.
pub(crate) const fn name(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, column_type: CellType::Name }
}

/// A column of text that hardly repeats.
pub(crate) const fn text(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, column_type: CellType::Text }
}

/// A column of whole numbers.
pub(crate) const fn int(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, column_type: CellType::Int }
}

/// A column of flags.
pub(crate) const fn flag(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, column_type: CellType::Flag }
}

/// A column of instants.
pub(crate) const fn time(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, column_type: CellType::Time }
}

/// A column of amounts.
pub(crate) const fn money(name: &'static str) -> ColumnSpec {
    ColumnSpec { name, column_type: CellType::Money }
}
