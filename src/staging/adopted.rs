//! The record of a file that lies at an output root and that the manifest does not name.

use super::file_record::FileRecord;
use super::hash::sha256;
use super::parquet::{decode_pieces, schema_hash};
use crate::error::Result;
use crate::store::Store;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

/// The record of a file as it lies at an output root: every row group is decoded, so that a file that is broken is not taken for whole.
/// `None` if there is no such file, or if it cannot be decoded. Errors: the store fails.
pub fn record_of(store: &Store, key: &str) -> Result<Option<FileRecord>> {
    let Some((bytes, version)) = store.get_versioned(key)? else { return Ok(None) };
    let Ok(metadata) = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()) else { return Ok(None) };
    let (sha256, size, tag) = (sha256(&bytes), bytes.len() as u64, version.tag().map(str::to_owned));
    let Ok(pieces) = decode_pieces(bytes, &[]) else { return Ok(None) };
    let mut rows = 0;
    for piece in pieces {
        let Ok(piece) = piece else { return Ok(None) };
        rows += piece.num_rows();
    }
    let schema = schema_hash(metadata.schema());
    Ok(Some(FileRecord { sha256, rows, bytes: size, schema, tag, days_fingerprint: String::new() }))
}
