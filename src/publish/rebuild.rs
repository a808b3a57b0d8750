//! Rebuilds a manifest whose documents are lost or damaged: from the pages that are whole, the files that are found, and their hashes.

use super::lease::Lease;
use super::manifest::Manifest;
use super::pages::{ManifestFault, StoredManifest, day_of, month_page, page_of, root_page};
use super::verify::{FOLDERS, VerifyDifference, difference};
use crate::error::Result;
use crate::parallel;
use crate::staging::{FileRecord, decode, record_of};
use crate::store::Store;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The folders whose partitions tell which days there are: every day has states, and the reported ones have an audit.
const STATES_OF_DAYS: &str = "state/chats/shop_persons/";
const AUDITS: &str = "_meta/audit/";

/// A manifest that is being rebuilt, and what was found on the way. Nothing is written before `write`.
pub struct Rebuild {
    /// The manifest. The days of lost pages are not in it: the caller adds them, because their inputs and rules are not the output's to know.
    pub manifest: Manifest,
    /// What was wrong with the documents of the manifest.
    pub faults: Vec<ManifestFault>,
    /// The root page is lost, and with it what is known of no single month.
    pub has_lost_root: bool,
    /// Files that are as the manifest names them.
    pub whole: usize,
    /// Files that it names now, as they are, because their page is lost.
    pub adopted: Vec<String>,
    /// Files that no run has published. `write` deletes them.
    pub strays: Vec<String>,
    /// Files that are gone or have other bytes, and files of lost pages that cannot be read.
    pub damaged: Vec<VerifyDifference>,
    /// The days of lost pages. `true`: its reports were published, otherwise only its states.
    pub lost_days: BTreeMap<Day, bool>,
}

/// What a file turned out to be.
enum Finding {
    /// As the manifest names it, with the ETag that it has now.
    Whole(Option<String>),
    /// Not as the manifest names it, or not readable.
    Damaged(VerifyDifference),
    /// Not named, because its page is lost.
    Adopted(FileRecord),
    /// Not named, and its page is whole.
    Stray,
    /// A publication that was announced may have written it, so the next run decides, or somebody else keeps it here.
    Left,
}

impl Rebuild {
    /// Compares every file with the pages that are whole. Errors: the store fails.
    pub fn gather(store: &Store) -> Result<Rebuild> {
        let stored = StoredManifest::read(store)?;
        let (faults, has_root) = (stored.faults.clone(), stored.has_root());
        let lost = faults.iter().filter(|fault| !fault.is_stray).map(|fault| fault.file.clone()).collect::<BTreeSet<_>>();
        let pages = stored.pages.keys().cloned().collect::<BTreeSet<_>>();
        // Without the root page nobody knows which months had a page.
        let is_lost = |page: &str| lost.contains(page) || !has_root && !pages.contains(page);
        let has_lost_root = is_lost(&root_page());
        let manifest = Manifest::of(stored);
        let (whole, adopted, strays, damaged) = (0, Vec::new(), Vec::new(), Vec::new());
        let mut rebuild = Rebuild { manifest, faults, has_lost_root, whole, adopted, strays, damaged, lost_days: BTreeMap::new() };
        rebuild.compare_files(store, &is_lost)?;
        rebuild.find_lost_days(&is_lost);
        Ok(rebuild)
    }

