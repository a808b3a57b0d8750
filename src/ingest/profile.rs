//! What is remarkable about the cells of a day's messages: the words of closed lists that occur, and the columns that are almost empty. Days
//! are compared by it, because an export that changes changes numbers.

use super::batch::CanonicalBatch;
use crate::model::{ColumnType, InputTable};
use arrow::array::Array;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The share of a column's cells from which on the column counts as empty.
const EMPTY: f64 = 0.99;

/// The profile of a day's message files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The words found, such as `sender = robot`.
    pub words: BTreeSet<String>,
    /// Columns of which more than 99 % of the cells are null.
    pub empty: BTreeSet<String>,
}

/// Counts what a profile is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct ProfileCounts {
    words: BTreeSet<String>,
    rows: usize,
    /// Null cells by column, in the table's order.
    nulls: Vec<usize>,
}

impl ProfileCounts {
    /// Adds a batch of messages.
    pub(super) fn add(&mut self, batch: &CanonicalBatch) {
        let columns = InputTable::Messages.columns();
        self.rows += batch.rows;
        self.nulls.resize(columns.len(), 0);
        for (index, column) in columns.iter().enumerate() {
            self.nulls[index] += batch.columns[index].null_count();
            if matches!(column.of, ColumnType::Word(_)) {
                for word in batch.values(index).iter().flatten() {
                    let word = format!("{} = {word}", column.name);
                    if !self.words.contains(&word) {
                        self.words.insert(word);
                    }
                }
            }
        }
    }

    /// The profile of all batches added.
    pub(super) fn profile(&self) -> Profile {
        let columns = InputTable::Messages.columns().iter().zip(&self.nulls);
        let empty = columns.filter(|(_, nulls)| **nulls as f64 > EMPTY * self.rows as f64);
        let empty = empty.map(|(column, _)| column.name.to_owned()).collect();
        Profile { words: self.words.clone(), empty }
    }
}

impl Profile {
    /// What is new beside the profiles of days before: words that none of them has, and columns that are empty on this day alone.
    pub fn news(&self, before: &[&Profile]) -> Vec<String> {
        if before.is_empty() {
            return Vec::new();
        }
        let words = self.words.iter().filter(|word| before.iter().all(|profile| !profile.words.contains(*word)));
        let words = words.map(|word| format!("{word} occurs, and on no day before: is it mapped as it is meant?"));
        let empty = self.empty.iter().filter(|column| before.iter().all(|profile| !profile.empty.contains(*column)));
        let empty = empty.map(|column| {
            format!("the column {column} is empty in more than 99 % of the rows, and on no day before: has the export changed?")
        });
        words.chain(empty).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(words: &[&str], empty: &[&str]) -> Profile {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Profile { words: set(words), empty: set(empty) }
    }

    #[test]
    fn news_is_what_no_day_before_has() {
        let day = profile(&["sender = buyer", "sender = robot"], &["seq", "text"]);
        let before = [profile(&["sender = buyer"], &["seq"]), profile(&["sender = buyer"], &["seq"])];
        let news = day.news(&before.iter().collect::<Vec<_>>());
        assert!(news.len() == 2 && news[0].starts_with("sender = robot") && news[1].contains("column text"), "{news:?}");
        assert_eq!(day.news(&[&day, &before[0]]), Vec::<String>::new());
        assert_eq!(day.news(&[]), Vec::<String>::new(), "the first day has nothing to be compared with");
    }
}
