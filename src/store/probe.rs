//! Tries a root with real requests, so that a run does not find out after hours of work that it cannot read or write there.

use super::conditional_put::{ObjectVersion, PutCondition};
use super::root::Store;
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutOptions};
use serde::Serialize;
use std::hash::BuildHasher;
use std::time::Duration;

/// One kind of request that was tried at a root.
#[derive(Debug, Serialize)]
pub struct Probe {
    /// `input` or `output`.
    pub root: &'static str,
    /// The request, e.g. `second create refused`.
    pub what: &'static str,
    pub outcome: ProbeOutcome,
    /// Why it failed and what to do, or why it was not tried; `None` if it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    error: Option<Error>,
}

/// The outcome of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeOutcome {
    Ok,
    Failed,
    /// An earlier probe failed, or there was nothing to try it on.
    NotTried,
}

impl Probe {
    /// The error of a failed probe.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// As `error`, by value.
    pub fn into_error(self) -> Option<Error> {
        self.error
    }
}

/// The probes of one root, in the order in which they were tried. A failure only skips the probes that depend on it.
struct Probes {
    root: &'static str,
    done: Vec<Probe>,
}

impl Probes {
    fn new(root: &'static str) -> Probes {
        Probes { root, done: Vec::new() }
    }

    /// Adds the probe of a result, and returns its value if it succeeded.
    fn add<T>(&mut self, what: &'static str, result: Result<T>) -> Option<T> {
        let (outcome, value, error) = match result {
            Ok(value) => (ProbeOutcome::Ok, Some(value), None),
            Err(error) => (ProbeOutcome::Failed, None, Some(error)),
        };
        let problem = error.as_ref().map(Error::in_one_line);
        self.done.push(Probe { root: self.root, what, outcome, problem, error });
        value
    }

    /// Adds probes that are not tried, with the reason.
    fn skip(&mut self, what: &[&'static str], why: &str) {
        let skipped = what.iter().map(|what| Probe {
            root: self.root,
            what,
            outcome: ProbeOutcome::NotTried,
            problem: Some(why.to_owned()),
            error: None,
        });
        self.done.extend(skipped);
    }

    /// Whether a probe failed with an error that may pass, e.g. a network fault.
    fn is_unreachable(&self) -> bool {
        self.done.iter().filter_map(Probe::error).any(Error::retryable)
    }
}

/// Probes an input root: lists it and reads the first bytes of the first object found.
pub fn input(store: &Store) -> Vec<Probe> {
    let mut probes = Probes::new("input");
    let first = probes.add("list", store.first_object());
    match first.flatten() {
        Some((key, size)) => {
            probes.add("read", store.first_bytes(&key, size));
        }
        None => probes.skip(&["read"], "nothing was found to read"),
    }
    probes.done
}

/// The folder of the objects that a probe writes.
const FOLDER: &str = "_meta";
/// How the keys of these objects begin.
const PROBE: &str = "_meta/probe-";
/// A probe that is so much older than another one is at work no more: its process died before it could delete the object.
const LEFTOVER: Duration = Duration::from_secs(3_600);

/// The probes of writing, in their order.
const WRITES: [&str; 6] = ["create", "second create refused", "update", "outdated update refused", "read back", "delete"];

/// Probes an output root: lists it, then writes, reads and deletes an object of its own below `_meta`.
pub fn output(store: &Store) -> Vec<Probe> {
    let mut probes = Probes::new("output");
    probes.add("list", store.first_object());
    if probes.is_unreachable() {
        probes.skip(&WRITES, "the store could not be reached");
        return probes.done;
    }
    let folders = NewFolders::of(store);
    try_writes(store, &mut probes);
    drop(folders);
    probes.done
}

/// Probes an output root. Errors: the worst error of the probes.
pub fn probe_output(store: &Store) -> Result<()> {
    worst(output(store)).map_or(Ok(()), Err)
}

/// The error that the user has to fix first: the one of the highest rank, the earliest of equals. `None` if nothing failed.
pub fn worst(probes: Vec<Probe>) -> Option<Error> {
    let errors = probes.into_iter().filter_map(|probe| {
        let (root, what) = (probe.root, probe.what);
        Some(probe.into_error()?.with("probe", format!("{root}: {what}")))
    });
    errors.reduce(|worst, error| if error.kind().rank() > worst.kind().rank() { error } else { worst })
}

/// Creates, updates, reads and deletes an object with a random name, and deletes what dead probes have left.
fn try_writes(store: &Store, probes: &mut Probes) {
    let key = format!("{PROBE}{:016x}", std::hash::RandomState::new().hash_one(0));
    let [create, again, update, outdated, read, delete] = WRITES;
    let Some(first) = probes.add(create, store.probe_put(&key, "1", &PutCondition::IfAbsent)) else {
        probes.skip(&WRITES[1..], "nothing was written");
        // The store may have created the object although its answer was lost.
        let _ = store.delete(&key);
        return;
    };
    let body = if store.write_policy.conditional {
        try_conditions(store, probes, &key, first)
    } else {
        probes.skip(&[again, update, outdated], "KEFU_STORE_UNFENCED is set: make sure that one run writes at a time");
        "1"
    };
    probes.add(read, store.probe_read(&key, body));
    store.delete_leftovers(&key);
    probes.add(delete, store.delete(&key));
}

/// Tries whether the store obeys the condition of a PUT. Returns the body that the object then has.
fn try_conditions(store: &Store, probes: &mut Probes, key: &str, first: ObjectVersion) -> &'static str {
    let [_, again, update, outdated, ..] = WRITES;
    let refused = probes.add(again, store.probe_refused(key, &PutCondition::IfAbsent));
    // `LocalFileSystem` has no conditional update; a lock file replaces it.
    if store.folder.is_some() {
        probes.skip(&[update, outdated], "a lock file does this on a local disk");
        return if refused.is_some() { "1" } else { "3" };
    }
    let unchanged = PutCondition::IfMatch(first);
    match probes.add(update, store.probe_put(key, "2", &unchanged)) {
        Some(_) => match probes.add(outdated, store.probe_refused(key, &unchanged)) {
            Some(()) => "2",
            None => "3",
        },
        None => {
            probes.skip(&[outdated], "nothing was updated");
            if refused.is_some() { "1" } else { "3" }
        }
    }
}

