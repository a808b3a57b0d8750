//! Source columns → canonical columns: names, constants, values, types. A cell that cannot become its type makes a bad row.

use super::decode::Decoded;
use super::quarantine::Bad;
use super::table::{Column, Table, Type};
use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
use crate::job::{Plan, Source, Unit, zone};
use arrow::array::types::Int32Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, StringArray, StringDictionaryBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// 2000-01-01 and 2100-01-01 in UTC ms: a time outside is a mistake, not a chat.
const TIMES: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;
/// More of anything in one row is a mistake, and could overflow a sum.
const MOST_COUNTED: i64 = 1_000_000_000;
/// 10^12 yuan in fen.
const MOST_FEN: i64 = 100_000_000_000_000;

/// Canonical rows of one batch: a column for each of the table's, in its order.
/// `Key`/`Word`: dictionary<i32, utf8>. `Id`/`Text`: utf8. `Int`/`Count`/`Time` (UTC ms)/`Money` (fen): i64. `Date`: i32. `Bool`: bool.
pub struct Batch {
    pub file: String,
    pub first_row: u64,
    pub rows: usize,
    pub columns: Vec<ArrayRef>,
    /// The first thing wrong with each bad row.
    pub bad: BTreeMap<usize, Bad>,
}

impl Batch {
    pub fn keys(&self, column: usize) -> &DictionaryArray<Int32Type> {
        self.columns[column].as_dictionary()
    }

    pub fn text(&self, column: usize) -> &StringArray {
        self.columns[column].as_string()
    }

    pub fn ints(&self, column: usize) -> &Int64Array {
        self.columns[column].as_primitive()
    }

    pub fn int(&self, column: usize, row: usize) -> Option<i64> {
        let array = self.ints(column);
        array.is_valid(row).then(|| array.value(row))
    }

    pub fn string(&self, column: usize, row: usize) -> Option<String> {
        match self.columns[column].as_any_dictionary_opt() {
            None => self.text(column).is_valid(row).then(|| self.text(column).value(row).to_owned()),
            Some(_) => self.key(column, row).map(str::to_owned),
        }
    }

    /// The text of a dictionary cell.
    pub fn key(&self, column: usize, row: usize) -> Option<&str> {
        let keys = self.keys(column);
        let code = keys.key(row)?;
        Some(keys.values().as_string::<i32>().value(code))
    }

    /// Sets a row aside for a reason that no single cell shows.
    pub fn refuse(&mut self, row: usize, column: &str, reason: &str) {
        self.bad.entry(row).or_insert_with(|| Bad { column: column.to_owned(), reason: reason.to_owned(), value: String::new() });
    }
}

enum From {
    /// The source column's name.
    Source(String),
    Constant(String),
    Missing,
}

/// How each canonical column is made from the columns of one file.
pub struct Resolved {
    table: Table,
    from: Vec<From>,
    values: Vec<Option<Values>>,
    times: Times,
    /// Source columns that nothing uses.
    pub unused: Vec<String>,
}

impl Resolved {
    /// Errors: a required column that is not there, a mapping that names no canonical column, a type that cannot be cast.
    pub fn new(plan: &Plan, table: Table, source: &Source, schema: &Schema) -> Result<Resolved> {
        check_names(table, source)?;
        let mut from = Vec::new();
        for column in table.columns() {
            from.push(origin(table, source, schema, column)?);
        }
        let used = from.iter().filter_map(|f| if let From::Source(name) = f { Some(name) } else { None }).collect::<Vec<_>>();
        let unused = schema.fields().iter().map(|f| f.name()).filter(|name| !used.contains(name)).cloned().collect();
        let values = table.columns().iter().map(|c| source.values.get(c.name).map(Values::new)).collect();
        let times = Times::new(plan, source)?;
        Ok(Resolved { table, from, values, times, unused })
    }

