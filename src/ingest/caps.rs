//! How much one file may ask for: declared here, each with its reason. A file that asks for more is refused, and the error says which cap it
//! passed. Real logs stay far below every one of them.

use crate::error::{Error, Kind};
use serde::Deserialize;
use std::fmt;

/// The caps a pipeline may move, under `[quality.caps]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    /// GiB of one text file once it is decompressed. A day of 50 million lines is about 10 GB.
    pub file_gb: u64,
    /// How many times its size a text file may become once it is decompressed. Chat logs come to 5 to 30 times.
    pub expansion: u64,
    /// MiB of one CSV record or NDJSON line. A quote that is never closed makes one record of all that follows.
    pub line_mb: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Caps { file_gb: 64, expansion: 250, line_mb: 16 }
    }
}

impl Caps {
    /// Bytes of one record.
    pub(super) fn line(&self) -> u64 {
        self.line_mb.saturating_mul(MIB)
    }

    /// Bytes that a file of `size` bytes may become.
    pub(super) fn text(&self, size: u64) -> u64 {
        let expanded = size.saturating_mul(self.expansion).max(EXPANDS_FREELY);
        self.file_gb.saturating_mul(1024 * MIB).min(expanded)
    }
}

pub(super) const MIB: u64 = 1 << 20;

/// Up to here a file may expand as it likes: a small table of equal lines is no bomb.
const EXPANDS_FREELY: u64 = 64 * MIB;

/// log2 of the window a zstd file may ask for, 128 MiB: what `zstd --ultra` makes at most without `--long`.
pub(super) const ZSTD_WINDOW_LOG: u32 = 27;

/// Columns of a file, or keys of an object. Databases end at 1600.
pub(super) const COLUMNS: usize = 4096;

/// Bytes of one cell. A platform's message has a few thousand; a row with more is set aside.
pub(super) const CELL: usize = 1 << 20;

/// Text of a batch before it is handed on, however few its rows.
pub(super) const BATCH_BYTES: usize = 64 << 20;

/// Bad rows of one table and day that are kept with their reasons: 2 % of 50 million.
pub(super) const BAD_ROWS: usize = 1_000_000;

/// Bytes of one decompressed Parquet page; writers aim at 1 MiB. Each column being read holds one or two.
pub(super) const PAGE: u64 = 64 * MIB;

/// Delta-coded texts of one page. Writers end a page after some ten thousand.
pub(super) const DELTA_VALUES: u64 = 1 << 24;

/// Rows that each byte of a Parquet file may stand for. Ids and times take bytes in every row; a run of nulls hardly any.
pub(super) const ROWS_PER_BYTE: u64 = 1000;

/// Bytes of a Parquet footer, which is read whole.
pub(super) const FOOTER: u64 = 256 * MIB;

/// How deep a Parquet schema may nest: its parser calls itself for each level.
pub(super) const SCHEMA_DEPTH: usize = 64;

/// A cap was passed, somewhere below readers that hand on nothing but I/O errors.
#[derive(Debug)]
pub(super) struct Passed(pub(super) String);

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Passed {}

impl From<Passed> for std::io::Error {
    fn from(passed: Passed) -> Self {
        std::io::Error::other(passed)
    }
}

impl From<Passed> for Error {
    fn from(passed: Passed) -> Self {
        Error::new(Kind::Refused, passed.0)
    }
}
