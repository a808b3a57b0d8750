use super::typed::{self, Cells};
use super::{HEAD, LENIENT, assert_one_round, assert_refused, beside, chats, in_every_format, of_shop, run_landed, set_aside};
use crate::support::place::{CHATS, Place};
use crate::support::tables::text;

/// The id `b1` as exporters write it so that a spreadsheet leaves it alone, and as it comes back from one.
const WRAPPED: &[&str] = &[
    "=\"b1\"",
    "'b1",
    "b1\t",
    "\tb1",
    "\u{feff}b1",
    "b1\u{200b}",
    "\u{200c}\u{200d}b1\u{feff}",
    "'=\"b1\"",
    "=\"'b1\"",
    "=\"b1\t\"",
    "\t=\"\u{200b}b1\"\t",
    "''b1",
];

/// Marks that are part of an id: inside it, on the other side, or without their other half.
const BARE: &[&str] = &["b1'", " b1", "b1 ", "b 1", "b\t1", "b'1", "=b1", "=\"b1", "\"b1\"", "b\u{200b}1", "B1"];

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// In a shop for each id, the buyer's question with the id as given and A's answer to `answered`.
fn conversations<'a>(asked: &[&'a str], answered: impl Fn(&'a str) -> &'a str) -> String {
    let round = |(shop, &id): (usize, &&'a str)| {
        let line = |id: &str, sender: &str, at: &str| format!("s{shop},{},{sender},2026-09-01 10:00:{at},A,\n", quoted(id));
        line(id, "buyer", "00") + &line(answered(id), "agent", "20")
    };
    format!("{HEAD}{}", (10..).zip(asked).map(round).collect::<String>())
}

/// Each shop's one round, with its buyer.
fn answered(ids: &[&str]) -> Vec<String> {
    (10..).zip(ids).map(|(shop, id): (usize, _)| format!("s{shop}|{id}|A|20000")).collect()
}

const ROUNDS: [&str; 4] = ["shop_id", "buyer_id", "agent_id", "wait_ms"];

#[test]
fn wrappings_round_an_id_are_taken_off() {
    let place = chats("chats.csv", conversations(WRAPPED, |_| "b1"), "");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &ROUNDS), answered(&["b1"; WRAPPED.len()]));
    let lines = 2 * WRAPPED.len();
    assert_eq!(place.told("_meta/audit", &["read", "used", "unwrapped"]), [format!("{lines}|{lines}|{}", WRAPPED.len())]);
}

#[test]
fn what_is_part_of_an_id_stays() {
    let place = chats("chats.csv", conversations(BARE, |id| id), "");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &ROUNDS), answered(BARE));
    assert_eq!(place.told("_meta/audit", &["unwrapped"]), ["0"]);
}

#[test]
fn exact_ids_stay_as_they_are() {
    let place = chats("chats.csv", conversations(WRAPPED, |id| id), "exact_ids = true\n");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &ROUNDS), answered(WRAPPED));
    assert_eq!(place.told("_meta/audit", &["unwrapped"]), ["0"]);
}

/// Nobody puts a wrapping round an id in a typed file, so whatever stands there is the id.
#[test]
fn ids_of_ndjson_and_parquet_stay_byte_for_byte() {
    let mut rows = vec![vec!["shop_id", "buyer_id", "sender", "sent_at", "agent_id"]];
    let shops = (10..).zip(WRAPPED).map(|(shop, _): (usize, _)| format!("s{shop}")).collect::<Vec<_>>();
    for (shop, id) in shops.iter().zip(WRAPPED) {
        rows.push(vec![shop.as_str(), *id, "buyer", "2026-09-01 10:00:00", "A"]);
        rows.push(vec![shop.as_str(), *id, "agent", "2026-09-01 10:00:20", "A"]);
    }
    for (name, bytes) in in_every_format(&rows) {
        let place = chats(name, bytes, "");
        place.run().expect(0, &[]);
        let is_text = name.ends_with("csv") || name.ends_with("xlsx");
        let expected = if is_text { answered(&["b1"; WRAPPED.len()]) } else { answered(WRAPPED) };
        assert_eq!(place.told("details/rounds", &ROUNDS), expected, "{name}");
    }
}

