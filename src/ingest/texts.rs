//! Message ids of many lines, end to end. A place is where one begins, plus 1; 0 is none.

/// Before each text stands its length in two bytes: an id has at most 256.
#[derive(Default)]
pub struct Texts(Vec<u8>);

/// Bytes of a length.
const LENGTH: usize = 2;

impl Texts {
    /// Bytes that a text takes.
    pub(super) fn room_of(text: &[u8]) -> usize {
        if text.is_empty() { 0 } else { LENGTH + text.len() }
    }

    pub(super) fn with_room(bytes: usize) -> Texts {
        Texts(Vec::with_capacity(bytes))
    }

    /// Returns the place of a text.
    #[inline]
    pub(super) fn push(&mut self, text: &[u8]) -> u32 {
        let Texts(bytes) = self;
        if text.is_empty() {
            return 0;
        }
        let place = bytes.len() as u32 + 1;
        bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
        bytes.extend_from_slice(text);
        place
    }

    pub fn text(&self, place: u32) -> &[u8] {
        let Some(start) = (place as usize).checked_sub(1) else { return &[] };
        let from = start + LENGTH;
        let length = usize::from(u16::from_le_bytes([self.0[start], self.0[start + 1]]));
        &self.0[from..from + length]
    }
}
