//! What surrounds a run: signals, the record, metrics and lineage.

use super::args::{MonitoringArgs, PipelineArgs};
use super::stdout::print;
use super::{log, summary};
use crate::config::Plan;
use crate::error::{Kind, Result};
use crate::observability::{Lineage, LineageTarget, expose};
use crate::observability::{RunRecord, RunRecorder};
use crate::signals;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The longest time that a failed run may take to write its record. It is shorter than the time between SIGTERM and SIGKILL of a scheduler.
const RECORD_DEADLINE: Duration = Duration::from_secs(10);

/// Does the `work` of a run, and everything that has to happen before and after it, whether it succeeds or fails.
/// Errors: the work fails, or the record of a successful run cannot be written.
pub(super) fn monitored(
    (pipeline, monitoring): (&PipelineArgs, &MonitoringArgs),
    now: Timestamp,
    json: bool,
    work: impl FnOnce(&Plan, &RunRecorder) -> Result<()>,
) -> Result<()> {
    let recorder = RunRecorder::new(now);
    let _run = log::run(&recorder.run_id()).enter();
    let lineage = monitoring.lineage()?;
    recorder.update(|record| record.pipeline = pipeline.name());
    signals::install()?;
    if let Some(lineage) = &lineage {
        lineage.start(&recorder.finish(None));
    }
    let plan = pipeline.load();
    let mut ended = match &plan {
        Ok(plan) => signals::check().and_then(|()| work(plan, &recorder)),
        Err(_) => Ok(()),
    };
    let mut record = recorder.finish(plan.as_ref().err().or(ended.as_ref().err()));
    if let Ok(plan) = &plan {
        ended = save_record(&record, plan, ended);
        if record.error.is_none() && ended.is_err() {
            record = recorder.finish(ended.as_ref().err());
        }
    }
    monitoring.expose(&record, now);
    if let Some(lineage) = &lineage {
        let at = now.checked_add(SignedDuration::try_from_secs_f64(record.seconds).unwrap_or_default()).unwrap_or(now);
        lineage.end(&record, &at.to_string());
    }
    plan?;
    ended.map_err(|e| e.with("run", &record.run_id))?;
    if json { print(&serde_json::to_string(&record)?) } else { summary::summarize(&record) }
}

/// Writes the record beside the tables. If the run failed, its own error is returned, even if the record cannot be written either; that it
/// is lost is then said.
fn save_record(record: &RunRecord, plan: &Plan, ended: Result<()>) -> Result<()> {
    if record.dry_run {
        return ended;
    }
    let Err(error) = ended else { return record.save(&plan.output) };
    // A run that was refused for its command line has done nothing, so it has no record.
    if error.kind() != Kind::Usage
        && let Err(e) = record.save_within(&plan.output, RECORD_DEADLINE)
    {
        let (file, why) = (plan.output.describe(&record.key()), e.in_one_line());
        tracing::warn!(file, error = why, "the record of this run is lost: it cannot be written");
    }
    Err(error)
}

impl MonitoringArgs {
    /// The OpenLineage client. `None` if no target is given. Errors: the target is not a file or a URL.
    fn lineage(&self) -> Result<Option<Lineage>> {
        let Some(location) = &self.openlineage else { return Ok(None) };
        let target = LineageTarget::new(location, &self.openlineage_endpoint, self.openlineage_api_key.clone())?;
        Ok(Some(Lineage::new(target, &self.openlineage_namespace)))
    }

    /// Writes the metrics file. A failure is logged and does not fail the run, because there is an alert for an outdated file.
    fn expose(&self, record: &RunRecord, began: Timestamp) {
        let Some(file) = &self.metrics_file else { return };
        if let Err(e) = expose(file, record, began.as_duration().as_secs_f64()) {
            tracing::warn!(file = %file.display(), error = %e, "the metrics file cannot be written");
        }
    }
}
