//! A file from its beginning to its end, a piece at a time: no more of it is in memory.

use super::{Object, Store, wait};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use object_store::{GetOptions, ObjectStore};
use std::io::{self, Read};

/// Bytes asked for at a time: few requests to a store elsewhere, and of a disk what stays in the caches.
const PIECE_FROM_AFAR: u64 = 16 << 20;
const PIECE_OF_DISK: u64 = 1 << 20;

/// Reads an object. Its errors hold ours: a store that fails (its own), a file that is another before it was read to its end (try again).
pub struct Reader {
    store: Store,
    object: Object,
    /// Of the bytes that the first piece is of.
    tag: Option<String>,
    at: u64,
    end: u64,
    piece: Bytes,
}

impl Store {
    pub fn reader(&self, object: &Object) -> Reader {
        Reader { store: self.clone(), object: object.clone(), tag: None, at: 0, end: object.size(), piece: Bytes::new() }
    }
}

impl Reader {
    fn fetch(&mut self) -> Result<()> {
        let most = if self.store.folder().is_some() { PIECE_OF_DISK } else { PIECE_FROM_AFAR };
        // What is no longer is asked for whole.
        let range = (self.end > most).then(|| (self.at..self.at + most).into());
        let options = GetOptions { range, if_match: self.tag.clone(), ..GetOptions::default() };
        let fetched = wait(async {
            let found = self.store.objects.get_opts(&self.object.meta.location, options).await?;
            let meta = found.meta.clone();
            Ok((found.bytes().await?, meta))
        })?;
        let (piece, meta) = match fetched {
            Err(object_store::Error::Precondition { .. }) => {
                Err(Error::new(Kind::NotReady, "the file was written anew while it was read").hint("run again once it is complete"))
            }
            fetched => fetched.map_err(Error::from),
        }
        .with("file", self.store.describe(&self.object.key))?;
        (self.tag, self.end) = (meta.e_tag, meta.size);
        self.at += piece.len() as u64;
        self.piece = piece;
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.at < self.end {
            self.fetch().map_err(io::Error::other)?;
        }
        let part = self.piece.split_to(into.len().min(self.piece.len()));
        into[..part.len()].copy_from_slice(&part);
        Ok(part.len())
    }
}
