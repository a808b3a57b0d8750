//! The manifest (清单), `_meta/partitions`: for every business day what it was computed from, and for every published file its hash, size
//! and schema. A publication writes it last, so a file that it does not name is not published.
//! Whether a day is fresh is decided by comparing its entry with the inputs (DECISIONS #47).

use super::inputs_seen::InputsSeen;
use super::judged::JudgedPartitions;
use super::orders_read::OrdersRead;
use super::output_calendar::{OutputCalendar, period_of};
use crate::error::{Error, Kind, Result};
use crate::ingest::Profile;
use crate::staging::FileRecord;
use crate::staging::sha256;
use crate::store::{ObjectVersion, PutCondition, Store};
use kefu_kernel::calendar::{Calendar, Day, Span};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The folder of the manifest's pages.
const FOLDER: &str = "_meta/partitions";
/// The intent: the keys that a publication is about to write, and none once it has ended. The object is never deleted, because a late
/// intent of a dead run is conditional on its absence and would then succeed.
const INTENT: &str = "_meta/publishing.json";

/// The manifest's entry of a business day: what it was computed from. A change of its names or fields changes every fingerprint of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// Its reports are published. Otherwise only its states are, for later days that look back on it.
    pub reported: bool,
    /// A hash of the rules, the column mappings and the version of kefu.
    pub made_with: String,
    /// The version of the meaning of numbers (`freshness::SEMANTICS_VERSION`) that it was computed under.
    #[serde(default = "first_semantics", skip_serializing_if = "is_first_semantics")]
    pub semantics: u32,
    /// The last business day for which all orders had arrived.
    pub landed: String,
    /// Fingerprints of the input files by table, as far as they had arrived.
    pub inputs: BTreeMap<String, String>,
    /// A hash of staff, shops, standards, targets, trainings and the settings of `[judgement]` and `[reports]`. A change makes the day stale, but
    /// only a run that is asked for the day computes it again.
    pub reference: String,
    /// The number of message files read.
    pub files: usize,
    /// The number of message rows read.
    pub rows: i64,
    /// What is remarkable about the cells of its message files. Later days are compared with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Why a gate would have held the day back without `--force`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<String>,
    /// Why the last attempt to compute the day failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Days of the first version do not say so.
fn first_semantics() -> u32 {
    1
}

fn is_first_semantics(semantics: &u32) -> bool {
    *semantics == first_semantics()
}

/// One object of the manifest: the days and files of a month, or everything without a date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ManifestPage {
    /// Only in the page without a date, as are `judged`, `calendar`, `orders` and `inputs_seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    landed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calendar: Option<OutputCalendar>,
    #[serde(default, skip_serializing_if = "OrdersRead::is_empty")]
    orders: OrdersRead,
    #[serde(default, skip_serializing_if = "InputsSeen::is_empty")]
    inputs_seen: InputsSeen,
    #[serde(default, skip_serializing_if = "JudgedPartitions::is_empty")]
    judged: JudgedPartitions,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    days: BTreeMap<String, DayRecord>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, FileRecord>,
}

/// The manifest of an output root, in memory.
#[derive(Default)]
pub struct Manifest {
    pub days: BTreeMap<Day, DayRecord>,
    /// The published files by key.
    pub files: Arc<BTreeMap<String, FileRecord>>,
    /// The last business day for which any run had all orders.
    pub landed: Option<Day>,
    /// The calendar that the output was made with. `None`: no run has published anything, or only a version that kept none.
    pub calendar: Option<OutputCalendar>,
    /// The orders that any run has read.
    pub orders: OrdersRead,
    /// The partitions of dated inputs that any run has seen.
    pub inputs_seen: InputsSeen,
    pub judged: JudgedPartitions,
    /// The pages as they are stored, with their versions.
    pages: BTreeMap<String, (ManifestPage, ObjectVersion)>,
    /// Keys that a dead run announced and may have written or not.
    pub in_doubt: BTreeSet<String>,
    /// Announced keys that no run has published since. They are deleted whenever they appear: a late request of a dead run may still create
    /// one (DECISIONS #52).
    orphans: BTreeSet<String>,
    /// The version of the intent object.
    intent: Option<ObjectVersion>,
    /// A publication has been announced and has not ended.
    is_open: bool,
    /// The id of the run that publishes.
    run: String,
}

/// The content of the intent object.
#[derive(Serialize, Deserialize)]
struct PublishIntent {
    run: String,
    /// SHA-256 by key; empty where it is not known in advance.
    files: BTreeMap<String, String>,
    #[serde(rename = "strays", default, skip_serializing_if = "BTreeSet::is_empty")]
    orphans: BTreeSet<String>,
}

