//! Published files that are found damaged: their days are made again, or stay as published. What can be neither is refused by name.

use crate::config::Plan;
use crate::error::{Error, Kind, Result};
use crate::freshness::Freshness;
use crate::parallel;
use crate::publish::Manifest;
use crate::staging::{DamageCheck, FileRecord, hash_file};
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// How often a run begins anew because it has found damaged files. Each time all states are looked through, so that once is enough unless the
/// disk is about to fail.
pub(super) const ATTEMPTS: usize = 4;
/// Damaged files that one error names.
const NAMED: usize = 5;

/// Says which files a read has found damaged, and looks through the states of all other days at once, so that the run begins anew only once.
/// Errors: the output cannot be read; a partition of an input lies outside the calendar.
pub(super) fn look_through(plan: &Plan, manifest: &Manifest, freshness: &Freshness, damage: &DamageCheck) -> Result<()> {
    let known = damage.damaged();
    let states = manifest.files.iter().filter(|(key, _)| key.starts_with("state/"));
    let states = states.filter(|(key, _)| !known.contains(*key) && !manifest.in_doubt.contains(*key)).collect::<Vec<_>>();
    let read = |(key, record): &(&String, &FileRecord), emit: &mut dyn FnMut(Option<String>) -> Result<()>| {
        let found = hash_file(&plan.output, key)?;
        emit(found.is_none_or(|(found, _)| found != record.sha256).then(|| (*key).clone()))
    };
    let mut others = BTreeSet::new();
    parallel::for_each_ordered(&states, parallel::workers(), read, |key| {
        others.extend(key);
        Ok(())
    })?;
    let without_messages = freshness.days_without_messages(manifest)?;
    for key in known.iter().chain(&others) {
        let is_lost = key.starts_with("state/") && day_of(key).is_some_and(|day| without_messages.contains(&day));
        let fate = if is_lost { "the messages of its day are gone, too" } else { "it is made again" };
        tracing::warn!(file = %plan.output.describe(key), "a published file is gone or damaged: {fate}");
    }
    damage.note(others);
    Ok(())
}

/// Refuses a run that has to make a damaged period again and cannot: the states of a day of it are lost, and its message files are gone. A period
/// that is whole stays as published instead. `lost`: all such days; `is_waived`: periods may come without them.
/// Errors: there is such a period.
pub(super) fn refuse_lost(plan: &Plan, freshness: &Freshness, manifest: &Manifest, lost: &BTreeSet<Day>, is_waived: bool) -> Result<()> {
    let lost = if is_waived { BTreeSet::new() } else { freshness.lost_in_damaged_periods(manifest, lost) };
    if lost.is_empty() {
        return Ok(());
    }
    let days = lost.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let why = format!("a damaged period cannot be made again: the states of {days} are missing or damaged, and the message files are gone");
    let damaged = manifest.damage.damaged();
    let named = damaged.iter().take(NAMED);
    let error = named.fold(Error::new(Kind::Refused, why), |error, file| error.with("file", plan.output.describe(file)));
    Err(error.with("output", plan.output.name()).hint(
        "put back the files of these days below state/ from a copy, or their message files, and run again; with --force a backfill over all days publishes the longer periods without them",
    ))
}

/// The day of a key.
fn day_of(key: &str) -> Option<Day> {
    let (_, rest) = key.split_once("/dt=")?;
    rest.split('/').next()?.parse::<jiff::civil::Date>().ok().map(Day::from)
}
