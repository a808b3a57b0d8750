//! One run: the chats of the days asked for, the sales of every day that can still change, the reports of every period they touch.

mod days;
mod judgements;
mod periods;
mod sales;
mod service;
mod work;

use crate::calendar::Day;
use crate::conversation;
use crate::error::{self, Context, Error, Result};
use crate::facts;
use crate::ingest::{self, Audit, Chats, Orders, Records, Reference, Tallies};
use crate::job::{Level, Plan};
use crate::memory::{self, Budget, Means};
use crate::pipe;
use crate::progress::Progress;
use crate::publish::{self, Encoded, Judged, Memory, Publisher, Recorder, RunRecord, StateStore, audit_rows, quarantine_rows};
use crate::reports::{self, Landed, Part, ShardStates};
use days::{decided_after, restated, windows};
use std::collections::BTreeSet;

/// What is asked of a run. Days are inclusive.
#[derive(Clone, Copy, Debug)]
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
}

/// Runs a pipeline for some days: facts once, then everything that follows from them, published together at the end.
/// Errors: whatever stops a stage; reports stay as they were.
pub fn run(plan: &Plan, request: Request) -> Result<RunRecord> {
    let recorder = Recorder::new(request.started);
    run_noting(plan, request, &recorder)?;
    Ok(recorder.ended(None))
}

/// As `run`; what it does is noted as it goes on, so that there is a record of a run that fails too.
pub fn run_noting(plan: &Plan, request: Request, recorder: &Recorder) -> Result<()> {
    memory::hold(request.memory);
    recorder.planned(plan);
    let mut run = Run::open(plan, request, recorder)?;
    recorder.passed("open");
    run.read_chats()?;
    recorder.passed("read");
    run.make_sales()?;
    recorder.passed("sales");
    run.make_reports()?;
    recorder.passed("reports");
    let judged = run.make_judgements()?;
    recorder.passed("judgements");
    run.publish(&judged)?;
    recorder.passed("publish");
    Ok(())
}

/// What comes of one shard.
struct Made {
    states: [ShardStates; 2],
    /// By file, those of details first.
    rows: Vec<Vec<Encoded>>,
    edges: Vec<facts::Edge>,
    tallies: Vec<Tallies>,
}

struct Run<'a> {
    plan: &'a Plan,
    request: Request,
    memory: Memory,
    landed: Landed,
    states: StateStore<'a>,
    publisher: Publisher<'a>,
    reference: Reference,
    records: Records,
    orders: Option<Orders>,
    /// Days whose sales and reports are made: those asked for, and those that can still change.
    restated: BTreeSet<Day>,
    /// Days that have reports, with those of this run.
    reported: BTreeSet<Day>,
    first_log: Option<Day>,
    recorder: &'a Recorder,
}

