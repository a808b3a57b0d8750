//! `kefu verify` (核对): reads every published file and compares it with the manifest.

use super::manifest::Manifest;
use crate::error::{Error, Kind, Result};
use crate::parallel;
use crate::staging::FileRecord;
use crate::staging::hash_file;
use crate::store::Store;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The folders in which the manifest names every file.
pub(super) const FOLDERS: [&str; 6] = ["reports", "details", "dims", "quarantine", "_meta/audit", STATES];
/// The folder of the states. Versions that kept no hashes of them named none.
const STATES: &str = "state";

/// A difference between the output root and the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyDifference {
    /// The key of a file, or the folder of a table.
    pub file: String,
    /// The difference, as a phrase.
    pub what: String,
    /// The manifest names the file, and it is gone or has other bytes. `kefu verify --repair` makes it again.
    pub damaged: bool,
}

impl VerifyDifference {
    fn new(file: &str, what: impl Into<String>) -> VerifyDifference {
        VerifyDifference { file: file.to_owned(), what: what.into(), damaged: false }
    }

    pub(super) fn damaged(file: &str, what: impl Into<String>) -> VerifyDifference {
        VerifyDifference { damaged: true, ..VerifyDifference::new(file, what) }
    }
}

/// The result of a verification.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// The output root.
    pub output: String,
    /// The number of files that the manifest names.
    pub files: usize,
    /// The sum of their sizes in the manifest.
    pub bytes: u64,
    pub differences: Vec<VerifyDifference>,
}

/// Reads every file that the manifest names, and looks for files that it does not name.
/// Errors: the store fails. A difference is not an error here; see `VerifyReport::verdict`.
pub fn verify(store: &Store) -> Result<VerifyReport> {
    let manifest = Manifest::load(store)?;
    let mut differences = Vec::new();
    let named = manifest.files.iter().collect::<Vec<_>>();
    let mut bytes = 0;
    let check = |(key, record): &(&String, &FileRecord), emit: &mut dyn FnMut((u64, Option<VerifyDifference>)) -> Result<()>| {
        let what = difference(store, key, record)?;
        emit((record.bytes, what.map(|what| VerifyDifference::damaged(key, what))))
    };
    parallel::for_each_ordered(&named, parallel::workers(), check, |(size, difference)| {
        bytes += size;
        differences.extend(difference);
        Ok(())
    })?;
    for folder in FOLDERS.into_iter().filter(|folder| *folder != STATES || !manifest.takes_over) {
        let unnamed = store.list(folder)?.into_iter().filter(|object| !manifest.files.contains_key(&object.key));
        differences.extend(unnamed.map(|object| VerifyDifference::new(&object.key, "not in the manifest")));
    }
    differences.extend(strays(&manifest)?);
    differences.extend(mixed_schemas(&manifest));
    if !manifest.in_doubt.is_empty() {
        let what = format!("a run died while it published {} file(s); the next run completes them", manifest.in_doubt.len());
        differences.push(VerifyDifference::new("_meta/publishing.json", what));
    }
    Ok(VerifyReport { output: store.name().to_owned(), files: named.len(), bytes, differences })
}

/// How a file differs from its entry in the manifest; `None` if it does not.
pub(super) fn difference(store: &Store, key: &str, record: &FileRecord) -> Result<Option<String>> {
    let Some((found, bytes)) = hash_file(store, key)? else { return Ok(Some("gone".to_owned())) };
    if bytes != record.bytes {
        return Ok(Some(format!("{bytes} bytes, not {}", record.bytes)));
    }
    let short = |hash: &str| hash.get(..12).unwrap_or(hash).to_owned();
    Ok((found != record.sha256).then(|| format!("other bytes: sha256 {}…, not {}…", short(&found), short(&record.sha256))))
}

/// Published files that have no place in the calendar of the output.
fn strays(manifest: &Manifest) -> Result<Vec<VerifyDifference>> {
    let Some(calendar) = &manifest.calendar else { return Ok(Vec::new()) };
    let what = "no period or level of this output: a backfill over all its days takes it back";
    Ok(calendar.strays(manifest.files.keys())?.into_iter().map(|file| VerifyDifference::new(&file, what)).collect())
}

/// The tables whose files have more than one schema. Readers that open a folder as one table require a single one.
fn mixed_schemas(manifest: &Manifest) -> Vec<VerifyDifference> {
    let mut tables: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (key, record) in manifest.files.iter().filter(|(key, _)| !key.starts_with(STATES)) {
        let table = key.split("/dt=").next().unwrap_or(key);
        *tables.entry(table).or_default().entry(&record.schema).or_default() += 1;
    }
    let mixed = tables.into_iter().filter(|(_, schemas)| schemas.len() > 1);
    mixed.map(|(table, schemas)| VerifyDifference::new(table, format!("{} schemas in one table", schemas.len()))).collect()
}

impl VerifyReport {
    /// The files that are gone or have other bytes.
    pub fn damaged(&self) -> BTreeSet<String> {
        self.differences.iter().filter(|difference| difference.damaged).map(|difference| difference.file.clone()).collect()
    }

    /// Errors: there is a difference.
    pub fn verdict(&self) -> Result<()> {
        if self.differences.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Failed, format!("{} of {} files are not what was published", self.differences.len(), self.files))
            .with("output", &self.output)
            .hint("`kefu verify --repair` makes again what is damaged, and `kefu repair` settles files that the manifest does not name"))
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{}: {}", difference.file, difference.what)?;
        }
        let verdict = if self.differences.is_empty() { "all as published" } else { "differ" };
        let differ = if self.differences.is_empty() { String::new() } else { format!("{} ", self.differences.len()) };
        writeln!(f, "{} files, {} bytes under {}: {differ}{verdict}", self.files, self.bytes, self.output)
    }
}
