//! Tables as analysts read them: leading columns, metrics, and what the row is worth, in documented order.

use super::dims::{Dims, Shop};
use super::finish::Landed;
use super::ledger::{Counts, CountsOf, Merged};
use super::states::keys;
use crate::calendar::{Day, Span};
use crate::error::Result;
use crate::facts::bucket_bounds;
use crate::frames::{collect, to_arrow};
use crate::job::Level;
use crate::metrics::{self, Formula, Unit};
use crate::rules::Group;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use polars::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// One file to be: the folder of its table, its partition (none: a dim), its grain, its rows.
pub struct Table {
    pub folder: String,
    pub dt: Option<Day>,
    pub grain: String,
    pub rows: RecordBatch,
    /// Columns the rows are sorted by.
    pub sorted_by: Vec<&'static str>,
    /// The rule sets its numbers follow, where it has any.
    pub rule_sets: String,
}

/// What every row of a period says of itself.
pub struct Row<'a> {
    pub span: Span,
    pub landed: &'a Landed,
    pub complete: bool,
    /// All shops, by the rule set that holds on the last day.
    pub groups: &'a [Group<'a>],
}

/// `<level>_<period>`: one row per shop (× agent or team), every declared column of the level.
pub fn report(level: Level, finished: &DataFrame, dims: &Dims, row: &Row) -> Result<Table> {
    let named = match level {
        Level::Shop | Level::Team => finished.clone().lazy().left_join(dims.shops.clone().lazy(), col("shop_id"), col("shop_id")),
        Level::Agent => dims.join(finished.clone().lazy()),
    };
    let sorted_by = [&["platform"][..], &keys(level)].concat();
    let rows = Columns::of(&collect(named.sort(sorted_by.clone(), SortMultipleOptions::default()))?)?;
    let mut out = Out::new(rows, row, level);
    for metric in metrics::of_level(level) {
        out.push(&metric.id, typed(metric.unit), &comment(metric, level))?;
        if let Formula::OfShop(_, of) = &metric.formula {
            let unit = metrics::find(Level::Shop, of).map_or(Unit::Number, |m| m.unit);
            out.push(&format!("{}_den", metric.id), typed(unit), &format!("{} 的分母 · Denominator of {}", metric.name.zh, metric.id))?;
        }
    }
    let grain = format!("one row per {} and {}", keys(level).join(", "), row.span.period.name());
    out.table(format!("reports/{}_{}", level.name(), row.span.period.name()), grain, sorted_by)
}

/// `wait_histogram_<period>`: one row per shop or agent and wait bucket, on its own clock. In pieces, of which there is at least one.
pub fn histogram<'a>(merged: [&'a Merged; 2], dims: &'a Dims, row: &'a Row) -> impl Iterator<Item = Result<Table>> + 'a {
    by_level(merged.map(|merged| &merged.waits), dims, "bucket").map(|rows| histogram_of(rows?, row))
}

fn histogram_of(rows: Columns, row: &Row) -> Result<Table> {
    let bounds = |rows: &Columns, pick: fn((f64, f64)) -> f64| -> ArrayRef {
        Arc::new(rows.ints("bucket").iter().map(|b| b.map(|b| pick(bucket_bounds(b)) / 1000.0)).collect::<Float64Array>())
    };
    let (from, to) = (bounds(&rows, |b| b.0), bounds(&rows, |b| b.1));
    let mut out = Out::new(rows, row, Level::Agent);
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

/// `hourly_<period>`: one row per shop or agent and hour of the business day (分时接待). In pieces, of which there is at least one.
pub fn hourly<'a>(merged: [&'a Merged; 2], dims: &'a Dims, row: &'a Row) -> impl Iterator<Item = Result<Table>> + 'a {
    by_level(merged.map(|merged| &merged.hours), dims, "hour").map(|rows| hourly_of(rows?, row))
}

