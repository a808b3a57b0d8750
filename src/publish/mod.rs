//! The only code that writes. Everything is staged first, then moved into place, days before years; what did not change is left alone.

mod details;
mod meta;
mod parquet;
mod state;

pub use details::{audit_rows, detail, details, quarantine_rows};
pub use meta::{Memory, RunRecord};
pub use parquet::{Encoded, Sheet, decode};
pub use state::{Share, StateStore, kept};

use crate::calendar::Period;
use crate::error::Result;
use crate::reports::Table;
use crate::store::Store;
use std::sync::{Mutex, PoisonError};

/// What a run wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub files: usize,
    pub unchanged: usize,
    pub rows: usize,
    pub bytes: usize,
}

/// Files on their way: staged as they come, moved into place together. Days may stage side by side.
pub struct Publisher<'a> {
    store: &'a Store,
    staged: Mutex<(Vec<String>, Written)>,
}

const STAGING: &str = "_staging";

impl<'a> Publisher<'a> {
    /// Sweeps what a run that died may have left.
    pub fn new(store: &'a Store) -> Result<Publisher<'a>> {
        store.sweep(STAGING)?;
        Ok(Publisher { store, staged: Mutex::default() })
    }

    /// Stages a table's file whole.
    pub fn stage(&self, table: &Table) -> Result<()> {
        self.close(self.open(table)?)
    }

    /// Stages a table's file piece by piece.
    pub fn stage_pieces(&self, mut pieces: impl Iterator<Item = Result<Table>>) -> Result<()> {
        let Some(first) = pieces.next() else { return Ok(()) };
        let sheet = self.open(&first?)?;
        pieces.try_for_each(|piece| sheet.append(sheet.encode(&piece?.rows)?))?;
        self.close(sheet)
    }

    /// Begins a table's file with the rows it has; more may follow.
    pub fn open(&self, table: &Table) -> Result<Sheet> {
        Sheet::open(self.store, &format!("{STAGING}/{}", key_of(table)), table)
    }

    /// Ends a table's file. The same bytes already in place are left alone.
    pub fn close(&self, sheet: Sheet) -> Result<()> {
        let (staged, rows, bytes) = sheet.close()?;
        let key = staged[STAGING.len() + 1..].to_owned();
        let same = self.store.is_same(&staged, &key)?;
        if same {
            self.store.delete(&staged)?;
        }
        let (keys, written) = &mut *self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        written.rows += rows;
        if same {
            written.unchanged += 1;
        } else {
            written.files += 1;
            written.bytes += bytes;
            keys.push(key);
        }
        Ok(())
    }

    /// Moves everything staged into place, details before reports, days before years. Nothing under a table's folder has changed before this.
    pub fn publish(self) -> Result<Written> {
        let (keys, written) = self.staged.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rank = |key: &str| match key.split('/').next() {
            Some("reports") => {
                1 + Period::ALL.iter().position(|p| key.split('/').nth(1).is_some_and(|table| table.ends_with(p.name()))).unwrap_or(0)
            }
            Some("dims") => 9,
            _ => 0,
        };
        let mut keys = keys;
        keys.sort_unstable_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
        for key in &keys {
            self.store.rename(&format!("{STAGING}/{key}"), key)?;
        }
        self.store.sweep(STAGING)?;
        Ok(written)
    }
}

fn key_of(table: &Table) -> String {
    match table.dt {
        Some(day) => format!("{}/dt={day}/data.parquet", table.folder),
        None => format!("{}/data.parquet", table.folder),
    }
}
