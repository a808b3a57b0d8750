//! The shops that share a rule set. Numbers are computed group by group, and most pipelines have one group.

use super::{Book, Rules, SetId};
use crate::calendar::Day;
use crate::error::Result;
use crate::frames::collect;
use crate::names::Names;
use hashbrown::HashSet;
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The shops that have a rule set on a day, or some of them, or some of the buyers of one.
pub struct Group<'a> {
    pub rules: &'a Rules,
    members: Members,
}

/// The shops and buyers of a group.
#[derive(Clone)]
pub struct Members {
    shops: Shops,
    buyers: Option<Buyers>,
}

/// One of `of` parts of a shop's buyers, counted from 0.
#[derive(Clone, Copy)]
struct Buyers {
    part: usize,
    of: usize,
}

#[derive(Clone)]
enum Shops {
    All,
    These(Arc<HashSet<String>>),
    /// Includes shops of which nothing is known.
    AllBut(Arc<HashSet<String>>),
}

impl Shops {
    fn has(&self, shop: &str) -> bool {
        match self {
            Shops::All => true,
            Shops::These(shops) => shops.contains(shop),
            Shops::AllBut(shops) => !shops.contains(shop),
        }
    }
}

impl Members {
    pub fn everyone() -> Members {
        Members::of_shops(Shops::All)
    }

    fn of_shops(shops: Shops) -> Members {
        Members { shops, buyers: None }
    }

    /// Splits the members into parts of at most `most` persons, so that not all rows are in memory at once. A larger shop is split by buyer.
    /// `persons`: the number of persons of each known shop; every other shop is in the last part.
    pub fn parts(&self, persons: &BTreeMap<String, usize>, most: usize) -> Vec<Members> {
        let (mut parts, mut shops, mut filled) = (Vec::new(), HashSet::new(), 0);
        let mut placed = HashSet::new();
        let these = |shops: HashSet<String>| Shops::These(Arc::new(shops));
        for (shop, count) in persons.iter().filter(|(shop, _)| self.has_shop(shop)) {
            if *count > most {
                let (shops, of) = (these(HashSet::from([shop.clone()])), count.div_ceil(most));
                parts.extend((0..of).map(|part| Members { shops: shops.clone(), buyers: Some(Buyers { part, of }) }));
                placed.insert(shop.clone());
                continue;
            }
            if filled + count > most && !shops.is_empty() {
                placed.extend(shops.iter().cloned());
                parts.push(Members::of_shops(these(std::mem::take(&mut shops))));
                filled = 0;
            }
            shops.insert(shop.clone());
            filled += count;
        }
        let last = match &self.shops {
            Shops::These(_) => these(shops),
            Shops::All if placed.is_empty() => Shops::All,
            Shops::All => Shops::AllBut(Arc::new(placed)),
            Shops::AllBut(others) => Shops::AllBut(Arc::new(placed.into_iter().chain(others.iter().cloned()).collect())),
        };
        parts.push(Members::of_shops(last));
        parts
    }

    pub fn has_shop(&self, shop: &str) -> bool {
        self.shops.has(shop)
    }

    /// Whether a buyer of one of its shops is a member.
    pub fn has_buyer(&self, buyer: &str) -> bool {
        self.buyers.is_none_or(|buyers| Names::bucket(buyer, buyers.of) == buyers.part)
    }

    /// Whether a buyer of a shop is a member.
    pub fn has(&self, shop: &str, buyer: &str) -> bool {
        self.has_shop(shop) && self.has_buyer(buyer)
    }

    /// Whether all buyers of its shops are members.
    pub fn has_all_buyers(&self) -> bool {
        self.buyers.is_none()
    }

    /// Whether all buyers of all shops are members.
    pub fn has_everyone(&self) -> bool {
        self.has_all_buyers() && matches!(self.shops, Shops::All)
    }
}

