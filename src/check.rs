//! `kefu check`: what a run would read, found out without computing anything.

use crate::calendar::Day;
use crate::error::{Context, Result};
use crate::ingest::{self, Table};
use crate::job::Plan;
use serde::Serialize;
use std::fmt;

/// One line per table a pipeline reads.
#[derive(Debug, Serialize)]
pub struct Report {
    pub pipeline: String,
    pub business_day: String,
    pub input: String,
    pub output: String,
    pub rule_set: String,
    pub tables: Vec<Found>,
}

#[derive(Debug, Serialize)]
pub struct Found {
    pub table: &'static str,
    pub files: usize,
    pub bytes: u64,
    /// Columns of the first file that nothing uses.
    pub unused_columns: Vec<String>,
}

/// Lists every table's files for a day and resolves its columns against the first of them.
/// Errors: as a run would give them, for the first thing that is wrong.
pub fn check(plan: &Plan, day: Day) -> Result<Report> {
    let mut tables = Vec::new();
    for table in Table::ALL {
        let Some(source) = plan.source(table) else { continue };
        let files = ingest::files_of(plan, source, day, day).with("table", table.name())?;
        ingest::require_files(plan, table, source, &files, day, day)?;
        let unused_columns = files.first().map(|(_, first)| ingest::headers(plan, table, first)).transpose()?.map(|r| r.unused);
        let unused_columns = unused_columns.unwrap_or_default();
        tables.push(Found {
            table: table.name(),
            files: files.len(),
            bytes: files.iter().map(|(_, file)| file.size()).sum(),
            unused_columns,
        });
    }
    Ok(Report {
        pipeline: plan.job.name.clone(),
        business_day: day.to_string(),
        input: plan.input.name().to_owned(),
        output: plan.output.name().to_owned(),
        rule_set: plan.rules.describe(),
        tables,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} for {} · rules {}\ninput  {}\noutput {}",
            self.pipeline, self.business_day, self.rule_set, self.input, self.output
        )?;
        for found in &self.tables {
            write!(f, "  {:<12} {} file(s), {} bytes", found.table, found.files, found.bytes)?;
            match found.unused_columns.as_slice() {
                [] => writeln!(f)?,
                unused => writeln!(f, "; not used: {}", unused.join(", "))?,
            }
        }
        writeln!(f, "ok: the pipeline file and the columns are fine")
    }
}