fn hourly_of(rows: Columns, row: &Row) -> Result<Table> {
    let mut out = Out::new(rows, row, Level::Agent);
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

/// Shops and agents whose rows are laid out together: there are many to each.
const TOGETHER: usize = 256;

/// A shop's platform and name, the level, and whose rows.
type Counted<'a> = (Option<&'a Shop>, &'static str, &'a Counts, &'a CountsOf);

/// The rows of both levels, by platform, shop, level, agent and `number`; a shop's row has no agent.
fn by_level<'a>(counts: [&'a Counts; 2], dims: &'a Dims, number: &'static str) -> impl Iterator<Item = Result<Columns>> + 'a {
    let mut all: Vec<Counted> = Vec::new();
    for (level, counts) in Level::ALL.into_iter().zip(counts) {
        all.extend(counts.of.iter().map(|of| (dims.by_shop.get(&of.shop), level.name(), counts, of)));
    }
    let platform = |shop: Option<&'_ Shop>| shop.and_then(|shop| shop.platform.clone());
    all.sort_by_cached_key(|(shop, level, _, of)| (platform(*shop), &of.shop, *level, &of.agent));
    let mut next = Some(all);
    std::iter::from_fn(move || {
        let mut piece = next.take()?;
        let rest = piece.split_off(piece.len().min(TOGETHER));
        next = Some(rest).filter(|rest| !rest.is_empty());
        Some(laid_out(&piece, counts, dims, number))
    })
}

fn laid_out(all: &[Counted], counts: [&Counts; 2], dims: &Dims, number: &str) -> Result<Columns> {
    let lengths = all.iter().map(|row| row.2.rows(row.3).count()).collect::<Vec<_>>();
    let repeated = |texts: Vec<Option<&str>>| -> ArrayRef {
        let rows = texts.into_iter().zip(&lengths).flat_map(|(text, length)| std::iter::repeat_n(text, *length));
        Arc::new(rows.collect::<StringArray>())
    };
    let agent_name = |of: &CountsOf| dims.by_agent.get(&(of.shop.clone(), of.agent.clone()?))?.as_deref();
    let mut by_name = HashMap::from([
        ("platform".to_owned(), repeated(all.iter().map(|row| row.0?.platform.as_deref()).collect())),
        ("shop_id".to_owned(), repeated(all.iter().map(|row| Some(row.3.shop.as_str())).collect())),
        ("shop_name".to_owned(), repeated(all.iter().map(|row| row.0?.name.as_deref()).collect())),
        ("level".to_owned(), repeated(all.iter().map(|row| Some(row.1)).collect())),
        ("agent_id".to_owned(), repeated(all.iter().map(|row| row.3.agent.as_deref()).collect())),
        ("agent_name".to_owned(), repeated(all.iter().map(|row| agent_name(row.3)).collect())),
    ]);
    let rows = || all.iter().flat_map(|(_, _, counts, of)| counts.rows(of));
    by_name.insert(number.to_owned(), Arc::new(rows().map(|(number, _)| number).collect::<Int64Array>()));
    for (column, name) in counts[0].names.iter().enumerate() {
        by_name.insert((*name).to_owned(), Arc::new(rows().map(|(_, values)| values[column]).collect::<Int64Array>()));
    }
    Ok(Columns { rows: lengths.iter().sum(), by_name })
}

fn typed(unit: Unit) -> ArrowType {
    match unit {
        Unit::Count | Unit::Milliseconds => ArrowType::Int64,
        Unit::Money => ArrowType::Decimal128(18, 2),
        Unit::Seconds | Unit::Hours | Unit::Rate | Unit::Number => ArrowType::Float64,
    }
}

fn comment(metric: &metrics::Metric, level: Level) -> String {
    let noted = metrics::note(metric, level).map(|note| format!(" · {} · {}", note.zh, note.en)).unwrap_or_default();
    format!("{} · {} · {} · {} · {}{noted}", metric.name.zh, metric.name.en, metric.unit.name(), metric.about.zh, metric.about.en)
}

/// A collected frame as named Arrow columns.
pub(super) struct Columns {
    rows: usize,
    by_name: HashMap<String, ArrayRef>,
}

