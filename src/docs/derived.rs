//! What follows from the formula of a metric: how its values roll up, what makes them null, and which input tables it needs.

use super::words::{BothLanguages, both};
use crate::metrics;
use crate::metrics::declaration::{Formula, Metric};
use crate::model::Fact;
use crate::model::Level;
use kefu_kernel::rules::Rules;

/// How the values of several days, shops or agents combine to one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Additivity {
    /// Add the values.
    Sum,
    /// Take the largest value.
    Max,
    /// Take the value of the last day. Values of one day are not combined.
    Last,
    /// Distinct persons, who may occur more than once, so that values cannot be added.
    Distinct,
    /// Add the two parts, then divide.
    RatioOfSums(String, String),
    /// The parts are not additive themselves.
    NotAdditive,
    /// Add the buckets of the wait histogram, then take the percentile.
    Histogram,
}

/// How the values of a metric combine.
pub(super) fn additivity(metric: &Metric, level: Level, rules: &Rules) -> Additivity {
    let of = |level: Level, id: &str| metrics::find(level, id).map_or(Additivity::NotAdditive, |part| additivity(part, level, rules));
    let parts = |of_b: Level, a: &str, b: &str| match (of(level, a), of(of_b, b)) {
        (Additivity::Sum, Additivity::Sum) => Additivity::RatioOfSums(a.to_owned(), b.to_owned()),
        _ => Additivity::NotAdditive,
    };
    match &metric.formula {
        Formula::Sum(..) | Formula::Told(..) => Additivity::Sum,
        Formula::Max(..) => Additivity::Max,
        Formula::Last(..) => Additivity::Last,
        Formula::AtRate(..) | Formula::Target(_) => Additivity::Sum,
        Formula::Persons(..) => Additivity::Distinct,
        Formula::Ratio(a, b) | Formula::DailyRatio(a, b, _) => parts(level, a, b),
        Formula::OfShop(a, b) => parts(Level::Shop, a, b),
        Formula::Difference(a, b) => match (of(level, a), of(level, b)) {
            (Additivity::Sum, Additivity::Sum) => Additivity::Sum,
            (Additivity::Distinct, Additivity::Distinct) => Additivity::Distinct,
            _ => Additivity::NotAdditive,
        },
        Formula::InSeconds(a) => of(level, a),
        Formula::Percentile { .. } => Additivity::Histogram,
        Formula::Same(name) => of(level, &name(rules)),
    }
}

impl Additivity {
    /// The line of the dictionary.
    pub(super) fn describe(&self) -> BothLanguages {
        match self {
            Additivity::Sum => both("可加：跨日、跨店铺、跨客服", "adds up over days, shops and agents"),
            Additivity::Max => both("取最大：跨日、跨店铺、跨客服", "the largest over days, shops and agents"),
            Additivity::Last => both("不可加：取最后一天的值", "not additive over days: the last day's value holds"),
            Additivity::Distinct => both(
                "不可加：去重人数，同一人可在多日、多位客服处出现，取该周期自己的报表；跨店铺可加",
                "not additive over days or agents: distinct persons, who may come again; take the report of the period itself. Shops add up",
            ),
            Additivity::RatioOfSums(a, b) => {
                both(format!("不可加：先各自加总 `{a}` 与 `{b}`，再相除"), format!("not additive: add up `{a}` and `{b}`, then divide"))
            }
            Additivity::NotAdditive => both(
                "不可加：所用的量并非都可加，取该周期自己的报表",
                "not additive, nor are all its parts: take the report of the period itself",
            ),
            Additivity::Histogram => both(
                "不可加：先加总 `wait_histogram_*` 各桶，再取分位",
                "not additive: add up the buckets of `wait_histogram_*`, then take the percentile",
            ),
        }
    }
}

/// The line of the dictionary that says when the value is null.
pub(super) fn null(metric: &Metric, level: Level, rules: &Rules) -> BothLanguages {
    let mut causes = Vec::from_iter(null_of_formula(metric, level, rules));
    let delay = metric.levels.iter().map(|level| metrics::delay(metric, *level, rules)).max().unwrap_or(0);
    if delay > 0 {
        causes.push(both(
            format!("周期末日之后第 {delay} 天的数据到齐之前"),
            format!("until day {delay} after the period's last has landed"),
        ));
    }
    for table in needs(metric, level, rules).into_iter().filter(|table| *table != "messages") {
        causes.push(both(format!("未配置 `{table}` 表时"), format!("where no `{table}` table is configured")));
    }
    if causes.is_empty() {
        return both("从不为空：没有行即为 0", "never: 0 without rows");
    }
    let join = |of: fn(&BothLanguages) -> &str, by: &str| causes.iter().map(of).collect::<Vec<_>>().join(by);
    both(join(|cause| &cause.zh, "；"), join(|cause| &cause.en, "; "))
}

