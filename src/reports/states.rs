//! Mergeable states of a day: sums, persons' flags, wait histograms, hours. A period's state is the merge of its days' states,
//! in any order; that is what makes nightly runs, re-runs and backfills agree.

use crate::error::Result;
use crate::facts::{ChatFacts, frame, peer_days, rounds_of, talks_of};
use crate::frames::{collect, stack};
use crate::job::Level;
use crate::metrics::{self, Fact, Formula};
use crate::names::Names;
use crate::rules::Rules;
use arrow::array::Array as _;
use polars::prelude::*;

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
    /// One row per key and buyer: a column for every flag, and (of chats) `first_buyer_at`, `last_buyer_at`.
    Persons,
    /// One row per key and wait bucket: `rounds`, `assessed_rounds`.
    Waits,
    /// One row per key and hour of the business day.
    Hours,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Sums, Kind::Persons, Kind::Waits, Kind::Hours];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Sums => "sums",
            Kind::Persons => "persons",
            Kind::Waits => "waits",
            Kind::Hours => "hours",
        }
    }

    /// The kinds a part has.
    pub fn of(part: Part) -> &'static [Kind] {
        match part {
            Part::Chats => &Kind::ALL,
            Part::Sales => &[Kind::Sums, Kind::Persons],
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
pub struct States(pub Vec<(Kind, DataFrame)>);

/// The columns that name a level's rows.
pub(super) fn keys(level: Level) -> Vec<&'static str> {
    match level {
        Level::Shop => vec!["shop_id"],
        Level::Agent => vec!["shop_id", "agent_id"],
    }
}

