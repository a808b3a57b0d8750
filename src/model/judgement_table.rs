//! The judgement tables (考核表), which are computed from finished reports.

use serde::Deserialize;

/// A judgement table (DECISIONS #46).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgementTable {
    Comparison,
    Ranking,
    Diagnosis,
    Scorecard,
    Flags,
    Uplift,
    SpotChecks,
    TrainingGain,
}

impl JudgementTable {
    /// Every table.
    pub const ALL: [JudgementTable; 8] = [
        JudgementTable::Comparison,
        JudgementTable::Ranking,
        JudgementTable::Diagnosis,
        JudgementTable::Scorecard,
        JudgementTable::Flags,
        JudgementTable::Uplift,
        JudgementTable::SpotChecks,
        JudgementTable::TrainingGain,
    ];

    /// Its name in the pipeline file and in paths.
    pub fn name(self) -> &'static str {
        match self {
            JudgementTable::Comparison => "comparison",
            JudgementTable::Ranking => "ranking",
            JudgementTable::Diagnosis => "diagnosis",
            JudgementTable::Scorecard => "scorecard",
            JudgementTable::Flags => "flags",
            JudgementTable::Uplift => "uplift",
            JudgementTable::SpotChecks => "spot_checks",
            JudgementTable::TrainingGain => "training_gain",
        }
    }
}
