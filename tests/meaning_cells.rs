//! Which rows are read, and what their cells mean: rows that are taken out, sequence numbers that are needed, and the two odd hours of a year.

use crate::support::place::{Place, Ran};
use crate::support::tables::{number, text};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// What these tests do not look at is not made.
const LEAN: &str = "[reports]\nperiods = [\"day\"]\n[judgement]\ntables = []\n";

/// Few rows: one bad one is a large share.
const LENIENT: &str = "[quality]\nmax_bad_ratio = 0.9\n";

const HEAD: &str = "shop_id,buyer_id,agent_id,session_id,message_id,sender,kind,sent_at,text,private\n";

/// Two questions, of which one is answered after five minutes, and two notes that no buyer sees.
const NOTES: [[&str; 10]; 5] = [
    ["s1", "b1", "", "c1", "m1", "buyer", "", "2026-09-01 10:00:00", "发货了吗", "false"],
    ["s1", "b1", "a1", "c1", "m2", "agent", "", "2026-09-01 10:00:20", "帮查一下仓库", "true"],
    ["s1", "b1", "a1", "c1", "m3", "agent", "", "2026-09-01 10:05:00", "今天发", "false"],
    ["s1", "b2", "", "c2", "m4", "buyer", "", "2026-09-01 11:00:00", "能退吗", "false"],
    ["s1", "b2", "a2", "c2", "m5", "agent", "", "2026-09-01 11:00:30", "谁来接一下", "true"],
];

fn chats(name: &str, bytes: impl AsRef<[u8]>, settings: &str) -> Place {
    let place = Place::new(&format!("name = \"cells\"\n{LEAN}[messages]\npath = \"{name}\"\n{settings}"));
    place.put(name, bytes);
    place
}

fn csv(rows: &[[&str; 10]]) -> String {
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    format!("{HEAD}{}", lines.collect::<String>())
}

/// Truth values as JSON's own; what is empty or false is left out, as writers do.
fn ndjson(rows: &[[&str; 10]]) -> String {
    let object = |row: &[&str; 10]| {
        let cells = HEAD.trim().split(',').zip(row).filter(|(_, cell)| !["", "false"].contains(*cell));
        let value = |cell: &str| if cell == "true" { serde_json::Value::Bool(true) } else { serde_json::Value::from(cell) };
        serde_json::Value::Object(cells.map(|(name, cell)| (name.to_owned(), value(cell))).collect())
    };
    rows.iter().map(|row| format!("{}\n", object(row))).collect()
}

fn parquet(columns: Vec<(&str, ArrayRef)>, rows_of_a_group: usize) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, cells)| (name, cells, true))).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_of_a_group)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Text columns, and a column of booleans at the end.
fn typed(rows: &[[&str; 10]]) -> Vec<u8> {
    let columns = HEAD.trim().split(',').enumerate().map(|(index, name)| {
        let cells = rows.iter().map(|row| row[index]);
        let array: ArrayRef = match name {
            "private" => Arc::new(cells.map(|cell| Some(cell == "true")).collect::<BooleanArray>()),
            _ => Arc::new(cells.map(|cell| Some(cell).filter(|cell| !cell.is_empty())).collect::<StringArray>()),
        };
        (name, array)
    });
    parquet(columns.collect(), 1000)
}

/// Read, used, ignored and quarantined rows by table. The rows of every file add up.
fn counted(place: &Place) -> Vec<String> {
    for row in place.tables().rows("_meta/audit") {
        let count = |column: &str| number(&row, column).unwrap();
        let parts = ["used", "quarantined", "duplicates", "outside", "ignored"].map(count);
        assert_eq!(count("read"), parts.iter().sum::<f64>(), "{:?}", text(&row, "file"));
    }
    place.told("_meta/audit", &["table", "read", "used", "ignored", "quarantined"])
}

fn check(place: &Place) -> Ran {
    place.kefu(&["check", "p.toml", "--date", "2026-09-01"])
}

