//! The rules of one business day, with hours of the wall clock resolved to instants.

use crate::rules::Rules;
use std::ops::Range;

/// The rules that hold on a business day, and the instants to which they resolve. Instants are epoch milliseconds in UTC.
pub struct DayRules<'a> {
    /// The rules of the shop.
    pub rules: &'a Rules,
    /// The instant at which the business day begins.
    pub starts_at: i64,
    /// The assessed hours (考核时段) as half-open ranges of instants.
    pub assessed: Vec<Range<i64>>,
}

impl DayRules<'_> {
    /// Whether an instant lies in the assessed hours.
    pub(crate) fn is_assessed(&self, at: i64) -> bool {
        self.assessed.iter().any(|window| window.contains(&at))
    }

    /// The hour of the business day that contains an instant, counted from 0 at `starts_at`.
    pub fn hour(&self, at: i64) -> i64 {
        (at - self.starts_at) / 3_600_000
    }
}
