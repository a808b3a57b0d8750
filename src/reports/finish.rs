//! Finishing: the query that turns the merged states of a period into values. Every key with a state has a row; ratios divide sums; a value
//! that cannot be known yet is null.

use crate::config::ShopSet;
use crate::error::Result;
use crate::facts::bucket_bounds;
use crate::frames::frame;
use crate::frames::stack;
use crate::metrics;
use crate::metrics::Landed;
use crate::metrics::declaration::{Formula, LAST_ROOM, Metric, MetricUnit};
use crate::model::Level;
use crate::state::keys;
use crate::state::{GroupedCounts, PeriodState};
use kefu_kernel::calendar::Span;
use kefu_kernel::rules::Rules;
use polars::prelude::*;

/// The inputs of a report other than its states.
pub struct FinishInputs<'a> {
    /// The finished rows of shops, for metrics that divide an agent's value by its shop's. `None` for the shops themselves.
    pub shop: Option<&'a DataFrame>,
    /// Ids of shops that have a row even without a state.
    pub known_shops: &'a [String],
    /// The targets and rates of each key, as [`super::targets_and_rates`] gives them.
    pub targets_and_rates: &'a DataFrame,
    /// The number of days of the period that were made.
    pub days: i64,
}

/// The column of [`FinishInputs::days`].
const DAYS: &str = "made_days";

/// The query for the values of a period at a level: one row per key, each under the rule set of its shop. Columns: those of
/// [`finish_shop_set`]. Errors: a state lacks a column.
pub fn finish(
    level: Level,
    merged: &PeriodState,
    inputs: &FinishInputs,
    landed: &Landed,
    span: Span,
    shop_sets: &[ShopSet],
) -> Result<LazyFrame> {
    if let [everyone] = shop_sets {
        return finish_shop_set(level, merged, inputs, landed, span, everyone.rules);
    }
    let finish_one = |shop_set: &ShopSet| {
        let known_shops = inputs.known_shops.iter().filter(|shop| shop_set.has(shop)).cloned().collect::<Vec<_>>();
        finish_shop_set(
            level,
            &merged.filter(shop_set)?,
            &FinishInputs { known_shops: &known_shops, ..*inputs },
            landed,
            span,
            shop_set.rules,
        )
    };
    stack(shop_sets.iter().map(finish_one).collect::<Result<Vec<_>>>()?)
}

/// The query for one shop set. One row per key: the key columns, then every declared metric of the level in order, Int64 or Float64. Null:
/// unknown yet, or undefined by the metric's formula.
fn finish_shop_set(
    level: Level,
    merged: &PeriodState,
    inputs: &FinishInputs,
    landed: &Landed,
    span: Span,
    rules: &Rules,
) -> Result<LazyFrame> {
    let keys = keys(level).into_iter().map(col).collect::<Vec<_>>();
    let persons = merged.persons.clone().lazy();
    let counts = counts(level, persons.clone(), &keys, rules);
    let percentiles = percentiles(level, &merged.waits)?.lazy();
    let [chats, sales] = merged.sums.each_ref().map(|sums| sums.clone().lazy());
    let mut rows = [&chats, &sales, &persons].map(|rows| rows.clone().select(&keys)).to_vec();
    if level == Level::Shop {
        rows.push(frame! { "shop_id" => inputs.known_shops }?.lazy());
    }
    let mut joined = stack(rows)?.unique(None, UniqueKeepStrategy::Any);
    for part in [chats, sales, counts, percentiles, inputs.targets_and_rates.clone().lazy()] {
        joined = joined.join(part, &keys, &keys, JoinArgs::new(JoinType::Left));
    }
    if let Some(shop) = inputs.shop {
        let renamed = metrics::of_level(Level::Shop).map(|m| col(m.id.as_str()).alias(shop_column(&m.id)));
        let shop = shop.clone().lazy().select([vec![col("shop_id")], renamed.collect()].concat());
        joined = joined.left_join(shop, col("shop_id"), col("shop_id"));
    }
    let leaves = leaves(metrics::of_level(level), (level, landed, span, rules));
    let joined = joined.with_columns(leaves).with_column(lit(inputs.days).alias(DAYS));
    let values = metrics::of_level(level).flat_map(|metric| {
        let if_known = |value: Expr, of: &Metric| if landed.knows(metric, level, span, rules) { value } else { null(of) };
        let denominator = match &metric.formula {
            // A null has the dtype of the metric, because shop sets that know the value are stacked with those that do not yet.
            Formula::OfShop(_, b) => {
                metrics::find(Level::Shop, b).map(|of| if_known(col(shop_column(b)), of).alias(format!("{}_den", metric.id)))
            }
            _ => None,
        };
        std::iter::once(if_known(published(metric, level, rules), metric).alias(metric.id.as_str())).chain(denominator)
    });
    Ok(joined.select([keys, values.collect()].concat()))
}

