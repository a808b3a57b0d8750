//! Metrics of the last run in Prometheus' text format, for the textfile collector of node_exporter.

use super::run_record::RunRecord;
use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;

/// The metric that a failed run carries over from the earlier file.
const LAST_SUCCESS: &str = "kefu_run_last_success_timestamp_seconds";

/// The fates of an input row, in the order of a record's `audit`.
const FATES: [&str; 6] = ["read", "used", "quarantined", "duplicates", "outside", "ignored"];

/// A gauge with its samples.
struct Gauge {
    name: &'static str,
    help: &'static str,
    /// Labels besides `pipeline`, and the value.
    samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Gauge {
    fn new(name: &'static str, help: &'static str) -> Gauge {
        Gauge { name, help, samples: Vec::new() }
    }

    /// Adds the only sample of a gauge without further labels.
    fn value(self, value: f64) -> Gauge {
        self.sample(Vec::new(), value)
    }

    /// Adds a sample.
    fn sample(mut self, labels: Vec<(&'static str, String)>, value: f64) -> Gauge {
        self.samples.push((labels, value));
        self
    }
}

/// Writes the metrics file of a run. The file is replaced in one step, because the collector may read it at any time. `began`: seconds
/// since 1970. Errors: the folder does not exist or cannot be written.
pub fn expose(file: &Path, record: &RunRecord, began: f64) -> std::io::Result<()> {
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let succeeded = match record.exit_code {
        0 => began + record.seconds,
        _ => last_success(&before, &record.pipeline).unwrap_or(0.0),
    };
    let text = text(&gauges(record, began, succeeded), &record.pipeline);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The collector only reads files that end in `.prom`, so it passes over this one.
    let mut staged = tempfile::Builder::new().prefix(".kefu-").suffix(".tmp").tempfile_in(folder)?;
    staged.write_all(text.as_bytes())?;
    readable_by_all(staged.as_file())?;
    staged.persist(file).map(drop).map_err(|e| e.error)
}

/// Makes the file readable for the collector, which runs as another user.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// When a pipeline last succeeded, according to an earlier metrics file, in seconds since 1970; `None` if the file does not say.
pub(crate) fn last_success(text: &str, pipeline: &str) -> Option<f64> {
    let head = format!("{LAST_SUCCESS}{{pipeline=\"{}\"}} ", escaped(pipeline));
    text.lines().find_map(|line| line.strip_prefix(&head)?.parse().ok())
}

/// All gauges of a run. `succeeded`: when the pipeline last succeeded, in seconds since 1970.
fn gauges(record: &RunRecord, began: f64, succeeded: f64) -> Vec<Gauge> {
    let count = |n: usize| n as f64;
    let mut rows = Gauge::new("kefu_run_rows", "Input rows of the last run by table and by what became of them");
    for (table, counts) in &record.audit {
        for (fate, rows_of_fate) in FATES.into_iter().zip(counts) {
            rows = rows.sample(vec![("table", table.clone()), ("fate", fate.to_owned())], *rows_of_fate as f64);
        }
    }
    let mut stages = Gauge::new("kefu_run_stage_seconds", "Seconds that the stages of the last run took");
    for stage in &record.stages {
        stages = stages.sample(vec![("stage", stage.name.clone())], stage.seconds);
    }
    let held = record.gates.iter().filter(|gate| gate.held).count();
    vec![
        Gauge::new("kefu_run_success", "1 when the last run ended with exit code 0").value(f64::from(u8::from(record.exit_code == 0))),
        Gauge::new("kefu_run_exit_code", "Exit code of the last run").value(f64::from(record.exit_code)),
        Gauge::new("kefu_run_start_timestamp_seconds", "When the last run began, seconds since 1970").value(began),
        Gauge::new("kefu_run_duration_seconds", "Seconds that the last run took").value(record.seconds),
        Gauge::new(LAST_SUCCESS, "When a run last ended with exit code 0, seconds since 1970; 0 is never").value(succeeded),
        rows,
        Gauge::new("kefu_run_files_written", "Files that the last run wrote").value(count(record.files_written)),
        Gauge::new("kefu_run_files_unchanged", "Files that the last run left as they were").value(count(record.files_unchanged)),
        Gauge::new("kefu_run_partitions_failed", "Partitions that the last run could not make")
            .value(count(record.partitions.failed.len())),
        Gauge::new("kefu_run_partitions_held", "Partitions that a gate held back in the last run").value(count(held)),
        stages,
    ]
}

/// The text format of some gauges; one without samples is left out.
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

/// A label's value, escaped for the text format.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
