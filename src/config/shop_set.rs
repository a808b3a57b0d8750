//! The shops that share a rule set. Numbers are computed for one shop set at a time, and most pipelines have a single one.

use super::rule_sets::{RuleSetId, RuleSets};
use crate::error::Result;
use crate::frames::collect;
use crate::names::Names;
use hashbrown::HashSet;
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::Rules;
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The shops that share a rule set on a day; or a part of them, split by shop or by buyer.
pub struct ShopSet<'a> {
    /// The rules of these shops.
    pub rules: &'a Rules,
    members: ShopSetMembers,
}

/// The shops and buyers of a shop set, without its rules.
#[derive(Clone)]
pub struct ShopSetMembers {
    shops: ShopSubset,
    buyers: Option<BuyerSubset>,
}

/// Part number `part` of `of` parts of the buyers of a shop, counted from 0.
#[derive(Clone, Copy)]
struct BuyerSubset {
    part: usize,
    of: usize,
}

/// Which shops.
#[derive(Clone)]
enum ShopSubset {
    All,
    These(Arc<HashSet<String>>),
    /// Also contains shops that are not known in advance.
    AllBut(Arc<HashSet<String>>),
}

impl ShopSubset {
    fn contains(&self, shop: &str) -> bool {
        match self {
            ShopSubset::All => true,
            ShopSubset::These(shops) => shops.contains(shop),
            ShopSubset::AllBut(shops) => !shops.contains(shop),
        }
    }
}

impl ShopSetMembers {
    /// All buyers of all shops.
    pub fn everyone() -> ShopSetMembers {
        ShopSetMembers::of_shops(ShopSubset::All)
    }

    /// All buyers of some shops.
    pub fn these(shops: HashSet<String>) -> ShopSetMembers {
        ShopSetMembers::of_shops(ShopSubset::These(Arc::new(shops)))
    }

    /// All buyers of all shops but some.
    pub fn all_but(shops: HashSet<String>) -> ShopSetMembers {
        ShopSetMembers::of_shops(if shops.is_empty() { ShopSubset::All } else { ShopSubset::AllBut(Arc::new(shops)) })
    }

    fn of_shops(shops: ShopSubset) -> ShopSetMembers {
        ShopSetMembers { shops, buyers: None }
    }

    /// Splits the members into parts of at most `most` persons, so that not all rows are in memory at once. A shop with more persons is split
    /// by buyer. `persons`: the number of persons of each known shop. Every other shop is in the last part.
    pub fn parts(&self, persons: &BTreeMap<String, usize>, most: usize) -> Vec<ShopSetMembers> {
        let (mut parts, mut shops, mut filled) = (Vec::new(), HashSet::new(), 0);
        let mut placed = HashSet::new();
        let these = |shops: HashSet<String>| ShopSubset::These(Arc::new(shops));
        for (shop, count) in persons.iter().filter(|(shop, _)| self.has_shop(shop)) {
            if *count > most {
                let (shops, of) = (these(HashSet::from([shop.clone()])), count.div_ceil(most));
                parts.extend((0..of).map(|part| ShopSetMembers { shops: shops.clone(), buyers: Some(BuyerSubset { part, of }) }));
                placed.insert(shop.clone());
                continue;
            }
            if filled + count > most && !shops.is_empty() {
                placed.extend(shops.iter().cloned());
                parts.push(ShopSetMembers::of_shops(these(std::mem::take(&mut shops))));
                filled = 0;
            }
            shops.insert(shop.clone());
            filled += count;
        }
        let last = match &self.shops {
            ShopSubset::These(_) => these(shops),
            ShopSubset::All if placed.is_empty() => ShopSubset::All,
            ShopSubset::All => ShopSubset::AllBut(Arc::new(placed)),
            ShopSubset::AllBut(others) => ShopSubset::AllBut(Arc::new(placed.into_iter().chain(others.iter().cloned()).collect())),
        };
        parts.push(ShopSetMembers::of_shops(last));
        parts
    }

