//! Mergeable states of a day: sums, persons' flags, wait histograms, hours. A period's state is the merge of its days' states,
//! in any order; that is what makes nightly runs, re-runs and backfills agree.

use super::added::{Added, NOBODY, Row, Says};
use crate::error::Result;
use crate::facts::{ChatFacts, rounds_of, talks_of};
use crate::frames::{collect, held, stack, to_arrow};
use crate::job::Level;
use crate::metrics::{self, Fact, Flag, Formula};
use crate::names::Names;
use crate::rules::Rules;
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Int64Type, UInt32Type};
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, NULL, all, col, len, lit, when};
use std::collections::HashMap;
use std::sync::Arc;

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

/// The states of chat facts at one level while they are added up, names still as codes: of a shard, and as shards come of a day.
pub struct ChatStates {
    level: Level,
    sums: Added,
    waits: Added,
    hours: Added,
}

/// What is done with each piece of a state.
pub type Each<'a> = &'a mut dyn FnMut(Level, Kind, DataFrame) -> Result<()>;

/// The states of one shard's chat facts at one level.
pub fn shard_states(level: Level, facts: &ChatFacts, rules: &Rules) -> Result<ChatStates> {
    let mut states = ChatStates::new(level);
    let talks = talks_of(level, facts);
    let (rounds, counted) = rounds_of(level, &facts.rounds);
    states.add_sums(&talks, &[(Fact::Talks, lit(true))], rules)?;
    let assessed = counted.clone().and(col("assessed"));
    states.add_sums(&rounds, &[(Fact::Rounds, counted.clone()), (Fact::AssessedRounds, assessed)], rules)?;
    states.add_sums(&facts.peer_days_of(level).clone().lazy(), &[(Fact::PeerDays, lit(true))], rules)?;
    states.add_hours(&talks, &rounds, &counted, &facts.hours)?;
    states.add_waits(&rounds, &counted)?;
    Ok(states)
}

/// The code that names a level's rows: an agent's tells its shop.
fn code(level: Level) -> &'static str {
    match level {
        Level::Shop => "shop",
        Level::Agent | Level::Team => "agent",
    }
}

impl ChatStates {
    pub fn new(level: Level) -> ChatStates {
        let sums = Added::of_sums(level, Part::Chats);
        ChatStates { level, sums, waits: Added::of_waits(), hours: Added::of_hours() }
    }

    /// The columns of each kind, without rows.
    pub fn none(level: Level, names: &Names) -> Result<States> {
        let none = ChatStates::new(level);
        let kinds = [(Kind::Sums, none.sums), (Kind::Waits, none.waits), (Kind::Hours, none.hours)];
        kinds.into_iter().map(|(kind, added)| Ok((kind, spelled_piece((level, kind), &added, &[], names)?))).collect()
    }

    /// Adds the sums of facts that are counted in the same rows, each in those for which its condition holds.
    fn add_sums(&mut self, rows: &LazyFrame, facts: &[(Fact, Expr)], rules: &Rules) -> Result<()> {
        // What several sums ask for is worked out once.
        let mut asked: Vec<Expr> = Vec::new();
        let mut place = |value: Expr| {
            asked.iter().position(|known| *known == value).unwrap_or_else(|| {
                asked.push(value);
                asked.len() - 1
            })
        };
        let level = self.level;
        let mut sums_of = |fact: Fact| {
            let sums = sum_columns(level, Part::Chats).filter(|(_, of, _)| *of == fact);
            let placed = sums.map(|(id, _, formula)| (id, says(formula, rules).map(|value| value.map(&mut place))));
            placed.collect::<HashMap<_, _>>()
        };
        let sums = facts.iter().map(|(fact, _)| sums_of(*fact)).collect::<Vec<_>>();
        let rows = Counted::of(rows, level, facts.iter().map(|(_, counted)| counted), asked)?;
        for (whos, sums) in rows.whos.iter().zip(&sums) {
            let column = |place: usize| &rows.columns[place];
            self.sums.add(whos, |id| match *sums.get(id)? {
                [Some(condition), Some(number)] => Some(Says::of(column(number)).only(column(condition))),
                [one, other] => one.or(other).map(|place| Says::of(column(place))),
            });
        }
        Ok(())
    }

