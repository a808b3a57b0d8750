//! The publisher. A run stages all its files first; `publish` then writes those that have changed, days before years, and the caller saves
//! the manifest last.

use super::lease::Lease;
use super::manifest::Manifest;
use crate::error::Result;
use crate::model::JudgementTable;
use crate::model::OutputTable;
use crate::observability::Partition;
use crate::observability::Partitions;
use crate::parallel;
use crate::signals;
use crate::staging;
use crate::staging::FileRecord;
use crate::staging::StagingArea;
use crate::staging::TableReader;
use crate::staging::TableWriter;
use crate::store::{PutCondition, Store};
use arrow::array::{BooleanArray, RecordBatch};
use bytes::Bytes;
use kefu_kernel::calendar::{Day, Period};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Files of one rank that are written at the same time: enough for speed, and few enough not to overload a store.
const PUTS: usize = 8;
/// If a rank has a file with more bytes than this, its files are written one by one, because a whole file is in memory while it is sent.
const LARGE: u64 = 32 << 20;

/// Stages the files of a run and publishes them together. Several threads may stage at the same time.
pub struct Publisher {
    staging: Arc<StagingArea>,
    /// The number of files that were not computed again because none of their inputs has changed.
    skipped: AtomicUsize,
}

impl Publisher {
    /// A publisher of the files in a staging area.
    pub fn new(staging: &Arc<StagingArea>) -> Publisher {
        Publisher { staging: Arc::clone(staging), skipped: AtomicUsize::new(0) }
    }

    /// Stages the file of a table.
    pub fn stage(&self, table: &OutputTable) -> Result<()> {
        self.close(self.open(table)?)
    }

    /// Stages the file of a table that comes piece by piece; without a piece there is no file.
    pub fn stage_pieces(&self, mut pieces: impl Iterator<Item = Result<OutputTable>>) -> Result<()> {
        let Some(first) = pieces.next() else { return Ok(()) };
        let writer = self.open(&first?)?;
        pieces.try_for_each(|piece| writer.append(writer.encode(&piece?.rows)?))?;
        self.close(writer)
    }

    /// Creates the file of a table with the table's rows; more may be appended.
    pub fn open(&self, table: &OutputTable) -> Result<TableWriter> {
        TableWriter::open(&self.staging, &table.key(), table)
    }

    /// Stages a finished file. If the same bytes are published already, they are not written again.
    pub fn close(&self, writer: TableWriter) -> Result<()> {
        writer.close(&self.staging).map(drop)
    }

    /// Removes the staged files of a day, as if they had not been staged.
    pub fn discard_day(&self, day: Day) -> Result<()> {
        self.staging.discard_day(day)
    }

    /// The published files (partitions of tables) staged so far, written or unchanged, by key. States are left out, because they are not for readers.
    pub fn partitions(&self) -> Partitions {
        let mut partitions = Partitions::default();
        for (key, staged) in self.staging.files().iter().filter(|(key, _)| !is_state(key)) {
            let partition = Partition { key: key.clone(), rows: staged.rows, bytes: staged.bytes as usize };
            if staged.put_condition.is_some() { &mut partitions.written } else { &mut partitions.unchanged }.push(partition);
        }
        partitions
    }

    /// A staged file, and a published file of the same table that this run does not replace and that has another schema; `None` if there is
    /// no such pair.
    pub fn schema_conflict(&self, manifest: &Manifest) -> Option<(String, String)> {
        let table = |key: &str| key.split("/dt=").next().unwrap_or_default().to_owned();
        let files = self.staging.files();
        let staged = files.iter().filter(|(key, _)| !is_state(key)).map(|(key, staged)| (table(key), (key, &staged.schema)));
        let staged = staged.collect::<BTreeMap<_, _>>();
        manifest.files.iter().filter(|(key, _)| !files.contains_key(*key)).find_map(|(remaining, record)| {
            let (key, schema) = staged.get(&table(remaining))?;
            (**schema != record.schema).then(|| ((*key).clone(), remaining.clone()))
        })
    }

    /// Counts a published file that this run does not compute again, and gives it the mode that it would get now.
    pub fn keep(&self, key: &str) {
        self.staging.renew_mode(key);
        self.add_skipped(1);
    }

    /// Counts files that this run does not compute again.
    pub fn add_skipped(&self, files: usize) {
        self.skipped.fetch_add(files, Ordering::Relaxed);
    }

    /// The number of files that this run did not compute again.
    pub fn skipped(&self) -> usize {
        self.skipped.load(Ordering::Relaxed)
    }

    /// The keys of the files staged so far, states included.
    pub fn staged_keys(&self) -> BTreeSet<String> {
        self.staging.files().keys().cloned().collect()
    }

    /// Whether this run has staged the file, with the published bytes or others.
    pub fn has_staged(&self, key: &str) -> bool {
        self.staging.has_staged(key)
    }

    /// Whether this run has staged the file with other bytes than the published ones.
    pub fn has_changed(&self, key: &str) -> bool {
        self.staging.has_changed(key)
    }

    /// Reads a file as it will be published; `None` if there is no such file. Errors: it is not as it was published, or cannot be read.
    pub fn read(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(if self.staging.head(key)?.is_some() { Some(self.staging.get(key)?) } else { None })
    }

