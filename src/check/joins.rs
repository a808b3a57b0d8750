//! Checks the columns by which tables are joined: samples of the ids on both sides, and the share that is found on the other.

use super::tables::CheckedTable;
use crate::privacy::edges;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// The columns that join a table with another: table and column, then those on the other side.
const JOINS: [[&str; 4]; 8] = [
    ["orders", "buyer_id", "messages", "buyer_id"],
    ["refunds", "order_id", "orders", "order_id"],
    ["evaluations", "buyer_id", "messages", "buyer_id"],
    ["evaluations", "agent_id", "messages", "agent_id"],
    ["tickets", "buyer_id", "messages", "buyer_id"],
    ["agent_status", "agent_id", "messages", "agent_id"],
    ["staff", "agent_id", "messages", "agent_id"],
    ["shops", "shop_id", "messages", "shop_id"],
];

/// Ids of each side that are shown.
const SHOWN: usize = 3;

/// A pair of columns that join two tables. The fields are keys of `--json`.
#[derive(Debug, Serialize)]
pub struct CheckedJoin {
    /// The columns, such as `orders.buyer_id` and `messages.buyer_id`.
    pub from: String,
    pub to: String,
    /// Distinct ids of `from` in the sample, and how many of them are among the sampled ids of `to`.
    pub ids: usize,
    pub found: usize,
    /// The first ids of each side, masked.
    pub samples: [Vec<String>; 2],
}

/// The joins between the tables that have rows.
pub(super) fn joins(tables: &[CheckedTable]) -> Vec<CheckedJoin> {
    let ids = |table: &str, column: &str| tables.iter().find(|checked| checked.table == table)?.ids.get(column);
    let joined = JOINS.into_iter().filter_map(|[table, column, other, key]| {
        let (from, to) = (ids(table, column)?, ids(other, key)?);
        let found = from.intersection(to).count();
        let samples = [from, to].map(masked);
        (!from.is_empty() && !to.is_empty()).then(|| CheckedJoin {
            from: format!("{table}.{column}"),
            to: format!("{other}.{key}"),
            ids: from.len(),
            found,
            samples,
        })
    });
    joined.collect()
}

/// The first ids, without what names a person.
fn masked(ids: &BTreeSet<String>) -> Vec<String> {
    ids.iter().take(SHOWN).map(|id| edges(id)).collect()
}

impl fmt::Display for CheckedJoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = self.samples.each_ref().map(|ids| ids.join(" "));
        write!(f, "{} → {}: {} of {} ids of the sample are found ({from} / {to})", self.from, self.to, self.found, self.ids)
    }
}
