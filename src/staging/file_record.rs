//! The manifest's entry of a published file.

use serde::{Deserialize, Serialize};

/// The manifest's entry of a published file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    pub rows: usize,
    /// The size in bytes.
    pub bytes: u64,
    /// A hash of the columns' names and types.
    pub schema: String,
    /// The ETag that the store gave the file; `None` if it gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What a report was made of (`Freshness::made_of`): a hash of the records of the days in its period, and whether the orders that it needs
    /// were known. Empty for other files.
    #[serde(rename = "of", default, skip_serializing_if = "String::is_empty")]
    pub days_fingerprint: String,
}
