//! Shops that one rule set holds for: numbers are made group by group, and most pipelines have one group.

use super::{Book, Rules, SetId};
use crate::calendar::Day;
use crate::error::Result;
use crate::names::Names;
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The shops of a rule set on a day.
pub struct Group<'a> {
    pub rules: &'a Rules,
    shops: Shops,
}

#[derive(Clone)]
enum Shops {
    All,
    These(Arc<BTreeSet<String>>),
    /// Also those of which nothing is known.
    AllBut(Arc<BTreeSet<String>>),
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
        let others =
            Group { rules: book.rules(unknown), shops: if known.is_empty() { Shops::All } else { Shops::AllBut(Arc::new(known)) } };
        let groups = of.into_iter().map(|(set, shops)| Group { rules: book.rules(set), shops: Shops::These(Arc::new(shops)) });
        std::iter::once(others).chain(groups).collect()
    }

    /// In so many parts, so that not all shops' rows are held at once. `known`: shops that there may be; any other is in the last part.
    pub fn parts(self, known: &BTreeSet<String>, count: usize) -> Vec<Group<'a>> {
        if count <= 1 {
            return vec![self];
        }
        let mut parts = vec![BTreeSet::new(); count];
        known.iter().filter(|shop| self.has(shop)).for_each(|shop| {
            parts[Names::bucket(shop, count)].insert(shop.clone());
        });
        let last = parts.pop().unwrap_or_default();
        let others = parts.iter().flatten();
        let last = match &self.shops {
            Shops::These(_) => Shops::These(Arc::new(last)),
            Shops::All => Shops::AllBut(Arc::new(others.cloned().collect())),
            Shops::AllBut(shops) => Shops::AllBut(Arc::new(others.chain(shops.iter()).cloned().collect())),
        };
        let parts = parts.into_iter().filter(|shops| !shops.is_empty()).map(|shops| Shops::These(Arc::new(shops)));
        parts.chain([last]).map(|shops| Group { rules: self.rules, shops }).collect()
    }

    pub fn has(&self, shop: &str) -> bool {
        self.shops.has(shop)
    }

    /// Whether a shop is one of its; none: all are.
    pub fn filter(&self) -> Option<impl Fn(&str) -> bool + Send + use<>> {
        let shops = self.shops.clone();
        (!matches!(shops, Shops::All)).then_some(move |shop: &str| shops.has(shop))
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
