//! Quarantined rows and the row counts of every input file. A bad row is quarantined with its file, row number, column, reason, and the
//! cell's value, masked so that it names no person.

use super::batch::{CanonicalBatch, TimeSteps};
use super::row_days::RowDays;
use super::row_fault::{NEEDS_ESCAPE, NO_RATE, RowFault};
use crate::config::BAD_ROWS;
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::store::StoredObject;
use kefu_kernel::calendar::{Calendar, Day};
use std::collections::{BTreeMap, BTreeSet};

/// Row counts of one file by outcome. Invariant: `read = used + quarantined + duplicates + outside + ignored`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All rows of the file.
    pub read: i64,
    /// Rows that the reports use.
    pub used: i64,
    /// Bad rows.
    pub quarantined: i64,
    /// Repeated messages and superseded versions of records.
    pub duplicates: i64,
    /// Good rows that belong to other days.
    pub outside: i64,
    /// Rows that `drop` and `keep` took out, and good rows that carry nothing to count, such as recalled buyer lines and events of an unknown
    /// kind.
    pub ignored: i64,
    /// Cells of good rows that could not be read and were emptied.
    pub emptied: i64,
    /// Ids from which the wrapping of an exporter was taken off.
    pub unwrapped: i64,
    /// Wall times without an offset that the clocks show twice.
    pub ambiguous: i64,
}

impl Tally {
    /// Whether the invariant holds.
    pub fn balances(&self) -> bool {
        self.read == self.used + self.quarantined + self.duplicates + self.outside + self.ignored
    }

    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Tally) {
        self.read += other.read;
        self.used += other.used;
        self.quarantined += other.quarantined;
        self.duplicates += other.duplicates;
        self.outside += other.outside;
        self.ignored += other.ignored;
        self.emptied += other.emptied;
        self.unwrapped += other.unwrapped;
        self.ambiguous += other.ambiguous;
    }
}

/// What was set aside of an input row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAside {
    /// The row.
    Row,
    /// One cell: the row counts without it.
    Cell,
}

impl SetAside {
    /// Its word in the quarantine table.
    pub fn name(self) -> &'static str {
        match self {
            SetAside::Row => "row",
            SetAside::Cell => "cell",
        }
    }
}

/// A bad input row or an emptied cell, as the quarantine table shows it.
#[derive(Clone, Debug)]
pub struct QuarantinedRow {
    /// What was set aside.
    pub what: SetAside,
    /// The table that the file was read as.
    pub table: InputTable,
    /// The key of the file in the input store.
    pub file: String,
    /// The row number in the file, from 1; the header does not count.
    pub row: i64,
    /// The business day of the row, if its time could be read.
    pub day: Option<Day>,
    /// Why the row is bad.
    pub fault: RowFault,
}

/// A row of the audit table: the counts of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// The name of the table that the file was read as.
    pub table: String,
    /// The key of the file in the input store.
    pub file: String,
    /// The counts of its rows.
    pub tally: Tally,
    /// The warnings about the table, a line each, in its first row; `None` without any.
    pub warnings: Option<String>,
}

/// The audit of one input table: row counts by file and the quarantined rows, for one business day or for a whole run.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The table that was read.
    pub table: InputTable,
    /// Row counts by file key.
    pub files: BTreeMap<String, Tally>,
    /// File sizes in bytes by file key.
    pub sizes: BTreeMap<String, u64>,
    /// The bad rows and emptied cells, in the order they were read.
    pub quarantined: Vec<QuarantinedRow>,
    /// Emptied cells by column and file key.
    emptied: BTreeMap<(String, String), i64>,
    /// Rows that `drop` and `keep` took out, by file key. They are no part of what the shares of bad rows and emptied cells are shares of.
    taken_out: BTreeMap<String, i64>,
    /// How the times of neighbouring rows compare, by file key.
    steps: BTreeMap<String, TimeSteps>,
    /// The days that bad rows belong to.
    days: RowDays,
    /// What the files themselves warn of, by file key.
    file_warnings: BTreeMap<String, BTreeSet<String>>,
    /// What a reader of the numbers should know about all files together, each with what to write.
    pub warnings: BTreeSet<String>,
    /// The same of what this run alone could see, such as other days beside this one. It is said, and no audit table has it, because a run over
    /// other days would not find it.
    pub passing: BTreeSet<String>,
}

/// Emptied cells of a file that are kept with their reasons. All of them are counted.
const CELLS_KEPT: usize = 10_000;

/// The share of a column's cells that may be emptied without a warning.
const MAX_EMPTIED: f64 = 0.01;

impl Audit {
    /// An audit without files.
    pub fn new(table: InputTable) -> Audit {
        let (files, sizes, quarantined, (emptied, taken_out, steps, days)) = Default::default();
        let (file_warnings, warnings, passing) = Default::default();
        Audit { table, files, sizes, quarantined, emptied, taken_out, steps, days, file_warnings, warnings, passing }
    }