    pub fn map(&self, file: &str, decoded: Decoded) -> Result<Batch> {
        let rows = decoded.batch.num_rows();
        let mut bad = BTreeMap::new();
        for broken in decoded.broken {
            bad.entry(broken.row).or_insert(Bad { column: broken.column, reason: broken.reason, value: String::new() });
        }
        let mut columns = Vec::with_capacity(self.from.len());
        for ((column, from), values) in self.table.columns().iter().zip(&self.from).zip(&self.values) {
            let raw: ArrayRef = match from {
                From::Source(name) => {
                    decoded.batch.column_by_name(name).map_or_else(|| Arc::new(StringArray::new_null(rows)) as ArrayRef, Arc::clone)
                }
                From::Constant(text) => Arc::new(StringArray::from(vec![text.as_str(); rows])),
                From::Missing => Arc::new(StringArray::new_null(rows)),
            };
            let raw = match values {
                Some(values) => values.replace(&raw)?,
                None => raw,
            };
            let raw = plain(raw, column.of)?;
            let mut cells = Converted { column, raw: &raw, bad: &mut bad };
            columns.push(cells.convert(&self.times)?);
        }
        Ok(Batch { file: file.to_owned(), first_row: decoded.first_row, rows, columns, bad })
    }
}

/// Text as Utf8 with nothing for an empty cell, whatever the format; a whole float that is an id without its `.0`.
fn plain(raw: ArrayRef, of: Type) -> Result<ArrayRef> {
    use DataType as D;
    let text = match raw.data_type() {
        D::Utf8 => raw,
        D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView => cast(&raw, &D::Utf8)?,
        D::Float16 | D::Float32 | D::Float64 if matches!(of, Type::Key | Type::Id | Type::Word(_)) => {
            let floats = cast(&raw, &D::Float64)?;
            let floats = floats.as_primitive::<arrow::datatypes::Float64Type>().iter();
            Arc::new(floats.map(|f| f.map(|f| f.to_string())).collect::<StringArray>())
        }
        _ => return Ok(raw),
    };
    let cells = text.as_string::<i32>();
    if cells.offsets().lengths().all(|length| length > 0) {
        return Ok(text);
    }
    Ok(Arc::new(cells.iter().map(|cell| cell.filter(|cell| !cell.is_empty())).collect::<StringArray>()))
}

/// A mapping for a column that is not canonical is a typing error, not an extra.
fn check_names(table: Table, source: &Source) -> Result<()> {
    let names = source.columns.keys().chain(source.constants.keys()).chain(source.values.keys());
    for name in names {
        if table.columns().iter().any(|c| c.name == name) {
            continue;
        }
        let canonical = table.columns().iter().map(|c| c.name);
        let error = Error::new(Kind::Config, format!("`{name}` is not a column of {}", table.name()));
        return Err(match crate::nearest(name, canonical.clone()) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint(format!("the columns are {}", canonical.collect::<Vec<_>>().join(", "))),
        });
    }
    Ok(())
}

fn origin(table: Table, source: &Source, schema: &Schema, column: &Column) -> Result<From> {
    let name = source.columns.get(column.name).map_or(column.name, String::as_str);
    if let Ok(index) = schema.index_of(name) {
        let found = schema.field(index).data_type();
        if !castable(found, column.of) {
            let message = format!("column `{name}` is {found}, which cannot be {}", describe(column.of));
            return Err(Error::new(Kind::Refused, message).with("column", format!("{}.{}", table.name(), column.name)));
        }
        return Ok(From::Source(name.to_owned()));
    }
    if let Some(text) = source.constants.get(column.name) {
        return Ok(From::Constant(text.clone()));
    }
    // A column that the mapping names must be there, even an optional one: a typing error would null it silently.
    if !column.required && !source.columns.contains_key(column.name) {
        return Ok(From::Missing);
    }
    let found = schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>();
    let wanted = if name == column.name { format!("`{name}`") } else { format!("`{name}` (for {})", column.name) };
    let error = Error::new(Kind::Refused, format!("{} has no column {wanted}", table.name())).with("found", found.join(", "));
    Err(match crate::nearest(name, found.iter().copied()) {
        Some(nearest) => error.hint(format!("did you mean {} = \"{nearest}\" under [{}].columns?", column.name, table.name())),
        None => {
            error.hint(format!("name the source column under [{}].columns, or a constant under [{}].constants", table.name(), table.name()))
        }
    })
}

