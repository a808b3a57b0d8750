//! `diagnosis_<period>` (诊断): values worse than the standard of the shop's category, with what may lie behind it and what to do.

use super::Case;
use super::report::{Layout, Place, places};
use super::settings::{Better, Remedy};
use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest::{Records, Table as Input};
use crate::metrics;
use crate::reports::Table;
use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use std::collections::BTreeMap;

/// A row of `standards` (标准值), in the metric's published unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    pub category: String,
    pub metric: String,
    pub standard: f64,
    pub better: Better,
}

impl Standard {
    /// The standards read; of two of one category and metric the later one. None: not configured.
    pub fn read(records: &Records) -> Result<Vec<Standard>> {
        let rows = records.of(Input::Standards);
        let Some(rows) = rows else { return Ok(Vec::new()) };
        let rows = to_arrow(&collect(rows)?)?;
        let text = |name: &str, row: usize| Some(rows.column_by_name(name)?.as_string::<i32>().value(row).to_owned());
        let standard = |row: usize| {
            Some(Standard {
                category: text("category", row)?,
                metric: text("metric", row)?,
                standard: rows.column_by_name("standard")?.as_primitive::<Float64Type>().value(row),
                better: if text("better", row)? == "low" { Better::Low } else { Better::High },
            })
        };
        let standards = (0..rows.num_rows()).filter_map(standard);
        let newest = standards.map(|one| ((one.category.clone(), one.metric.clone()), one)).collect::<BTreeMap<_, _>>();
        Ok(newest.into_values().collect())
    }
}

struct Finding<'a> {
    place: Place,
    standard: &'a Standard,
    value: f64,
    remedy: Option<&'a Remedy>,
}

impl Finding<'_> {
    /// Null for a standard of 0.
    fn gap(&self) -> Option<f64> {
        let standard = self.standard.standard;
        (standard != 0.0).then(|| (self.value - standard) / standard)
    }
}

/// One row per row of the reports and metric whose value is worse than the standard of the shop's category (`shops`). No category, no
/// standard or no value: no row. Texts are null where the diagnosis file has none for the metric.
pub(super) fn diagnosis(case: &Case) -> Result<Table> {
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
    let category = |(of, row): Place| case.reference.shops.get(case.now[of].text("shop_id", row)?)?.category.as_deref();
    let mut findings = Vec::new();
    for place in places(&case.now) {
        for standard in category(place).and_then(|category| by_category.get(category)).into_iter().flatten() {
            let value = columns[place.0].get(standard.metric.as_str()).and_then(|values| values.value(place.1));
            let worse = |value: &f64| match standard.better {
                Better::High => *value < standard.standard,
                Better::Low => *value > standard.standard,
            };
            let remedy = case.settings.diagnosis.iter().find(|remedy| remedy.metrics.contains(&standard.metric));
            findings.extend(value.filter(worse).map(|value| Finding { place, standard, value, remedy }));
        }
    }
    laid_out(case, &findings)
}

fn laid_out(case: &Case, findings: &[Finding]) -> Result<Table> {
    let mut layout = Layout::new(&case.now, findings.iter().map(|finding| finding.place).collect())?;
    let metric = |finding: &Finding| metrics::find(case.now[finding.place.0].level, &finding.standard.metric);
    layout.texts("category", findings.iter().map(|f| Some(f.standard.category.as_str())), "店铺品类 · Category of the shop");
    layout.texts("metric", findings.iter().map(|f| Some(f.standard.metric.as_str())), "指标 · Metric, as in dims/metric");
    layout.texts("name_zh", findings.iter().map(|f| metric(f).map(|m| m.name.zh)), "指标名 · Its Chinese name");
    layout.texts("name_en", findings.iter().map(|f| metric(f).map(|m| m.name.en)), "英文名 · Its English name");
    let better = |f: &Finding| if f.standard.better == Better::High { "high" } else { "low" };
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
