//! Wall times without an offset in the two odd hours of a year: the one that the clocks leave out, and the one that they show twice.

use arrow::array::{Array, Int64Array};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use std::ops::Range;

/// The times accepted, in UTC ms: from 2000-01-01 until 2100-01-01. A time outside is an error of the source.
pub(super) const TIMES: Range<i64> = 946_684_800_000..4_102_444_800_000;

/// What a time means that could be read. Instants are in UTC ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// An instant.
    Once(i64),
    /// A wall time that the clocks show twice: its first and its second instant.
    Twice(i64, i64),
    /// A wall time that the clocks never show.
    Never,
}

impl Reading {
    /// What a wall time means in a zone; `None` if it is out of any range.
    pub(super) fn of(at: DateTime, zone: &TimeZone) -> Option<Reading> {
        let instant = |offset: Offset| Some(offset.to_timestamp(at).ok()?.as_millisecond());
        match zone.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } => instant(offset).map(Reading::Once),
            AmbiguousOffset::Fold { before, after } => Some(Reading::Twice(instant(before)?, instant(after)?)),
            AmbiguousOffset::Gap { .. } => Some(Reading::Never),
        }
    }

    /// The first instant; `None` if there is none.
    pub(super) fn first(self) -> Option<i64> {
        match self {
            Reading::Once(at) | Reading::Twice(at, _) => Some(at),
            Reading::Never => None,
        }
    }
}

/// The wall time that so many ms since 1970 show in UTC.
pub(super) fn wall_time(ms: i64) -> Option<DateTime> {
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(TimeZone::UTC).datetime())
}

/// Whether the clocks of a zone ever show an hour twice.
pub(super) fn repeats_hours(zone: &TimeZone) -> bool {
    let [start, end] = [TIMES.start, TIMES.end].map(jiff::Timestamp::from_millisecond);
    let (Ok(start), Ok(end)) = (start, end) else { return false };
    let mut offset = zone.to_offset(start);
    let mut changes = zone.following(start).take_while(|change| change.timestamp() < end);
    changes.any(|change| std::mem::replace(&mut offset, change.offset()) > change.offset())
}

/// The instant of the last row of a column so far. It tells which instant a wall time means that the clocks show twice: the one that keeps the
/// file in order.
pub(super) struct RowBefore {
    at: Option<i64>,
    newest_first: bool,
}

impl RowBefore {
    /// Before the first row of a file.
    pub(super) fn new(newest_first: bool) -> RowBefore {
        RowBefore { at: None, newest_first }
    }

    /// The instants of the next rows. `instants` has the first instant of each wall time that the clocks show twice, and `seconds` the second
    /// ones by row, in the order of the rows.
    pub(super) fn settle(&mut self, instants: Int64Array, seconds: &[(usize, i64)]) -> Int64Array {
        if seconds.is_empty() {
            let is_known = |row: &usize| instants.is_valid(*row) && TIMES.contains(&instants.value(*row));
            self.at = (0..instants.len()).rev().find(is_known).map(|row| instants.value(row)).or(self.at);
            return instants;
        }
        let mut seconds = seconds.iter().copied().peekable();
        let mut settled = Vec::with_capacity(instants.len());
        for (row, first) in instants.iter().enumerate() {
            let second = seconds.next_if(|(index, _)| *index == row).map(|(_, second)| second);
            let at = first.zip(second).map(|(first, second)| self.choose(first, second)).or(first);
            self.at = at.filter(|at| TIMES.contains(at)).or(self.at);
            settled.push(at);
        }
        Int64Array::from(settled)
    }

    /// The instant of the two that comes next after the row before; the first one where neither does, or no row is before.
    fn choose(&self, first: i64, second: i64) -> i64 {
        match self.at {
            Some(before) if self.newest_first && second <= before => second,
            Some(before) if !self.newest_first && first < before && before <= second => second,
            _ => first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_that_change_their_clocks_repeat_hours() {
        let repeats = |name: &str| repeats_hours(&TimeZone::get(name).unwrap());
        assert!(repeats("America/New_York") && repeats("Europe/Berlin") && repeats("Australia/Lord_Howe"));
        assert!(!repeats("Asia/Shanghai") && !repeats("UTC") && !repeats("Asia/Tokyo"));
    }

    #[test]
    fn a_reading_follows_the_row_before() {
        let settled = |newest_first: bool, rows: &[(Option<i64>, Option<i64>)]| {
            let (hour, noon) = (3_600_000, 1_800_000_000_000);
            let instants = rows.iter().map(|(at, _)| at.map(|at| noon + at * hour)).collect::<Int64Array>();
            let seconds = rows.iter().enumerate().filter_map(|(row, (_, second))| Some((row, noon + (*second)? * hour)));
            let settled = RowBefore::new(newest_first).settle(instants, &seconds.collect::<Vec<_>>());
            settled.iter().map(|at| at.map(|at| (at - noon) / hour)).collect::<Vec<_>>()
        };
        let (plain, twice) = (|at| (Some(at), None), |first, second| (Some(first), Some(second)));
        assert_eq!(settled(false, &[twice(3, 5), twice(2, 4), (None, None), twice(3, 5)]), [Some(3), Some(4), None, Some(5)]);
        assert_eq!(settled(false, &[plain(6), twice(2, 4)]), [Some(6), Some(2)], "neither is in order: the first");
        assert_eq!(settled(true, &[plain(6), twice(3, 5), twice(2, 4), twice(3, 5)]), [Some(6), Some(5), Some(4), Some(3)]);
        assert_eq!(settled(true, &[twice(3, 5), plain(1), twice(2, 4)]), [Some(3), Some(1), Some(2)]);
    }
}
