//! Opens a stretch: reads its input tables, and finds the published days that change with its own.

use super::days::{days_looking_back_on, days_with_orders_looking_back_on};
use super::stretch::{RunContext, StretchInputs};
use crate::config::{OnMissing, Plan};
use crate::error::{Error, Result};
use crate::freshness::DayWork;
use crate::ingest::{self, Orders, Reference};
use crate::model::InputTable;
use crate::publish::Manifest;
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// A stretch before its first stage. The fields are those of [`super::stretch::Days`].
pub(super) struct OpenedStretch {
    pub inputs: StretchInputs,
    pub read: BTreeSet<Day>,
    pub restated: BTreeSet<Day>,
    pub first_log: Option<Day>,
    /// Days that are left out because they have no file of orders, each with its error.
    pub failed: Vec<(Day, Error)>,
}

/// Reads all tables but the chat log, and adds to the days of `work` the published days whose sales look back on a day that is read.
/// `later`: days that later stretches work on. Errors: a table cannot be read or is refused.
pub(super) fn open(context: &RunContext, manifest: &Manifest, work: DayWork, later: &BTreeSet<Day>) -> Result<OpenedStretch> {
    let RunContext { plan, request, landed, .. } = *context;
    let published = manifest.reported();
    let failed = context.days_without_orders(&work.restate)?;
    let DayWork { mut read, restate: mut restated, .. } = work;
    let is_left = |day: &Day| failed.iter().any(|(left, _)| left == day);
    read.retain(|day| !is_left(day));
    restated.retain(|day| !is_left(day));
    let other_days = || {
        let may_change = |day: &Day| *day <= landed.through && !later.contains(day) && !context.older.contains(day) && !is_left(day);
        published.iter().copied().filter(may_change)
    };
    let mut looking_back = days_looking_back_on(&read, other_days(), plan)?;
    let is_kept = |day: &Day| context.kept.contains(day);
    let mut kept = looking_back.extract_if(.., is_kept).collect::<BTreeSet<_>>();
    restated.extend(looking_back);
    let first = restated.first().copied().unwrap_or(request.from);
    let mut requested = restated.range(request.from..=request.to).copied();
    let requested = requested.next().map(|first| (first, requested.next_back().unwrap_or(first)));
    // Of several days those without a file are left out already.
    let requested = requested.filter(|_| !context.is_for_several_days());
    let last = restated.last().copied().into_iter().chain(other_days()).max().unwrap_or(request.to);
    let until = plan.calendar.bounds(last.plus(plan.rules.widest.lookahead_days()))?.end;
    let orders = ingest::read_orders(plan, first, landed.through, until, requested)?;
    let records = ingest::read_records(plan, first, landed.through, orders.as_ref().and_then(Orders::origins))?;
    let audits = records.audits.iter().chain(orders.as_ref().map(|orders| &orders.audit));
    audits.into_iter().try_for_each(|audit| context.warn(audit.table.name(), None, &audit.all_warnings()))?;
    if let Some(orders) = &orders {
        let mut looking_back = days_with_orders_looking_back_on((orders, &records), &read, other_days(), plan)?;
        kept.extend(looking_back.extract_if(.., is_kept));
        restated.extend(looking_back);
    }
    context.warn_of_kept(&kept);
    if let Some(orders) = &orders {
        let looking_back = context.days_looking_back_on_lost((orders, &records), &restated)?;
        let kept = looking_back.into_iter().filter(|day| published.contains(day) && !read.contains(day)).collect::<BTreeSet<_>>();
        restated.retain(|day| !kept.contains(day));
        context.warn_of_unknown(&kept);
    }
    let first_log = first_log(plan, manifest)?;
    let reference = Reference::of(&records, plan.buyer_key.as_ref())?;
    Ok(OpenedStretch { inputs: StretchInputs { orders, records, reference }, read, restated, first_log, failed })
}

/// The first business day of the chat log that is there or was read once, if its path has a date. `None`: it is not known.
fn first_log(plan: &Plan, manifest: &Manifest) -> Result<Option<Day>> {
    if !plan.config.messages.is_dated() {
        return Ok(None);
    }
    let there = ingest::partition_range(plan)?.map(|(first, _)| first);
    let read = manifest.days.iter().find(|(_, record)| record.files > 0).map(|(day, _)| *day);
    Ok(there.into_iter().chain(read).min())
}

impl RunContext<'_> {
    /// Those of some days that have no file of orders although the run is asked for them and needs one, each with its error. A run for a single
    /// day fails with that error when it reads the orders. Errors: a partition of an input lies outside the calendar.
    fn days_without_orders(&self, days: &BTreeSet<Day>) -> Result<Vec<(Day, Error)>> {
        let RunContext { plan, request, freshness, landed, .. } = *self;
        let source = plan.source(InputTable::Orders).filter(|source| source.is_dated());
        let may_lack = plan.config.quality.on_missing == OnMissing::Empty || !self.is_for_several_days();
        let Some(source) = source.filter(|_| !may_lack) else { return Ok(Vec::new()) };
        let mut without = Vec::new();
        for day in days.range(request.from..=request.to).copied().filter(|day| *day <= landed.through) {
            let missing = ingest::partition_dates(plan, source, day, day)?.find(|date| !freshness.has_files(InputTable::Orders, *date));
            if let Some(date) = missing {
                let error = ingest::no_files(plan, InputTable::Orders, date)?;
                tracing::warn!(%day, error = %error.in_one_line(), "the day failed");
                without.push((day, error));
            }
        }
        Ok(without)
    }
}
