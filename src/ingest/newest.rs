//! A record exported several times is one, and what was read last of it: a later export says what became of it.

use super::quarantine::Audit;
use super::table::Table;
use crate::error::Result;
use polars::prelude::*;
use std::collections::HashSet;

/// The column that names a record within its shop.
fn id(table: Table) -> Option<&'static str> {
    match table {
        Table::Refunds => Some("refund_id"),
        Table::Tickets => Some("ticket_id"),
        _ => None,
    }
}

/// Of the rows of each shop and id the last one; the others become duplicates in the audit.
/// `files`: the good rows of each batch with their file, in the order of `rows`.
pub(super) fn only_newest(table: Table, rows: DataFrame, files: &[(String, usize)], audit: &mut Audit) -> Result<DataFrame> {
    let Some(id) = id(table) else { return Ok(rows) };
    let keys = rows.column("shop_id")?.str()?.iter().zip(rows.column(id)?.str()?.iter()).collect::<Vec<_>>();
    let mut seen = HashSet::new();
    let mut kept = keys.iter().rev().map(|key| seen.insert(*key)).collect::<Vec<_>>();
    kept.reverse();
    let mut start = 0;
    for (file, count) in files {
        let older = kept[start..start + count].iter().filter(|kept| !**kept).count() as i64;
        let tally = audit.file(file);
        tally.used -= older;
        tally.duplicates += older;
        start += count;
    }
    Ok(rows.filter(&BooleanChunked::from_slice("kept".into(), &kept))?)
}
