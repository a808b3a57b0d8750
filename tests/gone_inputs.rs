//! Inputs that expire: the days that were made of them stay as they were published, later nights go on, and what is said of them.

use crate::support::place::{Place, Ran};
use crate::support::tables::number;
use crate::support::{date, day};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const MESSAGES: &str = "name = \"gone\"\n[messages]\npath = \"chats/{date}.csv\"\n";
const ORDERS: &str = "[orders]\npath = \"orders/{date}.csv\"\n";
/// After these days final payments are known.
const PAID_AFTER: i64 = 4;

/// The date of a day of September.
fn of(september: i64) -> String {
    date(day("2026-08-31") + september)
}

fn chats_file(september: i64) -> String {
    format!("chats/{}.csv", of(september))
}

fn orders_file(september: i64) -> String {
    format!("orders/{}.csv", of(september))
}

/// A buyer of the day asks and is answered after so many seconds.
fn put_chats(place: &Place, september: i64, seconds: u32) {
    let at = |second: u32| format!("{}T10:00:{second:02}+08:00", of(september));
    let rows = format!("s1,b{september},buyer,{},A\ns1,b{september},agent,{},A\n", at(0), at(seconds));
    place.put(&chats_file(september), format!("shop_id,buyer_id,sender,sent_at,agent_id\n{rows}"));
}

/// The buyer of the day orders, and the one of four days before pays.
fn put_orders(place: &Place, september: i64) {
    let order = |ordered: i64, paid: &str| format!("s1,o{ordered},b{ordered},{}T11:00:00+08:00,{paid},10.00,1\n", of(ordered));
    let before = september - PAID_AFTER;
    let paid = if before > 0 { order(before, &format!("{}T12:00:00+08:00", of(september))) } else { String::new() };
    let head = "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\n";
    place.put(&orders_file(september), format!("{head}{}{paid}", order(september, "")));
}

/// The chats and orders of some days of September, and no run yet.
fn with_days(settings: &str, days: std::ops::RangeInclusive<i64>) -> Place {
    let place = Place::new(&format!("{MESSAGES}{settings}"));
    for september in days {
        put_chats(&place, september, 20);
        put_orders(&place, september);
    }
    place
}

fn night(place: &Place, september: i64, flags: &[&str]) -> Ran {
    place.kefu(&[["run", "p.toml", "--date", &of(september)].as_slice(), flags].concat())
}

fn backfill(place: &Place, from: i64, to: i64, flags: &[&str]) -> Ran {
    place.kefu(&[["backfill", "p.toml", "--from", &of(from), "--to", &of(to)].as_slice(), flags].concat())
}

/// What `plan` says of some days.
fn plan(place: &Place, from: i64, to: i64) -> String {
    let ran = place.kefu(&["plan", "p.toml", "--from", &of(from), "--to", &of(to)]);
    ran.expect(0, &[]);
    ran.stdout
}

fn published(place: &Place) -> BTreeMap<String, Bytes> {
    place.tables().files(&["reports", "details"]).into_iter().map(|(key, bytes)| (key.to_owned(), bytes.clone())).collect()
}

/// The files that hold a day alone.
fn of_day(place: &Place, september: i64) -> BTreeMap<String, Bytes> {
    let dt = format!("dt={}/", of(september));
    let mut files = published(place);
    files.retain(|key, _| key.contains(&dt) && (key.contains("_day/") || key.starts_with("details/")));
    assert!(!files.is_empty(), "{september} September has no files");
    files
}

fn differing(found: &BTreeMap<String, Bytes>, expected: &BTreeMap<String, Bytes>) -> BTreeSet<String> {
    found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).cloned().collect()
}

/// A metric of the shop on a day.
fn on(place: &Place, september: i64, metric: &str) -> Option<f64> {
    number(&place.tables().report("shop", "day")[&(day(&of(september)), "s1".to_owned(), None)], metric)
}

fn seen(ran: &Ran) -> String {
    format!("{}\n{}", ran.said, ran.stdout)
}

