//! The message ids of a shard's lines in one buffer. A handle is the byte offset of an id plus 1; handle 0 stands for no id.

/// Message ids end to end, each after its length in two bytes: an id has at most 256 bytes.
#[derive(Default)]
pub struct MessageIds(Vec<u8>);

/// Bytes of a length prefix.
const LENGTH: usize = 2;

impl MessageIds {
    /// The number of bytes that an id takes in the buffer.
    pub(super) fn encoded_len(id: &[u8]) -> usize {
        if id.is_empty() { 0 } else { LENGTH + id.len() }
    }

    /// An empty buffer with room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> MessageIds {
        MessageIds(Vec::with_capacity(bytes))
    }

    /// Appends an id and returns its handle; an empty id is not stored and has handle 0.
    #[inline]
    pub(super) fn push(&mut self, id: &[u8]) -> u32 {
        let MessageIds(bytes) = self;
        if id.is_empty() {
            return 0;
        }
        let handle = bytes.len() as u32 + 1;
        bytes.extend_from_slice(&(id.len() as u16).to_le_bytes());
        bytes.extend_from_slice(id);
        handle
    }

    /// The id that a handle stands for; empty for handle 0.
    pub fn text(&self, handle: u32) -> &[u8] {
        let Some(start) = (handle as usize).checked_sub(1) else { return &[] };
        let from = start + LENGTH;
        let length = usize::from(u16::from_le_bytes([self.0[start], self.0[start + 1]]));
        &self.0[from..from + length]
    }
}
