//! The work of a run that makes again what is damaged, and nothing else.

use super::comparison::{DayWork, Freshness, SEMANTICS_VERSION};
use super::reasons::StaleReason;
use crate::error::Result;
use crate::publish::{DayRecord, Manifest, period_of};
use crate::state::each_published_buyer;
use kefu_kernel::calendar::{Day, Span};
use std::collections::{BTreeMap, BTreeSet};

impl Freshness<'_> {
    /// The days whose files are missing, damaged or only half written. Errors: a partition of an input lies outside the calendar.
    pub fn repair_work(&self, manifest: &Manifest) -> Result<DayWork> {
        let mut work = DayWork::default();
        for (day, record) in manifest.days.iter().filter(|(day, record)| record.reported && **day <= self.landed.through) {
            let reasons = self.reasons(manifest, *day)?;
            if reasons.iter().any(StaleReason::is_broken) {
                work.read.insert(*day);
                work.restate.insert(*day);
            } else if record.semantics != SEMANTICS_VERSION {
                work.older.insert(*day);
            } else if reasons.contains(&StaleReason::Rules) {
                work.mixed.insert(*day);
            }
        }
        Ok(work)
    }

    /// The periods with reports or judgements that are damaged or only half written.
    pub fn damaged_spans(&self, manifest: &Manifest) -> BTreeSet<Span> {
        let damaged = manifest.damage.damaged();
        let periods = damaged.iter().chain(&manifest.in_doubt).filter_map(|key| period_of(key));
        periods.map(|(period, first)| self.plan.calendar.span(period, first)).collect()
    }

    /// Those of some days whose states are lost and whose message files are gone: nothing can make them again.
    /// Errors: a partition of an input lies outside the calendar.
    pub fn lost_for_good(&self, manifest: &Manifest, days: &BTreeSet<Day>) -> Result<BTreeSet<Day>> {
        let mut lost = BTreeSet::new();
        for day in days {
            if !self.has_states(*day) && self.has_vanished(manifest, *day)? {
                lost.insert(*day);
            }
        }
        Ok(lost)
    }

    /// The record of a day of a lost page. The day is made again from its message files; where they are gone, it counts as made of what is there
    /// now, because nothing else is left of it. `messages`: files and rows of its messages.
    /// Errors: a state cannot be read; a partition of an input lies outside the calendar.
    pub fn rebuilt_record(&self, day: Day, reported: bool, messages: (usize, i64)) -> Result<DayRecord> {
        let is_gone = messages.0 > 0 && messages.1 > 0 && self.has_no_files(day)?;
        let buyers = |each: &mut dyn FnMut(&str)| match is_gone {
            true => each_published_buyer(&self.plan.output, day, &|_, _| Ok(true), each),
            false => Ok(()),
        };
        let record = DayRecord { reported, ..self.record(day, messages.0, messages.1, &buyers)? };
        Ok(if is_gone || !reported { record } else { DayRecord { inputs: BTreeMap::new(), ..record } })
    }
}
