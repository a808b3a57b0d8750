//! A finished report as judgement reads it, and the layout of what is said of its rows.

use super::Pieces;
use crate::calendar::{Day, Span};
use crate::error::Result;
use crate::ingest::Reference;
use crate::job::Level;
use crate::reports::Table;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, RecordBatch, StringArray, new_empty_array, new_null_array,
};
use arrow::compute::{cast, filter, filter_record_batch, interleave};
use arrow::datatypes::{DataType, Decimal128Type, Field, Float64Type, Schema};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What stands first in every row.
const LEADING: [(&str, DataType, &str); 9] = [
    ("report_date", DataType::Date32, "周期首日 · First day of the period"),
    ("period_end", DataType::Date32, "周期末日 · Last day of the period"),
    ("platform", DataType::Utf8, "平台 · Platform"),
    ("shop_id", DataType::Utf8, "店铺 · Shop"),
    ("shop_name", DataType::Utf8, "店铺名 · Shop name"),
    ("level", DataType::Utf8, "层级: shop、agent 或 team · Level of the row"),
    ("team", DataType::Utf8, "团队，按 staff；店铺行为空 · Team by `staff`; null in a shop's row"),
    ("agent_id", DataType::Utf8, "客服账号 · Agent account"),
    ("agent_name", DataType::Utf8, "客服名 · Agent name"),
];

/// What stands last: what the judged row itself is worth.
const ENDING: [(&str, DataType, &str); 4] = [
    ("rule_set", DataType::Utf8, "规则集 · Rule set"),
    ("complete", DataType::Boolean, "周期已结束且数据齐全 · The period is over and all landed"),
    ("data_through", DataType::Date32, "数据截至 · Last business day with data"),
    ("matures_on", DataType::Date32, "全部指标定型之日 · Day on which every value is final"),
];

/// The report of one level and period: a row per shop (× team, × agent).
pub struct Report {
    pub level: Level,
    batch: RecordBatch,
    /// The columns of text, found by name as often as there are rows; an agent's `team` among them.
    texts: HashMap<String, StringArray>,
}

/// A column as numbers. Money is whole fen, so that differences are exact: `per_unit` of them make a yuan.
pub struct Values {
    pub cells: Vec<Option<f64>>,
    pub per_unit: f64,
}

impl Values {
    /// In the published unit.
    pub fn value(&self, row: usize) -> Option<f64> {
        Some(self.cells[row]? / self.per_unit)
    }
}

impl Report {
    /// `batch`: the rows of `reports/<level>_<period>`; a column it lacks is null.
    pub fn new(level: Level, batch: RecordBatch, reference: &Reference) -> Report {
        let named = batch.schema_ref().fields().iter().zip(batch.columns());
        let texts = named.filter_map(|(field, column)| Some((field.name().clone(), column.as_string_opt::<i32>()?.clone())));
        let mut report = Report { level, texts: texts.collect(), batch };
        if !report.texts.contains_key("team") {
            let team = |row| reference.team(report.text("shop_id", row)?, report.text("agent_id", row)?);
            let teams = (0..report.rows()).map(team).collect::<StringArray>();
            report.texts.insert("team".to_owned(), teams);
        }
        report
    }

    /// The rows of some agents.
    pub fn of_agents(mut self, agents: &BTreeSet<&str>) -> Result<Report> {
        let kept = (0..self.rows()).map(|row| Some(self.text("agent_id", row).is_some_and(|agent| agents.contains(agent))));
        let kept = kept.collect::<BooleanArray>();
        for column in self.texts.values_mut() {
            *column = filter(column, &kept)?.as_string().clone();
        }
        self.batch = filter_record_batch(&self.batch, &kept)?;
        Ok(self)
    }

    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// A text of a row; null where the report has no such column.
    pub fn text(&self, name: &str, row: usize) -> Option<&str> {
        let texts = self.texts.get(name)?;
        texts.is_valid(row).then(|| texts.value(row))
    }

    /// A metric of every row; null where the report has no such column.
    pub fn values(&self, id: &str) -> Result<Values> {
        let Some(array) = self.batch.column_by_name(id) else {
            return Ok(Values { cells: vec![None; self.rows()], per_unit: 1.0 });
        };
        Ok(match array.data_type() {
            DataType::Decimal128(_, scale) => {
                let cells = array.as_primitive::<Decimal128Type>().iter().map(|cell| cell.map(|whole| whole as f64));
                Values { cells: cells.collect(), per_unit: 10f64.powi(i32::from(*scale)) }
            }
            _ => Values { cells: cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().iter().collect(), per_unit: 1.0 },
        })
    }

    /// Some row has a value of the metric.
    pub fn has(&self, id: &str) -> bool {
        self.batch.column_by_name(id).is_some_and(|array| array.null_count() < array.len())
    }

    /// How many days of the period have data.
    pub fn days(&self, row: usize) -> Option<f64> {
        let of = |name: &str| {
            let dates = self.batch.column_by_name(name)?.as_primitive_opt::<arrow::datatypes::Date32Type>()?;
            dates.is_valid(row).then(|| dates.value(row))
        };
        Some(f64::from((of("data_through")? - of("report_date")? + 1).max(1)))
    }

    /// For each row, where the same shop, team or agent stands in another report.
    pub fn places_in(&self, other: Option<&Report>) -> Vec<Option<usize>> {
        let Some(other) = other else { return vec![None; self.rows()] };
        let places = (0..other.rows()).map(|row| (other.who(row), row)).collect::<HashMap<_, _>>();
        (0..self.rows()).map(|row| places.get(&self.who(row)).copied()).collect()
    }

