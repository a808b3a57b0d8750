//! Quarantined rows and the row counts of every input file. A bad row is quarantined with its file, row number, column, reason, and the
//! cell's value, masked so that it names no person.

use super::batch::CanonicalBatch;
use super::row_fault::RowFault;
use crate::config::BAD_ROWS;
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::store::StoredObject;
use std::collections::BTreeMap;

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
    /// Good rows that carry nothing to count, such as recalled buyer lines and events of an unknown kind.
    pub ignored: i64,
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
    }
}

/// A bad input row, as the quarantine table shows it.
#[derive(Clone, Debug)]
pub struct QuarantinedRow {
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
    /// The bad rows, in the order they were read.
    pub quarantined: Vec<QuarantinedRow>,
}

impl Audit {
    /// An audit without files.
    pub fn new(table: InputTable) -> Audit {
        Audit { table, files: BTreeMap::new(), sizes: BTreeMap::new(), quarantined: Vec::new() }
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

    /// Quarantines and counts the batch's bad rows. Errors: the audit has more than `BAD_ROWS` quarantined rows.
    pub fn quarantine(&mut self, batch: &CanonicalBatch) -> Result<()> {
        self.file(&batch.file).quarantined += batch.faults.len() as i64;
        for (row, fault) in &batch.faults {
            let row = batch.first_row as i64 + *row as i64 + 1;
            self.quarantined.push(QuarantinedRow { table: self.table, file: batch.file.clone(), row, fault: fault.clone() });
        }
        match self.quarantined.first() {
            Some(first) if self.quarantined.len() > BAD_ROWS => {
                Err(first.too_many_bad_rows(format!("more than {BAD_ROWS} rows of {} are bad", self.table.name())))
            }
            _ => Ok(()),
        }
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
        let Some(first) = self.quarantined.first() else { return Ok(()) };
        if total.quarantined as f64 <= max_bad_ratio * total.read as f64 {
            return Ok(());
        }
        let message = format!(
            "{} of {} rows of {} are bad: more than {:.2} %",
            total.quarantined,
            total.read,
            self.table.name(),
            max_bad_ratio * 100.0
        );
        Err(first.too_many_bad_rows(message))
    }
}

impl QuarantinedRow {
    /// The error that too many rows are bad, with this row as the example.
    fn too_many_bad_rows(&self, message: String) -> Error {
        Error::new(Kind::Refused, message)
            .with("file", &self.file)
            .with("row", self.row)
            .with("column", &self.fault.column)
            .with("reason", &self.fault.reason)
            .with("found", &self.fault.value)
            .hint("fix the source or the mapping; [quality] max_bad_ratio sets the share of bad rows that a run tolerates")
    }
}
