//! One run: the chats of the days asked for, the sales of every day that can still change, the reports of every period they touch.

use crate::calendar::{Day, Span};
use crate::error::{self, Context, Error, Result};
use crate::facts;
use crate::frames::{collect, stack};
use crate::ingest::{self, Audit, Chats, Orders, Reference};
use crate::job::{Level, Plan};
use crate::metrics;
use crate::publish::{Memory, Publisher, RunRecord, StateStore, audit_rows, detail, quarantine_rows};
use crate::reports::{self, Dims, Kind, Landed, Merged, Part, Persons, Row};
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Days read in one pass where the files are not cut by day.
const WINDOW: usize = 31;

/// What is asked of a run. Days are inclusive.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub from: Day,
    pub to: Day,
    /// What has landed, where the user says so.
    pub as_of: Option<Day>,
    pub started: jiff::Timestamp,
}

/// Runs a pipeline for some days: facts once, then everything that follows from them, published together at the end.
/// Errors: whatever stops a stage; reports stay as they were.
pub fn run(plan: &Plan, request: Request) -> Result<RunRecord> {
    let mut run = Run::open(plan, request)?;
    run.read_chats()?;
    run.passed("chats read");
    run.make_sales()?;
    run.passed("sales made");
    run.make_reports()?;
    run.passed("reports made");
    run.publish()
}

struct Run<'a> {
    plan: &'a Plan,
    request: Request,
    memory: Memory,
    landed: Landed,
    states: StateStore<'a>,
    publisher: Publisher<'a>,
    reference: Reference,
    orders: Option<Orders>,
    /// Days whose sales and reports are made: those asked for, and those that can still change.
    restated: BTreeSet<Day>,
    /// Days that have reports, with those of this run.
    reported: BTreeSet<Day>,
    first_log: Option<Day>,
    record: RunRecord,
    clock: std::time::Instant,
}

impl<'a> Run<'a> {
    fn open(plan: &'a Plan, request: Request) -> Result<Run<'a>> {
        let clock = std::time::Instant::now();
        let memory = Memory::load(&plan.output)?;
        let before = memory.landed();
        let through = request.as_of.unwrap_or_else(|| before.map_or(request.to, |day| day.max(request.to)));
        let landed = Landed { through, orders: plan.job.orders.is_some(), visits: plan.job.visits.is_some() };
        let job = &plan.job;
        let made_of = (&job.timezone, &job.business_day_starts_at, &job.messages, &job.orders, &job.staff, &job.blocklist, &job.visits);
        let states = StateStore::new(&plan.output, &plan.rules, &format!("{made_of:?}"))?;
        let asked = request.from.through(request.to).collect::<BTreeSet<_>>();
        refuse_mixed_rules(plan, &states, &asked)?;
        let mut reported = states.days(Part::Sales)?.into_iter().collect::<BTreeSet<_>>();
        let mut restated = restated(&asked, &reported, before, &landed, plan)?;
        let first = restated.first().copied().unwrap_or(request.from);
        let orders = ingest::read_orders(plan, first, through, (request.from, request.to))?;
        if let Some(orders) = &orders {
            restated.extend(paid_after(orders, &asked, &reported, plan, &landed)?);
        }
        reported.extend(&restated);
        let first_log = ingest::dates(plan, &plan.job.messages)?.map(|(first, _)| first);
        let record = record(plan, request, &landed);
        let mut reference = ingest::read_reference(plan, first, through)?;
        reference.audits.extend(ingest::read_evaluations(plan, request.from, request.to)?);
        let publisher = Publisher::new(&plan.output)?;
        Ok(Run { plan, request, memory, landed, states, publisher, reference, orders, restated, reported, first_log, record, clock })
    }

    fn passed(&self, stage: &str) {
        tracing::info!(seconds = self.clock.elapsed().as_secs_f64(), "{stage}");
    }

    fn instants(&self, day: Day) -> Result<Vec<facts::Instant<'_>>> {
        let orders = self.orders.as_ref();
        orders.map_or(Ok(Vec::new()), |orders| facts::instants(orders, &self.plan.calendar, &self.plan.rules, day))
    }

