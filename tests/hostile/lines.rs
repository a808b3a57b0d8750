use super::{NDJSON, counted, line, lines, set_aside, with};
use crate::support::place::{CHATS, CHATS_PATH, PIPELINE, Place};
use crate::support::tables::{number, text};

#[test]
fn one_bad_line_in_ten_thousand_is_set_aside() {
    let chats = lines(6_000) + "{\"shop_id\":\"s1\"\n" + &lines(9_999)[lines(6_000).len()..];
    let place = with("chats.ndjson", chats);
    place.run().expect(0, &[]);
    let aside = set_aside(&place);
    assert_eq!((aside.len(), aside[0].0), (1, 6_001.0));
    assert_eq!(counted(&place), 9_999.0);
}

#[test]
fn six_percent_of_bad_lines_leave_the_reports_as_they_were() {
    let place = with("chats.ndjson", lines(100));
    place.run().expect(0, &[]);
    let before = place.tables();
    place.put(NDJSON, lines(94) + &"nonsense\n".repeat(6));
    place.run().expect(3, &["6 of 100 rows of messages are bad", "row: 95", "chats.ndjson"]);
    assert_eq!(place.tables().files(&["reports", "details"]), before.files(&["reports", "details"]));
}

/// An upload that is still under way. The whole file is another input and is read again.
#[test]
fn a_last_line_that_is_cut_is_set_aside() {
    let place = with("chats.ndjson", lines(120) + &line(120)[..60]);
    place.run().expect(0, &[]);
    assert_eq!(set_aside(&place).iter().map(|(row, ..)| *row).collect::<Vec<_>>(), [121.0]);
    place.put(NDJSON, lines(121));
    place.run().expect(0, &[]);
    assert_eq!(counted(&place), 121.0);
}

/// In place of a good value: what is in the line, the column blamed, and why.
const DRIFT: &[(&str, &str, &str, &str)] = &[
    ("\"s1\"", "\"s\\ud800\"", "shop_id", "hex escape"),
    ("\"s1\"", "\"s\\u0000\"", "shop_id", "NUL"),
    ("\"s1\"", "{\"id\":\"s1\"}", "shop_id", "list or object"),
    ("\"s1\"", "[\"s1\"]", "shop_id", "list or object"),
    ("\"s1\"", "true", "shop_id", "true or false"),
    ("\"s1\"", "1.5", "shop_id", "decimals"),
    ("\"s1\"", "99999999999999999999", "shop_id", "too long to be exact"),
    ("\"s1\"", "1e400", "shop_id", "out of range"),
    ("\"s1\"", "NaN", "shop_id", "not a JSON object"),
    ("\"s1\"", "\"\"", "shop_id", "missing"),
    ("\"s1\"", "null", "shop_id", "missing"),
    ("\"s1\"", "\"s1\",\"shop_id\":\"s2\"", "shop_id", "stands twice"),
    ("\"2026-09-01T10:00:00+08:00\"", "99999999999999999999", "sent_at", "too long"),
    ("\"2026-09-01T10:00:00+08:00\"", "-0", "sent_at", "outside 2000 to 2100"),
    ("\"2026-09-01T10:00:00+08:00\"", "\"Infinity\"", "sent_at", "not a time"),
];

#[test]
fn a_value_of_another_type_is_set_aside_with_its_column() {
    let drifted = |(good, bad, ..): &(&str, &str, &str, &str)| line(0).replace(good, bad);
    let chats = lines(40) + &DRIFT.iter().map(drifted).collect::<String>();
    let place = super::with_pipeline(&format!("{PIPELINE}[quality]\nmax_bad_ratio = 0.5\n"), "chats.ndjson", chats);
    place.run().expect(0, &[]);
    let aside = set_aside(&place);
    assert_eq!(aside.len(), DRIFT.len(), "{aside:#?}");
    for (n, ((row, column, reason), (_, bad, expected, says))) in aside.iter().zip(DRIFT).enumerate() {
        assert_eq!((*row, column.as_str()), ((41 + n) as f64, *expected), "{bad}: {reason}");
        assert!(reason.contains(says), "{bad}: {reason}");
    }
}

/// Some platforms export ids as numbers: their digits are the id.
#[test]
fn a_whole_number_is_an_id() {
    let place = with("chats.ndjson", line(0).replace("\"s1\"", "1234567890123456789"));
    place.run().expect(0, &[]);
    let shops = place.tables().rows("reports/shop_day").iter().map(|row| text(row, "shop_id")).collect::<Vec<_>>();
    assert_eq!(shops, [Some("1234567890123456789".to_owned())]);
}

