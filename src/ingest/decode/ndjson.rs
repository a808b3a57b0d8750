//! Decodes NDJSON files: one JSON object per line. serde_json's deserializer drives the visitors below, which write the cells straight into
//! the columns: no tree of values is built, and the value of an unused key is skipped, however deep it nests.

use super::cells::{KnownKeys, TextColumns};
use super::input::{BatchSink, DecodeInput, wanted};
use super::text::{TextReader, read_error};
use crate::config::{COLUMNS, LimitExceeded, Limits};
use crate::error::{Error, Kind, Result};
use crate::ingest::literals::EXACT;
use crate::model::ColumnType;
use crate::privacy::unquoted;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt::Formatter;
use std::io::{BufRead, Read};

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

/// The keys of a file's first line that is not blank, sorted. Errors: it is not a JSON object.
pub(super) fn keys(mut text: TextReader, caps: &Limits) -> Result<Vec<String>> {
    let (mut line, mut number) = (Vec::new(), 0);
    while is_blank(&line) {
        if !read_line(&mut text.lines, &mut line, &mut number, caps)? {
            return Ok(Vec::new());
        }
    }
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_slice(&line)
        .map_err(|e| Error::new(Kind::Refused, format!("the first line is not a JSON object: {}", unquoted(&e.to_string()))))?;
    Ok(keys.into_keys().collect())
}

/// Decodes the columns of the table; other keys are skipped. A line that is not a JSON object is faulty.
/// Errors: the file is cut short or damaged, or exceeds a limit; those of `each`.
pub(super) fn decode(mut text: TextReader, input: &DecodeInput, each: BatchSink) -> Result<()> {
    let (names, types): (Vec<_>, Vec<_>) = wanted(input.source, input.table).map(|(name, of)| (name.to_owned(), of)).unzip();
    let columns = input.table.columns().iter();
    let optional = columns.map(|c| !c.required && !input.source.constants.contains_key(c.name)).collect();
    let mut cells = TextColumns::headless(names.clone(), KnownKeys::new(optional), text.transcoded);
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
                let row = RowSeed { cells: &mut cells, names: &names, types: &types, current_column: &mut current_column };
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

/// Deserializes one JSON object into the current row.
struct RowSeed<'a> {
    cells: &'a mut TextColumns,
    names: &'a [String],
    types: &'a [ColumnType],
    /// The column whose value is being read, for the fault if reading fails.
    current_column: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let (mut next, mut keys) = (0, 0);
        while let Some(column) = map.next_key_seed(KeySeed { names: self.names, next, cells: self.cells })? {
            keys += 1;
            match column {
                Some(column) if self.cells.has(column) => {
                    map.next_value::<IgnoredAny>()?;
                    self.cells.add_fault(column, "the key stands twice");
                }
                Some(column) => {
                    *self.current_column = column;
                    map.next_value_seed(CellSeed { cells: self.cells, column, column_type: self.types[column] })?;
                    *self.current_column = usize::MAX;
                    next = column + 1;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if keys > COLUMNS {
            self.cells.add_fault(usize::MAX, &format!("more than {COLUMNS} keys"));
        }
        Ok(())
    }
}

/// Deserializes a key to the index of its column; `None` for a key that is no column of the table.
struct KeySeed<'a> {
    names: &'a [String],
    /// The column to compare first, because the lines of a file mostly have their keys in the same order.
    next: usize,
    cells: &'a mut TextColumns,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> std::result::Result<Option<usize>, E> {
        let at = |column: &usize| self.names[*column] == key;
        let column = (self.next..self.names.len()).find(at).or_else(|| (0..self.next).find(at));
        if let (None, Some(keys)) = (column, self.cells.keys())
            && keys.others.len() < COLUMNS
            && !keys.others.contains(key)
        {
            keys.others.insert(key.to_owned());
        }
        Ok(column)
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
