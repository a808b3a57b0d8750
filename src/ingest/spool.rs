//! Packed lines on the disk.

use crate::error::Result;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

/// Lines on their way through the disk, in a file without a name that ends with the run.
pub(super) struct Spool {
    file: File,
    end: u64,
}

/// Where the lines of one filling lie on the disk.
pub(super) struct Place {
    start: u64,
    bytes: usize,
}

impl Spool {
    pub(super) fn new() -> Result<Spool> {
        Ok(Spool { file: tempfile::tempfile()?, end: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Place> {
        let place = Place { start: self.end, bytes: bytes.len() };
        self.file.seek(SeekFrom::Start(place.start))?;
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(place)
    }

    pub(super) fn read(&mut self, place: &Place) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(place.bytes);
        self.file.seek(SeekFrom::Start(place.start))?;
        let read = Read::by_ref(&mut self.file).take(place.bytes as u64).read_to_end(&mut bytes)?;
        if read == place.bytes { Ok(bytes) } else { Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()) }
    }
}
