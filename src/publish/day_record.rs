//! The manifest's entry of a business day.

use crate::ingest::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The manifest's entry of a business day: what it was computed from. A change of its names or fields changes every fingerprint of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// Its reports are published. Otherwise only its states are, for later days that look back on it.
    pub reported: bool,
    /// A hash of the rules, the column mappings and the version of kefu.
    pub made_with: String,
    /// The version of the meaning of numbers (`freshness::SEMANTICS_VERSION`) that it was computed under.
    #[serde(default = "first_semantics", skip_serializing_if = "is_first_semantics")]
    pub semantics: u32,
    /// The last business day for which all orders had arrived.
    pub landed: String,
    /// Fingerprints of the input files by table, as far as they had arrived.
    pub inputs: BTreeMap<String, String>,
    /// A hash of staff, shops, standards, targets, trainings and the settings of `[judgement]` and `[reports]`. A change makes the day stale, but
    /// only a run that is asked for the day computes it again.
    pub reference: String,
    /// The number of message files read.
    pub files: usize,
    /// The number of message rows read.
    pub rows: i64,
    /// What is remarkable about the cells of its message files. Later days are compared with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Why a gate would have held the day back without `--force`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<String>,
    /// Why the last attempt to compute the day failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Days of the first version do not say so.
fn first_semantics() -> u32 {
    1
}

fn is_first_semantics(semantics: &u32) -> bool {
    *semantics == first_semantics()
}
