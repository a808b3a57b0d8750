//! What judgements were made with: a period is judged again when its reports change, or this does.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By judged partition, a fingerprint of the settings and reference tables it was judged with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Judged(BTreeMap<String, String>);

impl Judged {
    pub fn is_of(&self, partition: &str, made_with: &str) -> bool {
        self.0.get(partition).is_some_and(|known| known == made_with)
    }

    pub fn set(&mut self, partition: String, made_with: &str) {
        self.0.insert(partition, made_with.to_owned());
    }

    /// As if a partition had not been judged.
    pub fn forget(&mut self, partition: &str) {
        self.0.remove(partition);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
