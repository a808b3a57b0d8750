use super::typed::{self, Cells};
use super::{HEAD, LENIENT, beside, chats, check, in_every_format, of_shop, run_landed, set_aside, spoken};
use crate::support::place::Place;

const ORDERS: &str = "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity";
const SALES: [&str; 3] = ["shop_orders", "shop_qty", "shop_amount"];

/// An order of b1 at 10:05, paid a minute later.
fn order(id: &str, amount: &str, quantity: &str) -> String {
    format!("s1,{id},b1,2026-09-01 10:05:00,2026-09-01 10:06:00,{amount},{quantity}")
}

fn orders(rows: &[String], settings: &str) -> Place {
    beside("orders", "orders.csv", format!("{ORDERS}\n{}\n", rows.join("\n")), settings)
}

/// Typed orders of b1 at 10:05, one for each amount.
fn typed_orders(amount: (&str, Cells), quantity: (&str, Cells), count: usize) -> Vec<u8> {
    let ids = (0..count).map(|n| format!("o{n}")).collect::<Vec<_>>();
    let ids = ids.iter().map(String::as_str).collect::<Vec<_>>();
    let (shops, buyers) = (vec!["s1"; count], vec!["b1"; count]);
    let (created, paid) = (vec![1_788_228_300_000; count], vec![1_788_228_360_000; count]);
    typed::file(&[
        ("BYTE_ARRAY shop_id (STRING)", Cells::Text(&shops)),
        ("BYTE_ARRAY order_id (STRING)", Cells::Text(&ids)),
        ("BYTE_ARRAY buyer_id (STRING)", Cells::Text(&buyers)),
        ("INT64 created_at (TIMESTAMP (MILLIS,true))", Cells::Long(&created)),
        ("INT64 paid_at (TIMESTAMP (MILLIS,true))", Cells::Long(&paid)),
        amount,
        quantity,
    ])
}

#[test]
fn amounts_in_fen_are_a_hundredth_in_every_format() {
    let columns = ["shop_id", "order_id", "buyer_id", "created_at", "paid_at", "amount", "quantity", "postage"];
    let row = vec!["s1", "o1", "b1", "2026-09-01 10:05:00", "2026-09-01 10:06:00", "12990", "2", "600"];
    for (name, bytes) in in_every_format(&[columns.to_vec(), row]) {
        for (settings, expected) in [("", "12990|600"), ("money = \"yuan\"\n", "12990|600"), ("money = \"fen\"\n", "129.9|6")] {
            let place = beside("orders", name, &bytes, settings);
            place.run().expect(0, &[]);
            assert_eq!(of_shop(&place, &["shop_amount", "postage"]), expected, "{name} {settings}");
        }
    }
}

#[test]
fn whole_numbers_of_typed_files_may_be_fen() {
    let amount = ("INT64 amount", Cells::Long(&[12_990, 5]));
    let bytes = typed_orders(amount, ("INT64 quantity", Cells::Long(&[1, 1])), 2);
    let place = beside("orders", "orders.parquet", bytes, "money = \"fen\"\n");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "2|2|129.95");
    let lines = "{\"shop_id\":\"s1\",\"refund_id\":7,\"order_id\":\"o1\",\"applied_at\":\"2026-09-01 12:00:00\",\"amount\":1250}\n";
    let place = beside("refunds", "refunds.ndjson", lines, "money = \"fen\"\n");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["refund_apply_count", "refund_apply_amount"]), "1|12.5");
}

#[test]
fn half_a_fen_is_set_aside() {
    let place = orders(&[order("o1", "1299", "1"), order("o2", "1299.5", "1")], &format!("money = \"fen\"\n{LENIENT}"));
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|1|12.99");
    assert_eq!(set_aside(&place, "orders"), ["2|amount"]);
}

/// What exporters write where there is no value.
const NOTHING: &[&str] = &["", "\\N", "NULL", "null", "None", "nan", "-", "--", "—"];

#[test]
fn words_for_nothing_are_no_times() {
    let unpaid = |(n, word): (usize, &&str)| format!("s1,o{n},b1,2026-09-01 10:05:00,{word},9.00,1");
    let place = orders(&(0..).zip(NOTHING).map(unpaid).collect::<Vec<_>>(), "");
    run_landed(&place).expect(0, &[]);
    assert_eq!(of_shop(&place, &["shop_orders", "order_final_buyers", "pay_final_buyers"]), "0|1|0");
    assert!(set_aside(&place, "orders").is_empty());
}

