//! Conditional PUTs: a write that succeeds only if the object is still the one the writer has seen. A request of a dead run that arrives
//! late therefore changes nothing (DECISIONS #52 names the one exception).

use super::local::{self, STAGING_BESIDE};
use super::patience::{Access, may_pass};
use super::root::{Store, StoredObject, wait};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::fs::File;
use std::io::Write;
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

/// What became of a write that was sent once.
enum Attempt {
    Done(ObjectVersion),
    /// The condition does not hold any more.
    Overtaken,
    /// The store refused the write although the condition holds.
    WronglyRefused,
    /// It was not done, or nobody knows.
    Failed(object_store::Error),
}

/// How often a write is sent while the store refuses it although the condition holds.
const ATTEMPTS: usize = 3;
/// What is said of a file that is no longer the one that this run has seen.
const OVERTAKEN: &str = "another run or program has written this file since this run began";

impl ObjectVersion {
    /// The version in an object's metadata.
    pub(super) fn of(meta: &ObjectMeta) -> ObjectVersion {
        ObjectVersion(UpdateVersion { e_tag: meta.e_tag.clone(), version: meta.version.clone() })
    }

    /// The ETag; `None` if the store gives none.
    pub fn tag(&self) -> Option<&str> {
        self.0.e_tag.as_deref()
    }
}

impl StoredObject {
    /// The version that the object had when it was listed.
    pub fn version(&self) -> ObjectVersion {
        ObjectVersion::of(&self.meta)
    }
}

