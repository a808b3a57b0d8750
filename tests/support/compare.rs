//! The published report tables against the oracle, cell by cell.

use super::tables::{Key, Row, Tables, number, text};
use crate::oracle::{self, Cells, Hour, Input, Rules};
use crate::oracle_service;
use crate::support::tables::truth;
use kefu::metrics;
use kefu::model::Level;
use std::collections::BTreeMap;

const LEVELS: [(oracle::Level, Level); 2] = [(oracle::Level::Shop, Level::Shop), (oracle::Level::Agent, Level::Agent)];
pub(crate) const PERIODS: [(oracle::Period, &str); 5] = [
    (oracle::Period::Day, "day"),
    (oracle::Period::Week, "week"),
    (oracle::Period::Month, "month"),
    (oracle::Period::Quarter, "quarter"),
    (oracle::Period::Year, "year"),
];

/// The metrics declared at a level, but those that the oracle of service computes.
fn of_chats_and_sales(level: Level) -> Vec<&'static str> {
    let service = oracle_service::ids(level == Level::Agent);
    let declared = metrics::of_level(level).filter(|metric| !metric.component);
    declared.map(|metric| metric.id.as_str()).filter(|id| !service.contains(id)).collect()
}

/// Every metric of every row of both levels and all periods that is not what the oracle says.
pub(crate) fn disagreements(input: &Input, rules: &Rules, tables: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for (of_oracle, level) in LEVELS {
        let ids = of_chats_and_sales(level);
        for (period, name) in PERIODS {
            let expected = oracle::report(input, rules, of_oracle, period);
            let got = tables.report(level.name(), name);
            found.extend(other_hours(oracle::hourly(input, rules, of_oracle, period), tables, (level, name)));
            for key in expected.keys().chain(got.keys().filter(|key| !expected.contains_key(key))) {
                let wrong = row(&ids, expected.get(key), got.get(key));
                found.extend(wrong.into_iter().map(|cell| format!("{}_{name} {}: {cell}", level.name(), spelled(key))));
            }
        }
    }
    found
}

/// Every hour of the hourly table that is not what the oracle says. An hour without a row is one in which nothing was.
fn other_hours(mut expected: BTreeMap<(Key, i64), Hour>, tables: &Tables, (level, period): (Level, &str)) -> Vec<String> {
    let rows = tables.rows(&format!("reports/hourly_{period}"));
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| text(row, "level").as_deref() == Some(level.name())) {
        let count = |column: &str| number(row, column).unwrap() as i64;
        let key = ((count("report_date"), text(row, "shop_id").unwrap(), text(row, "agent_id")), count("hour"));
        let got = Hour {
            receptions: count("receptions"),
            buyer_msgs: count("buyer_msgs"),
            rounds: count("rounds"),
            wait_ms_sum: count("wait_ms_sum"),
            unanswered: count("unanswered"),
        };
        let says = expected.remove(&key).unwrap_or_default();
        if got != says {
            found.push(format!("hourly_{period} {} hour {}: {got:?}, the oracle says {says:?}", spelled(&key.0), key.1));
        }
    }
    let missing = |((key, hour), says): ((Key, i64), Hour)| {
        format!("hourly_{period} {} hour {hour}: no row, the oracle says {says:?}", spelled(&key))
    };
    found.extend(expected.into_iter().map(missing));
    found
}

/// Every row of the detail tables that the oracle does not have, and the other way round: credits, rounds, sessions and peer-days as texts.
pub(crate) fn untraced(input: &Input, rules: &Rules, tables: &Tables) -> Vec<String> {
    let pairs = [
        (credits(input, rules), credit_rows(tables)),
        (rounds(input, rules), round_rows(tables)),
        (sessions(input, rules), session_rows(tables)),
        (peer_days(input, rules), peer_day_rows(tables)),
    ];
    let mut found = Vec::new();
    for (mut expected, got) in pairs {
        for row in got {
            match expected.iter().position(|other| *other == row) {
                Some(place) => drop(expected.swap_remove(place)),
                None => found.push(format!("published, not in the oracle: {row}")),
            }
        }
        found.extend(expected.into_iter().map(|row| format!("in the oracle, not published: {row}")));
    }
    found
}