#[test]
fn words_for_nothing_are_no_numbers_truth_values_or_listed_words() {
    let mut rows = vec![vec!["shop_id", "buyer_id", "sender", "sent_at", "agent_id", "seq", "reply_mode", "recalled"]];
    for &word in NOTHING {
        rows.push(vec!["s1", "b1", "buyer", "2026-09-01 10:00:00", "A", word, word, word]);
        rows.push(vec!["s1", "b1", "agent", "2026-09-01 10:00:20", "A", word, word, word]);
    }
    for (name, bytes) in in_every_format(&rows).into_iter().filter(|(name, _)| !name.ends_with("parquet")) {
        let place = chats(name, bytes, "");
        place.run().expect(0, &[]);
        assert_eq!(of_shop(&place, &["buyer_msgs", "agent_msgs"]), "9|9", "{name}");
        assert!(set_aside(&place, "messages").is_empty(), "{name}");
    }
}

#[test]
fn a_required_cell_without_a_value_is_set_aside() {
    for word in NOTHING {
        let place = orders(&[order("o1", "9.00", "1"), order("o2", word, "1"), order("o3", "9.00", word)], LENIENT);
        place.run().expect(0, &[]);
        assert_eq!(set_aside(&place, "orders"), ["2|amount", "3|quantity"], "{word}");
    }
}

/// A buyer may be called `null` and a shop `None`: of ids and texts `\N` and nothing alone are no value.
#[test]
fn an_id_called_null_stays_one_and_backslash_n_is_empty() {
    let names = ["NULL", "null", "None", "nan", "-", "--", "—"];
    let round = |name: &&str| format!("s1,{name},buyer,2026-09-01 10:00:00,\\N,\ns1,{name},agent,2026-09-01 10:00:20,{name},\n");
    let nobody = "s1,\\N,buyer,2026-09-01 10:00:00,A,\n";
    let lines = names.iter().map(round).collect::<String>();
    let place = chats("chats.csv", format!("{HEAD}{lines}{nobody}"), &format!("[shops]\npath = \"shops.csv\"\n{LENIENT}"));
    place.put("shops.csv", "shop_id,name,category\ns1,None,\\N\n");
    place.run().expect(0, &[]);
    let mut expected = names.map(|name| format!("{name}|{name}|true"));
    expected.sort();
    assert_eq!(place.told("details/rounds", &["buyer_id", "agent_id", "queued"]), expected);
    assert_eq!(set_aside(&place, "messages"), ["15|buyer_id"]);
    assert_eq!(of_shop(&place, &["shop_name"]), "None");
}

/// Words for all of a table do not reach what must be there, nor ids.
#[test]
fn further_words_hold_for_what_may_be_missing() {
    let unpaid = |id: &str, word: &str| order(id, "10.00", "1").replace("2026-09-01 10:06:00", word);
    let place = orders(&[order("0", "10.00", "0"), unpaid("1", "0"), unpaid("2", "无")], "nulls = [\"0\", \"无\"]\n");
    run_landed(&place).expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|0|10");
    assert!(set_aside(&place, "orders").is_empty());
    assert_eq!(place.told("details/credits", &["order_id"])[0], "0");
}

#[test]
fn further_words_of_a_column_hold_for_ids_too() {
    let lines = "s1,b1,buyer,2026-09-01 10:00:00,0,m1\ns1,b1,agent,2026-09-01 10:00:20,A,m2\n";
    for (nulls, agents) in [("", &["0", "A"][..]), ("nulls = [\"0\"]\n", &["0", "A"][..]), ("nulls = { agent_id = [\"0\"] }\n", &["A"][..])]
    {
        let place = chats("chats.csv", format!("{HEAD}{lines}"), nulls);
        place.run().expect(0, &[]);
        assert_eq!(place.told("reports/agent_day", &["agent_id"]), agents, "{nulls}");
    }
    let place = orders(&[order("o1", "9.00", "1").replace("2026-09-01 10:06:00", "0")], "nulls = { paid_at = [\"0\"] }\n");
    run_landed(&place).expect(0, &[]);
    assert_eq!(of_shop(&place, &["shop_orders", "order_final_buyers"]), "0|1");
}

#[test]
fn a_word_that_values_names_is_a_value() {
    let lines = "s1,b1,buyer,2026-09-01 10:00:00,A,\ns1,b1,agent,2026-09-01 10:00:20,A,-\n";
    let csv = format!("shop_id,buyer_id,sender,sent_at,agent_id,reply_mode\n{lines}");
    for (values, answered) in [("", "1|0"), ("values.reply_mode = { auto = [\"-\"] }\n", "0|1")] {
        let place = chats("chats.csv", &csv, values);
        place.run().expect(0, &[]);
        assert_eq!(of_shop(&place, &["answered_rounds", "auto_msgs"]), answered, "{values}");
    }
}