    fn add_waits(&mut self, rounds: &LazyFrame, counted: &Expr) -> Result<()> {
        let answered = counted.clone().and(col("answered"));
        add_by(
            &mut self.waits,
            self.level,
            rounds,
            &answered,
            "bucket",
            vec![("rounds", col("answered")), ("assessed_rounds", col("assessed"))],
        )
    }

    /// `receptions` (by their first buyer or reply line), `buyer_msgs`, and `rounds`, `wait_ms_sum`, `unanswered` (by the question).
    fn add_hours(&mut self, talks: &LazyFrame, rounds: &LazyFrame, counted: &Expr, hours: &DataFrame) -> Result<()> {
        let own = match self.level {
            Level::Shop => col("agent").eq(lit(0u32)),
            Level::Agent | Level::Team => col("agent").neq(lit(0u32)),
        };
        let begun = col("first_at").is_not_null();
        let spoken = own.and(col("filtered").eq(lit(0u32)));
        let asked = counted.clone().and(col("handed_over").not());
        let of_asked =
            vec![("rounds", col("asked_hour").is_not_null()), ("wait_ms_sum", col("wait_ms")), ("unanswered", col("answered").not())];
        let (hours, level) = (hours.clone().lazy(), self.level);
        add_by(&mut self.hours, level, talks, &begun, "first_hour", vec![("receptions", begun.clone())])?;
        add_by(&mut self.hours, level, &hours, &spoken, "hour", vec![("buyer_msgs", col("buyer_msgs"))])?;
        add_by(&mut self.hours, level, rounds, &asked, "asked_hour", of_asked)
    }

    /// Adds other states of the same level.
    pub fn merge(&mut self, other: &ChatStates) {
        self.sums.merge(&other.sums);
        self.waits.merge(&other.waits);
        self.hours.merge(&other.hours);
    }

    /// Takes out what there is of the shops before the last, where it is much: no later shard speaks of them, for shards come shop by shop.
    /// With names, sorted by code, in pieces. But for the sums, which are few.
    pub fn take_ended(&mut self, last: u32, names: &Names, each: Each) -> Result<()> {
        let level = self.level;
        let is_before = |who: u32| if level == Level::Shop { who != last } else { names.shop_of_agent(who) != last };
        let mut counts = [(Kind::Waits, &mut self.waits), (Kind::Hours, &mut self.hours)];
        let mut much = counts.iter_mut().filter(|(_, added)| added.len() > PIECE);
        much.try_for_each(|(kind, added)| spelled((level, *kind), &added.take(is_before), names, each))
    }

    /// What there is besides, in the same way. `peaks` are those of the whole day.
    pub fn take_all(mut self, peaks: &DataFrame, names: &Names, rules: &Rules, each: Each) -> Result<()> {
        self.add_sums(&peaks.clone().lazy(), &[(Fact::Peaks, lit(true))], rules)?;
        let mut all = [(Kind::Sums, self.sums), (Kind::Waits, self.waits), (Kind::Hours, self.hours)].into_iter();
        all.try_for_each(|(kind, added)| spelled((self.level, kind), &added, names, each))
    }
}

/// Rows that count, and what each says.
struct Counted {
    /// Whose each row is, for each condition of counting.
    whos: Vec<Vec<u32>>,
    columns: Vec<ArrayRef>,
}

