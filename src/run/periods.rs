//! The stage `reports`: rolls the states of days up to every period that contains a restated day, and stages its reports. The states of each
//! day are read once for all periods, and once for each part of the shops (`report_parts.rs`).

use super::report_parts::{ReportPart, ReportWork, ReportWriters, ShopPlatforms, states};
use super::stretch::Stretch;
use crate::config::{ShopSet, ShopSetMembers};
use crate::error::{Context, Error, Result};
use crate::frames::collect;
use crate::memory;
use crate::model::InputTable;
use crate::model::Level;
use crate::parallel;
use crate::reports;
use crate::reports::{AccountInputs, Dims, FinishInputs, RowContext, Targets};
use crate::state::{AgentGroups, DayRange, MergedStates, Rollups, StateBatch, StateKind, StatePart};
use kefu_kernel::calendar::{Day, Span};
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A period, the number of its days with states, and the merged states.
type MergedPeriod = (Span, usize, Arc<MergedStates>);

/// Bytes of memory for each person of each day while persons are merged, without teams and with them. At worst no person occurs on two days.
const PERSON_BYTES: usize = 160;
const PERSON_BYTES_WITH_TEAM: usize = 240;
/// The smallest part into which persons are split.
const MIN_PERSONS_PER_PART: usize = 256;
/// The fewest bytes that a person takes in a file.
const MIN_PERSON_FILE_BYTES: u64 = 8;
/// Bytes in memory for each byte of a day's file of persons: in the stage `judgements`, and in the stage `sales`, where orders are in memory too.
pub(super) const JUDGEMENT_BYTES_PER_FILE_BYTE: u64 = 16;
pub(super) const SALES_BYTES_PER_FILE_BYTE: u64 = 64;
/// Rows of a day's states that are passed on together.
const ROWS_TOGETHER: usize = 1 << 17;

