//! A small log that grows and changes while runs come and go.

use super::given::{self, Given};
use super::{date, day, script};
use crate::support::faulty::{Faulty, tree};
use crate::support::scratch::scratch;
use bytes::Bytes;
use kefu::config::Plan;
use kefu::error::Result;
use kefu::observability::RunRecord;
use kefu::publish::{LeaseClock, LeaseOptions};
use kefu::run::{RunRequest, run};
use kefu::store::Store;
use kefu_kernel::calendar::Day;
use object_store::memory::InMemory;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MONDAY: &str = "2026-09-07";
/// What readers read.
pub(crate) const READ: [&str; 3] = ["reports", "details", "dims"];

/// A clock that moves when somebody sleeps.
#[derive(Default)]
struct Slept(Mutex<Duration>);

impl LeaseClock for Slept {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

/// What is chatted on some days, by number of the version.
pub(crate) struct World {
    folder: tempfile::TempDir,
    /// The version of each day's file.
    pub files: BTreeMap<i64, u32>,
}

impl World {
    pub(crate) fn new(days: i64) -> World {
        let mut world = World { folder: scratch(), files: BTreeMap::new() };
        let mut input = given::input(MONDAY, MONDAY);
        input.lines = Vec::new();
        let head = "[reports]\nperiods = [\"day\", \"week\"]\nlevels = [\"shop\"]\n".to_owned();
        let given = Given { rules: format!("preset = \"default\"\n{head}"), judged: false, ..Given::new(input) };
        given.write(world.folder.path());
        (0..days).for_each(|after| world.write(after, 1));
        world
    }

    /// Every version has another number of chats.
    pub(crate) fn write(&mut self, after: i64, version: u32) {
        self.files.insert(after, version);
        let base = day(MONDAY) + after;
        let mut input = given::input(MONDAY, MONDAY);
        let chat = |n: u32| {
            let said = [format!("10:{n:02}:00 s{n} b{n} buyer 在吗"), format!("10:{n:02}:20 s{n} b{n} A 在的")];
            said.map(|line| script::line(&line, base, "s1"))
        };
        input.lines = (0..version + 1).flat_map(chat).collect();
        Given::new(input).write_messages(self.folder.path());
    }

    /// The date of the day so many after the first.
    pub(crate) fn date(after: i64) -> String {
        date(day(MONDAY) + after)
    }

    pub(crate) fn pipeline(&self) -> PathBuf {
        self.folder.path().join("pipeline.toml")
    }

    pub(crate) fn run(&self, output: Store, from: i64, to: i64) -> Result<RunRecord> {
        let plan = Plan { output, ..given::plan(&self.pipeline(), "memory:///") };
        let [from, to] = [from, to].map(|after| Day((day(MONDAY) + after) as i32));
        let started = "2026-11-20T00:00:00Z".parse().unwrap();
        let lease = LeaseOptions { ttl: Duration::from_secs(60), wait: false, clock: Arc::new(Slept::default()) };
        run(&plan, &RunRequest { jobs: 1, lease, ..RunRequest::new(from, to, started) })
    }

    /// The tables of one run over everything that is there.
    pub(crate) fn clean(&self, last: i64) -> BTreeMap<String, Bytes> {
        let inner = Arc::new(InMemory::new());
        self.run(Faulty::new(&inner, None).store(), 0, last).unwrap();
        tree(&inner, &READ)
    }
}

/// Names what differs.
pub(crate) fn assert_same<T: PartialEq>(found: &BTreeMap<String, T>, expected: &BTreeMap<String, T>, when: &str) {
    let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).collect::<BTreeSet<_>>();
    assert!(differing.is_empty(), "{when}: {differing:?}");
}
