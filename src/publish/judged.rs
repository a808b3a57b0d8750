//! What judgements were made with: a period is judged again when its reports change, or this does.

use crate::error::{Error, Kind, Result};
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const JUDGED: &str = "_meta/judged.json";

/// By judged partition, a fingerprint of the settings and reference tables it was judged with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Judged(BTreeMap<String, String>);

impl Judged {
    pub fn load(store: &Store) -> Result<Judged> {
        if store.head(JUDGED)?.is_none() {
            return Ok(Judged::default());
        }
        serde_json::from_slice(&store.get(JUDGED)?)
            .map_err(|e| Error::new(Kind::Failed, format!("cannot be read: {e}")).with("file", store.describe(JUDGED)))
    }

    pub fn is_of(&self, partition: &str, made_with: &str) -> bool {
        self.0.get(partition).is_some_and(|known| known == made_with)
    }

    pub fn set(&mut self, partition: String, made_with: &str) {
        self.0.insert(partition, made_with.to_owned());
    }

    pub fn save(&self, store: &Store) -> Result<()> {
        store.put(JUDGED, serde_json::to_vec_pretty(self)?)
    }
}
