//! Damage: published files that are not as they were published. A run hashes every file that the manifest names before it uses the bytes, so
//! that a flipped bit never becomes a number.

use super::hash::{hash_file, sha256};
use crate::error::{Error, Kind, Result};
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a run knows of the bytes of published files. Several threads may use it at the same time. The whole file is hashed once in a run: one
/// read from beginning to end where the rows are read piece by piece, and no further read where the bytes are in memory anyway.
#[derive(Debug, Default)]
pub struct DamageCheck(Mutex<KnownBytes>);

/// The files that were hashed so far.
#[derive(Debug, Default)]
struct KnownBytes {
    /// Key → the SHA-256 that the file has.
    whole: BTreeMap<String, String>,
    /// Files that are gone or have other bytes.
    damaged: BTreeSet<String>,
    /// The number of damaged files that were found, those that are made again by now included.
    found: usize,
}

impl DamageCheck {
    /// A check that knows of some damaged files.
    pub fn of(damaged: BTreeSet<String>) -> DamageCheck {
        DamageCheck(Mutex::new(KnownBytes { damaged, ..KnownBytes::default() }))
    }

    fn known(&self) -> MutexGuard<'_, KnownBytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hashes a published file unless this run has done so. `expected`: its SHA-256 in the manifest.
    /// Errors: the file is gone or has other bytes; the store fails.
    pub fn check_file(&self, store: &Store, key: &str, expected: &str) -> Result<()> {
        if self.is_whole(key, expected) {
            return Ok(());
        }
        let found = hash_file(store, key)?.map(|(found, _)| found);
        self.compare(store, key, found.as_deref(), expected)
    }

    /// As `check_file`, with the bytes of the file.
    pub fn check_bytes(&self, store: &Store, key: &str, bytes: &[u8], expected: &str) -> Result<()> {
        if self.is_whole(key, expected) {
            return Ok(());
        }
        self.compare(store, key, Some(&sha256(bytes)), expected)
    }

    /// Compares the hash of a published file with that in the manifest and notes the result. `found`: `None` if the file is gone.
    /// Errors: they differ.
    pub fn compare(&self, store: &Store, key: &str, found: Option<&str>, expected: &str) -> Result<()> {
        let mut known = self.known();
        if found == Some(expected) {
            known.whole.insert(key.to_owned(), expected.to_owned());
            return Ok(());
        }
        let is_new = known.damaged.insert(key.to_owned());
        known.found += usize::from(is_new);
        Err(damaged(store, key))
    }

    fn is_whole(&self, key: &str, expected: &str) -> bool {
        self.known().whole.get(key).is_some_and(|known| known == expected)
    }

    /// Whether a file is known to be damaged.
    pub fn is_damaged(&self, key: &str) -> bool {
        self.known().damaged.contains(key)
    }

    /// The files that are known to be damaged.
    pub fn damaged(&self) -> BTreeSet<String> {
        self.known().damaged.clone()
    }

    /// Adds damaged files that somebody else has found.
    pub fn note(&self, keys: impl IntoIterator<Item = String>) {
        self.known().damaged.extend(keys);
    }

    /// Notes that files were published again.
    pub fn settle<'k>(&self, keys: impl Iterator<Item = &'k String>) {
        let mut known = self.known();
        for key in keys {
            known.damaged.remove(key);
            known.whole.remove(key);
        }
    }

    /// The number of damaged files that reads have found so far.
    pub fn found(&self) -> usize {
        self.known().found
    }

    /// Errors: reads have found more than `before` damaged files, even if the reader went on without them.
    pub fn verdict(&self, store: &Store, before: usize) -> Result<()> {
        let known = self.known();
        match known.damaged.first().filter(|_| known.found > before) {
            Some(key) => Err(damaged(store, key)),
            None => Ok(()),
        }
    }
}

/// The error of a file that is gone or has other bytes.
fn damaged(store: &Store, key: &str) -> Error {
    Error::new(Kind::Failed, "a published file is gone or has other bytes than it was published with")
        .with("file", store.describe(key))
        .hint("`kefu verify --repair` with the same pipeline file makes what is damaged again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_as_damaged_until_it_is_made_again() {
        let (store, key) = (Store::open("memory:///").unwrap(), "state/x/dt=2026-09-01/data.parquet");
        let check = DamageCheck::default();
        store.put(key, b"as published".to_vec()).unwrap();
        let expected = sha256(b"as published");
        assert!(check.check_file(&store, key, &expected).is_ok() && check.verdict(&store, 0).is_ok());
        let other = DamageCheck::default();
        store.put(key, b"as publisher".to_vec()).unwrap();
        assert!(other.check_file(&store, key, &expected).is_err() && other.check_bytes(&store, key, b"", &expected).is_err());
        assert_eq!((other.found(), other.is_damaged(key)), (1, true));
        assert!(other.verdict(&store, 0).is_err() && other.verdict(&store, 1).is_ok());
        other.settle([key.to_owned()].iter());
        assert_eq!((other.found(), other.is_damaged(key)), (1, false));
        assert!(DamageCheck::default().check_file(&store, "gone", &expected).is_err());
    }
}
