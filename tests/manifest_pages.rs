//! A document of the manifest that is lost, emptied, cut short or changed shrinks no history: every command refuses it by name, and `kefu repair`
//! brings it back.

use crate::support::faulty::{Death, Faulty, tree};
use crate::support::manifest::unseal;
use crate::support::output::{copy, flip};
use crate::support::place::{PIPELINE, Place};
use crate::support::world::{READ, World, assert_same};
use bytes::Bytes;
use kefu::publish::verify;
use object_store::memory::InMemory;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A week over two months.
const DAYS: [&str; 3] = ["2026-08-31", "2026-09-01", "2026-09-02"];
const NIGHT: [&str; 4] = ["run", "p.toml", "--date", "2026-09-02"];
const REPAIR: [&str; 2] = ["repair", "p.toml"];
const PAGES: [&str; 4] =
    ["_meta/partitions/2026-08.json", "_meta/partitions/2026-09.json", "_meta/partitions/undated.json", "_meta/publishing.json"];

fn chats(date: &str) -> String {
    let at = |second: u32| format!("{date}T10:00:{second:02}+08:00");
    format!("shop_id,buyer_id,sender,sent_at,agent_id\ns1,b{date},buyer,{},A\ns1,b{date},agent,{},A\n", at(0), at(20))
}

fn published() -> Place {
    let place = Place::new(PIPELINE);
    DAYS.iter().for_each(|date| place.put(&format!("messages/date={date}/chats.csv"), chats(date)));
    place.kefu(&["backfill", "p.toml", "--from", DAYS[0], "--to", DAYS[2]]).expect(0, &[]);
    place
}

fn tables(place: &Place) -> BTreeMap<String, Bytes> {
    let tables = place.tables();
    tables.files(&READ).into_iter().map(|(key, bytes)| (key.to_owned(), bytes.clone())).collect()
}

/// Takes a member out of a document, such as the record of a day.
fn without(file: &Path, path: &[&str]) {
    let mut document: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let (last, way) = path.split_last().unwrap();
    let place = way.iter().fold(&mut document, |place, member| &mut place[*member]);
    assert!(place.as_object_mut().unwrap().remove(*last).is_some(), "{path:?}");
    fs::write(file, document.to_string()).unwrap();
}

/// What befalls a file.
type Harm = fn(&Path);

