//! E. Sales (销售) and G. Silent orders and shop totals (静默): the three attribution rules side by side, and the rule's own.

use super::declaration::*;
use crate::model::Fact;
use kefu_kernel::rules::Attribution;

pub(super) fn metrics() -> Vec<Metric> {
    let by_rule = Attribution::ALL.into_iter().flat_map(credited_under);
    own().into_iter().chain(by_rule).chain(assisted()).chain(shares()).chain(shop_totals()).collect()
}

/// Rows of one role under a rule.
fn is(rule: Attribution, role: &str) -> Expr {
    col("rule").eq(lit(rule.name())).and(col("role").eq(lit(role)))
}

/// Adds a column up over the credits for which a condition holds.
fn of_credits(column: &'static str, condition: impl Fn() -> Expr + Send + Sync + 'static) -> Formula {
    sum_if(Fact::Credits, move |_| condition(), move |_| col(column))
}

/// The rule's own sales: what the pipeline's `attribution` names.
#[rustfmt::skip]
fn own() -> Vec<Metric> {
    let own = |what: &'static str| same(move |r| format!("{}_sales_{what}", r.attribution.name()));
    vec![
        metric("sales_amount", ["销售额", "Sales"], BOTH, Money, own("amount"),
            ["按流水线的绩效判定规则归于客服的销售额", "Sales credited to agents under the pipeline's attribution rule"],
            agent(&logs::SALES, "A", 100.0)).better(Higher),
        metric("sales_qty", ["销售量", "Items sold"], BOTH, Quantity, own("qty"),
            ["按流水线的绩效判定规则归于客服的件数", "Items credited to agents under the pipeline's attribution rule"],
            agent(&logs::SALES, "A", 2.0)).better(Higher),
        metric("sales_buyers", ["销售人数", "Buyers sold to"], BOTH, Count, own("buyers"),
            ["按流水线的绩效判定规则，订单归于客服的去重买家", "Distinct buyers of orders credited under the pipeline's attribution rule"],
            agent(&logs::SALES, "A", 1.0)).better(Higher),
        metric("sales_orders", ["订单数", "Orders"], BOTH, Count, own("orders"),
            ["按流水线的绩效判定规则归于客服的订单数", "Orders credited under the pipeline's attribution rule"],
            agent(&logs::SALES, "A", 1.0)).better(Higher),
    ]
}

#[rustfmt::skip]
fn credited_under(rule: Attribution) -> Vec<Metric> {
    let id = |what: &str| format!("{}_sales_{what}", rule.name());
    let credited = move || is(rule, "credited");
    let delay = if rule == Attribution::Order { FinalPay } else { Now };
    let (names, about): ([[&str; 2]; 4], [&str; 2]) = match rule {
        Attribution::Order => (
            [["销售额(下单判定)", "Sales by order"], ["销售量(下单判定)", "Items by order"], ["销售人数(下单判定)", "Buyers by order"], ["订单数(下单判定)", "Orders by order"]],
            ["归于下单时的客服，计入下单日，须在 final_pay_days 末前付款", "Credited to the agent at creation, in the period of creation, if paid before the end of `final_pay_days`"]),
        Attribution::Payment => (
            [["销售额(付款判定)", "Sales by payment"], ["销售量(付款判定)", "Items by payment"], ["销售人数(付款判定)", "Buyers by payment"], ["订单数(付款判定)", "Orders by payment"]],
            ["归于付款时的客服，计入付款日", "Credited to the agent at payment, in the period of payment"]),
        Attribution::OrderFirst => (
            [["销售额(下单优先判定)", "Sales by order first"], ["销售量(下单优先判定)", "Items by order first"], ["销售人数(下单优先判定)", "Buyers by order first"], ["订单数(下单优先判定)", "Orders by order first"]],
            ["归于下单时的客服，没有则归于付款时的客服，计入付款日", "Credited to the agent at creation, else at payment, in the period of payment"]),
    };
    let log = &logs::SALES;
    vec![
        metric(id("amount"), names[0], BOTH, Money, of_credits("amount", credited), about, agent(log, "A", 100.0)),
        metric(id("qty"), names[1], BOTH, Quantity, of_credits("quantity", credited), about, agent(log, "A", 2.0)),
        metric(id("buyers"), names[2], BOTH, Count, persons(Fact::Credits, move |_| col(format!("{}_credited", rule.name()))), about, agent(log, "A", 1.0)),
        metric(id("orders"), names[3], BOTH, Count, count_if(Fact::Credits, move |_| credited()), about, agent(log, "A", 1.0)),
    ].into_iter().map(|metric| metric.final_after(delay).better(Higher)).collect()
}

