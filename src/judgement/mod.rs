//! Judgement (考核): compares, ranks, diagnoses, scores and flags shops and agents by their finished reports.

mod case;
mod comparison;
mod diagnosis;
mod flags;
mod judge;
mod ranking;
mod report;
mod report_file;
mod scorecard;
mod scores;
pub mod spot_checks;
mod standard;
mod standings;
mod training_gain;
mod uplift;

pub use case::JudgementCase;
pub use judge::{judge, tables};
pub use report::FinishedReport;
pub use report_file::{ComparedFiles, ReportFile, ReportParts};
pub use standard::Standard;
pub use standings::Standings;
pub use training_gain::{DailyReports, TRAINING_WINDOW, Training, training_gain};
