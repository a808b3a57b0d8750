//! The clock of the invented shops, which is that of Asia/Shanghai: days, instants and the text they are written as.
//!
//! A fixed offset is enough, because China has kept UTC+8 without summer time since 1992.
//! Instants and durations are in milliseconds; instants count from the Unix epoch.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

use crate::error::{GenerateError, GenerateResult};

/// The offset of Shanghai from UTC.
pub(crate) const SHANGHAI: Offset = Offset::constant(8);
/// One second in milliseconds.
pub(crate) const SECOND: i64 = 1_000;
/// One minute in milliseconds.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// One hour in milliseconds.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// One day in milliseconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// The midnight in Shanghai with which `date` begins, in epoch milliseconds.
pub(crate) fn midnight(date: Date) -> GenerateResult<i64> {
    let instant = SHANGHAI.to_timestamp(date.at(0, 0, 0, 0)).map_err(GenerateError::TimeOutOfRange)?;
    Ok(instant.as_millisecond())
}

/// The Shanghai day that an instant in epoch milliseconds lies in.
pub(crate) fn day_of(instant: i64) -> GenerateResult<Date> {
    let instant = Timestamp::from_millisecond(instant).map_err(GenerateError::TimeOutOfRange)?;
    Ok(SHANGHAI.to_datetime(instant).date())
}

/// The day that comes `days` days after `date`.
pub(crate) fn days_after(date: Date, days: u32) -> GenerateResult<Date> {
    date.checked_add(i64::from(days).days()).map_err(GenerateError::TimeOutOfRange)
}

/// The day as eight digits, as ids carry it: 20260901 for 2026-09-01.
pub(crate) fn day_number(date: Date) -> u32 {
    let (year, month, day) = (date.year(), date.month(), date.day());
    u32::from(year.unsigned_abs()) * 10_000 + u32::from(month.unsigned_abs()) * 100 + u32::from(day.unsigned_abs())
}

/// The name of a day's folder in logs that are partitioned by day: `date=2026-09-01`.
pub(crate) fn day_folder(date: Date) -> String {
    format!("date={date}")
}