fn castable(found: &DataType, of: Type) -> bool {
    use DataType as D;
    match found {
        D::Dictionary(_, inner) => castable(inner, of),
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null => true,
        D::Boolean => matches!(of, Type::Bool | Type::Word(_) | Type::Text),
        D::Timestamp(..) => matches!(of, Type::Time | Type::Date),
        D::Date32 | D::Date64 => matches!(of, Type::Date),
        D::Binary | D::LargeBinary | D::BinaryView => true,
        // A column of whole numbers with gaps is one of floats to some writers.
        D::Float16 | D::Float32 | D::Float64 => of != Type::Date,
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => {
            matches!(of, Type::Money | Type::Int | Type::Count | Type::Text)
        }
        other => other.is_integer(),
    }
}

fn describe(of: Type) -> &'static str {
    match of {
        Type::Key | Type::Id | Type::Text => "text",
        Type::Word(_) => "one of the table's words",
        Type::Int | Type::Count => "a whole number",
        Type::Bool => "true or false",
        Type::Time => "an instant",
        Type::Date => "a date",
        Type::Money => "an amount",
    }
}

/// source value → canonical value, as the pipeline writes it
struct Values {
    exact: BTreeMap<String, String>,
    /// What stands for true and what for false, where the mapping names one of each.
    truths: Option<[String; 2]>,
}

impl Values {
    fn new(written: &BTreeMap<String, Vec<String>>) -> Values {
        let exact = written.iter().flat_map(|(to, from)| from.iter().map(|from| (from.clone(), to.clone()))).collect::<BTreeMap<_, _>>();
        let word = |wanted: bool| exact.iter().find(|(from, _)| spelled(from) == Some(wanted)).map(|(_, to)| to.clone());
        let truths = word(true).zip(word(false)).map(|(yes, no)| [yes, no]);
        Values { exact, truths }
    }

    fn replace(&self, raw: &ArrayRef) -> Result<ArrayRef> {
        let text = cast(raw, &DataType::Utf8)?;
        let cells = text.as_string::<i32>().iter();
        Ok(Arc::new(cells.map(|cell| cell.map(|cell| self.of(cell.trim()).unwrap_or(cell))).collect::<StringArray>()))
    }

    /// Exact first; then the spellings of a truth value are one value (DECISIONS #1).
    fn of(&self, cell: &str) -> Option<&str> {
        self.exact.get(cell).map(String::as_str).or_else(|| {
            let [yes, no] = self.truths.as_ref()?;
            spelled(cell).map(|truth| if truth { yes.as_str() } else { no.as_str() })
        })
    }
}

/// A truth value in letters: digits are as often numbers.
fn spelled(text: &str) -> Option<bool> {
    truth(text).filter(|_| !text.bytes().any(|b| b.is_ascii_digit()))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "是" => Some(true),
        "false" | "f" | "0" | "no" | "n" | "否" => Some(false),
        _ => None,
    }
}

/// How times are written in a source.
struct Times {
    zone: TimeZone,
    format: Option<String>,
    unit: Unit,
}

impl Times {
    fn new(plan: &Plan, source: &Source) -> Result<Times> {
        let zone = zone(source.timezone.as_deref().unwrap_or(&plan.job.timezone))?;
        Ok(Times { zone, format: source.datetime_format.clone(), unit: source.unit })
    }

    fn parse(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Some(format) = &self.format {
            let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
            return match parsed.to_timestamp() {
                Ok(at) => Some(at.as_millisecond()),
                Err(_) => self.local(parsed.to_datetime().ok()?),
            };
        }
        if let Some(number) = whole(text) {
            return self.epoch(number);
        }
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => Some(at.as_millisecond()),
            Err(_) => self.local(text.parse::<DateTime>().ok()?),
        }
    }

    /// A wall-clock time without an offset.
    fn local(&self, at: DateTime) -> Option<i64> {
        Some(at.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    fn epoch(&self, number: i64) -> Option<i64> {
        match self.unit {
            Unit::Seconds => number.checked_mul(1000),
            Unit::Millis => Some(number),
            Unit::Micros => Some(number.div_euclid(1000)),
        }
    }
}

/// One column on its way to its canonical type.
struct Converted<'a> {
    column: &'a Column,
    raw: &'a ArrayRef,
    bad: &'a mut BTreeMap<usize, Bad>,
}

