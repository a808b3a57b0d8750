//! The documents of the manifest as they are stored: a page for each month, the root page (`undated`), which knows every other page by its hash,
//! and the intent of a publication. A page that the intent announces may be old or new; any other one must be the one that the root names.

use super::day_record::DayRecord;
use super::inputs_seen::InputsSeen;
use super::judged::JudgedPartitions;
use super::orders_read::OrdersRead;
use super::output_calendar::OutputCalendar;
use super::seal::{Seal, seal_of};
use crate::error::{Error, Kind, Result};
use crate::staging::FileRecord;
use crate::store::{ObjectVersion, Store};
use kefu_kernel::calendar::Day;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of the manifest's pages.
const FOLDER: &str = "_meta/partitions";
/// The intent: the keys that a publication is about to write, and none once it has ended. The object is never deleted, because a late
/// intent of a dead run is conditional on its absence and would then succeed.
pub(super) const INTENT: &str = "_meta/publishing.json";
/// Faults that one error names.
const NAMED: usize = 5;
/// What is said of a document whose seal is broken, and of one without a seal that should have one.
const OTHER_BYTES: &str = "its bytes are not those that were written";
const NO_SEAL: &str = "its hash is gone";

/// One object of the manifest: the days and files of a month, or in the root page everything without a date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManifestPage {
    /// It rises with every write, so that no two versions have the same bytes: a late request of a dead run then finds another version.
    #[serde(default)]
    pub version: u64,
    /// Only in the root page: the hash of every other page by its key. `None`: a version that kept no list has written it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<BTreeMap<String, String>>,
    /// Only in the root page, as are `judged`, `calendar`, `orders` and `inputs_seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<OutputCalendar>,
    #[serde(default, skip_serializing_if = "OrdersRead::is_empty")]
    pub orders: OrdersRead,
    #[serde(default, skip_serializing_if = "InputsSeen::is_empty")]
    pub inputs_seen: InputsSeen,
    #[serde(default, skip_serializing_if = "JudgedPartitions::is_empty")]
    pub judged: JudgedPartitions,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub days: BTreeMap<String, DayRecord>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileRecord>,
}

/// The content of the intent object.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PublishIntent {
    pub run: String,
    /// SHA-256 by key; empty where it is not known in advance.
    pub files: BTreeMap<String, String>,
    #[serde(rename = "strays", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub orphans: BTreeSet<String>,
}

/// A page as it is stored. One with a fault has no content.
pub(super) struct StoredPage {
    pub page: ManifestPage,
    /// The hash of its content. `None`: it has none, so that it is written again with the next publication.
    pub seal: Option<String>,
    pub version: ObjectVersion,
}

/// A document of the manifest that is not what kefu has written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestFault {
    /// Its key.
    pub file: String,
    /// What is wrong with it, as a phrase.
    pub what: String,
    /// It is a page that no run has published, so nothing is lost with it.
    #[serde(skip)]
    pub(super) is_stray: bool,
}

impl ManifestFault {
    fn new(file: &str, what: &str) -> ManifestFault {
        ManifestFault { file: file.to_owned(), what: what.to_owned(), is_stray: false }
    }
}

/// The manifest as it is stored.
#[derive(Default)]
pub(super) struct StoredManifest {
    pub intent: PublishIntent,
    /// The version of the intent object; `None` if there is none.
    pub intent_version: Option<ObjectVersion>,
    pub pages: BTreeMap<String, StoredPage>,
    /// Empty unless something is lost or damaged.
    pub faults: Vec<ManifestFault>,
}

