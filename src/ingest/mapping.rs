//! Source columns → canonical columns: names, constants, values, types. A cell that cannot become its type makes a bad row.

use super::convert::{Converted, truth};
use super::decode::Decoded;
use super::quarantine::Bad;
use super::table::{Column, Table, Type};
use super::times::Times;
use crate::error::{Error, Kind, Result};
use crate::job::{Plan, Source};
use crate::names::Latest;
use crate::privacy::{self, BuyerKey, Keyed};
use arrow::array::types::Int32Type;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Canonical rows of one batch: a column for each of the table's, in its order.
/// `Key`/`Word`/`Label`: dictionary<i32, utf8>. `Id`/`Text`: utf8. `Int`/`Count`/`Time` (UTC ms)/`Money` (fen): i64. `Number`: f64. `Date`: i32. `Bool`: bool.
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

    pub fn float(&self, column: usize, row: usize) -> Option<f64> {
        let array = self.columns[column].as_primitive::<arrow::datatypes::Float64Type>();
        array.is_valid(row).then(|| array.value(row))
    }

    pub fn string(&self, column: usize, row: usize) -> Option<&str> {
        match self.columns[column].as_any_dictionary_opt() {
            None => self.text(column).is_valid(row).then(|| self.text(column).value(row)),
            Some(_) => self.key(column, row),
        }
    }

    /// By row: which value of the column's dictionary it has, counted from 1; 0 is none.
    pub fn slots(&self, column: usize) -> Vec<u32> {
        let keys = self.keys(column);
        let mut slots = keys.keys().values().iter().map(|key| (*key + 1) as u32).collect::<Vec<_>>();
        if let Some(known) = keys.nulls() {
            (!known.inner()).set_indices().for_each(|row| slots[row] = 0);
        }
        slots
    }

    /// The values of a column's dictionary.
    pub fn values(&self, column: usize) -> &StringArray {
        self.keys(column).values().as_string()
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

/// 2^53: from here on neighbours share a float, and two ids would become one.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

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
    /// By column: the dictionary that was found good last.
    good: Vec<Latest>,
    times: Times,
    buyers: Option<Keyed>,
    key: Option<BuyerKey>,
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
        let buyers = plan.buyer_key.as_ref().map(Keyed::new);
        let good = from.iter().map(|_| Latest::default()).collect();
        Ok(Resolved { table, from, values, good, times, buyers, key: plan.buyer_key.clone(), unused })
    }

    /// Rows as the program knows them: from here on a buyer has its keyed id, where the pipeline has a key, and text that will be published
    /// is masked.
    pub fn map(&mut self, file: &str, decoded: Decoded) -> Result<Batch> {
        let rows = decoded.batch.num_rows();
        let mut bad = BTreeMap::new();
        for broken in decoded.broken {
            bad.entry(broken.row).or_insert(Bad { column: broken.column, reason: broken.reason, value: String::new() });
        }
        let mut columns = Vec::with_capacity(self.from.len());
        let of = self.from.iter().zip(&self.values).zip(&mut self.good);
        for (column, ((from, values), good)) in self.table.columns().iter().zip(of) {
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
            let raw = plain(raw, column, &mut bad)?;
            let mut cells = Converted { column, raw: &raw, good, bad: &mut bad };
            let cells = cells.convert(&self.times)?;
            columns.push(match &mut self.buyers {
                Some(buyers) if column.is_buyer() => buyers.column(&cells)?,
                _ if column.is_told(self.table) => privacy::column(cells),
                _ => cells,
            });
        }
        let masked = |(row, bad): (usize, Bad)| {
            let column = self.table.columns().iter().find(|column| column.name == bad.column);
            (row, bad.masked(column, self.key.as_ref()))
        };
        let bad = bad.into_iter().map(masked).collect();
        Ok(Batch { file: file.to_owned(), first_row: decoded.first_row, rows, columns, bad })
    }
}

/// Text as Utf8 with nothing for an empty cell, whatever the format; a whole float that is an id without its `.0`.
/// A cell with a value that is no text makes a bad row.
fn plain(raw: ArrayRef, column: &Column, bad: &mut BTreeMap<usize, Bad>) -> Result<ArrayRef> {
    use DataType as D;
    let (text, reason) = match raw.data_type() {
        D::Utf8 => (Arc::clone(&raw), ""),
        D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView => (cast(&raw, &D::Utf8)?, "not UTF-8"),
        D::Float16 | D::Float32 | D::Float64 if matches!(column.of, Type::Key | Type::Id | Type::Word(_)) => {
            let floats = cast(&raw, &D::Float64)?;
            let floats = floats.as_primitive::<arrow::datatypes::Float64Type>().iter();
            let whole = |f: f64| (f.fract() == 0.0 && f.abs() < EXACT).then(|| (f + 0.0).to_string());
            (
                Arc::new(floats.map(|f| f.and_then(whole)).collect::<StringArray>()) as ArrayRef,
                "a number that names nothing: write it as text",
            )
        }
        _ => return Ok(raw),
    };
    if text.null_count() > raw.null_count() {
        for row in (0..text.len()).filter(|row| text.is_null(*row) && raw.is_valid(*row)) {
            let column = column.name.to_owned();
            bad.entry(row).or_insert_with(|| Bad { column, reason: reason.to_owned(), value: String::new() });
        }
    }
    let cells = text.as_string::<i32>();
    let is_empty = |(row, length): (usize, usize)| length == 0 && cells.is_valid(row);
    if !cells.offsets().lengths().enumerate().any(is_empty) {
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
    let error = Error::new(Kind::Refused, format!("{} has no column {wanted}", table.name()));
    if found.iter().any(|name| is_data(name)) {
        return Err(
            error.hint("the first line looks like data, not like column names: a CSV file begins with a line that names its columns")
        );
    }
    let error = error.with("found", found.join(", "));
    Err(match crate::nearest(name, found.iter().copied()) {
        Some(nearest) => error.hint(format!("did you mean {} = \"{nearest}\" under [{}].columns?", column.name, table.name())),
        None => {
            error.hint(format!("name the source column under [{}].columns, or a constant under [{}].constants", table.name(), table.name()))
        }
    })
}

/// What stands in a row, not above it: it is not shown, for it may be of a person.
fn is_data(name: &str) -> bool {
    name.parse::<f64>().is_ok()
        || name.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok())
        || privacy::mask(name) != name
}

fn castable(found: &DataType, of: Type) -> bool {
    use DataType as D;
    match found {
        D::Dictionary(_, inner) => castable(inner, of),
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null => true,
        D::Boolean => matches!(of, Type::Bool | Type::Word(_) | Type::Text | Type::Label),
        D::Timestamp(..) => matches!(of, Type::Time | Type::Date | Type::Month),
        D::Date32 | D::Date64 => matches!(of, Type::Date | Type::Month),
        D::Binary | D::LargeBinary | D::BinaryView => true,
        // A column of whole numbers with gaps is one of floats to some writers.
        D::Float16 | D::Float32 | D::Float64 => !matches!(of, Type::Date | Type::Month),
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => {
            matches!(of, Type::Money | Type::Number | Type::Int | Type::Count | Type::Text | Type::Label)
        }
        other => other.is_integer(),
    }
}

fn describe(of: Type) -> &'static str {
    match of {
        Type::Key | Type::Id | Type::Text | Type::Label => "text",
        Type::Word(_) => "one of the table's words",
        Type::Int | Type::Count => "a whole number",
        Type::Bool => "true or false",
        Type::Time => "an instant",
        Type::Date => "a date",
        Type::Month => "a month",
        Type::Money => "an amount",
        Type::Number => "a number",
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
