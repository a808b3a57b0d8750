//! A run on one page. [`run`] finds the days that are due and takes them in stretches; [`run_stretch`] takes one stretch through the stages
//! read → sales → reports → judgements → publish. A stage changes none of its arguments. The tables and states that it computes wait in the
//! staging area until `publish` puts all files of the stretch into place.

use super::damaged::{self, ATTEMPTS};
use super::inputs::{self, OpenedStretch};
use super::missed::{self, missed_days};
use super::outcome::RunOutcome;
use super::publication;
use super::request::RunRequest;
use super::stretch::{Days, RunContext, Stretch};
use crate::config::Plan;
use crate::error::{Error, Kind, Result};
use crate::freshness::{DaySelection, DayWork, Freshness, MissedDays, SEMANTICS_VERSION};
use crate::memory;
use crate::metrics::Landed;
use crate::model::InputTable;
use crate::observability::{RunRecord, RunRecorder};
use crate::plan_view::PlanView;
use crate::progress::Progress;
use crate::publish::{DayRecord, Lease, Manifest, OutputCalendar, Publisher};
use crate::staging;
use crate::staging::{DamageCheck, StagingArea};
use crate::state::StateStore;
use crate::store::probe;
use kefu_kernel::calendar::{Day, Span};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Days of a stretch. A backfill that is stopped keeps the stretches that it has published.
const STRETCH: usize = 8;
/// Days of a stretch if the message files are not partitioned by day, because then each stretch reads all of them.
const STRETCH_UNPARTITIONED: usize = 31;

/// Runs a pipeline for a range of days and publishes every report that follows from them.
/// Errors: a stage fails; nothing of its stretch is published.
pub fn run(plan: &Plan, request: &RunRequest) -> Result<RunRecord> {
    let recorder = RunRecorder::new(request.started);
    run_recorded(plan, request, &recorder)?;
    Ok(recorder.finish(None))
}

/// Runs as [`run`] does and notes in the recorder what it does, so that a run that fails has a record too.
pub fn run_recorded(plan: &Plan, request: &RunRequest, recorder: &RunRecorder) -> Result<()> {
    memory::configure_allocator(request.memory);
    recorder.record_plan(plan);
    let lease = open_output(plan, request, recorder)?;
    let ended = run_leased(plan, request, recorder, &lease);
    if let Err(error) = &ended {
        missed::note_failure(plan, request, &lease, error);
    }
    ended
}

/// Takes the lease of the output, removes what dead runs have left staged, and tries the output with real requests.
/// Errors: another run holds the lease; the output cannot be written.
fn open_output(plan: &Plan, request: &RunRequest, recorder: &RunRecorder) -> Result<Lease> {
    staging::sweep_temporary();
    let lease = || Lease::acquire(&plan.output, &recorder.run_id(), &request.lease);
    if plan.output.folder().is_none() {
        probe::probe_output(&plan.output)?;
        return lease();
    }
    // What a dead run has staged may be what fills the disk, so it goes before the probe writes.
    let lease = lease()?;
    staging::sweep(&plan.output);
    probe::probe_output(&plan.output)?;
    Ok(lease)
}

/// Runs the days that are due. If a published file is found damaged on the way, the run begins anew, and the days and periods of such files are
/// among those that are due. Errors: those of [`run_recorded`].
fn run_leased(plan: &Plan, request: &RunRequest, recorder: &RunRecorder, lease: &Lease) -> Result<()> {
    let damage = Arc::new(DamageCheck::of(request.repair.clone().unwrap_or_default()));
    for _ in 1..ATTEMPTS {
        let known = damage.found();
        match attempt(plan, request, recorder, lease, &damage) {
            Err(error) if damage.found() > known && !matches!(error.kind(), Kind::Interrupted(_)) => {
                let manifest = Manifest::load(&plan.output)?;
                let freshness = Freshness::gather(plan, &manifest, landed(plan, &manifest, request.to, request.as_of))?;
                damaged::look_through(plan, &manifest, &freshness, &damage)?;
            }
            ended => return ended,
        }
    }
    attempt(plan, request, recorder, lease, &damage)
}

