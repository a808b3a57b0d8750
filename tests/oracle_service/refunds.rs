//! Family H, refunds: counted in the period of the refund, not of the order (§12, §7).

use super::{Cells, Refund, RefundKind, ServiceInput, ServiceRow, known_if, mean_hours, newest, ratio, set, yuan};

/// Refunds applied for, refunds finished, and what is set against the sales.
pub(super) fn refunds(row: &ServiceRow) -> Cells {
    let given = row.given;
    let every = newest(given.refunds.as_deref().unwrap_or_default(), |refund| (refund.shop.as_str(), refund.refund_id.as_str()));
    let counted = every.into_iter().filter(|refund| !is_excluded(given, refund));
    let mine: Vec<&Refund> = counted.filter(|refund| row.holds(&refund.shop, credited(given, refund))).collect();
    let applied: Vec<&Refund> = mine.iter().copied().filter(|refund| row.counts(refund.applied_at)).collect();
    let finished: Vec<&Refund> = mine.iter().copied().filter(|refund| refund.finished_at.is_some_and(|at| row.counts(at))).collect();
    let mut cells = Cells::new();
    set(&mut cells, "refund_apply_count", applied.len());
    cells.insert("refund_apply_amount", Some(yuan(amount(&applied))));
    set(&mut cells, "refund_count", finished.len());
    cells.insert("refund_amount", Some(yuan(amount(&finished))));
    cells.insert("refund_qty", Some(quantity(&finished) as f64));
    let spans: Vec<i64> = finished.iter().filter_map(|refund| Some(refund.finished_at? - refund.applied_at)).collect();
    mean_hours(&mut cells, "refund_hours", &spans);
    set(&mut cells, "dispute_refunds", finished.iter().filter(|refund| refund.disputed).count());
    rates(row, &finished, &mut cells);
    // Only the orders tell whose a refund is, so without them an agent's are unknown.
    known_if(given.refunds.is_some() && (row.agent.is_none() || given.credits.is_some()), cells)
}

/// Whether the refund is of an order whose refunds count nowhere.
pub(super) fn is_excluded(given: &ServiceInput, refund: &Refund) -> bool {
    given.excluded_orders.contains(&(refund.shop.clone(), refund.order_id.clone()))
}

/// The agent credited with the order under the pipeline's own rule. `None` if the order is silent or does not count.
pub(super) fn credited<'a>(given: &'a ServiceInput<'a>, refund: &Refund) -> Option<&'a str> {
    let key = (refund.shop.clone(), refund.order_id.clone());
    given.credits.as_ref()?.get(&key)?.agent.as_deref()
}

fn amount(refunds: &[&Refund]) -> i64 {
    refunds.iter().map(|refund| refund.amount_fen).sum()
}

/// A refund without a quantity counts no item.
fn quantity(refunds: &[&Refund]) -> i64 {
    refunds.iter().filter_map(|refund| refund.quantity).sum()
}

