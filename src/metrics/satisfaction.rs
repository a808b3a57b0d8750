//! I. Satisfaction (满意度): cards by the day they were sent. Robots' cards count only under `robots_rated`, filtered buyers' never.

use super::declaration::*;
use crate::model::Fact;

pub(super) fn metrics() -> Vec<Metric> {
    [invitations(), rates(), grades(), reasons(), promoters(), sessions()].into_iter().flatten().collect()
}

/// Of the ratings that count, those with a grade from one to another.
fn graded(from: i64, to: i64) -> Formula {
    count_if(Fact::Ratings, move |_| col("counts").and(grade_in(from, to)))
}

fn grade_in(from: i64, to: i64) -> Expr {
    col("grade").gt_eq(lit(from)).and(col("grade").lt_eq(lit(to)))
}

fn of_shop(value: f64) -> Example {
    shop(&logs::RATINGS, value)
}

fn of_agent(value: f64) -> Example {
    agent(&logs::RATINGS, "A", value)
}

#[rustfmt::skip]
fn invitations() -> Vec<Metric> {
    let from = |source: &'static str| count_if(Fact::Ratings, move |_| col("invites").and(col("source").eq(lit(source))));
    vec![
        metric("invite_count", ["邀评量", "Invitations"], BOTH, Count, count_if(Fact::Ratings, |_| col("invites")),
            ["发出的评价卡片，每个买家×客服×天只计第一张", "Satisfaction cards sent, at most the first per buyer, agent and day"],
            of_shop(5.0)).better(Higher),
        metric("invite_by_agent_count", ["客服邀评量", "Invitations by agents"], BOTH, Count, from("agent"),
            ["来源为客服的邀评", "Invitations whose source is the agent"],
            of_agent(3.0)).better(Higher),
        metric("invite_by_buyer_count", ["买家主动评价量", "Invitations by buyers"], BOTH, Count, from("buyer"),
            ["来源为买家的邀评", "Invitations whose source is the buyer"],
            of_agent(1.0)),
        metric("invite_by_system_count", ["系统邀评量", "Invitations by the system"], BOTH, Count, from("system"),
            ["来源为系统的邀评", "Invitations whose source is the system"],
            of_agent(1.0)),
        metric("invite_rate", ["邀评率", "Invitation rate"], BOTH, Rate, ratio("invite_count", "consult_person_days"),
            ["邀评量 / 咨询人次；无人咨询为空，一天被多个客服邀评的买家可使店铺超过 1", "Invitations / consulting person-days; null without any; above 1 where several agents invite one buyer of the shop"],
            of_shop(5.0 / 6.0)).better(Higher),
    ]
}

#[rustfmt::skip]
fn rates() -> Vec<Metric> {
    vec![
        metric("eval_count", ["评价量", "Ratings"], BOTH, Count, count_if(Fact::Ratings, |_| col("counts")),
            ["有效评价：考核时段内发出的卡片，rating_window(24 小时)内评分；每个买家×客服×天取最后一次", "Valid ratings: of cards sent in assessed hours, within `rating_window` (24 h) of the card; the last per buyer, agent and day"],
            of_shop(4.0)).better(Higher),
        metric("eval_rate", ["参评率", "Rating rate"], BOTH, Rate, ratio("eval_count", "invite_count"),
            ["评价量 / 邀评量；没有邀评为空", "Ratings / invitations; null without an invitation"],
            of_shop(0.8)).better(Higher),
        metric("good_count", ["好评数", "Good ratings"], BOTH, Count, graded(4, 5),
            ["4、5 分(满意)的有效评价", "Valid ratings of 4 and 5"],
            of_shop(2.0)).better(Higher),
        metric("mid_count", ["中评数", "Middling ratings"], BOTH, Count, graded(3, 3),
            ["3 分(一般)的有效评价", "Valid ratings of 3"],
            of_shop(1.0)).better(Lower),
        metric("bad_count", ["差评数", "Bad ratings"], BOTH, Count, graded(1, 2),
            ["1、2 分(失望)的有效评价", "Valid ratings of 1 and 2"],
            of_shop(1.0)).better(Lower),
        metric("good_rate", ["好评率", "Good rate"], BOTH, Rate, ratio("good_count", "eval_count"),
            ["好评数 / 评价量；没有评价为空", "Good ratings / ratings; null without a rating"],
            of_agent(0.5)).better(Higher),
        metric("mid_rate", ["中评率", "Middling rate"], BOTH, Rate, ratio("mid_count", "eval_count"),
            ["中评数 / 评价量", "Middling ratings / ratings"],
            of_agent(0.25)).better(Lower),
        metric("bad_rate", ["差评率", "Bad rate"], BOTH, Rate, ratio("bad_count", "eval_count"),
            ["差评数 / 评价量", "Bad ratings / ratings"],
            of_agent(0.25)).better(Lower),
        metric("dissatisfied_rate", ["不满意率", "Dissatisfied rate"], BOTH, Rate, ratio("dissatisfied_count", "eval_count"),
            ["(中评数 + 差评数) / 评价量", "(Middling + bad) / ratings"],
            of_agent(0.5)).better(Lower),
    ]
}

