//! Nights that were missed, days that failed and files that came late: which run makes them, and what it says of those that it leaves.

use crate::support::place::{PIPELINE, Place, Ran};
use crate::support::tables::{number, truth};
use crate::support::{date, day};
use std::collections::BTreeSet;

/// A buyer of the day asks and is answered after so many seconds.
fn chats(date: &str, seconds: u32) -> String {
    let at = |second: u32| format!("{date}T10:00:{second:02}+08:00");
    format!("shop_id,buyer_id,sender,sent_at,agent_id\ns1,b{date},buyer,{},A\ns1,b{date},agent,{},A\n", at(0), at(seconds))
}

fn file(date: &str) -> String {
    format!("messages/date={date}/chats.csv")
}

/// With the chats of some days, and none else.
fn with_days(settings: &str, dates: &[&str]) -> Place {
    let place = Place::new(&format!("{PIPELINE}{settings}"));
    place.remove(&file("2026-09-01"));
    dates.iter().for_each(|date| place.put(&file(date), chats(date, 20)));
    place
}

fn night(place: &Place, date: &str) -> Ran {
    place.kefu(&["run", "p.toml", "--date", date])
}

fn backfill(place: &Place, from: &str, to: &str) -> Ran {
    place.kefu(&["backfill", "p.toml", "--from", from, "--to", to])
}

/// The days that have a report.
fn made(place: &Place) -> BTreeSet<String> {
    place.tables().report("shop", "day").keys().map(|key| date(key.0)).collect()
}

fn dates<const N: usize>(dates: [&str; N]) -> BTreeSet<String> {
    dates.into_iter().map(str::to_owned).collect()
}

/// Whether all is said in one of the lines; lines of errors are broken within words.
fn assert_said(ran: &Ran, text: &str) {
    assert!(ran.said.replace(' ', "").contains(&text.replace(' ', "")), "`{text}` is not in: {}", ran.said);
}

#[test]
fn a_day_whose_file_comes_late_is_made_by_the_next_night() {
    let place = with_days("", &["2026-09-01", "2026-09-03", "2026-09-04"]);
    let ran = backfill(&place, "2026-09-01", "2026-09-03");
    ran.expect(75, &["no messages for"]);
    assert_said(&ran, "kefu backfill p.toml --from 2026-09-02 --to 2026-09-02 --only failed");
    assert_eq!(made(&place), dates(["2026-09-01", "2026-09-03"]));
    let week = |place: &Place| {
        let report = place.tables().report("shop", "week");
        let row = &report[&(day("2026-08-31"), "s1".to_owned(), None)];
        (number(row, "receive_buyers"), number(row, "resp_avg_s"), truth(row, "complete"))
    };
    assert_eq!(week(&place), (Some(2.0), Some(20.0), false));
    place.put(&file("2026-09-02"), chats("2026-09-02", 40));
    let plan = place.kefu(&["plan", "p.toml", "--from", "2026-09-04", "--to", "2026-09-04"]);
    assert!(plan.stdout.contains("missed before and made too: 2026-09-02"), "{}", plan.stdout);
    night(&place, "2026-09-04").expect(0, &["missed before and made too: 2026-09-02"]);
    assert_eq!(week(&place), (Some(4.0), Some(25.0), false));
}

/// Which days are there before, which come, and what a night of 9 September makes beside its own.
#[test]
fn a_night_makes_the_days_that_were_missed_and_no_others() {
    let quiet = "[quality]\non_missing = \"empty\"\n";
    let all = ["2026-09-05", "2026-09-06", "2026-09-07", "2026-09-08", "2026-09-09"];
    let gaps = [all[0], all[2], all[4]];
    let cases = [
        // Nights that did not run; the day before the first published one is nobody's.
        ("", "2026-09-06", &all[..], dates(["2026-09-06", "2026-09-07", "2026-09-08", "2026-09-09"])),
        // The first run makes its day alone.
        ("", "", &all[..], dates(["2026-09-09"])),
        // A file that has not come is left.
        ("", "2026-09-05", &gaps[..], dates(["2026-09-05", "2026-09-07", "2026-09-09"])),
        (quiet, "2026-09-05", &gaps[..], dates(["2026-09-05", "2026-09-07", "2026-09-09"])),
    ];
    for (settings, first, files, expected) in cases {
        let place = with_days(settings, files);
        if !first.is_empty() {
            night(&place, first).expect(0, &[]);
        }
        let ran = night(&place, "2026-09-09");
        ran.expect(0, &[]);
        assert_eq!(made(&place), expected, "{settings} {first} {files:?}");
        let left = settings.is_empty() && files.len() == 3;
        assert_eq!(ran.said.contains("not published"), left, "{}", ran.said);
        if left {
            ran.expect(0, &["not published: 2026-09-06, without files of messages", "--from 2026-09-08 --to 2026-09-08"]);
        }
        let again = night(&place, "2026-09-09");
        assert!(again.code == 0 && !again.said.contains("made too"), "{}", again.said);
    }
}

