//! What is told of the rows of the inputs, day by day: the audit of the files that a day is made of, and the quarantine of the bad rows that
//! belong to it. Both follow from the inputs of the day, and not from which run reads them.

use super::stretch::Stretch;
use crate::error::Result;
use crate::ingest::{Audit, AuditRow, QuarantinedRow};
use crate::model::InputTable;
use crate::publish::Manifest;
use crate::reports::{AUDIT_COLUMNS, audit_key, audit_rows, published_audit_rows, quarantine_key, quarantine_rows};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The partition of bad rows that are of no day.
const NO_DAY: Day = Day(0);

/// Bad rows by table and by the day that they belong to.
type Quarantine<'a> = BTreeMap<(InputTable, Day), Vec<&'a QuarantinedRow>>;

impl Stretch<'_> {
    /// Stages the audit and the quarantine of every restated day. `messages`: the audits of the days whose messages were read. Returns the
    /// published quarantine files of these days that have no row any more. Errors: a table cannot be staged or read.
    pub(super) fn stage_audits(&self, messages: &BTreeMap<Day, Audit>, manifest: &Manifest) -> Result<BTreeSet<String>> {
        let days = self.days.restated.intersection(self.days.with_chat_states).copied().collect::<BTreeSet<_>>();
        days.iter().try_for_each(|day| self.stage_audit(*day, messages.get(day)))?;
        let quarantine = self.quarantine(messages, &days);
        for ((table, day), rows) in &quarantine {
            self.publisher.stage(&quarantine_rows(*table, rows, *day)?)?;
        }
        let mut emptied = BTreeSet::new();
        for table in InputTable::ALL {
            for day in days.iter().copied().chain([NO_DAY]) {
                // Without its messages nothing is known of what a day has of them.
                let is_unread = table == InputTable::Messages && (day != NO_DAY || messages.is_empty());
                if !is_unread && !quarantine.contains_key(&(table, day)) {
                    emptied.insert(quarantine_key(table, day));
                }
            }
        }
        emptied.retain(|key| manifest.files.contains_key(key) || manifest.in_doubt.contains(key));
        Ok(emptied)
    }

    /// Stages the audit of a day. `messages`: that of its messages if they were read; else it keeps what is published of them.
    fn stage_audit(&self, day: Day, messages: Option<&Audit>) -> Result<()> {
        let mut rows = match messages {
            Some(audit) => audit.rows(&audit.files, |_| true),
            None => self.published_audit(day, InputTable::Messages)?,
        };
        if let Some(orders) = self.orders() {
            let tallies = orders.tallies(self.context.plan, day)?;
            rows.extend(orders.audit.rows(&tallies, |file| self.is_made_of(day, &orders.audit, file)));
        }
        for audit in self.audits() {
            rows.extend(audit.rows(&audit.files, |file| self.is_made_of(day, audit, file)));
        }
        self.publisher.stage(&audit_rows(&rows, day)?)
    }

    /// The rows of a table in the published audit of a day; none if there is no such file.
    fn published_audit(&self, day: Day, table: InputTable) -> Result<Vec<AuditRow>> {
        let mut rows = Vec::new();
        self.publisher.read_columns(&audit_key(day), &AUDIT_COLUMNS, &mut |batch| {
            rows.extend(published_audit_rows(&batch, table));
            Ok(())
        })?;
        Ok(rows)
    }

    /// Whether a day is made of a file that an audit has. Every day is made of a file without a date.
    fn is_made_of(&self, day: Day, audit: &Audit, file: &str) -> bool {
        audit.date(file).is_none_or(|date| self.context.freshness.is_made_of_partition(audit.table, day, date))
    }

    /// The bad rows that belong to some days, or to none. Every day whose messages were read has an entry for them, so that readers find its file.
    fn quarantine<'a>(&'a self, messages: &'a BTreeMap<Day, Audit>, days: &BTreeSet<Day>) -> Quarantine<'a> {
        let reads = |table: InputTable, day: Day, date: Day| self.context.freshness.is_made_of_partition(table, day, date);
        let place_of = |audit: &Audit, row: &QuarantinedRow| audit.day_of(row, |day, date| reads(audit.table, day, date)).unwrap_or(NO_DAY);
        let mut quarantine = Quarantine::new();
        for (day, audit) in messages {
            quarantine.entry((audit.table, *day)).or_default();
            // Rows of no day are in the files of all of these days.
            let is_first = messages.keys().next() == Some(day);
            for row in &audit.quarantined {
                let place = place_of(audit, row);
                if place == *day || place == NO_DAY && is_first {
                    quarantine.entry((audit.table, place)).or_default().push(row);
                }
            }
        }
        for audit in self.orders().map(|orders| &orders.audit).into_iter().chain(self.audits()) {
            for row in &audit.quarantined {
                let place = place_of(audit, row);
                if place == NO_DAY || days.contains(&place) {
                    quarantine.entry((audit.table, place)).or_default().push(row);
                }
            }
        }
        quarantine
    }
}
