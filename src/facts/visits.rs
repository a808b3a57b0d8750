//! visits (访客). Grain: one row per shop with visitors on the business day.
//!
//! Columns: `shop_id` (String), `visitors` (Int64); never null.

use kefu_kernel::calendar::Day;
use polars::prelude::*;

/// Computes the visits of a day. Columns: see the file header. `visits`: the input table; if a shop has two rows for a day, the later
/// counts.
pub fn visits(visits: LazyFrame, day: Day) -> LazyFrame {
    let of_day = visits.filter(col("date").cast(DataType::Int32).eq(lit(day.0)));
    of_day.unique_stable(Some(by_name(["shop_id"], true, false)), UniqueKeepStrategy::Last).select([col("shop_id"), col("visitors")])
}
