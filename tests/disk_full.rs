//! Disks that are full, limits on files, and inputs that go away: what is said, what is left, and that the next run is none the worse.
//! A full disk is had by a limit on the size of a file (`ulimit -f`), which works for every user: the system refuses to write on, as it does
//! where there is no room.

use crate::support::company::kefu;
use crate::support::place::{CHATS, CHATS_PATH, PIPELINE, Place};
use kefu::error::{Error, Kind};
use kefu::store::Store;
use std::fs;
use std::io::Read;
use std::process::Command;

/// More chats than fit below the limit, each with an id of its own.
fn many_chats() -> String {
    let (head, rows) = CHATS.split_once('\n').unwrap();
    let columns = head.split(',').collect::<Vec<_>>();
    let at = |name: &str| columns.iter().position(|column| *column == name);
    let (buyer, message) = (at("buyer_id").unwrap(), at("message_id"));
    let mut text = format!("{head}\n");
    for n in 0..3_000 {
        for (line, row) in rows.lines().enumerate() {
            let mut cells = row.split(',').map(str::to_owned).collect::<Vec<_>>();
            cells[buyer] = format!("buyer-{:016x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            if let Some(message) = message {
                cells[message] = format!("m-{n}-{line}");
            }
            text += &format!("{}\n", cells.join(","));
        }
    }
    text
}

/// Runs under a limit on the size of each file, in blocks of 512 bytes. The signal that the system sends first is ignored, as for any
/// program that would rather see the error.
fn limited(place: &Place, blocks: u32) -> (i32, String) {
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$KEFU\" run p.toml --date 2026-09-01");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).env("KEFU", kefu().get_program()).env("KEFU_STORE_FSYNC", "false").current_dir(place.path(""));
    let ran = shell.output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (ran.status.code().unwrap_or(-1), said.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn a_file_that_cannot_be_written_on_is_named_with_what_was_done_and_what_to_do() {
    let place = Place::with_chats(many_chats());
    let (code, said) = limited(&place, 32);
    assert_eq!(code, 1, "{said}");
    for word in ["File too large", "file:", "while:", "help:", "run:"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    assert!(!said.contains("External:"), "{said}");
    // Nothing that was staged keeps the disk full, and the record says what went wrong.
    assert!(!place.path("out/_staging").exists() && !place.is_published(), "{said}");
    let records = fs::read_dir(place.path("out/_meta/runs")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let records = records.map(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()).collect::<Vec<_>>();
    assert_eq!((records.len(), &records[0]["exit_code"]), (1, &1.into()), "{said}");
    place.run().expect(0, &[]);
}

#[test]
fn a_record_that_cannot_be_written_is_said_to_be_lost() {
    let place = Place::new(PIPELINE);
    place.run().expect(0, &[]);
    fs::remove_dir_all(place.path("out/_meta/runs")).unwrap();
    place.put("out/_meta/runs", "a file in the place of the folder");
    let ran = place.kefu(&["run", "p.toml", "--date", "2026-09-02"]);
    ran.expect(75, &["no messages for 2026-09-02", "the record of this run is lost"]);
    place.run().expect(1, &["_meta/runs", "help:"]);
}

#[test]
fn a_temporary_folder_that_is_not_there_is_named() {
    let place = Place::new(PIPELINE);
    let ran = place.kefu_with(&["run", "p.toml", "--date", "2026-09-01", "--output", "memory:///"], &[("TMPDIR", "p.toml")]);
    ran.expect(1, &["folder: p.toml", "while: making a folder", "help:"]);
}

#[test]
fn an_output_that_is_a_file_is_named() {
    let place = Place::new(PIPELINE);
    let ran = place.kefu(&["run", "p.toml", "--date", "2026-09-01", "--output", "p.toml/out"]);
    ran.expect(1, &["Not a directory", "p.toml/out", "while:", "help:"]);
}

// ---- inputs that go away ----------------------------------------------------------------------

#[test]
fn an_input_that_is_deleted_while_it_is_read_is_waited_for() {
    let place = Place::new(PIPELINE);
    place.put("in/large.csv", "x".repeat(3 << 20));
    let store = Store::open(place.path("in").to_str().unwrap()).unwrap();
    let object = store.list("").unwrap().remove(0);
    let mut reader = store.reader(&object);
    reader.read_exact(&mut [0; 1000]).unwrap();
    place.remove("in/large.csv");
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err().downcast::<Error>().unwrap();
    assert_eq!((error.kind(), error.exit_code()), (Kind::NotReady, 75), "{error}");
    assert!(error.to_string().contains("deleted while it was read") && error.to_string().contains("large.csv"), "{error}");
    assert!(error.hint_text().is_some());
}

#[test]
fn a_file_that_is_gone_since_it_was_listed_is_waited_for() {
    let place = Place::new(PIPELINE);
    let store = Store::open(place.path("").to_str().unwrap()).unwrap();
    let object = store.list("messages").unwrap().remove(0);
    place.remove(CHATS_PATH);
    let error = store.get(&object.key).unwrap_err();
    assert_eq!((error.exit_code(), error.hint_text().is_some()), (75, true), "{error}");
}
