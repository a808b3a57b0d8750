//! Family L, comparison: a period beside the one before it (环比) and the one a year before (同比) (§13, §1).

use super::{Cells, EntityKey, quotient};
use crate::oracle::Period;
use std::collections::BTreeMap;

/// Compares every value of every row of the period that begins on `first`. `report` gives the rows of a list of business days.
/// The cells are those of `compare`.
pub(crate) fn comparison(
    first: i64,
    period: Period,
    report: &dyn Fn(&[i64]) -> BTreeMap<EntityKey, Cells>,
) -> BTreeMap<(EntityKey, &'static str), Cells> {
    let now = report(&days_of(first, period));
    let before = report(&days_of(previous(first, period), period));
    let year_before = match year_before(first, period) {
        Some(first) => report(&days_of(first, period)),
        None => BTreeMap::new(),
    };
    let mut table = BTreeMap::new();
    for (key, cells) in &now {
        for (id, value) in cells {
            let then = |rows: &BTreeMap<EntityKey, Cells>| rows.get(key).and_then(|cells| cells.get(*id).copied()).flatten();
            table.insert((key.clone(), *id), compare(*value, then(&before), then(&year_before)));
        }
    }
    table
}

/// A value beside the value before and the one of a year before. What is made of a null is null, and so is a ratio to 0.
pub(crate) fn compare(value: Option<f64>, previous: Option<f64>, year_before: Option<f64>) -> Cells {
    let difference = |then: Option<f64>| -> Option<f64> { Some(value? - then?) };
    let ratio = |then: Option<f64>| -> Option<f64> { Some(quotient(value, then)? - 1.0) };
    Cells::from([
        ("value", value),
        ("previous", previous),
        ("difference", difference(previous)),
        ("ratio", ratio(previous)),
        ("year_before", year_before),
        ("year_difference", difference(year_before)),
        ("year_ratio", ratio(year_before)),
    ])
}

/// The business days of the period that begins on `first`.
pub(crate) fn days_of(first: i64, period: Period) -> Vec<i64> {
    let end = match period {
        Period::Day => first + 1,
        Period::Week => first + 7,
        Period::Month => months_later(first, 1),
        Period::Quarter => months_later(first, 3),
        Period::Year => months_later(first, 12),
    };
    (first..end).collect()
}

/// The first day of the period before the one that begins on `first`.
pub(crate) fn previous(first: i64, period: Period) -> i64 {
    match period {
        Period::Day => first - 1,
        Period::Week => first - 7,
        Period::Month => months_later(first, -1),
        Period::Quarter => months_later(first, -3),
        Period::Year => months_later(first, -12),
    }
}

/// The first day of the same period a year before: the same date, or the same ISO week. `None` if that year has none.
pub(crate) fn year_before(first: i64, period: Period) -> Option<i64> {
    match period {
        Period::Day => match date(first) {
            (_, 2, 29) => None,
            (year, month, day) => Some(epoch_day(year - 1, month, day)),
        },
        Period::Week => {
            let (year, week) = iso_week(first);
            let monday = first_monday(year - 1) + 7 * (week - 1);
            (monday < first_monday(year)).then_some(monday)
        }
        Period::Month | Period::Quarter | Period::Year => Some(months_later(first, -12)),
    }
}

/// The ISO year and week of a Monday. A week belongs to the year of its Thursday.
fn iso_week(monday: i64) -> (i64, i64) {
    let (year, _, _) = date(monday + 3);
    (year, (monday - first_monday(year)) / 7 + 1)
}

/// The Monday of ISO week 1, the week that holds 4 January. 1970-01-05 was a Monday: day 4.
fn first_monday(year: i64) -> i64 {
    let fourth = epoch_day(year, 1, 4);
    fourth - (fourth - 4).rem_euclid(7)
}

