//! Buyers looked up among a day's persons: mostly few of many, so that a lookup is sooner done than a join.

use crate::error::Result;
use crate::ingest::Order;
use crate::rules::Group;
use hashbrown::HashSet;
use polars::prelude::*;

/// Shop and buyer.
pub(super) type Buyer<'a> = (&'a str, &'a str);

pub(super) fn buyer_of(order: &Order) -> Buyer<'_> {
    (&order.shop_id, &order.buyer_id)
}

/// An order of a group that was not cancelled.
pub(super) fn is_live(order: &Order, group: &Group) -> bool {
    order.cancelled_at.is_none() && group.members().has(&order.shop_id, &order.buyer_id)
}

/// For each of some persons (`shop_id`, `buyer_id`), whether they are among some buyers.
pub(super) fn among(persons: &DataFrame, buyers: &HashSet<Buyer>) -> Result<BooleanChunked> {
    Ok(each(persons)?.map(|buyer| buyers.contains(&buyer)).collect())
}

/// The shop and buyer of each person.
pub(super) fn each(persons: &DataFrame) -> Result<impl Iterator<Item = Buyer<'_>>> {
    let (shops, buyers) = (persons.column("shop_id")?.str()?, persons.column("buyer_id")?.str()?);
    Ok(shops.iter().zip(buyers.iter()).map(|(shop, buyer)| (shop.unwrap_or_default(), buyer.unwrap_or_default())))
}