    /// Records the files that are about to be read, each with the date of its partition. `calendar` tells the business days of their bad rows.
    pub fn record_files(&mut self, calendar: &Calendar, files: &[(Option<Day>, StoredObject)]) {
        self.sizes.extend(files.iter().map(|(_, file)| (file.key.clone(), file.size())));
        self.days.record_files(self.table, calendar, files);
    }

    /// The date of a file's partition. `None` if its path has no date, or if the table is one of which the latest partition holds for all days.
    pub fn date(&self, file: &str) -> Option<Day> {
        self.days.date(file)
    }

    /// The business day that a bad row belongs to, whichever run reads it. `is_read_by` tells whether a business day reads the files of a date.
    /// `None`: it is of no day, as are the rows of a table that holds for many days and whose path has no date.
    pub fn day_of(&self, bad: &QuarantinedRow, is_read_by: impl FnOnce(Day, Day) -> bool) -> Option<Day> {
        self.days.of(&bad.file, bad.day, is_read_by)
    }

    /// The rows of the audit table for a day that is made of the files for which `is_read` holds. `tallies`: the counts of the files as the day
    /// has them.
    pub fn rows(&self, tallies: &BTreeMap<String, Tally>, is_read: impl Fn(&str) -> bool) -> Vec<AuditRow> {
        let warnings = self.warnings.iter().cloned().chain(self.warnings_of_files(&is_read)).collect::<Vec<_>>();
        let mut warnings = Some(warnings.join("\n")).filter(|warnings| !warnings.is_empty());
        let row = |(file, tally): (&String, &Tally)| AuditRow {
            table: self.table.name().to_owned(),
            file: file.clone(),
            tally: *tally,
            // They may concern several files; the first row of the table holds all of them.
            warnings: warnings.take(),
        };
        tallies.iter().filter(|(file, _)| is_read(file)).map(row).collect()
    }

    /// The row counts of a file, all zero when the file is new.
    pub fn file(&mut self, name: &str) -> &mut Tally {
        if !self.files.contains_key(name) {
            self.files.insert(name.to_owned(), Tally::default());
        }
        self.files.entry(name.to_owned()).or_default()
    }

    /// Quarantines and counts the batch's bad rows and emptied cells, counts the rows taken out of it, and notes its warnings.
    /// Errors: the audit has more than `BAD_ROWS` bad rows.
    pub fn quarantine(&mut self, batch: &CanonicalBatch) -> Result<()> {
        self.days.note_batch(batch);
        if batch.taken_out > 0 {
            *self.taken_out.entry(batch.file.clone()).or_default() += batch.taken_out as i64;
        }
        let tally = self.file(&batch.file);
        tally.read += batch.taken_out as i64;
        tally.ignored += batch.taken_out as i64;
        tally.quarantined += batch.faults.len() as i64;
        // Those before this batch.
        let mut cells = tally.emptied as usize;
        tally.emptied += batch.emptied.len() as i64;
        tally.unwrapped += batch.unwrapped as i64;
        tally.ambiguous += batch.ambiguous as i64;
        let file = &batch.file;
        match self.steps.get_mut(file) {
            Some(steps) => steps.add(batch.steps),
            None => drop(self.steps.insert(file.clone(), batch.steps)),
        }
        if !batch.warnings.is_empty() {
            self.file_warnings.entry(file.clone()).or_default().extend(batch.warnings.iter().cloned());
        }
        for (_, fault) in &batch.emptied {
            *self.emptied.entry((fault.column.clone(), file.clone())).or_default() += 1;
        }
        let rows = batch.faults.iter().map(|(row, fault)| (SetAside::Row, *row, fault));
        let emptied = batch.emptied.iter().map(|(row, fault)| (SetAside::Cell, *row, fault));
        let mut aside = rows.chain(emptied).collect::<Vec<_>>();
        aside.sort_by_key(|(_, row, _)| *row);
        for (what, row, fault) in aside {
            if what == SetAside::Cell {
                cells += 1;
                // As many cells as bad rows at most are held in memory, whatever number of files has them.
                if cells > CELLS_KEPT || self.quarantined.len() >= BAD_ROWS {
                    continue;
                }
            }
            let (table, day, row) = (self.table, self.days.own(batch, row), batch.number(row));
            self.quarantined.push(QuarantinedRow { what, table, file: file.clone(), row, day, fault: fault.clone() });
        }
        match self.first_bad_row() {
            Some(first) if self.total().quarantined > BAD_ROWS as i64 => {
                Err(first.too_many_bad_rows(format!("more than {BAD_ROWS} rows of {} are bad", self.table.name())))
            }
            _ => Ok(()),
        }
    }

