//! Which orders are known: a chat is an inquiry only if no order of the days before it says otherwise, so a period whose order history begins
//! too late, or lacks a file, is not complete.

use crate::config::{OnMissing, Plan};
use crate::error::Result;
use crate::fingerprints::TableFingerprints;
use crate::ingest;
use crate::model::InputTable;
use crate::publish::OrdersRead;
use kefu_kernel::calendar::{Day, Span};
use std::collections::BTreeSet;

/// What is known of the orders of a pipeline, now or from earlier runs.
pub(super) enum KnownOrders {
    /// The pipeline has no orders.
    None,
    /// Orders with a date in their path.
    DatedPartitions {
        /// DatedPartitions that have a file now.
        now: BTreeSet<Day>,
        /// DatedPartitions that have a file now or had one when a run read it.
        ever: BTreeSet<Day>,
    },
    /// Orders without, in files that hold all days.
    Since {
        /// The business day of the earliest order in the files as they are now.
        now: Option<Day>,
        /// The same of all that any run has read.
        ever: Option<Day>,
    },
}

impl KnownOrders {
    /// `files`: the fingerprints of the orders; `read`: what earlier runs have read.
    pub(super) fn of(plan: &Plan, files: Option<&TableFingerprints>, read: &OrdersRead) -> KnownOrders {
        let (Some(source), Some(files)) = (plan.source(InputTable::Orders), files) else { return KnownOrders::None };
        if source.is_dated() {
            let now = files.days().collect::<BTreeSet<_>>();
            let ever = now.union(&read.partitions()).copied().collect();
            return KnownOrders::DatedPartitions { now, ever };
        }
        // No order is paid before it is created, so the first day with rows is that of a creation.
        let now = files.days().next();
        KnownOrders::Since { now, ever: now.into_iter().chain(read.since()).min() }
    }

    /// Whether the orders that a period needs are known. `landed`: the last landed day.
    /// Errors: a partition lies outside the calendar.
    pub(super) fn cover(&self, plan: &Plan, landed: Day, span: Span) -> Result<bool> {
        let KnownOrders::Since { ever, .. } = self else { return Ok(self.missing(plan, landed, span)?.is_empty()) };
        let first = first_needed(plan, span);
        Ok(first == span.first || ever.is_some_and(|since| since < first))
    }

    /// The partitions that a period needs, from `after_sale_days` before it to `final_pay_days` after it as far as they have landed, and that
    /// no run could ever read. A quiet day lacks nothing. Errors: a partition lies outside the calendar.
    pub(super) fn missing(&self, plan: &Plan, landed: Day, span: Span) -> Result<BTreeSet<Day>> {
        let (KnownOrders::DatedPartitions { ever, .. }, Some(source)) = (self, plan.source(InputTable::Orders)) else {
            return Ok(BTreeSet::new());
        };
        let first = first_needed(plan, span);
        let last = span.last.plus(plan.rules.widest.final_pay_days as i32).min(landed);
        if first > last || plan.config.quality.on_missing == OnMissing::Empty {
            return Ok(BTreeSet::new());
        }
        Ok(ingest::partition_dates(plan, source, first, last)?.filter(|date| !ever.contains(date)).collect())
    }

    /// Notes what a run has read that looked at partitions of business days `first..=last`.
    /// Errors: a partition lies outside the calendar.
    pub(super) fn note(&self, plan: &Plan, (first, last): (Day, Day), read: &mut OrdersRead) -> Result<()> {
        match (self, plan.source(InputTable::Orders)) {
            (KnownOrders::DatedPartitions { now, .. }, Some(source)) if first <= last => {
                let dates = ingest::read_dates(plan, source, first, last)?;
                read.add_partitions(now.range(dates).copied());
            }
            (KnownOrders::Since { now: Some(day), .. }, _) => read.add_since(*day),
            _ => {}
        }
        Ok(())
    }
}

/// The first business day whose orders a period needs.
fn first_needed(plan: &Plan, span: Span) -> Day {
    span.first.plus(-(plan.rules.widest.after_sale_days as i32))
}
