//! The states of a day's chat facts while its shards arrive. They are accumulated by code; ids replace the codes when rows are emitted.

use super::accumulator::{GroupRow, GroupedAccumulator, NO_GROUP};
use super::accumulator_input::AccumulatorInput;
use super::schema::{StateFrames, StateKind, StatePart, row_value, sum_columns};
use crate::error::Result;
use crate::facts::{ChatFacts, rounds_of};
use crate::frames::{collect, held, to_arrow};
use crate::metrics::declaration::Formula;
use crate::model::Fact;
use crate::model::Level;
use crate::names::Names;
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Int64Type, UInt32Type};
use kefu_kernel::rules::Rules;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, col, lit};
use std::collections::HashMap;

/// The states of chat facts at one level, of a shard or of the shards of a day so far. Group ids are codes of `Names`: of the shop at shop
/// level, else of the agent.
pub struct ChatAccumulators {
    level: Level,
    sums: GroupedAccumulator,
    waits: GroupedAccumulator,
    hours: GroupedAccumulator,
}

/// Receives each piece of a state: its level, its kind and its rows, with ids.
pub(crate) type StateSink<'a> = &'a mut dyn FnMut(Level, StateKind, DataFrame) -> Result<()>;

/// Computes the states of one shard's chat facts at one level. Errors: a metric's expression fails.
pub fn shard_states(level: Level, facts: &ChatFacts, rules: &Rules) -> Result<ChatAccumulators> {
    let mut states = ChatAccumulators::new(level);
    let sessions = facts.sessions_of(level);
    let (rounds, counted) = rounds_of(level, &facts.rounds);
    states.add_sums(&sessions, &[(Fact::Sessions, lit(true))], rules)?;
    let assessed = counted.clone().and(col("assessed"));
    let mut facts_of_rounds = vec![(Fact::Rounds, counted.clone()), (Fact::AssessedRounds, assessed)];
    if level == Level::Shop {
        facts_of_rounds.push((Fact::RobotRounds, col("is_robot")));
    }
    states.add_sums(&rounds, &facts_of_rounds, rules)?;
    states.add_sums(&facts.peer_days_of(level).clone().lazy(), &[(Fact::PeerDays, lit(true))], rules)?;
    states.add_hours(&sessions, &rounds, &counted, &facts.hours)?;
    states.add_waits(&rounds, &counted)?;
    Ok(states)
}

/// The column of group ids of a level. An agent's code determines the shop.
fn group_column(level: Level) -> &'static str {
    match level {
        Level::Shop => "shop",
        Level::Agent | Level::Team => "agent",
    }
}

impl ChatAccumulators {
    /// Empty states of a level.
    pub fn new(level: Level) -> ChatAccumulators {
        let sums = GroupedAccumulator::of_sums(level, StatePart::Chats);
        ChatAccumulators { level, sums, waits: GroupedAccumulator::of_waits(), hours: GroupedAccumulator::of_hours() }
    }

    /// The columns of each kind of state, without rows.
    pub fn empty_frames(level: Level, names: &Names) -> Result<StateFrames> {
        let empty = ChatAccumulators::new(level);
        let kinds = [(StateKind::Sums, empty.sums), (StateKind::Waits, empty.waits), (StateKind::Hours, empty.hours)];
        kinds.into_iter().map(|(kind, accumulator)| Ok((kind, named_rows((level, kind), &accumulator, &[], names)?))).collect()
    }

    /// Adds the sums of facts that share their rows; each fact counts the rows for which its condition holds.
    fn add_sums(&mut self, rows: &LazyFrame, facts: &[(Fact, Expr)], rules: &Rules) -> Result<()> {
        // Expressions that several sums share are evaluated once.
        let mut expressions: Vec<Expr> = Vec::new();
        let mut index = |value: Expr| {
            expressions.iter().position(|known| *known == value).unwrap_or_else(|| {
                expressions.push(value);
                expressions.len() - 1
            })
        };
        let level = self.level;
        let mut sums_of = |fact: Fact| {
            let sums = sum_columns(level, StatePart::Chats).filter(|(_, of, _)| *of == fact);
            let indexes = sums.map(|(id, _, formula)| (id, addends(formula, rules).map(|value| value.map(&mut index))));
            indexes.collect::<HashMap<_, _>>()
        };
        let sums = facts.iter().map(|(fact, _)| sums_of(*fact)).collect::<Vec<_>>();
        let rows = EvaluatedRows::collect(rows, level, facts.iter().map(|(_, counted)| counted), expressions)?;
        for (group_ids, sums) in rows.group_ids.iter().zip(&sums) {
            let column = |index: usize| &rows.columns[index];
            self.sums.update_batch(group_ids, |id| match *sums.get(id)? {
                [Some(condition), Some(number)] => Some(AccumulatorInput::new(column(number)).filter(column(condition))),
                [one, other] => one.or(other).map(|index| AccumulatorInput::new(column(index))),
            });
        }
        Ok(())
    }