#[rustfmt::skip]
fn grades() -> Vec<Metric> {
    vec![
        metric("sat_1", ["1 分评价数", "Ratings of 1"], BOTH, Count, graded(1, 1),
            ["1 分(最差)的有效评价", "Valid ratings of 1, the worst"],
            of_shop(1.0)).better(Lower),
        metric("sat_2", ["2 分评价数", "Ratings of 2"], BOTH, Count, graded(2, 2),
            ["2 分的有效评价", "Valid ratings of 2"],
            of_shop(0.0)).better(Lower),
        metric("sat_3", ["3 分评价数", "Ratings of 3"], BOTH, Count, graded(3, 3),
            ["3 分的有效评价", "Valid ratings of 3"],
            of_shop(1.0)).better(Lower),
        metric("sat_4", ["4 分评价数", "Ratings of 4"], BOTH, Count, graded(4, 4),
            ["4 分的有效评价", "Valid ratings of 4"],
            of_shop(1.0)).better(Higher),
        metric("sat_5", ["5 分评价数", "Ratings of 5"], BOTH, Count, graded(5, 5),
            ["5 分(最好)的有效评价", "Valid ratings of 5, the best"],
            of_shop(1.0)).better(Higher),
        metric("csat_score", ["满意度均分", "Mean grade"], BOTH, Number, ratio("grade_sum", "eval_count"),
            ["有效评价的平均分(1 到 5)；没有评价为空", "Mean grade of the valid ratings, 1 to 5; null without a rating"],
            of_shop(3.25)).better(Higher),
    ]
}

#[rustfmt::skip]
fn reasons() -> Vec<Metric> {
    vec![
        metric("attitude_bad_rate", ["服务态度差中差评率", "Share of attitude among the dissatisfied"], BOTH, Rate, ratio("attitude_bad_count", "dissatisfied_count"),
            ["原因为 attitude(服务态度差)的中差评 / 中差评；没有中差评为空", "Middling and bad ratings whose reason is `attitude` / middling and bad; null without any"],
            of_shop(0.5)).better(Lower),
        metric("dissatisfied_count", ["中差评数", "Middling and bad ratings"], BOTH, Count, graded(1, 3),
            ["1 到 3 分的有效评价", "Valid ratings of 1 to 3"],
            of_shop(2.0)).component(),
        metric("attitude_bad_count", ["服务态度差中差评数", "Dissatisfied with the attitude"], BOTH, Count,
            count_if(Fact::Ratings, |_| col("counts").and(grade_in(1, 3)).and(col("reason").eq(lit("attitude")))),
            ["原因为 attitude 的 1 到 3 分有效评价", "Valid ratings of 1 to 3 whose reason is `attitude`"],
            of_shop(1.0)).component(),
        metric("grade_sum", ["评分之和", "Sum of grades"], BOTH, Count, sum_if(Fact::Ratings, |_| col("counts"), |_| col("grade")),
            ["有效评价的分数之和", "Sum of the grades of the valid ratings"],
            of_shop(13.0)).component(),
    ]
}

