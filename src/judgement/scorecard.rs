//! `scorecard_<period>` (考核表): bands turn values into scores, and the weighted scores add up to a total with a tier and a rank.

use super::case::JudgementCase;
use super::report::{FinishedReport, JudgementLayout, MetricValues, ReportRow, sorted_rows};
use crate::config::BilingualText;
use crate::config::Scorecard;
use crate::config::ScorecardItem;
use crate::config::is_within;
use crate::error::Result;
use crate::model::Level;
use crate::model::OutputTable;
use std::collections::{BTreeMap, HashMap};

/// A row of a report, scored by a card.
struct ScoredRow<'a> {
    card: &'a Scorecard,
    report_row: ReportRow,
    /// The value and score of each item.
    items: Vec<(Option<f64>, Option<f64>)>,
    /// The dense rank of the total; null without a total.
    rank: Option<i64>,
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
    fn total(&self) -> Option<f64> {
        let points = self.card.items.iter().zip(&self.items).map(|(item, (_, score))| Some(item.weight * (*score)?));
        Some(points.sum::<Option<f64>>()? / 100.0)
    }

    /// The tier of the total; null without a total or if no tier contains it.
    fn tier(&self) -> Option<&'a BilingualText> {
        let total = self.total()?;
        self.card.tiers.iter().find(|tier| is_within(tier.from, tier.to, total)).map(|tier| &tier.name)
    }

    /// The metrics without a score, separated by commas; null if there are none.
    fn missing(&self) -> Option<String> {
        let missing = self.card.items.iter().zip(&self.items).filter(|(_, (_, score))| score.is_none());
        let missing = missing.map(|(item, _)| item.metric.as_str()).collect::<Vec<_>>();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}

/// The distinct totals of a card in each group, the best first. Agents and teams are ranked within their shop, shops within their platform.
#[derive(Default)]
pub(super) struct Totals(HashMap<Option<String>, Vec<f64>>);

impl Totals {
    /// The totals of scored rows.
    fn of(scored: &[ScoredRow], report: &FinishedReport) -> Totals {
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
    fn rank(&self, group: Option<&str>, total: f64) -> Option<i64> {
        let totals = self.0.get(&group.map(str::to_owned))?;
        Some(totals.partition_point(|other| *other > total) as i64 + 1)
    }
}

/// The name of the group in which a row is ranked.
fn group(report: &FinishedReport, row: usize) -> Option<&str> {
    report.text(if report.level == Level::Shop { "platform" } else { "shop_id" }, row)
}

/// Scores all rows of a report. `index`: its place in the case.
fn scored_rows<'a>(card: &'a Scorecard, index: usize, report: &FinishedReport) -> Result<Vec<ScoredRow<'a>>> {
    let values = card.items.iter().map(|item| report.values(&item.metric)).collect::<Result<Vec<_>>>()?;
    Ok((0..report.rows()).map(|row| ScoredRow::new(card, (index, row), &values)).collect())
}

/// One row per card of the period, row of the card's level and item, followed by a row with `item = "total"`, whose `score` is the total.
/// `tier_zh`, `tier_en`, `rank` and `missing` are null in every other row.
pub(super) fn scorecard(case: &JudgementCase) -> Result<OutputTable> {
    let mut scored: BTreeMap<ReportRow, Vec<ScoredRow>> = BTreeMap::new();
    for card in case.settings.scorecards.iter().filter(|card| card.period == case.span.period) {
        let Some(index) = case.now.iter().position(|report| report.level == card.level) else { continue };
        let report = &case.now[index];
        let mut of_card = scored_rows(card, index, report)?;
        // The shops of a platform may be in other parts of the period.
        let of_part = (report.level != Level::Shop).then(|| Totals::of(&of_card, report));
        if let Some(totals) = of_part.as_ref().or_else(|| case.standings.totals.get(&card.id)) {
            let rank = |one: &ScoredRow| one.total().and_then(|total| totals.rank(group(report, one.report_row.1), total));
            of_card.iter_mut().for_each(|one| one.rank = rank(one));
        }
        of_card.into_iter().for_each(|one| scored.entry(one.report_row).or_default().push(one));
    }
    let scored = sorted_rows(&case.now).into_iter().filter_map(|report_row| scored.remove(&report_row)).flatten().collect::<Vec<_>>();
    build_table(case, &scored)
}