impl StoredManifest {
    /// Reads all documents and compares them with each other. Errors: the store fails. A fault is not an error here; see `refuse`.
    pub(super) fn read(store: &Store) -> Result<StoredManifest> {
        let mut found = StoredManifest::default();
        let intent_seal = found.read_intent(store)?;
        let mut objects = store.list(FOLDER)?;
        objects.retain(|object| !found.intent.orphans.contains(&object.key));
        for object in objects {
            let Some((bytes, version)) = store.get_versioned(&object.key)? else { continue };
            let (page, seal) = (serde_json::from_slice::<ManifestPage>(&bytes), seal_of(&bytes));
            let why = match (&page, &seal) {
                (_, Seal::Broken) => Some(OTHER_BYTES.to_owned()),
                (Err(e), _) => Some(format!("cannot be read: {e}")),
                (Ok(page), _) if !page.has_dates() => Some("cannot be read: a date is none".to_owned()),
                _ => None,
            };
            found.note(&object.key, why);
            let seal = if let Seal::Whole(seal) = seal { Some(seal) } else { None };
            found.pages.insert(object.key, StoredPage { page: page.unwrap_or_default(), seal, version });
        }
        found.compare_with_root(&intent_seal);
        for fault in &found.faults {
            if let Some(stored) = found.pages.get_mut(&fault.file) {
                (stored.page, stored.seal) = (ManifestPage { version: stored.page.version, ..ManifestPage::default() }, None);
            }
        }
        Ok(found)
    }

    /// Reads the intent. Returns its seal.
    fn read_intent(&mut self, store: &Store) -> Result<Seal> {
        let Some((bytes, version)) = store.get_versioned(INTENT)? else { return Ok(Seal::None) };
        self.intent_version = Some(version);
        let seal = seal_of(&bytes);
        match serde_json::from_slice(&bytes) {
            Ok(_) if seal == Seal::Broken => self.note(INTENT, Some(OTHER_BYTES.to_owned())),
            Ok(intent) => self.intent = intent,
            Err(e) => self.note(INTENT, Some(format!("cannot be read: {e}"))),
        }
        Ok(seal)
    }

    fn note(&mut self, key: &str, what: Option<String>) {
        self.faults.extend(what.map(|what| ManifestFault::new(key, &what)));
    }

