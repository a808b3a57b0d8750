//! The parts in which reports are made: shops that follow each other in the order of the reports, so that neither the merged states nor the
//! rows of all shops are in memory at once.

use super::stretch::Stretch;
use crate::config::ShopSetMembers;
use crate::error::{Error, Kind, Result};
use crate::model::{Level, OutputTable};
use crate::publish::Publisher;
use crate::staging::TableWriter;
use crate::state::{AgentGroups, DayRange, StateKind, StatePart};
use hashbrown::{HashMap, HashSet};
use kefu_kernel::calendar::{Day, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows of shops and agents that a part has at most, unless one shop has more: with their merged states they take some 130 MB. It is the same
/// under every memory limit, because the rows of a part are row groups of the files, whose bytes depend on the inputs alone.
const PART_ROWS: usize = 1 << 15;

/// Bytes of memory for each agent of a shop while its rows are made and judged: a shop is not cut.
const AGENT_BYTES: usize = 10 << 10;
/// Bytes of memory that a run takes beside them.
const OTHER_BYTES: usize = 150 << 20;

/// Shop → platform, as the chat lines of a day name it.
pub(super) type ShopPlatforms = Vec<(String, String)>;

/// What the reports of some periods are made of.
pub(super) struct ReportWork {
    /// Days that can be reported.
    pub(super) reportable: BTreeSet<Day>,
    /// Periods by the days with states that they hold. Periods that have states of the same days share one rollup.
    pub(super) ranges: BTreeMap<DayRange, Vec<Span>>,
    /// The days of all periods.
    pub(super) days: Vec<Day>,
    /// What accounts belong to on each of the days.
    pub(super) groups: BTreeMap<Day, AgentGroups>,
    /// The platforms that the lines of each reportable day name.
    pub(super) platforms: BTreeMap<Day, ShopPlatforms>,
}

/// A part of the reports.
pub(super) struct ReportPart<'p> {
    /// The shops.
    pub(super) shops: &'p ShopSetMembers,
    /// The files that the part is appended to.
    pub(super) files: &'p ReportWriters<'p>,
    /// Whether no part follows.
    pub(super) is_last: bool,
}

/// The files of reports, which grow part by part.
pub(super) struct ReportWriters<'p> {
    publisher: &'p Publisher,
    open: Mutex<HashMap<String, TableWriter>>,
}

impl ReportWriters<'_> {
    pub(super) fn new(publisher: &Publisher) -> ReportWriters<'_> {
        ReportWriters { publisher, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, TableWriter>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReportPart<'_> {
    /// Appends a table to its file.
    pub(super) fn stage(&self, table: OutputTable) -> Result<()> {
        self.stage_pieces(std::iter::once(Ok(table)))
    }

    /// Appends a table that comes piece by piece; without a piece there is no file. With the last part the file is complete.
    pub(super) fn stage_pieces(&self, mut pieces: impl Iterator<Item = Result<OutputTable>>) -> Result<()> {
        let Some(first) = pieces.next().transpose()? else { return Ok(()) };
        // Nobody else writes this file meanwhile: threads take one period each.
        let known = self.files.open().remove(&first.key());
        let writer = match known {
            Some(writer) => {
                writer.append(writer.encode(&first.rows)?)?;
                writer
            }
            None => self.files.publisher.open(&first)?,
        };
        pieces.try_for_each(|piece| writer.append(writer.encode(&piece?.rows)?))?;
        if self.is_last {
            return self.files.publisher.close(writer);
        }
        self.files.open().insert(first.key(), writer);
        Ok(())
    }
}

