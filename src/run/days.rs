//! Which days a run works on: the requested ones, those that change with them, and how many are read together.

use super::instants::instants;
use crate::config::Plan;
use crate::error::Result;
use crate::facts;
use crate::ingest::{Orders, Records};
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// Days read in one pass over the files if these are not partitioned by day.
const READ_WINDOW: usize = 31;

/// Those of some `candidates` whose lookback contains a day that is read. Their credits may change with it.
pub(super) fn days_looking_back_on(read: &BTreeSet<Day>, candidates: impl Iterator<Item = Day>, plan: &Plan) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for day in candidates {
        if read.range(plan.rules.widest.lookback_start(&plan.calendar, day)?..=day).next().is_some() {
            days.insert(day);
        }
    }
    Ok(days)
}

/// Those of some `candidates` that have a payment or a refund whose order looks back on a day that is read. Their credits may change with it.
pub(super) fn days_with_orders_looking_back_on(
    (orders, records): (&Orders, &Records),
    read: &BTreeSet<Day>,
    candidates: impl Iterator<Item = Day>,
    plan: &Plan,
) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for day in candidates.filter(|day| !read.contains(day)) {
        let instants = instants(Some(orders), records, plan, day)?;
        if facts::reply_days(&instants, &plan.calendar, &plan.rules.widest)?.iter().any(|day| read.contains(day)) {
            days.insert(day);
        }
    }
    Ok(days)
}

/// Groups days to be read together: one at a time if the files are partitioned by day, otherwise as many as one pass takes.
/// `looked_back_on`: days that are read only because others look back on them.
pub(super) fn windows(requested: &BTreeSet<Day>, looked_back_on: &BTreeSet<Day>, is_partitioned: bool) -> Vec<BTreeSet<Day>> {
    let days = requested.union(looked_back_on).copied().collect::<Vec<_>>();
    days.chunks(if is_partitioned { 1 } else { READ_WINDOW }).map(|days| days.iter().copied().collect()).collect()
}
