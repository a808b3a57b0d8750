//! Parses the times of sources to UTC ms, or to the two instants that a wall time may mean.
//!
//! `LastMinute` stands beside jiff's parser, which parses every text from its beginning. The times of a log repeat their date, hour, minute
//! and zone for thousands of lines, so that the seconds are all that changes. There is no separate figure for it in benches/RESULTS.md;
//! delete it if the text formats there read as fast without it.

use super::civil_times::{civil_date, civil_time, with_english_halves};
use super::wall_times::{Reading, repeats_hours};
use crate::config::{EpochUnit, InputFormat, Plan, SourceConfig, zone};
use crate::error::Result;
use arrow::datatypes::DataType;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Parses the times of one source: by the zone, formats and epoch unit of its settings.
pub(super) struct TimeParser {
    /// The zone of wall-clock times without an offset.
    zone: TimeZone,
    /// The source's `datetime_format`s, which are tried before the forms that are always known.
    formats: Vec<String>,
    unit: EpochUnit,
    /// Whether a small number is a spreadsheet's serial number: days since 1899-12-30.
    has_serials: bool,
}

/// The first number that is no serial number of a spreadsheet: the day after 9999-12-31.
const SERIALS_END: f64 = 2_958_466.0;

impl TimeParser {
    /// The parser for a source; its `timezone` defaults to the pipeline's. Errors: an unknown zone.
    pub(super) fn new(plan: &Plan, source: &SourceConfig, format: InputFormat) -> Result<TimeParser> {
        let zone = zone(source.timezone.as_deref().unwrap_or(&plan.config.timezone))?;
        let has_serials = matches!(format, InputFormat::Xlsx | InputFormat::Xls);
        Ok(TimeParser { zone, formats: source.datetime_format.0.clone(), unit: source.unit, has_serials })
    }

    /// A parser without settings.
    #[cfg(test)]
    pub(super) fn plain() -> TimeParser {
        TimeParser { zone: TimeZone::UTC, formats: Vec::new(), unit: EpochUnit::Millis, has_serials: false }
    }

    /// How a time of a type is read, with an example: as an instant, or as wall-clock time of a zone.
    pub(super) fn describe(&self, plan: &Plan, found: &DataType, example: &str) -> String {
        let zone = self.zone.iana_name().unwrap_or(&plan.config.timezone);
        let wall = format!("wall-clock time in {zone}");
        let unit = match self.unit {
            EpochUnit::Seconds => "s",
            EpochUnit::Millis => "ms",
            EpochUnit::Micros => "us",
        };
        let epoch = format!("an instant in UTC, counted from 1970 in {unit}");
        let how = match found {
            DataType::Timestamp(_, Some(_)) => "an instant in UTC".to_owned(),
            DataType::Timestamp(_, None) => wall,
            DataType::Date32 | DataType::Date64 => "a date".to_owned(),
            _ if self.by_format(example).is_some() => match self.formats.iter().find(|format| format.contains(['z', 'Z', 's'])) {
                Some(format) => format!("an instant, by one of the formats such as {format}"),
                None => format!("{wall}, by datetime_format"),
            },
            _ if self.has_serials && self.number(example).is_some() => format!("a serial number, {wall}"),
            _ if self.number(example).is_some() => epoch,
            _ if example.parse::<jiff::Timestamp>().is_ok() => "an instant, with its offset".to_owned(),
            _ if civil_time(example).is_some_and(|(_, offset)| offset.is_some()) => "an instant, with its offset".to_owned(),
            _ if example.len() <= 11 && civil_date(example).is_some() => "a date".to_owned(),
            _ => wall,
        };
        match self.parse(example).and_then(Reading::first) {
            Some(ms) if !matches!(found, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) => {
                let instant = jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default();
                format!("{how}; {example} is {instant}")
            }
            _ if example.is_empty() => how,
            _ => format!("{how}; such as {example}"),
        }
    }

    /// Whether a wall time of the source may mean two instants.
    pub(super) fn repeats_hours(&self) -> bool {
        repeats_hours(&self.zone)
    }

    /// A parser for the texts of one column in row order; `None` for a text that is not a time.
    pub(super) fn readings(&self) -> impl FnMut(&str) -> Option<Reading> {
        let mut minute = LastMinute::default();
        move |text| minute.instant(text).map(Reading::Once).or_else(|| minute.parse(text, self))
    }

    /// Parses a single text.
    fn parse(&self, text: &str) -> Option<Reading> {
        let text = text.trim();
        self.by_format(text).or_else(|| self.number(text)).or_else(|| match text.parse::<jiff::Timestamp>() {
            Ok(at) => Some(Reading::Once(at.as_millisecond())),
            Err(_) => match text.parse::<DateTime>() {
                Ok(at) => self.local(at),
                Err(_) => self.civil(text),
            },
        })
    }