fn credits(input: &Input, rules: &Rules) -> Vec<String> {
    let mut rows = Vec::new();
    for credit in oracle::credits(input, rules) {
        let rule = match credit.rule {
            // Not before the payments of its day have landed.
            oracle::Attribution::Order if credit.day + rules.final_pay_days > input.landed => continue,
            oracle::Attribution::Order => "order",
            oracle::Attribution::Payment => "payment",
            oracle::Attribution::OrderFirst => "order_first",
        };
        let of = format!("credit {} {} {:?} {rule}", super::date(credit.day), credit.order_id, credit.shop);
        let role = if credit.agent.is_some() { "credited" } else { "silent" };
        let line_at = credit.line_at.map(|at| at as f64);
        rows.push(format!("{of} {role} {:?} {:?} {line_at:?}", credit.agent, credit.message_id));
        rows.extend(credit.assists.iter().map(|agent| format!("{of} assist {:?}", Some(agent))));
    }
    rows
}

fn credit_rows(tables: &Tables) -> Vec<String> {
    let told = |row: &Row| {
        let [order, rule, role] = ["order_id", "rule", "role"].map(|column| text(row, column).unwrap());
        let (shop, agent) = (text(row, "shop_id").unwrap(), text(row, "agent_id"));
        let of = format!("credit {} {order} {shop:?} {rule} {role} {agent:?}", dated(row));
        if role == "assist" { of } else { format!("{of} {:?} {:?}", text(row, "message_id"), number(row, "line_at")) }
    };
    tables.rows("details/credits").iter().map(told).collect()
}

fn rounds(input: &Input, rules: &Rules) -> Vec<String> {
    let mut rows = Vec::new();
    for record in oracle::sessions(input, rules) {
        for round in &record.session.rounds {
            let outcome = match round.outcome {
                oracle::Outcome::Answered => "answered",
                oracle::Outcome::Unanswered => "unanswered",
                oracle::Outcome::Robot => "robot",
                oracle::Outcome::HandedOver => "handed_over",
            };
            let whose = format!("{} {:?} {:?} {:?}", super::date(record.day), record.shop, record.buyer, round.session);
            let waits = [round.replied_at, round.wait_ms, round.agent_wait_ms].map(|ms| ms.map(|ms| ms as f64));
            let asks = round.asks.len();
            rows.push(format!("round {whose} {} {outcome} {:?} {waits:?} {asks} {}", round.asked_at, round.agent, round.queued));
        }
    }
    rows
}

fn round_rows(tables: &Tables) -> Vec<String> {
    let told = |row: &Row| {
        let [shop, buyer, outcome] = ["shop_id", "buyer_id", "outcome"].map(|column| text(row, column).unwrap());
        let whose = format!("{} {shop:?} {buyer:?} {:?}", dated(row), text(row, "session_id"));
        let waits = ["replied_at", "wait_ms", "agent_wait_ms"].map(|column| number(row, column));
        let (asks, agent) = (number(row, "asks").unwrap(), text(row, "agent_id"));
        format!("round {whose} {} {outcome} {agent:?} {waits:?} {asks} {}", number(row, "asked_at").unwrap(), truth(row, "queued"))
    };
    tables.rows("details/rounds").iter().map(told).collect()
}

fn sessions(input: &Input, rules: &Rules) -> Vec<String> {
    let told = |record: oracle::SessionRecord| {
        let session = &record.session;
        let lines = record.shop_lines();
        let asked = lines.iter().filter(|line| line.buyer).count();
        let counts = [asked, lines.len() - asked, record.shop_autos()].map(|count| count as f64);
        let whose = format!("{} {:?} {:?} {:?}", super::date(record.day), record.shop, record.buyer, session.id);
        format!("session {whose} {} {counts:?} {}", session.start, record.filtered)
    };
    oracle::sessions(input, rules).into_iter().map(told).collect()
}

