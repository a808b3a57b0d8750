//! Family D: inquiries, what became of them, and who paid in silence (§6).

use super::cells::{Cells, share, yuan};
use super::input::Order;
use super::row::ReportRow;
use super::rules::ExcludedFrom;
use super::sessions::Spoken;
use super::time::DAY_MS;
use std::collections::{BTreeMap, BTreeSet};

/// What became of one received buyer of one day.
struct Cohort<'a> {
    buyer: &'a str,
    inquiry: bool,
    order_same_day: bool,
    order_final: bool,
    pay_next_day: bool,
    pay_final: bool,
    /// The amount of the orders created in `[c, end of D+1)` and not paid before the end of D+`final_pay_days`.
    unpaid_fen: i64,
}

/// The buyers and days of the row.
fn cohorts<'a>(row: &ReportRow<'a>) -> Vec<Cohort<'a>> {
    let mut days: BTreeMap<(i64, &str), Vec<&Spoken>> = BTreeMap::new();
    for view in &row.kept {
        days.entry((view.day, view.buyer)).or_default().extend(&view.spoken);
    }
    let mut cohorts = Vec::new();
    for ((day, buyer), mut lines) in days {
        lines.sort_by_key(|line| line.order);
        let opened_by_reply = lines.first().is_some_and(|line| !line.buyer);
        // `c` is the first buyer line of the day, in an agent's row the first that is this agent's.
        if let Some(first) = lines.iter().find(|line| line.buyer)
            && (row.rules().agent_initiated_inquiry || !opened_by_reply)
        {
            cohorts.push(cohort(row, day, buyer, first.at));
        }
    }
    cohorts
}

/// Reads the orders of a buyer around `c`, the buyer's first line on the day.
fn cohort<'a>(row: &ReportRow, day: i64, buyer: &'a str, c: i64) -> Cohort<'a> {
    let input = row.facts.input;
    let end_of_d1 = input.end_of_day(day + 1);
    let pay_by = input.end_of_day(day + row.rules().final_pay_days);
    // Cancelled and excluded orders are no orders here, neither before `c` nor after it.
    let excluded = |order: &Order| row.rules().excluded_from.contains(&ExcludedFrom::Conversion) && row.rules().is_flagged(order);
    let mine = |order: &&Order| order.shop == row.shop && order.buyer == buyer && order.cancelled_at.is_none();
    let orders: Vec<&Order> = row.facts.orders.iter().filter(mine).filter(|order| !excluded(order)).collect();
    let since = c - row.rules().after_sale_days * DAY_MS;
    let before = orders.iter().any(|order| since <= order.created_at && order.created_at < c);
    let after: Vec<_> = orders.iter().filter(|o| c <= o.created_at && o.created_at < end_of_d1).collect();
    let paid_by = |order: &Order, end: i64| order.paid_at.is_some_and(|at| at < end);
    Cohort {
        buyer,
        inquiry: !(before && after.is_empty()),
        order_same_day: after.iter().any(|order| order.created_at < input.end_of_day(day)),
        order_final: !after.is_empty(),
        pay_next_day: after.iter().any(|order| paid_by(order, end_of_d1)),
        pay_final: after.iter().any(|order| paid_by(order, pay_by)),
        unpaid_fen: after.iter().filter(|order| !paid_by(order, pay_by)).map(|order| order.amount_fen).sum(),
    }
}

/// Inquiries, orders, payments and losses of the cohorts, each null until its delay has passed.
pub(super) fn inquiries(row: &ReportRow, cells: &mut Cells) {
    let cohorts = cohorts(row);
    let persons = |test: &dyn Fn(&Cohort) -> bool| {
        cohorts.iter().filter(|cohort| test(cohort)).map(|cohort| cohort.buyer).collect::<BTreeSet<_>>().len()
    };
    let inquiry = persons(&|c| c.inquiry);
    let order_final = persons(&|c| c.order_final);
    let pay_final = persons(&|c| c.pay_final);
    let order_same_day = persons(&|c| c.order_same_day);
    let pay_next_day = persons(&|c| c.pay_next_day);
    let next_day = row.mature(1);
    set_if_mature(cells, next_day, "inquiry_buyers", inquiry);
    set_if_mature(cells, next_day, "order_same_day_buyers", order_same_day);
    share_if_mature(cells, next_day, "order_same_day_rate", order_same_day, inquiry);
    set_if_mature(cells, next_day, "order_final_buyers", order_final);
    share_if_mature(cells, next_day, "order_final_rate", order_final, inquiry);
    // Losses are differences of the distinct persons of the period.
    set_if_mature(cells, next_day, "inquiry_loss_buyers", inquiry - order_final);
    share_if_mature(cells, next_day, "inquiry_loss_rate", inquiry - order_final, inquiry);
    set_if_mature(cells, next_day, "pay_next_day_buyers", pay_next_day);
    share_if_mature(cells, next_day, "pay_next_day_rate", pay_next_day, inquiry);
    let finally = row.mature(row.rules().final_pay_days);
    set_if_mature(cells, finally, "pay_final_buyers", pay_final);
    share_if_mature(cells, finally, "pay_final_rate", pay_final, inquiry);
    // Every buyer who ordered is an inquiry, so those who ordered and finally paid are all the final payers.
    set_if_mature(cells, finally, "order_pay_final_buyers", pay_final);
    share_if_mature(cells, finally, "order_pay_final_rate", pay_final, order_final);
    set_if_mature(cells, finally, "pay_loss_buyers", order_final - pay_final);
    let lost = cohorts.iter().filter(|c| c.order_final && !c.pay_final);
    let lost_fen: i64 = lost.map(|c| c.unpaid_fen).sum();
    cells.insert("pay_loss_amount", finally.then(|| yuan(lost_fen)));
    if row.is_shop() {
        silent_rate(row, cells);
    }
}

/// A count, or null while the metric is not mature.
fn set_if_mature(cells: &mut Cells, mature: bool, id: &'static str, count: usize) {
    cells.insert(id, mature.then_some(count as f64));
}

/// A share, or null while the metric is not mature.
fn share_if_mature(cells: &mut Cells, mature: bool, id: &'static str, numerator: usize, denominator: usize) {
    share(cells, id, numerator, denominator);
    if !mature {
        cells.insert(id, None);
    }
}

/// The share of payers of the period who had said nothing before one of their payments.
fn silent_rate(row: &ReportRow, cells: &mut Cells) {
    let (mut payers, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for order in row.facts.orders.iter().filter(|o| o.shop == row.shop && o.cancelled_at.is_none()) {
        let Some(paid_at) = order.paid_at else {
            continue;
        };
        let day = row.facts.input.business_day(paid_at);
        if !row.in_period(day) || !row.facts.input.covers(day) {
            continue;
        }
        payers.insert(&order.buyer);
        if !spoke_before(row, &order.buyer, paid_at) {
            silent.insert(&order.buyer);
        }
    }
    share(cells, "silent_rate", silent.len(), payers.len());
}

/// Whether the buyer said a line in `[t - credit_lookback, t)`. Filtered lines do not count (§8).
fn spoke_before(row: &ReportRow, buyer: &str, t: i64) -> bool {
    let sessions = row.facts.sessions.iter().filter(|record| record.shop == row.shop && record.buyer == buyer && !record.filtered);
    let mut lines = sessions.flat_map(|record| record.shop_lines()).filter(|line| line.buyer);
    lines.any(|line| t - row.rules().credit_lookback <= line.at && line.at < t)
}