/// Ten nights, each with the chats of four nights before gone: every night ends well, and with the numbers of an input that keeps everything.
#[test]
fn chats_that_expire_change_no_number_and_stop_no_night() {
    let cases = [("", &[][..]), ("[quality]\non_missing = \"empty\"\n", &["--force"][..])];
    for (settings, flags) in cases {
        let [expiring, kept] = ["expiring", "kept"].map(|_| with_days(&format!("{ORDERS}{settings}"), 1..=10));
        for september in 1..=10 {
            if september > PAID_AFTER {
                expiring.remove(&chats_file(september - PAID_AFTER));
            }
            let ran = night(&expiring, september, flags);
            ran.expect(0, &[]);
            night(&kept, september, flags).expect(0, &[]);
            assert_eq!(ran.said.contains("input gone (messages): "), september > PAID_AFTER, "{september}: {}", ran.said);
        }
        assert_eq!(differing(&published(&expiring), &published(&kept)), BTreeSet::new(), "{settings} {flags:?}");
        assert_eq!(on(&expiring, 4, "pay_final_buyers"), Some(1.0), "made of kept states in the night of the 8th");
    }
}

/// What is said of the days in the night of the 8th, and by `plan`.
#[test]
fn what_is_gone_is_said_and_what_is_made_of_states_too() {
    let place = with_days(ORDERS, 1..=8);
    backfill(&place, 1, 7, &[]).expect(0, &[]);
    (1..=4).for_each(|september| place.remove(&chats_file(september)));
    let says =
        ["input gone (messages): 2026-09-01 to 2026-09-03 left as published", "input gone (messages): 2026-09-04 made of kept states"];
    let planned = plan(&place, 8, 8);
    assert!(says.iter().all(|text| planned.contains(text)), "{planned}");
    night(&place, 8, &[]).expect(0, &says);
    let planned = plan(&place, 1, 8);
    assert_eq!(planned.matches("left as it is").count(), 4, "{planned}");
    assert!(planned.contains("2026-09-01  left as it is     input gone: messages"), "{planned}");
}

/// Every other dated table: the header alone is a file.
#[test]
fn every_table_may_lose_a_partition() {
    let tables = [
        ("orders", "shop_id,order_id,buyer_id,created_at,amount,quantity"),
        ("evaluations", "shop_id,buyer_id,agent_id,sent_at"),
        ("refunds", "shop_id,refund_id,order_id,applied_at,amount"),
        ("tickets", "shop_id,ticket_id,buyer_id,opened_at"),
        ("agent_status", "shop_id,agent_id,at,status"),
        ("visits", "shop_id,date,visitors"),
        ("videos", "shop_id,video_id,date,plays"),
        ("blocklist", "shop_id,buyer_id"),
        ("holidays", "date,hours"),
    ];
    for (table, head) in tables {
        let place = Place::new(&format!("{MESSAGES}[{table}]\npath = \"{table}/{{date}}.csv\"\n"));
        for september in 1..=7 {
            put_chats(&place, september, 20);
            place.put(&format!("{table}/{}.csv", of(september)), format!("{head}\n"));
        }
        backfill(&place, 1, 6, &[]).expect(0, &[]);
        let before = of_day(&place, 2);
        place.remove(&format!("{table}/{}.csv", of(2)));
        let ran = night(&place, 7, &[]);
        ran.expect(0, &[&format!("input gone ({table}): ")]);
        assert!(!ran.said.contains("late data"), "{table}: {}", ran.said);
        assert_eq!(differing(&of_day(&place, 2), &before), BTreeSet::new(), "{table}");
        assert_eq!(on(&place, 7, "receive_buyers"), Some(1.0), "{table}");
        let planned = plan(&place, 2, 2);
        assert!(planned.contains(&format!("input gone: {table}")), "{table}: {planned}");
        backfill(&place, 2, 2, &["--only", "all"]).expect(3, &["input gone"]);
        assert_eq!(differing(&of_day(&place, 2), &before), BTreeSet::new(), "{table}");
    }
}

/// A table without a date in its path that is gone is an error, as ever.
#[test]
fn a_whole_table_that_is_gone_stops_the_run() {
    let place = with_days("[orders]\npath = \"orders.csv\"\n", 1..=2);
    place.put("orders.csv", fs::read(place.path(&orders_file(1))).unwrap());
    night(&place, 1, &[]).expect(0, &[]);
    place.remove("orders.csv");
    night(&place, 2, &[]).expect(75, &["no orders for"]);
}

