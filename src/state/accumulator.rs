//! Grouped sums and maxima of whole numbers, updated batch by batch: from the shards of a day, and from the days of a period.
//!
//! Libraries considered: DataFusion's `GroupsAccumulator`, whose verbs the methods have, and Polars' `group_by`.
//! - Many of the sums count a condition. Polars would make each such sum a column of numbers first. Here a condition stays a bitmap
//!   (`accumulator_input.rs`).
//! - The groups of a shard are merged into those of the day, whose names are codes; `group_by` would build its hash table anew for each
//!   shard.
//! - Group codes and the second key (a wait bucket, an hour) are small and dense, so that a row's place is computed and never hashed.
//!
//! Figures: DECISIONS #53 and `benches/RESULTS.md` for the pass that contains it; none is recorded for this file alone. Delete it once a
//! library counts bitmaps per group and merges groups of partial results under given codes.

use super::accumulator_input::{AccumulatorInput, CountedConditions, SummedNumbers, condition_bytes};
use super::schema::{HOUR_COLUMNS, StatePart, SumColumn, WAIT_COLUMNS, sum_columns, video_columns};
use crate::metrics::declaration::Formula;
use crate::model::Level;
use polars::prelude::Column;
use std::ops::Range;

/// Sums and maxima by group and a second key: a wait bucket, an hour, or 0. All values are i64.
#[derive(Clone)]
pub(super) struct GroupedAccumulator {
    /// The value columns.
    pub(super) names: Vec<&'static str>,
    /// By column: whether it takes the largest value instead of the sum.
    is_max: Vec<bool>,
    /// By group id.
    pub(super) groups: Vec<GroupRows>,
    /// The number of rows of all groups.
    rows: usize,
}

/// The rows of one group: a dense array by the second key, from the smallest key on, because the keys of a group lie close together.
#[derive(Clone, Default)]
pub(super) struct GroupRows {
    /// The smallest second key.
    first_key: usize,
    /// One value per column and key, key by key.
    values: Vec<i64>,
}

/// A row: its group id, its second key and its values.
pub(super) type GroupRow<'a> = (u32, i64, &'a [i64]);

/// The group id of a row that belongs to no group; such a row is skipped.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// The null value. A row of nulls does not exist.
const NULL_VALUE: i64 = i64::MIN;

/// The rows reserved in advance when a group grows, because more usually follow.
const SPARE_ROWS: usize = 16;

/// Merges a value into its place.
fn combine(own: &mut i64, value: i64, max: bool) {
    *own = if max { value.max(*own) } else { *own + value };
}

impl GroupRows {
    /// Whether the group has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The existing rows by second key, ascending. `width`: the number of columns.
    pub(super) fn rows(&self, width: usize) -> impl Iterator<Item = (i64, &[i64])> + Clone {
        let rows = (self.first_key as i64..).zip(self.values.chunks_exact(width));
        rows.filter(|(_, values)| values.iter().any(|value| *value != NULL_VALUE))
    }

    /// Makes room for the row of a key and returns where it starts. The row does not exist until it has a value.
    fn reserve(&mut self, key: usize, width: usize) -> usize {
        if self.is_empty() {
            self.first_key = key;
        }
        if key < self.first_key {
            let before = (self.first_key - key) * width;
            self.values.splice(..0, std::iter::repeat_n(NULL_VALUE, before));
            self.first_key = key;
        }
        let end = (key - self.first_key + 1) * width;
        if self.values.len() < end {
            // The buffer grows by little, because there is one for every agent.
            if self.values.capacity() < end {
                let spare = if self.is_empty() { 0 } else { SPARE_ROWS * width };
                self.values.reserve_exact(end + spare - self.values.len());
            }
            self.values.resize(end, NULL_VALUE);
        }
        end - width
    }
}

/// Adjacent rows of one group.
struct RowRun {
    rows: Range<usize>,
    group_id: u32,
    /// Where the group's row starts among its values.
    start: usize,
}

impl GroupedAccumulator {
    /// An empty accumulator for the sums and maxima that metrics declare of a level and part. The second key is 0.
    pub(super) fn of_sums(level: Level, part: StatePart) -> GroupedAccumulator {
        GroupedAccumulator::of_columns(sum_columns(level, part))
    }

    /// An empty accumulator for the sums and maxima of videos. The second key is 0.
    pub(super) fn of_videos() -> GroupedAccumulator {
        GroupedAccumulator::of_columns(video_columns())
    }

    fn of_columns(columns: impl Iterator<Item = SumColumn>) -> GroupedAccumulator {
        let takes_max = |formula: &Formula| matches!(formula, Formula::Max(..) | Formula::Last(..));
        let (names, is_max) = columns.map(|(id, _, formula)| (id, takes_max(formula))).unzip();
        GroupedAccumulator::new(names, is_max)
    }

