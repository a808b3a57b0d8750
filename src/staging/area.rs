//! The staging area: files of a run on the local disk before they are published. The run reads them as if they were published already,
//! and a file whose bytes are the published ones is not written again. Nobody but the user of the run may read them there.

use super::damage::DamageCheck;
use super::file_record::FileRecord;
use super::hash::{hash_file, hex};
use super::leftovers::{TemporaryStaging, remove_all};
use crate::error::{Context, Result};
use crate::store::{PutCondition, STAGING, STAGING_BESIDE, Store, StoredObject, private_file, private_folder, temporary_folder};
use bytes::Bytes;
use kefu_kernel::calendar::Day;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An output root overlaid with the files that a run has staged. Several threads may stage at the same time.
pub struct StagingArea {
    /// The output root.
    store: Store,
    /// The staged files, as a store.
    staged: Store,
    /// The folder of the staged files: below a local root, so that publishing a file is a rename, or else a temporary one.
    folder: PathBuf,
    /// What removes a temporary folder when the area is dropped.
    _temporary: Option<TemporaryStaging>,
    /// The manifest's entries of the published files.
    published: Arc<BTreeMap<String, FileRecord>>,
    /// Keys that a dead run may still have a request in flight for. They are written again even if their bytes are the same: the object
    /// then has a new version, and the late request's precondition fails (DECISIONS #52).
    in_doubt: BTreeSet<String>,
    /// What this run knows of the bytes of published files.
    damage: Arc<DamageCheck>,
    files: Mutex<BTreeMap<String, StagedFile>>,
}

/// What is being done when a staged file cannot be written.
pub(super) const STAGE: &str = "staging a table";

/// A staged file.
#[derive(Clone, Debug)]
pub struct StagedFile {
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    pub rows: usize,
    /// The size in bytes.
    pub bytes: u64,
    /// A hash of the columns' names and types.
    pub schema: String,
    /// The condition under which the file is published; `None` if the same bytes are published already.
    pub put_condition: Option<PutCondition>,
}

/// A staged file that is being written; it hashes and counts its bytes on the way.
pub struct DraftFile {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Write for DraftFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl DraftFile {
    /// Flushes the file. Returns its SHA-256 in hex and its size in bytes.
    pub fn finish(mut self) -> Result<(String, u64)> {
        self.file.flush()?;
        Ok((hex(&self.sha256.finalize()), self.bytes))
    }
}

impl StagingArea {
    /// Opens an empty staging area over an output root. Files that a dead run left staged below a local root are deleted.
    /// `published`, `in_doubt` and `damage` come from the manifest.
    pub fn open(
        store: &Store,
        published: Arc<BTreeMap<String, FileRecord>>,
        in_doubt: BTreeSet<String>,
        damage: Arc<DamageCheck>,
    ) -> Result<StagingArea> {
        let (folder, temporary) = match store.folder() {
            Some(root) => Self::folder_below(root).with("folder", root.display()),
            None => TemporaryStaging::new().map(|temporary| (temporary.path().to_owned(), Some(temporary))),
        }
        .with("while", "making a folder for what the run stages")?;
        let staged = Store::open(&folder.to_string_lossy())?;
        let (store, files) = (store.clone(), Mutex::default());
        Ok(StagingArea { store, staged, folder, _temporary: temporary, published, in_doubt, damage, files })
    }

    /// The folder below a local root: `_staging`, or one with a random name if a run of another user has left a `_staging` that this user may
    /// not remove.
    fn folder_below(root: &Path) -> std::io::Result<(PathBuf, Option<TemporaryStaging>)> {
        let folder = root.join(STAGING);
        if remove_all(&folder).is_err() {
            let beside = temporary_folder(root, STAGING_BESIDE)?;
            return Ok((beside.path().to_owned(), Some(TemporaryStaging::below_a_lock(beside))));
        }
        std::fs::create_dir_all(root)?;
        private_folder(&folder)?;
        Ok((folder, None))
    }

    /// Creates a staged file. `add` completes it.
    pub fn create(&self, key: &str) -> Result<DraftFile> {
        let path = self.folder.join(key);
        path.parent().map_or(Ok(()), private_folder).with("file", path.display()).with("while", STAGE)?;
        let file = private_file(&path).with("file", path.display()).with("while", STAGE)?;
        Ok(DraftFile { file: BufWriter::with_capacity(1 << 20, file), sha256: Sha256::new(), bytes: 0 })
    }

    /// Adds a finished file. If the same bytes are published already, the staged copy is deleted and nothing will be written.
    pub fn add(&self, key: &str, (sha256, bytes): (String, u64), rows: usize, schema: String) -> Result<StagedFile> {
        let put_condition = self.put_condition(key, &sha256, bytes)?;
        if put_condition.is_none() {
            self.renew_mode(key);
            let path = self.folder.join(key);
            std::fs::remove_file(&path).with("file", path.display()).with("while", STAGE)?;
        }
        let staged = StagedFile { sha256, rows, bytes, schema, put_condition };
        self.files().insert(key.to_owned(), staged.clone());
        Ok(staged)
    }