fn assert_refused(place: &Place, words: &[&str]) {
    for ran in [check(place), place.run()] {
        assert_eq!(ran.code, 3, "{} {}", ran.said, ran.stdout);
        let said = format!("{} {}", ran.said, ran.stdout.split_whitespace().collect::<Vec<_>>().join(" "));
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} are not in: {said}");
    }
    assert!(!place.is_published());
}

const OF_SHOP: [&str; 7] = ["rounds", "answered_rounds", "resp_avg_s", "missed_3min_buyers", "agent_msgs", "auto_msgs", "total_msgs"];

#[test]
fn private_notes_are_taken_out_in_every_format() {
    let files = [("rows.csv", csv(&NOTES).into_bytes()), ("rows.ndjson", ndjson(&NOTES).into_bytes()), ("rows.parquet", typed(&NOTES))];
    for (name, bytes) in files {
        let private = if name == "rows.ndjson" { "" } else { "false" };
        for setting in ["drop = { private = [\"true\"] }\n".to_owned(), format!("keep = {{ private = [\"{private}\"] }}\n")] {
            let place = chats(name, &bytes, &setting);
            place.run().expect(0, &[]);
            assert_eq!(place.told("reports/shop_day", &OF_SHOP), ["2|1|300|2|1|0|3"], "{name} {setting}");
            assert_eq!(place.told("reports/agent_day", &["agent_id"]), ["a1"], "{name} {setting}");
            assert_eq!(counted(&place), ["messages|5|3|2|0"], "{name} {setting}");
        }
    }
}

/// `drop` comes first: any column matches. Of `keep` every column does.
#[test]
fn a_row_stays_if_no_column_drops_it_and_every_column_keeps_it() {
    let settings = "drop = { private = [\"是\"], text = [\"能退吗\"] }\nkeep = { session_id = [\"c1\", \"c2\"], sender = [\"buyer\"] }\n";
    let place = chats("rows.csv", csv(&NOTES), settings);
    place.run().expect(0, &[]);
    assert_eq!(counted(&place), ["messages|5|1|4|0"]);
}

#[test]
fn a_column_of_the_filter_may_be_nested_in_json() {
    let line = |sender: &str, second: u32, of: &str| {
        format!(
            "{{\"shop_id\":\"s1\",\"buyer_id\":\"b1\",\"agent_id\":\"A\",\"sender\":\"{sender}\",\"sent_at\":\"2026-09-01 10:00:{second:02}\",\
             \"meta\":{{\"of\":{of}}}}}\n"
        )
    };
    let lines = line("buyer", 0, "7") + &line("agent", 10, "8") + &line("agent", 20, "7");
    let place = chats("rows.ndjson", lines, "keep = { \"meta.of\" = [\"7\"] }\n");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["wait_ms"]), ["20000"]);
}

/// What is taken out is not checked, and the rows that stay keep their numbers.
#[test]
fn a_bad_row_that_is_dropped_is_no_bad_row() {
    let mut rows = NOTES;
    rows[1][5] = "nobody";
    rows[1][7] = "yesterday";
    rows[1][9] = " TRUE ";
    rows[3][7] = "later";
    let place = chats("rows.csv", csv(&rows), &format!("drop = {{ private = [\"true\"] }}\n{LENIENT}"));
    place.run().expect(0, &[]);
    assert_eq!(place.told("quarantine/messages", &["row", "column"]), ["4|sent_at"]);
    assert_eq!(counted(&place), ["messages|5|2|2|1"]);
    // Nor are its cells emptied: a bad truth value in `kind` of which nothing is made.
    let rows = "shop_id,order_id,buyer_id,created_at,amount,quantity,postage,test\n\
                s1,o1,b1,2026-09-01 10:00:00,9.90,1,1.00,0\ns1,o2,b1,2026-09-01 10:00:00,9.90,1,much,1\n";
    let place = chats("rows.csv", csv(&NOTES), "[orders]\npath = \"orders.csv\"\ndrop = { test = [\"true\"] }\n");
    place.put("orders.csv", rows);
    place.run().expect(0, &[]);
    assert_eq!(place.told("_meta/audit", &["table", "emptied"]), ["messages|0", "orders|0"]);
}

