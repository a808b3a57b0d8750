//! The facts of a day about work outside the chats: attendance, after-sales tickets, loyalty and videos.

use super::stretch::Stretch;
use crate::config::ShopSet;
use crate::error::Result;
use crate::facts;
use crate::model::Fact;
use crate::model::InputTable;
use crate::model::Level;
use crate::state::{StateKind, StatePart};
use kefu_kernel::calendar::Day;
use polars::prelude::*;

impl Stretch<'_> {
    /// The rows of these facts for a shop set. Facts whose input tables are not configured are missing.
    pub(super) fn work_sources(&self, level: Level, day: Day, shops: &ShopSet) -> Result<Vec<(Fact, LazyFrame)>> {
        let (calendar, rules) = (&self.context.plan.calendar, shops.rules);
        let mut sources = Vec::new();
        if let Some(statuses) = self.inputs.records.of(InputTable::AgentStatus) {
            let sums = self.states.get(day, StatePart::Chats, Level::Agent, StateKind::Sums)?.lazy();
            let attended = facts::attendance(statuses, sums, calendar, day)?;
            sources.push(match level {
                Level::Shop => (Fact::Duty, facts::duty(attended)),
                _ => (Fact::Attendance, attended),
            });
        }
        // Whether buyers came back is unknown until the retention days after this day have landed; most of their orders are not even read.
        let orders = self.orders().filter(|_| day.plus(rules.retention_days as i32) <= self.context.landed.through);
        if let Some(tickets) = self.inputs.records.of(InputTable::Tickets) {
            let tickets = facts::tickets(tickets, calendar, day)?;
            let tickets = if level == Level::Agent { tickets.filter(col("agent_id").is_not_null()) } else { tickets };
            if orders.is_some() {
                sources.push((Fact::TicketBuyers, tickets.clone()));
            }
            sources.push((Fact::Tickets, tickets));
        }
        if let Some(orders) = orders {
            let persons = self.persons_of(shops, day, level)?;
            sources.push((Fact::Loyalty, facts::loyalty(level, persons, orders, calendar, rules, day)?));
        }
        if let (Level::Shop, Some(videos)) = (level, self.inputs.records.of(InputTable::Videos)) {
            sources.push((Fact::Videos, facts::videos(videos, day)?));
        }
        Ok(sources)
    }
}
