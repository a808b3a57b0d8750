//! `scorecard_<period>` (考核表): bands turn values into scores, and the weighted scores add up to a total with a tier and a rank.

use super::case::JudgementCase;
use super::report::{JudgementLayout, ReportRow, sorted_rows};
use super::scores::{ScoredRow, Totals, group, scored_rows};
use crate::config::ScorecardItem;
use crate::error::Result;
use crate::model::Level;
use crate::model::OutputTable;
use std::collections::BTreeMap;

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
