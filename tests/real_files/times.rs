use super::typed::{self, Cells, INSTANTS};
use super::workbook::{self, Cell, serial};
use super::{HEAD, LENIENT, assert_one_round, beside, chats, check, in_every_format, set_aside, spoken};

/// 10:00:00 on Shanghai's clock on 1 September 2026.
const TEN: i64 = 1_788_228_000_000;
const HOUR: i64 = 3_600_000;

/// The columns that make a question of b1 in a shop of its own for each way to write its time; A answers at `answered`.
fn questions<'a>(shops: &'a [String], asked: &[&'a str], answered: &'a str) -> Vec<Vec<&'a str>> {
    let mut rows = vec![vec!["shop_id", "buyer_id", "sender", "sent_at", "agent_id"]];
    for (shop, time) in shops.iter().zip(asked) {
        rows.push(vec![shop.as_str(), "b1", "buyer", *time, "A"]);
        rows.push(vec![shop.as_str(), "b1", "agent", answered, "A"]);
    }
    rows
}

fn shops(count: usize) -> Vec<String> {
    (10..10 + count).map(|n| format!("s{n}")).collect()
}

const ROUNDS: [&str; 3] = ["shop_id", "asked_at", "wait_ms"];

/// Every shop's question at one instant, answered after so many seconds.
fn asked(shops: &[String], at: i64, wait_s: i64) -> Vec<String> {
    shops.iter().map(|shop| format!("{shop}|{at}|{}", 1000 * wait_s)).collect()
}

#[test]
fn the_usual_ways_to_write_a_time_are_read_in_every_format() {
    let ways = [
        "2026/9/1 10:00",
        "2026/9/1 10:00:00",
        "2026/09/01 10:00:00",
        "2026年9月1日 10:00",
        "2026-09-01T10:00:00.000+08:00",
        "2026-09-01 10:00:00.000",
        "2026-09-01T02:00:00Z",
        "2026/9/1 上午 10:00:00",
        "2026/9/1 上午10:00",
        "1788228000000",
    ];
    let shops = shops(ways.len());
    for (name, bytes) in in_every_format(&questions(&shops, &ways, "2026-09-01 10:00:20")) {
        let place = chats(name, bytes, "");
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &ROUNDS), asked(&shops, TEN, 20), "{name}");
    }
}

#[test]
fn morning_and_afternoon_are_told_by_their_words() {
    let cases = [
        ("上午 12:10:00", "上午 12:10:20", TEN - 10 * HOUR + 600_000),
        ("下午 12:10:00", "下午 12:10:20", TEN + 2 * HOUR + 600_000),
        ("下午 2:00:00", "下午 2:00:20", TEN + 4 * HOUR),
    ];
    for format in ["", "datetime_format = \"%Y/%m/%d %p %I:%M:%S\"\n"] {
        for (question, answer, at) in cases {
            let lines = format!("s1,b1,buyer,2026/9/1 {question},A,\ns1,b1,agent,2026/9/1 {answer},A,\n");
            let place = chats("chats.csv", format!("{HEAD}{lines}"), format);
            place.run().expect(0, &[]);
            assert_eq!(place.told("details/rounds", &["asked_at", "wait_ms"]), [format!("{at}|20000")], "{question} {format}");
        }
    }
}

/// Formats are tried in their order, then the usual ways.
#[test]
fn a_table_may_hold_times_of_several_formats() {
    let ways = ["01.09.2026 10:00:00", "20260901100000", "01/09/2026 10:00", "09/13/2026 10:00", "2026/9/1 10:00", "2026-09-01 10:00:00"];
    let settings = "datetime_format = [\"%d.%m.%Y %H:%M:%S\", \"%Y%m%d%H%M%S\", \"%d/%m/%Y %H:%M\", \"%m/%d/%Y %H:%M\"]\n";
    let shops = shops(ways.len());
    let expected = asked(&shops, TEN, 20).into_iter().filter(|round| !round.starts_with("s13"));
    let expected = expected.collect::<Vec<_>>();
    for (name, bytes) in in_every_format(&questions(&shops, &ways, "20260901100020")) {
        let place = chats(name, bytes, settings);
        place.run().expect(0, &[]);
        // The fourth is a day of its own: 13 September.
        assert_eq!(place.told("details/rounds", &ROUNDS), expected, "{name}");
        assert_eq!(place.told("_meta/audit", &["read", "outside", "quarantined"]), ["12|1|0"], "{name}");
    }
}

