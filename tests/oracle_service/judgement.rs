//! Family L, judgement: ranks, gaps, flags, uplift, and the gain of a training (§13).

use super::{Cells, quotient};
use std::collections::BTreeMap;

/// Whether a metric is better when it is high or when it is low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    High,
    Low,
}

fn is_better(value: f64, other: f64, better: Better) -> bool {
    match better {
        Better::High => value > other,
        Better::Low => value < other,
    }
}

// ---------------------------------------------------------------------------------------------
// Ranking
// ---------------------------------------------------------------------------------------------

/// An agent's value of a metric in a period, within the shop, team or platform that is ranked.
#[derive(Clone, Debug)]
pub(crate) struct Entrant {
    pub(crate) agent: String,
    pub(crate) value: Option<f64>,
    /// The receptions with a buyer line. An agent without one has no rank.
    pub(crate) receptions: i64,
}

/// `value`, `rank`, `mean` and `change` of every agent with a reception. An agent without a value has null. Rising is positive.
pub(crate) fn ranking(now: &[Entrant], before: &[Entrant], better: Better) -> BTreeMap<String, Cells> {
    let (ranks, ranks_before) = (ranks(now, better), ranks(before, better));
    let values: Vec<f64> = taking_part(now).filter_map(|entrant| entrant.value).collect();
    let mean = quotient(Some(values.iter().sum()), Some(values.len() as f64));
    let mut table = BTreeMap::new();
    for entrant in taking_part(now) {
        let rank = ranks.get(entrant.agent.as_str()).copied();
        let change = match (ranks_before.get(entrant.agent.as_str()), rank) {
            (Some(before), Some(now)) => Some(before - now),
            _ => None,
        };
        let cells = Cells::from([("value", entrant.value), ("rank", rank), ("mean", mean), ("change", change)]);
        table.insert(entrant.agent.clone(), cells);
    }
    table
}

fn taking_part(entrants: &[Entrant]) -> impl Iterator<Item = &Entrant> {
    entrants.iter().filter(|entrant| entrant.receptions > 0)
}

/// The dense rank: one more than the number of different values that are better.
fn ranks(entrants: &[Entrant], better: Better) -> BTreeMap<&str, f64> {
    let mut ranks = BTreeMap::new();
    for entrant in taking_part(entrants) {
        let Some(value) = entrant.value else {
            continue;
        };
        let mut ahead: Vec<f64> =
            taking_part(entrants).filter_map(|other| other.value).filter(|other| is_better(*other, value, better)).collect();
        ahead.sort_by(f64::total_cmp);
        ahead.dedup();
        ranks.insert(entrant.agent.as_str(), ahead.len() as f64 + 1.0);
    }
    ranks
}

// ---------------------------------------------------------------------------------------------
// Diagnosis
// ---------------------------------------------------------------------------------------------

/// A value worse than the standard of the shop's category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Diagnosis {
    pub(crate) value: f64,
    pub(crate) standard: f64,
    /// (value - standard) / standard, or `None` for a standard of 0.
    pub(crate) gap: Option<f64>,
}

/// `None` if there is no value, or none that is worse than the standard.
pub(crate) fn diagnosis(value: Option<f64>, standard: f64, better: Better) -> Option<Diagnosis> {
    let value = value?;
    let gap = quotient(Some(value - standard), Some(standard));
    is_better(standard, value, better).then_some(Diagnosis { value, standard, gap })
}

// ---------------------------------------------------------------------------------------------
// Flags
// ---------------------------------------------------------------------------------------------

/// What a platform demands of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    AtLeast(f64),
    AtMost(f64),
    Above(f64),
    Below(f64),
}

/// Whether the value breaks the demand. `None` if there is no value.
pub(crate) fn breaks(value: Option<f64>, demand: Demand) -> Option<bool> {
    let value = value?;
    Some(match demand {
        Demand::AtLeast(limit) => value < limit,
        Demand::AtMost(limit) => value > limit,
        Demand::Above(limit) => value <= limit,
        Demand::Below(limit) => value >= limit,
    })
}

/// What JD's 咚咚缺陷率 looks at in a calendar month: three values, with the numbers of ratings and consults behind them.
pub(crate) struct JdMonth {
    pub(crate) satisfaction: Option<f64>,
    pub(crate) ratings: i64,
    pub(crate) response_s: Option<f64>,
    pub(crate) left_rate: Option<f64>,
    pub(crate) consults: i64,
}

