//! What a column of a batch adds to an accumulator: counts of conditions, sums and maxima of numbers.
//!
//! A condition stays a bitmap. Eight conditions share one byte per row, and one addition advances their eight counts.
//! Figures: as for `accumulator.rs`.

use crate::frames::held;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::Int64Type;
use std::ops::Range;

/// Up to eight conditions that are counted together.
pub(super) struct CountedConditions {
    /// The column of each count.
    columns: Vec<usize>,
    /// One byte per row, with a bit for each condition that holds.
    rows: Vec<u8>,
}

/// By byte: its eight bits spread to eight bytes, so that one addition advances eight counts.
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

/// One byte per row, with a bit for each of up to eight conditions that holds. Padded with zeros to a multiple of 64 rows.
pub(super) fn condition_bytes<'a>(conditions: impl Iterator<Item = &'a BooleanBuffer>) -> Vec<u8> {
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

impl CountedConditions {
    /// `columns`: the column of each count and its condition by row, at least one and at most eight.
    pub(super) fn new(columns: &[(usize, BooleanBuffer)]) -> CountedConditions {
        CountedConditions {
            columns: columns.iter().map(|(column, _)| *column).collect(),
            rows: condition_bytes(columns.iter().map(|(_, held)| held)),
        }
    }

    /// Adds to each count the number of rows for which its condition holds.
    pub(super) fn add(&self, own: &mut [i64], rows: &Range<usize>) {
        // A byte holds a count of up to 255.
        for rows in self.rows[rows.clone()].chunks(255) {
            let counts = rows.iter().map(|row| SPREAD[usize::from(*row)]).sum::<u64>().to_le_bytes();
            self.columns.iter().zip(counts).for_each(|(column, count)| own[*column] += i64::from(count));
        }
    }
}

/// The input of a column. A null adds nothing.
pub(super) enum AccumulatorInput<'a> {
    /// Adds one for each row for which the condition holds.
    Count(BooleanBuffer),
    /// Adds the values of the rows whose bit is set; without a bitmap, of all rows.
    Number(Option<BooleanBuffer>, &'a [i64]),
}

impl<'a> AccumulatorInput<'a> {
    /// The input for a Boolean or Int64 column. Panics on any other dtype.
    pub(super) fn new(column: &'a ArrayRef) -> AccumulatorInput<'a> {
        match column.as_boolean_opt() {
            Some(conditions) => AccumulatorInput::Count(held(conditions)),
            None => {
                AccumulatorInput::Number(column.nulls().map(|nulls| nulls.inner().clone()), column.as_primitive::<Int64Type>().values())
            }
        }
    }

    /// The same input, restricted to the rows for which a Boolean column holds.
    pub(super) fn filter(self, condition: &ArrayRef) -> AccumulatorInput<'a> {
        let holds = held(condition.as_boolean());
        match self {
            AccumulatorInput::Count(counted) => AccumulatorInput::Count(&holds & &counted),
            AccumulatorInput::Number(known, values) => {
                AccumulatorInput::Number(Some(known.map_or_else(|| holds.clone(), |known| &holds & &known)), values)
            }
        }
    }

    /// What one row adds.
    pub(super) fn value(&self, row: usize) -> i64 {
        match self {
            AccumulatorInput::Count(held) => held.value(row).into(),
            AccumulatorInput::Number(known, values) => values[row] * i64::from(known.as_ref().is_none_or(|known| known.value(row))),
        }
    }
}

/// A column of numbers to be summed or maximized.
pub(super) struct SummedNumbers<'a> {
    /// One byte per row: 1 where the number is valid. `None`: all are.
    pub(super) validity: Option<Vec<u8>>,
    pub(super) values: &'a [i64],
    /// Whether the largest value is taken instead of the sum.
    pub(super) max: bool,
}

impl SummedNumbers<'_> {
    /// Adds the values of some rows. A validity byte masks its value instead of deciding a branch, because it is unpredictable.
    pub(super) fn add(&self, own: &mut i64, rows: Range<usize>) {
        let values = self.values[rows.clone()].iter();
        *own = match &self.validity {
            None if self.max => values.fold(*own, |own, value| own.max(*value)),
            None => *own + values.sum::<i64>(),
            Some(validity) if self.max => {
                values.zip(&validity[rows]).filter(|(_, valid)| **valid > 0).fold(*own, |own, (value, _)| own.max(*value))
            }
            Some(validity) => *own + values.zip(&validity[rows]).map(|(value, valid)| value & -i64::from(*valid)).sum::<i64>(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::BooleanArray;

    #[test]
    fn a_run_counts_the_rows_for_which_a_condition_holds() {
        let condition = |nth: usize| (0..1000).map(|row| (row % 7 != 0).then_some(row % (nth + 1) == 0)).collect::<BooleanArray>();
        // The slice starts in the middle of a word of bits.
        let conditions = (0..8).map(|nth| condition(nth).slice(5, 900)).collect::<Vec<_>>();
        let columns = conditions.iter().enumerate().map(|(nth, condition)| (nth, held(condition))).collect::<Vec<_>>();
        for columns in [&columns[..], &columns[..3]] {
            let counted = CountedConditions::new(columns);
            for rows in (0..900).flat_map(|start| [1, 2, 5, 64, 255, 256, 600].map(|count| start..(start + count).min(900))) {
                let mut own = vec![0; columns.len()];
                counted.add(&mut own, &rows);
                let holds =
                    |nth: usize| rows.clone().filter(|row| conditions[nth].is_valid(*row) && conditions[nth].value(*row)).count() as i64;
                assert_eq!(own, (0..columns.len()).map(holds).collect::<Vec<_>>(), "{rows:?}");
            }
        }
    }
}
