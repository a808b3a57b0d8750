//! Cells → their canonical types: ids, words, numbers, money, truths, times, dates. One that cannot become it makes a bad row.

use super::quarantine::Bad;
use super::table::{Column, Type};
use super::times::Times;
use crate::calendar::Day;
use crate::error::Result;
use crate::names::{Latest, Texts};
use arrow::array::types::Int32Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// 2000-01-01 and 2100-01-01 in UTC ms: a time outside is a mistake, not a chat.
const TIMES: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;
/// 1900-01-01 to 9999-12-31 in days since 1970: some write the last for "without end".
const DAYS: RangeInclusive<i32> = -25_567..=2_932_896;
/// More of anything in one row is a mistake, and could overflow a sum.
const MOST_COUNTED: i64 = 1_000_000_000;
/// 10^12 yuan in fen.
const MOST_FEN: i64 = 100_000_000_000_000;

/// One column on its way to its canonical type.
pub(super) struct Converted<'a> {
    pub(super) column: &'a Column,
    pub(super) raw: &'a ArrayRef,
    /// The dictionary of the rows before, if every value of it was good.
    pub(super) good: &'a mut Latest,
    pub(super) bad: &'a mut BTreeMap<usize, Bad>,
}

impl Converted<'_> {
    pub(super) fn convert(&mut self, times: &Times) -> Result<ArrayRef> {
        match self.column.of {
            Type::Key => self.dictionary(|text| is_id(text).then_some(text), ID),
            Type::Word(words) => {
                let reason = format!("unknown {}: expected {}", self.column.name, words.join(", "));
                self.dictionary(|text| Some(text.trim()).filter(|word| words.contains(word)), &reason)
            }
            Type::Id => self.texts(ID_BYTES, ID),
            Type::Text => self.texts(0..=usize::MAX, NO_TEXT),
            Type::Label => self.dictionary(|text| (!has_nul(text.as_bytes())).then_some(text), NO_TEXT),
            Type::Int => self.numbers(whole, "not a whole number"),
            Type::Count => self.numbers(|text| whole(text).filter(|n| (0..=MOST_COUNTED).contains(n)), "not a whole number of 0 to 10^9"),
            Type::Money => self.numbers(fen, "not an amount with at most 2 decimals and 10^12 yuan"),
            Type::Number => self.floats(),
            Type::Bool => self.truths(),
            Type::Time => self.times(times),
            Type::Date => self.dates("not a date", |cell| date(cell, times.format.as_deref())),
            Type::Month => self.dates("not a month such as 2026-11", |cell| month(cell, times.format.as_deref())),
        }
    }

    fn bad(&mut self, row: usize, reason: &str, value: &str) {
        let column = self.column.name.to_owned();
        self.bad.entry(row).or_insert_with(|| Bad { column, reason: reason.to_owned(), value: value.to_owned() });
    }

    /// The column as another type. A cell that has a value, but none of that type, is bad and not missing.
    fn cast(&mut self, raw: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
        let cells = cast(raw, to)?;
        if cells.null_count() > raw.null_count() {
            for row in (0..cells.len()).filter(|row| cells.is_null(*row) && raw.is_valid(*row)) {
                self.bad(row, "out of range", "");
            }
        }
        Ok(cells)
    }

    fn refuse_nulls(&mut self, array: &dyn Array) {
        if self.column.required && array.null_count() > 0 {
            for row in 0..array.len() {
                if array.is_null(row) {
                    self.bad(row, "missing", "");
                }
            }
        }
    }

    /// Checks each distinct value once; a row with a refused one is bad.
    fn dictionary(&mut self, accept: impl Fn(&str) -> Option<&str>, reason: &str) -> Result<ArrayRef> {
        let dictionary = match self.raw.data_type() {
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => Arc::clone(self.raw),
            _ => as_dictionary(self.raw)?,
        };
        let keys = dictionary.as_dictionary::<Int32Type>();
        let values = keys.values().as_string::<i32>();
        if !self.good.is_new(values) || values.iter().all(|value| value.is_some() && value.and_then(&accept) == value) {
            self.refuse_nulls(keys.keys());
            return Ok(dictionary);
        }
        *self.good = Latest::default();
        let accepted = values.iter().map(|value| value.and_then(&accept)).collect::<StringArray>();
        let mut codes = keys.keys().clone();
        if accepted.null_count() > 0 {
            for row in 0..keys.len() {
                if let Some(code) = keys.key(row).filter(|code| accepted.is_null(*code) && !values.value(*code).is_empty()) {
                    self.bad(row, reason, values.value(code));
                }
            }
            codes = codes.iter().map(|code| code.filter(|code| accepted.is_valid(*code as usize))).collect();
        }
        self.refuse_nulls(&codes);
        Ok(Arc::new(DictionaryArray::try_new(codes, Arc::new(accepted))?))
    }

    /// Text of so many bytes, none of them NUL.
    fn texts(&mut self, bytes: RangeInclusive<usize>, reason: &str) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        let cells = text.as_string::<i32>();
        // Mostly all are good, which is seen sooner of all bytes at once than of each cell.
        let most = cells.offsets().lengths().max().unwrap_or_default();
        if most > *bytes.end() || has_nul(cells.value_data()) {
            for (row, cell) in cells.iter().enumerate() {
                if let Some(cell) = cell.filter(|cell| !bytes.contains(&cell.len()) || has_nul(cell.as_bytes())) {
                    self.bad(row, reason, cell);
                }
            }
        }
        self.refuse_nulls(&text);
        Ok(text)
    }

    fn numbers(&mut self, parse: impl Fn(&str) -> Option<i64>, reason: &str) -> Result<ArrayRef> {
        if self.raw.data_type() == &DataType::Int64 && self.column.of == Type::Int {
            self.refuse_nulls(&Arc::clone(self.raw));
            return Ok(Arc::clone(self.raw));
        }
        let text = cast(self.raw, &DataType::Utf8)?;
        let numbers = self.parsed(text.as_string(), reason, parse);
        self.refuse_nulls(&text);
        Ok(Arc::new(numbers))
    }

    fn parsed(&mut self, text: &StringArray, reason: &str, mut parse: impl FnMut(&str) -> Option<i64>) -> Int64Array {
        let cells = text.iter().enumerate().map(|(row, cell)| {
            let cell = cell?;
            let parsed = parse(cell.trim());
            if parsed.is_none() {
                self.bad(row, reason, cell);
            }
            parsed
        });
        cells.collect()
    }

    fn truths(&mut self) -> Result<ArrayRef> {
        if self.raw.data_type() == &DataType::Boolean {
            return Ok(Arc::clone(self.raw));
        }
        let text = cast(self.raw, &DataType::Utf8)?;
        let parsed = self.parsed(text.as_string(), "not true or false", |cell| truth(cell).map(i64::from));
        self.refuse_nulls(&text);
        Ok(Arc::new(parsed.iter().map(|cell| cell.map(|n| n == 1)).collect::<BooleanArray>()))
    }

    fn floats(&mut self) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        let mut numbers = Vec::with_capacity(text.len());
        for (row, cell) in text.as_string::<i32>().iter().enumerate() {
            let number = cell.map(|cell| cell.trim().parse::<f64>().ok().filter(|number| number.is_finite()));
            if let (Some(None), Some(cell)) = (number, cell) {
                self.bad(row, "not a number", cell);
            }
            // There is no -0: reports would show it.
            numbers.push(number.flatten().map(|number| number + 0.0));
        }
        self.refuse_nulls(&text);
        Ok(Arc::new(Float64Array::from(numbers)))
    }

    fn times(&mut self, times: &Times) -> Result<ArrayRef> {
        let instants = match self.raw.data_type() {
            DataType::Timestamp(_, zone) => {
                let ms = self.cast(self.raw, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?;
                let ms = cast(&ms, &DataType::Int64)?;
                match zone {
                    Some(_) => ms,
                    // Without a zone it is what the wall clock showed.
                    None => Arc::new(
                        ms.as_primitive::<arrow::datatypes::Int64Type>()
                            .iter()
                            .map(|at| at.map(|at| wall(at).and_then(|at| times.local(at)).unwrap_or(i64::MIN)))
                            .collect::<Int64Array>(),
                    ),
                }
            }
            found if found.is_integer() => {
                let numbers = self.cast(self.raw, &DataType::Int64)?;
                let written = cast(&numbers, &DataType::Utf8)?;
                Arc::new(self.parsed(written.as_string(), "not a time", |cell| times.epoch(cell.parse().ok()?))) as ArrayRef
            }
            _ => {
                let text = cast(self.raw, &DataType::Utf8)?;
                Arc::new(self.parsed(text.as_string(), "not a time", times.instants()))
            }
        };
        let ms = instants.as_primitive::<arrow::datatypes::Int64Type>();
        // Mostly all are good, which is seen sooner of all at once.
        if ms.values().iter().fold(false, |wrong, at| wrong | !TIMES.contains(at)) {
            for (row, at) in ms.iter().enumerate() {
                if let Some(at) = at.filter(|at| !TIMES.contains(at)) {
                    self.bad(row, "a time outside 2000 to 2100", &at.to_string());
                }
            }
        }
        self.refuse_nulls(&instants);
        Ok(instants)
    }

    fn dates(&mut self, reason: &str, read: impl Fn(&str) -> Option<Date>) -> Result<ArrayRef> {
        let text = match self.raw.data_type() {
            DataType::Date32 | DataType::Date64 => cast(&self.cast(self.raw, &DataType::Date32)?, &DataType::Utf8)?,
            _ => cast(self.raw, &DataType::Utf8)?,
        };
        let parsed = self.parsed(text.as_string(), reason, |cell| read(cell).map(|date| i64::from(Day::from(date).0)));
        let days: ArrayRef = Arc::new(parsed.iter().map(|day| day.map(|day| day as i32)).collect::<Int32Array>());
        let numbers = days.as_primitive::<arrow::datatypes::Int32Type>();
        for (row, day) in numbers.iter().enumerate() {
            if let Some(day) = day.filter(|day| !DAYS.contains(day)) {
                self.bad(row, "a date outside 1900 to 9999", &day.to_string());
            }
        }
        self.refuse_nulls(&days);
        Ok(days)
    }
}

