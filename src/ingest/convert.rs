//! Converts source cells to the canonical types: ids, words, text, numbers, money, truth values, times and dates. A cell that cannot be
//! converted makes its row bad.

use super::literals::truth;
use super::literals::whole;
use super::row_fault::RowFault;
use super::times::TimeParser;
use crate::error::Result;
use crate::model::{ColumnType, InputColumn};
use crate::names::{Interner, LastDictionary};
use arrow::array::types::Int32Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use kefu_kernel::calendar::Day;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The times accepted, in UTC ms: from 2000-01-01 until 2100-01-01. A time outside is an error of the source.
const TIMES: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;
/// The dates accepted, in days since 1970: 1900-01-01 to 9999-12-31. Some sources write the last one for "without end".
const DAYS: RangeInclusive<i32> = -25_567..=2_932_896;
/// The largest count accepted in one row. A larger one is an error of the source and could overflow a sum.
const MAX_COUNT: i64 = 1_000_000_000;
/// The largest amount accepted: 10^12 yuan in fen.
const MAX_FEN: i64 = 100_000_000_000_000;

/// Converts one source column of a batch to its canonical type.
pub(super) struct CellConverter<'a> {
    /// The canonical column.
    pub(super) column: &'a InputColumn,
    /// The source cells; text is Utf8 and an empty text is null.
    pub(super) raw: &'a ArrayRef,
    /// The column's last dictionary, kept only if all its values were accepted.
    pub(super) accepted: &'a mut LastDictionary,
    /// The bad rows of the batch.
    pub(super) faults: &'a mut BTreeMap<usize, RowFault>,
}

