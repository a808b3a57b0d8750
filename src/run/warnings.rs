//! Warnings that protect a number: they are said on stderr and in the run record, and with `[quality] warnings = "error"` they hold a day
//! back or refuse the run.

use super::stretch::RunContext;
use crate::config::OnWarning;
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::observability::Warning;
use crate::publish::day_runs;
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// The share of a day's lines that may repeat others without a warning.
const MAX_DUPLICATES: f64 = 0.05;

impl RunContext<'_> {
    /// Says warnings about a table, of a business day or of the whole table. A warning that was said before in this run is not repeated.
    /// Errors: warnings are errors, and there is one.
    pub(super) fn warn(&self, table: &'static str, day: Option<Day>, warnings: &[String]) -> Result<()> {
        for text in warnings {
            let warning = Warning { table, business_day: day.map(|day| day.to_string()), warning: text.clone() };
            if self.recorder.record_warning(warning) {
                match day {
                    Some(day) => tracing::warn!("{table}, {day}: {text}"),
                    None => tracing::warn!("{table}: {text}"),
                }
            }
        }
        let Some(first) = warnings.first().filter(|_| self.plan.config.quality.warnings == OnWarning::Error) else { return Ok(()) };
        let held = if day.is_some() { "held back: " } else { "" };
        Err(Error::new(Kind::Refused, format!("{held}{first}"))
            .with("table", table)
            .hint("[quality] warnings = \"error\" makes warnings refusals; set what the warning names, or warnings = \"warn\""))
    }

    /// Names partitions of orders that are missing, runs of days as one. They hold nothing back, because the rows that need them say that they
    /// are not complete. Errors: the pipeline has no orders.
    pub(super) fn warn_of_missing_orders(&self, missing: &BTreeSet<Day>) -> Result<()> {
        for (first, last) in day_runs(missing.iter().copied()) {
            let file = |day: Day| self.plan.path(InputTable::Orders)?.glob_of(Some(day));
            let what = match first == last {
                true => format!("{} is not there", file(first)?),
                false => format!("{} to {} are not there", file(first)?, file(last)?),
            };
            let warning = format!("{what}: periods that look at orders of these days have complete = false until they come");
            tracing::warn!("orders: {warning}");
            self.recorder.record_warning(Warning { table: InputTable::Orders.name(), business_day: None, warning });
        }
        Ok(())
    }
}

/// The warning that many lines of a day repeat others.
pub(super) fn duplicates(duplicates: i64, lines: i64) -> Option<String> {
    (duplicates as f64 > MAX_DUPLICATES * lines as f64).then(|| {
        format!(
            "{duplicates} of {lines} lines are duplicates, with the buyer and message_id of another line: was a file exported twice? If ids are not unique within a chat, \
             leave message_id out of [messages].columns"
        )
    })
}
