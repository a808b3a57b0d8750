//! `training_gain` (培训效果): an agent's metrics in the 28 days before and after a training.

use super::report::{Layout, Report};
use crate::calendar::Day;
use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest::{Records, Table as Input};
use crate::job::Level;
use crate::metrics::{self, Metric};
use crate::reports::Table;
use crate::rules::Rules;
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::Int32Type;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Business days looked at before a training, and after it.
pub const WINDOW: i32 = 28;

/// A row of `trainings`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Training {
    pub on: Day,
    pub agent: String,
    pub topic: Option<String>,
}

impl Training {
    /// The trainings read, each once.
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

    /// The days it looks at.
    pub fn window(on: Day) -> RangeInclusive<Day> {
        on.plus(-WINDOW)..=on.plus(WINDOW)
    }
}

/// `agent_day` by day, of the agents trained.
pub type Daily = BTreeMap<Day, Report>;

/// The mean of the values there are, and how many there are.
type Mean = (Option<f64>, i64);

/// Where an agent's rows stand, and what is last said of it.
struct Trainee<'a> {
    training: &'a Training,
    shop: String,
    rows: Vec<(Day, usize)>,
}

impl Trainee<'_> {
    fn text<'d>(&self, daily: &'d Daily, name: &str) -> Option<&'d str> {
        let (day, row) = self.rows.last()?;
        daily.get(day)?.text(name, *row)
    }

    /// The mean of the daily values that are not null, and how many there are.
    fn mean(&self, values: &BTreeMap<Day, Vec<Option<f64>>>, days: RangeInclusive<Day>) -> Mean {
        let of_days = self.rows.iter().filter(|(day, _)| days.contains(day)).filter_map(|(day, row)| values.get(day)?[*row]);
        let of_days = of_days.collect::<Vec<_>>();
        let count = of_days.len();
        ((count > 0).then(|| of_days.iter().sum::<f64>() / count as f64), count as i64)
    }
}

/// One row per agent trained on the day, in each shop that it works for, topic and metric. `before`: the mean of the daily values in
/// the 28 business days before the day, those without a value left out; `after`: in the 28 days after it, null until the last of them has
/// landed. The day itself is in neither. Partition: the day of the training.
pub fn training_gain(on: Day, trainings: &BTreeSet<Training>, daily: &Daily, landed: Day, rules: &Rules) -> Result<Table> {
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
            let (before, after) = (on.plus(-WINDOW)..=on.plus(-1), on.plus(1)..=on.plus(WINDOW));
            (trainee.mean(&values, before), trainee.mean(&values, after))
        };
        means.push(trainees.iter().map(mean).collect::<Vec<_>>());
    }
    let over = landed >= on.plus(WINDOW);
    let rows = (0..trainees.len()).flat_map(|trainee| (0..metrics.len()).map(move |metric| (trainee, metric))).collect::<Vec<_>>();
    let cells = rows.iter().map(|(trainee, metric)| means[*metric][*trainee]).collect::<Vec<_>>();
    let mut layout = leading(on, &trainees, daily, &rows);
    layout.texts("metric", rows.iter().map(|(_, metric)| Some(metrics[*metric].id.as_str())), "指标 · Metric, as in dims/metric");
    layout.integers("days_before", cells.iter().map(|cell| Some(cell.0.1)).collect(), "训前有值天数 · Days with a value in the 28 before");
    layout.numbers(
        "before",
        cells.iter().map(|cell| cell.0.0).collect(),
        "训前28天日均值 · Mean of the daily values in the 28 days before",
    );
    layout.integers("days_after", cells.iter().map(|cell| Some(cell.1.1)).collect(), "训后有值天数 · Days with a value in the 28 after");
    let after = |cell: &(Mean, Mean)| cell.1.0.filter(|_| over);
    layout.numbers("after", cells.iter().map(after).collect(), "训后28天日均值 · Mean in the 28 days after; null until they have landed");
    let difference = cells.iter().map(|cell| Some(after(cell)? - cell.0.0?)).collect();
    layout.numbers("difference", difference, "培训效果 · after − before");
    ending(layout, on, landed, &rows, &metrics, rules, &trainees, daily)
}

fn trainees<'a>(on: Day, trainings: &'a BTreeSet<Training>, daily: &Daily) -> Vec<Trainee<'a>> {
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

fn leading(on: Day, trainees: &[Trainee], daily: &Daily, rows: &[(usize, usize)]) -> Layout<'static> {
    let mut layout = Layout::plain();
    layout.dates("report_date", rows.iter().map(|_| on), "培训日 · Day of the training");
    layout.dates("period_end", rows.iter().map(|_| on.plus(WINDOW)), "训后第28天 · Last of the 28 days after");
    let last_said = [
        ("platform", "平台 · Platform"),
        ("shop_id", "店铺 · Shop"),
        ("shop_name", "店铺名 · Shop name"),
        ("team", "团队，按 staff · Team by `staff`"),
        ("agent_id", "客服账号 · Agent account"),
        ("agent_name", "客服名 · Agent name"),
    ];
    for (name, comment) in last_said {
        layout.texts(name, rows.iter().map(|(trainee, _)| trainees[*trainee].text(daily, name)), comment);
    }
    layout.texts("topic", rows.iter().map(|(trainee, _)| trainees[*trainee].training.topic.as_deref()), "培训主题 · Topic");
    layout
}

#[expect(clippy::too_many_arguments, reason = "a row's last columns are said of all of it")]
fn ending(
    mut layout: Layout,
    on: Day,
    landed: Day,
    rows: &[(usize, usize)],
    metrics: &[&Metric],
    rules: &Rules,
    trainees: &[Trainee],
    daily: &Daily,
) -> Result<Table> {
    let last = on.plus(WINDOW);
    layout.texts("rule_set", rows.iter().map(|(trainee, _)| trainees[*trainee].text(daily, "rule_set")), "规则集 · Rule set");
    let complete = rows.iter().map(|_| Some(landed >= last)).collect::<BooleanArray>();
    layout.add("complete", Arc::new(complete), "训后28天已到齐 · The 28 days after have landed");
    layout.dates("data_through", rows.iter().map(|_| landed.min(last)), "数据截至 · Last business day with data");
    let matures = |(_, metric): &(usize, usize)| last.plus(metrics::delay(metrics[*metric], Level::Agent, rules));
    layout.dates("matures_on", rows.iter().map(matures), "定型之日 · Day on which the value is final");
    let grain = "one row per shop_id, agent_id, topic, metric and day of a training".to_owned();
    layout.plain_table("reports/training_gain".into(), on, grain, vec!["platform", "shop_id"])
}