#[test]
fn an_amount_that_is_no_number_is_set_aside() {
    let bad = ["1e400", "NaN", "Infinity", "99999999999999999999", "0x10", "１２x"];
    let order = |amount: &str| format!("s1,o{amount},b1,2026-09-01T10:00:00+08:00,{amount},1\n");
    let good = (0..40).map(|n| format!("s1,g{n},b1,2026-09-01T10:00:00+08:00,-0,1\n")).collect::<String>();
    let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders.csv\"\n[quality]\nmax_bad_ratio = 0.5\n"));
    let head = "shop_id,order_id,buyer_id,created_at,amount,quantity\n";
    place.put("orders.csv", format!("{head}{good}{}", bad.map(order).concat()));
    place.run().expect(0, &[]);
    let aside = place.tables().rows("quarantine/orders");
    assert_eq!(aside.iter().map(|row| text(row, "column").unwrap()).collect::<Vec<_>>(), ["amount"; 6]);
}

#[test]
fn a_column_nobody_reads_is_told_once() {
    let with_colour = |n: usize| line(n).replace('}', ",\"colour\":\"red\"}");
    let place = with("a.ndjson", (0..10).map(with_colour).collect::<String>());
    place.put("messages/date=2026-09-01/b.ndjson", (10..20).map(with_colour).collect::<String>());
    let ran = place.run();
    ran.expect(0, &["columns that no metric uses", "colour (2 files)"]);
    assert_eq!(ran.said.matches("colour").count(), 1, "{}", ran.said);
    assert_eq!(counted(&place), 20.0);
}

/// Never silent nulls: the nearest name there is helps to mend the mapping.
#[test]
fn a_renamed_column_is_named_with_the_nearest_there_is() {
    let says = ["no column `buyer_id`", "did you mean buyer_id = \"buyerId\"", "chats."];
    with("chats.ndjson", lines(10).replace("buyer_id", "buyerId")).run().expect(3, &says);
    with("chats.csv", CHATS.replace("buyer_id", "buyerId")).run().expect(3, &says);
    with("chats.ndjson", lines(10).replace("buyer_id", "x")).run().expect(3, &["no column `buyer_id`", "found:"]);
}

/// A constant stands in for a key that the lines lack, as it does for a column.
#[test]
fn a_constant_fills_in_for_a_key() {
    let chats = lines(3).replace("\"shop_id\":\"s1\",", "");
    let place = super::with_pipeline(&format!("{PIPELINE}constants = {{ shop_id = \"s9\" }}\n"), "chats.ndjson", chats);
    place.run().expect(0, &[]);
    assert_eq!(text(&place.tables().rows("reports/shop_day")[0], "shop_id").as_deref(), Some("s9"));
}

/// A file that was sent twice and a line that stands twice count once; the audit says so.
#[test]
fn what_is_sent_twice_counts_once() {
    let place = with("a.ndjson", lines(10) + &line(3));
    place.put("messages/date=2026-09-01/b.ndjson", lines(10));
    place.run().expect(0, &[]);
    assert_eq!(counted(&place), 10.0);
    let audit = place.tables().rows("_meta/audit");
    let duplicates = audit.iter().map(|row| number(row, "duplicates").unwrap()).collect::<Vec<_>>();
    assert_eq!(duplicates, [1.0, 10.0]);
}

/// The newest version of an order counts, whichever file it stands in.
#[test]
fn a_later_version_wins_in_any_order_of_files() {
    let head = "shop_id,order_id,buyer_id,created_at,amount,quantity,paid_at,updated_at\n";
    let version = |amount: &str, updated: &str| {
        format!("{head}s1,o1,b1,2026-09-01T10:01:00+08:00,{amount},1,2026-09-01T10:02:00+08:00,2026-09-01T{updated}:00+08:00\n")
    };
    for [first, second] in [["a", "b"], ["b", "a"]] {
        let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders/*.csv\"\n"));
        place.put(&format!("orders/{first}.csv"), version("10.00", "11:00"));
        place.put(&format!("orders/{second}.csv"), version("7.00", "12:00"));
        place.run().expect(0, &[]);
        let sales = number(&place.tables().rows("reports/shop_day")[0], "shop_amount");
        assert_eq!(sales, Some(7.0), "the newer one in {second}.csv");
    }
}

#[test]
fn a_field_of_csv_may_hold_line_ends_but_not_megabytes() {
    let place = Place::new(&format!("{PIPELINE}[quality]\nmax_bad_ratio = 0.5\n"));
    let row = |n: usize, text: &str| format!("s1,b{n},buyer,2026-09-01T10:00:00+08:00,A,m{n},\"{text}\"\n");
    let chats = row(1, "two\nlines") + &row(2, &"x".repeat(10_000_000)) + &row(3, "short") + "s1,b4,buyer\n" + &row(5, "a,b,c");
    place.put(CHATS_PATH, format!("shop_id,buyer_id,sender,sent_at,agent_id,message_id,text\n{chats}"));
    place.run().expect(0, &[]);
    let aside = set_aside(&place).into_iter().map(|(row, column, _)| (row, column)).collect::<Vec<_>>();
    assert_eq!(aside, [(2.0, "text".to_owned()), (4.0, String::new())]);
    assert_eq!(counted(&place), 4.0, "the long cell is emptied, and its row counts");
}

#[test]
fn columns_parted_by_semicolons_are_told() {
    with("chats.csv", CHATS.replace(',', ";")).run().expect(3, &["parted by ';', not by commas", "chats.csv"]);
}
