//! What a period's judgement is computed from.
//!
//! Every table is a function of published reports (of the period, of the period before and of the same period a year before), reference
//! tables and the files of `[judgement]`. No metric has a second formula here: values are read from the columns of the reports, and the
//! declarations say which metrics exist and which way is better (DECISIONS #46).

use super::report::FinishedReport;
use super::standard::Standard;
use super::standings::Standings;
use crate::config::JudgementSettings;
use crate::ingest::Reference;
use crate::model::Level;
use kefu_kernel::calendar::Span;

/// A period to judge, or some of its shops, with everything that its tables are computed from.
pub struct JudgementCase<'a> {
    pub span: Span,
    /// The reports of the period, at most one per level.
    pub now: Vec<FinishedReport>,
    /// The reports of the period before.
    pub before: Vec<FinishedReport>,
    /// The reports of the same period a year before.
    pub year_before: Vec<FinishedReport>,
    /// What rows are ranked by beyond their shops.
    pub standings: &'a Standings,
    pub settings: &'a JudgementSettings,
    pub reference: &'a Reference,
    pub standards: &'a [Standard],
}

impl JudgementCase<'_> {
    /// The report of a level; `None` if the period has none.
    pub(super) fn report_of(reports: &[FinishedReport], level: Level) -> Option<&FinishedReport> {
        reports.iter().find(|report| report.level == level)
    }
}
