//! A run: what is due of the days asked for, stretch by stretch; and with it the sales of every day that can still change and the
//! reports of every period they touch.

mod chats;
mod days;
mod judgements;
mod outcome;
mod periods;
mod sales;
mod service;
mod work;

use crate::calendar::{Day, Span};
use crate::due::{Evidence, Only, Work};
use crate::error::{self, Error, Result};
use crate::facts;
use crate::ingest::{self, Orders, Records, Reference, Table};
use crate::job::Plan;
use crate::memory;
use crate::pipe;
use crate::progress::Progress;
use crate::publish::{Gate, Judged, Lease, Manifest, Publisher, Recorder, RunRecord, Stage, StateStore, Terms};
use crate::reports::Landed;
use crate::store::probe;
use days::{decided_after, look_back};
use outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Days that a backfill publishes together: what it has done when it is stopped is done.
const STRETCH: usize = 8;
/// The same where files are not cut by day, so that each stretch reads them all.
const LONG_STRETCH: usize = 31;

/// What is asked of a run. Days are inclusive.
#[derive(Clone)]
pub struct Request {
    pub from: Day,
    pub to: Day,
    /// What has landed, where the user says so.
    pub as_of: Option<Day>,
    pub started: jiff::Timestamp,
    /// Days worked on side by side.
    pub jobs: usize,
    /// Bytes of memory to keep within.
    pub memory: usize,
    /// Which of the days are made.
    pub only: Only,
    /// Publish what a gate would hold back.
    pub force: bool,
    /// How the output root is taken.
    pub terms: Terms,
}

impl Request {
    /// What is due of some days, by the usual means.
    pub fn new(from: Day, to: Day, started: jiff::Timestamp) -> Request {
        let (memory, terms) = (memory::DEFAULT_LIMIT, Terms::default());
        Request { from, to, as_of: None, started, jobs: pipe::workers(), memory, only: Only::Due, force: false, terms }
    }
}

/// Runs a pipeline for some days: facts once, then everything that follows from them, published together at the end.
/// Errors: whatever stops a stage; reports stay as they were.
pub fn run(plan: &Plan, request: &Request) -> Result<RunRecord> {
    let recorder = Recorder::new(request.started);
    run_noting(plan, request, &recorder)?;
    Ok(recorder.ended(None))
}

/// As `run`; what it does is noted as it goes on, so that there is a record of a run that fails too.
pub fn run_noting(plan: &Plan, request: &Request, recorder: &Recorder) -> Result<()> {
    memory::hold(request.memory);
    recorder.planned(plan);
    probe::probe_output(&plan.output)?;
    let lease = Lease::take(&plan.output, &recorder.run_id(), &request.terms)?;
    let mut manifest = Manifest::load(&plan.output)?;
    manifest.sweep(&plan.output)?;
    let landed = landed(plan, &manifest, request.to, request.as_of);
    recorder.update(|record| {
        (record.from, record.to, record.landed) = (request.from.to_string(), request.to.to_string(), landed.through.to_string());
    });
    let evidence = Evidence::gather(plan, &manifest, landed.clone())?;
    let work = evidence.work(&manifest, (request.from, request.to), request.only)?;
    refuse_mixed(plan, &manifest, &work, request)?;
    let (mut spans, mut made) = (evidence.stale_spans(&manifest)?, evidence.made(&manifest)?);
    let mut outcome = Outcome::default();
    let days = work.read.union(&work.restate).copied().collect::<Vec<_>>();
    let progress = Progress::new(work.read.len());
    let history = manifest.days.iter().filter(|(_, record)| record.reported).map(|(day, record)| (*day, record.rows)).collect();
    let passed = |stage| {
        recorder.passed(stage);
        memory::release();
    };
    passed("plan");
    for (place, stretch) in stretches(plan, &days).into_iter().enumerate() {
        let later = days.iter().copied().skip(stretch.1).collect::<BTreeSet<_>>();
        let own = |of: &BTreeSet<Day>| days[stretch.0..stretch.1].iter().filter(|day| of.contains(day)).copied().collect();
        let own = Work { read: own(&work.read), restate: own(&work.restate), mixed: BTreeSet::new() };
        // A first stretch without days may still have to end what another run left.
        if own.restate.is_empty() && (place > 0 || spans.is_empty()) {
            continue;
        }
        let ground = Ground { plan, request, evidence: &evidence, landed: &landed, recorder, lease: &lease, history: &history };
        let mut run = Run::open(&ground, &mut manifest, own, &later, (&mut made, &mut spans))?;
        passed("open");
        run.read_chats(&progress)?;
        passed("read");
        run.make_sales()?;
        passed("sales");
        run.make_reports()?;
        passed("reports");
        let judged = run.make_judgements()?;
        passed("judgements");
        outcome.failed.extend(run.publish(judged)?);
        passed("publish");
    }
    progress.end();
    lease.check()?;
    manifest.close(&plan.output)?;
    outcome.verdict(plan, request, recorder)
}

