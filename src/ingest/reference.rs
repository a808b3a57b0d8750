//! The small tables, read whole: shops, staff, blocklist, visits.

use super::files::{files_of, require_files};
use super::mapping::Batch;
use super::quarantine::Audit;
use super::table::{Table, read};
use crate::calendar::Day;
use crate::error::Result;
use crate::job::{Plan, Source};
use crate::privacy::BuyerKey;
use arrow::array::{Array, AsArray};
use std::collections::{BTreeMap, HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

#[derive(Clone, Debug, Default)]
pub struct Shop {
    pub platform: Option<String>,
    pub name: Option<String>,
    pub category: Option<String>,
}

/// A buyer who is out from one day to another, both included; an open end is null.
#[derive(Clone, Copy, Debug)]
pub struct Blocked {
    pub from: Option<Day>,
    pub to: Option<Day>,
}

impl Blocked {
    fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// An account (客服账号). One person may have several; one account may serve several shifts.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub name: Option<String>,
    pub team: Option<String>,
    pub role: Option<String>,
    pub person: Option<String>,
    /// Fen an hour.
    pub hourly_cost: Option<i64>,
    /// Share of the sales credited to it, 0-1.
    pub commission_rate: Option<f64>,
}

#[derive(Default)]
pub struct Reference {
    pub shops: BTreeMap<String, Shop>,
    /// (shop, agent) → account
    pub staff: BTreeMap<(String, String), Account>,
    /// Where buyers are known by keyed ids: those that the accounts of each shop would have as buyers.
    keyed_staff: Option<HashSet<(String, String)>>,
    blocklist: HashMap<(String, String), Vec<Blocked>>,
    /// (shop, day) → visitors
    pub visits: BTreeMap<(String, Day), i64>,
    pub audits: Vec<Audit>,
}

impl Reference {
    pub fn is_staff(&self, shop: &str, buyer: &str) -> bool {
        if self.staff.is_empty() {
            return false;
        }
        let account = (shop.to_owned(), buyer.to_owned());
        self.keyed_staff.as_ref().map_or_else(|| self.staff.contains_key(&account), |keyed| keyed.contains(&account))
    }

    /// The team of an account.
    pub fn team(&self, shop: &str, agent: &str) -> Option<&str> {
        self.staff.get(&(shop.to_owned(), agent.to_owned()))?.team.as_deref()
    }

    /// The platform that the shops table gives.
    pub fn platform(&self, shop: &str) -> Option<&str> {
        self.shops.get(shop)?.platform.as_deref()
    }

    /// Names those who are blocked on a day.
    pub fn blocked_on(&self, day: Day) -> String {
        let blocked = self.blocklist.iter().filter(|(_, spans)| spans.iter().any(|span| span.holds(day)));
        let sum = blocked.fold(0, |sum: u64, (key, _)| sum.wrapping_add(xxh3_64(format!("{key:?}").as_bytes())));
        format!("{sum:016x}")
    }

    pub fn is_blocked(&self, shop: &str, buyer: &str, day: Day) -> bool {
        if self.blocklist.is_empty() {
            return false;
        }
        let spans = self.blocklist.get(&(shop.to_owned(), buyer.to_owned()));
        spans.is_some_and(|spans| spans.iter().any(|span| span.holds(day)))
    }
}

/// Reads the reference tables a pipeline has. `first..=last` bounds the partitions of those that have a `{date}`.
pub fn read_reference(plan: &Plan, first: Day, last: Day) -> Result<Reference> {
    let mut reference = Reference::default();
    let days = (first, last);
    let shops = rows(plan, Table::Shops, days, |batch, row, text| {
        let shop = Shop { platform: text("platform"), name: text("name"), category: text("category") };
        reference.shops.insert(key(batch, row), shop);
    })?;
    let staff = rows(plan, Table::Staff, days, |batch, row, text| {
        let account = Account {
            name: text("name"),
            team: text("team"),
            role: text("role"),
            person: text("person_id"),
            hourly_cost: batch.int(Table::Staff.index("hourly_cost"), row),
            commission_rate: batch.float(Table::Staff.index("commission_rate"), row),
        };
        reference.staff.insert((key(batch, row), text("agent_id").unwrap_or_default()), account);
    })?;
    let blocklist = rows(plan, Table::Blocklist, days, |batch, row, text| {
        let blocked = Blocked { from: day(batch, Table::Blocklist.index("from"), row), to: day(batch, Table::Blocklist.index("to"), row) };
        reference.blocklist.entry((key(batch, row), text("buyer_id").unwrap_or_default())).or_default().push(blocked);
    })?;
    let visits = rows(plan, Table::Visits, days, |batch, row, _| {
        if let Some(day) = day(batch, Table::Visits.index("date"), row) {
            let visitors = batch.int(Table::Visits.index("visitors"), row).unwrap_or_default();
            reference.visits.insert((key(batch, row), day), visitors);
        }
    })?;
    let keyed = |key: &BuyerKey| reference.staff.keys().map(|(shop, agent)| (shop.clone(), key.id(agent))).collect();
    reference.keyed_staff = plan.buyer_key.as_ref().map(keyed);
    reference.audits = [shops, staff, blocklist, visits].into_iter().flatten().collect();
    Ok(reference)
}

type Text<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Calls `each` for every good row of a table; counts all of them.
fn rows(plan: &Plan, table: Table, days: (Day, Day), mut each: impl FnMut(&Batch, usize, Text)) -> Result<Option<Audit>> {
    batches(plan, table, days, |batch| {
        for row in (0..batch.rows).filter(|row| !batch.bad.contains_key(row)) {
            each(batch, row, &|name| batch.string(table.index(name), row).map(str::to_owned));
        }
        Ok(())
    })
}

/// Calls `each` for every batch of a small table, bad rows and all; counts its rows.
pub(super) fn batches(
    plan: &Plan,
    table: Table,
    (first, last): (Day, Day),
    mut each: impl FnMut(&Batch) -> Result<()>,
) -> Result<Option<Audit>> {
    let Some(source) = plan.source(table) else { return Ok(None) };
    let mut audit = Audit::new(table);
    let files = files_of(plan, source, first, last)?;
    // Partitions of a small table are not all there every day; its path must match something.
    require_files(plan, table, &Source { path: source.path.replace("{date}", "*"), ..source.clone() }, &files, first, last)?;
    let files = files.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    audit.measure(&files);
    read(
        plan,
        table,
        &files,
        crate::pipe::workers(),
        |batch| batch,
        |batch| {
            audit.set_aside(&batch)?;
            each(&batch)?;
            let tally = audit.file(&batch.file);
            tally.read += batch.rows as i64;
            tally.used += (batch.rows - batch.bad.len()) as i64;
            Ok(())
        },
    )?;
    audit.check(plan.job.quality.max_bad_ratio)?;
    Ok(Some(audit))
}

fn key(batch: &Batch, row: usize) -> String {
    batch.string(0, row).unwrap_or_default().to_owned()
}

fn day(batch: &Batch, column: usize, row: usize) -> Option<Day> {
    let days = batch.columns[column].as_primitive::<arrow::datatypes::Int32Type>();
    days.is_valid(row).then(|| Day(days.value(row)))
}
