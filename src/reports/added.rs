//! Whole numbers added up as their rows come: what shards come to in a day, and days in a period.

use super::states::{HOURLY, Part, WAITED, sum_columns};
use crate::job::Level;
use crate::metrics::Formula;
use arrow::array::types::Int64Type;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use polars::prelude::Column;
use std::ops::Range;

/// Sums by whom they are of and a small number: a bucket, an hour, or 0.
#[derive(Clone)]
pub(super) struct Added {
    pub(super) names: Vec<&'static str>,
    /// Columns of which the largest counts.
    maxima: Vec<bool>,
    /// By who.
    pub(super) of: Vec<Cells>,
    rows: usize,
}

/// The rows of one. They lie by number, from the least on: there are many of them, close together.
#[derive(Clone, Default)]
pub(super) struct Cells {
    least: usize,
    values: Vec<i64>,
}

/// Whose a row is, its number and its values.
pub(super) type Row<'a> = (u32, i64, &'a [i64]);

/// Whose a row is that is nobody's: it is passed over.
pub(super) const NOBODY: u32 = u32::MAX;

/// No value; a row of nothing else is not there.
const NONE: i64 = i64::MIN;

fn combine(own: &mut i64, value: i64, max: bool) {
    *own = if max { value.max(*own) } else { *own + value };
}

impl Cells {
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows there are, `width` values each, by number.
    pub(super) fn rows(&self, width: usize) -> impl Iterator<Item = (i64, &[i64])> + Clone {
        let rows = (self.least as i64..).zip(self.values.chunks_exact(width));
        rows.filter(|(_, values)| values.iter().any(|value| *value != NONE))
    }

    /// Where a row lies. What is made room for is not there yet.
    fn reach(&mut self, number: usize, width: usize) -> usize {
        if self.is_empty() {
            self.least = number;
        }
        if number < self.least {
            let before = (self.least - number) * width;
            self.values.splice(..0, std::iter::repeat_n(NONE, before));
            self.least = number;
        }
        let end = (number - self.least + 1) * width;
        if self.values.len() < end {
            // No more than is needed: there are as many of these as agents.
            self.values.reserve_exact(end - self.values.len());
            self.values.resize(end, NONE);
        }
        end - width
    }
}

/// The rows for which a condition holds, a bit each. Null does not hold.
struct Held(Vec<u64>);

impl Held {
    fn new(conditions: &BooleanArray) -> Held {
        let held = conditions.nulls().map_or_else(|| conditions.values().clone(), |known| conditions.values() & known.inner());
        Held(held.bit_chunks().iter_padded().collect())
    }

