//! Lines that lie in the partition of another day than their own. Exports write late lines into the next partition; a run of a day then misses
//! them unless the source has a `lateness`.

use super::batch::CanonicalBatch;
use super::files::{partition_bounds, partition_dates, partition_of, partitions_of};
use super::read::read;
use crate::config::Plan;
use crate::error::Result;
use crate::model::InputTable;
use crate::store::StoredObject;
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The share of a partition's lines that may be of other days without a warning.
const MAX_STRAYS: f64 = 0.001;

/// The partitions of the message files that are read.
pub(super) struct MessagePartitions<'a> {
    plan: &'a Plan,
    /// File key → the date of its partition, and the instants (UTC ms) of the lines that may lie in it.
    by_file: HashMap<String, (Day, Range<i64>)>,
}

/// Lines by partition: how many there are, and how many of them are of which other days.
#[derive(Default)]
pub(super) struct Strays(BTreeMap<Day, (i64, BTreeMap<Day, i64>)>);

impl<'a> MessagePartitions<'a> {
    /// The partitions of some files. A partition may hold lines of as many days before its own as the source's `lateness` says.
    pub(super) fn of(plan: &'a Plan, files: &[(Option<Day>, StoredObject)]) -> Result<MessagePartitions<'a>> {
        let source = &plan.config.messages;
        let mut by_file = HashMap::new();
        for (day, file) in files {
            if let Some(day) = day {
                let start = partition_bounds(plan, source, day.plus(-source.lateness.0))?.start;
                by_file.insert(file.key.clone(), (*day, start..partition_bounds(plan, source, *day)?.end));
            }
        }
        Ok(MessagePartitions { plan, by_file })
    }

    /// The lines of a batch that do not belong into its partition.
    pub(super) fn strays(&self, batch: &CanonicalBatch) -> Strays {
        let Some((partition, bounds)) = self.by_file.get(&batch.file) else { return Strays::default() };
        let times = batch.ints(InputTable::Messages.index("sent_at")).values();
        let mut by_day = BTreeMap::new();
        // Almost every batch lies in its partition as a whole, which one pass without a branch shows.
        if times.iter().fold(false, |outside, at| outside | !bounds.contains(at)) {
            let good = (0..batch.rows).filter(|row| !batch.faults.contains_key(row)).map(|row| times[row]);
            for at in good.filter(|at| !bounds.contains(at)) {
                if let Ok(day) = partition_of(self.plan, &self.plan.config.messages, at) {
                    *by_day.entry(day).or_default() += 1;
                }
            }
        }
        Strays(BTreeMap::from([(*partition, (batch.rows as i64, by_day))]))
    }
}

impl Strays {
    /// Adds the lines of other batches.
    pub(super) fn add(&mut self, other: Strays) {
        for (partition, (lines, by_day)) in other.0 {
            let (all, days) = self.0.entry(partition).or_default();
            *all += lines;
            by_day.into_iter().for_each(|(day, count)| *days.entry(day).or_default() += count);
        }
    }

    /// The partitions in which too many lines are of other days.
    pub(super) fn warnings(&self) -> Vec<String> {
        let too_many = self.0.iter().filter(|(_, (lines, days))| days.values().sum::<i64>() as f64 > MAX_STRAYS * *lines as f64);
        let warning = |(partition, (lines, days)): (&Day, &(i64, BTreeMap<Day, i64>))| {
            let counts = days.iter().map(|(day, count)| format!("{count} of {day}")).collect::<Vec<_>>().join(", ");
            let latest = days.keys().map(|day| partition.0 - day.0).max().filter(|days| (1..=31).contains(days));
            let hint = match latest {
                Some(days) => format!("set lateness = \"{days}d\" under [messages], or a run of their own day misses them"),
                None => "is partition_timezone right?".to_owned(),
            };
            format!("the partition {partition} holds lines of other days ({counts}, of {lines}): {hint}")
        };
        too_many.map(warning).collect()
    }
}

/// The lines of the partition after a day that are of the day or of days before it.
pub(super) fn lines_ahead(plan: &Plan, last: Day, workers: usize) -> Result<Strays> {
    let source = &plan.config.messages;
    let Some(own) = partition_dates(plan, source, last, last)?.next_back().filter(|_| source.is_dated() && source.lateness.0 == 0) else {
        return Ok(Strays::default());
    };
    let files = partitions_of(plan, InputTable::Messages, own.plus(1)..=own.plus(1))?;
    let partitions = MessagePartitions::of(plan, &files)?;
    let files = files.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut strays = Strays::default();
    read(
        plan,
        InputTable::Messages,
        &files,
        workers,
        |batch| partitions.strays(&batch),
        |found| {
            strays.add(found);
            Ok(())
        },
    )?;
    // Lines of later days are counted when their own day is run.
    strays.0.values_mut().for_each(|(_, days)| days.retain(|day, _| *day <= own));
    Ok(strays)
}