impl Store {
    /// The key and size of the first object in the store's order; `None` if there is none. Requests one page of the listing.
    /// The object of a probe is none: if the output lies below the input, it may be gone before it is read.
    fn first_object(&self) -> Result<Option<(String, u64)>> {
        let prefix = self.path("")?;
        let first = self.retried(async || {
            let mut objects = self.objects.list(Some(&prefix));
            while let Some(meta) = objects.try_next().await? {
                if !meta.location.as_ref().contains(PROBE) {
                    return Ok::<_, object_store::Error>(Some(meta));
                }
            }
            Ok(None)
        });
        let first = first?.with("folder", &self.name)?;
        Ok(first.and_then(|meta| self.object(meta)).map(|object| (object.key.clone(), object.size())))
    }

    /// Reads up to 64 bytes of an object.
    fn first_bytes(&self, key: &str, size: u64) -> Result<()> {
        let path = self.path(key)?;
        // A range request for an empty object is an error.
        let got = self.retried(async || match size {
            0 => self.objects.head(&path).await.map(drop),
            _ => self.objects.get_range(&path, 0..size.min(64)).await.map(drop),
        });
        got?.with("file", self.describe(key))
    }

    /// Writes an object as a run does, whose answer may be lost, and returns its version.
    fn probe_put(&self, key: &str, body: &'static str, condition: &PutCondition) -> Result<ObjectVersion> {
        self.put_until_known(key, &Bytes::from_static(body.as_bytes()), condition)
    }

    /// Sends a PUT whose condition does not hold. Errors: the store does not refuse it.
    fn probe_refused(&self, key: &str, condition: &PutCondition) -> Result<()> {
        let (path, mode) = (self.path(key)?, self.put_mode(condition));
        let put = async || self.objects.put_opts(&path, "3".into(), PutOptions::from(mode.clone())).await.map(drop);
        match self.retried(put)? {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
            Err(other) => Err(Error::from(other).with("file", self.describe(key))),
            Ok(()) => Err(Error::new(Kind::Config, "the store overwrites although it was told not to")
                .with("file", self.describe(key))
                .hint("two runs at once would overwrite each other's reports here: use a store with conditional writes (If-None-Match, If-Match)")),
        }
    }

    /// Deletes the objects of probes that died before they could. Ages are told by the store's clock alone, which has written the object `own`
    /// just now. A failure is left to the next probe.
    fn delete_leftovers(&self, own: &str) {
        let Ok(folder) = self.path(FOLDER) else { return };
        let Ok(Ok(listed)) = self.retried(async || self.objects.list_with_delimiter(Some(&folder)).await) else { return };
        let found = listed.objects.into_iter().filter_map(|meta| self.object(meta));
        let probes = found.filter(|object| object.key.starts_with(PROBE)).collect::<Vec<_>>();
        let Some(now) = probes.iter().find(|object| object.key == own).map(|object| object.meta.last_modified) else { return };
        for left in probes.iter().filter(|object| (now - object.meta.last_modified).to_std().is_ok_and(|age| age > LEFTOVER)) {
            let _ = self.delete(&left.key);
        }
    }

    /// Reads an object back. Errors: its bytes are others than `body`.
    fn probe_read(&self, key: &str, body: &'static str) -> Result<()> {
        if self.get(key)? == Bytes::from_static(body.as_bytes()) {
            return Ok(());
        }
        Err(Error::new(Kind::Failed, "what was read is not what was written").with("file", self.describe(key)))
    }
}

/// Local directories that the probes create. Those that are empty at the end are removed.
struct NewFolders(Vec<std::path::PathBuf>);

impl NewFolders {
    /// The directories down to `_meta` that do not exist yet, the deepest first.
    fn of(store: &Store) -> NewFolders {
        let deepest = store.folder.as_ref().map(|folder| folder.join("_meta"));
        let missing = deepest.iter().flat_map(|folder| folder.ancestors()).take_while(|folder| !folder.exists());
        NewFolders(missing.map(std::path::Path::to_owned).collect())
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in &self.0 {
            // Removing a directory that is not empty fails, so it stays, and its parents with it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}
