//! Reads an object from beginning to end in chunks, of which one is in memory at a time.

use super::root::{Store, StoredObject};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use object_store::{GetOptions, ObjectStore};
use std::io::{self, Read};

/// Bytes of a chunk from a remote store: large, so that few requests are sent.
const REMOTE_CHUNK: u64 = 16 << 20;
/// Bytes of a chunk from a local disk: small enough to stay in the CPU's caches.
const LOCAL_CHUNK: u64 = 1 << 20;

/// A sequential reader of an object. Its `io::Error`s wrap an `Error`: the store failed, or the object was overwritten or deleted while it was
/// read (`NotReady`).
pub struct ObjectReader {
    store: Store,
    object: StoredObject,
    /// The ETag of the first chunk; the later ones must have the same.
    tag: Option<String>,
    /// Bytes fetched so far.
    offset: u64,
    /// The size of the object.
    end: u64,
    /// The fetched bytes that are not read yet.
    chunk: Bytes,
}

impl Store {
    /// A reader from the beginning of an object. No request is sent before the first read.
    pub fn reader(&self, object: &StoredObject) -> ObjectReader {
        ObjectReader { store: self.clone(), object: object.clone(), tag: None, offset: 0, end: object.size(), chunk: Bytes::new() }
    }
}

impl ObjectReader {
    /// Fetches the next chunk.
    fn fetch(&mut self) -> Result<()> {
        let size = if self.store.folder().is_some() { LOCAL_CHUNK } else { REMOTE_CHUNK };
        // An object no larger than a chunk is requested whole, without a range.
        let range = (self.end > size).then(|| (self.offset..self.offset + size).into());
        let options = GetOptions { range, if_match: self.tag.clone(), ..GetOptions::default() };
        let fetched = self.store.retried(async || {
            let found = self.store.objects.get_opts(&self.object.meta.location, options.clone()).await?;
            let meta = found.meta.clone();
            Ok::<_, object_store::Error>((found.bytes().await?, meta))
        })?;
        let (chunk, meta) = match fetched {
            Err(object_store::Error::Precondition { .. }) => {
                Err(Error::new(Kind::NotReady, "the file was overwritten while it was read").hint("run again once it is complete"))
            }
            // It was there when its folder was listed.
            Err(object_store::Error::NotFound { .. }) => {
                Err(Error::new(Kind::NotReady, "the file was deleted while it was read").hint("run again once it is there again"))
            }
            fetched => fetched.map_err(Error::from),
        }
        .with("file", self.store.describe(&self.object.key))?;
        (self.tag, self.end) = (meta.e_tag, meta.size);
        self.offset += chunk.len() as u64;
        self.chunk = chunk;
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.offset < self.end {
            self.fetch().map_err(io::Error::other)?;
        }
        let part = self.chunk.split_to(into.len().min(self.chunk.len()));
        into[..part.len()].copy_from_slice(&part);
        Ok(part.len())
    }
}