    /// Adds answered rounds to the wait histograms: `rounds` and `assessed_rounds` by bucket.
    fn add_waits(&mut self, rounds: &LazyFrame, counted: &Expr) -> Result<()> {
        let answered = counted.clone().and(col("answered"));
        update_by(
            &mut self.waits,
            self.level,
            rounds,
            &answered,
            "bucket",
            vec![("rounds", col("answered")), ("assessed_rounds", col("assessed"))],
        )
    }

    /// Adds to the hours: `receptions` by their first buyer or reply line, `buyer_msgs` by their time, and `rounds`, `wait_ms_sum` (ms) and
    /// `unanswered` by their question.
    fn add_hours(&mut self, sessions: &LazyFrame, rounds: &LazyFrame, counted: &Expr, hours: &DataFrame) -> Result<()> {
        let own = match self.level {
            Level::Shop => col("agent").eq(lit(0u32)),
            Level::Agent | Level::Team => col("agent").neq(lit(0u32)),
        };
        let has_line = col("first_at").is_not_null();
        let counted_lines = own.and(col("filtered").eq(lit(0u32)));
        let asked_rounds = counted.clone().and(col("handed_over").not());
        let round_columns =
            vec![("rounds", col("asked_hour").is_not_null()), ("wait_ms_sum", col("wait_ms")), ("unanswered", col("answered").not())];
        let (hours, level) = (hours.clone().lazy(), self.level);
        update_by(&mut self.hours, level, sessions, &has_line, "first_hour", vec![("receptions", has_line.clone())])?;
        update_by(&mut self.hours, level, &hours, &counted_lines, "hour", vec![("buyer_msgs", col("buyer_msgs"))])?;
        update_by(&mut self.hours, level, rounds, &asked_rounds, "asked_hour", round_columns)
    }

    /// Merges other states of the same level.
    pub fn merge(&mut self, other: &ChatAccumulators) {
        self.sums.merge_batch(&other.sums);
        self.waits.merge_batch(&other.waits);
        self.hours.merge_batch(&other.hours);
    }

    /// Whether there are so many sums that those of complete shops are emitted early. Their peaks must be added before that.
    pub fn has_many_sums(&self) -> bool {
        self.sums.len() > PIECE
    }

    /// Adds the concurrency peaks of some agents, each once a day.
    pub fn add_peaks(&mut self, peaks: &DataFrame, rules: &Rules) -> Result<()> {
        self.add_sums(&peaks.clone().lazy(), &[(Fact::Concurrency, lit(true))], rules)
    }

    /// Emits the states of every shop but `last_shop`, if there are many, sorted by code and in pieces. Shards arrive shop by shop, so that no
    /// later shard adds to those shops.
    pub fn emit_complete(&mut self, last_shop: u32, names: &Names, each: StateSink) -> Result<()> {
        let level = self.level;
        let is_complete =
            |group_id: u32| if level == Level::Shop { group_id != last_shop } else { names.shop_of_agent(group_id) != last_shop };
        let mut keyed = [(StateKind::Sums, &mut self.sums), (StateKind::Waits, &mut self.waits), (StateKind::Hours, &mut self.hours)];
        let mut large = keyed.iter_mut().filter(|(_, accumulator)| accumulator.len() > PIECE);
        large.try_for_each(|(kind, accumulator)| emit_named((level, *kind), &accumulator.emit(is_complete), names, each))
    }

    /// Emits everything else in the same way. `peaks`: the concurrency peaks of the day that have not been added.
    pub fn emit_all(mut self, peaks: &DataFrame, names: &Names, rules: &Rules, each: StateSink) -> Result<()> {
        self.add_peaks(peaks, rules)?;
        let mut all = [(StateKind::Sums, self.sums), (StateKind::Waits, self.waits), (StateKind::Hours, self.hours)].into_iter();
        all.try_for_each(|(kind, accumulator)| emit_named((self.level, kind), &accumulator, names, each))
    }
}