/// The rates against the sales. Sales are of credited orders (§7), so only refunds of credited orders count here, in the shop's row too.
fn rates(row: &ServiceRow, finished: &[&Refund], cells: &mut Cells) {
    let against_sales: Vec<&Refund> = finished.iter().copied().filter(|refund| credited(row.given, refund).is_some()).collect();
    let of_kind = |kind: RefundKind| -> f64 {
        let refunds: Vec<&Refund> = against_sales.iter().copied().filter(|refund| refund.kind == Some(kind)).collect();
        amount(&refunds) as f64
    };
    let Some((sold_fen, sold_quantity)) = row.sales() else {
        for id in ["refund_rate", "refund_amount_rate", "refund_only_rate", "return_rate", "net_sales_amount"] {
            cells.insert(id, None);
        }
        return;
    };
    ratio(cells, "refund_rate", quantity(&against_sales) as f64, sold_quantity as f64);
    ratio(cells, "refund_amount_rate", amount(&against_sales) as f64, sold_fen as f64);
    ratio(cells, "refund_only_rate", of_kind(RefundKind::RefundOnly), sold_fen as f64);
    ratio(cells, "return_rate", of_kind(RefundKind::Return), sold_fen as f64);
    cells.insert("net_sales_amount", Some(yuan(sold_fen - amount(&against_sales))));
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, agent, at, check, check_null, credit, given, shop};
    use super::super::{Refund, RefundKind, ServiceInput, ServiceRules, cells};
    use std::collections::BTreeMap;

    const RATES: [&str; 5] = ["refund_rate", "refund_amount_rate", "refund_only_rate", "return_rate", "net_sales_amount"];

    fn refund(id: &str, order: &str, applied_at: i64, finished_at: Option<i64>, yuan: i64, quantity: i64) -> Refund {
        Refund {
            shop: SHOP.to_string(),
            refund_id: id.to_string(),
            order_id: order.to_string(),
            applied_at,
            finished_at,
            amount_fen: yuan * 100,
            quantity: Some(quantity),
            ..Refund::default()
        }
    }

    /// On Monday A sells 300 yuan and 5 items in two orders, B 50 yuan and 1 item; a silent order is 80 yuan and 2 items.
    ///
    /// | refund | agent | from | to | yuan | items | kind |
    /// |---|---|---|---|---|---|---|
    /// | r1 | A | Monday 10:00 | Tuesday 10:00, 24 h | 60 | 1 | money only |
    /// | r2 | A | Monday 12:00 | Monday 18:00, 6 h | 40 | 1 | goods returned, disputed |
    /// | r3 | B | Monday 13:00 | not finished | 50 | 1 | |
    /// | r4 | silent | Tuesday 09:00 | Tuesday 21:00, 12 h | 80 | 2 | goods returned |
    fn example() -> ServiceInput<'static> {
        let only = Some(RefundKind::RefundOnly);
        let back = Some(RefundKind::Return);
        let r1 = Refund { kind: only, ..refund("r1", "o1", at(0, "10:00"), Some(at(1, "10:00")), 60, 1) };
        let r2 = Refund { kind: back, disputed: true, ..refund("r2", "o2", at(0, "12:00"), Some(at(0, "18:00")), 40, 1) };
        let r3 = refund("r3", "o3", at(0, "13:00"), None, 50, 1);
        let r4 = Refund { kind: back, ..refund("r4", "o4", at(1, "09:00"), Some(at(1, "21:00")), 80, 2) };
        let credits = [
            credit("o1", Some("A"), 0, 200, 4),
            credit("o2", Some("A"), 0, 100, 1),
            credit("o3", Some("B"), 0, 50, 1),
            credit("o4", None, 0, 80, 2),
        ];
        ServiceInput { refunds: Some(vec![r1, r2, r3, r4]), credits: Some(BTreeMap::from(credits)), ..given() }
    }

    /// In A's week 60 + 40 = 100 of 300 yuan and 2 of 5 items are refunded, after (24 + 6) / 2 = 15 h. Net sales are 300 - 100 = 200 yuan.
    #[test]
    fn refunds_of_an_agent_are_100_of_300_yuan_and_2_of_5_items() {
        let week = cells(&example(), &agent("A"), &WEEK);
        check(&week, &[("refund_apply_count", 2.0), ("refund_apply_amount", 100.0)]);
        check(&week, &[("refund_count", 2.0), ("refund_amount", 100.0), ("refund_qty", 2.0), ("refund_hours", 15.0)]);
        check(&week, &[("dispute_refunds", 1.0), ("refund_rate", 0.4), ("refund_amount_rate", 100.0 / 300.0)]);
        check(&week, &[("refund_only_rate", 0.2), ("return_rate", 40.0 / 300.0), ("net_sales_amount", 200.0)]);
    }

    /// The shop's week counts r4 as well: 60 + 40 + 50 + 80 = 230 yuan applied for, 180 finished, after (24 + 6 + 12) / 3 = 14 h.
    /// r1 and r2 are set against the credited sales of 350 yuan and 6 items: 100 / 350, 2 / 6, and net sales of 350 - 100 = 250 yuan.
    #[test]
    fn refunds_of_a_shop_count_the_silent_one_but_not_against_credited_sales() {
        let week = cells(&example(), &shop(), &WEEK);
        check(&week, &[("refund_apply_count", 4.0), ("refund_apply_amount", 230.0)]);
        check(&week, &[("refund_count", 3.0), ("refund_amount", 180.0), ("refund_qty", 4.0), ("refund_hours", 14.0)]);
        check(&week, &[("dispute_refunds", 1.0), ("refund_rate", 2.0 / 6.0), ("refund_amount_rate", 100.0 / 350.0)]);
        check(&week, &[("refund_only_rate", 60.0 / 350.0), ("return_rate", 40.0 / 350.0), ("net_sales_amount", 250.0)]);
    }

    /// On Monday both are applied for and r2 is finished: net sales are 300 - 40 = 260 yuan. On Tuesday r1 is finished and nothing is sold:
    /// net sales are 0 - 60 yuan, and the rates have nothing to divide by.
    #[test]
    fn a_refund_counts_on_the_day_it_finishes_and_makes_a_day_without_sales_negative() {
        let (monday, tuesday) = (cells(&example(), &agent("A"), &[MONDAY]), cells(&example(), &agent("A"), &[MONDAY + 1]));
        check(&monday, &[("refund_apply_count", 2.0), ("refund_count", 1.0), ("refund_hours", 6.0), ("net_sales_amount", 260.0)]);
        check(&tuesday, &[("refund_apply_count", 0.0), ("refund_count", 1.0), ("refund_hours", 24.0), ("net_sales_amount", -60.0)]);
        check_null(&tuesday, &["refund_rate", "refund_amount_rate", "refund_only_rate", "return_rate"]);
    }

    /// Three items of last week's order come back, and one was sold this week: 3 / 1.
    #[test]
    fn three_items_back_for_one_sold_are_300_percent() {
        let refunds = Some(vec![refund("r1", "old", at(0, "10:00"), Some(at(0, "11:00")), 90, 3)]);
        let credits = Some(BTreeMap::from([credit("old", Some("A"), -7, 90, 3), credit("o1", Some("A"), 0, 30, 1)]));
        let week = cells(&ServiceInput { refunds, credits, ..given() }, &agent("A"), &WEEK);
        check(&week, &[("refund_rate", 3.0), ("refund_amount_rate", 3.0), ("net_sales_amount", -60.0)]);
    }

    /// The refund is exported on Monday, when it is applied for, and again on Tuesday, when it is finished. It is one refund.
    #[test]
    fn a_refund_exported_twice_is_one_and_what_was_read_last() {
        let first = refund("r1", "o1", at(0, "10:00"), None, 60, 1);
        let second = Refund { finished_at: Some(at(1, "10:00")), ..first.clone() };
        let week = cells(&ServiceInput { refunds: Some(vec![first, second]), ..example() }, &shop(), &WEEK);
        check(&week, &[("refund_apply_count", 1.0), ("refund_count", 1.0), ("refund_amount", 60.0), ("refund_hours", 24.0)]);
    }

    #[test]
    fn without_refunds_all_is_null_and_without_orders_only_the_shop_counts() {
        let none = cells(&ServiceInput { refunds: None, ..example() }, &shop(), &WEEK);
        check_null(&none, &["refund_apply_count", "refund_count", "refund_amount", "refund_hours", "dispute_refunds", "net_sales_amount"]);
        let no_orders = ServiceInput { credits: None, ..example() };
        let of_shop = cells(&no_orders, &shop(), &WEEK);
        check(&of_shop, &[("refund_count", 3.0)]);
        check_null(&of_shop, &RATES);
        check_null(&cells(&no_orders, &agent("A"), &WEEK), &["refund_apply_count", "refund_count", "refund_qty", "net_sales_amount"]);
    }

    /// Under the attribution rule `order` the sales of a week are known once Sunday + 4 has landed.
    #[test]
    fn rates_wait_for_the_sales_they_stand_on() {
        let rules = ServiceRules { sales_delay: 4, ..ServiceRules::default() };
        let waiting = ServiceInput { rules: rules.clone(), landed: MONDAY + 9, ..example() };
        let landed = ServiceInput { rules, landed: MONDAY + 10, ..example() };
        check(&cells(&waiting, &agent("A"), &WEEK), &[("refund_count", 2.0)]);
        check_null(&cells(&waiting, &agent("A"), &WEEK), &RATES);
        check(&cells(&landed, &agent("A"), &WEEK), &[("refund_rate", 0.4), ("net_sales_amount", 200.0)]);
    }
}