    /// Facts of the days asked for; and of the days they look back on, where no run has made them yet.
    fn read_chats(&mut self) -> Result<()> {
        let asked = self.request.from.through(self.request.to).collect::<BTreeSet<_>>();
        let made = self.states.days(Part::Chats)?.into_iter().collect::<BTreeSet<_>>();
        let context = self.context()?.into_iter().filter(|day| !asked.contains(day) && !made.contains(day));
        let context = context.filter(|day| self.first_log.is_none_or(|first| *day >= first)).collect::<BTreeSet<_>>();
        for window in windows(&asked, &context, self.plan.job.messages.path.contains("{date}")) {
            let reading = match ingest::read_messages(self.plan, &window) {
                // A day only looked back on may lack its files.
                Err(e) if window.is_disjoint(&asked) && e.retryable() => continue,
                reading => reading?,
            };
            if !self.plan.job.messages.path.contains("{date}") {
                let earliest = reading.earliest.map(|at| self.plan.calendar.day_of(at)).transpose()?;
                self.first_log = earliest.into_iter().chain(self.first_log).min();
            }
            for (day, chats) in reading.days {
                self.read_day(day, chats, asked.contains(&day)).with("business day", day)?;
            }
        }
        Ok(())
    }

    /// Every day that a restated day's credits and silence look back on.
    fn context(&self) -> Result<BTreeSet<Day>> {
        let mut days = BTreeSet::new();
        for day in self.restated.iter().filter(|_| self.landed.orders) {
            days.extend(self.plan.rules.looks_back_to(&self.plan.calendar, *day)?.through(*day));
            for instant in self.instants(*day)? {
                days.extend(facts::reply_days(&instant, &self.plan.calendar, &self.plan.rules)?);
            }
        }
        days.extend(&self.restated);
        Ok(days)
    }

    fn read_day(&mut self, day: Day, chats: Chats, asked: bool) -> Result<()> {
        if asked {
            chats.audit.check(self.plan.job.quality.max_bad_ratio)?;
            self.audit(day, &chats.audit)?;
        }
        self.states.put_platforms(day, &chats.names)?;
        let facts = facts::chat_facts(self.plan, day, chats, &self.reference)?;
        for level in Level::ALL {
            let states = reports::chat_states(level, &facts, &self.plan.rules)?;
            self.states.put(day, Part::Chats, level, &states)?;
        }
        self.states.put_replies(day, &facts::spelled_replies(&facts.replies, &facts.names)?)?;
        if asked {
            self.record.days_read += 1;
            let peer_days = collect(facts::peer_days(Level::Agent, &facts.sessions, &facts.receptions))?;
            let tables = [
                ("rounds", "one row per round, and one per agent who handed it over", &facts.rounds),
                ("sessions", "one row per session", &facts.sessions),
                ("receptions", "one row per session and agent", &facts.receptions),
                ("peer_days", "one row per agent and buyer", &peer_days),
            ];
            for (name, grain, frame) in tables {
                self.publisher.stage(&detail(name, grain, frame, Some(&facts.names), day)?)?;
            }
        }
        Ok(())
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
        let sums = self.record.audit.entry(name.to_owned()).or_default();
        let counts = [total.read, total.used, total.quarantined, total.duplicates, total.outside, total.ignored];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        tracing::info!(%day, table = name, read = total.read, used = total.used, quarantined = total.quarantined,
            duplicates = total.duplicates, outside = total.outside, ignored = total.ignored, "audit");
        self.publisher.stage(&quarantine_rows(name, &audit.quarantined, day)?)
    }

    /// Inquiries and credits of every day whose sales can still change.
    fn make_sales(&mut self) -> Result<()> {
        let made = self.states.days(Part::Chats)?.into_iter().collect::<BTreeSet<_>>();
        let days = self.restated.intersection(&made).copied().collect::<Vec<_>>();
        for window in days.chunks(WINDOW) {
            let replies = collect(self.replies(window, &made)?)?;
            for day in window {
                self.sell_day(*day, &made, &replies).with("business day", day)?;
            }
        }
        Ok(())
    }

    /// The reply lines that the orders of some days look back on: each day's index is read once, and only the buyers who ordered are kept.
    fn replies(&self, window: &[Day], made: &BTreeSet<Day>) -> Result<LazyFrame> {
        let mut days = BTreeSet::new();
        let mut buyers = BTreeSet::new();
        for day in window {
            for instant in self.instants(*day)? {
                days.extend(facts::reply_days(&instant, &self.plan.calendar, &self.plan.rules)?);
                buyers.insert((instant.order.shop_id.as_str(), instant.order.buyer_id.as_str()));
            }
        }
        let (shops, buyers): (Vec<&str>, Vec<&str>) = buyers.into_iter().unzip();
        let ids = [Column::new("shop_id".into(), shops), Column::new("buyer_id".into(), buyers)];
        let buyers = DataFrame::new_infer_height(ids.to_vec())?.lazy();
        let on = [col("shop_id"), col("buyer_id")];
        let mut kept = Vec::new();
        // A day without any order still gives the columns.
        days.extend(window.first());
        for day in days.intersection(made) {
            let replies = self.states.replies(*day)?.lazy();
            kept.push(collect(replies.join(buyers.clone(), on.clone(), on.clone(), JoinArgs::new(JoinType::Semi)))?.lazy());
        }
        stack(kept)
    }