impl CellConverter<'_> {
    /// The column in its canonical type (see `CanonicalBatch`). A cell that cannot be converted, or is null in a required column, is
    /// recorded in `faults`; its value in the result is meaningless. Errors: a failed cast of the column as a whole.
    pub(super) fn convert(&mut self, times: &TimeParser) -> Result<ArrayRef> {
        match self.column.of {
            ColumnType::Key => self.dictionary(|text| is_id(text).then_some(text), ID),
            ColumnType::Word(words) => {
                let reason = format!("unknown {}: expected {}", self.column.name, words.join(", "));
                self.dictionary(|text| Some(text.trim()).filter(|word| words.contains(word)), &reason)
            }
            ColumnType::Id => self.texts(ID_BYTES, ID),
            ColumnType::Text => self.texts(0..=usize::MAX, NO_TEXT),
            ColumnType::Label => self.dictionary(|text| (!has_nul(text.as_bytes())).then_some(text), NO_TEXT),
            ColumnType::Int => self.numbers(whole, "not a whole number"),
            ColumnType::Count => {
                self.numbers(|text| whole(text).filter(|n| (0..=MAX_COUNT).contains(n)), "not a whole number of 0 to 10^9")
            }
            ColumnType::Money => self.numbers(fen, "not an amount with at most 2 decimals and 10^12 yuan"),
            ColumnType::Number => self.floats(),
            ColumnType::Bool => self.bools(),
            ColumnType::Time => self.times(times),
            ColumnType::Date => self.dates("not a date", |cell| date(cell, times.format.as_deref())),
            ColumnType::Month => self.dates("not a month such as 2026-11", |cell| month(cell, times.format.as_deref())),
        }
    }

    fn fault(&mut self, row: usize, reason: &str, value: &str) {
        let column = self.column.name.to_owned();
        self.faults.entry(row).or_insert_with(|| RowFault { column, reason: reason.to_owned(), value: value.to_owned() });
    }

    /// Casts a column. A cell with a value that does not fit the new type is a fault, not a null.
    fn cast_checked(&mut self, raw: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
        let cells = cast(raw, to)?;
        if cells.null_count() > raw.null_count() {
            for row in (0..cells.len()).filter(|row| cells.is_null(*row) && raw.is_valid(*row)) {
                self.fault(row, "out of range", "");
            }
        }
        Ok(cells)
    }

    /// Records a fault for each null of a required column.
    fn refuse_nulls(&mut self, array: &dyn Array) {
        if self.column.required && array.null_count() > 0 {
            for row in 0..array.len() {
                if array.is_null(row) {
                    self.fault(row, "missing", "");
                }
            }
        }
    }

    /// A dictionary column. Each distinct value is checked once; a row with a value that is not accepted is bad.
    fn dictionary(&mut self, accept: impl Fn(&str) -> Option<&str>, reason: &str) -> Result<ArrayRef> {
        let dictionary = match self.raw.data_type() {
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => Arc::clone(self.raw),
            _ => as_dictionary(self.raw)?,
        };
        let keys = dictionary.as_dictionary::<Int32Type>();
        let values = keys.values().as_string::<i32>();
        if !self.accepted.is_new(values) || values.iter().all(|value| value.is_some() && value.and_then(&accept) == value) {
            self.refuse_nulls(keys.keys());
            return Ok(dictionary);
        }
        *self.accepted = LastDictionary::default();
        let accepted = values.iter().map(|value| value.and_then(&accept)).collect::<StringArray>();
        let mut codes = keys.keys().clone();
        if accepted.null_count() > 0 {
            for row in 0..keys.len() {
                if let Some(code) = keys.key(row).filter(|code| accepted.is_null(*code) && !values.value(*code).is_empty()) {
                    self.fault(row, reason, values.value(code));
                }
            }
            codes = codes.iter().map(|code| code.filter(|code| accepted.is_valid(*code as usize))).collect();
        }
        self.refuse_nulls(&codes);
        Ok(Arc::new(DictionaryArray::try_new(codes, Arc::new(accepted))?))
    }

    /// A string column. A cell is good if its length in bytes lies in `bytes` and it has no NUL.
    fn texts(&mut self, bytes: RangeInclusive<usize>, reason: &str) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        let cells = text.as_string::<i32>();
        // Almost always all cells are good. Checking the whole buffer at once shows that faster than checking each cell.
        let longest = cells.offsets().lengths().max().unwrap_or_default();
        if longest > *bytes.end() || has_nul(cells.value_data()) {
            for (row, cell) in cells.iter().enumerate() {
                if let Some(cell) = cell.filter(|cell| !bytes.contains(&cell.len()) || has_nul(cell.as_bytes())) {
                    self.fault(row, reason, cell);
                }
            }
        }
        self.refuse_nulls(&text);
        Ok(text)
    }

    /// An i64 column. A cell that `parse` does not accept is a fault.
    fn numbers(&mut self, parse: impl Fn(&str) -> Option<i64>, reason: &str) -> Result<ArrayRef> {
        if self.raw.data_type() == &DataType::Int64 && self.column.of == ColumnType::Int {
            self.refuse_nulls(&Arc::clone(self.raw));
            return Ok(Arc::clone(self.raw));
        }
        let text = cast(self.raw, &DataType::Utf8)?;
        let numbers = self.parse_cells(text.as_string(), reason, parse);
        self.refuse_nulls(&text);
        Ok(Arc::new(numbers))
    }

    /// Parses the trimmed cells. A null stays null; a cell that does not parse is a fault.
    fn parse_cells(&mut self, text: &StringArray, reason: &str, mut parse: impl FnMut(&str) -> Option<i64>) -> Int64Array {
        let cells = text.iter().enumerate().map(|(row, cell)| {
            let cell = cell?;
            let parsed = parse(cell.trim());
            if parsed.is_none() {
                self.fault(row, reason, cell);
            }
            parsed
        });
        cells.collect()
    }

    fn bools(&mut self) -> Result<ArrayRef> {
        if self.raw.data_type() == &DataType::Boolean {
            return Ok(Arc::clone(self.raw));
        }
        let text = cast(self.raw, &DataType::Utf8)?;
        let parsed = self.parse_cells(text.as_string(), "not true or false", |cell| truth(cell).map(i64::from));
        self.refuse_nulls(&text);
        Ok(Arc::new(parsed.iter().map(|cell| cell.map(|n| n == 1)).collect::<BooleanArray>()))
    }

    fn floats(&mut self) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        let mut numbers = Vec::with_capacity(text.len());
        for (row, cell) in text.as_string::<i32>().iter().enumerate() {
            let number = cell.map(|cell| cell.trim().parse::<f64>().ok().filter(|number| number.is_finite()));
            if let (Some(None), Some(cell)) = (number, cell) {
                self.fault(row, "not a number", cell);
            }
            // Adding 0 turns -0.0 into 0.0, which reports would otherwise show as -0.
            numbers.push(number.flatten().map(|number| number + 0.0));
        }
        self.refuse_nulls(&text);
        Ok(Arc::new(Float64Array::from(numbers)))
    }

    fn times(&mut self, times: &TimeParser) -> Result<ArrayRef> {
        let instants = match self.raw.data_type() {
            DataType::Timestamp(_, zone) => {
                let ms = self.cast_checked(self.raw, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?;
                let ms = cast(&ms, &DataType::Int64)?;
                match zone {
                    Some(_) => ms,
                    // A timestamp without a zone is wall-clock time in the source's zone.
                    None => Arc::new(
                        ms.as_primitive::<arrow::datatypes::Int64Type>()
                            .iter()
                            .map(|at| at.map(|at| wall_clock(at).and_then(|at| times.local(at)).unwrap_or(i64::MIN)))
                            .collect::<Int64Array>(),
                    ),
                }
            }
            found if found.is_integer() => {
                let numbers = self.cast_checked(self.raw, &DataType::Int64)?;
                let text = cast(&numbers, &DataType::Utf8)?;
                Arc::new(self.parse_cells(text.as_string(), "not a time", |cell| times.epoch(cell.parse().ok()?))) as ArrayRef
            }
            _ => {
                let text = cast(self.raw, &DataType::Utf8)?;
                Arc::new(self.parse_cells(text.as_string(), "not a time", times.instants()))
            }
        };
        let ms = instants.as_primitive::<arrow::datatypes::Int64Type>();
        // Almost always all times are good. Checking the whole column without a branch shows that faster.
        if ms.values().iter().fold(false, |outside, at| outside | !TIMES.contains(at)) {
            for (row, at) in ms.iter().enumerate() {
                if let Some(at) = at.filter(|at| !TIMES.contains(at)) {
                    self.fault(row, "a time outside 2000 to 2100", &at.to_string());
                }
            }
        }
        self.refuse_nulls(&instants);
        Ok(instants)
    }

    /// An i32 column of days since 1970. A cell that `parse` does not accept is a fault.
    fn dates(&mut self, reason: &str, parse: impl Fn(&str) -> Option<Date>) -> Result<ArrayRef> {
        let text = match self.raw.data_type() {
            DataType::Date32 | DataType::Date64 => cast(&self.cast_checked(self.raw, &DataType::Date32)?, &DataType::Utf8)?,
            _ => cast(self.raw, &DataType::Utf8)?,
        };
        let parsed = self.parse_cells(text.as_string(), reason, |cell| parse(cell).map(|date| i64::from(Day::from(date).0)));
        let days: ArrayRef = Arc::new(parsed.iter().map(|day| day.map(|day| day as i32)).collect::<Int32Array>());
        let numbers = days.as_primitive::<arrow::datatypes::Int32Type>();
        for (row, day) in numbers.iter().enumerate() {
            if let Some(day) = day.filter(|day| !DAYS.contains(day)) {
                self.fault(row, "a date outside 1900 to 9999", &day.to_string());
            }
        }
        self.refuse_nulls(&days);
        Ok(days)
    }
}