impl Manifest {
    /// Reads the manifest; it is empty for an output root without one. Errors: a page cannot be parsed; the store fails.
    pub fn load(store: &Store) -> Result<Manifest> {
        let mut manifest = Manifest::default();
        let mut files = BTreeMap::new();
        if let Some((bytes, version)) = store.get_versioned(INTENT)? {
            let intent: PublishIntent = serde_json::from_slice(&bytes).map_err(|e| unreadable(store, INTENT, &e.to_string()))?;
            manifest.in_doubt = intent.files.into_keys().collect();
            manifest.orphans = intent.orphans;
            manifest.is_open = !manifest.in_doubt.is_empty();
            manifest.intent = Some(version);
        }
        for object in store.list(FOLDER)?.into_iter().filter(|object| !manifest.orphans.contains(&object.key)) {
            let Some((bytes, version)) = store.get_versioned(&object.key)? else { continue };
            let page: ManifestPage = parse(store, &object.key, &bytes)?;
            for (day, record) in &page.days {
                manifest.days.insert(parse_day(store, &object.key, day)?, record.clone());
            }
            if let Some(landed) = &page.landed {
                manifest.landed = Some(parse_day(store, &object.key, landed)?);
            }
            if page.calendar.is_some() {
                manifest.calendar = page.calendar.clone();
            }
            if !page.orders.is_empty() {
                manifest.orders = page.orders.clone();
            }
            if !page.inputs_seen.is_empty() {
                manifest.inputs_seen = page.inputs_seen.clone();
            }
            if !page.judged.is_empty() {
                manifest.judged = page.judged.clone();
            }
            files.extend(page.files.clone());
            manifest.pages.insert(object.key, (page, version));
        }
        manifest.files = Arc::new(files);
        Ok(manifest)
    }

    /// Whether no run has ever published to this output root with a manifest.
    pub fn is_new(&self) -> bool {
        self.days.is_empty() && self.intent.is_none()
    }

    /// The days whose reports are published.
    pub fn reported(&self) -> BTreeSet<Day> {
        self.days.iter().filter(|(_, record)| record.reported).map(|(day, _)| *day).collect()
    }

    /// A hash of the records of a period's reported days. A report whose hash differs is out of date.
    pub fn fingerprint_of(&self, days: impl Iterator<Item = Day>) -> String {
        let record_of = |day: Day| {
            let record = self.days.get(&day).filter(|record| record.reported)?;
            // A later attempt that failed has not changed what is published.
            Some((day.to_string(), DayRecord { failed: None, ..record.clone() }))
        };
        let records = days.filter_map(record_of);
        sha256(format!("{:?}", records.collect::<Vec<_>>()).as_bytes())[..16].to_owned()
    }

