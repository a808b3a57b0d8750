//! Runs that die: at every write they make, before the store has done it and after. What a reader finds in between is whole, and the
//! next run ends where one would have ended that never died.

use crate::support::faulty::{Death, Faulty, tree};
use crate::support::given::{self, Given};
use crate::support::{day, script};
use bytes::Bytes;
use kefu::calendar::Day;
use kefu::error::{Kind, Result};
use kefu::job::Plan;
use kefu::publish::{Clock, Manifest, RunRecord, Terms, verify};
use kefu::run::{Request, run};
use object_store::memory::InMemory;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MONDAY: &str = "2026-09-07";
/// What readers read.
const READ: [&str; 3] = ["reports", "details", "dims"];

/// A clock that moves when somebody sleeps.
#[derive(Default)]
struct Slept(Mutex<Duration>);

impl Clock for Slept {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

/// A log that grows: what is chatted on some days, by number of the version.
struct World {
    folder: tempfile::TempDir,
    /// The version of each day's file.
    files: BTreeMap<i64, u32>,
}

impl World {
    fn new(days: i64) -> World {
        let mut world = World { folder: tempfile::tempdir().unwrap(), files: BTreeMap::new() };
        let mut input = given::input(MONDAY, MONDAY);
        input.lines = Vec::new();
        let head = "[reports]\nperiods = [\"day\", \"week\"]\nlevels = [\"shop\"]\n".to_owned();
        let given = Given { rules: format!("preset = \"default\"\n{head}"), judged: false, ..Given::new(input) };
        given.write(world.folder.path());
        (0..days).for_each(|after| world.write(after, 1));
        world
    }

