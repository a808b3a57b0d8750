//! The only code that writes. Everything is staged first, then moved into place, days before years; what did not change is left alone.

mod details;
mod meta;
mod parquet;
mod state;

pub use details::{audit_rows, detail, quarantine_rows};
pub use meta::{Memory, RunRecord};
pub use parquet::{decode, encode};
pub use state::StateStore;

use crate::error::Result;
use crate::reports::Table;
use crate::store::Store;

/// What a run wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub files: usize,
    pub unchanged: usize,
    pub rows: usize,
    pub bytes: usize,
}

/// Files on their way: staged as they come, moved into place together.
pub struct Publisher<'a> {
    store: &'a Store,
    staged: Vec<String>,
    written: Written,
}

const STAGING: &str = "_staging";

impl<'a> Publisher<'a> {
    /// Sweeps what a run that died may have left.
    pub fn new(store: &'a Store) -> Result<Publisher<'a>> {
        store.sweep(STAGING)?;
        Ok(Publisher { store, staged: Vec::new(), written: Written::default() })
    }

    /// Stages a table's file, unless the same bytes are already in place.
    pub fn stage(&mut self, table: &Table) -> Result<()> {
        let key = key_of(table);
        let bytes = encode(table)?;
        self.written.rows += table.rows.num_rows();
        let same_size = self.store.head(&key)?.is_some_and(|object| object.size() == bytes.len() as u64);
        if same_size && self.store.get(&key)? == bytes {
            self.written.unchanged += 1;
            return Ok(());
        }
        self.written.files += 1;
        self.written.bytes += bytes.len();
        self.store.put(&format!("{STAGING}/{key}"), bytes)?;
        self.staged.push(key);
        Ok(())
    }

    /// Moves everything staged into place. Nothing under a table's folder has changed before this.
    pub fn publish(self) -> Result<Written> {
        for key in &self.staged {
            self.store.rename(&format!("{STAGING}/{key}"), key)?;
        }
        self.store.sweep(STAGING)?;
        Ok(self.written)
    }
}

fn key_of(table: &Table) -> String {
    match table.dt {
        Some(day) => format!("{}/dt={day}/data.parquet", table.folder),
        None => format!("{}/data.parquet", table.folder),
    }
}
