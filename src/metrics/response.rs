//! B. Response (响应). Shop rows run on the shop's clock, agent rows on the agent's.

use super::declaration::*;
use super::flags::in_time;
use crate::model::Fact;

/// The metrics that exist all-day and, with the suffix `_assessed`, over assessed rounds only; then those that are one or the other.
pub(super) fn metrics() -> Vec<Metric> {
    [of_rounds(Fact::Rounds), of_rounds(Fact::AssessedRounds), of_robots(), rates(), reception_time()].concat()
}

fn owned() -> Expr {
    col("handed_over").not()
}

/// Adds up the waits of the answered rounds for which a condition holds.
fn waits_if(fact: Fact, condition: impl Fn() -> Expr + Send + Sync + 'static) -> Formula {
    sum_if(fact, move |_| condition().and(col("answered")), |_| col("wait_ms"))
}

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a list of declarations")]
fn of_rounds(fact: Fact) -> Vec<Metric> {
    let assessed = fact == Fact::AssessedRounds;
    let id = move |name: &str| if assessed { format!("{name}_assessed") } else { name.to_owned() };
    let flag = if assessed { "slow_assessed" } else { "slow" };
    let first = if assessed { "first_assessed" } else { "first" };
    let by = |over: &str, under: &str| Ratio(id(over), id(under));
    let percentile = |percent| Percentile { percent, assessed, max: id("resp_max_s") };
    let capped = || col("answered").and(col("wait_ms").gt(lit(0)));
    vec![
        metric(id("rounds"), ["对话轮次", "Rounds"], BOTH, Count, count_if(fact, |_| owned()),
            ["买家提问到回复为一轮；含未回复的轮次", "From a buyer's question to the reply; unanswered ones included"],
            shop(&logs::TWO_SESSIONS, 4.0)),
        metric(id("answered_rounds"), ["已回复轮次", "Answered rounds"], BOTH, Count, count_if(fact, |_| col("answered")),
            ["有回复的轮次", "Rounds with a reply"],
            shop(&logs::TWO_SESSIONS, 4.0)),
        metric(id("unanswered_rounds"), ["未回复轮次", "Unanswered rounds"], BOTH, Count, count_if(fact, |_| owned().and(col("answered").not())),
            ["会话或业务天结束时仍未回复的轮次", "Rounds still open at the end of the session or business day"],
            shop(&logs::UNANSWERED, 1.0)).better(Lower),
        metric(id("handed_over_rounds"), ["转出轮次", "Rounds handed over"], AGENT, Count, count_if(fact, |_| col("handed_over")),
            ["曾负责该轮次但最终不属于其的轮次，不计入任何率", "Rounds the agent was in charge of and does not own; in no rate"],
            agent(&logs::TRANSFER, "A", 1.0)),
        metric(id("first_wait_ms_sum"), ["首次等待毫秒数之和", "Sum of first waits"], BOTH, Milliseconds, waits_if(fact, move || col(first)),
            ["首个已回复轮次的等待之和", "Sum of the waits of first answered rounds"],
            shop(&logs::TWO_SESSIONS, 70_000.0)).component(),
        metric(id("first_answered"), ["首次回复次数", "First replies"], BOTH, Count, count_if(fact, move |_| col(first)),
            ["有已回复轮次的会话（客服：接待）数", "Sessions (receptions) with an answered round"],
            shop(&logs::TWO_SESSIONS, 2.0)).component(),
        metric(id("first_resp_avg_s"), ["首次响应时间", "First response"], BOTH, Seconds, by("first_wait_ms_sum", "first_answered"),
            ["每个会话（客服：接待）首个已回复轮次的等待的平均；无已回复轮次为空", "Mean wait of the first answered round of each session (reception); null without one"],
            shop(&logs::TWO_SESSIONS, 35.0)).better(Lower),
        metric(id("wait_ms_sum"), ["等待毫秒数之和", "Sum of waits"], BOTH, Milliseconds, waits_if(fact, || lit(true)),
            ["已回复轮次的等待之和", "Sum of the waits of answered rounds"],
            shop(&logs::TWO_SESSIONS, 140_000.0)).component(),
        metric(id("resp_avg_s"), ["平均响应时间", "Average response"], BOTH, Seconds, by("wait_ms_sum", "answered_rounds"),
            ["等待之和 / 已回复轮次，不是平均的平均；无已回复轮次为空", "Sum of waits / answered rounds, never a mean of means; null without one"],
            shop(&logs::TWO_SESSIONS, 35.0)).better(Lower),
        metric(id("capped_wait_ms_sum"), ["封顶等待毫秒数之和", "Sum of capped waits"], BOTH, Milliseconds,
            sum_if(fact, move |_| capped(), move |r| when(col("wait_ms").gt(lit(r.response_cap.0))).then(lit(r.response_cap.0)).otherwise(col("wait_ms"))),
            ["等待封顶 response_cap 后之和，0 毫秒不计", "Sum of waits capped at `response_cap`, without those of 0 ms"],
            shop(&logs::CAPPED, 615_000.0)).component(),
        metric(id("capped_rounds"), ["封顶口径轮次", "Rounds in the capped mean"], BOTH, Count, count_if(fact, move |_| capped().fill_null(lit(false))),
            ["等待大于 0 的已回复轮次", "Answered rounds with a wait above 0 ms"],
            shop(&logs::CAPPED, 2.0)).component(),
        metric(id("resp_capped_avg_s"), ["平均人工响应时长(封顶)", "Average response, capped"], BOTH, Seconds, by("capped_wait_ms_sum", "capped_rounds"),
            ["每个等待封顶 response_cap（默认 600 秒），0 毫秒与未回复不计", "Each wait capped at `response_cap` (600 s); waits of 0 ms and unanswered rounds left out"],
            shop(&logs::CAPPED, 307.5)).better(Lower),
        metric(id("wait_ms_max"), ["最长等待毫秒数", "Longest wait"], BOTH, Milliseconds, max(fact, |_| col("wait_ms")),
            ["已回复轮次的最长等待", "Longest wait of an answered round"],
            shop(&logs::CAPPED, 700_000.0)).component(),
        metric(id("resp_p50_s"), ["响应时间中位数", "Median response"], BOTH, Seconds, percentile(50),
            ["等待的 50 分位（最近秩，直方图，误差不超过 1 %）", "Nearest-rank median of waits, from a histogram within 1 %"],
            shop(&logs::TWO_SESSIONS, 30.0)).better(Lower),
        metric(id("resp_p90_s"), ["响应时间 P90", "90th percentile response"], BOTH, Seconds, percentile(90),
            ["等待的 90 分位（最近秩，直方图，误差不超过 1 %）", "Nearest-rank 90th percentile of waits, from a histogram within 1 %"],
            shop(&logs::TWO_SESSIONS, 50.0)).better(Lower),
        metric(id("resp_p95_s"), ["响应时间 P95", "95th percentile response"], BOTH, Seconds, percentile(95),
            ["等待的 95 分位（最近秩，直方图，误差不超过 1 %）", "Nearest-rank 95th percentile of waits, from a histogram within 1 %"],
            shop(&logs::CAPPED, 700.0)).better(Lower),
        metric(id("resp_max_s"), ["最长响应时间", "Longest response"], BOTH, Seconds, InSeconds(id("wait_ms_max")),
            ["最长等待，精确值；无已回复轮次为空", "Longest wait, exact; null without an answered round"],
            shop(&logs::CAPPED, 700.0)).better(Lower),
        metric(id("slow_buyers"), ["慢响应人数", "Buyers answered slowly"], BOTH, Count, persons(fact, move |_| col(flag)),
            ["某天至少 slow_times 个已回复轮次慢于 slow_threshold（默认 180 秒）的接待买家，去重", "Received buyers with at least `slow_times` answered rounds slower than `slow_threshold` (180 s) on a day, distinct"],
            shop(&logs::ASKED_TWICE, 1.0)).better(Lower),
        metric(id("queued_sessions"), ["排队会话量", "Queued sessions"], SHOP, Count, count_if(fact, |_| col("queued")),
            ["轮次开始时无客服接入", "Rounds opened with nobody in charge"],
            shop(&logs::QUEUE, 1.0)).better(Lower),
        metric(id("queue_ms_sum"), ["排队毫秒数之和", "Sum of queue times"], SHOP, Milliseconds, sum(fact, |_| col("queue_ms").fill_null(lit(0i64))),
            ["到首位客服接入为止的排队之和", "Queue times until the first agent in charge, a reply included"],
            shop(&logs::QUEUE, 240_000.0)).component(),
        metric(id("queue_taken"), ["已接入的排队会话量", "Queued sessions taken"], SHOP, Count, count_if(fact, |_| col("queue_ms").is_not_null()),
            ["排队后有客服接入的轮次", "Queued rounds that an agent took"],
            shop(&logs::QUEUE, 1.0)).component(),
        metric(id("avg_queue_s"), ["平均排队时长", "Average queue time"], SHOP, Seconds, by("queue_ms_sum", "queue_taken"),
            ["排队到首位客服接入的平均；始终未接入的不计入", "Mean time until the first agent in charge; never taken ones are left out"],
            shop(&logs::QUEUE, 240.0)).better(Lower),
    ]
}

