//! visits: one row per shop, with its visitors of the day (访客).

use super::frame;
use crate::calendar::Day;
use crate::error::Result;
use crate::ingest::Reference;
use polars::prelude::*;

/// Columns: `shop_id`, `visitors`.
pub fn visits(reference: &Reference, day: Day) -> Result<LazyFrame> {
    let rows = reference.visits.iter().filter(|((_, on), _)| *on == day).collect::<Vec<_>>();
    Ok(frame! {
        "shop_id" => rows.iter().map(|((shop, _), _)| shop.as_str()).collect::<Vec<_>>(),
        "visitors" => rows.iter().map(|(_, visitors)| **visitors).collect::<Vec<_>>(),
    }?
    .lazy())
}
