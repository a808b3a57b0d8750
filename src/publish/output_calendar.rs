//! The calendar of an output: the settings that decide which periods and levels it has. A folder never holds periods of two calendars, so a
//! change of these settings is a change of the whole output.

use crate::config::{Plan, weekday};
use crate::error::Result;
use crate::model::{JudgementTable, Level};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use kefu_kernel::calendar::{Calendar, Day, Period};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The settings that decide which periods and levels an output has. The manifest keeps those that the output was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCalendar {
    /// The first weekday of a week, in English.
    week_starts_on: String,
    /// The first month of a fiscal year, 1 to 12.
    fiscal_year_starts_in: i8,
    /// The names of the periods.
    periods: BTreeSet<String>,
    /// The names of the levels.
    levels: BTreeSet<String>,
}

impl OutputCalendar {
    /// The calendar of a pipeline.
    pub fn of(plan: &Plan) -> OutputCalendar {
        let config = &plan.config;
        OutputCalendar {
            week_starts_on: config.week_starts_on.to_ascii_lowercase(),
            fiscal_year_starts_in: config.fiscal_year_starts_in,
            periods: config.reports.periods.iter().map(|period| period.name().to_owned()).collect(),
            levels: config.reports.levels.iter().map(|level| level.name().to_owned()).collect(),
        }
    }

    /// The settings that differ from those of an earlier calendar, with both values, in one line. Empty if none does.
    pub fn changes_since(&self, before: &OutputCalendar) -> String {
        let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let month = |calendar: &OutputCalendar| calendar.fiscal_year_starts_in.to_string();
        let settings = [
            ("week_starts_on", before.week_starts_on.clone(), self.week_starts_on.clone()),
            ("fiscal_year_starts_in", month(before), month(self)),
            ("periods", list(&before.periods), list(&self.periods)),
            ("levels", list(&before.levels), list(&self.levels)),
        ];
        let changed = settings.into_iter().filter(|(_, old, new)| old != new);
        changed.map(|(name, old, new)| format!("{name} was {old} and is {new}")).collect::<Vec<_>>().join("; ")
    }

    /// Those of some files that have no place in this calendar: reports and judgements of a period or level that it has not, or of a period
    /// that begins on another day. Errors: the calendar was not written by kefu.
    pub fn strays<'k>(&self, keys: impl Iterator<Item = &'k String>) -> Result<BTreeSet<String>> {
        let calendar = Calendar {
            zone: TimeZone::UTC,
            day_starts_at: Time::midnight(),
            week_starts_on: weekday(&self.week_starts_on)?,
            fiscal_year_starts_in: self.fiscal_year_starts_in,
        };
        Ok(keys.filter(|key| !self.has_place(&calendar, key)).cloned().collect())
    }

    /// Whether a file has a place in this calendar.
    fn has_place(&self, calendar: &Calendar, key: &str) -> bool {
        let Some(table) = key.strip_prefix("reports/").and_then(|rest| rest.split('/').next()) else { return true };
        let has_period = |period: Period| self.periods.contains(period.name());
        let has_level = |level: Level| self.levels.contains(level.name());
        match period_of(key) {
            Some((period, first)) => {
                let level = Level::REPORTED.into_iter().find(|level| table == format!("{}_{}", level.name(), period.name()));
                has_period(period) && calendar.span(period, first).first == first && level.is_none_or(has_level)
            }
            // It is made of the daily reports of agents.
            None if table == JudgementTable::TrainingGain.name() => has_period(Period::Day) && has_level(Level::Agent),
            None => true,
        }
    }
}

/// The period and first day of a report's key, such as `reports/agent_week/dt=2026-09-07/data.parquet`; `None` for other keys.
pub fn period_of(key: &str) -> Option<(Period, Day)> {
    let (table, rest) = key.strip_prefix("reports/")?.split_once("/dt=")?;
    let period = Period::ALL.into_iter().find(|period| table.ends_with(&format!("_{}", period.name())))?;
    let date = rest.split('/').next()?.parse::<jiff::civil::Date>().ok()?;
    Some((period, Day::from(date)))
}
