//! The only code that writes. Everything is staged first, then put into place in one burst, days before years; what did not change is
//! left alone; the manifest comes last.

mod details;
mod judged;
mod lease;
mod manifest;
mod parquet;
mod record;
mod stage;
mod state;
mod verify;

pub use details::{audit_rows, detail, details, quarantine_rows};
pub use judged::Judged;
pub use lease::{Clock, Lease, Monotonic, Terms};
pub use manifest::{DayRecord, FileRecord, Manifest, period_of};
pub use parquet::{Encoded, ROW_GROUP, SCHEMA_VERSION, Sheet, decode};
pub use record::{Gate, Partition, Partitions, Recorder, RunRecord};
pub use stage::{Stage, sha256};
pub use state::{StateStore, kept, pieces};
pub use verify::{Difference, Verified, verify};

use crate::calendar::{Day, Period};
use crate::error::Result;
use crate::judgement::Judgement;
use crate::pipe;
use crate::reports::Table;
use crate::signals;
use crate::store::{Expected, Store};
use arrow::array::{BooleanArray, RecordBatch};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Files of one rank put at a time: a burst is short, and a store is asked no more than it likes.
const PUTS: usize = 8;
/// Files of a rank with one of so many bytes are put one by one.
const LARGE: u64 = 32 << 20;

/// Files on their way: staged as they come, put into place together. Days may stage side by side.
pub struct Publisher {
    stage: Arc<Stage>,
    /// Files that this run did not make again because nothing that they are made of has changed.
    kept: AtomicUsize,
}

impl Publisher {
    pub fn new(stage: &Arc<Stage>) -> Publisher {
        Publisher { stage: Arc::clone(stage), kept: AtomicUsize::new(0) }
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
        Sheet::open(&self.stage, &key_of(table), table)
    }

    /// Ends a table's file. The same bytes already in place are left alone.
    pub fn close(&self, sheet: Sheet) -> Result<()> {
        sheet.close(&self.stage).map(drop)
    }

    /// As if nothing of a day had been made.
    pub fn forget(&self, day: Day) -> Result<()> {
        self.stage.forget(day)
    }

    /// What was made so far, in the order of its keys: what it will be once published. States are nobody's to read.
    pub fn partitions(&self) -> Partitions {
        let mut partitions = Partitions::default();
        for (key, staged) in self.stage.files().iter().filter(|(key, _)| !is_state(key)) {
            let partition = Partition { key: key.clone(), rows: staged.rows, bytes: staged.bytes as usize };
            if staged.instead_of.is_some() { &mut partitions.written } else { &mut partitions.unchanged }.push(partition);
        }
        partitions
    }

    /// A file made now, and one of its table that stays and has another schema.
    pub fn other_schema(&self, manifest: &Manifest) -> Option<(String, String)> {
        let table = |key: &str| key.split("/dt=").next().unwrap_or_default().to_owned();
        let files = self.stage.files();
        let made = files.iter().filter(|(key, _)| !is_state(key)).map(|(key, staged)| (table(key), (key, &staged.schema)));
        let made = made.collect::<BTreeMap<_, _>>();
        manifest.files.iter().filter(|(key, _)| !files.contains_key(*key)).find_map(|(stays, record)| {
            let (key, schema) = made.get(&table(stays))?;
            (**schema != record.schema).then(|| ((*key).clone(), stays.clone()))
        })
    }

    /// Counts files that this run did not make again.
    pub fn keep(&self, files: usize) {
        self.kept.fetch_add(files, Ordering::Relaxed);
    }

    pub fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// The keys of what was made so far.
    pub fn made(&self) -> BTreeSet<String> {
        self.stage.files().keys().cloned().collect()
    }

    /// This run made the file, the same as the one in place or another.
    pub fn has_made(&self, key: &str) -> bool {
        self.stage.has_made(key)
    }

    /// This run made the file, another than the one in place.
    pub fn has_changed(&self, key: &str) -> bool {
        self.stage.has_changed(key)
    }