impl<'a> Group<'a> {
    fn of_shops(rules: &'a Rules, shops: Shops) -> Group<'a> {
        Group { rules, members: Members::of_shops(shops) }
    }

    /// Groups all shops by their rule set on a day. `platforms`: the known platforms of shops; every other shop has the rule set that holds without one.
    pub fn all(book: &'a Book, platforms: &BTreeMap<String, String>, day: Day) -> Vec<Group<'a>> {
        let unknown = book.set(None, day);
        let mut of: BTreeMap<SetId, HashSet<String>> = BTreeMap::new();
        for (shop, platform) in platforms {
            let set = book.set(Some(platform), day);
            if set != unknown {
                of.entry(set).or_default().insert(shop.clone());
            }
        }
        let known = of.values().flatten().cloned().collect::<HashSet<_>>();
        let others = if known.is_empty() { Shops::All } else { Shops::AllBut(Arc::new(known)) };
        let others = Group::of_shops(book.rules(unknown), others);
        let groups = of.into_iter().map(|(set, shops)| Group::of_shops(book.rules(set), Shops::These(Arc::new(shops))));
        std::iter::once(others).chain(groups).collect()
    }

    /// Splits the group as `Members::parts` does.
    pub fn parts(&self, persons: &BTreeMap<String, usize>, most: usize) -> Vec<Group<'a>> {
        self.members.parts(persons, most).into_iter().map(|members| Group { rules: self.rules, members }).collect()
    }

    pub fn members(&self) -> &Members {
        &self.members
    }

    pub fn has(&self, shop: &str) -> bool {
        self.members.has_shop(shop)
    }

    /// Keeps the rows of its shops, by `shop_id`, and of its buyers, by `buyer_id`. Rows without a buyer belong to the first part.
    pub fn of(&self, rows: LazyFrame) -> Result<LazyFrame> {
        let rows = self.of_its_shops(rows)?;
        let Some(buyers) = self.members.buyers else { return Ok(rows) };
        let rows = collect(rows)?;
        let Ok(ids) = rows.column("buyer_id") else {
            return Ok(if buyers.part == 0 { rows.lazy() } else { rows.clear().lazy() });
        };
        let own = ids.str()?.iter().map(|buyer| self.members.has_buyer(buyer.unwrap_or_default())).collect::<BooleanChunked>();
        Ok(rows.filter(&own)?.lazy())
    }

    fn of_its_shops(&self, rows: LazyFrame) -> Result<LazyFrame> {
        let (shops, join) = match &self.members.shops {
            Shops::All => return Ok(rows),
            Shops::These(shops) => (shops, JoinType::Semi),
            Shops::AllBut(shops) => (shops, JoinType::Anti),
        };
        let shops = Column::new("shop_id".into(), shops.iter().map(String::as_str).collect::<Vec<_>>());
        let shops = DataFrame::new_infer_height(vec![shops])?.lazy();
        Ok(rows.join(shops, [col("shop_id")], [col("shop_id")], JoinArgs::new(join)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every person is in exactly one part, and no part is too large.
    #[test]
    fn parts_are_disjoint_and_have_everyone() {
        let rules = Rules::default();
        let persons = BTreeMap::from([("large", 1000), ("a", 30), ("b", 80), ("c", 60)].map(|(shop, count)| (shop.to_owned(), count)));
        let wholes = [
            Shops::All,
            Shops::AllBut(Arc::new(["c".to_owned()].into())),
            Shops::These(Arc::new(["large".to_owned(), "a".to_owned()].into())),
        ];
        let all = ["large", "a", "b", "c", "unknown"];
        let rows = all.iter().flat_map(|shop| (0..200).map(move |buyer| (*shop, format!("b{buyer}")))).collect::<Vec<_>>();
        let (shops, buyers): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let columns = vec![Column::new("shop_id".into(), shops), Column::new("buyer_id".into(), buyers)];
        let rows = DataFrame::new_infer_height(columns).unwrap();
        for (whole, places) in wholes.into_iter().zip([1 + 10 + 2, 1 + 10 + 1, 1 + 10]) {
            let whole = Group::of_shops(&rules, whole);
            let parts = whole.parts(&persons, 100);
            assert_eq!(parts.len(), places);
            let of_parts = parts.iter().map(|part| collect(part.of(rows.clone().lazy()).unwrap()).unwrap());
            let found = of_parts.reduce(|a, b| a.vstack(&b).unwrap()).unwrap();
            let sorted = |rows: DataFrame| rows.sort(["shop_id", "buyer_id"], SortMultipleOptions::default()).unwrap();
            assert!(sorted(found).equals(&sorted(collect(whole.of(rows.clone().lazy()).unwrap()).unwrap())));
            assert_eq!(whole.parts(&persons, 10_000).len(), 1);
        }
    }
}
