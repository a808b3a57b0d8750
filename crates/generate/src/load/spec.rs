//! What logs are asked for.

use std::path::PathBuf;

use jiff::civil::Date;

use crate::formats::{FileFormat, TextCompression, TextEncoding};

/// The logs that [`write_load`](crate::write_load) is asked for.
#[derive(Clone, Debug)]
pub struct LoadSpec {
    /// The folder to write into. It is created where it is missing, and refused when it holds logs already.
    pub out: PathBuf,
    /// The first day, in Asia/Shanghai.
    pub from: Date,
    /// The number of days, at least 1.
    pub days: u32,
    /// The number of shops, at least 1. Their sizes differ widely.
    pub shops: u32,
    /// The share of the first shop in all messages, in per cent below 100; without one its size follows from its rank.
    pub giant_percent: Option<u64>,
    /// The messages of a day over all shops, at least 1. From some thousand on the logs come within one per cent of it.
    pub messages_per_day: u64,
    /// The seed: the same one gives the same bytes.
    pub seed: u64,
    /// The format of the tables that are written by day.
    pub format: FileFormat,
    /// The compression of those tables when they are text; Parquet compresses its own pages.
    pub compression: TextCompression,
    /// The encoding of those tables when they are text, and of the small tables, which are always CSV.
    pub encoding: TextEncoding,
}
