//! The commands that set an output right again: `verify --repair` and `repair`.

use super::args::PipelineArgs;
use super::stdout::show;
use crate::config::Plan;
use crate::error::Result;
use crate::publish::{LeaseOptions, Manifest, verify};
use crate::run::{RunRequest, repair, run};
use crate::signals;
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeSet;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Make again what is damaged, and nothing else, then verify once more
    #[arg(long)]
    repair: bool,
}

#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Wait until another run on this output has ended, instead of giving up
    #[arg(long)]
    wait: bool,
}

impl VerifyArgs {
    /// Names every file that is not as it was published.
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        let plan = self.pipeline.load()?;
        let mut verified = verify(&plan.output)?;
        if self.repair && verified.verdict().is_err() {
            signals::install()?;
            make_again(&plan, verified.damaged(), now)?;
            verified = verify(&plan.output)?;
        }
        show(&verified, json)?;
        verified.verdict()
    }
}

impl RepairArgs {
    /// Rebuilds the manifest.
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        let plan = self.pipeline.load()?;
        signals::install()?;
        let options = LeaseOptions { wait: self.wait, ..LeaseOptions::default() };
        show(&repair(&plan, &options, now)?, json)
    }
}

/// Makes damaged files again, and those of a run that died. Errors: the message files of a damaged day are gone; the run fails.
fn make_again(plan: &Plan, damaged: BTreeSet<String>, now: Timestamp) -> Result<()> {
    let manifest = Manifest::load(&plan.output)?;
    let last = manifest.reported().last().copied().max(manifest.landed);
    last.map_or(Ok(()), |last| run(plan, &RunRequest { repair: Some(damaged), ..RunRequest::new(last, last, now) }).map(drop))
}