/// What holds for every stretch of a run.
struct Ground<'a> {
    plan: &'a Plan,
    request: &'a Request,
    evidence: &'a Evidence<'a>,
    landed: &'a Landed,
    recorder: &'a Recorder,
    lease: &'a Lease,
    /// Lines of the days that were published before this run.
    history: &'a BTreeMap<Day, i64>,
}

/// One stretch of days.
struct Run<'a> {
    ground: &'a Ground<'a>,
    manifest: &'a mut Manifest,
    states: StateStore,
    publisher: Publisher,
    reference: Reference,
    records: Records,
    /// Until the sales are made.
    orders: Option<Orders>,
    /// Days whose chats are read.
    read: BTreeSet<Day>,
    /// Days whose message files are gone.
    vanished: BTreeSet<Day>,
    /// Days whose sales and reports are made: those read, and those that can still change.
    restated: BTreeSet<Day>,
    /// Days whose facts are there.
    made: &'a mut BTreeSet<Day>,
    /// Message files and rows of the days read.
    rows: BTreeMap<Day, (usize, i64)>,
    failed: Vec<(Day, Error)>,
    /// Days that are worked on after this stretch: periods that hold one are left to them.
    later: &'a BTreeSet<Day>,
    /// Periods whose reports are still to be made, and those that this stretch has made.
    spans: &'a mut BTreeSet<Span>,
    reported: BTreeSet<Span>,
    first_log: Option<Day>,
}

impl<'a> Run<'a> {
    fn open(
        ground: &'a Ground<'a>,
        manifest: &'a mut Manifest,
        work: Work,
        later: &'a BTreeSet<Day>,
        (made, spans): (&'a mut BTreeSet<Day>, &'a mut BTreeSet<Span>),
    ) -> Result<Run<'a>> {
        let Ground { plan, request, evidence, landed, .. } = *ground;
        let reported = manifest.reported();
        let Work { read, mut restate, .. } = work;
        let others = || reported.iter().copied().filter(|day| *day <= landed.through && !later.contains(day));
        restate.extend(look_back(&read, others(), plan)?);
        let first = restate.first().copied().unwrap_or(request.from);
        let mut asked = restate.range(request.from..=request.to).copied();
        let asked = asked.next().map(|first| (first, asked.next_back().unwrap_or(first)));
        let last = restate.last().copied().into_iter().chain(others()).max().unwrap_or(request.to);
        let until = plan.calendar.bounds(last.plus(plan.rules.widest.looks_ahead()))?.end;
        let orders = ingest::read_orders(plan, first, landed.through, until, asked)?;
        let records = ingest::read_records(plan, first, landed.through)?;
        if let Some(orders) = &orders {
            restate.extend(decided_after((orders, &records), &read, others(), plan)?);
        }
        let mut vanished = BTreeSet::new();
        for day in &read {
            if evidence.has_vanished(manifest, *day)? {
                vanished.insert(*day);
            }
        }
        let first_log = ingest::dates(plan, &plan.job.messages)?.map(|(first, _)| first);
        let mut reference = ingest::read_reference(plan, first, landed.through)?;
        reference.audits.extend(records.audits.iter().cloned());
        let stage = Arc::new(Stage::open(&plan.output, Arc::clone(&manifest.files), manifest.unsure.clone())?);
        let (states, publisher) = (StateStore::new(&stage), Publisher::new(&stage));
        let (rows, failed) = Default::default();
        let restated = restate;
        Ok(Run {
            ground,
            manifest,
            states,
            publisher,
            reference,
            records,
            orders,
            read,
            vanished,
            restated,
            made,
            rows,
            failed,
            later,
            spans,
            reported: BTreeSet::new(),
            first_log,
        })
    }

    fn has_orders(&self) -> bool {
        self.ground.plan.source(Table::Orders).is_some()
    }

    /// Days that will have reports once this stretch is published.
    fn sold(&self) -> BTreeSet<Day> {
        let reported = self.manifest.reported();
        reported.union(&self.restated).filter(|day| self.made.contains(day)).copied().collect()
    }

    /// The last of the days that are read.
    fn ends_with(&self, day: Day) -> bool {
        self.later.is_empty() && self.read.last() == Some(&day)
    }

    /// Every instant at which a day asks for candidates.
    fn instants(&self, day: Day) -> Result<Vec<facts::Instant<'_>>> {
        let orders = self.orders.as_ref();
        orders.map_or(Ok(Vec::new()), |orders| service::instants(orders, &self.records, self.ground.plan, day))
    }

    /// Puts everything into place and remembers what it was made of. Returns the days that failed.
    fn publish(self, judged: Judged) -> Result<Vec<(Day, Error)>> {
        let partitions = self.publisher.partitions();
        let made = self.publisher.made();
        let kept = self.publisher.kept();
        let sold = self.sold();
        let manifest = self.manifest;
        for day in sold.intersection(&self.restated).chain(self.rows.keys().filter(|day| !sold.contains(day))) {
            let before = manifest.days.get(day).map_or((0, 0), |record| (record.files, record.rows));
            let (files, rows) = self.rows.get(day).copied().unwrap_or(before);
            let record = self.ground.evidence.record(*day, files, rows)?;
            // A day that was not read again is what it was.
            let earlier = manifest.days.get(day).filter(|_| !self.rows.contains_key(day)).and_then(|record| record.forced.clone());
            let forced = self.ground.recorder.forced(&format!("business day {day}")).or(earlier);
            let reported = self.restated.contains(day) || manifest.days.get(day).is_some_and(|record| record.reported);
            manifest.days.insert(*day, crate::publish::DayRecord { reported, forced, ..record });
        }
        for (day, error) in &self.failed {
            manifest.days.entry(*day).or_default().failed = Some(error.in_one_line());
        }
        schema_gate(&self.publisher, manifest, self.ground.request.force, self.ground.recorder)?;
        self.publisher.publish(&self.ground.plan.output, manifest, &self.ground.recorder.run_id(), self.ground.lease)?;
        manifest.judged = judged;
        // What the user says has landed holds for this run; what was run has landed for all that follow.
        manifest.landed = Some(manifest.landed.map_or(self.ground.request.to, |day| day.max(self.ground.request.to)));
        manifest.follow(partitions.written.iter().chain(&partitions.unchanged).map(|file| file.key.as_str()), &self.ground.plan.calendar);
        manifest.save(&self.ground.plan.output, |key| made.contains(key))?;
        self.ground.recorder.update(|record| {
            record.files_written += partitions.written.len();
            record.files_unchanged += partitions.unchanged.len() + kept;
            record.partitions.written.extend(partitions.written);
            record.partitions.unchanged.extend(partitions.unchanged);
        });
        Ok(self.failed)
    }
}

