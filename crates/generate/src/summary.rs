//! What a generator has written, in numbers.

/// The size of what was written. Messages and orders are counted as rows of the files: a message that was sent twice counts twice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GeneratedSummary {
    /// Files written.
    pub files: u64,
    /// Rows of the message files.
    pub messages: u64,
    /// Rows of the order files: one for each version of an order.
    pub orders: u64,
    /// Bytes of all files together, as they lie on the disk.
    pub bytes: u64,
}

impl GeneratedSummary {
    /// Counts one more file of so many bytes.
    pub(crate) fn add_file(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}
