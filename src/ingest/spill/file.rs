//! The spill file: blocks of packed lines on the local disk.
//!
//! The `tempfile` crate makes the file. It has no name, so that the system deletes it when the process ends, however it ends. The crate's
//! `SpooledTempFile` was considered: it moves one stream from memory to disk, but here hundreds of partitions spill into one file.

use crate::error::Result;
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
        Ok(SpillFile { file: tempfile::tempfile()?, end: 0 })
    }

    /// Appends a block. Errors: the disk is full or fails.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<SpillRange> {
        let range = SpillRange { start: self.end, bytes: bytes.len() };
        self.file.seek(SeekFrom::Start(range.start))?;
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(range)
    }

    /// Reads a block back. Errors: the disk fails, or the file was cut short.
    pub(super) fn read(&mut self, range: &SpillRange) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(range.bytes);
        self.file.seek(SeekFrom::Start(range.start))?;
        let read = Read::by_ref(&mut self.file).take(range.bytes as u64).read_to_end(&mut bytes)?;
        if read == range.bytes { Ok(bytes) } else { Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()) }
    }
}
