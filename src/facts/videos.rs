//! videos (短视频): one row per shop × video, with what was counted of it on the day.

use crate::calendar::Day;
use polars::prelude::*;

/// Columns: those of the table; `day`; `watch_ms`, time watched, and `length_ms`, the time it takes to watch all plays to the end (null
/// where the length or the time watched is).
pub fn videos(videos: LazyFrame, day: Day) -> LazyFrame {
    // Half up: what is cast is cut off.
    let ms = |seconds: Expr| (seconds * lit(1000.0) + lit(0.5)).cast(DataType::Int64);
    videos.filter(col("date").cast(DataType::Int32).eq(lit(day.0))).with_columns([
        lit(day.0).alias("day"),
        ms(col("watch_seconds")).alias("watch_ms"),
        ms(col("length_seconds") * col("plays").cast(DataType::Float64)).alias("length_ms"),
    ])
}
