//! `[privacy]`: buyer ids as keyed hashes, so that whoever reads what a pipeline writes knows that two rows are of one buyer, and not whose.

use super::redact;
use crate::error::{Error, Kind, Result};
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::Int32Type;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;

/// Hex characters of a keyed id: 128 bits, at which no two buyers meet.
const LENGTH: usize = 32;
/// A shorter key can be found by trying.
const SHORT: usize = 16;

/// A text that is never shown: not by Debug, not in an error, and it cannot be serialized.
#[derive(Clone)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // The error of a wrong type would quote what it found.
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Secret(text)),
            _ => Err(serde::de::Error::custom("a key is text in quotes")),
        }
    }
}

/// `[privacy]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
    buyer_key: Option<Secret>,
    /// The environment variable that holds the key, so that the file need not.
    buyer_key_env: Option<String>,
}

/// Makes buyer ids keyed ids.
#[derive(Clone)]
pub struct BuyerKey(hmac::Key);

impl fmt::Debug for BuyerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl BuyerKey {
    /// The key that a pipeline gives, if it gives one.
    /// Errors: two keys, an empty one, a variable that is not set.
    pub fn of(section: &Section) -> Result<Option<BuyerKey>> {
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
        redact::learn(&text);
        if text.len() < SHORT {
            tracing::warn!("the buyer key is shorter than {SHORT} characters and can be found by trying");
        }
        Ok(Some(BuyerKey(hmac::Key::new(HMAC_SHA256, text.as_bytes()))))
    }

    /// HMAC-SHA256 of an id, in hex, its first 32 characters.
    pub fn id(&self, id: &str) -> String {
        let hash = hmac::sign(&self.0, id.as_bytes());
        let digits = hash.as_ref().iter().take(LENGTH / 2).flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }

    /// Tells keys apart, in place of a key, where what was made under another must not be mixed in.
    pub fn fingerprint(&self) -> String {
        // No buyer's id begins with NUL: this is no published id.
        self.id("\0kefu: which key is this?")
    }

    fn texts(&self, ids: &StringArray) -> StringArray {
        ids.iter().map(|id| id.map(|id| self.id(id))).collect()
    }
}

/// Keys the buyer ids of a file, batch after batch: each value of a dictionary once, and a dictionary that many batches share once.
pub struct Keyed {
    key: BuyerKey,
    last: Option<(StringArray, ArrayRef)>,
}

impl Keyed {
    pub fn new(key: &BuyerKey) -> Keyed {
        Keyed { key: key.clone(), last: None }
    }

    /// A column of ids, as dictionary or as texts, with keyed ids.
    pub fn column(&mut self, cells: &ArrayRef) -> Result<ArrayRef> {
        let Some(dictionary) = cells.as_dictionary_opt::<Int32Type>() else {
            return Ok(cells.as_string_opt::<i32>().map_or_else(|| Arc::clone(cells), |ids| Arc::new(self.key.texts(ids))));
        };
        let values = dictionary.values().as_string::<i32>();
        let place = |ids: &StringArray| (ids.values().as_ptr(), ids.offsets().inner().as_ptr(), ids.len());
        let keyed = match &self.last {
            Some((known, keyed)) if place(known) == place(values) => Arc::clone(keyed),
            _ => {
                let keyed: ArrayRef = Arc::new(self.key.texts(values));
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

    fn section(text: &str) -> Section {
        toml::from_str(text).unwrap()
    }

    fn key(text: &str) -> BuyerKey {
        BuyerKey::of(&section(&format!("buyer_key = \"{text}\""))).unwrap().unwrap()
    }

    /// The second case of RFC 4231, cut to 32 characters.
    #[test]
    fn a_keyed_id_is_hmac_sha256() {
        assert_eq!(key("Jefe").id("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c7");
        assert_ne!(key("Jefe").id("b1"), key("Jeff").id("b1"));
    }

    #[test]
    fn a_key_is_never_shown() {
        let section = section("buyer_key = \"correct horse battery\"");
        let shown = format!("{section:?} {:?} {}", BuyerKey::of(&section), key("correct horse battery").fingerprint());
        assert!(!shown.contains("horse") && shown.contains("***"), "{shown}");
        let wrong = toml::from_str::<Section>("buyer_key = 271828182845").unwrap_err();
        assert!(!wrong.message().contains("2718"), "{wrong}");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for text in ["buyer_key = \" \"", "buyer_key_env = \"KEFU_NO_SUCH_KEY\"", "buyer_key = \"a\"\nbuyer_key_env = \"PATH\""] {
            assert_eq!(BuyerKey::of(&section(text)).unwrap_err().exit_code(), 2, "{text}");
        }
        assert!(BuyerKey::of(&Section::default()).unwrap().is_none());
    }

    #[test]
    fn a_dictionary_that_batches_share_is_keyed_once() {
        let cells: DictionaryArray<Int32Type> = [Some("b1"), None, Some("b2"), Some("b1")].into_iter().collect();
        let mut keyed = Keyed::new(&key("k"));
        let again: ArrayRef = Arc::new(cells.slice(1, 3));
        let [first, second] = [Arc::new(cells) as ArrayRef, again].map(|cells| keyed.column(&cells).unwrap());
        assert_eq!(first.as_any_dictionary().values().len(), 2);
        assert!(Arc::ptr_eq(first.as_any_dictionary().values(), second.as_any_dictionary().values()));
        assert!(first.is_null(1) && second.is_null(0));
    }
}
