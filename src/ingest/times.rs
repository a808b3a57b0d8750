//! Times as sources write them → UTC ms.

use super::convert::whole;
use crate::error::Result;
use crate::job::{Plan, Source, Unit, zone};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How times are written in a source.
pub(super) struct Times {
    zone: TimeZone,
    pub(super) format: Option<String>,
    unit: Unit,
}

impl Times {
    pub(super) fn new(plan: &Plan, source: &Source) -> Result<Times> {
        let zone = zone(source.timezone.as_deref().unwrap_or(&plan.job.timezone))?;
        Ok(Times { zone, format: source.datetime_format.clone(), unit: source.unit })
    }

    /// Parses one text after the other.
    pub(super) fn instants(&self) -> impl FnMut(&str) -> Option<i64> {
        let mut minute = Minute::default();
        move |text| minute.instant(text).or_else(|| minute.parse(text, self))
    }

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

    /// A wall-clock time without an offset.
    pub(super) fn local(&self, at: DateTime) -> Option<i64> {
        Some(at.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    pub(super) fn epoch(&self, number: i64) -> Option<i64> {
        match self.unit {
            Unit::Seconds => number.checked_mul(1000),
            Unit::Millis => Some(number),
            Unit::Micros => Some(number.div_euclid(1000)),
        }
    }
}

/// The minute of the time parsed last: logs come in time order, and the times of one minute differ by their seconds alone.
#[derive(Default)]
struct Minute {
    /// The text before the seconds, and the zone after them; empty where there is none to go by.
    before: String,
    zone: String,
    begins_at: i64,
}

/// `2026-09-01T08:00:` or with a blank.
const TO_THE_MINUTE: usize = 17;

impl Minute {
    /// The instant of a text of the same minute.
    fn instant(&self, text: &str) -> Option<i64> {
        let (before, rest) = text.split_at_checked(TO_THE_MINUTE)?;
        let (ms, zone) = seconds(rest)?;
        (before == self.before && zone == self.zone).then_some(self.begins_at + ms)
    }

    fn parse(&mut self, text: &str, times: &Times) -> Option<i64> {
        let at = times.parse(text)?;
        let parts = text.split_at_checked(TO_THE_MINUTE).zip(text.get(TO_THE_MINUTE..).and_then(seconds));
        // Only of the form whose parts are where they are looked for.
        if let Some(((before, _), (ms, zone))) = parts.filter(|_| times.format.is_none() && text.as_bytes()[TO_THE_MINUTE - 1] == b':') {
            *self = Minute { before: before.to_owned(), zone: zone.to_owned(), begins_at: at - ms };
        }
        Some(at)
    }
}

/// Seconds with up to nine decimals as ms, and what follows them.
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
    fn times_of_one_minute_are_those_that_are_parsed_alone() {
        let zone = zone("Asia/Shanghai").unwrap();
        let times = Times { zone, format: None, unit: Unit::Millis };
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
