//! One bit that flips in a published file: a run does not use the file, `verify` names it, and what is damaged is made again.

use crate::support::manifest::unseal_folder;
use crate::support::output::{copy, files_below, flip, flip_middle};
use crate::support::place::{PIPELINE, Place};
use crate::support::tables::{Tables, number};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const DAYS: [&str; 3] = ["2026-09-07", "2026-09-08", "2026-09-09"];
const LATER: &str = "2026-09-10";
const NIGHT: [&str; 4] = ["run", "p.toml", "--date", LATER];
const READ: [&str; 3] = ["reports", "details", "dims"];

fn file(date: &str) -> String {
    format!("messages/date={date}/chats.csv")
}

/// Two buyers ask, and one of them orders.
fn chats(date: &str) -> String {
    let at = |second: u32| format!("{date}T10:00:{second:02}+08:00");
    let of = |buyer: &str, second: u32| {
        let lines = [("buyer", second), ("agent", second + 20)];
        lines.map(|(who, second)| format!("s1,{buyer},{who},{},A\n", at(second))).concat()
    };
    format!("shop_id,buyer_id,sender,sent_at,agent_id\n{}{}", of("b1", 0), of("b2", 5))
}

/// Three days with chats and orders, published, and the chats of a fourth.
fn published() -> Place {
    let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders.csv\"\n"));
    place.remove(&file("2026-09-01"));
    let order = |date: &str| format!("s1,o{date},b1,{date}T10:05:00+08:00,10.00,1,{date}T10:06:00+08:00\n");
    let orders = DAYS.iter().chain([&LATER]).map(|date| order(date)).collect::<String>();
    place.put("orders.csv", format!("shop_id,order_id,buyer_id,created_at,amount,quantity,paid_at\n{orders}"));
    DAYS.iter().for_each(|date| place.put(&file(date), chats(date)));
    place.kefu(&["backfill", "p.toml", "--from", DAYS[0], "--to", DAYS[2]]).expect(0, &[]);
    place.put(&file(LATER), chats(LATER));
    place
}

fn tables(place: &Place) -> BTreeMap<String, Bytes> {
    let tables: Tables = place.tables();
    tables.files(&READ).into_iter().map(|(key, bytes)| (key.to_owned(), bytes.clone())).collect()
}

/// Names what differs.
fn assert_same(found: &BTreeMap<String, Bytes>, expected: &BTreeMap<String, Bytes>, when: &str) {
    let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).collect::<BTreeSet<_>>();
    assert!(differing.is_empty(), "{when}: {differing:?}");
}

/// The files of a day below a folder of the output.
fn of_day(place: &Place, folder: &str, date: &str) -> Vec<String> {
    let files = files_below(&place.path("out").join(folder)).into_iter().map(|file| format!("{folder}/{}", file.display()));
    files.filter(|file| file.contains(&format!("/dt={date}/"))).collect()
}

/// The week, month, quarter and year of the night hold the day whose states are damaged, one after the other at its head, middle or end.
#[test]
fn a_flipped_bit_in_a_state_becomes_no_number() {
    let place = published();
    let (out, before) = (place.path("out"), place.path("before"));
    copy(&out, &before);
    place.kefu(&NIGHT).expect(0, &[]);
    let expected = tables(&place);
    let states = of_day(&place, "state", DAYS[1]);
    assert!(states.len() > 8, "{states:?}");
    for (number, state) in states.iter().enumerate() {
        let length = fs::metadata(before.join(state)).unwrap().len() as usize;
        let byte = [5, length / 2, length - 6][number % 3];
        copy(&before, &out);
        flip(&out.join(state), byte);
        let when = format!("{state} at {byte}");
        if number == 0 {
            let verified = place.kefu(&["verify", "p.toml"]);
            assert!(verified.code == 1 && verified.stdout.contains(&format!("{state}: other bytes")), "{when}: {}", verified.stdout);
        }
        place.kefu(&NIGHT).expect(0, &[]);
        assert_same(&tables(&place), &expected, &when);
        // A state that the night did not need is made now.
        let repaired = place.kefu(&["verify", "p.toml", "--repair"]);
        assert_eq!(repaired.code, 0, "{when}: {}", repaired.said);
        assert_same(&tables(&place), &expected, &when);
    }
}

