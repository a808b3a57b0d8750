//! Shops that one rule set holds for: numbers are made group by group, and most pipelines have one group.

use super::{Book, Rules, SetId};
use crate::calendar::Day;
use crate::error::Result;
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The shops of a rule set on a day.
pub struct Group<'a> {
    pub rules: &'a Rules,
    shops: Shops,
}

enum Shops {
    All,
    These(BTreeSet<String>),
    /// Also those of which nothing is known.
    AllBut(BTreeSet<String>),
}

impl<'a> Group<'a> {
    /// All shops by their rule set on a day. `platforms`: what is known of shops; of others, what holds without a platform.
    pub fn all(book: &'a Book, platforms: &BTreeMap<String, String>, day: Day) -> Vec<Group<'a>> {
        let unknown = book.set(None, day);
        let mut of: BTreeMap<SetId, BTreeSet<String>> = BTreeMap::new();
        for (shop, platform) in platforms {
            let set = book.set(Some(platform), day);
            if set != unknown {
                of.entry(set).or_default().insert(shop.clone());
            }
        }
        let known = of.values().flatten().cloned().collect::<BTreeSet<_>>();
        let others = Group { rules: book.rules(unknown), shops: if known.is_empty() { Shops::All } else { Shops::AllBut(known) } };
        let groups = of.into_iter().map(|(set, shops)| Group { rules: book.rules(set), shops: Shops::These(shops) });
        std::iter::once(others).chain(groups).collect()
    }

    pub fn has(&self, shop: &str) -> bool {
        match &self.shops {
            Shops::All => true,
            Shops::These(shops) => shops.contains(shop),
            Shops::AllBut(shops) => !shops.contains(shop),
        }
    }

    /// The rows of its shops, by `shop_id`.
    pub fn of(&self, rows: LazyFrame) -> Result<LazyFrame> {
        let (shops, join) = match &self.shops {
            Shops::All => return Ok(rows),
            Shops::These(shops) => (shops, JoinType::Semi),
            Shops::AllBut(shops) => (shops, JoinType::Anti),
        };
        let shops = Column::new("shop_id".into(), shops.iter().map(String::as_str).collect::<Vec<_>>());
        let shops = DataFrame::new_infer_height(vec![shops])?.lazy();
        Ok(rows.join(shops, [col("shop_id")], [col("shop_id")], JoinArgs::new(join)))
    }
}