#[test]
fn an_id_that_is_all_wrapping_is_an_empty_cell() {
    let empty = ["=\"\"", "'", "\t", "\u{feff}", "=\"'\"", "\u{200b}\t'"];
    let line = |(shop, id): (usize, &&str)| {
        format!("s{shop},b1,buyer,2026-09-01 10:00:00,{},\ns{shop},b1,agent,2026-09-01 10:00:20,A,\n", quoted(id))
    };
    let nobodys = format!("s1,{},buyer,2026-09-01 10:00:00,A,\n", quoted("=\"\""));
    let lines = (10..).zip(&empty).map(line).collect::<String>();
    let place = chats("chats.csv", format!("{HEAD}{nobodys}{lines}"), LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(place.told("reports/agent_day", &["agent_id"]), ["A"; 6]);
    assert_eq!(place.told("details/rounds", &["queued"]), ["true"; 6]);
    assert_eq!(set_aside(&place, "messages"), ["1|buyer_id"]);
}

/// The limit of 256 bytes is that of the id.
#[test]
fn a_wrapping_does_not_make_an_id_too_long() {
    let longest = "x".repeat(256);
    let place = chats("chats.csv", conversations(&[&format!("=\"{longest}\"")], |id| id), "");
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["buyer_id"]), [longest]);
}

/// Tables with a wrapped id that has to meet a clean one of another table: where the number shows it.
const MEETINGS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "orders",
        "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\n\
         's1,\"=\"\"o1\"\"\",b1\t,2026-09-01 10:05:00,2026-09-01 10:06:00,80.00,1\n",
        "reports/agent_day",
        "sales_amount",
        "80",
    ),
    (
        "evaluations",
        "shop_id,buyer_id,agent_id,sent_at,rated_at,grade\ns1,b1,A\t,2026-09-01 10:05:00,2026-09-01 10:06:00,5\n",
        "reports/agent_day",
        "eval_count",
        "1",
    ),
    (
        "tickets",
        "shop_id,ticket_id,buyer_id,opened_at,agent_id\n's1,'t1,'b1,2026-09-01 11:00:00,\"=\"\"A\"\"\"\n",
        "reports/agent_day",
        "tickets",
        "1",
    ),
    (
        "agent_status",
        "shop_id,agent_id,at,status\ns1,\tA,2026-09-01 09:00:00,offline\ns1,'A,2026-09-01 09:30:00,online\n",
        "reports/agent_day",
        "login_times",
        "1",
    ),
    ("visits", "shop_id,date,visitors\n\"=\"\"s1\"\"\",2026-09-01,10\n", "reports/shop_day", "visitors", "10"),
    ("videos", "shop_id,video_id,date,plays,likes\n's1,v1\t,2026-09-01,50,7\n", "reports/shop_day", "likes", "7"),
    ("shops", "shop_id,name\n's1,云朵\n", "reports/shop_day", "shop_name", "云朵"),
    ("staff", "shop_id,agent_id,name\ns1,\"=\"\"A\"\"\",林溪\n", "reports/agent_day", "agent_name", "林溪"),
    ("blocklist", "shop_id,buyer_id\ns1,b1\t\n", "reports/shop_day", "filtered_buyers", "1"),
];

#[test]
fn ids_of_every_table_meet_when_their_wrappings_are_off() {
    for (table, csv, folder, metric, expected) in MEETINGS {
        let place = beside(table, "beside.csv", csv, "");
        place.run().expect(0, &[]);
        assert_eq!(place.told(folder, &[*metric]), [*expected], "{table}");
    }
}

/// A refund finds its order, each wrapped in a way of its own.
#[test]
fn a_wrapped_refund_finds_a_wrapped_order() {
    let orders =
        "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\ns1,'o1,b1,2026-09-01 10:05:00,2026-09-01 10:06:00,80.00,1\n";
    let place = beside("orders", "orders.csv", orders, "[refunds]\npath = \"refunds.csv\"\n");
    place.put(
        "refunds.csv",
        "shop_id,refund_id,order_id,applied_at,finished_at,amount\ns1,r1\t,o1\t,2026-09-01 12:00:00,2026-09-01 13:00:00,30.00\n",
    );
    run_landed(&place).expect(0, &[]);
    assert_eq!(place.told("reports/agent_day", &["refund_amount", "net_sales_amount"]), ["30|50"]);
}

