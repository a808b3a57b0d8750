//! Mergeable states of a day: sums, persons' flags, wait histograms, hours. A period's state is the merge of its days' states,
//! in any order; that is what makes nightly runs, re-runs and backfills agree.

use crate::error::Result;
use crate::facts::ChatFacts;
use crate::frames::{collect, stack};
use crate::job::Level;
use crate::metrics::{self, Fact, Flag, Formula};
use crate::rules::Rules;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, NULL, all, col, len, lit, when};

/// What a state is of: the chat log alone, or the orders too. The second is made anew while a day matures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Chats,
    Sales,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One row per key: a column for every `Sum` and `Max`.
    Sums,
    /// One row per key and buyer: `flags` as bits, and (of chats) `first_buyer_at`, `last_buyer_at`.
    Persons,
    /// One row per key and wait bucket: `rounds`, `assessed_rounds`.
    Waits,
    /// One row per key and hour of the business day.
    Hours,
    /// One row per key and kind of ticket, which may be null: `tickets`.
    Tickets,
}

impl Kind {
    pub const OF_CHATS: [Kind; 4] = [Kind::Sums, Kind::Persons, Kind::Waits, Kind::Hours];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Sums => "sums",
            Kind::Persons => "persons",
            Kind::Waits => "waits",
            Kind::Hours => "hours",
            Kind::Tickets => "tickets",
        }
    }

    /// The kinds a part has.
    pub fn of(part: Part) -> &'static [Kind] {
        match part {
            Part::Chats => &Kind::OF_CHATS,
            Part::Sales => &[Kind::Sums, Kind::Persons, Kind::Tickets],
        }
    }
}

impl Part {
    pub fn name(self) -> &'static str {
        match self {
            Part::Chats => "chats",
            Part::Sales => "sales",
        }
    }

    pub(super) fn has(self, fact: Fact) -> bool {
        fact.of_chats() == (self == Part::Chats)
    }
}

/// The states of one part of one day at one level, one frame per kind.
pub type States = Vec<(Kind, DataFrame)>;

/// The columns that name a level's rows.
pub(super) fn keys(level: Level) -> Vec<&'static str> {
    match level {
        Level::Shop => vec!["shop_id"],
        Level::Agent => vec!["shop_id", "agent_id"],
        Level::Team => vec!["shop_id", "team"],
    }
}

