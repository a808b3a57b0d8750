//! The shops of the load logs: how busy each is, and who works and buys there.

use super::chat;
use super::spec::LoadSpec;
use crate::rng::{SeededRng, scramble};

/// The platforms, which shops take in turn.
const PLATFORMS: [&str; 7] = ["taobao", "1688", "jd", "pdd", "douyin", "kuaishou", "xiaohongshu"];
/// The messages of a day that a shop has one agent for.
const MESSAGES_PER_AGENT: u64 = 4_000;
const FEWEST_AGENTS: u64 = 2;
/// A shop has as many buyers as it has chats in so many days. The fewer there are, the more often each comes back.
const DAYS_OF_BUYERS: u64 = 20;
/// The weight of a shop is 1/rank. Ranks start here, because with rank 1 the first few shops would have most of the chats.
const FIRST_RANK: u64 = 4;
/// The weight of rank 1, large enough for a whole number to hold its fractions.
const WEIGHT: u64 = 1_000_000_000;

/// All shops.
pub(super) struct Population {
    /// The shops by rank. The first one is the giant, if one is asked for.
    pub(super) shops: Vec<LoadShop>,
    /// The sum of the weights up to each shop, in which a draw is one binary search.
    cumulative_weights: Vec<u64>,
    /// Chats per day over all shops.
    pub(super) chats: u64,
}

/// One shop.
pub(super) struct LoadShop {
    /// Its id, such as s0001.
    pub(super) id: String,
    /// Its platform.
    pub(super) platform: &'static str,
    /// The ids of its agents.
    pub(super) agents: Vec<String>,
    /// Its chats per day, at least 1.
    pub(super) chats: u64,
}

impl Population {
    /// The shops that a spec asks for.
    pub(super) fn new(spec: &LoadSpec) -> Population {
        let chats = (spec.messages_per_day * 1_000 / chat::LINES.mean_thousandfold()).max(1);
        let mut weights = (0..u64::from(spec.shops)).map(|rank| WEIGHT / (rank + FIRST_RANK)).collect::<Vec<_>>();
        if let (Some(percent), [giant, others @ ..]) = (spec.giant_percent, weights.as_mut_slice()) {
            *giant = others.iter().sum::<u64>() * percent / (100 - percent);
        }
        let cumulative_weights = weights.iter().scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let cumulative_weights = cumulative_weights.collect::<Vec<u64>>();
        let total = cumulative_weights.last().copied().unwrap_or(1);
        let share = |all: u64, weight: u64| (u128::from(all) * u128::from(weight) / u128::from(total)) as u64;
        let shop = |(rank, weight): (u64, &u64)| LoadShop::new(rank, share(spec.messages_per_day, *weight), share(chats, *weight));
        let shops = (0..).zip(&weights).map(shop).collect();
        Population { shops, cumulative_weights, chats }
    }

    /// The shop at a place in the population.
    pub(super) fn shop(&self, number: u32) -> &LoadShop {
        &self.shops[number as usize]
    }

    /// Draws the place of a shop for the next chat: the heavier a shop, the more often.
    pub(super) fn draw_shop(&self, rng: &mut SeededRng) -> u32 {
        let total = self.cumulative_weights.last().copied().unwrap_or(1);
        let drawn = rng.below(total);
        self.cumulative_weights.partition_point(|&sum| sum <= drawn) as u32
    }

    /// Draws one of the shop's own buyers, as the seven digits of the id.
    pub(super) fn draw_buyer(&self, shop: u32, rng: &mut SeededRng) -> u64 {
        let known = rng.below(self.shop(shop).chats * DAYS_OF_BUYERS);
        1_000_000 + scramble(u64::from(shop) << 40 | known) % 9_000_000
    }
}

impl LoadShop {
    fn new(rank: u64, messages: u64, chats: u64) -> LoadShop {
        let id = format!("s{:04}", rank + 1);
        let agents = (messages / MESSAGES_PER_AGENT).max(FEWEST_AGENTS);
        let agents = (1..=agents).map(|number| format!("{id}-a{number:02}")).collect();
        LoadShop { platform: PLATFORMS[rank as usize % PLATFORMS.len()], agents, chats: chats.max(1), id }
    }

    /// The number of its agents.
    pub(super) fn headcount(&self) -> u32 {
        self.agents.len() as u32
    }
}
