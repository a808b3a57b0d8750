//! Text as GBK. `encoding_rs` searches its tables anew for every character, so the characters already seen are remembered:
//! logs use few different ones.

use encoding_rs::GBK;

/// An encoder of GBK that remembers the bytes of every character it has encoded.
pub(crate) struct GbkEncoder {
    /// The bytes of each character of the basic multilingual plane; both are zero until it is first encoded,
    /// and the second is zero when GBK has one byte for it.
    known: Vec<[u8; 2]>,
}

impl GbkEncoder {
    /// An encoder that has seen nothing yet.
    pub(crate) fn new() -> GbkEncoder {
        GbkEncoder { known: vec![[0; 2]; 1 << 16] }
    }

    /// Appends the text to `into`. False when GBK has no bytes for one of its characters.
    pub(crate) fn encode(&mut self, text: &str, into: &mut Vec<u8>) -> bool {
        for character in text.chars() {
            if character.is_ascii() {
                into.push(character as u8);
                continue;
            }
            let Some(known) = self.known.get_mut(character as usize) else {
                return false;
            };
            if known[0] == 0 {
                let mut utf8 = [0; 4];
                let (bytes, _, lossy) = GBK.encode(character.encode_utf8(&mut utf8));
                if lossy {
                    return false;
                }
                known[..bytes.len()].copy_from_slice(&bytes);
            }
            let length = if known[1] == 0 { 1 } else { 2 };
            into.extend_from_slice(&known[..length]);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_the_round_trip_and_a_character_that_gbk_lacks_is_refused() {
        let mut gbk = GbkEncoder::new();
        let text = "亲，满199减20€ OK，满199";
        let mut bytes = Vec::new();
        assert!(gbk.encode(text, &mut bytes));
        assert_eq!(GBK.decode_without_bom_handling(&bytes).0, text);
        assert!(!gbk.encode("😀", &mut bytes));
        assert!(!gbk.encode("ກ", &mut bytes));
    }
}