/// Lost or cut short, one after the other, and every state of a day at once.
#[test]
fn states_that_are_gone_or_short_are_made_again() {
    let place = published();
    let (out, before) = (place.path("out"), place.path("before"));
    copy(&out, &before);
    place.kefu(&NIGHT).expect(0, &[]);
    let expected = tables(&place);
    let states = of_day(&place, "state", DAYS[0]);
    let made_again = |when: &str| {
        place.kefu(&NIGHT).expect(0, &[]);
        assert_same(&tables(&place), &expected, when);
        let verified = place.kefu(&["verify", "p.toml"]);
        assert_eq!(verified.code, 0, "{when}: {}", verified.stdout);
    };
    for (number, state) in states.iter().enumerate() {
        copy(&before, &out);
        let bytes = fs::read(out.join(state)).unwrap();
        match number % 2 {
            0 => fs::remove_file(out.join(state)).unwrap(),
            _ => fs::write(out.join(state), &bytes[..bytes.len() / 2]).unwrap(),
        }
        made_again(state);
    }
    copy(&before, &out);
    states.iter().for_each(|state| fs::remove_file(out.join(state)).unwrap());
    let plan = place.kefu(&["plan", "p.toml", "--from", LATER, "--to", LATER]);
    assert!(plan.stdout.contains("its state files are missing or damaged"), "{}", plan.stdout);
    made_again("all of a day");
}

/// Whichever days are asked for: a period never comes without a day whose states are lost.
#[test]
fn a_run_for_chosen_days_makes_lost_states_too() {
    let place = published();
    let lost = of_day(&place, "state", DAYS[0]);
    lost.iter().for_each(|state| fs::remove_file(place.path("out").join(state)).unwrap());
    place.kefu(&["backfill", "p.toml", "--from", LATER, "--to", LATER, "--only", "missing"]).expect(0, &[]);
    let weeks = place.tables().rows("reports/shop_week");
    assert_eq!(weeks.iter().map(|row| number(row, "rounds")).collect::<Vec<_>>(), [Some(8.0)]);
}

/// The message files are gone, too: nothing can make the states again. The day and the periods that hold it stay as published, and so do days that
/// look back on it; the night is made.
#[test]
fn a_day_that_cannot_be_made_again_stays_as_published() {
    let place = published();
    let (out, before) = (place.path("out"), place.path("before"));
    copy(&out, &before);
    place.kefu(&NIGHT).expect(0, &[]);
    let expected = tables(&place);
    copy(&before, &out);
    let published = tables(&place);
    let state = format!("state/chats/shop_sums/dt={}/data.parquet", DAYS[1]);
    flip_middle(&out.join(&state));
    place.remove(&file(DAYS[1]));
    let says = format!("states gone, input gone (messages): {}", DAYS[1]);
    place.kefu(&NIGHT).expect(0, &[&state, &says, "look back on days of which both are gone"]);
    let is_long = |key: &str| ["_week/", "_month/", "_quarter/", "_year/"].iter().any(|period| key.contains(period));
    let stays = |key: &str| !key.starts_with("dims/") && (is_long(key) || DAYS[1..].iter().any(|day| key.contains(day)));
    let after = tables(&place);
    for (key, bytes) in published.iter().filter(|(key, _)| stays(key)) {
        assert!(after.get(key) == Some(bytes), "{key}");
    }
    let report = format!("reports/shop_day/dt={LATER}/data.parquet");
    assert!(after.contains_key(&report), "{:?}", after.keys());
    // What can be made again is, and the day is refused by name.
    let details = format!("details/rounds/dt={}/data.parquet", DAYS[0]);
    flip_middle(&out.join(&details));
    place.kefu(&["verify", "p.toml", "--repair"]).expect(3, &[DAYS[1], "input gone"]);
    assert_same(&tables(&place), &after, "repaired");
    let verified = place.kefu(&["verify", "p.toml"]);
    assert!(verified.code == 1 && verified.stdout.contains(&state) && !verified.stdout.contains(&details), "{}", verified.stdout);
    // The way back.
    place.put(&file(DAYS[1]), chats(DAYS[1]));
    place.kefu(&NIGHT).expect(0, &[]);
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
    assert_same(&tables(&place), &expected, "the way back");
}

/// A damaged period cannot stay as published, and without one of its days it is not made either.
#[test]
fn a_damaged_period_with_a_lost_day_is_refused_by_name() {
    let place = published();
    place.kefu(&NIGHT).expect(0, &[]);
    let out = place.path("out");
    let expected = tables(&place);
    flip_middle(&out.join(format!("state/chats/shop_sums/dt={}/data.parquet", DAYS[1])));
    flip_middle(&out.join(format!("reports/shop_week/dt={}/data.parquet", DAYS[0])));
    place.remove(&file(DAYS[1]));
    let damaged = tables(&place);
    place.kefu(&["verify", "p.toml", "--repair"]).expect(3, &[DAYS[1], "damaged period"]);
    assert_same(&tables(&place), &damaged, "refused");
    place.put(&file(DAYS[1]), chats(DAYS[1]));
    place.kefu(&["verify", "p.toml", "--repair"]).expect(0, &[]);
    assert_same(&tables(&place), &expected, "the way back");
}

