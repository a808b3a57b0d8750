//! The skus that count nowhere (补差价, 赠品).

use crate::error::Result;
use polars::prelude::*;

/// The rows that count, and those of an excluded sku. Columns: as before, with `sku_id` (String, null where the source has none).
pub(super) fn parted_by_sku(rows: DataFrame, excluded: &[String]) -> Result<(DataFrame, DataFrame)> {
    if excluded.is_empty() {
        let none = rows.clear();
        return Ok((rows, none));
    }
    let is_excluded = |sku: Option<&str>| sku.is_some_and(|sku| excluded.iter().any(|other| other == sku));
    let left_out = rows.column("sku_id")?.str()?.iter().map(is_excluded).collect::<Vec<_>>();
    let kept = left_out.iter().map(|is_excluded| !is_excluded).collect::<Vec<_>>();
    let [kept, left_out] = [kept, left_out].map(|mask| rows.filter(&BooleanChunked::from_slice("chosen".into(), &mask)));
    Ok((kept?, left_out?))
}
