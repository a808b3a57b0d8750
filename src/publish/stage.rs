//! Files of a run before they are published: they wait on the local disk, are read as if they were in place, and are told apart from
//! what is.

use super::manifest::FileRecord;
use crate::calendar::Day;
use crate::error::{Context, Result};
use crate::store::{Expected, Object, STAGING, Store};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// An output root with the files that a run has made over it. Days may stage side by side.
pub struct Stage {
    store: Store,
    /// Below a local root, so that moving a file into place is a rename; else in a folder of the system's.
    waiting: Store,
    folder: PathBuf,
    _temporary: Option<TempDir>,
    /// What is known of the files in place.
    known: Arc<BTreeMap<String, FileRecord>>,
    /// Files that a dead run may still have a write of on its way: they are put again though their bytes are the same, so that what that
    /// write expects to replace is gone.
    unsure: BTreeSet<String>,
    files: Mutex<BTreeMap<String, Staged>>,
}

/// A file that was made.
#[derive(Clone, Debug)]
pub struct Staged {
    pub sha256: String,
    pub rows: usize,
    pub bytes: u64,
    /// Names the columns and their types.
    pub schema: String,
    /// None: the same bytes are in place.
    pub instead_of: Option<Expected>,
}

/// A file under way.
pub struct Draft {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Write for Draft {
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

impl Draft {
    /// The SHA-256 of all that was written, and how much that was.
    pub fn finish(mut self) -> Result<(String, u64)> {
        self.file.flush()?;
        Ok((hex(&self.sha256.finalize()), self.bytes))
    }
}

/// The SHA-256 of bytes, as text.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Stage {
    /// An empty stage; what a run that died left below a local root is swept.
    pub fn open(store: &Store, known: Arc<BTreeMap<String, FileRecord>>, unsure: BTreeSet<String>) -> Result<Stage> {
        let (folder, temporary) = match store.folder() {
            Some(root) => (root.join(STAGING), None),
            None => {
                let temporary = TempDir::with_prefix("kefu-")?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        if temporary.is_none() && folder.is_dir() {
            std::fs::remove_dir_all(&folder).with("folder", folder.display())?;
        }
        std::fs::create_dir_all(&folder).with("folder", folder.display())?;
        let waiting = Store::open(&folder.to_string_lossy())?;
        Ok(Stage { store: store.clone(), waiting, folder, _temporary: temporary, known, unsure, files: Mutex::default() })
    }

    /// Begins a file.
    pub fn begin(&self, key: &str) -> Result<Draft> {
        let path = self.folder.join(key);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).with("file", path.display())?;
        let file = File::create(&path).with("file", path.display())?;
        Ok(Draft { file: BufWriter::with_capacity(1 << 20, file), sha256: Sha256::new(), bytes: 0 })
    }

    /// Takes a file that has ended. The same bytes already in place are left alone.
    pub fn keep(&self, key: &str, (sha256, bytes): (String, u64), rows: usize, schema: String) -> Result<Staged> {
        let instead_of = self.instead_of(key, &sha256, bytes)?;
        if instead_of.is_none() {
            std::fs::remove_file(self.folder.join(key))?;
        }
        let staged = Staged { sha256, rows, bytes, schema, instead_of };
        self.files().insert(key.to_owned(), staged.clone());
        Ok(staged)
    }

    /// What stands at a key, where it is not these bytes.
    fn instead_of(&self, key: &str, sha: &str, bytes: u64) -> Result<Option<Expected>> {
        let Some(object) = self.store.head(key)? else { return Ok(Some(Expected::Nothing)) };
        let version = object.version();
        if self.unsure.contains(key) && self.store.folder().is_none() {
            return Ok(Some(Expected::This(version)));
        }
        let known = self.known.get(key).filter(|known| known.tag.is_some() && known.tag.as_deref() == version.tag());
        let same = match known {
            Some(known) => known.sha256 == sha,
            None => object.size() == bytes && sha256(&self.store.get(key)?) == sha,
        };
        Ok((!same).then_some(Expected::This(version)))
    }

    /// As if the files of a day had not been made.
    pub fn forget(&self, day: Day) -> Result<()> {
        let of_day = format!("/dt={day}/");
        let forgotten = self.files().extract_if(.., |key, _| key.contains(&of_day)).collect::<Vec<_>>();
        for (key, _) in forgotten.iter().filter(|(_, staged)| staged.instead_of.is_some()) {
            std::fs::remove_file(self.folder.join(key))?;
        }
        Ok(())
    }

    pub fn files(&self) -> MutexGuard<'_, BTreeMap<String, Staged>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This run made the file, the same as the one in place or another.
    pub fn has_made(&self, key: &str) -> bool {
        self.files().contains_key(key)
    }

    /// This run made the file, another than the one in place.
    pub fn has_changed(&self, key: &str) -> bool {
        self.files().get(key).is_some_and(|staged| staged.instead_of.is_some())
    }

    /// The store that a file is to be read from.
    fn place(&self, key: &str) -> &Store {
        if self.has_changed(key) { &self.waiting } else { &self.store }
    }

    /// A file as it will be, or none.
    pub fn head(&self, key: &str) -> Result<Option<Object>> {
        self.place(key).head(key)
    }

    pub fn get(&self, key: &str) -> Result<Bytes> {
        self.place(key).get(key)
    }

    /// A reader of a file as it will be.
    #[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
    pub fn parquet(&self, object: &Object) -> parquet::arrow::async_reader::ParquetObjectReader {
        self.place(&object.key).parquet(object)
    }

    /// Where a file waits.
    pub fn waiting(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    /// Nothing waits any more.
    pub fn clear(&self) -> Result<()> {
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }

    pub fn describe(&self, key: &str) -> String {
        self.store.describe(key)
    }
}
