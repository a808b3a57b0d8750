//! `training_gain` (培训效果): compares an agent's metrics in the 28 days before and after a training.

use super::report::{FinishedReport, JudgementLayout};
use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest::Records;
use crate::metrics;
use crate::metrics::declaration::Metric;
use crate::model::InputTable as Input;
use crate::model::Level;
use crate::model::OutputTable;
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::Int32Type;
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::Rules;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The business days that are compared before and after the day of a training.
pub const TRAINING_WINDOW: i32 = 28;

/// A row of the reference table `trainings`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Training {
    /// The business day of the training.
    pub on: Day,
    pub agent: String,
    /// Null if the table does not name one.
    pub topic: Option<String>,
}

impl Training {
    /// Reads the trainings, without duplicates. Without the table there are none.
    pub fn read(records: &Records) -> Result<BTreeSet<Training>> {
        let Some(rows) = records.of(Input::Trainings) else { return Ok(BTreeSet::new()) };
        let rows = to_arrow(&collect(rows)?)?;
        let text = |name: &str, row: usize| {
            let texts = rows.column_by_name(name)?.as_string_opt::<i32>()?;
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        let training = |row: usize| {
            let on = Day(rows.column_by_name("on")?.as_primitive_opt::<Int32Type>()?.value(row));
            Some(Training { on, agent: text("agent_id", row)?, topic: text("topic", row) })
        };
        Ok((0..rows.num_rows()).filter_map(training).collect())
    }

    /// The days that the table of a training reads, the day of the training included.
    pub fn window(on: Day) -> RangeInclusive<Day> {
        on.plus(-TRAINING_WINDOW)..=on.plus(TRAINING_WINDOW)
    }
}

/// The rows of `agent_day` that belong to trained agents, by day.
pub type DailyReports = BTreeMap<Day, FinishedReport>;

/// The mean of the values that are not null (null without any), and their number.
type Mean = (Option<f64>, i64);

/// A trained agent in one shop.
struct Trainee<'a> {
    training: &'a Training,
    shop: String,
    /// The agent's rows in the daily reports, by day.
    rows: Vec<(Day, usize)>,
}

impl Trainee<'_> {
    /// A text of the agent's last row, such as the team.
    fn text<'d>(&self, daily: &'d DailyReports, name: &str) -> Option<&'d str> {
        let (day, row) = self.rows.last()?;
        daily.get(day)?.text(name, *row)
    }

    /// The mean of the daily values on some days.
    fn mean(&self, values: &BTreeMap<Day, Vec<Option<f64>>>, days: RangeInclusive<Day>) -> Mean {
        let known = self.rows.iter().filter(|(day, _)| days.contains(day)).filter_map(|(day, row)| values.get(day)?[*row]);
        let known = known.collect::<Vec<_>>();
        let count = known.len();
        ((count > 0).then(|| known.iter().sum::<f64>() / count as f64), count as i64)
    }
}

/// One row per agent trained on a day, shop that the agent works for, topic and metric; the partition is the day of the training. `before`
/// is the mean of the daily values in the 28 business days before the day, without the days that have no value; `after` is the mean in the
/// 28 days after it, null until the data of the last of them has arrived. The day itself is in neither.
pub fn training_gain(on: Day, trainings: &BTreeSet<Training>, daily: &DailyReports, landed: Day, rules: &Rules) -> Result<OutputTable> {
    let trainees = trainees(on, trainings, daily);
    let metrics = metrics::of_level(Level::Agent).filter(|metric| !metric.component).collect::<Vec<_>>();
    let mut means = Vec::new();
    for metric in &metrics {
        let mut values = BTreeMap::new();
        for (day, report) in daily {
            let column = report.values(&metric.id)?;
            values.insert(*day, (0..report.rows()).map(|row| column.value(row)).collect::<Vec<_>>());
        }
        let mean = |trainee: &Trainee| {
            let (before, after) = (on.plus(-TRAINING_WINDOW)..=on.plus(-1), on.plus(1)..=on.plus(TRAINING_WINDOW));
            (trainee.mean(&values, before), trainee.mean(&values, after))
        };
        means.push(trainees.iter().map(mean).collect::<Vec<_>>());
    }
    let is_complete = landed >= on.plus(TRAINING_WINDOW);
    let rows = (0..trainees.len()).flat_map(|trainee| (0..metrics.len()).map(move |metric| (trainee, metric))).collect::<Vec<_>>();
    let cells = rows.iter().map(|(trainee, metric)| means[*metric][*trainee]).collect::<Vec<_>>();
    let mut layout = leading_columns(on, &trainees, daily, &rows);
    layout.texts("metric", rows.iter().map(|(_, metric)| Some(metrics[*metric].id.as_str())), "指标 · Metric, as in dims/metric");
    layout.integers("days_before", cells.iter().map(|cell| Some(cell.0.1)).collect(), "训前有值天数 · Days with a value in the 28 before");
    layout.numbers(
        "before",
        cells.iter().map(|cell| cell.0.0).collect(),
        "训前28天日均值 · Mean of the daily values in the 28 days before",
    );
    layout.integers("days_after", cells.iter().map(|cell| Some(cell.1.1)).collect(), "训后有值天数 · Days with a value in the 28 after");
    let after = |cell: &(Mean, Mean)| cell.1.0.filter(|_| is_complete);
    layout.numbers("after", cells.iter().map(after).collect(), "训后28天日均值 · Mean in the 28 days after; null until they have landed");
    let difference = cells.iter().map(|cell| Some(after(cell)? - cell.0.0?)).collect();
    layout.numbers("difference", difference, "培训效果 · after − before");
    build_table(layout, on, landed, &rows, &metrics, rules, &trainees, daily)
}