impl Columns {
    pub(super) fn of(frame: &DataFrame) -> Result<Columns> {
        let batch = to_arrow(frame)?;
        let names = batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        Ok(Columns { rows: batch.num_rows(), by_name: names.into_iter().zip(batch.columns().to_vec()).collect() })
    }

    fn ints(&self, name: &str) -> Int64Array {
        let empty = || Int64Array::from(Vec::<i64>::new());
        self.by_name.get(name).map_or_else(empty, |array| arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(array).clone())
    }
}

/// A table being laid out.
pub(super) struct Out<'a> {
    columns: Columns,
    row: &'a Row<'a>,
    level: Level,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'a> Out<'a> {
    pub(super) fn new(columns: Columns, row: &'a Row, level: Level) -> Out<'a> {
        let mut out = Out { columns, row, level, fields: Vec::new(), arrays: Vec::new() };
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

    fn add(&mut self, name: &str, array: ArrayRef, comment: &str) {
        let metadata = HashMap::from([("comment".to_owned(), comment.to_owned())]);
        self.fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        self.arrays.push(array);
    }

    pub(super) fn text(&mut self, name: &str, comment: &str) {
        if let Some(array) = self.columns.by_name.get(name).cloned() {
            self.add(name, array, comment);
        }
    }

    fn date(&mut self, name: &str, day: Day, comment: &str) {
        self.add(name, Arc::new(Date32Array::from(vec![day.0; self.columns.rows])), comment);
    }

    /// A column of the frame as its published type; fen become yuan by the decimal's scale.
    pub(super) fn push(&mut self, name: &str, of: ArrowType, comment: &str) -> Result<()> {
        let Some(array) = self.columns.by_name.get(name) else { return Ok(()) };
        let array: ArrayRef = match &of {
            ArrowType::Decimal128(precision, scale) => {
                let fen = cast(array, &ArrowType::Int64)?;
                let fen = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&fen);
                let decimals = fen.iter().map(|v| v.map(i128::from)).collect::<arrow::array::Decimal128Array>();
                Arc::new(decimals.with_precision_and_scale(*precision, *scale)?)
            }
            of => cast(array, of)?,
        };
        self.add(name, array, comment);
        Ok(())
    }

    pub(super) fn table(mut self, folder: String, grain: String, sorted_by: Vec<&'static str>) -> Result<Table> {
        let Row { span, landed, complete, groups } = self.row;
        let sets = groups.iter().map(|group| (group.rules.rule_set(), landed.matures_on(self.level, *span, group.rules)));
        let sets = sets.collect::<Vec<_>>();
        let of = self.set_of_rows();
        let rule_set = of.iter().map(|set| Some(sets[*set].0.as_str())).collect::<StringArray>();
        self.add("rule_set", Arc::new(rule_set), "规则集(周期末日) · Rule set, on the last day");
        let complete = BooleanArray::from(vec![*complete; self.columns.rows]);
        self.add("complete", Arc::new(complete), "周期已结束且数据齐全 · The period is over and all landed");
        self.date("data_through", landed.through.min(span.last), "数据截至 · Last business day with data");
        let matures_on = of.iter().map(|set| Some(sets[*set].1.0)).collect::<Date32Array>();
        self.add("matures_on", Arc::new(matures_on), "全部指标定型之日 · Day on which every value is final");
        let rows = RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)?;
        let names = sets.iter().map(|set| set.0.as_str()).collect::<Vec<_>>();
        Ok(Table { folder, dt: Some(self.row.span.first), grain, rows, sorted_by, rule_sets: names.join(", ") })
    }

    /// By row: the group of its shop.
    fn set_of_rows(&self) -> Vec<usize> {
        let shops = self.columns.by_name.get("shop_id").and_then(|shops| shops.as_any().downcast_ref::<StringArray>());
        let of = |shop: Option<&str>| self.row.groups.iter().position(|group| group.has(shop.unwrap_or_default())).unwrap_or_default();
        shops.map_or_else(|| vec![0; self.columns.rows], |shops| shops.iter().map(of).collect())
    }
}
