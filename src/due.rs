//! What is to be done (`kefu plan`): every business day held against what it was made of. A day is fresh, or it is not and this says why.

mod agenda;
mod tokens;

pub use agenda::Agenda;

use crate::calendar::{Day, Span};
use crate::error::Result;
use crate::ingest::{self, Reference, Table};
use crate::job::{Level, Plan};
use crate::metrics;
use crate::publish::{DayRecord, Manifest, SCHEMA_VERSION, period_of};
use crate::reports::Landed;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use tokens::Tokens;
use xxhash_rust::xxh3::xxh3_64;

/// Days before a day whose rows may be said of it.
const REACH: i32 = 31;

/// Why a day, or a report, is not fresh.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "why", content = "what")]
pub enum Why {
    /// It was never made.
    Missing,
    /// The last attempt at it came to nothing.
    Failed(String),
    /// A run died while it published it.
    Interrupted,
    /// Its states are gone.
    StatesGone,
    /// Files or rows of these tables are other than they were.
    Late(Vec<&'static str>),
    /// Metrics that waited for later days can be known now.
    Maturing,
    /// Rules, mappings or the version are other than they were.
    Rules,
    /// Staff, shops, standards, targets or settings of judgement are; it follows them when it is asked for.
    Reference,
    /// It was made with more than is said to have landed.
    AsOf,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Missing => write!(f, "missing"),
            Why::Failed(why) => write!(f, "failed: {why}"),
            Why::Interrupted => write!(f, "stale: a run died while it published it"),
            Why::StatesGone => write!(f, "stale: its states are gone"),
            Why::Late(tables) => write!(f, "stale: late data in {}", tables.join(", ")),
            Why::Maturing => write!(f, "maturing: what waited for later days can be known"),
            Why::Rules => write!(f, "stale: rules, mappings or version have changed"),
            Why::Reference => write!(f, "stale: staff, shops, targets or settings have changed"),
            Why::AsOf => write!(f, "stale: made with more than is said to have landed"),
        }
    }
}

impl Why {
    /// Its chats have to be read again, not only what orders say of them.
    fn needs_chats(&self) -> bool {
        match self {
            Why::Late(tables) => tables.iter().any(|table| [Table::Messages.name(), Table::Blocklist.name()].contains(table)),
            Why::Maturing | Why::AsOf => false,
            _ => true,
        }
    }

    /// A run does it though nobody asked for the day.
    fn comes_by_itself(&self) -> bool {
        matches!(self, Why::Interrupted | Why::StatesGone | Why::Late(_) | Why::Maturing)
    }
}

/// Which of the days asked for are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// All that are not fresh, and other days that late data or maturity have changed
    #[default]
    Due,
    /// Those that were never computed
    Missing,
    /// Those whose last attempt failed
    Failed,
    /// Those that were computed and are no longer fresh
    Stale,
    /// All of them, fresh or not
    All,
}

impl Only {
    fn admits(self, whys: &[Why]) -> bool {
        let failed = |why: &Why| matches!(why, Why::Failed(_));
        match self {
            Only::All => true,
            Only::Due => !whys.is_empty(),
            Only::Missing => whys.contains(&Why::Missing),
            Only::Failed => whys.iter().any(failed),
            Only::Stale => whys.iter().any(|why| !failed(why) && *why != Why::Missing),
        }
    }
}

/// What a run has to do.
#[derive(Debug, Default)]
pub struct Work {
    /// Days whose chats are read.
    pub read: BTreeSet<Day>,
    /// Days whose sales and reports are made, those too.
    pub restate: BTreeSet<Day>,
    /// Days made under other rules, which nobody asked for.
    pub mixed: BTreeSet<Day>,
}

/// What is there now, to hold days against.
pub struct Evidence<'a> {
    plan: &'a Plan,
    /// Days whose states are there.
    kept: BTreeSet<Day>,
    /// Days of files that the last publication did not end.
    unsure: BTreeSet<Day>,
    tokens: BTreeMap<Table, Tokens>,
    blocked: Reference,
    reference: String,
    landed: Landed,
    soon: i32,
    late: BTreeSet<i32>,
}

