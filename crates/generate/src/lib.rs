//! Invented logs, so that kefu can be tried and measured without the logs of a real company.
//!
//! [`write_company`] writes the small company of `sample_data/`, which is made to be read: it has every edge case in it.
//! [`write_load`] writes days of millions of messages, which are made to be timed. Both are functions of their arguments
//! alone: they read no clock, depend on no order of a hash table and take no floating-point logarithm, so that one seed
//! gives the same bytes on every machine.
//!
//! A generator describes its rows once, as the cells of `table`; `table_file` opens the writer of the format that was asked for.

#![warn(missing_docs)]

mod error;
mod summary;
mod formats;
mod clock;
mod rng;
mod gbk;
mod output;
mod table;
mod text_writers;
mod parquet_writer;
mod table_file;
mod columns;
mod company;
mod load;
#[cfg(test)]
mod tests;

pub use company::{COMPANY_SEED, write_company};
pub use error::{GenerateError, GenerateResult};
pub use formats::{FileFormat, TextCompression, TextEncoding};
pub use load::{LoadSpec, write_load};
pub use summary::GeneratedSummary;
