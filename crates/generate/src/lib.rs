//! Invented logs, so that nobody needs a real company's to try the pipeline or to measure it.
//!
//! `company` writes the small shop-month in `sample_data/`: made to be read, with every edge case in it.
//! `load` writes days of millions of lines: made to be timed. Both are functions of their arguments
//! alone. There is no clock, no hash order and no floating-point logarithm, so a seed gives the same
//! bytes on every machine.

mod clock;
mod columnar;
mod columns;
mod company;
mod dice;
mod error;
mod gbk;
mod load;
mod output;
mod table;
#[cfg(test)]
mod tests;
mod text;

/// The seed `sample_data` was made with.
pub const COMPANY_SEED: u64 = 20_260_831;

use std::path::PathBuf;

use jiff::civil::Date;

pub use company::company;
pub use error::{GenerateError, Result};
pub use load::load;

/// What `load` is asked for.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Folder to write into; created if need be, and never written into twice.
    pub out: PathBuf,
    /// First day, in Asia/Shanghai.
    pub from: Date,
    pub days: u32,
    pub shops: u32,
    /// The share of the first shop, of all lines; none: as the others' sizes follow.
    pub giant_percent: Option<u64>,
    /// Aimed at, and met within a percent once there are some thousand.
    pub messages_per_day: u64,
    pub seed: u64,
    pub format: Format,
    /// Of the text formats; Parquet compresses its own pages.
    pub compression: Compression,
    /// Of the text formats, reference tables included.
    pub encoding: Encoding,
}

/// The format of the tables that are cut by day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Parquet.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 3] = [Format::Csv, Format::Ndjson, Format::Parquet];

    /// The word for it, on a command line and as a file's extension.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }
}

/// The compression of text files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// None.
    None,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// Every compression.
    pub const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

    /// The word for it on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }
}

/// The character encoding of text files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// GBK, as Chinese editions of Windows write it.
    Gbk,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Encoding; 2] = [Encoding::Utf8, Encoding::Gbk];

    /// The word for it on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf8",
            Encoding::Gbk => "gbk",
        }
    }
}

/// What was written. Rows are rows of the files: a message sent twice is two.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    pub files: u64,
    pub messages: u64,
    pub orders: u64,
    pub bytes: u64,
}

impl Summary {
    fn add_file(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}