/// The rounds that no metric of people counts.
fn of_robots() -> Vec<Metric> {
    vec![metric(
        "robot_rounds",
        ["机器人应答轮次", "Rounds settled by a robot"],
        SHOP,
        Count,
        count_if(Fact::RobotRounds, |_| lit(true)),
        [
            "无客服接入、由机器人应答的轮次，不计入其他任何指标；robot_answers = \"count\" 时为 0",
            "Rounds that nobody was in charge of and a robot answered; in no other metric; 0 under `robot_answers = \"count\"`",
        ],
        shop(&logs::ROBOT, 1.0),
    )]
}

/// 3-minute and 30-second reply rates in their five units. None can be derived from another.
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a list of declarations")]
fn rates() -> Vec<Metric> {
    let fact = Fact::AssessedRounds;
    let quick = |r: &Rules| col("answered").and(col("wait_ms").lt_eq(lit(r.quick_threshold.0)).fill_null(lit(false)));
    let asked = || col("assessed").gt(lit(0));
    let mean_in_time = |r: &Rules| col("assessed_answered").gt(lit(0)).and(col("assessed_wait_ms").lt_eq(col("assessed_answered") * lit(r.reply_threshold.0)));
    let opening = || col("opening").and(owned());
    vec![
        metric("rounds_in_3min", ["3分钟内回复轮次", "Rounds answered in 3 minutes"], BOTH, Count, count_if(fact, in_time),
            ["考核时段内、在 reply_threshold（默认 180 秒，含）内回复的轮次", "Assessed rounds answered within `reply_threshold` (180 s, inclusive)"],
            shop(&logs::TWO_ROUNDS, 1.0)).component(),
        metric("reply_3min_round_rate", ["三分钟回复率(轮次)", "3-minute reply rate by round"], BOTH, Rate, ratio("rounds_in_3min", "rounds_assessed"),
            ["3 分钟内回复的考核轮次 / 考核轮次（淘宝、1688）", "Assessed rounds answered in time / assessed rounds (Taobao, 1688)"],
            shop(&logs::TWO_ROUNDS, 0.5)).better(Higher),
        metric("assessed_buyers", ["考核人数", "Buyers assessed"], BOTH, Count, persons(fact, |_| col("assessed_round")),
            ["有考核轮次的去重买家数", "Distinct buyers with an assessed round"],
            shop(&logs::TWO_SESSIONS, 2.0)).component(),
        metric("in_time_buyers", ["3分钟回复人数", "Buyers always answered in time"], BOTH, Count, persons(fact, |_| col("assessed_round").and(col("missed").not())),
            ["期内全部考核轮次都在 3 分钟内回复的买家", "Buyers all of whose assessed rounds in the period were answered in time"],
            shop(&logs::TWO_SESSIONS, 2.0)).component(),
        metric("reply_3min_person_rate", ["三分钟回复率(人维度)", "3-minute reply rate by person"], BOTH, Rate, ratio("in_time_buyers", "assessed_buyers"),
            ["全部考核轮次都及时回复的买家 / 有考核轮次的买家（快手人维度、拼多多）；一次超时全期不合格", "Buyers all of whose assessed rounds were answered in time / buyers with one (Kuaishou, PDD). One miss fails the period"],
            shop(&logs::ASKED_TWICE, 0.0)).better(Higher),
        metric("missed_3min_buyers", ["3分钟未回复人数", "Buyers missed in 3 minutes"], BOTH, Count, persons(fact, |_| col("assessed_round").and(col("missed"))),
            ["人维度分母中不在分子里的买家", "Buyers of the person rate's denominator not in its numerator"],
            shop(&logs::ASKED_TWICE, 1.0)).better(Lower),
        metric("assessed_sessions", ["考核会话量", "Sessions assessed"], BOTH, Count, count_if(Fact::Sessions, move |_| asked()),
            ["有考核轮次的会话（客服：接待）", "Sessions (receptions) with an assessed round"],
            shop(&logs::MEAN_IN_TIME, 1.0)).component(),
        metric("in_time_sessions", ["3分钟回复会话量", "Sessions answered in time on average"], BOTH, Count, count_if(Fact::Sessions, mean_in_time),
            ["已回复考核轮次的平均等待在 3 分钟内的会话", "Sessions whose answered assessed rounds have a mean wait in time"],
            shop(&logs::MEAN_IN_TIME, 1.0)).component(),
        metric("reply_3min_session_rate", ["三分钟回复率(会话)", "3-minute reply rate by session"], BOTH, Rate, ratio("in_time_sessions", "assessed_sessions"),
            ["已回复考核轮次平均等待及时的会话 / 有考核轮次的会话（快手会话、抖音）；无回复则不合格", "Sessions whose answered assessed rounds have a mean wait in time / sessions with an assessed round (Kuaishou, Douyin). No answered round fails"],
            shop(&logs::MEAN_IN_TIME, 1.0)).better(Higher),
        metric("first_in_time", ["首轮3分钟内回复会话量", "Sessions first answered in 3 minutes"], BOTH, Count, count_if(fact, move |r| opening().and(in_time(r))),
            ["首个考核轮次在 3 分钟内回复的会话", "Sessions whose first assessed round was answered in time"],
            shop(&logs::TWO_ROUNDS, 0.0)).component(),
        metric("reply_3min_first_rate", ["三分钟首次回复率", "3-minute first reply rate"], BOTH, Rate, ratio("first_in_time", "assessed_sessions"),
            ["首个考核轮次及时回复的会话 / 有考核轮次的会话（京东、小红书）", "Sessions whose first assessed round was answered in time / sessions with one (JD, Xiaohongshu)"],
            shop(&logs::TWO_ROUNDS, 0.0)).better(Higher),
        metric("assessed_asks", ["考核买家消息数", "Buyer lines assessed"], BOTH, Count, sum_if(fact, |_| owned(), |_| col("asks")),
            ["考核轮次中的买家消息", "Buyer lines in assessed rounds"],
            shop(&logs::ASKED_TWICE, 2.0)).component(),
        metric("asks_in_time", ["3分钟内回复的买家消息数", "Buyer lines answered in 3 minutes"], BOTH, Count, sum_if(fact, |_| owned(), |_| col("asks_in_time")),
            ["考核轮次中从各自时刻起 3 分钟内得到回复的买家消息", "Buyer lines in assessed rounds answered in time, each from its own instant"],
            shop(&logs::ASKED_TWICE, 1.0)).component(),
        metric("reply_3min_message_rate", ["三分钟回复率(消息)", "3-minute reply rate by message"], BOTH, Rate, ratio("asks_in_time", "assessed_asks"),
            ["考核轮次中各自及时得到回复的买家消息 / 考核轮次中的买家消息（早期抖音）", "Buyer lines in assessed rounds answered in time, each from its own instant / buyer lines in assessed rounds (early Douyin)"],
            shop(&logs::ASKED_TWICE, 0.5)).better(Higher),
        metric("official_reply_3min_rate", ["平台考核3分钟回复率", "The platform's 3-minute reply rate"], BOTH, Rate, same(|r| format!("reply_3min_{}_rate", r.official_reply.name())),
            ["所用预设的平台考核的口径；默认为轮次口径", "The unit the preset's platform assesses; by default the round rate"],
            shop(&logs::TWO_ROUNDS, 0.5)).better(Higher),
        metric("rounds_in_30s", ["30秒内回复轮次", "Rounds answered in 30 s"], BOTH, Count, count_if(fact, quick),
            ["考核时段内、在 quick_threshold（默认 30 秒，含）内回复的轮次", "Assessed rounds answered within `quick_threshold` (30 s, inclusive)"],
            shop(&logs::TWO_SESSIONS, 2.0)).component(),
        metric("reply_30s_round_rate", ["30秒应答率(轮次)", "30-second reply rate by round"], BOTH, Rate, ratio("rounds_in_30s", "rounds_assessed"),
            ["30 秒内回复的考核轮次 / 考核轮次", "Assessed rounds answered within 30 s / assessed rounds"],
            shop(&logs::TWO_SESSIONS, 0.5)).better(Higher),
        metric("first_in_30s", ["首轮30秒内回复会话量", "Sessions first answered in 30 s"], BOTH, Count, count_if(fact, move |r| opening().and(quick(r))),
            ["首个考核轮次在 30 秒内回复的会话", "Sessions whose first assessed round was answered within 30 s"],
            shop(&logs::TWO_SESSIONS, 1.0)).component(),
        metric("reply_30s_first_rate", ["30秒应答率(首次)", "30-second first reply rate"], BOTH, Rate, ratio("first_in_30s", "assessed_sessions"),
            ["首个考核轮次 30 秒内回复的会话 / 有考核轮次的会话", "Sessions whose first assessed round was answered within 30 s / sessions with one"],
            shop(&logs::TWO_SESSIONS, 0.5)).better(Higher),
    ]
}

