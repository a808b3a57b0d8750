//! What published days were made of and is gone from the input, and what a run says of it.

use crate::model::InputTable;
use crate::publish::{day_runs, named};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// What a published day was made of, or would need to be made again, and is gone from the input.
#[derive(Clone, Debug, Default)]
pub struct GoneInputs {
    tables: BTreeMap<InputTable, GoneTable>,
}

/// What is gone of one table.
#[derive(Clone, Debug)]
pub(super) struct GoneTable {
    /// The youngest partition that is gone.
    pub youngest: Day,
    /// Whether a partition of the day itself is gone, and not only some of the days around it.
    pub is_own: bool,
    /// Whether nothing but what is gone has changed.
    pub explains: bool,
}

/// A published day of whose input something is gone, as a run finds it.
#[derive(Debug)]
pub struct GoneDay {
    pub inputs: GoneInputs,
    /// It would be made again, and cannot be.
    pub is_left: bool,
    /// Other rules or an older version computed it, or its states are lost, and it cannot be made again: periods that hold it stay as published.
    pub is_outdated: bool,
    /// The run is asked for it, and it cannot be made.
    pub is_refused: bool,
    /// What is gone, and what becomes of the day. `None`: it is normal and not said.
    pub said: Option<(String, String)>,
}

impl GoneInputs {
    pub(super) fn add(&mut self, table: InputTable, gone: GoneTable) {
        self.tables.insert(table, gone);
    }

    /// Whether everything is there.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The names of the tables.
    pub fn names(&self) -> Vec<&'static str> {
        self.tables.keys().map(|table| table.name()).collect()
    }

    /// Whether something is gone of a table.
    pub(super) fn lacks(&self, table: InputTable) -> bool {
        self.tables.contains_key(&table)
    }

    /// Whether a partition of the day itself is gone.
    pub(super) fn is_own(&self) -> bool {
        self.tables.values().any(|gone| gone.is_own)
    }

    /// Whether a table has only changed by what is gone.
    pub(super) fn explains(&self, name: &str) -> bool {
        self.tables.iter().any(|(table, gone)| table.name() == name && gone.explains)
    }

    /// The youngest partition that is gone.
    pub(super) fn youngest(&self) -> Option<Day> {
        self.tables.values().map(|gone| gone.youngest).max()
    }

    /// Whether the day cannot be made again: with its chats (`reads_chats`), or of its kept states, for which the messages are not needed.
    pub fn blocks(&self, reads_chats: bool) -> bool {
        self.tables.keys().any(|table| reads_chats || *table != InputTable::Messages)
    }
}

/// What a run says of days whose input is gone, one sentence for each run of days of which the same is said.
pub fn gone_sentences(days: &BTreeMap<Day, GoneDay>) -> Vec<String> {
    let mut by_text: BTreeMap<&(String, String), BTreeSet<Day>> = BTreeMap::new();
    for (day, gone) in days {
        if let Some(said) = &gone.said {
            by_text.entry(said).or_default().insert(*day);
        }
    }
    let sentence = |(gone, fate): &(String, String), run: (Day, Day)| format!("{gone}: {} {fate}", named(run));
    by_text.into_iter().flat_map(|(said, days)| day_runs(days).into_iter().map(move |run| sentence(said, run))).collect()
}
