//! The last part of a run: every period that a restated day lies in, each day's states read once for all of them.

use super::Run;
use crate::calendar::{Day, Span};
use crate::error::{Context, Error, Result};
use crate::ingest::Table;
use crate::job::Level;
use crate::memory;
use crate::pipe;
use crate::reports::{self, Beside, Dims, Kind, Ledgers, Merged, Part, Row, StateRows, Stretch, Targets, Teams};
use crate::rules::{Group, Members};
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A period, how many of its days have states, and what these come to at each level.
type Ended = (Span, usize, Arc<[Merged; 3]>);

/// The platform that each shop's lines of a day name.
type Platforms = Vec<(String, String)>;

/// Bytes of a day's person while it is added up, and with its team, where none comes on two days.
const PERSON: usize = 160;
const PERSON_IN_TEAM: usize = 240;
/// Persons that are counted at a time, at least.
const LEAST_PART: usize = 256;
/// Bytes of a person in a file, at least.
const LEAST_PERSON: u64 = 8;
/// What a byte of a day's persons comes to in memory: as tables about them, and beside orders.
pub(super) const PERSON_JUDGED: u64 = 16;
/// Rows of a day's states that are handed on at once.
const TOGETHER: usize = 1 << 17;
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
        let parts = self.parts(&days, if teams.is_empty() { PERSON } else { PERSON_IN_TEAM })?;
        let mut persons = self.further_parts(&parts[1..], &days, &open, &teams)?;
        let mut ledgers = Ledgers::new(&teams);
        let mut platforms = BTreeMap::new();
        let mut ended = Vec::new();
        let read = |day: &Day, emit: &mut dyn FnMut(_) -> Result<()>| {
            self.each_state(*day, &parts[0], states(), &mut |rows| emit((*day, rows, None)))?;
            emit((*day, Vec::new(), Some(self.states.platforms(*day)?)))
        };
        pipe::in_order(
            &days,
            if parts.len() > 1 { 1 } else { memory::workers(self.ground.request.memory) },
            read,
            |(day, rows, ended_with)| {
                ledgers.add(&open(day), &rows);
                let Some(platforms_of_day) = ended_with else { return Ok(()) };
                platforms.insert(day, platforms_of_day);
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

    /// Where all persons do not fit, a part of them is counted at a time: all parts but the first, which goes with everything else.
    fn further_parts(
        &self,
        parts: &[Members],
        days: &[Day],
        open: &dyn Fn(Day) -> Vec<Stretch>,
        teams: &Arc<Teams>,
    ) -> Result<BTreeMap<(Stretch, usize), Vec<DataFrame>>> {
        let mut persons: BTreeMap<(Stretch, usize), Vec<DataFrame>> = BTreeMap::new();
        for part in parts {
            let mut ledgers = Ledgers::new(teams);
            let read = |day: &Day, emit: &mut dyn FnMut(_) -> Result<()>| {
                let persons = states().filter(|(_, kind)| *kind == Kind::Persons);
                self.each_state(*day, part, persons, &mut |rows| emit((*day, rows, false)))?;
                emit((*day, Vec::new(), true))
            };
            pipe::in_order(days, 1, read, |(day, rows, has_ended)| {
                ledgers.add(&open(day), &rows);
                for stretch in open(day).into_iter().filter(|days| has_ended && days.1 == day) {
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

    /// Who is counted at a time, where a person of a day takes so many bytes.
    fn parts(&self, days: &[Day], bytes_in_memory: usize) -> Result<Vec<Members>> {
        let most = (self.ground.request.memory / 4 / bytes_in_memory).max(LEAST_PART);
        let size = |day: &Day| self.states.persons_size(*day, Part::Chats, Level::Agent);
        let mut sizes = days.iter().map(size);
        if sizes.try_fold(0, |sum, size| Ok::<_, Error>(sum + size?))? < most as u64 * LEAST_PERSON {
            return Ok(vec![Members::everyone()]);
        }
        let mut persons: BTreeMap<String, usize> = BTreeMap::new();
        for day in days {
            for (shop, count) in self.states.persons_by_shop(*day, Level::Agent)? {
                *persons.entry(shop).or_default() += count;
            }
        }
        Ok(Members::everyone().parts(&persons, most))
    }

    /// How many shares the persons of the largest day are worked on in, where a byte of their file takes so many in memory.
    pub(super) fn shares(&self, days: &[Day], bytes_in_memory: u64) -> Result<usize> {
        let mut largest = 0;
        for day in days {
            largest = largest.max(self.states.persons_size(*day, Part::Chats, Level::Agent)?);
        }
        Ok((largest * bytes_in_memory).div_ceil((self.ground.request.memory as u64 / 4).max(1)).clamp(1, 256) as usize)
    }

    /// States of a day, so many rows at a time: of its persons those of a part.
    fn each_state(
        &self,
        day: Day,
        part: &Members,
        states: impl Iterator<Item = (Part, Kind)>,
        each: &mut dyn FnMut(Vec<StateRows>) -> Result<()>,
    ) -> Result<()> {
        let (mut held, mut count) = (Vec::new(), 0);
        let mut hold = |rows: StateRows| {
            count += rows.3.num_rows();
            held.push(rows);
            if count < TOGETHER {
                return Ok(());
            }
            count = 0;
            each(std::mem::take(&mut held))
        };
        for (of, kind) in states {
            for level in Level::ALL {
                match kind {
                    Kind::Persons => self.states.flags_of((day, of, level), part, &mut |rows| hold((level, of, kind, rows)))?,
                    _ => self.states.rows(day, of, level, kind)?.try_for_each(|rows| hold((level, of, kind, rows?)))?,
                }
            }
        }
        each(held)
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

/// What every day has states of.
fn states() -> impl Iterator<Item = (Part, Kind)> {
    [Part::Chats, Part::Sales].into_iter().flat_map(|part| Kind::of(part).iter().map(move |kind| (part, *kind)))
}
