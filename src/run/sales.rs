//! The second part of a run: what orders and the tables of service say of every day that can still change.

use super::Run;
use crate::calendar::Day;
use crate::error::{Context, Result};
use crate::facts;
use crate::frames::{collect, stack};
use crate::job::Level;
use crate::metrics::Fact;
use crate::pipe;
use crate::publish::detail;
use crate::reports::{self, Kind, Part};
use polars::prelude::*;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Days whose sales are made together: each window reads the replies of the days before it again, and holds those of all its orders.
const SALES_WINDOW: usize = 8;

impl Run<'_> {
    /// Inquiries and credits of every day whose sales can still change.
    pub(super) fn make_sales(&mut self) -> Result<()> {
        let made = self.states.days(Part::Chats)?.into_iter().collect::<BTreeSet<_>>();
        let days = self.restated.intersection(&made).copied().collect::<Vec<_>>();
        for window in days.chunks(SALES_WINDOW) {
            let replies = collect(self.replies(window, &made)?)?;
            let sell = |day: &Day, emit: &mut dyn FnMut(()) -> Result<()>| {
                self.sell_day(*day, &made, &replies).with("business day", day)?;
                emit(())
            };
            pipe::in_order(window, self.request.jobs, sell, |()| Ok(()))?;
        }
        self.record.days_restated += days.len();
        Ok(())
    }

    /// The reply lines that the orders of some days look back on: each day's index is read once, and only the buyers who ordered are kept.
    fn replies(&self, window: &[Day], made: &BTreeSet<Day>) -> Result<LazyFrame> {
        let mut days = BTreeSet::new();
        let mut buyers = HashSet::new();
        for day in window {
            for instant in self.instants(*day)? {
                days.extend(facts::reply_days(&instant, &self.plan.calendar, &self.plan.rules)?);
                buyers.insert((instant.order.shop_id.clone(), instant.order.buyer_id.clone()));
            }
        }
        let buyers = Arc::new(buyers);
        let mut kept = Vec::new();
        let days = days.intersection(made).copied().collect::<Vec<_>>();
        let of_buyers = |day: &Day, emit: &mut dyn FnMut(DataFrame) -> Result<()>| emit(self.states.replies(*day, &buyers)?);
        pipe::in_order(&days, self.request.jobs, of_buyers, |replies| {
            kept.push(replies.lazy());
            Ok(())
        })?;
        if kept.is_empty() { facts::no_replies().map(IntoLazy::lazy) } else { stack(kept) }
    }

    fn sell_day(&self, day: Day, made: &BTreeSet<Day>, replies: &DataFrame) -> Result<()> {
        let (calendar, rules) = (&self.plan.calendar, &self.plan.rules);
        let mut credits = None;
        if let Some(orders) = &self.orders {
            let instants = facts::instants(orders, calendar, rules, day)?;
            credits = Some(facts::credits(&instants, replies.clone().lazy(), calendar, rules, day, self.landed.through)?);
        }
        let service = self.service(day, replies)?;
        for level in Level::ALL {
            let mut sources = self.sources(level, day, made, credits.as_ref())?;
            sources.extend(service.sources(level));
            self.states.put(day, Part::Sales, level, &reports::sales_states(level, &sources, rules)?)?;
        }
        if let Some(credits) = credits {
            self.publisher.stage(&detail("credits", "one row per order event, rule and agent", &credits, None, day)?)?;
        }
        self.stage_service(&service, day)
    }

    /// The rows of every fact of a day that does not come of the chat log alone, where its tables are configured.
    fn sources(&self, level: Level, day: Day, made: &BTreeSet<Day>, credits: Option<&DataFrame>) -> Result<Vec<(Fact, LazyFrame)>> {
        let (calendar, rules) = (&self.plan.calendar, &self.plan.rules);
        let mut sources = Vec::new();
        if let Some(orders) = &self.orders {
            let persons = self.states.get(day, Part::Chats, level, Kind::Persons)?.lazy();
            sources.push((Fact::Inquiries, facts::inquiries(level, persons, orders, calendar, rules, day)?));
        }
        if let Some(credits) = credits {
            let credits = credits.clone().lazy();
            sources.push((Fact::Credits, if level == Level::Agent { credits.filter(col("agent_id").is_not_null()) } else { credits }));
        }
        if level == Level::Shop {
            if let Some(orders) = &self.orders {
                let days = rules.looks_back_to(calendar, day)?.through(day).filter(|day| made.contains(day));
                let persons = days.map(|day| Ok(self.states.get(day, Part::Chats, level, Kind::Persons)?.lazy()));
                let persons = stack(persons.collect::<Result<Vec<_>>>()?)?;
                sources.push((Fact::Payments, facts::paid(persons, orders, calendar, rules, day)?));
            }
            sources.push((Fact::Visits, facts::visits(&self.reference, day)?));
        }
        sources.extend(self.work_sources(level, day)?);
        Ok(sources)
    }
}
