//! Lookups by key in the reference tables: shops, staff, blocklist and persons.

use super::holidays::Holidays;
use super::persons::{PersonHashes, Persons};
use super::records::Records;
use super::staff::{DaySpan, Staff};
use super::table_frame::texts;
use crate::config::BuyerKey;
use crate::error::Result;
use crate::frames::{collect, frame};
use crate::model::InputTable;
use kefu_kernel::calendar::Day;
use polars::prelude::{Column, DataFrame};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
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

/// The reference tables, indexed by key.
#[derive(Default)]
pub struct Reference {
    /// Shops by shop id.
    pub shops: BTreeMap<String, ShopRecord>,
    /// The accounts of agents.
    pub staff: Staff,
    /// The persons behind the accounts of buyers.
    pub persons: Persons,
    /// The hashes by which the buyers of a large shop are divided.
    pub person_hashes: Arc<PersonHashes>,
    /// Shop id and id of each account as it is when the account chats as a buyer, and of its person, with the days of its rows. The ids are
    /// keyed if the pipeline has a buyer key.
    own_accounts: HashMap<(String, String), Vec<DaySpan>>,
    /// Shops that may have no lines: from a day on, or on any day.
    silent: BTreeMap<String, Option<Day>>,
    /// The days on which other hours are assessed.
    pub holidays: Holidays,
    /// Blocked spans by shop id and buyer id.
    blocklist: HashMap<(String, String), Vec<DaySpan>>,
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
            reference.staff = Staff::of(&rows)?;
        }
        if let Some(rows) = collected(records, InputTable::Blocklist)? {
            let [shops, buyers] = texts(&rows, ["shop_id", "buyer_id"])?;
            let [from, to] = [rows.column("from")?.i32()?, rows.column("to")?.i32()?];
            for ((shop, buyer), (from, to)) in shops.into_iter().zip(buyers).zip(from.iter().zip(to.iter())) {
                let blocked = DaySpan { from: from.map(Day), to: to.map(Day) };
                reference.blocklist.entry((shop.unwrap_or_default(), buyer.unwrap_or_default())).or_default().push(blocked);
            }
        }
        if let Some(rows) = collected(records, InputTable::Holidays)? {
            reference.holidays = Holidays::of(&rows)?;
        }
        if let Some(rows) = collected(records, InputTable::Buyers)? {
            reference.persons = Persons::of(&rows)?;
            reference.person_hashes = Arc::new(PersonHashes::new(&reference.persons));
        }
        for row in reference.staff.rows() {
            let account = key.map_or_else(|| row.agent.clone(), |key| key.id(&row.agent));
            let person = reference.persons.of_account(&row.shop, &account).map(str::to_owned);
            for id in std::iter::once(account).chain(person) {
                reference.own_accounts.entry((row.shop.clone(), id)).or_default().push(row.days);
            }
        }
        Ok(reference)
    }

    /// Whether the buyer id belongs to an account of the shop on a day.
    pub fn is_staff(&self, shop: &str, buyer: &str, day: Day) -> bool {
        if self.own_accounts.is_empty() {
            return false;
        }
        let spans = self.own_accounts.get(&(shop.to_owned(), buyer.to_owned()));
        spans.is_some_and(|spans| spans.iter().any(|span| span.contains(day)))
    }

    /// The team of an account on a day; `None` if no row of it holds or it has none.
    pub fn team(&self, shop: &str, agent: &str, day: Day) -> Option<&str> {
        self.staff.on(shop, agent, day)?.team.as_deref()
    }

    /// The shop's platform in the shops table; `None` if the shop is unknown or has none.
    pub fn platform(&self, shop: &str) -> Option<&str> {
        self.shops.get(shop)?.platform.as_deref()
    }

    /// Whether the shops table says that a shop may have no lines on a day: it is quiet, or closed by then.
    pub fn may_be_silent(&self, shop: &str, day: Day) -> bool {
        self.silent.get(shop).is_some_and(|closed| closed.is_none_or(|closed| closed <= day))
    }

    /// The ids that the accounts of each shop have when they chat as buyers on a day: one row per account. Columns: `shop_id`, `buyer_id`.
    pub fn staff_as_buyers(&self, day: Day) -> Result<DataFrame> {
        let own = self.own_accounts.iter().filter(|(_, spans)| spans.iter().any(|span| span.contains(day)));
        pairs(own.map(|(key, _)| key))
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
