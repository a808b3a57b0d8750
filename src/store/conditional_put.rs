//! Conditional PUTs: a write that succeeds only if the object is still the one the writer has seen. A request of a dead run that arrives
//! late therefore changes nothing (DECISIONS #52 names the one exception).

use super::root::{Store, StoredObject, wait};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The version of an object: its ETag, and its version id if the store keeps versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion(UpdateVersion);

/// The precondition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutCondition {
    /// No object exists at the key (`If-None-Match: *`).
    IfAbsent,
    /// The object at the key has this version (`If-Match`).
    IfMatch(ObjectVersion),
}

/// How often a write is sent while the store refuses it although the condition holds.
const ATTEMPTS: usize = 3;

impl ObjectVersion {
    /// The ETag; `None` if the store gives none.
    pub fn tag(&self) -> Option<&str> {
        self.0.e_tag.as_deref()
    }
}

impl StoredObject {
    /// The version that the object had when it was listed.
    pub fn version(&self) -> ObjectVersion {
        ObjectVersion(UpdateVersion { e_tag: self.meta.e_tag.clone(), version: self.meta.version.clone() })
    }
}

impl Store {
    /// Reads an object and its version; `None` if the key has no object.
    pub fn get_versioned(&self, key: &str) -> Result<Option<(Bytes, ObjectVersion)>> {
        let path = self.path(key)?;
        let found = wait(async {
            let found = self.objects.get(&path).await?;
            let version = ObjectVersion(UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() });
            Ok((found.bytes().await?, version))
        })?;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::from(e).with("file", self.describe(key))),
        }
    }

    /// Writes an object in one request if `condition` holds, and returns its new version. After any answer but success the object is read
    /// back, because a store may have written it although it answered with an error or not at all.
    /// Errors: another run has written the object (`NotReady`); the store fails.
    pub fn put_if(&self, key: &str, body: Bytes, condition: &PutCondition) -> Result<ObjectVersion> {
        if let Some(folder) = &self.folder {
            let staged = folder.join(super::root::STAGING).join(format!(".{}", key.replace('/', "+")));
            std::fs::create_dir_all(folder.join(super::root::STAGING))?;
            std::fs::write(&staged, &body).with("file", self.describe(key))?;
            let placed = self.put_file_if(key, &staged, condition);
            // Fails if the folder still holds other staged files, which is as it should be.
            let _ = std::fs::remove_dir(folder.join(super::root::STAGING));
            return placed;
        }
        if !self.write_policy.conditional && !holds(condition, self.head(key)?.map(|object| object.version()).as_ref()) {
            return Err(self.overtaken(key));
        }
        let mode = match condition {
            _ if !self.write_policy.conditional => PutMode::Overwrite,
            PutCondition::IfAbsent => PutMode::Create,
            PutCondition::IfMatch(version) => PutMode::Update(version.0.clone()),
        };
        for _ in 0..ATTEMPTS {
            let options = PutOptions { mode: mode.clone(), ..PutOptions::default() };
            let error = match wait(self.objects.put_opts(&self.path(key)?, body.clone().into(), options))? {
                Ok(done) => return Ok(ObjectVersion(UpdateVersion { e_tag: done.e_tag, version: done.version })),
                Err(e) => e,
            };
            let found = self.get_versioned(key)?;
            let refused = matches!(error, object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. });
            match found {
                Some((found, version)) if found == body => return Ok(version),
                found if !refused || !holds(condition, found.as_ref().map(|(_, version)| version)) => {
                    return Err(if refused { self.overtaken(key) } else { Error::from(error).with("file", self.describe(key)) });
                }
                // The store refused the write although the condition holds, so its answer was wrong: try again.
                _ => {}
            }
        }
        Err(self.overtaken(key))
    }

    /// Writes a file of the local disk as an object if `condition` holds, and returns its new version. On a local root the file is moved;
    /// the caller calls `sync` first, so that a power cut cannot leave a published name without its bytes.
    /// Errors: as `put_if`.
    pub fn put_file_if(&self, key: &str, file: &Path, condition: &PutCondition) -> Result<ObjectVersion> {
        let Some(folder) = &self.folder else {
            return self.put_if(key, std::fs::read(file)?.into(), condition);
        };
        // The file lock of the root excludes other runs of kefu; this check finds programs that do not take the lock.
        if !holds(condition, self.head(key)?.map(|object| object.version()).as_ref()) {
            return Err(self.overtaken(key));
        }
        let to = self.on_disk(folder, key)?;
        let parent = to.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with("file", self.describe(key))?;
        std::fs::rename(file, &to).with("file", self.describe(key))?;
        let placed = self.head(key)?;
        placed.map(|object| object.version()).ok_or_else(|| self.overtaken(key))
    }

    /// Flushes the file system of a local root to the disk, with one system call for any number of files. Does nothing for other stores
    /// and with `KEFU_STORE_FSYNC=false`.
    pub fn sync(&self) -> Result<()> {
        let Some(folder) = self.folder.as_ref().filter(|_| self.write_policy.fsync) else { return Ok(()) };
        let folder = File::open(folder).with("folder", &self.name)?;
        rustix::fs::syncfs(&folder).map_err(std::io::Error::from).with("folder", &self.name)
    }

    /// The path of a key below a local root. Errors: the key has an empty part, `.` or `..`.
    fn on_disk(&self, folder: &Path, key: &str) -> Result<PathBuf> {
        if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::new(Kind::Failed, "the key has an empty part, `.` or `..`").with("file", self.describe(key)));
        }
        Ok(folder.join(key))
    }

    fn overtaken(&self, key: &str) -> Error {
        Error::new(Kind::NotReady, "another run or program has written this file since this run began")
            .with("file", self.describe(key))
            .hint("run again, and let one run at a time write to this output; nothing is counted twice")
    }
}

/// Whether a condition holds of the version found at the key.
fn holds(condition: &PutCondition, found: Option<&ObjectVersion>) -> bool {
    match condition {
        PutCondition::IfAbsent => found.is_none(),
        PutCondition::IfMatch(version) => found == Some(version),
    }
}
