//! A scorecard (考核表) as a scorecard file writes it: metrics with weights, bands of values with a score, and tiers of totals.

use super::bilingual::BilingualText;
use crate::error::{Error, Kind, Result};
use crate::model::Level;
use kefu_kernel::calendar::Period;
use serde::Deserialize;

/// One scorecard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// The id in the published table.
    pub id: String,
    pub name: BilingualText,
    /// Whom it rates: shops, agents or teams.
    pub level: Level,
    /// The period that it rates.
    pub period: Period,
    /// The source of its weights and bands.
    #[serde(default)]
    pub source: String,
    /// Names for ranges of the total score.
    #[serde(default)]
    pub tiers: Vec<ScorecardTier>,
    /// The metrics that it rates.
    #[serde(rename = "item")]
    pub items: Vec<ScorecardItem>,
}

impl Scorecard {
    /// The id of the metric of each item.
    pub fn metrics(&self) -> Vec<String> {
        self.items.iter().map(|item| item.metric.clone()).collect()
    }

    /// Checks what the types cannot express.
    /// Errors: the card has no items, or its bands or tiers are empty or overlap.
    pub fn check(&self) -> Result<()> {
        let invalid = |message: String| {
            Err(Error::new(Kind::Config, message)
                .with("scorecard", &self.id)
                .hint("a band holds from <= value < to; bands touch and do not overlap"))
        };
        if self.items.is_empty() {
            return invalid("a card without items".into());
        }
        let are_disjoint = |bounds: Vec<(Option<f64>, Option<f64>)>| {
            let mut bounds =
                bounds.into_iter().map(|(from, to)| (from.unwrap_or(f64::NEG_INFINITY), to.unwrap_or(f64::INFINITY))).collect::<Vec<_>>();
            bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
            bounds.iter().all(|(from, to)| from < to) && bounds.windows(2).all(|pair| pair[0].1 <= pair[1].0)
        };
        if !are_disjoint(self.tiers.iter().map(|tier| (tier.from, tier.to)).collect()) {
            return invalid("tiers that hold nothing, or overlap".into());
        }
        match self.items.iter().find(|item| !are_disjoint(item.bands.iter().map(|band| (band.from, band.to)).collect())) {
            Some(item) => invalid(format!("bands of `{}` that hold nothing, or overlap", item.metric)),
            None => Ok(()),
        }
    }
}

/// A tier such as gold, silver or bronze (金 / 银 / 铜牌), for totals in `[from, to)`. A missing end has no bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorecardTier {
    pub name: BilingualText,
    pub from: Option<f64>,
    pub to: Option<f64>,
}

/// One rated metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorecardItem {
    /// The id of the metric.
    pub metric: String,
    pub name: BilingualText,
    /// A heading for people. It has no effect on the score.
    pub group: Option<String>,
    /// The weight of this item's score, in per cent. The total is Σ weight × score / 100.
    pub weight: f64,
    /// The score of each range of values.
    pub bands: Vec<ScoreBand>,
}

/// The score of the values in `[from, to)`, in the unit in which the metric is published. A missing end has no bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreBand {
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub score: f64,
}

/// Whether a value lies in `[from, to)`. A missing end has no bound.
pub fn is_within(from: Option<f64>, to: Option<f64>, value: f64) -> bool {
    from.is_none_or(|from| from <= value) && to.is_none_or(|to| value < to)
}
