use super::{HEAD, LENIENT, assert_one_round, assert_refused, assert_warned, beside, chats, of_shop, set_aside, spoken};
use crate::support::place::CHATS;
use crate::support::sheet::{Packing, packed};

/// The question of b1 and the answer of A, with texts that need the dialect.
const TEXTS: &str = "\
shop_id,buyer_id,sender,sent_at,agent_id,text
s1,b1,buyer,2026-09-01 10:00:00,A,在吗
s1,b1,agent,2026-09-01 10:00:20,A,在的
";

#[test]
fn cells_are_parted_as_the_table_says() {
    for (mark, setting) in [(";", ";"), ("\t", "\\t"), ("|", "|"), ("^", "^")] {
        let csv = TEXTS.replace(',', mark).replace("在吗", &format!("\"一{mark}二\""));
        assert_one_round(&chats("chats.csv", csv, &format!("delimiter = \"{setting}\"\n")), setting);
    }
    let tsv = TEXTS.replace(',', "\t");
    assert_one_round(&chats("chats.tsv", tsv, "format = \"csv\"\ndelimiter = \"\\t\"\n"), "a file named .tsv");
}

#[test]
fn cells_are_quoted_as_the_table_says() {
    let csv = TEXTS.replace("在吗", "'一,二 \"三\" ''四''\n五'");
    assert_one_round(&chats("chats.csv", csv, "quote = \"'\"\n"), "apostrophes");
}

const ESCAPED: &str = "\"他说 \\\"好, 的\\\"\"";

#[test]
fn quotes_are_escaped_as_the_table_says() {
    let csv = TEXTS.replace("在吗", ESCAPED);
    let place = chats("chats.csv", &csv, "escape = \"\\\\\"\n");
    assert_one_round(&place, "backslashes");
    assert!(set_aside(&place, "messages").is_empty());
    // Without the setting, the row does not fit; why is said.
    let ran = chats("chats.csv", &csv, LENIENT).run();
    assert!(spoken(&ran).contains("escape"), "{}", spoken(&ran));
}

#[test]
fn columns_without_a_header_have_numbers() {
    let columns = "columns = { shop_id = \"1\", buyer_id = \"2\", sender = \"3\", sent_at = \"4\", agent_id = \"5\", text = \"6\" }\n";
    let (_, csv) = TEXTS.split_once('\n').unwrap();
    let place = chats("chats.csv", csv, &format!("header = false\n{columns}"));
    assert_one_round(&place, "no header");
    assert_eq!(place.told("_meta/audit", &["read"]), ["2"]);
    // A delimiter after the last cell makes one more.
    let trailing = TEXTS.replace('\n', ",\n").replacen(",\n", "\n", 1);
    assert_one_round(&chats("chats.csv", trailing, &format!("header = false\nskip_rows = 1\n{columns}")), "a column without a name");
}

#[test]
fn lines_before_and_after_the_table_are_skipped() {
    let csv = format!("聊天记录导出\n导出时间：2026-09-02 09:00:00,,\n{TEXTS}合计,2 条\n");
    let place = chats("chats.csv", csv, "skip_rows = 2\nskip_end = 1\n");
    assert_one_round(&place, "a title and a sum");
    assert_eq!(place.told("_meta/audit", &["read", "quarantined"]), ["2|0"]);
}

#[test]
fn comments_are_no_rows() {
    let csv = TEXTS.replacen("s1,b1,agent", "# 夜班\ns1,b1,agent", 1);
    let place = chats("chats.csv", format!("# 店铺一\n{csv}"), "comment = \"#\"\n");
    assert_one_round(&place, "comments");
    assert_eq!(place.told("_meta/audit", &["read", "quarantined"]), ["2|0"]);
}

/// Orders have dialects too, and other tables of the pipeline keep theirs.
#[test]
fn a_dialect_is_of_its_table_alone() {
    let orders = "导出\nshop_id;order_id;buyer_id;created_at;paid_at;amount;quantity\n\
         s1;o1;b1;2026-09-01 10:05:00;2026-09-01 10:06:00;1,299.00;1\n";
    let place = beside("orders", "orders.csv", orders, "delimiter = \";\"\nskip_rows = 1\n");
    assert_one_round(&place, "commas");
    assert_eq!(of_shop(&place, &["shop_amount"]), "1299");
}

