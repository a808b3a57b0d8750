//! `scorecard_<period>` (考核表): values turned into points by bands, points into a total, a tier and a rank.

use super::Case;
use super::report::{Layout, Place, Report, Values, places};
use super::settings::Text;
use crate::calendar::Period;
use crate::error::{Error, Kind, Result};
use crate::job::Level;
use crate::reports::Table;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    pub id: String,
    pub name: Text,
    pub level: Level,
    pub period: Period,
    /// Where its weights and bands are from.
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub tiers: Vec<Tier>,
    #[serde(rename = "item")]
    pub items: Vec<Item>,
}

/// 金 / 银 / 铜牌: totals `[from, to)`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    pub name: Text,
    pub from: Option<f64>,
    pub to: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub metric: String,
    pub name: Text,
    /// A heading, no more.
    pub group: Option<String>,
    pub weight: f64,
    pub bands: Vec<Band>,
}

/// Values `[from, to)` in the metric's published unit; an end that is left out has no bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub score: f64,
}

fn holds(from: Option<f64>, to: Option<f64>, value: f64) -> bool {
    from.is_none_or(|from| from <= value) && to.is_none_or(|to| value < to)
}

impl Scorecard {
    pub(super) fn metrics(&self) -> Vec<String> {
        self.items.iter().map(|item| item.metric.clone()).collect()
    }

    /// Errors: a card without items, a band or tier that holds nothing, two that hold the same.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what: String| {
            Err(Error::new(Kind::Config, what)
                .with("scorecard", &self.id)
                .hint("a band holds from <= value < to; bands touch and do not overlap"))
        };
        if self.items.is_empty() {
            return wrong("a card without items".into());
        }
        let spans = |bounds: Vec<(Option<f64>, Option<f64>)>| {
            let mut bounds =
                bounds.into_iter().map(|(from, to)| (from.unwrap_or(f64::NEG_INFINITY), to.unwrap_or(f64::INFINITY))).collect::<Vec<_>>();
            bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
            bounds.iter().all(|(from, to)| from < to) && bounds.windows(2).all(|pair| pair[0].1 <= pair[1].0)
        };
        if !spans(self.tiers.iter().map(|tier| (tier.from, tier.to)).collect()) {
            return wrong("tiers that hold nothing, or overlap".into());
        }
        match self.items.iter().find(|item| !spans(item.bands.iter().map(|band| (band.from, band.to)).collect())) {
            Some(item) => wrong(format!("bands of `{}` that hold nothing, or overlap", item.metric)),
            None => Ok(()),
        }
    }
}

/// What a card says of one row.
struct Marked<'a> {
    card: &'a Scorecard,
    place: Place,
    /// Value and score of each item.
    items: Vec<(Option<f64>, Option<f64>)>,
    rank: Option<i64>,
}

impl<'a> Marked<'a> {
    fn new(card: &'a Scorecard, place: Place, values: &[Values]) -> Marked<'a> {
        let mark = |(item, values): (&Item, &Values)| {
            let value = values.value(place.1);
            let band = value.and_then(|value| item.bands.iter().find(|band| holds(band.from, band.to, value)));
            (value, band.map(|band| band.score))
        };
        Marked { card, place, items: card.items.iter().zip(values).map(mark).collect(), rank: None }
    }

    /// Σ weight × score / 100; null when an item has no score: its weight goes to nobody else.
    fn total(&self) -> Option<f64> {
        let points = self.card.items.iter().zip(&self.items).map(|(item, (_, score))| Some(item.weight * (*score)?));
        Some(points.sum::<Option<f64>>()? / 100.0)
    }

    fn tier(&self) -> Option<&'a Text> {
        let total = self.total()?;
        self.card.tiers.iter().find(|tier| holds(tier.from, tier.to, total)).map(|tier| &tier.name)
    }