/// All files of a table have one schema: readers that take its folder as one table ask for it.
/// Errors: a file made now has another than those that stay; `--force` publishes all the same.
fn schema_gate(publisher: &Publisher, manifest: &Manifest, forced: bool, recorder: &Recorder) -> Result<()> {
    let Some((made, stays)) = publisher.other_schema(manifest) else { return Ok(()) };
    let why = format!("its columns are others than those of {stays}, which stays");
    let gate = Gate { name: "schema".to_owned(), partition: made.clone(), held: !forced, why: why.clone(), forced };
    recorder.update(|record| record.gates.push(gate));
    if forced {
        return Ok(());
    }
    Err(Error::new(error::Kind::Refused, format!("held back: {why}"))
        .with("file", made)
        .hint("make all days of the table again with `kefu backfill … --only all`, or say --force"))
}

/// What has landed: what the user says, else the latest day any run was given.
pub fn landed(plan: &Plan, manifest: &Manifest, to: Day, as_of: Option<Day>) -> Landed {
    let through = as_of.unwrap_or_else(|| manifest.landed.map_or(to, |day| day.max(to)));
    Landed { through, tables: Table::ALL.into_iter().filter(|table| plan.source(*table).is_some()).collect() }
}

/// The places of the days, in stretches.
fn stretches(plan: &Plan, days: &[Day]) -> Vec<(usize, usize)> {
    let size = if plan.job.messages.path.contains("{date}") { STRETCH } else { LONG_STRETCH };
    let starts = (0..days.len().max(1)).step_by(size);
    starts.map(|start| (start, days.len().min(start + size))).collect()
}

/// A period's days must be of one rule set: days made under other settings have to be made again, not left out.
fn refuse_mixed(plan: &Plan, manifest: &Manifest, work: &Work, request: &Request) -> Result<()> {
    let (left, first, last) = match (work.mixed.first(), work.mixed.last()) {
        (Some(first), Some(last)) => (work.mixed.len(), *first, *last),
        // Reports without a manifest are of a version that kept none.
        _ if manifest.is_new() && request.only != Only::All && !plan.output.list("reports")?.is_empty() => (1, request.from, request.to),
        _ => return Ok(()),
    };
    Err(Error::new(error::Kind::Config, format!("{left} days of this output were made under other rules, mappings or an older version"))
        .with("output", plan.output.name())
        .hint(format!(
            "make them again with `kefu backfill{} --from {first} --to {last} --only all`, or write to another --output",
            plan.argument()
        )))
}