impl<'a> Evidence<'a> {
    /// Lists the inputs, and reads those tables that come whole.
    pub fn gather(plan: &'a Plan, manifest: &Manifest, landed: Landed) -> Result<Evidence<'a>> {
        let mut tokens = BTreeMap::new();
        for table in Table::ALL.into_iter().filter(|table| is_of_days(*table)) {
            if let Some(source) = plan.source(table) {
                tokens.insert(table, Tokens::read(plan, table, source)?);
            }
        }
        let states = plan.output.list("state/chats/shop_persons")?;
        let kept = states.iter().filter_map(|object| date_in(&object.key)).collect();
        let unsure = manifest.unsure.iter().filter(|key| period_of(key).is_none()).filter_map(|key| date_in(key)).collect();
        let blocked = ingest::read_reference(plan, landed.through.plus(-REACH), landed.through)?;
        let mut records = ingest::Records::default();
        for table in [Table::Standards, Table::Targets, Table::Trainings] {
            records.extend(ingest::read_table(plan, table, landed.through.plus(-REACH), landed.through)?);
        }
        let reference = tokens::of_reference(plan, &blocked, &records)?;
        let (soon, late) = delays(&landed, plan);
        Ok(Evidence { plan, kept, unsure, tokens, blocked, reference, landed, soon, late })
    }

    /// Why a day is not fresh; nothing where it is.
    pub fn of(&self, manifest: &Manifest, day: Day) -> Result<Vec<Why>> {
        let Some(record) = manifest.days.get(&day) else { return Ok(vec![Why::Missing]) };
        if let Some(why) = &record.failed {
            return Ok(vec![Why::Failed(why.clone())]);
        }
        if !record.reported {
            return Ok(vec![Why::Missing]);
        }
        let mut whys = Vec::new();
        let before = parse(&record.landed).unwrap_or(day);
        let now = self.landed.through;
        let inputs = self.inputs(day, before)?;
        let late = |table: &Table| record.inputs.get(table.name()) != inputs.get(table.name());
        let late = Table::ALL.into_iter().filter(late).map(Table::name).collect::<Vec<_>>();
        let checks = [
            (Why::Interrupted, self.is_interrupted(day)),
            (Why::StatesGone, !self.kept.contains(&day)),
            (Why::Rules, record.made_with != self.made_with(day)?),
            (Why::Maturing, self.matures(day, before, now)),
            (Why::Reference, record.reference != self.reference),
            (Why::AsOf, now < before),
        ];
        whys.extend(checks.into_iter().filter(|(_, holds)| *holds).map(|(why, _)| why));
        whys.extend((!late.is_empty()).then_some(Why::Late(late)));
        Ok(whys)
    }

    /// A run ended before it had published all of a day.
    pub fn is_interrupted(&self, day: Day) -> bool {
        self.unsure.contains(&day)
    }

    /// What a day is made of now, as it will be remembered.
    pub fn record(&self, day: Day, files: usize, rows: i64) -> Result<DayRecord> {
        let landed = self.landed.through;
        let made_with = self.made_with(day)?;
        let (inputs, reference) = (self.inputs(day, landed)?, self.reference.clone());
        Ok(DayRecord { reported: true, made_with, landed: landed.to_string(), inputs, reference, files, rows, forced: None, failed: None })
    }

    /// Days whose facts are kept, made as they would be made now.
    pub fn made(&self, manifest: &Manifest) -> Result<BTreeSet<Day>> {
        let mut made = BTreeSet::new();
        for (day, record) in manifest.days.iter().filter(|(day, _)| self.kept.contains(day)) {
            if record.made_with == self.made_with(*day)? {
                made.insert(*day);
            }
        }
        Ok(made)
    }

    /// The work that follows from asking for some days.
    pub fn work(&self, manifest: &Manifest, (from, to): (Day, Day), only: Only) -> Result<Work> {
        let mut work = Work::default();
        let asked = |day: &Day| from <= *day && *day <= to;
        for day in from.through(to).chain(manifest.days.keys().copied().filter(|day| !asked(day))) {
            let whys = self.of(manifest, day)?;
            let own = match asked(&day) {
                true => only.admits(&whys),
                false => only == Only::Due && day <= self.landed.through && whys.iter().any(Why::comes_by_itself),
            };
            if !asked(&day) && whys.contains(&Why::Rules) {
                work.mixed.insert(day);
            }
            if own && (only == Only::All || whys.iter().any(|why| why.needs_chats() && (asked(&day) || why.comes_by_itself()))) {
                work.read.insert(day);
            }
            if own {
                work.restate.insert(day);
            }
        }
        Ok(work)
    }

    /// Periods whose reports are not of what their days are made of now: a run ended before it came to them.
    pub fn stale_spans(&self, manifest: &Manifest) -> Result<BTreeSet<Span>> {
        let reports = &self.plan.job.reports;
        let Some(level) = reports.levels.first() else { return Ok(BTreeSet::new()) };
        let spans = manifest.reported().into_iter().filter(|day| *day <= self.landed.through);
        let spans = spans.flat_map(|day| reports.periods.iter().map(move |period| self.plan.calendar.span(*period, day)));
        let unsure = manifest.unsure.iter().filter_map(|key| period_of(key)).collect::<BTreeSet<_>>();
        let stale = |span: &Span| {
            let key = format!("reports/{}_{}/dt={}/data.parquet", level.name(), span.period.name(), span.first);
            let of = manifest.files.get(&key).map(|file| file.of.as_str());
            of != Some(manifest.made_of(span.days()).as_str()) || unsure.contains(&(span.period, span.first))
        };
        Ok(spans.collect::<BTreeSet<_>>().into_iter().filter(stale).collect())
    }

    /// The message files of a day are gone, though it had some.
    pub fn has_vanished(&self, manifest: &Manifest, day: Day) -> Result<bool> {
        let had = manifest.days.get(&day).is_some_and(|record| record.files > 0 && record.rows > 0);
        let Some(messages) = self.tokens.get(&Table::Messages).filter(|_| had) else { return Ok(false) };
        Ok(messages.has_files(ingest::partitions(self.plan, &self.plan.job.messages, day, day)?) == Some(false))
    }

    fn matures(&self, day: Day, before: Day, now: Day) -> bool {
        let later = now > before;
        let delayed = |delay: &i32| before < day.plus(*delay) && day.plus(*delay) <= now;
        later && (day.plus(self.soon) > before || self.late.iter().any(delayed))
    }

    /// Fingerprints of the rows that a day may ask about, as far as they had landed.
    fn inputs(&self, day: Day, landed: Day) -> Result<BTreeMap<String, String>> {
        let mut inputs = BTreeMap::new();
        for (table, tokens) in &self.tokens {
            let source = self.plan.source(*table);
            let token = match (table, tokens, source) {
                (Table::Blocklist, Tokens::Rows(_), _) => self.blocked.blocked_on(day),
                (_, Tokens::Files(_), Some(source)) => {
                    let (first, last) = self.window(*table, day, landed, false);
                    if first > last {
                        continue;
                    }
                    let mut partitions = ingest::partitions(self.plan, source, first, last)?;
                    let first = partitions.next().unwrap_or(first);
                    tokens.of((first, partitions.next_back().unwrap_or(first)))
                }
                _ => tokens.of(self.window(*table, day, landed, true)),
            };
            inputs.insert(table.name().to_owned(), token);
        }
        Ok(inputs)
    }

    /// The days whose rows, or whose partitions, a day looks at.
    fn window(&self, table: Table, day: Day, landed: Day, rows: bool) -> (Day, Day) {
        let retention = self.plan.rules.widest.retention_days as i32;
        let loyal = if day.plus(retention) <= landed { retention } else { 0 };
        let (back, ahead) = match table {
            Table::Messages | Table::Visits | Table::Videos | Table::Blocklist => return (day, day),
            Table::Refunds | Table::Evaluations if rows => (0, 0),
            Table::AgentStatus => (REACH, 0),
            Table::Orders | Table::Tickets => (REACH, self.soon.max(loyal)),
            _ => (REACH, self.soon),
        };
        (day.plus(-back), day.plus(ahead).min(landed.max(day)))
    }

    /// Names the rules that hold on a day, how the inputs are read, and the version.
    fn made_with(&self, day: Day) -> Result<String> {
        let job = &self.plan.job;
        let sources = Table::ALL.map(|table| self.plan.source(table));
        let inputs = format!("{:?}", (&job.timezone, &job.business_day_starts_at, sources));
        // Buyers of two keys are never the same.
        let key = self.plan.buyer_key.as_ref().map(|key| key.fingerprint());
        let version = (env!("CARGO_PKG_VERSION"), SCHEMA_VERSION, key);
        Ok(format!("{:016x}", xxh3_64(&serde_json::to_vec(&(self.plan.rules.on(day), inputs, version))?)))
    }
}

/// A day follows its rows without being asked for.
fn is_of_days(table: Table) -> bool {
    !matches!(table, Table::Shops | Table::Staff | Table::Standards | Table::Targets | Table::Trainings)
}

fn parse(date: &str) -> Option<Day> {
    date.parse::<jiff::civil::Date>().ok().map(Day::from)
}

fn date_in(key: &str) -> Option<Day> {
    parse(key.split('/').find_map(|part| part.strip_prefix("dt="))?)
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
