//! The report tables: key columns, metrics, and columns that say how final a row is, in the documented order.

use super::dims::{Dims, ShopDim};
use crate::config::ShopSet;
use crate::error::Result;
use crate::facts::bucket_bounds;
use crate::frames::to_arrow;
use crate::metrics;
use crate::metrics::Landed;
use crate::metrics::declaration;
use crate::metrics::declaration::{Formula, MetricUnit};
use crate::model::Level;
use crate::model::OutputTable;
use crate::state::keys;
use crate::state::{GroupCounts, GroupedCounts, PeriodState};
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use kefu_kernel::calendar::{Day, Span};
use polars::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// What all rows of a report have in common.
pub struct RowContext<'a> {
    /// The period.
    pub span: Span,
    /// What data has arrived.
    pub landed: &'a Landed,
    /// The period is over and all its data has arrived (DECISIONS #13).
    pub complete: bool,
    /// All shops, by the rule set of the last day.
    pub shop_sets: &'a [ShopSet<'a>],
}

/// The columns that a report is sorted by.
fn report_order(level: Level) -> Vec<&'static str> {
    [&["platform"][..], &keys(level)].concat()
}

/// The query of a report table: the finished values with the names of shops and agents, sorted.
pub fn report_query(level: Level, finished: LazyFrame, dims: &Dims) -> LazyFrame {
    let named = match level {
        Level::Shop | Level::Team => finished.left_join(dims.shops.clone().lazy(), col("shop_id"), col("shop_id")),
        Level::Agent => dims.join(finished),
    };
    named.sort(report_order(level), SortMultipleOptions::default())
}

/// The report `<level>_<period>`: one row per shop (× agent or team), a column per declared metric of the level. `rows`: the collected
/// [`report_query`].
pub fn report(level: Level, rows: &DataFrame, row: &RowContext) -> Result<OutputTable> {
    let rows = ArrowColumns::new(rows)?;
    let mut out = TableBuilder::new(rows, row, level);
    for metric in metrics::of_level(level) {
        out.push(&metric.id, arrow_type(metric.unit), &comment(metric, level))?;
        if let Formula::OfShop(_, of) = &metric.formula {
            let unit = metrics::find(Level::Shop, of).map_or(MetricUnit::Number, |m| m.unit);
            out.push(
                &format!("{}_den", metric.id),
                arrow_type(unit),
                &format!("{} 的分母 · Denominator of {}", metric.name.zh, metric.id),
            )?;
        }
    }
    let grain = format!("one row per {} and {}", keys(level).join(", "), row.span.period.name());
    out.table(format!("reports/{}_{}", level.name(), row.span.period.name()), grain, report_order(level))
}

/// The report `wait_histogram_<period>`: one row per shop or agent and wait bucket, on the clock of its level. It comes in at least one
/// piece.
pub fn histogram<'a>(merged: [&'a PeriodState; 2], dims: &'a Dims, row: &'a RowContext) -> impl Iterator<Item = Result<OutputTable>> + 'a {
    by_level(merged.map(|merged| &merged.waits), dims, "bucket").map(|rows| histogram_of(rows?, row))
}

/// One piece of the wait histogram.
fn histogram_of(rows: ArrowColumns, row: &RowContext) -> Result<OutputTable> {
    let bounds = |rows: &ArrowColumns, pick: fn((f64, f64)) -> f64| -> ArrayRef {
        Arc::new(rows.ints("bucket").iter().map(|b| b.map(|b| pick(bucket_bounds(b)) / 1000.0)).collect::<Float64Array>())
    };
    let (from, to) = (bounds(&rows, |b| b.0), bounds(&rows, |b| b.1));
    let mut out = TableBuilder::new(rows, row, Level::Agent);
    out.push("bucket", ArrowType::Int64, "桶号 · Bucket number; γ = 1.02")?;
    out.add("from_s", from, "下界(不含) · Waits above this, s");
    out.add("to_s", to, "上界(含) · Waits up to this, s");
    out.push("rounds", ArrowType::Int64, "已回复轮次 · Answered rounds")?;
    out.push("assessed_rounds", ArrowType::Int64, "考核时段内的已回复轮次 · Answered rounds in assessed hours")?;
    let grain = format!("one row per level, shop_id, agent_id, bucket and {}", row.span.period.name());
    out.table(
        format!("reports/wait_histogram_{}", row.span.period.name()),
        grain,
        vec!["platform", "shop_id", "level", "agent_id", "bucket"],
    )
}

