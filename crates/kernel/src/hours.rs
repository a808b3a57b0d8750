//! The hours in which responses are assessed (考核时段): spans of the wall clock for each weekday.

use crate::calendar::{Calendar, Day};
use crate::error::Result;
use jiff::civil::Time;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Range;

/// Hours of the day on the wall clock, the end excluded. A pipeline file writes them as `08:00-23:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoursOfDay {
    /// The first time.
    pub from: Time,
    /// The time at which the hours end. If it is not later than `from`, the hours wrap around midnight.
    pub to: Time,
}

impl Serialize for HoursOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let to = if self.to == Time::midnight() { "24:00".to_owned() } else { self.to.strftime("%H:%M").to_string() };
        serializer.collect_str(&format_args!("{}-{to}", self.from.strftime("%H:%M")))
    }
}

impl HoursOfDay {
    /// Parses a span such as `08:00-23:00`. `None` if the text is not a span.
    pub fn parse(text: &str) -> Option<HoursOfDay> {
        let (from, to) = text.split_once('-')?;
        Some(HoursOfDay { from: parse_time_of_day(from)?, to: parse_time_of_day(to)? })
    }
}

/// Parses a time of day such as `08:00`. `24:00` is the midnight that ends the day. `None` if the text is not a time.
pub fn parse_time_of_day(text: &str) -> Option<Time> {
    match text.trim() {
        "24:00" => Some(Time::midnight()),
        other => other.parse().ok(),
    }
}

/// Parses spans as a table of holidays writes them: `09:00-12:00;13:00-18:00`. An empty text has none.
/// Errors: the part that is not a span.
pub fn parse_spans(text: &str) -> std::result::Result<Vec<HoursOfDay>, String> {
    let parts = text.split([';', '；']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| HoursOfDay::parse(part).ok_or_else(|| part.to_owned())).collect()
}

/// The names of weekdays in a pipeline file, in the order of a week that begins on Monday.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The assessed hours of every weekday. A pipeline file writes one span for all days, or a table such as
/// `{ mon-fri = "09:00-18:00", sat = ["10:00-12:00", "13:00-16:00"] }`, in which a day that is not named is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssessedHours([Vec<HoursOfDay>; 7]);

impl AssessedHours {
    /// The same span on every day.
    pub fn daily(hours: HoursOfDay) -> AssessedHours {
        AssessedHours(std::array::from_fn(|_| vec![hours]))
    }

    /// The spans of the weekday of a business day.
    pub fn on(&self, day: Day) -> &[HoursOfDay] {
        &self.0[usize::from(day.date().weekday().to_monday_zero_offset().unsigned_abs())]
    }
}

/// The ranges of instants of a business day at which the wall clock shows a time within one of some spans: ascending and apart.
/// Errors: the day is outside the range of the calendar.
pub fn windows(spans: &[HoursOfDay], calendar: &Calendar, day: Day) -> Result<Vec<Range<i64>>> {
    let mut all = Vec::new();
    for span in spans {
        all.extend(calendar.hours(day, span.from, span.to)?);
    }
    all.sort_unstable_by_key(|window| window.start);
    let mut apart: Vec<Range<i64>> = Vec::new();
    for window in all {
        match apart.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => apart.push(window),
        }
    }
    Ok(apart)
}

impl Serialize for AssessedHours {
    /// Writes one span if it is that of every day, otherwise a table of all weekdays.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0[0].as_slice() {
            [daily] if self.0.iter().all(|spans| spans.as_slice() == [*daily]) => daily.serialize(serializer),
            _ => {
                let mut table = serializer.serialize_map(Some(WEEKDAYS.len()))?;
                WEEKDAYS.iter().zip(&self.0).try_for_each(|(name, spans)| table.serialize_entry(name, spans))?;
                table.end()
            }
        }
    }
}

/// One span or several, as a pipeline file writes them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected hours such as \"09:00-18:00\", or an array of them")]
enum WrittenSpans {
    One(String),
    Many(Vec<String>),
}

impl WrittenSpans {
    fn parse<E: serde::de::Error>(self) -> std::result::Result<Vec<HoursOfDay>, E> {
        let texts = match self {
            WrittenSpans::One(text) => vec![text],
            WrittenSpans::Many(texts) => texts,
        };
        texts.iter().map(|text| HoursOfDay::parse(text).ok_or_else(|| E::custom(not_hours(text)))).collect()
    }
}

impl<'de> Deserialize<'de> for AssessedHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected hours such as \"08:00-23:00\", or a table from weekdays to hours")]
        enum Written {
            Daily(String),
            Weekly(std::collections::BTreeMap<String, WrittenSpans>),
        }
        match Written::deserialize(deserializer)? {
            Written::Daily(text) => HoursOfDay::parse(&text).map(AssessedHours::daily).ok_or_else(|| D::Error::custom(not_hours(&text))),
            Written::Weekly(written) => {
                let mut week: [Option<Vec<HoursOfDay>>; 7] = Default::default();
                for (days, spans) in written {
                    let spans = spans.parse::<D::Error>()?;
                    for day in weekdays(&days).ok_or_else(|| D::Error::custom(not_days(&days)))? {
                        if week[day].replace(spans.clone()).is_some() {
                            return Err(D::Error::custom(format!("assessed_hours names {} twice", WEEKDAYS[day])));
                        }
                    }
                }
                Ok(AssessedHours(week.map(Option::unwrap_or_default)))
            }
        }
    }
}

/// The weekdays, from 0 for Monday, that a key such as `sat` or `mon-fri` names. `None` if it is neither a day nor a rising range.
fn weekdays(key: &str) -> Option<std::ops::RangeInclusive<usize>> {
    let day = |name: &str| WEEKDAYS.iter().position(|known| *known == name.trim());
    let (first, last) = match key.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(key)?, day(key)?),
    };
    (first <= last).then_some(first..=last)
}

fn not_days(key: &str) -> String {
    format!("`{key}` is neither a weekday nor a range of weekdays: write mon, tue, wed, thu, fri, sat, sun or mon-fri")
}

fn not_hours(text: &str) -> String {
    format!("`{text}` is not a span of hours: write 08:00-23:00")
}
