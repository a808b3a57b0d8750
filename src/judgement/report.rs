//! A finished report as judgement reads it, and the layout of the tables that judge its rows.

use crate::error::Result;
use crate::ingest::Reference;
use crate::model::Level;
use crate::model::OutputTable;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, RecordBatch, StringArray, new_empty_array, new_null_array};
use arrow::compute::{cast, interleave};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Float64Type, Schema};
use hashbrown::{HashMap, HashSet, HashTable};
use kefu_kernel::calendar::{Day, Span};
use std::collections::BTreeSet;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The first columns of every judgement table, copied from the judged row.
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

/// The last columns of every judgement table, copied from the judged row (DECISIONS #13, #14, #46).
const ENDING: [(&str, DataType, &str); 4] = [
    ("rule_set", DataType::Utf8, "规则集 · Rule set"),
    ("complete", DataType::Boolean, "周期已结束且数据齐全 · The period is over and all landed"),
    ("data_through", DataType::Date32, "数据截至 · Last business day with data"),
    ("matures_on", DataType::Date32, "全部指标定型之日 · Day on which every value is final"),
];

/// The published report of one level and period: one row per shop (× team, × agent).
#[derive(Clone)]
pub struct FinishedReport {
    pub level: Level,
    batch: RecordBatch,
    /// The text columns by name, because they are read once per row; also `team`, which an agent's report does not have.
    texts: HashMap<String, StringArray>,
    /// Whether the rows are teams. An agent's report has no column `team` of its own.
    is_of_teams: bool,
    whole: Arc<WholeReport>,
}

/// What is true of a report as a whole, whichever of its rows and columns are in memory.
pub(super) struct WholeReport {
    /// The rule sets of all rows.
    pub(super) rule_sets: BTreeSet<String>,
    /// The metrics of which any row has a value.
    pub(super) with_values: HashSet<String>,
}

impl WholeReport {
    /// What is true of a report of which all rows are in memory.
    fn of(batch: &RecordBatch) -> WholeReport {
        let named = batch.schema_ref().fields().iter().zip(batch.columns());
        let with_values = named.filter(|(_, column)| column.null_count() < column.len()).map(|(field, _)| field.name().clone());
        let rule_sets = batch.column_by_name("rule_set").and_then(|names| names.as_string_opt::<i32>());
        WholeReport { rule_sets: distinct(rule_sets.into_iter().flatten().flatten()), with_values: with_values.collect() }
    }
}

/// A column as judgement tables copy it.
enum CopiedColumn {
    /// A cell for each row.
    ByRow(ArrayRef),
    /// One cell that is the same in every row, so that no column of a million equal cells is made for each piece of a table.
    Same(ArrayRef),
}

impl CopiedColumn {
    fn array(&self) -> &dyn Array {
        match self {
            CopiedColumn::ByRow(array) | CopiedColumn::Same(array) => array.as_ref(),
        }
    }

    /// The place of a row's cell.
    fn place(&self, row: usize) -> usize {
        if matches!(self, CopiedColumn::ByRow(_)) { row } else { 0 }
    }
}

/// The values of a metric by row. Money is in fen, so that differences are exact.
pub struct MetricValues {
    /// Null where the report's value is.
    pub cells: Vec<Option<f64>>,
    /// How many of the cells' units make one published unit: 100 fen are a yuan.
    pub per_unit: f64,
}

impl MetricValues {
    /// The value of a row in the metric's published unit.
    pub fn value(&self, row: usize) -> Option<f64> {
        Some(self.cells[row]? / self.per_unit)
    }
}

impl FinishedReport {
    /// `batch`: the rows of `reports/<level>_<period>`. An agent's team comes from `staff`, as of the row's `data_through`.
    pub fn new(level: Level, batch: RecordBatch, reference: &Reference) -> FinishedReport {
        let whole = Arc::new(WholeReport::of(&batch));
        FinishedReport::part(level, batch, reference, whole)
    }

