//! Which days a run works on: those asked for, those that can still change with them, and how many are read together.

use super::service::instants;
use crate::calendar::Day;
use crate::error::Result;
use crate::facts;
use crate::ingest::{Orders, Records};
use crate::job::Plan;
use std::collections::BTreeSet;

/// Days read in one pass where the files are not cut by day.
const WINDOW: usize = 31;

/// Days that look back on one that is read: their credits may change with it.
pub(super) fn look_back(read: &BTreeSet<Day>, reported: impl Iterator<Item = Day>, plan: &Plan) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for day in reported {
        if read.range(plan.rules.widest.looks_back_to(&plan.calendar, day)?..=day).next().is_some() {
            days.insert(day);
        }
    }
    Ok(days)
}

/// Reported days with a payment or a refund whose order looks back on a day that is read: their credit may change with it.
pub(super) fn decided_after(
    (orders, records): (&Orders, &Records),
    read: &BTreeSet<Day>,
    reported: impl Iterator<Item = Day>,
    plan: &Plan,
) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for day in reported.filter(|day| !read.contains(day)) {
        for instant in instants(orders, records, plan, day)? {
            if facts::reply_days(&instant, &plan.calendar, &plan.rules.widest)?.any(|day| read.contains(&day)) {
                days.insert(day);
                break;
            }
        }
    }
    Ok(days)
}

/// Days to read together: one by one where files are cut by day, else as many as fit a pass.
pub(super) fn windows(asked: &BTreeSet<Day>, context: &BTreeSet<Day>, cut_by_day: bool) -> Vec<BTreeSet<Day>> {
    let days = asked.union(context).copied().collect::<Vec<_>>();
    days.chunks(if cut_by_day { 1 } else { WINDOW }).map(|days| days.iter().copied().collect()).collect()
}