    fn sell_day(&mut self, day: Day, made: &BTreeSet<Day>, replies: &DataFrame) -> Result<()> {
        let (calendar, rules) = (&self.plan.calendar, &self.plan.rules);
        let mut credits = None;
        if self.orders.is_some() {
            let instants = self.instants(day)?;
            let replies = replies.clone().lazy();
            credits = Some(facts::credits(&instants, replies, calendar, rules, day, self.landed.through)?);
        }
        for level in Level::ALL {
            let (mut inquiries, mut paid) = (None, None);
            if let Some(orders) = &self.orders {
                let persons = self.states.get(day, Part::Chats, level, Kind::Persons)?.lazy();
                inquiries = Some(facts::inquiries(level, persons, orders, calendar, rules, day)?);
                if level == Level::Shop {
                    let days = rules.looks_back_to(calendar, day)?.through(day).filter(|day| made.contains(day));
                    let persons =
                        days.map(|day| Ok(self.states.get(day, Part::Chats, level, Kind::Persons)?.lazy())).collect::<Result<Vec<_>>>()?;
                    paid = Some(facts::paid(stack(persons)?, orders, calendar, rules, day)?);
                }
            }
            let visits = self.reference.visits.iter().filter(|((_, on), _)| *on == day).map(|((shop, _), n)| (shop.clone(), *n));
            let visits = (level == Level::Shop).then(|| reports::visits_frame(&visits.collect::<Vec<_>>())).transpose()?;
            let states = reports::sales_states(level, inquiries, credits.as_ref(), paid, visits, rules)?;
            self.states.put(day, Part::Sales, level, &states)?;
        }
        if let Some(credits) = credits {
            self.publisher.stage(&detail("credits", "one row per order event, rule and agent", &credits, None, day)?)?;
        }
        self.record.days_restated += 1;
        Ok(())
    }

    /// The reports of every period that a restated day lies in, days before years.
    fn make_reports(&mut self) -> Result<()> {
        let mut spans = BTreeSet::new();
        for period in &self.plan.job.reports.periods {
            spans.extend(self.restated.iter().map(|day| self.plan.calendar.span(*period, *day)));
        }
        let made = self.states.days(Part::Sales)?.into_iter().collect::<BTreeSet<_>>();
        for span in spans {
            self.report(span, &made).with("period", format!("{} of {}", span.period.name(), span.first))?;
        }
        let first = self.reported.first().copied().unwrap_or(self.request.from);
        let last = self.reported.last().copied().unwrap_or(self.request.to);
        let dims = self.dims(made.iter().copied())?;
        for table in reports::dims(&self.plan.calendar, (first, last), &self.reference, &dims)? {
            self.publisher.stage(&table)?;
        }
        Ok(())
    }

    /// Names for ids; a shop's platform is the least that its lines name on the days, where the shops table does not say.
    fn dims(&self, days: impl Iterator<Item = Day>) -> Result<Dims> {
        let mut platforms: BTreeMap<String, String> = BTreeMap::new();
        for day in days {
            for (shop, platform) in self.states.platforms(day)? {
                let known = platforms.entry(shop).or_insert_with(|| platform.clone());
                *known = std::mem::take(known).min(platform);
            }
        }
        Dims::new(&self.reference, &platforms)
    }

    fn report(&mut self, span: Span, made: &BTreeSet<Day>) -> Result<()> {
        let days = made.range(span.first..=span.last).copied().collect::<Vec<_>>();
        if days.is_empty() {
            return Ok(());
        }
        let (plan, landed) = (self.plan, self.landed);
        let dims = &self.dims(days.iter().copied())?;
        let row = Row { span, landed, complete: self.is_complete(span, days.len())?, rules: &plan.rules };
        let zero = self.reference.shops.keys().cloned().collect::<Vec<_>>();
        let states = |part, level, kind| days.iter().map(|day| self.states.get(*day, part, level, kind)).collect::<Result<Vec<_>>>();
        let sums = |part, level| reports::merge_sums(level, part, states(part, level, Kind::Sums)?);
        let mut tables = Vec::new();
        let mut shop = None;
        let (mut waits, mut hours) = (Vec::new(), Vec::new());
        for level in Level::ALL {
            let mut persons = Persons::new(level);
            for (day, part) in days.iter().flat_map(|day| [(day, Part::Chats), (day, Part::Sales)]) {
                persons.add(part, &self.states.get(*day, part, level, Kind::Persons)?)?;
            }
            let wait = reports::merge_waits(level, states(Part::Chats, level, Kind::Waits)?)?;
            let sums = [sums(Part::Chats, level)?, sums(Part::Sales, level)?];
            let merged_states = Merged { sums, persons: persons.counted()?, waits: wait.clone() };
            let finished = reports::finish(level, merged_states, shop.as_ref(), &zero, &landed, span, &plan.rules)?;
            if plan.job.reports.levels.contains(&level) {
                tables.push(reports::report(level, &finished, dims, &row)?);
            }
            shop = Some(finished);
            waits.push((level, wait));
            hours.push((level, reports::merge_hours(level, states(Part::Chats, level, Kind::Hours)?)?));
        }
        tables.push(reports::histogram(waits, dims, &row)?);
        tables.push(reports::hourly(hours, dims, &row)?);
        tables.iter().try_for_each(|table| self.publisher.stage(table))
    }

