//! `kefu verify` (核对): reads every published file and compares it with the manifest.

use super::manifest::Manifest;
use crate::error::{Error, Kind, Result};
use crate::parallel;
use crate::staging::FileRecord;
use crate::staging::sha256;
use crate::store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The folders in which the manifest names every file.
const TABLES: [&str; 4] = ["reports", "details", "dims", "quarantine"];

/// A difference between the output root and the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyDifference {
    /// The key of a file, or the folder of a table.
    pub file: String,
    /// The difference, as a phrase.
    pub what: String,
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
        emit((record.bytes, what.map(|what| VerifyDifference { file: (*key).clone(), what })))
    };
    parallel::for_each_ordered(&named, parallel::workers(), check, |(size, difference)| {
        bytes += size;
        differences.extend(difference);
        Ok(())
    })?;
    for folder in TABLES {
        for object in store.list(folder)?.into_iter().filter(|object| !manifest.files.contains_key(&object.key)) {
            differences.push(VerifyDifference { file: object.key, what: "not in the manifest".to_owned() });
        }
    }
    differences.extend(strays(&manifest)?);
    differences.extend(mixed_schemas(&manifest));
    if !manifest.in_doubt.is_empty() {
        let what = format!("a run died while it published {} file(s); the next run completes them", manifest.in_doubt.len());
        differences.push(VerifyDifference { file: "_meta/publishing.json".to_owned(), what });
    }
    Ok(VerifyReport { output: store.name().to_owned(), files: named.len(), bytes, differences })
}

/// How a file differs from its entry in the manifest; `None` if it does not.
fn difference(store: &Store, key: &str, record: &FileRecord) -> Result<Option<String>> {
    let Some((bytes, _)) = store.get_versioned(key)? else { return Ok(Some("gone".to_owned())) };
    if bytes.len() as u64 != record.bytes {
        return Ok(Some(format!("{} bytes, not {}", bytes.len(), record.bytes)));
    }
    let found = sha256(&bytes);
    Ok((found != record.sha256).then(|| format!("other bytes: sha256 {}…, not {}…", &found[..12], &record.sha256[..12])))
}

/// Published files that have no place in the calendar of the output.
fn strays(manifest: &Manifest) -> Result<Vec<VerifyDifference>> {
    let Some(calendar) = &manifest.calendar else { return Ok(Vec::new()) };
    let what = "no period or level of this output: a backfill over all its days takes it back";
    Ok(calendar.strays(manifest.files.keys())?.into_iter().map(|file| VerifyDifference { file, what: what.to_owned() }).collect())
}

/// The tables whose files have more than one schema. Readers that open a folder as one table require a single one.
fn mixed_schemas(manifest: &Manifest) -> Vec<VerifyDifference> {
    let mut tables: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (key, record) in manifest.files.iter() {
        let table = key.split("/dt=").next().unwrap_or(key);
        *tables.entry(table).or_default().entry(&record.schema).or_default() += 1;
    }
    let mixed = tables.into_iter().filter(|(_, schemas)| schemas.len() > 1);
    mixed
        .map(|(table, schemas)| VerifyDifference { file: table.to_owned(), what: format!("{} schemas in one table", schemas.len()) })
        .collect()
}

impl VerifyReport {
    /// Errors: there is a difference.
    pub fn verdict(&self) -> Result<()> {
        if self.differences.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Failed, format!("{} of {} files are not what was published", self.differences.len(), self.files))
            .with("output", &self.output)
            .hint("`kefu backfill … --only all` over their days writes them again"))
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