    /// Whether a shop, or a part of its buyers, is a member.
    pub fn has_shop(&self, shop: &str) -> bool {
        self.shops.contains(shop)
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

    /// Whether all shops, or a part of their buyers, are members.
    pub fn has_all_shops(&self) -> bool {
        matches!(self.shops, ShopSubset::All)
    }

    /// Whether all buyers of all shops are members.
    pub fn has_everyone(&self) -> bool {
        self.has_all_buyers() && self.has_all_shops()
    }
}

impl<'a> ShopSet<'a> {
    fn of_shops(rules: &'a Rules, shops: ShopSubset) -> ShopSet<'a> {
        ShopSet { rules, members: ShopSetMembers::of_shops(shops) }
    }

    /// Groups all shops by their rule set on a day. `platforms`: shop id → platform. A shop that is missing there has the rule set that holds
    /// for an unknown platform; these shops come first.
    pub fn all(rule_sets: &'a RuleSets, platforms: &BTreeMap<String, String>, day: Day) -> Vec<ShopSet<'a>> {
        let unknown = rule_sets.set_for(None, day);
        let mut shops_by_set: BTreeMap<RuleSetId, HashSet<String>> = BTreeMap::new();
        for (shop, platform) in platforms {
            let set = rule_sets.set_for(Some(platform), day);
            if set != unknown {
                shops_by_set.entry(set).or_default().insert(shop.clone());
            }
        }
        let known = shops_by_set.values().flatten().cloned().collect::<HashSet<_>>();
        let others = if known.is_empty() { ShopSubset::All } else { ShopSubset::AllBut(Arc::new(known)) };
        let others = ShopSet::of_shops(rule_sets.rules(unknown), others);
        let groups =
            shops_by_set.into_iter().map(|(set, shops)| ShopSet::of_shops(rule_sets.rules(set), ShopSubset::These(Arc::new(shops))));
        std::iter::once(others).chain(groups).collect()
    }

    /// Splits the shop set as [`ShopSetMembers::parts`] does.
    pub fn parts(&self, persons: &BTreeMap<String, usize>, most: usize) -> Vec<ShopSet<'a>> {
        self.members.parts(persons, most).into_iter().map(|members| ShopSet { rules: self.rules, members }).collect()
    }

    /// Its shops and buyers.
    pub fn members(&self) -> &ShopSetMembers {
        &self.members
    }

    /// Whether a shop, or a part of its buyers, belongs to the set.
    pub fn has(&self, shop: &str) -> bool {
        self.members.has_shop(shop)
    }

    /// Filters rows to its shops (column `shop_id`) and its buyers (column `buyer_id`). If the set is split by buyer, rows of a table without
    /// a buyer column belong to the first part. Errors: a column has another type.
    pub fn of(&self, rows: LazyFrame) -> Result<LazyFrame> {
        let rows = self.filter_shops(rows)?;
        let Some(buyers) = self.members.buyers else { return Ok(rows) };
        let rows = collect(rows)?;
        let Ok(ids) = rows.column("buyer_id") else {
            return Ok(if buyers.part == 0 { rows.lazy() } else { rows.clear().lazy() });
        };
        let own = ids.str()?.iter().map(|buyer| self.members.has_buyer(buyer.unwrap_or_default())).collect::<BooleanChunked>();
        Ok(rows.filter(&own)?.lazy())
    }

    /// Filters rows to its shops.
    fn filter_shops(&self, rows: LazyFrame) -> Result<LazyFrame> {
        let (shops, join) = match &self.members.shops {
            ShopSubset::All => return Ok(rows),
            ShopSubset::These(shops) => (shops, JoinType::Semi),
            ShopSubset::AllBut(shops) => (shops, JoinType::Anti),
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
            ShopSubset::All,
            ShopSubset::AllBut(Arc::new(["c".to_owned()].into())),
            ShopSubset::These(Arc::new(["large".to_owned(), "a".to_owned()].into())),
        ];
        let all = ["large", "a", "b", "c", "unknown"];
        let rows = all.iter().flat_map(|shop| (0..200).map(move |buyer| (*shop, format!("b{buyer}")))).collect::<Vec<_>>();
        let (shops, buyers): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let columns = vec![Column::new("shop_id".into(), shops), Column::new("buyer_id".into(), buyers)];
        let rows = DataFrame::new_infer_height(columns).unwrap();
        for (whole, places) in wholes.into_iter().zip([1 + 10 + 2, 1 + 10 + 1, 1 + 10]) {
            let whole = ShopSet::of_shops(&rules, whole);
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
