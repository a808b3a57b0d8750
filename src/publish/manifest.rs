//! `_meta/partitions` (清单): of every business day what it was made of, and of every published file what it is. The last thing a
//! publication writes: what it does not name is not done.

use super::judged::Judged;
use super::stage::sha256;
use crate::calendar::{Calendar, Day, Period};
use crate::error::{Error, Kind, Result};
use crate::store::{Expected, Store, Version};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const FOLDER: &str = "_meta/partitions";
/// What a publication under way is about to touch; nothing once it is done. It is never deleted: a late announcement of a dead run would
/// find its place free.
const INTENT: &str = "_meta/publishing.json";

/// What a business day was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// Its reports are published; without, only its facts are kept, for the days that look back on it.
    pub reported: bool,
    /// Names the rules that held, the mappings and the version.
    pub made_with: String,
    /// The last business day whose orders were there.
    pub landed: String,
    /// Fingerprints by input table, as far as had landed.
    pub inputs: BTreeMap<String, String>,
    /// Of what a day follows only when it is asked for: staff, shops, standards, targets, settings of judgement.
    pub reference: String,
    /// Message files and rows read.
    pub files: usize,
    pub rows: i64,
    /// Why a gate would have held it back, had nobody said `--force`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<String>,
    /// Why the last attempt at it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A published file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    pub sha256: String,
    pub rows: usize,
    pub bytes: u64,
    pub schema: String,
    /// How the store names the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Of a report: names what the days of its period were made of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
}

/// One object: a month's, or that of files without a date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Page {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    landed: Option<String>,
    #[serde(default, skip_serializing_if = "Judged::is_empty")]
    judged: Judged,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    days: BTreeMap<String, DayRecord>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, FileRecord>,
}

#[derive(Default)]
pub struct Manifest {
    pub days: BTreeMap<Day, DayRecord>,
    pub files: Arc<BTreeMap<String, FileRecord>>,
    /// The latest business day any run was given.
    pub landed: Option<Day>,
    pub judged: Judged,
    /// As they were read, with their versions.
    read: BTreeMap<String, (Page, Version)>,
    /// Files that a publication was about to touch when it ended before its time.
    pub unsure: BTreeSet<String>,
    /// Those of them that no run has made since: a write of one may still be on its way, however late.
    strays: BTreeSet<String>,
    intent: Option<Version>,
    /// A publication was announced and has not ended.
    is_open: bool,
    run: String,
}

#[derive(Serialize, Deserialize)]
struct Intent {
    run: String,
    files: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    strays: BTreeSet<String>,
}

impl Manifest {
    pub fn load(store: &Store) -> Result<Manifest> {
        let mut manifest = Manifest::default();
        let mut files = BTreeMap::new();
        if let Some((bytes, version)) = store.load(INTENT)? {
            let intent: Intent = serde_json::from_slice(&bytes).map_err(|e| unreadable(store, INTENT, &e.to_string()))?;
            manifest.unsure = intent.files.into_keys().collect();
            manifest.strays = intent.strays;
            manifest.is_open = !manifest.unsure.is_empty();
            manifest.intent = Some(version);
        }
        for object in store.list(FOLDER)?.into_iter().filter(|object| !manifest.strays.contains(&object.key)) {
            let Some((bytes, version)) = store.load(&object.key)? else { continue };
            let page: Page = parse(store, &object.key, &bytes)?;
            for (day, record) in &page.days {
                manifest.days.insert(parse_day(store, &object.key, day)?, record.clone());
            }
            if let Some(landed) = &page.landed {
                manifest.landed = Some(parse_day(store, &object.key, landed)?);
            }
            if !page.judged.is_empty() {
                manifest.judged = page.judged.clone();
            }
            files.extend(page.files.clone());
            manifest.read.insert(object.key, (page, version));
        }
        manifest.files = Arc::new(files);
        Ok(manifest)
    }

    /// No run has ever published here and remembered it.
    pub fn is_new(&self) -> bool {
        self.days.is_empty() && self.intent.is_none()
    }

    /// Days that have reports.
    pub fn reported(&self) -> BTreeSet<Day> {
        self.days.iter().filter(|(_, record)| record.reported).map(|(day, _)| *day).collect()
    }

    /// Names what a period's days are made of.
    pub fn made_of(&self, days: impl Iterator<Item = Day>) -> String {
        let of = |day: Day| {
            let record = self.days.get(&day).filter(|record| record.reported)?;
            // That a later attempt failed changes nothing of what is there.
            Some((day.to_string(), DayRecord { failed: None, ..record.clone() }))
        };
        let records = days.filter_map(of);
        sha256(format!("{:?}", records.collect::<Vec<_>>()).as_bytes())[..16].to_owned()
    }