/// Only a forced backfill over all days makes the longer periods without a day that is lost.
#[test]
fn a_forced_backfill_leaves_a_lost_day_out() {
    let place = published();
    place.kefu(&NIGHT).expect(0, &[]);
    of_day(&place, "state", DAYS[1]).iter().for_each(|state| fs::remove_file(place.path("out").join(state)).unwrap());
    place.remove(&file(DAYS[1]));
    let rounds = || place.tables().rows("reports/shop_week").iter().map(|row| number(row, "rounds")).collect::<Vec<_>>();
    let all = ["backfill", "p.toml", "--from", DAYS[0], "--to", LATER, "--only", "all"];
    place.kefu(&all).expect(3, &["1 of 4 days", "input gone"]);
    assert_eq!(rounds(), [Some(8.0)]);
    place.kefu(&[&all[..], &["--force"]].concat()).expect(3, &["1 of 4 days", "input gone"]);
    assert_eq!(rounds(), [Some(6.0)]);
}

/// One file of every table at a time, and then one of each at once. Name, inode, size and time say nothing of it.
#[test]
fn verify_repair_makes_just_what_is_damaged() {
    let place = published();
    place.kefu(&NIGHT).expect(0, &[]);
    let expected = tables(&place);
    let out = place.path("out");
    let mut chosen = BTreeMap::new();
    for folder in ["reports", "details", "dims", "quarantine", "_meta/audit", "state"] {
        for file in files_below(&out.join(folder)).into_iter().map(|file| format!("{folder}/{}", file.display())) {
            chosen.entry(file.split("/dt=").next().unwrap().to_owned()).or_insert(file);
        }
    }
    assert!(chosen.len() > 40, "{:?}", chosen.keys());
    // Of the periods, days and weeks are enough one by one.
    let is_long = |table: &str| ["_month", "_quarter", "_year"].iter().any(|period| table.ends_with(period));
    for file in chosen.iter().filter(|(table, _)| !is_long(table)).map(|(_, file)| file) {
        flip_middle(&out.join(file));
        let repaired = place.kefu(&["verify", "p.toml", "--repair"]);
        assert!(repaired.code == 0 && repaired.stdout.contains("all as published"), "{file}: {}{}", repaired.stdout, repaired.said);
        assert_same(&tables(&place), &expected, file);
    }
    chosen.values().for_each(|file| flip_middle(&out.join(file)));
    place.kefu(&["verify", "p.toml", "--repair"]).expect(0, &[]);
    assert_same(&tables(&place), &expected, "all at once");
    let again = place.kefu(&["verify", "p.toml", "--repair", "--json"]);
    let verified: serde_json::Value = serde_json::from_str(again.expect(0, &[]).stdout.as_str()).unwrap();
    assert_eq!(verified["differences"], serde_json::json!([]));
}

/// The remedy that the pages name: it reads the files that it leaves as they are.
#[test]
fn a_backfill_over_all_days_hashes_files_in_place() {
    let place = published();
    let (out, expected) = (place.path("out"), tables(&place));
    let rotten = [format!("reports/shop_day/dt={}/data.parquet", DAYS[0]), format!("details/rounds/dt={}/data.parquet", DAYS[1])];
    rotten.iter().for_each(|file| flip_middle(&out.join(file)));
    place.kefu(&["backfill", "p.toml", "--from", DAYS[0], "--to", DAYS[2], "--only", "all"]).expect(0, &[]);
    assert_same(&tables(&place), &expected, "after the backfill");
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
}

/// Reports of the week before are what judgements compare with.
#[test]
fn a_flipped_bit_in_a_report_that_is_read_again_becomes_no_number() {
    let place = published();
    let (out, before) = (place.path("out"), place.path("before"));
    copy(&out, &before);
    place.kefu(&NIGHT).expect(0, &[]);
    let expected = tables(&place);
    for table in ["shop_day", "agent_day"] {
        copy(&before, &out);
        flip_middle(&out.join(format!("reports/{table}/dt={}/data.parquet", DAYS[2])));
        place.kefu(&NIGHT).expect(0, &[]);
        assert_same(&tables(&place), &expected, table);
        place.kefu(&["verify", "p.toml"]).expect(0, &[]);
    }
}

/// An output of a version that named no states gets their hashes with the next publication, and nobody is asked anything.
#[test]
fn states_of_an_older_output_are_taken_over() {
    let place = published();
    unseal_folder(&place.path("out"));
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
    let ran = place.kefu(&NIGHT);
    ran.expect(0, &[]);
    assert!(!ran.said.contains("repair") && !ran.said.contains("damaged"), "{}", ran.said);
    let state = format!("state/chats/shop_sums/dt={}/data.parquet", DAYS[0]);
    flip_middle(&place.path("out").join(&state));
    let verified = place.kefu(&["verify", "p.toml"]);
    assert!(verified.code == 1 && verified.stdout.contains(&state), "{}", verified.stdout);
}
