//! Days added up to periods: each day's states are read once and go to the day, week, month, quarter and year it lies in.
//! Adding is the same whatever the periods are, and but for what is said of a person's last day in any order of days, so that nightly runs,
//! re-runs and backfills agree. Days come in order.

use super::added::{Added, Cells, NOBODY, Says};
use super::people::People;
use super::states::{Kind, Part, keys};
use crate::calendar::Day;
use crate::error::Result;
use crate::frames::collect;
use crate::job::Level;
use crate::metrics::{self, Merge};
use crate::names::Texts;
use crate::rules::Group;
use arrow::array::types::{Int32Type, Int64Type};
use arrow::array::{AsArray, RecordBatch};
use hashbrown::HashMap;
use polars::prelude::*;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows of one state of a day.
pub type StateRows = (Level, Part, Kind, RecordBatch);

/// The first and last day with states that a period has: all such days between are its own.
pub type Stretch = (Day, Day);

/// The team of each account that has one, by shop and agent.
pub type Teams = BTreeMap<(String, String), String>;

/// The periods under way of every level that is reported, in order. The teams' are fed with the agents' rows: a team's state is the merge
/// of its accounts' states, so that it needs none of its own.
pub struct Ledgers([Ledger; 3]);

impl Ledgers {
    /// Without `teams` there is nothing said of any.
    pub fn new(teams: &Arc<Teams>) -> Ledgers {
        let whos = Whos { teams: Some(Arc::clone(teams)), ..Whos::default() };
        Ledgers([Ledger::new(Level::Shop), Ledger::new(Level::Agent), Ledger { whos, ..Ledger::new(Level::Team) }])
    }

    /// Adds states of a day to the periods the day lies in, each level's on its own.
    pub fn add(&mut self, stretches: &[Stretch], states: &[StateRows]) {
        self.0.par_iter_mut().for_each(|ledger| {
            for (level, part, kind, rows) in states {
                if ledger.takes(*level, *kind) {
                    ledger.add(stretches, *part, *kind, rows);
                }
            }
        });
    }

    /// Ends a period. A period without a day of states has none.
    pub fn close(&mut self, stretch: Stretch) -> Result<[Merged; 3]> {
        let [shops, agents, teams] = self.0.each_mut().map(|ledger| ledger.close(stretch));
        Ok([shops?, agents?, teams?])
    }
}

/// One level's periods under way.
pub struct Ledger {
    level: Level,
    whos: Whos,
    /// A person is a buyer of someone: a shop, an agent, or a team.
    people: People,
    periods: BTreeMap<Stretch, Period>,
    kinds: Texts,
    last_days: Vec<LastDay>,
}

/// Flags that are those of the last day on which one of them held.
struct LastDay {
    bit: u64,
    replaced: u64,
}

/// The merged states of a period at one level.
pub struct Merged {
    pub sums: [DataFrame; 2],
    /// One row per key and combination of flags, with how many `persons` there are.
    pub persons: DataFrame,
    pub waits: Counts,
    pub hours: Counts,
    /// Key columns, `kind`, `tickets`, and `of`, the tickets of all kinds. In no order.
    pub tickets: DataFrame,
}

impl Merged {
    /// What is of the shops of a group.
    pub fn only(&self, group: &Group) -> Result<Merged> {
        let rows = |frame: &DataFrame| collect(group.of(frame.clone().lazy())?);
        let [chats, sales] = self.sums.each_ref().map(rows);
        let counts = |counts: &Counts| {
            let of = counts.of.iter().filter(|one| group.has(&one.shop)).cloned().collect();
            Counts { of, names: counts.names.clone() }
        };
        Ok(Merged {
            sums: [chats?, sales?],
            persons: rows(&self.persons)?,
            waits: counts(&self.waits),
            hours: counts(&self.hours),
            tickets: rows(&self.tickets)?,
        })
    }
}

/// Rows of whole numbers, added up, for each of those they are of, by shop and agent or team.
#[derive(Clone)]
pub struct Counts {
    pub of: Vec<CountsOf>,
    pub names: Vec<&'static str>,
}

