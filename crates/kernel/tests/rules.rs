//! Rules as text and within their bounds, and the days and hours that they cut (docs/semantics.md §1, §4, §9).

#![expect(clippy::unwrap_used, reason = "a value that cannot be read is a mistake in the test")]

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use kefu_kernel::calendar::{Calendar, Day, Period, parse_day};
use kefu_kernel::error::KernelError;
use kefu_kernel::hours::AssessedHours;
use kefu_kernel::rules::{DurationMs, PresetChoice, Rules};
use serde::de::value::{Error, MapDeserializer};
use serde::de::{Deserialize, IntoDeserializer};
use serde::ser::Serialize;
use std::fmt;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads a value as a pipeline file gives it. The error is its message.
fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
    let text: serde::de::value::StrDeserializer<'de, Error> = text.into_deserializer();
    T::deserialize(text).map_err(|e| e.to_string())
}

/// Shows a value as serde writes it.
struct Written<T>(T);

impl<T: Serialize> fmt::Display for Written<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

fn day(text: &str) -> Day {
    Day::from(text.parse::<Date>().unwrap())
}

fn calendar(zone: &str, starts_at: &str, week_starts_on: Weekday) -> Calendar {
    let (zone, day_starts_at) = (TimeZone::get(zone).unwrap(), starts_at.parse::<Time>().unwrap());
    Calendar { zone, day_starts_at, week_starts_on, fiscal_year_starts_in: 1 }
}

fn new_york() -> Calendar {
    calendar("America/New_York", "00:00", Weekday::Monday)
}

#[test]
fn a_duration_is_a_number_with_its_unit() {
    let table =
        [("30m", 30 * MINUTE), ("180s", 3 * MINUTE), ("24h", DAY), ("3d", 3 * DAY), ("1h30m", 90 * MINUTE), ("1500ms", 1500), ("0s", 0)];
    for (text, ms) in table {
        assert_eq!(read::<DurationMs>(text), Ok(DurationMs(ms)), "{text}");
    }
    for text in ["30", "soon", ""] {
        assert_eq!(read::<DurationMs>(text), Err(format!("`{text}` is not a duration: write 30m, 180s or 3d")));
    }
    assert_eq!(read::<DurationMs>("-30m"), Err("`-30m` is negative".to_owned()));
    assert!(read::<DurationMs>("1mo").is_err(), "months differ in length");
}

#[test]
fn a_duration_is_written_in_the_largest_unit_that_leaves_no_rest() {
    let table = [(3 * DAY, "3d"), (36 * HOUR, "36h"), (90 * MINUTE, "90m"), (90_000, "90s"), (1500, "1500ms")];
    for (ms, text) in table {
        assert_eq!(Written(DurationMs(ms)).to_string(), text);
    }
}

#[test]
fn hours_of_the_day_are_two_times_and_may_run_past_midnight() {
    for text in ["08:00-23:00", "22:00-02:00", "00:00-24:00", "08:30-24:00"] {
        assert_eq!(read::<AssessedHours>(text).map(|hours| Written(hours).to_string()), Ok(text.to_owned()));
    }
    assert_eq!(read::<AssessedHours>("08:00 - 23:00"), read("08:00-23:00"));
    for text in ["08:00", "25:00-26:00", "from-to", "08:00-"] {
        assert_eq!(read::<AssessedHours>(text), Err(format!("`{text}` is not a span of hours: write 08:00-23:00")));
    }
}

#[test]
fn an_unknown_rule_and_an_unknown_value_are_refused_with_what_is_known() {
    let read = |name, value| Rules::deserialize(MapDeserializer::<_, Error>::new([(name, value)].into_iter())).map_err(|e| e.to_string());
    assert!(read("transfer_clock", "restart").is_ok());
    assert!(read("transfer_clock", "stop").unwrap_err().contains("`inherit` or `restart`"));
    assert!(read("transfer_clocks", "restart").unwrap_err().contains("`transfer_clock`"));
    // Whether a setting differs from the preset is found out, not said.
    assert!(read("custom", "true").is_err());
}

