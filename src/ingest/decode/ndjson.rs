//! NDJSON: one JSON object a line. A value nobody asked for is stepped over whatever its depth; no tree is ever built.

use super::cells::{Cells, Keys};
use super::text::{Text, cut_short};
use super::{Each, Input, wanted};
use crate::error::{Error, Kind, Result};
use crate::ingest::caps::{COLUMNS, Caps, Passed};
use crate::ingest::mapping::EXACT;
use crate::ingest::table::Type;
use crate::privacy::unquoted;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt::Formatter;
use std::io::{BufRead, Read};

/// Reads the next line, counted by `number`; false at the end.
fn next(text: &mut dyn BufRead, line: &mut Vec<u8>, number: &mut u64, caps: &Caps) -> Result<bool> {
    line.clear();
    *number += 1;
    let read = text.take(caps.line()).read_until(b'\n', line).map_err(cut_short)? as u64;
    if read == caps.line() && line.last() != Some(&b'\n') {
        return Err(Passed(format!("line {number} is longer than {} MiB ([quality.caps] line_mb)", caps.line_mb)).into());
    }
    Ok(read > 0)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The keys of a file's first line.
pub(super) fn keys(mut text: Text, caps: &Caps) -> Result<Vec<String>> {
    let (mut line, mut number) = (Vec::new(), 0);
    while is_blank(&line) {
        if !next(&mut text.lines, &mut line, &mut number, caps)? {
            return Ok(Vec::new());
        }
    }
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_slice(&line)
        .map_err(|e| Error::new(Kind::Refused, format!("the first line is not a JSON object: {}", unquoted(&e.to_string()))))?;
    Ok(keys.into_keys().collect())
}

/// Lines of JSON objects. The columns are the table's own: a key nobody asked for is stepped over, not stored.
pub(super) fn decode(mut text: Text, input: &Input, each: Each) -> Result<()> {
    let (names, types): (Vec<_>, Vec<_>) = wanted(input.source, input.table).map(|(name, of)| (name.to_owned(), of)).unzip();
    let columns = input.table.columns().iter();
    let spared = columns.map(|c| !c.required && !input.source.constants.contains_key(c.name)).collect();
    let mut cells = Cells::headless(names.clone(), Keys::new(spared), text.transcoded);
    let (mut line, mut number) = (Vec::new(), 0);
    while next(&mut text.lines, &mut line, &mut number, input.caps)? {
        if is_blank(&line) {
            continue;
        }
        let mut under_way = usize::MAX;
        // Looked at once as a whole: a parser of bytes would look at every text again.
        let done = match simdutf8::basic::from_utf8(&line) {
            Ok(line) => {
                let mut json = serde_json::Deserializer::from_str(line);
                let row = Row { cells: &mut cells, names: &names, types: &types, under_way: &mut under_way };
                let done = row.deserialize(&mut json).and_then(|()| json.end());
                done.map_err(|e| format!("not a JSON object: {e}"))
            }
            Err(_) => Err("not UTF-8 (is the file in another encoding? set `encoding`)".to_owned()),
        };
        if let Err(reason) = done {
            cells.broken(under_way, &reason);
        }
        cells.end_row(each)?;
    }
    cells.flush(each)
}

/// Writes one JSON object straight into the columns: no tree is built, no text is copied on the way.
struct Row<'a> {
    cells: &'a mut Cells,
    names: &'a [String],
    types: &'a [Type],
    /// The column whose value is being read.
    under_way: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let (mut next, mut keys) = (0, 0);
        while let Some(column) = map.next_key_seed(Key { names: self.names, next, cells: self.cells })? {
            keys += 1;
            match column {
                Some(column) if self.cells.has(column) => {
                    map.next_value::<IgnoredAny>()?;
                    self.cells.broken(column, "the key stands twice");
                }
                Some(column) => {
                    *self.under_way = column;
                    map.next_value_seed(Cell { cells: self.cells, column, of: self.types[column] })?;
                    *self.under_way = usize::MAX;
                    next = column + 1;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if keys > COLUMNS {
            self.cells.broken(usize::MAX, &format!("more than {COLUMNS} keys"));
        }
        Ok(())
    }
}

/// The column that a key names. Files keep to one order of keys: the column `next` is looked at first.
struct Key<'a> {
    names: &'a [String],
    next: usize,
    cells: &'a mut Cells,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
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

/// A JSON value as the text of a cell.
struct Cell<'a> {
    cells: &'a mut Cells,
    column: usize,
    of: Type,
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<(), E> {
        self.visit_str("")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> std::result::Result<(), E> {
        if matches!(self.of, Type::Bool | Type::Word(_) | Type::Text | Type::Label) {
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
        let refused = if value.abs() >= EXACT {
            "a number too long to be exact: write it as text"
        } else if matches!(self.of, Type::Key | Type::Id) && value.fract() != 0.0 {
            "a number with decimals where an id belongs"
        } else {
            return self.visit_str(&value.to_string());
        };
        self.cells.refuse(self.column, refused);
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