/// A line that cannot be read says nothing by what it lacks.
#[test]
fn a_damaged_row_is_seen_whatever_is_kept() {
    let lines = ndjson(&NOTES) + "{\"shop_id\":\n";
    let place = chats("rows.ndjson", lines, &format!("drop = {{ private = [\"\"] }}\n{LENIENT}"));
    place.run().expect(0, &[]);
    assert_eq!(place.told("quarantine/messages", &["row"]), ["6"]);
    assert_eq!(counted(&place), ["messages|6|2|3|1"]);
}

#[test]
fn rows_of_every_table_are_taken_out() {
    let orders = "shop_id,order_id,buyer_id,created_at,amount,quantity,test\n\
                  s1,o1,b1,2026-09-01 10:10:00,9.90,1,no\ns1,o2,b1,2026-09-01 10:20:00,worth a lot,1,yes\n\
                  s1,o1,b1,2026-09-01 10:10:00,9.90,1,NO\ns1,o3,b1,2026-09-01 10:30:00,5.00,1,\n";
    let refunds = "shop_id,refund_id,order_id,applied_at,amount,channel\n\
                   s1,r1,o1,2026-09-01 12:00:00,9.90,app\ns1,r2,o1,2026-09-01 12:00:00,9.90,test\ns1,r3,o1,never,9.90,test\n\
                   s1,r1,o1,2026-09-01 12:00:00,9.90,app\n";
    let shops = "shop_id,name,closed\ns1,first,0\ns2,second,1\n";
    let place = chats(
        "rows.csv",
        csv(&NOTES),
        "drop = { private = [\"true\"] }\n[orders]\npath = \"orders.csv\"\ndrop = { test = [\"true\"] }\n\
         [refunds]\npath = \"refunds.csv\"\nkeep = { channel = [\"app\"] }\n[shops]\npath = \"shops.csv\"\nkeep = { closed = [\"false\"] }\n",
    );
    place.put("orders.csv", orders);
    place.put("refunds.csv", refunds);
    place.put("shops.csv", shops);
    place.kefu(&["run", "p.toml", "--date", "2026-09-01", "--as-of", "2026-09-06"]).expect(0, &[]);
    assert_eq!(counted(&place), ["messages|5|3|2|0", "orders|4|2|1|0", "refunds|4|1|2|0", "shops|2|1|1|0"]);
}

/// The first row of the file is the newest, whatever stands between it and the next.
#[test]
fn rows_are_numbered_from_the_end_without_those_taken_out() {
    let rows = [
        ["s1", "b1", "a1", "c1", "m3", "agent", "", "2026-09-01 10:00:00", "今天发", "false"],
        ["s1", "b1", "a1", "c1", "m2", "agent", "", "2026-09-01 10:00:00", "帮查一下", "true"],
        ["s1", "b1", "", "c1", "m1", "buyer", "", "2026-09-01 10:00:00", "发货了吗", "false"],
    ];
    let place = chats("rows.csv", csv(&rows), "order = \"newest_first\"\ndrop = { private = [\"true\"] }\n");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["wait_ms"]), ["0"]);
}

#[test]
fn a_column_of_the_filter_that_the_file_lacks_is_refused() {
    for (setting, key) in [("drop = { privat = [\"true\"] }\n", "drop"), ("keep = { privat = [\"false\"] }\n", "keep")] {
        for (name, bytes) in [("rows.csv", csv(&NOTES).into_bytes()), ("rows.parquet", typed(&NOTES))] {
            assert_refused(&chats(name, bytes, setting), &["messages has no column `privat`", key, "private", name]);
        }
    }
    // Writers of JSON leave out what is false; what must be there to be kept is not.
    chats("rows.ndjson", ndjson(&NOTES), "drop = { privat = [\"true\"] }\n").run().expect(0, &[]);
    assert_refused(&chats("rows.ndjson", ndjson(&NOTES), "keep = { privat = [\"false\"] }\n"), &["messages has no column `privat`"]);
}

