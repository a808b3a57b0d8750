//! The commands that read an output root and change nothing: `plan`, `status`.

use super::args::PipelineArgs;
use super::stdout::show;
use crate::config::Plan;
use crate::error::{Error, Kind, Result};
use crate::freshness::{DaySelection, Freshness, MissedDays};
use crate::ingest;
use crate::plan_view::PlanView;
use crate::publish::Manifest;
use crate::run::landed;
use clap::Args;
use jiff::Timestamp;
use kefu_kernel::calendar::Day;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
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

impl PlanArgs {
    /// Shows what a run would do, and why.
    pub(super) fn plan(self, now: Timestamp, json: bool, only: DaySelection) -> Result<()> {
        let (plan, from, to) = self.range(now)?;
        let manifest = Manifest::load(&plan.output)?;
        // A plan for one day is that of `run`, which makes missed days too.
        let view = self.view_of(&plan, &manifest, to, now, |freshness| {
            let missed = if from == to { freshness.missed_before(&manifest, from)? } else { MissedDays::default() };
            freshness.plan_view_with(&manifest, (from, to), only, &missed)
        })?;
        show(&view, json)
    }

    /// Shows a calendar of the published days.
    pub(super) fn status(self, now: Timestamp, json: bool) -> Result<()> {
        let (plan, from, to) = self.range(now)?;
        let manifest = Manifest::load(&plan.output)?;
        // The calendar shows the present state: nothing has landed that no run was requested for.
        let through = manifest.landed.unwrap_or(to);
        let view =
            self.view_of(&plan, &manifest, through, now, |freshness| freshness.plan_view(&manifest, (from, to), DaySelection::Due))?;
        show(&view.calendar(), json)
    }

    /// A `view` of the present state. `through`: the last landed day if neither `--as-of` nor a past run says so.
    fn view_of(
        &self,
        plan: &Plan,
        manifest: &Manifest,
        through: Day,
        now: Timestamp,
        view: impl FnOnce(&Freshness) -> Result<PlanView>,
    ) -> Result<PlanView> {
        let as_of = self.as_of.as_deref().map(|text| plan.day(Some(text), now)).transpose()?;
        view(&Freshness::gather(plan, manifest, landed(plan, manifest, through, as_of))?)
    }

    /// The pipeline and the range of days to show. Without arguments it is all days with chats or reports.
    fn range(&self, now: Timestamp) -> Result<(Plan, Day, Day)> {
        let plan = self.pipeline.load()?;
        let to = plan.day(self.to.as_deref(), now)?;
        let from = match &self.from {
            Some(from) => plan.day(Some(from), now)?,
            None => {
                let first_log = ingest::partition_range(&plan)?.map(|(first, _)| first);
                let first_published = Manifest::load(&plan.output)?.days.keys().next().copied();
                first_log.into_iter().chain(first_published).min().unwrap_or(to)
            }
        };
        // Without --to the range ends with the log, because the log of the demo ends long before yesterday.
        let to = if self.to.is_none() { ingest::partition_range(&plan)?.map_or(to, |(_, last)| to.min(last.max(from))) } else { to };
        if from > to {
            return Err(Error::new(Kind::Usage, format!("--from {from} is after --to {to}: the range is empty")));
        }
        Ok((plan, from, to))
    }
}
