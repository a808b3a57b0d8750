//! Refunds and ratings of a day, beside its sales.

use super::Run;
use super::sales::of_group;
use crate::calendar::Day;
use crate::error::Result;
use crate::facts;
use crate::frames::collect;
use crate::ingest::{Orders, Records, Table};
use crate::job::{Level, Plan};
use crate::metrics::Fact;
use crate::rules::{Group, Rules};
use arrow::array::{AsArray, RecordBatch};
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
        let (calendar, rules) = (&self.ground.plan.calendar, group.rules);
        let mut instants = Vec::new();
        if let Some(orders) = &self.orders {
            instants = of_group(facts::refund_instants(&self.records, orders, calendar, rules, day)?, group);
        }
        let credited = facts::credited(&instants, replies, calendar, rules, self.ground.landed.through)?;
        let refunds = facts::refunds(&self.records, &credited, calendar, day)?;
        let filtered = self.filtered(rules, day)?;
        let ratings = facts::ratings(&self.records, &self.reference, &filtered, calendar, rules, day)?.map(IntoLazy::lazy);
        let of_group = |rows: Option<LazyFrame>| rows.map(|rows| collect(group.of(rows)?)).transpose();
        Ok(Service { refunds: of_group(refunds)?, orders: self.orders.is_some(), ratings: of_group(ratings)? })
    }
}

/// Columns read of `details/peer_days`.
const FILTERED: [&str; 4] = ["filtered", "shop_id", "buyer_id", "agent_id"];

impl Run<'_> {
    /// The peer-days that a rule took out of a day.
    fn filtered(&self, rules: &Rules, day: Day) -> Result<facts::FilteredPeers> {
        let key = format!("details/peer_days/dt={day}/data.parquet");
        if !facts::judges_peer_days(rules) || self.records.of(Table::Evaluations).is_none() || !self.publisher.has(&key)? {
            return Ok(facts::FilteredPeers::new());
        }
        let is_filtered = |rows: &RecordBatch| rows.column(0).as_string::<i32>().iter().map(|why| Some(why.is_some())).collect();
        let mut filtered = facts::FilteredPeers::new();
        for rows in self.publisher.read_some(&key, (&FILTERED, 1), 1, is_filtered)? {
            let columns = FILTERED.map(|name| rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()));
            let [Some(whys), Some(shops), Some(buyers), Some(agents)] = columns else { continue };
            for row in 0..rows.num_rows() {
                let peers = [shops, buyers, agents].map(|ids| ids.value(row).to_owned());
                filtered.insert(peers, whys.value(row).to_owned());
            }
        }
        Ok(filtered)
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
