//! Facts of work beside the chats: attendance, after-sales tickets, loyalty, videos.

use super::Run;
use crate::calendar::Day;
use crate::error::Result;
use crate::facts;
use crate::ingest::Table;
use crate::job::Level;
use crate::metrics::Fact;
use crate::reports::{Kind, Part};
use crate::rules::Group;
use polars::prelude::*;

impl Run<'_> {
    /// The rows of a day's facts of work, where their tables are configured.
    pub(super) fn work_sources(&self, level: Level, day: Day, group: &Group) -> Result<Vec<(Fact, LazyFrame)>> {
        let (calendar, rules) = (&self.ground.plan.calendar, group.rules);
        let mut sources = Vec::new();
        if let Some(statuses) = self.records.of(Table::AgentStatus) {
            let talked = self.states.get(day, Part::Chats, Level::Agent, Kind::Sums)?.lazy();
            let attended = facts::attendance(statuses, talked, calendar, day)?;
            sources.push(match level {
                Level::Shop => (Fact::Duty, facts::duty(&attended)),
                _ => (Fact::Attendance, attended.lazy()),
            });
        }
        // Before the payments after a day have landed nothing is said of it, and most are not even read.
        let orders = self.orders.as_ref().filter(|_| day.plus(rules.retention_days as i32) <= self.ground.landed.through);
        if let Some(tickets) = self.records.of(Table::Tickets) {
            let tickets = facts::tickets(tickets, calendar, day)?;
            let tickets = if level == Level::Agent { tickets.filter(col("agent_id").is_not_null()) } else { tickets };
            if orders.is_some() {
                sources.push((Fact::TicketBuyers, tickets.clone()));
            }
            sources.push((Fact::Tickets, tickets));
        }
        if let Some(orders) = orders {
            let persons = self.persons_of(group, day, level)?;
            sources.push((Fact::Loyalty, facts::loyalty(level, persons, orders, calendar, rules, day)?));
        }
        if let (Level::Shop, Some(videos)) = (level, self.records.of(Table::Videos)) {
            sources.push((Fact::Videos, facts::videos(videos, day)));
        }
        Ok(sources)
    }
}
