//! Stores that lose answers, refuse for a while or fail without end: what passes is weathered within one deadline, and what does not is
//! told as such. The store is that of `gcs` behind the proxy.

use crate::support::faulty::{Faulty, tree};
use crate::support::gcs;
use crate::support::place::{PIPELINE, Place, Ran};
use crate::support::proxy::{Fault, Proxy, Rule};
use bytes::Bytes;
use kefu::error::Kind;
use kefu::store::probe::{output, probe_output};
use kefu::store::{PutCondition, Store};
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A new store behind a proxy, whose operations have so many seconds.
fn behind(deadline: u64) -> (Proxy, Vec<(String, String)>) {
    let proxy = Proxy::start(gcs::start());
    let account = serde_json::json!({
        "gcs_base_url": proxy.url(),
        "disable_oauth": true,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    });
    let settings = [
        ("GOOGLE_SERVICE_ACCOUNT_KEY", account.to_string()),
        ("KEFU_STORE_DEADLINE", deadline.to_string()),
        ("NO_PROXY", "127.0.0.1".to_owned()),
    ];
    (proxy, settings.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

fn store(settings: &[(String, String)]) -> Store {
    Store::open_with("gs://kefu/out", settings.to_vec()).unwrap()
}

/// A run from a disk to the store.
fn run_to(settings: &[(String, String)]) -> Ran {
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
    Place::new(PIPELINE).kefu_with(&["run", "p.toml", "--date", "2026-09-01", "--output", "gs://kefu/out"], &settings)
}

const PASSING: [Fault; 4] = [Fault::LoseAck, Fault::Drop, Fault::StatusAfter(503, "SlowDown"), Fault::Status(500, "InternalError")];

/// Each of the probe's requests in turn.
#[test]
fn the_probe_survives_any_one_fault() {
    for fault in PASSING {
        for n in 1..=12 {
            let (proxy, settings) = behind(20);
            // A store that has answered nothing yet may be a wrong address: it answers once.
            let store = store(&settings);
            assert!(store.list("").unwrap().is_empty());
            proxy.rule(Rule::new("", "", fault.clone()).nth(n));
            probe_output(&store).unwrap_or_else(|e| panic!("{fault:?} {n}: {e}"));
            proxy.clear();
            assert!(store.list("").unwrap().is_empty(), "{fault:?} {n}: the probe is left");
        }
    }
}

/// Each write of a whole run in turn, some steps apart.
#[test]
fn a_run_survives_any_one_fault() {
    for fault in PASSING {
        for n in (1..40).step_by(6) {
            let (proxy, settings) = behind(20);
            proxy.rule(Rule::new("PUT|DELETE|POST", "", fault.clone()).nth(n));
            run_to(&settings).expect(0, &[]);
            assert!(proxy.count("PUT", "/reports/") > 0, "{fault:?} {n}");
        }
    }
}

#[test]
fn a_write_that_failed_for_a_while_is_done() {
    let (proxy, settings) = behind(20);
    let store = store(&settings);
    assert!(store.head("x").unwrap().is_none());
    proxy.rule(Rule::new("PUT", "", Fault::Drop).first(3));
    let version = store.put_if("x", Bytes::from("1"), &PutCondition::IfAbsent).unwrap();
    proxy.clear();
    proxy.rule(Rule::new("PUT", "", Fault::LoseAck).first(2));
    store.put_if("x", Bytes::from("2"), &PutCondition::IfMatch(version.clone())).unwrap();
    proxy.clear();
    proxy.rule(Rule::new("PUT", "", Fault::Drop).nth(1));
    let overtaken = store.put_if("x", Bytes::from("3"), &PutCondition::IfMatch(version)).unwrap_err();
    assert_eq!(overtaken.exit_code(), 75, "{overtaken}");
    assert_eq!(store.get("x").unwrap(), "2");
    proxy.clear();
    proxy.rule(Rule::new("DELETE", "", Fault::LoseAck).first(1));
    store.delete("x").unwrap();
    assert!(store.head("x").unwrap().is_none());
}

/// Of everything, of writes alone, and of what comes after the first look.
#[test]
fn a_store_that_fails_without_end_is_given_its_deadline_once() {
    const DEADLINE: u64 = 4;
    let busy = || Fault::Status(503, "SlowDown");
    for rule in [Rule::new("", "", busy()), Rule::new("PUT|POST|DELETE", "", busy()), Rule::new("PUT", "/reports/", busy())] {
        let (proxy, settings) = behind(DEADLINE);
        let said = format!("{rule:?}");
        proxy.rule(rule);
        let began = Instant::now();
        run_to(&settings).expect(75, &["overloaded (503 SlowDown"]);
        let took = began.elapsed();
        // The pause that was begun before the deadline comes to its end, and the run has other work.
        assert!(took < Duration::from_secs(2 * DEADLINE + 2), "{said}: {took:?}");
    }
}

#[test]
fn the_probe_of_a_store_that_fails_is_told_to_wait() {
    let (proxy, settings) = behind(1);
    let store = store(&settings);
    assert!(store.list("").unwrap().is_empty());
    proxy.rule(Rule::new("PUT", "", Fault::Status(503, "SlowDown")));
    let error = probe_output(&store).unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (Kind::NotReady, 75), "{error}");
}

/// A store in memory of which every third write or so is not heard of.
#[test]
fn the_probe_of_an_unsure_store_is_patient() {
    for seed in 0..20 {
        let inner = Arc::new(InMemory::new());
        let faulty = Faulty::new(&inner, None).unsure(3, seed);
        let probes = output(&faulty.store().patient(Duration::from_secs(20)));
        let failed = probes.iter().filter_map(|probe| probe.error()).map(|e| e.to_string()).collect::<Vec<_>>();
        assert!(failed.is_empty(), "seed {seed}: {failed:?}");
        assert!(tree(&inner, &["_meta"]).is_empty(), "seed {seed}");
    }
}

#[test]
fn the_object_of_a_dead_probe_is_swept_and_that_of_another_one_is_not() {
    let place = Place::new(PIPELINE);
    place.put("out/_meta/probe-dead", "1");
    place.put("out/_meta/probe-alive", "1");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(place.path("out/_meta/probe-dead")).unwrap().set_modified(long_ago).unwrap();
    place.run().expect(0, &[]);
    assert!(!place.path("out/_meta/probe-dead").exists());
    assert!(place.path("out/_meta/probe-alive").exists());
}