/// What a file is, and the setting that reads it.
#[test]
fn a_file_of_another_dialect_is_refused_with_the_setting_to_write() {
    let (_, headless) = TEXTS.split_once('\n').unwrap();
    let cases = [
        ("chats.csv", TEXTS.replace(',', "\t"), &["delimiter"][..]),
        ("chats.csv", TEXTS.replace(',', ";"), &["delimiter", "';'"][..]),
        ("chats.csv", headless.to_owned(), &["header = false"][..]),
        ("chats.csv", format!("聊天记录\n导出人：林溪\n{TEXTS}共 2 条\n"), &["skip_rows = 2", "skip_end = 1"][..]),
        ("chats.csv", TEXTS.replacen("buyer_id", " buyer_id ", 1), &["buyer_id"][..]),
        ("chats.csv", TEXTS.replace('\n', ",\n").replacen(",\n", "\n", 1), &["header = false", "skip_rows = 1", "7", "6"][..]),
    ];
    for (name, bytes, words) in cases {
        let place = chats(name, bytes, "");
        assert_refused(&place, &[words, &[name]].concat());
    }
}

/// Two megabytes of ASCII before the first name that is not.
#[test]
fn the_encoding_is_found_wherever_it_shows() {
    let filler = |n: usize| format!("s1,c{n},buyer,2026-09-01 09:00:00,A,{}\n", "hello ".repeat(8_000));
    let (head, lines) = TEXTS.split_once('\n').unwrap();
    let text = format!("{head}\n{}{}", (0..40).map(filler).collect::<String>(), lines.replace("b1", "小鱼"));
    for (way, bytes) in [("GBK", encoding_rs::GBK.encode(&text).0.into_owned()), ("UTF-8", text.clone().into_bytes())] {
        let place = chats("chats.csv", bytes, "");
        place.run().expect(0, &[]);
        let rounds = place.told("details/rounds", &["buyer_id", "wait_ms"]);
        assert!(rounds.contains(&"小鱼|20000".to_owned()), "{way}: {rounds:?}");
        assert_eq!(place.told("_meta/audit", &["read", "quarantined"]), ["42|0"], "{way}");
    }
}

#[test]
fn a_closed_cell_is_one_whatever_it_holds() {
    let text = "\"第一行\n第二行, \"\"好\"\"\n\n第四行\"";
    let place = chats("chats.csv", TEXTS.replace("在吗", text).replace("在的", "\"好\n\""), "");
    assert_one_round(&place, "line ends");
    assert_eq!(place.told("_meta/audit", &["read", "quarantined"]), ["2|0"]);
}

/// Closed by chance: two lines with a quote each, and a record between them.
#[test]
fn a_cell_that_holds_whole_records_is_one_and_said() {
    let records = "\"在吗\ns1,b8,buyer,2026-09-01 10:00:05,A,多少钱\ns1,b9,buyer,2026-09-01 10:00:06,A,有货吗\"";
    let place = chats("chats.csv", TEXTS.replace("在吗", records), "");
    assert_warned(&place, &["chats.csv", "2"]);
    assert_eq!(place.told("details/rounds", &["buyer_id"][..]), ["b1"]);
}

/// The lines of a quote that does not close are read one by one.
#[test]
fn a_quote_that_never_closes_swallows_nothing() {
    for opened in ["\"在吗", "\"他说 \"好\" 吗", "5\" 屏\"幕", "\"12\" 电视"] {
        let later = "s1,b2,buyer,2026-09-01 11:00:00,A,在吗\ns1,b2,agent,2026-09-01 11:00:30,A,在的\n";
        let csv = TEXTS.replace("在吗", opened) + later;
        let place = chats("chats.csv", csv, LENIENT);
        place.run().expect(0, &[]);
        let rounds = place.told("details/rounds", &["buyer_id", "wait_ms"]);
        assert!(rounds.contains(&"b2|30000".to_owned()), "{opened}: {rounds:?}");
        assert_eq!(place.told("_meta/audit", &["read"]), ["4"], "{opened}");
    }
}

#[test]
fn a_line_that_does_not_fit_is_set_aside_alone() {
    let csv = format!("{HEAD}s1,\"b3,buyer\n{}", CHATS.split_once('\n').unwrap().1);
    let place = chats("chats.csv", csv, LENIENT);
    assert_one_round(&place, "the lines after it");
    assert_eq!(place.told("quarantine/messages", &["row"]), ["1"]);
}

const ARRAY: &str = r#"[
  {"shop_id": "s1", "buyer_id": "b1", "sender": "buyer", "sent_at": "2026-09-01 10:00:00", "agent_id": null, "text": "[在吗], {吗}"},
  {"shop_id": "s1", "buyer_id": "b1", "sender": "agent", "sent_at": "2026-09-01 10:00:20", "agent_id": "A", "text": "\"在\""}
]"#;