#[test]
fn the_defaults_are_those_of_the_page() {
    let rules = Rules::default();
    let durations = [
        (rules.session_gap, "30m"),
        (rules.response_cap, "10m"),
        (rules.reply_threshold, "3m"),
        (rules.quick_threshold, "30s"),
        (rules.slow_threshold, "3m"),
        (rules.max_wait, "30m"),
        (rules.long_reception, "30m"),
        (rules.credit_lookback, "3d"),
        (rules.rating_window, "1d"),
    ];
    for (duration, text) in durations {
        assert_eq!(Written(duration).to_string(), text);
    }
    assert_eq!(Written(rules.assessed_hours.clone()).to_string(), "08:00-23:00");
    let words = [
        (Written(rules.assessed_anchor).to_string(), "round_start"),
        (Written(rules.first_response_unit).to_string(), "session"),
        (Written(rules.transfer_clock).to_string(), "inherit"),
        (Written(rules.attribution).to_string(), "order_first"),
        (Written(rules.official_reply).to_string(), "round"),
        (rules.reply_modes.iter().map(|mode| Written(mode).to_string()).collect::<Vec<_>>().join(", "), "human, assist"),
    ];
    for (value, word) in words {
        assert_eq!(value, word);
    }
    assert_eq!((rules.slow_times, rules.after_sale_days, rules.final_pay_days, rules.retention_days), (1, 15, 4, 90));
    assert_eq!(
        (rules.own_accounts, rules.blocklist, rules.single_line, rules.empty, rules.robots_rated),
        (true, true, false, false, false)
    );
    assert_eq!((rules.forward_only, rules.monologue, rules.excluded_flags.len()), (None, None, 0));
    assert_eq!(rules.check(), Ok(()));
}

#[test]
fn a_rule_outside_its_bounds_is_refused_with_a_hint() {
    let lookback = |ms| Rules { credit_lookback: DurationMs(ms), ..Rules::default() };
    let final_pay = |days| Rules { final_pay_days: days, ..Rules::default() };
    let after_sale = |days| Rules { after_sale_days: days, ..Rules::default() };
    let retention = |days| Rules { retention_days: days, ..Rules::default() };
    let slow = |times| Rules { slow_times: times, ..Rules::default() };
    let within = [
        lookback(DAY),
        lookback(30 * DAY),
        final_pay(1),
        final_pay(90),
        after_sale(0),
        after_sale(365),
        retention(1),
        retention(365),
        slow(1),
    ];
    for rules in within {
        assert_eq!(rules.check(), Ok(()));
    }
    let slow_hint = "a buyer is slow after at least one slow round; the default is 1";
    let outside = [
        (lookback(DAY - 1), "credit_lookback is outside 1d to 30d", "the default is 3d"),
        (lookback(30 * DAY + 1), "credit_lookback is outside 1d to 30d", "the default is 3d"),
        (final_pay(0), "final_pay_days is outside 1 to 90", "the default is 4"),
        (final_pay(91), "final_pay_days is outside 1 to 90", "the default is 4"),
        (after_sale(366), "after_sale_days is over 365", "the default is 15"),
        (retention(0), "retention_days is outside 1 to 365", "the default is 90"),
        (retention(366), "retention_days is outside 1 to 365", "the default is 90"),
        (slow(0), "slow_times is 0", slow_hint),
    ];
    for (rules, message, hint) in outside {
        let refusal = rules.check().unwrap_err();
        assert_eq!((refusal.to_string().as_str(), refusal.hint()), (message, Some(hint)));
    }
}

#[test]
fn a_rule_set_is_named_by_its_preset_and_by_whether_the_pipeline_differs() {
    let named = |preset, custom| Rules { preset, custom, ..Rules::default() }.rule_set();
    assert_eq!(named(PresetChoice::One("jd".to_owned()), false), "jd");
    assert_eq!(named(PresetChoice::One("jd".to_owned()), true), "jd+custom");
    assert_eq!(named(PresetChoice::ByPlatform, false), "default");
}

#[test]
fn the_days_that_a_day_depends_on_follow_from_the_rules() {
    let rules = Rules { final_pay_days: 60, retention_days: 30, ..Rules::default() };
    assert_eq!((rules.lookahead_days(), Rules::default().lookahead_days()), (60, 90));
    let shanghai = calendar("Asia/Shanghai", "04:00", Weekday::Monday);
    assert_eq!(rules.lookback_start(&shanghai, day("2026-09-04")), Ok(day("2026-09-01")));
    // A duration in days counts 24 h each: 8 March has 23 h in New York, so 24 h before the 9th is 23:00 on the 7th.
    let rules = Rules { credit_lookback: DurationMs(DAY), ..Rules::default() };
    assert_eq!(rules.lookback_start(&new_york(), day("2026-03-09")), Ok(day("2026-03-07")));
}

