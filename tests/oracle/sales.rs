//! Families E to G: sales, baskets, silent orders and assists (§7).

use super::attribution::Credit;
use super::cells::{Cells, ratio, set, yuan};
use super::row::ReportRow;
use super::rules::Attribution;
use std::collections::BTreeSet;

/// What a set of credits comes to.
#[derive(Default)]
struct SalesTotals {
    fen: i64,
    qty: i64,
    postage_fen: i64,
    orders: usize,
    buyers: BTreeSet<String>,
}

fn totals<'a>(credits: impl Iterator<Item = &'a Credit>) -> SalesTotals {
    let mut totals = SalesTotals::default();
    for credit in credits {
        totals.fen += credit.amount_fen;
        totals.qty += credit.quantity;
        totals.postage_fen += credit.postage_fen;
        totals.orders += 1;
        totals.buyers.insert(credit.buyer.clone());
    }
    totals
}

/// The credits of the shop's orders that count in the period under a rule.
fn shop_credits<'a>(row: &ReportRow<'a>, rule: Attribution) -> Vec<&'a Credit> {
    let counts = |credit: &&Credit| credit.rule == rule && credit.shop == row.shop && row.in_period(credit.day);
    row.credits.iter().filter(counts).collect()
}

/// Whether the order is credited to anyone, or in an agent's row to this agent.
fn is_credited(row: &ReportRow, credit: &Credit) -> bool {
    credit.agent.is_some() && (row.is_shop() || credit.agent.as_deref() == row.agent)
}

/// The totals of the credits that stand in the row.
fn credited(row: &ReportRow, credits: &[&Credit]) -> SalesTotals {
    totals(credits.iter().copied().filter(|credit| is_credited(row, credit)))
}

/// Only the rule `order` counts by creation, so only it must wait for the payments.
fn delay(row: &ReportRow, rule: Attribution) -> i64 {
    if rule == Attribution::Order { row.rules().final_pay_days } else { 0 }
}

const SALES: [&str; 4] = ["sales_amount", "sales_qty", "sales_buyers", "sales_orders"];
const ORDER_SALES: [&str; 4] = ["order_sales_amount", "order_sales_qty", "order_sales_buyers", "order_sales_orders"];
const PAYMENT_SALES: [&str; 4] = ["payment_sales_amount", "payment_sales_qty", "payment_sales_buyers", "payment_sales_orders"];
const ORDER_FIRST_SALES: [&str; 4] =
    ["order_first_sales_amount", "order_first_sales_qty", "order_first_sales_buyers", "order_first_sales_orders"];
const SHOP: [&str; 4] = ["shop_amount", "shop_qty", "shop_buyers", "shop_orders"];
const SILENT: [&str; 4] = ["silent_amount", "silent_qty", "silent_buyers", "silent_orders"];

/// Amount, quantity, buyers and orders, or nulls while they are not mature.
fn put_totals(cells: &mut Cells, mature: bool, ids: [&'static str; 4], totals: &SalesTotals) {
    cells.insert(ids[0], mature.then(|| yuan(totals.fen)));
    cells.insert(ids[1], mature.then_some(totals.qty as f64));
    cells.insert(ids[2], mature.then_some(totals.buyers.len() as f64));
    cells.insert(ids[3], mature.then_some(totals.orders as f64));
}

/// The sales under each of the three rules, and those of the pipeline's own.
pub(super) fn sales(row: &ReportRow, cells: &mut Cells) {
    let by_rule = [(Attribution::Order, ORDER_SALES), (Attribution::Payment, PAYMENT_SALES), (Attribution::OrderFirst, ORDER_FIRST_SALES)];
    for (rule, ids) in by_rule {
        let totals = credited(row, &shop_credits(row, rule));
        put_totals(cells, row.mature(delay(row, rule)), ids, &totals);
    }
    own_rule_sales(row, cells);
}

/// The metrics that follow the pipeline's own rule.
fn own_rule_sales(row: &ReportRow, cells: &mut Cells) {
    let mut own = Cells::new();
    let of_shop = shop_credits(row, row.rules().attribution);
    let mine = credited(row, &of_shop);
    let shop = totals(of_shop.iter().copied());
    let silent = totals(of_shop.iter().copied().filter(|credit| credit.agent.is_none()));
    put_totals(&mut own, true, SALES, &mine);
    basket(&mut own, &mine);
    let shop_atv = yuan(shop.fen) / shop.buyers.len() as f64;
    if row.is_shop() {
        put_totals(&mut own, true, SHOP, &shop);
        put_totals(&mut own, true, SILENT, &silent);
        ratio(&mut own, "shop_atv", yuan(shop.fen), shop.buyers.len() as f64);
        ratio(&mut own, "sales_share", mine.fen as f64, shop.fen as f64);
        ratio(&mut own, "silent_share", silent.fen as f64, shop.fen as f64);
        own.insert("postage", Some(yuan(shop.postage_fen)));
    } else {
        let credited_fen: i64 = of_shop.iter().filter(|c| c.agent.is_some()).map(|c| c.amount_fen).sum();
        ratio(&mut own, "sales_share", mine.fen as f64, credited_fen as f64);
        let atv = own.get("atv").copied().flatten();
        own.insert("atv_ratio", atv.filter(|_| shop.fen != 0).map(|atv| atv / shop_atv));
        own.insert("postage", Some(yuan(mine.postage_fen)));
        assists(row, &of_shop, &mut own);
    }
    if !row.mature(delay(row, row.rules().attribution)) {
        own.values_mut().for_each(|cell| *cell = None);
    }
    cells.extend(own);
}

/// The averages of a basket: 客单价, 客件数 and 件均价.
fn basket(cells: &mut Cells, totals: &SalesTotals) {
    ratio(cells, "atv", yuan(totals.fen), totals.buyers.len() as f64);
    ratio(cells, "items_per_buyer", totals.qty as f64, totals.buyers.len() as f64);
    ratio(cells, "price_per_item", yuan(totals.fen), totals.qty as f64);
}

/// The orders for which the agent was another candidate at the deciding instant. They are for reference only.
fn assists(row: &ReportRow, credits: &[&Credit], cells: &mut Cells) {
    let helped = |credit: &&&Credit| credit.assists.iter().any(|agent| Some(agent.as_str()) == row.agent);
    let helped: Vec<_> = credits.iter().filter(helped).collect();
    set(cells, "assist_orders", helped.len());
    cells.insert("assist_amount", Some(yuan(helped.iter().map(|credit| credit.amount_fen).sum())));
}
