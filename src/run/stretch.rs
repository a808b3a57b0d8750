//! A stretch: the days that a run reads, computes and publishes together, and what every stage of it receives.

use super::instants::instants;
use super::request::RunRequest;
use crate::config::Plan;
use crate::error::Result;
use crate::freshness::Freshness;
use crate::ingest::{Audit, Orders, Profile, Records, Reference};
use crate::metrics::Landed;
use crate::model::InputTable;
use crate::observability::RunRecorder;
use crate::publish::{Lease, Publisher};
use crate::state::StateStore;
use kefu_kernel::calendar::Day;
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};

/// What is the same for every stretch of a run.
pub(super) struct RunContext<'a> {
    /// The resolved pipeline.
    pub plan: &'a Plan,
    /// What the run is requested for.
    pub request: &'a RunRequest,
    /// The present state of inputs, rules and output.
    pub freshness: &'a Freshness<'a>,
    /// The last landed day, and the configured input tables.
    pub landed: &'a Landed,
    /// Where the run notes what it does.
    pub recorder: &'a RunRecorder,
    /// The lease on the output root.
    pub lease: &'a Lease,
    /// Days that nights before this run have missed and that it makes too.
    pub missed: &'a BTreeSet<Day>,
    /// Whether the run is asked for the whole output. It then puts the output under the calendar of the pipeline.
    pub covers_output: bool,
    /// Days that an older version or other rules computed and that this run leaves as they are, with the periods that hold one.
    pub older: &'a BTreeSet<Day>,
    /// Published days whose sales cannot be computed again, because an input that they need is gone.
    pub kept: &'a BTreeSet<Day>,
    /// Days whose message files are gone.
    pub without_messages: &'a BTreeSet<Day>,
    /// Those among them whose states are lost, too: nothing can make them again.
    pub lost: &'a BTreeSet<Day>,
    /// Whether the run reads days that it was not asked for.
    pub reads_others: bool,
    /// Day → chat lines and the profile of its messages, for the days that were published before this run.
    pub history: &'a BTreeMap<Day, (i64, Option<Profile>)>,
}

impl RunContext<'_> {
    /// Whether the run is asked for several days, missed ones among them, so that one without orders does not stop the others.
    pub(super) fn is_for_several_days(&self) -> bool {
        self.request.from < self.request.to || !self.missed.is_empty() || self.request.repair.is_some()
    }
}

/// All input tables of a stretch but the chat log. They are read once.
pub(super) struct StretchInputs {
    /// `None` if the pipeline has no orders, or once the sales are computed.
    pub orders: Option<Orders>,
    /// Every other input table, as frames.
    pub records: Records,
    /// Shops, staff and the blocklist of `records`, by key.
    pub reference: Reference,
}

/// What a stage receives. A stage changes none of it: it returns what it finds out, stages the tables that it computes, and stores states.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    /// What is the same for the whole run.
    pub context: &'a RunContext<'a>,
    /// The input tables.
    pub inputs: &'a StretchInputs,
    /// The states of all days, staged ones included.
    pub states: &'a StateStore,
    /// Where tables are staged.
    pub publisher: &'a Publisher,
    /// The days and what is known of them.
    pub days: Days<'a>,
}

/// The days of a stretch, as far as they are known before a stage.
#[derive(Clone, Copy)]
pub(super) struct Days<'a> {
    /// Days that have been published before this stretch.
    pub published: &'a BTreeSet<Day>,
    /// Days whose chats are read in this stretch.
    pub read: &'a BTreeSet<Day>,
    /// Days whose sales and reports are computed: those that are read, and those that change with them.
    pub restated: &'a BTreeSet<Day>,
    /// Days that later stretches of the run work on. A period that contains one is left to its stretch.
    pub later: &'a BTreeSet<Day>,
    /// Days whose chat states are stored.
    pub with_chat_states: &'a BTreeSet<Day>,
    /// The first day of the chat log, as far as it is known.
    pub first_log: Option<Day>,
}

impl Stretch<'_> {
    /// Whether the pipeline has orders.
    pub(super) fn has_orders(&self) -> bool {
        self.context.plan.source(InputTable::Orders).is_some()
    }

    /// The orders, if the pipeline has any.
    pub(super) fn orders(&self) -> Option<&Orders> {
        self.inputs.orders.as_ref()
    }

    /// Days that can be reported once this stretch is published.
    pub(super) fn reportable_days(&self) -> BTreeSet<Day> {
        self.days.published.union(self.days.restated).filter(|day| self.days.with_chat_states.contains(day)).copied().collect()
    }

    /// The audit of every input table but messages and orders.
    pub(super) fn audits(&self) -> impl Iterator<Item = &Audit> {
        self.inputs.records.audits.iter()
    }

    /// The instants of a day for which candidates of attribution are needed. See [`super::instants::instants`].
    pub(super) fn instants(&self, day: Day) -> Result<DataFrame> {
        instants(self.orders(), &self.inputs.records, self.context.plan, day)
    }
}
