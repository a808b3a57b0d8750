//! What is accepted, what is set aside and what is refused: inputs.md, case by case.

use crate::support::place::{CHATS, CHATS_PATH, PIPELINE, Place};
use crate::support::scratch::scratch;
use crate::support::sheet::{self, Packing};
use crate::support::tables::{Row, number, text};

const HEAD: &str = "shop_id,buyer_id,sender,sent_at,agent_id,message_id\n";

/// One round of 20 s, of agent A with buyer b1 in shop s1.
fn assert_one_round(place: &Place) {
    let rounds = place.tables().rows("details/rounds");
    let told = |row: &Row| (text(row, "shop_id"), text(row, "buyer_id"), text(row, "agent_id"), number(row, "wait_ms"));
    let one = (Some("s1".to_owned()), Some("b1".to_owned()), Some("A".to_owned()), Some(20_000.0));
    assert_eq!(rounds.iter().map(told).collect::<Vec<_>>(), [one]);
}

/// Spreadsheets, exporters and pipes all write CSV a little differently.
#[test]
fn the_same_table_may_be_written_in_many_ways() {
    let quoted = CHATS.replace("b1", "\"b1\"");
    let ways = [
        ("a byte order mark", format!("\u{feff}{CHATS}")),
        ("CRLF", CHATS.replace('\n', "\r\n")),
        ("no last line end", CHATS.trim_end().to_owned()),
        ("quotes", quoted),
        ("an extra column", CHATS.replace("message_id", "colour")),
        ("epoch ms", CHATS.replace("2026-09-01T10:00:00+08:00", "1788228000000").replace("2026-09-01T10:00:20+08:00", "1788228020000")),
        ("UTC", CHATS.replace("T10:00:00+08:00", "T02:00:00Z").replace("T10:00:20+08:00", "T02:00:20Z")),
        ("no offset: the pipeline's zone", CHATS.replace("+08:00", "")),
        ("a space for the T", CHATS.replace("+08:00", "").replace("01T", "01 ")),
        ("spaces around a word", CHATS.replace(",buyer,", ", buyer ,")),
    ];
    for (way, chats) in ways {
        let place = Place::with_chats(chats);
        assert_eq!(place.run().code, 0, "{way}: {}", place.run().said);
        assert_one_round(&place);
    }
}

