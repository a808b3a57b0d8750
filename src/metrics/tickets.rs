//! K. After-sales tickets (售后), in the period of the day they were opened.

use super::declaration::*;
use crate::model::Fact;

/// Days within which another ticket is a repeated contact (重复服务).
const REPEAT: Delay = Days(7);

fn resolved() -> Expr {
    col("resolved").fill_null(col("resolved_at").is_not_null())
}

fn transferred() -> Expr {
    col("transferred_to").is_not_null()
}

fn resolve_due() -> Expr {
    col("sla_resolve_due_at").is_not_null()
}

fn response_due() -> Expr {
    col("sla_response_due_at").is_not_null()
}

/// Done by what was agreed, that instant included.
fn resolved_in_time() -> Expr {
    resolved().and(col("resolved_at").lt_eq(col("sla_resolve_due_at")).fill_null(lit(false)))
}

fn responded_in_time() -> Expr {
    col("first_response_at").lt_eq(col("sla_response_due_at")).fill_null(lit(false))
}

pub(super) fn metrics() -> Vec<Metric> {
    [outcome(), sla(), time(), contact()].concat()
}

/// A component: the tickets for which a condition holds.
fn part(id: &str, name: [&'static str; 2], condition: fn() -> Expr, about: [&'static str; 2], value: f64) -> Metric {
    metric(id, name, BOTH, Count, count_if(Fact::Tickets, move |_| condition()), about, agent(&logs::TICKETS, "A", value)).component()
}

/// A rate of two counts.
fn rate(id: &str, name: [&'static str; 2], over: &str, under: &str, about: [&'static str; 2], value: f64) -> Metric {
    metric(id, name, BOTH, Rate, ratio(over, under), about, agent(&logs::TICKETS, "A", value)).better(Higher)
}

#[rustfmt::skip]
fn outcome() -> Vec<Metric> {
    vec![
        metric("tickets", ["售后单量", "Tickets"], BOTH, Count, count_if(Fact::Tickets, |_| col("shop_id").is_not_null()),
            ["期内开出的售后单；同一单多次导出算一单，以最后读到的为准", "After-sales tickets opened in the period; one exported again is one, as read last"],
            agent(&logs::TICKETS, "A", 4.0)),
        part("resolved_tickets", ["已解决售后单", "Tickets resolved"], resolved,
            ["标为已解决；没有标记而有解决时间的也算", "Said to be resolved; or nothing is said and there is an instant"], 3.0),
        rate("resolve_rate", ["解决率", "Resolution rate"], "resolved_tickets", "tickets",
            ["已解决 / 售后单", "Resolved / tickets"], 0.75),
        part("transferred_tickets", ["转接售后单", "Tickets transferred"], transferred,
            ["有 transferred_to 的售后单", "Tickets with `transferred_to`"], 2.0),
        rate("transfer_rate", ["转接率", "Transfer rate"], "transferred_tickets", "tickets",
            ["转接 / 售后单", "Transferred / tickets"], 0.5).better(Lower),
        part("transferred_right_tickets", ["正确转接售后单", "Tickets transferred rightly"], || transferred().and(col("transfer_correct")),
            ["转接且标为正确；没有标记不算正确", "Transferred, and said to be rightly; not where nothing is said"], 1.0),
        rate("transfer_correct_rate", ["正确转接率", "Correct transfer rate"], "transferred_right_tickets", "transferred_tickets",
            ["正确转接 / 转接", "Transferred rightly / transferred"], 0.5),
    ]
}

#[rustfmt::skip]
fn sla() -> Vec<Metric> {
    let resolved_by = ["截止时刻（含）前解决 / 有解决截止时刻的售后单", "Resolved by `sla_resolve_due_at`, that instant included / tickets with one"];
    vec![
        part("resolve_due_tickets", ["有解决时限的售后单", "Tickets to be resolved by an instant"], resolve_due,
            ["有 sla_resolve_due_at 的售后单", "Tickets with `sla_resolve_due_at`"], 2.0),
        part("resolved_in_time_tickets", ["按时解决的售后单", "Tickets resolved in time"], resolved_in_time,
            ["在 sla_resolve_due_at（含）前解决", "Resolved by `sla_resolve_due_at`, that instant included"], 1.0),
        rate("resolve_in_time_rate", ["按时解决率", "Resolved in time"], "resolved_in_time_tickets", "resolve_due_tickets", resolved_by, 0.5),
        rate("sla_resolve_rate", ["SLA 解决率", "SLA of resolution"], "resolved_in_time_tickets", "resolve_due_tickets", resolved_by, 0.5),
        part("response_due_tickets", ["有响应时限的售后单", "Tickets to be answered by an instant"], response_due,
            ["有 sla_response_due_at 的售后单", "Tickets with `sla_response_due_at`"], 2.0),
        part("responded_in_time_tickets", ["按时响应的售后单", "Tickets answered in time"], responded_in_time,
            ["在 sla_response_due_at（含）前首次响应", "First answered by `sla_response_due_at`, that instant included"], 1.0),
        rate("sla_response_rate", ["SLA 响应率", "SLA of response"], "responded_in_time_tickets", "response_due_tickets",
            ["按时响应 / 有响应截止时刻的售后单", "Answered in time / tickets with `sla_response_due_at`"], 0.5),
        part("sla_tickets", ["两种时限都有的售后单", "Tickets with both agreements"], || resolve_due().and(response_due()),
            ["响应和解决都有截止时刻", "Tickets with both instants agreed"], 2.0),
        part("sla_kept_tickets", ["两种时限都守住的售后单", "Tickets with both agreements kept"], || resolved_in_time().and(responded_in_time()),
            ["响应和解决都按时", "Answered and resolved in time"], 1.0),
        rate("sla_rate", ["SLA 遵守率", "SLA kept"], "sla_kept_tickets", "sla_tickets",
            ["两种时限都守住 / 两种时限都有", "Both kept / tickets with both"], 0.5),
    ]
}

