//! `kefu check`: whether both roots can be used, and what a run would read, found out without computing anything.

use crate::calendar::Day;
use crate::error::{Context, Error, Kind, Result};
use crate::ingest::{self, Table};
use crate::job::{Plan, Source};
use crate::store::probe::{self, Outcome, Probe};
use serde::Serialize;
use std::fmt;

/// One line per thing tried at a root, and per table a pipeline reads.
#[derive(Debug, Serialize)]
pub struct Report {
    pub pipeline: String,
    pub business_day: String,
    pub input: String,
    pub output: String,
    pub rule_set: String,
    pub probes: Vec<Probe>,
    pub tables: Vec<Found>,
}

#[derive(Debug, Serialize)]
pub struct Found {
    pub table: &'static str,
    pub files: usize,
    pub bytes: u64,
    /// Columns of the first file that nothing uses.
    pub unused_columns: Vec<String>,
    /// Why a run would stop here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    error: Option<Error>,
}

/// Tries both roots, lists every table's files for a day and resolves its columns against the first of them. Nothing stops the rest,
/// but for an input that cannot be reached: its tables are left out.
pub fn check(plan: &Plan, day: Day) -> Report {
    // Side by side: a root that does not answer takes seconds to tell.
    let (input, output) = std::thread::scope(|scope| {
        let output = scope.spawn(|| probe::output(&plan.output));
        (probe::input(&plan.input), output.join().unwrap_or_default())
    });
    let is_readable = input.iter().all(|probe| probe.error().is_none());
    let sources = Table::ALL.into_iter().filter(|_| is_readable).filter_map(|table| Some((table, plan.source(table)?)));
    let tables = sources.map(|(table, source)| look(plan, table, source, day)).collect();
    Report {
        pipeline: plan.job.name.clone(),
        business_day: day.to_string(),
        input: plan.input.name().to_owned(),
        output: plan.output.name().to_owned(),
        rule_set: plan.rules.describe(),
        probes: input.into_iter().chain(output).collect(),
        tables,
    }
}

fn look(plan: &Plan, table: Table, source: &Source, day: Day) -> Found {
    let mut found = Found { table: table.name(), files: 0, bytes: 0, unused_columns: Vec::new(), problem: None, error: None };
    if let Err(error) = fill(&mut found, plan, table, source, day) {
        found.problem = Some(error.in_one_line());
        found.error = Some(error);
    }
    found
}

fn fill(found: &mut Found, plan: &Plan, table: Table, source: &Source, day: Day) -> Result<()> {
    let files = ingest::files_of(plan, source, day, day).with("table", table.name())?;
    found.files = files.len();
    found.bytes = files.iter().map(|(_, file)| file.size()).sum();
    ingest::require_files(plan, table, source, &files, day, day)?;
    let resolved = files.first().map(|(_, first)| ingest::headers(plan, table, first)).transpose()?;
    found.unused_columns = resolved.map(|resolved| resolved.unused).unwrap_or_default();
    Ok(())
}

impl Report {
    /// The worst of what was found; its exit code is the command's.
    pub fn verdict(self) -> Result<()> {
        let probes = probe::worst(self.probes);
        let errors = probes.into_iter().chain(self.tables.into_iter().filter_map(|found| found.error));
        let worst = errors.reduce(|worst, error| if error.kind().rank() > worst.kind().rank() { error } else { worst });
        worst.map_or(Ok(()), Err)
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let probes = self.probes.iter().filter_map(|probe| probe.error());
        probes.chain(self.tables.iter().filter_map(|found| found.error.as_ref())).map(Error::kind)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} for {} · rules {}\ninput  {}\noutput {}",
            self.pipeline, self.business_day, self.rule_set, self.input, self.output
        )?;
        for Probe { root, what, outcome, problem, .. } in &self.probes {
            let said = match outcome {
                Outcome::Ok => "ok",
                Outcome::Failed => "failed",
                Outcome::NotTried => "not tried",
            };
            let problem = problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            writeln!(f, "  {root:<6} {what:<24} {said}{problem}")?;
        }
        for found in &self.tables {
            write!(f, "  {:<12} {} file(s), {} bytes", found.table, found.files, found.bytes)?;
            match (found.unused_columns.as_slice(), &found.problem) {
                (_, Some(problem)) => writeln!(f, "; failed: {problem}")?,
                ([], None) => writeln!(f)?,
                (unused, None) => writeln!(f, "; not used: {}", unused.join(", "))?,
            }
        }
        match self.kinds().count() {
            0 => writeln!(f, "ok: both roots, the pipeline file and the columns are fine"),
            count => writeln!(f, "{count} problem(s)"),
        }
    }
}
