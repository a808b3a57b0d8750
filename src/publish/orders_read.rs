//! Which orders an output was ever made of. Exports expire and roll on, and what a run has read once counts as known from then on.

use super::day_runs::day_runs;
use jiff::civil::Date;
use kefu_kernel::calendar::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The orders that any run has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersRead {
    /// Orders with a date in their path: the first and last of each run of partitions that had a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    partitions: Vec<(Date, Date)>,
    /// Orders without: the business day of the earliest order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Date>,
}

impl OrdersRead {
    /// The partitions that had a file when a run read them.
    pub fn partitions(&self) -> BTreeSet<Day> {
        self.partitions.iter().flat_map(|(first, last)| Day::from(*first).through(Day::from(*last))).collect()
    }

    /// The business day of the earliest order. `None`: no run has read one.
    pub fn since(&self) -> Option<Day> {
        self.since.map(Day::from)
    }

    /// Adds partitions that a run has read.
    pub fn add_partitions(&mut self, days: impl IntoIterator<Item = Day>) {
        let mut known = self.partitions();
        known.extend(days);
        self.partitions = day_runs(known).into_iter().map(|(first, last)| (first.date(), last.date())).collect();
    }

    /// Adds the business day of the earliest order that a run has read.
    pub fn add_since(&mut self, day: Day) {
        self.since = Some(self.since().map_or(day, |known| known.min(day)).date());
    }

    /// Whether no run has read any orders.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty() && self.since.is_none()
    }
}