    /// Gives a published file that stays the mode that it would get now.
    pub fn renew_mode(&self, key: &str) {
        self.store.renew_mode(key, &self.folder.join(key));
    }

    /// The condition under which a file replaces the published one; `None` if the published one has the same bytes.
    fn put_condition(&self, key: &str, sha: &str, bytes: u64) -> Result<Option<PutCondition>> {
        let Some(object) = self.store.head(key)? else { return Ok(Some(PutCondition::IfAbsent)) };
        let version = object.version();
        let is_local = self.store.folder().is_some();
        if !is_local && (self.in_doubt.contains(key) || self.damage.is_damaged(key)) {
            return Ok(Some(PutCondition::IfMatch(version)));
        }
        // The manifest's hash holds only for the version that it was written for; otherwise the object is read and hashed. On a local disk
        // inode, size and time stay the same when a bit rots, so the file is always hashed.
        let record = self.published.get(key).filter(|record| !is_local && record.tag.is_some() && record.tag.as_deref() == version.tag());
        let same = match record {
            Some(record) => record.sha256 == sha,
            None => object.size() == bytes && hash_file(&self.store, key)?.is_some_and(|(found, _)| found == sha),
        };
        Ok((!same).then_some(PutCondition::IfMatch(version)))
    }

    /// Removes the files of a day, as if they had not been staged.
    pub fn discard_day(&self, day: Day) -> Result<()> {
        let of_day = format!("/dt={day}/");
        let discarded = self.files().extract_if(.., |key, _| key.contains(&of_day)).collect::<Vec<_>>();
        for (key, _) in discarded.iter().filter(|(_, staged)| staged.put_condition.is_some()) {
            let path = self.folder.join(key);
            std::fs::remove_file(&path).with("file", path.display()).with("while", "taking back what a failed day has staged")?;
        }
        Ok(())
    }

    /// The staged files by key, under a lock.
    pub fn files(&self) -> MutexGuard<'_, BTreeMap<String, StagedFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this run has staged the file, with the published bytes or others.
    pub fn has_staged(&self, key: &str) -> bool {
        self.files().contains_key(key)
    }

    /// Whether this run has staged the file with other bytes than the published ones.
    pub fn has_changed(&self, key: &str) -> bool {
        self.files().get(key).is_some_and(|staged| staged.put_condition.is_some())
    }

    /// The store that has the file as it will be published.
    fn store_of(&self, key: &str) -> &Store {
        if self.has_changed(key) { &self.staged } else { &self.store }
    }

    /// The SHA-256 that the published file must have before its bytes are used. `None`: this run has written the file itself, a dead run may
    /// have written it, or the manifest does not name it.
    fn expected(&self, key: &str) -> Option<String> {
        if let Some(staged) = self.files().get(key) {
            return staged.put_condition.is_none().then(|| staged.sha256.clone());
        }
        self.published.get(key).filter(|_| !self.in_doubt.contains(key)).map(|record| record.sha256.clone())
    }

    /// Hashes a published file from beginning to end, once in a run, for readers that read it in pieces.
    /// Errors: it is not as it was published; the store fails.
    pub fn check(&self, key: &str) -> Result<()> {
        self.expected(key).map_or(Ok(()), |expected| self.damage.check_file(&self.store, key, &expected))
    }

    /// The metadata of a file as it will be published; `None` if there is no such file.
    /// Errors: the manifest names the file, and it is gone; the store fails.
    pub fn head(&self, key: &str) -> Result<Option<StoredObject>> {
        let found = self.store_of(key).head(key)?;
        // A file that is known to be gone is made again by this run, or not needed.
        if found.is_none()
            && !self.damage.is_damaged(key)
            && let Some(expected) = self.expected(key)
        {
            self.damage.compare(&self.store, key, None, &expected)?;
        }
        Ok(found)
    }

    /// Reads a file as it will be published. Errors: there is no such file; it is not as it was published; the store fails.
    pub fn get(&self, key: &str) -> Result<Bytes> {
        let expected = self.expected(key);
        let bytes = self.store_of(key).get(key);
        if bytes.is_err() {
            self.head(key)?;
        }
        let bytes = bytes?;
        expected.map_or(Ok(()), |expected| self.damage.check_bytes(&self.store, key, &bytes, &expected))?;
        Ok(bytes)
    }

    /// Notes that the staged files are published: what was damaged of them is as it should be.
    pub fn settle(&self) {
        self.damage.settle(self.files().keys());
    }

    /// A reader of a Parquet file as it will be published.
    #[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
    pub fn parquet(&self, object: &StoredObject) -> parquet::arrow::async_reader::ParquetObjectReader {
        self.store_of(&object.key).parquet(object)
    }

    /// The local path of a staged file.
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    /// Deletes the folder of the staged files. The list of files stays.
    pub fn clear(&self) -> Result<()> {
        remove_all(&self.folder).with("folder", self.folder.display()).with("while", "removing what was staged")
    }

    /// The location of a key as messages show it: where it is published.
    pub fn describe(&self, key: &str) -> String {
        self.store.describe(key)
    }
}

impl Drop for StagingArea {
    /// A run that ends early keeps no disk full.
    fn drop(&mut self) {
        let _ = remove_all(&self.folder);
    }
}