impl Stretch<'_> {
    /// Adds the periods of the restated days to those that are stale already, and removes and returns the periods that this stretch reports:
    /// those without a day of a later stretch. A period with a day of an older version is dropped: it stays as it is published. So does one with
    /// a published day whose states are lost and could not be made again, because it would come without that day. Only a forced run for the whole
    /// output makes it without the days whose message files are gone.
    pub(super) fn spans_to_report(&self, stale: &mut BTreeSet<Span>) -> BTreeSet<Span> {
        let plan = self.context.plan;
        let spans_of = |day: &Day| plan.config.reports.periods.iter().map(|period| plan.calendar.span(*period, *day)).collect::<Vec<_>>();
        stale.extend(self.days.restated.iter().flat_map(spans_of));
        let is_missing = |day: &Day| !self.context.freshness.has_states(*day) && !self.days.with_chat_states.contains(day);
        let is_older = |day: &Day| self.context.older.contains(day) && !self.days.restated.contains(day);
        let stays = |day: &Day| (is_older(day) || is_missing(day)) && !self.days.later.contains(day);
        let is_waived = |day: &Day| self.context.lost.contains(day) && self.context.request.force && self.context.covers_output;
        stale.retain(|span| !self.days.published.range(span.first..=span.last).any(|day| stays(day) && !is_waived(day)));
        stale.extract_if(.., |span| self.days.later.range(span.first..=span.last).next().is_none()).collect()
    }

    /// Computes and stages the reports of some periods, and the dimension tables.
    /// Errors: a state cannot be read, or a file cannot be written.
    pub(super) fn compute_reports(&self, spans: &BTreeSet<Span>) -> Result<()> {
        let work = self.report_work(spans)?;
        let (files, parts) = (ReportWriters::new(self.publisher), self.report_parts(&work)?);
        for (number, shops) in (1..).zip(&parts) {
            self.report_part(&work, &ReportPart { shops, files: &files, is_last: number == parts.len() })?;
        }
        self.stage_dims(&work.platforms)
    }

    /// Finds out which days and states the reports of some periods are made of.
    fn report_work(&self, spans: &BTreeSet<Span>) -> Result<ReportWork> {
        let reportable = self.reportable_days();
        // Periods that have states of the same days share one rollup. On the first night all five periods do.
        let mut ranges: BTreeMap<DayRange, Vec<Span>> = BTreeMap::new();
        for span in spans {
            let mut days = reportable.range(span.first..=span.last);
            if let Some(first) = days.next() {
                ranges.entry((*first, *days.next_back().unwrap_or(first))).or_default().push(*span);
            }
        }
        let days = reportable.iter().copied().filter(|day| ranges.keys().any(|days| days.0 <= *day && *day <= days.1)).collect::<Vec<_>>();
        let groups = self.agent_groups(&days);
        let platforms = reportable.iter().map(|day| Ok((*day, self.states.platforms(*day)?))).collect::<Result<BTreeMap<_, _>>>()?;
        Ok(ReportWork { reportable, ranges, days, groups, platforms })
    }

    /// Merges the states of a part and stages its reports.
    fn report_part(&self, work: &ReportWork, part: &ReportPart) -> Result<()> {
        let ReportWork { reportable, ranges, days, groups, platforms } = work;
        let ranges_of = |day: Day| ranges.keys().copied().filter(|days| days.0 <= day && day <= days.1).collect::<Vec<_>>();
        let has_teams = groups.values().any(|groups| !groups.teams.is_empty());
        let parts = self.parts(days, part.shops, if has_teams { PERSON_BYTES_WITH_TEAM } else { PERSON_BYTES })?;
        let mut persons = self.further_parts(&parts[1..], groups, &ranges_of)?;
        let mut rollups = Rollups::default();
        let mut finished = Vec::new();
        let read = |day: &Day, emit: &mut dyn FnMut(_) -> Result<()>| {
            self.each_state(*day, (part.shops, &parts[0]), states(), &mut |rows| emit((*day, rows, false)))?;
            emit((*day, Vec::new(), true))
        };
        parallel::for_each_ordered(
            days,
            if parts.len() > 1 { 1 } else { memory::workers(self.context.request.memory) },
            read,
            |(day, rows, has_ended)| {
                rollups.add(&ranges_of(day), &groups[&day], &rows);
                for range in ranges_of(day).into_iter().filter(|days| has_ended && days.1 == day) {
                    let mut merged = rollups.close(range)?;
                    for (level, merged) in merged.iter_mut().enumerate() {
                        for share in persons.remove(&(range, level)).unwrap_or_default() {
                            merged.persons.vstack_mut_owned(share)?;
                        }
                    }
                    let (merged, count) = (Arc::new(merged), reportable.range(range.0..=range.1).count());
                    finished.extend(ranges[&range].iter().map(|span| (*span, count, Arc::clone(&merged))));
                }
                if finished.len() >= 4 {
                    self.report_all(&std::mem::take(&mut finished), platforms, part)?;
                }
                Ok(())
            },
        )?;
        self.report_all(&finished, platforms, part)
    }

    /// Stages the dimension tables over all reportable days.
    fn stage_dims(&self, platforms: &BTreeMap<Day, ShopPlatforms>) -> Result<()> {
        let reportable = self.reportable_days().union(self.context.older).copied().collect::<BTreeSet<_>>();
        let first = reportable.first().copied().unwrap_or(self.context.request.from);
        let last = reportable.last().copied().unwrap_or(self.context.request.to);
        // The reports of days that an older version made join these tables, too.
        let with_states = self.context.older.iter().filter(|day| self.context.freshness.has_states(**day));
        let older = with_states.map(|day| self.states.platforms(*day).unwrap_or_default()).collect::<Vec<_>>();
        let dims = self.dims(platforms.values().chain(&older), self.context.landed.through)?;
        reports::dims(&self.context.plan.calendar, (first, last), &self.inputs.reference, &dims)?
            .iter()
            .try_for_each(|table| self.publisher.stage(table))
    }

    /// Merges the persons of all parts but the first, one part at a time, if the persons of all parts do not fit in memory together. The first
    /// part is merged with the other states. `groups`: those of each of the days. Returns the merged persons by range of days and index of the
    /// level.
    fn further_parts(
        &self,
        parts: &[ShopSetMembers],
        groups: &BTreeMap<Day, AgentGroups>,
        ranges_of: &dyn Fn(Day) -> Vec<DayRange>,
    ) -> Result<BTreeMap<(DayRange, usize), Vec<DataFrame>>> {
        let mut persons: BTreeMap<(DayRange, usize), Vec<DataFrame>> = BTreeMap::new();
        let days = groups.keys().copied().collect::<Vec<_>>();
        for part in parts {
            let mut rollups = Rollups::default();
            let read = |day: &Day, emit: &mut dyn FnMut(_) -> Result<()>| {
                let persons = states().filter(|(_, kind)| *kind == StateKind::Persons);
                self.each_state(*day, (part, part), persons, &mut |rows| emit((*day, rows, false)))?;
                emit((*day, Vec::new(), true))
            };
            parallel::for_each_ordered(&days, 1, read, |(day, rows, has_ended)| {
                rollups.add(&ranges_of(day), &groups[&day], &rows);
                for range in ranges_of(day).into_iter().filter(|days| has_ended && days.1 == day) {
                    for (level, merged) in rollups.close(range)?.into_iter().enumerate() {
                        persons.entry((range, level)).or_default().push(merged.persons);
                    }
                }
                Ok(())
            })?;
        }
        Ok(persons)
    }

    /// What accounts belong to on each of some days, by the rows of `staff` that hold on it. Without teams in the reports there are none.
    fn agent_groups(&self, days: &[Day]) -> BTreeMap<Day, AgentGroups> {
        let changes = self.inputs.reference.staff.changes();
        let mut groups: BTreeMap<Day, AgentGroups> = BTreeMap::new();
        for day in days {
            let known = groups.last_key_value().filter(|(before, _)| changes.range(before.plus(1)..=*day).next().is_none());
            let of_day = known.map_or_else(|| self.agent_groups_on(*day), |(_, known)| known.clone());
            groups.insert(*day, of_day);
        }
        groups
    }

    /// What accounts belong to on a day.
    fn agent_groups_on(&self, day: Day) -> AgentGroups {
        let staff = &self.inputs.reference.staff;
        let has_teams = self.context.plan.config.reports.levels.contains(&Level::Team);
        let team = |(key, place): (&(String, String), usize)| Some((key.clone(), staff.rows()[place].account.team.clone()?));
        let teams = staff.places_on(day).filter(|_| has_teams).filter_map(team).collect();
        // Where no row has dates, an account has one row all along, and its sums are those of the row.
        let is_dated = staff.has_dated();
        let staff_rows = staff.places_on(day).filter(|_| is_dated).map(|(key, place)| (key.clone(), place.to_string())).collect();
        AgentGroups { teams: Arc::new(teams), staff_rows: Arc::new(staff_rows) }
    }

    /// Splits all persons of some days and shops into parts that fit in a quarter of the memory limit. `bytes_in_memory`: bytes of a person.
    fn parts(&self, days: &[Day], shops: &ShopSetMembers, bytes_in_memory: usize) -> Result<Vec<ShopSetMembers>> {
        let most = (self.context.request.memory / 4 / bytes_in_memory).max(MIN_PERSONS_PER_PART);
        let size = |day: &Day| self.states.persons_size(*day, StatePart::Chats, Level::Agent);
        let mut sizes = days.iter().map(size);
        if sizes.try_fold(0, |sum, size| Ok::<_, Error>(sum + size?))? < most as u64 * MIN_PERSON_FILE_BYTES {
            return Ok(vec![shops.clone()]);
        }
        let mut persons: BTreeMap<String, usize> = BTreeMap::new();
        for day in days {
            for (shop, count) in self.states.rows_by_shop((*day, StatePart::Chats, Level::Agent, StateKind::Persons))? {
                *persons.entry(shop).or_default() += count;
            }
        }
        Ok(shops.parts(&persons, most))
    }

    /// The number of parts, 1 to 256, in which the persons of the largest of some days fit in a quarter of the memory limit.
    /// `bytes_in_memory`: bytes for each byte of their file.
    pub(super) fn shares(&self, days: &[Day], bytes_in_memory: u64) -> Result<usize> {
        let mut largest = 0;
        for day in days {
            largest = largest.max(self.states.persons_size(*day, StatePart::Chats, Level::Agent)?);
        }
        Ok((largest * bytes_in_memory).div_ceil((self.context.request.memory as u64 / 4).max(1)).clamp(1, 256) as usize)
    }

    /// Passes on some states of some shops on a day, [`ROWS_TOGETHER`] rows at a time. Of their persons, only those of a part are passed on.
    fn each_state(
        &self,
        day: Day,
        (shops, part): (&ShopSetMembers, &ShopSetMembers),
        states: impl Iterator<Item = (StatePart, StateKind)>,
        each: &mut dyn FnMut(Vec<StateBatch>) -> Result<()>,
    ) -> Result<()> {
        let (mut held, mut count) = (Vec::new(), 0);
        let mut hold = |rows: StateBatch| {
            count += rows.3.num_rows();
            held.push(rows);
            if count < ROWS_TOGETHER {
                return Ok(());
            }
            count = 0;
            each(std::mem::take(&mut held))
        };
        for (part_of_state, kind) in states {
            for level in kind.levels().iter().copied() {
                match kind {
                    StateKind::Persons => {
                        self.states.flags_of((day, part_of_state, level), part, &mut |rows| hold((level, part_of_state, kind, rows)))?
                    }
                    _ => {
                        let mut rows = self.states.rows((day, part_of_state, level, kind), shops)?;
                        rows.try_for_each(|rows| hold((level, part_of_state, kind, rows?)))?
                    }
                }
            }
        }
        each(held)
    }

    /// Names and platforms of ids, as of a day. If the table `shops` has no platform for a shop, it is the alphabetically first that the lines
    /// of the days name, so that the order of days does not matter.
    fn dims<'p>(&self, days: impl Iterator<Item = &'p ShopPlatforms>, as_of: Day) -> Result<Dims> {
        let mut platforms: BTreeMap<String, String> = BTreeMap::new();
        for (shop, platform) in days.flatten() {
            let known = platforms.entry(shop.clone()).or_insert_with(|| platform.clone());
            if platform < known {
                known.clone_from(platform);
            }
        }
        Dims::new(&self.inputs.reference, &platforms, as_of)
    }

    /// Stages the reports of some periods in parallel, as far as a part has them.
    fn report_all(&self, ended: &[MergedPeriod], platforms: &BTreeMap<Day, ShopPlatforms>, part: &ReportPart) -> Result<()> {
        let targets = Targets::new(self.inputs.records.of(InputTable::Targets))?;
        let report = |(span, days, merged): &MergedPeriod, emit: &mut dyn FnMut(()) -> Result<()>| {
            let through = span.last.min(self.context.landed.through);
            let dims = self.dims(platforms.range(span.first..=span.last).map(|(_, platforms)| platforms), through)?;
            self.report((*span, *days), merged, &targets, &dims, part)
                .with("period", format!("{} of {}", span.period.name(), span.first))?;
            emit(())
        };
        parallel::for_each_ordered(ended, memory::workers(self.context.request.memory), report, |()| Ok(()))
    }

    /// Stages a part of the reports of one period. `days`: the number of its days with states.
    fn report(&self, (span, days): (Span, usize), merged: &MergedStates, targets: &Targets, dims: &Dims, part: &ReportPart) -> Result<()> {
        let _span =
            tracing::info_span!("partition", table = "reports", level = "all", period = span.period.name(), dt = %span.first).entered();
        let (plan, landed) = (self.context.plan, &self.context.landed);
        let shop_sets = ShopSet::all(&plan.rules, &dims.platforms(), span.last);
        let row = RowContext { span, landed, complete: self.is_complete(span, days)?, shop_sets: &shop_sets };
        let known_shops = self.inputs.reference.shops.keys().filter(|shop| part.shops.has_shop(shop)).cloned().collect::<Vec<_>>();
        let mut shop = None;
        let [shops, agents, _, staff_rows] = merged;
        let (reference, through) = (&self.inputs.reference, span.last.min(landed.through));
        let accounts = AccountInputs { agents, staff_rows, reference, targets, span, through, shop_sets: &shop_sets };
        for (level, merged) in Level::REPORTED.into_iter().zip(merged) {
            let is_reported = plan.config.reports.levels.contains(&level);
            // Agents need the shop rows for their shares, whether or not shops are reported.
            if !is_reported && level != Level::Shop {
                continue;
            }
            let targets_and_rates = reports::targets_and_rates(level, &accounts)?;
            let inputs =
                FinishInputs { shop: shop.as_ref(), known_shops: &known_shops, targets_and_rates: &targets_and_rates, days: days as i64 };
            let query = reports::finish(level, merged, &inputs, landed, span, &shop_sets)?;
            let rows = collect(reports::report_query(level, query, dims))?;
            if is_reported {
                part.stage(reports::report(level, &rows, &row)?)?;
            }
            if level == Level::Shop {
                shop = Some(rows);
            }
        }
        part.stage_pieces(reports::histogram([shops, agents], dims, &row))?;
        if landed.tables.contains(&InputTable::Tickets) {
            part.stage(reports::ticket_kinds([shops, agents], dims, &row)?)?;
        }
        if landed.tables.contains(&InputTable::Videos) {
            part.stage(reports::videos(shops, dims, &row)?)?;
        }
        part.stage_pieces(reports::hourly([shops, agents], dims, &row))
    }

    /// Whether the reports of a period are complete: it has its chats (`days` of its days have states), and the orders that it needs are known.
    fn is_complete(&self, span: Span, days: usize) -> Result<bool> {
        Ok(self.has_its_chats(span, days)? && self.context.freshness.knows_orders(span)?)
    }

    /// The partitions of orders without which those of some periods that have their chats are not complete.
    pub(super) fn missing_orders(&self, spans: &BTreeSet<Span>) -> Result<BTreeSet<Day>> {
        let (reportable, mut missing) = (self.reportable_days(), BTreeSet::new());
        for span in spans {
            if self.has_its_chats(*span, reportable.range(span.first..=span.last).count())? {
                missing.extend(self.context.freshness.missing_orders(*span)?);
            }
        }
        Ok(missing)
    }

    /// Whether a period is over, each of its days has landed and has states (`days` of them), and no day on which it looks back is lost or lies
    /// before the first log.
    fn has_its_chats(&self, span: Span, days: usize) -> Result<bool> {
        let first_needed = if self.has_orders() {
            self.context.plan.rules.widest.lookback_start(&self.context.plan.calendar, span.first)?
        } else {
            span.first
        };
        let is_over = span.last <= self.context.landed.through;
        let has_all_days = days == span.days().count();
        // A day that is lost is no less unknown than one before the first log.
        let knows_days = self.context.lost.range(first_needed..=span.last).next().is_none();
        Ok(is_over && has_all_days && knows_days && self.days.first_log.is_none_or(|first| first_needed >= first))
    }
}
