//! What a run did, noted while it goes on and kept under `_meta/runs/`, also when it fails. It names no machine.

use super::parquet::SCHEMA_VERSION;
use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
use crate::ingest::Audit;
use crate::job::Plan;
use crate::store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Printed with `--json`, kept as `_meta/runs/<run_id>.json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RunRecord {
    /// A UUID of version 7: sorts by time.
    pub run_id: String,
    pub pipeline: String,
    pub versions: Versions,
    pub started_at: String,
    pub seconds: f64,
    /// Business days asked for, both included.
    pub from: String,
    pub to: String,
    pub landed: String,
    pub input: String,
    pub output: String,
    pub days_read: usize,
    pub days_restated: usize,
    pub inputs: Vec<InputFile>,
    /// By table: rows read, used, quarantined, duplicates, outside, ignored. Summed over the days asked for.
    pub audit: BTreeMap<String, [i64; 6]>,
    pub stages: Vec<Stage>,
    pub gates: Vec<Gate>,
    pub partitions: Partitions,
    pub files_written: usize,
    pub files_unchanged: usize,
    /// Nothing was done: it was only told what would be.
    pub dry_run: bool,
    pub exit_code: u8,
    pub error: Option<Failure>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Versions {
    pub kefu: String,
    /// Of the tables.
    pub schema: String,
    pub rule_sets: String,
}

/// A file that was read: its key below the input root. `rows`: all it holds, good and bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputFile {
    pub table: &'static str,
    pub file: String,
    pub bytes: u64,
    pub rows: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    pub name: String,
    pub seconds: f64,
}

/// A check before publishing. `held`: the partition stays as it was; `forced`: it would have, but for `--force`.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    pub name: String,
    pub partition: String,
    pub held: bool,
    pub why: String,
    pub forced: bool,
}

/// What became of every partition that was made.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Partitions {
    pub written: Vec<Partition>,
    pub unchanged: Vec<Partition>,
    pub failed: Vec<Failed>,
}

/// A file below the output root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Partition {
    pub key: String,
    pub rows: usize,
    pub bytes: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    pub partition: String,
    pub why: String,
}

/// The error that ended a run.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    pub message: String,
    pub context: Vec<(&'static str, String)>,
    pub hint: Option<String>,
}

/// What an error's context calls the partition that was being made.
const PARTITION_CONTEXT: [&str; 3] = ["partition", "business day", "period"];

/// The record of a run under way. Days may note side by side.
pub struct Recorder {
    noted: Mutex<Noted>,
    clock: Instant,
}

struct Noted {
    record: RunRecord,
    /// Bytes and rows by table and file.
    inputs: BTreeMap<(&'static str, String), (u64, i64)>,
    stage_began: Instant,
}

impl Recorder {
    /// `started`: the instant that the run's id begins with.
    pub fn new(started: jiff::Timestamp) -> Recorder {
        let random: [u8; 16] = Uuid::new_v4().into_bytes();
        // Bytes 6 and 8 of a random UUID are not all random.
        let random = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12].map(|place| random[place]);
        let millis = u64::try_from(started.as_millisecond()).unwrap_or_default();
        let run_id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string();
        let record = RunRecord { run_id, started_at: started.to_string(), ..RunRecord::default() };
        let clock = Instant::now();
        Recorder { noted: Mutex::new(Noted { record, inputs: BTreeMap::new(), stage_began: clock }), clock }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn run_id(&self) -> String {
        self.noted().record.run_id.clone()
    }

    pub fn update(&self, change: impl FnOnce(&mut RunRecord)) {
        change(&mut self.noted().record);
    }

    /// What the pipeline file settles.
    pub fn planned(&self, plan: &Plan) {
        self.update(|record| {
            record.pipeline.clone_from(&plan.job.name);
            let (kefu, schema) = (env!("CARGO_PKG_VERSION").to_owned(), SCHEMA_VERSION.to_owned());
            record.versions = Versions { kefu, schema, rule_sets: plan.rules.describe() };
            record.input = plan.input.name().to_owned();
            record.output = plan.output.name().to_owned();
        });
    }

    /// The files that an audit counts. A file read for several days stands once.
    pub fn read(&self, audit: &Audit) {
        let table = audit.table.name();
        let inputs = &mut self.noted().inputs;
        for (file, tally) in &audit.files {
            let bytes = audit.sizes.get(file).copied().unwrap_or_default();
            let (_, rows) = inputs.entry((table, file.clone())).or_insert((bytes, 0));
            *rows = tally.read.max(*rows);
        }
    }

    /// Why a partition would have been held back that was forced.
    pub fn forced(&self, partition: &str) -> Option<String> {
        let noted = self.noted();
        let gate = noted.record.gates.iter().find(|gate| gate.forced && gate.partition == partition)?;
        Some(gate.why.clone())
    }

    /// Days that came to nothing while the others were published.
    pub fn failed(&self, days: &[(Day, Error)]) {
        let failed = days.iter().map(|(day, error)| Failed { partition: format!("business day {day}"), why: error.message().to_owned() });
        self.update(|record| record.partitions.failed.extend(failed));
    }

    /// Ends a stage that began where the last one ended.
    pub fn passed(&self, stage: &str) {
        let mut noted = self.noted();
        let seconds = noted.stage_began.elapsed().as_secs_f64();
        noted.stage_began = Instant::now();
        // A backfill passes its stages once for every stretch of days.
        match noted.record.stages.iter_mut().find(|known| known.name == stage) {
            Some(known) => known.seconds += seconds,
            None => noted.record.stages.push(Stage { name: stage.to_owned(), seconds }),
        }
        tracing::info!(stage, seconds, "stage done");
    }

    /// The record of a run that has ended, well or with an error.
    pub fn ended(&self, error: Option<&Error>) -> RunRecord {
        let noted = self.noted();
        let mut record = noted.record.clone();
        let input = |((table, file), (bytes, rows)): (&(&'static str, String), &(u64, i64))| InputFile {
            table,
            file: file.clone(),
            bytes: *bytes,
            rows: *rows,
        };
        record.inputs = noted.inputs.iter().map(input).collect();
        record.seconds = self.clock.elapsed().as_secs_f64();
        if let Some(error) = error {
            record.exit_code = error.exit_code();
            let stopped = matches!(error.kind(), Kind::Interrupted(_));
            let of_partition = error.context().iter().filter(|(key, _)| !stopped && PARTITION_CONTEXT.contains(key));
            let failed = of_partition.map(|(key, value)| Failed { partition: format!("{key} {value}"), why: error.message().to_owned() });
            record.partitions.failed.extend(failed);
            let (message, hint) = (error.message().to_owned(), error.to_do().map(str::to_owned));
            record.error = Some(Failure { message, context: error.context().to_vec(), hint });
        }
        record
    }
}

impl RunRecord {
    pub fn save(&self, store: &Store) -> Result<()> {
        store.put(&format!("_meta/runs/{}.json", self.run_id), serde_json::to_vec_pretty(self)?)
    }

    /// As `save`, but gives up after a while: after a failure the storage may be what failed.
    pub fn save_within(&self, store: &Store, most: Duration) -> Result<()> {
        let (sender, receiver) = mpsc::channel();
        let (record, store) = (self.clone(), store.clone());
        std::thread::spawn(move || sender.send(record.save(&store)));
        receiver.recv_timeout(most).unwrap_or_else(|_| Err(Error::new(Kind::NotReady, "the storage does not answer")))
    }
}