    /// Compares the files that are there, and those that should be, with the manifest.
    fn compare_files(&mut self, store: &Store, is_lost: &(dyn Fn(&str) -> bool + Sync)) -> Result<()> {
        let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
        for folder in FOLDERS {
            found.extend(store.list(folder)?.into_iter().map(|object| {
                let tag = object.version().tag().map(str::to_owned);
                (object.key, tag)
            }));
        }
        let known = &self.manifest;
        let mut files = (*known.files).clone();
        found.extend(files.keys().filter(|key| !found.contains_key(*key)).map(|key| (key.clone(), None)).collect::<Vec<_>>());
        let found = found.into_iter().collect::<Vec<_>>();
        let look = |(key, tag): &(String, Option<String>), emit: &mut dyn FnMut((String, Finding)) -> Result<()>| {
            emit((key.clone(), look_at(store, known, key, tag, is_lost)?))
        };
        let (mut in_doubt, mut whole) = (Vec::new(), 0);
        let (adopted, strays, damaged) = (&mut self.adopted, &mut self.strays, &mut self.damaged);
        parallel::for_each_ordered(&found, parallel::workers(), look, |(key, finding)| {
            match finding {
                Finding::Whole(tag) => {
                    whole += 1;
                    files.entry(key).and_modify(|record| record.tag = tag);
                }
                Finding::Adopted(record) => {
                    adopted.push(key.clone());
                    files.insert(key, record);
                }
                // A state is hashed whenever it is read. For any other file the next run is told.
                Finding::Damaged(difference) => {
                    in_doubt.extend((!key.starts_with("state/") || !files.contains_key(&key)).then_some(key));
                    damaged.push(difference);
                }
                Finding::Stray => strays.push(key),
                Finding::Left => {}
            }
            Ok(())
        })?;
        (self.manifest.files, self.whole) = (Arc::new(files), whole);
        self.manifest.in_doubt.extend(in_doubt);
        Ok(())
    }

    /// Finds the days that have files and whose records are lost.
    fn find_lost_days(&mut self, is_lost: &dyn Fn(&str) -> bool) {
        let date_of = |key: &str, folder: &str| day_of(key.strip_prefix(folder)?.strip_prefix("dt=")?.split('/').next()?);
        for (folder, is_reported) in [(STATES_OF_DAYS, false), (AUDITS, true)] {
            let days = self.manifest.files.keys().filter_map(|key| date_of(key, folder));
            let days = days.filter(|day| !self.manifest.days.contains_key(day) && is_lost(&month_page(&day.to_string()[..7])));
            self.lost_days.extend(days.map(|day| (day, is_reported)));
        }
    }

    /// The message files of a day and their rows, as its audit counts them; zeros if it has none. Errors: the audit cannot be read.
    pub fn messages_of(&self, store: &Store, day: Day) -> Result<(usize, i64)> {
        let key = format!("{AUDITS}dt={day}/data.parquet");
        if !self.manifest.files.contains_key(&key) {
            return Ok((0, 0));
        }
        let audit = decode(store.get(&key)?)?;
        let tables = audit.column_by_name("table").and_then(|tables| tables.as_string_opt::<i32>());
        let read = audit.column_by_name("read").and_then(|read| read.as_primitive_opt::<Int64Type>());
        let (Some(tables), Some(read)) = (tables, read) else { return Ok((0, 0)) };
        let rows = tables.iter().zip(read.iter()).filter(|(table, _)| *table == Some("messages"));
        let rows = rows.map(|(_, read)| read.unwrap_or_default()).collect::<Vec<_>>();
        Ok((rows.len(), rows.into_iter().sum()))
    }

    /// Deletes the strays and writes the manifest. `run`: the id of the run that does so. Errors: the lease is lost; the store fails.
    pub fn write(&mut self, store: &Store, run: &str, lease: &Lease) -> Result<()> {
        lease.check()?;
        self.strays.iter().try_for_each(|key| store.delete(key))?;
        for fault in self.faults.iter().filter(|fault| fault.is_stray) {
            store.delete(&fault.file)?;
            self.manifest.drop_page(&fault.file);
        }
        self.manifest.rewrite(store, run)
    }
}

/// Looks at a file that is there or should be. `tag`: its ETag.
fn look_at(store: &Store, known: &Manifest, key: &str, tag: &Option<String>, is_lost: &(dyn Fn(&str) -> bool + Sync)) -> Result<Finding> {
    if known.in_doubt.contains(key) || known.orphans.contains(key) {
        return Ok(Finding::Left);
    }
    if let Some(record) = known.files.get(key) {
        let what = difference(store, key, record)?;
        return Ok(what.map_or_else(|| Finding::Whole(tag.clone()), |what| Finding::Damaged(VerifyDifference::damaged(key, what))));
    }
    if !key.ends_with("/data.parquet") || known.takes_over && key.starts_with("state/") {
        return Ok(Finding::Left);
    }
    if !is_lost(&page_of(key)) {
        return Ok(Finding::Stray);
    }
    let unreadable = || Finding::Damaged(VerifyDifference::damaged(key, "cannot be read, and nothing says what it was"));
    Ok(record_of(store, key)?.map_or_else(unreadable, Finding::Adopted))
}
