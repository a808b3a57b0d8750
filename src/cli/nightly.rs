//! The commands that compute reports, `run` and `backfill`, and `check`, which comes before them.

use super::show;
use super::watch::{Watch, name_of, watched};
use crate::calendar::Day;
use crate::check;
use crate::due::{Evidence, Only};
use crate::error::{Error, Kind, Result};
use crate::job::{Overrides, Plan};
use crate::memory;
use crate::publish::{Manifest, Recorder, Terms};
use crate::run::{Request, landed, run_noting};
use crate::say::say;
use clap::Args;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Pipeline {
    /// The pipeline file [default: the demo on ./sample_data]
    pipeline: Option<PathBuf>,
    /// Overrides `input` from the pipeline file: a path, or an s3://, gs://, az:// or file:// URL
    #[arg(long, env = "KEFU_INPUT", hide_env_values = true)]
    input: Option<String>,
    /// Overrides `output` from the pipeline file
    #[arg(long, env = "KEFU_OUTPUT", hide_env_values = true)]
    output: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Means {
    /// Number of days worked on at the same time [default: one per core]
    #[arg(long, env = "KEFU_JOBS", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    /// Memory limit, 512MB or more; lines that do not fit wait in a temporary file [default: 1536MB]
    #[arg(long, env = "KEFU_MEMORY_LIMIT")]
    memory_limit: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Scope {
    /// Which days to compute. Only `due` also recomputes other days that late data or maturity have changed
    #[arg(long, value_enum, default_value_t = Only::Due)]
    only: Only,
    /// Publish days that a gate would hold back, and note it in the run's record
    #[arg(long)]
    force: bool,
    /// Wait until another run on this output has ended, instead of giving up
    #[arg(long)]
    wait: bool,
    /// On an object store, seconds without a heartbeat after which another run may take over the lease
    #[arg(long, env = "KEFU_LEASE_TTL", default_value_t = Terms::TTL.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    lease_ttl: u64,
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// The options that `run` and `backfill` share.
#[derive(Debug, Args)]
pub(super) struct How {
    /// The last business day for which all orders have arrived [default: the latest day that any run was given]
    #[arg(long)]
    as_of: Option<String>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    means: Means,
    #[command(flatten)]
    watch: Watch,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pipeline: Pipeline,
    /// The business day: 2026-11-20, 20261120, yesterday, today [default: yesterday in the pipeline's zone]
    #[arg(long, env = "KEFU_DATE")]
    date: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub(super) struct Backfill {
    #[command(flatten)]
    pipeline: Pipeline,
    /// First business day: 2026-11-20, 20261120, yesterday, today
    #[arg(long)]
    from: String,
    /// Last business day, included
    #[arg(long)]
    to: String,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pipeline: Pipeline,
    /// The business day whose files to check [default: yesterday in the pipeline's zone]
    #[arg(long, env = "KEFU_DATE")]
    date: Option<String>,
}

impl Pipeline {
    pub(super) fn name(&self) -> String {
        self.pipeline.as_deref().map_or_else(|| "demo".to_owned(), name_of)
    }

    pub(super) fn load(&self) -> Result<Plan> {
        let overrides = Overrides { input: self.input.clone(), output: self.output.clone() };
        Plan::load(self.pipeline.as_deref(), &overrides)
    }
}

impl Run {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        watched((&self.pipeline, &self.how.watch), now, json, |plan, recorder| {
            let day = plan.day(self.date.as_deref(), now)?;
            execute(plan, (day, day), &self.how, now, recorder)
        })
    }
}

impl Backfill {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        watched((&self.pipeline, &self.how.watch), now, json, |plan, recorder| {
            let days = (plan.day(Some(&self.from), now)?, plan.day(Some(&self.to), now)?);
            execute(plan, days, &self.how, now, recorder)
        })
    }
}

impl Check {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        let plan = self.pipeline.load()?;
        let day = plan.day(self.date.as_deref(), now)?;
        let report = check::check(&plan, day);
        show(&report, json)?;
        report.verdict()
    }
}

fn execute(plan: &Plan, (from, to): (Day, Day), how: &How, now: Timestamp, recorder: &Recorder) -> Result<()> {
    let How { as_of, scope, means, .. } = how;
    let memory = means.memory_limit.as_deref().map_or(Ok(memory::DEFAULT_LIMIT), memory::limit)?;
    if from > to {
        return Err(Error::new(Kind::Usage, format!("--from {from} is after --to {to}: the range is empty")));
    }
    let today = plan.calendar.day_of(now.as_millisecond())?;
    if to > today {
        return Err(Error::new(Kind::Usage, format!("{to} lies after today, {today} in {}", plan.job.timezone)).hint("is the year right?"));
    }
    let as_of = as_of.as_deref().map(|text| plan.day(Some(text), now)).transpose()?;
    let zone = (&plan.job.timezone, &plan.job.business_day_starts_at);
    let days = to.0 - from.0 + 1;
    say(&format!(
        "kefu {} · {} · {days} day(s): {from} .. {to} ({}, day starts {})",
        env!("CARGO_PKG_VERSION"),
        plan.job.name,
        zone.0,
        zone.1
    ));
    say(&format!("input  {}\noutput {}", plan.input.name(), plan.output.name()));
    if scope.dry_run {
        let manifest = Manifest::load(&plan.output)?;
        let evidence = Evidence::gather(plan, &manifest, landed(plan, &manifest, to, as_of))?;
        recorder.update(|record| record.dry_run = true);
        say(&evidence.agenda(&manifest, (from, to), scope.only)?.to_string());
        return Ok(());
    }
    let terms = Terms { ttl: Duration::from_secs(scope.lease_ttl), wait: scope.wait, ..Terms::default() };
    let jobs = means.jobs.unwrap_or_else(crate::pipe::workers);
    let request = Request { from, to, as_of, started: now, jobs, memory, only: scope.only, force: scope.force, terms };
    run_noting(plan, &request, recorder)
}
