//! Which days a run works on: those asked for, those that can still change with them, and how many are read together.

use super::service::instants;
use crate::calendar::Day;
use crate::error::Result;
use crate::facts;
use crate::ingest::{Orders, Records};
use crate::job::{Level, Plan};
use crate::metrics;
use crate::reports::Landed;
use std::collections::BTreeSet;

/// Days read in one pass where the files are not cut by day.
const WINDOW: usize = 31;

/// The days asked for; those whose delayed metrics were not final when the last run ended; and those that look back on a day asked for.
/// What waits longer than payments do changes nothing before it is final: such days are made again once, when they mature.
/// Days after what has landed are left as they are: with `--as-of` the user looks at an earlier state of things.
pub(super) fn restated(
    asked: &BTreeSet<Day>,
    reported: &BTreeSet<Day>,
    before: Option<Day>,
    landed: &Landed,
    plan: &Plan,
) -> Result<BTreeSet<Day>> {
    let (soon, late) = delays(landed, plan);
    let earlier = before.is_some_and(|before| landed.through < before);
    let mut restated = asked.clone();
    for day in reported.iter().filter(|day| !earlier && **day <= landed.through) {
        let matures = |before: Day| late.iter().any(|delay| before < day.plus(*delay) && day.plus(*delay) <= landed.through);
        let maturing = before.is_none_or(|before| day.plus(soon) > before || matures(before));
        let looks_back = asked.range(plan.rules.widest.looks_back_to(&plan.calendar, *day)?..=*day).next().is_some();
        if maturing || looks_back {
            restated.insert(*day);
        }
    }
    Ok(restated)
}

/// The longest delay up to that of payments, and those beyond it of metrics that have their inputs.
fn delays(landed: &Landed, plan: &Plan) -> (i32, BTreeSet<i32>) {
    let rules = &plan.rules.widest;
    let (mut soon, mut late) = (0, BTreeSet::new());
    for level in Level::ALL {
        for metric in metrics::of_level(level) {
            let delay = metrics::delay(metric, level, rules);
            if delay <= rules.final_pay_days as i32 {
                soon = delay.max(soon);
            } else if metrics::facts(metric, level, rules).into_iter().all(|fact| landed.has(fact)) {
                late.insert(delay);
            }
        }
    }
    (soon, late)
}

/// Reported days with a payment or a refund whose order looks back on a day asked for: their credit may change with it.
pub(super) fn decided_after(
    (orders, records): (&Orders, &Records),
    asked: &BTreeSet<Day>,
    reported: &BTreeSet<Day>,
    plan: &Plan,
    landed: &Landed,
) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for day in reported.iter().filter(|day| **day <= landed.through && !asked.contains(day)) {
        for instant in instants(orders, records, plan, *day)? {
            if facts::reply_days(&instant, &plan.calendar, &plan.rules.widest)?.any(|day| asked.contains(&day)) {
                days.insert(*day);
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