fn build_table(case: &JudgementCase, scored: &[ScoredRow]) -> Result<OutputTable> {
    // The item `None` is the row of the total.
    let rows = scored.iter().flat_map(|one| (0..one.items.len()).map(Some).chain([None]).map(move |item| (one, item))).collect::<Vec<_>>();
    let mut layout = JudgementLayout::new(&case.now, rows.iter().map(|(one, _)| one.report_row).collect())?;
    let item = |(one, item): &(&ScoredRow, Option<usize>)| item.map(|item| one.card.items[item].clone());
    let items = rows.iter().map(item).collect::<Vec<_>>();
    let of_item = |of: fn(&ScorecardItem) -> &str, total: &'static str| {
        items.iter().map(move |i| Some(i.as_ref().map_or(total, of))).collect::<Vec<_>>()
    };
    layout.texts("card", rows.iter().map(|(one, _)| Some(one.card.id.as_str())), "考核表 · Card");
    layout.texts("card_zh", rows.iter().map(|(one, _)| Some(one.card.name.zh.as_str())), "考核表名 · Its Chinese name");
    layout.texts("card_en", rows.iter().map(|(one, _)| Some(one.card.name.en.as_str())), "英文名 · Its English name");
    layout.texts("item_group", items.iter().map(|i| i.as_ref().and_then(|i| i.group.as_deref())), "分组 · Heading of the item");
    layout.texts("item", of_item(|i| &i.metric, "total"), "考核项的指标；total 为合计 · Metric of the item; total: the whole card");
    layout.texts("item_zh", of_item(|i| &i.name.zh, "合计"), "考核项 · Chinese name of the item");
    layout.texts("item_en", of_item(|i| &i.name.en, "Total"), "英文名 · English name of the item");
    let weight = |(one, item): &(&ScoredRow, Option<usize>)| match item {
        Some(item) => one.card.items[*item].weight,
        None => one.card.items.iter().map(|item| item.weight).sum(),
    };
    layout.numbers("weight", rows.iter().map(|row| Some(weight(row))).collect(), "权重 · Weight; of the total: all weights");
    layout.numbers(
        "value",
        rows.iter().map(|(one, item)| item.and_then(|item| one.items[item].0)).collect(),
        "本期值 · Value of the period",
    );
    let score = |(one, item): &(&ScoredRow, Option<usize>)| item.map_or_else(|| one.total(), |item| one.items[item].1);
    let comment = "得分 · Score of the band the value falls in; of the total: Σ weight × score / 100, null when a score is";
    layout.numbers("score", rows.iter().map(score).collect(), comment);
    let tier = |(one, item): &(&'_ ScoredRow, Option<usize>)| if item.is_none() { one.tier().cloned() } else { None };
    let tiers = rows.iter().map(tier).collect::<Vec<_>>();
    layout.texts("tier_zh", tiers.iter().map(|t| t.as_ref().map(|t| t.zh.as_str())), "等级 · Tier of the total, Chinese");
    layout.texts("tier_en", tiers.iter().map(|t| t.as_ref().map(|t| t.en.as_str())), "等级（英文） · Tier of the total");
    let rank = |(one, item): &(&ScoredRow, Option<usize>)| if item.is_none() { one.rank } else { None };
    let comment = "名次：客服在本店、店铺在本平台 · Dense rank of the total: an agent's in the shop, a shop's on its platform";
    layout.integers("rank", rows.iter().map(rank).collect(), comment);
    let missing = rows.iter().map(|(one, item)| if item.is_none() { one.missing() } else { None }).collect::<Vec<_>>();
    layout.texts("missing", missing.iter().map(|m| m.as_deref()), "没有得分的指标 · Metrics without a score");
    layout.table("scorecard", case.span, "one row per level, shop_id, team, agent_id, card, item")
}
