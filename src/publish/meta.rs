//! What a pipeline remembers from run to run. Bookkeeping lies beside the tables, never inside.

use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
use crate::store::Store;
use serde::{Deserialize, Serialize};

const MEMORY: &str = "_meta/landed.json";

/// The latest business day any run was given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    landed: Option<String>,
}

impl Memory {
    pub fn load(store: &Store) -> Result<Memory> {
        if store.head(MEMORY)?.is_none() {
            return Ok(Memory::default());
        }
        serde_json::from_slice(&store.get(MEMORY)?)
            .map_err(|e| Error::new(Kind::Failed, format!("cannot be read: {e}")).with("file", store.describe(MEMORY)))
    }

    pub fn landed(&self) -> Option<Day> {
        Some(Day::from(self.landed.as_ref()?.parse::<jiff::civil::Date>().ok()?))
    }

    pub fn set_landed(&mut self, day: Day) {
        self.landed = Some(day.to_string());
    }

    pub fn save(&self, store: &Store) -> Result<()> {
        store.put(MEMORY, serde_json::to_vec_pretty(self)?)
    }
}
