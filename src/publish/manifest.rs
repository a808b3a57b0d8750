//! The manifest (清单), `_meta/partitions`: for every business day what it was computed from, and for every published file its hash, size
//! and schema. A publication writes it last, so a file that it does not name is not published.
//! Whether a day is fresh is decided by comparing its entry with the inputs (DECISIONS #47).

use super::day_record::DayRecord;
use super::inputs_seen::InputsSeen;
use super::judged::JudgedPartitions;
use super::orders_read::OrdersRead;
use super::output_calendar::{OutputCalendar, period_of};
use super::pages::{INTENT, ManifestPage, PublishIntent, StoredManifest, StoredPage, day_of, is_page, month_page, page_of, root_page};
use super::seal::sealed;
use crate::error::Result;
use crate::parallel;
use crate::staging::{DamageCheck, FileRecord, record_of, sha256};
use crate::store::{ObjectVersion, PutCondition, Store};
use kefu_kernel::calendar::{Calendar, Day, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The manifest of an output root, in memory.
#[derive(Default)]
pub struct Manifest {
    pub days: BTreeMap<Day, DayRecord>,
    /// The published files and the state files by key.
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
    /// What is known of the bytes of the files.
    pub damage: Arc<DamageCheck>,
    /// The pages as they are stored, with their versions.
    pages: BTreeMap<String, StoredPage>,
    /// Keys that a dead run announced and may have written or not.
    pub in_doubt: BTreeSet<String>,
    /// Announced keys that no run has published since. They are deleted whenever they appear: a late request of a dead run may still create
    /// one (DECISIONS #52).
    pub(super) orphans: BTreeSet<String>,
    /// The version of the intent object.
    intent: Option<ObjectVersion>,
    /// What this run has announced.
    announced: BTreeMap<String, String>,
    /// A publication has been announced and has not ended.
    pub(super) is_open: bool,
    /// The manifest is that of a version that named no state files. They are named with the next publication, as they are then.
    pub(super) takes_over: bool,
    /// The id of the run that publishes.
    run: String,
}

/// A page that is to be written.
struct SealedPage {
    key: String,
    page: ManifestPage,
    bytes: Vec<u8>,
    seal: String,
}

impl Manifest {
    /// Reads the manifest; it is empty for an output root without one. Errors: a page is lost or is not the one that was published
    /// (`StoredManifest::refuse`); the store fails.
    pub fn load(store: &Store) -> Result<Manifest> {
        let stored = StoredManifest::read(store)?;
        stored.refuse(store)?;
        Ok(Manifest::of(stored))
    }

    /// The manifest that stored pages come to. Pages with a fault add nothing.
    pub(super) fn of(stored: StoredManifest) -> Manifest {
        let takes_over = stored.names_no_states();
        let in_doubt = stored.intent.files.into_keys().collect::<BTreeSet<_>>();
        let mut manifest = Manifest {
            is_open: !in_doubt.is_empty(),
            in_doubt,
            orphans: stored.intent.orphans,
            intent: stored.intent_version,
            takes_over,
            ..Manifest::default()
        };
        let mut files = BTreeMap::new();
        for StoredPage { page, .. } in stored.pages.values() {
            manifest.days.extend(page.days.iter().filter_map(|(day, record)| Some((day_of(day)?, record.clone()))));
            files.extend(page.files.clone());
            manifest.landed = page.landed.as_deref().and_then(day_of).or(manifest.landed);
            manifest.calendar = page.calendar.clone().or(manifest.calendar);
            if !page.orders.is_empty() {
                manifest.orders = page.orders.clone();
            }
            if !page.inputs_seen.is_empty() {
                manifest.inputs_seen = page.inputs_seen.clone();
            }
            if !page.judged.is_empty() {
                manifest.judged = page.judged.clone();
            }
        }
        (manifest.files, manifest.pages) = (Arc::new(files), stored.pages);
        manifest
    }

    /// Whether the bytes of a published file may be used although it is not read through a staging area. Those of a file that is known to be
    /// damaged may not. Errors: they are not those that were published.
    pub fn is_usable(&self, store: &Store, key: &str, bytes: &[u8]) -> Result<bool> {
        if self.damage.is_damaged(key) {
            return Ok(false);
        }
        let record = self.files.get(key).filter(|_| !self.in_doubt.contains(key));
        record.map_or(Ok(()), |record| self.damage.check_bytes(store, key, bytes, &record.sha256))?;
        Ok(true)
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
        run.clone_into(&mut self.run);
        let pages = files.keys().map(|file| page_of(file)).chain([root_page()]).map(|page| (page, String::new())).collect::<Vec<_>>();
        self.announced.extend(files.into_iter().chain(pages));
        self.is_open = true;
        self.write_intent(store)
    }

    fn write_intent(&mut self, store: &Store) -> Result<()> {
        let mut files = self.announced.clone();
        for key in &self.in_doubt {
            files.entry(key.clone()).or_default();
        }
        // A key that is published again is no orphan any more.
        self.orphans.retain(|key| !files.contains_key(key));
        let (body, _) = sealed(&PublishIntent { run: self.run.clone(), files, orphans: self.orphans.clone() })?;
        let condition = self.intent.take().map_or(PutCondition::IfAbsent, PutCondition::IfMatch);
        self.intent = Some(store.put_if(INTENT, body.into(), &condition)?);
        Ok(())
    }

    /// Writes every page that has changed, and ends the announced publication. `is_staged` tells which keys this run has staged; they are no
    /// longer in doubt.
    pub fn save(&mut self, store: &Store, is_staged: impl Fn(&str) -> bool) -> Result<()> {
        self.write_pages(store)?;
        store.sync()?;
        self.in_doubt.retain(|key| !is_staged(key));
        self.announced.clear();
        if !std::mem::replace(&mut self.is_open, !self.in_doubt.is_empty()) {
            return Ok(());
        }
        self.write_intent(store)
    }

    /// Writes a manifest that was put together from what was found. `run`: the id of the run that does so.
    pub(super) fn rewrite(&mut self, store: &Store, run: &str) -> Result<()> {
        run.clone_into(&mut self.run);
        self.is_open = true;
        self.save(store, |_| false)
    }

    /// Writes every page that has changed or is in doubt, the root page last. All of them are announced first, because the root page knows the
    /// hashes of the others: between the first write and the last they need not agree.
    fn write_pages(&mut self, store: &Store) -> Result<()> {
        self.take_over(store)?;
        let due = self.changed_pages()?;
        let unannounced =
            due.iter().map(|page| &page.key).filter(|key| !self.announced.contains_key(*key) && !self.in_doubt.contains(*key));
        let unannounced = unannounced.map(|key| (key.clone(), String::new())).collect::<Vec<_>>();
        if !unannounced.is_empty() {
            self.announced.extend(unannounced);
            self.is_open = true;
            self.write_intent(store)?;
            store.sync()?;
        }
        for SealedPage { key, page, bytes, seal } in due {
            let condition = self.pages.get(&key).map_or(PutCondition::IfAbsent, |stored| PutCondition::IfMatch(stored.version.clone()));
            let version = store.put_if(&key, bytes.into(), &condition)?;
            self.pages.insert(key, StoredPage { page, seal: Some(seal), version });
        }
        self.in_doubt.retain(|key| !self.pages.contains_key(key));
        Ok(())
    }

    /// Names the state files of an output whose version named none, with the hashes that they have now. A file that cannot be read stays
    /// unnamed, as it was.
    fn take_over(&mut self, store: &Store) -> Result<()> {
        if !std::mem::take(&mut self.takes_over) {
            return Ok(());
        }
        let mut files = (*self.files).clone();
        let objects = store.list("state")?.into_iter().map(|object| object.key);
        let unnamed = objects.filter(|key| !files.contains_key(key) && date_in(key).is_some_and(|day| self.days.contains_key(&day)));
        let unnamed = unnamed.collect::<Vec<_>>();
        let read =
            |key: &String, emit: &mut dyn FnMut((String, Option<FileRecord>)) -> Result<()>| emit((key.clone(), record_of(store, key)?));
        parallel::for_each_ordered(&unnamed, parallel::workers(), read, |(key, record)| {
            files.extend(record.map(|record| (key, record)));
            Ok(())
        })?;
        self.files = Arc::new(files);
        Ok(())
    }

    /// Ends a run that has computed everything that was due. A key in doubt that the manifest does not name becomes an orphan and is deleted,
    /// now and whenever a late request creates it again. A published file that the dead run has overwritten stays in doubt until a run
    /// publishes it again. Pages in doubt are written again, so that a late request for one finds another version.
    pub fn finish(&mut self, store: &Store) -> Result<()> {
        let forgets = self.forget_half_written();
        if forgets || self.in_doubt.iter().any(|key| is_page(key)) {
            self.write_pages(store)?;
            store.sync()?;
        }
        // Where no state files are named, one in doubt is not known to be a leftover.
        let is_left = |key: &String| self.takes_over && key.starts_with("state/");
        for key in std::mem::take(&mut self.in_doubt).into_iter().filter(|key| !is_left(key)) {
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
        self.announced.clear();
        if std::mem::take(&mut self.is_open) { self.write_intent(store) } else { Ok(()) }
    }

    /// Forgets days that are not reported, only looked back on, and whose states are damaged or may be half replaced by a dead run: a run that
    /// needs them reads them again. Returns whether there are any.
    fn forget_half_written(&mut self) -> bool {
        let damaged = self.damage.damaged();
        let unsure = self.in_doubt.iter().chain(&damaged);
        let states = unsure.filter(|key| key.starts_with("state/") && self.files.contains_key(*key));
        let is_reported = |day: &Day| self.days.get(day).is_some_and(|record| record.reported);
        let days = states.filter_map(|key| date_in(key)).filter(|day| !is_reported(day)).collect::<BTreeSet<_>>();
        if days.is_empty() {
            return false;
        }
        let mut files = (*self.files).clone();
        let is_half = |key: &str| key.starts_with("state/") && date_in(key).is_some_and(|day| days.contains(&day));
        self.orphans.extend(files.extract_if(.., |key, _| is_half(key)).map(|(key, _)| key));
        self.files = Arc::new(files);
        self.days.retain(|day, _| !days.contains(day));
        true
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

    /// The pages whose stored version is not what it should be, the root page last: with any page it changes, too.
    fn changed_pages(&self) -> Result<Vec<SealedPage>> {
        let (mut due, mut seals) = (Vec::new(), BTreeMap::new());
        let mut pages = self.new_pages();
        let mut root = pages.remove(&root_page()).unwrap_or_default();
        for (key, page) in pages {
            if let Some(seal) = self.current_seal(&key, &page) {
                seals.insert(key, seal);
                continue;
            }
            let page = self.seal(key, page)?;
            seals.insert(page.key.clone(), page.seal.clone());
            due.push(page);
        }
        root.pages = Some(seals);
        if !due.is_empty() || self.current_seal(&root_page(), &root).is_none() {
            due.push(self.seal(root_page(), root)?);
        }
        Ok(due)
    }

    /// The hash of a stored page that is as it should be. `None`: it is to be written.
    fn current_seal(&self, key: &str, page: &ManifestPage) -> Option<String> {
        let stored = self.pages.get(key).filter(|_| !self.in_doubt.contains(key))?;
        let is_same = stored.page == ManifestPage { version: stored.page.version, ..page.clone() };
        stored.seal.clone().filter(|_| is_same)
    }

    /// The next version of a page.
    fn seal(&self, key: String, page: ManifestPage) -> Result<SealedPage> {
        let version = self.pages.get(&key).map_or(0, |stored| stored.page.version).wrapping_add(1);
        let page = ManifestPage { version, ..page };
        let (bytes, seal) = sealed(&page)?;
        Ok(SealedPage { key, page, bytes, seal })
    }

    /// All pages as they should be stored now, but for their versions and the list of them.
    fn new_pages(&self) -> BTreeMap<String, ManifestPage> {
        let mut pages: BTreeMap<String, ManifestPage> = self.pages.keys().map(|key| (key.clone(), ManifestPage::default())).collect();
        for (day, record) in &self.days {
            let day = day.to_string();
            pages.entry(month_page(&day[..7])).or_default().days.insert(day, record.clone());
        }
        for (file, record) in self.files.iter() {
            pages.entry(page_of(file)).or_default().files.insert(file.clone(), record.clone());
        }
        let root = pages.entry(root_page()).or_default();
        (root.landed, root.judged) = (self.landed.map(|day| day.to_string()), self.judged.clone());
        (root.calendar, root.orders) = (self.calendar.clone(), self.orders.clone());
        root.inputs_seen = self.inputs_seen.clone();
        pages
    }

    /// Forgets a stored page that no run has published and that is deleted.
    pub(super) fn drop_page(&mut self, key: &str) {
        self.pages.remove(key);
    }
}

/// The date in the `dt=` part of a key.
fn date_in(key: &str) -> Option<Day> {
    day_of(key.split('/').find_map(|part| part.strip_prefix("dt="))?)
}
