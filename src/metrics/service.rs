//! C. Reply and no-service (回复).

use super::declaration::*;
use crate::model::Fact;

/// 人工会话: a session (reception) with a buyer line and an agent in charge at some time, started in assessed hours.
pub(super) fn manual() -> Expr {
    col("buyer_msgs").gt(lit(0)).and(col("manned")).and(col("assessed_start"))
}

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    let unmanned = || col("buyer_msgs").gt(lit(0)).and(col("manned").not());
    vec![
        metric("replied_buyers", ["回复人数", "Buyers replied to"], BOTH, Count, persons(Fact::PeerDays, |_| col("replied")),
            ["接待且当天得到回复的买家，去重", "Received buyers with a reply line on a day received, distinct"],
            shop(&logs::TWO_SESSIONS, 2.0)),
        metric("unreplied_buyers", ["未回复人数", "Buyers not replied to"], BOTH, Count, persons(Fact::PeerDays, |_| col("receive").and(col("replied").not())),
            ["接待的每一天都未得到回复的买家", "Buyers without a reply line on every day received"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric("reply_rate", ["回复率", "Reply rate"], BOTH, Rate, ratio("replied_buyers", "receive_buyers"),
            ["(接待人数 − 未回复人数) / 接待人数", "(Received − not replied to) / received"],
            shop(&logs::UNANSWERED, 0.0)).better(Higher),
        metric("no_service_sessions", ["不服务会话量", "Sessions without service"], BOTH, Count, count_if(Fact::Sessions, |_| manual().and(col("served").not())),
            ["没有任何买家消息得到回复的人工会话（客服：接待）", "Manned sessions (receptions) in which no buyer line was answered"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric("no_service_rate", ["不服务率", "No-service rate"], BOTH, Rate, ratio("no_service_sessions", "manual_sessions"),
            ["不服务会话量 / 人工会话量", "Sessions without service / manned sessions"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric("leave_messages", ["留言咨询量", "Messages left"], SHOP, Count, count_if(Fact::Sessions, move |_| unmanned()),
            ["始终没有客服接入的会话", "Sessions with a buyer line that never had an agent in charge"],
            shop(&logs::LEFT_MESSAGE, 1.0)).better(Lower),
        metric("leave_message_rate", ["留言率", "Left-message rate"], SHOP, Rate, ratio("leave_messages", "sessions"),
            ["留言咨询量 / 会话量", "Messages left / sessions"],
            shop(&logs::LEFT_MESSAGE, 1.0)).better(Lower),
    ]
}
