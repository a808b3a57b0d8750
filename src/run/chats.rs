//! The first part of a run: the chats of the days to be read, as facts, states and detail tables.

use super::Run;
use super::days::windows;
use crate::calendar::Day;
use crate::conversation;
use crate::error::{Context, Error, Kind, Result};
use crate::facts;
use crate::ingest::{self, Audit, Chats, Tallies};
use crate::job::{Level, OnMissing};
use crate::memory::{self, Budget, Means};
use crate::pipe;
use crate::progress::Progress;
use crate::publish::{self, Encoded, Gate, audit_rows, quarantine_rows};
use crate::reports::{self, ChatStates};
use polars::prelude::DataFrame;
use std::collections::BTreeSet;

/// What comes of one shard.
struct Made {
    last_shop: u32,
    states: [ChatStates; 2],
    /// By file, those of details first.
    rows: Vec<Vec<Encoded>>,
    edges: Vec<facts::Edge>,
    tallies: Vec<Tallies>,
}

/// A day, what became of its rows, and the earliest line there is.
type Read = (Day, Result<Audit>, Option<i64>);

impl Run<'_> {
    /// Facts of the days to be read; and of the days they look back on, where no run has made them yet. A day that cannot be read is
    /// no reason to leave the others: it stays as it was, and is told of at the end.
    pub(super) fn read_chats(&mut self, progress: &Progress) -> Result<()> {
        let asked = self.read.clone();
        let context = self.context()?.into_iter().filter(|day| !asked.contains(day) && !self.made.contains(day));
        let context = context.filter(|day| self.first_log.is_none_or(|first| *day >= first)).collect::<BTreeSet<_>>();
        let windows = windows(&asked, &context, self.ground.plan.job.messages.path.contains("{date}"));
        let workers = memory::workers(self.ground.request.memory);
        let jobs = self.ground.request.jobs.clamp(1, windows.len().clamp(1, workers));
        let means = Means { budget: Budget::of_limit(self.ground.request.memory), workers: workers.div_ceil(jobs) };
        let (mut earliest, mut read, mut failed) = (None, Vec::new(), Vec::new());
        pipe::in_order(
            &windows,
            jobs,
            |window, emit| self.read_window(window, &means, emit),
            |(day, audit, first)| {
                earliest = first.into_iter().chain(earliest).min();
                match audit {
                    Ok(audit) => {
                        if asked.contains(&day) {
                            progress.day_done(day, audit.total().read);
                        }
                        read.push((day, audit));
                    }
                    Err(e) => failed.push((day, e)),
                }
                Ok(())
            },
        )?;
        if !self.ground.plan.job.messages.path.contains("{date}") {
            let earliest = earliest.map(|at| self.ground.plan.calendar.day_of(at)).transpose()?;
            self.first_log = earliest.into_iter().chain(self.first_log).min();
        }
        for (day, error) in failed {
            self.give_up(day, error)?;
        }
        for (day, audit) in read {
            self.made.insert(day);
            self.rows.insert(day, (audit.files.len(), audit.total().read));
            if asked.contains(&day) {
                self.ground.recorder.update(|record| record.days_read += 1);
                self.audit(day, &audit)?;
            }
        }
        Ok(())
    }

    /// The days of a window.
    fn read_window(&self, window: &BTreeSet<Day>, means: &Means, emit: &mut dyn FnMut(Read) -> Result<()>) -> Result<()> {
        let mut reading = match ingest::read_messages(self.ground.plan, window, means) {
            Ok(reading) => reading,
            // A day only looked back on may lack its files.
            Err(e) if window.is_disjoint(&self.read) && e.retryable() => return Ok(()),
            Err(e) if window.is_disjoint(&self.read) || window.len() > 1 || !self.goes_on_after(&e) => return Err(e),
            Err(e) => return window.first().map_or(Ok(()), |day| emit((*day, Err(e), None))),
        };
        for (day, chats) in std::mem::take(&mut reading.days) {
            let audit = self.read_day(day, chats, self.read.contains(&day), means.workers).with("business day", day);
            match audit {
                Err(e) if !self.read.contains(&day) || !self.goes_on_after(&e) => return Err(e),
                audit => emit((day, audit, reading.earliest))?,
            }
        }
        Ok(())
    }

    /// Of several days one may fail; what is wrong with the machine or the store is wrong for all.
    fn goes_on_after(&self, error: &Error) -> bool {
        self.ground.request.from < self.ground.request.to && !matches!(error.kind(), Kind::Interrupted(_) | Kind::Usage)
    }

    /// Leaves a day as it was.
    fn give_up(&mut self, day: Day, error: Error) -> Result<()> {
        tracing::warn!(%day, error = %error.in_one_line(), "the day failed");
        self.publisher.forget(day)?;
        self.restated.remove(&day);
        self.failed.push((day, error));
        Ok(())
    }

    /// Whether a day may be published. Errors: a hold; `--force` publishes all the same.
    fn gate(&self, day: Day, audit: &Audit) -> Result<()> {
        let Some(why) = self.hold_on(day, audit.total().read)? else { return Ok(()) };
        let (name, forced) = (why.0.to_owned(), self.ground.request.force);
        let gate = Gate { name, partition: format!("business day {day}"), held: !forced, why: why.1.clone(), forced };
        self.ground.recorder.update(|record| record.gates.push(gate));
        if forced {
            tracing::warn!(%day, why = why.1, "published all the same: --force");
            return Ok(());
        }
        let hint = "is the export complete? If it is, say --force; [quality] min_volume sets the share";
        Err(Error::new(Kind::Refused, format!("held back: {}", why.1)).hint(hint))
    }

    /// The gate that a day does not pass, and why.
    fn hold_on(&self, day: Day, rows: i64) -> Result<Option<(&'static str, String)>> {
        if self.vanished.contains(&day) {
            return Ok(Some(("inputs", "the message files it was made of are gone".to_owned())));
        }
        let quiet = rows == 0 && self.ground.plan.job.quality.on_missing == OnMissing::Empty;
        let mut usual = self.ground.history.range(day.plus(-28)..day).map(|(_, rows)| *rows).filter(|rows| *rows > 0).collect::<Vec<_>>();
        if quiet || usual.len() < 7 {
            return Ok(None);
        }
        usual.sort_unstable();
        let median = usual[usual.len() / 2];
        let least = self.ground.plan.job.quality.min_volume * median as f64;
        let why = || format!("{rows} lines, {:.0} % of the {median} that are usual", rows as f64 / median as f64 * 100.0);
        Ok(((rows as f64) < least).then(|| ("volume", why())))
    }

    /// Every day that a restated day's credits and silence look back on.
    fn context(&self) -> Result<BTreeSet<Day>> {
        let mut days = BTreeSet::new();
        for day in self.restated.iter().filter(|_| self.has_orders()) {
            days.extend(self.ground.plan.rules.widest.looks_back_to(&self.ground.plan.calendar, *day)?.through(*day));
            for instant in self.instants(*day)? {
                days.extend(facts::reply_days(&instant, &self.ground.plan.calendar, &self.ground.plan.rules.widest)?);
            }
        }
        days.extend(&self.restated);
        Ok(days)
    }

    /// Makes a day's facts shard by shard, adds them to its states and its detail tables, and returns what became of its rows.
    fn read_day(&self, day: Day, mut chats: Chats, asked: bool, workers: usize) -> Result<Audit> {
        let _span = tracing::info_span!("partition", table = "chats", level = "all", period = "day", dt = %day).entered();
        if asked {
            chats.audit.check(self.ground.plan.job.quality.max_bad_ratio)?;
            self.gate(day, &chats.audit)?;
        }
        let (book, names) = (&self.ground.plan.rules, &chats.names);
        let set_of = |shop: u32| book.set(self.reference.platform(names.shop(shop)).or_else(|| names.platform_of(shop)), day);
        let shards = chats.shelf.shards(names, set_of)?;
        let context = |shard: &[usize]| {
            let set = shard.first().map_or_else(|| book.set(None, day), |piece| set_of(chats.shelf.shop(*piece)));
            let (calendar, rules) = (&self.ground.plan.calendar, book.rules(set));
            let rules = conversation::Day { rules, starts_at: calendar.bounds(day)?.start, assessed: rules.assessed(calendar, day)? };
            Ok::<_, Error>(facts::Context { day, names, rules, reference: &self.reference })
        };
        // Files begin with the rows of no lines: with their columns.
        let none = facts::chat_facts(&context(&[])?, &chats.shelf, &[])?;
        let details =
            |facts: &facts::ChatFacts| if asked { publish::details(facts, &chats.names, day).map(Vec::from) } else { Ok(Vec::new()) };
        let published = details(&none)?.iter().map(|table| self.publisher.open(table)).collect::<Result<Vec<_>>>()?;
        let kept = self.states.open(day, publish::kept(&none, names, &book.widest)?)?;
        let sheets = self.states.open_chats(day, names)?;
        let mut write = |level, kind, rows: DataFrame| sheets.append(level, kind, &rows);
        let (mut states, mut peaks, mut tallies) = (Level::ALL.map(ChatStates::new), facts::Peaks::default(), Vec::new());
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
            let last_shop = shard.last().map_or(0, |piece| chats.shelf.shop(*piece));
            emit(Made { last_shop, states: [shops?, agents?], rows, edges: facts.edges, tallies: facts.tallies })
        };
        pipe::in_order(&shards, workers, work, |made| {
            peaks.add(made.edges, &chats.names);
            tallies.extend(made.tallies);
            for (states, shard) in states.iter_mut().zip(&made.states) {
                states.merge(shard);
                states.take_ended(made.last_shop, names, &mut write)?;
            }
            published.iter().chain(&kept).zip(made.rows).try_for_each(|(sheet, rows)| sheet.append(rows))
        })?;
        let peaks = peaks.frame(&chats.names)?;
        states.into_iter().try_for_each(|states| states.take_all(&peaks, names, &book.widest, &mut write))?;
        self.states.close_chats(sheets)?;
        self.states.put_platforms(day, &chats.names)?;
        published.into_iter().try_for_each(|sheet| self.publisher.close(sheet))?;
        // A day counts as made once its persons are there.
        kept.into_iter().try_for_each(|sheet| self.states.close(sheet))?;
        tallies.iter().for_each(|tallies| chats.count(tallies));
        Ok(chats.audit)
    }

    /// Keeps what became of every row read for a day, and the bad ones. Tables that are read whole are counted once, on the last day;
    /// and on a day where a run died that may have counted them there.
    fn audit(&self, day: Day, messages: &Audit) -> Result<()> {
        let mut audits = vec![messages.clone()];
        audits.extend(self.orders.as_ref().map(|orders| orders.audit(self.ground.plan, day)).transpose()?);
        audits.extend(self.reference.audits.iter().cloned());
        self.publisher.stage(&audit_rows(&audits, day)?)?;
        self.count(messages, day);
        self.publisher.stage(&quarantine_rows(messages.table.name(), &messages.quarantined, day)?)?;
        if !self.ends_with(day) && !self.ground.evidence.is_interrupted(day) {
            return Ok(());
        }
        for audit in self.orders.iter().map(|orders| orders.read_whole()).chain(self.reference.audits.iter().cloned()) {
            if self.ends_with(day) {
                self.count(&audit, day);
            }
            self.publisher.stage(&quarantine_rows(audit.table.name(), &audit.quarantined, day)?)?;
        }
        Ok(())
    }

    fn count(&self, audit: &Audit, day: Day) {
        let (name, total) = (audit.table.name(), audit.total());
        let counts = [total.read, total.used, total.quarantined, total.duplicates, total.outside, total.ignored];
        self.ground.recorder.read(audit);
        self.ground.recorder.update(|record| {
            let sums = record.audit.entry(name.to_owned()).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        });
        tracing::info!(%day, table = name, read = total.read, used = total.used, quarantined = total.quarantined,
            duplicates = total.duplicates, outside = total.outside, ignored = total.ignored, "audit");
    }
}
