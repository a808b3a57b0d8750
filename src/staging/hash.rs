//! Hashes of files.

use crate::error::{Error, Result};
use crate::store::Store;
use sha2::{Digest, Sha256};
use std::io::Read;

/// Bytes that are hashed at a time.
const PIECE: usize = 1 << 20;

/// The SHA-256 of some bytes, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes an object piece by piece, so that its size costs no memory. Returns its SHA-256 in hex and its size in bytes; `None` if there is no
/// such object. Errors: the store fails; the object is overwritten meanwhile.
pub fn hash_file(store: &Store, key: &str) -> Result<Option<(String, u64)>> {
    let Some(object) = store.head(key)? else { return Ok(None) };
    let (mut reader, mut hash) = (store.reader(&object), Sha256::new());
    let (mut piece, mut bytes) = (vec![0; PIECE], 0);
    loop {
        let read = reader.read(&mut piece).map_err(|e| e.downcast::<Error>().unwrap_or_else(Error::from))?;
        if read == 0 {
            return Ok(Some((hex(&hash.finalize()), bytes)));
        }
        hash.update(&piece[..read]);
        bytes += read as u64;
    }
}