/// The points that JD takes, as a negative number: 0, 2, 4 or 8 by the number of failed checks. A check with too few ratings or
/// consults is not made.
pub(crate) fn jd_defect(month: &JdMonth) -> i64 {
    let checks = [
        (month.ratings > 10, breaks(month.satisfaction, Demand::Above(0.85))),
        (month.consults > 300, breaks(month.response_s, Demand::Below(40.0))),
        (month.consults > 300, breaks(month.left_rate, Demand::Below(0.5))),
    ];
    let failed = checks.iter().filter(|(made, broken)| *made && *broken == Some(true)).count();
    [0, -2, -4, -8][failed]
}

// ---------------------------------------------------------------------------------------------
// Uplift, training
// ---------------------------------------------------------------------------------------------

/// What a conversion that is `more` higher brings per agent and day: n·(c+Δ)·p − n·c·p.
pub(crate) fn uplift(receptions: f64, conversion: f64, atv: f64, more: f64) -> f64 {
    receptions * (conversion + more) * atv - receptions * conversion * atv
}

/// The uplift of all agents in a year of 12 × 30 days.
pub(crate) fn uplift_of_year(of_agent_day: f64, agents: f64) -> f64 {
    of_agent_day * agents * 30.0 * 12.0
}

/// 培训效果: the mean of a metric's daily values in the 28 business days before a training, in the 28 after it, and the difference. The day of
/// the training and days without a value are left out. `after` is null until the last of its days has landed.
pub(crate) fn training_gain(daily: &BTreeMap<i64, Option<f64>>, on: i64, landed: i64) -> Cells {
    let mean = |first: i64, last: i64| {
        let values: Vec<f64> = daily.range(first..=last).filter_map(|(_, value)| *value).collect();
        quotient(Some(values.iter().sum()), Some(values.len() as f64))
    };
    let before = mean(on - 28, on - 1);
    let after = if landed >= on + 28 { mean(on + 1, on + 28) } else { None };
    let difference = match (before, after) {
        (Some(before), Some(after)) => Some(after - before),
        _ => None,
    };
    Cells::from([("before", before), ("after", after), ("difference", difference)])
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::Cells;
    use super::super::example::{MONDAY, check, check_null};
    use super::{Better, Demand, Entrant, breaks, diagnosis, ranking, training_gain, uplift, uplift_of_year};
    use std::collections::BTreeMap;

    fn entrants(rows: &[(&str, Option<f64>, i64)]) -> Vec<Entrant> {
        let entrant = |(agent, value, receptions): &(&str, Option<f64>, i64)| Entrant {
            agent: agent.to_string(),
            value: *value,
            receptions: *receptions,
        };
        rows.iter().map(entrant).collect()
    }

    /// T20 (Feige): 80 % is second after 95 % and was first before. The mean of 95, 80 and 75 is 83.33 %. A is down 1, below the mean.
    #[test]
    fn t20_an_agent_at_80_percent_is_second_down_one_and_below_the_mean() {
        let now = entrants(&[("A", Some(0.80), 9), ("B", Some(0.95), 9), ("C", Some(0.75), 9), ("idle", Some(1.0), 0)]);
        let before = entrants(&[("A", Some(0.90), 9), ("B", Some(0.85), 9)]);
        let table = ranking(&now, &before, Better::High);
        check(&table["A"], &[("value", 0.8), ("rank", 2.0), ("change", -1.0), ("mean", 2.5 / 3.0)]);
        check(&table["B"], &[("rank", 1.0), ("change", 1.0), ("mean", 2.5 / 3.0)]);
        check(&table["C"], &[("rank", 3.0)]);
        assert!(table["A"]["value"] < table["A"]["mean"]);
        // C was not there before. An agent who received nobody is neither ranked nor in the mean.
        check_null(&table["C"], &["change"]);
        assert!(!table.contains_key("idle"));
    }

    /// 20 s, 30 s, 30 s and 40 s rank 1, 2, 2 and 3, with a mean of (20 + 30 + 30 + 40) / 4 = 30. An agent without a value has no rank
    /// and is not in the mean.
    #[test]
    fn ties_share_a_rank_and_the_next_follows_without_a_gap() {
        let now = entrants(&[("A", Some(30.0), 1), ("B", Some(20.0), 1), ("C", Some(30.0), 1), ("D", Some(40.0), 1), ("E", None, 1)]);
        let before = entrants(&[("A", Some(50.0), 1), ("B", Some(60.0), 1), ("C", None, 1), ("D", Some(40.0), 0)]);
        let table = ranking(&now, &before, Better::Low);
        for (agent, rank) in [("A", 2.0), ("B", 1.0), ("C", 2.0), ("D", 3.0)] {
            check(&table[agent], &[("rank", rank), ("mean", 30.0)]);
        }
        // A fell from 1 to 2 and B rose from 2 to 1. C had no value before and D no reception.
        check(&table["A"], &[("change", -1.0)]);
        check(&table["B"], &[("change", 1.0)]);
        check_null(&table["C"], &["change"]);
        check_null(&table["D"], &["change"]);
        check_null(&table["E"], &["value", "rank", "change"]);
    }

    /// The gaps are (0.90 - 0.95) / 0.95 = - 5.26 % and (60 - 40) / 40 = + 50 %.
    #[test]
    fn a_gap_is_the_part_of_the_standard_that_is_missing_or_too_much() {
        let gap = |value, standard, better| diagnosis(value, standard, better).map(|found| (found.value, found.standard, found.gap));
        assert!(gap(Some(60.0), 40.0, Better::Low) == Some((60.0, 40.0, Some(0.5))));
        let (value, standard, lost) = gap(Some(0.90), 0.95, Better::High).unwrap_or_default();
        assert!((value, standard) == (0.90, 0.95));
        check(&Cells::from([("gap", lost)]), &[("gap", -0.05 / 0.95)]);
        // A value as good as the standard, a better one and a missing one have no diagnosis. A standard of 0 has no gap.
        assert!(gap(Some(0.95), 0.95, Better::High).is_none() && gap(Some(30.0), 40.0, Better::Low).is_none());
        assert!(gap(None, 40.0, Better::Low).is_none());
        assert!(gap(Some(0.1), 0.0, Better::Low) == Some((0.1, 0.0, None)));
    }

    #[test]
    fn a_demand_says_whether_its_limit_is_enough() {
        for (demand, at_limit, above, below) in [
            (Demand::AtLeast(0.8), false, false, true),
            (Demand::AtMost(0.8), false, true, false),
            (Demand::Above(0.8), true, false, true),
            (Demand::Below(0.8), true, true, false),
        ] {
            let broken = [0.8, 0.81, 0.79].map(|value| breaks(Some(value), demand));
            assert!(broken == [Some(at_limit), Some(above), Some(below)], "{demand:?}");
        }
        assert!(breaks(None, Demand::AtLeast(0.8)).is_none());
    }

    /// T9: 100 receptions a day convert at 40 % and 80 yuan. Two points more bring 100 × 0.42 × 80 - 100 × 0.40 × 80 = 160 yuan a day, and
    /// 160 × 5 agents × 30 × 12 = 288 000 a year.
    #[test]
    fn t9_two_points_more_are_160_yuan_a_day_and_288000_a_year() {
        let of_day = uplift(100.0, 0.40, 80.0, 0.02);
        let of_year = uplift_of_year(of_day, 5.0);
        check(&Cells::from([("day", Some(of_day)), ("year", Some(of_year))]), &[("day", 160.0), ("year", 288_000.0)]);
    }

    /// Before are 28 days at 0.40, after are 27 at 0.44 and one without a value. The day itself, at 0.99, is in neither, nor are the days
    /// beyond the 28.
    #[test]
    fn a_training_gains_4_points() {
        let mut daily = BTreeMap::from([(MONDAY - 29, Some(0.10)), (MONDAY, Some(0.99)), (MONDAY + 29, Some(0.99))]);
        daily.extend((1..=28).map(|n| (MONDAY - n, Some(0.40))));
        daily.extend((1..=28).map(|n| (MONDAY + n, if n == 9 { None } else { Some(0.44) })));
        check(&training_gain(&daily, MONDAY, MONDAY + 28), &[("before", 0.40), ("after", 0.44), ("difference", 0.04)]);
        check_null(&training_gain(&daily, MONDAY, MONDAY + 27), &["after", "difference"]);
        check_null(&training_gain(&BTreeMap::new(), MONDAY, MONDAY + 28), &["before", "after", "difference"]);
    }
}