    /// Some rows or columns of a report.
    pub(super) fn part(level: Level, batch: RecordBatch, reference: &Reference, whole: Arc<WholeReport>) -> FinishedReport {
        let named = batch.schema_ref().fields().iter().zip(batch.columns());
        let texts = named.filter_map(|(field, column)| Some((field.name().clone(), column.as_string_opt::<i32>()?.clone())));
        let texts = texts.collect::<HashMap<_, _>>();
        let is_of_teams = texts.contains_key("team");
        let mut report = FinishedReport { level, batch, texts, is_of_teams, whole };
        if !report.texts.contains_key("team") {
            let through = report.batch.column_by_name("data_through").and_then(|days| days.as_primitive_opt::<Date32Type>());
            let team = |row| reference.team(report.text("shop_id", row)?, report.text("agent_id", row)?, Day(through?.value(row)));
            let teams = (0..report.rows()).map(team).collect::<StringArray>();
            report.texts.insert("team".to_owned(), teams);
        }
        report
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// A text of a row; null if the cell is or the report has no such column.
    pub fn text(&self, name: &str, row: usize) -> Option<&str> {
        let texts = self.texts.get(name)?;
        texts.is_valid(row).then(|| texts.value(row))
    }

    /// A metric's values; all are null if the report has no such column. Errors: the column has no numbers.
    pub fn values(&self, id: &str) -> Result<MetricValues> {
        let Some(array) = self.batch.column_by_name(id) else {
            return Ok(MetricValues { cells: vec![None; self.rows()], per_unit: 1.0 });
        };
        Ok(match array.data_type() {
            DataType::Decimal128(_, scale) => {
                let cells = array.as_primitive::<Decimal128Type>().iter().map(|cell| cell.map(|whole| whole as f64));
                MetricValues { cells: cells.collect(), per_unit: 10f64.powi(i32::from(*scale)) }
            }
            _ => MetricValues { cells: cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().iter().collect(), per_unit: 1.0 },
        })
    }

    /// Whether any row of the whole report has a value of the metric.
    pub fn has(&self, id: &str) -> bool {
        self.whole.with_values.contains(id)
    }

    /// How many days of the period have data, at least 1; null if the row does not say.
    pub fn days(&self, row: usize) -> Option<f64> {
        let day = |name: &str| {
            let dates = self.batch.column_by_name(name)?.as_primitive_opt::<arrow::datatypes::Date32Type>()?;
            dates.is_valid(row).then(|| dates.value(row))
        };
        Some(f64::from((day("data_through")? - day("report_date")? + 1).max(1)))
    }

    /// For each row, the row of the same shop, team or agent in another report.
    pub fn matching_rows(&self, other: Option<&FinishedReport>) -> Vec<Option<usize>> {
        let Some(other) = other else { return vec![None; self.rows()] };
        // The table holds rows and not their texts, because there may be a million.
        let mut by_identity = HashTable::with_capacity(other.rows());
        for row in 0..other.rows() {
            by_identity.insert_unique(hash(other.identity(row)), row, |row| hash(other.identity(*row)));
        }
        let find = |identity: [Option<&str>; 3]| by_identity.find(hash(identity), |row| other.identity(*row) == identity).copied();
        (0..self.rows()).map(|row| find(self.identity(row))).collect()
    }

    /// The shop, team and agent of a row.
    fn identity(&self, row: usize) -> [Option<&str>; 3] {
        // Only a team's report has the column `team`: an agent who changes teams stays the same agent.
        let team = if self.is_of_teams { self.text("team", row) } else { None };
        [self.text("shop_id", row), team, self.text("agent_id", row)]
    }

    /// A column for a judgement table, cast to a type; null if the report has no such column.
    fn column(&self, name: &str, data_type: &DataType) -> Result<CopiedColumn> {
        Ok(match (name, self.batch.column_by_name(name)) {
            ("level", _) => CopiedColumn::Same(Arc::new(StringArray::from(vec![self.level.name()]))),
            ("team", _) => CopiedColumn::ByRow(Arc::new(self.texts[name].clone())),
            (_, Some(array)) => CopiedColumn::ByRow(cast(array, data_type)?),
            (_, None) => CopiedColumn::Same(new_null_array(data_type, 1)),
        })
    }
}

/// The distinct texts of a column, of which adjacent ones are mostly equal.
pub(super) fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeSet<String> {
    let (mut distinct, mut last) = (BTreeSet::new(), None);
    for text in texts {
        if last.replace(text) != Some(text) && !distinct.contains(text) {
            distinct.insert(text.to_owned());
        }
    }
    distinct
}

/// The hash of a row's shop, team and agent.
fn hash(identity: [Option<&str>; 3]) -> u64 {
    identity.iter().fold(0, |hash, text| xxh3_64_with_seed(text.unwrap_or_default().as_bytes(), hash))
}

/// A row of one of several reports: the place of the report, and the row in it.
pub(super) type ReportRow = (usize, usize);

/// All rows of some reports, sorted by platform, shop, level, team and agent.
pub(super) fn sorted_rows(reports: &[FinishedReport]) -> Vec<ReportRow> {
    let mut rows =
        (0..).zip(reports).flat_map(|(index, report)| (0..report.rows()).map(move |row| (index, row))).collect::<Vec<ReportRow>>();
    let columns = reports.iter().map(SortColumns::of).collect::<Vec<_>>();
    let key = |(index, row): &ReportRow| columns[*index].key(*row);
    // Each report is sorted already, so that a stable sort merges them in almost linear time, and no key is kept.
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    rows
}

/// The columns of a report that judgement tables are sorted by.
struct SortColumns<'r> {
    level: &'static str,
    /// Platform, shop, team and agent.
    texts: [Option<&'r StringArray>; 4],
}

impl<'r> SortColumns<'r> {
    fn of(report: &'r FinishedReport) -> SortColumns<'r> {
        let texts = ["platform", "shop_id", "team", "agent_id"].map(|name| report.texts.get(name));
        SortColumns { level: report.level.name(), texts }
    }

    /// What a row is sorted by: platform, shop, level, team and agent. Only the rows of a team, which have no agent, sort by team.
    fn key(&self, row: usize) -> (Option<&'r str>, Option<&'r str>, &'static str, Option<&'r str>, Option<&'r str>) {
        let text = |column: Option<&'r StringArray>| column.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row));
        let [platform, shop, team, agent] = self.texts.map(text);
        (platform, shop, self.level, if agent.is_none() { team } else { None }, agent)
    }
}

/// How many rows of the reports are judged at a time.
const PIECE: usize = 1024;

/// Builds a table of some rows in pieces of `PIECE` rows. There is at least one piece, so that an empty table has its columns.
pub(super) fn in_pieces<'c>(rows: Vec<ReportRow>, build: impl Fn(&[ReportRow]) -> Result<OutputTable> + 'c) -> TablePieces<'c> {
    let starts = (0..rows.len().max(1)).step_by(PIECE);
    Box::new(starts.map(move |start| build(&rows[start..rows.len().min(start + PIECE)])))
}

