//! The small shop of the worked examples: in UTC, with business days from midnight.
//!
//! Day 0 is Monday 7 September 2026, and everything landed long ago.

use super::{Cells, Clock, DAY_MS, EntityKey, HOUR_MS, OrderCredit, RowDay, ServiceInput, ServiceRules};
use std::collections::BTreeSet;

pub(super) const SHOP: &str = "店";
pub(super) const MONDAY: i64 = 20_703;
/// The days of the week that begins on day 0.
pub(super) const WEEK: [i64; 7] = [MONDAY, MONDAY + 1, MONDAY + 2, MONDAY + 3, MONDAY + 4, MONDAY + 5, MONDAY + 6];

/// An input in which no table is configured.
pub(super) fn given() -> ServiceInput<'static> {
    ServiceInput {
        clock: Clock { business_day: &business_day, start_of_day: &start_of_day, in_assessed_hours: &in_assessed_hours },
        filtered: &nobody,
        peers_filtered: BTreeSet::new(),
        rules: ServiceRules::default(),
        first_day: MONDAY - 30,
        landed: MONDAY + 200,
        refunds: None,
        excluded_orders: BTreeSet::new(),
        evaluations: None,
        tickets: None,
        statuses: None,
        videos: None,
        staff: None,
        targets: None,
        credits: None,
        payments: None,
        row_days: Vec::new(),
    }
}

fn business_day(at: i64) -> i64 {
    at.div_euclid(DAY_MS)
}

fn start_of_day(day: i64) -> i64 {
    day * DAY_MS
}

/// 08:00 to 23:00 on the wall clock.
fn in_assessed_hours(_shop: &str, at: i64) -> bool {
    (8 * HOUR_MS..23 * HOUR_MS).contains(&at.rem_euclid(DAY_MS))
}

fn nobody(_shop: &str, _buyer: &str, _day: i64) -> bool {
    false
}

/// The instant of a time such as `09:30` or `09:30:15` on a day.
pub(super) fn at(day: i64, clock: &str) -> i64 {
    let mut ms = (MONDAY + day) * DAY_MS;
    for (part, unit) in clock.split(':').zip([HOUR_MS, 60_000, 1_000]) {
        ms += part.parse::<i64>().unwrap() * unit;
    }
    ms
}

pub(super) fn shop() -> EntityKey {
    (SHOP.to_string(), None)
}

pub(super) fn agent(name: &str) -> EntityKey {
    (SHOP.to_string(), Some(name.to_string()))
}

/// The credit of an order that counts on a day.
pub(super) fn credit(order: &str, agent: Option<&str>, day: i64, yuan: i64, quantity: i64) -> ((String, String), OrderCredit) {
    let credit = OrderCredit { agent: agent.map(str::to_string), day: MONDAY + day, amount_fen: yuan * 100, quantity };
    ((SHOP.to_string(), order.to_string()), credit)
}

/// One day of a row, with the buyers who consulted on it, all of them received.
pub(super) fn told(agent: Option<&str>, day: i64, buyers: &[&str]) -> RowDay {
    let buyers: BTreeSet<String> = buyers.iter().map(|buyer| buyer.to_string()).collect();
    RowDay {
        shop: SHOP.to_string(),
        agent: agent.map(str::to_string),
        day: MONDAY + day,
        consulted: buyers.clone(),
        received: buyers,
        ..RowDay::default()
    }
}

/// Asserts that each cell equals the value, as exactly as `f64` can tell.
pub(super) fn check(cells: &Cells, expected: &[(&str, f64)]) {
    for (id, value) in expected {
        let got = cells.get(*id).copied().flatten();
        let close = got.is_some_and(|got| (got - *value).abs() <= 1e-9 * value.abs().max(1.0));
        assert!(close, "{id} is {got:?}, not {value}");
    }
}

/// Asserts that each cell is there and null.
pub(super) fn check_null(cells: &Cells, ids: &[&str]) {
    for id in ids {
        let got = cells.get(*id);
        assert!(got == Some(&None), "{id} is {got:?}, not null");
    }
}
