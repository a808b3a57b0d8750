//! The texts of many lines, end to end. A place is where one begins, plus 1; 0 is none.

use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// Before each text stands its length in two bytes: an id has at most 256. Before that of one that lines share stands room for a code.
pub struct Texts {
    bytes: Vec<u8>,
    filling: u32,
}

/// Bytes of a code and of a length.
const CODE: usize = 4;
const LENGTH: usize = 2;
/// Bytes of room that stay with texts that begin anew.
const KEPT: usize = 1 << 15;

/// A text that lines share: a buyer, a session. It is only looked at where it has to be: each time is a walk through memory.
pub struct Shared<'a, T> {
    pub text: T,
    pub written: &'a mut Written,
}

impl<'t, T: Fn() -> &'t [u8]> Shared<'_, T> {
    /// A hash of the text, the same in every run.
    pub(super) fn hash(&mut self) -> u64 {
        if self.written.hash == 0 {
            self.written.hash = xxh3_64((self.text)());
        }
        self.written.hash
    }
}

/// Where a shared text was written last: the place holds for one filling of texts. And its hash, once it is asked for.
#[derive(Clone, Copy, Default)]
pub struct Written {
    hash: u64,
    filling: u32,
    place: u32,
}

impl Default for Texts {
    fn default() -> Texts {
        Texts { bytes: Vec::new(), filling: next_filling() }
    }
}

/// No two fillings have one number.
fn next_filling() -> u32 {
    static FILLINGS: AtomicU32 = AtomicU32::new(1);
    FILLINGS.fetch_add(1, Ordering::Relaxed)
}

impl Texts {
    /// Bytes taken.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a text. Returns its place.
    pub fn push(&mut self, text: &[u8]) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let place = self.bytes.len() as u32 + 1;
        self.bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
        self.bytes.extend_from_slice(text);
        place
    }

    /// Adds a text that lines share, unless this filling has it. Returns its place.
    #[inline(always)]
    pub fn share<'t>(&mut self, shared: &mut Shared<impl Fn() -> &'t [u8]>) -> u32 {
        if shared.written.filling == self.filling { shared.written.place } else { self.write(shared) }
    }

    fn write<'t>(&mut self, Shared { text, written }: &mut Shared<impl Fn() -> &'t [u8]>) -> u32 {
        let text = text();
        if text.is_empty() {
            return 0;
        }
        self.bytes.extend_from_slice(&[0; CODE]);
        (written.filling, written.place) = (self.filling, self.push(text));
        written.place
    }

    pub fn text(&self, place: u32) -> &[u8] {
        let Some(start) = (place as usize).checked_sub(1) else { return &[] };
        let from = start + LENGTH;
        let length = usize::from(u16::from_le_bytes([self.bytes[start], self.bytes[start + 1]]));
        &self.bytes[from..from + length]
    }

    /// The code of a shared text; what `new` makes of the text where it has none yet. 0 for no text.
    pub fn code(&mut self, place: u32, new: impl FnOnce(&str) -> u32) -> u32 {
        let Some(start) = (place as usize).checked_sub(1) else { return 0 };
        let room = start - CODE..start;
        let known = self.bytes[room.clone()].iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte));
        if known != 0 {
            return known;
        }
        // It was text when it was put there.
        let code = new(std::str::from_utf8(self.text(place)).unwrap_or_default());
        self.bytes[room].copy_from_slice(&code.to_le_bytes());
        code
    }

    /// Adds all of other texts: their places grow by the length there was.
    pub fn append(&mut self, other: &Texts) {
        self.bytes.extend_from_slice(&other.bytes);
    }

    /// Begins anew, with the room there is unless it is much: there are as many texts as pieces of shops, and some were filled at once.
    pub fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
        self.filling = next_filling();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Room for so many bytes more, to be filled.
    pub(super) fn more(&mut self, bytes: usize) -> &mut [u8] {
        let before = self.bytes.len();
        self.bytes.resize(before + bytes, 0);
        &mut self.bytes[before..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_text_is_written_once_a_filling() {
        let (mut texts, mut written) = (Texts::default(), Written::default());
        let mut share = |texts: &mut Texts| texts.share(&mut Shared { text: || "客".as_bytes(), written: &mut written });
        let place = share(&mut texts);
        assert_eq!((share(&mut texts), texts.text(place)), (place, "客".as_bytes()));
        assert_eq!([texts.code(place, |_| 7), texts.code(place, |_| 8), texts.code(0, |_| 9)], [7, 7, 0]);
        let mut others = Texts::default();
        others.push(b"m1");
        let elsewhere = share(&mut others);
        let base = texts.len() as u32;
        texts.append(&others);
        assert_eq!(texts.text(elsewhere + base), "客".as_bytes());
        assert_eq!(texts.code(elsewhere + base, |_| 8), 8, "another place has a code of its own");
        texts.clear();
        assert_eq!(texts.len(), 0);
        let again = share(&mut texts);
        assert_eq!(texts.text(again), "客".as_bytes());
    }
}
