//! How the cells of one canonical column are read: which words stand for no value, what may be taken off an id, the unit of an amount.

use super::literals::{HIVE_NULL, NO_VALUE, is_rounded, may_be_wrapped, unwrapped};
use crate::config::{InputFormat, MoneyUnit, NullWords, SourceConfig};
use crate::error::Result;
use crate::model::{ColumnType, InputColumn};
use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, nullif};
use arrow::datatypes::DataType;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The rules for the cells of one canonical column of a source.
pub(super) struct CellRules {
    /// The words for no value that the pipeline names for the column.
    nulls: Vec<String>,
    /// The words for no value that are always known.
    known_nulls: Vec<&'static str>,
    /// Whether ids are unwrapped.
    unwraps: bool,
    /// Whether the cells are those of a workbook, in which an id may be a number.
    is_workbook: bool,
    /// The unit of amounts.
    pub(super) money: MoneyUnit,
}

/// What a cell is found to be.
pub(super) enum Cell<'a> {
    /// A value.
    Value(&'a str),
    /// No value.
    Null,
    /// Something that cannot be read, with the reason.
    Bad(Cow<'static, str>),
}

const ID: &str = "an id is 1 to 256 bytes, none of them NUL";

const ROUNDED: &str = "an id that a spreadsheet has rounded: export it as text";

/// The length of an id in bytes.
pub(super) const ID_BYTES: RangeInclusive<usize> = 1..=256;

impl CellRules {
    /// The rules for a column of a source in a format.
    pub(super) fn new(source: &SourceConfig, column: &InputColumn, format: InputFormat) -> CellRules {
        let is_text = matches!(column.of, ColumnType::Text | ColumnType::Label);
        let known: &[&str] = match () {
            () if !format.is_text() => &[],
            () if column.is_id() || is_text => &[HIVE_NULL],
            () => &NO_VALUE,
        };
        // A word that the mapping of values names means what it says there.
        let mapped = source.values.get(column.name);
        let is_mapped =
            |word: &str| mapped.is_some_and(|values| values.iter().any(|(to, from)| to == word || from.iter().any(|from| from == word)));
        let nulls = match &source.nulls {
            NullWords::Everywhere(words) if !column.required && !column.is_id() => words.clone(),
            NullWords::Everywhere(_) => Vec::new(),
            NullWords::InColumns(columns) => columns.get(column.name).cloned().unwrap_or_default(),
        };
        CellRules {
            nulls: nulls.into_iter().filter(|word| !is_mapped(word)).collect(),
            known_nulls: known.iter().copied().filter(|word| !is_mapped(word)).collect(),
            unwraps: format.is_sheet() && !source.exact_ids,
            is_workbook: matches!(format, InputFormat::Xlsx | InputFormat::Xls),
            money: source.money,
        }
    }

    /// The column without the words for no value that the pipeline names, whatever its type.
    pub(super) fn without_nulls(&self, raw: ArrayRef) -> Result<ArrayRef> {
        if self.nulls.is_empty() {
            return Ok(raw);
        }
        let text = cast(&raw, &DataType::Utf8)?;
        let is_null = |cell: &str| self.nulls.iter().any(|word| word == cell.trim());
        let nulls = text.as_string::<i32>().iter().map(|cell| cell.map(is_null)).collect::<BooleanArray>();
        Ok(if nulls.true_count() > 0 { nullif(&raw, &nulls)? } else { raw })
    }

    /// Whether a cell is a word for no value that is always known.
    pub(super) fn is_known_null(&self, cell: &str) -> bool {
        self.known_nulls.contains(&cell)
    }

    /// Whether a cell of ids has a wrapping that is taken off.
    pub(super) fn is_wrapped(&self, cell: &str) -> bool {
        self.unwraps && unwrapped(cell).len() != cell.len()
    }

    /// Whether an id is accepted as it stands, for certain; seen by its first and last bytes.
    pub(super) fn is_plain_id(&self, id: &[u8]) -> bool {
        let is_number = matches!(id.get(1), Some(b'.' | b'E' | b'e'));
        ID_BYTES.contains(&id.len()) && !self.is_workbook && !is_number && id[0] != b'\\' && !(self.unwraps && may_be_wrapped(id))
    }

    /// Reads an id.
    pub(super) fn id<'a>(&self, cell: &'a str) -> Cell<'a> {
        let id = if self.unwraps { unwrapped(cell) } else { cell };
        match () {
            () if id.is_empty() || self.is_known_null(id) => Cell::Null,
            () if is_rounded(id) => Cell::Bad(ROUNDED.into()),
            () if self.is_workbook && id.contains('.') && id.parse::<f64>().is_ok() => {
                Cell::Bad("a number with decimals where an id belongs".into())
            }
            () if !ID_BYTES.contains(&id.len()) || id.contains('\0') => Cell::Bad(ID.into()),
            () => Cell::Value(id),
        }
    }

    /// Reads free text.
    pub(super) fn free_text<'a>(&self, cell: &'a str) -> Cell<'a> {
        match () {
            () if cell.is_empty() || self.is_known_null(cell) => Cell::Null,
            () if cell.contains('\0') => Cell::Bad("a NUL character: is it text?".into()),
            () => Cell::Value(cell),
        }
    }

    /// Reads one of some words.
    pub(super) fn word<'a>(&self, cell: &'a str, words: &[&str], column: &str) -> Cell<'a> {
        match cell.trim() {
            word if words.contains(&word) => Cell::Value(word),
            word if word.is_empty() || self.is_known_null(word) => Cell::Null,
            _ => Cell::Bad(format!("unknown {column}: expected {}", words.join(", ")).into()),
        }
    }
}
