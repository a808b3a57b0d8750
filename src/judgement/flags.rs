//! `flags_<period>` (预警): rows whose values a platform, or the shop, warns of.

use super::Case;
use super::report::{Layout, Place, Report, Values, places};
use super::settings::Text;
use crate::calendar::{Day, Period, Span};
use crate::error::Result;
use crate::job::Level;
use crate::reports::Table;
use arrow::array::Date32Array;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    pub id: String,
    pub name: Text,
    /// Shops of these platforms, or under these presets; none: all shops.
    #[serde(default)]
    pub presets: Vec<String>,
    pub level: Level,
    pub period: Period,
    #[serde(default, rename = "match")]
    pub matching: Matching,
    pub checks: Vec<Check>,
    /// First day it holds, and the first on which it no longer does.
    pub valid_from: Date,
    pub valid_to: Option<Date>,
    pub consequence: Text,
    /// By how many checks hold.
    #[serde(default)]
    pub consequences: BTreeMap<String, Text>,
    pub reminds_on: Option<Weekday>,
    #[serde(default)]
    pub source: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    #[default]
    All,
    Any,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub metric: String,
    pub comparison: Comparison,
    pub threshold: f64,
    pub only_if: Option<OnlyIf>,
}

/// Small samples are spared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyIf {
    pub metric: String,
    pub above: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Comparison {
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparison {
    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::Less => value < threshold,
            Comparison::AtMost => value <= threshold,
            Comparison::More => value > threshold,
            Comparison::AtLeast => value >= threshold,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::More => ">",
            Comparison::AtLeast => ">=",
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A date as TOML writes it: 2021-09-01.
#[derive(Clone, Copy, Debug)]
pub struct Date(i32);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Date, D::Error> {
        use serde::de::Error;
        let written = toml::value::Datetime::deserialize(deserializer)?;
        let date = written.date.ok_or_else(|| D::Error::custom("not a date: write 2021-09-01"))?;
        let date = jiff::civil::Date::new(date.year as i16, date.month as i8, date.day as i8).map_err(D::Error::custom)?;
        Ok(Date(Day::from(date).0))
    }
}

impl Flag {
    pub(super) fn metrics(&self) -> Vec<String> {
        let of_samples = self.checks.iter().filter_map(|check| check.only_if.as_ref().map(|only_if| only_if.metric.clone()));
        self.checks.iter().map(|check| check.metric.clone()).chain(of_samples).collect()
    }

    /// A period takes the flags that hold on its last day.
    fn is_of(&self, span: Span) -> bool {
        let day = span.last.0;
        self.period == span.period && self.valid_from.0 <= day && self.valid_to.is_none_or(|end| day < end.0)
    }

    /// Shops of the platforms it names, or whose rule set begins with one of them.
    fn concerns(&self, report: &Report, row: usize) -> bool {
        let is = |name: Option<&str>, preset: &str| name.is_some_and(|name| name.split(['+', '@', ' ']).next() == Some(preset));
        let named = |preset: &String| is(report.text("platform", row), preset) || is(report.text("rule_set", row), preset);
        self.presets.is_empty() || self.presets.iter().any(named)
    }

    fn is_raised(&self, held: usize) -> bool {
        match self.matching {
            Matching::All => held == self.checks.len() && held > 0,
            Matching::Any => held > 0,
        }
    }

    fn consequence(&self, held: usize) -> &Text {
        self.consequences.get(&held.to_string()).unwrap_or(&self.consequence)
    }

    /// The first such weekday after the period.
    fn reminds_on(&self, span: Span) -> Option<Day> {
        let wanted = self.reminds_on? as i8 + 1;
        span.last.plus(1).through(span.last.plus(7)).find(|day| day.date().weekday().to_monday_one_offset() == wanted)
    }
}

/// A check that holds of a row.
struct Held<'a> {
    flag: &'a Flag,
    check: &'a Check,
    place: Place,
    value: f64,
    /// Of the flag's checks, how many hold.
    checks: usize,
}

