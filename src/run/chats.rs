//! The stage `read`: turns the chats of the days to be read into facts, and these into states and detail tables.

use super::days::windows;
use super::stretch::Stretch;
use super::warnings;
use crate::config::OnMissing;
use crate::error::{Context, Error, Kind, Result};
use crate::facts;
use crate::ingest;
use crate::ingest::{Audit, DayChats, FileLineCounts, Orders, Profile};
use crate::memory;
use crate::memory::{DayResources, MemoryBudget};
use crate::model::Level;
use crate::observability::Gate;
use crate::parallel;
use crate::progress::Progress;
use crate::reports::details;
use crate::staging::EncodedRowGroup;
use crate::state;
use crate::state::ChatAccumulators;
use kefu_kernel::calendar::Day;
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};

/// The result of reading the chats of a stretch.
#[derive(Default)]
pub(super) struct ChatsRead {
    /// The days whose sales and reports can be computed. Days that failed are not among them.
    pub restated: BTreeSet<Day>,
    /// Days whose chat states are stored now.
    pub with_chat_states: BTreeSet<Day>,
    /// Number of message files and of their rows, and the profile of their cells, for each day that was read.
    pub rows: BTreeMap<Day, (usize, i64, Profile)>,
    /// The audits of the messages of the days that the run is for.
    pub audits: BTreeMap<Day, Audit>,
    /// The days that failed or were held back, each with its error.
    pub failed: Vec<(Day, Error)>,
    /// The first day of the chat log, as far as it is known.
    pub first_log: Option<Day>,
}

/// What one shard of a day adds to it.
struct ShardResult {
    /// Code of the last shop of the shard. Shards are in the order of shops.
    last_shop: u32,
    /// One for each of [`Level::ALL`].
    states: [ChatAccumulators; 2],
    /// Encoded rows for each open file: first the detail tables, then the stored facts.
    rows: Vec<Vec<EncodedRowGroup>>,
    open_receptions: Vec<facts::OpenReception>,
    line_counts: Vec<FileLineCounts>,
    suspect: facts::SuspectLines,
}

/// A day, the audit of its rows and the profile of their cells or its error, and the instant of the earliest line in all files read.
type DayRead = (Day, Result<(Audit, Profile)>, Option<i64>);