    /// Whether a document has a fault.
    pub(super) fn has_fault(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.file == key)
    }

    /// Whether the root page is there and without a fault.
    pub(super) fn has_root(&self) -> bool {
        self.pages.contains_key(&root_page()) && !self.has_fault(&root_page())
    }

    /// Whether the manifest is that of a version that named no state files and set no seals.
    pub(super) fn names_no_states(&self) -> bool {
        match self.pages.get(&root_page()).filter(|_| self.has_root()) {
            Some(root) => root.page.pages.is_none(),
            None => self.pages.iter().any(|(key, stored)| stored.seal.is_none() && !self.has_fault(key)),
        }
    }

    /// Compares every page with the list in the root page.
    fn compare_with_root(&mut self, intent_seal: &Seal) {
        let root = root_page();
        let with_unsealed = |what: &str| [vec![ManifestFault::new(&root, what)], self.unsealed_pages()].concat();
        let found = match self.pages.get(&root) {
            None if self.is_unborn(&root) => Vec::new(),
            None => with_unsealed("gone"),
            Some(_) if self.has_fault(&root) => self.unsealed_pages(),
            Some(stored) => match (&stored.page.pages, &stored.seal) {
                // A version that set no seals has written the manifest. It gets them with the next publication.
                (None, None) if self.is_unsealed(&stored.page, intent_seal) => Vec::new(),
                (_, None) => with_unsealed(NO_SEAL),
                (None, Some(_)) => with_unsealed("it names no pages"),
                (Some(named), Some(_)) => [self.pages_unlike(named), self.intent_fault(intent_seal)].concat(),
            },
        };
        self.faults.extend(found);
    }

    /// Whether a root page without a seal is that of a version that set none, or of one that has died before it set that of the root, and not
    /// one that was emptied.
    fn is_unsealed(&self, root: &ManifestPage, intent_seal: &Seal) -> bool {
        let is_announced = self.intent.files.contains_key(&root_page());
        let has_seals = *intent_seal != Seal::None || self.pages.values().any(|stored| stored.seal.is_some());
        root.landed.is_some() && (is_announced || !has_seals)
    }

    /// Whether no run has written the root page: none has published anything, or the first one died over it.
    fn is_unborn(&self, root: &str) -> bool {
        let is_new = self.pages.is_empty() && self.intent_version.is_none();
        is_new || self.intent.files.contains_key(root) || self.intent.orphans.contains(root)
    }

    /// The pages that are not those of the list, by key and hash, of the root page.
    fn pages_unlike(&self, named: &BTreeMap<String, String>) -> Vec<ManifestFault> {
        let root = root_page();
        let mut faults = Vec::new();
        for key in self.pages.keys().chain(named.keys()).filter(|key| **key != root && !self.has_fault(key)).collect::<BTreeSet<_>>() {
            let is_announced = self.intent.files.contains_key(key);
            let what = match (self.pages.get(key).map(|stored| &stored.seal), named.get(key)) {
                (Some(None), _) => NO_SEAL,
                (Some(Some(seal)), Some(named)) if seal == named => continue,
                _ if is_announced => continue,
                (Some(Some(_)), Some(_)) => "not the page that was published last",
                (Some(Some(_)), None) => "no run has published it",
                (None, _) => "gone",
            };
            let is_stray = !named.contains_key(key) && !is_announced;
            faults.push(ManifestFault { is_stray, ..ManifestFault::new(key, what) });
        }
        faults
    }

    /// The pages without a seal, which nobody vouches for if the root page does not.
    fn unsealed_pages(&self) -> Vec<ManifestFault> {
        let is_unsealed = |(key, stored): &(&String, &StoredPage)| stored.seal.is_none() && !self.has_fault(key) && **key != root_page();
        let unsealed = self.pages.iter().filter(is_unsealed);
        unsealed.map(|(key, _)| ManifestFault::new(key, NO_SEAL)).collect()
    }

    /// What is wrong with the intent of an output whose documents have seals, beside what reading it has shown.
    fn intent_fault(&self, seal: &Seal) -> Vec<ManifestFault> {
        let what = match (&self.intent_version, seal) {
            (None, _) => "gone",
            (Some(_), Seal::None) if !self.has_fault(INTENT) => NO_SEAL,
            _ => return Vec::new(),
        };
        vec![ManifestFault::new(INTENT, what)]
    }

    /// Errors: a document is lost or damaged. Days that only it knows would be left out of weeks to years.
    pub(super) fn refuse(&self, store: &Store) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let count = self.faults.len();
        let error =
            Error::new(Kind::Config, format!("the manifest of this output is damaged: {count} document(s) are not what was written"));
        let named = self.faults.iter().take(NAMED);
        let error = named.fold(error, |error, fault| error.with("file", format!("{}: {}", store.describe(&fault.file), fault.what)));
        Err(error.hint("`kefu repair` with the same pipeline file rebuilds the manifest from the files that are there"))
    }
}

impl ManifestPage {
    /// Whether every date in it is one.
    fn has_dates(&self) -> bool {
        self.days.keys().chain(&self.landed).all(|date| day_of(date).is_some())
    }
}

/// The business day of an ISO date; `None` if it is none.
pub(super) fn day_of(date: &str) -> Option<Day> {
    date.parse::<jiff::civil::Date>().ok().map(Day::from)
}

/// The key of a month's page.
pub(super) fn month_page(month: &str) -> String {
    format!("{FOLDER}/{month}.json")
}

/// The key of the root page.
pub(super) fn root_page() -> String {
    month_page("undated")
}

/// Whether a key is that of a page.
pub(super) fn is_page(key: &str) -> bool {
    key.starts_with(FOLDER)
}

/// The key of the page that names a file.
pub(super) fn page_of(file: &str) -> String {
    month_page(file.split('/').find_map(|part| part.strip_prefix("dt=")).map_or("undated", |date| date.get(..7).unwrap_or(date)))
}
