//! The scores that a card gives the rows of a report, and their totals.

use super::report::{FinishedReport, MetricValues, ReportRow};
use crate::config::BilingualText;
use crate::config::Scorecard;
use crate::config::ScorecardItem;
use crate::config::is_within;
use crate::error::Result;
use crate::model::Level;
use std::collections::HashMap;

/// A row of a report, scored by a card.
pub(super) struct ScoredRow<'a> {
    pub(super) card: &'a Scorecard,
    pub(super) report_row: ReportRow,
    /// The value and score of each item.
    pub(super) items: Vec<(Option<f64>, Option<f64>)>,
    /// The dense rank of the total; null without a total.
    pub(super) rank: Option<i64>,
}

impl<'a> ScoredRow<'a> {
    /// Scores a row; `values` are those of the card's items. A value outside of all bands has no score.
    fn new(card: &'a Scorecard, report_row: ReportRow, values: &[MetricValues]) -> ScoredRow<'a> {
        let score = |(item, values): (&ScorecardItem, &MetricValues)| {
            let value = values.value(report_row.1);
            let band = value.and_then(|value| item.bands.iter().find(|band| is_within(band.from, band.to, value)));
            (value, band.map(|band| band.score))
        };
        ScoredRow { card, report_row, items: card.items.iter().zip(values).map(score).collect(), rank: None }
    }

    /// Σ weight × score / 100; null if an item has no score, because its weight is not given to the others.
    pub(super) fn total(&self) -> Option<f64> {
        let points = self.card.items.iter().zip(&self.items).map(|(item, (_, score))| Some(item.weight * (*score)?));
        Some(points.sum::<Option<f64>>()? / 100.0)
    }

    /// The tier of the total; null without a total or if no tier contains it.
    pub(super) fn tier(&self) -> Option<&'a BilingualText> {
        let total = self.total()?;
        self.card.tiers.iter().find(|tier| is_within(tier.from, tier.to, total)).map(|tier| &tier.name)
    }

    /// The metrics without a score, separated by commas; null if there are none.
    pub(super) fn missing(&self) -> Option<String> {
        let missing = self.card.items.iter().zip(&self.items).filter(|(_, (_, score))| score.is_none());
        let missing = missing.map(|(item, _)| item.metric.as_str()).collect::<Vec<_>>();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}

/// The distinct totals of a card in each group, the best first. Agents and teams are ranked within their shop, shops within their platform.
pub(super) struct Totals(HashMap<Option<String>, Vec<f64>>);

impl Totals {
    /// The totals of scored rows.
    pub(super) fn of(scored: &[ScoredRow], report: &FinishedReport) -> Totals {
        let mut totals: HashMap<Option<String>, Vec<f64>> = HashMap::new();
        for one in scored {
            totals.entry(group(report, one.report_row.1).map(str::to_owned)).or_default().extend(one.total());
        }
        for totals in totals.values_mut() {
            totals.sort_by(|a, b| b.total_cmp(a));
            totals.dedup();
        }
        Totals(totals)
    }

    /// The totals of all rows of a report, which needs the columns of the card's items and the one that names the groups.
    pub(super) fn of_report(card: &Scorecard, report: &FinishedReport) -> Result<Totals> {
        Ok(Totals::of(&scored_rows(card, 0, report)?, report))
    }

    /// The dense rank of a total that is among those of its group.
    pub(super) fn rank(&self, group: Option<&str>, total: f64) -> Option<i64> {
        let totals = self.0.get(&group.map(str::to_owned))?;
        Some(totals.partition_point(|other| *other > total) as i64 + 1)
    }
}

/// The name of the group in which a row is ranked.
pub(super) fn group(report: &FinishedReport, row: usize) -> Option<&str> {
    report.text(if report.level == Level::Shop { "platform" } else { "shop_id" }, row)
}

/// Scores all rows of a report. `index`: its place in the case.
pub(super) fn scored_rows<'a>(card: &'a Scorecard, index: usize, report: &FinishedReport) -> Result<Vec<ScoredRow<'a>>> {
    let values = card.items.iter().map(|item| report.values(&item.metric)).collect::<Result<Vec<_>>>()?;
    Ok((0..report.rows()).map(|row| ScoredRow::new(card, (index, row), &values)).collect())
}