/// The report `hourly_<period>` (分时接待): one row per shop or agent and hour of the business day. It comes in at least one piece.
pub fn hourly<'a>(merged: [&'a PeriodState; 2], dims: &'a Dims, row: &'a RowContext) -> impl Iterator<Item = Result<OutputTable>> + 'a {
    by_level(merged.map(|merged| &merged.hours), dims, "hour").map(|rows| hourly_of(rows?, row))
}

/// One piece of the hourly report.
fn hourly_of(rows: ArrowColumns, row: &RowContext) -> Result<OutputTable> {
    let mut out = TableBuilder::new(rows, row, Level::Agent);
    let columns = [
        ("hour", "业务天的第几小时 · Hour of the business day, from 0"),
        ("receptions", "接待量(按首条消息) · Receptions (shop: sessions) by their first buyer or reply line"),
        ("buyer_msgs", "买家消息数 · Buyer lines by their time"),
        ("rounds", "对话轮次 · Rounds by their question"),
        ("wait_ms_sum", "等待毫秒数之和 · Sum of waits of answered rounds, ms"),
        ("unanswered", "未回复轮次 · Unanswered rounds"),
    ];
    for (name, comment) in columns {
        out.push(name, ArrowType::Int64, comment)?;
    }
    let grain = format!("one row per level, shop_id, agent_id, hour and {}", row.span.period.name());
    out.table(format!("reports/hourly_{}", row.span.period.name()), grain, vec!["platform", "shop_id", "level", "agent_id", "hour"])
}

/// The number of shops and agents in a piece; each has many rows.
const GROUPS_PER_PIECE: usize = 256;

/// A group of a report: its shop's platform and name, its level, and its rows.
type CountedGroup<'a> = (Option<&'a ShopDim>, &'static str, &'a GroupedCounts, &'a GroupCounts);

/// The rows of both levels in pieces, sorted by platform, shop, level, agent and the second key, a column named `key`. The agent of a
/// shop's row is null.
fn by_level<'a>(counts: [&'a GroupedCounts; 2], dims: &'a Dims, key: &'static str) -> impl Iterator<Item = Result<ArrowColumns>> + 'a {
    let mut all: Vec<CountedGroup> = Vec::new();
    for (level, counts) in Level::ALL.into_iter().zip(counts) {
        all.extend(counts.groups.iter().map(|group| (dims.by_shop.get(&group.shop), level.name(), counts, group)));
    }
    let platform = |shop: Option<&'_ ShopDim>| shop.and_then(|shop| shop.platform.clone());
    all.sort_by_cached_key(|(shop, level, _, group)| (platform(*shop), &group.shop, *level, &group.agent));
    let mut remaining = Some(all);
    std::iter::from_fn(move || {
        let mut piece = remaining.take()?;
        let rest = piece.split_off(piece.len().min(GROUPS_PER_PIECE));
        remaining = Some(rest).filter(|rest| !rest.is_empty());
        Some(piece_columns(&piece, counts, dims, key))
    })
}

