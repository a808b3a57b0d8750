//! C. Reply and no-service (回复).

use super::declaration::*;
use crate::model::Fact;

/// 人工会话: a session (reception) with a buyer line and an agent in charge at some time, started in assessed hours.
pub(super) fn manual() -> Expr {
    col("buyer_msgs").gt(lit(0)).and(col("manned")).and(col("assessed_start"))
}

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    let left = || col("buyer_msgs").gt(lit(0)).and(col("unattended"));
    let not_replied = || col("receive").and(col("replied").not()).and(col("waiting"));
    vec![
        metric("replied_buyers", ["回复人数", "Buyers replied to"], BOTH, Count, persons(Fact::PeerDays, |_| col("replied")),
            ["接待且当天得到回复的买家，去重", "Received buyers with a reply line on a day received, distinct"],
            shop(&logs::TWO_SESSIONS, 2.0)),
        metric("unreplied_buyers", ["未回复人数", "Buyers not replied to"], BOTH, Count, persons(Fact::PeerDays, move |_| not_replied()),
            ["接待的买家中，任何一天都未得到回复，且至少有一天的提问既无人回复、也未由机器人应答（机器人应答只在店铺行中除去）", "Received buyers without a reply line on any day, who on some day asked something that a robot did not settle (robots: in the shop's row alone)"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric("reply_due_buyers", ["应回复人数", "Buyers to reply to"], BOTH, Count, persons(Fact::PeerDays, move |_| col("replied").or(not_replied())),
            ["回复人数 + 未回复人数", "Buyers replied to + buyers not replied to"],
            shop(&logs::TWO_SESSIONS, 2.0)).component(),
        metric("reply_rate", ["回复率", "Reply rate"], BOTH, Rate, ratio("replied_buyers", "reply_due_buyers"),
            ["回复人数 / (回复人数 + 未回复人数)", "Replied to / (replied to + not replied to)"],
            shop(&logs::UNANSWERED, 0.0)).better(Higher),
        metric("no_service_sessions", ["不服务会话量", "Sessions without service"], BOTH, Count, count_if(Fact::Sessions, |_| manual().and(col("asked")).and(col("served").not())),
            ["有提问、但没有任何买家消息得到回复的人工会话（客服：接待）", "Manned sessions (receptions) with a question in which no buyer line was answered"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric("no_service_rate", ["不服务率", "No-service rate"], BOTH, Rate, ratio("no_service_sessions", "manual_sessions"),
            ["不服务会话量 / 人工会话量", "Sessions without service / manned sessions"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric("leave_messages", ["留言咨询量", "Messages left"], SHOP, Count, count_if(Fact::Sessions, move |_| left()),
            ["有提问、始终没有客服接入或回复、也未全由机器人应答的会话", "Sessions with a question, without an agent in charge or a person's reply at any time, that a robot did not settle altogether"],
            shop(&logs::LEFT_MESSAGE, 1.0)).better(Lower),
        metric("leave_message_rate", ["留言率", "Left-message rate"], SHOP, Rate, ratio("leave_messages", "sessions"),
            ["留言咨询量 / 会话量", "Messages left / sessions"],
            shop(&logs::LEFT_MESSAGE, 1.0)).better(Lower),
    ]
}
