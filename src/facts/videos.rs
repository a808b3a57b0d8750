//! videos (短视频). Grain: one row per shop × video with a row for the business day.
//!
//! Columns: those of the input table `videos` with its null rules; `day` (Int32, days since 1970, never null); `watch_ms` (Int64, ms
//! watched, null where `watch_seconds` is); `length_ms` (Int64, ms needed to watch every play to its end, null where `length_seconds` or
//! `plays` is).

use kefu_kernel::calendar::Day;
use polars::prelude::*;

/// Computes the videos of a day (DECISIONS #38). Columns: see the file header. `videos`: the input table.
pub fn videos(videos: LazyFrame, day: Day) -> LazyFrame {
    // The cast truncates, so that adding a half rounds half up.
    let ms = |seconds: Expr| (seconds * lit(1000.0) + lit(0.5)).cast(DataType::Int64);
    videos.filter(col("date").cast(DataType::Int32).eq(lit(day.0))).with_columns([
        lit(day.0).alias("day"),
        ms(col("watch_seconds")).alias("watch_ms"),
        ms(col("length_seconds") * col("plays").cast(DataType::Float64)).alias("length_ms"),
    ])
}