/// The columns of one piece.
fn piece_columns(all: &[CountedGroup], counts: [&GroupedCounts; 2], dims: &Dims, key: &str) -> Result<ArrowColumns> {
    let lengths = all.iter().map(|row| row.2.rows(row.3).count()).collect::<Vec<_>>();
    let repeated = |values: Vec<Option<&str>>| -> ArrayRef {
        let rows = values.into_iter().zip(&lengths).flat_map(|(value, length)| std::iter::repeat_n(value, *length));
        Arc::new(rows.collect::<StringArray>())
    };
    let agent_name = |group: &GroupCounts| dims.by_agent.get(&(group.shop.clone(), group.agent.clone()?))?.name.as_deref();
    let mut by_name = HashMap::from([
        ("platform".to_owned(), repeated(all.iter().map(|row| row.0?.platform.as_deref()).collect())),
        ("shop_id".to_owned(), repeated(all.iter().map(|row| Some(row.3.shop.as_str())).collect())),
        ("shop_name".to_owned(), repeated(all.iter().map(|row| row.0?.name.as_deref()).collect())),
        ("level".to_owned(), repeated(all.iter().map(|row| Some(row.1)).collect())),
        ("agent_id".to_owned(), repeated(all.iter().map(|row| row.3.agent.as_deref()).collect())),
        ("agent_name".to_owned(), repeated(all.iter().map(|row| agent_name(row.3)).collect())),
    ]);
    let rows = || all.iter().flat_map(|(_, _, counts, group)| counts.rows(group));
    by_name.insert(key.to_owned(), Arc::new(rows().map(|(key, _)| key).collect::<Int64Array>()));
    for (column, name) in counts[0].names.iter().enumerate() {
        by_name.insert((*name).to_owned(), Arc::new(rows().map(|(_, values)| values[column]).collect::<Int64Array>()));
    }
    Ok(ArrowColumns { rows: lengths.iter().sum(), by_name })
}

/// The published dtype of a unit.
pub(super) fn arrow_type(unit: MetricUnit) -> ArrowType {
    match unit {
        MetricUnit::Count | MetricUnit::Milliseconds => ArrowType::Int64,
        MetricUnit::Money => ArrowType::Decimal128(18, 2),
        MetricUnit::Quantity => ArrowType::Decimal128(18, 3),
        MetricUnit::Seconds | MetricUnit::Hours | MetricUnit::Rate | MetricUnit::Number => ArrowType::Float64,
    }
}

/// The comment of a metric's column.
pub(super) fn comment(metric: &declaration::Metric, level: Level) -> String {
    let noted = metrics::note(metric, level).map(|note| format!(" · {} · {}", note.zh, note.en)).unwrap_or_default();
    format!("{} · {} · {} · {} · {}{noted}", metric.name.zh, metric.name.en, metric.unit.name(), metric.about.zh, metric.about.en)
}

/// A collected frame as Arrow columns by name.
pub(super) struct ArrowColumns {
    rows: usize,
    by_name: HashMap<String, ArrayRef>,
}

impl ArrowColumns {
    /// Converts a frame.
    pub(super) fn new(frame: &DataFrame) -> Result<ArrowColumns> {
        let batch = to_arrow(frame)?;
        let names = batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        Ok(ArrowColumns { rows: batch.num_rows(), by_name: names.into_iter().zip(batch.columns().to_vec()).collect() })
    }

    /// An Int64 column; empty if there is none.
    fn ints(&self, name: &str) -> Int64Array {
        let empty = || Int64Array::from(Vec::<i64>::new());
        self.by_name.get(name).map_or_else(empty, |array| arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(array).clone())
    }
}