#[derive(Clone)]
pub struct CountsOf {
    pub shop: String,
    /// Of a team's: the team.
    pub agent: Option<String>,
    cells: Cells,
}

impl Counts {
    /// Bucket or hour, ascending, and a value for each name.
    pub fn rows<'a>(&self, of: &'a CountsOf) -> impl Iterator<Item = (i64, &'a [i64])> + Clone + use<'a> {
        of.cells.rows(self.names.len())
    }
}

/// Whom rows are of: a shop, an agent of it, or a team of it.
#[derive(Default)]
struct Whos {
    /// Where rows of agents are their teams'.
    teams: Option<Arc<Teams>>,
    texts: Texts,
    /// By shop and agent of a row.
    codes: HashMap<(u32, u32), u32>,
    /// By whom it is of: the same, or shop and team.
    owners: HashMap<(u32, u32), u32>,
    /// Shop and agent (or team) as text codes, 0 for none.
    list: Vec<(u32, u32)>,
}

impl Whos {
    /// Whom each row of a state is of, or `NOBODY`.
    fn of(&mut self, rows: &RecordBatch) -> Vec<u32> {
        let mut texts = |name: &str| {
            let ids = rows.column_by_name(name)?.as_dictionary_opt::<Int32Type>()?;
            let codes = ids.values().as_string::<i32>().iter().map(|id| id.map_or(0, |id| self.texts.code(id))).collect::<Vec<_>>();
            Some((0..rows.num_rows()).map(|row| ids.key(row).map_or(0, |key| codes[key])).collect::<Vec<_>>())
        };
        let none = || vec![0; rows.num_rows()];
        let (shops, agents) = (texts("shop_id").unwrap_or_else(none), texts("agent_id").unwrap_or_else(none));
        let mut last: Option<((u32, u32), u32)> = None;
        let mut code = |pair| match last {
            Some((known, code)) if known == pair => code,
            _ => last.insert((pair, self.code(pair))).1,
        };
        shops.into_iter().zip(agents).map(&mut code).collect()
    }

    fn code(&mut self, pair: (u32, u32)) -> u32 {
        if let Some(known) = self.codes.get(&pair) {
            return *known;
        }
        let code = self.owner(pair).map_or(NOBODY, |owner| {
            let next = self.list.len() as u32;
            let code = *self.owners.entry(owner).or_insert(next);
            if code == next {
                self.list.push(owner);
            }
            code
        });
        self.codes.insert(pair, code);
        code
    }

    fn owner(&mut self, pair: (u32, u32)) -> Option<(u32, u32)> {
        let Some(teams) = &self.teams else { return Some(pair) };
        let [shop, agent] = [pair.0, pair.1].map(|code| self.texts.spell(code).to_owned());
        Some((pair.0, self.texts.code(teams.get(&(shop, agent))?)))
    }

    fn shop(&self, who: u32) -> &str {
        self.texts.spell(self.list[who as usize].0)
    }

    fn agent(&self, who: u32) -> Option<&str> {
        let agent = self.list[who as usize].1;
        (agent > 0).then(|| self.texts.spell(agent))
    }
}

impl Added {
    /// Keys and columns, one row for each who.
    fn frame(&self, level: Level, whos: &Whos) -> Result<DataFrame> {
        let rows = self.rows().collect::<Vec<_>>();
        let mut columns = key_columns(level, whos, rows.iter().map(|row| row.0));
        columns.extend(self.columns(&rows));
        Ok(DataFrame::new(rows.len(), columns)?)
    }

    fn counts(self, whos: &Whos) -> Counts {
        let of = (0..).zip(self.of).filter(|(_, cells)| !cells.is_empty());
        let of = of.map(|(who, cells)| CountsOf { shop: whos.shop(who).to_owned(), agent: whos.agent(who).map(str::to_owned), cells });
        let mut of = of.collect::<Vec<_>>();
        of.sort_unstable_by(|a, b| (&a.shop, &a.agent).cmp(&(&b.shop, &b.agent)));
        Counts { of, names: self.names }
    }
}