#[test]
fn check_points_out_what_may_mark_notes() {
    let mut rows = NOTES;
    rows[2][6] = "text";
    rows[4][6] = "joined";
    let ran = check(&chats("rows.csv", csv(&rows), ""));
    ran.expect(0, &[]);
    for line in ["drop = { private = [\"true\"] }", "values.kind = { note = [\"joined\"] }"] {
        assert!(ran.stdout.contains(line), "{line} is not in {}", ran.stdout);
    }
    let ran = check(&chats("rows.csv", csv(&NOTES), "drop = { private = [\"true\"] }\n"));
    ran.expect(0, &[]);
    assert!(!ran.stdout.contains("hint"), "{}", ran.stdout);
}

#[test]
fn lines_that_go_by_seq_need_one() {
    let by_seq = format!("order_by = \"seq\"\n{LENIENT}");
    assert_refused(&chats("rows.csv", csv(&NOTES), &by_seq), &["messages has no column `seq`"]);
    assert_refused(&chats("rows.ndjson", ndjson(&NOTES), &by_seq), &["messages has no column `seq`"]);
    chats("rows.csv", csv(&NOTES), LENIENT).run().expect(0, &[]);
    let rows = "shop_id,buyer_id,agent_id,session_id,sender,sent_at,n\n\
                s1,b1,,c1,buyer,2026-09-01 10:00:00,1\ns1,b1,A,c1,agent,2026-09-01 10:00:10,-\n\
                s1,b1,A,c1,agent,2026-09-01 10:00:15,two\ns1,b1,A,c1,agent,2026-09-01 10:00:20,4\n";
    let place = chats("rows.csv", rows, &format!("columns = {{ seq = \"n\" }}\n{by_seq}"));
    place.run().expect(0, &[]);
    assert_eq!(place.told("quarantine/messages", &["row", "column", "what"]), ["2|seq|row", "3|seq|row"]);
    assert_eq!(place.told("details/rounds", &["wait_ms"]), ["20000"]);
}

/// Midnight of 1 November 2026 in New York, where one o'clock comes twice.
const MIDNIGHT: i64 = 1_793_505_600_000;

/// Wall times as they follow each other, each with its minutes since midnight.
const NIGHT: [(&str, i64); 7] =
    [("00:50:00", 50), ("01:10:00", 70), ("01:40:00", 100), ("01:05:00", 125), ("01:05:30", 125), ("01:30:00", 150), ("02:10:00", 190)];

fn new_york(name: &str, bytes: impl AsRef<[u8]>, settings: &str) -> Place {
    let place = chats(name, bytes, settings);
    place.put("p.toml", format!("timezone = \"America/New_York\"\nname = \"cells\"\n{LEAN}[messages]\npath = \"{name}\"\n{settings}"));
    place
}

fn run_night(place: &Place) -> Vec<String> {
    place.kefu(&["run", "p.toml", "--date", "2026-11-01"]).expect(0, &[]);
    place.told("details/rounds", &["buyer_id", "asked_at"])
}

/// The question of buyer `b<n>` at the n-th wall time.
fn questions() -> Vec<String> {
    NIGHT.iter().enumerate().map(|(n, (at, _))| format!("s1,b{n},A,buyer,2026-11-01 {at}\n")).collect()
}

fn asked() -> Vec<String> {
    let seconds = |wall: &str| wall[6..].parse::<i64>().unwrap();
    NIGHT.iter().enumerate().map(|(n, (at, minutes))| format!("b{n}|{}", MIDNIGHT + 60_000 * minutes + 1000 * seconds(at))).collect()
}

const QUESTIONS: &str = "shop_id,buyer_id,agent_id,sender,sent_at\n";