/// What may become of a document.
const HARMS: [(&str, Harm); 9] = [
    ("gone", |file| fs::remove_file(file).unwrap()),
    ("empty", |file| fs::write(file, "").unwrap()),
    ("{}", |file| fs::write(file, "{}").unwrap()),
    ("[]", |file| fs::write(file, "[]").unwrap()),
    ("short", |file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("a bit of its middle", |file| flip(file, fs::metadata(file).unwrap().len() as usize / 2)),
    ("a bit of its hash", |file| flip(file, 20)),
    ("a bit of the name of its hash", |file| flip(file, 7)),
    ("without its hash", |file| without(file, &["sha256"])),
];

#[test]
fn a_lost_or_changed_document_is_refused_and_repaired() {
    let place = published();
    let (out, before, expected) = (place.path("out"), place.path("before"), tables(&place));
    copy(&out, &before);
    let commands = [&NIGHT[..], &["verify", "p.toml"], &["plan", "p.toml"], &["status", "p.toml"]];
    for page in PAGES {
        for (what, harm) in HARMS {
            copy(&before, &out);
            harm(&out.join(page));
            let when = format!("{page}: {what}");
            for command in &commands[..if what == "gone" { 4 } else { 1 }] {
                let refused = place.kefu(command);
                assert_eq!(refused.code, 2, "{when}: {command:?}: {}{}", refused.stdout, refused.said);
                refused.expect(2, &["kefu repair"]);
                // Lines are broken within paths.
                assert!(refused.said.replace(' ', "").contains(page), "{when}: {}", refused.said);
                assert!(!refused.said.contains("delete"), "{when}: {}", refused.said);
            }
            assert_same(&tables(&place), &expected, &when);
            let repaired = place.kefu(&REPAIR);
            assert!(repaired.code == 0 && repaired.stdout.contains(page), "{when}: {}{}", repaired.stdout, repaired.said);
            place.kefu(&NIGHT).expect(0, &[]);
            assert_same(&tables(&place), &expected, &when);
            let verified = place.kefu(&["verify", "p.toml"]);
            assert_eq!(verified.code, 0, "{when}: {}", verified.stdout);
        }
    }
}

/// One day out of its month, and one file.
#[test]
fn a_record_that_is_gone_is_noticed() {
    let place = published();
    let (out, before, expected) = (place.path("out"), place.path("before"), tables(&place));
    copy(&out, &before);
    let report = format!("reports/shop_day/dt={}/data.parquet", DAYS[1]);
    for path in [["days", DAYS[1]], ["files", report.as_str()]] {
        copy(&before, &out);
        without(&out.join(PAGES[1]), &path);
        place.kefu(&NIGHT).expect(2, &["kefu repair"]);
        place.kefu(&REPAIR).expect(0, &[]);
        place.kefu(&NIGHT).expect(0, &[]);
        assert_same(&tables(&place), &expected, path[1]);
    }
}

/// The days of a lost page whose files are there are made again; a day whose files are gone stays as it was found, and both are named.
#[test]
fn repair_names_what_it_could_not_rebuild() {
    let place = published();
    let expected = tables(&place);
    place.remove(&format!("messages/date={}/chats.csv", DAYS[1]));
    place.remove("out/_meta/partitions/2026-09.json");
    let repaired = place.kefu(&REPAIR);
    repaired.expect(0, &[]);
    let says = [
        format!("{}: the record is lost and the message files are gone", DAYS[1]),
        format!("{}: the record is lost: the next run makes the day again", DAYS[2]),
    ];
    assert!(says.iter().all(|text| repaired.stdout.contains(text)), "{}", repaired.stdout);
    let ran = place.kefu(&NIGHT);
    ran.expect(0, &[]);
    assert!(ran.stdout.starts_with("1 day(s) read"), "{}", ran.stdout);
    assert_same(&tables(&place), &expected, "after the repair");
}

/// All of it is lost.
#[test]
fn an_output_without_any_manifest_is_rebuilt() {
    let place = published();
    let expected = tables(&place);
    fs::remove_dir_all(place.path("out/_meta/partitions")).unwrap();
    place.kefu(&NIGHT).expect(2, &["kefu repair"]);
    place.kefu(&REPAIR).expect(0, &[]);
    place.kefu(&NIGHT).expect(0, &[]);
    assert_same(&tables(&place), &expected, "after the repair");
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
}

#[test]
fn repair_removes_strays_and_leaves_a_whole_output_alone() {
    let place = published();
    let expected = tables(&place);
    let stray = "reports/shop_day/dt=2031-01-01/data.parquet";
    place.put(&format!("out/{stray}"), "x");
    place.kefu(&["verify", "p.toml"]).expect(1, &["kefu repair"]);
    let repaired = place.kefu(&REPAIR);
    repaired.expect(0, &[]);
    assert!(repaired.stdout.contains(&format!("{stray}: no run has published it: removed")), "{}", repaired.stdout);
    let again = place.kefu(&["repair", "p.toml", "--json"]);
    let report: serde_json::Value = serde_json::from_str(again.expect(0, &[]).stdout.as_str()).unwrap();
    for list in ["faults", "removed", "damaged", "made_again", "as_found", "notes"] {
        assert_eq!(report[list], serde_json::json!([]), "{list}");
    }
    assert_same(&tables(&place), &expected, "after the repair");
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
    place.kefu(&NIGHT).expect(0, &[]);
}

/// The intent is lost with what it said: files that a dead run may have written are told from others by their hashes.
#[test]
fn repair_leaves_changed_files_to_the_next_run() {
    let place = published();
    let expected = tables(&place);
    let report = format!("reports/shop_day/dt={}/data.parquet", DAYS[1]);
    place.put(&format!("out/{report}"), "written by nobody");
    place.put("out/_meta/publishing.json", "");
    let repaired = place.kefu(&REPAIR);
    repaired.expect(0, &[]);
    assert!(repaired.stdout.contains(&report), "{}", repaired.stdout);
    place.kefu(&NIGHT).expect(0, &[]);
    assert_same(&tables(&place), &expected, "after the repair");
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
}

/// An output of a version that sealed nothing, and a run over it that dies at any write.
#[test]
fn the_first_run_over_an_older_output_may_die_anywhere() {
    let mut world = World::new(2);
    let before = Arc::new(InMemory::new());
    world.run(Faulty::new(&before, None).store(), 0, 1).unwrap();
    unseal(&Faulty::new(&before, None).store());
    world.write(0, 2);
    world.write(2, 1);
    let whole = Faulty::new(&Arc::new(before.fork()), None);
    world.run(whole.store(), 2, 2).unwrap();
    let expected = world.clean(2);
    for n in 1..=whole.writes() {
        for death in [Death::Before(n), Death::After(n)] {
            let inner = Arc::new(before.fork());
            let _ = world.run(Faulty::new(&inner, Some(death)).store(), 2, 2);
            world.run(Faulty::new(&inner, None).store(), 2, 2).unwrap_or_else(|e| panic!("{death:?}: {e}"));
            assert_same(&tree(&inner, &READ), &expected, &format!("{death:?}"));
            let verified = verify(&Faulty::new(&inner, None).store()).unwrap();
            assert!(verified.differences.is_empty(), "{death:?}: {:?}", verified.differences);
        }
    }
}
