//! Writes that happen only where nobody else has written since: what a request of a dead run, arriving late, cannot undo.

use super::{Object, Store, wait};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Which bytes stand at a key, as the store tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(UpdateVersion);

/// What must stand at a key for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Nothing,
    This(Version),
}

/// How often a write is begun again whose answer says what cannot be.
const ATTEMPTS: usize = 4;

impl Version {
    /// As the store writes it; none where it has no such thing.
    pub fn tag(&self) -> Option<&str> {
        self.0.e_tag.as_deref()
    }
}

impl Object {
    pub fn version(&self) -> Version {
        Version(UpdateVersion { e_tag: self.meta.e_tag.clone(), version: self.meta.version.clone() })
    }
}

impl Store {
    /// The bytes at a key and their version, or none.
    pub fn load(&self, key: &str) -> Result<Option<(Bytes, Version)>> {
        let path = self.path(key)?;
        let found = wait(async {
            let found = self.objects.get(&path).await?;
            let version = Version(UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() });
            Ok((found.bytes().await?, version))
        })?;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::from(e).with("file", self.describe(key))),
        }
    }

    /// Puts bytes where `expected` holds, in one request. No answer but success is believed before the object has been read back: a
    /// request that was answered with an error, or not at all, may have been done.
    /// Errors: somebody else has written (try again); the store's own.
    pub fn replace(&self, key: &str, body: Bytes, expected: &Expected) -> Result<Version> {
        if let Some(folder) = &self.folder {
            let waiting = folder.join(super::STAGING).join(format!(".{}", key.replace('/', "+")));
            std::fs::create_dir_all(folder.join(super::STAGING))?;
            std::fs::write(&waiting, &body).with("file", self.describe(key))?;
            let placed = self.place(key, &waiting, expected);
            // Others may wait beside it.
            let _ = std::fs::remove_dir(folder.join(super::STAGING));
            return placed;
        }
        if !self.manners.fenced && !is(self.head(key)?.map(|object| object.version()).as_ref(), expected) {
            return Err(self.overtaken(key));
        }
        let mode = match expected {
            _ if !self.manners.fenced => PutMode::Overwrite,
            Expected::Nothing => PutMode::Create,
            Expected::This(version) => PutMode::Update(version.0.clone()),
        };
        for _ in 1..ATTEMPTS {
            let options = PutOptions { mode: mode.clone(), ..PutOptions::default() };
            let error = match wait(self.objects.put_opts(&self.path(key)?, body.clone().into(), options))? {
                Ok(done) => return Ok(Version(UpdateVersion { e_tag: done.e_tag, version: done.version })),
                Err(e) => e,
            };
            let found = self.load(key)?;
            let refused = matches!(error, object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. });
            match found {
                Some((found, version)) if found == body => return Ok(version),
                found if !refused || !is(found.as_ref().map(|(_, version)| version), expected) => {
                    return Err(if refused { self.overtaken(key) } else { Error::from(error).with("file", self.describe(key)) });
                }
                // Refused, though what was expected stands there: the answer was wrong.
                _ => {}
            }
        }
        Err(self.overtaken(key))
    }

    /// Puts a file of the local disk at a key, as `replace` does; on a local root it is moved there: `settle` comes before, so that a file is never there without its bytes.
    pub fn place(&self, key: &str, file: &Path, expected: &Expected) -> Result<Version> {
        let Some(folder) = &self.folder else {
            return self.replace(key, std::fs::read(file)?.into(), expected);
        };
        // The lock of the root keeps others out; this is for those who do not ask for it.
        if !is(self.head(key)?.map(|object| object.version()).as_ref(), expected) {
            return Err(self.overtaken(key));
        }
        let to = self.on_disk(folder, key)?;
        let parent = to.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with("file", self.describe(key))?;
        std::fs::rename(file, &to).with("file", self.describe(key))?;
        let placed = self.head(key)?;
        placed.map(|object| object.version()).ok_or_else(|| self.overtaken(key))
    }

    /// On a local root: what was written so far is on the disk itself, not on its way there. One call for any number of files.
    pub fn settle(&self) -> Result<()> {
        let Some(folder) = self.folder.as_ref().filter(|_| self.manners.synced) else { return Ok(()) };
        let folder = File::open(folder).with("folder", &self.name)?;
        rustix::fs::syncfs(&folder).map_err(std::io::Error::from).with("folder", &self.name)
    }

    /// Where a key lies on the disk.
    fn on_disk(&self, folder: &Path, key: &str) -> Result<PathBuf> {
        if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::new(Kind::Failed, "not a key").with("file", self.describe(key)));
        }
        Ok(folder.join(key))
    }

    fn overtaken(&self, key: &str) -> Error {
        Error::new(Kind::NotReady, "somebody else has written this file since this run began")
            .with("file", self.describe(key))
            .hint("two runs on one output root? Run again: nothing is counted twice")
    }
}

fn is(found: Option<&Version>, expected: &Expected) -> bool {
    match expected {
        Expected::Nothing => found.is_none(),
        Expected::This(version) => found == Some(version),
    }
}
