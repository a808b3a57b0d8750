//! Finds what a published day was made of and is gone from the input.

use super::comparison::Freshness;
use super::gone_inputs::{GoneInputs, GoneTable};
use super::reasons::StaleReason;
use super::stored_states::parse;
use crate::error::Result;
use crate::ingest;
use crate::model::InputTable;
use crate::publish::{DayRecord, InputsSeen, Manifest};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

impl Freshness<'_> {
    /// What a published day was made of, or would need to be made again, and is gone. `inputs`: the fingerprints of what is there now.
    /// Errors: a partition lies outside the calendar.
    pub(super) fn gone_inputs(&self, day: Day, record: &DayRecord, inputs: &BTreeMap<String, String>) -> Result<GoneInputs> {
        let mut gone = GoneInputs::default();
        for table in self.partitions.tables() {
            if let Some(of_table) = self.gone_table(table, day, record, inputs.get(table.name()))? {
                gone.add(table, of_table);
            }
        }
        Ok(gone)
    }

    /// The days of the manifest whose message files are gone. Errors: a partition lies outside the calendar.
    pub fn days_without_messages(&self, manifest: &Manifest) -> Result<BTreeSet<Day>> {
        let mut days = BTreeSet::new();
        for (day, record) in &manifest.days {
            if self.has_lost_messages(*day, record)? {
                days.insert(*day);
            }
        }
        Ok(days)
    }

    /// Whether message files that a day was made of are gone. Errors: a partition lies outside the calendar.
    pub(super) fn has_lost_messages(&self, day: Day, record: &DayRecord) -> Result<bool> {
        Ok(self.gone_table(InputTable::Messages, day, record, None)?.is_some())
    }

    /// Whether it is normal that something is gone, by `[quality] inputs_kept`.
    pub(super) fn is_normal(&self, gone: &GoneInputs) -> bool {
        let kept = self.plan.config.quality.inputs_kept;
        kept.is_some_and(|kept| gone.youngest().is_none_or(|youngest| youngest.plus(kept.0) <= self.landed.through))
    }

    /// Whether a reason makes a run read the chats of a day. Where they are gone and a run died while it published the day of its kept states, it
    /// is made of these once more.
    pub(super) fn reads_chats(&self, day: Day, why: &StaleReason, gone: &GoneInputs) -> bool {
        let has_states = gone.lacks(InputTable::Messages) && !self.chats_in_doubt.contains(&day);
        why.needs_chats() && !(*why == StaleReason::Interrupted && has_states)
    }

    /// Notes the partitions that have files now, so that later runs know them if they go.
    pub fn note_inputs(&self, seen: &mut InputsSeen) {
        self.partitions.note(seen);
    }

    /// What is gone of a table. `now`: the fingerprint of what is there. `None`: nothing.
    fn gone_table(&self, table: InputTable, day: Day, record: &DayRecord, now: Option<&String>) -> Result<Option<GoneTable>> {
        let (Some(source), Some(recorded)) = (self.plan.source(table), record.inputs.get(table.name())) else { return Ok(None) };
        let own = ingest::partition_dates(self.plan, source, day, day)?.collect::<BTreeSet<_>>();
        let (lost, explains) = match table {
            InputTable::Messages if self.has_lost_all_messages(day, record)? => (own.clone(), true),
            InputTable::Buyers | InputTable::ExchangeRates if now == Some(recorded) => return Ok(None),
            // The latest partition holds, whatever the day.
            InputTable::Buyers => (self.partitions.lost_in_force(table, Day(i32::MAX), Day(i32::MAX)), true),
            InputTable::ExchangeRates => {
                let (first, last) = self.window(table, day, self.landed.through, true);
                (self.partitions.lost_in_force(table, first, last), true)
            }
            _ => self.lost_partitions(table, day, record, recorded)?,
        };
        let gone = |youngest: &Day| GoneTable { youngest: *youngest, is_own: !lost.is_disjoint(&own), explains };
        Ok(lost.last().map(gone))
    }

    /// Whether a day was read from message files and has none, even if no run has noted them.
    fn has_lost_all_messages(&self, day: Day, record: &DayRecord) -> Result<bool> {
        Ok(record.files > 0 && self.partitions.is_input_there && self.has_no_files(day)?)
    }

    /// The partitions that a day was made of and that are gone, and those that have landed and gone since. Also whether nothing else has changed;
    /// if something has, every lost partition that concerns the day may be one that it was made of.
    fn lost_partitions(&self, table: InputTable, day: Day, record: &DayRecord, recorded: &str) -> Result<(BTreeSet<Day>, bool)> {
        let (Some(source), Some(fingerprints)) = (self.plan.source(table), self.fingerprints.get(&table)) else {
            return Ok((BTreeSet::new(), false));
        };
        let dates = |landed: Day| {
            let (first, last) = self.window(table, day, landed, false);
            ingest::read_dates(self.plan, source, first, last)
        };
        let (then, now) = (dates(parse(&record.landed).unwrap_or(day))?, dates(self.landed.through)?);
        let (days, later) = ((*then.start(), *then.end()), then.end().plus(1)..=*now.end());
        let lost = self.partitions.lost(table, then);
        // Mostly all of them were there when the day was made, or none. Otherwise the younger ones were: the oldest go first.
        let youngest = |count: usize| lost.iter().rev().take(count).map(|(day, hash)| (*day, *hash)).collect::<BTreeMap<_, _>>();
        let is_as_recorded = |there: &BTreeMap<Day, u64>| fingerprints.with(days, there) == recorded;
        let there = [lost.len(), 0].into_iter().chain(1..lost.len()).map(youngest).find(is_as_recorded);
        let explains = there.is_some();
        let mut gone = there.unwrap_or(lost).into_keys().collect::<BTreeSet<_>>();
        gone.extend(self.partitions.lost(table, later).into_keys());
        Ok((gone, explains))
    }
}
