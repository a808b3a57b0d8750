//! The data that has arrived, and which values can be known from it.

use super::catalogue::{delay, facts, of_level};
use super::declaration::Metric;
use crate::model::{Fact, InputTable, Level};
use kefu_kernel::calendar::{Day, Span};
use kefu_kernel::rules::Rules;
use std::collections::BTreeSet;

/// The data that has arrived: up to which day, and for which input tables.
#[derive(Clone, Debug)]
pub struct Landed {
    /// The last business day for which all data has arrived.
    pub through: Day,
    /// The configured input tables.
    pub tables: BTreeSet<InputTable>,
}

impl Landed {
    /// Whether every input table of a fact is configured.
    pub fn has(&self, fact: Fact) -> bool {
        fact.needs().iter().all(|table| self.tables.contains(table))
    }

    /// Whether the value of a period is known. A metric without delay is known while its period runs (DECISIONS #2); any other once its
    /// delay after the last day has landed. Its input tables must be configured.
    pub(crate) fn knows(&self, metric: &Metric, level: Level, span: Span, rules: &Rules) -> bool {
        let delay = delay(metric, level, rules);
        (delay == 0 || self.through >= span.last.plus(delay)) && facts(metric, level, rules).into_iter().all(|fact| self.has(fact))
    }

    /// The day on which every metric of a level with configured inputs is final (DECISIONS #14).
    pub fn matures_on(&self, level: Level, span: Span, rules: &Rules) -> Day {
        let known = of_level(level).filter(|m| facts(m, level, rules).into_iter().all(|fact| self.has(fact)));
        span.last.plus(known.map(|m| delay(m, level, rules)).max().unwrap_or(0))
    }
}