    /// Remembers of the reports among some files what their periods' days are made of.
    pub fn follow<'k>(&mut self, files: impl Iterator<Item = &'k str>, calendar: &Calendar) {
        let mut known = (*self.files).clone();
        for key in files {
            let Some((period, first)) = period_of(key) else { continue };
            let of = self.made_of(calendar.span(period, first).days());
            known.entry(key.to_owned()).and_modify(|record| record.of = of);
        }
        self.files = Arc::new(known);
    }

    /// Says which files are about to be touched, and what they will be. What an earlier run left open stays open until this one has
    /// ended it.
    pub fn announce(&mut self, store: &Store, run: &str, files: BTreeMap<String, String>) -> Result<()> {
        (self.run, self.is_open) = (run.to_owned(), true);
        let pages = files.keys().map(|file| (page_of(file), String::new())).collect::<Vec<_>>();
        self.intend(store, files.into_iter().chain(pages).collect())
    }

    fn intend(&mut self, store: &Store, mut files: BTreeMap<String, String>) -> Result<()> {
        for key in &self.unsure {
            files.entry(key.clone()).or_default();
        }
        // Somebody wants it after all.
        self.strays.retain(|key| !files.contains_key(key));
        let body = serde_json::to_vec(&Intent { run: self.run.clone(), files, strays: self.strays.clone() })?;
        let expected = self.intent.take().map_or(Expected::Nothing, Expected::This);
        self.intent = Some(store.replace(INTENT, body.into(), &expected)?);
        Ok(())
    }

    /// Writes every page that is another now, and ends the publication that was announced, in which some files were made.
    pub fn save(&mut self, store: &Store, has_made: impl Fn(&str) -> bool) -> Result<()> {
        for (key, page) in self.pages() {
            let expected = match self.read.get(&key) {
                Some((read, _)) if *read == page => continue,
                Some((_, version)) => Expected::This(version.clone()),
                None => Expected::Nothing,
            };
            let version = store.replace(&key, serde_json::to_vec_pretty(&page)?.into(), &expected)?;
            self.read.insert(key, (page, version));
        }
        store.settle()?;
        self.unsure.retain(|key| !has_made(key));
        if !std::mem::replace(&mut self.is_open, !self.unsure.is_empty()) {
            return Ok(());
        }
        self.intend(store, BTreeMap::new())
    }

    /// Everything is done that was due. What a run that died was about to make, and no run has made since, is nobody's: it is removed,
    /// now and whenever a late request has brought it. A file that it changed stays open until a run makes it again.
    pub fn close(&mut self, store: &Store) -> Result<()> {
        for key in std::mem::take(&mut self.unsure).into_iter().filter(|key| !key.starts_with("state/")) {
            match self.files.get(&key) {
                Some(known) if store.head(&key)?.is_none_or(|object| object.version().tag() != known.tag.as_deref()) => &mut self.unsure,
                Some(_) => continue,
                None => &mut self.strays,
            }
            .insert(key);
        }
        self.strays.retain(|key| !self.files.contains_key(key) && !self.read.contains_key(key));
        self.sweep(store)?;
        if std::mem::take(&mut self.is_open) { self.intend(store, BTreeMap::new()) } else { Ok(()) }
    }

    /// Removes the strays that have come: before a run, so that none stands where the run has something to put, and after it.
    pub fn sweep(&self, store: &Store) -> Result<()> {
        for key in &self.strays {
            if store.head(key)?.is_some() {
                store.delete(key)?;
            }
        }
        Ok(())
    }

    fn pages(&self) -> BTreeMap<String, Page> {
        let mut pages: BTreeMap<String, Page> = self.read.keys().map(|key| (key.clone(), Page::default())).collect();
        for (day, record) in &self.days {
            let day = day.to_string();
            pages.entry(page(&day[..7])).or_default().days.insert(day, record.clone());
        }
        for (file, record) in self.files.iter() {
            pages.entry(page_of(file)).or_default().files.insert(file.clone(), record.clone());
        }
        let undated = pages.entry(page("undated")).or_default();
        (undated.landed, undated.judged) = (self.landed.map(|day| day.to_string()), self.judged.clone());
        pages
    }
}

fn page(month: &str) -> String {
    format!("{FOLDER}/{month}.json")
}

/// The page that names a file.
fn page_of(file: &str) -> String {
    page(file.split('/').find_map(|part| part.strip_prefix("dt=")).map_or("undated", |date| &date[..7]))
}

/// `reports/agent_week/dt=2026-09-07/data.parquet`
pub fn period_of(key: &str) -> Option<(Period, Day)> {
    let (table, rest) = key.strip_prefix("reports/")?.split_once("/dt=")?;
    let period = Period::ALL.into_iter().find(|period| table.ends_with(&format!("_{}", period.name())))?;
    let date = rest.split('/').next()?.parse::<jiff::civil::Date>().ok()?;
    Some((period, Day::from(date)))
}

fn parse(store: &Store, key: &str, bytes: &[u8]) -> Result<Page> {
    serde_json::from_slice(bytes).map_err(|e| unreadable(store, key, &e.to_string()))
}

fn parse_day(store: &Store, key: &str, day: &str) -> Result<Day> {
    day.parse::<jiff::civil::Date>().map(Day::from).map_err(|e| unreadable(store, key, &e.to_string()))
}

fn unreadable(store: &Store, key: &str, why: &str) -> Error {
    Error::new(Kind::Failed, format!("cannot be read: {why}"))
        .with("file", store.describe(key))
        .hint("it is bookkeeping: delete it and run a backfill over its days")
}
