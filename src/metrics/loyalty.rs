//! K. Loyalty (留存): of the buyers served, who paid again. What counts is a buyer's last served day of the period.

use super::declaration::*;
use crate::model::Fact;

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    let log = &logs::LOYALTY;
    let metrics = vec![
        metric("retained_buyers", ["留存买家", "Buyers who came back"], BOTH, Count, persons(Fact::Loyalty, |_| col("retained")),
            ["接待的买家中，最后接待日之后 retention_days（默认 90）天内在本店又付款者，去重",
             "Distinct buyers received who paid again in the shop in the `retention_days` (90) after the last day received"],
            shop(log, 1.0)).component(),
        metric("retention_rate", ["留存率", "Retention"], BOTH, Rate, ratio("retained_buyers", "receive_buyers"),
            ["留存买家 / 接待人数", "Buyers who came back / buyers received"],
            shop(log, 1.0 / 3.0)).better(Higher),
        metric("churned_buyers", ["流失买家", "Buyers who did not come back"], BOTH, Count, Difference("receive_buyers".into(), "retained_buyers".into()),
            ["接待人数 − 留存买家", "Buyers received − those who came back"],
            shop(log, 2.0)).component(),
        metric("churn_rate", ["流失率", "Churn"], BOTH, Rate, ratio("churned_buyers", "receive_buyers"),
            ["1 − 留存率", "1 − retention"],
            shop(log, 2.0 / 3.0)).better(Lower),
        metric("ticket_buyers", ["有售后单的接待买家", "Buyers received with a ticket"], BOTH, Count, persons(Fact::TicketBuyers, |_| col("served").and(col("ticketed"))),
            ["期内接待过、且期内开过售后单的买家（客服：该客服的售后单）", "Buyers received in the period with a ticket opened in it (agent: a ticket of that agent)"],
            shop(log, 2.0)).component(),
        metric("repurchasing_buyers", ["有售后单的留存买家", "Buyers with a ticket who came back"], BOTH, Count, persons(Fact::TicketBuyers, |_| col("retained").and(col("ticketed"))),
            ["其中的留存买家", "Those of them who came back"],
            shop(log, 1.0)).component(),
        metric("repurchase_rate", ["重复购买率", "Repurchase rate"], BOTH, Rate, ratio("repurchasing_buyers", "ticket_buyers"),
            ["有售后单的接待买家中又付款者的比例", "The share of buyers with a ticket who came back"],
            shop(log, 0.5)).better(Higher),
    ];
    metrics.into_iter().map(|metric| metric.final_after(Retention)).collect()
}
