//! Which tables judge a period, and each of them made.

use super::case::JudgementCase;
use super::report::TablePieces;
use super::{comparison, diagnosis, flags, ranking, scorecard, uplift};
use crate::config::JudgementSettings;
use crate::error::Result;
use crate::model::{JudgementTable, OutputTable};
use kefu_kernel::calendar::Period;

/// Whether a table exists for a period: a card or flag names its period, and uplift is computed for days and years.
fn applies_to(table: JudgementTable, period: Period, settings: &JudgementSettings) -> bool {
    match table {
        JudgementTable::Comparison | JudgementTable::Ranking | JudgementTable::Diagnosis => true,
        JudgementTable::Scorecard => settings.scorecards.iter().any(|card| card.period == period),
        JudgementTable::Flags => settings.flags.iter().any(|flag| flag.period == period),
        JudgementTable::Uplift => matches!(period, Period::Day | Period::Year),
        JudgementTable::SpotChecks | JudgementTable::TrainingGain => false,
    }
}

/// The tables of a period that the settings ask for.
pub fn tables(settings: &JudgementSettings, period: Period) -> Vec<JudgementTable> {
    settings.tables.iter().copied().filter(|table| applies_to(*table, period, settings)).collect()
}

/// Computes one judgement table of a period. Errors: those of reading a report's columns.
pub fn judge<'c>(table: JudgementTable, case: &'c JudgementCase) -> Result<TablePieces<'c>> {
    let whole = |table: Result<OutputTable>| Box::new(std::iter::once(table));
    Ok(match table {
        JudgementTable::Comparison => comparison::comparison(case)?,
        JudgementTable::Ranking => ranking::ranking(case)?,
        JudgementTable::Diagnosis => whole(diagnosis::diagnosis(case)),
        JudgementTable::Scorecard => whole(scorecard::scorecard(case)),
        JudgementTable::Flags => whole(flags::flags(case)),
        JudgementTable::Uplift => whole(uplift::uplift(case)),
        JudgementTable::SpotChecks | JudgementTable::TrainingGain => Box::new(std::iter::empty()),
    })
}