/// The agents trained on a day, once per shop in which they have a daily row, sorted by platform, shop and training.
fn trainees<'a>(on: Day, trainings: &'a BTreeSet<Training>, daily: &DailyReports) -> Vec<Trainee<'a>> {
    let mut trainees = Vec::new();
    for training in trainings.iter().filter(|training| training.on == on) {
        let mut by_shop: BTreeMap<String, Vec<(Day, usize)>> = BTreeMap::new();
        for (day, report) in daily.range(Training::window(on)) {
            for row in (0..report.rows()).filter(|row| report.text("agent_id", *row) == Some(&training.agent)) {
                by_shop.entry(report.text("shop_id", row).unwrap_or_default().to_owned()).or_default().push((*day, row));
            }
        }
        trainees.extend(by_shop.into_iter().map(|(shop, rows)| Trainee { training, shop, rows }));
    }
    trainees.sort_by(|a, b| {
        let key = |trainee: &Trainee| (trainee.text(daily, "platform").map(str::to_owned), trainee.shop.clone(), trainee.training.clone());
        key(a).cmp(&key(b))
    });
    trainees
}

/// The first columns, up to the topic. `rows`: by row of the table, the trainee and the metric.
fn leading_columns(on: Day, trainees: &[Trainee], daily: &DailyReports, rows: &[(usize, usize)]) -> JudgementLayout<'static> {
    let mut layout = JudgementLayout::plain();
    layout.dates("report_date", rows.iter().map(|_| on), "培训日 · Day of the training");
    layout.dates("period_end", rows.iter().map(|_| on.plus(TRAINING_WINDOW)), "训后第28天 · Last of the 28 days after");
    // These are copied from the agent's last daily row.
    let copied = [
        ("platform", "平台 · Platform"),
        ("shop_id", "店铺 · Shop"),
        ("shop_name", "店铺名 · Shop name"),
        ("team", "团队，按 staff · Team by `staff`"),
        ("agent_id", "客服账号 · Agent account"),
        ("agent_name", "客服名 · Agent name"),
    ];
    for (name, comment) in copied {
        layout.texts(name, rows.iter().map(|(trainee, _)| trainees[*trainee].text(daily, name)), comment);
    }
    layout.texts("topic", rows.iter().map(|(trainee, _)| trainees[*trainee].training.topic.as_deref()), "培训主题 · Topic");
    layout
}

/// Adds the last columns and builds the table.
#[expect(clippy::too_many_arguments, reason = "the last columns depend on everything the table is computed from")]
fn build_table(
    mut layout: JudgementLayout,
    on: Day,
    landed: Day,
    rows: &[(usize, usize)],
    metrics: &[&Metric],
    rules: &Rules,
    trainees: &[Trainee],
    daily: &DailyReports,
) -> Result<OutputTable> {
    let last = on.plus(TRAINING_WINDOW);
    layout.texts("rule_set", rows.iter().map(|(trainee, _)| trainees[*trainee].text(daily, "rule_set")), "规则集 · Rule set");
    let complete = rows.iter().map(|_| Some(landed >= last)).collect::<BooleanArray>();
    layout.add("complete", Arc::new(complete), "训后28天已到齐 · The 28 days after have landed");
    layout.dates("data_through", rows.iter().map(|_| landed.min(last)), "数据截至 · Last business day with data");
    let matures = |(_, metric): &(usize, usize)| last.plus(metrics::delay(metrics[*metric], Level::Agent, rules));
    layout.dates("matures_on", rows.iter().map(matures), "定型之日 · Day on which the value is final");
    let grain = "one row per shop_id, agent_id, topic, metric and day of a training".to_owned();
    layout.plain_table("reports/training_gain".into(), on, grain, vec!["platform", "shop_id"])
}
