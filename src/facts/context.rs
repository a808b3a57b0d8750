//! The inputs of a day's facts other than its chat lines.

use crate::ingest::Reference;
use crate::names::Names;
use kefu_kernel::calendar;
use kefu_kernel::day_rules::DayRules;

/// The inputs of a day's facts other than its chat lines.
pub struct FactContext<'a> {
    /// The business day.
    pub day: calendar::Day,
    /// The ids behind the codes of shops and agents.
    pub names: &'a Names,
    /// The rules of the shard's shops on the day.
    pub rules: DayRules<'a>,
    /// The staff table and the blocklist, which the reception filters read, and the persons of buyers.
    pub reference: &'a Reference,
}
