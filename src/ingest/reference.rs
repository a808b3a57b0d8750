//! Lookups by key in the reference tables: shops, staff and blocklist.

use super::holidays::Holidays;
use super::records::Records;
use crate::config::BuyerKey;
use crate::error::Result;
use crate::frames::{collect, frame};
use crate::model::InputTable;
use kefu_kernel::calendar::Day;
use polars::prelude::{Column, DataFrame};
use std::collections::{BTreeMap, HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// A shop's row in the shops table. A null cell is `None`.
#[derive(Clone, Debug, Default)]
pub struct ShopRecord {
    /// The platform (平台).
    pub platform: Option<String>,
    /// The shop's name.
    pub name: Option<String>,
    /// The category (类目).
    pub category: Option<String>,
}

/// The days on which a buyer is blocked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockedSpan {
    /// The first day; `None` if there is no beginning.
    pub from: Option<Day>,
    /// The last day, included; `None` if there is no end.
    pub to: Option<Day>,
}

impl BlockedSpan {
    fn contains(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// An agent account's row in the staff table (客服账号). One person may have several accounts, and several shifts may share an account.
/// A null cell is `None`.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The account's display name.
    pub name: Option<String>,
    /// The team (团队).
    pub team: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// The id of the person who uses the account.
    pub person: Option<String>,
    /// Labour cost in fen per hour.
    pub hourly_cost: Option<i64>,
    /// Commission as a share of the sales credited to the account, 0 to 1.
    pub commission_rate: Option<f64>,
}

/// The reference tables, indexed by key.
#[derive(Default)]
pub struct Reference {
    /// Shops by shop id.
    pub shops: BTreeMap<String, ShopRecord>,
    /// Accounts by shop id and agent id.
    pub staff: BTreeMap<(String, String), Account>,
    /// Shop id and keyed id of each account, if the pipeline has a buyer key: the ids that accounts have when they chat as buyers.
    keyed_staff: Option<HashSet<(String, String)>>,
    /// Shops that may have no lines: from a day on, or on any day.
    silent: BTreeMap<String, Option<Day>>,
    /// The days on which other hours are assessed.
    pub holidays: Holidays,
    /// Blocked spans by shop id and buyer id.
    blocklist: HashMap<(String, String), Vec<BlockedSpan>>,
}

impl Reference {
    /// Indexes the tables that were read. Of two rows with one key the later one counts. `key` is the buyer key of the pipeline, if any.
    /// Errors: a table lacks a column, which is a bug.
    pub fn of(records: &Records, key: Option<&BuyerKey>) -> Result<Reference> {
        let mut reference = Reference::default();
        if let Some(rows) = collected(records, InputTable::Shops)? {
            let [shops, platforms, names, categories] = texts(&rows, ["shop_id", "platform", "name", "category"])?;
            for (((shop, platform), name), category) in shops.into_iter().zip(platforms).zip(names).zip(categories) {
                reference.shops.insert(shop.unwrap_or_default(), ShopRecord { platform, name, category });
            }
            let (closed, quiet) = (rows.column("closed_on")?.i32()?, rows.column("quiet")?.bool()?);
            for ((shop, closed), quiet) in rows.column("shop_id")?.str()?.iter().zip(closed.iter()).zip(quiet.iter()) {
                let shop = shop.unwrap_or_default().to_owned();
                match (quiet, closed) {
                    (Some(true), _) => reference.silent.insert(shop, None),
                    (_, Some(closed)) => reference.silent.insert(shop, Some(Day(closed))),
                    _ => reference.silent.remove(&shop),
                };
            }
        }
        if let Some(rows) = collected(records, InputTable::Staff)? {
            let [shops, agents] = texts(&rows, ["shop_id", "agent_id"])?;
            let keys = shops.into_iter().zip(agents).map(|(shop, agent)| (shop.unwrap_or_default(), agent.unwrap_or_default()));
            reference.staff.extend(keys.zip(accounts(&rows)?));
        }
        if let Some(rows) = collected(records, InputTable::Blocklist)? {
            let [shops, buyers] = texts(&rows, ["shop_id", "buyer_id"])?;
            let [from, to] = [rows.column("from")?.i32()?, rows.column("to")?.i32()?];
            for ((shop, buyer), (from, to)) in shops.into_iter().zip(buyers).zip(from.iter().zip(to.iter())) {
                let blocked = BlockedSpan { from: from.map(Day), to: to.map(Day) };
                reference.blocklist.entry((shop.unwrap_or_default(), buyer.unwrap_or_default())).or_default().push(blocked);
            }
        }
        if let Some(rows) = collected(records, InputTable::Holidays)? {
            reference.holidays = Holidays::of(&rows)?;
        }
        let keyed = |key: &BuyerKey| reference.staff.keys().map(|(shop, agent)| (shop.clone(), key.id(agent))).collect();
        reference.keyed_staff = key.map(keyed);
        Ok(reference)
    }

