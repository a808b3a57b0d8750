//! Whole numbers added up as their rows come: what shards come to in a day, and days in a period.

use super::states::{HOURLY, Part, WAITED, sum_columns};
use crate::job::Level;
use crate::metrics::Formula;
use arrow::array::types::Int64Type;
use arrow::array::{Array, AsArray, RecordBatch};
use polars::prelude::*;
use std::ops::Range;

/// Sums by whom they are of and a small number: a bucket, an hour, or 0.
#[derive(Clone)]
pub(super) struct Added {
    pub(super) names: Vec<&'static str>,
    /// Columns of which the largest counts; `i64::MIN` is none.
    maxima: Vec<bool>,
    /// By who and number: the row, from 1.
    pub(super) places: Vec<Vec<u32>>,
    /// Who and number of each row.
    pub(super) rows: Vec<(u32, i64)>,
    pub(super) values: Vec<i64>,
}

/// Whose a row is that is nobody's: it is passed over.
pub(super) const NOBODY: u32 = u32::MAX;

fn combine(own: &mut i64, value: i64, max: bool) {
    *own = if max { value.max(*own) } else { *own + value };
}

impl Added {
    pub(super) fn of_sums(level: Level, part: Part) -> Added {
        let is_max = |formula: &Formula| matches!(formula, Formula::Max(..) | Formula::Last(..));
        let (names, maxima) = sum_columns(level, part).map(|(id, _, formula)| (id, is_max(formula))).unzip();
        Added::new(names, maxima)
    }

    pub(super) fn of_waits() -> Added {
        Added::new(WAITED.to_vec(), vec![false; WAITED.len()])
    }

    pub(super) fn of_hours() -> Added {
        Added::new(HOURLY.to_vec(), vec![false; HOURLY.len()])
    }

    fn new(names: Vec<&'static str>, maxima: Vec<bool>) -> Added {
        Added { names, maxima, places: Vec::new(), rows: Vec::new(), values: Vec::new() }
    }

    fn place(&mut self, who: u32, number: i64) -> usize {
        let (who_index, at) = (who as usize, number.max(0) as usize);
        if self.places.len() <= who_index {
            self.places.resize(who_index + 1, Vec::new());
        }
        let places = &mut self.places[who_index];
        if places.len() <= at {
            places.resize(at + 1, 0);
        }
        if places[at] == 0 {
            self.rows.push((who, number));
            places[at] = self.rows.len() as u32;
            self.values.extend(self.maxima.iter().map(|max| if *max { i64::MIN } else { 0 }));
        }
        places[at] as usize - 1
    }

    /// Adds the columns there are; what is null adds nothing. `whos`, `numbers`: of each row.
    pub(super) fn add(&mut self, whos: &[u32], numbers: Option<&[i64]>, rows: &RecordBatch) {
        let number = |row: usize| numbers.map_or(0, |numbers| numbers[row]);
        // Rows that go to one place mostly follow one another.
        let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
        let mut last = None;
        for (row, who) in whos.iter().copied().enumerate().filter(|(_, who)| *who != NOBODY) {
            let key = (who, number(row));
            match runs.last_mut() {
                Some((run, _)) if run.end == row && last == Some(key) => run.end += 1,
                _ => runs.push((row..row + 1, self.place(key.0, key.1))),
            }
            last = Some(key);
        }
        let width = self.names.len();
        for (index, (name, max)) in self.names.iter().zip(&self.maxima).enumerate() {
            let Some(column) = rows.column_by_name(name) else { continue };
            let column = column.as_primitive::<Int64Type>();
            let has_nulls = column.null_count() > 0;
            for (run, place) in &runs {
                let own = &mut self.values[place * width + index];
                if has_nulls || *max {
                    run.clone().filter(|row| column.is_valid(*row)).for_each(|row| combine(own, column.value(row), *max));
                } else {
                    *own += column.values()[run.clone()].iter().sum::<i64>();
                }
            }
        }
    }

    /// Adds all of another with the same columns.
    pub(super) fn merge(&mut self, other: &Added) {
        let width = self.names.len();
        for ((who, number), values) in other.rows.iter().zip(other.values.chunks_exact(width)) {
            let start = self.place(*who, *number) * width;
            for ((own, value), max) in self.values[start..].iter_mut().zip(values).zip(&self.maxima) {
                combine(own, *value, *max);
            }
        }
    }

    /// The columns of some rows.
    pub(super) fn columns(&self, rows: impl Iterator<Item = usize> + Clone) -> Vec<Column> {
        let value = |row: usize, index: usize| Some(self.values[row * self.names.len() + index]).filter(|value| *value != i64::MIN);
        let column =
            |(index, name): (usize, &&str)| Column::new((*name).into(), rows.clone().map(|row| value(row, index)).collect::<Vec<_>>());
        self.names.iter().enumerate().map(column).collect()
    }
}
