//! What a pipeline remembers from run to run, and the record each run leaves. Bookkeeping lies beside the tables, never inside.

use super::Written;
use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What a run did: printed with `--json`, kept under `_meta/runs/`.
#[derive(Clone, Debug, Serialize)]
pub struct RunRecord {
    pub pipeline: String,
    pub version: &'static str,
    pub started_at: String,
    pub seconds: f64,
    pub from: String,
    pub to: String,
    pub landed: String,
    pub days_read: usize,
    pub days_restated: usize,
    /// By table: rows read, used, quarantined, duplicates, outside, ignored. Summed over the days asked for.
    pub audit: BTreeMap<String, [i64; 6]>,
    pub files_written: usize,
    pub files_unchanged: usize,
    pub output: String,
}

impl RunRecord {
    pub fn set_written(&mut self, written: Written) {
        self.files_written = written.files;
        self.files_unchanged = written.unchanged;
    }

    pub fn save(&self, store: &Store) -> Result<()> {
        let name = self.started_at.replace([':', '.'], "-");
        store.put(&format!("_meta/runs/{name}.json"), serde_json::to_vec_pretty(self)?)
    }
}
