//! `diagnosis_<period>` (诊断): values that are worse than the standard of the shop's category, with a possible cause and a remedy.

use super::case::JudgementCase;
use super::report::{JudgementLayout, ReportRow, sorted_rows};
use super::standard::Standard;
use crate::config::{Direction, Remedy};
use crate::error::Result;
use crate::metrics;
use crate::model::OutputTable;
use std::collections::BTreeMap;

/// A value that is worse than its standard.
struct Finding<'a> {
    report_row: ReportRow,
    standard: &'a Standard,
    value: f64,
    remedy: Option<&'a Remedy>,
}

impl Finding<'_> {
    /// The gap relative to the standard; null for a standard of 0.
    fn gap(&self) -> Option<f64> {
        let standard = self.standard.standard;
        (standard != 0.0).then(|| (self.value - standard) / standard)
    }
}

/// One row per row of the reports and metric whose value is worse than the standard of the shop's category (`shops`). There is no row
/// without a category, a standard or a value. Cause and remedy are null if the diagnosis file has none for the metric.
pub(super) fn diagnosis(case: &JudgementCase) -> Result<OutputTable> {
    let mut by_category: BTreeMap<&str, Vec<&Standard>> = BTreeMap::new();
    for standard in case.standards {
        by_category.entry(&standard.category).or_default().push(standard);
    }
    let mut columns = Vec::new();
    for report in &case.now {
        let declared = case.standards.iter().filter(|standard| metrics::find(report.level, &standard.metric).is_some());
        let values = declared.map(|standard| Ok((standard.metric.as_str(), report.values(&standard.metric)?)));
        columns.push(values.collect::<Result<BTreeMap<_, _>>>()?);
    }
    let category = |(report, row): ReportRow| case.reference.shops.get(case.now[report].text("shop_id", row)?)?.category.as_deref();
    let mut findings = Vec::new();
    for report_row in sorted_rows(&case.now) {
        for standard in category(report_row).and_then(|category| by_category.get(category)).into_iter().flatten() {
            let value = columns[report_row.0].get(standard.metric.as_str()).and_then(|values| values.value(report_row.1));
            let worse = |value: &f64| match standard.better {
                Direction::High => *value < standard.standard,
                Direction::Low => *value > standard.standard,
            };
            let remedy = case.settings.diagnosis.iter().find(|remedy| remedy.metrics.contains(&standard.metric));
            findings.extend(value.filter(worse).map(|value| Finding { report_row, standard, value, remedy }));
        }
    }
    build_table(case, &findings)
}

fn build_table(case: &JudgementCase, findings: &[Finding]) -> Result<OutputTable> {
    let mut layout = JudgementLayout::new(&case.now, findings.iter().map(|finding| finding.report_row).collect())?;
    let metric = |finding: &Finding| metrics::find(case.now[finding.report_row.0].level, &finding.standard.metric);
    layout.texts("category", findings.iter().map(|f| Some(f.standard.category.as_str())), "店铺品类 · Category of the shop");
    layout.texts("metric", findings.iter().map(|f| Some(f.standard.metric.as_str())), "指标 · Metric, as in dims/metric");
    layout.texts("name_zh", findings.iter().map(|f| metric(f).map(|m| m.name.zh)), "指标名 · Its Chinese name");
    layout.texts("name_en", findings.iter().map(|f| metric(f).map(|m| m.name.en)), "英文名 · Its English name");
    let better = |f: &Finding| if f.standard.better == Direction::High { "high" } else { "low" };
    layout.texts("better", findings.iter().map(|f| Some(better(f))), "high 越高越好 / low 越低越好 · Which way is better");
    layout.numbers("value", findings.iter().map(|f| Some(f.value)).collect(), "本期值 · Value of the period");
    layout.numbers("standard", findings.iter().map(|f| Some(f.standard.standard)).collect(), "品类标准值 · Standard of the category");
    let gap = "差距 · (value − standard) / standard; null for a standard of 0";
    layout.numbers("gap", findings.iter().map(Finding::gap).collect(), gap);
    let text = |of: fn(&Remedy) -> &str| findings.iter().map(move |f| f.remedy.map(of)).collect::<Vec<_>>();
    layout.texts("cause_zh", text(|r| &r.cause.zh), "影响因素 · What may lie behind it, Chinese");
    layout.texts("cause_en", text(|r| &r.cause.en), "影响因素（英文） · What may lie behind it");
    layout.texts("remedy_zh", text(|r| &r.remedy.zh), "解决方法 · What to do, Chinese");
    layout.texts("remedy_en", text(|r| &r.remedy.en), "解决方法（英文） · What to do");
    layout.table("diagnosis", case.span, "one row per level, shop_id, team, agent_id, metric")
}
