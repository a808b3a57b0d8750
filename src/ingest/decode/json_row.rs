//! Deserializes JSON objects into rows. serde_json's deserializer drives the visitors below, which write the cells straight into the columns:
//! no tree of values is built, and the value of an unused key is skipped, however deep it nests. A column `a.b` is the key `b` of the object
//! under `a`.

use super::cells::TextColumns;
use crate::config::COLUMNS;
use crate::ingest::literals::EXACT;
use crate::model::ColumnType;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt::Formatter;

/// The keys that the table uses.
pub(super) struct WantedKeys<'a> {
    pub(super) names: &'a [String],
    pub(super) types: &'a [ColumnType],
    /// Whether one of them lies in a nested object.
    pub(super) has_nested: bool,
}

/// Deserializes one JSON object into the current row.
pub(super) struct RowSeed<'a> {
    pub(super) cells: &'a mut TextColumns,
    pub(super) wanted: &'a WantedKeys<'a>,
    /// The keys that lead to a nested object, each with a dot; empty for a row itself.
    pub(super) prefix: &'a str,
    /// The column whose value is being read, for the fault if reading fails.
    pub(super) current_column: &'a mut usize,
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
        let length = self.prefix.len() + key.len();
        // Names mostly differ in length, which is compared without a look at their bytes.
        let at = |column: &usize| {
            let name = names[*column].as_str();
            name.len() == length && name.ends_with(key) && name.starts_with(self.prefix)
        };
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
