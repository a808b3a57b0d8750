//! The section `[privacy]`: buyer ids are published as keyed hashes, and who may read the files about persons. A reader of the output can tell
//! that two rows are of the same buyer, but not who the buyer is.

use crate::error::{Error, Kind, Result};
use crate::privacy;
use crate::store::FileMode;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::Int32Type;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;

/// Hex characters of a keyed id. With 128 bits, a collision of two buyers is not to be expected.
const LENGTH: usize = 32;
/// Characters below which a key draws a warning, because it can be guessed by trial.
const SHORT: usize = 16;

/// A string that is never shown: `Debug` and errors hide it, and it cannot be serialized.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // The error that serde gives for a wrong type would quote the value.
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Secret(text)),
            _ => Err(serde::de::Error::custom("a key is text in quotes")),
        }
    }
}

/// The section `[privacy]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyConfig {
    /// The key itself.
    buyer_key: Option<Secret>,
    /// The name of the environment variable that holds the key, so that the file does not have to.
    buyer_key_env: Option<String>,
    /// The mode of the files below `details/`, `quarantine/` and `state/` on a local disk, as octal text.
    pub file_mode: FileMode,
}

/// The key that turns a buyer id into a keyed id.
#[derive(Clone)]
pub struct BuyerKey(hmac::Key);

impl fmt::Debug for BuyerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl BuyerKey {
    /// Reads the key of a pipeline. `None` if the pipeline has no key.
    /// Errors: both settings are given, the key is empty, or the environment variable is not set.
    pub fn from_config(section: &PrivacyConfig) -> Result<Option<BuyerKey>> {
        let wrong = |message: String| Error::new(Kind::Config, message);
        let text = match (&section.buyer_key, &section.buyer_key_env) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(wrong("[privacy] has both buyer_key and buyer_key_env".into()).hint("leave one of them out")),
            (Some(Secret(text)), None) => text.clone(),
            (None, Some(name)) => std::env::var(name).ok().ok_or_else(|| {
                wrong(format!("the environment variable `{name}`, which [privacy] buyer_key_env names, is not set"))
                    .hint("set it to the key; without it buyers would be written under their own ids")
            })?,
        };
        if text.trim().is_empty() {
            return Err(wrong("the buyer key is empty".into()).hint("`openssl rand -hex 32` makes one; leave [privacy] out to go without"));
        }
        privacy::learn(&text);
        if text.len() < SHORT {
            tracing::warn!("the buyer key is shorter than {SHORT} characters and can be found by trying");
        }
        Ok(Some(BuyerKey(hmac::Key::new(HMAC_SHA256, text.as_bytes()))))
    }

    /// The keyed id: the first 32 hex characters of the HMAC-SHA256 of an id.
    pub fn id(&self, id: &str) -> String {
        let hash = hmac::sign(&self.0, id.as_bytes());
        let digits = hash.as_ref().iter().take(LENGTH / 2).flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }

    /// A text that identifies the key without revealing it. It is part of the fingerprints of days, so that days of two keys are not mixed.
    pub fn fingerprint(&self) -> String {
        // No buyer id begins with NUL, so this is never the keyed id of a buyer.
        self.id("\0kefu: which key is this?")
    }

    /// Keys every id of a string array. Null stays null.
    fn keyed(&self, ids: &StringArray) -> StringArray {
        ids.iter().map(|id| id.map(|id| self.id(id))).collect()
    }
}

/// Keys the buyer ids of a file batch by batch. Each value of a dictionary is hashed once, and a dictionary that consecutive batches share
/// is hashed only in the first of them.
pub struct KeyedIds {
    key: BuyerKey,
    /// The dictionary of the last batch, as read and keyed.
    last: Option<(StringArray, ArrayRef)>,
}

impl KeyedIds {
    /// Nothing has been keyed yet.
    pub fn new(key: &BuyerKey) -> KeyedIds {
        KeyedIds { key: key.clone(), last: None }
    }

