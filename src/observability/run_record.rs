//! The record of a run, collected while it goes on and stored under `_meta/runs/`, even if the run fails. It names no machine.

use crate::config::Plan;
use crate::error::{Context, Error, Kind, Result};
use crate::ingest::Audit;
use crate::staging::SCHEMA_VERSION;
use crate::store::Store;
use kefu_kernel::calendar::Day;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The record of a run. `--json` prints it, and `_meta/runs/<run_id>.json` stores it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RunRecord {
    /// A UUID of version 7, which sorts by the start of the run.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    pub versions: Versions,
    /// The start, in UTC and RFC 3339.
    pub started_at: String,
    /// The duration.
    pub seconds: f64,
    /// The first of the business days asked for.
    pub from: String,
    /// The last of the business days asked for.
    pub to: String,
    /// The last business day for which all orders had arrived.
    pub landed: String,
    /// The input root.
    pub input: String,
    /// The output root.
    pub output: String,
    /// Days whose chats were read.
    pub days_read: usize,
    /// Days whose reports were computed again.
    pub days_restated: usize,
    pub inputs: Vec<InputFile>,
    /// By input table: rows read, used, quarantined, duplicates, outside, ignored, summed over the days of the run.
    pub audit: BTreeMap<String, [i64; 6]>,
    pub stages: Vec<StageTiming>,
    pub gates: Vec<Gate>,
    pub warnings: Vec<Warning>,
    pub partitions: Partitions,
    pub files_written: usize,
    pub files_unchanged: usize,
    /// Files that were deleted because they have no place in the calendar of the pipeline any more, or no bad row.
    pub files_withdrawn: usize,
    /// The run only showed what it would do.
    pub dry_run: bool,
    pub exit_code: u8,
    pub error: Option<RunFailure>,
}

/// The versions that the numbers of a run depend on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Versions {
    pub kefu: String,
    /// The version of the files' layout.
    pub schema: String,
    /// The pipeline's choice of presets.
    pub rule_sets: String,
}

/// An input file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputFile {
    pub table: &'static str,
    /// The key below the input root.
    pub file: String,
    /// The size in bytes.
    pub bytes: u64,
    /// All rows of the file, good and bad.
    pub rows: i64,
}

/// The time that a stage of the run took, summed over all ranges of days.
#[derive(Clone, Debug, Serialize)]
pub struct StageTiming {
    pub name: String,
    pub seconds: f64,
}

/// What a reader of the numbers should know about an input table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub table: &'static str,
    /// The business day; `None` if it concerns the table as a whole.
    pub business_day: Option<String>,
    /// The warning, with what to write.
    pub warning: String,
}

/// A check before publishing that a partition did not pass (DECISIONS #50).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    pub name: String,
    pub partition: String,
    /// The partition was not published.
    pub held: bool,
    pub why: String,
    /// The partition was published only because of `--force`.
    pub forced: bool,
}

/// The outcome of every partition that was computed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Partitions {
    pub written: Vec<Partition>,
    pub unchanged: Vec<Partition>,
    pub failed: Vec<FailedPartition>,
}

/// A staged or published file of the output root, by its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Partition {
    pub key: String,
    pub rows: usize,
    pub bytes: usize,
}

/// A partition that could not be computed, and why.
#[derive(Clone, Debug, Serialize)]
pub struct FailedPartition {
    pub partition: String,
    pub why: String,
}

/// The error that ended a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunFailure {
    pub message: String,
    pub context: Vec<(&'static str, String)>,
    pub hint: Option<String>,
}

/// The keys of an error's context that name the partition that was being computed.
const PARTITION_CONTEXT: [&str; 3] = ["partition", "business day", "period"];

/// What a record held at some time.
pub struct RecordSnapshot {
    record: RunRecord,
    inputs: BTreeMap<(&'static str, String), (u64, i64)>,
}

/// Collects the record of a run. Several threads may record at the same time.
pub struct RunRecorder {
    state: Mutex<RecordInProgress>,
    clock: Instant,
}

/// The record so far.
struct RecordInProgress {
    record: RunRecord,
    /// Bytes and rows by table and file.
    inputs: BTreeMap<(&'static str, String), (u64, i64)>,
    stage_began: Instant,
}

impl RunRecorder {
    /// Starts a record. The run's id begins with `started`.
    pub fn new(started: jiff::Timestamp) -> RunRecorder {
        let random: [u8; 16] = Uuid::new_v4().into_bytes();
        // Bytes 6 and 8 of a random UUID hold its version and variant, so they are left out.
        let random = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12].map(|place| random[place]);
        let millis = u64::try_from(started.as_millisecond()).unwrap_or_default();
        let run_id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string();
        let record = RunRecord { run_id, started_at: started.to_string(), ..RunRecord::default() };
        let clock = Instant::now();
        RunRecorder { state: Mutex::new(RecordInProgress { record, inputs: BTreeMap::new(), stage_began: clock }), clock }
    }

    fn state(&self) -> MutexGuard<'_, RecordInProgress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of the run.
    pub fn run_id(&self) -> String {
        self.state().record.run_id.clone()
    }

    /// Changes the record.
    pub fn update(&self, change: impl FnOnce(&mut RunRecord)) {
        change(&mut self.state().record);
    }

