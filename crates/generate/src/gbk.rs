//! GBK, with a memory: `encoding_rs` searches for every character it encodes, and logs use few.

use encoding_rs::GBK;

/// What each character of the basic plane becomes: no bytes yet, one byte, or two.
pub(super) struct Gbk {
    known: Vec<[u8; 2]>,
}

impl Gbk {
    pub(super) fn new() -> Gbk {
        Gbk { known: vec![[0; 2]; 1 << 16] }
    }

    /// False when GBK has no bytes for a character of the text.
    pub(super) fn encode(&mut self, text: &str, into: &mut Vec<u8>) -> bool {
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
    use crate::*;

    #[test]
    fn text_comes_back_and_what_gbk_lacks_is_told() {
        let mut gbk = Gbk::new();
        let text = "亲，满199减20€ OK，满199";
        let mut bytes = Vec::new();
        assert!(gbk.encode(text, &mut bytes));
        assert_eq!(GBK.decode_without_bom_handling(&bytes).0, text);
        assert!(!gbk.encode("😀", &mut bytes));
        assert!(!gbk.encode("ກ", &mut bytes));
    }
}