/// The same day of the month, some months later. Every caller asks for the first of a month.
fn months_later(first: i64, months: i64) -> i64 {
    let (year, month, day) = date(first);
    let count = year * 12 + month - 1 + months;
    epoch_day(count.div_euclid(12), count.rem_euclid(12) + 1, day)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a date, which is never before it.
fn epoch_day(year: i64, month: i64, day: i64) -> i64 {
    let years: i64 = (1970..year).map(days_in_year).sum();
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    years + months + day - 1
}

/// The year, month and day of a day since 1970-01-01.
fn date(day: i64) -> (i64, i64, i64) {
    let (mut year, mut month, mut left) = (1970, 1, day);
    while left >= days_in_year(year) {
        left -= days_in_year(year);
        year += 1;
    }
    while left >= days_in_month(year, month) {
        left -= days_in_month(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, agent, check, check_null, shop};
    use super::super::{Cells, EntityKey};
    use super::Period::{Day, Month, Quarter, Week, Year};
    use super::{Period, compare, comparison, date, days_of, epoch_day, previous, year_before};
    use std::collections::BTreeMap;

    /// The day of a date such as `2026-09-07`.
    fn of(date: &str) -> i64 {
        let parts: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
        epoch_day(parts[0], parts[1], parts[2])
    }

    #[test]
    fn dates_are_days_since_1970() {
        assert!(of("1970-01-01") == 0);
        assert!(of("2000-03-01") == 11_017);
        assert!(of("2026-09-07") == MONDAY);
        for day in of("2023-12-30")..of("2025-01-03") {
            let (year, month, of_month) = date(day);
            assert!(epoch_day(year, month, of_month) == day);
        }
    }

    #[test]
    fn the_period_before_and_the_same_a_year_before() {
        let expected: [(Period, &str, &str, Option<&str>); 16] = [
            (Day, "2026-09-07", "2026-09-06", Some("2025-09-07")),
            (Day, "2025-03-01", "2025-02-28", Some("2024-03-01")),
            (Day, "2024-03-01", "2024-02-29", Some("2023-03-01")),
            (Day, "2025-02-28", "2025-02-27", Some("2024-02-28")),
            // 29 February has no day a year before.
            (Day, "2024-02-29", "2024-02-28", None),
            // This is week 37 of 2026 and of 2025.
            (Week, "2026-09-07", "2026-08-31", Some("2025-09-08")),
            // Week 1 of 2026 begins in 2025, that of 2025 in 2024.
            (Week, "2025-12-29", "2025-12-22", Some("2024-12-30")),
            // This is week 52 of 2025 and of 2024.
            (Week, "2025-12-22", "2025-12-15", Some("2024-12-23")),
            // 2026 and 2020 have a week 53, 2025 and 2019 have none.
            (Week, "2026-12-28", "2026-12-21", None),
            (Week, "2020-12-28", "2020-12-21", None),
            // Week 1 of 2021 comes after week 53 of 2020.
            (Week, "2021-01-04", "2020-12-28", Some("2019-12-30")),
            (Month, "2026-03-01", "2026-02-01", Some("2025-03-01")),
            (Month, "2026-01-01", "2025-12-01", Some("2025-01-01")),
            (Quarter, "2026-01-01", "2025-10-01", Some("2025-01-01")),
            (Year, "2026-01-01", "2025-01-01", Some("2025-01-01")),
            // The year starts in April.
            (Quarter, "2026-04-01", "2026-01-01", Some("2025-04-01")),
        ];
        for (period, first, before, year) in expected {
            assert!(previous(of(first), period) == of(before), "{period:?} {first}");
            assert!(year_before(of(first), period) == year.map(of), "{period:?} {first}");
        }
    }

    #[test]
    fn a_period_is_its_days() {
        for (period, first, last) in [
            (Day, "2026-09-07", "2026-09-07"),
            (Week, "2026-09-07", "2026-09-13"),
            (Month, "2024-02-01", "2024-02-29"),
            (Quarter, "2026-01-01", "2026-03-31"),
            (Year, "2026-04-01", "2027-03-31"),
        ] {
            let days = days_of(of(first), period);
            assert!(days.first() == Some(&of(first)) && days.last() == Some(&of(last)), "{period:?} {first}");
            assert!(days.len() as i64 == of(last) - of(first) + 1);
        }
    }

    /// 120 is 20 more than 100, or + 20 %. A year ago it was 160, so 120 is 40 less, or - 25 %.
    #[test]
    fn a_hundred_and_twenty_after_a_hundred_is_20_percent_more() {
        let cells = compare(Some(120.0), Some(100.0), Some(160.0));
        check(&cells, &[("value", 120.0), ("previous", 100.0), ("difference", 20.0), ("ratio", 0.2)]);
        check(&cells, &[("year_before", 160.0), ("year_difference", -40.0), ("year_ratio", -0.25)]);
    }

    #[test]
    fn a_null_on_either_side_is_null_and_so_is_a_ratio_to_0() {
        let from_zero = compare(Some(120.0), Some(0.0), None);
        check(&from_zero, &[("difference", 120.0), ("previous", 0.0)]);
        check_null(&from_zero, &["ratio", "year_before", "year_difference", "year_ratio"]);
        let unknown = compare(None, Some(100.0), Some(100.0));
        check(&unknown, &[("previous", 100.0), ("year_before", 100.0)]);
        check_null(&unknown, &["value", "difference", "ratio", "year_difference", "year_ratio"]);
    }

    /// Reports of one value, the number of days. A has a row in September 2026 alone.
    fn days_as_value(days: &[i64]) -> BTreeMap<EntityKey, Cells> {
        let cells = || Cells::from([("work_days", Some(days.len() as f64))]);
        let mut rows = BTreeMap::from([(shop(), cells())]);
        if days.contains(&MONDAY) {
            rows.insert(agent("A"), cells());
        }
        rows
    }

    /// September has 30 days, August 31, and September a year ago 30: one less, and no difference. A had no row before.
    #[test]
    fn a_month_is_compared_row_by_row() {
        let table = comparison(of("2026-09-01"), Month, &days_as_value);
        assert!(table.keys().all(|((shop, _), id)| shop == SHOP && *id == "work_days"));
        check(&table[&(shop(), "work_days")], &[("value", 30.0), ("previous", 31.0), ("difference", -1.0), ("ratio", 30.0 / 31.0 - 1.0)]);
        check(&table[&(shop(), "work_days")], &[("year_before", 30.0), ("year_difference", 0.0), ("year_ratio", 0.0)]);
        check(&table[&(agent("A"), "work_days")], &[("value", 30.0)]);
        check_null(&table[&(agent("A"), "work_days")], &["previous", "difference", "ratio", "year_before", "year_ratio"]);
        // 29 February has no day a year before, for anyone.
        let leap = comparison(of("2024-02-29"), Day, &days_as_value);
        check(&leap[&(shop(), "work_days")], &[("previous", 1.0), ("difference", 0.0)]);
        check_null(&leap[&(shop(), "work_days")], &["year_before", "year_difference", "year_ratio"]);
    }
}