    /// Sets what the reports among some files were made of, as `made_of` says it of a period; other files are passed over.
    /// Errors: those of `made_of`.
    pub fn set_made_of<'k>(
        &mut self,
        files: impl Iterator<Item = &'k str>,
        calendar: &Calendar,
        made_of: impl Fn(&Manifest, Span) -> Result<String>,
    ) -> Result<()> {
        let mut records = (*self.files).clone();
        for key in files {
            let Some((period, first)) = period_of(key) else { continue };
            let made_of = made_of(self, calendar.span(period, first))?;
            records.entry(key.to_owned()).and_modify(|record| record.days_fingerprint = made_of);
        }
        self.files = Arc::new(records);
        Ok(())
    }

    /// Puts the output under a calendar. Returns the files that have no place in it: they are no longer named, and whoever publishes deletes
    /// them. If the calendar is another than before, every report that stays is out of date, because judgements show several levels and are
    /// made of several periods. Errors: the calendar was not written by kefu.
    pub fn recut(&mut self, calendar: OutputCalendar) -> Result<BTreeSet<String>> {
        let withdrawn = calendar.strays(self.files.keys())?;
        let has_changed = self.calendar.as_ref().is_some_and(|before| *before != calendar);
        let mut records = (*self.files).clone();
        records.retain(|key, _| !withdrawn.contains(key));
        if has_changed {
            records.values_mut().for_each(|record| record.days_fingerprint.clear());
        }
        (self.files, self.calendar) = (Arc::new(records), Some(calendar));
        Ok(withdrawn)
    }

    /// Names some files no more. Whoever publishes deletes them.
    pub fn forget(&mut self, keys: &BTreeSet<String>) {
        if !keys.is_empty() {
            let mut records = (*self.files).clone();
            records.retain(|key, _| !keys.contains(key));
            self.files = Arc::new(records);
        }
    }

    /// Notes that withdrawn files are deleted. One that a dead run left in doubt becomes an orphan, because a late request may create it again.
    pub fn note_deleted(&mut self, withdrawn: &BTreeSet<String>) {
        self.orphans.extend(withdrawn.iter().filter_map(|key| self.in_doubt.take(key)));
    }

    /// Announces a publication: writes the keys that it is about to write, with their hashes, and the pages they belong to. Keys that an
    /// earlier run left in doubt stay in the intent until this run has published them.
    pub fn announce(&mut self, store: &Store, run: &str, files: BTreeMap<String, String>) -> Result<()> {
        (self.run, self.is_open) = (run.to_owned(), true);
        let pages = files.keys().map(|file| (page_of(file), String::new())).collect::<Vec<_>>();
        self.write_intent(store, files.into_iter().chain(pages).collect())
    }

    fn write_intent(&mut self, store: &Store, mut files: BTreeMap<String, String>) -> Result<()> {
        for key in &self.in_doubt {
            files.entry(key.clone()).or_default();
        }
        // A key that is published again is no orphan any more.
        self.orphans.retain(|key| !files.contains_key(key));
        let body = serde_json::to_vec(&PublishIntent { run: self.run.clone(), files, orphans: self.orphans.clone() })?;
        let condition = self.intent.take().map_or(PutCondition::IfAbsent, PutCondition::IfMatch);
        self.intent = Some(store.put_if(INTENT, body.into(), &condition)?);
        Ok(())
    }

    /// Writes every page that has changed, and ends the announced publication. `is_staged` tells which keys this run has staged; they are no
    /// longer in doubt.
    pub fn save(&mut self, store: &Store, is_staged: impl Fn(&str) -> bool) -> Result<()> {
        for (key, page) in self.new_pages() {
            let condition = match self.pages.get(&key) {
                Some((stored, _)) if *stored == page => continue,
                Some((_, version)) => PutCondition::IfMatch(version.clone()),
                None => PutCondition::IfAbsent,
            };
            let version = store.put_if(&key, serde_json::to_vec_pretty(&page)?.into(), &condition)?;
            self.pages.insert(key, (page, version));
        }
        store.sync()?;
        self.in_doubt.retain(|key| !is_staged(key));
        if !std::mem::replace(&mut self.is_open, !self.in_doubt.is_empty()) {
            return Ok(());
        }
        self.write_intent(store, BTreeMap::new())
    }

    /// Ends a run that has computed everything that was due. A key in doubt that the manifest does not name becomes an orphan and is deleted,
    /// now and whenever a late request creates it again. A published file that the dead run has overwritten stays in doubt until a run
    /// publishes it again.
    pub fn finish(&mut self, store: &Store) -> Result<()> {
        for key in std::mem::take(&mut self.in_doubt).into_iter().filter(|key| !key.starts_with("state/")) {
            match self.files.get(&key) {
                Some(record) if store.head(&key)?.is_none_or(|object| object.version().tag() != record.tag.as_deref()) => {
                    &mut self.in_doubt
                }
                Some(_) => continue,
                None => &mut self.orphans,
            }
            .insert(key);
        }
        self.orphans.retain(|key| !self.files.contains_key(key) && !self.pages.contains_key(key));
        self.delete_orphans(store)?;
        if std::mem::take(&mut self.is_open) { self.write_intent(store, BTreeMap::new()) } else { Ok(()) }
    }

    /// Deletes the orphans that exist. It is called before a run, so that no orphan is in the way of a file that must not exist yet, and at
    /// its end.
    pub fn delete_orphans(&self, store: &Store) -> Result<()> {
        for key in &self.orphans {
            if store.head(key)?.is_some() {
                store.delete(key)?;
            }
        }
        Ok(())
    }

    /// All pages as they should be stored now.
    fn new_pages(&self) -> BTreeMap<String, ManifestPage> {
        let mut pages: BTreeMap<String, ManifestPage> = self.pages.keys().map(|key| (key.clone(), ManifestPage::default())).collect();
        for (day, record) in &self.days {
            let day = day.to_string();
            pages.entry(page(&day[..7])).or_default().days.insert(day, record.clone());
        }
        for (file, record) in self.files.iter() {
            pages.entry(page_of(file)).or_default().files.insert(file.clone(), record.clone());
        }
        let undated = pages.entry(page("undated")).or_default();
        (undated.landed, undated.judged) = (self.landed.map(|day| day.to_string()), self.judged.clone());
        (undated.calendar, undated.orders) = (self.calendar.clone(), self.orders.clone());
        undated.inputs_seen = self.inputs_seen.clone();
        pages
    }
}

/// The key of a month's page.
fn page(month: &str) -> String {
    format!("{FOLDER}/{month}.json")
}

/// The key of the page that names a file.
fn page_of(file: &str) -> String {
    page(file.split('/').find_map(|part| part.strip_prefix("dt=")).map_or("undated", |date| &date[..7]))
}

fn parse(store: &Store, key: &str, bytes: &[u8]) -> Result<ManifestPage> {
    serde_json::from_slice(bytes).map_err(|e| unreadable(store, key, &e.to_string()))
}

fn parse_day(store: &Store, key: &str, day: &str) -> Result<Day> {
    day.parse::<jiff::civil::Date>().map(Day::from).map_err(|e| unreadable(store, key, &e.to_string()))
}

/// The error of a page that cannot be parsed.
fn unreadable(store: &Store, key: &str, why: &str) -> Error {
    Error::new(Kind::Failed, format!("cannot be read: {why}"))
        .with("file", store.describe(key))
        .hint("the file only records what was published: delete it and run a backfill over its days")
}