    /// Keys a column of ids: `Dictionary(Int32, Utf8)` or `Utf8`. The result has the same type; another type is returned unchanged.
    pub fn column(&mut self, cells: &ArrayRef) -> Result<ArrayRef> {
        let Some(dictionary) = cells.as_dictionary_opt::<Int32Type>() else {
            return Ok(cells.as_string_opt::<i32>().map_or_else(|| Arc::clone(cells), |ids| Arc::new(self.key.keyed(ids))));
        };
        let values = dictionary.values().as_string::<i32>();
        let identity = |ids: &StringArray| (ids.values().as_ptr(), ids.offsets().inner().as_ptr(), ids.len());
        let keyed = match &self.last {
            Some((known, keyed)) if identity(known) == identity(values) => Arc::clone(keyed),
            _ => {
                let keyed: ArrayRef = Arc::new(self.key.keyed(values));
                self.last = Some((values.clone(), Arc::clone(&keyed)));
                keyed
            }
        };
        Ok(Arc::new(DictionaryArray::try_new(dictionary.keys().clone(), keyed)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &str) -> PrivacyConfig {
        toml::from_str(text).unwrap()
    }

    fn key(text: &str) -> BuyerKey {
        BuyerKey::from_config(&section(&format!("buyer_key = \"{text}\""))).unwrap().unwrap()
    }

    /// The second case of RFC 4231, cut to 32 characters.
    #[test]
    fn a_file_mode_is_octal_text() {
        let mode = |text: &str| toml::from_str::<PrivacyConfig>(&format!("file_mode = {text}")).map(|section| section.file_mode.bits());
        for (text, bits) in [("\"0640\"", 0o640), ("\"600\"", 0o600), ("\"0664\"", 0o664)] {
            assert_eq!(mode(text).unwrap(), bits, "{text}");
        }
        for text in ["640", "\"0o640\"", "\"rw-r-----\"", "\"0240\"", "\"0750\"", "\"4640\"", "\"\"", "\"+640\""] {
            assert!(mode(text).is_err(), "{text}");
        }
        assert_eq!(PrivacyConfig::default().file_mode.bits(), 0o640);
    }

    #[test]
    fn a_keyed_id_is_hmac_sha256() {
        assert_eq!(key("Jefe").id("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c7");
        assert_ne!(key("Jefe").id("b1"), key("Jeff").id("b1"));
    }

    #[test]
    fn a_key_is_never_shown() {
        let section = section("buyer_key = \"correct horse battery\"");
        let shown = format!("{section:?} {:?} {}", BuyerKey::from_config(&section), key("correct horse battery").fingerprint());
        assert!(!shown.contains("horse") && shown.contains("***"), "{shown}");
        let wrong = toml::from_str::<PrivacyConfig>("buyer_key = 271828182845").unwrap_err();
        assert!(!wrong.message().contains("2718"), "{wrong}");
    }

    #[test]
    fn an_unusable_key_is_refused() {
        for text in ["buyer_key = \" \"", "buyer_key_env = \"KEFU_NO_SUCH_KEY\"", "buyer_key = \"a\"\nbuyer_key_env = \"PATH\""] {
            assert_eq!(BuyerKey::from_config(&section(text)).unwrap_err().exit_code(), 2, "{text}");
        }
        assert!(BuyerKey::from_config(&PrivacyConfig::default()).unwrap().is_none());
    }

    #[test]
    fn a_dictionary_that_batches_share_is_keyed_once() {
        let cells: DictionaryArray<Int32Type> = [Some("b1"), None, Some("b2"), Some("b1")].into_iter().collect();
        let mut keyed = KeyedIds::new(&key("k"));
        let again: ArrayRef = Arc::new(cells.slice(1, 3));
        let [first, second] = [Arc::new(cells) as ArrayRef, again].map(|cells| keyed.column(&cells).unwrap());
        assert_eq!(first.as_any_dictionary().values().len(), 2);
        assert!(Arc::ptr_eq(first.as_any_dictionary().values(), second.as_any_dictionary().values()));
        assert!(first.is_null(1) && second.is_null(0));
    }
}
