//! The last step: from merged states to values. Rows for every key with a state; ratios of sums; nulls for what cannot be known yet.

use super::ledger::{Counts, Merged};
use super::states::keys;
use crate::calendar::{Day, Span};
use crate::error::Result;
use crate::facts::{bucket_bounds, frame};
use crate::frames::{collect, stack};
use crate::ingest::Table;
use crate::job::Level;
use crate::metrics::{self, AccountRate, Fact, Formula, LAST_ROOM, Metric, Unit};
use crate::rules::{Group, Rules};
use polars::prelude::*;
use std::collections::BTreeSet;

/// What has landed, and which inputs there are.
#[derive(Clone, Debug)]
pub struct Landed {
    pub through: Day,
    pub tables: BTreeSet<Table>,
}

impl Landed {
    pub fn has(&self, fact: Fact) -> bool {
        fact.needs().iter().all(|table| self.tables.contains(table))
    }

    /// A metric without delay is known as far as the data goes; another, once its delay after the last day has passed.
    /// Every input it needs must be configured.
    fn knows(&self, metric: &Metric, level: Level, span: Span, rules: &Rules) -> bool {
        let delay = metrics::delay(metric, level, rules);
        (delay == 0 || self.through >= span.last.plus(delay)) && metrics::facts(metric, level, rules).into_iter().all(|fact| self.has(fact))
    }

    /// The day on which every value of a period is final.
    pub fn matures_on(&self, level: Level, span: Span, rules: &Rules) -> Day {
        let known = metrics::of_level(level).filter(|m| metrics::facts(m, level, rules).into_iter().all(|fact| self.has(fact)));
        span.last.plus(known.map(|m| metrics::delay(m, level, rules)).max().unwrap_or(0))
    }
}

/// What a report is finished with besides its states.
pub struct Beside<'a> {
    /// The finished shop rows, for what an agent is compared with.
    pub shop: Option<&'a DataFrame>,
    /// Shops that have a row even without a state.
    pub zero: &'a [String],
    /// Rates and targets by key.
    pub given: &'a DataFrame,
}

/// The values of a period at a level, each shop's under the rule set of its group; see `of_group`.
pub fn finish(level: Level, merged: &Merged, beside: &Beside, landed: &Landed, span: Span, groups: &[Group]) -> Result<DataFrame> {
    let mut finished: Option<DataFrame> = None;
    for group in groups {
        let zero = beside.zero.iter().filter(|shop| group.has(shop)).cloned().collect::<Vec<_>>();
        let beside = Beside { zero: &zero, ..*beside };
        let rows = match groups.len() {
            1 => of_group(level, merged, &beside, landed, span, group.rules)?,
            _ => of_group(level, &merged.only(group)?, &beside, landed, span, group.rules)?,
        };
        match &mut finished {
            Some(finished) => {
                finished.vstack_mut_owned(rows)?;
            }
            None => finished = Some(rows),
        }
    }
    Ok(finished.unwrap_or_default())
}

/// One row per key: the key columns, then every declared column of the level in order, typed i64, f64 or null.
fn of_group(level: Level, merged: &Merged, beside: &Beside, landed: &Landed, span: Span, rules: &Rules) -> Result<DataFrame> {
    let keys = keys(level).into_iter().map(col).collect::<Vec<_>>();
    // Read twice below: for its keys, and for its values.
    let counts = collect(counts(level, &merged.persons, &keys, rules))?.lazy();
    let percentiles = percentiles(level, &merged.waits)?.lazy();
    let [chats, sales] = merged.sums.each_ref().map(|sums| sums.clone().lazy());
    let mut rows = [&chats, &sales, &counts].map(|rows| rows.clone().select(&keys)).to_vec();
    if level == Level::Shop {
        rows.push(frame! { "shop_id" => beside.zero }?.lazy());
    }
    let mut joined = stack(rows)?.unique(None, UniqueKeepStrategy::Any);
    for part in [chats, sales, counts, percentiles, beside.given.clone().lazy()] {
        joined = joined.join(part, &keys, &keys, JoinArgs::new(JoinType::Left));
    }
    if let Some(shop) = beside.shop {
        let renamed = metrics::of_level(Level::Shop).map(|m| col(m.id.as_str()).alias(of_shop(&m.id)));
        let shop = shop.clone().lazy().select([vec![col("shop_id")], renamed.collect()].concat());
        joined = joined.left_join(shop, col("shop_id"), col("shop_id"));
    }
    let joined = joined.with_columns(leaves(level, landed, span, rules));
    let values = metrics::of_level(level).flat_map(|metric| {
        let known = |value: Expr, of: &Metric| if landed.knows(metric, level, span, rules) { value } else { null(of) };
        let denominator = match &metric.formula {
            // Typed as what it is: groups that know it and groups that do not yet are stacked.
            Formula::OfShop(_, b) => metrics::find(Level::Shop, b).map(|of| known(col(of_shop(b)), of).alias(format!("{}_den", metric.id))),
            _ => None,
        };
        std::iter::once(known(published(metric, level, rules), metric).alias(metric.id.as_str())).chain(denominator)
    });
    collect(joined.select([keys, values.collect()].concat()))
}

fn of_shop(id: &str) -> String {
    format!("shop:{id}")
}

fn null(metric: &Metric) -> Expr {
    let integer = matches!(metric.unit, Unit::Count | Unit::Money | Unit::Milliseconds);
    lit(NULL).cast(if integer { DataType::Int64 } else { DataType::Float64 })
}

