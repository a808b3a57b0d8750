//! What follows from a formula: how values roll up, what makes them null, what they are made of.

use super::words::{Both, both};
use crate::job::Level;
use crate::metrics::{self, Fact, Formula, Metric};
use crate::rules::Rules;

/// How the values of days, shops and agents become one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Adds {
    Up,
    Largest,
    /// The last day's value over days, largest over owners.
    Latest,
    Distinct,
    /// Add the two parts up, then divide.
    Parts(String, String),
    /// Parts that are not additive themselves.
    Nothing,
    Histogram,
}

pub(super) fn adds(metric: &Metric, level: Level, rules: &Rules) -> Adds {
    let of = |level: Level, id: &str| metrics::find(level, id).map_or(Adds::Nothing, |part| adds(part, level, rules));
    let parts = |of_b: Level, a: &str, b: &str| match (of(level, a), of(of_b, b)) {
        (Adds::Up, Adds::Up) => Adds::Parts(a.to_owned(), b.to_owned()),
        _ => Adds::Nothing,
    };
    match &metric.formula {
        Formula::Sum(..) => Adds::Up,
        Formula::Max(..) => Adds::Largest,
        Formula::Last(..) => Adds::Latest,
        Formula::AtRate(..) | Formula::Target(_) => Adds::Up,
        Formula::Persons(..) => Adds::Distinct,
        Formula::Ratio(a, b) => parts(level, a, b),
        Formula::OfShop(a, b) => parts(Level::Shop, a, b),
        Formula::Difference(a, b) => match (of(level, a), of(level, b)) {
            (Adds::Up, Adds::Up) => Adds::Up,
            (Adds::Distinct, Adds::Distinct) => Adds::Distinct,
            _ => Adds::Nothing,
        },
        Formula::InSeconds(a) => of(level, a),
        Formula::Percentile { .. } => Adds::Histogram,
        Formula::Same(name) => of(level, &name(rules)),
    }
}

impl Adds {
    pub(super) fn told(&self) -> Both {
        match self {
            Adds::Up => both("可加：跨日、跨店铺、跨客服", "adds up over days, shops and agents"),
            Adds::Largest => both("取最大：跨日、跨店铺、跨客服", "the largest over days, shops and agents"),
            Adds::Latest => both("不可加：取最后一天的值", "not additive over days: the last day's value holds"),
            Adds::Distinct => both(
                "不可加：去重人数，同一人可在多日、多位客服处出现，取该周期自己的报表；跨店铺可加",
                "not additive over days or agents: distinct persons, who may come again; take the report of the period itself. Shops add up",
            ),
            Adds::Parts(a, b) => {
                both(format!("不可加：先各自加总 `{a}` 与 `{b}`，再相除"), format!("not additive: add up `{a}` and `{b}`, then divide"))
            }
            Adds::Nothing => both(
                "不可加：所用的量并非都可加，取该周期自己的报表",
                "not additive, nor are all its parts: take the report of the period itself",
            ),
            Adds::Histogram => both(
                "不可加：先加总 `wait_histogram_*` 各桶，再取分位",
                "not additive: add up the buckets of `wait_histogram_*`, then take the percentile",
            ),
        }
    }
}

/// What makes it null, or that nothing does.
pub(super) fn null(metric: &Metric, level: Level, rules: &Rules) -> Both {
    let mut causes = Vec::from_iter(denominator(metric, level, rules));
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
    let join = |of: fn(&Both) -> &str, by: &str| causes.iter().map(of).collect::<Vec<_>>().join(by);
    both(join(|cause| &cause.zh, "；"), join(|cause| &cause.en, "; "))
}

/// What is null of the formula's own accord.
fn denominator(metric: &Metric, level: Level, rules: &Rules) -> Option<Both> {
    let of = |id: &str| metrics::find(level, id).and_then(|part| denominator(part, level, rules));
    match &metric.formula {
        Formula::Sum(..) | Formula::Persons(..) => None,
        Formula::Max(..) | Formula::Last(..) => Some(both("没有行时", "without rows")),
        Formula::AtRate(..) => Some(both("账号在 `staff` 中没有费率时", "where `staff` gives an account no rate")),
        Formula::Target(_) => Some(both("没有目标时；周期短于月时", "without a target; in periods shorter than a month")),
        Formula::Ratio(_, b) => Some(both(format!("`{b}` 为 0 或空时"), format!("where `{b}` is 0 or null"))),
        Formula::OfShop(_, b) => Some(both(format!("店铺的 `{b}` 为 0 或空时"), format!("where the shop's `{b}` is 0 or null"))),
        Formula::Difference(a, b) => of(a).or_else(|| of(b)),
        Formula::InSeconds(a) => of(a),
        Formula::Percentile { .. } => Some(both("没有已回复轮次时", "without an answered round")),
        Formula::Same(name) => of(&name(rules)),
    }
}

/// The input tables it cannot be made without, messages first.
pub(super) fn needs(metric: &Metric, level: Level, rules: &Rules) -> Vec<&'static str> {
    let mut tables = metrics::facts(metric, level, rules).into_iter().flat_map(Fact::needs).collect::<Vec<_>>();
    tables.sort();
    tables.dedup();
    std::iter::once("messages").chain(tables.into_iter().map(|table| table.name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> (Adds, String) {
        let rules = Rules::default();
        let level = Level::ALL.into_iter().find(|level| metrics::find(*level, id).is_some()).unwrap();
        let metric = metrics::find(level, id).unwrap();
        (adds(metric, level, &rules), null(metric, level, &rules).en)
    }

    #[test]
    fn how_a_metric_rolls_up_and_what_makes_it_null_follows_from_its_formula() {
        let parts = |a: &str, b: &str| Adds::Parts(a.to_owned(), b.to_owned());
        let orders = "where no `orders` table is configured";
        let cases = [
            ("agent_msgs", Adds::Up, "never: 0 without rows".to_owned()),
            ("receive_buyers", Adds::Distinct, "never: 0 without rows".to_owned()),
            ("max_concurrent", Adds::Largest, "without rows".to_owned()),
            ("resp_max_s", Adds::Largest, "without rows".to_owned()),
            ("resp_avg_s", parts("wait_ms_sum", "answered_rounds"), "where `answered_rounds` is 0 or null".to_owned()),
            ("resp_p90_s", Adds::Histogram, "without an answered round".to_owned()),
            ("official_reply_3min_rate", parts("rounds_in_3min", "rounds_assessed"), "where `rounds_assessed` is 0 or null".to_owned()),
            ("inquiry_loss_buyers", Adds::Distinct, format!("until day 1 after the period's last has landed; {orders}")),
            ("atv", Adds::Nothing, format!("where `sales_buyers` is 0 or null; {orders}")),
            ("pay_loss_amount", Adds::Up, format!("until day 4 after the period's last has landed; {orders}")),
        ];
        for (id, adds, null) in cases {
            assert_eq!(of(id), (adds, null), "{id}");
        }
    }
}
