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

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    Csv,
    Ndjson,
    Parquet,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Encoding {
    Utf8,
    Gbk,
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
