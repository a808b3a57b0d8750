//! Finds out whether orders and chats speak of the same buyers. If almost no buyer of an order chatted and the ids of the two tables look
//! unlike, they are probably written in two ways, and every order would look silent.

use super::stretch::Stretch;
use crate::error::{Error, Kind, Result};
use crate::frames::collect;
use crate::model::{InputTable, Level};
use crate::privacy::edges;
use crate::state::StatePart;
use kefu_kernel::calendar::Day;
use polars::prelude::*;
use std::collections::BTreeSet;

/// The least share of the buyers of orders who chatted.
const MIN_FOUND: f64 = 0.2;

/// Buyers of orders that are looked for, for each day.
const BUYERS: usize = 1000;

/// The message of the error that ends the reading of a day's buyers.
const ENOUGH: &str = "enough buyers are found";

/// Ids of each table that are shown.
const SHOWN: usize = 3;

/// What the ids of a column look like.
#[derive(PartialEq, Eq)]
struct Look {
    has_digits: bool,
    has_latin: bool,
    has_other_letters: bool,
    has_marks: bool,
}

impl Look {
    fn of<'a>(ids: impl Iterator<Item = &'a str>) -> Look {
        let mut look = Look { has_digits: false, has_latin: false, has_other_letters: false, has_marks: false };
        for letter in ids.flat_map(str::chars) {
            match letter {
                '0'..='9' => look.has_digits = true,
                letter if letter.is_ascii_alphabetic() => look.has_latin = true,
                letter if letter.is_alphabetic() => look.has_other_letters = true,
                _ => look.has_marks = true,
            }
        }
        look
    }
}

impl Stretch<'_> {
    /// Warns if few of the buyers with an order on the days read are in the chats of these days while the ids look unlike.
    /// Errors: a state cannot be read; warnings are errors.
    pub(super) fn check_buyers(&self) -> Result<()> {
        let (mut ordering, mut found, mut chatting) = (BTreeSet::new(), 0, BTreeSet::new());
        for day in self.days.read.intersection(self.days.with_chat_states) {
            let buyers = self.buyers_with_orders(*day)?;
            let mut chatted = BTreeSet::new();
            if !buyers.is_empty() {
                self.look_for(*day, &buyers, &mut chatted, &mut chatting)?;
            }
            found += chatted.len();
            ordering.extend(buyers.into_iter().map(|buyer| (*day, buyer)));
        }
        let few = (found as f64) < MIN_FOUND * ordering.len() as f64 && !chatting.is_empty();
        let ids = || ordering.iter().map(|(_, buyer)| buyer.as_str());
        if !few || look_alike(&ids().collect::<Vec<_>>(), &chatting.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Ok(());
        }
        let shown = |ids: &mut dyn Iterator<Item = &str>| ids.take(SHOWN).map(edges).collect::<Vec<_>>().join(", ");
        let (orders, chats) = (shown(&mut ids()), shown(&mut chatting.iter().map(String::as_str)));
        let warning = format!(
            "{found} of {} buyers with an order are in the chats, and the ids look unlike (orders: {orders}; messages: {chats}): map buyer_id of \
             [orders] to the column that holds the ids of the chats",
            ordering.len()
        );
        self.context.warn(InputTable::Orders.name(), None, &[warning])
    }

    /// Adds to `chatted` those of some buyers who are in the chats of a day, until they are more than few, and to `chatting` a sample of all.
    fn look_for(&self, day: Day, buyers: &BTreeSet<String>, chatted: &mut BTreeSet<String>, chatting: &mut BTreeSet<String>) -> Result<()> {
        let looked = self.states.each_buyers(day, StatePart::Chats, Level::Shop, &mut |persons| {
            for buyer in persons.column("buyer_id")?.str()?.iter().flatten() {
                if chatting.len() < BUYERS {
                    chatting.insert(buyer.to_owned());
                }
                if buyers.contains(buyer) {
                    chatted.insert(buyer.to_owned());
                }
            }
            // The file may be large, and mostly its first rows tell: an error that is none ends the reading.
            let is_enough = chatted.len() as f64 >= MIN_FOUND * buyers.len() as f64;
            if is_enough { Err(Error::new(Kind::Failed, ENOUGH)) } else { Ok(()) }
        });
        looked.or_else(|e| if e.message() == ENOUGH { Ok(()) } else { Err(e) })
    }

    /// Buyers with an order that was created on a day.
    fn buyers_with_orders(&self, day: Day) -> Result<BTreeSet<String>> {
        let Some(orders) = self.orders() else { return Ok(BTreeSet::new()) };
        let created = orders.created_in(day, self.context.plan.calendar.bounds(day)?)?;
        let buyers = collect(created.select([col("buyer_id")]).unique_stable(None, UniqueKeepStrategy::First).limit(BUYERS as IdxSize))?;
        Ok(buyers.column("buyer_id")?.str()?.iter().flatten().map(str::to_owned).collect())
    }
}

/// Whether the ids of two tables are made of the same kinds of characters and are about as long.
fn look_alike(one: &[&str], other: &[&str]) -> bool {
    let length = |ids: &[&str]| {
        let mut lengths = ids.iter().map(|id| id.chars().count()).collect::<Vec<_>>();
        lengths.sort_unstable();
        lengths.get(lengths.len() / 2).copied().unwrap_or_default()
    };
    let (short, long) = (length(one).min(length(other)), length(one).max(length(other)));
    Look::of(one.iter().copied()) == Look::of(other.iter().copied()) && 2 * long <= 3 * short
}