/// A report table under construction. Columns are taken from the collected frame and get their published dtypes and comments.
pub(super) struct TableBuilder<'a> {
    columns: ArrowColumns,
    row: &'a RowContext<'a>,
    level: Level,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'a> TableBuilder<'a> {
    /// A table with its leading columns: the period, the platform and the key.
    pub(super) fn new(columns: ArrowColumns, row: &'a RowContext, level: Level) -> TableBuilder<'a> {
        let mut out = TableBuilder { columns, row, level, fields: Vec::new(), arrays: Vec::new() };
        out.date("report_date", row.span.first, "周期首日 · First day of the period");
        out.date("period_end", row.span.last, "周期末日 · Last day of the period");
        out.text("platform", "平台 · Platform");
        out.text("shop_id", "店铺 · Shop");
        out.text("shop_name", "店铺名 · Shop name");
        out.text("level", "层级: shop 或 agent · Level of the row");
        if level == Level::Team {
            out.text("team", "团队 · Team");
        }
        if level == Level::Agent {
            out.text("agent_id", "客服账号 · Agent account");
            out.text("agent_name", "客服名 · Agent name");
        }
        out
    }

    /// Appends a nullable column.
    fn add(&mut self, name: &str, array: ArrayRef, comment: &str) {
        let metadata = HashMap::from([("comment".to_owned(), comment.to_owned())]);
        self.fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        self.arrays.push(array);
    }

    /// Appends a column of the frame as it is; nothing if the frame lacks it.
    pub(super) fn text(&mut self, name: &str, comment: &str) {
        if let Some(array) = self.columns.by_name.get(name).cloned() {
            self.add(name, array, comment);
        }
    }

    /// Appends a column with the same day in every row.
    fn date(&mut self, name: &str, day: Day, comment: &str) {
        self.add(name, Arc::new(Date32Array::from(vec![day.0; self.columns.rows])), comment);
    }

    /// Appends a column of the frame as its published dtype; nothing if the frame lacks it. Fen become yuan, and thousandths items, by the scale of the decimal.
    pub(super) fn push(&mut self, name: &str, data_type: ArrowType, comment: &str) -> Result<()> {
        let Some(array) = self.columns.by_name.get(name) else { return Ok(()) };
        let array: ArrayRef = match &data_type {
            ArrowType::Decimal128(precision, scale) => {
                let fen = cast(array, &ArrowType::Int64)?;
                let fen = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&fen);
                let decimals = fen.iter().map(|v| v.map(i128::from)).collect::<arrow::array::Decimal128Array>();
                Arc::new(decimals.with_precision_and_scale(*precision, *scale)?)
            }
            other => cast(array, other)?,
        };
        self.add(name, array, comment);
        Ok(())
    }

    /// Appends the trailing columns and finishes the table: the rule set, how complete the row is, and when it is final.
    pub(super) fn table(mut self, folder: String, grain: String, sorted_by: Vec<&'static str>) -> Result<OutputTable> {
        let RowContext { span, landed, complete, shop_sets } = self.row;
        let sets = shop_sets.iter().map(|set| (set.rules.rule_set(), landed.matures_on(self.level, *span, set.rules)));
        let sets = sets.collect::<Vec<_>>();
        let set_by_row = self.set_by_row();
        let rule_set = set_by_row.iter().map(|set| Some(sets[*set].0.as_str())).collect::<StringArray>();
        self.add("rule_set", Arc::new(rule_set), "规则集(周期末日) · Rule set, on the last day");
        let complete = BooleanArray::from(vec![*complete; self.columns.rows]);
        self.add("complete", Arc::new(complete), "周期已结束且数据齐全 · The period is over and all landed");
        self.date("data_through", landed.through.min(span.last), "数据截至 · Last business day with data");
        let matures_on = set_by_row.iter().map(|set| Some(sets[*set].1.0)).collect::<Date32Array>();
        self.add("matures_on", Arc::new(matures_on), "全部指标定型之日 · Day on which every value is final");
        let rows = RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)?;
        let names = sets.iter().map(|set| set.0.as_str()).collect::<Vec<_>>();
        Ok(OutputTable { folder, dt: Some(self.row.span.first), grain, rows, sorted_by, rule_sets: names.join(", ") })
    }

    /// By row: the index of its shop's set.
    fn set_by_row(&self) -> Vec<usize> {
        let shops = self.columns.by_name.get("shop_id").and_then(|shops| shops.as_any().downcast_ref::<StringArray>());
        let set = |shop: Option<&str>| self.row.shop_sets.iter().position(|set| set.has(shop.unwrap_or_default())).unwrap_or_default();
        shops.map_or_else(|| vec![0; self.columns.rows], |shops| shops.iter().map(set).collect())
    }
}