    /// Records what the pipeline file determines: name, versions and roots.
    pub fn record_plan(&self, plan: &Plan) {
        self.update(|record| {
            record.pipeline.clone_from(&plan.config.name);
            let (kefu, schema) = (env!("CARGO_PKG_VERSION").to_owned(), SCHEMA_VERSION.to_owned());
            record.versions = Versions { kefu, schema, rule_sets: plan.rules.describe() };
            record.input = plan.input.name().to_owned();
            record.output = plan.output.name().to_owned();
        });
    }

    /// Records the files that an audit counts. A file that is read for several days is recorded once, with the most rows read.
    pub fn record_inputs(&self, audit: &Audit) {
        let table = audit.table.name();
        let inputs = &mut self.state().inputs;
        for (file, tally) in &audit.files {
            let bytes = audit.sizes.get(file).copied().unwrap_or_default();
            let (_, rows) = inputs.entry((table, file.clone())).or_insert((bytes, 0));
            *rows = tally.read.max(*rows);
        }
    }

    /// What the record holds now.
    pub fn snapshot(&self) -> RecordSnapshot {
        let state = self.state();
        RecordSnapshot { record: state.record.clone(), inputs: state.inputs.clone() }
    }

    /// Takes back what was recorded since a snapshot, because it is done once more. The time that it took stays.
    pub fn rewind(&self, to: RecordSnapshot) {
        let mut state = self.state();
        let stages = std::mem::take(&mut state.record.stages);
        (state.record, state.inputs) = (RunRecord { stages, ..to.record }, to.inputs);
    }

    /// Why a partition would have been held back without `--force`; `None` if it was not forced.
    pub fn force_reason(&self, partition: &str) -> Option<String> {
        let state = self.state();
        let gate = state.record.gates.iter().find(|gate| gate.forced && gate.partition == partition)?;
        Some(gate.why.clone())
    }

    /// Records the days that failed while others were published.
    pub fn record_failed_days(&self, days: &[(Day, Error)]) {
        let failed =
            days.iter().map(|(day, error)| FailedPartition { partition: format!("business day {day}"), why: error.message().to_owned() });
        self.update(|record| record.partitions.failed.extend(failed));
    }

    /// Records a warning. Returns whether it is new.
    pub fn record_warning(&self, warning: Warning) -> bool {
        let mut state = self.state();
        let is_new = !state.record.warnings.contains(&warning);
        if is_new {
            state.record.warnings.push(warning);
        }
        is_new
    }

    /// Records the end of a stage, which began when the one before it ended.
    pub fn end_stage(&self, stage: &str) {
        let mut state = self.state();
        let seconds = state.stage_began.elapsed().as_secs_f64();
        state.stage_began = Instant::now();
        // A backfill runs its stages once for every range of days.
        match state.record.stages.iter_mut().find(|known| known.name == stage) {
            Some(known) => known.seconds += seconds,
            None => state.record.stages.push(StageTiming { name: stage.to_owned(), seconds }),
        }
        tracing::info!(stage, seconds, "stage done");
    }

    /// The record of the run as it ends now, with the error that ended it.
    pub fn finish(&self, error: Option<&Error>) -> RunRecord {
        let state = self.state();
        let mut record = state.record.clone();
        let input = |((table, file), (bytes, rows)): (&(&'static str, String), &(u64, i64))| InputFile {
            table,
            file: file.clone(),
            bytes: *bytes,
            rows: *rows,
        };
        record.inputs = state.inputs.iter().map(input).collect();
        record.seconds = self.clock.elapsed().as_secs_f64();
        if let Some(error) = error {
            record.exit_code = error.exit_code();
            // A signal is not the fault of the partition that it interrupted.
            let stopped = matches!(error.kind(), Kind::Interrupted(_));
            let of_partition = error.context().iter().filter(|(key, _)| !stopped && PARTITION_CONTEXT.contains(key));
            let failed =
                of_partition.map(|(key, value)| FailedPartition { partition: format!("{key} {value}"), why: error.message().to_owned() });
            record.partitions.failed.extend(failed);
            let (message, hint) = (error.message().to_owned(), error.hint_text().map(str::to_owned));
            record.error = Some(RunFailure { message, context: error.context().to_vec(), hint });
        }
        record
    }
}

impl RunRecord {
    /// The key of the record below an output root.
    pub fn key(&self) -> String {
        format!("_meta/runs/{}.json", self.run_id)
    }

    /// Stores the record below an output root.
    pub fn save(&self, store: &Store) -> Result<()> {
        store.put(&self.key(), serde_json::to_vec_pretty(self)?).with("while", "writing the record of the run")
    }

    /// As `save`, but gives up after `limit`: when a run has failed, the storage may be the reason.
    pub fn save_within(&self, store: &Store, limit: Duration) -> Result<()> {
        let (sender, receiver) = mpsc::channel();
        let (record, store) = (self.clone(), store.clone());
        std::thread::spawn(move || sender.send(record.save(&store)));
        receiver.recv_timeout(limit).unwrap_or_else(|_| Err(Error::new(Kind::NotReady, "the storage does not answer")))
    }
}
