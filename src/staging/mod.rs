//! Files of an output root before they are published: written as Parquet to the local disk, and read back by later stages.

mod adopted;
mod area;
mod damage;
mod file_record;
mod hash;
mod leftovers;
mod parquet;
mod table_reader;

pub use adopted::record_of;
pub use area::StagingArea;
pub use damage::DamageCheck;
pub use file_record::FileRecord;
pub use hash::{hash_file, sha256};
pub use leftovers::{sweep, sweep_temporary};
pub use parquet::{EncodedRowGroup, ROW_GROUP, SCHEMA_VERSION, TableWriter, decode};
pub(crate) use parquet::{decode_each, decode_pieces, decode_some};
pub use table_reader::TableReader;
