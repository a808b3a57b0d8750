//! Family K, cost: what the service costs and what it brings (§12).

use super::{Cells, ServiceRow, Staff, attendance, hours, quotient, yuan};
use std::collections::BTreeSet;

/// The cost of a row, per session, and the sales for each yuan of it.
pub(super) fn cost(row: &ServiceRow) -> Cells {
    let cost = service_cost(row);
    let sessions: i64 = row.row_days().iter().map(|told| told.sessions).sum();
    let sales = row.sales().map(|(fen, _)| yuan(fen));
    Cells::from([
        ("service_cost", cost),
        ("cost_per_session", quotient(cost, Some(sessions as f64))),
        ("benefit_per_cost", quotient(sales, cost)),
    ])
}

/// Login hours × `hourly_cost`, in yuan. A shop's cost is the sum of its agents', and null if one who logged in has no `hourly_cost`.
fn service_cost(row: &ServiceRow) -> Option<f64> {
    let given = row.given;
    let staff = given.staff.as_ref()?;
    given.statuses.as_ref()?;
    let agents: BTreeSet<&str> = match row.agent {
        Some(agent) => BTreeSet::from([agent]),
        None => attendance::logged(given).into_iter().filter(|(shop, _)| *shop == row.shop).map(|(_, agent)| agent).collect(),
    };
    // The sum is in milliseconds × fen per hour.
    let mut sum = 0;
    for agent in agents {
        let login_ms: i64 = row.days.iter().map(|day| attendance::attended(given, row.shop, agent, *day).login_ms).sum();
        if row.agent.is_some() || login_ms > 0 {
            sum += login_ms * hourly_cost_fen(staff, row.shop, agent)?;
        }
    }
    Some(hours(sum) / 100.0)
}

fn hourly_cost_fen(staff: &[Staff], shop: &str, agent: &str) -> Option<i64> {
    staff.iter().find(|person| person.shop == shop && person.agent == agent)?.hourly_cost_fen
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::StatusKind::{Offline, Online};
    use super::super::example::{MONDAY, SHOP, WEEK, agent, at, check, check_null, credit, given, shop, told};
    use super::super::{RowDay, ServiceInput, ServiceRules, Staff, Status, StatusKind, cells};
    use std::collections::BTreeMap;

    const IDS: [&str; 3] = ["service_cost", "cost_per_session", "benefit_per_cost"];

    /// On Monday A is online for 9 h at 30 yuan, has 90 receptions and sells 300 yuan; B is online for 2 h at 20 yuan, has 15 receptions
    /// and sells 50 yuan. The shop has 100 sessions.
    fn example() -> ServiceInput<'static> {
        let status = |agent: &str, clock: &str, kind: StatusKind| Status {
            shop: SHOP.to_string(),
            agent: agent.to_string(),
            at: at(0, clock),
            kind,
        };
        let row_day = |agent, sessions| RowDay { sessions, ..told(agent, 0, &[]) };
        ServiceInput {
            statuses: Some(vec![
                status("A", "09:00", Online),
                status("A", "18:00", Offline),
                status("B", "20:00", Online),
                status("B", "22:00", Offline),
            ]),
            staff: Some(vec![person("A", Some(3_000)), person("B", Some(2_000)), person("C", None), person("D", Some(2_500))]),
            credits: Some(BTreeMap::from([
                credit("o1", Some("A"), 0, 300, 3),
                credit("o2", Some("B"), 0, 50, 1),
                credit("o3", None, 0, 80, 1),
            ])),
            row_days: vec![row_day(None, 100), row_day(Some("A"), 90), row_day(Some("B"), 15)],
            ..given()
        }
    }

    fn person(agent: &str, hourly_cost_fen: Option<i64>) -> Staff {
        Staff { shop: SHOP.to_string(), agent: agent.to_string(), hourly_cost_fen, commission_rate: None }
    }

    /// The cost is 9 h × 30 = 270 yuan, or 270 / 90 = 3 a reception. Each yuan brings 300 / 270.
    #[test]
    fn nine_hours_at_30_yuan_cost_270_and_3_a_reception() {
        let week = cells(&example(), &agent("A"), &WEEK);
        check(&week, &[("service_cost", 270.0), ("cost_per_session", 3.0), ("benefit_per_cost", 300.0 / 270.0)]);
    }

    /// The cost is 270 + 2 × 20 = 310 yuan, or 310 / 100 = 3.1 a session. Each yuan brings 350 / 310: the silent order is left out.
    #[test]
    fn a_shop_costs_what_its_agents_cost() {
        let week = cells(&example(), &shop(), &WEEK);
        check(&week, &[("service_cost", 310.0), ("cost_per_session", 3.1), ("benefit_per_cost", 350.0 / 310.0)]);
    }

    /// C, whose hourly cost is missing, logs in for a minute. Then the shop's cost is unknown, as C's own always is.
    #[test]
    fn one_unknown_hourly_cost_makes_the_shops_unknown() {
        let mut given = example();
        check_null(&cells(&given, &agent("C"), &WEEK), &IDS);
        let clocks = [(at(0, "09:00"), Online), (at(0, "09:01"), Offline)];
        let minute = clocks.map(|(at, kind)| Status { shop: SHOP.to_string(), agent: "C".to_string(), at, kind });
        given.statuses.get_or_insert_default().extend(minute);
        check_null(&cells(&given, &shop(), &WEEK), &IDS);
        check(&cells(&given, &shop(), &[MONDAY + 1]), &[("service_cost", 0.0)]);
    }

    /// D has an hourly cost and no hours: the cost is 0 yuan, and the rates have nothing to divide by.
    #[test]
    fn who_never_logs_in_costs_nothing() {
        let week = cells(&example(), &agent("D"), &WEEK);
        check(&week, &[("service_cost", 0.0)]);
        check_null(&week, &["cost_per_session", "benefit_per_cost"]);
    }

    #[test]
    fn without_a_log_or_staff_all_is_null_and_without_orders_the_benefit() {
        check_null(&cells(&ServiceInput { statuses: None, ..example() }, &shop(), &WEEK), &IDS);
        check_null(&cells(&ServiceInput { staff: None, ..example() }, &agent("A"), &WEEK), &IDS);
        let no_orders = cells(&ServiceInput { credits: None, ..example() }, &agent("A"), &WEEK);
        check(&no_orders, &[("service_cost", 270.0), ("cost_per_session", 3.0)]);
        check_null(&no_orders, &["benefit_per_cost"]);
        let waiting = ServiceInput { rules: ServiceRules { sales_delay: 4, ..ServiceRules::default() }, landed: MONDAY + 6, ..example() };
        check_null(&cells(&waiting, &agent("A"), &WEEK), &["benefit_per_cost"]);
    }
}