/// A column of any type as dictionary<i32, utf8>, with its distinct values in order of first appearance. Nulls stay null.
fn as_dictionary(raw: &ArrayRef) -> Result<ArrayRef> {
    let text = cast(raw, &DataType::Utf8)?;
    let mut texts = Interner::default();
    // The people of recent lines mostly speak again. A direct-mapped cache finds their codes without the interner's hash lookup.
    let mut cache = [("", 0); CACHE_SLOTS];
    let codes = text.as_string::<i32>().iter().map(|cell| {
        let Some(cell) = cell else { return 0 };
        let (cached, code) = &mut cache[suffix_hash(cell.as_bytes()) % CACHE_SLOTS];
        if *code == 0 || *cached != cell {
            (*cached, *code) = (cell, texts.intern(cell));
        }
        *code as i32 - 1
    });
    let codes = Int32Array::new(codes.collect(), text.nulls().cloned());
    let values = (1..=texts.len() as u32).map(|code| Some(texts.resolve(code))).collect::<StringArray>();
    Ok(Arc::new(DictionaryArray::try_new(codes, Arc::new(values))?))
}

/// Slots of the cache of recent values.
const CACHE_SLOTS: usize = 1024;

/// A 16-bit hash of the last eight bytes of a text. Ids of one log differ at their end.
fn suffix_hash(text: &[u8]) -> usize {
    let suffix = text
        .last_chunk()
        .map_or_else(|| text.iter().fold(0, |suffix, byte| suffix << 8 | u64::from(*byte)), |suffix| u64::from_le_bytes(*suffix));
    (suffix.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}

const NO_TEXT: &str = "a NUL character: is it text?";

const ID: &str = "an id is 1 to 256 bytes, none of them NUL";

/// The length of an id in bytes.
const ID_BYTES: RangeInclusive<usize> = 1..=256;

fn is_id(text: &str) -> bool {
    ID_BYTES.contains(&text.len()) && !has_nul(text.as_bytes())
}

fn has_nul(bytes: &[u8]) -> bool {
    // The inner loop has no early exit, so that the compiler can vectorise it.
    bytes.chunks(1024).any(|bytes| bytes.iter().fold(false, |has, byte| has | (*byte == 0)))
}

/// Parses yuan as an exact number of fen. A third decimal other than 0 is refused, never rounded.
fn fen(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (yuan, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(yuan) || !all_digits(decimals) || (yuan.is_empty() && decimals.is_empty()) {
        return None;
    }
    let (cents, rest) = decimals.split_at(decimals.len().min(2));
    if rest.bytes().any(|b| b != b'0') {
        return None;
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let fen = if yuan.is_empty() { 0 } else { yuan.parse::<i64>().ok()? }.checked_mul(100)?.checked_add(cents)?;
    (fen <= MAX_FEN).then_some(sign * fen)
}

/// Parses an ISO date, or else a date in the source's format.
fn date(text: &str, format: Option<&str>) -> Option<Date> {
    text.parse().ok().or_else(|| Date::strptime(format?, text).ok())
}

/// The first day of the month in a text: `2026-11`, `2026/11`, `202611`, `2026年11月`, or a date of the month.
fn month(text: &str, format: Option<&str>) -> Option<Date> {
    let named = || {
        let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect::<Vec<_>>();
        let (year, month) = match digits.as_slice() {
            [year, month] if year.len() == 4 => (*year, *month),
            [both] if both.len() == 6 => both.split_at(4),
            _ => return None,
        };
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
    };
    date(text, format).map(Date::first_of_month).or_else(named)
}

/// The wall-clock time that so many ms since 1970 show in UTC.
fn wall_clock(ms: i64) -> Option<DateTime> {
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(TimeZone::UTC).datetime())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_parses_in_every_notation() {
        let november = Date::new(2026, 11, 1).ok();
        for text in ["2026-11", "2026/11", "2026.11", "202611", "2026年11月", "2026-11-01", "2026-11-30", "20261130"] {
            assert_eq!(month(text, None), november, "{text}");
        }
        for text in ["2026-13", "11-2026", "2026", "November", "", "2026-11-31"] {
            assert_eq!(month(text, None), None, "{text}");
        }
    }

    #[test]
    fn an_amount_is_exact_or_refused() {
        let cases = [
            ("12.34", Some(1234)),
            ("5", Some(500)),
            (".5", Some(50)),
            ("5.100", Some(510)),
            ("-3.20", Some(-320)),
            ("12.345", None),
            ("1e3", None),
            ("", None),
            ("1,000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(fen(text), expected, "{text}");
        }
        assert_eq!(fen("1000000000000"), Some(MAX_FEN));
        assert_eq!(fen("1000000000000.01"), None);
    }
}