    fn who(&self, row: usize) -> [Option<&str>; 3] {
        // An agent who changes teams stays the same agent.
        let team = self.batch.column_by_name("team").and_then(|_| self.text("team", row));
        [self.text("shop_id", row), team, self.text("agent_id", row)]
    }

    fn column(&self, name: &str, of: &DataType) -> Result<ArrayRef> {
        Ok(match (name, self.batch.column_by_name(name)) {
            ("level", _) => Arc::new(StringArray::from(vec![self.level.name(); self.rows()])),
            ("team", _) => Arc::new(self.texts[name].clone()),
            (_, Some(array)) => cast(array, of)?,
            (_, None) => new_null_array(of, self.rows()),
        })
    }
}

/// A row of one of several reports: which report, which row.
pub(super) type Place = (usize, usize);

/// Every row, by platform, shop, level, team and agent.
pub(super) fn places(reports: &[Report]) -> Vec<Place> {
    let mut places = (0..).zip(reports).flat_map(|(of, report)| (0..report.rows()).map(move |row| (of, row))).collect::<Vec<Place>>();
    let key = |(of, row): &Place| {
        let (report, row) = (&reports[*of], *row);
        let text = |name: &str| report.text(name, row);
        // A team's own row has no agent.
        let team = if text("agent_id").is_none() { text("team") } else { None };
        (text("platform"), text("shop_id"), report.level.name(), team, text("agent_id"))
    };
    places.sort_by_cached_key(key);
    places
}

/// Rows of reports whose judgements are held at once.
const PIECE: usize = 1024;

/// A table of what is said of some rows, laid out some of them at a time; once at least, so that an empty table has its columns.
pub(super) fn pieces<'c>(places: Vec<Place>, laid_out: impl Fn(&[Place]) -> Result<Table> + 'c) -> Pieces<'c> {
    let starts = (0..places.len().max(1)).step_by(PIECE);
    Box::new(starts.map(move |start| laid_out(&places[start..places.len().min(start + PIECE)])))
}

/// A table being laid out: what is said of rows of reports, any number of times each.
pub(super) struct Layout<'a> {
    reports: &'a [Report],
    places: Vec<Place>,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'a> Layout<'a> {
    /// `places`: the row that each row of the table is said of.
    pub(super) fn new(reports: &'a [Report], places: Vec<Place>) -> Result<Layout<'a>> {
        let mut layout = Layout { reports, places, fields: Vec::new(), arrays: Vec::new() };
        layout.carry(&LEADING)?;
        Ok(layout)
    }

    /// Of nobody's reports: every column is its own.
    pub(super) fn plain() -> Layout<'static> {
        Layout { reports: &[], places: Vec::new(), fields: Vec::new(), arrays: Vec::new() }
    }

    fn carry(&mut self, columns: &[(&str, DataType, &str)]) -> Result<()> {
        for (name, of, comment) in columns {
            let columns = self.reports.iter().map(|report| report.column(name, of)).collect::<Result<Vec<_>>>()?;
            let columns = columns.iter().map(|column| column.as_ref() as &dyn Array).collect::<Vec<_>>();
            let column = if columns.is_empty() { new_empty_array(of) } else { interleave(&columns, &self.places)? };
            self.add(name, column, comment);
        }
        Ok(())
    }

    pub(super) fn add(&mut self, name: &str, array: ArrayRef, comment: &str) {
        let metadata = HashMap::from([("comment".to_owned(), comment.to_owned())]);
        self.fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        self.arrays.push(array);
    }

    pub(super) fn numbers(&mut self, name: &str, values: Vec<Option<f64>>, comment: &str) {
        // A quotient of something tiny has no place in a table of plain numbers.
        let values = values.into_iter().map(|value| value.filter(|value| value.is_finite()));
        self.add(name, Arc::new(values.collect::<Float64Array>()), comment);
    }

    pub(super) fn dates(&mut self, name: &str, days: impl IntoIterator<Item = Day>, comment: &str) {
        self.add(name, Arc::new(days.into_iter().map(|day| Some(day.0)).collect::<Date32Array>()), comment);
    }

    pub(super) fn integers(&mut self, name: &str, values: Vec<Option<i64>>, comment: &str) {
        self.add(name, Arc::new(arrow::array::Int64Array::from(values)), comment);
    }

    pub(super) fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = Option<&'t str>>, comment: &str) {
        self.add(name, Arc::new(texts.into_iter().collect::<StringArray>()), comment);
    }

    /// The table of a period. Rows are sorted by platform, shop, level, team and agent, then by `of`.
    pub(super) fn table(mut self, name: &str, span: Span, grain: &str) -> Result<Table> {
        self.carry(&ENDING)?;
        let grain = format!("{grain} and {}", span.period.name());
        let sorted_by = vec!["platform", "shop_id", "level"];
        self.plain_table(format!("reports/{name}_{}", span.period.name()), span.first, grain, sorted_by)
    }

    /// The table as it is, in a folder of its own.
    pub(super) fn plain_table(self, folder: String, dt: Day, grain: String, sorted_by: Vec<&'static str>) -> Result<Table> {
        let rule_sets = self.reports.iter().flat_map(|report| (0..report.rows()).filter_map(|row| report.text("rule_set", row)));
        let rule_sets = rule_sets.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
        let rows = RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)?;
        Ok(Table { folder, dt: Some(dt), grain, rows, sorted_by, rule_sets })
    }
}
