//! One row per bad input row: file, row, column, reason, and the cell with what could name a person masked.

use super::caps::BAD_ROWS;
use super::mapping::Batch;
use super::table::{Table, Type};
use crate::error::{Error, Kind, Result};
use crate::store::Object;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What is wrong with a row.
#[derive(Clone, Debug)]
pub struct Bad {
    pub column: String,
    pub reason: String,
    pub value: String,
}

/// What became of the rows of one file. `read = used + quarantined + duplicates + outside + ignored`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub read: i64,
    pub used: i64,
    pub quarantined: i64,
    pub duplicates: i64,
    pub outside: i64,
    pub ignored: i64,
}

impl Tally {
    pub fn balances(&self) -> bool {
        self.read == self.used + self.quarantined + self.duplicates + self.outside + self.ignored
    }

    pub fn add(&mut self, other: &Tally) {
        self.read += other.read;
        self.used += other.used;
        self.quarantined += other.quarantined;
        self.duplicates += other.duplicates;
        self.outside += other.outside;
        self.ignored += other.ignored;
    }
}

/// A row set aside, as the quarantine table shows it. `row` counts from 1, without the header.
#[derive(Clone, Debug)]
pub struct Quarantined {
    pub table: Table,
    pub file: String,
    pub row: i64,
    pub bad: Bad,
}

/// What one table's files gave for one business day.
#[derive(Clone, Debug)]
pub struct Audit {
    pub table: Table,
    pub files: BTreeMap<String, Tally>,
    /// Bytes by file.
    pub sizes: BTreeMap<String, u64>,
    pub quarantined: Vec<Quarantined>,
}

impl Audit {
    pub fn new(table: Table) -> Audit {
        Audit { table, files: BTreeMap::new(), sizes: BTreeMap::new(), quarantined: Vec::new() }
    }

    /// Notes how large the files are that are about to be read.
    pub fn measure(&mut self, files: &[Object]) {
        self.sizes.extend(files.iter().map(|file| (file.key.clone(), file.size())));
    }

    pub fn file(&mut self, name: &str) -> &mut Tally {
        if !self.files.contains_key(name) {
            self.files.insert(name.to_owned(), Tally::default());
        }
        self.files.entry(name.to_owned()).or_default()
    }

    /// Sets the batch's bad rows aside and counts them. Errors: there are more than can be kept.
    pub fn set_aside(&mut self, batch: &Batch) -> Result<()> {
        self.file(&batch.file).quarantined += batch.bad.len() as i64;
        for (row, bad) in &batch.bad {
            let column = self.table.columns().iter().find(|c| c.name == bad.column);
            // A time, a number or one of our words names nobody, and the reader needs to see it.
            let harmless = column.is_some_and(|c| !matches!(c.of, Type::Key | Type::Id | Type::Text));
            let value = if harmless { bad.value.chars().take(80).collect() } else { masked(&bad.value) };
            let bad = Bad { value, ..bad.clone() };
            let row = batch.first_row as i64 + *row as i64 + 1;
            self.quarantined.push(Quarantined { table: self.table, file: batch.file.clone(), row, bad });
        }
        match self.quarantined.first() {
            Some(first) if self.quarantined.len() > BAD_ROWS => {
                Err(first.blame(format!("more than {BAD_ROWS} rows of {} are bad", self.table.name())))
            }
            _ => Ok(()),
        }
    }

    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.files.values().for_each(|tally| total.add(tally));
        total
    }

    /// Refuses the day when too much of it is bad.
    pub fn check(&self, max_bad_ratio: f64) -> Result<()> {
        let total = self.total();
        let Some(first) = self.quarantined.first() else { return Ok(()) };
        if total.quarantined as f64 <= max_bad_ratio * total.read as f64 {
            return Ok(());
        }
        let message = format!(
            "{} of {} rows of {} are bad: more than {:.2} %",
            total.quarantined,
            total.read,
            self.table.name(),
            max_bad_ratio * 100.0
        );
        Err(first.blame(message))
    }
}

impl Quarantined {
    /// The error that so many rows are bad, shown by one of them.
    fn blame(&self, message: String) -> Error {
        Error::new(Kind::Refused, message)
            .with("file", &self.file)
            .with("row", self.row)
            .with("column", &self.bad.column)
            .with("reason", &self.bad.reason)
            .with("found", &self.bad.value)
            .hint("mend the source or the mapping; [quality] max_bad_ratio sets how much is let through to quarantine")
    }
}

/// Long digit runs and mail addresses name people: only their edges are kept. Long cells are cut.
fn masked(value: &str) -> String {
    static PERSONAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9][0-9 -]{5,}[0-9]|[^\s@]+@[^\s@]+").ok());
    let cut = value.chars().take(80).collect::<String>();
    let Some(personal) = &*PERSONAL else { return String::new() };
    let mask = |found: &regex::Captures| {
        let text = &found[0];
        let edge = |chars: &mut dyn Iterator<Item = char>| chars.take(2).collect::<String>();
        let tail = edge(&mut text.chars().rev()).chars().rev().collect::<String>();
        format!("{}***{tail}", edge(&mut text.chars()))
    };
    personal.replace_all(&cut, mask).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_person_is_masked() {
        assert_eq!(masked("电话13812345678谢谢"), "电话13***78谢谢");
        assert_eq!(masked("a.b@example.com"), "a.***om");
        assert_eq!(masked("customer"), "customer");
    }
}
