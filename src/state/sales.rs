//! The states of a day's facts that need more than the chat log: one lazy query per state.

use super::schema::{StateFrames, StateKind, StatePart, cols, flag_bits, keys, keys_and, row_value, sum_columns, video_columns};
use crate::error::Result;
use crate::frames::{collect, stack};
use crate::metrics;
use crate::metrics::declaration::{Formula, PersonFlag};
use crate::model::{Fact, Level};
use kefu_kernel::rules::Rules;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, NULL, all, col, len, lit};

/// Computes the states of the facts that need more than the chat log, at one level. `sources`: the rows of each available fact, with the
/// level's key columns (and `buyer_id` if the fact has flags) and every column that metric declarations read. A fact can have several
/// frames. Rows of a state are in no order. Errors: a metric's expression fails.
pub fn sales_states(level: Level, sources: &[(Fact, LazyFrame)], rules: &Rules) -> Result<StateFrames> {
    let sources_of = |wanted: &dyn Fn(Fact) -> bool| sources.iter().filter(|(fact, _)| wanted(*fact)).cloned().collect::<Vec<_>>();
    let summed = sources_of(&|fact| sum_columns(level, StatePart::Sales).any(|(_, of, _)| of == fact));
    let sums = sums(level, StatePart::Sales, &summed, &keys(level), rules);
    let mut parts = sums.into_iter().map(|sums| padded(level, StatePart::Sales, sums, &keys(level))).collect::<Vec<_>>();
    parts.push(no_sums(level)?);
    let sums = merged_sums(level, StatePart::Sales, stack(parts)?, &keys(level));
    let flagged = sources_of(&|fact| metrics::flags().iter().any(|flag| flag.of == fact));
    let persons = sales_persons(level, &flagged, rules)?;
    let mut frames = vec![
        (StateKind::Sums, sums),
        (StateKind::Persons, persons),
        (StateKind::Tickets, tickets(level, sources_of(&|fact| fact == Fact::Tickets))?),
    ];
    if StateKind::Videos.levels().contains(&level) {
        frames.push((StateKind::Videos, videos(sources_of(&|fact| fact == Fact::Videos), rules)?));
    }
    frames.into_iter().map(|(kind, frame)| Ok((kind, collect(keys_first(frame, level, kind))?))).collect()
}

/// One row per key and kind of ticket (String, may be null): `tickets` (Int64).
fn tickets(level: Level, sources: Vec<(Fact, LazyFrame)>) -> Result<LazyFrame> {
    let keys = keys_and(level, &["kind"]);
    let empty = DataFrame::new_infer_height(keys.iter().map(|key| Column::new_empty((*key).into(), &DataType::String)).collect())?;
    let rows = sources.into_iter().map(|(_, tickets)| tickets.select(cols(&keys)));
    Ok(stack(std::iter::once(empty.lazy()).chain(rows))?.group_by(cols(&keys)).agg([len().cast(DataType::Int64).alias("tickets")]))
}

/// One row per shop and video: the sums and maxima of its rows.
fn videos(sources: Vec<(Fact, LazyFrame)>, rules: &Rules) -> Result<LazyFrame> {
    let keys = kind_keys(Level::Shop, StateKind::Videos);
    let no_keys = keys.iter().map(|key| Column::new_empty((*key).into(), &DataType::String));
    let no_sums = video_columns().map(|(id, _, _)| Column::new_empty(id.into(), &DataType::Int64));
    let empty = DataFrame::new_infer_height(no_keys.chain(no_sums).collect())?;
    let aggregates = video_columns().map(|(id, _, formula)| aggregate(id, formula, rules)).collect::<Vec<_>>();
    let rows = sources.into_iter().map(|(_, videos)| videos.group_by(cols(&keys)).agg(aggregates.clone()));
    stack(std::iter::once(empty.lazy()).chain(rows))
}

/// The columns of the sums without rows, so that the state has them even if no fact is available.
fn no_sums(level: Level) -> Result<LazyFrame> {
    let keys = keys(level).into_iter().map(|key| Column::new_empty(key.into(), &DataType::String));
    let sums = sum_columns(level, StatePart::Sales).map(|(id, _, _)| Column::new_empty(id.into(), &DataType::Int64));
    Ok(DataFrame::new_infer_height(keys.chain(sums).collect())?.lazy())
}

