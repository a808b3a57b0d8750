//! The last part of a run: every period that a restated day lies in, each day's states read once for all of them.

use super::Run;
use crate::calendar::{Day, Span};
use crate::error::{Context, Result};
use crate::ingest::Table;
use crate::job::Level;
use crate::memory;
use crate::pipe;
use crate::publish::Share;
use crate::reports::{self, Beside, Dims, Kind, Ledgers, Merged, Part, Row, Stretch, Targets, Teams};
use crate::rules::Group;
use arrow::array::RecordBatch;
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A period, how many of its days have states, and what these come to at each level.
type Ended = (Span, usize, Arc<[Merged; 3]>);

/// The platform that each shop's lines of a day name.
type Platforms = Vec<(String, String)>;

/// Rows of one state of a day.
type StateRows = (Level, Part, Kind, RecordBatch);

/// What a byte of a day's persons comes to in memory: added up, with those of its team, and beside orders.
pub(super) const PERSON: u64 = 16;
const PERSON_IN_TEAM: u64 = 24;
pub(super) const PERSON_SOLD: u64 = 64;

impl Run<'_> {
    /// The reports of every period that a restated day lies in. Each day's states are read once for all of them.
    pub(super) fn make_reports(&mut self) -> Result<()> {
        let (plan, restated) = (self.ground.plan, &self.restated);
        let spans_of = |day: &Day| plan.job.reports.periods.iter().map(|period| plan.calendar.span(*period, *day)).collect::<Vec<_>>();
        self.spans.extend(restated.iter().flat_map(spans_of));
        // A period is made once, with the last of its days.
        let spans = self.spans.extract_if(.., |span| self.later.range(span.first..=span.last).next().is_none()).collect::<BTreeSet<_>>();
        self.report_spans(&spans)?;
        self.reported = spans;
        Ok(())
    }

    fn report_spans(&self, spans: &BTreeSet<Span>) -> Result<()> {
        let made = self.sold();
        // Periods with states of the same days have one sum: a first night's are all five the same.
        let mut stretches: BTreeMap<Stretch, Vec<Span>> = BTreeMap::new();
        for span in spans {
            let mut days = made.range(span.first..=span.last);
            if let Some(first) = days.next() {
                stretches.entry((*first, *days.next_back().unwrap_or(first))).or_default().push(*span);
            }
        }
        let open = |day: Day| stretches.keys().copied().filter(|days| days.0 <= day && day <= days.1).collect::<Vec<_>>();
        let days = made.iter().copied().filter(|day| !open(*day).is_empty()).collect::<Vec<_>>();
        let teams = Arc::new(self.teams());
        let shares = self.shares(&days, if teams.is_empty() { PERSON } else { PERSON_IN_TEAM })?;
        let mut persons = self.further_shares(shares, &days, &open, &teams)?;
        let mut ledgers = Ledgers::new(&teams);
        let mut platforms = BTreeMap::new();
        let mut ended = Vec::new();
        let read = |day: &Day, emit: &mut dyn FnMut(_) -> Result<()>| {
            emit((*day, self.states.platforms(*day)?, self.day_rows(*day)?, self.persons(*day, (0, shares))?))
        };
        pipe::in_order(
            &days,
            if shares > 1 { 1 } else { memory::workers(self.ground.request.memory) },
            read,
            |(day, platforms_of_day, rows, persons_of_day)| {
                platforms.insert(day, platforms_of_day);
                add(&mut ledgers, &open(day), rows);
                add(&mut ledgers, &open(day), persons_of_day);
                for stretch in open(day).into_iter().filter(|days| days.1 == day) {
                    let mut merged = ledgers.close(stretch)?;
                    for (level, merged) in merged.iter_mut().enumerate() {
                        for share in persons.remove(&(stretch, level)).unwrap_or_default() {
                            merged.persons.vstack_mut_owned(share)?;
                        }
                    }
                    let (merged, count) = (Arc::new(merged), made.range(stretch.0..=stretch.1).count());
                    ended.extend(stretches[&stretch].iter().map(|span| (*span, count, Arc::clone(&merged))));
                }
                if ended.len() >= 4 {
                    self.report_all(&std::mem::take(&mut ended), &platforms)?;
                }
                Ok(())
            },
        )?;
        self.report_all(&ended, &platforms)?;
        for day in made.iter().filter(|day| !days.contains(day)) {
            platforms.insert(*day, self.states.platforms(*day)?);
        }
        self.stage_dims(&platforms)
    }

    fn stage_dims(&self, platforms: &BTreeMap<Day, Platforms>) -> Result<()> {
        let sold = self.sold();
        let first = sold.first().copied().unwrap_or(self.ground.request.from);
        let last = sold.last().copied().unwrap_or(self.ground.request.to);
        let dims = self.dims(platforms.values())?;
        reports::dims(&self.ground.plan.calendar, (first, last), &self.reference, &dims)?
            .iter()
            .try_for_each(|table| self.publisher.stage(table))
    }

    /// Where all persons do not fit, a share of the shops is counted at a time: all shares but the first, which goes with everything else.
    fn further_shares(
        &self,
        shares: usize,
        days: &[Day],
        open: &dyn Fn(Day) -> Vec<Stretch>,
        teams: &Arc<Teams>,
    ) -> Result<BTreeMap<(Stretch, usize), Vec<DataFrame>>> {
        let mut persons: BTreeMap<(Stretch, usize), Vec<DataFrame>> = BTreeMap::new();
        for share in 1..shares {
            let mut ledgers = Ledgers::new(teams);
            let read = |day: &Day, emit: &mut dyn FnMut(_) -> Result<()>| emit((*day, self.persons(*day, (share, shares))?));
            pipe::in_order(days, 1, read, |(day, rows)| {
                add(&mut ledgers, &open(day), rows);
                for stretch in open(day).into_iter().filter(|days| days.1 == day) {
                    for (level, merged) in ledgers.close(stretch)?.into_iter().enumerate() {
                        persons.entry((stretch, level)).or_default().push(merged.persons);
                    }
                }
                Ok(())
            })?;
        }
        Ok(persons)
    }

    /// The teams of the staff table as it is now, whatever the day; none where they are not asked for.
    fn teams(&self) -> Teams {
        let wanted = self.ground.plan.job.reports.levels.contains(&Level::Team);
        let staff = self.reference.staff.iter().filter(|_| wanted);
        staff.filter_map(|(key, account)| Some((key.clone(), account.team.clone()?))).collect()
    }

    /// How many shares the shops are worked on in, where a byte of the largest day's persons takes so many in memory.
    pub(super) fn shares(&self, days: &[Day], bytes_in_memory: u64) -> Result<usize> {
        let mut largest = 0;
        for day in days {
            largest = largest.max(self.states.persons_size(*day, Part::Chats, Level::Agent)?);
        }
        Ok((largest * bytes_in_memory).div_ceil((self.ground.request.memory as u64 / 4).max(1)).clamp(1, 256) as usize)
    }

    /// The states of a day that are small however many persons it has.
    fn day_rows(&self, day: Day) -> Result<Vec<StateRows>> {
        let small = [Part::Chats, Part::Sales].into_iter().flat_map(|part| Kind::of(part).iter().map(move |kind| (part, *kind)));
        let small = small.filter(|(_, kind)| *kind != Kind::Persons);
        let wanted = Level::ALL.into_iter().flat_map(|level| small.clone().map(move |(part, kind)| (level, part, kind)));
        wanted.map(|(level, part, kind)| Ok((level, part, kind, self.states.rows(day, part, level, kind)?))).collect()
    }

    fn persons(&self, day: Day, share: Share) -> Result<Vec<StateRows>> {
        let wanted = Level::ALL.into_iter().flat_map(|level| [(level, Part::Chats), (level, Part::Sales)]);
        let mut pieces = Vec::new();
        for (level, part) in wanted {
            let rows = self.states.persons(day, part, level, share)?;
            pieces.extend(rows.into_iter().map(|rows| (level, part, Kind::Persons, rows)));
        }
        Ok(pieces)
    }

    /// Names for ids; a shop's platform is the least that its lines name on the days, where the shops table does not say.
    fn dims<'p>(&self, days: impl Iterator<Item = &'p Platforms>) -> Result<Dims> {
        let mut platforms: BTreeMap<String, String> = BTreeMap::new();
        for (shop, platform) in days.flatten() {
            let known = platforms.entry(shop.clone()).or_insert_with(|| platform.clone());
            if platform < known {
                known.clone_from(platform);
            }
        }
        Dims::new(&self.reference, &platforms)
    }

    /// The reports of periods that have ended, side by side; `Ended`: the period, its days with states, and what these come to.
    fn report_all(&self, ended: &[Ended], platforms: &BTreeMap<Day, Platforms>) -> Result<()> {
        let targets = Targets::of(self.records.of(Table::Targets))?;
        let report = |(span, days, merged): &Ended, emit: &mut dyn FnMut(()) -> Result<()>| {
            let dims = self.dims(platforms.range(span.first..=span.last).map(|(_, platforms)| platforms))?;
            self.report(*span, *days, merged, &targets, &dims).with("period", format!("{} of {}", span.period.name(), span.first))?;
            emit(())
        };
        pipe::in_order(ended, memory::workers(self.ground.request.memory), report, |()| Ok(()))
    }

    fn report(&self, span: Span, days: usize, merged: &[Merged; 3], targets: &Targets, dims: &Dims) -> Result<()> {
        let _span =
            tracing::info_span!("partition", table = "reports", level = "all", period = span.period.name(), dt = %span.first).entered();
        let (plan, landed) = (self.ground.plan, &self.ground.landed);
        let groups = Group::all(&plan.rules, &dims.platforms(), span.last);
        let row = Row { span, landed, complete: self.is_complete(span, days)?, groups: &groups };
        let zero = self.reference.shops.keys().cloned().collect::<Vec<_>>();
        let mut shop = None;
        let [shops, agents, _] = merged;
        for (level, merged) in Level::REPORTED.into_iter().zip(merged) {
            let given = reports::given(level, agents, &self.reference, targets, span, &groups)?;
            let beside = Beside { shop: shop.as_ref(), zero: &zero, given: &given };
            let finished = reports::finish(level, merged, &beside, landed, span, &groups)?;
            if plan.job.reports.levels.contains(&level) {
                self.publisher.stage(&reports::report(level, &finished, dims, &row)?)?;
            }
            if level == Level::Shop {
                shop = Some(finished);
            }
        }
        self.publisher.stage_pieces(reports::histogram([shops, agents], dims, &row))?;
        if landed.tables.contains(&Table::Tickets) {
            self.publisher.stage(&reports::ticket_kinds([shops, agents], dims, &row)?)?;
        }
        self.publisher.stage_pieces(reports::hourly([shops, agents], dims, &row))
    }

    /// The period is over, every day of it has landed and been made, and nothing it looks back on lies before the first log.
    fn is_complete(&self, span: Span, made: usize) -> Result<bool> {
        let seen = if self.has_orders() {
            self.ground.plan.rules.widest.looks_back_to(&self.ground.plan.calendar, span.first)?
        } else {
            span.first
        };
        let over = span.last <= self.ground.landed.through;
        let all = made == span.days().count();
        Ok(over && all && self.first_log.is_none_or(|first| seen >= first))
    }
}

fn add(ledgers: &mut Ledgers, stretches: &[Stretch], rows: Vec<StateRows>) {
    for (level, part, kind, rows) in rows {
        ledgers.add(stretches, level, part, kind, &rows);
    }
}