/// Every card with an answer, whatever else it holds.
#[rustfmt::skip]
fn promoters() -> Vec<Metric> {
    let points = |_: &Rules| {
        let promoter = col("nps").gt_eq(lit(9i64)).and(col("nps").lt_eq(lit(10i64)));
        when(promoter).then(lit(100i64)).when(col("nps").lt_eq(lit(6i64))).then(lit(-100i64)).otherwise(lit(0i64))
    };
    vec![
        metric("nps", ["净推荐值", "Net promoter score"], BOTH, Number, ratio("nps_points", "nps_answers"),
            ["100 ×(9-10 分占比 − 0-6 分占比)，按发卡日计全部有推荐分的卡片；没有为空", "100 × (share of 9-10 − share of 0-6) of all cards with an answer, by the day they were sent; null without any"],
            of_shop(25.0)).better(Higher),
        metric("nps_points", ["推荐分点数", "Promoter points"], BOTH, Count, sum(Fact::Ratings, points),
            ["9-10 分计 100，0-6 分计 −100", "100 for each 9-10, −100 for each 0-6"],
            of_shop(100.0)).component(),
        metric("nps_answers", ["推荐分回答数", "Promoter answers"], BOTH, Count, count_if(Fact::Ratings, |_| col("nps").is_not_null()),
            ["有推荐分的卡片", "Cards with a promoter answer"],
            of_shop(4.0)).component(),
    ]
}

/// The same by session: the last valid rating of each session, buyer, agent and day.
#[rustfmt::skip]
fn sessions() -> Vec<Metric> {
    let graded = |from, to| count_if(Fact::Ratings, move |_| col("session_counts").and(grade_in(from, to)));
    vec![
        metric("session_good_rate", ["好评率(会话)", "Good rate by session"], BOTH, Rate, ratio("session_good_count", "session_eval_count"),
            ["最后一次有效评价为 4、5 分的会话 / 有评价的会话；没有为空", "Sessions whose last valid rating is 4 or 5 / sessions rated; null without any"],
            of_shop(0.4)).better(Higher),
        metric("session_mid_rate", ["中评率(会话)", "Middling rate by session"], BOTH, Rate, ratio("session_mid_count", "session_eval_count"),
            ["最后一次有效评价为 3 分的会话 / 有评价的会话", "Sessions whose last valid rating is 3 / sessions rated"],
            of_shop(0.2)).better(Lower),
        metric("session_bad_rate", ["差评率(会话)", "Bad rate by session"], BOTH, Rate, ratio("session_bad_count", "session_eval_count"),
            ["最后一次有效评价为 1、2 分的会话 / 有评价的会话", "Sessions whose last valid rating is 1 or 2 / sessions rated"],
            of_shop(0.4)).better(Lower),
        metric("session_dissatisfied_rate", ["不满意率(会话)", "Dissatisfied rate by session"], BOTH, Rate, ratio("session_dissatisfied_count", "session_eval_count"),
            ["最后一次有效评价为 1 到 3 分的会话 / 有评价的会话", "Sessions whose last valid rating is 1 to 3 / sessions rated"],
            of_shop(0.6)).better(Lower),
        metric("session_eval_count", ["评价量(会话)", "Sessions rated"], BOTH, Count, count_if(Fact::Ratings, |_| col("session_counts")),
            ["有有效评价的会话，按会话×买家×客服×天；没有会话号的评价不计", "Sessions with a valid rating, per session, buyer, agent and day; ratings without a session id are in none"],
            of_agent(5.0)).better(Higher),
        metric("session_good_count", ["好评会话数", "Sessions rated good"], BOTH, Count, graded(4, 5),
            ["最后一次有效评价为 4、5 分的会话", "Sessions whose last valid rating is 4 or 5"],
            of_shop(2.0)).component(),
        metric("session_mid_count", ["中评会话数", "Sessions rated middling"], BOTH, Count, graded(3, 3),
            ["最后一次有效评价为 3 分的会话", "Sessions whose last valid rating is 3"],
            of_shop(1.0)).component(),
        metric("session_bad_count", ["差评会话数", "Sessions rated bad"], BOTH, Count, graded(1, 2),
            ["最后一次有效评价为 1、2 分的会话", "Sessions whose last valid rating is 1 or 2"],
            of_shop(2.0)).component(),
        metric("session_dissatisfied_count", ["不满意会话数", "Sessions rated dissatisfied"], BOTH, Count, graded(1, 3),
            ["最后一次有效评价为 1 到 3 分的会话", "Sessions whose last valid rating is 1 to 3"],
            of_shop(3.0)).component(),
    ]
}