/// What a spreadsheet makes of a long number stands for many ids, so it is none.
#[test]
fn a_rounded_id_is_set_aside_in_every_text_format() {
    let columns = ["shop_id", "buyer_id", "sender", "sent_at", "agent_id", "session_id", "message_id"];
    let good = vec!["s1", "b1", "buyer", "2026-09-01 10:00:00", "A", "z1", "E18"];
    let bad = [("buyer_id", "1.93857E+18"), ("session_id", "1.2E15"), ("message_id", "6.924E+18"), ("agent_id", "2.1e+17")];
    let mut rows = vec![columns.to_vec(), good.clone()];
    for (column, id) in bad {
        let changed = columns.iter().zip(&good).map(|(own, cell)| if *own == column { id } else { *cell });
        rows.push(changed.collect());
    }
    for (name, bytes) in in_every_format(&rows).into_iter().filter(|(name, _)| !name.ends_with("parquet")) {
        let place = chats(name, bytes, LENIENT);
        place.run().expect(0, &[]);
        assert_eq!(set_aside(&place, "messages"), ["2|buyer_id", "3|session_id", "4|message_id", "5|agent_id"], "{name}");
        for row in place.tables().rows("quarantine/messages") {
            let reason = text(&row, "reason").unwrap();
            assert!(reason.contains("rounded") || reason.contains("spreadsheet"), "{name}: {reason}");
        }
    }
}

/// Table, columns, a good row and a bad one, and the column that is blamed.
const ROUNDED: &[(&str, &str, &str)] = &[
    (
        "orders",
        "shop_id,order_id,buyer_id,created_at,amount,quantity\ns1,o1,b1,2026-09-01 10:05:00,1,1\ns1,6.92E+18,b1,2026-09-01 10:05:00,1,1\n",
        "order_id",
    ),
    (
        "refunds",
        "shop_id,refund_id,order_id,applied_at,amount\ns1,r1,o1,2026-09-01 10:05:00,1\ns1,r2,6.92E+18,2026-09-01 10:05:00,1\n",
        "order_id",
    ),
    ("evaluations", "shop_id,buyer_id,agent_id,sent_at\ns1,b1,A,2026-09-01 10:05:00\ns1,2.2E15,A,2026-09-01 10:05:00\n", "buyer_id"),
    (
        "tickets",
        "shop_id,ticket_id,buyer_id,opened_at,transferred_to\ns1,t1,b1,2026-09-01 10:05:00,\ns1,t2,b1,2026-09-01 10:05:00,2.2E15\n",
        "transferred_to",
    ),
    ("agent_status", "shop_id,agent_id,at,status\ns1,A,2026-09-01 10:05:00,online\ns1,2.2E15,2026-09-01 10:05:00,online\n", "agent_id"),
    ("visits", "shop_id,date,visitors\ns1,2026-09-01,5\n1.1E+12,2026-09-01,5\n", "shop_id"),
    ("videos", "shop_id,video_id,date,plays\ns1,v1,2026-09-01,5\ns1,7.3E+18,2026-09-01,5\n", "video_id"),
    ("shops", "shop_id,name\ns1,云朵\n1.1E+12,青芒\n", "shop_id"),
    ("staff", "shop_id,agent_id\ns1,A\ns1,2.2E15\n", "agent_id"),
    ("blocklist", "shop_id,buyer_id\ns1,b7\ns1,2.2E15\n", "buyer_id"),
];

#[test]
fn a_rounded_id_is_set_aside_in_every_table() {
    for (table, csv, column) in ROUNDED {
        let place = beside(table, "beside.csv", csv, LENIENT);
        place.run().expect(0, &[]);
        assert_eq!(set_aside(&place, table), [format!("2|{column}")], "{table}");
    }
}