impl Converted<'_> {
    fn convert(&mut self, times: &Times) -> Result<ArrayRef> {
        match self.column.of {
            Type::Key => self.dictionary(|text| is_id(text).then_some(text), "an id is 1 to 256 bytes"),
            Type::Word(words) => {
                let reason = format!("unknown {}: expected {}", self.column.name, words.join(", "));
                self.dictionary(|text| Some(text.trim()).filter(|word| words.contains(word)), &reason)
            }
            Type::Id => self.texts(is_id, "an id is 1 to 256 bytes"),
            Type::Text => self.texts(|_| true, ""),
            Type::Int => self.numbers(whole, "not a whole number"),
            Type::Count => self.numbers(|text| whole(text).filter(|n| (0..=MOST_COUNTED).contains(n)), "not a whole number of 0 to 10^9"),
            Type::Money => self.numbers(fen, "not an amount with at most 2 decimals and 10^12 yuan"),
            Type::Bool => self.truths(),
            Type::Time => self.times(times),
            Type::Date => self.dates(times),
        }
    }

    fn bad(&mut self, row: usize, reason: &str, value: &str) {
        let column = self.column.name.to_owned();
        self.bad.entry(row).or_insert_with(|| Bad { column, reason: reason.to_owned(), value: value.to_owned() });
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
        if values.iter().all(|value| value.is_some() && value.and_then(&accept) == value) {
            self.refuse_nulls(keys.keys());
            return Ok(dictionary);
        }
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

    fn texts(&mut self, accept: impl Fn(&str) -> bool, reason: &str) -> Result<ArrayRef> {
        let text = cast(self.raw, &DataType::Utf8)?;
        for (row, cell) in text.as_string::<i32>().iter().enumerate() {
            if let Some(cell) = cell.filter(|cell| !accept(cell)) {
                self.bad(row, reason, cell);
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

    fn parsed(&mut self, text: &StringArray, reason: &str, parse: impl Fn(&str) -> Option<i64>) -> Int64Array {
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

    fn times(&mut self, times: &Times) -> Result<ArrayRef> {
        let instants = match self.raw.data_type() {
            DataType::Timestamp(_, zone) => {
                let ms = cast(self.raw, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?;
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
                let numbers = cast(self.raw, &DataType::Int64)?;
                let written = cast(&numbers, &DataType::Utf8)?;
                Arc::new(self.parsed(written.as_string(), "not a time", |cell| times.epoch(cell.parse().ok()?))) as ArrayRef
            }
            _ => {
                let text = cast(self.raw, &DataType::Utf8)?;
                Arc::new(self.parsed(text.as_string(), "not a time", |cell| times.parse(cell)))
            }
        };
        let ms = instants.as_primitive::<arrow::datatypes::Int64Type>();
        for (row, at) in ms.iter().enumerate() {
            if let Some(at) = at.filter(|at| !TIMES.contains(at)) {
                self.bad(row, "a time outside 2000 to 2100", &at.to_string());
            }
        }
        self.refuse_nulls(&instants);
        Ok(instants)
    }

    fn dates(&mut self, times: &Times) -> Result<ArrayRef> {
        let days = match self.raw.data_type() {
            DataType::Date32 | DataType::Date64 => cast(&cast(self.raw, &DataType::Date32)?, &DataType::Int32)?,
            _ => {
                let text = cast(self.raw, &DataType::Utf8)?;
                let day = |cell: &str| date(cell, times.format.as_deref()).map(|date| i64::from(Day::from(date).0));
                let parsed = self.parsed(text.as_string(), "not a date", day);
                Arc::new(parsed.iter().map(|day| day.map(|day| day as i32)).collect::<Int32Array>())
            }
        };
        self.refuse_nulls(&days);
        Ok(days)
    }
}

fn as_dictionary(raw: &ArrayRef) -> Result<ArrayRef> {
    let text = cast(raw, &DataType::Utf8)?;
    let mut builder = StringDictionaryBuilder::<Int32Type>::new();
    builder.extend(text.as_string::<i32>().iter());
    Ok(Arc::new(builder.finish()))
}

fn is_id(text: &str) -> bool {
    (1..=256).contains(&text.len())
}

/// Also `3.0`: a spreadsheet's whole number.
fn whole(text: &str) -> Option<i64> {
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

fn wall(ms: i64) -> Option<DateTime> {
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(TimeZone::UTC).datetime())
}

#[cfg(test)]
mod tests {
    use super::*;

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
