//! Family E, targets: what an agent has to sell in a month, how much of it is reached, and the commission (§12).

use super::{Cells, ServiceRow, Target, quotient, yuan};

/// The days of the shortest month. A shorter period has no target.
const MONTH_DAYS: usize = 28;

/// `days` are all days of the period, landed or not.
pub(super) fn targets(row: &ServiceRow, days: &[i64]) -> Cells {
    let sales = row.sales().map(|(fen, _)| yuan(fen));
    let target = target(row, days);
    let mut cells = Cells::from([("sales_target", target), ("target_rate", quotient(sales, target))]);
    if let Some(agent) = row.agent {
        let staff = row.given.staff.iter().flatten().find(|person| person.shop == row.shop && person.agent == agent);
        cells.insert("commission", sales.and_then(|sales| Some(sales * staff?.commission_rate?)));
    }
    cells
}

/// The targets of the months in the period, added up. `None` if none is set, or if the period is shorter than a month.
fn target(row: &ServiceRow, days: &[i64]) -> Option<f64> {
    let of_month = days.iter().filter_map(|month| target_of_month(row, *month));
    let yuan: Vec<f64> = of_month.collect();
    (days.len() >= MONTH_DAYS && !yuan.is_empty()).then(|| yuan.iter().sum())
}

/// The target of the month that begins on a day. A shop without a target of its own has the sum of its agents'.
fn target_of_month(row: &ServiceRow, month: i64) -> Option<f64> {
    let of_shop = |target: &&Target| target.shop == row.shop && target.month == month;
    let set: Vec<&Target> = row.given.targets.iter().flatten().filter(of_shop).collect();
    let own = set.iter().find(|target| target.agent.as_deref() == row.agent).map(|target| target.yuan);
    let together = (row.agent.is_none() && !set.is_empty()).then(|| set.iter().map(|target| target.yuan).sum());
    own.or(together)
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, agent, check, check_null, credit, given, shop};
    use super::super::{ServiceInput, Staff, Target, cells};
    use std::collections::BTreeMap;

    /// September begins six days before the Monday.
    const SEPTEMBER: i64 = MONDAY - 6;

    /// A sells 300 yuan on Monday, has targets of 1000 yuan in September and 2000 in October, and earns 2 %.
    fn example() -> ServiceInput<'static> {
        let target = |month, yuan| Target { shop: SHOP.to_string(), agent: Some("A".to_string()), month, yuan };
        let person = Staff { shop: SHOP.to_string(), agent: "A".to_string(), hourly_cost_fen: None, commission_rate: Some(0.02) };
        ServiceInput {
            targets: Some(vec![target(SEPTEMBER, 1_000.0), target(SEPTEMBER + 30, 2_000.0)]),
            staff: Some(vec![person]),
            credits: Some(BTreeMap::from([credit("o1", Some("A"), 0, 300, 3), credit("o2", None, 0, 50, 1)])),
            ..given()
        }
    }

    /// September has 300 / 1000, and both months have 300 / 3000. The commission is 300 × 0.02 yuan.
    #[test]
    fn three_hundred_of_a_thousand_yuan_are_30_percent_and_earn_6() {
        let september: Vec<i64> = (SEPTEMBER..SEPTEMBER + 30).collect();
        let months: Vec<i64> = (SEPTEMBER..SEPTEMBER + 61).collect();
        check(&cells(&example(), &agent("A"), &september), &[("sales_target", 1_000.0), ("target_rate", 0.3), ("commission", 6.0)]);
        check(&cells(&example(), &agent("A"), &months), &[("sales_target", 3_000.0), ("target_rate", 0.1), ("commission", 6.0)]);
        check_null(&cells(&example(), &agent("B"), &september), &["sales_target", "target_rate", "commission"]);
    }

    /// The shop has no target of its own for September, so it has A's 1000 and B's 500. For October it has 4000: 5500 in both months.
    #[test]
    fn a_shop_without_a_target_has_its_agents() {
        let mut given = example();
        let of = |agent: Option<&str>, month, yuan| Target { shop: SHOP.to_string(), agent: agent.map(str::to_string), month, yuan };
        given.targets.get_or_insert_default().extend([of(Some("B"), SEPTEMBER, 500.0), of(None, SEPTEMBER + 30, 4_000.0)]);
        let september: Vec<i64> = (SEPTEMBER..SEPTEMBER + 30).collect();
        let months: Vec<i64> = (SEPTEMBER..SEPTEMBER + 61).collect();
        check(&cells(&given, &shop(), &september), &[("sales_target", 1_500.0), ("target_rate", 0.2)]);
        check(&cells(&given, &shop(), &months), &[("sales_target", 5_500.0)]);
    }

    #[test]
    fn a_week_has_no_target() {
        let week = cells(&example(), &agent("A"), &WEEK);
        check_null(&week, &["sales_target", "target_rate"]);
        check(&week, &[("commission", 6.0)]);
    }
}