/// The query for the videos of a period: one row per shop and video, with `shop_id`, `video_id` and the metrics of [`metrics::of_videos`]. Null:
/// undefined by the metric's formula. `videos`: see [`PeriodState::videos`].
pub(super) fn finish_videos(videos: LazyFrame, landed: &Landed, span: Span) -> LazyFrame {
    // The formulas of videos depend on no rule.
    let rules = Rules::default();
    let leaves = leaves(metrics::of_videos(), (Level::Shop, landed, span, &rules));
    let values = metrics::of_videos().map(|metric| published(metric, Level::Shop, &rules).alias(metric.id.as_str()));
    videos.with_columns(leaves).select([["shop_id", "video_id"].map(col).to_vec(), values.collect()].concat())
}

/// The name of a shop's value in an agent's row.
fn shop_column(id: &str) -> String {
    format!("shop:{id}")
}

/// A null of a metric's dtype.
fn null(metric: &Metric) -> Expr {
    let integer = matches!(metric.unit, MetricUnit::Count | MetricUnit::Money | MetricUnit::Quantity | MetricUnit::Milliseconds);
    lit(NULL).cast(if integer { DataType::Int64 } else { DataType::Float64 })
}

/// The metrics that count distinct persons, one row per key. `persons`: see [`PeriodState::persons`].
fn counts(level: Level, persons: LazyFrame, keys: &[Expr], rules: &Rules) -> LazyFrame {
    let counts = metrics::of_level(level).filter_map(|metric| match &metric.formula {
        Formula::Persons(_, holds) => Some(when(holds(rules)).then(col("persons")).otherwise(lit(0i64)).sum().alias(metric.id.as_str())),
        _ => None,
    });
    persons.group_by(keys).agg(counts.collect::<Vec<_>>())
}

/// The percentile metrics in seconds, one row per group: the nearest rank in the merged wait histogram.
fn percentiles(level: Level, waits: &GroupedCounts) -> Result<DataFrame> {
    let ids = |key: &str| {
        waits
            .groups
            .iter()
            .map(|group| if key == "shop_id" { Some(group.shop.as_str()) } else { group.agent.as_deref() })
            .collect::<Vec<_>>()
    };
    let mut columns = keys(level).into_iter().map(|key| Column::new(key.into(), ids(key))).collect::<Vec<_>>();
    for metric in metrics::of_level(level) {
        if let Formula::Percentile { percent, assessed, .. } = &metric.formula {
            let column = waits.names.iter().position(|name| *name == if *assessed { "assessed_rounds" } else { "rounds" }).unwrap_or(0);
            let values = waits.groups.iter().map(|group| nearest_rank(waits.rows(group), column, *percent)).collect::<Vec<_>>();
            columns.push(Column::new(metric.id.as_str().into(), values));
        }
    }
    Ok(DataFrame::new(waits.groups.len(), columns)?)
}

/// The middle of the bucket that holds the nearest rank, in seconds; `None` without rounds. `rows`: a group's buckets, ascending.
fn nearest_rank<'a>(mut rows: impl Iterator<Item = (i64, &'a [i64])> + Clone, column: usize, percent: i64) -> Option<f64> {
    let total = rows.clone().map(|(_, values)| values[column]).sum::<i64>();
    let mut reached = 0;
    let holds = rows.find(|(_, values)| {
        reached += values[column];
        total > 0 && reached * 100 >= total * percent
    });
    holds.map(|row| match bucket_bounds(row.0) {
        (_, 0.0) => 0.0,
        (from, to) => 2.0 * from * to / (from + to) / 1000.0,
    })
}

