//! The last run as metrics, in Prometheus' text format, for node_exporter's textfile collector.

use crate::publish::RunRecord;
use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;

const LAST_SUCCESS: &str = "kefu_run_last_success_timestamp_seconds";

/// Columns of a record's audit.
const FATES: [&str; 6] = ["read", "used", "quarantined", "duplicates", "outside", "ignored"];

/// One metric with its samples: further labels, and the value.
struct Gauge {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Gauge {
    fn new(name: &'static str, help: &'static str) -> Gauge {
        Gauge { name, help, samples: Vec::new() }
    }

    fn is(self, value: f64) -> Gauge {
        self.with(Vec::new(), value)
    }

    fn with(mut self, labels: Vec<(&'static str, String)>, value: f64) -> Gauge {
        self.samples.push((labels, value));
        self
    }
}

/// Writes the file whole or not at all: the collector may read at any time. `began`: seconds since 1970.
/// Errors: the folder is not there or cannot be written.
pub fn expose(file: &Path, record: &RunRecord, began: f64) -> std::io::Result<()> {
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let succeeded = match record.exit_code {
        0 => began + record.seconds,
        _ => last_success(&before, &record.pipeline).unwrap_or(0.0),
    };
    let text = text(&gauges(record, began, succeeded), &record.pipeline);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The collector reads what ends in `.prom`, and so not this.
    let mut staged = tempfile::Builder::new().prefix(".kefu-").suffix(".tmp").tempfile_in(folder)?;
    staged.write_all(text.as_bytes())?;
    readable_by_all(staged.as_file())?;
    staged.persist(file).map(drop).map_err(|e| e.error)
}

/// The collector is another user.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// When a pipeline last succeeded, as an earlier file says.
pub fn last_success(text: &str, pipeline: &str) -> Option<f64> {
    let head = format!("{LAST_SUCCESS}{{pipeline=\"{}\"}} ", escaped(pipeline));
    text.lines().find_map(|line| line.strip_prefix(&head)?.parse().ok())
}

fn gauges(record: &RunRecord, began: f64, succeeded: f64) -> Vec<Gauge> {
    let count = |n: usize| n as f64;
    let mut rows = Gauge::new("kefu_run_rows", "Input rows of the last run by table and by what became of them");
    for (table, counts) in &record.audit {
        for (fate, rows_of_fate) in FATES.into_iter().zip(counts) {
            rows = rows.with(vec![("table", table.clone()), ("fate", fate.to_owned())], *rows_of_fate as f64);
        }
    }
    let mut stages = Gauge::new("kefu_run_stage_seconds", "Seconds that the stages of the last run took");
    for stage in &record.stages {
        stages = stages.with(vec![("stage", stage.name.clone())], stage.seconds);
    }
    let held = record.gates.iter().filter(|gate| gate.held).count();
    vec![
        Gauge::new("kefu_run_success", "1 when the last run ended with exit code 0").is(f64::from(u8::from(record.exit_code == 0))),
        Gauge::new("kefu_run_exit_code", "Exit code of the last run").is(f64::from(record.exit_code)),
        Gauge::new("kefu_run_start_timestamp_seconds", "When the last run began, seconds since 1970").is(began),
        Gauge::new("kefu_run_duration_seconds", "Seconds that the last run took").is(record.seconds),
        Gauge::new(LAST_SUCCESS, "When a run last ended with exit code 0, seconds since 1970; 0 is never").is(succeeded),
        rows,
        Gauge::new("kefu_run_files_written", "Files that the last run wrote").is(count(record.files_written)),
        Gauge::new("kefu_run_files_unchanged", "Files that the last run left as they were").is(count(record.files_unchanged)),
        Gauge::new("kefu_run_partitions_failed", "Partitions that the last run could not make").is(count(record.partitions.failed.len())),
        Gauge::new("kefu_run_partitions_held", "Partitions that a gate held back in the last run").is(count(held)),
        stages,
    ]
}

fn text(gauges: &[Gauge], pipeline: &str) -> String {
    let mut text = String::new();
    for gauge in gauges.iter().filter(|gauge| !gauge.samples.is_empty()) {
        let _ = writeln!(text, "# HELP {} {}\n# TYPE {} gauge", gauge.name, gauge.help, gauge.name);
        for (labels, value) in &gauge.samples {
            let labels = labels.iter().map(|(name, value)| format!(",{name}=\"{}\"", escaped(value))).collect::<String>();
            let _ = writeln!(text, "{}{{pipeline=\"{}\"{labels}}} {value}", gauge.name, escaped(pipeline));
        }
    }
    text
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
