//! The schema of a day's states: sums, flags of persons, wait histograms, hours, tickets by kind. The state of a period is the merge of its
//! days' states. Sums, maxima and flags merge in any order (but for flags of a last day), so that nightly runs, re-runs and backfills
//! agree.

use crate::error::Result;
use crate::facts::ChatFacts;
use crate::frames::collect;
use crate::metrics;
use crate::metrics::declaration::{Formula, PersonFlag};
use crate::model::Fact;
use crate::model::Level;
use kefu_kernel::rules::Rules;
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, col, lit, when};

/// The source of a state. `Sales` is recomputed while the orders of a day mature; `Chats` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatePart {
    /// The chat log alone.
    Chats,
    /// The other input tables, and the chat log.
    Sales,
}

/// The kinds of state. The key columns are those of [`keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// One row per key: an Int64 column for every `Sum`, `Max` and `Last`. A maximum without a row is null.
    Sums,
    /// One row per key and buyer: `flags` (Int64 bits) and, of chats, `first_buyer_at`, `last_buyer_at` (UTC ms, null without a buyer
    /// line).
    Persons,
    /// One row per key and wait bucket: the counts of [`WAIT_COLUMNS`].
    Waits,
    /// One row per key and hour of the business day: the sums of [`HOUR_COLUMNS`].
    Hours,
    /// One row per key and kind of ticket (null: none given): `tickets` (Int64).
    Tickets,
    /// One row per shop and video (`video_id`, String): an Int64 column for every sum and maximum of [`video_columns`]. A maximum without a
    /// value is null.
    Videos,
}

impl StateKind {
    /// Every kind.
    pub(super) const ALL: [StateKind; 6] =
        [StateKind::Sums, StateKind::Persons, StateKind::Waits, StateKind::Hours, StateKind::Tickets, StateKind::Videos];

    /// The kinds that the chat part has.
    pub const OF_CHATS: [StateKind; 4] = [StateKind::Sums, StateKind::Persons, StateKind::Waits, StateKind::Hours];

    /// Its name in file paths.
    pub fn name(self) -> &'static str {
        match self {
            StateKind::Sums => "sums",
            StateKind::Persons => "persons",
            StateKind::Waits => "waits",
            StateKind::Hours => "hours",
            StateKind::Tickets => "tickets",
            StateKind::Videos => "videos",
        }
    }

    /// The kinds that a part has.
    pub fn of(part: StatePart) -> &'static [StateKind] {
        match part {
            StatePart::Chats => &StateKind::OF_CHATS,
            StatePart::Sales => &[StateKind::Sums, StateKind::Persons, StateKind::Tickets, StateKind::Videos],
        }
    }

    /// The levels that have it. Videos belong to shops alone.
    pub fn levels(self) -> &'static [Level] {
        if self == StateKind::Videos { &[Level::Shop] } else { &Level::ALL }
    }
}

impl StatePart {
    /// Its name in file paths.
    pub fn name(self) -> &'static str {
        match self {
            StatePart::Chats => "chats",
            StatePart::Sales => "sales",
        }
    }

    /// Whether the part holds the sums and flags of a fact.
    pub(super) fn has(self, fact: Fact) -> bool {
        fact.of_chats() == (self == StatePart::Chats)
    }
}

/// The states of one part of one day at one level, one frame per kind.
pub(crate) type StateFrames = Vec<(StateKind, DataFrame)>;

/// The key columns of a level (String).
pub(crate) fn keys(level: Level) -> Vec<&'static str> {
    match level {
        Level::Shop => vec!["shop_id"],
        Level::Agent => vec!["shop_id", "agent_id"],
        Level::Team => vec!["shop_id", "team"],
    }
}

/// The key columns of a level and some more.
pub(super) fn keys_and(level: Level, more: &[&'static str]) -> Vec<&'static str> {
    [&keys(level), more].concat()
}

/// Column expressions by name.
pub(super) fn cols(names: &[&str]) -> Vec<Expr> {
    names.iter().map(|name| col(*name)).collect()
}

/// A sum or maximum of a state: metric id, fact, and the formula that decides how rows and days merge.
pub(super) type SumColumn = (&'static str, Fact, &'static Formula);

/// The sums of a level and part, in the order of the catalogue.
pub(super) fn sum_columns(level: Level, part: StatePart) -> impl Iterator<Item = SumColumn> {
    metrics::of_level(level).filter_map(move |metric| match &metric.formula {
        formula @ (Formula::Sum(fact, ..) | Formula::Told(fact, ..) | Formula::Max(fact, _) | Formula::Last(fact, _))
            if part.has(*fact) =>
        {
            Some((metric.id.as_str(), *fact, formula))
        }
        _ => None,
    })
}

/// The sums that each video has: those of a shop over its videos.
pub(super) fn video_columns() -> impl Iterator<Item = SumColumn> {
    sum_columns(Level::Shop, StatePart::Sales).filter(|(_, fact, _)| *fact == Fact::Videos)
}

/// What each row of its fact adds to a sum or a maximum, as Int64.
pub(super) fn row_value(formula: &Formula, rules: &Rules) -> Expr {
    match formula {
        Formula::Sum(_, summand) => summand.expression(rules),
        Formula::Told(_, value, _) | Formula::Max(_, value) | Formula::Last(_, value) => value(rules).cast(DataType::Int64),
        _ => lit(NULL),
    }
}

/// The flags of a part as the Int64 column `flags`: bit i is the i-th declared flag.
pub(super) fn flag_bits(part: StatePart, holds: impl Fn(&PersonFlag) -> Expr) -> Expr {
    let flags = metrics::flags();
    let bit = |(bit, flag): (usize, &PersonFlag)| when(holds(flag)).then(lit(1i64 << bit)).otherwise(lit(0i64)).cast(DataType::Int64);
    let of_part = flags.iter().enumerate().filter(|(_, flag)| part.has(flag.of));
    of_part.map(bit).reduce(|sum, bit| sum + bit).unwrap_or_else(|| lit(0i64)).alias("flags")
}

/// The persons of one shard: `shop`, `agent` (agent level), `buyer` (UInt32 codes), `flags` (Int64), and `first_buyer_at`, `last_buyer_at`
/// (UTC ms, null without a buyer line), which inquiries and silent orders need.
pub fn shard_persons(level: Level, facts: &ChatFacts, rules: &Rules) -> Result<DataFrame> {
    let flags = flag_bits(StatePart::Chats, |flag| (flag.holds)(rules));
    let codes: &[&str] = if level == Level::Agent { &["shop", "agent"] } else { &["shop"] };
    let columns = [cols(codes), vec![col("buyer"), flags, col("first_buyer_at"), col("last_buyer_at")]].concat();
    collect(facts.peer_days_of(level).clone().lazy().select(columns))
}

/// The value columns of the waits state: counts of answered rounds (Int64).
pub(super) const WAIT_COLUMNS: [&str; 2] = ["rounds", "assessed_rounds"];

/// The value columns of the hours state: counts, and a sum of ms (Int64).
pub(super) const HOUR_COLUMNS: [&str; 5] = ["receptions", "buyer_msgs", "rounds", "wait_ms_sum", "unanswered"];
