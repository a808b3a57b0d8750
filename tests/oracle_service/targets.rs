//! E. What an agent is to sell in a month, how much of it is done, and what it earns by it.

use super::{Cells, Row, quotient, yuan};

/// A period shorter than the shortest month has no target.
const MONTH_DAYS: usize = 28;

/// `days`: the period's, landed or not.
pub(super) fn targets(row: &Row, agent: &str, days: &[i64]) -> Cells {
    let sales = row.sales().map(|(fen, _)| yuan(fen));
    let target = target(row, agent, days);
    let staff = row.given.staff.iter().flatten().find(|person| person.shop == row.shop && person.agent == agent);
    let commission = sales.and_then(|sales| Some(sales * staff?.commission_rate?));
    Cells::from([("sales_target", target), ("target_rate", quotient(sales, target)), ("commission", commission)])
}

/// Those of the period's months, added up. None: none is set, or the period is shorter than a month.
fn target(row: &Row, agent: &str, days: &[i64]) -> Option<f64> {
    let mine = row.given.targets.iter().flatten().filter(|target| target.shop == row.shop && target.agent.as_deref() == Some(agent));
    let yuan: Vec<f64> = mine.filter(|target| days.contains(&target.month)).map(|target| target.yuan).collect();
    (days.len() >= MONTH_DAYS && !yuan.is_empty()).then(|| yuan.iter().sum())
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, agent, check, check_null, credit, given};
    use super::super::{Given, Staff, Target, cells};
    use std::collections::BTreeMap;

    /// September begins six days before the Monday: day -6.
    const SEPTEMBER: i64 = MONDAY - 6;

    /// A sells 300 yuan on Monday and is to sell 1000 in September and 2000 in October, for 2 % of it.
    fn example() -> Given<'static> {
        let target = |month, yuan| Target { shop: SHOP.to_string(), agent: Some("A".to_string()), month, yuan };
        let person = Staff { shop: SHOP.to_string(), agent: "A".to_string(), hourly_cost_fen: None, commission_rate: Some(0.02) };
        Given {
            targets: Some(vec![target(SEPTEMBER, 1_000.0), target(SEPTEMBER + 30, 2_000.0)]),
            staff: Some(vec![person]),
            credits: Some(BTreeMap::from([credit("o1", Some("A"), 0, 300, 3), credit("o2", None, 0, 50, 1)])),
            ..given()
        }
    }

    /// 300 / 1000, 300 × 0.02; of both months 300 / 3000.
    #[test]
    fn three_hundred_of_a_thousand_yuan_are_30_percent_and_earn_6() {
        let september: Vec<i64> = (SEPTEMBER..SEPTEMBER + 30).collect();
        let months: Vec<i64> = (SEPTEMBER..SEPTEMBER + 61).collect();
        check(&cells(&example(), &agent("A"), &september), &[("sales_target", 1_000.0), ("target_rate", 0.3), ("commission", 6.0)]);
        check(&cells(&example(), &agent("A"), &months), &[("sales_target", 3_000.0), ("target_rate", 0.1), ("commission", 6.0)]);
        check_null(&cells(&example(), &agent("B"), &september), &["sales_target", "target_rate", "commission"]);
    }

    #[test]
    fn a_week_has_no_target() {
        let week = cells(&example(), &agent("A"), &WEEK);
        check_null(&week, &["sales_target", "target_rate"]);
        check(&week, &[("commission", 6.0)]);
    }
}
