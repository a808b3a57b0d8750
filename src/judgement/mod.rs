//! Judgement (考核): what the finished reports say of shops and agents, compared, ranked, diagnosed, scored, flagged.
//!
//! Every table is a function of report tables as they are published: the period's, those of the period before and of the same period a
//! year before, with reference tables and the files of `[judgement]`. No metric has a second formula here: columns are read by id, and
//! which there are, and which way is better, the declarations say.

mod comparison;
mod diagnosis;
mod flags;
mod ranking;
mod report;
mod scorecard;
mod settings;
pub mod spot_checks;
mod training_gain;
mod uplift;

pub use diagnosis::Standard;
pub use report::Report;
pub use settings::{Better, Remedy, Section, Settings, Text, flags_of, remedies_of, scorecards_of};
pub use spot_checks::SpotChecks;
pub use training_gain::{Daily, Training, WINDOW, training_gain};

use crate::calendar::{Period, Span};
use crate::error::Result;
use crate::ingest::Reference;
use crate::job::Level;
use crate::reports::Table;
use serde::Deserialize;

/// The tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Comparison,
    Ranking,
    Diagnosis,
    Scorecard,
    Flags,
    Uplift,
    SpotChecks,
    TrainingGain,
}

impl Judgement {
    pub const ALL: [Judgement; 8] = [
        Judgement::Comparison,
        Judgement::Ranking,
        Judgement::Diagnosis,
        Judgement::Scorecard,
        Judgement::Flags,
        Judgement::Uplift,
        Judgement::SpotChecks,
        Judgement::TrainingGain,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Judgement::Comparison => "comparison",
            Judgement::Ranking => "ranking",
            Judgement::Diagnosis => "diagnosis",
            Judgement::Scorecard => "scorecard",
            Judgement::Flags => "flags",
            Judgement::Uplift => "uplift",
            Judgement::SpotChecks => "spot_checks",
            Judgement::TrainingGain => "training_gain",
        }
    }

    /// Of a period's reports, where it has something to say: cards and flags name their periods, uplift is of days and years.
    fn is_of(self, period: Period, settings: &Settings) -> bool {
        match self {
            Judgement::Comparison | Judgement::Ranking | Judgement::Diagnosis => true,
            Judgement::Scorecard => settings.scorecards.iter().any(|card| card.period == period),
            Judgement::Flags => settings.flags.iter().any(|flag| flag.period == period),
            Judgement::Uplift => matches!(period, Period::Day | Period::Year),
            Judgement::SpotChecks | Judgement::TrainingGain => false,
        }
    }
}

/// A period to judge.
pub struct Case<'a> {
    pub span: Span,
    /// Its reports, at most one of each level.
    pub now: Vec<Report>,
    /// Those of the period before.
    pub before: Vec<Report>,
    /// Those of the same period a year before.
    pub year_before: Vec<Report>,
    pub settings: &'a Settings,
    pub reference: &'a Reference,
    pub standards: &'a [Standard],
}

impl Case<'_> {
    fn of(reports: &[Report], level: Level) -> Option<&Report> {
        reports.iter().find(|report| report.level == level)
    }
}

/// The tables that the settings ask for and a period has.
pub fn tables(settings: &Settings, period: Period) -> Vec<Judgement> {
    settings.tables.iter().copied().filter(|table| table.is_of(period, settings)).collect()
}

/// A table piece by piece, in the order of its rows: none is held whole.
pub type Pieces<'c> = Box<dyn Iterator<Item = Result<Table>> + 'c>;

/// Judges a period by one table.
pub fn judge<'c>(table: Judgement, case: &'c Case) -> Result<Pieces<'c>> {
    let whole = |table: Result<Table>| Box::new(std::iter::once(table));
    Ok(match table {
        Judgement::Comparison => comparison::comparison(case)?,
        Judgement::Ranking => ranking::ranking(case)?,
        Judgement::Diagnosis => whole(diagnosis::diagnosis(case)),
        Judgement::Scorecard => whole(scorecard::scorecard(case)),
        Judgement::Flags => whole(flags::flags(case)),
        Judgement::Uplift => whole(uplift::uplift(case)),
        Judgement::SpotChecks | Judgement::TrainingGain => Box::new(std::iter::empty()),
    })
}
