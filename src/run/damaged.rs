//! Published files that are found damaged: their days are made again, or refused by name.

use super::request::RunRequest;
use crate::config::Plan;
use crate::error::{Error, Kind, Result};
use crate::freshness::{DayWork, Freshness};
use crate::parallel;
use crate::publish::Manifest;
use crate::staging::{DamageCheck, FileRecord, hash_file};
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// How often a run begins anew because it has found damaged files. Each time all states are looked through, so that once is enough unless the
/// disk is about to fail.
pub(super) const ATTEMPTS: usize = 4;

/// Says which files a read has found damaged, and looks through the states of all other days at once, so that the run begins anew only once.
/// Days whose message files are gone are passed over: unless this run needs them, they are no concern of it.
/// Errors: the output cannot be read.
pub(super) fn look_through(plan: &Plan, manifest: &Manifest, freshness: &Freshness, damage: &DamageCheck) -> Result<()> {
    let known = damage.damaged();
    let can_be_made = |key: &str| day_of(key).map_or(Ok(false), |day| freshness.has_vanished(manifest, day).map(|is_gone| !is_gone));
    let mut states = Vec::new();
    for (key, record) in manifest.files.iter().filter(|(key, _)| key.starts_with("state/")) {
        if !known.contains(key) && !manifest.in_doubt.contains(key) && can_be_made(key)? {
            states.push((key, record));
        }
    }
    let read = |(key, record): &(&String, &FileRecord), emit: &mut dyn FnMut(Option<String>) -> Result<()>| {
        let found = hash_file(&plan.output, key)?;
        emit(found.is_none_or(|(found, _)| found != record.sha256).then(|| (*key).clone()))
    };
    let mut others = BTreeSet::new();
    parallel::for_each_ordered(&states, parallel::workers(), read, |key| {
        others.extend(key);
        Ok(())
    })?;
    for key in known.iter().chain(&others) {
        tracing::warn!(file = %plan.output.describe(key), "a published file is gone or damaged: it is made again");
    }
    damage.note(others);
    Ok(())
}

/// Refuses a run that needs the states of a day whose states are lost and whose message files are gone: its periods would come without the day.
/// Errors: there is such a day, and the run is not forced.
pub(super) fn refuse_lost(plan: &Plan, freshness: &Freshness, manifest: &Manifest, work: &DayWork, request: &RunRequest) -> Result<()> {
    let damaged = manifest.damage.damaged();
    let states = damaged.iter().filter(|key| key.starts_with("state/"));
    // A day that only others look back on is not among those that the work reads.
    let needed = states.filter_map(|key| day_of(key)).chain(work.read.iter().copied()).collect();
    let lost = if request.force { BTreeSet::new() } else { freshness.lost_for_good(manifest, &needed)? };
    if lost.is_empty() {
        return Ok(());
    }
    let days = lost.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let error = Error::new(Kind::Refused, format!("the states of {days} are missing or damaged, and the message files are gone"));
    let is_of = |key: &&String| lost.iter().any(|day| key.contains(&format!("/dt={day}/")));
    let named = damaged.iter().find(is_of).map(|key| plan.output.describe(key));
    let error = named.into_iter().fold(error, |error, file| error.with("file", file));
    Err(error.with("output", plan.output.name()).hint(
        "put back the files of these days below state/ from a copy, or their message files, and run again; with --force a backfill over all days publishes the longer periods without them",
    ))
}

/// The day of a key.
fn day_of(key: &str) -> Option<Day> {
    let (_, rest) = key.split_once("/dt=")?;
    rest.split('/').next()?.parse::<jiff::civil::Date>().ok().map(Day::from)
}