/// The metrics that other formulas are computed from. A sum or count without rows is 0, and null if it cannot be known yet.
fn leaves(metrics: impl Iterator<Item = &'static Metric>, (level, landed, span, rules): (Level, &Landed, Span, &Rules)) -> Vec<Expr> {
    let leaves = metrics.filter_map(|metric| {
        let id = metric.id.as_str();
        let leaf = match &metric.formula {
            Formula::Told(_, _, rows) => when(col(rows.as_str()).gt(lit(0i64))).then(col(id)).otherwise(lit(NULL)).alias(id),
            Formula::Sum(..) | Formula::Persons(..) => col(id).fill_null(lit(0i64)),
            Formula::Last(..) => col(id).and(lit(LAST_ROOM - 1)),
            Formula::Max(..) | Formula::Percentile { .. } => col(id),
            _ => return None,
        };
        Some(if landed.knows(metric, level, span, rules) { leaf } else { null(metric).alias(id) })
    });
    leaves.collect()
}

/// The published value of a metric. An amount at a rate is rounded half up to the fen (DECISIONS #33).
fn published(metric: &Metric, level: Level, rules: &Rules) -> Expr {
    match &metric.formula {
        Formula::AtRate(_, rate) => {
            let plus_half = at_rate(metric, level) + lit(rate.per() / 2);
            let whole = plus_half.clone() - plus_half % lit(rate.per());
            // Polars divides by a constant through its reciprocal, so that the exact quotient can be off in the last bit.
            (whole.cast(DataType::Float64) / lit(rate.per() as f64) + lit(0.5)).cast(DataType::Int64)
        }
        _ => value(metric, level, rules),
    }
}

/// Sums times rates, not yet divided by what the rate is per. Null if an account has a value without a rate.
fn at_rate(metric: &Metric, level: Level) -> Expr {
    // Every account of the staff table has a sum, if only 0; a shop or team has one if one of its accounts has a value.
    let of_accounts = |what: &str| {
        let sum = col(format!("{what}:{}", metric.id));
        if level == Level::Agent { sum } else { sum.fill_null(lit(0i64)) }
    };
    when(of_accounts("unrated").eq(lit(0i64))).then(of_accounts("rated")).otherwise(lit(NULL))
}

/// The expression of a metric over the leaves.
fn value(metric: &Metric, level: Level, rules: &Rules) -> Expr {
    let part = |id: &str| metrics::find(level, id).map_or(lit(NULL), |part| value(part, level, rules));
    let scale = |level: Level, id: &str| metrics::find(level, id).map_or(1.0, |part| part.unit.scale());
    let divided = |over: Expr, under: Expr, scale: f64| {
        // The scale is part of the divisor, because Polars divides by a constant through its reciprocal, which can be off in the last bit.
        let quotient = over.cast(DataType::Float64) / (under.clone().cast(DataType::Float64) * lit(scale));
        when(under.neq(lit(0))).then(quotient).otherwise(lit(NULL))
    };
    match &metric.formula {
        Formula::Sum(..) | Formula::Told(..) | Formula::Max(..) | Formula::Last(..) | Formula::Persons(..) => col(metric.id.as_str()),
        Formula::Target(_) => col("target"),
        Formula::AtRate(_, rate) => divided(at_rate(metric, level), lit(1i64), rate.per() as f64),
        Formula::Ratio(a, b) => divided(part(a), part(b), scale(level, a) / scale(level, b) * metric.unit.of_quotient()),
        Formula::DailyRatio(a, b, days) => {
            let quotient = divided(part(a), part(b), scale(level, a) / scale(level, b));
            when(part(days).gt_eq(col(DAYS))).then(quotient).otherwise(lit(NULL))
        }
        Formula::OfShop(a, b) => divided(part(a), col(shop_column(b)), scale(level, a) / scale(Level::Shop, b)),
        Formula::Difference(a, b) => part(a) - part(b),
        Formula::InSeconds(a) => part(a).cast(DataType::Float64) / lit(scale(level, a)),
        // The middle of a bucket can be above the longest wait in it.
        Formula::Percentile { max, .. } => when(col(metric.id.as_str()).gt(part(max))).then(part(max)).otherwise(col(metric.id.as_str())),
        Formula::Same(name) => part(&name(rules)),
    }
}
