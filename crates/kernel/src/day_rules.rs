//! The rules of one business day, with hours of the wall clock resolved to instants.

use crate::calendar::WallClock;
use crate::rules::{Rules, WaitClock};
use std::ops::Range;

/// The rules that hold on a business day, and the instants to which they resolve. Instants are epoch milliseconds in UTC.
#[derive(Clone)]
pub struct DayRules<'a> {
    /// The rules of the shop.
    pub rules: &'a Rules,
    /// The instant at which the business day begins.
    pub starts_at: i64,
    /// What the wall clock shows on the day.
    pub wall_clock: WallClock,
    /// The assessed hours (考核时段) as half-open ranges of instants, ascending and apart.
    pub assessed: Vec<Range<i64>>,
}

impl DayRules<'_> {
    /// Whether an instant lies in the assessed hours.
    pub(crate) fn is_assessed(&self, at: i64) -> bool {
        self.assessed.iter().any(|window| window.contains(&at))
    }

    /// A wait in ms on the clock of the rules. It is 0 where the later instant is not later, which happens where the log's own numbers
    /// order its lines.
    pub(crate) fn waited(&self, from: i64, to: i64) -> i64 {
        match self.rules.wait_clock {
            WaitClock::Calendar => (to - from).max(0),
            WaitClock::Assessed => {
                let inside = |window: &Range<i64>| (to.min(window.end) - from.max(window.start)).max(0);
                self.assessed.iter().map(inside).sum()
            }
        }
    }

    /// The hour that the wall clock shows at an instant, 0 to 23.
    pub fn hour(&self, at: i64) -> i64 {
        self.wall_clock.hour(at)
    }
}
