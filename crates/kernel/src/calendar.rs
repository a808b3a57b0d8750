//! Business days, periods, weeks and time zones. No other module cuts time. Instants are epoch milliseconds in UTC.

use crate::error::{KernelError, Result};
use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// Milliseconds of 24 hours.
pub const DAY_MS: i64 = 86_400_000;

/// A business day (业务天), counted from 1970-01-01 as Arrow's Date32 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Day(pub i32);

impl Day {
    /// The civil date of the day. It saturates at the range that `jiff` can hold.
    pub fn date(self) -> Date {
        let epoch = Date::constant(1970, 1, 1);
        epoch.saturating_add(jiff::Span::new().days(self.0))
    }

    /// The day that many days later, or earlier if `days` is negative.
    pub fn plus(self, days: i32) -> Day {
        Day(self.0 + days)
    }

    /// Every day from this one to `last`, both included. Empty if `last` is earlier.
    pub fn through(self, last: Day) -> impl DoubleEndedIterator<Item = Day> + Clone {
        (self.0..=last.0).map(Day)
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        let epoch = Date::constant(1970, 1, 1);
        // The difference of two civil dates is exact, and for every date that jiff can hold it is far within i32.
        Day(epoch.duration_until(date).as_hours() as i32 / 24)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

/// The length of a report: day, week, month, quarter or year (日 / 周 / 月 / 季 / 年).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Period; 5] = [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];

    /// The name in the pipeline file and in the names of tables.
    pub fn name(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Quarter => "quarter",
            Period::Year => "year",
        }
    }
}

/// One period of the calendar, with its first and last business day, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub period: Period,
    pub first: Day,
    pub last: Day,
}

impl Span {
    /// Every business day of the period.
    pub fn days(self) -> impl DoubleEndedIterator<Item = Day> + Clone {
        self.first.through(self.last)
    }
}

/// The settings by which a pipeline cuts time.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The time zone of the wall clock.
    pub zone: TimeZone,
    /// 业务天分割点: the local time at which a business day begins.
    pub day_starts_at: Time,
    /// The first day of a week.
    pub week_starts_on: Weekday,
    /// The first month of a fiscal year, 1 to 12.
    pub fiscal_year_starts_in: i8,
}

/// What the wall clock shows on a business day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WallClock {
    /// The offset from UTC in ms at the start of the day.
    offset: i64,
    /// The instants within the day at which the clocks change, each with the offset that it begins.
    changes: Vec<(i64, i64)>,
}

impl WallClock {
    /// The hour that the clock shows at an instant (UTC ms) of the day, 0 to 23.
    pub fn hour(&self, at: i64) -> i64 {
        let offset = self.changes.iter().rfind(|(from, _)| *from <= at).map_or(self.offset, |(_, offset)| *offset);
        (at + offset).rem_euclid(DAY_MS) / 3_600_000
    }

    /// The parts of the day between changes of the clocks, each with its offset. `bounds`: the instants of the day.
    fn pieces(&self, bounds: &Range<i64>) -> impl Iterator<Item = (Range<i64>, i64)> {
        let starts = std::iter::once((bounds.start, self.offset)).chain(self.changes.iter().copied());
        let ends = self.changes.iter().map(|(from, _)| *from).chain([bounds.end]);
        starts.zip(ends).map(|((start, offset), end)| (start..end, offset))
    }
}

impl Calendar {
    /// What the wall clock shows on a business day. Errors: the day is outside the range of the calendar.
    pub fn wall_clock(&self, day: Day) -> Result<WallClock> {
        let bounds = self.bounds(day)?;
        let start = jiff::Timestamp::from_millisecond(bounds.start).map_err(out_of_range)?;
        let ms = |offset: jiff::tz::Offset| i64::from(offset.seconds()) * 1000;
        let within = self.zone.following(start).take_while(|change| change.timestamp().as_millisecond() < bounds.end);
        let changes = within.map(|change| (change.timestamp().as_millisecond(), ms(change.offset()))).collect();
        Ok(WallClock { offset: ms(self.zone.to_offset(start)), changes })
    }

    /// The half-open range of instants of a business day. It has 23 or 25 hours if the clocks change within it.
    /// Errors: the day is outside the range of the calendar.
    pub fn bounds(&self, day: Day) -> Result<Range<i64>> {
        Ok(self.local(day, self.day_starts_at)?..self.local(day.plus(1), self.day_starts_at)?)
    }

