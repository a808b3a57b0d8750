//! K. Cost (成本): what the service costs and what it brings.

use super::declaration::*;

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    let log = &logs::WORK_DAY;
    let cost = || AtRate("login_ms_sum".into(), super::declaration::AccountRate::HourlyCost);
    let per_hour = ["登录小时 × staff 中当天的 hourly_cost，最后一步四舍五入到分；有登录的某天时薪未知为空，店铺只要有登录客服时薪未知即为空",
        "Login hours × `hourly_cost` that `staff` has for the day, rounded to the fen at the end; null where it is unknown for a day with a login, for the shop where it is of any agent who logged in"];
    let benefit = ["客服销售额 / 成本（未取整）；成本为 0 时为空", "Credited sales / cost, not rounded; null where there is no cost"];
    vec![
        metric("service_cost", ["服务成本", "Cost of service"], BOTH, Money, cost(), per_hour, agent(log, "A", 270.0)).better(Lower),
        metric("cost_per_session", ["单会话成本", "Cost per session"], SHOP, Number, ratio("service_cost", "sessions"),
            ["服务成本（未取整）/ 会话量（元）", "Cost, not rounded / sessions, in yuan"],
            shop(log, 270.0)).better(Lower),
        metric("cost_per_session", ["单次接待成本", "Cost per reception"], AGENT, Number, ratio("service_cost", "receptions"),
            ["服务成本（未取整）/ 接待量（元）", "Cost, not rounded / receptions, in yuan"],
            agent(log, "A", 270.0)).better(Lower),
        metric("benefit_per_cost", ["成本效益", "Sales per cost"], BOTH, Number, ratio("sales_amount", "service_cost"), benefit, agent(log, "A", 2.0)).better(Higher),
    ]
}