    /// Parses a text by the first of the source's formats that fits.
    fn by_format(&self, text: &str) -> Option<Reading> {
        if self.formats.is_empty() {
            return None;
        }
        let text = with_english_halves(text);
        self.formats.iter().find_map(|format| {
            let parsed = jiff::fmt::strtime::parse(format, text.as_bytes()).ok()?;
            match parsed.to_timestamp() {
                Ok(at) => Some(Reading::Once(at.as_millisecond())),
                Err(_) => self.local(parsed.to_datetime().ok()?),
            }
        })
    }

    /// What an epoch number means, with or without decimals, or a serial number.
    fn number(&self, text: &str) -> Option<Reading> {
        // Dates begin with a digit too, and almost all hold one of these.
        if text.trim_start_matches('-').contains(['-', '/', ':']) {
            return None;
        }
        if !self.has_serials
            && let Ok(number) = text.parse()
        {
            return self.epoch(number).map(Reading::Once);
        }
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
        if self.has_serials && (1.0..SERIALS_END).contains(&number) {
            return self.serial(number);
        }
        self.fractional_epoch(number).map(Reading::Once)
    }

    /// What a whole number means: by the source's formats, which may be digits alone, else as an epoch number.
    pub(super) fn whole_number(&self, text: &str) -> Option<Reading> {
        self.by_format(text).or_else(|| self.epoch(text.parse().ok()?).map(Reading::Once))
    }

    /// What a wall-clock time means in a form that is always known.
    fn civil(&self, text: &str) -> Option<Reading> {
        let (at, offset) = civil_time(text)?;
        match offset {
            Some(offset) => Some(Reading::Once(at.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp().as_millisecond())),
            None => self.local(at),
        }
    }

    /// Parses a date: ISO, by the source's formats, or in a form that is always known.
    pub(super) fn date(&self, text: &str) -> Option<Date> {
        let by_format = || self.formats.iter().find_map(|format| Date::strptime(format, text).ok());
        let serial = || {
            let number = text.parse::<f64>().ok().filter(|number| self.has_serials && (1.0..SERIALS_END).contains(number))?;
            Date::constant(1899, 12, 30).checked_add(jiff::Span::new().try_days(number as i64).ok()?).ok()
        };
        text.parse().ok().or_else(by_format).or_else(serial).or_else(|| civil_date(text))
    }

    /// The first day of the month in a text: `2026-11`, `2026/11`, `202611`, `2026年11月`, or a date of the month.
    pub(super) fn month(&self, text: &str) -> Option<Date> {
        let named = || {
            let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect::<Vec<_>>();
            let (year, month) = match digits.as_slice() {
                [year, month] if year.len() == 4 => (*year, *month),
                [both] if both.len() == 6 => both.split_at(4),
                _ => return None,
            };
            Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
        };
        // Six digits are a month, before they could be the serial number of a day.
        named().or_else(|| self.date(text).map(Date::first_of_month))
    }

    /// The day of an instant (UTC ms) in the source's zone.
    pub(super) fn day_of(&self, at: i64) -> Option<Date> {
        Some(jiff::Timestamp::from_millisecond(at).ok()?.to_zoned(self.zone.clone()).date())
    }

    /// What a wall-clock time without an offset means in the source's zone (DECISIONS #15).
    pub(super) fn local(&self, at: DateTime) -> Option<Reading> {
        Reading::of(at, &self.zone)
    }

    /// What a spreadsheet's serial number means, to the nearest millisecond.
    fn serial(&self, number: f64) -> Option<Reading> {
        const DAY_MS: f64 = 86_400_000.0;
        let ms = jiff::SignedDuration::from_millis((number * DAY_MS).round() as i64);
        self.local(Date::constant(1899, 12, 30).to_datetime(jiff::civil::Time::midnight()).checked_add(ms).ok()?)
    }

    /// The instant (UTC ms) of an epoch number in the source's unit; microseconds are rounded down.
    fn epoch(&self, number: i64) -> Option<i64> {
        match self.unit {
            EpochUnit::Seconds => number.checked_mul(1000),
            EpochUnit::Millis => Some(number),
            EpochUnit::Micros => Some(number.div_euclid(1000)),
        }
    }

    /// The instant (UTC ms) of an epoch number with decimals: to the nearest microsecond, which is then rounded down.
    fn fractional_epoch(&self, number: f64) -> Option<i64> {
        let micros = match self.unit {
            EpochUnit::Seconds => number * 1e6,
            EpochUnit::Millis => number * 1e3,
            EpochUnit::Micros => number,
        };
        (micros.abs() < super::literals::EXACT).then(|| (micros.round() as i64).div_euclid(1000))
    }
}