    /// The period is over, every day of it has landed and been made, and nothing it looks back on lies before the first log.
    fn is_complete(&self, span: Span, made: usize) -> Result<bool> {
        let seen = if self.landed.orders { self.plan.rules.looks_back_to(&self.plan.calendar, span.first)? } else { span.first };
        let over = span.last <= self.landed.through;
        let all = made == span.days().count();
        Ok(over && all && self.first_log.is_none_or(|first| seen >= first))
    }

    fn publish(mut self) -> Result<RunRecord> {
        // What the user says has landed holds for this run; what was run has landed for all that follow.
        self.memory.set_landed(self.memory.landed().map_or(self.request.to, |day| day.max(self.request.to)));
        let written = self.publisher.publish()?;
        self.states.sweep_others()?;
        self.memory.save(&self.plan.output)?;
        self.record.set_written(written);
        self.record.seconds = self.clock.elapsed().as_secs_f64();
        self.record.save(&self.plan.output)?;
        Ok(self.record)
    }
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

/// The days asked for; those whose delayed metrics were not final when the last run ended; and those that look back on a day asked for.
/// Days after what has landed are left as they are: with `--as-of` the user looks at an earlier state of things.
fn restated(asked: &BTreeSet<Day>, reported: &BTreeSet<Day>, before: Option<Day>, landed: &Landed, plan: &Plan) -> Result<BTreeSet<Day>> {
    let delays = Level::ALL.into_iter().flat_map(|level| metrics::of_level(level).map(move |m| metrics::delay(m, level, &plan.rules)));
    let longest = delays.max().unwrap_or(0);
    let earlier = before.is_some_and(|before| landed.through < before);
    let mut restated = asked.clone();
    for day in reported.iter().filter(|day| !earlier && **day <= landed.through) {
        let maturing = before.is_none_or(|before| day.plus(longest) > before);
        let looks_back = asked.range(plan.rules.looks_back_to(&plan.calendar, *day)?..=*day).next().is_some();
        if maturing || looks_back {
            restated.insert(*day);
        }
    }
    Ok(restated)
}

/// Reported days with a payment whose order was created within the lookback of a day asked for: their credit may change with it.
fn paid_after(orders: &Orders, asked: &BTreeSet<Day>, reported: &BTreeSet<Day>, plan: &Plan, landed: &Landed) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for day in reported.iter().filter(|day| **day <= landed.through && !asked.contains(day)) {
        for instant in facts::instants(orders, &plan.calendar, &plan.rules, *day)? {
            if facts::reply_days(&instant, &plan.calendar, &plan.rules)?.any(|day| asked.contains(&day)) {
                days.insert(*day);
                break;
            }
        }
    }
    Ok(days)
}

/// Days to read together: one by one where files are cut by day, else as many as fit a pass.
fn windows(asked: &BTreeSet<Day>, context: &BTreeSet<Day>, cut_by_day: bool) -> Vec<BTreeSet<Day>> {
    let days = asked.union(context).copied().collect::<Vec<_>>();
    days.chunks(if cut_by_day { 1 } else { WINDOW }).map(|days| days.iter().copied().collect()).collect()
}

fn record(plan: &Plan, request: Request, landed: &Landed) -> RunRecord {
    RunRecord {
        pipeline: plan.job.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        started_at: request.started.to_string(),
        seconds: 0.0,
        from: request.from.to_string(),
        to: request.to.to_string(),
        landed: landed.through.to_string(),
        days_read: 0,
        days_restated: 0,
        audit: BTreeMap::new(),
        files_written: 0,
        files_unchanged: 0,
        output: plan.output.name().to_owned(),
    }
}
