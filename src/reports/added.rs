//! Whole numbers added up as their rows come: what shards come to in a day, and days in a period.

use super::chat_states::{HOURLY, WAITED};
use super::states::{Part, sum_columns};
use crate::frames::held;
use crate::job::Level;
use crate::metrics::Formula;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::Int64Type;
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

/// Rows that room is made for where one is added to others: mostly more come.
const SPARE: usize = 16;

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
            // Not much more than is needed: there are as many of these as agents.
            if self.values.capacity() < end {
                let spare = if self.is_empty() { 0 } else { SPARE * width };
                self.values.reserve_exact(end + spare - self.values.len());
            }
            self.values.resize(end, NONE);
        }
        end - width
    }
}

/// Rows one after another that are of one.
struct Run {
    rows: Range<usize>,
    who: u32,
    start: usize,
}

/// Up to eight conditions to be counted. Each row is a byte, with a bit for each that holds.
struct Conditions {
    /// Where the count of each belongs.
    places: Vec<usize>,
    rows: Vec<u8>,
}

/// By byte: its bits as eight bytes, so that eight counts grow with one addition.
const SPREAD: [u64; 256] = {
    let mut spread = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            spread[byte] |= ((byte as u64 >> bit) & 1) << (8 * bit);
            bit += 1;
        }
        byte += 1;
    }
    spread
};

/// A byte a row, with a bit for each of up to eight conditions that holds.
fn bytes<'a>(conditions: impl Iterator<Item = &'a BooleanBuffer>) -> Vec<u8> {
    let words = conditions.map(|held| held.bit_chunks().iter_padded().collect::<Vec<_>>()).collect::<Vec<_>>();
    let mut rows = Vec::with_capacity(words[0].len() * 64);
    for word in 0..words[0].len() {
        for shift in (0..64).step_by(8) {
            let eight = words.iter().enumerate().map(|(bit, held)| SPREAD[usize::from((held[word] >> shift) as u8)] << bit);
            rows.extend_from_slice(&eight.fold(0, |rows, held| rows | held).to_le_bytes());
        }
    }
    rows
}

impl Conditions {
    fn new(columns: &[(usize, BooleanBuffer)]) -> Conditions {
        Conditions { places: columns.iter().map(|(place, _)| *place).collect(), rows: bytes(columns.iter().map(|(_, held)| held)) }
    }

    /// Adds the rows for which each holds.
    fn add(&self, own: &mut [i64], rows: &Range<usize>) {
        // A count of more does not fit into a byte.
        for rows in self.rows[rows.clone()].chunks(255) {
            let counts = rows.iter().map(|row| SPREAD[usize::from(*row)]).sum::<u64>().to_le_bytes();
            self.places.iter().zip(counts).for_each(|(place, count)| own[*place] += i64::from(count));
        }
    }
}

/// What the rows of a column add. Null adds nothing.
pub(super) enum Says<'a> {
    /// One where a condition holds.
    Count(BooleanBuffer),
    /// A number, where there are exceptions only where it is known.
    Number(Option<BooleanBuffer>, &'a [i64]),
}

impl<'a> Says<'a> {
    /// A column of conditions or of numbers.
    pub(super) fn of(column: &'a ArrayRef) -> Says<'a> {
        match column.as_boolean_opt() {
            Some(conditions) => Says::Count(held(conditions)),
            None => Says::Number(column.nulls().map(|nulls| nulls.inner().clone()), column.as_primitive::<Int64Type>().values()),
        }
    }

    /// The same, where a condition holds.
    pub(super) fn only(self, condition: &ArrayRef) -> Says<'a> {
        let holds = held(condition.as_boolean());
        match self {
            Says::Count(also) => Says::Count(&holds & &also),
            Says::Number(known, values) => Says::Number(Some(known.map_or_else(|| holds.clone(), |known| &holds & &known)), values),
        }
    }

    fn row(&self, row: usize) -> i64 {
        match self {
            Says::Count(held) => held.value(row).into(),
            Says::Number(known, values) => values[row] * i64::from(known.as_ref().is_none_or(|known| known.value(row))),
        }
    }
}

/// A column of numbers to be added up, with a byte a row: 1 where it is known.
struct Numbers<'a> {
    known: Option<Vec<u8>>,
    values: &'a [i64],
    max: bool,
}

