//! Runs that die: at every write they make, before the store has done it and after. What a reader finds in between is whole, and the
//! next run ends where one would have ended that never died.

use crate::support::faulty::{Death, Faulty, tree};
use crate::support::manifest::unseal;
use crate::support::scratch::scratch;
use crate::support::world::{READ, World, assert_same, root};
use bytes::Bytes;
use kefu::error::Kind;
use kefu::publish::{LeaseOptions, Manifest, verify};
use kefu::store::Store;
use object_store::memory::InMemory;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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
    world.run(Faulty::new(&before, None).store(), 0, 1).unwrap();
    let old = tree(&before, &READ);
    // A late file for the first day, and a new day.
    world.write(0, 2);
    world.write(2, 1);
    let done = Arc::new(before.fork());
    let whole = Faulty::new(&done, None);
    world.run(whole.store(), 2, 2).unwrap();
    let new = root(&done);
    assert!(new.keys().any(|key| key.starts_with("quarantine/refunds/")) && new.keys().any(|key| key.starts_with("quarantine/staff/")));
    assert_same(&new, &world.clean_root(2), "the run that does not die");
    assert!(whole.writes() > 30, "only {} writes", whole.writes());
    for n in 1..=whole.writes() {
        for death in [Death::Before(n), Death::After(n)] {
            let inner = Arc::new(before.fork());
            let faulty = Faulty::new(&inner, Some(death));
            let ended = world.run(faulty.store(), 2, 2);
            assert!(faulty.has_died(), "{death:?}");
            // The last write gives the lease back: nobody needs to hear of it.
            assert!(ended.is_err() || n == whole.writes(), "{death:?}");
            assert_old_or_new(&tree(&inner, &READ), &old, &new, &format!("{death:?}"));
            world.run(Faulty::new(&inner, None).store(), 2, 2).unwrap_or_else(|e| panic!("{death:?}: {e}"));
            assert_same(&root(&inner), &new, &format!("{death:?}: the next run ends elsewhere"));
            assert_verified(&inner, &format!("{death:?}"));
        }
    }
}

#[test]
fn a_late_request_of_a_dead_run_overwrites_nothing_newer() {
    let mut world = World::new(1);
    let before = Arc::new(InMemory::new());
    world.run(Faulty::new(&before, None).store(), 0, 0).unwrap();
    world.write(0, 2);
    let whole = Faulty::new(&Arc::new(before.fork()), None);
    world.run(whole.store(), 0, 0).unwrap();
    let mut refused = 0;
    for n in 1..=whole.writes() {
        world.write(0, 2);
        let inner = Arc::new(before.fork());
        let dead = Faulty::new(&inner, Some(Death::Held(n)));
        let _ = world.run(dead.store(), 0, 0);
        world.write(0, 3);
        world.run(Faulty::new(&inner, None).store(), 0, 0).unwrap_or_else(|e| panic!("held {n}: {e}"));
        let new = world.clean_root(0);
        assert_same(&root(&inner), &new, &format!("held {n}, before it arrives"));
        refused += usize::from(dead.arrive() == 0);
        assert_same(&root(&inner), &new, &format!("held {n}: what arrives late overwrites"));
        assert_verified(&inner, &format!("held {n}"));
    }
    assert!(refused > 10, "only {refused} requests were refused");
}

#[test]
fn answers_that_are_lost_are_read_back() {
    let world = World::new(2);
    let expected = world.clean_root(1);
    let inner = Arc::new(InMemory::new());
    let mut failures = 0;
    for seed in 0..40 {
        // One of six answers is an error; half of the requests were done all the same.
        if world.run(Faulty::new(&inner, None).unsure(6, seed).store(), 0, 1).is_err() {
            failures += 1;
        }
    }
    assert!(failures > 0);
    world.run(Faulty::new(&inner, None).store(), 0, 1).unwrap();
    assert_same(&root(&inner), &expected, "after lost answers");
    assert_verified(&inner, "after lost answers");
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let world = World::new(2);
    let inner = Arc::new(InMemory::new());
    world.run(Faulty::new(&inner, None).store(), 0, 1).unwrap();
    let before = tree(&inner, &["reports", "details", "dims", "quarantine", "state"]);
    let again = world.run(Faulty::new(&inner, None).store(), 0, 1).unwrap();
    assert_eq!((again.days_read, again.days_restated, again.files_written), (0, 0, 0));
    assert_same(&tree(&inner, &["reports", "details", "dims", "quarantine", "state"]), &before, "the second run");
}

