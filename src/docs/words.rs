//! The texts of the dictionary in Chinese and English: levels, facts, formulas and the guide.

use super::condition::{ConditionText, of_summand, text};
use crate::metrics;
use crate::metrics::declaration::{AccountRate, Formula, Metric, MetricUnit};
use crate::metrics::declaration::{BilingualStr, Preference};
use crate::model::Fact;
use crate::model::Level;
use kefu_kernel::rules::Rules;

/// A text in Chinese and English. Code is in backticks.
#[derive(Clone, Debug)]
pub(super) struct BothLanguages {
    pub(super) zh: String,
    pub(super) en: String,
}

/// A text in both languages.
pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> BothLanguages {
    BothLanguages { zh: zh.into(), en: en.into() }
}

impl BothLanguages {
    /// The text of a declaration.
    pub(super) fn of(text: BilingualStr) -> BothLanguages {
        both(text.zh, text.en)
    }
}

/// The letters of the levels of a metric: `S` shop, `A` agent, `T` team.
pub(super) fn levels(metric: &Metric) -> Vec<&'static str> {
    let letter = |level| match level {
        Level::Shop => "S",
        Level::Agent => "A",
        Level::Team => "T",
    };
    metrics::levels(metric).map(letter).collect()
}

/// Whether higher or lower values are better.
pub(super) fn better(better: Preference) -> BothLanguages {
    match better {
        Preference::Higher => both("越高越好", "higher is better"),
        Preference::Lower => both("越低越好", "lower is better"),
        Preference::Neither => both("不论高低", "neither high nor low"),
    }
}

/// What the rows of a fact are called, at the levels of a metric.
fn rows_of(fact: Fact, levels: &[Level]) -> BothLanguages {
    let of = |shop: [&str; 2], agent: [&str; 2]| match levels {
        [Level::Shop] => both(shop[0], shop[1]),
        [Level::Agent] => both(agent[0], agent[1]),
        _ => both(format!("{}（客服：{}）", shop[0], agent[0]), format!("{} (agent: {})", shop[1], agent[1])),
    };
    match fact {
        Fact::Sessions => of(["会话", "sessions"], ["接待", "receptions"]),
        Fact::Rounds => both("对话轮次", "rounds"),
        Fact::AssessedRounds => both("考核轮次", "assessed rounds"),
        Fact::RobotRounds => both("机器人应答轮次", "rounds settled by a robot"),
        Fact::PeerDays => of(["买家日", "buyer-days"], ["聊天对", "peer-days"]),
        Fact::Concurrency => both("同时接待的时刻", "instants of open receptions"),
        Fact::Inquiries => both("询单", "inquiries"),
        Fact::Credits => both("绩效判定", "credits"),
        Fact::Payments => both("付款", "payments"),
        Fact::Visits => both("访客记录", "visits"),
        Fact::Refunds => both("退款", "refunds"),
        Fact::CreditedRefunds => both("归于客服的订单的退款", "refunds of orders credited to an agent"),
        Fact::Ratings => both("评价卡片", "satisfaction cards"),
        Fact::Attendance => both("出勤", "attendance"),
        Fact::Duty => both("值班", "agents on duty"),
        Fact::Tickets | Fact::TicketBuyers => both("售后工单", "after-sales tickets"),
        Fact::Loyalty => both("接待的买家日", "buyer-days served"),
        Fact::Videos => both("视频日", "video-days"),
        Fact::Rates => both("账号的费率", "rates of accounts"),
        Fact::Targets => both("月目标", "targets of months"),
    }
}

/// The formula of a declaration as text, under the default rules.
pub(super) fn formula(metric: &Metric, level: Level, rules: &Rules) -> BothLanguages {
    let is = |id: &str, unit: MetricUnit| metrics::find(level, id).is_some_and(|part| part.unit == unit);
    match &metric.formula {
        Formula::Sum(fact, summand) => sum(&rows_of(*fact, metric.levels), &of_summand(summand, rules)),
        Formula::Told(fact, of, _) => {
            sum(&rows_of(*fact, metric.levels), &ConditionText { value: Some(text(&of(rules))), condition: None })
        }
        Formula::Max(fact, of) => largest(&rows_of(*fact, metric.levels), &text(&of(rules))),
        // The day stands before the value in one number: what is told is the value alone.
        Formula::Last(fact, of) => {
            let value = match of(rules) {
                polars::prelude::Expr::BinaryExpr { right, .. } => text(&right),
                other => text(&other),
            };
            let BothLanguages { zh, en } = rows_of(*fact, metric.levels);
            both(format!("{zh}中最后有值的一天的 `{value}`"), format!("`{value}` of {en} on the last day that has any"))
        }
        Formula::AtRate(of, rate) => {
            let rate = match rate {
                AccountRate::HourlyCost => "hourly_cost",
                AccountRate::Commission => "commission_rate",
            };
            both(
                format!("`{of}` × `staff` 的 `{rate}`，最后四舍五入到分"),
                format!("`{of}` × `{rate}` of `staff`, rounded to the fen at the end"),
            )
        }
        Formula::Target(metric) => {
            both(format!("`targets` 中 `{metric}` 各月目标之和"), format!("sum over months of the targets for `{metric}`"))
        }
        Formula::Persons(_, holds) => {
            let holds = text(&holds(rules));
            both(format!("期内标记为 `{holds}` 的去重人数"), format!("distinct persons with, over the period, `{holds}`"))
        }
        Formula::Ratio(over, under) => {
            let of_time = is(over, MetricUnit::Milliseconds) && !is(under, MetricUnit::Milliseconds);
            let quotient = format!("`{over}` / `{under}`{}", if of_time { in_unit(metric) } else { "" });
            both(quotient.clone(), quotient)
        }
        Formula::DailyRatio(over, under, _) => both(format!("`{over}` / `{under}`"), format!("`{over}` / `{under}`")),
        Formula::Difference(a, b) => both(format!("`{a}` − `{b}`"), format!("`{a}` − `{b}`")),
        Formula::OfShop(a, b) => both(format!("客服的 `{a}` / 店铺的 `{b}`"), format!("the agent's `{a}` / the shop's `{b}`")),
        Formula::InSeconds(a) => both(format!("`{a}`{}", in_unit(metric)), format!("`{a}`{}", in_unit(metric))),
        Formula::Percentile { percent, max, .. } => both(
            format!("等待直方图（`wait_histogram_*`）的第 {percent} 百分位，最近秩，不超过 `{max}`"),
            format!("{percent}th percentile of the wait histogram (`wait_histogram_*`), nearest rank, never above `{max}`"),
        ),
        Formula::Same(name) => {
            let name = name(rules);
            both(format!("由规则决定取哪一个，默认为 `{name}`"), format!("whichever the rules name, by default `{name}`"))
        }
    }
}