    /// A file as it will be once this run is published. None: there is none.
    pub fn read(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(if self.stage.head(key)?.is_some() { Some(self.stage.get(key)?) } else { None })
    }

    /// Some columns of a file as it will be, piece by piece. No file: nothing.
    pub fn read_each(&self, key: &str, columns: &[&str], each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        parquet::decode_each(&self.stage, key, columns, each)
    }

    /// Some columns of the rows of a file as it will be that are wanted by the first `by` of them, read on some threads.
    pub fn read_some(
        &self,
        key: &str,
        (columns, by): (&[&str], usize),
        workers: usize,
        wanted: impl FnMut(&RecordBatch) -> BooleanArray + Clone + Send + Sync + 'static,
    ) -> Result<Vec<RecordBatch>> {
        let mut kept = Vec::new();
        parquet::decode_some(&self.stage, key, &[], (columns, &columns[..by]), workers, wanted, &mut |rows| {
            kept.push(rows);
            Ok(())
        })?;
        Ok(kept)
    }

    /// There will be such a file once this run is published.
    pub fn has(&self, key: &str) -> Result<bool> {
        Ok(self.has_made(key) || self.stage.head(key)?.is_some())
    }

    /// Puts everything staged into place: states, details, judgements, reports by period, names. Nothing under a table's folder has
    /// changed before this. What is put is announced first, so that a run that dies on the way is found out by the next.
    /// Judgements go before the reports they judge: a run that dies between the two leaves reports that the next one finds changed.
    pub fn publish(self, store: &Store, manifest: &mut Manifest, run: &str, lease: &Lease) -> Result<()> {
        let files = self.stage.files().clone();
        let mut ranked: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for (key, staged) in &files {
            if let Some(expected) = &staged.instead_of {
                ranked.entry(rank(key)).or_default().push((key, expected));
            }
        }
        let announced = ranked.values().flatten().map(|(key, _)| ((*key).clone(), files[*key].sha256.clone())).collect::<BTreeMap<_, _>>();
        let mut known = (*manifest.files).clone();
        if !announced.is_empty() {
            lease.check()?;
            manifest.announce(store, run, announced)?;
            store.settle()?;
        }
        let tags = Mutex::new(BTreeMap::new());
        for files in ranked.values() {
            let put = |(key, expected): &(&String, &Expected), emit: &mut dyn FnMut(()) -> Result<()>| {
                signals::check()?;
                lease.check()?;
                let version = store.place(key, &self.stage.waiting(key), expected)?;
                tags.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert((*key).clone(), version);
                emit(())
            };
            // A body is held whole while it is sent.
            let is_large = files.iter().any(|(key, _)| self.stage.files().get(*key).is_some_and(|staged| staged.bytes > LARGE));
            pipe::in_order(files, if is_large { 1 } else { PUTS }, put, |()| Ok(()))?;
        }
        store.settle()?;
        let tags = tags.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (key, staged) in files.iter().filter(|(key, _)| !is_state(key)) {
            let before = known.remove(key).unwrap_or_default();
            let tag = tags.get(key).map_or(before.tag, |version| version.tag().map(str::to_owned));
            let record = FileRecord {
                sha256: staged.sha256.clone(),
                rows: staged.rows,
                bytes: staged.bytes,
                schema: staged.schema.clone(),
                tag,
                of: before.of,
            };
            known.insert(key.clone(), record);
        }
        manifest.files = Arc::new(known);
        self.stage.clear()
    }
}

fn is_state(key: &str) -> bool {
    key.starts_with("state/")
}

/// The place of a file in the burst.
fn rank(key: &str) -> usize {
    match key.split('/').next() {
        Some("state") => 0,
        Some("reports") if is_judgement(key) => 2,
        Some("reports") => {
            3 + Period::ALL.iter().position(|p| key.split('/').nth(1).is_some_and(|table| table.ends_with(p.name()))).unwrap_or(0)
        }
        Some("dims") => 9,
        _ => 1,
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