#[rustfmt::skip]
fn reception_time() -> Vec<Metric> {
    vec![
        metric("reception_ms_sum", ["接待毫秒数之和", "Reception time in ms"], BOTH, Milliseconds, sum(Fact::Sessions, |_| col("talk_ms")),
            ["相邻买家与回复消息的间隔之和，超过 max_wait 的间隔不计", "Gaps between consecutive buyer and reply lines, without those over `max_wait`"],
            shop(&logs::ASKED_TWICE, 475_000.0)).component(),
        metric("reception_s", ["接待总时长", "Reception time"], BOTH, Seconds, InSeconds("reception_ms_sum".into()),
            ["相邻买家与回复消息的间隔之和，超过 max_wait（默认 30 分钟）的间隔不计", "Gaps between consecutive buyer and reply lines of a reception (shop: session), without those over `max_wait` (30 min)"],
            shop(&logs::ASKED_TWICE, 475.0)),
        metric("replied_person_days", ["回复人次", "Replied person-days"], BOTH, Count, count_if(Fact::PeerDays, |_| col("replied")),
            ["每日回复人数之和", "Sum over days of the daily number of buyers replied to"],
            shop(&logs::TWO_SESSIONS, 2.0)).component(),
        metric("avg_reception_s", ["平均接待时长", "Average reception time"], BOTH, Seconds, ratio("reception_ms_sum", "replied_person_days"),
            ["接待总时长 / 回复人次；无回复为空", "Reception time / replied person-days; null when nobody was replied to"],
            shop(&logs::ASKED_TWICE, 475.0)),
    ]
}
