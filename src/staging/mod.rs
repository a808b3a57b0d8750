//! Files of an output root before they are published: written as Parquet to the local disk, and read back by later stages.

mod area;
mod file_record;
mod leftovers;
mod parquet;
mod table_reader;

pub use area::{StagingArea, sha256};
pub use file_record::FileRecord;
pub use leftovers::{sweep, sweep_temporary};
pub use parquet::{EncodedRowGroup, ROW_GROUP, SCHEMA_VERSION, TableWriter, decode};
pub(crate) use parquet::{decode_each, decode_pieces, decode_some};
pub use table_reader::TableReader;
