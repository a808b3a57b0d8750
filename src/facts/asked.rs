//! asked: the instants at which orders look back for who earned them, and the reply lines that can be the answer.

use super::Instant;
use arrow::array::types::Int64Type;
use arrow::array::{AsArray, RecordBatch};
use hashbrown::HashMap;
use polars::prelude::PlSmallStr;
use smallvec::SmallVec;

/// The instants of each shop's buyer, in order, and how long ago a reply may be.
pub struct Asked {
    instants: HashMap<(PlSmallStr, PlSmallStr), SmallVec<[i64; 2]>>,
    lookback: i64,
}

impl Asked {
    pub fn of(asking: &[Instant], lookback: i64) -> Asked {
        let mut instants: HashMap<_, SmallVec<[i64; 2]>> = HashMap::new();
        for Instant { order, at, .. } in asking {
            instants.entry((order.shop_id.clone(), order.buyer_id.clone())).or_default().push(*at);
        }
        for of_buyer in instants.values_mut() {
            of_buyer.sort_unstable();
            of_buyer.dedup();
        }
        Asked { instants, lookback }
    }

    /// Which reply lines may earn a credit: of each agent the last before an instant, no longer ago than the lookback. An earlier line of
    /// the agent's is no candidate for any instant that the later one is there for.
    /// `lines`: `shop_id`, `buyer_id`, `agent_id`, `at`; a buyer's stand together, and where they do not a few more are kept.
    pub fn answers(&self, lines: &RecordBatch) -> Vec<bool> {
        let [shops, buyers, agents] = [0, 1, 2].map(|column| lines.column(column).as_string::<i32>());
        let at = lines.column(3).as_primitive::<Int64Type>();
        let (mut answers, mut first) = (vec![false; lines.num_rows()], 0);
        while first < answers.len() {
            let buyer = (shops.value(first), buyers.value(first));
            let end = (first..answers.len()).find(|row| (shops.value(*row), buyers.value(*row)) != buyer).unwrap_or(answers.len());
            if let Some(instants) = self.instants.get(&(buyer.0.into(), buyer.1.into())) {
                // The next instant after a line, if the line is not too old for it.
                let next = |row: usize| {
                    let next = instants.partition_point(|instant| *instant < at.value(row));
                    instants.get(next).filter(|instant| **instant - at.value(row) <= self.lookback).map(|_| (agents.value(row), next))
                };
                let mut last: HashMap<(&str, usize), i64> = HashMap::new();
                for row in first..end {
                    if let Some(asked) = next(row) {
                        last.entry(asked).and_modify(|known| *known = at.value(row).max(*known)).or_insert(at.value(row));
                    }
                }
                (first..end).for_each(|row| answers[row] = next(row).is_some_and(|asked| last[&asked] == at.value(row)));
            }
            first = end;
        }
        answers
    }
}