/// Distinct persons of the period, by what holds of them. `persons`: one row per key and combination of flags.
fn counts(level: Level, persons: &DataFrame, keys: &[Expr], rules: &Rules) -> LazyFrame {
    let counts = metrics::of_level(level).filter_map(|metric| match &metric.formula {
        Formula::Persons(_, holds) => Some(when(holds(rules)).then(col("persons")).otherwise(lit(0i64)).sum().alias(metric.id.as_str())),
        _ => None,
    });
    persons.clone().lazy().group_by(keys).agg(counts.collect::<Vec<_>>())
}

/// Nearest rank from the merged histogram: the middle of the bucket that holds it.
fn percentiles(level: Level, waits: &Counts) -> Result<DataFrame> {
    let ids = |key: &str| {
        waits.of.iter().map(|of| if key == "shop_id" { Some(of.shop.as_str()) } else { of.agent.as_deref() }).collect::<Vec<_>>()
    };
    let mut columns = keys(level).into_iter().map(|key| Column::new(key.into(), ids(key))).collect::<Vec<_>>();
    for metric in metrics::of_level(level) {
        if let Formula::Percentile { percent, assessed, .. } = &metric.formula {
            let column = waits.names.iter().position(|name| *name == if *assessed { "assessed_rounds" } else { "rounds" }).unwrap_or(0);
            let values = waits.of.iter().map(|of| nearest_rank(waits.rows(of), column, *percent)).collect::<Vec<_>>();
            columns.push(Column::new(metric.id.as_str().into(), values));
        }
    }
    Ok(DataFrame::new(waits.of.len(), columns)?)
}

/// `rows`: one's buckets, ascending.
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

/// Sums and counts without rows are 0; those that cannot be known yet are null.
fn leaves(level: Level, landed: &Landed, span: Span, rules: &Rules) -> Vec<Expr> {
    let leaves = metrics::of_level(level).filter_map(|metric| {
        let id = metric.id.as_str();
        let leaf = match metric.formula {
            Formula::Sum(..) | Formula::Persons(..) => col(id).fill_null(lit(0i64)),
            Formula::Last(..) => col(id).and(lit(LAST_ROOM - 1)),
            Formula::Max(..) | Formula::Percentile { .. } => col(id),
            _ => return None,
        };
        Some(if landed.knows(metric, level, span, rules) { leaf } else { null(metric).alias(id) })
    });
    leaves.collect()
}

/// The last step: money that is not whole fen is rounded, half up.
fn published(metric: &Metric, level: Level, rules: &Rules) -> Expr {
    match &metric.formula {
        Formula::AtRate(of, rate) => {
            let half_more = at_rate(metric, of, *rate, level, rules) + lit(rate.per() / 2);
            let whole = half_more.clone() - half_more % lit(rate.per());
            // Whole but for the last bit: polars divides by a constant through its reciprocal.
            (whole.cast(DataType::Float64) / lit(rate.per() as f64) + lit(0.5)).cast(DataType::Int64)
        }
        _ => value(metric, level, rules),
    }
}

/// A sum times a rate, to be divided by what the rate is per.
fn at_rate(metric: &Metric, of: &str, rate: AccountRate, level: Level, rules: &Rules) -> Expr {
    match level {
        Level::Agent => metrics::find(level, of).map_or(lit(NULL), |part| value(part, level, rules)) * col(rate.column()),
        Level::Shop | Level::Team => {
            let of_agents = |what: &str| col(format!("{what}:{}", metric.id)).fill_null(lit(0i64));
            when(of_agents("unrated").eq(lit(0i64))).then(of_agents("rated")).otherwise(lit(NULL))
        }
    }
}

/// The finishing expression, over the leaves.
fn value(metric: &Metric, level: Level, rules: &Rules) -> Expr {
    let part = |id: &str| metrics::find(level, id).map_or(lit(NULL), |part| value(part, level, rules));
    let scale = |level: Level, id: &str| metrics::find(level, id).map_or(1.0, |part| part.unit.scale());
    let divided = |over: Expr, under: Expr, scale: f64| {
        // One division, by a column: polars divides by a constant through its reciprocal, which is off in the last bit.
        let quotient = over.cast(DataType::Float64) / (under.clone().cast(DataType::Float64) * lit(scale));
        when(under.neq(lit(0))).then(quotient).otherwise(lit(NULL))
    };
    match &metric.formula {
        Formula::Sum(..) | Formula::Max(..) | Formula::Last(..) | Formula::Persons(..) => col(metric.id.as_str()),
        Formula::Target(_) => col("target"),
        Formula::AtRate(of, rate) => divided(at_rate(metric, of, *rate, level, rules), lit(1i64), rate.per() as f64),
        Formula::Ratio(a, b) => divided(part(a), part(b), scale(level, a) / scale(level, b) * metric.unit.of_quotient()),
        Formula::OfShop(a, b) => divided(part(a), col(of_shop(b)), scale(level, a) / scale(Level::Shop, b)),
        Formula::Difference(a, b) => part(a) - part(b),
        Formula::InSeconds(a) => part(a).cast(DataType::Float64) / lit(scale(level, a)),
        // A bucket's middle can lie above the longest wait in it.
        Formula::Percentile { max, .. } => when(col(metric.id.as_str()).gt(part(max))).then(part(max)).otherwise(col(metric.id.as_str())),
        Formula::Same(name) => part(&name(rules)),
    }
}