impl Numbers<'_> {
    /// Adds what some rows say. Whether one is known is as often so as not: nothing is decided by it.
    fn add(&self, own: &mut i64, rows: Range<usize>) {
        let values = self.values[rows.clone()].iter();
        *own = match &self.known {
            None if self.max => values.fold(*own, |own, value| own.max(*value)),
            None => *own + values.sum::<i64>(),
            Some(known) if self.max => {
                values.zip(&known[rows]).filter(|(_, known)| **known > 0).fold(*own, |own, (value, _)| own.max(*value))
            }
            Some(known) => *own + values.zip(&known[rows]).map(|(value, known)| value & -i64::from(*known)).sum::<i64>(),
        };
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

    /// Makes sure of a row. Returns where it lies among those of its own.
    #[inline(always)]
    fn open(&mut self, who: u32, number: i64) -> usize {
        // Mostly it is there, which its first value tells unless it is a largest.
        if let Some(cells) = self.of.get(who as usize) {
            let start = (number as usize).wrapping_sub(cells.least).wrapping_mul(self.names.len());
            if cells.values.get(start).is_some_and(|first| *first != NONE) {
                return start;
            }
        }
        self.begin(who, number)
    }

    #[inline(never)]
    fn begin(&mut self, who: u32, number: i64) -> usize {
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
        start
    }

    /// Adds what is said by the columns there are. `whos`: whose each row is.
    pub(super) fn add<'a>(&mut self, whos: &[u32], says: impl Fn(&str) -> Option<Says<'a>>) {
        // Rows of one mostly follow one another.
        let mut runs: Vec<Run> = Vec::new();
        for (row, who) in whos.iter().copied().enumerate().filter(|(_, who)| *who != NOBODY) {
            match runs.last_mut() {
                Some(run) if (run.who, run.rows.end) == (who, row) => run.rows.end = row + 1,
                _ => runs.push(Run { rows: row..row + 1, who, start: self.open(who, 0) }),
            }
        }
        let (mut conditions, mut sums) = (Vec::new(), Vec::new());
        for (place, name) in self.names.iter().enumerate() {
            match says(name) {
                Some(Says::Count(held)) => conditions.push((place, held)),
                Some(Says::Number(known, values)) => {
                    let known = known.map(|known| bytes(std::iter::once(&known)));
                    sums.push((place, Numbers { known, values, max: self.maxima[place] }));
                }
                None => {}
            }
        }
        let conditions = conditions.chunks(8).map(Conditions::new).collect::<Vec<_>>();
        for Run { rows, who, start } in runs {
            let own = &mut self.of[who as usize].values[start..];
            conditions.iter().for_each(|conditions| conditions.add(own, &rows));
            sums.iter().for_each(|(place, numbers)| numbers.add(&mut own[*place], rows.clone()));
        }
    }

    /// The same of sums by `numbers` too, one of each row. Rows that go to one place seldom follow one another: each goes its way alone.
    pub(super) fn add_by<'a>(&mut self, whos: &[u32], numbers: &[i64], says: impl Fn(&str) -> Option<Says<'a>>) {
        let columns = self.names.iter().enumerate().filter_map(|(place, name)| Some((place, says(name)?))).collect::<Vec<_>>();
        for (row, who) in whos.iter().copied().enumerate().filter(|(_, who)| *who != NOBODY) {
            let start = self.open(who, numbers[row]);
            let own = &mut self.of[who as usize].values[start..];
            columns.iter().for_each(|(place, says)| own[*place] += says.row(row));
        }
    }

    /// Adds all of another with the same columns.
    pub(super) fn merge(&mut self, other: &Added) {
        for (who, number, values) in other.rows() {
            let start = self.open(who, number);
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
    use arrow::array::{BooleanArray, Int64Array};
    use std::sync::Arc;

    #[test]
    fn a_run_counts_the_rows_for_which_a_condition_holds() {
        let condition = |nth: usize| (0..1000).map(|row| (row % 7 != 0).then_some(row % (nth + 1) == 0)).collect::<BooleanArray>();
        // Rows that begin anywhere in a word of bits.
        let conditions = (0..8).map(|nth| condition(nth).slice(5, 900)).collect::<Vec<_>>();
        let columns = conditions.iter().enumerate().map(|(nth, condition)| (nth, held(condition))).collect::<Vec<_>>();
        for columns in [&columns[..], &columns[..3]] {
            let counted = Conditions::new(columns);
            for rows in (0..900).flat_map(|start| [1, 2, 5, 64, 255, 256, 600].map(|count| start..(start + count).min(900))) {
                let mut own = vec![0; columns.len()];
                counted.add(&mut own, &rows);
                let holds =
                    |nth: usize| rows.clone().filter(|row| conditions[nth].is_valid(*row) && conditions[nth].value(*row)).count() as i64;
                assert_eq!(own, (0..columns.len()).map(holds).collect::<Vec<_>>(), "{rows:?}");
            }
        }
    }

    #[test]
    fn a_number_is_added_where_it_is_known_and_its_condition_holds() {
        let numbers: ArrayRef = Arc::new((0..600).map(|row| (row % 3 != 0).then_some(row)).collect::<Int64Array>());
        let condition: ArrayRef = Arc::new((0..600).map(|row| (row % 5 != 0).then_some(row % 2 == 0)).collect::<BooleanArray>());
        // Of three, by turns in short runs, and then one in a long one; every seventh row is nobody's.
        let who = |row: u32| match row {
            row if row % 7 == 0 => NOBODY,
            0..300 => row / 4 % 3,
            _ => 1,
        };
        let whos = (0..600).map(who).collect::<Vec<_>>();
        let says = |name: &str| match name {
            "all" => Some(Says::of(&numbers)),
            "some" | "largest" => Some(Says::of(&numbers).only(&condition)),
            "count" => Some(Says::of(&condition)),
            _ => None,
        };
        let mut added = Added::new(vec!["all", "some", "count", "largest"], vec![false, false, false, true]);
        added.add(&whos, says);
        let rows = (0..600i64).filter(|row| row % 3 != 0);
        let holds = |row: &i64| row % 5 != 0 && row % 2 == 0;
        for (who, _, values) in added.rows() {
            let own = |row: &i64| whos[*row as usize] == who;
            let all = rows.clone().filter(own).sum::<i64>();
            let some = rows.clone().filter(own).filter(holds);
            let count = (0..600).filter(own).filter(holds).count() as i64;
            assert_eq!(values, [all, some.clone().sum(), count, some.max().unwrap()], "{who}");
        }
        // By a number of each row it comes to the same.
        let mut by = Added::new(vec!["all", "some", "count"], vec![false; 3]);
        by.add_by(&whos, &(0..600).map(|row| row % 4).collect::<Vec<_>>(), says);
        for (who, _, values) in added.rows() {
            let sum = |place: usize| by.rows().filter(|row| row.0 == who).map(|row| row.2[place]).sum::<i64>();
            assert_eq!(values[..3], [sum(0), sum(1), sum(2)], "{who}");
        }
    }
}