impl<'a> Run<'a> {
    fn open(plan: &'a Plan, request: Request, recorder: &'a Recorder) -> Result<Run<'a>> {
        let memory = Memory::load(&plan.output)?;
        let before = memory.landed();
        let through = request.as_of.unwrap_or_else(|| before.map_or(request.to, |day| day.max(request.to)));
        let landed = Landed { through, tables: ingest::Table::ALL.into_iter().filter(|table| plan.source(*table).is_some()).collect() };
        let states = StateStore::new(plan)?;
        let asked = request.from.through(request.to).collect::<BTreeSet<_>>();
        refuse_mixed_rules(plan, &states, &asked)?;
        let mut reported = states.days(Part::Sales)?.into_iter().collect::<BTreeSet<_>>();
        let mut restated = restated(&asked, &reported, before, &landed, plan)?;
        let first = restated.first().copied().unwrap_or(request.from);
        let orders = ingest::read_orders(plan, first, through, (request.from, request.to))?;
        let records = ingest::read_records(plan, first, through)?;
        if let Some(orders) = &orders {
            restated.extend(decided_after((orders, &records), &asked, &reported, plan, &landed)?);
        }
        reported.extend(&restated);
        let first_log = ingest::dates(plan, &plan.job.messages)?.map(|(first, _)| first);
        recorder.update(|record| {
            (record.from, record.to, record.landed) = (request.from.to_string(), request.to.to_string(), through.to_string());
        });
        let mut reference = ingest::read_reference(plan, first, through)?;
        reference.audits.extend(records.audits.iter().cloned());
        let publisher = Publisher::new(&plan.output)?;
        Ok(Run { plan, request, memory, landed, states, publisher, reference, records, orders, restated, reported, first_log, recorder })
    }

    fn has_orders(&self) -> bool {
        self.orders.is_some()
    }

    /// Every instant at which a day asks for candidates.
    fn instants(&self, day: Day) -> Result<Vec<facts::Instant<'_>>> {
        let orders = self.orders.as_ref();
        orders.map_or(Ok(Vec::new()), |orders| service::instants(orders, &self.records, self.plan, day))
    }

    /// Facts of the days asked for; and of the days they look back on, where no run has made them yet.
    fn read_chats(&mut self) -> Result<()> {
        let asked = self.request.from.through(self.request.to).collect::<BTreeSet<_>>();
        let made = self.states.days(Part::Chats)?.into_iter().collect::<BTreeSet<_>>();
        let context = self.context()?.into_iter().filter(|day| !asked.contains(day) && !made.contains(day));
        let context = context.filter(|day| self.first_log.is_none_or(|first| *day >= first)).collect::<BTreeSet<_>>();
        let windows = windows(&asked, &context, self.plan.job.messages.path.contains("{date}"));
        let workers = memory::workers(self.request.memory);
        let jobs = self.request.jobs.clamp(1, windows.len().clamp(1, workers));
        let means = Means { budget: Budget::of_limit(self.request.memory), workers: workers.div_ceil(jobs) };
        let (mut earliest, mut audits) = (None, Vec::new());
        let progress = Progress::new(asked.len());
        pipe::in_order(
            &windows,
            jobs,
            |window, emit| {
                let reading = match ingest::read_messages(self.plan, window, &means) {
                    // A day only looked back on may lack its files.
                    Err(e) if window.is_disjoint(&asked) && e.retryable() => return Ok(()),
                    reading => reading?,
                };
                for (day, chats) in reading.days {
                    let audit = self.read_day(day, chats, asked.contains(&day), means.workers).with("business day", day)?;
                    emit((day, audit, reading.earliest))?;
                }
                Ok(())
            },
            |(day, audit, first)| {
                earliest = first.into_iter().chain(earliest).min();
                if asked.contains(&day) {
                    progress.day_done(day, audit.total().read);
                    audits.push((day, audit));
                }
                Ok(())
            },
        )?;
        progress.end();
        if !self.plan.job.messages.path.contains("{date}") {
            let earliest = earliest.map(|at| self.plan.calendar.day_of(at)).transpose()?;
            self.first_log = earliest.into_iter().chain(self.first_log).min();
        }
        for (day, audit) in audits {
            self.recorder.update(|record| record.days_read += 1);
            self.audit(day, &audit)?;
        }
        Ok(())
    }

    /// Every day that a restated day's credits and silence look back on.
    fn context(&self) -> Result<BTreeSet<Day>> {
        let mut days = BTreeSet::new();
        for day in self.restated.iter().filter(|_| self.has_orders()) {
            days.extend(self.plan.rules.widest.looks_back_to(&self.plan.calendar, *day)?.through(*day));
            for instant in self.instants(*day)? {
                days.extend(facts::reply_days(&instant, &self.plan.calendar, &self.plan.rules.widest)?);
            }
        }
        days.extend(&self.restated);
        Ok(days)
    }

    /// Makes a day's facts shard by shard, adds them to its states and its detail tables, and returns what became of its rows.
    fn read_day(&self, day: Day, mut chats: Chats, asked: bool, workers: usize) -> Result<Audit> {
        let _span = tracing::info_span!("partition", table = "chats", level = "all", period = "day", dt = %day).entered();
        if asked {
            chats.audit.check(self.plan.job.quality.max_bad_ratio)?;
        }
        let (book, names) = (&self.plan.rules, &chats.names);
        let set_of = |shop: u32| book.set(self.reference.platform(names.shop(shop)).or_else(|| names.platform_of(shop)), day);
        let shards = chats.shelf.shards(names, set_of)?;
        let context = |shard: &[usize]| {
            let set = shard.first().map_or_else(|| book.set(None, day), |piece| set_of(chats.shelf.shop(*piece)));
            let (calendar, rules) = (&self.plan.calendar, book.rules(set));
            let rules = conversation::Day { rules, starts_at: calendar.bounds(day)?.start, assessed: rules.assessed(calendar, day)? };
            Ok::<_, Error>(facts::Context { day, names, rules, reference: &self.reference })
        };
        // Files begin with the rows of no lines: with their columns.
        let none = facts::chat_facts(&context(&[])?, &chats.shelf, &[])?;
        let details =
            |facts: &facts::ChatFacts| if asked { publish::details(facts, &chats.names, day).map(Vec::from) } else { Ok(Vec::new()) };
        let published = details(&none)?.iter().map(|table| self.publisher.open(table)).collect::<Result<Vec<_>>>()?;
        let kept = self.states.open(day, publish::kept(&none, names, &book.widest)?)?;
        let (mut states, mut peaks, mut tallies) = (Vec::new(), facts::Peaks::default(), Vec::new());
        let work = |shard: &ingest::Shard, emit: &mut dyn FnMut(Made) -> Result<()>| {
            let context = context(shard)?;
            let (facts, rules) = (facts::chat_facts(&context, &chats.shelf, shard)?, context.rules.rules);
            let mut rows = Vec::new();
            for (sheet, table) in published.iter().zip(details(&facts)?) {
                rows.push(sheet.encode(&table.rows)?);
            }
            for (sheet, (_, piece)) in kept.iter().zip(publish::kept(&facts, &chats.names, rules)?) {
                rows.push(sheet.encode(&piece)?);
            }
            let [shops, agents] = Level::ALL.map(|level| reports::shard_states(level, &facts, rules));
            emit(Made { states: [shops?, agents?], rows, edges: facts.edges, tallies: facts.tallies })
        };
        pipe::in_order(&shards, workers, work, |made| {
            peaks.add(made.edges, &chats.names);
            tallies.extend(made.tallies);
            states.push(made.states);
            // The agents of a shop that was cut stand in every part of it.
            if states.len() >= 8 {
                states = vec![merged(std::mem::take(&mut states))?];
            }
            published.iter().chain(&kept).zip(made.rows).try_for_each(|(sheet, rows)| sheet.append(rows))
        })?;
        let peaks = peaks.frame(&chats.names)?;
        for (level, states) in Level::ALL.into_iter().zip(merged(states)?) {
            self.states.put(day, Part::Chats, level, &reports::day_states(level, states, &peaks, &chats.names, &book.widest)?)?;
        }
        self.states.put_platforms(day, &chats.names)?;
        published.into_iter().try_for_each(|sheet| self.publisher.close(sheet))?;
        // A day counts as made once its persons are there.
        kept.into_iter().try_for_each(|sheet| sheet.close().map(drop))?;
        tallies.iter().for_each(|tallies| chats.count(tallies));
        Ok(chats.audit)
    }

    /// Keeps what became of every row read for a day, and the bad ones. Tables that are read whole are counted once, on the last day.
    fn audit(&mut self, day: Day, messages: &Audit) -> Result<()> {
        let mut audits = vec![messages.clone()];
        audits.extend(self.orders.as_ref().map(|orders| orders.audit(self.plan, day)).transpose()?);
        audits.extend(self.reference.audits.iter().cloned());
        self.publisher.stage(&audit_rows(&audits, day)?)?;
        self.count(messages, day)?;
        if day == self.request.to {
            let whole =
                self.orders.iter().map(|orders| orders.read_whole()).chain(self.reference.audits.iter().cloned()).collect::<Vec<_>>();
            whole.iter().try_for_each(|audit| self.count(audit, day))?;
        }
        Ok(())
    }

    fn count(&mut self, audit: &Audit, day: Day) -> Result<()> {
        let (name, total) = (audit.table.name(), audit.total());
        let counts = [total.read, total.used, total.quarantined, total.duplicates, total.outside, total.ignored];
        self.recorder.read(audit);
        self.recorder.update(|record| {
            let sums = record.audit.entry(name.to_owned()).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        });
        tracing::info!(%day, table = name, read = total.read, used = total.used, quarantined = total.quarantined,
            duplicates = total.duplicates, outside = total.outside, ignored = total.ignored, "audit");
        self.publisher.stage(&quarantine_rows(name, &audit.quarantined, day)?)
    }

    fn publish(mut self, judged: &Judged) -> Result<()> {
        // What the user says has landed holds for this run; what was run has landed for all that follow.
        self.memory.set_landed(self.memory.landed().map_or(self.request.to, |day| day.max(self.request.to)));
        let partitions = self.publisher.partitions();
        let written = self.publisher.publish()?;
        self.recorder.update(|record| {
            record.partitions = partitions;
            (record.files_written, record.files_unchanged) = (written.files, written.unchanged);
        });
        self.states.sweep_others()?;
        self.memory.save(&self.plan.output)?;
        judged.save(&self.plan.output)
    }
}

/// The states of some shards as one's.
fn merged(shards: Vec<[ShardStates; 2]>) -> Result<[ShardStates; 2]> {
    let (shops, agents) = shards.into_iter().map(|[shops, agents]| (shops, agents)).unzip();
    Ok([ShardStates::merge(Level::Shop, shops)?, ShardStates::merge(Level::Agent, agents)?])
}

/// A period's days must be of one rule set: days made under other settings have to be made again, not left out.
fn refuse_mixed_rules(plan: &Plan, states: &StateStore, asked: &BTreeSet<Day>) -> Result<()> {
    let own = states.days(Part::Sales)?.into_iter().collect::<BTreeSet<_>>();
    let others = states.others()?.into_iter().filter(|day| !own.contains(day)).collect::<BTreeSet<_>>();
    let left = others.difference(asked).count();
    let (Some(first), Some(last)) = (others.first(), others.last()) else { return Ok(()) };
    if left == 0 {
        return Ok(());
    }
    Err(Error::new(error::Kind::Config, format!("{left} days of this output were made under other rules, mappings or an older version"))
        .with("output", plan.output.name())
        .hint(format!("make them again with `kefu backfill … --from {first} --to {last}`, or write to another --output")))
}
