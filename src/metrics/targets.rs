//! E. Targets and commission (目标, 提成): sales against what `targets` and `staff` say of them.

use super::declaration::*;

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    let log = &logs::WORK_DAY;
    vec![
        metric("sales_target", ["销售目标", "Sales target"], BOTH, Money, Target("sales_amount"),
            ["期内各月 targets 中 sales_amount 的目标之和；不足一月的周期为空，没有目标为空；店铺没有自己的目标时取其客服之和",
             "Sum of the months' targets of sales_amount in `targets`; null for less than a month and without a target; a shop without its own has the sum of its agents'"],
            agent(log, "A", 2_700.0).over("month")),
        metric("target_rate", ["指标完成率", "Target achieved"], BOTH, Rate, ratio("sales_amount", "sales_target"),
            ["客服销售额 / 销售目标", "Credited sales / target"],
            agent(log, "A", 0.2).over("month")).better(Higher),
        metric("commission", ["提成", "Commission"], AGENT, Money, AtRate("sales_amount".into(), super::declaration::AccountRate::Commission),
            ["客服销售额 × staff 中当天的 commission_rate，最后一步四舍五入到分；有销售的某天比例未知为空", "Credited sales × `commission_rate` that `staff` has for the day, rounded to the fen at the end; null where it is unknown for a day with sales"],
            agent(log, "A", 10.8)).better(Higher),
    ]
}