#[rustfmt::skip]
fn assisted() -> Vec<Metric> {
    let assist = || col("own").and(col("role").eq(lit("assist")));
    vec![
        metric("assist_orders", ["协助订单数", "Orders assisted"], AGENT, Count, count_if(Fact::Credits, move |_| assist()),
            ["同一时刻的其他候选客服；仅供参考，从不相加", "Orders for which the agent was another candidate at the same instant; reference only, never added"],
            agent(&logs::ASSIST, "B", 1.0)).final_after(OwnRule),
        metric("assist_amount", ["协助金额", "Amount assisted"], AGENT, Money, of_credits("amount", assist),
            ["协助订单的金额；仅供参考", "Amount of the orders assisted; reference only"],
            agent(&logs::ASSIST, "B", 80.0)).final_after(OwnRule),
    ]
}

#[rustfmt::skip]
fn shares() -> Vec<Metric> {
    vec![
        metric("sales_share", ["客服销售占比", "Share of sales"], SHOP, Rate, ratio("sales_amount", "shop_amount"),
            ["客服销售额 / 店铺销售额", "Credited sales / shop sales"],
            shop(&logs::SALES, 0.5)).better(Higher),
        metric("sales_share", ["客服销售占比", "Share of sales"], AGENT, Rate, OfShop("sales_amount".into(), "sales_amount".into()),
            ["该客服销售额 / 全店客服销售额", "The agent's sales / the shop's credited sales"],
            agent(&logs::SALES, "A", 1.0)).better(Higher),
    ]
}

#[rustfmt::skip]
fn shop_totals() -> Vec<Metric> {
    let own_shop = || col("own").and(col("role").neq(lit("assist")));
    let own_silent = || col("own").and(col("role").eq(lit("silent")));
    let credited = || col("own").and(col("role").eq(lit("credited")));
    let flag = |role: &'static str| move |r: &Rules| col(format!("{}_{role}", r.attribution.name()));
    vec![
        metric("shop_amount", ["店铺销售额", "Shop sales"], SHOP, Money, of_credits("amount", own_shop),
            ["全部有效订单的金额，按规则自己的口径（下单或付款）计入", "Amount of all orders that count, on the rule's own basis (creation or payment)"],
            shop(&logs::SALES, 200.0)).final_after(OwnRule).better(Higher),
        metric("shop_qty", ["店铺销售量", "Shop items"], SHOP, Quantity, of_credits("quantity", own_shop),
            ["全部有效订单的件数", "Items of all orders that count"],
            shop(&logs::SALES, 4.0)).final_after(OwnRule).better(Higher),
        metric("shop_buyers", ["店铺销售人数", "Shop buyers"], SHOP, Count, persons(Fact::Credits, move |r| flag("credited")(r).or(flag("silent")(r))),
            ["全部有效订单的去重买家", "Distinct buyers of all orders that count"],
            shop(&logs::SALES, 3.0)).final_after(OwnRule).better(Higher),
        metric("shop_orders", ["店铺订单数", "Shop orders"], SHOP, Count, count_if(Fact::Credits, move |_| own_shop()),
            ["全部有效订单数", "All orders that count"],
            shop(&logs::SALES, 3.0)).final_after(OwnRule).better(Higher),
        metric("silent_amount", ["静默销售额", "Silent sales"], SHOP, Money, of_credits("amount", own_silent),
            ["没有候选客服的订单金额；销售额 + 静默 = 店铺", "Amount of orders with no candidate: sales + silent = shop, to the cent"],
            shop(&logs::SALES, 100.0)).final_after(OwnRule),
        metric("silent_qty", ["静默销售量", "Silent items"], SHOP, Quantity, of_credits("quantity", own_silent),
            ["没有候选客服的订单件数", "Items of orders with no candidate"],
            shop(&logs::SALES, 2.0)).final_after(OwnRule),
        metric("silent_buyers", ["静默销售人数", "Silent buyers"], SHOP, Count, persons(Fact::Credits, flag("silent")),
            ["静默订单的去重买家", "Distinct buyers of orders with no candidate"],
            shop(&logs::SALES, 2.0)).final_after(OwnRule),
        metric("silent_orders", ["静默订单数", "Silent orders"], SHOP, Count, count_if(Fact::Credits, move |_| own_silent()),
            ["没有候选客服的订单数", "Orders with no candidate"],
            shop(&logs::SALES, 2.0)).final_after(OwnRule),
        metric("silent_share", ["静默销售占比", "Share of silent sales"], SHOP, Rate, ratio("silent_amount", "shop_amount"),
            ["静默销售额 / 店铺销售额", "Silent sales / shop sales"],
            shop(&logs::SALES, 0.5)).final_after(OwnRule),
        metric("postage", ["邮费", "Postage"], SHOP, Money, of_credits("postage", own_shop),
            ["全部有效订单的邮费；缺失计 0", "Postage of all orders that count; 0 where the order has none"],
            shop(&logs::SALES, 6.0)).final_after(OwnRule),
        metric("postage", ["邮费", "Postage"], AGENT, Money, of_credits("postage", credited),
            ["归于该客服的订单的邮费；缺失计 0", "Postage of the orders credited to the agent; 0 where the order has none"],
            agent(&logs::SALES, "A", 6.0)).final_after(OwnRule),
    ]
}