    /// The business day that contains an instant. Errors: the instant is outside the range of the calendar.
    pub fn day_of(&self, ms: i64) -> Result<Day> {
        let at = jiff::Timestamp::from_millisecond(ms).map_err(out_of_range)?;
        let local = at.to_zoned(self.zone.clone());
        let day = Day::from(local.date());
        Ok(if local.time() < self.day_starts_at { day.plus(-1) } else { day })
    }

    /// The ranges of instants within a business day at which the wall clock shows a time in `[from, to)`. If `to <= from`, the hours wrap
    /// around midnight. Errors: the day is outside the range of the calendar.
    pub fn hours(&self, day: Day, from: Time, to: Time) -> Result<Vec<Range<i64>>> {
        let (bounds, clock) = (self.bounds(day)?, self.wall_clock(day)?);
        let since_midnight = |time: Time| time.duration_since(Time::midnight()).as_millis() as i64;
        let (from, to) = (since_midnight(from), since_midnight(to) + if to <= from { DAY_MS } else { 0 });
        let mut windows = Vec::new();
        for (piece, offset) in clock.pieces(&bounds) {
            for date in day.plus(-1).through(day.plus(1)) {
                let midnight = i64::from(date.0) * DAY_MS - offset;
                let (start, end) = ((midnight + from).max(piece.start), (midnight + to).min(piece.end));
                if start < end {
                    windows.push(start..end);
                }
            }
        }
        Ok(windows)
    }

    /// The period of the calendar that contains a business day.
    pub fn span(&self, period: Period, day: Day) -> Span {
        let date = day.date();
        let (first, next) = match period {
            Period::Day => (date, day.plus(1).date()),
            Period::Week => {
                let back = date.weekday().since(self.week_starts_on);
                let first = day.plus(-i32::from(back));
                (first.date(), first.plus(7).date())
            }
            Period::Month => months(date.first_of_month(), 1),
            Period::Quarter => months(self.fiscal_block_start(date, 3), 3),
            Period::Year => months(self.fiscal_block_start(date, 12), 12),
        };
        Span { period, first: Day::from(first), last: Day::from(next).plus(-1) }
    }

    /// The preceding period (环比).
    pub fn before(&self, span: Span) -> Span {
        self.span(span.period, span.first.plus(-1))
    }

    /// The same period of the preceding year (同比). A day is compared with the same date, a week with the same ISO week, a longer period with
    /// the one twelve months earlier. `None` for 29 February and for a week 53 if the preceding year has none. A week that does not start
    /// on a Monday has the ISO week of its Thursday.
    pub fn year_before(&self, span: Span) -> Option<Span> {
        let date = span.first.date();
        let day = match span.period {
            Period::Week => {
                let thursday = span.days().find(|day| day.date().weekday() == Weekday::Thursday)?;
                let week = thursday.date().iso_week_date();
                ISOWeekDate::new(week.year() - 1, week.week(), Weekday::Thursday).ok()?.date()
            }
            _ => Date::new(date.year() - 1, date.month(), date.day()).ok()?,
        };
        Some(self.span(span.period, Day::from(day)))
    }

    /// The inverse of [`Calendar::year_before`]: the period whose comparison of the preceding year is this one.
    pub fn year_after(&self, span: Span) -> Option<Span> {
        let later = [364, 365, 366, 371].map(|days| self.span(span.period, span.first.plus(days)));
        later.into_iter().find(|later| self.year_before(*later) == Some(span))
    }

    /// The first day of the block of `size` months that contains `date`. Blocks are counted from the first month of the fiscal year.
    fn fiscal_block_start(&self, date: Date, size: i8) -> Date {
        let into = (date.month() - self.fiscal_year_starts_in).rem_euclid(12) % size;
        date.first_of_month().saturating_sub(jiff::Span::new().months(into))
    }

    /// The instant at which the wall clock shows a time on a civil day.
    fn local(&self, day: Day, time: Time) -> Result<i64> {
        let zoned = day.date().to_datetime(time).to_zoned(self.zone.clone()).map_err(out_of_range)?;
        Ok(zoned.timestamp().as_millisecond())
    }
}

/// The first day of a period of `count` months, and the first day after it.
fn months(first: Date, count: i8) -> (Date, Date) {
    (first, first.saturating_add(jiff::Span::new().months(count)))
}

/// The error of an instant or day outside the range of the calendar.
fn out_of_range(e: jiff::Error) -> KernelError {
    KernelError::OutsideCalendar(e.to_string())
}

