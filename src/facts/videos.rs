//! videos (短视频). Grain: one row per shop × video with a row for the business day.
//!
//! Columns: those of the input table `videos` with its null rules; `day` (Int32, days since 1970, never null); `watch_ms` (Int64, ms
//! watched, null where `watch_seconds` is); `length_ms` (Int64, ms needed to watch every play to its end, null where `length_seconds` or
//! `plays` is); `day_plays` (Int64, the plays of the video on the day, never null); `buyer_id` (String, the id of the video, because states
//! count distinct persons by the column of that name).

use crate::error::Result;
use kefu_kernel::calendar::Day;
use polars::prelude::*;

/// Computes the videos of a day (DECISIONS #38). Columns: see the file header. `videos`: the input table. If a video has several rows for a
/// day, they are added up.
pub fn videos(videos: LazyFrame, day: Day) -> Result<LazyFrame> {
    // The cast truncates, so that adding a half rounds half up.
    let ms = |seconds: Expr| (seconds * lit(1000.0) + lit(0.5)).cast(DataType::Int64);
    let day_plays = col("plays").sum().over(["shop_id", "video_id"].map(col))?;
    Ok(videos.filter(col("date").cast(DataType::Int32).eq(lit(day.0))).with_columns([
        lit(day.0).alias("day"),
        ms(col("watch_seconds")).alias("watch_ms"),
        ms(col("length_seconds") * col("plays").cast(DataType::Float64)).alias("length_ms"),
        day_plays.alias("day_plays"),
        col("video_id").alias("buyer_id"),
    ]))
}