/// When the formula itself gives null, such as for a denominator of 0. `None` if it never does.
fn null_of_formula(metric: &Metric, level: Level, rules: &Rules) -> Option<BothLanguages> {
    let of = |id: &str| metrics::find(level, id).and_then(|part| null_of_formula(part, level, rules));
    match &metric.formula {
        Formula::Sum(..) | Formula::Persons(..) => None,
        Formula::Max(..) | Formula::Last(..) => Some(both("没有行时", "without rows")),
        Formula::Told(_, _, rows) => Some(both(format!("`{rows}` 为 0 时"), format!("where `{rows}` is 0"))),
        Formula::AtRate(..) => Some(both("账号在 `staff` 中没有费率时", "where `staff` gives an account no rate")),
        Formula::Target(_) => Some(both("没有目标时；周期短于月时", "without a target; in periods shorter than a month")),
        Formula::Ratio(_, b) => Some(both(format!("`{b}` 为 0 或空时"), format!("where `{b}` is 0 or null"))),
        Formula::DailyRatio(_, b, days) => Some(both(
            format!("`{b}` 为 0 或空时；`{days}` 少于期内已计算的天数时"),
            format!("where `{b}` is 0 or null, or `{days}` is less than the days of the period that were made"),
        )),
        Formula::OfShop(_, b) => Some(both(format!("店铺的 `{b}` 为 0 或空时"), format!("where the shop's `{b}` is 0 or null"))),
        Formula::Difference(a, b) => of(a).or_else(|| of(b)),
        Formula::InSeconds(a) => of(a),
        Formula::Percentile { .. } => Some(both("没有已回复轮次时", "without an answered round")),
        Formula::Same(name) => of(&name(rules)),
    }
}

/// The input tables without which the metric cannot be computed, `messages` first.
pub(super) fn needs(metric: &Metric, level: Level, rules: &Rules) -> Vec<&'static str> {
    let mut tables = metrics::facts(metric, level, rules).into_iter().flat_map(Fact::needs).collect::<Vec<_>>();
    tables.sort();
    tables.dedup();
    std::iter::once("messages").chain(tables.into_iter().map(|table| table.name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> (Additivity, String) {
        let rules = Rules::default();
        let level = Level::ALL.into_iter().find(|level| metrics::find(*level, id).is_some()).unwrap();
        let metric = metrics::find(level, id).unwrap();
        (additivity(metric, level, &rules), null(metric, level, &rules).en)
    }

    #[test]
    fn additivity_and_nulls_follow_from_the_formula() {
        let parts = |a: &str, b: &str| Additivity::RatioOfSums(a.to_owned(), b.to_owned());
        let orders = "where no `orders` table is configured";
        let cases = [
            ("agent_msgs", Additivity::Sum, "never: 0 without rows".to_owned()),
            ("receive_buyers", Additivity::Distinct, "never: 0 without rows".to_owned()),
            ("max_concurrent", Additivity::Max, "without rows".to_owned()),
            ("resp_max_s", Additivity::Max, "without rows".to_owned()),
            ("resp_avg_s", parts("wait_ms_sum", "answered_rounds"), "where `answered_rounds` is 0 or null".to_owned()),
            ("resp_p90_s", Additivity::Histogram, "without an answered round".to_owned()),
            ("official_reply_3min_rate", parts("rounds_in_3min", "rounds_assessed"), "where `rounds_assessed` is 0 or null".to_owned()),
            ("inquiry_loss_buyers", Additivity::Distinct, format!("until day 1 after the period's last has landed; {orders}")),
            ("atv", Additivity::NotAdditive, format!("where `sales_buyers` is 0 or null; {orders}")),
            ("pay_loss_amount", Additivity::Sum, format!("until day 4 after the period's last has landed; {orders}")),
        ];
        for (id, additivity, null) in cases {
            assert_eq!(of(id), (additivity, null), "{id}");
        }
    }
}
