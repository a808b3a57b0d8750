//! The catalogue (指标目录): declarations only. No I/O, no grouping, no dates.

mod basket;
mod conversion;
pub mod decl;
pub mod dialects;
pub mod examples;
mod flags;
mod reception;
mod response;
mod sales;
mod service;

pub use decl::{Delay, Fact, Flag, Formula, Metric, Unit};
pub use flags::flags;

use crate::job::Level;
use crate::rules::Rules;
use std::sync::LazyLock;

/// Every declaration, families A to G, in the order of the report columns.
pub fn all() -> &'static [Metric] {
    static ALL: LazyLock<Vec<Metric>> = LazyLock::new(|| {
        let families = [
            ("A 接待 Reception", "docs/semantics.md §3, §8; 赤兔·生意参谋 咨询接待", reception::metrics()),
            ("B 响应 Response", "docs/semantics.md §4, §5; 淘宝·1688·快手·拼多多·京东·小红书·抖音 响应", response::metrics()),
            ("C 回复 Reply", "docs/semantics.md §3; 快手 客服考核, 赤兔 回复率", service::metrics()),
            ("D 询单 Inquiry", "docs/semantics.md §6; 生意参谋 业绩询单", conversion::metrics()),
            ("E·G 销售与静默 Sales and silent orders", "docs/semantics.md §7; 赤兔 绩效判定", sales::metrics()),
            ("F 客单价 Basket", "docs/semantics.md §7; 生意参谋 客单价", basket::metrics()),
        ];
        let of = |(family, source, metrics): (&'static str, &'static str, Vec<Metric>)| {
            metrics.into_iter().map(move |metric| Metric { family, source, ..metric })
        };
        families.into_iter().flat_map(of).collect()
    });
    &ALL
}

/// The declarations of a level.
pub fn of_level(level: Level) -> impl Iterator<Item = &'static Metric> + Clone {
    all().iter().filter(move |metric| metric.levels.contains(&level))
}

pub fn find(level: Level, id: &str) -> Option<&'static Metric> {
    of_level(level).find(|metric| metric.id == id)
}

/// The declarations a formula names.
fn parts(metric: &Metric, level: Level, rules: &Rules) -> Vec<&'static Metric> {
    let own = |id: &str| find(level, id);
    let parts = match &metric.formula {
        Formula::Sum(..) | Formula::Max(..) | Formula::Persons(..) | Formula::Percentile { .. } => vec![],
        Formula::Ratio(a, b) | Formula::Difference(a, b) => vec![own(a), own(b)],
        Formula::OfShop(a, b) => vec![own(a), find(Level::Shop, b)],
        Formula::InSeconds(a) => vec![own(a)],
        Formula::Same(name) => vec![own(&name(rules))],
    };
    parts.into_iter().flatten().collect()
}

/// Days after a period until the value is final: the longest of what it is made of.
pub fn delay(metric: &Metric, level: Level, rules: &Rules) -> i32 {
    let parts = parts(metric, level, rules).into_iter().map(|part| delay(part, level, rules));
    parts.max().unwrap_or(0).max(metric.delay.days(rules))
}

/// Every fact a metric is made of.
pub fn facts(metric: &Metric, level: Level, rules: &Rules) -> Vec<Fact> {
    match &metric.formula {
        Formula::Sum(fact, _) | Formula::Max(fact, _) | Formula::Persons(fact, _) => vec![*fact],
        Formula::Percentile { .. } => vec![Fact::Rounds],
        _ => parts(metric, level, rules).into_iter().flat_map(|part| facts(part, level, rules)).collect(),
    }
}