/// Parses a date as people and schedulers write it: `2026-11-20`, `20261120`, `today` or `yesterday`. `now`: the day that is today.
/// Errors: the text is none of these.
pub fn parse_day(text: &str, now: Day) -> Result<Day> {
    match text {
        "today" => return Ok(now),
        "yesterday" => return Ok(now.plus(-1)),
        _ => {}
    }
    let date = text.parse::<Date>().map_err(|_| KernelError::NotADate(text.to_owned()))?;
    Ok(Day::from(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai(starts: Time, fiscal: i8) -> Calendar {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        Calendar { zone, day_starts_at: starts, week_starts_on: Weekday::Monday, fiscal_year_starts_in: fiscal }
    }

    fn day(text: &str) -> Day {
        Day::from(text.parse::<Date>().unwrap())
    }

    #[test]
    fn a_business_day_can_start_at_four() {
        let calendar = shanghai(Time::constant(4, 0, 0, 0), 1);
        let at = "2026-09-02T03:59:59.999+08:00".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!(calendar.day_of(at).unwrap(), day("2026-09-01"));
        assert_eq!(calendar.day_of(at + 1).unwrap(), day("2026-09-02"));
        assert_eq!(calendar.bounds(day("2026-09-01")).unwrap().end, at + 1);
    }

    #[test]
    fn periods_cut_at_week_month_quarter_and_year() {
        let calendar = shanghai(Time::midnight(), 1);
        let ends = |period, d: &str| {
            let span = calendar.span(period, day(d));
            (span.first.to_string(), span.last.to_string())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(ends(Period::Week, "2027-01-01"), pair("2026-12-28", "2027-01-03"));
        assert_eq!(ends(Period::Month, "2028-02-29"), pair("2028-02-01", "2028-02-29"));
        assert_eq!(ends(Period::Quarter, "2026-09-30"), pair("2026-07-01", "2026-09-30"));
        assert_eq!(ends(Period::Year, "2026-10-01"), pair("2026-01-01", "2026-12-31"));
    }

    #[test]
    fn a_year_before_is_the_same_date_week_or_month() {
        let calendar = shanghai(Time::midnight(), 4);
        let year_before = |period, d: &str| calendar.year_before(calendar.span(period, day(d))).map(|span| span.first.to_string());
        let same = |text: &str| Some(text.to_owned());
        assert_eq!(year_before(Period::Day, "2026-09-01"), same("2025-09-01"));
        assert_eq!(year_before(Period::Day, "2028-02-29"), None);
        // 2026 has a week 53, 2025 has none; week 1 of 2027 is that of 2026.
        assert_eq!(year_before(Period::Week, "2026-12-31"), None);
        assert_eq!(year_before(Period::Week, "2027-01-04"), same("2025-12-29"));
        assert_eq!(year_before(Period::Month, "2028-02-29"), same("2027-02-01"));
        assert_eq!(year_before(Period::Quarter, "2026-03-31"), same("2025-01-01"));
        assert_eq!(year_before(Period::Year, "2026-04-01"), same("2025-04-01"));
        for period in Period::ALL {
            for span in day("2026-01-01").through(day("2029-01-01")).map(|day| calendar.span(period, day)) {
                let before = calendar.year_before(span);
                assert_eq!(before.and_then(|before| calendar.year_after(before)), before.map(|_| span));
            }
        }
    }

    #[test]
    fn a_fiscal_year_moves_quarters_and_years() {
        let calendar = shanghai(Time::midnight(), 4);
        assert_eq!(calendar.span(Period::Year, day("2026-03-31")).first, day("2025-04-01"));
        assert_eq!(calendar.span(Period::Quarter, day("2026-03-31")).first, day("2026-01-01"));
    }

    #[test]
    fn hours_can_wrap_round_midnight() {
        let calendar = shanghai(Time::midnight(), 1);
        let windows = calendar.hours(day("2026-09-01"), Time::constant(22, 0, 0, 0), Time::constant(2, 0, 0, 0)).unwrap();
        let hours = windows.iter().map(|w| (w.end - w.start) / 3_600_000).collect::<Vec<_>>();
        assert_eq!(hours, [2, 2]);
    }

    #[test]
    fn days_before_the_epoch_and_after_round_trip() {
        for text in ["1969-12-31", "1970-01-01", "2000-02-29", "2099-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
    }
}