#[test]
fn a_json_array_is_a_table() {
    let one_line = ARRAY.split('\n').map(str::trim).collect::<String>();
    for (name, bytes, format) in [
        ("chats.json", ARRAY.to_owned(), ""),
        ("chats.json", one_line, ""),
        ("chats.json", format!("\u{feff}{}\r\n", ARRAY.replace('\n', "\r\n")), ""),
        ("chats", ARRAY.to_owned(), "format = \"json\"\n"),
    ] {
        assert_one_round(&chats(name, bytes, format), &format!("{name} {format}"));
    }
    let packed = packed(ARRAY.as_bytes(), Packing::Gzip);
    assert_one_round(&chats("chats.json.gz", packed, ""), "packed");
    let quiet = chats("chats.json", "[]", "");
    quiet.run().expect(0, &[]);
    assert!(quiet.told("reports/shop_day", &["shop_id"]).is_empty());
}

#[test]
fn a_json_array_that_is_cut_is_refused() {
    let end = ARRAY.rfind("\"agent_id\"").unwrap();
    let place = chats("chats.json", &ARRAY[..end], "");
    place.run().expect(3, &["chats.json"]);
    assert!(!place.is_published());
}

/// Webhooks nest who is meant.
#[test]
fn fields_of_fields_have_dotted_names() {
    let settings = "columns = { shop_id = \"inbox.shop.id\", buyer_id = \"contact.id\", agent_id = \"assignee.id\" }\n";
    let line = |sender: &str, at: &str, assignee: &str| {
        format!(
            "{{\"inbox\":{{\"shop\":{{\"id\":\"s1\"}},\"no\":[1,{{}}]}},\"contact\":{{\"name\":\"鱼\",\"id\":\"b1\"}},\"assignee\":{assignee},\
             \"sender\":\"{sender}\",\"sent_at\":\"2026-09-01 10:00:{at}\"}}"
        )
    };
    let lines = [line("buyer", "00", "null"), line("agent", "20", "{\"id\":\"A\"}")];
    assert_one_round(&chats("chats.ndjson", lines.join("\n"), settings), "ndjson");
    assert_one_round(&chats("chats.json", format!("[{}]", lines.join(",")), settings), "an array");
    // Whose field is no object has none.
    let odd = line("buyer", "30", "7").replace("\"b1\"", "\"b2\"");
    let place = chats("chats.ndjson", format!("{}\n{}\n{odd}\n", lines[0], lines[1]), &format!("{settings}{LENIENT}"));
    place.run().expect(0, &[]);
    assert!(place.told("details/rounds", &["buyer_id", "agent_id"]).contains(&"b1|A".to_owned()));
}

/// A carriage return within a cell ends no row.
#[test]
fn a_lone_carriage_return_is_text() {
    let csv = TEXTS.replace("在吗", "\"一\r二\"").replace("在的", "三\r四");
    let place = chats("chats.csv", csv, "");
    assert_one_round(&place, "a carriage return");
    assert_eq!(of_shop(&place, &["agent_words"]), "3");
}

/// Blank lines within a cell, and between title and header, are lines as any other.
#[test]
fn rows_at_the_foot_are_skipped_whatever_else_is_blank() {
    let csv = format!("标题\n\n{}合计,2\n\n", TEXTS.replace("在的", "\"一\n\n二\""));
    let place = chats("chats.csv", csv, "skip_rows = 2\nskip_end = 1\n");
    assert_one_round(&place, "a title, a blank line and a total");
    assert!(set_aside(&place, "messages").is_empty());
    assert_eq!(of_shop(&place, &["agent_words"]), "4");
}

#[test]
fn a_row_that_a_quotation_swallows_is_told() {
    let csv = TEXTS.replace("在吗", "\"在吗").replace("在的", "在的\"");
    assert_warned(&chats("chats.csv", csv, ""), &["chats.csv", "line 2"]);
}

/// One element of another shape costs its row alone.
#[test]
fn an_element_that_is_no_object_is_set_aside_alone() {
    let row = |sender: &str, second: u32, agent: &str| {
        format!(
            "{{\"shop_id\":\"s1\",\"buyer_id\":\"b1\",\"sender\":\"{sender}\",\"sent_at\":\"2026-09-01 10:00:{second:02}\",\"agent\":{agent}}}"
        )
    };
    let rows = [row("buyer", 0, "[]"), row("agent", 20, "{\"id\":\"A\"}"), row("agent", 30, "\"A\""), "null".into(), "7".into()];
    let settings = format!("columns = {{ agent_id = \"agent.id\" }}\n{LENIENT}");
    let array = format!("[{}]", rows.join(","));
    for (name, bytes) in [("chats.json", array), ("chats.ndjson", rows.join("\n"))] {
        let place = chats(name, bytes, &settings);
        assert_one_round(&place, name);
        assert_eq!(set_aside(&place, "messages"), ["3|agent_id", "4|", "5|"], "{name}");
    }
}