fn session_rows(tables: &Tables) -> Vec<String> {
    let told = |row: &Row| {
        let [shop, buyer] = ["shop_id", "buyer_id"].map(|column| text(row, column).unwrap());
        let counts = ["buyer_msgs", "agent_msgs", "auto_msgs"].map(|column| number(row, column).unwrap());
        let whose = format!("{} {shop:?} {buyer:?} {:?}", dated(row), text(row, "session_id"));
        format!("session {whose} {} {counts:?} {}", number(row, "started_at").unwrap(), text(row, "filtered").is_some())
    };
    tables.rows("details/sessions").iter().map(told).collect()
}

fn peer_days(input: &Input, rules: &Rules) -> Vec<String> {
    let told = |(shop, buyer, day, agent, why): oracle::PeerDay| {
        format!("peer-day {} {shop:?} {buyer:?} {agent:?} {:?}", super::date(day), why.unwrap_or(""))
    };
    oracle::peer_days(input, rules).into_iter().map(told).collect()
}

fn peer_day_rows(tables: &Tables) -> Vec<String> {
    let told = |row: &Row| {
        let [shop, buyer, agent] = ["shop_id", "buyer_id", "agent_id"].map(|column| text(row, column).unwrap());
        format!("peer-day {} {shop:?} {buyer:?} {agent:?} {:?}", dated(row), text(row, "filtered").unwrap_or_default())
    };
    tables.rows("details/peer_days").iter().map(told).collect()
}

fn dated(row: &Row) -> String {
    super::date(number(row, "business_day").unwrap() as i64)
}

fn spelled((day, shop, agent): &Key) -> String {
    format!("{} {shop:?} {agent:?}", super::date(*day))
}

/// A row exists on both sides, or nothing is said in it. The pipeline has rows for whoever has any state, as for the buyer of a
/// filtered day or for visitors without a chat, and none where all would be zero, as for a session of automatic lines alone.
pub(crate) fn row(ids: &[&str], expected: Option<&Cells>, got: Option<&Row>) -> Vec<String> {
    let mut wrong = Vec::new();
    for &id in ids {
        let cell = match got {
            Some(row) => {
                assert!(row.contains_key(id), "no column {id}");
                number(row, id)
            }
            None => None,
        };
        let oracle = match expected {
            Some(cells) => *cells.get(id).unwrap_or_else(|| panic!("the oracle has no {id}")),
            None => None,
        };
        let both = expected.is_some() && got.is_some();
        let same = if both { agrees(id, oracle, cell) } else { is_nothing(oracle) && is_nothing(cell) };
        if !same {
            wrong.push(format!("{id} is {cell:?}, the oracle says {oracle:?}{}", if both { "" } else { " (one row only)" }));
        }
    }
    wrong
}

fn is_nothing(cell: Option<f64>) -> bool {
    cell.is_none_or(|value| value == 0.0)
}

pub(crate) fn agrees(id: &str, expected: Option<f64>, got: Option<f64>) -> bool {
    match (expected, got) {
        (None, None) => true,
        // The most of no receptions: the oracle counts them, the pipeline has no maximum of nothing.
        (Some(0.0), None) => id == "max_concurrent",
        (Some(expected), Some(got)) => is_close(id, expected, got),
        _ => false,
    }
}

/// Percentiles come of a histogram within 1 %; sums, counts and money are exact, and quotients as exact as f64 is.
pub(crate) fn is_close(id: &str, expected: f64, got: f64) -> bool {
    let within = |tolerance: f64| (got - expected).abs() <= tolerance * expected.abs();
    let whole = expected.fract() == 0.0 && got.fract() == 0.0;
    match id {
        _ if id.starts_with("resp_p") => within(0.01),
        // Products of money, published to the fen (outputs: DECIMAL(18,2)).
        "service_cost" | "commission" => (got - expected).abs() < 0.005 + 1e-9,
        _ => got == expected || !whole && within(1e-9),
    }
}
