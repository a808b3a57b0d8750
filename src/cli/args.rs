//! Arguments that several commands share.

use crate::config::{Overrides, Plan};
use crate::error::Result;
use crate::freshness::DaySelection;
use crate::publish::LeaseOptions;
use clap::Args;
use std::path::{Path, PathBuf};

// The doc comments of fields are the texts of the help.

#[derive(Debug, Args)]
pub(super) struct PipelineArgs {
    /// The pipeline file [default: the demo on ./sample_data]
    pub(super) pipeline: Option<PathBuf>,
    /// Overrides `input` from the pipeline file: a path, or an s3://, gs://, az:// or file:// URL
    #[arg(long, env = "KEFU_INPUT", hide_env_values = true)]
    pub(super) input: Option<String>,
    /// Overrides `output` from the pipeline file
    #[arg(long, env = "KEFU_OUTPUT", hide_env_values = true)]
    pub(super) output: Option<String>,
}

impl PipelineArgs {
    /// The name of the pipeline, even if its file is wrong.
    pub(super) fn name(&self) -> String {
        self.pipeline.as_deref().map_or_else(|| "demo".to_owned(), name_of)
    }

    /// Loads the pipeline. Errors: the file is wrong.
    pub(super) fn load(&self) -> Result<Plan> {
        let overrides = Overrides { input: self.input.clone(), output: self.output.clone() };
        Plan::load(self.pipeline.as_deref(), &overrides)
    }
}

#[derive(Debug, Args)]
pub(super) struct ResourceArgs {
    /// Number of days worked on at the same time [default: one per core]
    #[arg(long, env = "KEFU_JOBS", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub(super) jobs: Option<usize>,
    /// Memory limit, 512MB or more; lines that do not fit wait in a temporary file [default: 1536MB]
    #[arg(long, env = "KEFU_MEMORY_LIMIT")]
    pub(super) memory_limit: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    /// Which days to compute. Only `due` also makes missed days and recomputes others that late data or maturity have changed
    #[arg(long, value_enum, default_value_t = DaySelection::Due)]
    pub(super) only: DaySelection,
    /// Publish days that a gate would hold back, and note it in the run's record
    #[arg(long)]
    pub(super) force: bool,
    /// Wait until another run on this output has ended, instead of giving up
    #[arg(long)]
    pub(super) wait: bool,
    /// On an object store, seconds without a heartbeat after which another run may take over the lease
    #[arg(long, env = "KEFU_LEASE_TTL", default_value_t = LeaseOptions::TTL.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) lease_ttl: u64,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// The options that `run` and `backfill` share.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// The last business day for which all orders have arrived [default: the latest day that any run was given]
    #[arg(long)]
    pub(super) as_of: Option<String>,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) resources: ResourceArgs,
    #[command(flatten)]
    pub(super) monitoring: MonitoringArgs,
}

/// The `name` in a pipeline file, or the name of the file if it cannot be parsed.
fn name_of(file: &Path) -> String {
    let written = std::fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let name = written.and_then(|table| table.get("name")?.as_str().map(str::to_owned));
    name.unwrap_or_else(|| file.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}

#[derive(Debug, Args)]
pub(super) struct MonitoringArgs {
    /// Write the figures of the run as Prometheus metrics, for node_exporter's textfile collector; the name must end in .prom
    #[arg(long, env = "KEFU_METRICS_FILE", value_name = "PATH", help_heading = "Monitoring")]
    pub(super) metrics_file: Option<PathBuf>,
    /// Append OpenLineage events to a file, or post them to a server such as http://marquez:5000
    #[arg(long, env = "OPENLINEAGE_URL", hide_env_values = true, value_name = "FILE|URL", help_heading = "Monitoring")]
    pub(super) openlineage: Option<String>,
    /// The path at which the OpenLineage server accepts events
    #[arg(long, env = "OPENLINEAGE_ENDPOINT", default_value = "api/v1/lineage", value_name = "PATH", help_heading = "Monitoring")]
    pub(super) openlineage_endpoint: String,
    /// The OpenLineage namespace of the pipeline's job
    #[arg(long, env = "OPENLINEAGE_NAMESPACE", default_value = "kefu", value_name = "NAME", help_heading = "Monitoring")]
    pub(super) openlineage_namespace: String,
    /// The API key of the OpenLineage server; prefer the variable, which other users of the machine do not see
    #[arg(long, env = "OPENLINEAGE_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = "Monitoring")]
    pub(super) openlineage_api_key: Option<String>,
}
