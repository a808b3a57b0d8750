use super::{LENIENT, assert_refused, assert_warned, beside, check, in_every_format, of_shop, set_aside, spoken};
use crate::support::place::Place;

const ITEMS: &str = "shop_id,order_id,item_id,buyer_id,created_at,paid_at,amount,quantity,postage,updated_at,cancelled_at\n";
const SALES: [&str; 4] = ["shop_orders", "shop_qty", "shop_amount", "postage"];

/// A row of o1: item, amount, quantity, the minute of its update, and the minute of its end. Paid at 10:06, postage 8 yuan.
fn item(id: &str, amount: &str, quantity: &str, updated: &str, cancelled: &str) -> String {
    let at = |minute: &str| if minute.is_empty() { String::new() } else { format!("2026-09-01 10:{minute}:00") };
    let (paid, updated, cancelled) = (at("06"), at(updated), at(cancelled));
    format!("s1,o1,{id},b1,2026-09-01 10:05:00,{paid},{amount},{quantity},8.00,{updated},{cancelled}\n")
}

fn items(rows: &[String], settings: &str) -> Place {
    beside("orders", "orders.csv", format!("{ITEMS}{}", rows.concat()), settings)
}

const BY_ITEM: &str = "rows = \"item\"\nwhole = [\"postage\"]\n";

fn three() -> [String; 3] {
    [item("i1", "30.00", "1", "", ""), item("i2", "45.50", "2", "", ""), item("i3", "4.50", "1", "", "")]
}

#[test]
fn items_of_an_order_add_up_and_what_every_row_repeats_counts_once() {
    let place = items(&three(), BY_ITEM);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|4|80|8");
    // Without `whole` every row says a postage of its own.
    let place = items(&three(), "rows = \"item\"\n");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["shop_orders", "shop_amount"]), "1|80");
}

/// Some exporters repeat the order's total beside each item.
#[test]
fn the_amount_itself_may_be_whole() {
    let rows = ["i1", "i2", "i3"].map(|id| item(id, "80.00", "1", "", ""));
    let place = items(&rows, "rows = \"item\"\nwhole = [\"postage\", \"amount\"]\n");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|3|80|8");
}

#[test]
fn items_add_up_in_every_text_format() {
    let head = ITEMS.trim_end().split(',').collect::<Vec<_>>();
    let rows = three();
    let rows = rows.iter().map(|row| row.trim_end().split(',').collect::<Vec<_>>());
    let rows = std::iter::once(head).chain(rows).collect::<Vec<_>>();
    for (name, bytes) in in_every_format(&rows).into_iter().filter(|(name, _)| !name.ends_with("parquet")) {
        let place = beside("orders", name, bytes, BY_ITEM);
        place.run().expect(0, &[]);
        assert_eq!(of_shop(&place, &SALES), "1|4|80|8", "{name}");
    }
}

#[test]
fn the_newest_version_of_each_item_counts() {
    let versions = [item("i1", "30.00", "1", "10", ""), item("i2", "45.50", "2", "11", ""), item("i1", "25.00", "1", "20", "")];
    let place = items(&versions, BY_ITEM);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|3|70.5|8");
}

#[test]
fn an_item_that_is_cancelled_by_itself_is_left_out() {
    let rows = [item("i1", "30.00", "1", "", ""), item("i2", "45.50", "2", "", "30")];
    let place = items(&rows, BY_ITEM);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &SALES), "1|1|30|8");
    let place = items(&[item("i1", "30.00", "1", "", "29"), item("i2", "45.50", "2", "", "30")], BY_ITEM);
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["shop_orders", "shop_amount"]), "0|0", "with every item the order is cancelled");
}

/// The first row was exported before the payment.
#[test]
fn what_is_said_of_the_order_comes_from_its_newest_row() {
    let unpaid = item("i1", "30.00", "1", "05", "").replace("2026-09-01 10:06:00", "");
    for rows in [[unpaid.clone(), item("i2", "45.50", "2", "20", "")], [item("i2", "45.50", "2", "20", ""), unpaid]] {
        let place = items(&rows, BY_ITEM);
        place.run().expect(0, &[]);
        assert_eq!(of_shop(&place, &SALES), "1|3|75.5|8");
    }
}

#[test]
fn a_whole_column_that_differs_is_warned_of_and_the_newest_counts() {
    let rows = [item("i1", "30.00", "1", "10", ""), item("i2", "45.50", "2", "20", "").replace("8.00", "5.00")];
    let place = items(&rows, BY_ITEM);
    place.run().expect(0, &["postage"]);
    assert_eq!(of_shop(&place, &SALES), "1|3|75.5|5");
}

#[test]
fn rows_of_one_order_that_nothing_orders_are_warned_of_with_the_setting() {
    assert_warned(&items(&three(), ""), &["rows = \"item\"", "orders"]);
}

#[test]
fn versions_of_an_order_are_not_warned_of() {
    let versions = [item("", "30.00", "1", "10", ""), item("", "25.00", "1", "20", "")];
    let place = items(&versions, "");
    for ran in [check(&place), place.run()] {
        assert!(ran.code == 0 && !spoken(&ran).contains("rows = \"item\""), "{}", spoken(&ran));
    }
    assert_eq!(of_shop(&place, &["shop_orders", "shop_amount"]), "1|25");
    // Nor are daily snapshots, in which a version stands again unchanged.
    let snapshots = [item("", "30.00", "1", "10", ""), item("", "30.00", "1", "10", ""), item("", "25.00", "1", "20", "")];
    assert!(!spoken(&items(&snapshots, "").run()).contains("rows = \"item\""));
    // Nor is what was exported twice.
    let place = items(&[item("", "30.00", "1", "", ""), item("", "30.00", "1", "", "")], "");
    let ran = place.run();
    assert!(ran.code == 0 && !ran.said.contains("rows = \"item\""), "{}", ran.said);
}

#[test]
fn rows_by_item_need_an_item_id() {
    let without = ITEMS.replace("item_id", "sub") + &three().concat();
    assert_refused(&beside("orders", "orders.csv", without, BY_ITEM), &["item_id", "orders.csv"]);
    let place = items(&[item("i1", "30.00", "1", "", ""), item("", "45.50", "2", "", "")], &format!("{BY_ITEM}{LENIENT}"));
    place.run().expect(0, &[]);
    assert_eq!(set_aside(&place, "orders"), ["2|item_id"]);
}