impl Stretch<'_> {
    /// Refuses days with a shop whose reports cannot be kept within the memory limit, before any is computed.
    /// Errors: a shop has too many agents; the hint says what they need.
    pub(super) fn check_memory(&self) -> Result<()> {
        for day in self.days.restated.intersection(self.days.with_chat_states) {
            let agents = (*day, StatePart::Chats, Level::Agent, StateKind::Sums);
            if self.states.count(agents)? > PART_ROWS {
                let by_shop = self.states.rows_by_shop(agents)?;
                by_shop.iter().try_for_each(|(shop, agents)| check_shop(shop, *agents, self.context.request.memory))?;
            }
        }
        Ok(())
    }

    /// Cuts all shops into parts of at most [`PART_ROWS`] rows, in the order of the reports. A shop is not cut, however many agents it has.
    /// If the platform of a shop depends on the period, so does the order, and there is one part.
    pub(super) fn report_parts(&self, work: &ReportWork) -> Result<Vec<ShopSetMembers>> {
        let known_shops = &self.inputs.reference.shops;
        let mut largest = 0;
        for day in &work.days {
            let of_level = |level| self.states.count((*day, StatePart::Chats, level, StateKind::Sums));
            largest = largest.max(of_level(Level::Shop)? + of_level(Level::Agent)?);
        }
        if largest.max(known_shops.len()) <= PART_ROWS {
            return Ok(vec![ShopSetMembers::everyone()]);
        }
        let mut rows = known_shops.keys().map(|shop| (shop.clone(), 1)).collect::<BTreeMap<_, _>>();
        for day in &work.days {
            for (part, kind) in states() {
                for shop in self.states.rows_by_shop((*day, part, Level::Shop, kind))?.into_keys() {
                    rows.entry(shop).or_insert(1);
                }
            }
            for (shop, agents) in self.states.rows_by_shop((*day, StatePart::Chats, Level::Agent, StateKind::Sums))? {
                let rows = rows.entry(shop).or_insert(1);
                *rows = agents.max(*rows);
            }
        }
        Ok(self.in_report_order(work, rows).map_or_else(|| vec![ShopSetMembers::everyone()], |shops| parts(shops, PART_ROWS)))
    }

    /// The shops with the number of their rows in the order of reports: by platform, then by id. `None` if the lines of different days name
    /// different platforms for a shop that the table `shops` gives none.
    fn in_report_order(&self, work: &ReportWork, rows: BTreeMap<String, usize>) -> Option<Vec<(String, usize)>> {
        let mut platforms: HashMap<&str, &str> = HashMap::new();
        for (shop, platform) in work.platforms.values().flatten() {
            let known = platforms.entry(shop).or_insert(platform);
            if *known != platform.as_str() && self.inputs.reference.platform(shop).is_none() {
                return None;
            }
        }
        let platform = |shop: &str| self.inputs.reference.platform(shop).or_else(|| platforms.get(shop).copied());
        let mut shops = rows.into_iter().collect::<Vec<_>>();
        shops.sort_by(|(a, _), (b, _)| (platform(a), a).cmp(&(platform(b), b)));
        Some(shops)
    }
}

/// Every kind of state that a day has.
pub(super) fn states() -> impl Iterator<Item = (StatePart, StateKind)> {
    [StatePart::Chats, StatePart::Sales].into_iter().flat_map(|part| StateKind::of(part).iter().map(move |kind| (part, *kind)))
}

/// Errors: the rows of a shop with so many agents do not fit in a limit in bytes and a quarter more.
fn check_shop(shop: &str, agents: usize, limit: usize) -> Result<()> {
    let needed = OTHER_BYTES + agents * AGENT_BYTES;
    if needed <= limit + limit / 4 {
        return Ok(());
    }
    let why = format!("shop {shop} has {agents} agents, whose reports do not fit in the memory limit");
    Err(Error::new(Kind::Refused, why).hint(format!("pass --memory-limit {}MB", (needed / 5 * 4).div_ceil(1 << 20))))
}

/// Cuts shops into parts of at most `most` rows. The last part also has the shops that are not named.
fn parts(shops: Vec<(String, usize)>, most: usize) -> Vec<ShopSetMembers> {
    let (mut parts, mut part, mut filled) = (Vec::new(), HashSet::new(), 0);
    for (shop, rows) in shops {
        if filled > 0 && filled + rows > most {
            parts.push(std::mem::take(&mut part));
            filled = 0;
        }
        filled += rows;
        part.insert(shop);
    }
    let rest = ShopSetMembers::all_but(parts.iter().flatten().cloned().collect());
    parts.into_iter().map(ShopSetMembers::these).chain([rest]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_refused_with_what_it_needs() {
        assert!(check_shop("s", 40_000, 512 << 20).is_ok());
        let refused = check_shop("s", 1_000_000, 512 << 20).unwrap_err();
        assert!(refused.to_string().contains("s has 1000000 agents") && check_shop("s", 1_000_000, 7933 << 20).is_ok(), "{refused}");
    }

    #[test]
    fn parts_follow_the_order_and_have_every_shop_once() {
        let shops = [("b", 3), ("a", 2), ("d", 9), ("c", 1)].map(|(shop, rows)| (shop.to_owned(), rows));
        let parts = parts(shops.to_vec(), 5);
        let of = |shop: &str| (0..parts.len()).filter(|part| parts[*part].has_shop(shop)).collect::<Vec<_>>();
        assert_eq!(["b", "a", "d", "c", "new"].map(of), [[0], [0], [1], [2], [2]]);
        assert_eq!(super::parts(Vec::new(), 5).len(), 1);
    }
}