    /// Whether the buyer id belongs to an account of the shop.
    pub fn is_staff(&self, shop: &str, buyer: &str) -> bool {
        if self.staff.is_empty() {
            return false;
        }
        let account = (shop.to_owned(), buyer.to_owned());
        self.keyed_staff.as_ref().map_or_else(|| self.staff.contains_key(&account), |keyed| keyed.contains(&account))
    }

    /// The team of an account; `None` if the account is unknown or has none.
    pub fn team(&self, shop: &str, agent: &str) -> Option<&str> {
        self.staff.get(&(shop.to_owned(), agent.to_owned()))?.team.as_deref()
    }

    /// The shop's platform in the shops table; `None` if the shop is unknown or has none.
    pub fn platform(&self, shop: &str) -> Option<&str> {
        self.shops.get(shop)?.platform.as_deref()
    }

    /// Whether the shops table says that a shop may have no lines on a day: it is quiet, or closed by then.
    pub fn may_be_silent(&self, shop: &str, day: Day) -> bool {
        self.silent.get(shop).is_some_and(|closed| closed.is_none_or(|closed| closed <= day))
    }

    /// The ids that the accounts of each shop have when they chat as buyers: one row per account. Columns: `shop_id`, `buyer_id`.
    pub fn staff_as_buyers(&self) -> Result<DataFrame> {
        match &self.keyed_staff {
            Some(keyed) => pairs(keyed.iter()),
            None => pairs(self.staff.keys()),
        }
    }

    /// The buyers blocked on a day: one row per shop and buyer. Columns: `shop_id`, `buyer_id`.
    pub fn blocked_buyers(&self, day: Day) -> Result<DataFrame> {
        let blocked = self.blocklist.iter().filter(|(_, spans)| spans.iter().any(|span| span.contains(day)));
        pairs(blocked.map(|(key, _)| key))
    }

    /// A fingerprint of the buyers blocked on a day: 16 hex digits that do not depend on the order of the rows.
    pub fn blocked_fingerprint(&self, day: Day) -> String {
        let blocked = self.blocklist.iter().filter(|(_, spans)| spans.iter().any(|span| span.contains(day)));
        let sum = blocked.fold(0, |sum: u64, (key, _)| sum.wrapping_add(xxh3_64(format!("{key:?}").as_bytes())));
        format!("{sum:016x}")
    }

    /// Whether a buyer is blocked in a shop on a day.
    pub fn is_blocked(&self, shop: &str, buyer: &str, day: Day) -> bool {
        if self.blocklist.is_empty() {
            return false;
        }
        let spans = self.blocklist.get(&(shop.to_owned(), buyer.to_owned()));
        spans.is_some_and(|spans| spans.iter().any(|span| span.contains(day)))
    }
}

fn pairs<'a>(keys: impl Iterator<Item = &'a (String, String)>) -> Result<DataFrame> {
    let (shops, buyers): (Vec<_>, Vec<_>) = keys.map(|(shop, buyer)| (shop.as_str(), buyer.as_str())).unzip();
    Ok(frame! { "shop_id" => shops, "buyer_id" => buyers }?)
}

fn collected(records: &Records, table: InputTable) -> Result<Option<DataFrame>> {
    records.of(table).map(collect).transpose()
}

fn texts<const N: usize>(rows: &DataFrame, columns: [&str; N]) -> Result<[Vec<Option<String>>; N]> {
    let mut found = [const { Vec::new() }; N];
    for (values, name) in found.iter_mut().zip(columns) {
        values.extend(rows.column(name)?.str()?.iter().map(|text| text.map(str::to_owned)));
    }
    Ok(found)
}

/// The accounts of the staff table, one per row and in its order.
fn accounts(rows: &DataFrame) -> Result<Vec<Account>> {
    let [names, teams, roles, persons] = texts(rows, ["name", "team", "role", "person_id"])?;
    let (costs, rates) = (rows.column("hourly_cost")?.i64()?, rows.column("commission_rate")?.f64()?);
    let people = names.into_iter().zip(teams).zip(roles.into_iter().zip(persons));
    let account = |(((name, team), (role, person)), (hourly_cost, commission_rate))| Account {
        name,
        team,
        role,
        person,
        hourly_cost,
        commission_rate,
    };
    Ok(people.zip(costs.iter().zip(rates.iter())).map(account).collect())
}
