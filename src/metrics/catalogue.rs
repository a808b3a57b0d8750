//! The catalogue (指标目录): every declared metric, and what follows from the declarations alone.

use super::attendance;
use super::basket;
use super::content;
use super::conversion;
use super::cost;
use super::declaration::Formula;
use super::declaration::Metric;
use super::loyalty;
use super::reception;
use super::refunds;
use super::response;
use super::sales;
use super::satisfaction;
use super::service;
use super::targets;
use super::teams::is_reported;
use super::tickets;
use crate::model::Fact;
use crate::model::Level;
use kefu_kernel::rules::Rules;
use std::sync::LazyLock;

/// Every metric, families A to M, in the order of the report columns.
pub fn all() -> &'static [Metric] {
    static ALL: LazyLock<Vec<Metric>> = LazyLock::new(|| {
        let families = [
            ("A 接待 Reception", "docs/semantics.md §3, §8; 赤兔·生意参谋 咨询接待", reception::metrics()),
            ("B 响应 Response", "docs/semantics.md §4, §5; 淘宝·1688·快手·拼多多·京东·小红书·抖音 响应", response::metrics()),
            ("C 回复 Reply", "docs/semantics.md §3; 快手 客服考核, 赤兔 回复率", service::metrics()),
            ("D 询单 Inquiry", "docs/semantics.md §6; 生意参谋 业绩询单", conversion::metrics()),
            ("E·G 销售与静默 Sales and silent orders", "docs/semantics.md §7; 赤兔 绩效判定", sales::metrics()),
            ("E 目标与提成 Targets and commission", "docs/semantics.md §12; 赤兔 指标完成率, 销售提成", targets::metrics()),
            ("F 客单价 Basket", "docs/semantics.md §7; 生意参谋 客单价", basket::metrics()),
            ("H 退款 Refunds", "docs/semantics.md §12; 赤兔 售后, 生意参谋 退款", refunds::metrics()),
            ("I 满意度 Satisfaction", "docs/semantics.md §11; 淘宝·快手·京东·拼多多 满意度", satisfaction::metrics()),
            ("J 出勤 Attendance", "docs/semantics.md §12; 赤兔 客服登录时长", attendance::metrics()),
            ("K 售后 After-sales tickets", "docs/semantics.md §12; 售后服务量化考核", tickets::metrics()),
            ("K 留存 Loyalty", "docs/semantics.md §12; 售后服务量化考核", loyalty::metrics()),
            ("K 成本 Cost", "docs/semantics.md §12; 售后服务量化考核", cost::metrics()),
            ("M 内容 Content", "docs/semantics.md §12; 短视频运营考核", content::metrics()),
        ];
        let with_family = |(family, source, metrics): (&'static str, &'static str, Vec<Metric>)| {
            metrics.into_iter().map(move |metric| Metric { family, source, ..metric })
        };
        families.into_iter().flat_map(with_family).collect()
    });
    &ALL
}

/// The metrics that a level reports.
pub fn of_level(level: Level) -> impl Iterator<Item = &'static Metric> + Clone {
    all().iter().filter(move |metric| is_reported(metric, level))
}

/// The metric of a level by id; `None` if the level does not report it.
pub fn find(level: Level, id: &str) -> Option<&'static Metric> {
    of_level(level).find(|metric| metric.id == id)
}

/// The metrics of a shop that each of its videos has too: those that are computed from videos alone, but not the number of videos.
pub fn of_videos() -> impl Iterator<Item = &'static Metric> {
    let is_of_videos = |metric: &Metric| facts(metric, Level::Shop, &Rules::default()).iter().all(|fact| *fact == Fact::Videos);
    of_level(Level::Shop).filter(move |metric| is_of_videos(metric) && !matches!(metric.formula, Formula::Persons(..)))
}

/// The metrics that a formula names.
fn parts(metric: &Metric, level: Level, rules: &Rules) -> Vec<&'static Metric> {
    let own = |id: &str| find(level, id);
    let parts = match &metric.formula {
        Formula::Sum(..) | Formula::Max(..) | Formula::Last(..) | Formula::Persons(..) | Formula::Percentile { .. } => vec![],
        Formula::Target(_) => vec![],
        Formula::Told(_, _, rows) => vec![own(rows)],
        // Rates belong to accounts at every level.
        Formula::AtRate(a, _) => vec![find(Level::Agent, a)],
        Formula::Ratio(a, b) | Formula::Difference(a, b) => vec![own(a), own(b)],
        Formula::DailyRatio(a, b, days) => vec![own(a), own(b), own(days)],
        Formula::OfShop(a, b) => vec![own(a), find(Level::Shop, b)],
        Formula::InSeconds(a) => vec![own(a)],
        Formula::Same(name) => vec![own(&name(rules))],
    };
    parts.into_iter().flatten().collect()
}

/// The days after a period until the value is final: the longest delay of the metric and of those it is computed from.
pub fn delay(metric: &Metric, level: Level, rules: &Rules) -> i32 {
    let parts = parts(metric, level, rules).into_iter().map(|part| delay(part, level, rules));
    parts.max().unwrap_or(0).max(metric.delay.days(rules))
}

/// Every fact that a metric is computed from.
pub fn facts(metric: &Metric, level: Level, rules: &Rules) -> Vec<Fact> {
    match &metric.formula {
        Formula::Sum(fact, _) | Formula::Told(fact, ..) => vec![*fact],
        Formula::Max(fact, _) | Formula::Last(fact, _) | Formula::Persons(fact, _) => vec![*fact],
        Formula::Target(_) => vec![Fact::Targets],
        Formula::Percentile { .. } => vec![Fact::Rounds],
        formula => {
            let of_parts = parts(metric, level, rules).into_iter().flat_map(|part| facts(part, level, rules));
            of_parts.chain(matches!(formula, Formula::AtRate(..)).then_some(Fact::Rates)).collect()
        }
    }
}
