//! `kefu verify` (核对): every published file read again and held against the manifest.

use super::manifest::{FileRecord, Manifest};
use super::stage::sha256;
use crate::error::{Error, Kind, Result};
use crate::pipe;
use crate::store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Folders that hold nothing but what the manifest names.
const TABLES: [&str; 4] = ["reports", "details", "dims", "quarantine"];

/// What is not as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub file: String,
    pub what: String,
}

#[derive(Debug, Serialize)]
pub struct Verified {
    pub output: String,
    pub files: usize,
    pub bytes: u64,
    pub differences: Vec<Difference>,
}

/// Reads every file the manifest names, and looks for those that it does not.
/// Errors: the store's; that something differs is no error here.
pub fn verify(store: &Store) -> Result<Verified> {
    let manifest = Manifest::load(store)?;
    let mut differences = Vec::new();
    let named = manifest.files.iter().collect::<Vec<_>>();
    let mut bytes = 0;
    let check = |(key, record): &(&String, &FileRecord), emit: &mut dyn FnMut((u64, Option<Difference>)) -> Result<()>| {
        let what = difference(store, key, record)?;
        emit((record.bytes, what.map(|what| Difference { file: (*key).clone(), what })))
    };
    pipe::in_order(&named, pipe::workers(), check, |(size, difference)| {
        bytes += size;
        differences.extend(difference);
        Ok(())
    })?;
    for folder in TABLES {
        for object in store.list(folder)?.into_iter().filter(|object| !manifest.files.contains_key(&object.key)) {
            differences.push(Difference { file: object.key, what: "not in the manifest".to_owned() });
        }
    }
    differences.extend(mixed_schemas(&manifest));
    if !manifest.unsure.is_empty() {
        let what = format!("a run died while it published {} file(s); the next one ends it", manifest.unsure.len());
        differences.push(Difference { file: "_meta/publishing.json".to_owned(), what });
    }
    Ok(Verified { output: store.name().to_owned(), files: named.len(), bytes, differences })
}

fn difference(store: &Store, key: &str, record: &FileRecord) -> Result<Option<String>> {
    let Some((bytes, _)) = store.load(key)? else { return Ok(Some("gone".to_owned())) };
    if bytes.len() as u64 != record.bytes {
        return Ok(Some(format!("{} bytes, not {}", bytes.len(), record.bytes)));
    }
    let found = sha256(&bytes);
    Ok((found != record.sha256).then(|| format!("other bytes: sha256 {}…, not {}…", &found[..12], &record.sha256[..12])))
}

/// One schema for all files of a table: readers that take a folder as one table ask for it.
fn mixed_schemas(manifest: &Manifest) -> Vec<Difference> {
    let mut tables: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (key, record) in manifest.files.iter() {
        let table = key.split("/dt=").next().unwrap_or(key);
        *tables.entry(table).or_default().entry(&record.schema).or_default() += 1;
    }
    let mixed = tables.into_iter().filter(|(_, schemas)| schemas.len() > 1);
    mixed.map(|(table, schemas)| Difference { file: table.to_owned(), what: format!("{} schemas in one table", schemas.len()) }).collect()
}

impl Verified {
    /// Errors: something differs.
    pub fn verdict(&self) -> Result<()> {
        if self.differences.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Failed, format!("{} of {} files are not what was published", self.differences.len(), self.files))
            .with("output", &self.output)
            .hint("`kefu backfill … --only all` over their days makes them again"))
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{}: {}", difference.file, difference.what)?;
        }
        let verdict = if self.differences.is_empty() { "all as published" } else { "differ" };
        let differ = if self.differences.is_empty() { String::new() } else { format!("{} ", self.differences.len()) };
        writeln!(f, "{} files, {} bytes under {}: {differ}{verdict}", self.files, self.bytes, self.output)
    }
}
