//! The commands that compute reports, `run` and `backfill`, and `check`, which tests beforehand whether they can.

use super::args::{PipelineArgs, RunOptions};
use super::monitoring::monitored;
use super::stdout::show;
use crate::check;
use crate::config::Plan;
use crate::console::say;
use crate::error::{Error, Kind, Result};
use crate::memory;
use crate::observability::RunRecorder;
use crate::publish::LeaseOptions;
use crate::run::{RunRequest, dry_run, run_recorded};
use clap::Args;
use jiff::Timestamp;
use kefu_kernel::calendar::Day;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// The business day: 2026-11-20, 20261120, yesterday, today [default: yesterday in the pipeline's zone]
    #[arg(long, env = "KEFU_DATE")]
    date: Option<String>,
    /// Make this day alone, and none of the 31 days before it that failed or were never made and whose files are there now
    #[arg(long)]
    only_date: bool,
    #[command(flatten)]
    options: RunOptions,
}

#[derive(Debug, Args)]
pub(super) struct BackfillArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// First business day: 2026-11-20, 20261120, yesterday, today
    #[arg(long)]
    from: String,
    /// Last business day, included
    #[arg(long)]
    to: String,
    #[command(flatten)]
    options: RunOptions,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// The business day whose files to check [default: yesterday in the pipeline's zone]
    #[arg(long, env = "KEFU_DATE")]
    date: Option<String>,
}

impl RunArgs {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        monitored((&self.pipeline, &self.options.monitoring), now, json, |plan, recorder| {
            let day = plan.day(self.date.as_deref(), now)?;
            execute(plan, (day, day), !self.only_date, &self.options, now, recorder)
        })
    }
}

impl BackfillArgs {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        monitored((&self.pipeline, &self.options.monitoring), now, json, |plan, recorder| {
            let days = (plan.day(Some(&self.from), now)?, plan.day(Some(&self.to), now)?);
            execute(plan, days, false, &self.options, now, recorder)
        })
    }
}

impl CheckArgs {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        let plan = self.pipeline.load()?;
        let day = plan.day(self.date.as_deref(), now)?;
        let report = check::check(&plan, day);
        show(&report, json)?;
        report.into_result()
    }
}

/// Runs a pipeline for a range of days, and for those that were `missed` before it, or prints what would be done.
fn execute(plan: &Plan, (from, to): (Day, Day), missed: bool, options: &RunOptions, now: Timestamp, recorder: &RunRecorder) -> Result<()> {
    let RunOptions { as_of, scope, resources, .. } = options;
    let memory = resources.memory_limit.as_deref().map_or(Ok(memory::DEFAULT_LIMIT), memory::parse_limit)?;
    if from > to {
        return Err(Error::new(Kind::Usage, format!("--from {from} is after --to {to}: the range is empty")));
    }
    let today = plan.calendar.day_of(now.as_millisecond())?;
    if to > today {
        return Err(
            Error::new(Kind::Usage, format!("{to} lies after today, {today} in {}", plan.config.timezone)).hint("is the year right?")
        );
    }
    let as_of = as_of.as_deref().map(|text| plan.day(Some(text), now)).transpose()?;
    let zone = (&plan.config.timezone, &plan.config.business_day_starts_at);
    let days = to.0 - from.0 + 1;
    say(&format!(
        "kefu {} · {} · {days} day(s): {from} .. {to} ({}, day starts {})",
        env!("CARGO_PKG_VERSION"),
        plan.config.name,
        zone.0,
        zone.1
    ));
    say(&format!("input  {}\noutput {}", plan.input.name(), plan.output.name()));
    let lease = LeaseOptions { ttl: Duration::from_secs(scope.lease_ttl), wait: scope.wait, ..LeaseOptions::default() };
    let jobs = resources.jobs.unwrap_or_else(crate::parallel::workers);
    let (only, force) = (scope.only, scope.force);
    let request = RunRequest { as_of, jobs, memory, missed, only, force, lease, ..RunRequest::new(from, to, now) };
    if scope.dry_run {
        recorder.update(|record| record.dry_run = true);
        say(&dry_run(plan, &request)?.to_string());
        return Ok(());
    }
    run_recorded(plan, &request, recorder)
}
