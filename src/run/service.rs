//! Refunds and ratings of a day, beside its sales.

use super::Run;
use super::sales::of_group;
use crate::calendar::Day;
use crate::error::Result;
use crate::facts;
use crate::frames::collect;
use crate::ingest::{Orders, Records};
use crate::job::{Level, Plan};
use crate::metrics::Fact;
use crate::rules::Group;
use polars::prelude::*;

/// What the tables of service say of a day; none where a table is not configured.
pub(super) struct Service {
    refunds: Option<DataFrame>,
    /// The orders say whose a refund is.
    orders: bool,
    pub(super) ratings: Option<DataFrame>,
}

/// Every instant at which a day asks for candidates: for its credits, and for the orders refunded in it.
pub(super) fn instants<'a>(orders: &'a Orders, records: &Records, plan: &Plan, day: Day) -> Result<Vec<facts::Instant<'a>>> {
    let mut found = facts::instants(orders, &plan.calendar, &plan.rules.widest, day)?;
    found.extend(facts::refund_instants(records, orders, &plan.calendar, &plan.rules.widest, day)?);
    Ok(found)
}

impl Run<'_> {
    /// Of a group's shops. `replies`: those that the day's instants look back on.
    pub(super) fn service(&self, group: &Group, day: Day, replies: &DataFrame) -> Result<Service> {
        let (calendar, rules) = (&self.plan.calendar, group.rules);
        let mut instants = Vec::new();
        if let Some(orders) = &self.orders {
            instants = of_group(facts::refund_instants(&self.records, orders, calendar, rules, day)?, group);
        }
        let credited = facts::credited(&instants, replies.clone().lazy(), calendar, rules, self.landed.through)?;
        let refunds = facts::refunds(&self.records, &credited, calendar, day)?;
        let ratings = facts::ratings(&self.records, &self.reference, calendar, rules, day)?.map(IntoLazy::lazy);
        let of_group = |rows: Option<LazyFrame>| rows.map(|rows| collect(group.of(rows)?)).transpose();
        Ok(Service { refunds: of_group(refunds)?, orders: self.orders.is_some(), ratings: of_group(ratings)? })
    }
}

impl Service {
    /// Its facts' rows at a level.
    pub(super) fn sources(&self, level: Level) -> Vec<(Fact, LazyFrame)> {
        let mut sources = Vec::new();
        if let Some(refunds) = &self.refunds {
            let refunds = refunds.clone().lazy();
            if level == Level::Shop {
                sources.push((Fact::Refunds, refunds.clone()));
            }
            if self.orders {
                sources.push((Fact::CreditedRefunds, refunds.filter(col("agent_id").is_not_null())));
            }
        }
        if let Some(ratings) = &self.ratings {
            sources.push((Fact::Ratings, ratings.clone().lazy().filter(col("left_out").is_null())));
        }
        sources
    }
}