    /// How many of some rows, at least one.
    fn count(&self, rows: &Range<usize>) -> i64 {
        let (first, last) = (rows.start / 64, (rows.end - 1) / 64);
        let (from, to) = (u64::MAX << (rows.start % 64), u64::MAX >> (63 - (rows.end - 1) % 64));
        if first == last {
            return i64::from((self.0[first] & from & to).count_ones());
        }
        let between = self.0[first + 1..last].iter().map(|bits| i64::from(bits.count_ones())).sum::<i64>();
        i64::from((self.0[first] & from).count_ones() + (self.0[last] & to).count_ones()) + between
    }
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
        Added { names, maxima, of: Vec::new(), rows: 0 }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// By who and number.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let of = (0u32..).zip(&self.of);
        of.flat_map(|(who, cells)| cells.rows(self.names.len()).map(move |(number, values)| (who, number, values)))
    }

    /// Makes sure of a row.
    fn open(&mut self, who: u32, number: i64) {
        let index = who as usize;
        if self.of.len() <= index {
            self.of.resize(index + 1, Cells::default());
        }
        let cells = &mut self.of[index];
        let start = cells.reach(number.max(0) as usize, self.names.len());
        let row = &mut cells.values[start..start + self.names.len()];
        if row.iter().all(|value| *value == NONE) {
            row.iter_mut().zip(&self.maxima).filter(|(_, max)| !**max).for_each(|(value, _)| *value = 0);
            self.rows += 1;
        }
    }

    /// Where a row that is there lies among those of its own.
    fn start(&self, who: u32, number: i64) -> usize {
        (number.max(0) as usize - self.of[who as usize].least) * self.names.len()
    }

    /// Adds the columns there are: numbers, or conditions to be counted; what is null adds nothing. `whos`, `numbers`: of each row.
    pub(super) fn add(&mut self, whos: &[u32], numbers: Option<&[i64]>, rows: &RecordBatch) {
        let number = |row: usize| numbers.map_or(0, |numbers| numbers[row]);
        // Rows that go to one place mostly follow one another.
        let mut runs: Vec<(Range<usize>, u32, i64)> = Vec::new();
        for (row, who) in whos.iter().copied().enumerate().filter(|(_, who)| *who != NOBODY) {
            match runs.last_mut() {
                Some((run, of, of_number)) if (*of, *of_number) == (who, number(row)) && run.end == row => run.end = row + 1,
                _ => {
                    self.open(who, number(row));
                    runs.push((row..row + 1, who, number(row)));
                }
            }
        }
        let runs = runs.into_iter().map(|(run, who, number)| (run, who as usize, self.start(who, number))).collect::<Vec<_>>();
        for (index, (name, max)) in self.names.iter().zip(&self.maxima).enumerate() {
            let Some(column) = rows.column_by_name(name) else { continue };
            let own = runs.iter().map(|(run, who, start)| (run, *who, start + index));
            if let Some(conditions) = column.as_boolean_opt() {
                let held = Held::new(conditions);
                own.for_each(|(run, who, place)| self.of[who].values[place] += held.count(run));
                continue;
            }
            let column = column.as_primitive::<Int64Type>();
            let has_nulls = column.null_count() > 0;
            for (run, who, place) in own {
                let own = &mut self.of[who].values[place];
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
        for (who, number, values) in other.rows() {
            self.open(who, number);
            let start = self.start(who, number);
            for ((own, value), max) in self.of[who as usize].values[start..].iter_mut().zip(values).zip(&self.maxima) {
                combine(own, *value, *max);
            }
        }
    }

    /// Takes out the rows of some.
    pub(super) fn take(&mut self, of: impl Fn(u32) -> bool) -> Added {
        let width = self.names.len();
        let mut taken = Added::new(self.names.clone(), self.maxima.clone());
        taken.of = vec![Cells::default(); self.of.len()];
        let all = (0u32..).zip(self.of.iter_mut().zip(&mut taken.of));
        for (_, (own, taken)) in all.filter(|(who, (own, _))| !own.is_empty() && of(*who)) {
            *taken = std::mem::take(own);
        }
        taken.rows = taken.of.iter().map(|cells| cells.rows(width).count()).sum();
        self.rows -= taken.rows;
        taken
    }

    /// The columns of some rows.
    pub(super) fn columns(&self, rows: &[Row]) -> Vec<Column> {
        let column = |(index, name): (usize, &&str)| {
            let values = rows.iter().map(|(_, _, values)| Some(values[index]).filter(|value| *value != NONE));
            Column::new((*name).into(), values.collect::<Vec<_>>())
        };
        self.names.iter().enumerate().map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_counts_the_rows_for_which_a_condition_holds() {
        let conditions = (0..200).map(|row| (row % 7 != 0).then_some(row % 3 == 0)).collect::<BooleanArray>();
        // Rows that begin anywhere in a word of bits.
        let conditions = conditions.slice(5, 190);
        let held = Held::new(&conditions);
        for start in 0..190 {
            for end in start + 1..=190 {
                let expected = (start..end).filter(|row| conditions.is_valid(*row) && conditions.value(*row)).count() as i64;
                assert_eq!(held.count(&(start..end)), expected, "{start}..{end}");
            }
        }
    }
}
