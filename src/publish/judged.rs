//! Fingerprints of judgements. A period is judged again if its reports change, or if the settings it was judged with do
//! (DECISIONS #46).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By partition of a judgement table: a fingerprint of the settings and reference tables that it was computed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JudgedPartitions(BTreeMap<String, String>);

impl JudgedPartitions {
    /// Whether a partition was computed with this fingerprint.
    pub fn is_current(&self, partition: &str, fingerprint: &str) -> bool {
        self.0.get(partition).is_some_and(|known| known == fingerprint)
    }

    /// Records the fingerprint that a partition was computed with.
    pub fn set(&mut self, partition: String, fingerprint: &str) {
        self.0.insert(partition, fingerprint.to_owned());
    }

    /// Removes a partition, so that it is computed again.
    pub fn forget(&mut self, partition: &str) {
        self.0.remove(partition);
    }

    /// Whether no partition is recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
