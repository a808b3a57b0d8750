//! NDJSON: one JSON object a line.

use super::cells::Cells;
use super::text::{Text, cut_short};
use super::{Each, text_schema, wanted};
use crate::error::{Error, Kind, Result};
use crate::ingest::table::Table;
use crate::job::Source;
use crate::privacy::unquoted;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt::Formatter;
use std::io::{BufRead, Read};

/// A longer line is no record; it is refused before it can fill the memory.
const MAX_LINE: usize = 16 << 20;

/// The keys of a file's first line.
pub(super) fn keys(text: Text) -> Result<Vec<String>> {
    let mut line = Vec::new();
    let mut lines = text.lines;
    while line.iter().all(u8::is_ascii_whitespace) && lines.read_until(b'\n', &mut line)? > 0 {}
    let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line)
        .map_err(|e| Error::new(Kind::Refused, format!("the first line is not a JSON object: {}", unquoted(&e.to_string()))))?;
    Ok(keys.into_iter().map(|(key, _)| key).collect())
}

/// Lines of JSON objects. The columns are the table's own: a key nobody asked for is stepped over, not stored.
pub(super) fn decode(text: Text, source: &Source, table: Table, each: Each) -> Result<()> {
    let names = wanted(source, table).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let mut cells = Cells::new(names.clone(), text_schema(names.clone()), text.transcoded);
    let mut text = text.lines;
    let mut line = Vec::new();
    let mut lines = 0u64;
    loop {
        line.clear();
        lines += 1;
        let read = (&mut text).take(MAX_LINE as u64).read_until(b'\n', &mut line).map_err(cut_short)?;
        if read == 0 {
            return cells.flush(each);
        }
        if read == MAX_LINE {
            return Err(Error::new(Kind::Refused, format!("line {lines} is longer than 16 MiB")));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        // Looked at once as a whole: a parser of bytes would look at every text again.
        let done = match std::str::from_utf8(&line) {
            Ok(line) => {
                let mut json = serde_json::Deserializer::from_str(line);
                let done = Row { cells: &mut cells, names: &names }.deserialize(&mut json).and_then(|()| json.end());
                done.map_err(|e| format!("not a JSON object: {e}"))
            }
            Err(_) => Err("not UTF-8 (is the file in another encoding? set `encoding`)".to_owned()),
        };
        if let Err(reason) = done {
            cells.broken(usize::MAX, &reason);
        }
        cells.end_row(each)?;
    }
}

/// Writes one JSON object straight into the columns: no tree is built, no text is copied on the way.
struct Row<'a> {
    cells: &'a mut Cells,
    names: &'a [String],
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
        let mut next = 0;
        while let Some(column) = map.next_key_seed(Key { names: self.names, next })? {
            match column {
                Some(column) if self.cells.has(column) => {
                    map.next_value::<IgnoredAny>()?;
                    self.cells.broken(column, "the key stands twice");
                }
                Some(column) => {
                    map.next_value_seed(Cell { cells: self.cells, column })?;
                    next = column + 1;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The column that a key names. Files keep to one order of keys: the column `next` is looked at first.
struct Key<'a> {
    names: &'a [String],
    next: usize,
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
        Ok((self.next..self.names.len()).find(at).or_else(|| (0..self.next).find(at)))
    }
}

/// A JSON value as the text of a cell.
struct Cell<'a> {
    cells: &'a mut Cells,
    column: usize,
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
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<(), E> {
        // From 2^53 on neighbours share a float: two ids would become one.
        if value.abs() < 9_007_199_254_740_992.0 {
            return self.visit_str(&value.to_string());
        }
        self.cells.refuse(self.column, "a number too long to be exact: write it as text");
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
