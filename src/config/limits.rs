//! Limits of what one input file may demand of memory and time, each with its reason. A file that exceeds a limit is refused, and the error
//! names the limit. Real logs stay far below all of them.

use crate::error::{Error, Kind};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The limits that a pipeline can set under `[quality.caps]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// GiB of one text file after decompression. A day of 50 million lines is about 10 GB.
    pub file_gb: u64,
    /// How many times its size a text file may have after decompression. Chat logs reach 5 to 30 times.
    pub expansion: u64,
    /// MiB of one CSV record or NDJSON line. A quote that is never closed turns the rest of the file into one record.
    pub line_mb: u64,
    /// MiB of one decompressed Parquet page. Most writers aim at 1 MiB, some write a column of a row group as one page.
    #[serde(deserialize_with = "at_least_one")]
    pub page_mb: u64,
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(D::Error::invalid_value(Unexpected::Unsigned(0), &"1 or more")),
        mb => Ok(mb),
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file_gb: 64, expansion: 250, line_mb: 16, page_mb: 512 }
    }
}

impl Limits {
    /// Largest record in bytes.
    pub(crate) fn record_bytes(&self) -> u64 {
        self.line_mb.saturating_mul(MIB)
    }

    /// Largest decompressed page of a Parquet file in bytes.
    pub(crate) fn page_bytes(&self) -> u64 {
        self.page_mb.saturating_mul(MIB)
    }

    /// Largest size in bytes to which a file of `size` bytes may decompress.
    pub(crate) fn decompressed_bytes(&self, size: u64) -> u64 {
        let expanded = size.saturating_mul(self.expansion).max(FREE_EXPANSION);
        self.file_gb.saturating_mul(1024 * MIB).min(expanded)
    }
}

/// Bytes of 1 MiB.
pub(crate) const MIB: u64 = 1 << 20;

/// Up to this many bytes a file may expand without limit, because a small table of equal lines compresses extremely well.
const FREE_EXPANSION: u64 = 64 * MIB;

/// log2 of the largest window of a zstd file: 128 MiB, the most that `zstd --ultra` uses without `--long`.
pub(crate) const ZSTD_WINDOW_LOG: u32 = 27;

/// Columns of a file, or keys of a JSON object. Databases allow at most 1600 columns.
pub(crate) const COLUMNS: usize = 4096;

/// Bytes of one cell. Messages have a few thousand; a row with a longer cell is quarantined.
pub(crate) const CELL: usize = 1 << 20;

/// Bytes of text after which a batch is passed on, even if it has few rows.
pub(crate) const BATCH_BYTES: usize = 64 << 20;

/// Bad rows of one table and day that are kept with their reasons. This is 2 % of 50 million rows.
pub(crate) const BAD_ROWS: usize = 1_000_000;

/// Delta-encoded strings of one Parquet page. Writers end a page after some ten thousand.
pub(crate) const DELTA_VALUES: u64 = 1 << 24;

/// Rows per byte of a Parquet file. Ids and times take bytes in every row; only runs of nulls take almost none.
pub(crate) const ROWS_PER_BYTE: u64 = 1000;

/// Bytes of a Parquet footer, because it is read at once.
pub(crate) const FOOTER: u64 = 256 * MIB;

/// Depth of a Parquet schema, because its parser recurses once per level.
pub(crate) const SCHEMA_DEPTH: usize = 64;

/// A limit was exceeded below a reader that passes on only I/O errors. The text is the message for the user.
#[derive(Debug)]
pub(crate) struct LimitExceeded(pub(crate) String);

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LimitExceeded {}

impl From<LimitExceeded> for std::io::Error {
    fn from(exceeded: LimitExceeded) -> Self {
        std::io::Error::other(exceeded)
    }
}

impl From<LimitExceeded> for Error {
    fn from(exceeded: LimitExceeded) -> Self {
        Error::new(Kind::Refused, exceeded.0)
    }
}
