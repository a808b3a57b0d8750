//! The clock of the invented shops: Asia/Shanghai, as days, instants and text.
//!
//! A fixed offset will do: China has kept UTC+8 without summer time since 1992.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

use crate::error::{GenerateError, Result};

pub(super) const SHANGHAI: Offset = Offset::constant(8);
pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// Midnight in Shanghai at the start of `date`, in epoch milliseconds.
pub(super) fn midnight(date: Date) -> Result<i64> {
    let instant = SHANGHAI.to_timestamp(date.at(0, 0, 0, 0)).map_err(absurd)?;
    Ok(instant.as_millisecond())
}

/// The Shanghai day that holds an instant.
pub(super) fn day_of(instant: i64) -> Result<Date> {
    let instant = Timestamp::from_millisecond(instant).map_err(absurd)?;
    Ok(SHANGHAI.to_datetime(instant).date())
}

pub(super) fn days_after(date: Date, days: u32) -> Result<Date> {
    date.checked_add(i64::from(days).days()).map_err(absurd)
}

/// 20260901 for 2026-09-01: the day as it stands inside ids.
pub(super) fn compact(date: Date) -> u32 {
    let (year, month, day) = (date.year(), date.month(), date.day());
    u32::from(year.unsigned_abs()) * 10_000 + u32::from(month.unsigned_abs()) * 100 + u32::from(day.unsigned_abs())
}

/// The folder of a day, as partitioned logs have it.
pub(super) fn partition(date: Date) -> String {
    format!("date={date}")
}

pub(super) fn absurd(problem: jiff::Error) -> GenerateError {
    GenerateError::TimeOutOfRange(problem)
}
