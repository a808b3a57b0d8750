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
use std::io::Write;
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
        // Of each day a refund that is good and one that is not.
        let refund = |after: i64| format!("s1,g{after},o1,{0} 12:00:00,1.00\ns1,x{after},o1,{0} 12:00:00,much\n", World::date(after));
        let refunds = format!("shop_id,refund_id,order_id,applied_at,amount\n{}", (0..4).map(refund).collect::<String>());
        let tables = vec![("refunds".to_owned(), "all".to_owned(), refunds)];
        let given = Given { rules: format!("preset = \"default\"\n{head}"), judged: false, tables, ..Given::new(input) };
        given.write(world.folder.path());
        world.append("staff.csv", ",nobody\n");
        let pipeline = std::fs::read_to_string(world.pipeline()).unwrap();
        std::fs::write(world.pipeline(), pipeline.replace("[quality]\n", "[quality]\nmax_bad_ratio = 1.0\n")).unwrap();
        (0..days).for_each(|after| world.write(after, 1));
        world
    }

    fn append(&self, file: &str, row: &str) {
        let mut file = std::fs::OpenOptions::new().append(true).open(self.folder.path().join(file)).unwrap();
        file.write_all(row.as_bytes()).unwrap();
    }

    /// Every version has another number of chats, and a bad row.
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
        self.append(&format!("messages/date={}/chats.csv", World::date(after)), "broken\n");
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
        tree(&self.run_once(last), &READ)
    }

    /// What one run over everything that is there leaves.
    pub(crate) fn clean_root(&self, last: i64) -> BTreeMap<String, Bytes> {
        root(&self.run_once(last))
    }

    fn run_once(&self, last: i64) -> Arc<InMemory> {
        let inner = Arc::new(InMemory::new());
        self.run(Faulty::new(&inner, None).store(), 0, last).unwrap();
        inner
    }
}

/// Everything that runs leave, but the records of them and what they keep for one another on the way. The manifest is without the versions
/// that a store gives to what is put into it.
pub(crate) fn root(inner: &Arc<InMemory>) -> BTreeMap<String, Bytes> {
    let mut root = tree(inner, &["reports", "details", "dims", "quarantine", "state", "_meta/audit", "_meta/partitions"]);
    for (_, page) in root.iter_mut().filter(|(key, _)| key.starts_with("_meta/partitions/")) {
        let mut manifest: serde_json::Value = serde_json::from_slice(page).unwrap();
        // The number of a page's versions and the hashes of the pages follow from what the store gives.
        ["sha256", "version", "pages"].iter().for_each(|member| drop(manifest.as_object_mut().unwrap().remove(*member)));
        for file in manifest.get_mut("files").and_then(|files| files.as_object_mut()).into_iter().flat_map(|files| files.values_mut()) {
            file.as_object_mut().unwrap().remove("tag");
        }
        *page = manifest.to_string().into();
    }
    root
}

/// Names what differs.
pub(crate) fn assert_same<T: PartialEq>(found: &BTreeMap<String, T>, expected: &BTreeMap<String, T>, when: &str) {
    let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).collect::<BTreeSet<_>>();
    assert!(differing.is_empty(), "{when}: {differing:?}");
}