fn key_columns(level: Level, whos: &Whos, of: impl Iterator<Item = u32> + Clone) -> Vec<Column> {
    let ids = |key: &str| of.clone().map(|who| if key == "shop_id" { Some(whos.shop(who)) } else { whos.agent(who) }).collect::<Vec<_>>();
    keys(level).into_iter().map(|key| Column::new(key.into(), ids(key))).collect()
}

/// One period under way.
struct Period {
    sums: [Added; 2],
    waits: Added,
    hours: Added,
    /// By whom, and kind of ticket.
    tickets: HashMap<(u32, u32), i64>,
    /// By person: the merged flags of the days, bit i for the i-th declared. Names are kept once for all periods.
    flags: Vec<u64>,
}

impl Period {
    fn new(level: Level) -> Period {
        let sums = [Part::Chats, Part::Sales].map(|part| Added::of_sums(level, part));
        Period { sums, waits: Added::of_waits(), hours: Added::of_hours(), tickets: HashMap::new(), flags: Vec::new() }
    }
}

fn last_days(flags: &[metrics::Flag]) -> Vec<LastDay> {
    let bits =
        |is: &dyn Fn(&metrics::Flag) -> bool| flags.iter().enumerate().filter(|(_, flag)| is(flag)).map(|(bit, _)| 1u64 << bit).sum();
    let of = flags.iter().filter_map(|flag| if let Merge::LastOf(name) = flag.merge { Some(name) } else { None }).collect::<BTreeSet<_>>();
    let last = |name: &str| LastDay {
        bit: bits(&|flag| flag.name == name),
        replaced: bits(&|flag| matches!(flag.merge, Merge::LastOf(of) if of == name)),
    };
    of.into_iter().map(last).collect()
}

impl Ledger {
    pub fn new(level: Level) -> Ledger {
        let (whos, people, kinds) = (Whos::default(), People::default(), Texts::default());
        Ledger { level, whos, people, periods: BTreeMap::new(), kinds, last_days: last_days(&metrics::flags()) }
    }

    /// A team's rows are those of its agents. No table shows the hours of a team.
    fn takes(&self, level: Level, kind: Kind) -> bool {
        match &self.whos.teams {
            Some(teams) => level == Level::Agent && kind != Kind::Hours && !teams.is_empty(),
            None => level == self.level,
        }
    }

    /// Adds one state of a day to the periods the day lies in. Days come in order.
    pub fn add(&mut self, stretches: &[Stretch], part: Part, kind: Kind, rows: &RecordBatch) {
        let whos = self.whos.of(rows);
        let people = if kind == Kind::Persons { self.people(&whos, rows) } else { Vec::new() };
        let tickets = if kind == Kind::Tickets { self.tickets(&whos, rows) } else { Vec::new() };
        let says = |name: &str| rows.column_by_name(name).map(Says::of);
        let add_by = |counts: &mut Added, number: &str| {
            let numbers = rows.column_by_name(number).into_iter();
            numbers.for_each(|numbers| counts.add_by(&whos, numbers.as_primitive::<Int64Type>().values(), says));
        };
        for stretch in stretches {
            let period = self.periods.entry(*stretch).or_insert_with(|| Period::new(self.level));
            match kind {
                Kind::Sums => period.sums[part as usize].add(&whos, says),
                Kind::Waits => add_by(&mut period.waits, "bucket"),
                Kind::Hours => add_by(&mut period.hours, "hour"),
                Kind::Tickets => tickets.iter().for_each(|(of, count)| *period.tickets.entry(*of).or_default() += count),
                Kind::Persons => {
                    for (person, flags) in &people {
                        if period.flags.len() <= *person as usize {
                            period.flags.resize(self.people.len(), 0);
                        }
                        let merged = &mut period.flags[*person as usize];
                        let later = self.last_days.iter().filter(|last| flags & last.bit != 0);
                        *merged = later.fold(*merged, |merged, last| merged & !last.replaced) | flags;
                    }
                }
            }
        }
    }