#[rustfmt::skip]
fn time() -> Vec<Metric> {
    let log = &logs::TICKETS;
    let since_opened = |at: &'static str| sum(Fact::Tickets, move |_| col(at) - col("opened_at"));
    vec![
        part("resolve_timed_tickets", ["有解决时间的售后单", "Tickets with an instant of resolution"], || col("resolved_at").is_not_null(),
            ["有 resolved_at 的售后单", "Tickets with `resolved_at`"], 2.0),
        metric("resolve_ms_sum", ["解决毫秒数之和", "Time to resolve in ms"], BOTH, Milliseconds, since_opened("resolved_at"),
            ["开单到解决的毫秒数之和", "Sum of the time from opening to resolution, ms"],
            agent(log, "A", 43_200_000.0)).component(),
        metric("avg_resolve_h", ["平均解决时间", "Mean time to resolve"], BOTH, Hours, ratio("resolve_ms_sum", "resolve_timed_tickets"),
            ["开单到解决的平均小时数，只算有解决时间的", "Mean hours from opening to resolution, over tickets that have the instant"],
            agent(log, "A", 6.0)).better(Lower),
        part("response_timed_tickets", ["有响应时间的售后单", "Tickets with an instant of response"], || col("first_response_at").is_not_null(),
            ["有 first_response_at 的售后单", "Tickets with `first_response_at`"], 2.0),
        metric("first_response_ms_sum", ["首次响应毫秒数之和", "Time to the first response in ms"], BOTH, Milliseconds, since_opened("first_response_at"),
            ["开单到首次响应的毫秒数之和", "Sum of the time from opening to the first response, ms"],
            agent(log, "A", 9_000_000.0)).component(),
        metric("first_response_h", ["首次响应时间(售后)", "Mean time to the first response"], BOTH, Hours, ratio("first_response_ms_sum", "response_timed_tickets"),
            ["开单到首次响应的平均小时数，只算有响应时间的", "Mean hours from opening to the first response, over tickets that have the instant"],
            agent(log, "A", 1.25)).better(Lower),
    ]
}

#[rustfmt::skip]
fn contact() -> Vec<Metric> {
    vec![
        part("repeat_tickets", ["重复服务售后单", "Tickets followed by another"], || col("followed"),
            ["7×24 小时内同一买家、同一类问题又开一单（不论哪位客服）", "Followed by another of the same buyer and kind within 7 × 24 h, whosever"], 1.0).final_after(REPEAT),
        rate("repeat_contact_rate", ["重复服务率", "Repeat contact rate"], "repeat_tickets", "tickets",
            ["重复服务 / 售后单", "Followed by another / tickets"], 0.25).final_after(REPEAT).better(Lower),
        part("one_touch_tickets", ["一次解决售后单", "Tickets resolved at one touch"], || resolved().and(transferred().not()).and(col("followed").not()),
            ["已解决、未转接、7×24 小时内没有再开", "Resolved, not transferred, not followed by another within 7 × 24 h"], 1.0).final_after(REPEAT),
        rate("one_touch_rate", ["一次解决率", "One-touch rate"], "one_touch_tickets", "tickets",
            ["一次解决 / 售后单", "Resolved at one touch / tickets"], 0.25).final_after(REPEAT),
        part("complaint_tickets", ["投诉售后单", "Tickets with a complaint"], || col("complaint"),
            ["标为投诉的售后单", "Tickets said to be a complaint"], 1.0),
        rate("complaint_rate", ["投诉率", "Complaint rate"], "complaint_tickets", "tickets",
            ["投诉 / 售后单", "Complaints / tickets"], 0.25).better(Lower),
        part("kb_tickets", ["使用知识库的售后单", "Tickets answered out of the knowledge base"], || col("knowledge_base_used"),
            ["用了知识库的售后单", "Tickets for which the knowledge base was used"], 1.0),
        rate("kb_use_rate", ["知识库使用率", "Knowledge base use"], "kb_tickets", "tickets",
            ["使用知识库 / 售后单", "With the knowledge base / tickets"], 0.25),
    ]
}