#[test]
fn ids_of_parquet_become_text_by_their_type() {
    let uuid = [0x0au8, 0xb1, 0xc2, 0xd3, 0x44, 0x55, 0x46, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff].to_vec();
    let wide = 12_345_678_901_234_567_890i128.to_be_bytes().to_vec();
    let (uuids, wides, greatest) = ([uuid.clone(), uuid], [wide.clone(), wide], [u64::MAX as i64; 2]);
    let cases = [
        ("FIXED_LEN_BYTE_ARRAY (16) buyer_id (UUID)", Cells::Fixed(&uuids), "0ab1c2d3-4455-4677-8899-aabbccddeeff"),
        ("INT64 buyer_id (DECIMAL (18,0))", Cells::Long(&[123_456_789_012_345_678; 2]), "123456789012345678"),
        ("FIXED_LEN_BYTE_ARRAY (16) buyer_id (DECIMAL (38,0))", Cells::Fixed(&wides), "12345678901234567890"),
        ("INT64 buyer_id", Cells::Long(&[6_924_000_000_000_000_001; 2]), "6924000000000000001"),
        ("INT64 buyer_id (INTEGER (64,false))", Cells::Long(&greatest), "18446744073709551615"),
    ];
    for (of, cells, expected) in cases {
        let place = chats("chats.parquet", typed::one_round(&[(of, cells)]), "");
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &["buyer_id", "wait_ms"]), [format!("{expected}|20000")], "{of}");
    }
}

#[test]
fn bytes_that_do_not_say_what_they_are_make_no_id() {
    let bytes = [b"0123456789abcdef".to_vec(), b"0123456789abcdef".to_vec()];
    let place = chats("chats.parquet", typed::one_round(&[("FIXED_LEN_BYTE_ARRAY (16) buyer_id", Cells::Fixed(&bytes))]), "");
    assert_refused(&place, &["buyer_id", "chats.parquet"]);
}

/// Many systems number the messages of each chat from 1.
#[test]
fn the_same_ids_in_three_chats_of_a_shop_count_apart() {
    let chat = |n: usize| {
        let line = |sender: &str, at: &str, id: usize| format!("s1,b{n},{sender},2026-09-01 10:0{n}:{at},A,{id}\n");
        line("buyer", "00", 1) + &line("agent", "20", 2)
    };
    let place = chats("chats.csv", format!("{HEAD}{}", (1..=3).map(chat).collect::<String>()), "");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["receive_buyers", "rounds", "answered_rounds", "resp_avg_s"]), "3|3|3|20");
    assert_eq!(place.told("_meta/audit", &["used", "duplicates"]), ["6|0"]);
}

/// A line that was exported twice is one; so many of them are said.
#[test]
fn the_same_id_of_the_same_buyer_counts_once_and_is_said() {
    let place = Place::with_chats(format!("{CHATS}s1,b1,agent,2026-09-01T10:00:20+08:00,A,m2\n"));
    place.run().expect(0, &["duplicate"]);
    assert_eq!(place.told("_meta/audit", &["used", "duplicates"]), ["2|1"]);
    assert_eq!(of_shop(&place, &["agent_msgs"]), "1");
}

/// The account is the conversation where a system has no ids for these.
#[test]
fn one_source_column_feeds_two_of_ours_in_every_format() {
    let rows = [
        vec!["shop_id", "uid", "sender", "sent_at", "agent_id", "no"],
        vec!["s1", "b1", "buyer", "2026-09-01 10:00:00", "A", "1"],
        vec!["s1", "b1", "agent", "2026-09-01 10:00:20", "A", "2"],
    ];
    for (name, bytes) in in_every_format(&rows) {
        let columns = "columns = { buyer_id = \"uid\", session_id = \"uid\", seq = \"no\", message_id = \"no\" }\n";
        let place = chats(name, bytes, columns);
        assert_one_round(&place, name);
        let rounds = place.told("details/rounds", &["buyer_id", "session_id", "asked_message_id", "replied_message_id"]);
        assert_eq!(rounds, ["b1|b1|1|2"], "{name}");
    }
}
