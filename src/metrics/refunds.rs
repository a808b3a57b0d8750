//! H. Refunds (退款): in the period in which they are applied for or finished, with the agent credited with the order.

use super::declaration::*;
use crate::model::Fact;

pub(super) fn metrics() -> Vec<Metric> {
    let of_shop = refunds(SHOP, Fact::Refunds).into_iter().chain(credited());
    let of_agent = refunds(AGENT, Fact::CreditedRefunds);
    of_shop.chain(of_agent).chain(rates(SHOP)).chain(rates(AGENT)).chain(kinds()).collect()
}

/// Adds a column up over the finished refunds.
fn of_finished(fact: Fact, column: &'static str) -> Formula {
    sum_if(fact, |_| col("finished"), move |_| col(column))
}

/// The shop's row holds every refund, the agent's those of the orders credited to it.
fn told(levels: &[Level], of_shop: f64, of_agent: f64) -> Example {
    if levels == SHOP { shop(&logs::REFUNDS, of_shop) } else { agent(&logs::REFUNDS, "A", of_agent) }
}

/// `fact`: whose refunds a row holds.
#[rustfmt::skip]
fn refunds(levels: &'static [Level], fact: Fact) -> Vec<Metric> {
    let told = |of_shop, of_agent| told(levels, of_shop, of_agent);
    vec![
        metric("refund_apply_count", ["申请退款笔数", "Refunds applied for"], levels, Count, count_if(fact, |_| col("applied")),
            ["周期内申请的退款；店铺：全部，客服：归于该客服的订单的退款(须有订单表)", "Refunds applied for in the period; the shop's: all, an agent's: of the orders credited to it (null without orders)"],
            told(4.0, 3.0)).better(Lower),
        metric("refund_apply_amount", ["申请退款金额", "Amount applied for"], levels, Money, sum_if(fact, |_| col("applied"), |_| col("amount")),
            ["周期内申请的退款金额", "Amount of the refunds applied for in the period"],
            told(190.0, 110.0)).better(Lower),
        metric("refund_count", ["完成退款笔数", "Refunds finished"], levels, Count, count_if(fact, |_| col("finished")),
            ["周期内完成的退款，无论何时申请", "Refunds finished in the period, whenever they were applied for"],
            told(3.0, 2.0)).better(Lower),
        metric("refund_amount", ["完成退款金额", "Amount refunded"], levels, Money, of_finished(fact, "amount"),
            ["周期内完成的退款金额", "Amount of the refunds finished in the period"],
            told(180.0, 100.0)).better(Lower),
        metric("refund_qty", ["完成退款件数", "Items refunded"], levels, Quantity, of_finished(fact, "quantity"),
            ["周期内完成的退款件数；未注明件数计 0", "Items of the refunds finished in the period; 0 where a refund does not say"],
            told(4.0, 2.0)).better(Lower),
        metric("refund_ms_sum", ["退款完结毫秒数", "Time to refund, ms"], levels, Milliseconds, of_finished(fact, "open_ms"),
            ["完成的退款从申请到完成的毫秒数之和", "Sum of ms from application to finish, of refunds finished"],
            told(43_200_000.0, 28_800_000.0)).component(),
        metric("refund_hours", ["退款完结时长", "Mean time to refund"], levels, Hours, ratio("refund_ms_sum", "refund_count"),
            ["完成的退款从申请到完成的平均小时数；没有完成的退款为空", "Mean hours from application to finish; null without a refund finished"],
            told(4.0, 4.0)).better(Lower),
        metric("dispute_refunds", ["纠纷退款数", "Disputed refunds"], levels, Count, count_if(fact, |_| col("finished").and(col("disputed"))),
            ["周期内完成的有纠纷的退款", "Disputed refunds finished in the period"],
            told(1.0, 1.0)).better(Lower),
    ]
}