/// The division that converts milliseconds to the unit of the metric.
fn in_unit(metric: &Metric) -> &'static str {
    match metric.unit.name() {
        "h" => " / 3600000",
        "s" => " / 1000",
        _ => "",
    }
}

/// The text of a sum over rows.
fn sum(rows: &BothLanguages, aggregated: &ConditionText) -> BothLanguages {
    let BothLanguages { zh, en } = rows;
    match (&aggregated.value, &aggregated.condition) {
        (None, None) => both(format!("{zh}的行数"), format!("number of {en}")),
        (None, Some(holds)) => both(format!("{zh}中满足 `{holds}` 的行数"), format!("number of {en} with `{holds}`")),
        (Some(what), None) => both(format!("{zh}的 `{what}` 之和"), format!("sum of `{what}` over {en}")),
        (Some(what), Some(holds)) => {
            both(format!("{zh}中满足 `{holds}` 者的 `{what}` 之和"), format!("sum of `{what}` over {en} with `{holds}`"))
        }
    }
}

fn largest(rows: &BothLanguages, what: &str) -> BothLanguages {
    let BothLanguages { zh, en } = rows;
    both(format!("{zh}的 `{what}` 的最大值"), format!("largest `{what}` over {en}"))
}

/// The introduction of the dictionary. It states the number of metrics and of parts.
pub(super) fn guide((metrics, parts): (usize, usize)) -> Vec<BothLanguages> {
    vec![
        both(
            format!(
                "每个指标在 `src/metrics/` 中只声明一次，共 {metrics} 个指标和 {parts} 个部件。本页由声明生成，与报表列同名同序。数值的准确定义见 `docs/semantics.md`。"
            ),
            format!(
                "Every metric is declared once, in `src/metrics/`: {metrics} metrics and {parts} parts. This page is made from the declarations and has the names and the order of the report columns. `docs/semantics.md` defines the numbers exactly."
            ),
        ),
        both(
            "层级：S 店铺，A 客服，T 团队（凡有 A 者）。“部件”是为计算比率而发布的列。时长为秒，比率为 0–1，金额为元，均不四舍五入。",
            "Levels: S shop, A agent, T team (wherever A). A “part” is a column that is published because a ratio needs it. Durations are in seconds, rates run from 0 to 1, money is in yuan; nothing is rounded.",
        ),
        both(
            "空值不等于 0：分母为 0、所需输入未配置，或现在还不可能知道。延迟是周期末日之后还要等几天，按默认规则。",
            "Null is not 0: it means a denominator of 0, an input that is not configured, or a value that cannot be known yet. The delay is the number of days to wait after the last day of a period, under the default rules.",
        ),
        both(
            "可加的指标可以跨日、跨店铺、跨客服相加；但各客服之和不等于店铺行，两者的计时不同（店铺含排队）。",
            "A metric that adds up may be added over days, over shops and over agents. But the agents do not add up to the shop's row, because the two run on different clocks (the shop's includes the queue).",
        ),
        both(
            "公式中的行与条件：会话、接待、轮次、聊天对（客服 × 买家 × 日）、绩效判定（订单 × 规则 × 客服）等，列见 `src/facts/`，多数也在明细表中；时长为毫秒，金额为分，取默认规则。人的标记见 `src/metrics/flags.rs`：任一天成立即算期内成立，定义另有说明者除外。",
            "Formulas speak of rows and conditions: sessions, receptions, rounds, peer-days (agent × buyer × day), credits (order × rule × agent) and others. Their columns are those of `src/facts/`, most of which stand in the detail tables too; durations are in ms and money in fen, under the default rules. `src/metrics/flags.rs` has the flags of persons: a flag that held on any day holds for the period, unless the definition says otherwise.",
        ),
        both(
            "示例都在上海时间 2026-09-01 这一天，默认规则，其后 90 天的数据已到齐；`-` 为空，`+1/09:00:00` 是次日 9 点。",
            "All examples lie on 2026-09-01 in Shanghai, under the default rules; the data of the 90 days after it has landed. `-` means none, `+1/09:00:00` is nine o'clock on the next day.",
        ),
    ]
}
