//! `Store`: an input or output root, on a local disk or in an object store, and the requests it answers.

use super::local::FileMode;
use super::open;
use super::patience::{Patience, may_pass};
use super::timeouts::Timeouts;
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// The runtime that drives I/O; everything else in the program is blocking code.
static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build());

/// Blocks until a future of the object store is done. Errors: the I/O threads cannot be started.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.block_on(future)),
        Err(e) => Err(Error::new(Kind::Failed, format!("cannot start the I/O threads: {e}"))),
    }
}

/// The folder below a local root that holds files before they are published.
pub const STAGING: &str = "_staging";

/// An input or output root: a folder of objects. Keys are relative to the root and separated by `/`.
#[derive(Clone)]
pub struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    /// The prefix of every key within `objects`.
    pub(super) root: Path,
    /// The root as messages name it.
    pub(super) name: String,
    /// The root's folder; `None` if it is not on a local disk.
    pub(super) folder: Option<std::path::PathBuf>,
    pub(super) write_policy: open::WritePolicy,
    /// How long an operation is tried, and what is known of the store.
    pub(super) timeouts: Timeouts,
    /// The mode of files about persons on a local root.
    pub(super) file_mode: FileMode,
}

impl Store {
    /// Opens a local path or a URL (`s3://`, `gs://`, `az://`, `file://`, `memory://`) with the environment's variables.
    /// Errors: no such scheme; settings that are missing or wrong. No request is sent.
    pub fn open(location: &str) -> Result<Store> {
        // Credentials come from the environment, under the names each cloud's own tools use.
        #[expect(clippy::disallowed_methods, reason = "the clouds' own variables are the store's to read")]
        Store::open_with(location, std::env::vars())
    }