/// The holder is alive: it has beaten since it was looked at first.
#[test]
fn a_root_that_another_run_holds_is_left_alone() {
    let world = World::new(1);
    let inner = Arc::new(InMemory::new());
    let store = Faulty::new(&inner, None).store();
    let terms = LeaseOptions { ttl: Duration::from_millis(80), wait: false, ..LeaseOptions::default() };
    let held = kefu::publish::Lease::acquire(&store, "another", &terms).unwrap();
    let error = kefu::publish::Lease::acquire(&store, "own", &LeaseOptions { ttl: Duration::from_secs(2), ..terms.clone() }).err().unwrap();
    assert_eq!((error.kind(), error.exit_code()), (Kind::NotReady, 75));
    assert!(held.check().is_ok());
    drop(held);
    world.run(Faulty::new(&inner, None).store(), 0, 0).unwrap();
}

/// What a run that died was about to make, and no later run is asked for: it is not published, however late it comes.
#[test]
fn what_only_a_dead_run_wanted_is_swept() {
    const LATER: i64 = 30;
    let mut world = World::new(1);
    let before = Arc::new(InMemory::new());
    world.run(Faulty::new(&before, None).store(), 0, 0).unwrap();
    world.write(LATER, 1);
    let whole = Faulty::new(&Arc::new(before.fork()), None);
    world.run(whole.store(), LATER, LATER).unwrap();
    let mut arrived = 0;
    for n in 1..whole.writes() {
        let inner = Arc::new(before.fork());
        let dead = Faulty::new(&inner, Some(Death::Held(n)));
        let _ = world.run(dead.store(), LATER, LATER);
        let night = || world.run(Faulty::new(&inner, None).store(), 0, 0).unwrap_or_else(|e| panic!("held {n}: {e}"));
        night();
        assert_verified(&inner, &format!("held {n}"));
        arrived += dead.arrive();
        // Somebody wants it after all.
        let wanted = Arc::new(inner.fork());
        world.run(Faulty::new(&wanted, None).store(), LATER, LATER).unwrap_or_else(|e| panic!("held {n}, wanted again: {e}"));
        assert_verified(&wanted, &format!("held {n}, wanted again"));
        night();
        assert_verified(&inner, &format!("held {n}, after it has arrived"));
    }
    assert!(arrived > 10, "only {arrived} requests were done late");
}

/// The moment between the last file and the manifest, on a disk: there is nothing to put again, and yet the manifest is of before.
#[test]
fn a_run_that_dies_before_the_manifest_leaves_nothing_unnamed() {
    let mut world = World::new(9);
    let pipeline = std::fs::read_to_string(world.pipeline()).unwrap();
    std::fs::write(world.pipeline(), pipeline.replace("[judgement]\ntables = []\n", "")).unwrap();
    let root = scratch();
    let store = || Store::open(root.path().to_str().unwrap()).unwrap();
    let known = || store().list("_meta/partitions").unwrap().into_iter().map(|o| (o.key.clone(), store().get(&o.key).unwrap()));
    world.run(store(), 0, 7).unwrap();
    let before = known().collect::<Vec<_>>();
    let files = |folder: &str| store().list(folder).unwrap().into_iter().map(|object| (object.key, String::new()));
    world.write(0, 3);
    world.run(store(), 0, 8).unwrap();
    let announced = ["reports", "details", "dims", "quarantine", "state"].into_iter().flat_map(files).collect::<BTreeMap<_, _>>();
    before.into_iter().for_each(|(key, page)| store().put(&key, page.to_vec()).unwrap());
    let intent = serde_json::json!({ "run": "dead", "files": announced });
    store().put("_meta/publishing.json", intent.to_string().into_bytes()).unwrap();
    unseal(&store());
    world.run(store(), 8, 8).unwrap();
    let verified = verify(&store()).unwrap();
    assert!(verified.differences.is_empty(), "{:?}", verified.differences);
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
                let _ = world.run(faulty.store(), from, known);
                away.push(faulty);
            }
        }
    }
    away.drain(..).for_each(|faulty| {
        faulty.arrive();
    });
    world.run(Faulty::new(&inner, None).store(), 0, known).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let expected = world.clean_root(known);
    assert_same(&root(&inner), &expected, &format!("seed {seed}"));
    assert_verified(&inner, &format!("seed {seed}"));
    assert!(Manifest::load(&Faulty::new(&inner, None).store()).unwrap().in_doubt.is_empty(), "seed {seed}: a publication is open");
}

/// `KEFU_SEED=17 cargo test simulations` plays one of them again, `KEFU_SEEDS=1000` that many.
#[test]
fn simulations_end_where_a_clean_run_does() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("KEFU_SEED") {
        return simulate(seed);
    }
    let seeds = number("KEFU_SEEDS").unwrap_or(30);
    let failing = |seed: &u64| std::panic::catch_unwind(|| simulate(*seed)).is_err();
    let half = |first: u64| (first..seeds).step_by(2).filter(failing).collect::<Vec<_>>();
    let (even, odd) = rayon::join(|| half(0), || half(1));
    assert!(even.is_empty() && odd.is_empty(), "these of {seeds} seeds fail: {even:?} {odd:?}");
}
