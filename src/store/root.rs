//! `Store`: an input or output root, on a local disk or in an object store, and the requests it answers.

use super::open;
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use std::sync::{Arc, LazyLock};
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
        let open::OpenedStore { objects, root, name, folder, write_policy } = open::open(location, &open::StoreVariables::new(variables))?;
        Ok(Store { objects, root, name, folder, write_policy })
    }

    /// A root over an `ObjectStore` of the caller; `name` is how messages call it.
    pub fn within(objects: Arc<dyn ObjectStore>, name: &str) -> Store {
        Store { objects, root: Path::default(), name: name.to_owned(), folder: None, write_policy: open::WritePolicy::default() }
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
        let metas: Vec<ObjectMeta> = wait(self.objects.list(Some(&prefix)).try_collect())?.with("folder", self.describe(folder))?;
        let mut found = metas.into_iter().filter_map(|meta| self.object(meta)).collect::<Vec<_>>();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    /// The metadata of the object at a key; `None` if there is no object.
    pub fn head(&self, key: &str) -> Result<Option<StoredObject>> {
        match wait(self.objects.head(&self.path(key)?))? {
            Ok(meta) => Ok(self.object(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::from(e).with("file", self.describe(key))),
        }
    }

    /// Reads an object. Errors: it does not exist; the store fails.
    pub fn get(&self, key: &str) -> Result<Bytes> {
        let path = self.path(key)?;
        let body = wait(async { self.objects.get(&path).await?.bytes().await })?;
        body.with("file", self.describe(key))
    }

    /// A reader of a Parquet object that fetches only the byte ranges that are needed.
    #[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
    pub fn parquet(&self, object: &StoredObject) -> parquet::arrow::async_reader::ParquetObjectReader {
        parquet::arrow::async_reader::ParquetObjectReader::new(Arc::clone(&self.objects), object.meta.location.clone())
            .with_file_size(object.meta.size)
    }

    /// Writes an object unconditionally; an object at the key is replaced.
    pub fn put(&self, key: &str, body: impl Into<PutPayload>) -> Result<()> {
        wait(self.objects.put(&self.path(key)?, body.into()))?.with("file", self.describe(key))?;
        Ok(())
    }

    /// Deletes an object. Errors: the store fails.
    pub fn delete(&self, key: &str) -> Result<()> {
        wait(self.objects.delete(&self.path(key)?))?.with("file", self.describe(key))
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