/// Runs the days that are due, stretch by stretch. Errors: those of [`run_recorded`]; a published file is not what was published.
fn attempt(plan: &Plan, request: &RunRequest, recorder: &RunRecorder, lease: &Lease, damage: &Arc<DamageCheck>) -> Result<()> {
    let mut manifest = Manifest::load(&plan.output)?;
    manifest.damage = Arc::clone(damage);
    manifest.delete_orphans(&plan.output)?;
    let landed = landed(plan, &manifest, request.to, request.as_of);
    recorder.update(|record| {
        (record.from, record.to, record.landed) = (request.from.to_string(), request.to.to_string(), landed.through.to_string());
    });
    let freshness = Freshness::gather(plan, &manifest, landed.clone())?;
    let missed = missed_days(&freshness, &manifest, request)?;
    let (work, stale_spans) = match request.repair {
        None => (freshness.work(&manifest, (request.from, request.to), request.only, &missed.made)?, freshness.stale_spans(&manifest)?),
        Some(_) => (freshness.repair_work(&manifest)?, freshness.damaged_spans(&manifest)),
    };
    refuse_mixed(plan, &manifest, &work, request)?;
    refuse_other_calendar(plan, &freshness, &manifest, &work, request)?;
    let covers_output = freshness.covers_output(&manifest, (request.from, request.to), &work);
    let without_messages = freshness.days_without_messages(&manifest)?;
    let lost = freshness.lost_for_good(&without_messages);
    damaged::refuse_lost(plan, &freshness, &manifest, &lost, request.force && covers_output)?;
    let has_strays = covers_output && !OutputCalendar::of(plan).strays(manifest.files.keys())?.is_empty();
    let is_damaged = !damage.damaged().is_empty();
    let mut carried =
        CarriedOver { stale_spans, with_chat_states: freshness.days_with_chat_states(&manifest)?, missing_orders: BTreeSet::new() };
    let reported = manifest.days.iter().filter(|(_, record)| record.reported);
    let profile_of = |record: &DayRecord| record.profile.clone().filter(|_| record.semantics == SEMANTICS_VERSION);
    let history = reported.map(|(day, record)| (*day, (record.rows, profile_of(record)))).collect();
    let context = RunContext {
        plan,
        request,
        freshness: &freshness,
        landed: &landed,
        recorder,
        lease,
        missed: &missed.made,
        covers_output,
        older: &work.staying(),
        kept: &work.kept(),
        without_messages: &without_messages,
        lost: &lost,
        reads_others: work.read.iter().any(|day| *day < request.from || request.to < *day),
        history: &history,
    };
    warn_of_days(&context, &missed, &work);
    let mut outcome = RunOutcome { failed: context.refusals(&work) };
    context.end_stage("plan");
    outcome.failed.extend(run_stretches(&context, &work, &mut carried, &mut manifest, has_strays || is_damaged)?);
    context.warn_of_missing_orders(&carried.missing_orders)?;
    lease.check()?;
    manifest.finish(&plan.output)?;
    outcome.into_result(plan, request, &missed.made, recorder)
}

/// Runs the days of a run stretch by stretch, and returns those that failed. `always`: the first stretch has something to do even without days,
/// to withdraw what no longer belongs or to make damaged tables without a date. Errors: those of [`run_stretch`].
fn run_stretches(
    context: &RunContext,
    work: &DayWork,
    carried: &mut CarriedOver,
    manifest: &mut Manifest,
    always: bool,
) -> Result<Vec<(Day, Error)>> {
    let days = work.read.union(&work.restate).copied().collect::<Vec<_>>();
    let (progress, damage, mut failed) = (Progress::new(work.read.len()), Arc::clone(&manifest.damage), Vec::new());
    for (index, places) in stretches(context.plan, days.len()).enumerate() {
        let later = days[places.end..].iter().copied().collect::<BTreeSet<_>>();
        let in_stretch = |all: &BTreeSet<Day>| days[places.clone()].iter().filter(|day| all.contains(day)).copied().collect();
        let own = DayWork { read: in_stretch(&work.read), restate: in_stretch(&work.restate), ..DayWork::default() };
        // The first stretch may have no days and still has to report the periods that an earlier run did not reach.
        if own.restate.is_empty() && (index > 0 || carried.stale_spans.is_empty() && !always) {
            continue;
        }
        let (before, found) = (context.recorder.snapshot(), damage.found());
        let of_stretch = run_stretch(context, own, &later, carried, manifest, &progress);
        if damage.found() > found {
            context.recorder.rewind(before);
        }
        failed.extend(of_stretch?);
    }
    progress.end();
    Ok(failed)
}