/// Payments that would be known now need the orders of the day: without them the day stays, and says so. Later days go on.
#[test]
fn a_day_whose_orders_are_gone_is_not_made_again() {
    let place = with_days(ORDERS, 1..=6);
    backfill(&place, 1, 4, &[]).expect(0, &[]);
    let before = of_day(&place, 1);
    assert_eq!(on(&place, 1, "pay_final_buyers"), None);
    place.remove(&orders_file(1));
    let ran = night(&place, 5, &[]);
    ran.expect(0, &["input gone (orders): 2026-09-01", "left as published, not made again although maturing"]);
    assert_eq!(differing(&of_day(&place, 1), &before), BTreeSet::new());
    assert_eq!(on(&place, 5, "receive_buyers"), Some(1.0));
    // Chats that came again corrected do not help: the day needs the gone orders all the same.
    put_chats(&place, 1, 40);
    night(&place, 6, &[]).expect(0, &["although", "late data in messages"]);
    assert_eq!(differing(&of_day(&place, 1), &before), BTreeSet::new());
}

/// Days of which something was gone already when they were made need it no more.
#[test]
fn what_was_gone_before_a_day_was_made_is_not_missed() {
    let place = with_days(ORDERS, 1..=7);
    night(&place, 1, &[]).expect(0, &[]);
    night(&place, 2, &[]).expect(0, &[]);
    place.remove(&orders_file(1));
    for september in 3..=7 {
        night(&place, september, &[]).expect(0, &[]);
    }
    assert_eq!(on(&place, 3, "pay_final_buyers"), Some(1.0));
    assert_eq!(on(&place, 2, "pay_final_buyers"), None, "the orders of the 1st were there when it was made");
}

/// Settings, the command, its exit code, and whether it says what is gone.
#[test]
fn a_day_that_is_asked_for_is_refused_and_the_others_are_made() {
    let empty = "[quality]\non_missing = \"empty\"\n";
    for settings in ["", empty] {
        let place = with_days(settings, 1..=6);
        backfill(&place, 1, 5, &[]).expect(0, &[]);
        let before = published(&place);
        place.remove(&chats_file(1));
        for flags in [&[][..], &["--force"][..], &["--only", "all"][..], &["--only", "all", "--force"][..]] {
            night(&place, 1, flags).expect(3, &["input gone"]);
            assert_eq!(differing(&published(&place), &before), BTreeSet::new(), "{settings} {flags:?}");
        }
        let ran = backfill(&place, 1, 6, &[]);
        ran.expect(3, &["1 of 6 days", "input gone"]);
        assert_eq!(on(&place, 6, "receive_buyers"), Some(1.0), "{settings}: {}", ran.said);
        assert_eq!(on(&place, 1, "receive_buyers"), Some(1.0));
        backfill(&place, 1, 6, &["--only", "missing"]).expect(0, &[]);
        let status = place.kefu(&["status", "p.toml", "--from", "2026-09-01", "--to", "2026-09-06"]);
        assert!(status.stdout.contains("# fresh 6"), "{}", status.stdout);
    }
}

/// The setting, and whether the night of the 6th says that the 1st is gone.
#[test]
fn inputs_kept_says_from_when_on_it_is_normal() {
    for (kept, is_said) in
        [("", true), ("inputs_kept = \"90d\"\n", true), ("inputs_kept = \"6d\"\n", true), ("inputs_kept = \"5d\"\n", false)]
    {
        let place = with_days(&format!("[quality]\n{kept}"), 1..=6);
        backfill(&place, 1, 5, &[]).expect(0, &[]);
        place.remove(&chats_file(1));
        let ran = night(&place, 6, &[]);
        ran.expect(0, &[]);
        assert_eq!(ran.said.contains("input gone"), is_said, "{kept}: {}", ran.said);
        let planned = plan(&place, 1, 6);
        assert_eq!(planned.contains("input gone"), is_said, "{kept}: {planned}");
        assert_eq!(night(&place, 1, &[]).code, if is_said { 3 } else { 0 }, "{kept}");
        night(&place, 1, &["--only", "all"]).expect(3, &["input gone"]);
    }
    for wrong in ["90", "0d", "three months"] {
        with_days(&format!("[quality]\ninputs_kept = \"{wrong}\"\n"), 1..=1).run().expect(2, &["whole days"]);
    }
}

