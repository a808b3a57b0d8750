//! The report video (单条视频). Grain: one row per video of a shop.

use super::dims::Dims;
use super::finish::finish_videos;
use super::tables::{ArrowColumns, RowContext, TableBuilder, arrow_type, comment};
use crate::error::Result;
use crate::frames::collect;
use crate::metrics;
use crate::model::Level;
use crate::model::OutputTable;
use crate::state::PeriodState;
use polars::prelude::*;

/// The report `video_<period>`: `video_id`, and for each video with a row in the period the metrics of [`metrics::of_videos`], with their units and
/// null rules. `shops`: the merged states of shops.
pub fn videos(shops: &PeriodState, dims: &Dims, row: &RowContext) -> Result<OutputTable> {
    let finished = finish_videos(shops.videos.clone().lazy(), row.landed, row.span);
    let named = finished.left_join(dims.shops.clone().lazy(), col("shop_id"), col("shop_id"));
    let sorted_by = vec!["platform", "shop_id", "video_id"];
    let rows = ArrowColumns::new(&collect(named.sort(sorted_by.clone(), SortMultipleOptions::default()))?)?;
    let mut out = TableBuilder::new(rows, row, Level::Shop);
    out.text("video_id", "视频 · Video");
    for metric in metrics::of_videos() {
        out.push(&metric.id, arrow_type(metric.unit), &comment(metric, Level::Shop))?;
    }
    let grain = format!("one row per shop_id, video_id and {}", row.span.period.name());
    out.table(format!("reports/video_{}", row.span.period.name()), grain, sorted_by)
}
