//! The published report tables against the oracle, cell by cell.

use super::tables::{Key, Row, Tables, number};
use crate::oracle::{self, Cells, Input, Rules};
use kefu::job::Level;
use kefu::metrics;

const LEVELS: [(oracle::Level, Level); 2] = [(oracle::Level::Shop, Level::Shop), (oracle::Level::Agent, Level::Agent)];
pub(crate) const PERIODS: [(oracle::Period, &str); 5] = [
    (oracle::Period::Day, "day"),
    (oracle::Period::Week, "week"),
    (oracle::Period::Month, "month"),
    (oracle::Period::Quarter, "quarter"),
    (oracle::Period::Year, "year"),
];

/// Every metric of every row of both levels and all periods that is not what the oracle says.
pub(crate) fn disagreements(input: &Input, rules: &Rules, tables: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for (of_oracle, level) in LEVELS {
        for (period, name) in PERIODS {
            let expected = oracle::report(input, rules, of_oracle, period);
            let got = tables.report(level.name(), name);
            for key in expected.keys().chain(got.keys().filter(|key| !expected.contains_key(key))) {
                let wrong = row(level, expected.get(key), got.get(key));
                found.extend(wrong.into_iter().map(|cell| format!("{}_{name} {}: {cell}", level.name(), spelled(key))));
            }
        }
    }
    found
}

fn spelled((day, shop, agent): &Key) -> String {
    format!("{} {shop:?} {agent:?}", super::date(*day))
}

/// A row exists on both sides, or nothing is said in it. The pipeline has rows for whoever has any state, as for the buyer of a
/// filtered day or for visitors without a chat, and none where all would be zero, as for a session of automatic lines alone.
fn row(level: Level, expected: Option<&Cells>, got: Option<&Row>) -> Vec<String> {
    let mut wrong = Vec::new();
    for metric in metrics::of_level(level).filter(|metric| !metric.component) {
        let id = metric.id.as_str();
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
    let tolerance = if id.starts_with("resp_p") { 0.01 } else { 1e-9 };
    let exact = got == expected;
    exact || (expected.fract() != 0.0 || got.fract() != 0.0) && (got - expected).abs() <= tolerance * expected.abs()
}