/// One row per flag raised, row of its level's report, and check that holds. A check without a value, or with too small a sample, does
/// not hold.
pub(super) fn flags(case: &Case) -> Result<Table> {
    let mut raised: BTreeMap<Place, Vec<Held>> = BTreeMap::new();
    for flag in case.settings.flags.iter().filter(|flag| flag.is_of(case.span)) {
        let Some(of) = case.now.iter().position(|report| report.level == flag.level) else { continue };
        let report = &case.now[of];
        let mut values = BTreeMap::new();
        for id in flag.metrics() {
            values.insert(id.clone(), report.values(&id)?);
        }
        for row in (0..report.rows()).filter(|row| flag.concerns(report, *row)) {
            let held = flag.checks.iter().filter_map(|check| Some((check, holds(check, &values, row)?))).collect::<Vec<_>>();
            if flag.is_raised(held.len()) {
                let checks = held.len();
                let rows = held.into_iter().map(|(check, value)| Held { flag, check, place: (of, row), value, checks });
                raised.entry((of, row)).or_default().extend(rows);
            }
        }
    }
    let raised = places(&case.now).into_iter().filter_map(|place| raised.remove(&place)).flatten().collect::<Vec<_>>();
    laid_out(case, &raised)
}

/// The value of which a check holds.
fn holds(check: &Check, values: &BTreeMap<String, Values>, row: usize) -> Option<f64> {
    let of = |id: &str| values.get(id).and_then(|values| values.value(row));
    let enough = |only_if: &OnlyIf| of(&only_if.metric).is_some_and(|sample| sample > only_if.above);
    let counts = check.only_if.as_ref().is_none_or(enough);
    of(&check.metric).filter(|value| counts && check.comparison.holds(*value, check.threshold))
}

fn laid_out(case: &Case, raised: &[Held]) -> Result<Table> {
    let mut layout = Layout::new(&case.now, raised.iter().map(|held| held.place).collect())?;
    layout.texts("flag", raised.iter().map(|h| Some(h.flag.id.as_str())), "预警 · Flag");
    layout.texts("flag_zh", raised.iter().map(|h| Some(h.flag.name.zh.as_str())), "预警名 · Its Chinese name");
    layout.texts("flag_en", raised.iter().map(|h| Some(h.flag.name.en.as_str())), "英文名 · Its English name");
    layout.texts("metric", raised.iter().map(|h| Some(h.check.metric.as_str())), "指标 · Metric of the check that holds");
    layout.numbers("value", raised.iter().map(|h| Some(h.value)).collect(), "本期值 · Value of the period");
    layout.texts("comparison", raised.iter().map(|h| Some(h.check.comparison.sign())), "比较 · value comparison threshold holds");
    layout.numbers("threshold", raised.iter().map(|h| Some(h.check.threshold)).collect(), "界限 · What the value is compared with");
    layout.integers("checks", raised.iter().map(|h| Some(h.checks as i64)).collect(), "成立的项数 · How many of the flag's checks hold");
    let text = |of: fn(&Text) -> &str| raised.iter().map(move |h| Some(of(h.flag.consequence(h.checks)))).collect::<Vec<_>>();
    layout.texts("consequence_zh", text(|t| &t.zh), "后果 · What follows, Chinese");
    layout.texts("consequence_en", text(|t| &t.en), "后果（英文） · What follows");
    let reminders = raised.iter().map(|h| h.flag.reminds_on(case.span).map(|day| day.0)).collect::<Date32Array>();
    layout.add("reminds_on", Arc::new(reminders), "平台提醒日 · Day on which the platform reminds; null: none");
    layout.texts("source", raised.iter().map(|h| Some(h.flag.source.as_str())), "出处 · Where the threshold is from");
    layout.table("flags", case.span, "one row per level, shop_id, team, agent_id, flag, metric")
}
