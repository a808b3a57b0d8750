//! Whether a root can be used: tried with real requests, so that a run does not find out after hours of work.

use super::{Store, wait};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::Serialize;
use std::hash::BuildHasher;

/// One thing tried at a root.
#[derive(Debug, Serialize)]
pub struct Probe {
    pub root: &'static str,
    pub what: &'static str,
    pub outcome: Outcome,
    /// What failed and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    error: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    Failed,
    /// There was nothing to try it on.
    NotTried,
}

impl Probe {
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    pub fn into_error(self) -> Option<Error> {
        self.error
    }
}

/// What was tried at one root, one after the other; a failure does not stop what does not need it.
struct Probes {
    root: &'static str,
    done: Vec<Probe>,
}

impl Probes {
    fn new(root: &'static str) -> Probes {
        Probes { root, done: Vec::new() }
    }

    fn add<T>(&mut self, what: &'static str, tried: Result<T>) -> Option<T> {
        let (outcome, value, error) = match tried {
            Ok(value) => (Outcome::Ok, Some(value), None),
            Err(error) => (Outcome::Failed, None, Some(error)),
        };
        let problem = error.as_ref().map(Error::in_one_line);
        self.done.push(Probe { root: self.root, what, outcome, problem, error });
        value
    }

    fn skip(&mut self, what: &[&'static str], why: &str) {
        let skipped =
            what.iter().map(|what| Probe { root: self.root, what, outcome: Outcome::NotTried, problem: Some(why.to_owned()), error: None });
        self.done.extend(skipped);
    }

    fn is_unreachable(&self) -> bool {
        self.done.iter().filter_map(Probe::error).any(Error::retryable)
    }
}

/// Lists an input root and reads the first bytes of the first object found.
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

const WRITES: [&str; 6] = ["create", "second create refused", "update", "outdated update refused", "read back", "delete"];

/// Lists an output root, then writes, reads and deletes an object of its own below `_meta`.
pub fn output(store: &Store) -> Vec<Probe> {
    let mut probes = Probes::new("output");
    probes.add("list", store.first_object());
    if probes.is_unreachable() {
        probes.skip(&WRITES, "the store could not be reached");
        return probes.done;
    }
    let folders = NewFolders::of(store);
    write(store, &mut probes);
    drop(folders);
    probes.done
}

/// The worst of what an output's probes found.
pub fn probe_output(store: &Store) -> Result<()> {
    worst(output(store)).map_or(Ok(()), Err)
}

/// The error a person has to deal with first.
pub fn worst(probes: Vec<Probe>) -> Option<Error> {
    let errors = probes.into_iter().filter_map(|probe| {
        let (root, what) = (probe.root, probe.what);
        Some(probe.into_error()?.with("probe", format!("{root}: {what}")))
    });
    errors.reduce(|worst, error| if error.kind().rank() > worst.kind().rank() { error } else { worst })
}

fn write(store: &Store, probes: &mut Probes) {
    let key = format!("_meta/probe-{:016x}", std::hash::RandomState::new().hash_one(0));
    let [create, again, update, outdated, read, delete] = WRITES;
    let mode = if store.manners.fenced { PutMode::Create } else { PutMode::Overwrite };
    let Some(first) = probes.add(create, store.probe_put(&key, "1", mode)) else {
        probes.skip(&WRITES[1..], "nothing was written");
        // The answer may have been lost after the store did it.
        let _ = store.delete(&key);
        return;
    };
    let body = if store.manners.fenced {
        conditions(store, probes, &key, first)
    } else {
        probes.skip(&[again, update, outdated], "KEFU_STORE_UNFENCED: see to it that one run writes at a time");
        "1"
    };
    probes.add(read, store.probe_read(&key, body));
    probes.add(delete, store.delete(&key));
}

/// Whether the store keeps to the conditions of a write; returns what then stands at the key.
fn conditions(store: &Store, probes: &mut Probes, key: &str, first: UpdateVersion) -> &'static str {
    let [_, again, update, outdated, ..] = WRITES;
    let refused = probes.add(again, store.probe_refused(key, PutMode::Create));
    // A folder on a disk knows no conditional update; a lock file stands in for it.
    if store.folder.is_some() {
        probes.skip(&[update, outdated], "a lock file does this on a local disk");
        return if refused.is_some() { "1" } else { "3" };
    }
    match probes.add(update, store.probe_put(key, "2", PutMode::Update(first.clone()))) {
        Some(_) => match probes.add(outdated, store.probe_refused(key, PutMode::Update(first))) {
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
    /// The key and size of the first object in the order the store gives them. Asks for one page, however many there are.
    fn first_object(&self) -> Result<Option<(String, u64)>> {
        let prefix = self.path("")?;
        let first = wait(async { self.objects.list(Some(&prefix)).try_next().await })?.with("folder", &self.name)?;
        Ok(first.and_then(|meta| self.object(meta)).map(|object| (object.key.clone(), object.size())))
    }

    fn first_bytes(&self, key: &str, size: u64) -> Result<()> {
        // An empty object has no first byte to ask for.
        let got = match size {
            0 => wait(self.objects.head(&self.path(key)?))?.map(|_| ()),
            _ => wait(self.objects.get_range(&self.path(key)?, 0..size.min(64)))?.map(|_| ()),
        };
        got.with("file", self.describe(key))
    }

    fn probe_put(&self, key: &str, body: &'static str, mode: PutMode) -> Result<UpdateVersion> {
        let put = wait(self.objects.put_opts(&self.path(key)?, body.into(), PutOptions::from(mode)))?;
        let put = put.with("file", self.describe(key))?;
        Ok(UpdateVersion { e_tag: put.e_tag, version: put.version })
    }

    /// The store must refuse to write, for the object is there, and another than the condition says.
    fn probe_refused(&self, key: &str, mode: PutMode) -> Result<()> {
        match wait(self.objects.put_opts(&self.path(key)?, "3".into(), PutOptions::from(mode)))? {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
            Err(other) => Err(Error::from(other).with("file", self.describe(key))),
            Ok(_) => Err(Error::new(Kind::Config, "the store overwrites although it was told not to")
                .with("file", self.describe(key))
                .hint("two runs at once would spoil each other's reports here: take a store with conditional writes (If-None-Match, If-Match)")),
        }
    }

    fn probe_read(&self, key: &str, body: &'static str) -> Result<()> {
        if self.get(key)? == Bytes::from_static(body.as_bytes()) {
            return Ok(());
        }
        Err(Error::new(Kind::Failed, "what was read is not what was written").with("file", self.describe(key)))
    }
}

/// Folders on a local disk that were not there before; they go again if nothing else came into them.
struct NewFolders(Vec<std::path::PathBuf>);

impl NewFolders {
    fn of(store: &Store) -> NewFolders {
        let deepest = store.folder.as_ref().map(|folder| folder.join("_meta"));
        let missing = deepest.iter().flat_map(|folder| folder.ancestors()).take_while(|folder| !folder.exists());
        NewFolders(missing.map(std::path::Path::to_owned).collect())
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in &self.0 {
            // One that is not empty stays, and so do those above it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}