fn with(level: Level, more: &[&'static str]) -> Vec<&'static str> {
    [&keys(level), more].concat()
}

fn cols(names: &[&str]) -> Vec<Expr> {
    names.iter().map(|name| col(*name)).collect()
}

/// The states of a day's chat facts.
pub fn chat_states(level: Level, facts: &ChatFacts, rules: &Rules) -> Result<States> {
    let talks = talks_of(level, &facts.sessions, &facts.receptions);
    let rounds = rounds_of(level, &facts.rounds, false);
    let sources = [
        (Fact::Talks, talks.clone()),
        (Fact::Rounds, rounds.clone()),
        (Fact::AssessedRounds, rounds_of(level, &facts.rounds, true)),
        (Fact::PeerDays, peer_days(level, &facts.sessions, &facts.receptions)),
        (Fact::Peaks, facts.peaks.clone().lazy()),
    ];
    let codes = match level {
        Level::Shop => vec!["shop"],
        Level::Agent => vec!["shop", "agent"],
    };
    let names = NameFrames::new(&facts.names)?;
    let sums = sums(level, Part::Chats, &sources, &codes, rules)?;
    let persons = chat_persons(&sources, &codes, rules)?;
    let hours = hours(level, talks, rounds.clone(), &facts.hours, &codes)?;
    let waits = rounds
        .filter(col("answered"))
        .group_by(cols(&[&codes[..], &["bucket"]].concat()))
        .agg([len().cast(DataType::Int64).alias("rounds"), col("assessed").cast(DataType::Int64).sum().alias("assessed_rounds")]);
    let frames = [(Kind::Sums, sums), (Kind::Persons, persons), (Kind::Waits, waits), (Kind::Hours, hours)];
    let spelled = frames.into_iter().map(|(kind, frame)| Ok((kind, collect(keys_first(names.spell(level, kind, frame), level, kind))?)));
    Ok(States(spelled.collect::<Result<_>>()?))
}

/// Names for codes, to be joined once a frame is small.
struct NameFrames {
    shops: DataFrame,
    agents: DataFrame,
    buyers: DataFrame,
}

impl NameFrames {
    fn new(names: &Names) -> Result<NameFrames> {
        let named = |code: &str, id: &str, ids: arrow::array::StringArray| -> Result<DataFrame> {
            let codes = Column::new(code.into(), (0..ids.len() as u32).collect::<Vec<_>>());
            Ok(DataFrame::new_infer_height(vec![codes, Column::new(id.into(), ids.iter().collect::<Vec<_>>())])?)
        };
        Ok(NameFrames {
            shops: named("shop", "shop_id", names.shop_ids())?,
            agents: named("agent", "agent_id", names.agent_ids())?,
            buyers: named("buyer", "buyer_id", names.buyer_ids())?,
        })
    }

    fn spell(&self, level: Level, kind: Kind, frame: LazyFrame) -> LazyFrame {
        let mut spelled = frame;
        let mut codes = vec![("shop", &self.shops)];
        if level == Level::Agent {
            codes.push(("agent", &self.agents));
        }
        if kind == Kind::Persons {
            codes.push(("buyer", &self.buyers));
        }
        for (code, names) in codes {
            spelled = spelled.left_join(names.clone().lazy(), col(code), col(code));
            spelled = spelled.drop(Selector::ByName { names: [PlSmallStr::from_static(code)].into(), strict: true });
        }
        spelled
    }
}

/// Columns and merges of the sums a level and part have.
fn sum_columns(level: Level, part: Part) -> impl Iterator<Item = (&'static str, Fact, &'static Formula)> {
    metrics::of_level(level).filter_map(move |metric| match &metric.formula {
        formula @ (Formula::Sum(fact, _) | Formula::Max(fact, _)) if part.has(*fact) => Some((metric.id.as_str(), *fact, formula)),
        _ => None,
    })
}

fn sums(level: Level, part: Part, sources: &[(Fact, LazyFrame)], keys: &[&str], rules: &Rules) -> Result<LazyFrame> {
    let mut parts = Vec::new();
    for (fact, rows) in sources {
        let aggregates = sum_columns(level, part).filter(|(_, of, _)| of == fact).map(|(id, _, formula)| match formula {
            Formula::Sum(_, each) => each(rules).cast(DataType::Int64).sum().alias(id),
            Formula::Max(_, each) => each(rules).cast(DataType::Int64).max().alias(id),
            _ => lit(NULL),
        });
        let aggregates = aggregates.collect::<Vec<_>>();
        if aggregates.is_empty() {
            continue;
        }
        let summed = rows.clone().group_by(cols(keys)).agg(aggregates);
        let columns =
            sum_columns(level, part).map(|(id, of, _)| if of == *fact { col(id) } else { lit(NULL).cast(DataType::Int64).alias(id) });
        parts.push(summed.select([cols(keys), columns.collect()].concat()));
    }
    Ok(merged_sums(level, part, stack(parts)?, keys))
}

fn merged_sums(level: Level, part: Part, rows: LazyFrame, keys: &[&str]) -> LazyFrame {
    let merges = sum_columns(level, part).map(|(id, _, formula)| match formula {
        Formula::Max(..) => col(id).max(),
        _ => col(id).sum(),
    });
    rows.group_by(cols(keys)).agg(merges.collect::<Vec<_>>())
}

fn flag_names(part: Part) -> Vec<String> {
    metrics::flags().into_iter().filter(|flag| part.has(flag.of)).map(|flag| flag.name).collect()
}

/// Persons of the day with the flags of each fact, merged by "any".
fn persons(part: Part, sources: &[(Fact, LazyFrame)], keys: &[&str], rules: &Rules) -> Result<LazyFrame> {
    let flags = metrics::flags();
    let mut parts = Vec::new();
    for (fact, rows) in sources {
        let own = flags.iter().filter(|flag| flag.of == *fact).collect::<Vec<_>>();
        if own.is_empty() {
            continue;
        }
        let aggregates = own.iter().map(|flag| (flag.holds)(rules).alias(flag.name.as_str())).collect::<Vec<_>>();
        let columns = flags.iter().filter(|flag| part.has(flag.of));
        let columns = columns.map(|flag| if flag.of == *fact { col(flag.name.as_str()) } else { lit(false).alias(flag.name.as_str()) });
        parts.push(rows.clone().group_by(cols(keys)).agg(aggregates).select([cols(keys), columns.collect()].concat()));
    }
    let any = flag_names(part).into_iter().map(|name| col(name).max()).collect::<Vec<_>>();
    Ok(stack(parts)?.group_by(cols(keys)).agg(any))
}

fn chat_persons(sources: &[(Fact, LazyFrame)], codes: &[&str], rules: &Rules) -> Result<LazyFrame> {
    let keys = [codes, &["buyer"]].concat();
    let instants = peer_instants(sources, &keys);
    // Slow response is said of received buyers: the two must hold on one day.
    let received = |flag: &str| col(flag).and(col("receive")).alias(flag);
    let persons = persons(Part::Chats, sources, &keys, rules)?;
    let persons = persons.with_columns([received("slow"), received("slow_assessed")]);
    Ok(persons.join(instants, cols(&keys), cols(&keys), JoinArgs::new(JoinType::Left)))
}

/// First and last buyer line of each person: what inquiry and silence look at.
fn peer_instants(sources: &[(Fact, LazyFrame)], keys: &[&str]) -> LazyFrame {
    let peers = sources.iter().find(|(fact, _)| *fact == Fact::PeerDays).map(|(_, rows)| rows.clone()).unwrap_or_default();
    peers.select([cols(keys), vec![col("first_buyer_at"), col("last_buyer_at")]].concat())
}

/// What the hours state counts.
const HOURLY: [&str; 5] = ["receptions", "buyer_msgs", "rounds", "wait_ms_sum", "unanswered"];

/// Columns: `hour`, `receptions` (by their first buyer or reply line), `buyer_msgs`, `rounds`, `wait_ms_sum`, `unanswered` (by the question).
fn hours(level: Level, talks: LazyFrame, rounds: LazyFrame, hours: &DataFrame, codes: &[&str]) -> Result<LazyFrame> {
    let hour = |of: &str| col(of).alias("hour");
    let one = |condition: Expr, name: &str| condition.cast(DataType::Int64).sum().alias(name);
    let spoken = hours.clone().lazy().filter(col("filtered").eq(lit(0u32))).filter(match level {
        Level::Shop => col("agent").eq(lit(0u32)),
        Level::Agent => col("agent").neq(lit(0u32)),
    });
    let keys = [codes, &["hour"]].concat();
    let receptions = talks
        .filter(col("first_at").is_not_null())
        .with_column(hour("first_hour"))
        .group_by(cols(&keys))
        .agg([one(lit(true).and(col("hour").is_not_null()), "receptions")]);
    let asked = rounds.filter(col("handed_over").not()).with_column(hour("asked_hour")).group_by(cols(&keys)).agg([
        one(col("hour").is_not_null(), "rounds"),
        when(col("answered")).then(col("wait_ms")).otherwise(lit(0i64)).sum().alias("wait_ms_sum"),
        one(col("answered").not(), "unanswered"),
    ]);
    let spoken = spoken.group_by(cols(&keys)).agg([col("buyer_msgs").sum()]);
    let padded = |rows: LazyFrame, has: &[&str]| {
        let columns = HOURLY.map(|name| if has.contains(&name) { col(name) } else { lit(0i64).cast(DataType::Int64).alias(name) });
        rows.select([cols(&keys), columns.to_vec()].concat())
    };
    let parts =
        [padded(receptions, &["receptions"]), padded(spoken, &["buyer_msgs"]), padded(asked, &["rounds", "wait_ms_sum", "unanswered"])];
    Ok(stack(parts)?.group_by(cols(&keys)).agg(HOURLY.map(|name| col(name).sum())))
}

/// The states of a day's order facts. `None`: the table is not configured, and the state has no rows of it.
pub fn sales_states(
    level: Level,
    inquiries: Option<LazyFrame>,
    credits: Option<&DataFrame>,
    paid: Option<LazyFrame>,
    visits: Option<DataFrame>,
    rules: &Rules,
) -> Result<States> {
    let credited = credits.map(|rows| match level {
        Level::Shop => rows.clone().lazy(),
        Level::Agent => rows.clone().lazy().filter(col("agent_id").is_not_null()),
    });
    let inquiries = inquiries.map(Ok).unwrap_or_else(|| {
        empty(level, &[("lost", DataType::Int64)], &["order_same_day", "order_final", "pay_next_day", "pay_final", "inquiry"])
    })?;
    let credited = credited.map(Ok).unwrap_or_else(|| {
        empty(
            level,
            &[
                ("rule", DataType::String),
                ("role", DataType::String),
                ("amount", DataType::Int64),
                ("quantity", DataType::Int64),
                ("postage", DataType::Int64),
            ],
            &["own"],
        )
    })?;
    let visits = visits.map(|frame| Ok(frame.lazy())).unwrap_or_else(|| empty(level, &[("visitors", DataType::Int64)], &[]))?;
    // Who paid is said of orders, not of credits: a row of its own, with no role in any sale.
    let paid = paid.map(Ok).unwrap_or_else(|| empty(level, &[], &["paid", "paid_silently"]))?;
    let paid = paid
        .with_columns([lit("").alias("rule"), lit("").alias("role")])
        .select([cols(&with(level, &["buyer_id"])), cols(&["rule", "role", "paid", "paid_silently"])].concat());
    let roles = credited
        .clone()
        .with_columns([lit(false).alias("paid"), lit(false).alias("paid_silently")])
        .select([cols(&with(level, &["buyer_id"])), cols(&["rule", "role", "paid", "paid_silently"])].concat());
    let sums = sums(
        level,
        Part::Sales,
        &[(Fact::Inquiries, inquiries.clone()), (Fact::Credits, credited), (Fact::Visits, visits)],
        &keys(level),
        rules,
    )?;
    let persons =
        persons(Part::Sales, &[(Fact::Inquiries, inquiries), (Fact::Credits, stack([roles, paid])?)], &with(level, &["buyer_id"]), rules)?;
    let frames = [(Kind::Sums, sums), (Kind::Persons, persons)];
    Ok(States(frames.into_iter().map(|(kind, frame)| Ok((kind, collect(keys_first(frame, level, kind))?))).collect::<Result<_>>()?))
}

/// No rows, with the columns a fact would have.
fn empty(level: Level, columns: &[(&str, DataType)], flags: &[&str]) -> Result<LazyFrame> {
    let ids = with(level, &["buyer_id"]).into_iter().map(|name| (name, DataType::String));
    let flags = flags.iter().map(|name| (*name, DataType::Boolean));
    let all = ids.chain(columns.iter().cloned()).chain(flags);
    let columns = all.map(|(name, dtype)| Column::new_empty(name.into(), &dtype)).collect();
    Ok(DataFrame::new_infer_height(columns)?.lazy())
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
    }
}

/// Merges the sums of days: the same whatever their order.
pub fn merge_sums(level: Level, part: Part, days: Vec<DataFrame>) -> Result<LazyFrame> {
    Ok(merged_sums(level, part, stack(days.into_iter().map(IntoLazy::lazy))?, &keys(level)))
}

/// Merges the wait histograms of days.
pub fn merge_waits(level: Level, days: Vec<DataFrame>) -> Result<LazyFrame> {
    added(days, &with(level, &["bucket"]), &["rounds", "assessed_rounds"])
}

/// Merges the hours of days.
pub fn merge_hours(level: Level, days: Vec<DataFrame>) -> Result<LazyFrame> {
    added(days, &with(level, &["hour"]), &HOURLY)
}

fn added(days: Vec<DataFrame>, keys: &[&str], counts: &[&str]) -> Result<LazyFrame> {
    let sums = counts.iter().map(|name| col(*name).sum()).collect::<Vec<_>>();
    Ok(stack(days.into_iter().map(IntoLazy::lazy))?.group_by(cols(keys)).agg(sums))
}

/// Visitors of a day as a fact: one row per shop.
pub fn visits_frame(rows: &[(String, i64)]) -> Result<DataFrame> {
    Ok(frame! {
        "shop_id" => rows.iter().map(|r| r.0.as_str()).collect::<Vec<_>>(),
        "visitors" => rows.iter().map(|r| r.1).collect::<Vec<_>>(),
    }?)
}
