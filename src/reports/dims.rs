//! The dimension tables `dims/*`: dates, shops, agents and metrics. Reports join the names of shops and agents from here.

use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest::{Account, Reference};
use crate::metrics;
use crate::metrics::declaration;
use crate::model::Level;
use crate::model::OutputTable;
use arrow::array::{ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use kefu_kernel::calendar::{Calendar, Day, Period};
use polars::prelude::{Column, DataFrame, IntoLazy, JoinArgs, JoinType, LazyFrame, SortMultipleOptions, col};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The platforms and names of shops, and what the staff table says of agents on a day.
pub struct Dims {
    /// One row per shop: `shop_id`, `platform`, `shop_name` (String; null: unknown).
    pub(super) shops: DataFrame,
    /// One row per account: `shop_id`, `agent_id`, `agent_name` (String; null: unknown).
    agents: DataFrame,
    /// The rows of `shops` by shop id.
    pub(super) by_shop: BTreeMap<String, ShopDim>,
    /// The accounts of agents by shop id and agent id, as of the day.
    pub(super) by_agent: BTreeMap<(String, String), Account>,
}

/// A shop's platform and name, where they are known.
pub(super) struct ShopDim {
    pub(super) platform: Option<String>,
    pub(super) name: Option<String>,
}

impl Dims {
    /// Collects the dimensions as of a day. `platforms`: the platform that a shop's chat lines name; one in the `shops` table overrides it.
    pub fn new(reference: &Reference, platforms: &BTreeMap<String, String>, as_of: Day) -> Result<Dims> {
        let ids = reference.shops.keys().chain(platforms.keys()).collect::<std::collections::BTreeSet<_>>();
        let shop = |id: &String| reference.shops.get(id);
        let platform = |id: &&String| shop(id).and_then(|s| s.platform.clone()).or_else(|| platforms.get(*id).cloned());
        let by_shop = ids.iter().map(|id| ((*id).clone(), ShopDim { platform: platform(id), name: shop(id).and_then(|s| s.name.clone()) }));
        let by_shop = by_shop.collect::<BTreeMap<_, _>>();
        let shops = DataFrame::new_infer_height(vec![
            Column::new("shop_id".into(), by_shop.keys().map(String::as_str).collect::<Vec<_>>()),
            Column::new("platform".into(), by_shop.values().map(|s| s.platform.as_deref()).collect::<Vec<_>>()),
            Column::new("shop_name".into(), by_shop.values().map(|s| s.name.as_deref()).collect::<Vec<_>>()),
        ])?;
        let by_agent = reference.staff.seen_on(as_of);
        let agents = DataFrame::new_infer_height(vec![
            Column::new("shop_id".into(), by_agent.keys().map(|key| key.0.as_str()).collect::<Vec<_>>()),
            Column::new("agent_id".into(), by_agent.keys().map(|key| key.1.as_str()).collect::<Vec<_>>()),
            Column::new("agent_name".into(), by_agent.values().map(|account| account.name.as_deref()).collect::<Vec<_>>()),
        ])?;
        Ok(Dims { shops, agents, by_shop, by_agent })
    }

    /// The platform of every shop whose platform is known.
    pub fn platforms(&self) -> BTreeMap<String, String> {
        self.by_shop.iter().filter_map(|(id, shop)| Some((id.clone(), shop.platform.clone()?))).collect()
    }

    /// Adds `platform`, `shop_name` and `agent_name` to rows with `shop_id` and `agent_id`.
    pub(super) fn join(&self, rows: LazyFrame) -> LazyFrame {
        let agent = [col("shop_id"), col("agent_id")];
        rows.left_join(self.shops.clone().lazy(), col("shop_id"), col("shop_id")).join(
            self.agents.clone().lazy(),
            agent.clone(),
            agent,
            JoinArgs::new(JoinType::Left),
        )
    }
}

/// The dimension tables. `days`: the first and the last day of `dims/date`, which is extended to whole years.
pub fn dims(calendar: &Calendar, days: (Day, Day), reference: &Reference, dims: &Dims) -> Result<Vec<OutputTable>> {
    let shops = to_arrow(&collect(dims.shops.clone().lazy().sort(["shop_id"], SortMultipleOptions::default()))?)?;
    let agents = to_arrow(&collect(dims.agents.clone().lazy().sort(["shop_id", "agent_id"], SortMultipleOptions::default()))?)?;
    let shop_ids = shops.column(0).clone();
    let category = shop_ids.as_string::<i32>().iter();
    let category = category.map(|id| id.and_then(|id| reference.shops.get(id)?.category.clone())).collect::<StringArray>();
    let shops = with_column(&shops, "category", Arc::new(category))?;
    let agents = with_accounts(agents, dims)?;
    let dim = |name: &str, grain: &str, rows: RecordBatch, sorted_by: Vec<&'static str>| OutputTable {
        folder: format!("dims/{name}"),
        dt: None,
        grain: grain.to_owned(),
        rows,
        sorted_by,
        rule_sets: String::new(),
    };
    Ok(vec![
        dim("date", "one row per business day", date_rows(calendar, days)?, vec!["date"]),
        dim("shop", "one row per shop_id", shops, vec!["shop_id"]),
        dim("agent", "one row per shop_id, agent_id", agents, vec!["shop_id", "agent_id"]),
        dim("metric", "one row per level, metric", metric_rows()?, vec![]),
    ])
}

