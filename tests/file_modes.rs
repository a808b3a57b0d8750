//! Who may read what a run writes to a local disk, whatever the umask, and what a run that was killed leaves.

use crate::support::company::kefu;
use crate::support::gcs;
use crate::support::listener::Listener;
use crate::support::place::{PIPELINE, Place};
use crate::support::proxy::{Fault, Proxy, Rule};
use crate::support::scratch::scratch;
use kefu::store::{PutCondition, STAGING_BESIDE, Store};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every file and folder below a folder, with its mode.
fn modes(folder: &Path) -> BTreeMap<PathBuf, u32> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        found.insert(path.clone(), mode(&path));
        if path.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

/// Runs the binary under a umask, in the folder of a place.
fn under(umask: &str, place: &Place, args: &str) {
    let line = format!("umask {umask}; exec \"$KEFU\" {args}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).env("KEFU", kefu().get_program()).env("KEFU_STORE_FSYNC", "false").current_dir(place.path(""));
    let ran = shell.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// The modes of the files below some folders of the output.
fn of_tables(place: &Place, tables: &[&str]) -> Vec<u32> {
    let found = tables.iter().flat_map(|table| modes(&place.path("out").join(table))).filter(|(path, _)| path.is_file());
    let found = found.map(|(_, mode)| mode).collect::<Vec<_>>();
    assert!(!found.is_empty());
    found
}

const RUN: &str = "run p.toml --date 2026-09-01";

#[test]
fn files_about_persons_have_the_mode_of_the_pipeline() {
    let cases = [("", "000", 0o640, 0o666), ("", "022", 0o640, 0o644), ("", "077", 0o640, 0o600), ("0600", "022", 0o600, 0o644)];
    for (written, umask, persons, others) in cases {
        let section = if written.is_empty() { String::new() } else { format!("[privacy]\nfile_mode = \"{written}\"\n") };
        let place = Place::new(&format!("{PIPELINE}{section}"));
        under(umask, &place, RUN);
        let told = format!("{written} under {umask}");
        assert!(of_tables(&place, &["details", "state"]).iter().all(|mode| *mode == persons), "{told}");
        assert!(of_tables(&place, &["reports", "dims", "_meta/partitions"]).iter().all(|mode| *mode == others), "{told}");
    }
}

/// They may be of a version that knew no modes.
#[test]
fn files_that_stay_as_they_are_get_the_mode_too() {
    let place = Place::new(PIPELINE);
    under("022", &place, RUN);
    for (path, _) in modes(&place.path("out/details")).iter().filter(|(path, _)| path.is_file()) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    under("022", &place, "run p.toml --date 2026-09-01 --only all");
    assert!(of_tables(&place, &["details"]).iter().all(|mode| *mode == 0o640));
}

#[test]
fn a_mode_that_is_none_is_refused_with_its_line() {
    let ran = |written: &str| Place::new(&format!("{PIPELINE}[privacy]\nfile_mode = {written}\n")).run();
    ran("640").expect(2, &["expected a string"]);
    for written in ["\"0o640\"", "\"0200\"", "\"rw-r-----\""] {
        ran(written).expect(2, &["file_mode", "0640"]);
    }
}

/// Starts a run to an object store, and waits until its first report is on its way there.
fn held_at_a_report(proxy: &Proxy, temporary: &Path, place: &Place) -> Child {
    proxy.rule(Rule::new("PUT", "/reports/", Fault::Hold).nth(1));
    let account = serde_json::json!({
        "gcs_base_url": proxy.url(),
        "disable_oauth": true,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    });
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$KEFU\" run p.toml --date 2026-09-01 --output gs://kefu/out"]);
    shell.env("KEFU", kefu().get_program()).env("GOOGLE_SERVICE_ACCOUNT_KEY", account.to_string()).env("NO_PROXY", "127.0.0.1");
    let run = shell.env("TMPDIR", temporary).current_dir(place.path("")).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    assert!(proxy.wait_until_held(Duration::from_secs(60)));
    run
}

/// What a run that is killed leaves in its temporary folder.
fn left_by_a_killed_run(temporary: &Path, place: &Place) -> Vec<(PathBuf, u32)> {
    let proxy = Proxy::start(gcs::start());
    let mut run = held_at_a_report(&proxy, temporary, place);
    run.kill().unwrap();
    run.wait().unwrap();
    proxy.release();
    modes(temporary).into_iter().collect()
}

#[test]
fn what_is_staged_is_private_and_gone_after_the_next_run() {
    let (place, temporary) = (Place::new(PIPELINE), scratch());
    let left = left_by_a_killed_run(temporary.path(), &place);
    assert!(left.iter().any(|(path, _)| path.is_file()), "{left:?}");
    for (path, mode) in left {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", path.display());
    }
    // Also of a run to a disk.
    place.kefu_with(&["run", "p.toml", "--date", "2026-09-01"], &[("TMPDIR", temporary.path().to_str().unwrap())]).expect(0, &[]);
    assert!(modes(temporary.path()).is_empty());
}

/// A run that is still at work keeps its files.
#[test]
fn what_a_living_run_has_staged_stays() {
    let (place, temporary) = (Place::new(PIPELINE), scratch());
    let proxy = Proxy::start(gcs::start());
    let mut first = held_at_a_report(&proxy, temporary.path(), &place);
    let staged = modes(temporary.path()).len();
    place.kefu_with(&["run", "p.toml", "--date", "2026-09-01"], &[("TMPDIR", temporary.path().to_str().unwrap())]).expect(0, &[]);
    assert_eq!(modes(temporary.path()).len(), staged);
    proxy.release();
    assert!(first.wait().unwrap().success());
    assert!(modes(temporary.path()).is_empty());
}

#[test]
fn what_a_killed_run_left_below_a_local_output_is_gone_after_the_next_run() {
    let place = Place::new(PIPELINE);
    place.run().expect(0, &[]);
    place.put("out/_staging/details/x/data.parquet", "half");
    place.put("out/_staging-4711/object", "half");
    // There is nothing to do, and it goes all the same.
    place.run().expect(0, &[]);
    assert!(!place.path("out/_staging").exists() && !place.path("out/_staging-4711").exists());
}

/// The manifest's files go by way of private folders too, of which none is left.
#[test]
fn a_conditional_write_leaves_nothing_beside_it() {
    let folder = scratch();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    store.put_if("_meta/x.json", "{}".into(), &PutCondition::IfAbsent).unwrap();
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["_meta"]);
    assert!(!names.iter().any(|name| name.starts_with(STAGING_BESIDE)));
}

// ---- waiting for a lock -----------------------------------------------------------------------

#[test]
fn a_run_that_waits_for_a_local_lock_obeys_a_signal_at_once() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let (place, listener) = (Place::new(PIPELINE), Listener::new());
        fs::create_dir_all(place.path("out/_meta")).unwrap();
        let held = fs::File::create(place.path("out/_meta/lock")).unwrap();
        held.lock().unwrap();
        let mut run = kefu();
        run.current_dir(place.path("")).args(["run", "p.toml", "--date", "2026-09-01", "--wait", "--openlineage", &listener.url]);
        let mut run = run.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        // The handlers are there once it says that it starts.
        listener.next().answer(201);
        std::thread::sleep(Duration::from_millis(500));
        assert!(run.try_wait().unwrap().is_none(), "it waits");
        assert!(Command::new("kill").args(["-s", name, &run.id().to_string()]).status().unwrap().success());
        let began = std::time::Instant::now();
        listener.next().answer(201);
        assert_eq!(run.wait().unwrap().code(), Some(code));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        drop(held);
    }
}
