//! Seals: every document of the manifest begins with a hash of all that follows it, so that no bit of it changes unnoticed.

use crate::error::Result;
use crate::staging::sha256;
use serde::Serialize;

/// What a sealed document begins with, up to the hash.
const HEAD: &[u8] = b"{\n  \"sha256\": \"";
/// The number of hex digits of a hash.
const DIGITS: usize = 64;

/// The seal of a document as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// It has none: a version that set none has written it, or its beginning is damaged.
    None,
    /// It is not that of the bytes that follow.
    Broken,
    /// It holds. The hash of the bytes that follow.
    Whole(String),
}

/// Writes a document as JSON with a seal. Returns its bytes and the hash. The document is an object with at least one member.
pub(super) fn sealed(document: &impl Serialize) -> Result<(Vec<u8>, String)> {
    let text = serde_json::to_vec_pretty(document)?;
    let rest = [&b"\","[..], text.get(1..).unwrap_or_default()].concat();
    let seal = sha256(&rest);
    Ok(([HEAD, seal.as_bytes(), &rest].concat(), seal))
}

/// Checks the seal of a document.
pub(super) fn seal_of(bytes: &[u8]) -> Seal {
    let Some(rest) = bytes.strip_prefix(HEAD) else { return Seal::None };
    let Some((seal, rest)) = rest.split_at_checked(DIGITS) else { return Seal::Broken };
    let found = sha256(rest);
    if found.as_bytes() == seal { Seal::Whole(found) } else { Seal::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn no_bit_of_a_sealed_document_can_change() {
        let document = BTreeMap::from([("landed", "2026-09-07"), ("run", "x")]);
        let (bytes, seal) = sealed(&document).unwrap();
        assert_eq!(seal_of(&bytes), Seal::Whole(seal));
        let read: BTreeMap<String, String> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((read.len(), read["landed"].as_str()), (3, "2026-09-07"));
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(seal_of(&other), Seal::Whole(_)), "bit {bit}");
        }
        assert_eq!([seal_of(b""), seal_of(b"{}"), seal_of(&bytes[..40])], [Seal::None, Seal::None, Seal::Broken]);
    }
}