/// Adds `team`, `role` and `person_id` (null: unknown) to the agents, which must be all accounts of `staff` in the order of shop and agent.
fn with_accounts(mut agents: RecordBatch, dims: &Dims) -> Result<RecordBatch> {
    let texts = |of: fn(&Account) -> Option<&str>| dims.by_agent.values().map(of).collect::<StringArray>();
    let columns = [
        ("team", texts(|account| account.team.as_deref())),
        ("role", texts(|account| account.role.as_deref())),
        ("person_id", texts(|account| account.person.as_deref())),
    ];
    for (name, texts) in columns {
        agents = with_column(&agents, name, Arc::new(texts))?;
    }
    Ok(agents)
}

/// A batch with one more nullable column.
fn with_column(batch: &RecordBatch, name: &str, array: ArrayRef) -> Result<RecordBatch> {
    let mut fields = batch.schema().fields().to_vec();
    fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), [batch.columns(), &[array]].concat())?)
}

/// One row per business day of the years that hold the two days.
fn date_rows(calendar: &Calendar, (first, last): (Day, Day)) -> Result<RecordBatch> {
    let days = calendar.span(Period::Year, first).first.through(calendar.span(Period::Year, last).last).collect::<Vec<_>>();
    let dates = |of: &dyn Fn(Day) -> Day| Arc::new(days.iter().map(|d| Some(of(*d).0)).collect::<Date32Array>()) as ArrayRef;
    let numbers = |of: &dyn Fn(Day) -> i64| Arc::new(days.iter().map(|d| Some(of(*d))).collect::<Int64Array>()) as ArrayRef;
    let starts = |period: Period| dates(&|day| calendar.span(period, day).first);
    let weekday = |day: Day| i64::from(day.date().weekday().to_monday_one_offset());
    Ok(RecordBatch::try_from_iter([
        ("date", dates(&|day| day)),
        ("week_start", starts(Period::Week)),
        ("month_start", starts(Period::Month)),
        ("quarter_start", starts(Period::Quarter)),
        ("year_start", starts(Period::Year)),
        ("year", numbers(&|day| i64::from(day.date().year()))),
        ("month", numbers(&|day| i64::from(day.date().month()))),
        ("day_of_month", numbers(&|day| i64::from(day.date().day()))),
        ("weekday", numbers(&weekday)),
        ("is_weekend", Arc::new(days.iter().map(|d| Some(weekday(*d) > 5)).collect::<BooleanArray>())),
        ("iso_year", numbers(&|day| i64::from(day.date().iso_week_date().year()))),
        ("iso_week", numbers(&|day| i64::from(day.date().iso_week_date().week()))),
    ])?)
}

/// One row per level and metric: its name, unit and definition.
fn metric_rows() -> Result<RecordBatch> {
    let rows = Level::REPORTED.into_iter().flat_map(|level| metrics::of_level(level).map(move |m| (level, m))).collect::<Vec<_>>();
    let texts = |of: &dyn Fn(&(Level, &declaration::Metric)) -> String| {
        Arc::new(rows.iter().map(|r| Some(of(r))).collect::<StringArray>()) as ArrayRef
    };
    Ok(RecordBatch::try_from_iter([
        ("level", texts(&|r| r.0.name().into())),
        ("metric", texts(&|r| r.1.id.clone())),
        ("name_zh", texts(&|r| r.1.name.zh.into())),
        ("name_en", texts(&|r| r.1.name.en.into())),
        ("family", texts(&|r| r.1.family.into())),
        ("unit", texts(&|r| r.1.unit.name().into())),
        ("definition_zh", texts(&|r| r.1.about.zh.into())),
        ("definition_en", texts(&|r| r.1.about.en.into())),
        ("component", Arc::new(rows.iter().map(|r| Some(r.1.component)).collect::<BooleanArray>())),
    ])?)
}