#[test]
fn only_date_makes_its_day_alone() {
    let place = with_days("", &["2026-09-07", "2026-09-08", "2026-09-09"]);
    night(&place, "2026-09-07").expect(0, &[]);
    let alone = ["run", "p.toml", "--date", "2026-09-09", "--only-date"];
    let ran = place.kefu(&alone);
    assert!(ran.code == 0 && !ran.said.contains("2026-09-08"), "{}", ran.said);
    assert_eq!(made(&place), dates(["2026-09-07", "2026-09-09"]));
}

/// More than 31 days before the night: only a backfill makes it.
#[test]
fn a_day_that_is_long_gone_is_left_to_a_backfill() {
    let place = with_days("", &["2026-08-01", "2026-08-08", "2026-08-09", "2026-09-09"]);
    night(&place, "2026-08-01").expect(0, &[]);
    night(&place, "2026-09-09").expect(0, &["missed before and made too: 2026-08-09"]);
    assert_eq!(made(&place), dates(["2026-08-01", "2026-08-09", "2026-09-09"]));
}

/// The exit code of a night is that of its own day, whatever becomes of the missed ones.
#[test]
fn the_exit_code_is_that_of_the_nights_own_day() {
    let place = with_days("", &["2026-09-07", "2026-09-09"]);
    night(&place, "2026-09-07").expect(0, &[]);
    place.put(&file("2026-09-08"), "<html><body>502 Bad Gateway</body></html>");
    let ran = night(&place, "2026-09-09");
    ran.expect(0, &["still not published: 2026-09-08", "kefu backfill p.toml --from 2026-09-08 --to 2026-09-08 --only failed"]);
    assert_eq!(made(&place), dates(["2026-09-07", "2026-09-09"]));
    // Its own day has no file: the missed one is made all the same.
    place.put(&file("2026-09-08"), chats("2026-09-08", 20));
    night(&place, "2026-09-10").expect(75, &["no messages for"]);
    assert_eq!(made(&place), dates(["2026-09-07", "2026-09-08", "2026-09-09"]));
}

/// A log without dates in its path: only days that were asked for and failed.
#[test]
fn days_of_an_undated_log_are_missed_only_if_they_failed() {
    let place = Place::new("name = \"whole\"\n[messages]\npath = \"chats.csv\"\n");
    let days = |dates: &[&str]| {
        let lines = dates.iter().flat_map(|date| chats(date, 20).lines().skip(1).map(str::to_owned).collect::<Vec<_>>());
        format!("shop_id,buyer_id,sender,sent_at,agent_id\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    };
    let all = ["2026-09-05", "2026-09-06", "2026-09-07", "2026-09-08"];
    place.put("chats.csv", days(&all));
    night(&place, "2026-09-05").expect(0, &[]);
    place.put("chats.csv", "<html><body>502 Bad Gateway</body></html>");
    let failed = night(&place, "2026-09-07");
    assert!(failed.code != 0, "{}", failed.said);
    place.put("chats.csv", days(&all));
    night(&place, "2026-09-08").expect(0, &["missed before and made too: 2026-09-07"]);
    assert_eq!(made(&place), dates(["2026-09-05", "2026-09-07", "2026-09-08"]));
}

/// A day that a gate holds back is looked at by a person: `--force` of another night does not publish it.
#[test]
fn force_is_for_the_nights_own_day() {
    let usual = (1..=8).map(|day| format!("2026-09-{day:02}")).collect::<Vec<_>>();
    let place = with_days("", &[]);
    let many = |date: &str, buyers: u32| {
        let rows = (0..buyers).flat_map(|n| ["buyer", "agent"].map(|who| format!("s1,b{n},{who},{date}T10:{n:02}:00+08:00,A\n")));
        format!("shop_id,buyer_id,sender,sent_at,agent_id\n{}", rows.collect::<String>())
    };
    usual.iter().for_each(|date| place.put(&file(date), many(date, 20)));
    backfill(&place, "2026-09-01", "2026-09-08").expect(0, &[]);
    place.put(&file("2026-09-09"), many("2026-09-09", 5));
    place.put(&file("2026-09-10"), many("2026-09-10", 5));
    place.kefu(&["run", "p.toml", "--date", "2026-09-10", "--force"]).expect(0, &["still not published: 2026-09-09", "held back"]);
    assert!(made(&place).contains("2026-09-10") && !made(&place).contains("2026-09-09"));
}