    /// An empty accumulator for wait histograms. The second key is the bucket.
    pub(super) fn of_waits() -> GroupedAccumulator {
        GroupedAccumulator::new(WAIT_COLUMNS.to_vec(), vec![false; WAIT_COLUMNS.len()])
    }

    /// An empty accumulator for hours. The second key is the hour of the business day.
    pub(super) fn of_hours() -> GroupedAccumulator {
        GroupedAccumulator::new(HOUR_COLUMNS.to_vec(), vec![false; HOUR_COLUMNS.len()])
    }

    fn new(names: Vec<&'static str>, is_max: Vec<bool>) -> GroupedAccumulator {
        GroupedAccumulator { names, is_max, groups: Vec::new(), rows: 0 }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The rows by group id and second key, ascending.
    pub(super) fn rows(&self) -> impl Iterator<Item = GroupRow<'_>> {
        let groups = (0u32..).zip(&self.groups);
        groups.flat_map(|(group_id, group)| group.rows(self.names.len()).map(move |(key, values)| (group_id, key, values)))
    }

    /// Returns where a row starts among the values of its group, and creates it if it does not exist.
    #[inline(always)]
    fn row_start(&mut self, group_id: u32, key: i64) -> usize {
        // The row usually exists. A first value that is not null proves it; where the first column is a maximum, it can be null.
        if let Some(group) = self.groups.get(group_id as usize) {
            let start = (key as usize).wrapping_sub(group.first_key).wrapping_mul(self.names.len());
            if group.values.get(start).is_some_and(|first| *first != NULL_VALUE) {
                return start;
            }
        }
        self.create_row(group_id, key)
    }

    /// The slow path of `row_start`: a new row begins with sums of 0 and maxima of null.
    #[inline(never)]
    fn create_row(&mut self, group_id: u32, key: i64) -> usize {
        let index = group_id as usize;
        if self.groups.len() <= index {
            self.groups.resize(index + 1, GroupRows::default());
        }
        let group = &mut self.groups[index];
        let start = group.reserve(key.max(0) as usize, self.names.len());
        let row = &mut group.values[start..start + self.names.len()];
        if row.iter().all(|value| *value == NULL_VALUE) {
            row.iter_mut().zip(&self.is_max).filter(|(_, max)| !**max).for_each(|(value, _)| *value = 0);
            self.rows += 1;
        }
        start
    }

