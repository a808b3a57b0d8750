//! The values of a row, and the arithmetic that fills them (§10).

use std::collections::BTreeMap;

/// The values of a row by the id of the metric. `None` is null.
pub(crate) type Cells = BTreeMap<&'static str, Option<f64>>;

pub(super) fn set(cells: &mut Cells, id: &'static str, count: usize) {
    cells.insert(id, Some(count as f64));
}

/// A denominator of 0 makes a null, not 0.
pub(super) fn ratio(cells: &mut Cells, id: &'static str, numerator: f64, denominator: f64) {
    cells.insert(id, (denominator != 0.0).then(|| numerator / denominator));
}

pub(super) fn share(cells: &mut Cells, id: &'static str, numerator: usize, denominator: usize) {
    ratio(cells, id, numerator as f64, denominator as f64);
}

/// The mean of waits in milliseconds, as seconds.
pub(super) fn mean(cells: &mut Cells, id: &'static str, waits: &[i64]) {
    ratio(cells, id, seconds(waits.iter().sum()), waits.len() as f64);
}

pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

pub(super) fn yuan(fen: i64) -> f64 {
    fen as f64 / 100.0
}
