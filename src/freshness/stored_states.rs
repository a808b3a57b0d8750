//! Which days have their states: every state file that the manifest names is there, in its size, and not known to be damaged.

use crate::config::Plan;
use crate::error::Result;
use crate::publish::{Manifest, period_of};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// Parses an ISO date.
pub(super) fn parse(date: &str) -> Option<Day> {
    date.parse::<jiff::civil::Date>().ok().map(Day::from)
}

/// The date in the `dt=` part of a key.
fn date_in(key: &str) -> Option<Day> {
    parse(key.split('/').find_map(|part| part.strip_prefix("dt="))?)
}

/// The days whose states are stored. A day that only later days look back on counts as without them if a dead run may have replaced some.
/// Errors: the output cannot be listed.
pub(super) fn days_with_states(plan: &Plan, manifest: &Manifest) -> Result<BTreeSet<Day>> {
    let stored = plan.output.list("state")?;
    let sizes = stored.iter().map(|object| (object.key.as_str(), object.size())).collect::<BTreeMap<_, _>>();
    let mut lost = BTreeSet::new();
    for (key, record) in manifest.files.iter().filter(|(key, _)| key.starts_with("state/")) {
        let Some(day) = date_in(key) else { continue };
        let is_reported = || manifest.days.get(&day).is_some_and(|record| record.reported);
        let is_lost = match manifest.in_doubt.contains(key) {
            true => !is_reported(),
            false => manifest.damage.is_damaged(key) || sizes.get(key.as_str()) != Some(&record.bytes),
        };
        lost.extend(is_lost.then_some(day));
    }
    let persons = stored.iter().filter(|object| object.key.starts_with("state/chats/shop_persons/"));
    Ok(persons.filter_map(|object| date_in(&object.key)).filter(|day| !lost.contains(day)).collect())
}

/// The days with files, states aside, that the last publication may not have written completely, or that are damaged.
pub(super) fn interrupted_days(manifest: &Manifest) -> BTreeSet<Day> {
    let damaged = manifest.damage.damaged();
    let damaged = damaged.iter().filter(|key| !key.starts_with("state/"));
    manifest.in_doubt.iter().chain(damaged).filter(|key| period_of(key).is_none()).filter_map(|key| date_in(key)).collect()
}

/// The days whose chat states the last publication may not have written completely.
pub(super) fn chats_in_doubt(manifest: &Manifest) -> BTreeSet<Day> {
    manifest.in_doubt.iter().filter(|key| key.starts_with("state/chats/")).filter_map(|key| date_in(key)).collect()
}
