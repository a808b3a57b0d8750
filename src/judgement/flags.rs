//! `flags_<period>` (预警): rows of reports whose values break a threshold of the platform or of the shop.

use super::case::JudgementCase;
use super::report::{FinishedReport, JudgementLayout, MetricValues, ReportRow, sorted_rows};
use crate::config::BilingualText;
use crate::config::FlagCheck;
use crate::config::FlagRule;
use crate::config::SampleFloor;
use crate::error::Result;
use crate::model::OutputTable;
use arrow::array::Date32Array;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A check of a raised flag that holds for a row.
struct RaisedCheck<'a> {
    flag: &'a FlagRule,
    check: &'a FlagCheck,
    report_row: ReportRow,
    value: f64,
    /// How many of the flag's checks hold for the row.
    checks: usize,
}

/// One row per raised flag, row of the flag's level and check that holds. A check does not hold if its metric has no value or the sample is
/// too small.
pub(super) fn flags(case: &JudgementCase) -> Result<OutputTable> {
    let mut raised: BTreeMap<ReportRow, Vec<RaisedCheck>> = BTreeMap::new();
    for flag in case.settings.flags.iter().filter(|flag| flag.applies_to(case.span)) {
        let Some(index) = case.now.iter().position(|report| report.level == flag.level) else { continue };
        let report = &case.now[index];
        let mut values = BTreeMap::new();
        for id in flag.metrics() {
            values.insert(id.clone(), report.values(&id)?);
        }
        for row in (0..report.rows()).filter(|row| applies_to(flag, report, *row)) {
            let holding = flag.checks.iter().filter_map(|check| Some((check, breaking_value(check, &values, row)?))).collect::<Vec<_>>();
            if flag.is_raised(holding.len()) {
                let checks = holding.len();
                let rows = holding.into_iter().map(|(check, value)| RaisedCheck { flag, check, report_row: (index, row), value, checks });
                raised.entry((index, row)).or_default().extend(rows);
            }
        }
    }
    let raised = sorted_rows(&case.now).into_iter().filter_map(|report_row| raised.remove(&report_row)).flatten().collect::<Vec<_>>();
    build_table(case, &raised)
}

/// Whether a flag applies to a row: the shop's platform is one of the flag's presets, or its rule set is based on one of them.
fn applies_to(flag: &FlagRule, report: &FinishedReport, row: usize) -> bool {
    let is = |name: Option<&str>, preset: &str| name.is_some_and(|name| name.split(['+', '@', ' ']).next() == Some(preset));
    let named = |preset: &String| is(report.text("platform", row), preset) || is(report.text("rule_set", row), preset);
    flag.presets.is_empty() || flag.presets.iter().any(named)
}

/// The value of a check's metric if the check holds.
fn breaking_value(check: &FlagCheck, values: &BTreeMap<String, MetricValues>, row: usize) -> Option<f64> {
    let value_of = |id: &str| values.get(id).and_then(|values| values.value(row));
    let enough = |only_if: &SampleFloor| value_of(&only_if.metric).is_some_and(|sample| sample > only_if.above);
    let is_enough = check.only_if.as_ref().is_none_or(enough);
    value_of(&check.metric).filter(|value| is_enough && check.comparison.holds(*value, check.threshold))
}

fn build_table(case: &JudgementCase, raised: &[RaisedCheck]) -> Result<OutputTable> {
    let mut layout = JudgementLayout::new(&case.now, raised.iter().map(|check| check.report_row).collect())?;
    layout.texts("flag", raised.iter().map(|h| Some(h.flag.id.as_str())), "预警 · Flag");
    layout.texts("flag_zh", raised.iter().map(|h| Some(h.flag.name.zh.as_str())), "预警名 · Its Chinese name");
    layout.texts("flag_en", raised.iter().map(|h| Some(h.flag.name.en.as_str())), "英文名 · Its English name");
    layout.texts("metric", raised.iter().map(|h| Some(h.check.metric.as_str())), "指标 · Metric of the check that holds");
    layout.numbers("value", raised.iter().map(|h| Some(h.value)).collect(), "本期值 · Value of the period");
    layout.texts("comparison", raised.iter().map(|h| Some(h.check.comparison.sign())), "比较 · value comparison threshold holds");
    layout.numbers("threshold", raised.iter().map(|h| Some(h.check.threshold)).collect(), "界限 · What the value is compared with");
    layout.integers("checks", raised.iter().map(|h| Some(h.checks as i64)).collect(), "成立的项数 · How many of the flag's checks hold");
    let text = |of: fn(&BilingualText) -> &str| raised.iter().map(move |h| Some(of(h.flag.consequence(h.checks)))).collect::<Vec<_>>();
    layout.texts("consequence_zh", text(|t| &t.zh), "后果 · What follows, Chinese");
    layout.texts("consequence_en", text(|t| &t.en), "后果（英文） · What follows");
    let reminders = raised.iter().map(|h| h.flag.reminds_on(case.span).map(|day| day.0)).collect::<Date32Array>();
    layout.add("reminds_on", Arc::new(reminders), "平台提醒日 · Day on which the platform reminds; null: none");
    layout.texts("source", raised.iter().map(|h| Some(h.flag.source.as_str())), "出处 · Where the threshold is from");
    layout.table("flags", case.span, "one row per level, shop_id, team, agent_id, flag, metric")
}
