//! The days that nights before a run have missed: a night that did not run, a file that came late, a day that failed.

use super::comparison::Freshness;
use super::reasons::StaleReason;
use crate::config::OnMissing;
use crate::error::Result;
use crate::ingest;
use crate::model::InputTable;
use crate::publish::{Manifest, day_runs, named};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The days before a run that are looked at.
const DAYS: i32 = 31;

/// The days that nights before a run have missed.
#[derive(Debug, Default)]
pub struct MissedDays {
    /// Days whose files are there now: the run makes them too.
    pub made: BTreeSet<Day>,
    /// Days whose files are not there, each with the table that has none: the run leaves them.
    pub left: BTreeMap<Day, InputTable>,
}

impl Freshness<'_> {
    /// The days before a day that failed, or that lie after the first published day and were never made. Days of a chat log without dates in
    /// its path are missed only if they failed. A quiet day is not missed. Errors: a partition of an input lies outside the calendar.
    pub fn missed_before(&self, manifest: &Manifest, day: Day) -> Result<MissedDays> {
        let is_dated = self.plan.config.messages.is_dated();
        let first = manifest.reported().first().copied();
        let mut missed = MissedDays::default();
        for day in day.plus(-DAYS).through(day.plus(-1).min(self.landed.through)) {
            let record = manifest.days.get(&day);
            // A published day that cannot be made again, because its input is gone, is none that a night has missed.
            let has_failed = matches!(self.reasons(manifest, day)?.as_slice(), [StaleReason::Failed(_), ..]);
            let was_never_made = is_dated && first.is_some_and(|first| first < day) && record.is_none_or(|record| !record.reported);
            if !has_failed && !was_never_made {
                continue;
            }
            match self.without_files(day)? {
                None => drop(missed.made.insert(day)),
                Some(_) if !has_failed && self.plan.config.quality.on_missing == OnMissing::Empty => {}
                Some(table) => drop(missed.left.insert(day, table)),
            }
        }
        Ok(missed)
    }

    /// The table that has no file for a day although the day needs one. `None`: every file is there.
    fn without_files(&self, day: Day) -> Result<Option<InputTable>> {
        let is_needed = |table: &InputTable| *table == InputTable::Messages || self.plan.config.quality.on_missing == OnMissing::Error;
        for table in [InputTable::Messages, InputTable::Orders].into_iter().filter(is_needed) {
            let Some(source) = self.plan.source(table) else { continue };
            if !ingest::partition_dates(self.plan, source, day, day)?.all(|date| self.has_files(table, date)) {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }
}

impl MissedDays {
    /// What a run says of them, one sentence for each run of days that it makes or leaves. `argument`: the pipeline file as an argument of a
    /// command.
    pub fn sentences(&self, argument: &str) -> Vec<String> {
        let made = day_runs(self.made.iter().copied());
        let mut said = made.into_iter().map(|days| format!("missed before and made too: {}", named(days))).collect::<Vec<_>>();
        for table in self.left.values().collect::<BTreeSet<_>>() {
            let without = self.left.iter().filter(|(_, of)| *of == table).map(|(day, _)| *day);
            said.extend(day_runs(without).into_iter().map(|(first, last)| {
                let (days, name) = (named((first, last)), table.name());
                format!("not published: {days}, without files of {name}; once they are there, run `kefu backfill{argument} --from {first} --to {last}`")
            }));
        }
        said
    }
}
