//! Runs that are killed with SIGKILL while a write is on its way to S3: before the store has done it and after. The next run ends where
//! one would have ended that was never killed, and what arrives after that changes nothing.

use crate::stores::s3;
use crate::support::company::kefu;
use crate::support::emulators::emulators;
use crate::support::proxy::{Fault, Proxy, Rule};
use crate::support::world::{READ, World, assert_same};
use kefu::publish::{Manifest, verify};
use kefu::staging::sha256;
use kefu::store::Store;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

/// A run has some 35 writes: every so many of them is its last. `crashes` goes through them all, on a store in memory.
const STEP: usize = 4;

/// The hash of each file that readers read, as the manifest names it.
fn hashes(output: &Store) -> BTreeMap<String, String> {
    let files = Manifest::load(output).unwrap().files;
    let read = files.iter().filter(|(key, _)| READ.iter().any(|folder| key.starts_with(&format!("{folder}/"))));
    read.map(|(key, record)| (key.clone(), record.sha256.clone())).collect()
}

/// Kills a run at its first write, at one some steps later and so on, the inputs changed each time. Returns how often it died.
fn kill_along_the_way(fault: &Fault, first: usize, root: &str) -> usize {
    let Some(emulators) = emulators() else { return usize::MAX };
    let proxy = Proxy::start(emulators.s3);
    let settings = s3(proxy.url());
    let named = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let output = Store::open_with(root, named).unwrap();
    let mut world = World::new(2);
    world.run(output.clone(), 0, 1).unwrap();
    for n in (first..).step_by(STEP) {
        let version = 2 * (n as u32 % 10);
        (0..2).for_each(|day| world.write(day, version + 1));
        proxy.clear();
        proxy.rule(Rule::new("PUT|POST|DELETE", "", fault.clone()).nth(n));
        let mut run = kefu();
        run.arg("backfill").arg(world.pipeline()).args(["--from", &World::date(0), "--to", &World::date(1), "--output", root]);
        let mut run = run.envs(settings.iter().cloned()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let is_held = loop {
            if proxy.wait_until_held(Duration::from_millis(10)) {
                break true;
            }
            if run.try_wait().unwrap().is_some() {
                break false;
            }
        };
        run.kill().unwrap();
        run.wait().unwrap();
        let late_file = version + 2;
        world.write(0, late_file);
        proxy.clear();
        let when = format!("{fault:?} {n}");
        world.run(output.clone(), 0, 1).unwrap_or_else(|e| panic!("{when}: {e}"));
        proxy.release();
        // Every file has the hash that the manifest names: it is enough to compare those.
        let verified = verify(&output).unwrap();
        assert!(verified.differences.is_empty(), "{when}: {:?}", verified.differences);
        let clean = world.clean(1).into_iter().map(|(key, bytes)| (key, sha256(&bytes))).collect();
        assert_same(&hashes(&output), &clean, &when);
        if !is_held {
            return n / STEP;
        }
    }
    unreachable!()
}

#[test]
fn killed_before_the_store_has_done_it() {
    assert!(kill_along_the_way(&Fault::Hold, 1, "s3://kefu/killed-before") > 5);
}

#[test]
fn killed_after_the_store_has_done_it() {
    assert!(kill_along_the_way(&Fault::HoldAfter, 1 + STEP / 2, "s3://kefu/killed-after") > 5);
}
