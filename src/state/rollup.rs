//! The rollup of day states to periods: each day's states are read once and merged into the day, week, month, quarter and year that hold
//! it. The merge is the same for every period. Only flags of a person's last day depend on the order of days, which is why days must arrive
//! in order; nightly runs, re-runs and backfills therefore agree.

use super::accumulator::{GroupRows, GroupedAccumulator, NO_GROUP};
use super::accumulator_input::AccumulatorInput;
use super::buyer_index::BuyerIndex;
use super::group_index::{GroupIndex, GroupsByAgent};
use super::schema::{StateKind, StatePart, keys};
use crate::config::ShopSet;
use crate::error::Result;
use crate::frames::collect;
use crate::metrics;
use crate::metrics::declaration;
use crate::metrics::declaration::FlagMerge;
use crate::model::Level;
use crate::names::Interner;
use arrow::array::types::Int64Type;
use arrow::array::{AsArray, RecordBatch};
use hashbrown::HashMap;
use kefu_kernel::calendar::Day;
use polars::prelude::*;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Some rows of one state of a day, with `shop_id`, `agent_id` and `video_id` as dictionary columns.
pub type StateBatch = (Level, StatePart, StateKind, RecordBatch);

/// The first and the last day with states of a period, which identify it: all days with states between them belong to it.
pub type DayRange = (Day, Day);

/// What accounts belong to on a day. Days on which nothing changes share the maps.
#[derive(Clone, Default)]
pub struct AgentGroups {
    /// The team of each account. Empty: there are no teams.
    pub teams: Arc<GroupsByAgent>,
    /// The row of the staff table that holds for each account, as a number. Empty: nobody asks for sums by row.
    pub staff_rows: Arc<GroupsByAgent>,
}

/// The rollups of the reported levels, in the order of [`Level::REPORTED`], and the sums by row of the staff table. The states of a team or
/// row are the merge of its accounts' states on the days on which they belong to it, so that both read the agents' states.
pub struct Rollups([LevelRollup; 4]);

/// The merged states of a period: of shops, agents and teams, and the sums by row of the staff table, whose number stands as `team`.
pub type MergedStates = [PeriodState; 4];

impl Default for Rollups {
    fn default() -> Rollups {
        // Hours are shown of no team (DECISIONS #45).
        let of_teams = &[StateKind::Sums, StateKind::Persons, StateKind::Waits, StateKind::Tickets];
        Rollups([
            LevelRollup::new(Level::Shop),
            LevelRollup::new(Level::Agent),
            LevelRollup { kinds: of_teams, ..LevelRollup::new(Level::Team) },
            LevelRollup { kinds: &[StateKind::Sums], ..LevelRollup::new(Level::Team) },
        ])
    }
}

impl Rollups {
    /// Merges states of a day into the periods that hold it, the levels in parallel. `groups`: those of the day.
    pub fn add(&mut self, periods: &[DayRange], groups: &AgentGroups, states: &[StateBatch]) {
        let [_, _, teams, staff_rows] = &mut self.0;
        teams.group_index.set_groups_by_agent(&groups.teams);
        staff_rows.group_index.set_groups_by_agent(&groups.staff_rows);
        self.0.par_iter_mut().for_each(|rollup| {
            for (level, part, kind, rows) in states {
                if rollup.reads(*level, *kind) {
                    rollup.add(periods, *part, *kind, rows);
                }
            }
        });
    }

    /// Finishes a period and returns its states. A period without days with states has no rows.
    pub fn close(&mut self, period: DayRange) -> Result<MergedStates> {
        let [shops, agents, teams, staff_rows] = self.0.each_mut().map(|rollup| rollup.close(period));
        Ok([shops?, agents?, teams?, staff_rows?])
    }
}

/// The open periods of one level.
pub struct LevelRollup {
    level: Level,
    /// The kinds of state that it merges.
    kinds: &'static [StateKind],
    group_index: GroupIndex,
    /// The videos of shops.
    video_index: GroupIndex,
    /// Numbers of persons; a person is a buyer of one group.
    buyer_index: BuyerIndex,
    periods: BTreeMap<DayRange, OpenPeriod>,
    /// Codes of the kinds of tickets.
    ticket_kinds: Interner,
    last_days: Vec<LastDay>,
}

/// Flags that a period takes from the last day on which a named flag held ([`FlagMerge::LastOf`]).
struct LastDay {
    /// The bit of the named flag.
    bit: u64,
    /// The bits of the flags that a later such day replaces.
    replaced: u64,
}

