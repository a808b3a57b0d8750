//! The forms of dates and wall-clock times that exports and spreadsheets use without saying so: `2026/9/1 8:05`, `2026年9月1日 下午3:05`,
//! `2026-09-01 24:00:00`.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use std::borrow::Cow;

/// Words for the halves of a day, and whether they mean the second. Words such as 中午 and 晚上 belong to neither: they are not read.
const HALVES: [(&str, bool); 8] =
    [("上午", false), ("凌晨", false), ("早上", false), ("下午", true), ("AM", false), ("am", false), ("PM", true), ("pm", true)];

/// A text with 上午 and 下午 as AM and PM, which the formats of `strptime` know.
pub(super) fn with_english_halves(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("上午", "AM").replace("下午", "PM"))
}

/// Parses a date with a four-digit year first, such as `2026/9/1` or `2026年9月1日`.
pub(super) fn civil_date(text: &str) -> Option<Date> {
    let mut scanner = Scanner(text.trim());
    let date = scanner.date()?;
    scanner.0.is_empty().then_some(date)
}

/// Parses a date and a time of day, with the offset if one follows. A date alone is its midnight.
pub(super) fn civil_time(text: &str) -> Option<(DateTime, Option<Offset>)> {
    let mut scanner = Scanner(text.trim());
    let date = scanner.date()?;
    scanner.skip(&["T", "t"]);
    scanner.blanks();
    if scanner.0.is_empty() {
        return Some((date.to_datetime(Time::midnight()), None));
    }
    let before = scanner.half();
    scanner.blanks();
    let hour = scanner.number(2)?;
    if !scanner.skip(&[":", "：", "时", "點", "点"]) {
        return None;
    }
    let minute = scanner.number(2)?;
    let mut second = 0;
    let mut nanosecond = 0;
    if scanner.skip(&[":", "：", "分"]) && scanner.0.starts_with(|c: char| c.is_ascii_digit()) {
        second = scanner.number(2)?;
        if scanner.skip(&["."]) {
            nanosecond = scanner.nanoseconds()?;
        }
        scanner.skip(&["秒"]);
    }
    scanner.blanks();
    let half = before.or_else(|| scanner.half());
    let offset = scanner.offset()?;
    if !scanner.0.is_empty() {
        return None;
    }
    if (hour, minute, second, nanosecond) == (24, 0, 0, 0) && half.is_none() {
        return Some((date.tomorrow().ok()?.to_datetime(Time::midnight()), offset));
    }
    let hour = match (half, hour) {
        (Some(false), 12) => 0,
        (Some(true), 1..=11) => hour + 12,
        _ => hour,
    };
    let time = Time::new(hour as i8, minute as i8, second as i8, nanosecond).ok()?;
    Some((date.to_datetime(time), offset))
}

/// What is left of a text.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    /// Skips the first of some texts that comes next.
    fn skip(&mut self, texts: &[&str]) -> bool {
        let rest = texts.iter().find_map(|text| self.0.strip_prefix(text));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn blanks(&mut self) {
        self.0 = self.0.trim_start();
    }

    /// A number of one digit to so many.
    fn number(&mut self, most: usize) -> Option<i32> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.0.get(..digits).filter(|_| (1..=most).contains(&digits))?.parse().ok()?;
        self.0 = &self.0[digits..];
        Some(number)
    }

    fn date(&mut self) -> Option<Date> {
        if self.0.bytes().take_while(u8::is_ascii_digit).count() != 4 {
            return None;
        }
        let year = self.number(4)?;
        let (mark, month_mark) = match self.0.chars().next()? {
            mark @ ('-' | '/' | '.') => (mark, mark),
            '年' => ('年', '月'),
            _ => return None,
        };
        self.0 = &self.0[mark.len_utf8()..];
        let month = self.number(2)?;
        self.0 = self.0.strip_prefix(month_mark)?;
        let day = self.number(2)?;
        if mark == '年' {
            self.0 = self.0.strip_prefix('日')?;
        }
        Date::new(year as i16, month as i8, day as i8).ok()
    }

    /// Decimals of a second, of which nine count.
    fn nanoseconds(&mut self) -> Option<i32> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let counted = self.0.get(..digits.min(9)).filter(|text| !text.is_empty())?;
        let number = counted.parse::<i32>().ok()? * 10i32.pow(9 - counted.len() as u32);
        self.0 = &self.0[digits..];
        Some(number)
    }

    /// The half of the day, if a word for it comes next: whether it is the second.
    fn half(&mut self) -> Option<bool> {
        HALVES.into_iter().find(|(word, _)| self.skip(&[word])).map(|(_, is_second)| is_second)
    }

    /// `Some(None)`: no offset comes next. `None`: what comes next is none.
    fn offset(&mut self) -> Option<Option<Offset>> {
        if self.0.is_empty() {
            return Some(None);
        }
        if self.skip(&["Z", "z"]) {
            return Some(Some(Offset::UTC));
        }
        let sign = if self.skip(&["+"]) {
            1
        } else if self.skip(&["-", "−"]) {
            -1
        } else {
            return None;
        };
        let digits = self.0.replace(':', "");
        let (hours, minutes) = digits.split_at_checked(2)?;
        let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i32>().ok().filter(|minutes| (0..60).contains(minutes))? };
        self.0 = "";
        Offset::from_seconds(sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60)).ok().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_of_exports() {
        let cases = [
            ("2026/9/1 8:05", "2026-09-01T08:05:00"),
            ("2026/9/1 8:05:06", "2026-09-01T08:05:06"),
            ("2026/09/01", "2026-09-01T00:00:00"),
            ("2026.9.1 8:05", "2026-09-01T08:05:00"),
            ("2026年9月1日 8:05", "2026-09-01T08:05:00"),
            ("2026年9月1日8时5分6秒", "2026-09-01T08:05:06"),
            ("2026-9-1 8:05:06.25", "2026-09-01T08:05:06.25"),
            ("2026/9/1 上午 8:05", "2026-09-01T08:05:00"),
            ("2026/9/1 下午3:05:06", "2026-09-01T15:05:06"),
            ("2026/9/1 3:05:06 PM", "2026-09-01T15:05:06"),
            ("2026/9/1 上午12:05", "2026-09-01T00:05:00"),
            ("2026/9/1 下午12:05", "2026-09-01T12:05:00"),
            ("2026/9/1 下午15:05", "2026-09-01T15:05:00"),
            ("2026-09-01 24:00:00", "2026-09-02T00:00:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(civil_time(text), Some((expected.parse().unwrap(), None)), "{text}");
        }
        let (at, offset) = civil_time("2026/9/1 8:05 +08:00").unwrap();
        assert_eq!((at.to_string(), offset), ("2026-09-01T08:05:00".to_owned(), Some(Offset::constant(8))));
    }

    #[test]
    fn what_is_no_time_is_none() {
        let texts = [
            "1/9/2026 8:05",
            "26/9/1",
            "2026/9/31",
            "2026/9/1 25:00",
            "2026/9/1 24:00:01",
            "2026-09/01",
            "2026/9/1 8:05x",
            "2026/9/1 8",
            "8:05",
        ];
        for text in texts {
            assert_eq!(civil_time(text), None, "{text}");
        }
    }
}
