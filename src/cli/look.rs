//! The commands that read an output root and change nothing: `plan`, `status`, `verify`.

use super::nightly::Pipeline;
use super::show;
use crate::calendar::Day;
use crate::due::{Agenda, Evidence, Only};
use crate::error::{Error, Kind, Result};
use crate::ingest;
use crate::job::Plan;
use crate::publish::{Manifest, verify};
use crate::run::landed;
use clap::Args;
use jiff::Timestamp;

#[derive(Debug, Args)]
pub(super) struct Look {
    #[command(flatten)]
    pipeline: Pipeline,
    /// First business day [default: the first that has chats or reports]
    #[arg(long)]
    from: Option<String>,
    /// Last business day, included [default: yesterday in the pipeline's zone]
    #[arg(long)]
    to: Option<String>,
    /// The last business day for which all orders have arrived [default: the latest day that any run was given]
    #[arg(long)]
    as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    pipeline: Pipeline,
}

impl Look {
    /// Shows what a run would do, and why.
    pub(super) fn plan(self, now: Timestamp, json: bool, only: Only) -> Result<()> {
        let (plan, from, to) = self.range(now)?;
        let manifest = Manifest::load(&plan.output)?;
        show(&self.agenda(&plan, &manifest, (from, to), (to, only), now)?, json)
    }

    /// Shows a calendar of the published days.
    pub(super) fn status(self, now: Timestamp, json: bool) -> Result<()> {
        let (plan, from, to) = self.range(now)?;
        let manifest = Manifest::load(&plan.output)?;
        // The state as it is now, not as a run of the last day would leave it.
        let agenda = self.agenda(&plan, &manifest, (from, to), (manifest.landed.unwrap_or(to), Only::Due), now)?;
        show(&agenda.calendar(), json)
    }

    fn agenda(&self, plan: &Plan, manifest: &Manifest, days: (Day, Day), (through, only): (Day, Only), now: Timestamp) -> Result<Agenda> {
        let as_of = self.as_of.as_deref().map(|text| plan.day(Some(text), now)).transpose()?;
        let evidence = Evidence::gather(plan, manifest, landed(plan, manifest, through, as_of))?;
        evidence.agenda(manifest, days, only)
    }

    fn range(&self, now: Timestamp) -> Result<(Plan, Day, Day)> {
        let plan = self.pipeline.load()?;
        let to = plan.day(self.to.as_deref(), now)?;
        let from = match &self.from {
            Some(from) => plan.day(Some(from), now)?,
            None => {
                let logged = ingest::dates(&plan, &plan.job.messages)?.map(|(first, _)| first);
                let made = Manifest::load(&plan.output)?.days.keys().next().copied();
                logged.into_iter().chain(made).min().unwrap_or(to)
            }
        };
        // The logs of the demo end long before yesterday.
        let to =
            if self.to.is_none() { ingest::dates(&plan, &plan.job.messages)?.map_or(to, |(_, last)| to.min(last.max(from))) } else { to };
        if from > to {
            return Err(Error::new(Kind::Usage, format!("--from {from} is after --to {to}: the range is empty")));
        }
        Ok((plan, from, to))
    }
}

impl Verify {
    pub(super) fn run(self, json: bool) -> Result<()> {
        let plan = self.pipeline.load()?;
        let verified = verify(&plan.output)?;
        show(&verified, json)?;
        verified.verdict()
    }
}
