//! Decodes JSON files: one object per line, or one array of objects. serde_json's deserializer drives the visitors below, which write the
//! cells straight into the columns: no tree of values is built, and the value of an unused key is skipped, however deep it nests. A column
//! `a.b` is the key `b` of the object under `a`.

use super::cells::{KnownKeys, TextColumns};
use super::input::{BatchSink, DecodeInput, source_columns};
use super::text::{TextReader, read_error};
use crate::config::{COLUMNS, LimitExceeded, Limits};
use crate::error::{Error, Kind, Result};
use crate::ingest::literals::EXACT;
use crate::model::ColumnType;
use crate::privacy::unquoted;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt::Formatter;
use std::io::{BufRead, Read};
use std::rc::Rc;

/// Reads the next line and counts it in `number`; false at the end. Errors: the line exceeds its limit, or the file is cut short.
fn read_line(text: &mut dyn BufRead, line: &mut Vec<u8>, number: &mut u64, caps: &Limits) -> Result<bool> {
    line.clear();
    *number += 1;
    let read = text.take(caps.record_bytes()).read_until(b'\n', line).map_err(read_error)? as u64;
    if read == caps.record_bytes() && line.last() != Some(&b'\n') {
        return Err(LimitExceeded(format!("line {number} is longer than {} MiB ([quality.caps] line_mb)", caps.line_mb)).into());
    }
    Ok(read > 0)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// Whether the file is an array of objects and not one object per line.
fn is_array(text: &mut TextReader) -> Result<bool> {
    let head = text.lines.fill_buf().map_err(read_error)?;
    Ok(head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'['))
}

/// Decodes the columns of the table; other keys are skipped. A line or element that is not a JSON object is faulty.
/// Errors: the file is cut short or damaged, or exceeds a limit; those of `each`.
pub(super) fn decode(mut text: TextReader, input: &DecodeInput, each: BatchSink) -> Result<()> {
    let columns = source_columns(input.source, input.table);
    let names = columns.iter().map(|(name, ..)| (*name).to_owned()).collect::<Vec<_>>();
    let types = columns.iter().map(|(_, of, _)| *of).collect::<Vec<_>>();
    let optional = columns.iter().map(|(.., optional)| *optional).collect();
    let mut cells = TextColumns::headless(names.clone(), KnownKeys::new(optional), Rc::clone(&text.transcoded));
    let has_nested = names.iter().any(|name| name.contains('.'));
    let wanted = WantedKeys { names: &names, types: &types, has_nested };
    if is_array(&mut text)? {
        return decode_array(text, input.caps, &wanted, cells, each);
    }
    let (mut line, mut number) = (Vec::new(), 0);
    while read_line(&mut text.lines, &mut line, &mut number, input.caps)? {
        if is_blank(&line) {
            continue;
        }
        let mut current_column = usize::MAX;
        // One UTF-8 check covers the line. Given bytes, the parser would check every string by itself.
        let result = match simdutf8::basic::from_utf8(&line) {
            Ok(line) => {
                let mut json = serde_json::Deserializer::from_str(line);
                let row = RowSeed { cells: &mut cells, wanted: &wanted, prefix: "", current_column: &mut current_column };
                let result = row.deserialize(&mut json).and_then(|()| json.end());
                result.map_err(|e| format!("not a JSON object: {e}"))
            }
            Err(_) => Err("not UTF-8 (is the file in another encoding? set `encoding`)".to_owned()),
        };
        if let Err(reason) = result {
            cells.add_fault(current_column, &reason);
        }
        cells.end_row(each)?;
    }
    cells.flush(each)
}

/// Decodes an array of objects, element by element.
fn decode_array(text: TextReader, caps: &Limits, wanted: &WantedKeys, mut cells: TextColumns, each: BatchSink) -> Result<()> {
    let (left, number) = (Rc::new(Cell::new(caps.record_bytes())), Rc::new(Cell::new(1)));
    let capped = CappedReader { inner: text.lines, left: Rc::clone(&left), number: Rc::clone(&number), caps: *caps };
    let mut failed = None;
    let rows = ArrayRows {
        cells: &mut cells,
        wanted,
        each: &mut *each,
        failed: &mut failed,
        next_row: &mut || {
            left.set(caps.record_bytes());
            number.set(number.get() + 1);
        },
    };
    let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::new(capped));
    let read = json.deserialize_seq(rows).and_then(|()| json.end());
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Err(e)) => Err(json_error(e)),
        (None, Ok(())) => cells.flush(each),
    }
}

/// The error for an array that cannot be read to its end.
fn json_error(e: serde_json::Error) -> Error {
    if e.is_io() {
        return read_error(e.into());
    }
    Error::new(Kind::Refused, format!("the file is no array of JSON objects: {}", unquoted(&e.to_string())))
        .hint("a .json file holds one array of objects, or one object per line")
}

/// Fails if an element of an array is longer than a line may be.
struct CappedReader {
    inner: Box<dyn BufRead>,
    /// Bytes left of the element's limit.
    left: Rc<Cell<u64>>,
    /// The number of the element, from 1.
    number: Rc<Cell<u64>>,
    caps: Limits,
}

impl Read for CappedReader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        let Some(left) = self.left.get().checked_sub(read as u64) else {
            let what = format!("element {} is longer than {} MiB ([quality.caps] line_mb)", self.number.get(), self.caps.line_mb);
            return Err(LimitExceeded(what).into());
        };
        self.left.set(left);
        Ok(read)
    }
}

/// The keys that the table uses.
struct WantedKeys<'a> {
    names: &'a [String],
    types: &'a [ColumnType],
    /// Whether one of them lies in a nested object.
    has_nested: bool,
}

