//! The report ticket_kinds (问题类型分布). Grain: one row per shop or agent and kind of after-sales ticket.

use super::dims::Dims;
use super::tables::{ArrowColumns, RowContext, TableBuilder};
use crate::error::Result;
use crate::frames::{collect, stack};
use crate::model::Level;
use crate::model::OutputTable;
use crate::state::PeriodState;
use arrow::datatypes::DataType as ArrowType;
use polars::prelude::*;

/// The report `ticket_kinds_<period>`: `kind` (null: none given), `tickets` (Int64) opened in the period, and `share` (Float64, 0-1), their
/// part of all tickets of the shop or agent.
pub fn ticket_kinds(merged: [&PeriodState; 2], dims: &Dims, row: &RowContext) -> Result<OutputTable> {
    let no_agent = lit(NULL).cast(DataType::String).alias("agent_id");
    let columns = ["level", "shop_id", "agent_id", "kind", "tickets", "of"].map(col);
    let levels = Level::ALL.into_iter().zip(merged).map(|(level, merged)| {
        let rows = merged.tickets.clone().lazy().with_column(lit(level.name()).alias("level"));
        let rows = if level == Level::Shop { rows.with_column(no_agent.clone()) } else { rows };
        rows.select(columns.clone())
    });
    let share = col("tickets").cast(DataType::Float64) / col("of").cast(DataType::Float64);
    let named = dims.join(stack(levels)?).with_column(share.alias("share"));
    let sorted_by = vec!["platform", "shop_id", "level", "agent_id", "kind"];
    let rows = ArrowColumns::new(&collect(named.sort(sorted_by.clone(), SortMultipleOptions::default()))?)?;
    let mut out = TableBuilder::new(rows, row, Level::Agent);
    out.text("kind", "问题类型 · Kind of ticket; null where it has none");
    out.push("tickets", ArrowType::Int64, "售后单量 · Tickets opened")?;
    out.push("share", ArrowType::Float64, "占比 · Share of the tickets of the shop or agent, 0-1")?;
    let grain = format!("one row per level, shop_id, agent_id, kind and {}", row.span.period.name());
    out.table(format!("reports/ticket_kinds_{}", row.span.period.name()), grain, sorted_by)
}
