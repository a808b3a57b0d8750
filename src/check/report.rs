//! The report of a check, and the check as a whole.

use super::joins::{CheckedJoin, joins};
use super::tables::{CheckedTable, check_table};
use crate::config::{OnWarning, Plan};
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::store::probe;
use crate::store::probe::{Probe, ProbeOutcome};
use kefu_kernel::calendar::Day;
use serde::Serialize;
use std::fmt;

/// The result of a check: the probes of both roots, and the input tables of the pipeline. The fields are the keys of `--json`.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The day whose files were looked for.
    pub business_day: String,
    /// The roots.
    pub input: String,
    pub output: String,
    /// The choice of presets.
    pub rule_set: String,
    /// What was tried at each root.
    pub probes: Vec<Probe>,
    /// The configured input tables. Empty if the input cannot be read.
    pub tables: Vec<CheckedTable>,
    /// The columns by which tables are joined.
    pub joins: Vec<CheckedJoin>,
}

/// Probes both roots, lists the files of every table for a day, and resolves the columns of the first. A problem of one table does not keep
/// the others from being checked; only if the input cannot be read at all are the tables left out.
pub fn check(plan: &Plan, day: Day) -> CheckReport {
    // In parallel, because a root that does not answer takes seconds to time out.
    let (input, output) = std::thread::scope(|scope| {
        let output = scope.spawn(|| probe::output(&plan.output));
        (probe::input(&plan.input), output.join().unwrap_or_default())
    });
    let is_readable = input.iter().all(|probe| probe.error().is_none());
    let sources = InputTable::ALL.into_iter().filter(|_| is_readable).filter_map(|table| Some((table, plan.source(table)?)));
    let mut tables = sources.map(|(table, source)| check_table(plan, table, source, day)).collect::<Vec<_>>();
    if plan.config.quality.warnings == OnWarning::Error {
        tables.iter_mut().for_each(CheckedTable::refuse_warnings);
    }
    CheckReport {
        pipeline: plan.config.name.clone(),
        business_day: day.to_string(),
        input: plan.input.name().to_owned(),
        output: plan.output.name().to_owned(),
        rule_set: plan.rules.describe(),
        probes: input.into_iter().chain(output).collect(),
        joins: joins(&tables),
        tables,
    }
}

impl CheckReport {
    /// The result of the command. Errors: the worst problem, whose exit code is that of the command.
    pub fn into_result(self) -> Result<()> {
        let probes = probe::worst(self.probes);
        let errors = probes.into_iter().chain(self.tables.into_iter().filter_map(|found| found.error));
        let worst = errors.reduce(|worst, error| if error.kind().rank() > worst.kind().rank() { error } else { worst });
        worst.map_or(Ok(()), Err)
    }

    /// The kind of every problem.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let probes = self.probes.iter().filter_map(|probe| probe.error());
        probes.chain(self.tables.iter().filter_map(|found| found.error.as_ref())).map(Error::kind)
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} for {} · rules {}\ninput  {}\noutput {}",
            self.pipeline, self.business_day, self.rule_set, self.input, self.output
        )?;
        for Probe { root, what, outcome, problem, .. } in &self.probes {
            let result = match outcome {
                ProbeOutcome::Ok => "ok",
                ProbeOutcome::Failed => "failed",
                ProbeOutcome::NotTried => "not tried",
            };
            let problem = problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            writeln!(f, "  {root:<6} {what:<24} {result}{problem}")?;
        }
        self.tables.iter().try_for_each(|checked| write!(f, "{checked}"))?;
        self.joins.iter().try_for_each(|join| writeln!(f, "  {join}"))?;
        match self.kinds().count() {
            0 => match self.tables.iter().map(|checked| checked.warnings.len()).sum::<usize>() {
                0 => writeln!(f, "ok: both roots, the pipeline file and the first rows are fine"),
                count => writeln!(f, "ok, with {count} warning(s)"),
            },
            count => writeln!(f, "{count} problem(s)"),
        }
    }
}
