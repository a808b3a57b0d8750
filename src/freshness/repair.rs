//! The work of a run that makes again what is damaged, and nothing else.

use super::comparison::{Freshness, SEMANTICS_VERSION};
use super::day_work::{DayWork, Intent};
use super::reasons::{DaySelection, StaleReason};
use crate::error::Result;
use crate::publish::{DayRecord, Manifest, period_of};
use crate::state::each_published_buyer;
use kefu_kernel::calendar::{Day, Span};
use std::collections::{BTreeMap, BTreeSet};

impl Freshness<'_> {
    /// Whether the states of a day are stored, as far as can be told without reading them.
    pub fn has_states(&self, day: Day) -> bool {
        self.days_with_states.contains(&day)
    }

    /// The days whose files are missing, damaged or only half written. Those that cannot be made again, because their input is gone, are refused.
    /// Errors: a partition of an input lies outside the calendar.
    pub fn repair_work(&self, manifest: &Manifest) -> Result<DayWork> {
        let mut work = DayWork::default();
        for (day, record) in manifest.days.iter().filter(|(day, record)| record.reported && **day <= self.landed.through) {
            let (reasons, gone) = self.compare(manifest, *day)?;
            let is_broken = reasons.iter().any(StaleReason::is_broken);
            let reads_chats = reasons.iter().any(|why| why.is_broken() && self.reads_chats(*day, why, &gone));
            if !gone.is_empty() {
                let intent = Intent { is_requested: is_broken, is_due: is_broken, reads_chats, only: DaySelection::Stale };
                if self.add_gone(manifest, *day, (reasons.as_slice(), gone), &intent, &mut work) {
                    continue;
                }
            }
            if is_broken {
                work.read.extend(reads_chats.then_some(*day));
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
        self.spans_of(manifest.damage.damaged().iter().chain(&manifest.in_doubt))
    }

    /// The days whose states are lost, among those `without_messages`: nothing can make them again.
    pub fn lost_for_good(&self, without_messages: &BTreeSet<Day>) -> BTreeSet<Day> {
        without_messages.iter().copied().filter(|day| !self.has_states(*day)).collect()
    }

    /// The published days among some `lost` ones without which a damaged period would have to be made again.
    pub fn lost_in_damaged_periods(&self, manifest: &Manifest, lost: &BTreeSet<Day>) -> BTreeSet<Day> {
        let spans = self.spans_of(manifest.damage.damaged().iter());
        let held = spans.iter().flat_map(|span| lost.range(span.first..=span.last)).copied();
        held.filter(|day| manifest.days.get(day).is_some_and(|record| record.reported)).collect()
    }

    /// The periods of some files, as far as these are of periods.
    fn spans_of<'k>(&self, files: impl Iterator<Item = &'k String>) -> BTreeSet<Span> {
        files.filter_map(|key| period_of(key)).map(|(period, first)| self.plan.calendar.span(period, first)).collect()
    }

    /// The record of a day of a lost page. The day is made again from its message files; where they are gone, it counts as made of what is there
    /// now, because nothing else is left of it. `messages`: files and rows of its messages.
    /// Errors: a state cannot be read; a partition of an input lies outside the calendar.
    pub fn rebuilt_record(&self, day: Day, reported: bool, messages: (usize, i64)) -> Result<DayRecord> {
        let is_gone = messages.0 > 0 && self.has_no_files(day)?;
        let buyers = |each: &mut dyn FnMut(&str)| match is_gone {
            true => each_published_buyer(&self.plan.output, day, &|_, _| Ok(true), each),
            false => Ok(()),
        };
        let record = DayRecord { reported, ..self.record(day, messages, &buyers, None)? };
        Ok(if is_gone || !reported { record } else { DayRecord { inputs: BTreeMap::new(), ..record } })
    }
}