#[test]
fn amounts_are_read_as_marketplaces_write_them() {
    let amounts = [
        ("\"1,299.00\"", 129_900),
        ("\"1,234,567.89\"", 123_456_789),
        ("\"￥1,299.00\"", 129_900),
        ("¥45.50", 4_550),
        ("￥ 45.50", 4_550),
        ("88元", 8_800),
        ("88.5 元", 8_850),
        ("CNY 88.00", 8_800),
        ("RMB88", 8_800),
        ("８８．５０", 8_850),
        ("￥１，２９９．００", 129_900),
        (" 88 ", 8_800),
        ("999", 99_900),
    ];
    let rows = (0..).zip(&amounts).map(|(n, (amount, _)): (usize, _)| order(&format!("o{n}"), amount, "1")).collect::<Vec<_>>();
    let place = orders(&rows, "");
    place.run().expect(0, &[]);
    let fen = amounts.iter().map(|(_, fen)| fen).sum::<i64>();
    assert_eq!(of_shop(&place, &["shop_orders", "shop_amount"]), format!("13|{}", fen as f64 / 100.0));
}

#[test]
fn marks_that_stand_elsewhere_make_no_amount() {
    let amounts = ["\"1,29.00\"", "\"12,99\"", "\"1,,299.00\"", "\",299.00\"", "\"1299,00\"", "￥", "$88.00", "88.999"];
    let bad = (2..).zip(&amounts).map(|(n, amount): (usize, _)| order(&format!("o{n}"), amount, "1"));
    let place = orders(&[order("o1", "9.00", "1")].into_iter().chain(bad).collect::<Vec<_>>(), LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|1|9");
    let expected = (2..=9).map(|row| format!("{row}|amount"));
    assert_eq!(set_aside(&place, "orders"), expected.collect::<Vec<_>>());
}

/// Sums of doubles carry their last digits along.
#[test]
fn a_double_is_the_fen_next_to_it_or_none() {
    let amounts = [0.1 + 0.2, 129.899_999_999_999_98, 1e6 + 0.07, 19.995, 12.3456];
    let bytes = typed_orders(("DOUBLE amount", Cells::Double(&amounts)), ("INT64 quantity", Cells::Long(&[1; 5])), 5);
    let place = beside("orders", "orders.parquet", bytes, LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "3|3|1000130.27");
    assert_eq!(set_aside(&place, "orders"), ["4|amount", "5|amount"]);
}

/// Cloth by the metre, fruit by the kilogram.
#[test]
fn quantities_have_up_to_three_decimals() {
    let rows = [order("o1", "9.00", "1.5"), order("o2", "9.00", "2.125"), order("o3", "9.00", "3.000"), order("o4", "9.00", "0.0625")];
    let place = orders(&rows, LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "3|6.625|27");
    assert_eq!(set_aside(&place, "orders"), ["4|quantity"]);
    let bytes = typed_orders(("INT64 amount", Cells::Long(&[9, 9])), ("DOUBLE quantity", Cells::Double(&[1.5, 0.0625])), 2);
    let place = beside("orders", "orders.parquet", bytes, LENIENT);
    place.run().expect(0, &[]);
    assert_eq!((of_shop(&place, &SALES), set_aside(&place, "orders")), ("1|1.5|9".to_owned(), vec!["2|quantity".to_owned()]));
}

#[test]
fn refunds_have_parts_of_items_too() {
    let refund =
        "shop_id,refund_id,order_id,applied_at,finished_at,amount,quantity\ns1,r1,o1,2026-09-01 12:00:00,2026-09-01 13:00:00,￥4.50,0.5\n";
    let place = beside("refunds", "refunds.csv", refund, "");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["refund_amount", "refund_qty"]), "4.5|0.5");
}

/// Three paid orders, the second cancelled by word alone.
#[test]
fn an_order_may_be_cancelled_by_a_word() {
    let rows = [order("o1", "80.00", "1") + ",卖家已发货", order("o2", "30.00", "1") + ",交易关闭", order("o3", "5.00", "1") + ","];
    let mapped = "columns = { status = \"状态\" }\nvalues.status = { paid = [\"卖家已发货\"], cancelled = [\"交易关闭\"] }\n";
    let csv = |head: &str| format!("{ORDERS},{head}\n{}\n", rows.join("\n"));
    let place = beside("orders", "orders.csv", csv("状态"), mapped);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "2|2|85");
    let own = csv("status").replace("卖家已发货", "paid").replace("交易关闭", "cancelled");
    let place = beside("orders", "orders.csv", own, "");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "2|2|85");
    // A word that nobody mapped may mean anything.
    let place = beside("orders", "orders.csv", csv("status"), LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(
        (of_shop(&place, &SALES), set_aside(&place, "orders")),
        ("1|1|5".to_owned(), vec!["1|status".to_owned(), "2|status".to_owned()])
    );
}

#[test]
fn a_column_of_states_that_nobody_reads_is_pointed_out() {
    let place = beside("orders", "orders.csv", format!("{ORDERS},订单状态\n{},交易关闭\n", order("o1", "9.00", "1")), "");
    let ran = check(&place);
    assert!(ran.code == 0 && spoken(&ran).contains("订单状态"), "{}", spoken(&ran));
}