#[test]
fn the_hour_that_comes_twice_keeps_the_file_in_order() {
    let mut rows = questions();
    let place = new_york("rows.csv", format!("{QUESTIONS}{}", rows.concat()), "");
    assert_eq!(run_night(&place), asked());
    assert_eq!(place.told("_meta/audit", &["used", "ambiguous"]), ["7|5"]);
    rows.reverse();
    let place = new_york("rows.csv", format!("{QUESTIONS}{}", rows.concat()), "order = \"newest_first\"\n");
    assert_eq!(run_night(&place), asked(), "newest first");
    // An offset says which.
    let row = "s1,b0,A,buyer,2026-11-01 01:10:00-05:00\n";
    let place = new_york("rows.csv", format!("{QUESTIONS}{row}"), "");
    assert_eq!(run_night(&place), [format!("b0|{}", MIDNIGHT + 130 * 60_000)]);
    assert_eq!(place.told("_meta/audit", &["ambiguous"]), ["0"]);
}

/// Where no reading keeps the order, and where no row is before, it is the first.
#[test]
fn a_time_of_that_hour_is_else_the_first() {
    let rows = "s1,b0,A,buyer,2026-11-01 01:10:00\ns1,b1,A,buyer,2026-11-01 03:00:00\ns1,b2,A,buyer,2026-11-01 01:30:00\n";
    let place = new_york("rows.csv", format!("{QUESTIONS}{rows}"), "");
    let asked = [("b0", 70), ("b1", 240), ("b2", 90)].map(|(buyer, minutes)| format!("{buyer}|{}", MIDNIGHT + minutes * 60_000));
    assert_eq!(run_night(&place), asked);
}

/// Row groups are read one after another where that matters.
#[test]
fn the_row_before_may_stand_in_another_row_group() {
    let midnight = MIDNIGHT - 4 * 3_600_000;
    let wall = |at: &str| {
        let parts = at.split(':').map(|part| part.parse::<i64>().unwrap()).collect::<Vec<_>>();
        midnight + 1000 * (3600 * parts[0] + 60 * parts[1] + parts[2])
    };
    let buyers = (0..NIGHT.len()).map(|n| Some(format!("b{n}"))).collect::<StringArray>();
    let same = |text: &str| Arc::new(StringArray::from(vec![text; NIGHT.len()])) as ArrayRef;
    let sent = NIGHT.iter().map(|(at, _)| Some(wall(at))).collect::<TimestampMillisecondArray>();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("shop_id", same("s1")),
        ("buyer_id", Arc::new(buyers)),
        ("agent_id", same("A")),
        ("sender", same("buyer")),
        ("sent_at", Arc::new(sent)),
    ];
    for rows in [1, 2, 3, 100] {
        let place = new_york("rows.parquet", parquet(columns.clone(), rows), "");
        assert_eq!(run_night(&place), asked(), "{rows} rows a group");
        assert_eq!(place.told("_meta/audit", &["used", "ambiguous"]), ["7|5"]);
    }
}

#[test]
fn a_wall_time_that_never_was_is_a_bad_row() {
    let rows = "s1,b0,A,buyer,2026-03-08 01:59:59\ns1,b1,A,buyer,2026-03-08 02:30:00\ns1,b2,A,buyer,2026-03-08 03:00:00\n";
    let place = new_york("rows.csv", format!("{QUESTIONS}{rows}"), LENIENT);
    place.kefu(&["run", "p.toml", "--date", "2026-03-08"]).expect(0, &[]);
    assert_eq!(place.told("quarantine/messages", &["row", "column"]), ["2|sent_at"]);
    assert!(place.told("quarantine/messages", &["reason"])[0].contains("never was"));
    let asked = place.told("details/rounds", &["asked_at"]).iter().map(|at| at.parse::<i64>().unwrap()).collect::<Vec<_>>();
    assert_eq!(asked[1] - asked[0], 1000, "one second lies between them");
}