#[test]
fn digits_are_a_time_by_format_where_they_are_a_number_too() {
    let format = "datetime_format = \"%Y%m%d%H%M%S\"\n";
    let line = |sender: &str, at: &str| {
        format!("{{\"shop_id\":\"s1\",\"buyer_id\":\"b1\",\"sender\":\"{sender}\",\"sent_at\":{at},\"agent_id\":\"A\"}}\n")
    };
    let lines = line("buyer", "20260901100000") + &line("agent", "20260901100020");
    assert_one_round(&chats("chats.ndjson", lines, format), "a JSON number");
    let sent = Cells::Long(&[20_260_901_100_000, 20_260_901_100_020]);
    assert_one_round(&chats("chats.parquet", typed::one_round(&[("INT64 sent_at", sent)]), format), "INT64");
    let row = |sender, at| vec![Cell::Text("s1"), Cell::Text("b1"), Cell::Text(sender), Cell::Number(at), Cell::Text("A")];
    let head = ["shop_id", "buyer_id", "sender", "sent_at", "agent_id"].map(Cell::Text);
    let rows = [Vec::from(head), row("buyer", "20260901100000"), row("agent", "20260901100020")];
    assert_one_round(&chats("chats.xlsx", workbook::one(&rows), format), "a number of a workbook");
}

#[test]
fn seconds_may_have_a_fraction() {
    let (question, answer) = ("1788228000.25", "1788228020.75");
    let csv = format!("{HEAD}s1,b1,buyer,{question},A,\ns1,b1,agent,{answer},A,\n");
    let line = |sender: &str, at: &str| {
        format!("{{\"shop_id\":\"s1\",\"buyer_id\":\"b1\",\"sender\":\"{sender}\",\"sent_at\":{at},\"agent_id\":\"A\"}}\n")
    };
    let lines = line("buyer", question) + &line("agent", answer);
    let doubles = Cells::Double(&[1_788_228_000.25, 1_788_228_020.75]);
    let files = [
        ("chats.csv", csv.into_bytes()),
        ("chats.ndjson", lines.into_bytes()),
        ("chats.parquet", typed::one_round(&[("DOUBLE sent_at", doubles)])),
    ];
    for (name, bytes) in files {
        let place = chats(name, bytes, "unit = \"s\"\n");
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &["asked_at", "wait_ms"]), [format!("{}|20500", TEN + 250)], "{name}");
    }
}

/// Midnight at the end of 31 August is the first instant of 1 September.
#[test]
fn twenty_four_oclock_is_the_next_midnight() {
    let ways = ["2026-08-31 24:00:00", "2026/8/31 24:00:00", "2026-08-31T24:00:00"];
    let shops = shops(ways.len());
    for (name, bytes) in in_every_format(&questions(&shops, &ways, "2026-09-01 00:00:20")) {
        let place = chats(name, bytes, "");
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &ROUNDS), asked(&shops, TEN - 10 * HOUR, 20), "{name}");
    }
}

#[test]
fn what_is_no_time_is_still_none() {
    let ways = ["2026-09-01 24:00:01", "2026/13/1 10:00", "2026年9月31日 10:00", "10:00", "昨天 10:00"];
    let shops = shops(ways.len());
    for (name, bytes) in in_every_format(&questions(&shops, &ways, "2026-09-01 10:00:20")) {
        let place = chats(name, bytes, LENIENT);
        place.run().expect(0, &[]);
        let mut expected = (0..ways.len()).map(|n| format!("{}|sent_at", 2 * n + 1)).collect::<Vec<_>>();
        expected.sort();
        assert_eq!(set_aside(&place, "messages"), expected, "{name}");
    }
}

/// Spark, Trino and DuckDB read INT96 so.
#[test]
fn int96_is_an_instant_unless_the_table_has_a_zone() {
    let utc = Cells::Int96(&[TEN, TEN + 20_000]);
    let bytes = typed::one_round(&[("INT96 sent_at", utc)]);
    for (settings, at) in [("", TEN), ("timezone = \"UTC\"\n", TEN), ("timezone = \"Asia/Shanghai\"\n", TEN - 8 * HOUR)] {
        let place = chats("chats.parquet", &bytes, settings);
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &["asked_at", "wait_ms"]), [format!("{at}|20000")], "{settings}");
    }
    // The zone of the pipeline is no zone of the table.
    let place = chats("chats.parquet", &bytes, "");
    place.put("p.toml", "name = \"real\"\ntimezone = \"Asia/Tokyo\"\n[messages]\npath = \"chats.parquet\"\n");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["asked_at"]), [TEN.to_string()]);
}