/// What one stretch hands over to the next.
struct CarriedOver {
    /// Periods whose reports are stale and that no stretch has reported yet.
    stale_spans: BTreeSet<Span>,
    /// Days whose chat states are stored.
    with_chat_states: BTreeSet<Day>,
    /// Partitions of orders without which periods reported so far are not complete.
    missing_orders: BTreeSet<Day>,
}

/// Runs one stretch and publishes it. Returns the days that failed; the other days are published. `later`: days of later stretches.
/// Errors: a failure that does not concern a single day, or a damaged file; nothing of the stretch is published.
fn run_stretch(
    context: &RunContext,
    work: DayWork,
    later: &BTreeSet<Day>,
    carried: &mut CarriedOver,
    manifest: &mut Manifest,
    progress: &Progress,
) -> Result<Vec<(Day, Error)>> {
    let opened = inputs::open(context, manifest, work, later).map_err(|e| e.during("reading the tables beside the chats"))?;
    let OpenedStretch { mut inputs, read, restated, first_log, failed } = opened;
    let (output, damage, found) = (&context.plan.output, Arc::clone(&manifest.damage), manifest.damage.found());
    let staging = Arc::new(StagingArea::open(output, Arc::clone(&manifest.files), manifest.in_doubt.clone(), Arc::clone(&damage))?);
    let (states, publisher, published) = (StateStore::new(&staging), Publisher::new(&staging), manifest.reported());
    context.end_stage("open");
    let (published, read, with_chat_states) = (&published, &read, &carried.with_chat_states);
    let opened = Days { published, read, restated: &restated, later, with_chat_states, first_log };
    let stretch = Stretch { context, inputs: &inputs, states: &states, publisher: &publisher, days: opened };
    let mut chats = stretch.read_chats(progress).map_err(|e| e.during("reading the chats"))?;
    chats.failed.extend(failed);
    context.end_stage("read");
    let days = Days { restated: &chats.restated, with_chat_states: &chats.with_chat_states, first_log: chats.first_log, ..opened };
    let stretch = Stretch { days, ..stretch };
    stretch.check_memory()?;
    let emptied = stretch.stage_audits(&chats.audits, manifest).map_err(|e| e.during("accounting for the rows of the inputs"))?;
    stretch.compute_sales().map_err(|e| e.during("computing the sales"))?;
    // No later stage needs the orders, and they take much memory.
    inputs.orders = None;
    let stretch = Stretch { context, inputs: &inputs, states: &states, publisher: &publisher, days };
    context.end_stage("sales");
    let reported = stretch.spans_to_report(&mut carried.stale_spans);
    stretch.compute_reports(&reported).map_err(|e| e.during("computing the reports"))?;
    carried.missing_orders.extend(stretch.missing_orders(&reported)?);
    context.end_stage("reports");
    let judged = stretch.compute_judgements(&reported, manifest).map_err(|e| e.during("computing the judgements"))?;
    context.end_stage("judgements");
    damage.verdict(output, found)?;
    publication::publish(&stretch, &chats, (judged, &emptied), manifest).map_err(|e| e.during("publishing"))?;
    context.end_stage("publish");
    carried.with_chat_states = chats.with_chat_states;
    Ok(chats.failed)
}

