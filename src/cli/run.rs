//! The commands that compute reports, `run` and `backfill`, and `check`, which tests beforehand whether they can.

use super::args::{PipelineArgs, RunOptions};
use super::monitoring::monitored;
use super::stdout::show;
use crate::check;
use crate::config::Plan;
use crate::console::say;
use crate::error::{Error, Kind, Result};
use crate::freshness::Freshness;
use crate::memory;
use crate::observability::RunRecorder;
use crate::publish::{LeaseOptions, Manifest};
use crate::run::{RunRequest, landed, run_recorded};
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
            execute(plan, (day, day), &self.options, now, recorder)
        })
    }
}

impl BackfillArgs {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        monitored((&self.pipeline, &self.options.monitoring), now, json, |plan, recorder| {
            let days = (plan.day(Some(&self.from), now)?, plan.day(Some(&self.to), now)?);
            execute(plan, days, &self.options, now, recorder)
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

/// Runs a pipeline for a range of days, or prints what would be done.
fn execute(plan: &Plan, (from, to): (Day, Day), options: &RunOptions, now: Timestamp, recorder: &RunRecorder) -> Result<()> {
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
    if scope.dry_run {
        let manifest = Manifest::load(&plan.output)?;
        let freshness = Freshness::gather(plan, &manifest, landed(plan, &manifest, to, as_of))?;
        recorder.update(|record| record.dry_run = true);
        say(&freshness.plan_view(&manifest, (from, to), scope.only)?.to_string());
        return Ok(());
    }
    let lease = LeaseOptions { ttl: Duration::from_secs(scope.lease_ttl), wait: scope.wait, ..LeaseOptions::default() };
    let jobs = resources.jobs.unwrap_or_else(crate::parallel::workers);
    let request = RunRequest { from, to, as_of, started: now, jobs, memory, only: scope.only, force: scope.force, lease };
    run_recorded(plan, &request, recorder)
}