    fn first_bad_row(&self) -> Option<&QuarantinedRow> {
        self.quarantined.iter().find(|row| row.what == SetAside::Row)
    }

    /// The warnings about the table: those of its files, and the columns of which many cells were emptied.
    pub fn all_warnings(&self) -> Vec<String> {
        self.warnings.iter().chain(&self.passing).cloned().chain(self.warnings_of_files(&|_| true)).collect()
    }

    /// The warnings about the files for which `is_read` holds.
    fn warnings_of_files(&self, is_read: &dyn Fn(&str) -> bool) -> Vec<String> {
        let read_of = |(file, tally): (&String, &Tally)| tally.read - self.taken_out.get(file).copied().unwrap_or_default();
        let read = self.files.iter().filter(|(file, _)| is_read(file)).map(read_of).sum::<i64>();
        let mut by_column: BTreeMap<&str, i64> = BTreeMap::new();
        for ((column, _), cells) in self.emptied.iter().filter(|((_, file), _)| is_read(file)) {
            *by_column.entry(column).or_default() += cells;
        }
        let quarantined = || self.quarantined.iter().filter(|row| is_read(&row.file));
        let many = by_column.into_iter().filter(|(_, cells)| *cells as f64 > MAX_EMPTIED * read as f64);
        let emptied = many.map(|(column, cells)| {
            let first = quarantined().find(|row| row.what == SetAside::Cell && row.fault.column == column);
            let example = first.map(|row| format!(": {} row {}, {}", row.file, row.row, row.fault.reason)).unwrap_or_default();
            format!("{cells} of {read} cells of {column} could not be read and were emptied{example}")
        });
        let table = self.table.name();
        let unescaped = quarantined().filter(|row| row.fault.reason == NEEDS_ESCAPE).count();
        let unescaped = (unescaped > 0)
            .then(|| format!("{unescaped} rows are set aside that only fit with backslash escapes: set escape = \"\\\\\" under [{table}]"));
        let backwards = self.steps.iter().filter(|(file, steps)| is_read(file) && steps.run_backwards());
        let backwards = backwards.map(|(file, _)| file).collect::<Vec<_>>();
        let backwards = backwards.first().map(|first| {
            let more = if backwards.len() > 1 { format!(" and {} more files run", backwards.len() - 1) } else { " runs".to_owned() };
            format!("{first}{more} from the newest row to the oldest: set order = \"newest_first\" under [{table}], or rows of one instant are taken in the wrong order")
        });
        let of_files = self.file_warnings.iter().filter(|(file, _)| is_read(file));
        let of_files = of_files.flat_map(|(file, warnings)| warnings.iter().map(move |warning| format!("{file}: {warning}")));
        of_files.chain(emptied).chain(unescaped).chain(backwards).collect()
    }

    /// The row counts of all files together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.files.values().for_each(|tally| total.add(tally));
        total
    }

    /// Refuses the table when the share of bad rows exceeds `max_bad_ratio`. Errors: `Refused`, with the first bad row as the example.
    pub fn check(&self, max_bad_ratio: f64) -> Result<()> {
        let total = self.total();
        let read = total.read - self.taken_out.values().sum::<i64>();
        let Some(first) = self.first_bad_row() else { return Ok(()) };
        if total.quarantined as f64 <= max_bad_ratio * read as f64 {
            return Ok(());
        }
        let message =
            format!("{} of {} rows of {} are bad: more than {:.2} %", total.quarantined, read, self.table.name(), max_bad_ratio * 100.0);
        Err(first.too_many_bad_rows(message))
    }
}

impl QuarantinedRow {
    /// The error that too many rows are bad, with this row as the example.
    fn too_many_bad_rows(&self, message: String) -> Error {
        let table = self.table.name();
        let hint = match self.fault.reason.as_str() {
            NEEDS_ESCAPE => format!("set escape = \"\\\\\" under [{table}]"),
            reason if reason.starts_with(NO_RATE) => {
                "add the rate to the table [exchange_rates]: a rate holds from its date until the next one of its currency".to_owned()
            }
            reason if reason.starts_with("the row has ") => format!(
                "does every row end in a delimiter that the header lacks? Set header = false and skip_rows = 1 under [{table}] and name the \
                 columns by number, such as columns = {{ shop_id = \"1\" }}"
            ),
            _ => "fix the source or the mapping; [quality] max_bad_ratio sets the share of bad rows that a run tolerates".to_owned(),
        };
        Error::new(Kind::Refused, message)
            .with("file", &self.file)
            .with("row", self.row)
            .with("column", &self.fault.column)
            .with("reason", &self.fault.reason)
            .with("found", &self.fault.value)
            .hint(hint)
    }
}
