//! Every byte in and out goes through here: one object store per root, local path or URL alike.

use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
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

/// A folder of objects: an input or output root.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    root: Path,
    name: String,
    /// The root on a local disk, whose folders outlive their files.
    folder: Option<std::path::PathBuf>,
}

impl Store {
    /// Opens a local path or an object_store URL (`s3://`, `gs://`, `az://`, `file://`, `memory://`).
    pub fn open(location: &str) -> Result<Store> {
        let url = match location.contains("://") {
            true => url::Url::parse(location).map_err(|e| unusable(location, &e.to_string()))?,
            false => {
                let path = tidy(&std::path::absolute(location)?);
                url::Url::from_directory_path(&path).map_err(|()| unusable(location, "not an absolute path"))?
            }
        };
        // Credentials come from the environment, under the names each cloud's own tools use.
        #[expect(clippy::disallowed_methods, reason = "the clouds' own variables are the store's to read")]
        let options = std::env::vars().map(|(key, value)| (key.to_lowercase(), value));
        let cloud = ["aws_", "google_", "azure_"];
        let options = options.filter(|(key, _)| cloud.iter().any(|prefix| key.starts_with(prefix)));
        let (objects, root) = object_store::parse_url_opts(&url, options).map_err(|e| unusable(location, &e.to_string()))?;
        let name = if location.contains("://") { redacted(&url) } else { location.to_owned() };
        let folder = (url.scheme() == "file").then(|| url.to_file_path().ok()).flatten();
        Ok(Store { objects: Arc::from(objects), root, name, folder })
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

    /// An object that is written piece by piece and stands at its key once it is finished.
    pub fn upload(&self, key: &str) -> Result<Upload> {
        Ok(Upload { store: self.clone(), key: key.to_owned(), buffer: Vec::new(), parts: None, written: 0 })
    }

    /// The same bytes stand at both keys.
    pub fn is_same(&self, key: &str, other: &str) -> Result<bool> {
        let (Some(a), Some(b)) = (self.head(key)?, self.head(other)?) else { return Ok(false) };
        if a.size() != b.size() {
            return Ok(false);
        }
        for start in (0..a.size()).step_by(PART) {
            let range = start..a.size().min(start + PART as u64);
            let piece = |object: &Object| {
                wait(self.objects.get_range(&object.meta.location, range.clone()))?.with("file", self.describe(&object.key))
            };
            if piece(&a)? != piece(&b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Moves an object over whatever stands at the other key.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        wait(self.objects.rename(&self.path(from)?, &self.path(to)?))?.with("file", self.describe(to))
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

/// Bytes sent at a time: the least that every store takes, so that many files can be under way.
const PART: usize = 5 << 20;

/// An object under way. What is dropped before it is finished never stands at its key.
pub struct Upload {
    store: Store,
    key: String,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    written: usize,
}

impl Upload {
    fn send(&mut self) -> Result<()> {
        // Room for a part and the page that ends it: a buffer that grows would take twice as much.
        let body = std::mem::replace(&mut self.buffer, Vec::with_capacity(PART + PART / 4));
        if self.parts.is_none() {
            let begun = wait(self.store.objects.put_multipart(&self.store.path(&self.key)?))?;
            self.parts = Some(begun.with("file", self.store.describe(&self.key))?);
        }
        let Some(parts) = &mut self.parts else { return Ok(()) };
        wait(parts.put_part(body.into()))?.with("file", self.store.describe(&self.key))
    }

    /// Ends the object; returns its size.
    pub fn finish(mut self) -> Result<usize> {
        if self.parts.is_none() {
            self.store.put(&self.key, std::mem::take(&mut self.buffer))?;
            return Ok(self.written);
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        if let Some(mut parts) = self.parts.take() {
            wait(parts.complete())?.with("file", self.store.describe(&self.key))?;
        }
        Ok(self.written)
    }
}

impl std::io::Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        self.written += bytes.len();
        if self.buffer.len() >= PART {
            self.send().map_err(std::io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            let _ = wait(parts.abort());
        }
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

/// Folds `a/../b` to `b`: a store's keys know no `..`. What exists is resolved as the file system sees it.
fn tidy(path: &std::path::Path) -> std::path::PathBuf {
    use std::path::Component;
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    let mut tidied = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

fn unusable(location: &str, why: &str) -> Error {
    // What comes after the scheme may hold a password or a signature.
    let (scheme, _) = location.split_once("://").unwrap_or((location, ""));
    let why = if location.contains("://") && why.contains(location) { "it cannot be parsed" } else { why };
    Error::new(Kind::Config, format!("cannot use `{scheme}` as a root: {why}"))
        .hint("give a local path or a URL such as s3://bucket/folder, gs://…, az://…, file:///…, memory:///")
}

fn redacted(url: &url::Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.to_string()
}