    fn people(&mut self, whos: &[u32], rows: &RecordBatch) -> Vec<(u32, u64)> {
        let (Some(buyers), Some(flags)) = (rows.column_by_name("buyer_id"), rows.column_by_name("flags")) else { return Vec::new() };
        let (buyers, flags) = (buyers.as_string::<i32>(), flags.as_primitive::<Int64Type>());
        let person = |(row, who): (usize, &u32)| (self.people.number(*who, buyers.value(row)), flags.value(row) as u64);
        let counts = |(row, who): &(usize, &u32)| **who != NOBODY && flags.value(*row) != 0;
        whos.iter().enumerate().filter(counts).map(person).collect()
    }

    /// Tickets by whom and kind; kind 0 is none.
    fn tickets(&mut self, whos: &[u32], rows: &RecordBatch) -> Vec<((u32, u32), i64)> {
        let (Some(kinds), Some(counts)) = (rows.column_by_name("kind"), rows.column_by_name("tickets")) else { return Vec::new() };
        let kinds = kinds.as_string::<i32>().iter().map(|kind| kind.map_or(0, |kind| self.kinds.code(kind)));
        let counts = counts.as_primitive::<Int64Type>().values();
        whos.iter().copied().zip(kinds).zip(counts.iter().copied()).filter(|((who, _), _)| *who != NOBODY).collect()
    }

    fn kinds_of(&self, tickets: &HashMap<(u32, u32), i64>) -> Result<DataFrame> {
        let mut all: HashMap<u32, i64> = HashMap::new();
        tickets.iter().for_each(|((who, _), count)| *all.entry(*who).or_default() += count);
        let mut columns = key_columns(self.level, &self.whos, tickets.keys().map(|key| key.0));
        let kinds = tickets.keys().map(|(_, kind)| Some(self.kinds.spell(*kind)).filter(|_| *kind > 0));
        columns.push(Column::new("kind".into(), kinds.collect::<Vec<_>>()));
        columns.push(Column::new("tickets".into(), tickets.values().copied().collect::<Vec<_>>()));
        columns.push(Column::new("of".into(), tickets.keys().map(|(who, _)| all[who]).collect::<Vec<_>>()));
        Ok(DataFrame::new(tickets.len(), columns)?)
    }

    /// Ends a period. A period without a day of states has none.
    pub fn close(&mut self, stretch: Stretch) -> Result<Merged> {
        let Period { sums, waits, hours, tickets, flags } = self.periods.remove(&stretch).unwrap_or_else(|| Period::new(self.level));
        let [chats, sales] = sums;
        Ok(Merged {
            sums: [chats.frame(self.level, &self.whos)?, sales.frame(self.level, &self.whos)?],
            persons: self.counted(&flags)?,
            waits: waits.counts(&self.whos),
            hours: hours.counts(&self.whos),
            tickets: self.kinds_of(&tickets)?,
        })
    }

    /// One row per key and combination of flags: the key columns, a column for every flag, and `persons`, how many there are.
    /// A person of whom nothing can be said, as a filtered buyer who was only written to, makes no row.
    fn counted(&self, flags: &[u64]) -> Result<DataFrame> {
        let mut counts: HashMap<(u32, u64), i64> = HashMap::new();
        for (person, flags) in (0..).zip(flags).filter(|(_, flags)| **flags != 0) {
            *counts.entry((self.people.owner(person), *flags)).or_default() += 1;
        }
        let rows = counts.into_iter().collect::<Vec<_>>();
        let mut columns = key_columns(self.level, &self.whos, rows.iter().map(|row| row.0.0));
        for (bit, flag) in metrics::flags().iter().enumerate() {
            let held = rows.iter().map(|((_, flags), _)| flags >> bit & 1 == 1);
            columns.push(Column::new(flag.name.as_str().into(), held.collect::<Vec<_>>()));
        }
        columns.push(Column::new("persons".into(), rows.iter().map(|(_, count)| *count).collect::<Vec<_>>()));
        Ok(DataFrame::new(rows.len(), columns)?)
    }
}