impl Stretch<'_> {
    /// Computes the chat states of the days to be read, and of the days on which restated days look back and whose states no run has stored yet.
    /// A day that cannot be read stays as it was, and the run goes on with the others.
    /// Errors: a failure that does not concern a single day.
    pub(super) fn read_chats(&self, progress: &Progress) -> Result<ChatsRead> {
        let requested = self.days.read;
        let looked_back_on =
            self.days_looked_back_on()?.into_iter().filter(|day| !requested.contains(day) && !self.days.with_chat_states.contains(day));
        // A day whose files are gone has its states or none: it is not made of what is left of them.
        let may_be_read = |day: &Day| !self.context.without_messages.contains(day) && self.days.first_log.is_none_or(|first| *day >= first);
        let looked_back_on = looked_back_on.filter(may_be_read).collect::<BTreeSet<_>>();
        let windows = windows(requested, &looked_back_on, self.context.plan.config.messages.is_dated());
        let workers = memory::workers(self.context.request.memory);
        let jobs = self.context.request.jobs.clamp(1, windows.len().clamp(1, workers));
        let resources = DayResources { budget: MemoryBudget::of_limit(self.context.request.memory), workers: workers.div_ceil(jobs) };
        let (mut earliest, mut read, mut failed) = (None, Vec::new(), Vec::new());
        parallel::for_each_ordered(
            &windows,
            jobs,
            |window, emit| self.read_window(window, &resources, emit),
            |(day, audit, first)| {
                earliest = first.into_iter().chain(earliest).min();
                match audit {
                    Ok((audit, profile)) => {
                        if requested.contains(&day) {
                            progress.day_done(day, audit.total().read);
                        }
                        read.push((day, audit, profile));
                    }
                    Err(e) => failed.push((day, e)),
                }
                Ok(())
            },
        )?;
        let mut result = ChatsRead {
            restated: self.days.restated.clone(),
            with_chat_states: self.days.with_chat_states.clone(),
            first_log: self.days.first_log,
            ..ChatsRead::default()
        };
        if !self.context.plan.config.messages.is_dated() {
            let earliest = earliest.map(|at| self.context.plan.calendar.day_of(at)).transpose()?;
            result.first_log = earliest.into_iter().chain(self.days.first_log).min();
        }
        for (day, error) in failed {
            tracing::warn!(%day, error = %error.in_one_line(), "the day failed");
            self.publisher.discard_day(day)?;
            result.restated.remove(&day);
            result.failed.push((day, error));
        }
        for (day, audit, profile) in read {
            result.with_chat_states.insert(day);
            result.rows.insert(day, (audit.files.len(), audit.total().read, profile));
            if requested.contains(&day) {
                self.context.recorder.update(|record| record.days_read += 1);
                self.count_day(day, &audit)?;
                result.audits.insert(day, audit);
            }
        }
        Ok(result)
    }

    /// Reads the days of a window and passes each on.
    fn read_window(&self, window: &BTreeSet<Day>, resources: &DayResources, emit: &mut dyn FnMut(DayRead) -> Result<()>) -> Result<()> {
        // A later partition that this run does not read anyway may hold lines of the window, too.
        let is_last = window.last().is_some_and(|last| self.days.read.contains(last) && !self.days.read.contains(&last.plus(1)));
        let looks_ahead = is_last && window.last().is_some_and(|last| !self.days.later.contains(&last.plus(1)));
        let hashes = &self.inputs.reference.person_hashes;
        let mut reading = match ingest::read_messages(self.context.plan, window, resources, hashes, looks_ahead) {
            Ok(reading) => reading,
            // A day that is read only because others look back on it may lack its files.
            Err(e) if window.is_disjoint(self.days.read) && e.retryable() => return Ok(()),
            Err(e) if window.is_disjoint(self.days.read) || window.len() > 1 || !self.goes_on_after(&e) => return Err(e),
            Err(e) => return window.first().map_or(Ok(()), |day| emit((*day, Err(e), None))),
        };
        for (day, chats) in std::mem::take(&mut reading.days) {
            let audit = self.read_day(day, chats, self.days.read.contains(&day), resources.workers);
            let audit = audit.map_err(|e| e.during("reading the chats of a day")).with("business day", day);
            match audit {
                Err(e) if !self.days.read.contains(&day) || !self.goes_on_after(&e) => return Err(e),
                audit => emit((day, audit, reading.earliest))?,
            }
        }
        Ok(())
    }

    /// Whether the run goes on with other days after an error of one. It does if it is for several days, missed ones among them, or reads others
    /// beside its own, and was neither interrupted nor started in a wrong way.
    fn goes_on_after(&self, error: &Error) -> bool {
        (self.context.is_for_several_days() || self.context.reads_others) && !matches!(error.kind(), Kind::Interrupted(_) | Kind::Usage)
    }

    /// Holds a day back if a gate applies and the run is not forced. Errors: the day is held back.
    fn gate(&self, day: Day, chats: &mut DayChats) -> Result<()> {
        let mut reason = self.reason_to_hold(day, chats.audit.total().read)?;
        if let (None, Some(silence)) = (&reason, self.silence(day, &chats.names.shops().collect())?) {
            match silence.share > 1.0 - self.context.plan.config.quality.min_volume {
                true => reason = Some(("silent shops", silence.why)),
                false => drop(chats.audit.passing.insert(silence.why)),
            }
        }
        let Some((name, why)) = reason else { return Ok(()) };
        // Nobody has looked at the inputs of a day that a night has missed.
        let (name, forced) = (name.to_owned(), self.context.request.force && !self.context.missed.contains(&day));
        let gate = Gate { name, partition: format!("business day {day}"), held: !forced, why: why.clone(), forced };
        self.context.recorder.update(|record| record.gates.push(gate));
        if forced {
            tracing::warn!(%day, why, "a gate would hold the day back; it is published because of --force");
            return Ok(());
        }
        let hint = "check that the export is complete; if it is, pass --force; [quality] min_volume sets the share";
        Err(Error::new(Kind::Refused, format!("held back: {why}")).hint(hint))
    }

    /// The gate that holds a day back, and why. `None` if the day passes.
    fn reason_to_hold(&self, day: Day, rows: i64) -> Result<Option<(&'static str, String)>> {
        let may_be_empty = rows == 0 && self.context.plan.config.quality.on_missing == OnMissing::Empty;
        let mut usual =
            self.context.history.range(day.plus(-28)..day).map(|(_, (rows, _))| *rows).filter(|rows| *rows > 0).collect::<Vec<_>>();
        if may_be_empty || usual.len() < 7 {
            return Ok(None);
        }
        usual.sort_unstable();
        let median = usual[usual.len() / 2];
        let minimum = self.context.plan.config.quality.min_volume * median as f64;
        let why = || format!("{rows} lines, {:.0} % of the {median} of a usual day", rows as f64 / median as f64 * 100.0);
        Ok(((rows as f64) < minimum).then(|| ("volume", why())))
    }

    /// Every day on which the credits and silent orders of a restated day look back, and the restated days themselves.
    fn days_looked_back_on(&self) -> Result<BTreeSet<Day>> {
        let (calendar, rules) = (&self.context.plan.calendar, &self.context.plan.rules.widest);
        let mut days = self.days.restated.clone();
        for day in self.days.restated.iter().filter(|_| self.has_orders()) {
            days.extend(rules.lookback_start(calendar, *day)?.through(*day));
            days.extend(facts::reply_days(&self.instants(*day)?, calendar, rules)?);
        }
        Ok(days)
    }

    /// Reads a day unless a gate holds it back. Returns the audit of its rows and the profile of their cells.
    /// Errors: the day has too many bad rows, is held back, or a file cannot be written.
    fn read_day(&self, day: Day, mut chats: DayChats, requested: bool, workers: usize) -> Result<(Audit, Profile)> {
        let _span = tracing::info_span!("partition", table = "chats", level = "all", period = "day", dt = %day).entered();
        if !requested {
            self.compute_day(day, &mut chats, false, workers)?;
            let profile = chats.profile();
            return Ok((chats.audit, profile));
        }
        chats.audit.check(self.context.plan.config.quality.max_bad_ratio)?;
        self.gate(day, &mut chats)?;
        self.compute_day(day, &mut chats, true, workers)?;
        let profile = chats.profile();
        self.warn_of_day(day, &mut chats.audit, &profile)?;
        Ok((chats.audit, profile))
    }

    /// Computes the facts of a day shard by shard, adds them to its states and, if the day is `requested`, to its detail tables. The audit of
    /// the chats gets their counts. Errors: a file cannot be written.
    fn compute_day(&self, day: Day, chats: &mut DayChats, requested: bool, workers: usize) -> Result<()> {
        let (rule_sets, names) = (&self.context.plan.rules, &chats.names);
        let set_of =
            |shop: u32| rule_sets.set_for(self.inputs.reference.platform(names.shop(shop)).or_else(|| names.platform_of(shop)), day);
        let shards = chats.partitions.shards(names, set_of)?;
        let context_of = |shard: &[usize]| {
            let set = shard.first().map_or_else(|| rule_sets.set_for(None, day), |piece| set_of(chats.partitions.shop(*piece)));
            let order_by = self.context.plan.config.messages.order_by;
            facts::FactContext::new((day, &self.context.plan.calendar), names, rule_sets.rules(set), &self.inputs.reference, order_by)
        };
        // Every file is opened with an empty table, so that it has its columns even if there are no rows.
        let empty = facts::chat_facts(&context_of(&[])?, &chats.partitions, &[])?;
        let tables = |facts: &facts::ChatFacts| if requested { details(facts, &chats.names, day).map(Vec::from) } else { Ok(Vec::new()) };
        let published = tables(&empty)?.iter().map(|table| self.publisher.open(table)).collect::<Result<Vec<_>>>()?;
        let stored = self.states.open(day, state::shard_files(&empty, names, &rule_sets.widest)?)?;
        let state_writers = self.states.open_chats(day, names)?;
        let mut write = |level, kind, rows: DataFrame| state_writers.append(level, kind, &rows);
        let (mut states, mut peaks) = (Level::ALL.map(ChatAccumulators::new), facts::ConcurrencyPeaks::default());
        let (mut line_counts, mut suspect) = (Vec::new(), facts::SuspectLines::default());
        let process = |shard: &ingest::Shard, emit: &mut dyn FnMut(ShardResult) -> Result<()>| {
            let context = context_of(shard)?;
            let (facts, rules) = (facts::chat_facts(&context, &chats.partitions, shard)?, context.rules.rules);
            let mut rows = Vec::new();
            for (writer, table) in published.iter().zip(tables(&facts)?) {
                rows.push(writer.encode(&table.rows)?);
            }
            for (writer, (_, piece)) in stored.iter().zip(state::shard_files(&facts, &chats.names, rules)?) {
                rows.push(writer.encode(&piece)?);
            }
            let [shops, agents] = Level::ALL.map(|level| state::shard_states(level, &facts, rules));
            let last_shop = shard.last().map_or(0, |piece| chats.partitions.shop(*piece));
            emit(ShardResult {
                last_shop,
                states: [shops?, agents?],
                rows,
                open_receptions: facts.open_receptions,
                line_counts: facts.line_counts,
                suspect: facts.suspect,
            })
        };
        parallel::for_each_ordered(&shards, workers, process, |result| {
            peaks.add(result.open_receptions, &chats.names);
            line_counts.extend(result.line_counts);
            suspect.merge(result.suspect);
            states.iter_mut().zip(&result.states).for_each(|(states, shard)| states.merge(shard));
            if states.iter().any(ChatAccumulators::has_many_sums) {
                let complete = peaks.take_complete(result.last_shop, names)?;
                states.iter_mut().try_for_each(|states| states.add_peaks(&complete, &rule_sets.widest))?;
            }
            states.iter_mut().try_for_each(|states| states.emit_complete(result.last_shop, names, &mut write))?;
            published.iter().chain(&stored).zip(result.rows).try_for_each(|(writer, rows)| writer.append(rows))
        })?;
        let peaks = peaks.frame(&chats.names)?;
        states.into_iter().try_for_each(|states| states.emit_all(&peaks, names, &rule_sets.widest, &mut write))?;
        self.states.close_chats(state_writers)?;
        self.states.put_platforms(day, &chats.names)?;
        published.into_iter().try_for_each(|writer| self.publisher.close(writer))?;
        // The facts are closed last: a day counts as having facts once the file of its persons exists.
        stored.into_iter().try_for_each(|writer| self.states.close(writer))?;
        line_counts.iter().for_each(|counts| chats.count(counts));
        chats.audit.warnings.extend(suspect.warnings());
        Ok(())
    }

    /// Says the warnings about the messages of a day, and adds them to its audit. Errors: warnings are errors.
    fn warn_of_day(&self, day: Day, audit: &mut Audit, profile: &Profile) -> Result<()> {
        let total = audit.total();
        let before = self.context.history.range(day.plus(-28)..day).filter_map(|(_, (_, profile))| profile.as_ref());
        audit.passing.extend(profile.news(&before.collect::<Vec<_>>()));
        audit.warnings.extend(warnings::duplicates(total.duplicates, total.used + total.duplicates + total.ignored));
        self.context.warn(audit.table.name(), Some(day), &audit.all_warnings())
    }

    /// Adds the rows of a day's messages to the record of the run, and on its last day those of the tables that are not read by day.
    fn count_day(&self, day: Day, messages: &Audit) -> Result<()> {
        self.count(messages, day);
        if !self.days.later.is_empty() || self.days.read.last() != Some(&day) {
            return Ok(());
        }
        let orders = self.orders().map(Orders::run_audit).transpose()?;
        orders.iter().chain(self.audits()).for_each(|audit| self.count(audit, day));
        Ok(())
    }

    /// Adds an audit to the record of the run.
    fn count(&self, audit: &Audit, day: Day) {
        let (name, total) = (audit.table.name(), audit.total());
        let counts = [total.read, total.used, total.quarantined, total.duplicates, total.outside, total.ignored];
        self.context.recorder.record_inputs(audit);
        self.context.recorder.update(|record| {
            let sums = record.audit.entry(name.to_owned()).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        });
        tracing::info!(%day, table = name, read = total.read, used = total.used, quarantined = total.quarantined,
            duplicates = total.duplicates, outside = total.outside, ignored = total.ignored, "audit");
    }
}
