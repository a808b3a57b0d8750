//! `complete` knows orders: a period whose order history begins too late, or lacks a file, is not complete, and what is missing is named.

use crate::support::place::{Place, Ran};
use crate::support::tables::truth;
use crate::support::{date, day};
use std::collections::BTreeSet;

const FIRST: &str = "2026-09-01";
const LAST: &str = "2026-09-07";
const HEAD: &str = "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\n";

/// Every date from one to another.
fn range(from: &str, to: &str) -> Vec<String> {
    (day(from)..=day(to)).map(date).collect()
}

fn put_chats(place: &Place, date: &str) {
    let at = |second: u32| format!("{date}T10:00:{second:02}+08:00");
    let rows = format!("s1,b1,buyer,{},A\ns1,b1,agent,{},A\n", at(0), at(20));
    place.put(&format!("chat_{date}.csv"), format!("shop_id,buyer_id,sender,sent_at,agent_id\n{rows}"));
}

fn put_orders(place: &Place, date: &str) {
    place.put(&format!("orders_{date}.csv"), format!("{HEAD}s1,o{date},b{date},{date}T09:00:00+08:00,,10.00,1\n"));
}

/// A week of chats under some orders and settings.
fn pipeline(settings: &str) -> Place {
    let place = Place::new(&format!("name = \"orders\"\n[messages]\npath = \"chat_{{date}}.csv\"\n{settings}"));
    range(FIRST, LAST).iter().for_each(|date| put_chats(&place, date));
    place
}

const DATED: &str = "[orders]\npath = \"orders_{date}.csv\"\n";

fn backfill(place: &Place) -> Ran {
    place.kefu(&["backfill", "p.toml", "--from", FIRST, "--to", LAST])
}

/// The days of the shop that are complete.
fn complete(place: &Place) -> BTreeSet<String> {
    let report = place.tables().report("shop", "day");
    report.iter().filter(|(_, row)| truth(row, "complete")).map(|(key, _)| date(key.0)).collect()
}

/// The days on which the log reaches back far enough.
fn all() -> BTreeSet<String> {
    range("2026-09-04", LAST).into_iter().collect()
}

/// The orders that are there, the days that are complete, and what is said to be missing.
#[test]
fn a_period_needs_the_orders_of_the_days_before_it() {
    let cases = [
        ("2026-08-20", "", all(), None),
        (
            "2026-08-22",
            "",
            range("2026-09-06", LAST).into_iter().collect(),
            Some("orders_2026-08-20.csv to orders_2026-08-21.csv are not there"),
        ),
        (FIRST, "", BTreeSet::new(), Some("orders_2026-08-20.csv to orders_2026-08-31.csv are not there")),
        (FIRST, "[rules]\nafter_sale_days = 0\n", all(), None),
        (FIRST, "[quality]\non_missing = \"empty\"\n", all(), None),
    ];
    for (from, settings, expected, says) in cases {
        let place = pipeline(&format!("{DATED}{settings}"));
        range(from, LAST).iter().for_each(|date| put_orders(&place, date));
        let ran = backfill(&place);
        ran.expect(0, says.as_slice());
        assert_eq!(ran.said.contains("not there"), says.is_some(), "{from} {settings}: {}", ran.said);
        assert_eq!(complete(&place), expected, "{from} {settings}");
    }
    let place = pipeline("");
    backfill(&place).expect(0, &[]);
    assert_eq!(complete(&place), range(FIRST, LAST).into_iter().collect(), "without orders nothing is looked back on");
}

/// The day itself fails and the others do not; when the file comes, the night makes the day, and the rows turn.
#[test]
fn a_file_that_is_lost_makes_the_days_around_it_incomplete_until_it_comes() {
    let place = pipeline(DATED);
    range("2026-08-15", LAST).iter().for_each(|date| put_orders(&place, date));
    place.remove("orders_2026-09-03.csv");
    backfill(&place).expect(75, &["no orders for 2026-09-03", "orders_2026-09-03.csv is not there"]);
    assert_eq!(complete(&place), BTreeSet::new());
    put_orders(&place, "2026-09-03");
    place.kefu(&["run", "p.toml", "--date", LAST]).expect(0, &["missed before and made too: 2026-09-03"]);
    assert_eq!(complete(&place), all());
}

/// History that comes later turns the rows; what has been read once is known, even if the file goes.
#[test]
fn what_was_read_once_counts_as_there() {
    let place = pipeline(DATED);
    range(FIRST, LAST).iter().for_each(|date| put_orders(&place, date));
    backfill(&place).expect(0, &[]);
    assert_eq!(complete(&place), BTreeSet::new());
    range("2026-08-15", "2026-08-31").iter().for_each(|date| put_orders(&place, date));
    place.kefu(&["run", "p.toml", "--date", LAST]).expect(0, &[]);
    assert_eq!(complete(&place), all());
    range("2026-08-15", "2026-08-24").iter().for_each(|date| place.remove(&format!("orders_{date}.csv")));
    put_chats(&place, "2026-09-08");
    put_orders(&place, "2026-09-08");
    let night = place.kefu(&["run", "p.toml", "--date", "2026-09-08"]);
    assert!(night.code == 0 && !night.said.contains("not there"), "{}", night.said);
    assert_eq!(complete(&place), range("2026-09-04", "2026-09-08").into_iter().collect());
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
}

/// A table that is exported as a whole knows the days after its earliest order, even once the export has rolled on.
#[test]
fn a_whole_table_knows_what_comes_after_its_earliest_order() {
    let orders = |created: &[&str]| {
        let rows = created.iter().enumerate().map(|(n, at)| format!("s1,o{n},x{n},{at},,10.00,1\n"));
        format!("{HEAD}{}", rows.collect::<String>())
    };
    let cases = [
        ("2026-08-25T10:00:00+08:00", BTreeSet::new()),
        ("2026-08-23T00:00:00+08:00", BTreeSet::new()),
        ("2026-08-22T23:59:59+08:00", BTreeSet::from([LAST.to_owned()])),
        ("2026-08-19T10:00:00+08:00", all()),
    ];
    for (earliest, expected) in cases {
        let place = pipeline("[orders]\npath = \"orders.csv\"\n");
        place.put("orders.csv", orders(&[earliest, "2026-09-06T11:00:00+08:00"]));
        backfill(&place).expect(0, &[]);
        assert_eq!(complete(&place), expected, "{earliest}");
        // The export rolls on.
        place.put("orders.csv", orders(&["2026-09-06T11:00:00+08:00"]));
        place.kefu(&["run", "p.toml", "--date", LAST]).expect(0, &[]);
        assert_eq!(complete(&place), expected, "{earliest}, rolled on");
        // Older orders come after all.
        place.put("orders.csv", orders(&["2026-08-01T10:00:00+08:00", "2026-09-06T11:00:00+08:00"]));
        place.kefu(&["run", "p.toml", "--date", LAST]).expect(0, &[]);
        assert_eq!(complete(&place), all(), "{earliest}, with older orders");
    }
}