    /// The metrics without a score.
    fn missing(&self) -> Option<String> {
        let missing = self.card.items.iter().zip(&self.items).filter(|(_, (_, score))| score.is_none());
        let missing = missing.map(|(item, _)| item.metric.as_str()).collect::<Vec<_>>();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}

/// Dense ranks by total: agents and teams within their shop, shops within their platform.
fn rank(marked: &mut [Marked], report: &Report) {
    let mut totals: HashMap<Option<&str>, Vec<f64>> = HashMap::new();
    let group = |place: Place| report.text(if report.level == Level::Shop { "platform" } else { "shop_id" }, place.1);
    for one in marked.iter() {
        totals.entry(group(one.place)).or_default().extend(one.total());
    }
    for totals in totals.values_mut() {
        totals.sort_by(|a, b| b.total_cmp(a));
        totals.dedup();
    }
    for one in marked.iter_mut() {
        let place = one.total().and_then(|total| totals[&group(one.place)].iter().position(|other| *other == total));
        one.rank = place.map(|place| place as i64 + 1);
    }
}

/// One row per card of the period, row of its level's report and item, and after them a row with `item = "total"`: `score` is the total
/// there, and `tier`, `rank` and `missing` are said there alone.
pub(super) fn scorecard(case: &Case) -> Result<Table> {
    let mut marked: BTreeMap<Place, Vec<Marked>> = BTreeMap::new();
    for card in case.settings.scorecards.iter().filter(|card| card.period == case.span.period) {
        let Some(of) = case.now.iter().position(|report| report.level == card.level) else { continue };
        let report = &case.now[of];
        let values = card.items.iter().map(|item| report.values(&item.metric)).collect::<Result<Vec<_>>>()?;
        let mut of_card = (0..report.rows()).map(|row| Marked::new(card, (of, row), &values)).collect::<Vec<_>>();
        rank(&mut of_card, report);
        of_card.into_iter().for_each(|one| marked.entry(one.place).or_default().push(one));
    }
    let marked = places(&case.now).into_iter().filter_map(|place| marked.remove(&place)).flatten().collect::<Vec<_>>();
    laid_out(case, &marked)
}

fn laid_out(case: &Case, marked: &[Marked]) -> Result<Table> {
    // None: the total.
    let rows = marked.iter().flat_map(|one| (0..one.items.len()).map(Some).chain([None]).map(move |item| (one, item))).collect::<Vec<_>>();
    let mut layout = Layout::new(&case.now, rows.iter().map(|(one, _)| one.place).collect())?;
    let item = |(one, item): &(&Marked, Option<usize>)| item.map(|item| one.card.items[item].clone());
    let items = rows.iter().map(item).collect::<Vec<_>>();
    let of_item =
        |of: fn(&Item) -> &str, total: &'static str| items.iter().map(move |i| Some(i.as_ref().map_or(total, of))).collect::<Vec<_>>();
    layout.texts("card", rows.iter().map(|(one, _)| Some(one.card.id.as_str())), "考核表 · Card");
    layout.texts("card_zh", rows.iter().map(|(one, _)| Some(one.card.name.zh.as_str())), "考核表名 · Its Chinese name");
    layout.texts("card_en", rows.iter().map(|(one, _)| Some(one.card.name.en.as_str())), "英文名 · Its English name");
    layout.texts("item_group", items.iter().map(|i| i.as_ref().and_then(|i| i.group.as_deref())), "分组 · Heading of the item");
    layout.texts("item", of_item(|i| &i.metric, "total"), "考核项的指标；total 为合计 · Metric of the item; total: the whole card");
    layout.texts("item_zh", of_item(|i| &i.name.zh, "合计"), "考核项 · Chinese name of the item");
    layout.texts("item_en", of_item(|i| &i.name.en, "Total"), "英文名 · English name of the item");
    let weight = |(one, item): &(&Marked, Option<usize>)| match item {
        Some(item) => one.card.items[*item].weight,
        None => one.card.items.iter().map(|item| item.weight).sum(),
    };
    layout.numbers("weight", rows.iter().map(|row| Some(weight(row))).collect(), "权重 · Weight; of the total: all weights");
    layout.numbers(
        "value",
        rows.iter().map(|(one, item)| item.and_then(|item| one.items[item].0)).collect(),
        "本期值 · Value of the period",
    );
    let score = |(one, item): &(&Marked, Option<usize>)| item.map_or_else(|| one.total(), |item| one.items[item].1);
    let comment = "得分 · Score of the band the value falls in; of the total: Σ weight × score / 100, null when a score is";
    layout.numbers("score", rows.iter().map(score).collect(), comment);
    let tier = |(one, item): &(&'_ Marked, Option<usize>)| if item.is_none() { one.tier().cloned() } else { None };
    let tiers = rows.iter().map(tier).collect::<Vec<_>>();
    layout.texts("tier_zh", tiers.iter().map(|t| t.as_ref().map(|t| t.zh.as_str())), "等级 · Tier of the total, Chinese");
    layout.texts("tier_en", tiers.iter().map(|t| t.as_ref().map(|t| t.en.as_str())), "等级（英文） · Tier of the total");
    let rank = |(one, item): &(&Marked, Option<usize>)| if item.is_none() { one.rank } else { None };
    let comment = "名次：客服在本店、店铺在本平台 · Dense rank of the total: an agent's in the shop, a shop's on its platform";
    layout.integers("rank", rows.iter().map(rank).collect(), comment);
    let missing = rows.iter().map(|(one, item)| if item.is_none() { one.missing() } else { None }).collect::<Vec<_>>();
    layout.texts("missing", missing.iter().map(|m| m.as_deref()), "没有得分的指标 · Metrics without a score");
    layout.table("scorecard", case.span, "one row per level, shop_id, team, agent_id, card, item")
}