/// The minute of the text parsed last. Logs come in time order, and the times of one minute differ by their seconds alone.
#[derive(Default)]
struct LastMinute {
    /// The text before the seconds; empty until a text with the expected layout has been parsed.
    prefix: String,
    /// The text after the seconds.
    zone: String,
    /// The start of the minute in UTC ms.
    starts_at: i64,
}

/// The length of `2026-09-01T08:00:`, with `T` or a blank.
const PREFIX: usize = 17;

impl LastMinute {
    /// The instant of a text if it lies in the last minute and has the same zone.
    fn instant(&self, text: &str) -> Option<i64> {
        let (prefix, rest) = text.split_at_checked(PREFIX)?;
        let (ms, zone) = seconds(rest)?;
        (prefix == self.prefix && zone == self.zone).then_some(self.starts_at + ms)
    }

    /// Parses a text in full and remembers its minute, unless the clocks show that minute twice.
    fn parse(&mut self, text: &str, times: &TimeParser) -> Option<Reading> {
        let reading = times.parse(text)?;
        let Reading::Once(at) = reading else { return Some(reading) };
        let parts = text.split_at_checked(PREFIX).zip(text.get(PREFIX..).and_then(seconds));
        // Other layouts have their seconds elsewhere, so that this minute must not be compared with them.
        if let Some(((prefix, _), (ms, zone))) = parts.filter(|_| times.formats.is_empty() && text.as_bytes()[PREFIX - 1] == b':') {
            *self = LastMinute { prefix: prefix.to_owned(), zone: zone.to_owned(), starts_at: at - ms };
        }
        Some(reading)
    }
}

/// Parses two digits of seconds with up to nine decimals; returns ms, rounded down, and the rest of the text.
fn seconds(text: &str) -> Option<(i64, &str)> {
    let (whole, rest) = text.split_at_checked(2)?;
    let whole = whole.bytes().try_fold(0, |n, b| b.is_ascii_digit().then(|| 10 * n + i64::from(b - b'0'))).filter(|n| *n < 60)?;
    let Some(rest) = rest.strip_prefix('.') else { return Some((whole * 1000, rest)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ms = rest.bytes().chain(std::iter::repeat(b'0')).zip(0..3).map(|(b, place)| if place < digits { i64::from(b - b'0') } else { 0 });
    (1..=9).contains(&digits).then(|| (whole * 1000 + ms.fold(0, |n, digit| 10 * n + digit), &rest[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_gives_the_same_instants_as_the_full_parser() {
        let zone = zone("Asia/Shanghai").unwrap();
        let times = TimeParser { zone, ..TimeParser::plain() };
        let mut reading = times.readings();
        for text in [
            "2026-09-01 08:00:07",
            "2026-09-01 08:00:07.5",
            "2026-09-01 08:00:59.9999",
            "2026-09-01 08:00:60",
            "2026-09-01 08:00:61",
            "2026-09-01 08:00:07.",
            "2026-09-01 08:00:7",
            "2026-09-01 08:00:07Z",
            "2026-09-01 08:00:07.123456789Z",
            "2026-09-01 08:00:07.1234567891Z",
            "2026-09-01 08:00:08+09:00",
            "2026-09-01 08:00:09+09:00",
            "2026-09-01 08:00:09-09:00",
            "2026-09-01 08:00:0九",
            "2026-09-01T08:00:10",
            " 2026-09-01T08:00:10",
            "2026-09-01T08:01:10",
            "1788220800000",
            "17882208000001234567",
        ] {
            let alone = times.parse(text);
            for _ in 0..2 {
                assert_eq!(reading(text), alone, "{text}");
            }
        }
    }

    #[test]
    fn a_month_parses_in_every_notation() {
        let november = Date::new(2026, 11, 1).ok();
        let month = |text| TimeParser::plain().month(text);
        for text in ["2026-11", "2026/11", "2026.11", "202611", "2026年11月", "2026-11-01", "2026-11-30", "20261130"] {
            assert_eq!(month(text), november, "{text}");
        }
        for text in ["2026-13", "11-2026", "2026", "November", "", "2026-11-31"] {
            assert_eq!(month(text), None, "{text}");
        }
    }

    #[test]
    fn a_minute_that_comes_twice_is_never_the_last_minute() {
        let zone = zone("America/New_York").unwrap();
        let times = TimeParser { zone, ..TimeParser::plain() };
        let mut reading = times.readings();
        let first = 1_793_511_000_000;
        for second in [0, 7] {
            let at = first + 1000 * second;
            assert_eq!(reading(&format!("2026-11-01 01:30:{second:02}")), Some(Reading::Twice(at, at + 3_600_000)));
            assert_eq!(reading(&format!("2026-11-01 01:30:{second:02}-05:00")), Some(Reading::Once(at + 3_600_000)));
            assert_eq!(reading(&format!("2026-03-08 02:30:{second:02}")), Some(Reading::Never));
        }
    }
}