/// In New York the clocks go forward at two on 8 March 2026 and back at two on 1 November.
#[test]
fn a_day_and_its_hours_follow_the_wall_clock_when_the_clocks_change() {
    let table = [("2026-03-07", 24, [15, 4]), ("2026-03-08", 23, [15, 3]), ("2026-11-01", 25, [15, 5])];
    for (date, whole, parts) in table {
        let bounds = new_york().bounds(day(date)).unwrap();
        assert_eq!((bounds.end - bounds.start) / HOUR, whole, "{date}");
        let hours = ["08:00-23:00", "00:00-04:00"].map(|text| {
            let rules = Rules { assessed_hours: read(text).unwrap(), ..Rules::default() };
            let windows = rules.assessed(&new_york(), day(date), None).unwrap();
            windows.iter().map(|window| (window.end - window.start) / HOUR).sum::<i64>()
        });
        assert_eq!(hours, parts, "{date}");
    }
}

#[test]
fn hours_are_cut_at_the_start_of_the_business_day() {
    let calendar = calendar("Asia/Shanghai", "04:00", Weekday::Monday);
    let starts_at = calendar.bounds(day("2026-09-01")).unwrap().start;
    // Of each span the hours after the start of the business day: 22:00 is 18 h after 04:00.
    let table = [
        ("08:00-23:00", vec![(4, 19)]),
        ("22:00-02:00", vec![(18, 22)]),
        ("22:00-06:00", vec![(0, 2), (18, 24)]),
        ("00:00-24:00", vec![(0, 24)]),
    ];
    for (text, expected) in table {
        let rules = Rules { assessed_hours: read(text).unwrap(), ..Rules::default() };
        let windows = rules.assessed(&calendar, day("2026-09-01"), None).unwrap();
        let hours = windows.iter().map(|window| ((window.start - starts_at) / HOUR, (window.end - starts_at) / HOUR));
        assert_eq!(hours.collect::<Vec<_>>(), expected, "{text}");
    }
}

/// 1 September 2026 is a Tuesday.
#[test]
fn a_week_begins_on_the_day_that_the_pipeline_says() {
    for (starts_on, first, last, before) in [
        (Weekday::Monday, "2026-08-31", "2026-09-06", "2026-08-24"),
        (Weekday::Sunday, "2026-08-30", "2026-09-05", "2026-08-23"),
        (Weekday::Tuesday, "2026-09-01", "2026-09-07", "2026-08-25"),
    ] {
        let calendar = calendar("Asia/Shanghai", "00:00", starts_on);
        let week = calendar.span(Period::Week, day("2026-09-01"));
        assert_eq!((week.first, week.last, calendar.before(week).first), (day(first), day(last), day(before)));
    }
}

#[test]
fn a_date_is_read_in_two_spellings_and_two_words() {
    let now = day("2026-03-01");
    for (text, date) in [("2026-11-20", "2026-11-20"), ("20261120", "2026-11-20"), ("today", "2026-03-01"), ("yesterday", "2026-02-28")] {
        assert_eq!(parse_day(text, now), Ok(day(date)), "{text}");
    }
    for text in ["tomorrow", "2026-02-29", "20.11.2026"] {
        let refusal = parse_day(text, now).unwrap_err();
        assert_eq!(refusal, KernelError::NotADate(text.to_owned()));
        assert_eq!(
            (refusal.to_string(), refusal.hint()),
            (format!("`{text}` is not a date"), Some("write 2026-11-20, 20261120, yesterday or today"))
        );
    }
}

#[test]
fn an_instant_outside_the_calendar_is_an_error() {
    let refusal = new_york().day_of(i64::MAX).unwrap_err();
    assert!(refusal.to_string().starts_with("a time outside the calendar: "), "{refusal}");
    assert_eq!(refusal.hint(), None);
}

/// In Berlin the clocks go forward at two on 29 March 2026 and back at three on 25 October.
#[test]
fn a_span_that_ends_in_the_hour_of_a_change_follows_the_wall_clock() {
    let berlin = calendar("Europe/Berlin", "00:00", Weekday::Monday);
    let rules = Rules { assessed_hours: read("01:30-02:30").unwrap(), ..Rules::default() };
    // Minutes after midnight: on the one day half an hour is left, on the other the clock shows 02:00 to 02:30 twice.
    for (date, expected) in [("2026-03-29", vec![(90, 120)]), ("2026-10-25", vec![(90, 150), (180, 210)])] {
        let starts_at = berlin.bounds(day(date)).unwrap().start;
        let windows = rules.assessed(&berlin, day(date), None).unwrap();
        let minutes = windows.iter().map(|window| ((window.start - starts_at) / 60_000, (window.end - starts_at) / 60_000));
        assert_eq!(minutes.collect::<Vec<_>>(), expected, "{date}");
    }
}
