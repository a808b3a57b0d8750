//! Days whose input is gone: what is said of them, and the error of those that a run is asked for.

use super::days::{days_looking_back_on, days_with_orders_looking_back_on};
use super::stretch::RunContext;
use crate::error::{Error, Kind, Result};
use crate::freshness::{DayWork, GoneInputs, gone_sentences};
use crate::ingest::{Orders, Records};
use crate::model::InputTable;
use crate::observability::{Gate, Warning};
use crate::publish::{day_runs, named};
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

impl RunContext<'_> {
    /// Says of which days the input is gone. They hold nothing back, because they stay as they were published.
    pub(super) fn warn_of_gone(&self, work: &DayWork) {
        let kept = self.plan.config.quality.inputs_kept;
        let hint = if kept.is_none() { "; if inputs expire, say after how long by [quality] inputs_kept = \"90d\"" } else { "" };
        for sentence in gone_sentences(&work.gone) {
            self.say_of_gone(InputTable::Messages, format!("{sentence}{hint}"));
        }
    }

    /// Says of which days the sales would change with days that are read again, and do not because their input is gone.
    pub(super) fn warn_of_kept(&self, days: &BTreeSet<Day>) {
        for run in day_runs(days.iter().copied()) {
            self.say_of_gone(
                InputTable::Orders,
                format!("input gone: {} look back on days that are read again, and are left as published", named(run)),
            );
        }
    }

    /// Those of some days that look back on a lost day: what the lines of that day have earned is not known any more.
    pub(super) fn days_looking_back_on_lost(&self, orders: (&Orders, &Records), days: &BTreeSet<Day>) -> Result<BTreeSet<Day>> {
        if self.lost.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut found = days_looking_back_on(self.lost, days.iter().copied(), self.plan)?;
        found.extend(days_with_orders_looking_back_on(orders, self.lost, days.iter().copied(), self.plan)?);
        Ok(found)
    }

    /// Says which published days are not made again because they look back on a lost day.
    pub(super) fn warn_of_unknown(&self, days: &BTreeSet<Day>) {
        for run in day_runs(days.iter().copied()) {
            self.say_of_gone(
                InputTable::Messages,
                format!("states gone, input gone: {} look back on days of which both are gone, and are left as published", named(run)),
            );
        }
    }

    fn say_of_gone(&self, table: InputTable, warning: String) {
        if self.recorder.record_warning(Warning { table: table.name(), business_day: None, warning: warning.clone() }) {
            tracing::warn!("{warning}");
        }
    }

    /// The days that the run is asked for and that cannot be made, each with its error, which the record of the run has as a gate.
    pub(super) fn refusals(&self, work: &DayWork) -> Vec<(Day, Error)> {
        let refuse = |(day, gone): (Day, &GoneInputs)| {
            let why = format!("input gone: {}, of which it was made; the day stays as published", gone.names().join(", "));
            let gate =
                Gate { name: "inputs".to_owned(), partition: format!("business day {day}"), held: true, why: why.clone(), forced: false };
            // A run that begins anew finds it once more.
            self.recorder.update(|record| {
                if !record.gates.contains(&gate) {
                    record.gates.push(gate);
                }
            });
            let hint = match self.lost.contains(&day) {
                true => {
                    "its states are missing or damaged, and its message files are gone: put either back from a copy to make the day again"
                }
                false => "waiting and --force do not help: put the files back to make the day again, or leave it out of the range",
            };
            (day, Error::new(Kind::Refused, format!("held back: {why}")).hint(hint))
        };
        work.refused().map(refuse).collect()
    }
}