/// A mapping of everything that can be mapped: names, words, formats, zones, constants.
#[test]
fn columns_are_mapped_as_the_pipeline_says() {
    let pipeline = "\
name = \"mapped\"
[messages]
path = \"messages/date={date}/*\"
columns = { buyer_id = \"customer\", agent_id = \"clerk\", sender = \"role\", sent_at = \"when\" }
constants = { shop_id = \"s1\" }
values.sender = { buyer = [\"customer\", \"客户\"], agent = [\"客服\"] }
datetime_format = \"%Y/%m/%d %H:%M:%S\"
timezone = \"UTC\"
";
    let place = Place::new(pipeline);
    place.put(CHATS_PATH, "customer,clerk,role,when\nb1,A,客户,2026/09/01 02:00:00\nb1,A,客服,2026/09/01 02:00:20\n");
    place.run().expect(0, &[]);
    assert_one_round(&place);
}

#[test]
fn integers_are_instants_in_the_unit_said() {
    for (unit, digits) in [("s", ""), ("ms", "000"), ("us", "000000")] {
        let place = Place::new(&format!("{PIPELINE}unit = \"{unit}\"\n"));
        let at = |seconds: &str| format!("{seconds}{digits}");
        place.put(CHATS_PATH, format!("{HEAD}s1,b1,buyer,{},A,m1\ns1,b1,agent,{},A,m2\n", at("1788228000"), at("1788228020")));
        place.run().expect(0, &[]);
        assert_one_round(&place);
    }
}

/// A bad row beside 120 good ones: what it is set aside for.
const BAD_MESSAGES: &[(&str, &str)] = &[
    (",b1,buyer,2026-09-01T10:00:00+08:00,A,x", "shop_id"),
    ("s1,,buyer,2026-09-01T10:00:00+08:00,A,x", "buyer_id"),
    ("s1,b1,,2026-09-01T10:00:00+08:00,A,x", "sender"),
    ("s1,b1,visitor,2026-09-01T10:00:00+08:00,A,x", "sender"),
    ("s1,b1,buyer,,A,x", "sent_at"),
    ("s1,b1,buyer,2026-09-01T25:61:00+08:00,A,x", "sent_at"),
    ("s1,b1,buyer,2026-02-30T10:00:00+08:00,A,x", "sent_at"),
    ("s1,b1,buyer,1999-12-31T23:59:59Z,A,x", "sent_at"),
    ("s1,b1,buyer,2100-01-01T00:00:00Z,A,x", "sent_at"),
    ("s1,b1,buyer,yesterday,A,x", "sent_at"),
];

const BAD_ORDERS: &[(&str, &str)] = &[
    ("s1,,b1,2026-09-01T10:00:00+08:00,9.00,1,", "order_id"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,9.999,1,", "amount"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,1000000000000.01,1,", "amount"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,\"1,00.00\",1,", "amount"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,,1,", "amount"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,9.00,-1,", "quantity"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,9.00,1.5555,", "quantity"),
    ("s1,o,b1,2026-09-01T10:00:00+08:00,9.00,1,2026-09-01T09:59:59.999+08:00", "paid_at"),
];

const BAD_TARGETS: &[(&str, &str)] =
    &[("s1,A,2026-13,sales_amount,1", "month"), ("s1,A,soon,sales_amount,1", "month"), ("s1,A,2026-09,sales_amount,much", "target")];

fn good_messages(count: usize) -> String {
    let line = |n| format!("s1,b{n},buyer,2026-09-01T10:00:00+08:00,A,g{n}\n");
    (0..count).map(line).collect()
}

fn good_orders(count: usize) -> String {
    (0..count).map(|n| format!("s1,g{n},b1,2026-09-01T10:00:00+08:00,9.00,1,\n")).collect()
}

/// What was set aside: column and reason of each, by row.
fn set_aside(place: &Place, table: &str) -> Vec<(f64, String)> {
    let rows = place.tables().rows(&format!("quarantine/{table}"));
    let told = |row: &Row| {
        assert!(text(row, "file").is_some() && text(row, "reason").is_some_and(|reason| !reason.is_empty()), "{row:?}");
        (number(row, "row").unwrap(), text(row, "column").unwrap())
    };
    rows.iter().map(told).collect()
}

#[test]
fn a_bad_row_is_set_aside_and_the_good_ones_go_on() {
    let bad = |rows: &[(&str, &str)]| rows.iter().map(|(row, _)| format!("{row}\n")).collect::<String>();
    let place = Place::new(&format!(
        "{PIPELINE}[orders]\npath = \"orders.csv\"\n[targets]\npath = \"targets.csv\"\n[quality]\nmax_bad_ratio = 0.1\n"
    ));
    place.put(CHATS_PATH, format!("{HEAD}{}{}", good_messages(120), bad(BAD_MESSAGES)));
    place.put(
        "targets.csv",
        format!("shop_id,agent_id,month,metric,target\n{}{}", "s1,A,2026/09,sales_amount,1\n".repeat(120), bad(BAD_TARGETS)),
    );
    let head = "shop_id,order_id,buyer_id,created_at,amount,quantity,paid_at\n";
    place.put("orders.csv", format!("{head}{}{}", good_orders(120), bad(BAD_ORDERS)));
    place.run().expect(0, &[]);
    for (table, rows) in [("messages", BAD_MESSAGES), ("orders", BAD_ORDERS), ("targets", BAD_TARGETS)] {
        let expected = rows.iter().zip(121..).map(|((_, column), row)| (f64::from(row), (*column).to_owned()));
        assert_eq!(set_aside(&place, table), expected.collect::<Vec<_>>());
    }
    let row = &place.tables().rows("reports/shop_day")[0];
    assert_eq!(number(row, "buyer_msgs"), Some(120.0));
}

#[test]
fn a_row_that_is_no_text_or_no_row_is_set_aside() {
    let place = Place::new(&format!("{PIPELINE}encoding = \"utf-8\"\n[quality]\nmax_bad_ratio = 0.1\n"));
    let mut chats = format!("{HEAD}{}", good_messages(40)).into_bytes();
    chats.extend(b"s1,b\xff,buyer,2026-09-01T10:00:00+08:00,A,x\n");
    chats.extend(b"s1,b1,buyer\n");
    place.put(CHATS_PATH, chats);
    place.run().expect(0, &[]);
    let rows = set_aside(&place, "messages").into_iter().map(|(row, _)| row).collect::<Vec<_>>();
    assert_eq!(rows, [41.0, 42.0]);
}

#[test]
fn too_many_bad_rows_stop_the_day_before_anything_is_published() {
    let place = Place::with_chats(format!("{HEAD}{}s1,b1,visitor,2026-09-01T10:00:00+08:00,A,x\n", good_messages(98)));
    place.run().expect(3, &["1 of 99 rows of messages are bad", "row: 99", "column: sender", CHATS_PATH]);
    assert!(!place.is_published());
    // 1 of 100 is the limit, and not over it.
    place.put(CHATS_PATH, format!("{HEAD}{}s1,b1,visitor,2026-09-01T10:00:00+08:00,A,x\n", good_messages(99)));
    place.run().expect(0, &[]);
    assert_eq!(set_aside(&place, "messages"), [(100.0, "sender".to_owned())]);
}

#[test]
fn a_failed_run_leaves_yesterdays_reports_as_they_were() {
    let place = Place::new(PIPELINE);
    place.run().expect(0, &[]);
    let before = place.tables();
    place.put(CHATS_PATH, "<html>502 Bad Gateway</html>");
    place.run().expect(3, &[]);
    assert_eq!(place.tables().files(&["reports", "details"]), before.files(&["reports", "details"]));
}

fn parquet_of_chats() -> Vec<u8> {
    let folder = scratch();
    let lines = [("buyer", "2026-09-01T02:00:00Z"), ("agent", "2026-09-01T02:00:20Z")];
    let row = |(sender, at): (&str, &str)| ["s1", "b1", sender, at, "A"].map(|cell| Some(cell.to_owned())).to_vec();
    let columns = &["shop_id", "buyer_id", "sender", "sent_at", "agent_id"];
    let style = sheet::Style { format: sheet::Format::Parquet, ..sheet::Style::default() };
    let path = folder.path().join("chats.parquet");
    sheet::Sheet { columns, rows: lines.into_iter().map(row).collect() }.write(&path, style);
    std::fs::read(path).unwrap()
}

/// A file that is not what it claims fails the day and is named.
#[test]
fn a_damaged_file_is_exit_3_and_named() {
    let cut = |bytes: &[u8]| bytes[..bytes.len() * 2 / 3].to_vec();
    let zipped = |packing| sheet::packed(CHATS.repeat(50).as_bytes(), packing);
    let cases = [
        ("chats.csv", Vec::new(), "empty"),
        ("chats.csv", b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>".to_vec(), "HTML"),
        ("chats.csv.gz", cut(&zipped(Packing::Gzip)), "damaged"),
        ("chats.csv.gz", CHATS.as_bytes().to_vec(), "decompressed"),
        ("chats.csv.zst", cut(&zipped(Packing::Zstd)), ""),
        ("chats.parquet", cut(&parquet_of_chats()), "damaged"),
        ("chats.parquet", CHATS.as_bytes().to_vec(), "damaged"),
        ("chats.parquet", Vec::new(), "empty"),
        ("chats.ndjson", b"<html></html>".to_vec(), "HTML"),
    ];
    for (name, bytes, says) in cases {
        let place = Place::new(PIPELINE);
        place.remove(CHATS_PATH);
        place.put(&format!("messages/date=2026-09-01/{name}"), bytes);
        place.run().expect(3, &[name, says]);
        assert!(!place.is_published(), "{name}");
    }
}

#[test]
fn a_file_with_a_header_alone_is_a_quiet_day() {
    let place = Place::with_chats(HEAD);
    place.run().expect(0, &[]);
    assert_eq!(place.tables().rows("reports/shop_day").len(), 0);
}

#[test]
fn a_type_that_cannot_be_cast_is_exit_3_and_names_the_column() {
    let place = Place::new(PIPELINE);
    place.remove(CHATS_PATH);
    let folder = scratch();
    // A date is no instant: `recalled` holds truth values, and stands where the time belongs.
    let row = ["s1", "b1", "buyer", "true"].map(|cell| Some(cell.to_owned())).to_vec();
    let style = sheet::Style { format: sheet::Format::Parquet, ..sheet::Style::default() };
    let path = folder.path().join("chats.parquet");
    sheet::Sheet { columns: &["shop_id", "buyer_id", "sender", "recalled"], rows: vec![row] }.write(&path, style);
    place.put("messages/date=2026-09-01/chats.parquet", std::fs::read(path).unwrap());
    place.put("p.toml", format!("{PIPELINE}columns = {{ sent_at = \"recalled\" }}\n"));
    place.run().expect(3, &["recalled", "Boolean", "messages.sent_at", "chats.parquet"]);
}

/// Ids are text of 1 to 256 bytes, whatever stands in it. None of it reaches a path, and all of it comes back.
#[test]
fn hostile_ids_come_back_byte_for_byte_and_reach_no_path() {
    let emoji = "🙂".repeat(64);
    let longest = "x".repeat(256);
    let ids = [
        "a/b",
        "__HIVE_DEFAULT_PARTITION__",
        "\u{202e}cba",
        "CON",
        "=HYPERLINK(\"http://x\")",
        "🙂",
        &longest,
        "../../x",
        "a=b",
        "null",
        "..",
        "/etc/passwd",
        "C:\\x",
        "dt=2026-01-01",
        " ",
        "-1",
        "=1+1",
        "%2e%2e",
        "a\tb",
        "'\"",
        &emoji,
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["shop_id", "buyer_id", "sender", "sent_at", "agent_id"]).unwrap();
    for id in ids {
        for (sender, at) in [("buyer", "10:00:00"), ("agent", "10:00:20")] {
            writer.write_record([id, id, sender, &format!("2026-09-01T{at}+08:00"), id]).unwrap();
        }
    }
    let place = Place::with_chats(writer.into_inner().unwrap());
    place.put("p.toml", format!("{PIPELINE}exact_ids = true\n"));
    place.run().expect(0, &[]);
    let tables = place.tables();
    let mut expected = ids.to_vec();
    expected.sort_unstable();
    for (folder, column) in [("reports/shop_day", "shop_id"), ("reports/agent_day", "agent_id"), ("details/rounds", "buyer_id")] {
        let mut got = tables.rows(folder).iter().map(|row| text(row, column).unwrap()).collect::<Vec<_>>();
        got.sort();
        assert_eq!(got, expected, "{folder}");
    }
    let plain = |key: &&str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-=.".contains(&b)) && !key.contains("..");
    assert!(tables.0.keys().map(String::as_str).all(|key| plain(&key)), "{:?}", tables.0.keys());
    assert!(!place.path("x").exists());
}

#[test]
fn an_id_of_more_than_256_bytes_is_set_aside() {
    let long = "🙂".repeat(1000);
    let bad = format!("{long},b1,buyer,2026-09-01T10:00:00+08:00,A,x\n");
    let place = Place::with_chats(format!("{HEAD}{}{bad}", good_messages(120)));
    place.run().expect(0, &[]);
    assert_eq!(set_aside(&place, "messages"), [(121.0, "shop_id".to_owned())]);
}

/// A row is used, set aside, a duplicate, outside the day or an ignored event: one each here.
#[test]
fn the_audit_says_what_became_of_every_row() {
    let place = Place::new(&format!("{PIPELINE}[quality]\nmax_bad_ratio = 0.5\n"));
    let chats = "\
s1,b1,buyer,2026-09-01T10:00:00+08:00,A,m1
s1,b1,buyer,2026-09-01T10:00:00+08:00,A,m1
s1,b1,visitor,2026-09-01T10:00:00+08:00,A,m2
s1,b1,buyer,2026-09-02T00:00:00+08:00,A,m3
s1,b1,system,2026-09-01T10:00:00+08:00,A,m4
";
    place.put(CHATS_PATH, format!("{HEAD}{chats}"));
    place.run().expect(0, &[]);
    let audit = place.tables().rows("_meta/audit");
    let counts = ["read", "used", "quarantined", "duplicates", "outside", "ignored"].map(|count| number(&audit[0], count).unwrap());
    assert_eq!(counts, [5.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
}