impl Counted {
    fn of<'a>(rows: &LazyFrame, level: Level, conditions: impl Iterator<Item = &'a Expr>, columns: Vec<Expr>) -> Result<Counted> {
        let conditions = conditions.cloned().collect::<Vec<_>>();
        let count = conditions.len();
        let all = [vec![col(code(level))], conditions, columns].concat();
        let named = all.into_iter().enumerate().map(|(nth, value)| value.alias(nth.to_string()));
        // One thread a shard: there are as many shards under way as threads.
        let rows = to_arrow(&collect(rows.clone().select_seq(named.collect::<Vec<_>>()))?)?;
        let codes = rows.column(0).as_primitive::<UInt32Type>().values();
        let who = |condition: &ArrayRef| {
            let mut whos = vec![NOBODY; rows.num_rows()];
            held(condition.as_boolean()).set_slices().for_each(|(from, to)| whos[from..to].copy_from_slice(&codes[from..to]));
            whos
        };
        let whos = rows.columns()[1..=count].iter().map(who).collect();
        Ok(Counted { whos, columns: rows.columns()[count + 1..].to_vec() })
    }
}

/// Adds up what each row that counts says, by whose it is and a number.
fn add_by(added: &mut Added, level: Level, rows: &LazyFrame, counted: &Expr, number: &str, columns: Vec<(&str, Expr)>) -> Result<()> {
    let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let rows = Counted::of(rows, level, std::iter::once(counted), [vec![col(number)], values].concat())?;
    let says = |name: &str| names.iter().position(|of| *of == name).map(|place| Says::of(&rows.columns[place + 1]));
    added.add_by(&rows.whos[0], rows.columns[0].as_primitive::<Int64Type>().values(), says);
    Ok(())
}

/// Rows of a state that are spelled out at once, and from which on what has ended is written.
const PIECE: usize = 1 << 17;

/// Names for codes, in pieces.
fn spelled((level, kind): (Level, Kind), added: &Added, names: &Names, each: Each) -> Result<()> {
    let rows = added.rows().collect::<Vec<_>>();
    rows.chunks(PIECE).try_for_each(|rows| each(level, kind, spelled_piece((level, kind), added, rows, names)?))
}

fn spelled_piece((level, kind): (Level, Kind), added: &Added, rows: &[Row], names: &Names) -> Result<DataFrame> {
    let codes = rows.iter().map(|row| row.0);
    let mut columns = match level {
        Level::Shop => vec![Column::new("shop_id".into(), codes.map(|shop| names.shop(shop)).collect::<Vec<_>>())],
        Level::Agent | Level::Team => vec![
            Column::new("shop_id".into(), codes.clone().map(|agent| names.shop(names.shop_of_agent(agent))).collect::<Vec<_>>()),
            Column::new("agent_id".into(), codes.map(|agent| names.agent(agent)).collect::<Vec<_>>()),
        ],
    };
    if let Some(name) = NUMBERED.iter().find(|(of, _)| *of == kind).map(|(_, name)| *name) {
        columns.push(Column::new(name.into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()));
    }
    columns.extend(added.columns(rows));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// What the number of a row is called.
const NUMBERED: [(Kind, &str); 2] = [(Kind::Waits, "bucket"), (Kind::Hours, "hour")];

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
fn each(formula: &Formula, rules: &Rules) -> Expr {
    match formula {
        Formula::Sum(_, each) | Formula::Max(_, each) | Formula::Last(_, each) => each(rules).cast(DataType::Int64),
        _ => lit(NULL),
    }
}

/// The same, apart: under which condition a row adds, and the number it adds there, which is 1 without one. Both are sooner gone over than
/// what they come to together is laid out.
fn says(formula: &Formula, rules: &Rules) -> [Option<Expr>; 2] {
    let Formula::Sum(_, each_row) = formula else { return [None, Some(each(formula, rules))] };
    match each_row(rules) {
        Expr::Cast { expr, .. } => [Some(Arc::unwrap_or_clone(expr)), None],
        Expr::Ternary { predicate, truthy, falsy } if *falsy == lit(0i64) => {
            [Some(Arc::unwrap_or_clone(predicate)), Some(Arc::unwrap_or_clone(truthy).cast(DataType::Int64))]
        }
        number => [None, Some(number.cast(DataType::Int64))],
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

/// What the waits state counts.
pub(super) const WAITED: [&str; 2] = ["rounds", "assessed_rounds"];

/// What the hours state counts.
pub(super) const HOURLY: [&str; 5] = ["receptions", "buyer_msgs", "rounds", "wait_ms_sum", "unanswered"];

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
