use super::workbook::{self, Cell, serial};
use super::{LENIENT, assert_one_round, assert_refused, beside, chats, of_shop, set_aside};

/// The rows of a sheet of texts.
fn texts<'a>(lines: &[&'a str]) -> Vec<Vec<Cell<'a>>> {
    let cell = |text: &'a str| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
    lines.iter().map(|line| line.split(',').map(cell).collect()).collect()
}

const CHATS: [&str; 3] = [
    "shop_id,buyer_id,sender,sent_at,agent_id,text",
    "s1,b1,buyer,2026-09-01 10:00:00,,在吗 <急> & \"快\"",
    "s1,b1,agent,2026-09-01 10:00:20,A",
];

#[test]
fn a_workbook_is_a_table() {
    let book = workbook::one(&texts(&CHATS));
    assert_one_round(&chats("chats.xlsx", &book, ""), "by its name");
    assert_one_round(&chats("chats", &book, "format = \"xlsx\"\n"), "by the setting");
}

#[test]
fn the_first_sheet_is_read_or_the_one_that_is_named() {
    let (rows, notes) = (texts(&CHATS), texts(&["说明", "请勿修改"]));
    assert_one_round(&chats("chats.xlsx", workbook::book(&[("聊天", &rows[..]), ("说明", &notes[..])]), ""), "the first");
    let second = workbook::book(&[("说明", &notes[..]), ("聊天 & 回复", &rows[..])]);
    assert_one_round(&chats("chats.xlsx", &second, "sheet = \"聊天 & 回复\"\n"), "by name");
    assert_refused(&chats("chats.xlsx", &second, "sheet = \"聊天\"\n"), &["聊天 & 回复", "chats.xlsx"]);
}

#[test]
fn rows_at_the_head_and_the_foot_are_skipped() {
    let rows = [&["客服聊天记录", ""][..], &CHATS, &["共 2 条"]].concat();
    let place = chats("chats.xlsx", workbook::one(&texts(&rows)), "skip_rows = 2\nskip_end = 1\n");
    assert_one_round(&place, "a title, an empty row and a sum");
    assert_eq!(place.told("_meta/audit", &["read", "quarantined"]), ["2|0"]);
}

#[test]
fn columns_of_a_sheet_without_a_header_have_numbers() {
    let columns = "columns = { shop_id = \"1\", buyer_id = \"2\", sender = \"3\", sent_at = \"4\", agent_id = \"5\" }\n";
    let place = chats("chats.xlsx", workbook::one(&texts(&CHATS[1..])), &format!("header = false\n{columns}"));
    assert_one_round(&place, "no header");
}

/// A number is its digits; one that is too long for a double stands for many ids.
#[test]
fn numbers_of_a_workbook_are_ids_as_far_as_they_are_exact() {
    let row = |buyer: Cell<'static>, sender, at| vec![Cell::Text("s1"), buyer, Cell::Text(sender), Cell::Text(at), Cell::Text("A")];
    let rows = [
        texts(&["shop_id,buyer_id,sender,sent_at,agent_id"]).remove(0),
        row(Cell::Number("692400000017"), "buyer", "2026-09-01 10:00:00"),
        row(Cell::Text("692400000017"), "agent", "2026-09-01 10:00:20"),
        row(Cell::Number("6924000000000000001"), "buyer", "2026-09-01 10:00:00"),
        row(Cell::Number("6.924E+18"), "buyer", "2026-09-01 10:00:00"),
        row(Cell::Number("1.5"), "buyer", "2026-09-01 10:00:00"),
    ];
    let place = chats("chats.xlsx", workbook::one(&rows), LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["buyer_id", "wait_ms"]), ["692400000017|20000"]);
    assert_eq!(set_aside(&place, "messages"), ["3|buyer_id", "4|buyer_id", "5|buyer_id"]);
}

/// Wrapped ids, amounts as numbers and as texts, times as serials, a formula, parts of an item.
#[test]
fn orders_of_a_workbook_are_read_cell_by_cell() {
    let paid = serial("2026-09-01T10:06:00");
    let row =
        |id, amount, quantity, paid| vec![Cell::Text("s1"), id, Cell::Text("b1"), Cell::Text("2026/9/1 10:05"), paid, amount, quantity];
    let rows = [
        texts(&["shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity"]).remove(0),
        row(Cell::Text("o1\t"), Cell::Number("1299"), Cell::Number("1"), Cell::Time(&paid)),
        row(Cell::Text("'o2"), Cell::Text("￥1,299.50"), Cell::Number("1.5"), Cell::Time(&paid)),
        row(Cell::Formula("o3"), Cell::Number("0.30000000000000004"), Cell::Text("2"), Cell::Text("2026年9月1日 10:06")),
        row(Cell::Number("4"), Cell::Number("5"), Cell::Number("1"), Cell::Text("-")),
        row(Cell::Number("5"), Cell::Number("5"), Cell::Number("1"), Cell::Empty),
    ];
    let place = beside("orders", "orders.xlsx", workbook::one(&rows), "");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["shop_orders", "shop_qty", "shop_amount"]), "3|4.5|2598.8");
    let mut orders = place.told("details/credits", &["order_id"]);
    orders.dedup();
    assert_eq!(orders, ["o1", "o2", "o3"]);
    assert!(set_aside(&place, "orders").is_empty());
}

#[test]
fn staff_and_shops_come_from_workbooks_too() {
    let place = beside("staff", "people.xlsx", "", "sheet = \"客服\"\n[shops]\npath = \"people.xlsx\"\nsheet = \"店铺\"\n");
    let staff = texts(&["shop_id,agent_id,name", "s1,A,林溪"]);
    let shops = texts(&["shop_id,name", "s1,云朵"]);
    place.put("people.xlsx", workbook::book(&[("店铺", &shops[..]), ("客服", &staff[..])]));
    place.run().expect(0, &[]);
    assert_eq!(place.told("reports/agent_day", &["shop_name", "agent_name"]), ["云朵|林溪"]);
}

#[test]
fn what_is_no_workbook_is_refused_with_what_it_is() {
    let html = "<html><body><table><tr><td>shop_id</td></tr></table></body></html>";
    let book = workbook::one(&texts(&CHATS));
    let cases = [
        ("chats.xls", html.as_bytes().to_vec(), "HTML"),
        ("chats.xlsx", CHATS.join("\n").into_bytes(), "workbook"),
        ("chats.xlsx", book[..book.len() / 2].to_vec(), "workbook"),
        ("chats.csv", book.clone(), "workbook"),
        ("chats.ndjson", book, "workbook"),
        ("chats.xlsx", Vec::new(), "empty"),
    ];
    for (name, bytes, what) in cases {
        assert_refused(&chats(name, bytes, ""), &[name, what]);
    }
}

/// An error is no empty cell: an order whose payment a formula did not find is not unpaid.
#[test]
fn the_error_of_a_formula_sets_its_row_aside_where_empty_says_something() {
    let head = "shop_id,order_id,buyer_id,created_at,amount,quantity,paid_at";
    let mut rows = texts(&[head, "s1,o1,b1,2026-09-01 10:05:00,10.00,1", "s1,o2,b1,2026-09-01 10:06:00,20.00,1,2026-09-01 10:07:00"]);
    rows[1].push(Cell::Error("#N/A"));
    let place = beside("orders", "orders.xlsx", workbook::one(&rows), LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(set_aside(&place, "orders"), ["1|paid_at"]);
    assert_eq!(of_shop(&place, &["shop_amount"]), "20");
}