/// The merged states of a period at one level.
pub struct PeriodState {
    /// Of chats and of sales: one row per key, an Int64 column per sum or maximum (null: a maximum without a row). In no order.
    pub sums: [DataFrame; 2],
    /// One row per key and combination of flags: a Boolean column per flag, and `persons` (Int64), the number of persons. In no order.
    pub persons: DataFrame,
    /// The wait histograms: the counts of each bucket.
    pub waits: GroupedCounts,
    /// The sums of each hour of the business day.
    pub hours: GroupedCounts,
    /// One row per key and kind: `kind` (String, null: none given), `tickets`, and `of` (Int64), the key's tickets of all kinds. In no
    /// order.
    pub tickets: DataFrame,
    /// One row per shop and video: `shop_id`, `video_id` (String), and an Int64 column per sum or maximum of videos, as in `sums`. Without
    /// rows at other levels than that of shops. In no order.
    pub videos: DataFrame,
}

impl PeriodState {
    /// The state restricted to the shops of a shop set.
    pub fn filter(&self, shop_set: &ShopSet) -> Result<PeriodState> {
        let rows = |frame: &DataFrame| collect(shop_set.of(frame.clone().lazy())?);
        let [chats, sales] = self.sums.each_ref().map(rows);
        let counts = |counts: &GroupedCounts| {
            let groups = counts.groups.iter().filter(|group| shop_set.has(&group.shop)).cloned().collect();
            GroupedCounts { groups, names: counts.names.clone() }
        };
        Ok(PeriodState {
            sums: [chats?, sales?],
            persons: rows(&self.persons)?,
            waits: counts(&self.waits),
            hours: counts(&self.hours),
            tickets: rows(&self.tickets)?,
            videos: rows(&self.videos)?,
        })
    }
}

/// Sums by group and a second key: a wait bucket or an hour.
#[derive(Clone)]
pub struct GroupedCounts {
    /// Ordered by shop, then agent or team.
    pub groups: Vec<GroupCounts>,
    /// The names of the values of a row.
    pub names: Vec<&'static str>,
}

/// The sums of one group.
#[derive(Clone)]
pub struct GroupCounts {
    /// The shop id.
    pub shop: String,
    /// The agent id, or at team level the team; `None` at shop level.
    pub agent: Option<String>,
    rows: GroupRows,
}

impl GroupedCounts {
    /// The rows of a group: bucket or hour, ascending, and a value for each name.
    pub fn rows<'a>(&self, group: &'a GroupCounts) -> impl Iterator<Item = (i64, &'a [i64])> + Clone + use<'a> {
        group.rows.rows(self.names.len())
    }
}