impl Store {
    /// Reads an object and its version; `None` if the key has no object.
    pub fn get_versioned(&self, key: &str) -> Result<Option<(Bytes, ObjectVersion)>> {
        let path = self.path(key)?;
        let found = self.retried(async || {
            let found = self.objects.get(&path).await?;
            let version = ObjectVersion::of(&found.meta);
            Ok::<_, object_store::Error>((found.bytes().await?, version))
        })?;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::from(e).with("file", self.describe(key))),
        }
    }

    /// Writes an object in one request if `condition` holds, and returns its new version.
    /// Errors: another run has written the object (`NotReady`); the store fails.
    pub fn put_if(&self, key: &str, body: Bytes, condition: &PutCondition) -> Result<ObjectVersion> {
        if let Some(folder) = &self.folder {
            return self.put_through_staging(folder, key, &body, condition);
        }
        if !self.write_policy.conditional && !holds(condition, self.head(key)?.map(|object| object.version()).as_ref()) {
            return Err(self.overtaken(key));
        }
        self.put_until_known(key, &body, condition)
    }

    /// Writes an object of a local root by way of a private folder, so that nobody sees half of it.
    fn put_through_staging(&self, folder: &Path, key: &str, body: &Bytes, condition: &PutCondition) -> Result<ObjectVersion> {
        let staging = local::temporary_folder(folder, STAGING_BESIDE).with("file", self.describe(key)).with("while", "staging a file")?;
        let staged = staging.path().join("object");
        let written = local::private_file(&staged).and_then(|mut file| file.write_all(body));
        written.with("file", self.describe(key)).with("while", "staging a file")?;
        self.put_file_if(key, &staged, condition)
    }

    /// Sends a write until it is known that the store has done or refused it. A write that is not done is sent again until the deadline: its
    /// condition sees to it that two of them do no harm. Errors: as `put_if`.
    pub(super) fn put_until_known(&self, key: &str, body: &Bytes, condition: &PutCondition) -> Result<ObjectVersion> {
        let path = self.path(key)?;
        let (mut patience, mut refusals) = (self.patience(), 0);
        loop {
            match self.put_once(&path, body, condition)? {
                Attempt::Done(version) => return Ok(version),
                Attempt::WronglyRefused if refusals + 1 < ATTEMPTS => {
                    refusals += 1;
                    patience.wait()?;
                }
                Attempt::Overtaken | Attempt::WronglyRefused => return Err(self.overtaken(key)),
                Attempt::Failed(e) if may_pass(&e) && patience.wait()? => {}
                Attempt::Failed(e) => return Err(Error::from(e).with("file", self.describe(key))),
            }
        }
    }

    /// Sends a write once. After any answer but success the object is read back, because a store may have written it although it answered with
    /// an error or not at all.
    fn put_once(&self, path: &object_store::path::Path, body: &Bytes, condition: &PutCondition) -> Result<Attempt> {
        let options = PutOptions { mode: self.put_mode(condition), ..PutOptions::default() };
        let error = match wait(self.objects.put_opts(path, body.clone().into(), options))? {
            Ok(done) => return Ok(Attempt::Done(ObjectVersion(UpdateVersion { e_tag: done.e_tag, version: done.version }))),
            Err(e) => e,
        };
        let refused = is_refusal(&error);
        Ok(match self.read_back(path)? {
            Ok(Some((found, version))) if found == *body => {
                self.timeouts.health.note_success(Access::Write);
                Attempt::Done(version)
            }
            Ok(found) if (refused || may_pass(&error)) && !holds(condition, found.as_ref().map(|(_, version)| version)) => {
                Attempt::Overtaken
            }
            Ok(_) if refused => Attempt::WronglyRefused,
            Err(unread) if refused => Attempt::Failed(unread),
            Ok(_) | Err(_) => Attempt::Failed(error),
        })
    }

    /// What an object is now, after a write whose answer was lost or in doubt; `None` if there is no object.
    pub(super) fn read_back(&self, path: &object_store::path::Path) -> Result<object_store::Result<Option<(Bytes, ObjectVersion)>>> {
        wait(async {
            let found = match self.objects.get(path).await {
                Err(object_store::Error::NotFound { .. }) => return Ok::<_, object_store::Error>(None),
                found => found?,
            };
            let version = ObjectVersion::of(&found.meta);
            Ok(Some((found.bytes().await?, version)))
        })
    }

    /// The mode of a PUT under a condition.
    pub(super) fn put_mode(&self, condition: &PutCondition) -> PutMode {
        match condition {
            _ if !self.write_policy.conditional => PutMode::Overwrite,
            PutCondition::IfAbsent => PutMode::Create,
            PutCondition::IfMatch(version) => PutMode::Update(version.0.clone()),
        }
    }

    /// Writes a file of the local disk as an object if `condition` holds, and returns its new version. On a local root the file is moved;
    /// the caller calls `sync` first, so that a power cut cannot leave a published name without its bytes.
    /// Errors: as `put_if`.
    pub fn put_file_if(&self, key: &str, file: &Path, condition: &PutCondition) -> Result<ObjectVersion> {
        let Some(folder) = &self.folder else {
            let body = std::fs::read(file).with("file", file.display()).with("while", "reading a staged file to publish it")?;
            return self.put_if(key, body.into(), condition);
        };
        // The file lock of the root excludes other runs of kefu; this check finds programs that do not take the lock.
        if !holds(condition, self.head(key)?.map(|object| object.version()).as_ref()) {
            return Err(self.overtaken(key));
        }
        let to = self.on_disk(folder, key)?;
        let parent = to.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with("file", self.describe(key)).with("while", "publishing a file")?;
        local::set_mode(file, self.mode_of(key, file));
        std::fs::rename(file, &to).with("file", self.describe(key)).with("while", "publishing a file")?;
        let placed = self.head(key)?;
        placed.map(|object| object.version()).ok_or_else(|| self.overtaken(key))
    }

    /// Gives a published file of a local root the mode that it would get now: it may be of a version that knew no modes.
    /// `staged` is a file in a folder that this user may write to.
    pub fn renew_mode(&self, key: &str, staged: &Path) {
        if let Some(folder) = self.folder.as_ref().filter(|_| local::is_about_persons(key)) {
            local::set_mode(&folder.join(key), self.mode_of(key, staged));
        }
    }

    /// The mode of a published file: the one that is set for files about persons, and for others what the umask leaves.
    fn mode_of(&self, key: &str, staged: &Path) -> std::io::Result<u32> {
        if local::is_about_persons(key) { Ok(self.file_mode.bits()) } else { local::usual_mode(staged) }
    }

    /// Flushes the file system of a local root to the disk, with one system call for any number of files. Does nothing for other stores
    /// and with `KEFU_STORE_FSYNC=false`.
    pub fn sync(&self) -> Result<()> {
        let Some(folder) = self.folder.as_ref().filter(|_| self.write_policy.fsync) else { return Ok(()) };
        let flushing = "flushing what was published to the disk";
        let folder = File::open(folder).with("folder", &self.name).with("while", flushing)?;
        rustix::fs::syncfs(&folder).map_err(std::io::Error::from).with("folder", &self.name).with("while", flushing)
    }

    /// The path of a key below a local root. Errors: the key has an empty part, `.` or `..`.
    fn on_disk(&self, folder: &Path, key: &str) -> Result<PathBuf> {
        if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::new(Kind::Failed, "the key has an empty part, `.` or `..`").with("file", self.describe(key)));
        }
        Ok(folder.join(key))
    }

    fn overtaken(&self, key: &str) -> Error {
        Error::new(Kind::NotReady, OVERTAKEN)
            .with("file", self.describe(key))
            .hint("run again, and let one run at a time write to this output; nothing is counted twice")
    }
}

/// Whether an error says that a file is no longer the one that this run has seen.
pub(crate) fn is_overtaken(error: &Error) -> bool {
    error.message() == OVERTAKEN
}

/// Whether a store has refused a write for its condition.
fn is_refusal(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. })
}

/// Whether a condition holds of the version found at the key.
fn holds(condition: &PutCondition, found: Option<&ObjectVersion>) -> bool {
    match condition {
        PutCondition::IfAbsent => found.is_none(),
        PutCondition::IfMatch(version) => found == Some(version),
    }
}