    /// Adds a batch of rows under second key 0. `group_ids`: the group of each row, or `NO_GROUP`. `inputs`: the input of a column by name;
    /// a column without input stays as it is.
    pub(super) fn update_batch<'a>(&mut self, group_ids: &[u32], inputs: impl Fn(&str) -> Option<AccumulatorInput<'a>>) {
        // Rows of one group are mostly adjacent, so that a group is looked up once for each run of its rows.
        let mut runs: Vec<RowRun> = Vec::new();
        for (row, group_id) in group_ids.iter().copied().enumerate().filter(|(_, group_id)| *group_id != NO_GROUP) {
            match runs.last_mut() {
                Some(run) if (run.group_id, run.rows.end) == (group_id, row) => run.rows.end = row + 1,
                _ => runs.push(RowRun { rows: row..row + 1, group_id, start: self.row_start(group_id, 0) }),
            }
        }
        let (mut conditions, mut sums) = (Vec::new(), Vec::new());
        for (column, name) in self.names.iter().enumerate() {
            match inputs(name) {
                Some(AccumulatorInput::Count(held)) => conditions.push((column, held)),
                Some(AccumulatorInput::Number(valid, values)) => {
                    let validity = valid.map(|valid| condition_bytes(std::iter::once(&valid)));
                    sums.push((column, SummedNumbers { validity, values, max: self.is_max[column] }));
                }
                None => {}
            }
        }
        let conditions = conditions.chunks(8).map(CountedConditions::new).collect::<Vec<_>>();
        for RowRun { rows, group_id, start } in runs {
            let own = &mut self.groups[group_id as usize].values[start..];
            conditions.iter().for_each(|conditions| conditions.add(own, &rows));
            sums.iter().for_each(|(column, numbers)| numbers.add(&mut own[*column], rows.clone()));
        }
    }

    /// Adds a batch of rows under the second key of each row, to columns that are sums. Adjacent rows seldom share both keys, so that each
    /// row is added on its own. `group_ids`, `inputs`: as for [`Self::update_batch`].
    pub(super) fn update_batch_by<'a>(&mut self, group_ids: &[u32], keys: &[i64], inputs: impl Fn(&str) -> Option<AccumulatorInput<'a>>) {
        let inputs = self.names.iter().enumerate().filter_map(|(column, name)| Some((column, inputs(name)?))).collect::<Vec<_>>();
        for (row, group_id) in group_ids.iter().copied().enumerate().filter(|(_, group_id)| *group_id != NO_GROUP) {
            let start = self.row_start(group_id, keys[row]);
            let own = &mut self.groups[group_id as usize].values[start..];
            inputs.iter().for_each(|(column, input)| own[*column] += input.value(row));
        }
    }

    /// Merges the rows of another accumulator with the same columns and group ids.
    pub(super) fn merge_batch(&mut self, other: &GroupedAccumulator) {
        for (group_id, key, values) in other.rows() {
            let start = self.row_start(group_id, key);
            for ((own, value), max) in self.groups[group_id as usize].values[start..].iter_mut().zip(values).zip(&self.is_max) {
                combine(own, *value, *max);
            }
        }
    }

    /// Moves the groups for which `is_emitted` holds to an accumulator of their own.
    pub(super) fn emit(&mut self, is_emitted: impl Fn(u32) -> bool) -> GroupedAccumulator {
        let width = self.names.len();
        let mut emitted = GroupedAccumulator::new(self.names.clone(), self.is_max.clone());
        emitted.groups = vec![GroupRows::default(); self.groups.len()];
        let groups = (0u32..).zip(self.groups.iter_mut().zip(&mut emitted.groups));
        for (_, (own, emitted)) in groups.filter(|(group_id, (own, _))| !own.is_empty() && is_emitted(*group_id)) {
            *emitted = std::mem::take(own);
        }
        emitted.rows = emitted.groups.iter().map(|group| group.rows(width).count()).sum();
        self.rows -= emitted.rows;
        emitted
    }

    /// The value columns of some rows: Int64, null for a maximum without a value.
    pub(super) fn state(&self, rows: &[GroupRow]) -> Vec<Column> {
        let column = |(index, name): (usize, &&str)| {
            let values = rows.iter().map(|(_, _, values)| Some(values[index]).filter(|value| *value != NULL_VALUE));
            Column::new((*name).into(), values.collect::<Vec<_>>())
        };
        self.names.iter().enumerate().map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, BooleanArray, Int64Array};
    use std::sync::Arc;

    #[test]
    fn a_number_is_added_where_it_is_known_and_its_condition_holds() {
        let numbers: ArrayRef = Arc::new((0..600).map(|row| (row % 3 != 0).then_some(row)).collect::<Int64Array>());
        let condition: ArrayRef = Arc::new((0..600).map(|row| (row % 5 != 0).then_some(row % 2 == 0)).collect::<BooleanArray>());
        // Short runs of three groups, then a long run of one; every seventh row belongs to no group.
        let group_id = |row: u32| match row {
            row if row % 7 == 0 => NO_GROUP,
            0..300 => row / 4 % 3,
            _ => 1,
        };
        let group_ids = (0..600).map(group_id).collect::<Vec<_>>();
        let inputs = |name: &str| match name {
            "all" => Some(AccumulatorInput::new(&numbers)),
            "some" | "largest" => Some(AccumulatorInput::new(&numbers).filter(&condition)),
            "count" => Some(AccumulatorInput::new(&condition)),
            _ => None,
        };
        let mut sums = GroupedAccumulator::new(vec!["all", "some", "count", "largest"], vec![false, false, false, true]);
        sums.update_batch(&group_ids, inputs);
        let rows = (0..600i64).filter(|row| row % 3 != 0);
        let holds = |row: &i64| row % 5 != 0 && row % 2 == 0;
        for (group_id, _, values) in sums.rows() {
            let own = |row: &i64| group_ids[*row as usize] == group_id;
            let all = rows.clone().filter(own).sum::<i64>();
            let some = rows.clone().filter(own).filter(holds);
            let count = (0..600).filter(own).filter(holds).count() as i64;
            assert_eq!(values, [all, some.clone().sum(), count, some.max().unwrap()], "{group_id}");
        }
        // The sums over all second keys are the same.
        let mut by_key = GroupedAccumulator::new(vec!["all", "some", "count"], vec![false; 3]);
        by_key.update_batch_by(&group_ids, &(0..600).map(|row| row % 4).collect::<Vec<_>>(), inputs);
        for (group_id, _, values) in sums.rows() {
            let sum = |column: usize| by_key.rows().filter(|row| row.0 == group_id).map(|row| row.2[column]).sum::<i64>();
            assert_eq!(values[..3], [sum(0), sum(1), sum(2)], "{group_id}");
        }
    }
}
