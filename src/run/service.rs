//! The facts of the service tables: refunds and ratings of a day.

use super::stretch::Stretch;
use crate::config::ShopSet;
use crate::error::Result;
use crate::facts;
use crate::frames::{collect, from_arrow};
use crate::model::{Fact, InputTable, Level};
use arrow::array::{AsArray, RecordBatch};
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::Rules;
use polars::prelude::*;

/// Refunds and ratings of a shop set on a day. `None` if the input table is not configured.
pub(super) struct ServiceFacts {
    refunds: Option<DataFrame>,
    /// Whether refunds can be credited to agents, which needs orders.
    has_orders: bool,
    pub(super) ratings: Option<DataFrame>,
}

impl Stretch<'_> {
    /// Computes the refunds and ratings of a shop set. `lines`: those within the lookback of the day's instants.
    pub(super) fn service(&self, shops: &ShopSet, day: Day, lines: &facts::CreditLines) -> Result<ServiceFacts> {
        let (calendar, rules, landed) = (&self.context.plan.calendar, shops.rules, self.context.landed.through);
        let refunds = self.inputs.records.of(InputTable::Refunds).map(|refunds| {
            let refunds = match self.orders() {
                Some(orders) => facts::counting_refunds(refunds, orders, calendar, rules, day)?,
                None => refunds,
            };
            let credited = match self.orders() {
                Some(orders) => {
                    let instants = shops.of(facts::refund_instants(refunds.clone(), orders, calendar, rules, day)?)?;
                    facts::credited(instants, lines, calendar, rules, landed)?
                }
                None => facts::no_credited_orders()?.lazy(),
            };
            collect(facts::refunds(shops.of(refunds)?, credited, calendar, day)?)
        });
        let ratings = self.inputs.records.of(InputTable::Evaluations).map(|cards| {
            let filtered = self.filtered_peers(rules, day)?;
            // The shops come first: rows that are joined after they are sorted lose their order.
            collect(facts::ratings(shops.of(cards)?, &self.inputs.reference, filtered, calendar, rules, day)?)
        });
        Ok(ServiceFacts { refunds: refunds.transpose()?, has_orders: self.orders().is_some(), ratings: ratings.transpose()? })
    }

    /// The peer-days of a day that a rule filtered. Columns: those of [`facts::no_filtered_peers`].
    fn filtered_peers(&self, rules: &Rules, day: Day) -> Result<DataFrame> {
        let key = format!("details/peer_days/dt={day}/data.parquet");
        let mut filtered = facts::no_filtered_peers()?;
        if !facts::judges_peer_days(rules) || !self.publisher.has(&key)? {
            return Ok(filtered);
        }
        let is_filtered = |rows: &RecordBatch| rows.column(0).as_string::<i32>().iter().map(|why| Some(why.is_some())).collect();
        for rows in self.publisher.read_matching(&key, (&FILTERED, 1), 1, is_filtered)? {
            filtered.vstack_mut_owned(from_arrow(&rows)?.select(FILTERED)?)?;
        }
        Ok(filtered)
    }
}

/// The columns of `details/peer_days` that are read.
const FILTERED: [&str; 4] = ["filtered", "shop_id", "buyer_id", "agent_id"];

impl ServiceFacts {
    /// The rows of its facts at a level.
    pub(super) fn sources(&self, level: Level) -> Vec<(Fact, LazyFrame)> {
        let mut sources = Vec::new();
        if let Some(refunds) = &self.refunds {
            let refunds = refunds.clone().lazy();
            if level == Level::Shop {
                sources.push((Fact::Refunds, refunds.clone()));
            }
            if self.has_orders {
                sources.push((Fact::CreditedRefunds, refunds.filter(col("agent_id").is_not_null())));
            }
        }
        if let Some(ratings) = &self.ratings {
            // A card that names no agent counts for the shop alone (DECISIONS #55).
            let has_key = if level == Level::Agent { col("agent_id").is_not_null() } else { lit(true) };
            sources.push((Fact::Ratings, ratings.clone().lazy().filter(col("left_out").is_null().and(has_key))));
        }
        sources
    }
}