pub(super) fn truth(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 6]| words.into_iter().any(|word| word.eq_ignore_ascii_case(text));
    match () {
        // As most write it.
        () if text == "false" => Some(false),
        () if is_one_of(["false", "f", "0", "no", "n", "否"]) => Some(false),
        () if is_one_of(["true", "t", "1", "yes", "y", "是"]) => Some(true),
        () => None,
    }
}

fn as_dictionary(raw: &ArrayRef) -> Result<ArrayRef> {
    let text = cast(raw, &DataType::Utf8)?;
    let mut texts = Texts::default();
    // Who has just spoken mostly speaks again: seen by how the text ends before it is looked up.
    let mut recent = [("", 0); RECENT];
    let codes = text.as_string::<i32>().iter().map(|cell| {
        let Some(cell) = cell else { return 0 };
        let (known, code) = &mut recent[end(cell.as_bytes()) % RECENT];
        if *code == 0 || *known != cell {
            (*known, *code) = (cell, texts.code(cell));
        }
        *code as i32 - 1
    });
    let codes = Int32Array::new(codes.collect(), text.nulls().cloned());
    let values = (1..=texts.len() as u32).map(|code| Some(texts.spell(code))).collect::<StringArray>();
    Ok(Arc::new(DictionaryArray::try_new(codes, Arc::new(values))?))
}