/// The evaluated expressions of some rows.
struct EvaluatedRows {
    /// For each condition, the group id of each row, or `NO_GROUP` where the condition does not hold.
    group_ids: Vec<Vec<u32>>,
    columns: Vec<ArrayRef>,
}

impl EvaluatedRows {
    /// Evaluates conditions and columns over rows.
    fn collect<'a>(
        rows: &LazyFrame,
        level: Level,
        conditions: impl Iterator<Item = &'a Expr>,
        columns: Vec<Expr>,
    ) -> Result<EvaluatedRows> {
        let conditions = conditions.cloned().collect::<Vec<_>>();
        let count = conditions.len();
        let all = [vec![col(group_column(level))], conditions, columns].concat();
        let named = all.into_iter().enumerate().map(|(nth, value)| value.alias(nth.to_string()));
        // Every thread has a shard of its own, so that one query does not need a second.
        let rows = to_arrow(&collect(rows.clone().select_seq(named.collect::<Vec<_>>()))?)?;
        let codes = rows.column(0).as_primitive::<UInt32Type>().values();
        let ids_where = |condition: &ArrayRef| {
            let mut group_ids = vec![NO_GROUP; rows.num_rows()];
            held(condition.as_boolean()).set_slices().for_each(|(from, to)| group_ids[from..to].copy_from_slice(&codes[from..to]));
            group_ids
        };
        let group_ids = rows.columns()[1..=count].iter().map(ids_where).collect();
        Ok(EvaluatedRows { group_ids, columns: rows.columns()[count + 1..].to_vec() })
    }
}

/// Updates an accumulator with the rows for which `counted` holds, by group and the second key in column `key`.
fn update_by(
    accumulator: &mut GroupedAccumulator,
    level: Level,
    rows: &LazyFrame,
    counted: &Expr,
    key: &str,
    columns: Vec<(&str, Expr)>,
) -> Result<()> {
    let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let rows = EvaluatedRows::collect(rows, level, std::iter::once(counted), [vec![col(key)], values].concat())?;
    let inputs = |name: &str| names.iter().position(|other| *other == name).map(|index| AccumulatorInput::new(&rows.columns[index + 1]));
    accumulator.update_batch_by(&rows.group_ids[0], rows.columns[0].as_primitive::<Int64Type>().values(), inputs);
    Ok(())
}

/// The number of rows that get ids at once, and above which the rows of complete shops are emitted early.
const PIECE: usize = 1 << 17;

/// Emits the rows of an accumulator with ids instead of codes, in pieces.
fn emit_named((level, kind): (Level, StateKind), accumulator: &GroupedAccumulator, names: &Names, each: StateSink) -> Result<()> {
    let rows = accumulator.rows().collect::<Vec<_>>();
    rows.chunks(PIECE).try_for_each(|rows| each(level, kind, named_rows((level, kind), accumulator, rows, names)?))
}

/// Rows as a frame: id columns, the second key if the kind has one, and the value columns.
fn named_rows((level, kind): (Level, StateKind), accumulator: &GroupedAccumulator, rows: &[GroupRow], names: &Names) -> Result<DataFrame> {
    let codes = rows.iter().map(|row| row.0);
    let mut columns = match level {
        Level::Shop => vec![Column::new("shop_id".into(), codes.map(|shop| names.shop(shop)).collect::<Vec<_>>())],
        Level::Agent | Level::Team => vec![
            Column::new("shop_id".into(), codes.clone().map(|agent| names.shop(names.shop_of_agent(agent))).collect::<Vec<_>>()),
            Column::new("agent_id".into(), codes.map(|agent| names.agent(agent)).collect::<Vec<_>>()),
        ],
    };
    if let Some(name) = SECOND_KEYS.iter().find(|(keyed, _)| *keyed == kind).map(|(_, name)| *name) {
        columns.push(Column::new(name.into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()));
    }
    columns.extend(accumulator.state(rows));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// The name of the second key of each kind of state that has one.
const SECOND_KEYS: [(StateKind, &str); 2] = [(StateKind::Waits, "bucket"), (StateKind::Hours, "hour")];

/// The condition under which a row of a fact adds to a sum, and the number it adds (`None`: 1). They are evaluated apart, because the
/// accumulator takes a bitmap and a column faster than it takes the column that joins them.
fn addends(formula: &Formula, rules: &Rules) -> [Option<Expr>; 2] {
    match formula {
        Formula::Sum(_, summand) => [summand.condition(rules), summand.value(rules).map(|value| value.cast(DataType::Int64))],
        formula => [None, Some(row_value(formula, rules))],
    }
}
