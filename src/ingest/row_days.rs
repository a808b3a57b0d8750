//! The business day that a bad row belongs to: its own, if its time could be read; else that of the date of its file; else that of the first good
//! row of its file, or of its table. It follows from the files alone, so that every run finds the same.

use super::batch::CanonicalBatch;
use super::wall_times::TIMES;
use crate::model::InputTable;
use crate::store::StoredObject;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int32Type};
use kefu_kernel::calendar::{Calendar, Day};
use std::collections::BTreeMap;

/// What tells the days of the rows of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct RowDays {
    /// The calendar of the pipeline, and the index of the column that says when a row happened. `None` for a table whose rows hold for many
    /// days.
    time: Option<(Calendar, usize)>,
    /// The dates of the partitions, by file key.
    dates: BTreeMap<String, Day>,
    /// The business day of the first good row, by key of a file without a date.
    first_days: BTreeMap<String, Day>,
    /// The first of these in the order of reading.
    first_day: Option<Day>,
}

/// The column that says on which business day a row of a table happened. `None` for tables whose rows hold for many days.
fn day_column(table: InputTable) -> Option<&'static str> {
    match table {
        InputTable::Messages | InputTable::Evaluations => Some("sent_at"),
        InputTable::Orders => Some("created_at"),
        InputTable::Refunds => Some("applied_at"),
        InputTable::Tickets => Some("opened_at"),
        InputTable::AgentStatus => Some("at"),
        InputTable::Visits | InputTable::Videos => Some("date"),
        InputTable::Shops
        | InputTable::Staff
        | InputTable::Blocklist
        | InputTable::Standards
        | InputTable::Targets
        | InputTable::Trainings
        | InputTable::Holidays
        | InputTable::ExchangeRates
        | InputTable::Buyers => None,
    }
}

impl RowDays {
    /// Records the files that are about to be read, each with the date of its partition.
    pub(super) fn record_files(&mut self, table: InputTable, calendar: &Calendar, files: &[(Option<Day>, StoredObject)]) {
        self.time = day_column(table).map(|column| (calendar.clone(), table.index(column)));
        // Of persons the latest partition holds for all days, and no run reads another one.
        if table != InputTable::Buyers {
            self.dates.extend(files.iter().filter_map(|(date, file)| Some((file.key.clone(), (*date)?))));
        }
    }

    /// The date of a file's partition.
    pub(super) fn date(&self, file: &str) -> Option<Day> {
        self.dates.get(file).copied()
    }

    /// Notes the first good row of a file without a date. Batches come in the order of the rows.
    pub(super) fn note_batch(&mut self, batch: &CanonicalBatch) {
        if self.time.is_none() || self.dates.contains_key(&batch.file) || self.first_days.contains_key(&batch.file) {
            return;
        }
        let mut good = (0..batch.rows).filter(|row| !batch.faults.contains_key(row));
        if let Some(day) = good.find_map(|row| self.own(batch, row)) {
            self.first_days.insert(batch.file.clone(), day);
            self.first_day.get_or_insert(day);
        }
    }

    /// The business day of a row, good or bad, if its time can be read.
    pub(super) fn own(&self, batch: &CanonicalBatch, row: usize) -> Option<Day> {
        let (calendar, column) = self.time.as_ref()?;
        let cells = &batch.columns[*column];
        if *cells.data_type() == DataType::Int32 {
            return cells.is_valid(row).then(|| Day(cells.as_primitive::<Int32Type>().value(row)));
        }
        calendar.day_of(batch.int(*column, row).filter(|at| TIMES.contains(at))?).ok()
    }

    /// The day that a bad row of a file belongs to. `own`: its own day, which counts only if that day reads the file, as `is_read_by` says of a
    /// day and the date of a partition; no run would ever find the row there otherwise.
    pub(super) fn of(&self, file: &str, own: Option<Day>, is_read_by: impl FnOnce(Day, Day) -> bool) -> Option<Day> {
        let date = self.date(file);
        let own = own.filter(|day| date.is_none_or(|date| date == *day || is_read_by(*day, date)));
        own.or(date).or_else(|| self.first_days.get(file).copied()).or(self.first_day)
    }
}
