//! The second part of a run: what orders and the tables of service say of every day that can still change.

use super::Run;
use super::periods::PERSON_SOLD;
use crate::calendar::Day;
use crate::error::{Context, Error, Result};
use crate::facts;
use crate::frames::{collect, stack};
use crate::job::Level;
use crate::memory;
use crate::metrics::Fact;
use crate::pipe;
use crate::publish::{self, ROW_GROUP, Sheet, detail};
use crate::reports::{self, Part};
use crate::rules::Group;
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Days whose sales are made together: each window reads the replies of the days before it again, and holds those of all its orders.
const SALES_WINDOW: usize = 8;

impl Run<'_> {
    /// Inquiries and credits of every day whose sales can still change.
    pub(super) fn make_sales(&mut self) -> Result<()> {
        let made = self.made.clone();
        let days = self.restated.intersection(&made).copied().collect::<Vec<_>>();
        for window in days.chunks(SALES_WINDOW) {
            let replies = collect(self.replies(window, &made)?)?;
            let sell = |day: &Day, emit: &mut dyn FnMut(()) -> Result<()>| {
                self.sell_day(*day, &made, &replies).with("business day", day)?;
                emit(())
            };
            pipe::in_order(window, self.ground.request.jobs, sell, |()| Ok(()))?;
        }
        self.ground.recorder.update(|record| record.days_restated += days.len());
        // Nothing after this asks for them, and they take much room.
        self.orders = None;
        Ok(())
    }

    /// The reply lines that may earn the orders of some days: each day's index is read once, and only what can be credited is kept.
    fn replies(&self, window: &[Day], made: &BTreeSet<Day>) -> Result<LazyFrame> {
        let rules = &self.ground.plan.rules.widest;
        let instants = window.iter().map(|day| self.instants(*day)).collect::<Result<Vec<_>>>()?.concat();
        let mut days = BTreeSet::new();
        for instant in &instants {
            days.extend(facts::reply_days(instant, &self.ground.plan.calendar, rules)?);
        }
        let asked = Arc::new(facts::Asked::of(&instants, rules.credit_lookback.0));
        let mut kept = Vec::new();
        let days = days.intersection(made).copied().collect::<Vec<_>>();
        let workers = memory::workers(self.ground.request.memory).div_ceil(days.len().max(1));
        let of_day = |day: &Day, emit: &mut dyn FnMut(DataFrame) -> Result<()>| emit(self.states.replies(*day, &asked, workers)?);
        pipe::in_order(&days, self.ground.request.jobs, of_day, |replies| {
            kept.push(replies.lazy());
            Ok(())
        })?;
        if kept.is_empty() { facts::no_replies().map(IntoLazy::lazy) } else { stack(kept) }
    }

    fn sell_day(&self, day: Day, made: &BTreeSet<Day>, replies: &DataFrame) -> Result<()> {
        let _span = tracing::info_span!("partition", table = "sales", level = "all", period = "day", dt = %day).entered();
        let groups = Group::all(&self.ground.plan.rules, &self.platforms(day, made)?, day);
        let of = |group: &Group| Ok::<_, Error>((self.credits(group, day, replies)?, self.service(group, day, replies)?));
        let of_groups = groups.iter().map(of).collect::<Result<Vec<_>>>()?;
        let credits = of_groups.iter().filter_map(|(credits, _)| Some(credits.clone()?.lazy()));
        self.stage_detail("credits", "one row per order event, rule and agent", credits.collect(), day)?;
        let ratings = of_groups.iter().filter_map(|(_, service)| Some(service.ratings.clone()?.lazy()));
        self.stage_detail("ratings", "one row per satisfaction card", ratings.collect(), day)?;
        let most = self.most_persons(day)?;
        let mut sheets: Option<Vec<Sheet>> = None;
        for (group, (credits, service)) in groups.iter().zip(of_groups) {
            let credits = credits.map(|credits| credits.drop_many(facts::TRACED));
            let parts = most.as_ref().map(|(persons, most)| group.parts(persons, *most));
            for part in parts.as_deref().unwrap_or(std::slice::from_ref(group)) {
                let mut pieces = Vec::new();
                for level in Level::ALL {
                    let sources = [self.sources(level, day, made, credits.as_ref(), part)?, service.sources(level)].concat();
                    let own = sources.into_iter().map(|(fact, rows)| Ok((fact, part.of(rows)?))).collect::<Result<Vec<_>>>()?;
                    let states = reports::sales_states(level, &own, part.rules)?;
                    pieces.extend(publish::pieces(Part::Sales, level, &states)?);
                }
                match &sheets {
                    None => sheets = Some(self.states.open(day, pieces)?),
                    Some(sheets) => sheets.iter().zip(&pieces).try_for_each(|(sheet, (_, rows))| sheet.append(sheet.encode(rows)?))?,
                }
            }
        }
        sheets.into_iter().flatten().try_for_each(|sheet| self.states.close(sheet))
    }

    /// `rows`: of the shops of each rule set; none where the table is not configured.
    fn stage_detail(&self, name: &str, grain: &str, rows: Vec<LazyFrame>, day: Day) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        // Those of one rule set are in order.
        let by_shop = SortMultipleOptions::default().with_maintain_order(true);
        let rows = if rows.len() == 1 { stack(rows)? } else { stack(rows)?.sort(["shop_id"], by_shop) };
        let rows = collect(rows)?;
        // Row group by row group: as columns of a file they take the same room again.
        let starts = (0..rows.height().max(1)).step_by(ROW_GROUP);
        self.publisher.stage_pieces(starts.map(|start| detail(name, grain, &rows.slice(start as i64, ROW_GROUP), None, day)))
    }

    /// How many persons of a day are worked on at once, with those of each shop; none: all.
    fn most_persons(&self, day: Day) -> Result<Option<(BTreeMap<String, usize>, usize)>> {
        let shares = self.shares(&[day], PERSON_SOLD)?;
        if shares == 1 {
            return Ok(None);
        }
        let persons = self.states.persons_by_shop(day, Level::Agent)?;
        let most = persons.values().sum::<usize>().div_ceil(shares).max(1);
        Ok(Some((persons, most)))
    }

    /// The persons of a group.
    pub(super) fn persons_of(&self, group: &Group, day: Day, level: Level) -> Result<LazyFrame> {
        Ok(self.states.persons_of(day, level, group.members())?.lazy())
    }

    fn credits(&self, group: &Group, day: Day, replies: &DataFrame) -> Result<Option<DataFrame>> {
        let Some(orders) = &self.orders else { return Ok(None) };
        let instants = of_group(facts::instants(orders, &self.ground.plan.calendar, group.rules, day)?, group);
        facts::credits(&instants, replies, &self.ground.plan.calendar, group.rules, day, self.ground.landed.through).map(Some)
    }

    /// The platform of every shop of which one is known on a day: from the shops table, else from the lines of the day or of the nearest
    /// day before that orders look back on.
    fn platforms(&self, day: Day, made: &BTreeSet<Day>) -> Result<BTreeMap<String, String>> {
        let mut platforms = BTreeMap::new();
        let first = self.ground.plan.rules.widest.looks_back_to(&self.ground.plan.calendar, day)?;
        for day in first.through(day).filter(|day| made.contains(day)) {
            platforms.extend(self.states.platforms(day)?);
        }
        let of_table = self.reference.shops.iter().filter_map(|(shop, known)| Some((shop.clone(), known.platform.clone()?)));
        platforms.extend(of_table);
        Ok(platforms)
    }

    /// The rows of every fact of a day that does not come of the chat log alone, where its tables are configured.
    fn sources(
        &self,
        level: Level,
        day: Day,
        made: &BTreeSet<Day>,
        credits: Option<&DataFrame>,
        group: &Group,
    ) -> Result<Vec<(Fact, LazyFrame)>> {
        let (calendar, rules) = (&self.ground.plan.calendar, group.rules);
        let mut sources = Vec::new();
        if let Some(orders) = &self.orders {
            let persons = self.persons_of(group, day, level)?;
            sources.push((Fact::Inquiries, facts::inquiries(level, persons, orders, calendar, group, day)?));
        }
        if let Some(credits) = credits {
            let credits = credits.clone().lazy();
            sources.push((Fact::Credits, if level == Level::Agent { credits.filter(col("agent_id").is_not_null()) } else { credits }));
        }
        if level == Level::Shop {
            if let Some(orders) = &self.orders {
                let days = rules.looks_back_to(calendar, day)?.through(day).filter(|day| made.contains(day));
                let persons = days.map(|day| self.persons_of(group, day, level));
                let persons = stack(persons.collect::<Result<Vec<_>>>()?)?;
                sources.push((Fact::Payments, facts::paid(persons, orders, calendar, group, day)?));
            }
            sources.push((Fact::Visits, facts::visits(&self.reference, day)?));
        }
        sources.extend(self.work_sources(level, day, group)?);
        Ok(sources)
    }
}

/// The instants of a group's orders.
pub(super) fn of_group<'a>(instants: Vec<facts::Instant<'a>>, group: &Group) -> Vec<facts::Instant<'a>> {
    instants.into_iter().filter(|instant| group.has(&instant.order.shop_id)).collect()
}