/// Deserializes the elements of an array into rows.
struct ArrayRows<'a, 'b> {
    cells: &'a mut TextColumns,
    wanted: &'a WantedKeys<'a>,
    each: BatchSink<'b>,
    /// The error of `each`, which is not one of the parser.
    failed: &'a mut Option<Error>,
    /// Called after each element.
    next_row: &'a mut dyn FnMut(),
}

impl<'de> Visitor<'de> for ArrayRows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> std::result::Result<(), A::Error> {
        loop {
            let mut current_column = usize::MAX;
            let row = RowSeed { cells: self.cells, wanted: self.wanted, prefix: "", current_column: &mut current_column };
            if array.next_element_seed(row)?.is_none() {
                return Ok(());
            }
            (self.next_row)();
            if let Err(error) = self.cells.end_row(self.each) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("a batch failed"));
            }
        }
    }
}

/// Deserializes one JSON object into the current row.
struct RowSeed<'a> {
    cells: &'a mut TextColumns,
    wanted: &'a WantedKeys<'a>,
    /// The keys that lead to a nested object, each with a dot; empty for a row itself.
    prefix: &'a str,
    /// The column whose value is being read, for the fault if reading fails.
    current_column: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<(), E> {
        if self.prefix.is_empty() {
            self.refuse();
        }
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> std::result::Result<(), E> {
        self.refuse();
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> std::result::Result<(), E> {
        self.refuse();
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> std::result::Result<(), E> {
        self.refuse();
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> std::result::Result<(), E> {
        self.refuse();
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> std::result::Result<(), E> {
        self.refuse();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        let mut is_empty = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            is_empty = false;
        }
        // Some languages write an object without keys as an empty list.
        if !is_empty || self.prefix.is_empty() {
            self.refuse();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let (mut next, mut keys) = (0, 0);
        let RowSeed { cells, wanted, prefix, current_column } = self;
        while let Some(key) = map.next_key_seed(KeySeed { wanted, prefix, next, cells })? {
            keys += 1;
            match key {
                Key::Column(column) if cells.has(column) => {
                    map.next_value::<IgnoredAny>()?;
                    cells.add_fault(column, "the key stands twice");
                }
                Key::Column(column) => {
                    *current_column = column;
                    map.next_value_seed(CellSeed { cells, column, column_type: wanted.types[column] })?;
                    *current_column = usize::MAX;
                    next = column + 1;
                }
                Key::Object(prefix) => map.next_value_seed(RowSeed { cells, wanted, prefix: &prefix, current_column })?,
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if keys > COLUMNS {
            cells.add_fault(usize::MAX, &format!("more than {COLUMNS} keys"));
        }
        Ok(())
    }
}

impl RowSeed<'_> {
    /// Refuses a value that is no object: the row, or the columns that would be nested in it.
    fn refuse(self) {
        if self.prefix.is_empty() {
            return self.cells.add_fault(usize::MAX, "not a JSON object");
        }
        for (column, name) in self.wanted.names.iter().enumerate() {
            if name.starts_with(self.prefix) && !self.cells.has(column) {
                self.cells.refuse(column, "another value where an object belongs");
            }
        }
    }
}

/// What a key of an object leads to.
enum Key {
    /// The column with this index.
    Column(usize),
    /// An object that holds columns: the prefix of their names.
    Object(String),
    /// Nothing that the table uses.
    Other,
}

/// Deserializes a key.
struct KeySeed<'a> {
    wanted: &'a WantedKeys<'a>,
    prefix: &'a str,
    /// The column to compare first, because the lines of a file mostly have their keys in the same order.
    next: usize,
    cells: &'a mut TextColumns,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> std::result::Result<Key, E> {
        let names = self.wanted.names;
        let at = |column: &usize| names[*column].strip_prefix(self.prefix) == Some(key);
        if let Some(column) = (self.next..names.len()).find(at).or_else(|| (0..self.next).find(at)) {
            return Ok(Key::Column(column));
        }
        if self.wanted.has_nested {
            let prefix = format!("{}{key}.", self.prefix);
            if names.iter().any(|name| name.starts_with(&prefix)) {
                return Ok(Key::Object(prefix));
            }
        }
        if let Some(keys) = self.cells.keys()
            && self.prefix.is_empty()
            && keys.others.len() < COLUMNS
            && !keys.others.contains(key)
        {
            keys.others.insert(key.to_owned());
        }
        Ok(Key::Other)
    }
}

/// Deserializes a JSON value to the text of a cell. A value that the column's type cannot have is a fault.
struct CellSeed<'a> {
    cells: &'a mut TextColumns,
    column: usize,
    column_type: ColumnType,
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<(), E> {
        self.visit_str("")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> std::result::Result<(), E> {
        if matches!(self.column_type, ColumnType::Bool | ColumnType::Word(_) | ColumnType::Text | ColumnType::Label) {
            return self.visit_str(if value { "true" } else { "false" });
        }
        self.cells.refuse(self.column, "true or false where another value belongs");
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<(), E> {
        let reason = if value.abs() >= EXACT {
            "a number too long to be exact: write it as text"
        } else if matches!(self.column_type, ColumnType::Key | ColumnType::Id) && value.fract() != 0.0 {
            "a number with decimals where an id belongs"
        } else {
            return self.visit_str(&value.to_string());
        };
        self.cells.refuse(self.column, reason);
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> std::result::Result<(), E> {
        self.cells.push(self.column, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.cells.refuse(self.column, NESTED);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.cells.refuse(self.column, NESTED);
        Ok(())
    }
}

const NESTED: &str = "a list or object where a value belongs";
