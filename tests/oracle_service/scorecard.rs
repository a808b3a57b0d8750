//! Family L, scorecards: weights and half-open bands (§13).

use super::Cells;

/// The values in `[from, to)` have this score. A missing bound leaves that end open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    pub(crate) from: Option<f64>,
    pub(crate) to: Option<f64>,
    pub(crate) score: f64,
}

/// A metric on a scorecard.
#[derive(Clone, Debug)]
pub(crate) struct ScorecardItem {
    pub(crate) metric: &'static str,
    pub(crate) weight: f64,
    pub(crate) bands: Vec<Band>,
}

/// What a scorecard makes of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScoredCard {
    /// The score by metric. `None` if there is no value, or no band that holds it.
    pub(crate) scores: Cells,
    /// `None` if a score is missing, since its weight goes to no other metric.
    pub(crate) total: Option<f64>,
    /// The metrics without a score.
    pub(crate) missing: Vec<&'static str>,
}

/// Scores the values of a row. The total is Σ weight × score / 100.
pub(crate) fn scorecard(items: &[ScorecardItem], values: &Cells) -> ScoredCard {
    let mut scored = ScoredCard { scores: Cells::new(), total: None, missing: Vec::new() };
    let mut total = 0.0;
    for item in items {
        let value = values.get(item.metric).copied().flatten();
        let score = value.and_then(|value| band_score(&item.bands, value));
        scored.scores.insert(item.metric, score);
        match score {
            Some(score) => total += item.weight * score / 100.0,
            None => scored.missing.push(item.metric),
        }
    }
    scored.total = scored.missing.is_empty().then_some(total);
    scored
}

fn band_score(bands: &[Band], value: f64) -> Option<f64> {
    let holds = |band: &&Band| band.from.is_none_or(|from| from <= value) && band.to.is_none_or(|to| value < to);
    bands.iter().find(holds).map(|band| band.score)
}

