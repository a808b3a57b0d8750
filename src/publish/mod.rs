//! The only code that writes. Everything is staged first, then moved into place, days before years; what did not change is left alone.

mod details;
mod judged;
mod meta;
mod parquet;
mod record;
mod state;

pub use details::{audit_rows, detail, details, quarantine_rows};
pub use judged::Judged;
pub use meta::Memory;
pub use parquet::{Encoded, Sheet, decode};
pub use record::{Gate, Partition, Partitions, Recorder, RunRecord};
pub use state::{Share, StateStore, kept, pieces};

use crate::calendar::Period;
use crate::error::Result;
use crate::judgement::Judgement;
use crate::reports::Table;
use crate::store::Store;
use arrow::array::{BooleanArray, RecordBatch};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a run wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub files: usize,
    pub unchanged: usize,
    pub rows: usize,
    pub bytes: usize,
}

/// Files on their way: staged as they come, moved into place together. Days may stage side by side.
pub struct Publisher<'a> {
    store: &'a Store,
    staged: Mutex<Staged>,
}

#[derive(Default)]
struct Staged {
    /// Every file made, and whether it is another than the one in place.
    files: BTreeMap<String, bool>,
    written: Written,
    partitions: Partitions,
}

const STAGING: &str = "_staging";

impl<'a> Publisher<'a> {
    /// Sweeps what a run that died may have left.
    pub fn new(store: &'a Store) -> Result<Publisher<'a>> {
        store.sweep(STAGING)?;
        Ok(Publisher { store, staged: Mutex::default() })
    }

    /// Stages a table's file whole.
    pub fn stage(&self, table: &Table) -> Result<()> {
        self.close(self.open(table)?)
    }

    /// Stages a table's file piece by piece.
    pub fn stage_pieces(&self, mut pieces: impl Iterator<Item = Result<Table>>) -> Result<()> {
        let Some(first) = pieces.next() else { return Ok(()) };
        let sheet = self.open(&first?)?;
        pieces.try_for_each(|piece| sheet.append(sheet.encode(&piece?.rows)?))?;
        self.close(sheet)
    }

    /// Begins a table's file with the rows it has; more may follow.
    pub fn open(&self, table: &Table) -> Result<Sheet> {
        Sheet::open(self.store, &format!("{STAGING}/{}", key_of(table)), table)
    }

    /// Ends a table's file. The same bytes already in place are left alone.
    pub fn close(&self, sheet: Sheet) -> Result<()> {
        let (staged, rows, bytes) = sheet.close()?;
        let key = staged[STAGING.len() + 1..].to_owned();
        let same = self.store.is_same(&staged, &key)?;
        if same {
            self.store.delete(&staged)?;
        }
        let Staged { files, written, partitions } = &mut *self.staged();
        let partition = Partition { key: key.clone(), rows, bytes };
        if same { &mut partitions.unchanged } else { &mut partitions.written }.push(partition);
        written.rows += rows;
        if same {
            written.unchanged += 1;
        } else {
            written.files += 1;
            written.bytes += bytes;
        }
        files.insert(key, !same);
        Ok(())
    }

    /// What was made so far, in the order of its keys: what it will be once published.
    pub fn partitions(&self) -> Partitions {
        let mut partitions = self.staged().partitions.clone();
        partitions.written.sort();
        partitions.unchanged.sort();
        partitions
    }

    fn staged(&self) -> MutexGuard<'_, Staged> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts files that this run did not make again because nothing that they are made of has changed.
    pub fn keep(&self, files: usize) {
        self.staged().written.unchanged += files;
    }

    /// This run made the file, the same as the one in place or another.
    pub fn has_made(&self, key: &str) -> bool {
        self.staged().files.contains_key(key)
    }

    /// This run made the file, another than the one in place.
    pub fn has_changed(&self, key: &str) -> bool {
        self.staged().files.get(key).copied().unwrap_or(false)
    }

    /// A file as it will be once this run is published. None: there is none.
    pub fn read(&self, key: &str) -> Result<Option<Bytes>> {
        let key = self.place_of(key);
        Ok(if self.store.head(&key)?.is_some() { Some(self.store.get(&key)?) } else { None })
    }

    /// Some columns of a file as it will be, piece by piece. No file: nothing.
    pub fn read_each(&self, key: &str, columns: &[&str], each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        parquet::decode_each(self.store, &self.place_of(key), columns, each)
    }

    /// Some columns of the rows of a file as it will be that are wanted by the first `by` of them.
    pub fn read_some(
        &self,
        key: &str,
        columns: &[&str],
        by: usize,
        wanted: impl FnMut(&RecordBatch) -> BooleanArray + Send + 'static,
    ) -> Result<Vec<RecordBatch>> {
        parquet::decode_some(self.store, &self.place_of(key), &[], columns, &columns[..by], wanted)
    }

    fn place_of(&self, key: &str) -> String {
        if self.has_changed(key) { format!("{STAGING}/{key}") } else { key.to_owned() }
    }

    /// There will be such a file once this run is published.
    pub fn has(&self, key: &str) -> Result<bool> {
        Ok(self.has_made(key) || self.store.head(key)?.is_some())
    }

    /// Moves everything staged into place, details before reports, days before years. Nothing under a table's folder has changed before this.
    /// Judgements go before the reports they judge: a run that dies between the two leaves reports that the next one finds changed.
    pub fn publish(self) -> Result<Written> {
        let Staged { files, written, .. } = self.staged.into_inner().unwrap_or_else(PoisonError::into_inner);
        let keys = files.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key);
        let rank = |key: &str| match key.split('/').next() {
            Some("reports") if is_judgement(key) => 0,
            Some("reports") => {
                1 + Period::ALL.iter().position(|p| key.split('/').nth(1).is_some_and(|table| table.ends_with(p.name()))).unwrap_or(0)
            }
            Some("dims") => 9,
            _ => 0,
        };
        let mut keys = keys.collect::<Vec<_>>();
        keys.sort_unstable_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
        for key in &keys {
            self.store.rename(&format!("{STAGING}/{key}"), key)?;
        }
        self.store.sweep(STAGING)?;
        Ok(written)
    }
}

fn is_judgement(key: &str) -> bool {
    let table = key.split('/').nth(1).unwrap_or_default();
    Judgement::ALL.iter().any(|judgement| table.starts_with(judgement.name()))
}

fn key_of(table: &Table) -> String {
    match table.dt {
        Some(day) => format!("{}/dt={day}/data.parquet", table.folder),
        None => format!("{}/data.parquet", table.folder),
    }
}
