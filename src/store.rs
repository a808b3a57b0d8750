//! Every byte in and out goes through here: one object store per root, local path or URL alike.

mod faults;
mod fenced;
mod open;
mod patience;
pub mod probe;
mod reader;

pub(crate) use faults::explain;
pub use fenced::{Expected, Version};
pub use reader::Reader;

use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// I/O waits on this runtime; everything else in the program is plain blocking code.
static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build());

/// Waits for a future of the object store.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.block_on(future)),
        Err(e) => Err(Error::new(Kind::Failed, format!("cannot start the I/O threads: {e}"))),
    }
}

/// Where files wait below a local root.
pub const STAGING: &str = "_staging";

/// A folder of objects: an input or output root.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    root: Path,
    name: String,
    /// The root on a local disk, whose folders outlive their files.
    folder: Option<std::path::PathBuf>,
    manners: open::Manners,
}

impl Store {
    /// Opens a local path or an object_store URL (`s3://`, `gs://`, `az://`, `file://`, `memory://`).
    pub fn open(location: &str) -> Result<Store> {
        // Credentials come from the environment, under the names each cloud's own tools use.
        #[expect(clippy::disallowed_methods, reason = "the clouds' own variables are the store's to read")]
        Store::open_with(location, std::env::vars())
    }

    /// The same with these variables instead of the environment's.
    pub fn open_with(location: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Store> {
        let open::Opened { objects, root, name, folder, manners } = open::open(location, &open::Variables::new(variables))?;
        Ok(Store { objects, root, name, folder, manners })
    }

    /// A root within a store that the caller has, under a name for people.
    pub fn within(objects: Arc<dyn ObjectStore>, name: &str) -> Store {
        Store { objects, root: Path::default(), name: name.to_owned(), folder: None, manners: open::Manners::default() }
    }

    /// The folder of a local root.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// The root as a person wrote it, without a password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All objects whose key begins with the folder, sorted by key, each with its key below the root.
    pub fn list(&self, folder: &str) -> Result<Vec<Object>> {
        let prefix = self.path(folder)?;
        let metas: Vec<ObjectMeta> = wait(self.objects.list(Some(&prefix)).try_collect())?.with("folder", self.describe(folder))?;
        let mut found = metas.into_iter().filter_map(|meta| self.object(meta)).collect::<Vec<_>>();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    /// The object at a key, or none.
    pub fn head(&self, key: &str) -> Result<Option<Object>> {
        match wait(self.objects.head(&self.path(key)?))? {
            Ok(meta) => Ok(self.object(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::from(e).with("file", self.describe(key))),
        }
    }

    pub fn get(&self, key: &str) -> Result<Bytes> {
        let path = self.path(key)?;
        let body = wait(async { self.objects.get(&path).await?.bytes().await })?;
        body.with("file", self.describe(key))
    }

    /// A reader of a Parquet object that fetches only the ranges asked for.
    #[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
    pub fn parquet(&self, object: &Object) -> parquet::arrow::async_reader::ParquetObjectReader {
        parquet::arrow::async_reader::ParquetObjectReader::new(Arc::clone(&self.objects), object.meta.location.clone())
            .with_file_size(object.meta.size)
    }

    pub fn put(&self, key: &str, body: impl Into<PutPayload>) -> Result<()> {
        wait(self.objects.put(&self.path(key)?, body.into()))?.with("file", self.describe(key))?;
        Ok(())
    }

    pub fn delete(&self, key: &str) -> Result<()> {
        wait(self.objects.delete(&self.path(key)?))?.with("file", self.describe(key))
    }

    /// Deletes everything below a key; on a local disk the empty folders too.
    pub fn sweep(&self, key: &str) -> Result<()> {
        for object in self.list(key)? {
            self.delete(&object.key)?;
        }
        match self.folder.as_ref().map(|folder| folder.join(key)) {
            Some(folder) if folder.is_dir() => Ok(std::fs::remove_dir_all(folder)?),
            _ => Ok(()),
        }
    }

    /// The object is reached by a link that leads out of the root: somebody else's file under a name of ours.
    pub fn leads_out(&self, key: &str) -> bool {
        let Some(root) = self.folder.as_ref().and_then(|folder| folder.canonicalize().ok()) else { return false };
        !root.join(key).canonicalize().is_ok_and(|target| target.starts_with(&root))
    }

    /// A key as a person finds it.
    pub fn describe(&self, key: &str) -> String {
        format!("{}/{key}", self.name.trim_end_matches('/'))
    }

    fn object(&self, meta: ObjectMeta) -> Option<Object> {
        let parts = meta.location.prefix_match(&self.root)?;
        let key = parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
        Some(Object { key, meta })
    }

    fn path(&self, key: &str) -> Result<Path> {
        // Taken as it is: a name with Chinese or `#` in it is spelled in the key as on the disk.
        let parts = self.root.parts().map(|part| part.as_ref().to_owned());
        let parts = parts.chain(key.split('/').filter(|part| !part.is_empty()).map(str::to_owned)).collect::<Vec<_>>();
        Ok(Path::parse(parts.join("/"))?)
    }
}

/// One object of a store: its key below the root, and what the store says of it.
#[derive(Clone, Debug)]
pub struct Object {
    pub key: String,
    meta: ObjectMeta,
}

impl Object {
    pub fn size(&self) -> u64 {
        self.meta.size
    }
}