impl RunContext<'_> {
    /// Records the duration of a stage and returns the memory that it has freed to the system.
    fn end_stage(&self, stage: &str) {
        self.recorder.end_stage(stage);
        memory::purge_allocator();
    }
}

/// What a run would do, without doing it. Errors: an input or the output cannot be listed or read.
pub fn dry_run(plan: &Plan, request: &RunRequest) -> Result<PlanView> {
    let manifest = Manifest::load(&plan.output)?;
    let freshness = Freshness::gather(plan, &manifest, landed(plan, &manifest, request.to, request.as_of))?;
    let missed = missed_days(&freshness, &manifest, request)?;
    freshness.plan_view_with(&manifest, (request.from, request.to), request.only, &missed)
}

/// What has landed. The last landed day is the one that the user gives, or else the latest day that any run was requested for.
pub fn landed(plan: &Plan, manifest: &Manifest, to: Day, as_of: Option<Day>) -> Landed {
    let through = as_of.unwrap_or_else(|| manifest.landed.map_or(to, |day| day.max(to)));
    Landed { through, tables: InputTable::ALL.into_iter().filter(|table| plan.source(*table).is_some()).collect() }
}

/// Cuts so many days into stretches. Without days there is one empty stretch.
fn stretches(plan: &Plan, days: usize) -> impl Iterator<Item = Range<usize>> {
    let size = if plan.config.messages.is_dated() { STRETCH } else { STRETCH_UNPARTITIONED };
    (0..days.max(1)).step_by(size).map(move |start| start..days.min(start + size))
}

/// Says which days the run makes beside its own, and which it leaves.
fn warn_of_days(context: &RunContext, missed: &MissedDays, work: &DayWork) {
    missed.sentences(&context.plan.argument()).iter().for_each(|sentence| tracing::warn!("{sentence}"));
    warn_of_older(context.plan, work);
    context.warn_of_gone(work);
}

/// Says which days an older version computed and how to compute them again. They never stop a run (DECISIONS #60).
fn warn_of_older(plan: &Plan, work: &DayWork) {
    let (Some(first), Some(last)) = (work.older.first(), work.older.last()) else { return };
    let command = format!("kefu backfill{} --from {first} --to {last} --only stale", plan.argument());
    tracing::warn!(
        "{} days of {first} to {last} were made under older rules: they and the periods that hold them stay as published until `{command}`",
        work.older.len()
    );
}

/// Refuses a run that would leave periods of two calendars in one output. Errors: the calendar has changed, and the run is not for all days.
fn refuse_other_calendar(plan: &Plan, freshness: &Freshness, manifest: &Manifest, work: &DayWork, request: &RunRequest) -> Result<()> {
    let Some(refusal) = freshness.calendar_refusal(manifest, (request.from, request.to), work) else { return Ok(()) };
    Err(Error::new(Kind::Config, format!("the calendar of this output has changed: {}", refusal.changes))
        .with("output", plan.output.name())
        .hint(format!(
            "publish all its periods again with `{}`, which withdraws what has no place in the new calendar, or write to another --output",
            refusal.command
        )))
}

/// Refuses a run that would leave days of two rule sets in one output, because the periods they lie in would mix them.
/// Errors: days that are not requested were computed under other settings, or the output has reports but no manifest.
fn refuse_mixed(plan: &Plan, manifest: &Manifest, work: &DayWork, request: &RunRequest) -> Result<()> {
    let (left, first, last) = match (work.mixed.first(), work.mixed.last()) {
        (Some(first), Some(last)) => (work.mixed.len(), *first, *last),
        // Reports without a manifest were published by a version that kept none.
        _ if manifest.is_new() && request.only != DaySelection::All && !plan.output.list("reports")?.is_empty() => {
            (1, request.from, request.to)
        }
        _ => return Ok(()),
    };
    Err(Error::new(Kind::Config, format!("{left} days of this output were computed under other rules or mappings"))
        .with("output", plan.output.name())
        .hint(format!(
            "compute them again with `kefu backfill{} --from {first} --to {last} --only all`, or write to another --output",
            plan.argument()
        )))
}
