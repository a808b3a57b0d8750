//! Quarantined rows and the row counts of every input file. A bad row is quarantined with its file, row number, column, reason, and the
//! cell's value, masked so that it names no person.

use super::batch::{CanonicalBatch, TimeSteps};
use super::row_fault::{NEEDS_ESCAPE, NO_RATE, RowFault};
use crate::config::BAD_ROWS;
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::store::StoredObject;
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
    /// Why the row is bad.
    pub fault: RowFault,
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
    /// Emptied cells by column.
    pub(super) emptied: BTreeMap<String, i64>,
    /// Emptied cells so far, of which the first [`CELLS_KEPT`] are kept with their reasons.
    pub(super) cells_kept: usize,
    /// Rows that `drop` and `keep` took out. They are no part of what the shares of bad rows and emptied cells are shares of.
    pub(super) taken_out: i64,
    /// How the times of neighbouring rows compare, by file key.
    pub(super) steps: BTreeMap<String, TimeSteps>,
    /// What a reader of the numbers should know about the files, each with what to write.
    pub warnings: BTreeSet<String>,
}

/// Emptied cells of a table that are kept with their reasons. All of them are counted.
const CELLS_KEPT: usize = 100_000;

/// The share of a column's cells that may be emptied without a warning.
const MAX_EMPTIED: f64 = 0.01;

impl Audit {
    /// An audit without files.
    pub fn new(table: InputTable) -> Audit {
        let (files, sizes, quarantined, (emptied, cells_kept, taken_out, steps, warnings)) = Default::default();
        Audit { table, files, sizes, quarantined, emptied, cells_kept, taken_out, steps, warnings }
    }

    /// Records the sizes of the files that are about to be read.
    pub fn record_sizes(&mut self, files: &[StoredObject]) {
        self.sizes.extend(files.iter().map(|file| (file.key.clone(), file.size())));
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
        self.taken_out += batch.taken_out as i64;
        let tally = self.file(&batch.file);
        tally.read += batch.taken_out as i64;
        tally.ignored += batch.taken_out as i64;
        tally.quarantined += batch.faults.len() as i64;
        tally.emptied += batch.emptied.len() as i64;
        tally.unwrapped += batch.unwrapped as i64;
        tally.ambiguous += batch.ambiguous as i64;
        let file = &batch.file;
        match self.steps.get_mut(file) {
            Some(steps) => steps.add(batch.steps),
            None => drop(self.steps.insert(file.clone(), batch.steps)),
        }
        self.warnings.extend(batch.warnings.iter().map(|warning| format!("{file}: {warning}")));
        let rows = batch.faults.iter().map(|(row, fault)| (SetAside::Row, *row, fault));
        let cells = batch.emptied.iter().map(|(row, fault)| (SetAside::Cell, *row, fault));
        let mut aside = rows.chain(cells).collect::<Vec<_>>();
        aside.sort_by_key(|(_, row, _)| *row);
        for (what, row, fault) in aside {
            if what == SetAside::Cell {
                *self.emptied.entry(fault.column.clone()).or_default() += 1;
                self.cells_kept += 1;
                if self.cells_kept > CELLS_KEPT {
                    continue;
                }
            }
            let (table, row) = (self.table, batch.number(row));
            self.quarantined.push(QuarantinedRow { what, table, file: file.clone(), row, fault: fault.clone() });
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
        let read = self.total().read - self.taken_out;
        let many = self.emptied.iter().filter(|(_, cells)| **cells as f64 > MAX_EMPTIED * read as f64);
        let emptied = many.map(|(column, cells)| {
            let first = self.quarantined.iter().find(|row| row.what == SetAside::Cell && row.fault.column == *column);
            let example = first.map(|row| format!(": {} row {}, {}", row.file, row.row, row.fault.reason)).unwrap_or_default();
            format!("{cells} of {read} cells of {column} could not be read and were emptied{example}")
        });
        let table = self.table.name();
        let unescaped = self.quarantined.iter().filter(|row| row.fault.reason == NEEDS_ESCAPE).count();
        let unescaped = (unescaped > 0)
            .then(|| format!("{unescaped} rows are set aside that only fit with backslash escapes: set escape = \"\\\\\" under [{table}]"));
        let backwards = self.steps.iter().filter(|(_, steps)| steps.run_backwards()).map(|(file, _)| file).collect::<Vec<_>>();
        let backwards = backwards.first().map(|first| {
            let more = if backwards.len() > 1 { format!(" and {} more files run", backwards.len() - 1) } else { " runs".to_owned() };
            format!("{first}{more} from the newest row to the oldest: set order = \"newest_first\" under [{table}], or rows of one instant are taken in the wrong order")
        });
        self.warnings.iter().cloned().chain(emptied).chain(unescaped).chain(backwards).collect()
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
        let read = total.read - self.taken_out;
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
