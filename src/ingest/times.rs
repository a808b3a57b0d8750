//! Parses the times of sources to UTC ms.
//!
//! `LastMinute` stands beside jiff's parser, which parses every text from its beginning. The times of a log repeat their date, hour, minute
//! and zone for thousands of lines, so that the seconds are all that changes. There is no separate figure for it in benches/RESULTS.md;
//! delete it if the text formats there read as fast without it.

use super::literals::whole;
use crate::config::{EpochUnit, Plan, SourceConfig, zone};
use crate::error::Result;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Parses the times of one source: by the zone, format and epoch unit of its settings.
pub(super) struct TimeParser {
    /// The zone of wall-clock times without an offset.
    zone: TimeZone,
    /// The source's `datetime_format`; without one, ISO 8601 or an epoch number.
    pub(super) format: Option<String>,
    unit: EpochUnit,
}

impl TimeParser {
    /// The parser for a source; its `timezone` defaults to the pipeline's. Errors: an unknown zone.
    pub(super) fn new(plan: &Plan, source: &SourceConfig) -> Result<TimeParser> {
        let zone = zone(source.timezone.as_deref().unwrap_or(&plan.config.timezone))?;
        Ok(TimeParser { zone, format: source.datetime_format.clone(), unit: source.unit })
    }

    /// A parser for the texts of one column in row order, to UTC ms; `None` for a text that is not a time.
    pub(super) fn instants(&self) -> impl FnMut(&str) -> Option<i64> {
        let mut minute = LastMinute::default();
        move |text| minute.instant(text).or_else(|| minute.parse(text, self))
    }

    /// Parses a single text, to UTC ms.
    fn parse(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Some(format) = &self.format {
            let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
            return match parsed.to_timestamp() {
                Ok(at) => Some(at.as_millisecond()),
                Err(_) => self.local(parsed.to_datetime().ok()?),
            };
        }
        if let Some(number) = whole(text) {
            return self.epoch(number);
        }
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => Some(at.as_millisecond()),
            Err(_) => self.local(text.parse::<DateTime>().ok()?),
        }
    }

    /// The instant (UTC ms) of a wall-clock time without an offset, in the source's zone (DECISIONS #15).
    pub(super) fn local(&self, at: DateTime) -> Option<i64> {
        Some(at.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    /// The instant (UTC ms) of an epoch number in the source's unit; microseconds are rounded down.
    pub(super) fn epoch(&self, number: i64) -> Option<i64> {
        match self.unit {
            EpochUnit::Seconds => number.checked_mul(1000),
            EpochUnit::Millis => Some(number),
            EpochUnit::Micros => Some(number.div_euclid(1000)),
        }
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

    /// Parses a text in full and remembers its minute.
    fn parse(&mut self, text: &str, times: &TimeParser) -> Option<i64> {
        let at = times.parse(text)?;
        let parts = text.split_at_checked(PREFIX).zip(text.get(PREFIX..).and_then(seconds));
        // Other layouts have their seconds elsewhere, so that this minute must not be compared with them.
        if let Some(((prefix, _), (ms, zone))) = parts.filter(|_| times.format.is_none() && text.as_bytes()[PREFIX - 1] == b':') {
            *self = LastMinute { prefix: prefix.to_owned(), zone: zone.to_owned(), starts_at: at - ms };
        }
        Some(at)
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
        let times = TimeParser { zone, format: None, unit: EpochUnit::Millis };
        let mut instant = times.instants();
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
                assert_eq!(instant(text), alone, "{text}");
            }
        }
    }
}
