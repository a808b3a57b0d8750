//! A flag rule as a flag file writes it: the thresholds at which a platform warns (预警).

use super::bilingual::BilingualText;
use crate::model::Level;
use kefu_kernel::calendar::{Day, Period, Span};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One warning of a platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagRule {
    /// The id in the published table.
    pub id: String,
    pub name: BilingualText,
    /// The presets or platforms whose shops it concerns. Empty: all shops.
    #[serde(default)]
    pub presets: Vec<String>,
    /// Whom it concerns.
    pub level: Level,
    /// The period whose values it checks.
    pub period: Period,
    /// How many of the checks have to hold.
    #[serde(default, rename = "match")]
    pub matching: FlagMatching,
    /// Conditions on metrics.
    pub checks: Vec<FlagCheck>,
    /// The first day on which the rule holds, and the first day on which it no longer does.
    pub valid_from: FlagDate,
    pub valid_to: Option<FlagDate>,
    /// What the platform does.
    pub consequence: BilingualText,
    /// Number of checks that hold → what the platform does, where it differs from `consequence`.
    #[serde(default)]
    pub consequences: BTreeMap<String, BilingualText>,
    /// The weekday on which the platform sends a reminder.
    pub reminds_on: Option<ReminderWeekday>,
    /// The source of the rule.
    #[serde(default)]
    pub source: String,
}

impl FlagRule {
    /// The ids of all metrics that the rule reads.
    pub fn metrics(&self) -> Vec<String> {
        let of_samples = self.checks.iter().filter_map(|check| check.only_if.as_ref().map(|only_if| only_if.metric.clone()));
        self.checks.iter().map(|check| check.metric.clone()).chain(of_samples).collect()
    }

    /// Whether the rule applies to a period: to one of its length, on whose last day it holds.
    pub fn applies_to(&self, span: Span) -> bool {
        let day = span.last.0;
        self.period == span.period && self.valid_from.0 <= day && self.valid_to.is_none_or(|end| day < end.0)
    }

    /// Whether the flag is raised if `held` of its checks hold.
    pub fn is_raised(&self, held: usize) -> bool {
        match self.matching {
            FlagMatching::All => held == self.checks.len() && held > 0,
            FlagMatching::Any => held > 0,
        }
    }

    /// What the platform does if `held` of the checks hold.
    pub fn consequence(&self, held: usize) -> &BilingualText {
        self.consequences.get(&held.to_string()).unwrap_or(&self.consequence)
    }

    /// The day of the reminder: the first `reminds_on` after the period.
    pub fn reminds_on(&self, span: Span) -> Option<Day> {
        let wanted = self.reminds_on? as i8 + 1;
        span.last.plus(1).through(span.last.plus(7)).find(|day| day.date().weekday().to_monday_one_offset() == wanted)
    }
}

/// Whether all checks of a rule have to hold, or any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlagMatching {
    #[default]
    All,
    Any,
}

/// One condition on a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagCheck {
    /// The id of the metric.
    pub metric: String,
    /// How its value is compared with the threshold.
    pub comparison: Comparator,
    /// In the unit in which the metric is published.
    pub threshold: f64,
    /// The sample below which the check does not apply.
    pub only_if: Option<SampleFloor>,
}

/// The check applies only if the value of `metric` is above `above`, so that small samples raise no flag.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFloor {
    pub metric: String,
    pub above: f64,
}

/// A comparison of a value with a threshold.
#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Comparator {
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparator {
    /// Whether the comparison holds.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparator::Less => value < threshold,
            Comparator::AtMost => value <= threshold,
            Comparator::More => value > threshold,
            Comparator::AtLeast => value >= threshold,
        }
    }

    /// The sign in the file and in the published table.
    pub fn sign(self) -> &'static str {
        match self {
            Comparator::Less => "<",
            Comparator::AtMost => "<=",
            Comparator::More => ">",
            Comparator::AtLeast => ">=",
        }
    }
}

/// The weekday of a reminder.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReminderWeekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A date as TOML writes it (2021-09-01), in days since 1970-01-01.
#[derive(Clone, Copy, Debug)]
pub struct FlagDate(pub i32);

impl<'de> Deserialize<'de> for FlagDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<FlagDate, D::Error> {
        use serde::de::Error;
        let written = toml::value::Datetime::deserialize(deserializer)?;
        let date = written.date.ok_or_else(|| D::Error::custom("not a date: write 2021-09-01"))?;
        let date = jiff::civil::Date::new(date.year as i16, date.month as i8, date.day as i8).map_err(D::Error::custom)?;
        Ok(FlagDate(Day::from(date).0))
    }
}
