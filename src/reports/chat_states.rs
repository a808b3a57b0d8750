//! The states of a day's chat facts while shards come: added up by code, spelled out once they are whole.

use super::added::{Added, NOBODY, Row, Says};
use super::states::{Kind, Part, States, each, sum_columns};
use crate::error::Result;
use crate::facts::{ChatFacts, rounds_of, talks_of};
use crate::frames::{collect, held, to_arrow};
use crate::job::Level;
use crate::metrics::{Fact, Formula};
use crate::names::Names;
use crate::rules::Rules;
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Int64Type, UInt32Type};
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, col, lit};
use std::collections::HashMap;
use std::sync::Arc;

/// What the waits state counts.
pub(super) const WAITED: [&str; 2] = ["rounds", "assessed_rounds"];

/// What the hours state counts.
pub(super) const HOURLY: [&str; 5] = ["receptions", "buyer_msgs", "rounds", "wait_ms_sum", "unanswered"];

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

/// What each row of its fact adds to a sum, apart: under which condition, and the number it adds there, which is 1 without one. Both are
/// sooner gone over than what they come to together is laid out.
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