/// What the shop's sales are set against: as they are, of orders with a credited agent. An agent's refunds are all such.
#[rustfmt::skip]
fn credited() -> Vec<Metric> {
    vec![
        metric("credited_refund_amount", ["归属订单的退款金额", "Amount refunded of credited orders"], SHOP, Money, of_finished(Fact::CreditedRefunds, "amount"),
            ["有归属客服的订单在周期内完成的退款金额", "Amount of the refunds finished in the period, of orders with a credited agent"],
            shop(&logs::REFUNDS, 100.0)).component(),
        metric("credited_refund_qty", ["归属订单的退款件数", "Items refunded of credited orders"], SHOP, Quantity, of_finished(Fact::CreditedRefunds, "quantity"),
            ["有归属客服的订单在周期内完成的退款件数", "Items of the refunds finished in the period, of orders with a credited agent"],
            shop(&logs::REFUNDS, 2.0)).component(),
    ]
}

#[rustfmt::skip]
fn rates(levels: &'static [Level]) -> Vec<Metric> {
    let [amount, qty] = if levels == SHOP { ["credited_refund_amount", "credited_refund_qty"] } else { ["refund_amount", "refund_qty"] };
    let told = |value| told(levels, value, value);
    vec![
        metric("refund_rate", ["退款率", "Refund rate"], levels, Rate, ratio(qty, "sales_qty"),
            ["归属订单在周期内完成的退款件数 / 同期客服销售量；可超过 1，销售量定型前为空", "Items refunded in the period, of credited orders / items sold in it; may exceed 1, null until the sales are known"],
            told(0.4)).better(Lower),
        metric("refund_amount_rate", ["退款金额率", "Refund rate by amount"], levels, Rate, ratio(amount, "sales_amount"),
            ["归属订单在周期内完成的退款金额 / 同期客服销售额；可超过 1", "Amount refunded in the period, of credited orders / sales in it; may exceed 1"],
            told(1.0 / 3.0)).better(Lower),
        metric("refund_only_rate", ["仅退款率", "Refund-only rate"], levels, Rate, ratio("credited_refund_only_amount", "sales_amount"),
            ["归属订单在周期内完成的仅退款金额 / 同期客服销售额；可超过 1", "Amount refunded without return, of credited orders / sales; may exceed 1"],
            told(0.2)).better(Lower),
        metric("return_rate", ["退货退款率", "Return rate"], levels, Rate, ratio("credited_return_amount", "sales_amount"),
            ["归属订单在周期内完成的退货退款金额 / 同期客服销售额；可超过 1", "Amount refunded with return, of credited orders / sales; may exceed 1"],
            told(40.0 / 300.0)).better(Lower),
        metric("net_sales_amount", ["净销售额", "Net sales"], levels, Money, Difference("sales_amount".into(), amount.into()),
            ["客服销售额 − 归属订单在周期内完成的退款金额；可为负", "Sales credited − amount refunded in the period, of credited orders; may be negative"],
            told(200.0)).better(Higher),
    ]
}

#[rustfmt::skip]
fn kinds() -> Vec<Metric> {
    let of_kind = |kind: &'static str| sum_if(Fact::CreditedRefunds, move |_| col("finished").and(col("kind").eq(lit(kind))), move |_| col("amount"));
    vec![
        metric("credited_refund_only_amount", ["归属订单的仅退款金额", "Amount refunded without return"], BOTH, Money, of_kind("refund_only"),
            ["归属订单在周期内完成的仅退款金额", "Amount refunded without return in the period, of credited orders"],
            agent(&logs::REFUNDS, "A", 60.0)).component(),
        metric("credited_return_amount", ["归属订单的退货退款金额", "Amount refunded with return"], BOTH, Money, of_kind("return"),
            ["归属订单在周期内完成的退货退款金额", "Amount refunded with return in the period, of credited orders"],
            agent(&logs::REFUNDS, "A", 40.0)).component(),
    ]
}
