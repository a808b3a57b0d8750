//! `comparison_<period>` (环比、同比): compares every metric with the period before and with the same period a year before.

use super::case::JudgementCase;
use super::report::TablePieces;
use super::report::{FinishedReport, JudgementLayout, MetricValues, ReportRow, in_pieces, sorted_rows};
use crate::error::Result;
use crate::metrics;
use crate::metrics::declaration::Metric;
use crate::model::OutputTable;

/// The values of a report's metrics, and the reports they are compared with.
struct ComparedReport {
    metrics: Vec<&'static Metric>,
    now: Vec<MetricValues>,
    before: EarlierReport,
    year_before: EarlierReport,
}

/// An earlier report, matched to the rows of the current one.
struct EarlierReport {
    /// By row of the current report: the row of the same shop, team or agent.
    rows: Vec<Option<usize>>,
    /// By metric.
    values: Vec<MetricValues>,
}

/// The earlier value, the difference to it, and the ratio to it − 1.
type Change = [Option<f64>; 3];

impl EarlierReport {
    /// Matches an earlier report to the current one; without an earlier report every row is unmatched.
    fn of(now: &FinishedReport, earlier: Option<&FinishedReport>, metrics: &[&Metric]) -> Result<EarlierReport> {
        let values = metrics.iter().filter_map(|metric| earlier.map(|earlier| earlier.values(&metric.id)));
        Ok(EarlierReport { rows: now.matching_rows(earlier), values: values.collect::<Result<_>>()? })
    }

    /// The change of a metric in a row of the current report. All are null if the earlier row or value does not exist; difference and ratio
    /// are null without a current value, and the ratio also if the earlier value is 0.
    fn change(&self, metric: usize, row: usize, now: &MetricValues) -> Change {
        let Some(earlier_row) = self.rows[row] else { return [None; 3] };
        let values = &self.values[metric];
        let Some(before) = values.cells[earlier_row] else { return [None; 3] };
        let value = Some(before / values.per_unit);
        let Some(now) = now.cells[row] else { return [value, None, None] };
        [value, Some((now - before) / values.per_unit), (before != 0.0).then(|| now / before - 1.0)]
    }
}

/// One row per row of the reports and metric of its level, metrics in the order of the catalogue. Components are left out, and so are
/// metrics without any value in the three periods. Numbers are in the metric's published unit. `value` is null if the metric is; the
/// other columns follow `EarlierReport::change`.
pub(super) fn comparison<'c>(case: &'c JudgementCase) -> Result<TablePieces<'c>> {
    let mut compared = Vec::new();
    for report in &case.now {
        let earlier = [&case.before, &case.year_before].into_iter().filter_map(|reports| JudgementCase::report_of(reports, report.level));
        let reports = earlier.chain([report]).collect::<Vec<_>>();
        let known = |metric: &&Metric| reports.iter().any(|report| report.has(&metric.id));
        let metrics = metrics::of_level(report.level).filter(|metric| !metric.component).filter(known).collect::<Vec<_>>();
        let now = metrics.iter().map(|metric| report.values(&metric.id)).collect::<Result<_>>()?;
        let before = EarlierReport::of(report, JudgementCase::report_of(&case.before, report.level), &metrics)?;
        let year_before = EarlierReport::of(report, JudgementCase::report_of(&case.year_before, report.level), &metrics)?;
        compared.push(ComparedReport { metrics, now, before, year_before });
    }
    Ok(in_pieces(sorted_rows(&case.now), move |rows| build_table(case, &compared, rows)))
}

fn build_table(case: &JudgementCase, compared: &[ComparedReport], report_rows: &[ReportRow]) -> Result<OutputTable> {
    let mut rows = Vec::new();
    let mut ids = Vec::new();
    let mut values: [Vec<Option<f64>>; 7] = Default::default();
    for report_row in report_rows {
        let (report, row) = (&compared[report_row.0], report_row.1);
        for (index, metric) in report.metrics.iter().enumerate() {
            rows.push(*report_row);
            ids.push(Some(metric.id.as_str()));
            let now = &report.now[index];
            let ([previous, difference, ratio], [year, year_difference, year_ratio]) =
                (report.before.change(index, row, now), report.year_before.change(index, row, now));
            let cells = [now.value(row), previous, difference, ratio, year, year_difference, year_ratio];
            values.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        }
    }
    let mut layout = JudgementLayout::new(&case.now, rows)?;
    layout.texts("metric", ids, "指标 · Metric, as in dims/metric");
    let comments = [
        ("value", "本期值 · Value of the period"),
        ("previous", "上期值(环比) · Value of the period before"),
        ("difference", "与上期之差 · value − previous"),
        ("ratio", "环比增幅 · value / previous − 1; null where previous is 0"),
        ("year_before", "去年同期值(同比) · Value of the same period a year before"),
        ("year_difference", "与去年同期之差 · value − year_before"),
        ("year_ratio", "同比增幅 · value / year_before − 1; null where year_before is 0"),
    ];
    for ((name, comment), column) in comments.into_iter().zip(values) {
        layout.numbers(name, column, comment);
    }
    layout.table("comparison", case.span, "one row per level, shop_id, team, agent_id, metric")
}