    /// Opens a table as it will be published, to read parts of it; `None` if there is no such file.
    pub fn reader(&self, key: &str) -> Result<Option<TableReader<'_>>> {
        TableReader::open(&self.staging, key)
    }

    /// Reads some columns of a file as it will be published, batch by batch. A file that does not exist has no rows.
    pub fn read_columns(&self, key: &str, columns: &[&str], each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        staging::decode_each(&self.staging, key, columns, each)
    }

    /// Reads the rows that match a predicate from a file as it will be published, on up to `workers` threads. The predicate `wanted` sees the
    /// first `by` of the columns. Errors: the file does not exist or cannot be read.
    pub fn read_matching(
        &self,
        key: &str,
        (columns, by): (&[&str], usize),
        workers: usize,
        wanted: impl FnMut(&RecordBatch) -> BooleanArray + Clone + Send + Sync + 'static,
    ) -> Result<Vec<RecordBatch>> {
        let mut matching = Vec::new();
        staging::decode_some(&self.staging, key, &[], (columns, &columns[..by]), workers, wanted, &mut |rows| {
            matching.push(rows);
            Ok(())
        })?;
        Ok(matching)
    }

    /// Whether there will be such a file once this run is published.
    pub fn has(&self, key: &str) -> Result<bool> {
        Ok(self.has_staged(key) || self.staging.head(key)?.is_some())
    }

    /// Writes every staged file that has changed, in the order of `rank`, and enters it into `manifest`, which the caller saves. Before this no
    /// folder of a table has changed. The keys are announced first, so that the next run notices if this one dies on the way.
    /// Files that are `withdrawn`, which `manifest` no longer names, are deleted before any is written: a folder never holds periods of two
    /// calendars, nor bad rows that are no more.
    /// Judgements are written before the reports that they judge: if a run dies between the two, the next one finds these reports changed
    /// and judges them again (DECISIONS #46).
    /// Errors: the lease is lost; another run has written one of the files; a signal; the store fails.
    pub fn publish(&self, store: &Store, manifest: &mut Manifest, withdrawn: &BTreeSet<String>, run: &str, lease: &Lease) -> Result<()> {
        let files = self.staging.files().clone();
        let mut ranked: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for (key, staged) in &files {
            if let Some(condition) = &staged.put_condition {
                ranked.entry(rank(key)).or_default().push((key, condition));
            }
        }
        let announced = ranked.values().flatten().map(|(key, _)| ((*key).clone(), files[*key].sha256.clone()));
        let announced = announced.chain(withdrawn.iter().map(|key| (key.clone(), String::new()))).collect::<BTreeMap<_, _>>();
        let mut records = (*manifest.files).clone();
        if !announced.is_empty() {
            lease.check()?;
            manifest.announce(store, run, announced)?;
            store.sync()?;
        }
        delete(store, withdrawn, lease)?;
        manifest.note_deleted(withdrawn);
        let tags = Mutex::new(BTreeMap::new());
        for files in ranked.values() {
            let put = |(key, condition): &(&String, &PutCondition), emit: &mut dyn FnMut(()) -> Result<()>| {
                signals::check()?;
                lease.check()?;
                let version = store.put_file_if(key, &self.staging.path(key), condition)?;
                tags.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert((*key).clone(), version);
                emit(())
            };
            let is_large = files.iter().any(|(key, _)| self.staging.files().get(*key).is_some_and(|staged| staged.bytes > LARGE));
            parallel::for_each_ordered(files, if is_large { 1 } else { PUTS }, put, |()| Ok(()))?;
        }
        store.sync()?;
        let tags = tags.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (key, staged) in &files {
            let before = records.remove(key).unwrap_or_default();
            let tag = tags.get(key).map_or(before.tag, |version| version.tag().map(str::to_owned));
            let record = FileRecord {
                sha256: staged.sha256.clone(),
                rows: staged.rows,
                bytes: staged.bytes,
                schema: staged.schema.clone(),
                tag,
                days_fingerprint: before.days_fingerprint,
            };
            records.insert(key.clone(), record);
        }
        manifest.files = Arc::new(records);
        self.staging.settle();
        self.staging.clear()
    }
}

/// Deletes files. Those that are gone already, because a run died over them, are passed over.
fn delete(store: &Store, keys: &BTreeSet<String>, lease: &Lease) -> Result<()> {
    let delete = |key: &&String, emit: &mut dyn FnMut(()) -> Result<()>| {
        signals::check()?;
        lease.check()?;
        if store.head(key)?.is_some() {
            store.delete(key)?;
        }
        // A local root keeps the folders of the partition and of the table. Those that are not empty stay.
        if let Some(file) = store.folder().map(|root| root.join(key)) {
            file.ancestors().skip(1).take(2).for_each(|folder| drop(std::fs::remove_dir(folder)));
        }
        emit(())
    };
    parallel::for_each_ordered(&keys.iter().collect::<Vec<_>>(), PUTS, delete, |()| Ok(()))
}

fn is_state(key: &str) -> bool {
    key.starts_with("state/")
}

/// The order in which files are written: states; details, quarantine and audit; judgements; reports from days to years; dims.
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
    JudgementTable::ALL.iter().any(|judgement| table.starts_with(judgement.name()))
}