/// Texts looked at before all are looked through.
const RECENT: usize = 1024;

/// A number of the last bytes of a text, spread over all bits that are looked at.
fn end(text: &[u8]) -> usize {
    let end =
        text.last_chunk().map_or_else(|| text.iter().fold(0, |end, byte| end << 8 | u64::from(*byte)), |end| u64::from_le_bytes(*end));
    (end.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}

const NO_TEXT: &str = "a NUL character: is it text?";

const ID: &str = "an id is 1 to 256 bytes, none of them NUL";

const ID_BYTES: RangeInclusive<usize> = 1..=256;

fn is_id(text: &str) -> bool {
    ID_BYTES.contains(&text.len()) && !has_nul(text.as_bytes())
}

fn has_nul(bytes: &[u8]) -> bool {
    // Without a way out of the inner loop many bytes are looked at at once.
    bytes.chunks(1024).any(|bytes| bytes.iter().fold(false, |has, byte| has | (*byte == 0)))
}

/// Also `3.0`: a spreadsheet's whole number.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text = text.split_once('.').map_or(text, |(whole, zeros)| if zeros.bytes().all(|b| b == b'0') { whole } else { text });
    text.parse().ok()
}

/// Yuan as written → fen, exactly; a third decimal that is not 0 is refused, never rounded.
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
    (fen <= MOST_FEN).then_some(sign * fen)
}

fn date(text: &str, format: Option<&str>) -> Option<Date> {
    text.parse().ok().or_else(|| Date::strptime(format?, text).ok())
}

/// The first day of the month that a text names: `2026-11`, `2026/11`, `202611`, `2026年11月`, or a date.
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

fn wall(ms: i64) -> Option<DateTime> {
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(TimeZone::UTC).datetime())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_named_in_many_ways() {
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
        assert_eq!(fen("1000000000000"), Some(MOST_FEN));
        assert_eq!(fen("1000000000000.01"), None);
    }
}
