//! Business days, hours of the day, and periods (§1).

use super::input::Input;

pub(crate) const DAY_MS: i64 = 86_400_000;
pub(super) const MINUTE_MS: i64 = 60_000;

impl Input {
    /// The business day of an instant: days are cut in local time at `business_day_starts_at`.
    pub(crate) fn business_day(&self, at: i64) -> i64 {
        (at + self.utc_offset_ms - self.day_starts_ms).div_euclid(DAY_MS)
    }

    /// The first instant of a business day.
    pub(crate) fn start_of_day(&self, day: i64) -> i64 {
        day * DAY_MS - self.utc_offset_ms + self.day_starts_ms
    }

    /// The first instant after a business day, since every interval of §1 leaves out its end.
    pub(crate) fn end_of_day(&self, day: i64) -> i64 {
        self.start_of_day(day + 1)
    }

    /// The milliseconds since local midnight.
    pub(super) fn local_clock(&self, at: i64) -> i64 {
        (at + self.utc_offset_ms).rem_euclid(DAY_MS)
    }
}

/// Whether a time of day lies in `[start, end)`. Hours that run past midnight are the complement of those from `end` to `start`.
pub(super) fn in_hours(clock: i64, (start, end): (i64, i64)) -> bool {
    if start <= end { start <= clock && clock < end } else { clock >= start || clock < end }
}

/// The periods of report tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The days from 1970-01-01 to a date of the Gregorian calendar.
pub(crate) fn epoch_day(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last day of its year.
    let y = if month <= 2 { year - 1 } else { year };
    let months_from_march = (month + 9) % 12;
    let day_of_year = (153 * months_from_march + 2) / 5 + day - 1;
    let days_before = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    days_before + day_of_year - 719_468
}

/// The year, month and day of a day since 1970-01-01.
pub(crate) fn date_of(epoch: i64) -> (i64, i64, i64) {
    let mut year = 1970 + epoch.div_euclid(366);
    while epoch_day(year + 1, 1, 1) <= epoch {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && epoch_day(year, month + 1, 1) <= epoch {
        month += 1;
    }
    (year, month, epoch - epoch_day(year, month, 1) + 1)
}

/// The first day of the period that holds a day. Weeks begin on Monday, quarters and years are counted from January.
pub(crate) fn period_start(day: i64, period: Period) -> i64 {
    let (year, month, _) = date_of(day);
    match period {
        Period::Day => day,
        // 1970-01-01 was a Thursday: three days after a Monday.
        Period::Week => day - (day + 3).rem_euclid(7),
        Period::Month => epoch_day(year, month, 1),
        Period::Quarter => epoch_day(year, (month - 1) / 3 * 3 + 1, 1),
        Period::Year => epoch_day(year, 1, 1),
    }
}

/// The last day of the period that begins on `start`.
pub(crate) fn period_last_day(start: i64, period: Period) -> i64 {
    // So many days reach from any start into the next period and never past it.
    let within_the_next = match period {
        Period::Day => 1,
        Period::Week => 7,
        Period::Month => 31,
        Period::Quarter => 95,
        Period::Year => 370,
    };
    period_start(start + within_the_next, period) - 1
}