/// Builds a judgement table column by column. Each of its rows judges one row of the reports.
pub(super) struct JudgementLayout<'a> {
    reports: &'a [FinishedReport],
    report_rows: Vec<ReportRow>,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'a> JudgementLayout<'a> {
    /// Starts a table with the leading columns. `report_rows`: by row of the table, the row that it judges.
    pub(super) fn new(reports: &'a [FinishedReport], report_rows: Vec<ReportRow>) -> Result<JudgementLayout<'a>> {
        let mut layout = JudgementLayout { reports, report_rows, fields: Vec::new(), arrays: Vec::new() };
        layout.copy(&LEADING)?;
        Ok(layout)
    }

    /// Starts a table without leading columns, whose rows do not judge rows of reports.
    pub(super) fn plain() -> JudgementLayout<'static> {
        JudgementLayout { reports: &[], report_rows: Vec::new(), fields: Vec::new(), arrays: Vec::new() }
    }

    /// Copies columns from the judged rows.
    fn copy(&mut self, columns: &[(&str, DataType, &str)]) -> Result<()> {
        for (name, data_type, comment) in columns {
            let columns = self.reports.iter().map(|report| report.column(name, data_type)).collect::<Result<Vec<_>>>()?;
            let cells = self.report_rows.iter().map(|(report, row)| (*report, columns[*report].place(*row))).collect::<Vec<_>>();
            let arrays = columns.iter().map(CopiedColumn::array).collect::<Vec<_>>();
            let column = if arrays.is_empty() { new_empty_array(data_type) } else { interleave(&arrays, &cells)? };
            self.add(name, column, comment);
        }
        Ok(())
    }

    /// Adds a column with its comment.
    pub(super) fn add(&mut self, name: &str, array: ArrayRef, comment: &str) {
        let metadata = std::collections::HashMap::from([("comment".to_owned(), comment.to_owned())]);
        self.fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        self.arrays.push(array);
    }

    /// Adds a Float64 column. A value that is not finite becomes null.
    pub(super) fn numbers(&mut self, name: &str, values: Vec<Option<f64>>, comment: &str) {
        // A quotient by a tiny number may overflow, and many readers cannot parse an infinity.
        let values = values.into_iter().map(|value| value.filter(|value| value.is_finite()));
        self.add(name, Arc::new(values.collect::<Float64Array>()), comment);
    }

    /// Adds a Date32 column.
    pub(super) fn dates(&mut self, name: &str, days: impl IntoIterator<Item = Day>, comment: &str) {
        self.add(name, Arc::new(days.into_iter().map(|day| Some(day.0)).collect::<Date32Array>()), comment);
    }

    /// Adds an Int64 column.
    pub(super) fn integers(&mut self, name: &str, values: Vec<Option<i64>>, comment: &str) {
        self.add(name, Arc::new(arrow::array::Int64Array::from(values)), comment);
    }

    /// Adds a Utf8 column.
    pub(super) fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = Option<&'t str>>, comment: &str) {
        self.add(name, Arc::new(texts.into_iter().collect::<StringArray>()), comment);
    }

    /// The table `reports/<name>_<period>` with the ending columns. Its rows must be in the order of `sorted_rows`.
    pub(super) fn table(mut self, name: &str, span: Span, grain: &str) -> Result<OutputTable> {
        self.copy(&ENDING)?;
        let grain = format!("{grain} and {}", span.period.name());
        let sorted_by = vec!["platform", "shop_id", "level"];
        self.plain_table(format!("reports/{name}_{}", span.period.name()), span.first, grain, sorted_by)
    }

    /// The table with the columns added so far, in a folder and partition of its own.
    pub(super) fn plain_table(self, folder: String, dt: Day, grain: String, sorted_by: Vec<&'static str>) -> Result<OutputTable> {
        let rule_sets = self.reports.iter().flat_map(|report| &report.whole.rule_sets).map(String::as_str).collect::<BTreeSet<_>>();
        let rule_sets = rule_sets.into_iter().collect::<Vec<_>>().join(", ");
        let rows = RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)?;
        Ok(OutputTable { folder, dt: Some(dt), grain, rows, sorted_by, rule_sets })
    }
}

/// A table that is computed piece by piece in the order of its rows, so that it is never in memory as a whole.
pub(crate) type TablePieces<'c> = Box<dyn Iterator<Item = Result<OutputTable>> + 'c>;
