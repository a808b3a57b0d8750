//! The partitions of dated inputs: those that have files, and those that had some when a run last looked and have none now.

use crate::config::{Plan, SourceConfig};
use crate::error::Result;
use crate::fingerprints::{TableFingerprints, partition_sums};
use crate::model::InputTable;
use crate::publish::{InputsSeen, Manifest};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The partitions of every dated input table that days follow, each with a hash of its files.
pub(super) struct Partitions {
    now: BTreeMap<InputTable, BTreeMap<Day, u64>>,
    /// Those that have lost all their files, with the hash of the last ones.
    lost: BTreeMap<InputTable, BTreeMap<Day, u64>>,
    /// Whether the input folder exists. One that is not mounted has lost nothing.
    pub is_input_there: bool,
}

impl Partitions {
    /// `files`: what is known of the tables that days follow; `manifest`: what earlier runs have seen.
    /// Errors: the input cannot be listed.
    pub(super) fn of(plan: &Plan, files: &BTreeMap<InputTable, TableFingerprints>, manifest: &Manifest) -> Result<Partitions> {
        let is_input_there = plan.input.folder().is_none_or(|folder| folder.is_dir());
        let mut partitions = Partitions { now: BTreeMap::new(), lost: BTreeMap::new(), is_input_there };
        for (table, fingerprints) in files.iter().filter(|(table, _)| plan.source(**table).is_some_and(SourceConfig::is_dated)) {
            let now = fingerprints.partitions().map_or_else(|| partition_sums(plan, *table), |sums| Ok(sums.clone()))?;
            let mut lost = manifest.inputs_seen.of(table.name());
            if *table == InputTable::Orders {
                // Of those that an earlier version has read no hash is known, so that no day is taken to be as it was without them.
                for day in manifest.orders.partitions() {
                    lost.entry(day).or_default();
                }
            }
            lost.retain(|day, _| is_input_there && !now.contains_key(day));
            partitions.now.insert(*table, now);
            partitions.lost.insert(*table, lost);
        }
        Ok(partitions)
    }

    /// The dated tables that days follow.
    pub(super) fn tables(&self) -> impl Iterator<Item = InputTable> + '_ {
        self.now.keys().copied()
    }

    /// Those of some partitions that have lost all their files.
    pub(super) fn lost(&self, table: InputTable, days: RangeInclusive<Day>) -> BTreeMap<Day, u64> {
        let lost = self.lost.get(&table).filter(|_| !days.is_empty());
        lost.into_iter().flat_map(|lost| lost.range(days.clone())).map(|(day, hash)| (*day, *hash)).collect()
    }

    /// The lost partitions of a table whose rows hold until the next partition, as far as they would say what holds from `first` to `last`.
    pub(super) fn lost_in_force(&self, table: InputTable, first: Day, last: Day) -> BTreeSet<Day> {
        let in_force = self.now.get(&table).and_then(|now| now.range(..=first).next_back()).map(|(day, _)| *day);
        let lost = self.lost.get(&table).into_iter().flat_map(BTreeMap::keys).copied();
        lost.filter(|day| *day <= last && in_force.is_none_or(|in_force| *day > in_force)).collect()
    }

    /// Notes what has files now.
    pub(super) fn note(&self, seen: &mut InputsSeen) {
        self.now.iter().for_each(|(table, now)| seen.note(table.name(), now));
    }
}