#[test]
fn a_timestamp_that_is_not_adjusted_to_utc_is_wall_clock() {
    let wall = Cells::Long(&[TEN + 8 * HOUR, TEN + 8 * HOUR + 20_000]);
    for (of, cells) in [("INT64 sent_at (TIMESTAMP (MILLIS,false))", wall), ("INT64 sent_at (TIMESTAMP (MILLIS,true))", INSTANTS)] {
        let place = chats("chats.parquet", typed::one_round(&[(of, cells)]), "");
        assert_one_round(&place, of);
        assert_eq!(place.told("details/rounds", &["asked_at"]), [TEN.to_string()], "{of}");
    }
}

#[test]
fn check_says_what_each_time_column_is() {
    let instants = Cells::Int96(&[TEN, TEN + 20_000]);
    for (of, cells, says) in [("INT96 sent_at", instants, "UTC"), ("INT64 sent_at (TIMESTAMP (MILLIS,false))", INSTANTS, "wall")] {
        let ran = check(&chats("chats.parquet", typed::one_round(&[(of, cells)]), ""));
        let said = spoken(&ran);
        assert!(ran.code == 0 && said.contains("sent_at") && said.contains(says), "{of}: {said}");
    }
}

/// Days since the end of 1899, shown as times or not.
#[test]
fn serial_numbers_of_a_workbook_are_times_and_dates() {
    let [question, answer] = ["2026-09-01T10:00:00", "2026-09-01T10:00:20"].map(serial);
    for shown in [Cell::Time, Cell::Number] {
        let row = |sender, at| vec![Cell::Text("s1"), Cell::Text("b1"), Cell::Text(sender), shown(at), Cell::Text("A")];
        let head = ["shop_id", "buyer_id", "sender", "sent_at", "agent_id"].map(Cell::Text);
        let rows = [Vec::from(head), row("buyer", question.as_str()), row("agent", answer.as_str())];
        let place = chats("chats.xlsx", workbook::one(&rows), "");
        assert_one_round(&place, "a serial number");
        assert_eq!(place.told("details/rounds", &["asked_at"]), [TEN.to_string()]);
        let rows = [Vec::from(["shop_id", "date", "visitors"].map(Cell::Text)), vec![Cell::Text("s1"), shown("46266"), Cell::Number("10")]];
        let place = beside("visits", "visits.xlsx", workbook::one(&rows), "");
        place.run().expect(0, &[]);
        assert_eq!(place.told("reports/shop_day", &["visitors"]), ["10"]);
    }
}

#[test]
fn a_date_may_stand_alone_where_a_date_is_meant() {
    let ways = ["2026-09-01", "2026/9/1", "2026/09/01", "2026年9月1日"];
    let shops = shops(ways.len());
    let mut rows = vec![vec!["shop_id", "date", "visitors"]];
    rows.extend(shops.iter().zip(ways).map(|(shop, date)| vec![shop.as_str(), date, "10"]));
    for (name, bytes) in in_every_format(&rows) {
        let place = beside("visits", name, bytes, "");
        place.run().expect(0, &[]);
        let visits = place.told("reports/shop_day", &["shop_id", "visitors"]).into_iter().filter(|row| !row.starts_with("s1|"));
        let expected = shops.iter().map(|shop| format!("{shop}|10"));
        assert_eq!(visits.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{name}");
    }
}

/// Table, file, and where the number shows that its time was read.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "orders",
        "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\ns1,o1,b1,2026/9/1 10:05,2026年9月1日 10:06,9.00,1\n",
        "shop_orders",
    ),
    (
        "refunds",
        "shop_id,refund_id,order_id,applied_at,finished_at,amount\ns1,r1,o1,2026/9/1 下午 1:05:00,2026/9/1 14:00,9.00\n",
        "refund_count",
    ),
    ("evaluations", "shop_id,buyer_id,agent_id,sent_at,rated_at,grade\ns1,b1,A,2026年9月1日 10:10,2026/9/1 10:11,5\n", "eval_count"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at\ns1,t1,b1,2026/9/1 8:05\n", "tickets"),
    ("videos", "shop_id,video_id,date,plays,likes\ns1,v1,2026/9/1,10,1\n", "likes"),
];

#[test]
fn times_of_every_table_are_read_so() {
    for (table, csv, metric) in TABLES {
        let place = beside(table, "beside.csv", csv, "");
        place.run().expect(0, &[]);
        assert_eq!(place.told("reports/shop_day", &[*metric]), ["1"], "{table}");
    }
}
