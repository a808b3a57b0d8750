//! One row per bad input row: file, row, column, reason, and the cell with what could name a person masked.

use super::caps::BAD_ROWS;
use super::mapping::Batch;
use super::table::{Column, Table, Type};
use crate::error::{Error, Kind, Result};
use crate::privacy::{BuyerKey, MASK, edges, mask, unquoted};
use crate::store::Object;
use std::collections::BTreeMap;

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
            let row = batch.first_row as i64 + *row as i64 + 1;
            self.quarantined.push(Quarantined { table: self.table, file: batch.file.clone(), row, bad: bad.clone() });
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

/// Letters of a long cell that are looked at, and of any that are shown.
const LOOKED_AT: usize = 4096;
const SHOWN: usize = 80;
/// A longer word is no word of a table.
const WORD: usize = 16;

impl Bad {
    /// The same with its cell as readers may see it: nothing in it names a person.
    pub(super) fn masked(self, column: Option<&Column>, key: Option<&BuyerKey>) -> Bad {
        let cut = self.value.chars().take(LOOKED_AT).collect::<String>();
        let text = || mask(&cut).into_owned();
        let value = match column.map(|column| column.of) {
            _ if cut.is_empty() => cut,
            _ if column.is_some_and(Column::is_buyer) => key.map_or_else(|| edges(&self.value), |key| key.id(&self.value)),
            None | Some(Type::Text | Type::Label) => text(),
            // What is too long for an id may be talk.
            Some(Type::Key | Type::Id) => edges(&cut),
            Some(Type::Word(_)) => Some(text()).filter(|word| is_one_word(word)).unwrap_or_else(|| edges(&cut)),
            // In rows that slipped by a column, names and talk stand where times and numbers should.
            Some(_) if cut.chars().all(|letter| !letter.is_alphabetic()) || words(&cut).all(is_of_numbers) => text(),
            Some(_) => MASK.to_owned(),
        };
        Bad { reason: unquoted(&self.reason), value: value.chars().take(SHOWN).collect(), ..self }
    }
}

fn is_one_word(text: &str) -> bool {
    text.chars().count() <= WORD && !text.trim().contains(char::is_whitespace)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty())
}

/// A word that is written beside the digits of times, amounts and numbers.
fn is_of_numbers(word: &str) -> bool {
    const SAID: [&str; 20] = [
        "t", "z", "utc", "gmt", "cst", "am", "pm", "nan", "inf", "infinity", "null", "none", "na", "e", "cny", "rmb", "usd", "yuan",
        "true", "false",
    ];
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = word.to_lowercase();
    SAID.contains(&word.as_str())
        || MONTHS.contains(&word.as_str())
        || word.chars().all(|c| "年月日时分秒点上下午周星期元角万亿圆".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(table: Table, column: &str, value: &str) -> String {
        let bad = Bad { column: column.to_owned(), reason: String::new(), value: value.to_owned() };
        bad.masked(table.columns().iter().find(|c| c.name == column), None).value
    }

    #[test]
    fn a_cell_set_aside_names_nobody() {
        for (column, value, expected) in [
            ("shop_id", "电话13812345678谢谢", "电***谢"),
            ("buyer_id", "小明爱购物", "小***物"),
            ("sent_at", "小明爱购物", "***"),
            ("sent_at", "tb12345_88", "***"),
            ("sent_at", "13812345678", "***"),
            ("sent_at", "2026-09-01T25:61:00Z", "2026-09-01T25:61:00Z"),
            ("sent_at", "2026年9月31日 下午", "2026年9月31日 下午"),
            ("seq", "1.5", "1.5"),
            ("sender", "客户", "客户"),
            ("sender", "我住文三路138号3幢501", "我住***"),
            ("sender", "您好，请问这件衣服什么时候能发货呢", "您***呢"),
            ("sender", "tb12345 你好", "t***好"),
            ("recalled", "maybe", "***"),
        ] {
            assert_eq!(shown(Table::Messages, column, value), expected, "{column}");
        }
        assert_eq!(shown(Table::Messages, "text", &"x".repeat(300)).len(), SHOWN);
    }
}
