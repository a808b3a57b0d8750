//! `comparison_<period>` (环比、同比): every metric of every row beside the period before and the same period a year before.

use super::report::{Layout, Place, Report, Values, pieces, places};
use super::{Case, Pieces};
use crate::error::Result;
use crate::metrics::{self, Metric};
use crate::reports::Table;

/// The metrics of a report and what each is compared with.
struct Compared {
    metrics: Vec<&'static Metric>,
    now: Vec<Values>,
    before: Earlier,
    year_before: Earlier,
}

/// An earlier report and where the rows of this one stand in it.
struct Earlier {
    places: Vec<Option<usize>>,
    values: Vec<Values>,
}

/// Value, difference and ratio − 1 against an earlier value.
type Against = [Option<f64>; 3];

impl Earlier {
    fn of(now: &Report, earlier: Option<&Report>, metrics: &[&Metric]) -> Result<Earlier> {
        let values = metrics.iter().filter_map(|metric| earlier.map(|earlier| earlier.values(&metric.id)));
        Ok(Earlier { places: now.places_in(earlier), values: values.collect::<Result<_>>()? })
    }

    /// Null where the row or its value is absent; the ratio too where the earlier value is 0.
    fn against(&self, metric: usize, row: usize, now: &Values) -> Against {
        let Some(place) = self.places[row] else { return [None; 3] };
        let values = &self.values[metric];
        let Some(before) = values.cells[place] else { return [None; 3] };
        let value = Some(before / values.per_unit);
        let Some(now) = now.cells[row] else { return [value, None, None] };
        [value, Some((now - before) / values.per_unit), (before != 0.0).then(|| now / before - 1.0)]
    }
}

/// One row per row of the reports and metric of its level (no components, and none that nobody has a value of in any of the three
/// periods), in the order of the catalogue. Numbers in the metric's published unit. Null: the value, or the row, is absent then.
pub(super) fn comparison<'c>(case: &'c Case) -> Result<Pieces<'c>> {
    let mut compared = Vec::new();
    for report in &case.now {
        let earlier = [&case.before, &case.year_before].into_iter().filter_map(|reports| Case::of(reports, report.level));
        let reports = earlier.chain([report]).collect::<Vec<_>>();
        let known = |metric: &&Metric| reports.iter().any(|report| report.has(&metric.id));
        let metrics = metrics::of_level(report.level).filter(|metric| !metric.component).filter(known).collect::<Vec<_>>();
        let now = metrics.iter().map(|metric| report.values(&metric.id)).collect::<Result<_>>()?;
        let before = Earlier::of(report, Case::of(&case.before, report.level), &metrics)?;
        let year_before = Earlier::of(report, Case::of(&case.year_before, report.level), &metrics)?;
        compared.push(Compared { metrics, now, before, year_before });
    }
    Ok(pieces(places(&case.now), move |places| laid_out(case, &compared, places)))
}

fn laid_out(case: &Case, compared: &[Compared], places: &[Place]) -> Result<Table> {
    let mut rows = Vec::new();
    let mut ids = Vec::new();
    let mut values: [Vec<Option<f64>>; 7] = Default::default();
    for place in places {
        let (of, row) = (&compared[place.0], place.1);
        for (at, metric) in of.metrics.iter().enumerate() {
            rows.push(*place);
            ids.push(Some(metric.id.as_str()));
            let now = &of.now[at];
            let ([previous, difference, ratio], [year, year_difference, year_ratio]) =
                (of.before.against(at, row, now), of.year_before.against(at, row, now));
            let cells = [now.value(row), previous, difference, ratio, year, year_difference, year_ratio];
            values.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        }
    }
    let mut layout = Layout::new(&case.now, rows)?;
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