    /// As `open`, with the given variables instead of the environment's.
    pub fn open_with(location: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Store> {
        let opened = open::open(location, &open::StoreVariables::new(variables))?;
        let open::OpenedStore { objects, root, name, folder, write_policy, timeouts } = opened;
        Ok(Store { objects, root, name, folder, write_policy, timeouts, file_mode: FileMode::default() })
    }

    /// A root over an `ObjectStore` of the caller; `name` is how messages call it. A request that fails is not repeated.
    pub fn within(objects: Arc<dyn ObjectStore>, name: &str) -> Store {
        let timeouts = Timeouts { deadline: Duration::ZERO, health: Arc::default() };
        let (root, write_policy) = (Path::default(), open::WritePolicy::default());
        Store { objects, root, name: name.to_owned(), folder: None, write_policy, timeouts, file_mode: FileMode::default() }
    }

    /// The same root, whose requests are repeated for some time while they fail.
    #[must_use]
    pub fn patient(mut self, deadline: Duration) -> Store {
        self.timeouts.deadline = deadline;
        self.timeouts.health.note_answer();
        self
    }

    /// The same root, in which files about persons get a mode (local disks only).
    #[must_use]
    pub fn with_file_mode(self, file_mode: FileMode) -> Store {
        Store { file_mode, ..self }
    }

    /// The folder of a local root; `None` for other stores.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// The root as the user wrote it, without a password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lists all objects below a folder, sorted by key.
    pub fn list(&self, folder: &str) -> Result<Vec<StoredObject>> {
        let prefix = self.path(folder)?;
        let listed = self.retried(async || self.objects.list(Some(&prefix)).try_collect::<Vec<ObjectMeta>>().await)?;
        let metas = listed.with("folder", self.describe(folder))?;
        let mut found = metas.into_iter().filter_map(|meta| self.object(meta)).collect::<Vec<_>>();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    /// The metadata of the object at a key; `None` if there is no object.
    pub fn head(&self, key: &str) -> Result<Option<StoredObject>> {
        let path = self.path(key)?;
        match self.retried(async || self.objects.head(&path).await)? {
            Ok(meta) => Ok(self.object(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::from(e).with("file", self.describe(key))),
        }
    }

    /// Reads an object. Errors: it does not exist; the store fails.
    pub fn get(&self, key: &str) -> Result<Bytes> {
        let path = self.path(key)?;
        let body = self.retried(async || self.objects.get(&path).await?.bytes().await)?;
        body.with("file", self.describe(key))
    }

    /// A reader of a Parquet object that fetches only the byte ranges that are needed.
    #[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
    pub fn parquet(&self, object: &StoredObject) -> parquet::arrow::async_reader::ParquetObjectReader {
        parquet::arrow::async_reader::ParquetObjectReader::new(Arc::clone(&self.objects), object.meta.location.clone())
            .with_file_size(object.meta.size)
    }

    /// Writes an object unconditionally; an object at the key is replaced. If every answer is lost, the object is read back.
    /// Errors: the store fails.
    pub fn put(&self, key: &str, body: impl Into<PutPayload>) -> Result<()> {
        let (path, body) = (self.path(key)?, body.into());
        let Err(error) = self.retried(async || self.objects.put(&path, body.clone()).await.map(drop))? else { return Ok(()) };
        let is_done = may_pass(&error) && matches!(self.read_back(&path)?, Ok(Some((found, _))) if found == Bytes::from(body.clone()));
        if is_done { Ok(()) } else { Err(Error::from(error).with("file", self.describe(key))) }
    }

    /// Deletes an object. One that is gone already is deleted: an earlier attempt may have done it without being heard.
    /// Errors: the store fails.
    pub fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        let deleted = self.retried(async || match self.objects.delete(&path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            deleted => deleted,
        });
        let Err(error) = deleted? else { return Ok(()) };
        let is_gone = may_pass(&error) && matches!(wait(self.objects.head(&path))?, Err(object_store::Error::NotFound { .. }));
        if is_gone { Ok(()) } else { Err(Error::from(error).with("file", self.describe(key))) }
    }

    /// The patience of an operation that begins now.
    pub(super) fn patience(&self) -> Patience<'_> {
        Patience::new(&self.timeouts.health, self.timeouts.deadline)
    }

    /// Sends a request again as long as its error may pass and the deadline is not over. The request must be one that may be repeated.
    /// Errors: a signal has been received; the I/O threads cannot be started.
    pub(super) fn retried<T>(&self, request: impl AsyncFn() -> object_store::Result<T>) -> Result<object_store::Result<T>> {
        let mut patience = self.patience();
        loop {
            match wait(request())? {
                Err(e) if may_pass(&e) && patience.wait()? => {}
                answered => return Ok(answered),
            }
        }
    }

    /// Whether a symbolic link leads from the key to a file outside of a local root. Such a file is not part of the input.
    pub fn leads_outside(&self, key: &str) -> bool {
        let Some(root) = self.folder.as_ref().and_then(|folder| folder.canonicalize().ok()) else { return false };
        !root.join(key).canonicalize().is_ok_and(|target| target.starts_with(&root))
    }

    /// The location of a key as messages show it: the root's name and the key.
    pub fn describe(&self, key: &str) -> String {
        format!("{}/{key}", self.name.trim_end_matches('/'))
    }

    /// An object by its metadata; `None` if it is not below the root.
    pub(super) fn object(&self, meta: ObjectMeta) -> Option<StoredObject> {
        let parts = meta.location.prefix_match(&self.root)?;
        let key = parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
        Some(StoredObject { key, meta })
    }

    /// The path of a key within `objects`. Errors: the key has a part such as `..`.
    pub(super) fn path(&self, key: &str) -> Result<Path> {
        // `Path::parse` does not percent-encode, so a name with Chinese characters or `#` stays as it is on the disk.
        let parts = self.root.parts().map(|part| part.as_ref().to_owned());
        let parts = parts.chain(key.split('/').filter(|part| !part.is_empty()).map(str::to_owned)).collect::<Vec<_>>();
        Ok(Path::parse(parts.join("/"))?)
    }
}

/// An object of a store with its metadata.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// The key below the root.
    pub key: String,
    pub(super) meta: ObjectMeta,
}

impl StoredObject {
    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.meta.size
    }
}