/// One row per key and buyer: `flags`. A flag is set if it holds on any row of its fact.
fn sales_persons(level: Level, sources: &[(Fact, LazyFrame)], rules: &Rules) -> Result<LazyFrame> {
    let keys = keys_and(level, &["buyer_id"]);
    let flags = metrics::flags().into_iter().filter(|flag| StatePart::Sales.has(flag.of)).collect::<Vec<_>>();
    let no_keys = keys.iter().map(|key| Column::new_empty((*key).into(), &DataType::String));
    let no_flags = flags.iter().map(|flag| Column::new_empty(flag.name.as_str().into(), &DataType::Boolean));
    let mut parts = vec![DataFrame::new_infer_height(no_keys.chain(no_flags).collect())?.lazy()];
    for (fact, rows) in sources {
        let held = |flag: &PersonFlag| if flag.of == *fact { (flag.holds)(rules).fill_null(lit(false)) } else { lit(false) };
        parts.push(rows.clone().select([cols(&keys), flags.iter().map(|flag| held(flag).alias(flag.name.as_str())).collect()].concat()));
    }
    let any = flags.iter().map(|flag| col(flag.name.as_str()).max());
    let merged = stack(parts)?.group_by(cols(&keys)).agg(any.collect::<Vec<_>>());
    Ok(merged.select([cols(&keys), vec![flag_bits(StatePart::Sales, |flag| col(flag.name.as_str()))]].concat()))
}

/// Moves the key columns to the front. Rows stay unordered, because states are merged and never read in order.
fn keys_first(frame: LazyFrame, level: Level, kind: StateKind) -> LazyFrame {
    let keys = kind_keys(level, kind);
    let others = all().exclude_cols(keys.clone()).as_expr();
    frame.select([cols(&keys), vec![others]].concat())
}

/// The key columns of a kind of state.
fn kind_keys(level: Level, kind: StateKind) -> Vec<&'static str> {
    match kind {
        StateKind::Sums => keys(level),
        StateKind::Persons => keys_and(level, &["buyer_id"]),
        StateKind::Waits => keys_and(level, &["bucket"]),
        StateKind::Hours => keys_and(level, &["hour"]),
        StateKind::Tickets => keys_and(level, &["kind"]),
        StateKind::Videos => keys_and(level, &["video_id"]),
    }
}

/// One row per key for each source, with the sums and maxima of its fact; sources without any are left out.
fn sums(level: Level, part: StatePart, sources: &[(Fact, LazyFrame)], keys: &[&str], rules: &Rules) -> Vec<(Fact, LazyFrame)> {
    let mut parts = Vec::new();
    for (fact, rows) in sources {
        let of_fact = sum_columns(level, part).filter(|(_, of, _)| of == fact);
        let aggregates = of_fact.map(|(id, _, formula)| aggregate(id, formula, rules)).collect::<Vec<_>>();
        if !aggregates.is_empty() {
            parts.push((*fact, rows.clone().group_by(cols(keys)).agg(aggregates)));
        }
    }
    parts
}

/// The sum or maximum of the rows of a key.
fn aggregate(id: &str, formula: &Formula, rules: &Rules) -> Expr {
    match formula {
        Formula::Max(..) | Formula::Last(..) => row_value(formula, rules).max().alias(id),
        _ => row_value(formula, rules).sum().alias(id),
    }
}

/// The sums of a fact with the columns of all facts, so that facts can be stacked; the columns of other facts are null.
fn padded(level: Level, part: StatePart, (fact, sums): (Fact, LazyFrame), keys: &[&str]) -> LazyFrame {
    let columns =
        sum_columns(level, part).map(|(id, own, _)| if own == fact { col(id) } else { lit(NULL).cast(DataType::Int64).alias(id) });
    sums.select([cols(keys), columns.collect()].concat())
}

/// Merges stacked sums to one row per key.
fn merged_sums(level: Level, part: StatePart, rows: LazyFrame, keys: &[&str]) -> LazyFrame {
    let merges = sum_columns(level, part).map(|(id, _, formula)| match formula {
        Formula::Max(..) | Formula::Last(..) => col(id).max(),
        _ => col(id).sum(),
    });
    rows.group_by(cols(keys)).agg(merges.collect::<Vec<_>>())
}
