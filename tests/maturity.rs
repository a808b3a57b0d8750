//! What waits is null until its days have landed, and a later run fills it in.

use crate::support::given::{self, Given};
use crate::support::scratch::scratch;
use crate::support::tables::{Row, Tables, number};
use crate::support::{date, day, script};
use kefu::config::Plan;

const MONDAY: &str = "2026-09-07";

/// b1 asks on Monday, orders on Tuesday and pays on Friday; somebody chats every day.
fn planned(folder: &std::path::Path) -> Plan {
    let base = day(MONDAY);
    let mut input = given::input(MONDAY, "2026-09-13");
    input.lines = vec![script::line("10:00:00 s1 b1 buyer 推荐", base, "s1"), script::line("10:00:20 s1 b1 A 这款", base, "s1")];
    let greeting = |after| script::line("12:00:00 s1 b2 buyer>A 在吗", base + after, "s1");
    input.lines.extend((0..7).map(greeting));
    input.orders = Some(vec![script::order("o1 b1 +1/09:00:00 +4/18:00:00 50.00 1 -", base, "s1")]);
    given::plan(&Given::new(input).in_file_order().write(folder), "memory:///")
}

fn monday(plan: &Plan, period: &str) -> Row {
    Tables::of(&plan.output).report("shop", period).remove(&(day(MONDAY), "s1".to_owned(), None)).unwrap()
}

/// Night by night: after each, Monday's `inquiry_buyers`, `order_final_buyers`, `pay_final_buyers`, `order_sales_amount`.
#[test]
fn a_nightly_run_fills_in_what_matures_with_it() {
    let folder = scratch();
    let plan = planned(folder.path());
    let nothing = [None, None, None, None];
    let ordered = [Some(2.0), Some(1.0), None, None];
    let paid = [Some(2.0), Some(1.0), Some(1.0), Some(0.0)];
    for (night, expected) in [nothing, ordered, ordered, ordered, paid, paid].into_iter().enumerate() {
        given::run_days(&plan, day(MONDAY) + night as i64, day(MONDAY) + night as i64, None);
        let row = monday(&plan, "day");
        let got = ["inquiry_buyers", "order_final_buyers", "pay_final_buyers", "order_sales_amount"].map(|metric| number(&row, metric));
        assert_eq!(got, expected, "after {}", date(day(MONDAY) + night as i64));
        assert_eq!(number(&row, "receive_buyers"), Some(2.0), "what waits for nothing is there at once");
        assert_eq!(number(&row, "matures_on"), Some((day(MONDAY) + 90) as f64));
    }
}

/// The open week has what waits for nothing; the rest comes after its last day and the delay.
#[test]
fn a_week_matures_with_its_last_day() {
    let folder = scratch();
    let plan = planned(folder.path());
    given::run_days(&plan, day(MONDAY), day(MONDAY) + 2, None);
    let week = monday(&plan, "week");
    assert_eq!((number(&week, "receive_person_days"), number(&week, "inquiry_buyers")), (Some(4.0), None));
    assert_eq!(number(&week, "data_through"), Some((day(MONDAY) + 2) as f64));
    given::run_days(&plan, day(MONDAY), day(MONDAY) + 6, None);
    let week = monday(&plan, "week");
    assert_eq!((number(&week, "receive_buyers"), number(&week, "inquiry_buyers")), (Some(2.0), None));
    assert_eq!(number(&week, "matures_on"), Some((day(MONDAY) + 96) as f64));
}

/// `--as-of` says what has landed without a run of those days.
#[test]
fn as_of_says_what_has_landed() {
    let folder = scratch();
    let plan = planned(folder.path());
    given::run_days(&plan, day(MONDAY), day(MONDAY), Some(day(MONDAY) + 4));
    assert_eq!(number(&monday(&plan, "day"), "pay_final_buyers"), Some(1.0));
}

/// A reply of Monday that lands late: what looks back on it is restated with Monday, and ends as if it had been there all along.
#[test]
fn a_late_line_restates_the_sales_that_look_back_on_it() {
    let base = day(MONDAY);
    let mut input = given::input(MONDAY, "2026-09-13");
    input.lines = vec![script::line("10:00:00 s1 b1 buyer 推荐", base, "s1")];
    input.lines.extend((0..7).map(|after| script::line("12:00:00 s1 b2 buyer>A 在吗", base + after, "s1")));
    // One is paid within the lookback of the late reply; one is only created there, and paid days after.
    let orders = ["o1 b1 +2/09:00:00 +2/09:01:00 50.00 1 -", "o2 b1 +1/09:00:00 +5/09:00:00 70.00 1 -"];
    input.orders = Some(orders.iter().map(|order| script::order(order, base, "s1")).collect());
    let folder = scratch();
    let plan = given::plan(&Given::new(input.clone()).in_file_order().write(folder.path()), "memory:///");
    given::run_days(&plan, base, base + 6, None);
    input.lines.push(script::line("10:00:20 s1 b1 A 这款", base, "s1"));
    let late = Given::new(input).in_file_order();
    late.write(folder.path());
    given::run_days(&plan, base, base, None);
    let (restated, fresh) = (Tables::of(&plan.output), late.run());
    let week = |tables: &Tables| number(&tables.report("shop", "week")[&(base, "s1".to_owned(), None)], "sales_amount");
    assert_eq!((week(&restated), week(&fresh)), (Some(120.0), Some(120.0)));
    assert_eq!(restated.files(&["reports", "details"]), fresh.files(&["reports", "details"]));
}