/// The tier (金/银/铜牌) with the highest lower bound that the total reaches.
pub(crate) fn tier(total: Option<f64>, tiers: &[(f64, &'static str)]) -> Option<&'static str> {
    let total = total?;
    let reached = tiers.iter().filter(|(from, _)| *from <= total);
    reached.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| *name)
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::Cells;
    use super::super::example::{check, check_null};
    use super::{Band, ScorecardItem, scorecard, tier};

    /// The lower bounds of bands from high to low, with their scores. Below the last bound the score is 0.
    fn falling(steps: &[(f64, f64)]) -> Vec<Band> {
        let mut to = None;
        let mut bands = Vec::new();
        for (from, score) in steps {
            bands.push(Band { from: Some(*from), to, score: *score });
            to = Some(*from);
        }
        bands.push(Band { from: None, to, score: 0.0 });
        bands
    }

    /// The upper bounds of bands from low to high, with their scores. From the last bound on the score is 0.
    fn rising(steps: &[(f64, f64)]) -> Vec<Band> {
        let mut from = None;
        let mut bands = Vec::new();
        for (to, score) in steps {
            bands.push(Band { from, to: Some(*to), score: *score });
            from = Some(*to);
        }
        bands.push(Band { from, to: None, score: 0.0 });
        bands
    }

    /// T8a: the weights are 30, 20, 20, 20, 5 and 5, with the bands of the source. "≤ 35 s" is [0, 35) here, since bands are half-open.
    fn agent_scorecard() -> Vec<ScorecardItem> {
        let completion = falling(&[(1.0, 100.0), (0.9, 85.0), (0.8, 70.0), (0.7, 55.0), (0.6, 40.0), (0.5, 25.0), (0.4, 10.0)]);
        let item = |metric, weight, bands| ScorecardItem { metric, weight, bands };
        vec![
            item("target_rate", 30.0, completion),
            item("pay_final_rate", 20.0, falling(&[(0.45, 100.0), (0.40, 80.0), (0.35, 60.0)])),
            item("atv", 20.0, falling(&[(250.0, 100.0), (230.0, 80.0), (210.0, 60.0)])),
            item("reply_rate", 20.0, falling(&[(0.98, 100.0), (0.95, 80.0), (0.92, 60.0)])),
            item("resp_avg_s", 5.0, rising(&[(35.0, 100.0), (45.0, 80.0), (55.0, 60.0)])),
            item("attendance", 5.0, falling(&[(1.0, 100.0), (0.9, 80.0), (0.8, 60.0)])),
        ]
    }

    fn agent_values() -> Cells {
        Cells::from([
            ("target_rate", Some(0.92)),
            ("pay_final_rate", Some(0.41)),
            ("atv", Some(255.0)),
            ("reply_rate", Some(0.97)),
            ("resp_avg_s", Some(33.0)),
            ("attendance", Some(1.0)),
        ])
    }

    const TIERS: [(f64, &str); 3] = [(90.0, "金牌"), (80.0, "银牌"), (70.0, "铜牌")];

    /// T8a: (30 × 85 + 20 × 80 + 20 × 100 + 20 × 80 + 5 × 100 + 5 × 100) / 100 = 87.5, which is silver.
    #[test]
    fn t8a_the_weighted_scores_are_87_5_and_silver() {
        let scored = scorecard(&agent_scorecard(), &agent_values());
        check(&scored.scores, &[("target_rate", 85.0), ("pay_final_rate", 80.0), ("atv", 100.0), ("reply_rate", 80.0)]);
        check(&scored.scores, &[("resp_avg_s", 100.0), ("attendance", 100.0)]);
        check(&Cells::from([("total", scored.total)]), &[("total", 87.5)]);
        assert!(scored.missing.is_empty());
        assert!(tier(scored.total, &TIERS) == Some("银牌"));
    }

    #[test]
    fn a_tier_begins_at_its_bound() {
        for (total, expected) in [(90.0, Some("金牌")), (89.999, Some("银牌")), (80.0, Some("银牌")), (70.0, Some("铜牌")), (69.999, None)]
        {
            assert!(tier(Some(total), &TIERS) == expected, "{total}");
        }
        assert!(tier(None, &TIERS).is_none());
    }

    /// T8b: 162 of 438 convert, 36.99 %, for 11715.63 / 162 = 72.32 yuan each. The source's scores are 100 + 350 + 200 + 50 + 50 = 750.
    /// The bands are made to give those scores. With weights of 100 the total is their sum.
    #[test]
    fn t8b_points_add_up_to_750() {
        let any = |score| vec![Band { from: None, to: None, score }];
        let item = |metric, bands| ScorecardItem { metric, weight: 100.0, bands };
        let items = [
            item("consult_buyers", any(100.0)),
            item("pay_final_rate", falling(&[(0.42, 500.0), (0.36, 350.0)])),
            item("atv", falling(&[(70.0, 200.0)])),
            item("reply_3min_person_rate", falling(&[(1.0, 50.0)])),
            item("reply_30s_round_rate", falling(&[(0.95, 50.0)])),
        ];
        let values = Cells::from([
            ("consult_buyers", Some(814.0)),
            ("pay_final_rate", Some(162.0 / 438.0)),
            ("atv", Some(11_715.63 / 162.0)),
            ("reply_3min_person_rate", Some(1.0)),
            ("reply_30s_round_rate", Some(0.9778)),
        ]);
        let scored = scorecard(&items, &values);
        check(&Cells::from([("total", scored.total)]), &[("total", 750.0)]);
        assert!((162.0_f64 / 438.0 - 0.3699).abs() < 0.00005 && (11_715.63_f64 / 162.0 - 72.32).abs() < 0.005);
    }

    /// T8c: 41.995 % lies between "39.0 to 41.99" and "42.0 and more" of a script in use, which scored it lowest. [39, 42) holds it.
    #[test]
    fn t8c_no_value_falls_between_two_bands() {
        let item = ScorecardItem { metric: "pay_final_rate", weight: 100.0, bands: falling(&[(0.42, 500.0), (0.39, 400.0), (0.0, 200.0)]) };
        for (value, score) in [(0.41995, 400.0), (0.42, 500.0), (0.39, 400.0), (0.38999, 200.0)] {
            let scored = scorecard(std::slice::from_ref(&item), &Cells::from([("pay_final_rate", Some(value))]));
            check(&scored.scores, &[("pay_final_rate", score)]);
        }
    }

    #[test]
    fn a_missing_value_is_named_and_leaves_no_total() {
        let mut values = agent_values();
        values.insert("atv", None);
        values.remove("attendance");
        let scored = scorecard(&agent_scorecard(), &values);
        check(&scored.scores, &[("target_rate", 85.0)]);
        check_null(&scored.scores, &["atv", "attendance"]);
        assert!(scored.total.is_none() && scored.missing == ["atv", "attendance"]);
        // A value that no band holds is missing too.
        let gap = ScorecardItem { metric: "atv", weight: 100.0, bands: vec![Band { from: Some(100.0), to: Some(200.0), score: 100.0 }] };
        assert!(scorecard(&[gap], &Cells::from([("atv", Some(250.0))])).missing == ["atv"]);
    }
}