/// The same file changes nothing, another one is late data.
#[test]
fn a_file_that_comes_back_is_read_only_if_it_is_another() {
    let place = with_days("", 1..=7);
    backfill(&place, 1, 5, &[]).expect(0, &[]);
    let away = place.path("away.csv");
    fs::rename(place.path(&chats_file(1)), &away).unwrap();
    night(&place, 6, &[]).expect(0, &["input gone (messages): 2026-09-01"]);
    fs::rename(&away, place.path(&chats_file(1))).unwrap();
    let planned = plan(&place, 1, 1);
    assert!(planned.contains("1 day(s) fresh; to do: 0 to read"), "{planned}");
    place.remove(&chats_file(1));
    put_chats(&place, 1, 40);
    let ran = night(&place, 7, &[]);
    assert!(ran.code == 0 && !seen(&ran).contains("input gone"), "{}", ran.said);
    assert_eq!(on(&place, 1, "resp_avg_s"), Some(40.0));
}

/// Other rules: days whose chats are gone stay, and so does the week that holds them; the others and the nights go on.
#[test]
fn days_whose_input_is_gone_are_not_made_under_other_rules() {
    let place = with_days("", 1..=8);
    backfill(&place, 1, 5, &[]).expect(0, &[]);
    let before = published(&place);
    [1, 2].iter().for_each(|september| place.remove(&chats_file(*september)));
    place.put("p.toml", format!("{MESSAGES}[rules]\nslow_threshold = \"1m\"\n"));
    night(&place, 6, &[]).expect(2, &["under other rules"]);
    backfill(&place, 3, 6, &["--only", "all"]).expect(0, &["input gone (messages): 2026-09-01", "made under older rules"]);
    let week = |files: &BTreeMap<String, Bytes>| files["reports/shop_week/dt=2026-08-31/data.parquet"].clone();
    assert_eq!(week(&published(&place)), week(&before), "the week holds days of the older rules");
    for september in [7, 8] {
        night(&place, september, &[]).expect(0, &["made under older rules"]);
    }
    let planned = plan(&place, 1, 8);
    assert!(planned.contains("2026-09-01  left as it is     made under older rules; input gone: messages"), "{planned}");
    let day_report = "reports/shop_day/dt=2026-09-01/data.parquet";
    assert_eq!(published(&place)[day_report], before[day_report]);
    assert_eq!(week(&published(&place)), week(&before));
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
}

/// States that are lost with their chats: the day and its periods stay, and the others are read again.
#[test]
fn a_day_without_states_and_chats_stays_with_its_periods() {
    let place = with_days("", 1..=7);
    backfill(&place, 1, 5, &[]).expect(0, &[]);
    let (before, day_before) = (published(&place), of_day(&place, 1));
    place.remove(&chats_file(1));
    fs::remove_dir_all(place.path("out/state")).unwrap();
    night(&place, 6, &[]).expect(0, &["states gone, input gone (messages): 2026-09-01"]);
    let after = published(&place);
    let is_long = |key: &str| ["_week/", "_month/", "_quarter/", "_year/"].iter().any(|period| key.contains(period));
    let changed = differing(&after, &before).into_iter().filter(|key| before.contains_key(key) && is_long(key)).collect::<Vec<_>>();
    assert_eq!(changed, Vec::<String>::new());
    assert_eq!(differing(&of_day(&place, 1), &day_before), BTreeSet::new());
    night(&place, 7, &[]).expect(0, &[]);
    assert_eq!(on(&place, 7, "receive_buyers"), Some(1.0));
}

/// A day that late data made due and that cannot be read: it stays, the night goes on; and the other way round.
#[test]
fn a_day_that_cannot_be_read_stops_no_other() {
    let broken = "<html><body>502 Bad Gateway</body></html>";
    let place = with_days("", 1..=5);
    backfill(&place, 1, 3, &[]).expect(0, &[]);
    let before = of_day(&place, 2);
    place.put(&chats_file(2), broken);
    night(&place, 4, &[]).expect(0, &["left as published: 2026-09-02"]);
    assert_eq!(on(&place, 4, "receive_buyers"), Some(1.0));
    assert_eq!(differing(&of_day(&place, 2), &before), BTreeSet::new());
    put_chats(&place, 2, 40);
    place.put(&chats_file(5), broken);
    let own = night(&place, 5, &[]);
    assert!(own.code != 0, "{}", own.said);
    assert_eq!(on(&place, 2, "resp_avg_s"), Some(40.0), "{}", own.said);
}
