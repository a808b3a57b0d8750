//! Converts source cells to the canonical types: ids, words, text, numbers, money, truth values, times and dates. A cell that cannot be
//! converted makes its row bad.

use super::cell_rules::{Cell, CellRules};
use super::literals::{amount, float_amount, float_rate, number, rate, thousandths, truth, whole};
use super::row_fault::Faults;
use super::times::TimeParser;
use super::wall_times::{Reading, RowBefore, TIMES, wall_time};
use crate::config::MoneyUnit;
use crate::error::Result;
use crate::model::{ColumnType, InputColumn};
use crate::names::{Interner, LastDictionary};
use arrow::array::types::Int32Type;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray, StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use jiff::civil::Date;
use kefu_kernel::calendar::Day;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The dates accepted, in days since 1970: 1900-01-01 to 9999-12-31. Some sources write the last one for "without end".
const DAYS: RangeInclusive<i32> = -25_567..=2_932_896;
/// The largest count accepted in one row. A larger one is an error of the source and could overflow a sum.
const MAX_COUNT: i64 = 1_000_000_000;

/// Converts one source column of a batch to its canonical type.
pub(super) struct CellConverter<'a> {
    /// The canonical column.
    pub(super) column: &'a InputColumn,
    /// How its cells are read.
    pub(super) rules: &'a CellRules,
    /// The source cells; text is Utf8 and an empty text is null.
    pub(super) raw: &'a ArrayRef,
    /// The column's last dictionary, kept only if all its values were accepted.
    pub(super) accepted: &'a mut LastDictionary,
    /// The row of the column before the batch.
    pub(super) before: &'a mut RowBefore,
    /// The faults of the batch.
    pub(super) faults: &'a mut Faults,
}