fn with(level: Level, more: &[&'static str]) -> Vec<&'static str> {
    [&keys(level), more].concat()
}

fn cols(names: &[&str]) -> Vec<Expr> {
    names.iter().map(|name| col(*name)).collect()
}

/// Columns and merges of the sums a level and part have.
pub(super) fn sum_columns(level: Level, part: Part) -> impl Iterator<Item = (&'static str, Fact, &'static Formula)> {
    metrics::of_level(level).filter_map(move |metric| match &metric.formula {
        formula @ (Formula::Sum(fact, _) | Formula::Max(fact, _) | Formula::Last(fact, _)) if part.has(*fact) => {
            Some((metric.id.as_str(), *fact, formula))
        }
        _ => None,
    })
}

/// What each row of its fact adds to a sum.
pub(super) fn each(formula: &Formula, rules: &Rules) -> Expr {
    match formula {
        Formula::Sum(_, each) | Formula::Max(_, each) | Formula::Last(_, each) => each(rules).cast(DataType::Int64),
        _ => lit(NULL),
    }
}

/// The sums of each fact that has some.
fn sums(level: Level, part: Part, sources: &[(Fact, LazyFrame)], keys: &[&str], rules: &Rules) -> Vec<(Fact, LazyFrame)> {
    let mut parts = Vec::new();
    for (fact, rows) in sources {
        let aggregates = sum_columns(level, part).filter(|(_, of, _)| of == fact).map(|(id, _, formula)| match formula {
            Formula::Max(..) | Formula::Last(..) => each(formula, rules).max().alias(id),
            _ => each(formula, rules).sum().alias(id),
        });
        let aggregates = aggregates.collect::<Vec<_>>();
        if !aggregates.is_empty() {
            parts.push((*fact, rows.clone().group_by(cols(keys)).agg(aggregates)));
        }
    }
    parts
}

/// The sums of a fact with every column there, null where it is another fact's: to be stacked.
fn padded(level: Level, part: Part, (fact, sums): (Fact, LazyFrame), keys: &[&str]) -> LazyFrame {
    let columns = sum_columns(level, part).map(|(id, of, _)| if of == fact { col(id) } else { lit(NULL).cast(DataType::Int64).alias(id) });
    sums.select([cols(keys), columns.collect()].concat())
}

fn merged_sums(level: Level, part: Part, rows: LazyFrame, keys: &[&str]) -> LazyFrame {
    let merges = sum_columns(level, part).map(|(id, _, formula)| match formula {
        Formula::Max(..) | Formula::Last(..) => col(id).max(),
        _ => col(id).sum(),
    });
    rows.group_by(cols(keys)).agg(merges.collect::<Vec<_>>())
}

/// The flags of a part as bits of one number, bit i for the i-th declared: a person's state is one row.
fn bits(part: Part, holds: impl Fn(&Flag) -> Expr) -> Expr {
    let flags = metrics::flags();
    let bit = |(bit, flag): (usize, &Flag)| when(holds(flag)).then(lit(1i64 << bit)).otherwise(lit(0i64)).cast(DataType::Int64);
    let own = flags.iter().enumerate().filter(|(_, flag)| part.has(flag.of));
    own.map(bit).reduce(|sum, bit| sum + bit).unwrap_or_else(|| lit(0i64)).alias("flags")
}

/// The persons of one shard: `shop`, `agent`, `buyer` as codes, `flags`, and `first_buyer_at`, `last_buyer_at`, what inquiry and silence look at.
pub fn shard_persons(level: Level, facts: &ChatFacts, rules: &Rules) -> Result<DataFrame> {
    let flags = bits(Part::Chats, |flag| (flag.holds)(rules));
    let codes: &[&str] = if level == Level::Agent { &["shop", "agent"] } else { &["shop"] };
    let columns = [cols(codes), vec![col("buyer"), flags, col("first_buyer_at"), col("last_buyer_at")]].concat();
    collect(facts.peer_days_of(level).clone().lazy().select(columns))
}

/// Whether a flag is among a person's `flags`.
pub fn has_flag(name: &str) -> Expr {
    let bit = metrics::flags().iter().position(|flag| flag.name == name).unwrap_or(63);
    col("flags").and(lit(1i64 << bit)).neq(lit(0i64))
}

/// Persons of the day with the flags of each of the sales' facts, merged by "any".
fn sales_persons(level: Level, sources: &[(Fact, LazyFrame)], rules: &Rules) -> Result<LazyFrame> {
    let keys = with(level, &["buyer_id"]);
    let flags = metrics::flags().into_iter().filter(|flag| Part::Sales.has(flag.of)).collect::<Vec<_>>();
    let nobody = keys.iter().map(|key| Column::new_empty((*key).into(), &DataType::String));
    let none = flags.iter().map(|flag| Column::new_empty(flag.name.as_str().into(), &DataType::Boolean));
    let mut parts = vec![DataFrame::new_infer_height(nobody.chain(none).collect())?.lazy()];
    for (fact, rows) in sources {
        let held = |flag: &Flag| if flag.of == *fact { (flag.holds)(rules).fill_null(lit(false)) } else { lit(false) };
        parts.push(rows.clone().select([cols(&keys), flags.iter().map(|flag| held(flag).alias(flag.name.as_str())).collect()].concat()));
    }
    let any = flags.iter().map(|flag| col(flag.name.as_str()).max());
    let merged = stack(parts)?.group_by(cols(&keys)).agg(any.collect::<Vec<_>>());
    Ok(merged.select([cols(&keys), vec![bits(Part::Sales, |flag| col(flag.name.as_str()))]].concat()))
}

/// The states of a day's facts that do not come of the chat log, at one level. `sources`: the rows of each fact there is, with the level's
/// key columns (and `buyer_id` where it has flags) and every column its declarations name. A fact may have several frames of rows.
pub fn sales_states(level: Level, sources: &[(Fact, LazyFrame)], rules: &Rules) -> Result<States> {
    let own = |wanted: &dyn Fn(Fact) -> bool| sources.iter().filter(|(fact, _)| wanted(*fact)).cloned().collect::<Vec<_>>();
    let summed = own(&|fact| sum_columns(level, Part::Sales).any(|(_, of, _)| of == fact));
    let sums = sums(level, Part::Sales, &summed, &keys(level), rules);
    let mut parts = sums.into_iter().map(|sums| padded(level, Part::Sales, sums, &keys(level))).collect::<Vec<_>>();
    parts.push(no_sums(level)?);
    let sums = merged_sums(level, Part::Sales, stack(parts)?, &keys(level));
    let flagged = own(&|fact| metrics::flags().iter().any(|flag| flag.of == fact));
    let persons = sales_persons(level, &flagged, rules)?;
    let frames = [(Kind::Sums, sums), (Kind::Persons, persons), (Kind::Tickets, tickets(level, own(&|fact| fact == Fact::Tickets))?)];
    frames.into_iter().map(|(kind, frame)| Ok((kind, collect(keys_first(frame, level, kind))?))).collect()
}

/// Tickets by kind.
fn tickets(level: Level, sources: Vec<(Fact, LazyFrame)>) -> Result<LazyFrame> {
    let keys = with(level, &["kind"]);
    let none = DataFrame::new_infer_height(keys.iter().map(|key| Column::new_empty((*key).into(), &DataType::String)).collect())?;
    let rows = sources.into_iter().map(|(_, tickets)| tickets.select(cols(&keys)));
    Ok(stack(std::iter::once(none.lazy()).chain(rows))?.group_by(cols(&keys)).agg([len().cast(DataType::Int64).alias("tickets")]))
}

/// The sums of nobody: their columns.
fn no_sums(level: Level) -> Result<LazyFrame> {
    let keys = keys(level).into_iter().map(|key| Column::new_empty(key.into(), &DataType::String));
    let sums = sum_columns(level, Part::Sales).map(|(id, _, _)| Column::new_empty(id.into(), &DataType::Int64));
    Ok(DataFrame::new_infer_height(keys.chain(sums).collect())?.lazy())
}

/// Keys first. Rows stay unordered: a state is merged, never read in order.
fn keys_first(frame: LazyFrame, level: Level, kind: Kind) -> LazyFrame {
    let keys = kind_keys(level, kind);
    let others = all().exclude_cols(keys.clone()).as_expr();
    frame.select([cols(&keys), vec![others]].concat())
}

fn kind_keys(level: Level, kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Sums => keys(level),
        Kind::Persons => with(level, &["buyer_id"]),
        Kind::Waits => with(level, &["bucket"]),
        Kind::Hours => with(level, &["hour"]),
        Kind::Tickets => with(level, &["kind"]),
    }
}
