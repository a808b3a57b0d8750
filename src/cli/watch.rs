//! The surroundings of a run: signals, its record, metrics and lineage.

use super::nightly::Pipeline;
use super::{log, print, summary};
use crate::error::{Kind, Result};
use crate::job::Plan;
use crate::publish::{Recorder, RunRecord};
use crate::signals;
use crate::watch::{Lineage, Target, expose};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a failed run may take to write its record: less than a scheduler waits between SIGTERM and SIGKILL.
const RECORD_DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Write the figures of the run as Prometheus metrics, for node_exporter's textfile collector; the name must end in .prom
    #[arg(long, env = "KEFU_METRICS_FILE", value_name = "PATH", help_heading = "Monitoring")]
    metrics_file: Option<PathBuf>,
    /// Append OpenLineage events to a file, or post them to a server such as http://marquez:5000
    #[arg(long, env = "OPENLINEAGE_URL", hide_env_values = true, value_name = "FILE|URL", help_heading = "Monitoring")]
    openlineage: Option<String>,
    /// The path at which the OpenLineage server accepts events
    #[arg(long, env = "OPENLINEAGE_ENDPOINT", default_value = "api/v1/lineage", value_name = "PATH", help_heading = "Monitoring")]
    openlineage_endpoint: String,
    /// The OpenLineage namespace of the pipeline's job
    #[arg(long, env = "OPENLINEAGE_NAMESPACE", default_value = "kefu", value_name = "NAME", help_heading = "Monitoring")]
    openlineage_namespace: String,
    /// The API key of the OpenLineage server; prefer the variable, which other users of the machine do not see
    #[arg(long, env = "OPENLINEAGE_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = "Monitoring")]
    openlineage_api_key: Option<String>,
}

impl Watch {
    fn lineage(&self) -> Result<Option<Lineage>> {
        let Some(location) = &self.openlineage else { return Ok(None) };
        let target = Target::new(location, &self.openlineage_endpoint, self.openlineage_api_key.clone())?;
        Ok(Some(Lineage::new(target, &self.openlineage_namespace)))
    }

    /// A metrics file that cannot be written does not fail the run: there is an alert for an old file.
    fn expose(&self, record: &RunRecord, began: Timestamp) {
        let Some(file) = &self.metrics_file else { return };
        if let Err(e) = expose(file, record, began.as_duration().as_secs_f64()) {
            tracing::warn!(file = %file.display(), error = %e, "the metrics file cannot be written");
        }
    }
}

/// Does the work of a run, and everything that has to happen before and after it, whether it succeeds or fails.
/// Errors: those of the work; the record of a successful run cannot be written.
pub(super) fn watched(
    (pipeline, watch): (&Pipeline, &Watch),
    now: Timestamp,
    json: bool,
    work: impl FnOnce(&Plan, &Recorder) -> Result<()>,
) -> Result<()> {
    let recorder = Recorder::new(now);
    let _run = log::run(&recorder.run_id()).enter();
    let lineage = watch.lineage()?;
    recorder.update(|record| record.pipeline = pipeline.name());
    signals::install()?;
    if let Some(lineage) = &lineage {
        lineage.start(&recorder.ended(None));
    }
    let plan = pipeline.load();
    let mut ended = match &plan {
        Ok(plan) => signals::check().and_then(|()| work(plan, &recorder)),
        Err(_) => Ok(()),
    };
    let mut record = recorder.ended(plan.as_ref().err().or(ended.as_ref().err()));
    if let Ok(plan) = &plan {
        ended = keep(&record, plan, ended);
        if record.error.is_none() && ended.is_err() {
            record = recorder.ended(ended.as_ref().err());
        }
    }
    watch.expose(&record, now);
    if let Some(lineage) = &lineage {
        let at = now.checked_add(SignedDuration::try_from_secs_f64(record.seconds).unwrap_or_default()).unwrap_or(now);
        lineage.end(&record, &at.to_string());
    }
    plan?;
    ended.map_err(|e| e.with("run", &record.run_id))?;
    if json { print(&serde_json::to_string(&record)?) } else { summary::summarize(&record) }
}

/// Writes the record beside the tables. If the run failed, its own error is returned, even if the record cannot be written either.
fn keep(record: &RunRecord, plan: &Plan, ended: Result<()>) -> Result<()> {
    if record.dry_run {
        return ended;
    }
    let Err(error) = ended else { return record.save(&plan.output) };
    // A wrong command line has done nothing that is worth a record.
    if error.kind() != Kind::Usage
        && let Err(e) = record.save_within(&plan.output, RECORD_DEADLINE)
    {
        tracing::warn!(error = %e, "the record of this run cannot be kept");
    }
    Err(error)
}

/// The name of a pipeline whose file may be wrong: the `name` in it, otherwise the name of the file.
pub(super) fn name_of(file: &Path) -> String {
    let written = std::fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let name = written.and_then(|table| table.get("name")?.as_str().map(str::to_owned));
    name.unwrap_or_else(|| file.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}