    /// Every version has another number of chats.
    fn write(&mut self, after: i64, version: u32) {
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

    fn plan(&self, faulty: &Faulty) -> Plan {
        let mut plan = given::plan(&self.folder.path().join("pipeline.toml"), "memory:///");
        plan.output = faulty.store();
        plan
    }

    fn run(&self, faulty: &Faulty, from: i64, to: i64) -> Result<RunRecord> {
        let [from, to] = [from, to].map(|after| Day((day(MONDAY) + after) as i32));
        let started = "2026-11-20T00:00:00Z".parse().unwrap();
        let terms = Terms { ttl: Duration::from_secs(60), wait: false, clock: Arc::new(Slept::default()) };
        run(&self.plan(faulty), &Request { jobs: 1, terms, ..Request::new(from, to, started) })
    }

    /// The tables of one run over everything that is there.
    fn clean(&self, last: i64) -> BTreeMap<String, Bytes> {
        let inner = Arc::new(InMemory::new());
        self.run(&Faulty::new(&inner, None), 0, last).unwrap();
        tree(&inner, &READ)
    }
}

/// Names what differs.
fn assert_same(found: &BTreeMap<String, Bytes>, expected: &BTreeMap<String, Bytes>, when: &str) {
    let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).collect::<BTreeSet<_>>();
    assert!(differing.is_empty(), "{when}: {differing:?}");
}

/// Every file is one of the two that it may be, and whole.
fn assert_old_or_new(found: &BTreeMap<String, Bytes>, old: &BTreeMap<String, Bytes>, new: &BTreeMap<String, Bytes>, when: &str) {
    for (key, bytes) in found {
        assert!(old.get(key) == Some(bytes) || new.get(key) == Some(bytes), "{when}: {key} is neither old nor new");
    }
    assert!(old.keys().all(|key| found.contains_key(key)), "{when}: a file is gone");
}

fn assert_verified(inner: &Arc<InMemory>, when: &str) {
    let verified = verify(&Faulty::new(inner, None).store()).unwrap();
    assert!(verified.differences.is_empty(), "{when}: {:?}", verified.differences);
}

#[test]
fn a_run_that_dies_at_any_write_leaves_old_or_new_files_and_the_next_one_ends_it() {
    let mut world = World::new(2);
    let before = Arc::new(InMemory::new());
    world.run(&Faulty::new(&before, None), 0, 1).unwrap();
    let old = tree(&before, &READ);
    // A late file for the first day, and a new day.
    world.write(0, 2);
    world.write(2, 1);
    let done = Arc::new(before.fork());
    let whole = Faulty::new(&done, None);
    world.run(&whole, 2, 2).unwrap();
    let new = tree(&done, &READ);
    assert_same(&new, &world.clean(2), "the run that does not die");
    assert!(whole.writes() > 30, "only {} writes", whole.writes());
    for n in 1..=whole.writes() {
        for death in [Death::Before(n), Death::After(n)] {
            let inner = Arc::new(before.fork());
            let faulty = Faulty::new(&inner, Some(death));
            let ended = world.run(&faulty, 2, 2);
            assert!(faulty.has_died(), "{death:?}");
            // The last write gives the lease back: nobody needs to hear of it.
            assert!(ended.is_err() || n == whole.writes(), "{death:?}");
            assert_old_or_new(&tree(&inner, &READ), &old, &new, &format!("{death:?}"));
            world.run(&Faulty::new(&inner, None), 2, 2).unwrap_or_else(|e| panic!("{death:?}: {e}"));
            assert_same(&tree(&inner, &READ), &new, &format!("{death:?}: the next run ends elsewhere"));
            assert_verified(&inner, &format!("{death:?}"));
        }
    }
}

#[test]
fn a_late_request_of_a_dead_run_overwrites_nothing_newer() {
    let mut world = World::new(1);
    let before = Arc::new(InMemory::new());
    world.run(&Faulty::new(&before, None), 0, 0).unwrap();
    world.write(0, 2);
    let whole = Faulty::new(&Arc::new(before.fork()), None);
    world.run(&whole, 0, 0).unwrap();
    let mut refused = 0;
    for n in 1..=whole.writes() {
        world.write(0, 2);
        let inner = Arc::new(before.fork());
        let dead = Faulty::new(&inner, Some(Death::Held(n)));
        let _ = world.run(&dead, 0, 0);
        world.write(0, 3);
        world.run(&Faulty::new(&inner, None), 0, 0).unwrap_or_else(|e| panic!("held {n}: {e}"));
        let new = world.clean(0);
        assert_same(&tree(&inner, &READ), &new, &format!("held {n}, before it arrives"));
        refused += usize::from(dead.arrive() == 0);
        assert_same(&tree(&inner, &READ), &new, &format!("held {n}: what arrives late overwrites"));
        assert_verified(&inner, &format!("held {n}"));
    }
    assert!(refused > 10, "only {refused} requests were refused");
}

#[test]
fn answers_that_are_lost_are_read_back() {
    let world = World::new(2);
    let expected = world.clean(1);
    let inner = Arc::new(InMemory::new());
    let mut failures = 0;
    for seed in 0..40 {
        // One of six answers is an error; half of the requests were done all the same.
        if world.run(&Faulty::new(&inner, None).unsure(6, seed), 0, 1).is_err() {
            failures += 1;
        }
    }
    assert!(failures > 0);
    world.run(&Faulty::new(&inner, None), 0, 1).unwrap();
    assert_same(&tree(&inner, &READ), &expected, "after lost answers");
    assert_verified(&inner, "after lost answers");
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let world = World::new(2);
    let inner = Arc::new(InMemory::new());
    world.run(&Faulty::new(&inner, None), 0, 1).unwrap();
    let before = tree(&inner, &["reports", "details", "dims", "quarantine", "state"]);
    let again = world.run(&Faulty::new(&inner, None), 0, 1).unwrap();
    assert_eq!((again.days_read, again.days_restated, again.files_written), (0, 0, 0));
    assert_same(&tree(&inner, &["reports", "details", "dims", "quarantine", "state"]), &before, "the second run");
}

/// The holder is alive: it has beaten since it was looked at first.
#[test]
fn a_root_that_another_run_holds_is_left_alone() {
    let world = World::new(1);
    let inner = Arc::new(InMemory::new());
    let store = Faulty::new(&inner, None).store();
    let terms = Terms { ttl: Duration::from_millis(80), wait: false, ..Terms::default() };
    let held = kefu::publish::Lease::take(&store, "another", &terms).unwrap();
    let error = kefu::publish::Lease::take(&store, "own", &Terms { ttl: Duration::from_secs(2), ..terms.clone() }).err().unwrap();
    assert_eq!((error.kind(), error.exit_code()), (Kind::NotReady, 75));
    assert!(held.check().is_ok());
    drop(held);
    world.run(&Faulty::new(&inner, None), 0, 0).unwrap();
}

// ---- the simulation ---------------------------------------------------------------------------

/// Nights, backfills, late files, deaths and requests that arrive late, as the dice fall; then one run without faults.
fn simulate(seed: u64) {
    const DAYS: i64 = 4;
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut world = World::new(1);
    let inner = Arc::new(InMemory::new());
    let (mut known, mut away): (i64, Vec<Faulty>) = (0, Vec::new());
    for _ in 0..dice.random_range(3..7) {
        match dice.random_range(0..10) {
            // A file lands late, or a day begins.
            0..3 => {
                let after = dice.random_range(0..=(known + 1).min(DAYS - 1));
                known = known.max(after);
                (0..=known).for_each(|after| {
                    if !world.files.contains_key(&after) {
                        world.write(after, 1)
                    }
                });
                world.write(after, dice.random_range(1..4));
            }
            3 => away.drain(..).for_each(|faulty| {
                faulty.arrive();
            }),
            _ => {
                let n = dice.random_range(1..70);
                let death = [None, Some(Death::Before(n)), Some(Death::After(n)), Some(Death::Held(n))][dice.random_range(0..4)];
                let faulty = Faulty::new(&inner, death);
                let faulty = if dice.random_ratio(1, 4) { faulty.unsure(15, dice.random()) } else { faulty };
                let from = if dice.random_ratio(1, 2) { known } else { 0 };
                let _ = world.run(&faulty, from, known);
                away.push(faulty);
            }
        }
    }
    away.drain(..).for_each(|faulty| {
        faulty.arrive();
    });
    world.run(&Faulty::new(&inner, None), 0, known).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let expected = world.clean(known);
    assert_same(&tree(&inner, &READ), &expected, &format!("seed {seed}"));
    assert_verified(&inner, &format!("seed {seed}"));
    assert!(Manifest::load(&Faulty::new(&inner, None).store()).unwrap().unsure.is_empty(), "seed {seed}: a publication is open");
}

/// `KEFU_SEED=17 cargo test simulations` plays one of them again, `KEFU_SEEDS=1000` that many.
#[test]
fn simulations_end_where_a_clean_run_does() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("KEFU_SEED") {
        return simulate(seed);
    }
    let seeds = number("KEFU_SEEDS").unwrap_or(100);
    let half = |first: u64| (first..seeds).step_by(2).for_each(simulate);
    rayon::join(|| half(0), || half(1));
}