impl GroupedAccumulator {
    /// The rows as a frame: key columns and value columns.
    fn frame(&self, keys: &[&'static str], group_index: &GroupIndex) -> Result<DataFrame> {
        let rows = self.rows().collect::<Vec<_>>();
        let mut columns = key_columns(keys, group_index, rows.iter().map(|row| row.0));
        columns.extend(self.state(&rows));
        Ok(DataFrame::new(rows.len(), columns)?)
    }

    /// The rows by group, ordered by shop, then agent or team.
    fn counts(self, group_index: &GroupIndex) -> GroupedCounts {
        let groups = (0..).zip(self.groups).filter(|(_, rows)| !rows.is_empty());
        let named = |(group_id, rows)| GroupCounts {
            shop: group_index.shop(group_id).to_owned(),
            agent: group_index.agent(group_id).map(str::to_owned),
            rows,
        };
        let mut groups = groups.map(named).collect::<Vec<_>>();
        groups.sort_unstable_by(|a, b| (&a.shop, &a.agent).cmp(&(&b.shop, &b.agent)));
        GroupedCounts { groups, names: self.names }
    }
}

/// The key columns of rows, by their group ids.
fn key_columns(keys: &[&'static str], group_index: &GroupIndex, group_ids: impl Iterator<Item = u32> + Clone) -> Vec<Column> {
    let id = |key: &str, group_id: u32| if key == "shop_id" { Some(group_index.shop(group_id)) } else { group_index.agent(group_id) };
    let ids = |key: &str| group_ids.clone().map(|group_id| id(key, group_id)).collect::<Vec<_>>();
    keys.iter().map(|key| Column::new((*key).into(), ids(key))).collect()
}

/// The merged states of a period so far.
struct OpenPeriod {
    sums: [GroupedAccumulator; 2],
    waits: GroupedAccumulator,
    hours: GroupedAccumulator,
    /// Number of tickets by group id and code of the kind.
    tickets: HashMap<(u32, u32), i64>,
    /// Of videos, by their group id of `video_index`.
    videos: GroupedAccumulator,
    /// By number of the person: the merged flags, bit i for the i-th declared flag. Numbers are shared by all periods.
    flags: Vec<u64>,
}

impl OpenPeriod {
    fn new(level: Level) -> OpenPeriod {
        let sums = [StatePart::Chats, StatePart::Sales].map(|part| GroupedAccumulator::of_sums(level, part));
        OpenPeriod {
            sums,
            waits: GroupedAccumulator::of_waits(),
            hours: GroupedAccumulator::of_hours(),
            tickets: HashMap::new(),
            videos: GroupedAccumulator::of_videos(),
            flags: Vec::new(),
        }
    }
}

/// The groups of flags that merge by their last day.
fn last_days(flags: &[declaration::PersonFlag]) -> Vec<LastDay> {
    let bits = |is: &dyn Fn(&declaration::PersonFlag) -> bool| {
        flags.iter().enumerate().filter(|(_, flag)| is(flag)).map(|(bit, _)| 1u64 << bit).sum()
    };
    let named =
        flags.iter().filter_map(|flag| if let FlagMerge::LastOf(name) = flag.merge { Some(name) } else { None }).collect::<BTreeSet<_>>();
    let last = |name: &str| LastDay {
        bit: bits(&|flag| flag.name == name),
        replaced: bits(&|flag| matches!(flag.merge, FlagMerge::LastOf(other) if other == name)),
    };
    named.into_iter().map(last).collect()
}

impl LevelRollup {
    /// An empty rollup of a level.
    pub fn new(level: Level) -> LevelRollup {
        let (group_index, buyer_index, ticket_kinds) = (GroupIndex::default(), BuyerIndex::default(), Interner::default());
        LevelRollup {
            level,
            kinds: &StateKind::ALL,
            group_index,
            video_index: GroupIndex::default(),
            buyer_index,
            periods: BTreeMap::new(),
            ticket_kinds,
            last_days: last_days(&metrics::flags()),
        }
    }

    /// Whether the rollup reads a state. Groups of agents read the agents' states.
    fn reads(&self, level: Level, kind: StateKind) -> bool {
        let is_own = match self.group_index.groups_by_agent() {
            Some(groups) => level == Level::Agent && !groups.is_empty(),
            None => level == self.level,
        };
        is_own && self.kinds.contains(&kind)
    }

    /// Merges one state of a day into the periods that hold it. Days must arrive in order.
    pub fn add(&mut self, periods: &[DayRange], part: StatePart, kind: StateKind, rows: &RecordBatch) {
        let group_ids = match kind {
            StateKind::Videos => self.video_index.group_ids_by(rows, "video_id"),
            _ => self.group_index.group_ids(rows),
        };
        let persons = if kind == StateKind::Persons { self.persons(&group_ids, rows) } else { Vec::new() };
        let tickets = if kind == StateKind::Tickets { self.tickets(&group_ids, rows) } else { Vec::new() };
        let inputs = |name: &str| rows.column_by_name(name).map(AccumulatorInput::new);
        let update_by = |counts: &mut GroupedAccumulator, key: &str| {
            let keys = rows.column_by_name(key).into_iter();
            keys.for_each(|keys| counts.update_batch_by(&group_ids, keys.as_primitive::<Int64Type>().values(), inputs));
        };
        for period in periods {
            let period = self.periods.entry(*period).or_insert_with(|| OpenPeriod::new(self.level));
            match kind {
                StateKind::Sums => period.sums[part as usize].update_batch(&group_ids, inputs),
                StateKind::Waits => update_by(&mut period.waits, "bucket"),
                StateKind::Hours => update_by(&mut period.hours, "hour"),
                StateKind::Videos => period.videos.update_batch(&group_ids, inputs),
                StateKind::Tickets => tickets.iter().for_each(|(key, count)| *period.tickets.entry(*key).or_default() += count),
                StateKind::Persons => {
                    for (person, flags) in &persons {
                        if period.flags.len() <= *person as usize {
                            period.flags.resize(self.buyer_index.len(), 0);
                        }
                        let merged = &mut period.flags[*person as usize];
                        let later = self.last_days.iter().filter(|last| flags & last.bit != 0);
                        *merged = later.fold(*merged, |merged, last| merged & !last.replaced) | flags;
                    }
                }
            }
        }
    }

    /// The number and the flags of each person of a state; persons without a flag or a group are left out.
    fn persons(&mut self, group_ids: &[u32], rows: &RecordBatch) -> Vec<(u32, u64)> {
        let (Some(buyers), Some(flags)) = (rows.column_by_name("buyer_id"), rows.column_by_name("flags")) else { return Vec::new() };
        let (buyers, flags) = (buyers.as_string::<i32>(), flags.as_primitive::<Int64Type>());
        let person = |(row, group_id): (usize, &u32)| (self.buyer_index.number(*group_id, buyers.value(row)), flags.value(row) as u64);
        let has_flags = |(row, group_id): &(usize, &u32)| **group_id != NO_GROUP && flags.value(*row) != 0;
        group_ids.iter().enumerate().filter(has_flags).map(person).collect()
    }

    /// The number of tickets of each row of a state, with its group id and the code of its kind (0: none given).
    fn tickets(&mut self, group_ids: &[u32], rows: &RecordBatch) -> Vec<((u32, u32), i64)> {
        let (Some(kinds), Some(counts)) = (rows.column_by_name("kind"), rows.column_by_name("tickets")) else { return Vec::new() };
        let kinds = kinds.as_string::<i32>().iter().map(|kind| kind.map_or(0, |kind| self.ticket_kinds.intern(kind)));
        let counts = counts.as_primitive::<Int64Type>().values();
        group_ids.iter().copied().zip(kinds).zip(counts.iter().copied()).filter(|((group_id, _), _)| *group_id != NO_GROUP).collect()
    }

    /// The tickets of a period. Columns: see [`PeriodState::tickets`].
    fn tickets_by_kind(&self, tickets: &HashMap<(u32, u32), i64>) -> Result<DataFrame> {
        let mut all: HashMap<u32, i64> = HashMap::new();
        tickets.iter().for_each(|((group_id, _), count)| *all.entry(*group_id).or_default() += count);
        let mut columns = key_columns(&keys(self.level), &self.group_index, tickets.keys().map(|key| key.0));
        let kinds = tickets.keys().map(|(_, kind)| Some(self.ticket_kinds.resolve(*kind)).filter(|_| *kind > 0));
        columns.push(Column::new("kind".into(), kinds.collect::<Vec<_>>()));
        columns.push(Column::new("tickets".into(), tickets.values().copied().collect::<Vec<_>>()));
        columns.push(Column::new("of".into(), tickets.keys().map(|(group_id, _)| all[group_id]).collect::<Vec<_>>()));
        Ok(DataFrame::new(tickets.len(), columns)?)
    }

    /// Finishes a period. A period without days with states has no rows.
    pub fn close(&mut self, period: DayRange) -> Result<PeriodState> {
        let OpenPeriod { sums, waits, hours, tickets, videos, flags } =
            self.periods.remove(&period).unwrap_or_else(|| OpenPeriod::new(self.level));
        let ([chats, sales], keys) = (sums, keys(self.level));
        Ok(PeriodState {
            sums: [chats.frame(&keys, &self.group_index)?, sales.frame(&keys, &self.group_index)?],
            persons: self.persons_by_flags(&flags)?,
            waits: waits.counts(&self.group_index),
            hours: hours.counts(&self.group_index),
            tickets: self.tickets_by_kind(&tickets)?,
            videos: videos.frame(&["shop_id", "video_id"], &self.video_index)?,
        })
    }

    /// Counts persons by key and combination of flags. Columns: see [`PeriodState::persons`]. `flags`: by number of the person.
    /// A person without flags, such as a filtered buyer who wrote nothing, is in no row.
    fn persons_by_flags(&self, flags: &[u64]) -> Result<DataFrame> {
        let mut counts: HashMap<(u32, u64), i64> = HashMap::new();
        for (person, flags) in (0..).zip(flags).filter(|(_, flags)| **flags != 0) {
            *counts.entry((self.buyer_index.group_id(person), *flags)).or_default() += 1;
        }
        let rows = counts.into_iter().collect::<Vec<_>>();
        let mut columns = key_columns(&keys(self.level), &self.group_index, rows.iter().map(|row| row.0.0));
        for (bit, flag) in metrics::flags().iter().enumerate() {
            let held = rows.iter().map(|((_, flags), _)| flags >> bit & 1 == 1);
            columns.push(Column::new(flag.name.as_str().into(), held.collect::<Vec<_>>()));
        }
        columns.push(Column::new("persons".into(), rows.iter().map(|(_, count)| *count).collect::<Vec<_>>()));
        Ok(DataFrame::new(rows.len(), columns)?)
    }
}
