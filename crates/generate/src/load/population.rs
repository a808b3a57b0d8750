//! The shops, how busy each is, and who works and buys there.

use super::chat;
use crate::Spec;
use crate::dice::{Dice, scatter};

const PLATFORMS: [&str; 7] = ["taobao", "1688", "jd", "pdd", "douyin", "kuaishou", "xiaohongshu"];
const MESSAGES_PER_AGENT: u64 = 4_000;
const FEWEST_AGENTS: u64 = 2;
/// A shop's buyers are so many days' worth of chats: the fewer, the more come back.
const DAYS_OF_BUYERS: u64 = 20;
/// The first shops of a plain 1/rank law would be most of the company.
const FIRST_RANK: u64 = 4;
const WEIGHT: u64 = 1_000_000_000;

pub(super) struct Population {
    pub(super) shops: Vec<Shop>,
    /// Weights added up, so that a draw is one binary search.
    upto: Vec<u64>,
    /// Chats a day, over all shops.
    pub(super) chats: u64,
}

pub(super) struct Shop {
    pub(super) id: String,
    pub(super) platform: &'static str,
    pub(super) agents: Vec<String>,
    /// Chats a day, at least 1.
    pub(super) chats: u64,
}

impl Population {
    pub(super) fn new(spec: &Spec) -> Population {
        let chats = (spec.messages_per_day * 1_000 / chat::LINES.mean_thousandfold()).max(1);
        let mut weights = (0..u64::from(spec.shops)).map(|rank| WEIGHT / (rank + FIRST_RANK)).collect::<Vec<_>>();
        if let (Some(percent), [giant, others @ ..]) = (spec.giant_percent, weights.as_mut_slice()) {
            *giant = others.iter().sum::<u64>() * percent / (100 - percent);
        }
        let upto = weights.iter().scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let upto = upto.collect::<Vec<u64>>();
        let total = upto.last().copied().unwrap_or(1);
        let share = |all: u64, weight: u64| (u128::from(all) * u128::from(weight) / u128::from(total)) as u64;
        let shop = |(rank, weight): (u64, &u64)| Shop::new(rank, share(spec.messages_per_day, *weight), share(chats, *weight));
        let shops = (0..).zip(&weights).map(shop).collect();
        Population { shops, upto, chats }
    }

    pub(super) fn shop(&self, number: u32) -> &Shop {
        &self.shops[number as usize]
    }

    /// A shop for the next chat: the busy ones come up more often.
    pub(super) fn draw_shop(&self, dice: &mut Dice) -> u32 {
        let total = self.upto.last().copied().unwrap_or(1);
        let drawn = dice.below(total);
        self.upto.partition_point(|&upto| upto <= drawn) as u32
    }

    /// One of a shop's own buyers, as the seven digits of the id.
    pub(super) fn draw_buyer(&self, shop: u32, dice: &mut Dice) -> u64 {
        let known = dice.below(self.shop(shop).chats * DAYS_OF_BUYERS);
        1_000_000 + scatter(u64::from(shop) << 40 | known) % 9_000_000
    }
}

impl Shop {
    fn new(rank: u64, messages: u64, chats: u64) -> Shop {
        let id = format!("s{:04}", rank + 1);
        let agents = (messages / MESSAGES_PER_AGENT).max(FEWEST_AGENTS);
        let agents = (1..=agents).map(|number| format!("{id}-a{number:02}")).collect();
        Shop { platform: PLATFORMS[rank as usize % PLATFORMS.len()], agents, chats: chats.max(1), id }
    }

    pub(super) fn headcount(&self) -> u32 {
        self.agents.len() as u32
    }
}
