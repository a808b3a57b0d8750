//! The attribution windows of a day's orders: the time before each order event in which a reply can earn its credit.
//!
//! Library considered: Polars' `join_asof` over all reply lines of the lookback days. It decides the credits in `credits.rs`, but it needs
//! its rows in memory. These windows filter reply lines batch by batch while their Parquet file is read, so that only lines that can earn a
//! credit reach the join. No separate figure of the difference is recorded. Delete this file once the reader of the reply index can push
//! an as-of filter down to the file.

use crate::error::Result;
use arrow::array::types::Int64Type;
use arrow::array::{AsArray, RecordBatch};
use hashbrown::HashMap;
use polars::prelude::{DataFrame, PlSmallStr};
use smallvec::SmallVec;

/// The order events of each buyer of a shop, ascending, with the time that a reply can lie before one.
pub struct AttributionWindows {
    /// UTC ms by shop and buyer, ascending and distinct.
    instants: HashMap<(PlSmallStr, PlSmallStr), SmallVec<[i64; 2]>>,
    /// In ms.
    lookback: i64,
}

impl AttributionWindows {
    /// Builds the windows. `instants`: one row per order event, with `shop_id`, `buyer_id` (String) and `at` (UTC ms); rows with a null are
    /// skipped. `lookback`: in ms. Errors: a column is missing or has another dtype.
    pub fn of(instants: &DataFrame, lookback: i64) -> Result<AttributionWindows> {
        let (shops, buyers) = (instants.column("shop_id")?.str()?, instants.column("buyer_id")?.str()?);
        let mut by_buyer: HashMap<_, SmallVec<[i64; 2]>> = HashMap::new();
        for ((shop, buyer), at) in shops.iter().zip(buyers.iter()).zip(instants.column("at")?.i64()?.iter()) {
            let ((Some(shop), Some(buyer)), Some(at)) = ((shop, buyer), at) else { continue };
            by_buyer.entry((shop.into(), buyer.into())).or_default().push(at);
        }
        for instants in by_buyer.values_mut() {
            instants.sort_unstable();
            instants.dedup();
        }
        Ok(AttributionWindows { instants: by_buyer, lookback })
    }

    /// Returns for each reply line whether it can earn a credit: it is its agent's last line at or before an order event, within the
    /// lookback. An earlier line of the agent cannot earn what the later line can.
    /// `lines`: `shop_id`, `buyer_id`, `agent_id`, `at` (UTC ms), in this order. Lines of a buyer should be adjacent; where they are not,
    /// more lines than necessary pass, which changes no credit.
    pub fn can_earn(&self, lines: &RecordBatch) -> Vec<bool> {
        let [shops, buyers, agents] = [0, 1, 2].map(|column| lines.column(column).as_string::<i32>());
        let at = lines.column(3).as_primitive::<Int64Type>();
        let (mut can_earn, mut first) = (vec![false; lines.num_rows()], 0);
        while first < can_earn.len() {
            let buyer = (shops.value(first), buyers.value(first));
            let end = (first..can_earn.len()).find(|row| (shops.value(*row), buyers.value(*row)) != buyer).unwrap_or(can_earn.len());
            if let Some(instants) = self.instants.get(&(buyer.0.into(), buyer.1.into())) {
                // The agent and the next order event after a line. A line older than the lookback has none.
                let next_event = |row: usize| {
                    let next = instants.partition_point(|instant| *instant < at.value(row));
                    instants.get(next).filter(|instant| **instant - at.value(row) <= self.lookback).map(|_| (agents.value(row), next))
                };
                let mut last: HashMap<(&str, usize), i64> = HashMap::new();
                for row in first..end {
                    if let Some(event) = next_event(row) {
                        last.entry(event).and_modify(|latest| *latest = at.value(row).max(*latest)).or_insert(at.value(row));
                    }
                }
                (first..end).for_each(|row| can_earn[row] = next_event(row).is_some_and(|event| last[&event] == at.value(row)));
            }
            first = end;
        }
        can_earn
    }
}
