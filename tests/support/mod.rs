//! What every test needs: a given log as files, the pipeline run on it, its tables read back, the oracle beside them.

pub(crate) mod agreement;
pub(crate) mod company;
pub(crate) mod compare;
pub(crate) mod emulators;
pub(crate) mod example;
pub(crate) mod exposition;
pub(crate) mod faulty;
pub(crate) mod gcs;
pub(crate) mod given;
pub(crate) mod http;
pub(crate) mod listener;
pub(crate) mod manifest;
pub(crate) mod nasty;
pub(crate) mod output;
pub(crate) mod place;
pub(crate) mod proxy;
pub(crate) mod scratch;
pub(crate) mod script;
pub(crate) mod service;
pub(crate) mod sheet;
pub(crate) mod tables;
pub(crate) mod world;

use crate::oracle;

/// The UTC instant of a wall-clock time given as ms after midnight of a day, where the zone is `offset_ms` ahead.
pub(crate) fn instant(day: i64, clock_ms: i64, offset_ms: i64) -> i64 {
    day * oracle::DAY_MS + clock_ms - offset_ms
}

/// `2026-09-01` as days since 1970-01-01.
pub(crate) fn day(date: &str) -> i64 {
    let [year, month, day] = [0, 1, 2].map(|part| date.split('-').nth(part).unwrap().parse().unwrap());
    oracle::epoch_day(year, month, day)
}

/// Days since 1970-01-01 as `2026-09-01`.
pub(crate) fn date(day: i64) -> String {
    let (year, month, day) = oracle::date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}