impl CellConverter<'_> {
    /// The column in its canonical type (see `CanonicalBatch`). A cell that cannot be converted, or is null in a required column, is
    /// recorded in `faults`; its value in the result is null or meaningless. Errors: a failed cast of the column as a whole.
    pub(super) fn convert(&mut self, times: &TimeParser) -> Result<ArrayRef> {
        let rules = self.rules;
        match self.column.of {
            ColumnType::Key => self.dictionary(|text| rules.id(text)),
            ColumnType::Word(words) => {
                let name = self.column.name;
                self.dictionary(|text| rules.word(text, words, name))
            }
            ColumnType::Id => self.texts(|id| rules.is_plain_id(id), |text| rules.id(text)),
            ColumnType::Text => self.texts(|text| text.first() != Some(&b'\\'), |text| rules.free_text(text)),
            ColumnType::Label => self.dictionary(|text| rules.free_text(text)),
            ColumnType::Int => self.numbers(whole, "not a whole number"),
            ColumnType::Count => {
                self.numbers(|text| whole(text).filter(|n| (0..=MAX_COUNT).contains(n)), "not a whole number of 0 to 10^9")
            }
            ColumnType::Quantity => self.numbers(
                |text| thousandths(text).filter(|n| (0..=1000 * MAX_COUNT).contains(n)),
                "not a number of 0 to 10^9 with at most 3 decimals",
            ),
            ColumnType::Money => self.amounts(),
            ColumnType::Rate => self.exact("not a positive number with at most 8 decimals", rate, float_rate),
            ColumnType::Number => self.floats(),
            ColumnType::Bool => self.bools(),
            ColumnType::Time => self.times(times),
            ColumnType::Date => self.dates(times, "not a date", |cell| times.date(cell)),
            ColumnType::Month => self.dates(times, "not a month such as 2026-11", |cell| times.month(cell)),
        }
    }

    fn fault(&mut self, row: usize, reason: &str, value: &str) {
        self.faults.add(self.column, row, reason, value);
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

    /// A dictionary column. Each distinct value is read once.
    fn dictionary(&mut self, read: impl Fn(&str) -> Cell<'_>) -> Result<ArrayRef> {
        let dictionary = match self.raw.data_type() {
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => Arc::clone(self.raw),
            _ => as_dictionary(self.raw)?,
        };
        let keys = dictionary.as_dictionary::<Int32Type>();
        let values = keys.values().as_string::<i32>();
        let stays = |value: &str| matches!(read(value), Cell::Value(found) if found.len() == value.len());
        if !self.accepted.is_new(values) || values.iter().all(|value| value.is_some_and(stays)) {
            self.refuse_nulls(keys.keys());
            return Ok(dictionary);
        }
        *self.accepted = LastDictionary::default();
        let cells = values.iter().map(|value| value.map_or(Cell::Null, &read)).collect::<Vec<_>>();
        let wrapped = values.iter().map(|value| self.column.is_id() && value.is_some_and(|value| self.rules.is_wrapped(value)));
        let wrapped = wrapped.collect::<Vec<_>>();
        for row in 0..keys.len() {
            let Some(code) = keys.key(row) else { continue };
            self.faults.unwrapped += u64::from(wrapped[code]);
            if let Cell::Bad(reason) = &cells[code] {
                self.fault(row, reason, values.value(code));
            }
        }
        let value = |cell: &Cell| if let Cell::Value(text) = cell { Some((*text).to_owned()) } else { None };
        let accepted = cells.iter().map(value).collect::<StringArray>();
        let codes = keys.keys().iter().map(|code| code.filter(|code| accepted.is_valid(*code as usize))).collect::<Int32Array>();
        self.refuse_nulls(&codes);
        Ok(Arc::new(DictionaryArray::try_new(codes, Arc::new(accepted))?))
    }

    /// A string column. `is_plain` tells of a cell without NUL that it stays as it is.
    fn texts(&mut self, is_plain: impl Fn(&[u8]) -> bool, read: impl Fn(&str) -> Cell<'_>) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        let cells = text.as_string::<i32>();
        // Almost always all cells are good. Checking the whole buffer for NUL at once shows that faster than checking each cell.
        if !has_nul(cells.value_data()) && cells.iter().flatten().all(|cell| is_plain(cell.as_bytes())) {
            self.refuse_nulls(&text);
            return Ok(text);
        }
        let mut read_cells = StringBuilder::with_capacity(cells.len(), cells.value_data().len());
        for (row, cell) in cells.iter().enumerate() {
            let value = match cell.map(&read) {
                Some(Cell::Value(value)) => Some(value),
                None | Some(Cell::Null) => None,
                Some(Cell::Bad(reason)) => {
                    self.fault(row, &reason, cell.unwrap_or_default());
                    None
                }
            };
            if self.column.is_id() && cell.is_some_and(|cell| self.rules.is_wrapped(cell)) {
                self.faults.unwrapped += 1;
            }
            read_cells.append_option(value);
        }
        let read_cells = read_cells.finish();
        self.refuse_nulls(&read_cells);
        Ok(Arc::new(read_cells))
    }

    /// An i64 column. A cell that `parse` does not accept is a fault.
    fn numbers(&mut self, parse: impl Fn(&str) -> Option<i64>, reason: &str) -> Result<ArrayRef> {
        if self.raw.data_type() == &DataType::Int64 && self.column.of == ColumnType::Int {
            self.refuse_nulls(&Arc::clone(self.raw));
            return Ok(Arc::clone(self.raw));
        }
        let text = cast(self.raw, &DataType::Utf8)?;
        let numbers = self.parse_cells(text.as_string(), reason, parse);
        self.refuse_nulls(&numbers);
        Ok(Arc::new(numbers))
    }

    /// An i64 column of fen.
    fn amounts(&mut self) -> Result<ArrayRef> {
        let money = self.rules.money;
        let reason = match money {
            MoneyUnit::Yuan => "not an amount with at most 2 decimals and 10^12 yuan",
            MoneyUnit::Fen => "not a whole number of fen up to 10^12 yuan",
        };
        self.exact(reason, |text| amount(text, money), |number| float_amount(number, money))
    }

    /// An i64 column of numbers with a fixed count of decimals. A cell that `parse` or `of_float` does not accept is a fault.
    fn exact(&mut self, reason: &str, parse: impl Fn(&str) -> Option<i64>, of_float: impl Fn(f64) -> Option<i64>) -> Result<ArrayRef> {
        if !self.raw.data_type().is_floating() {
            return self.numbers(parse, reason);
        }
        let floats = cast(self.raw, &DataType::Float64)?;
        let floats = floats.as_primitive::<arrow::datatypes::Float64Type>();
        let exact = floats.iter().enumerate().map(|(row, number)| {
            let number = number?;
            let exact = of_float(number);
            if exact.is_none() {
                self.fault(row, reason, &number.to_string());
            }
            exact
        });
        let exact = exact.collect::<Int64Array>();
        self.refuse_nulls(&exact);
        Ok(Arc::new(exact))
    }

    /// Parses the trimmed cells. A null and a word for no value become null; another cell that does not parse is a fault.
    fn parse_cells(&mut self, text: &StringArray, reason: &str, mut parse: impl FnMut(&str) -> Option<i64>) -> Int64Array {
        let cells = text.iter().enumerate().map(|(row, cell)| {
            let cell = cell?;
            let parsed = parse(cell.trim());
            if parsed.is_none() && !self.rules.is_known_null(cell.trim()) {
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
        self.refuse_nulls(&parsed);
        Ok(Arc::new(parsed.iter().map(|cell| cell.map(|n| n == 1)).collect::<BooleanArray>()))
    }

    fn floats(&mut self) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        let mut numbers = Vec::with_capacity(text.len());
        for (row, cell) in text.as_string::<i32>().iter().enumerate() {
            let parsed = cell.and_then(|cell| number(cell.trim()));
            if let Some(cell) = cell.filter(|cell| parsed.is_none() && !self.rules.is_known_null(cell.trim())) {
                self.fault(row, "not a number", cell);
            }
            numbers.push(parsed);
        }
        let numbers = Float64Array::from(numbers);
        self.refuse_nulls(&numbers);
        Ok(Arc::new(numbers))
    }

    fn times(&mut self, times: &TimeParser) -> Result<ArrayRef> {
        let instants = match self.raw.data_type() {
            DataType::Timestamp(_, zone) => {
                let ms = self.cast_checked(self.raw, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?;
                let ms = cast(&ms, &DataType::Int64)?;
                match zone {
                    Some(_) => ms,
                    // A timestamp without a zone is wall-clock time in the source's zone.
                    None => {
                        let ms = ms.as_primitive::<arrow::datatypes::Int64Type>();
                        let read = |at: i64| wall_time(at).and_then(|at| times.local(at)).unwrap_or(Reading::Once(i64::MIN));
                        let shown = |row: usize| wall_time(ms.value(row)).map(|at| at.to_string()).unwrap_or_default();
                        Arc::new(self.instants(ms.iter().map(|at| Some(Some(read(at?)))), shown)) as ArrayRef
                    }
                }
            }
            found if found.is_integer() => {
                let numbers = self.cast_checked(self.raw, &DataType::Int64)?;
                let text = cast(&numbers, &DataType::Utf8)?;
                Arc::new(self.parse_times(text.as_string(), |cell| times.whole_number(cell))) as ArrayRef
            }
            _ => {
                let text = cast(self.raw, &DataType::Utf8)?;
                Arc::new(self.parse_times(text.as_string(), times.readings()))
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
            if self.column.is_emptied() {
                return Ok(Arc::new(ms.iter().map(|at| at.filter(|at| TIMES.contains(at))).collect::<Int64Array>()));
            }
        }
        self.refuse_nulls(&instants);
        Ok(instants)
    }

    /// Parses the trimmed cells as times. A null and a word for no value become null; another cell that does not parse is a fault.
    fn parse_times(&mut self, text: &StringArray, mut parse: impl FnMut(&str) -> Option<Reading>) -> Int64Array {
        let rules = self.rules;
        let readings = text.iter().map(|cell| {
            let cell = cell?.trim();
            let reading = parse(cell);
            (reading.is_some() || !rules.is_known_null(cell)).then_some(reading)
        });
        self.instants(readings, |row| text.value(row).to_owned())
    }

    /// The instants of the cells by what each was read as: `None` if it has no value, `Some(None)` if it is not a time. `shown` gives the text of
    /// a cell.
    fn instants(&mut self, readings: impl Iterator<Item = Option<Option<Reading>>>, shown: impl Fn(usize) -> String) -> Int64Array {
        let mut seconds = Vec::new();
        let instants = readings.enumerate().map(|(row, reading)| match reading? {
            Some(Reading::Once(at)) => Some(at),
            Some(Reading::Twice(first, second)) => {
                seconds.push((row, second));
                Some(first)
            }
            Some(Reading::Never) => {
                self.fault(row, "a wall time that never was: the clocks were put forward over it", &shown(row));
                None
            }
            None => {
                self.fault(row, "not a time", &shown(row));
                None
            }
        });
        let instants = instants.collect::<Int64Array>();
        self.faults.ambiguous += seconds.len() as u64;
        self.before.settle(instants, &seconds)
    }

    /// An i32 column of days since 1970. A cell that `parse` does not accept is a fault.
    fn dates(&mut self, times: &TimeParser, reason: &str, parse: impl Fn(&str) -> Option<Date>) -> Result<ArrayRef> {
        let text = match self.raw.data_type() {
            DataType::Date32 | DataType::Date64 => cast(&self.cast_checked(self.raw, &DataType::Date32)?, &DataType::Utf8)?,
            // The day of an instant is that of the source's zone.
            DataType::Timestamp(_, Some(zone)) => {
                let ms =
                    cast(&self.cast_checked(self.raw, &DataType::Timestamp(TimeUnit::Millisecond, Some(zone.clone())))?, &DataType::Int64)?;
                let ms = ms.as_primitive::<arrow::datatypes::Int64Type>().iter();
                Arc::new(ms.map(|at| at.and_then(|at| times.day_of(at)).map(|date| date.to_string())).collect::<StringArray>())
            }
            _ => cast(self.raw, &DataType::Utf8)?,
        };
        let parsed = self.parse_cells(text.as_string(), reason, |cell| parse(cell).map(|date| i64::from(Day::from(date).0)));
        let days: ArrayRef = Arc::new(parsed.iter().map(|day| day.map(|day| day as i32)).collect::<Int32Array>());
        let numbers = days.as_primitive::<arrow::datatypes::Int32Type>();
        let is_known = |day: &i32| DAYS.contains(day);
        for (row, day) in numbers.iter().enumerate() {
            if let Some(day) = day.filter(|day| !is_known(day)) {
                self.fault(row, "a date outside 1900 to 9999", &day.to_string());
            }
        }
        let known = numbers.iter().map(|day| day.filter(is_known)).collect::<Int32Array>();
        self.refuse_nulls(&known);
        Ok(Arc::new(known))
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

fn has_nul(bytes: &[u8]) -> bool {
    // The inner loop has no early exit, so that the compiler can vectorise it.
    bytes.chunks(1024).any(|bytes| bytes.iter().fold(false, |has, byte| has | (*byte == 0)))
}
