//! The spill file: blocks of packed lines on the local disk.
//!
//! The `tempfile` crate makes the file. It has no name, so that the system deletes it when the process ends, however it ends. The crate's
//! `SpooledTempFile` was considered: it moves one stream from memory to disk, but here hundreds of partitions spill into one file.

use crate::error::{Context, Result};
use crate::store::make_private;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

/// An append-only temporary file without a name.
pub(super) struct SpillFile {
    file: File,
    /// Bytes written.
    end: u64,
}

/// The byte range of one block in the spill file.
pub(super) struct SpillRange {
    start: u64,
    bytes: usize,
}

impl SpillFile {
    /// Creates the file in the system's temporary folder. Errors: the folder cannot be written.
    pub(super) fn new() -> Result<SpillFile> {
        // Without a name it can still be opened by way of /proc.
        let created = tempfile::tempfile().and_then(|file| make_private(&file).map(|()| file));
        Ok(SpillFile { file: told(created)?, end: 0 })
    }

    /// Appends a block. Errors: the disk is full or fails.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<SpillRange> {
        let range = SpillRange { start: self.end, bytes: bytes.len() };
        told(self.file.seek(SeekFrom::Start(range.start)).and_then(|_| self.file.write_all(bytes)))?;
        self.end += bytes.len() as u64;
        Ok(range)
    }

    /// Reads a block back. Errors: the disk fails, or the file was cut short.
    pub(super) fn read(&mut self, range: &SpillRange) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(range.bytes);
        told(self.file.seek(SeekFrom::Start(range.start)))?;
        let read = told(Read::by_ref(&mut self.file).take(range.bytes as u64).read_to_end(&mut bytes))?;
        told(if read == range.bytes { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) })
    }
}

/// A result with the place of the file, which has no name of its own.
fn told<T>(result: std::io::Result<T>) -> Result<T> {
    let folder = tempfile::env::temp_dir();
    result.with("folder", folder.display()).with("while", "keeping lines that do not fit into memory in a temporary file (TMPDIR)")
}
