//! Message ids of many lines, end to end. A place is where one begins, plus 1; 0 is none.

/// Before each text stands its length in two bytes: an id has at most 256.
#[derive(Default)]
pub struct Texts(Vec<u8>);

/// Bytes of a length.
const LENGTH: usize = 2;

impl Texts {
    /// Adds a text that begins as another, here at `like`, does for so many bytes. Returns its place.
    pub(super) fn push(&mut self, like: u32, common: usize, rest: &[u8]) -> u32 {
        let Texts(bytes) = self;
        if common + rest.len() == 0 {
            return 0;
        }
        let place = bytes.len() as u32 + 1;
        bytes.extend_from_slice(&((common + rest.len()) as u16).to_le_bytes());
        if common > 0 {
            let from = like as usize - 1 + LENGTH;
            bytes.extend_from_within(from..from + common);
        }
        bytes.extend_from_slice(rest);
        place
    }

    pub fn text(&self, place: u32) -> &[u8] {
        let Some(start) = (place as usize).checked_sub(1) else { return &[] };
        let from = start + LENGTH;
        let length = usize::from(u16::from_le_bytes([self.0[start], self.0[start + 1]]));
        &self.0[from..from + length]
    }
}
