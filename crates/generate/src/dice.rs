//! Chance in whole numbers: a logarithm's last digit may differ between machines, a remainder's cannot.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// ChaCha promises the same stream for ever; rand's own small generators do not.
pub(super) struct Dice(ChaCha8Rng);

/// What share of draws falls evenly into which range: `(weight, from, to)`, `to` left out.
/// A few straight pieces stand in for a long-tailed curve, and can be read off the page.
pub(super) struct Spread(pub(super) &'static [(u32, i64, i64)]);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Dice of one purpose: whatever is drawn from them, all other draws stay what they are.
    pub(super) fn of(seed: u64, purpose: &str) -> Dice {
        Dice::new(purpose.bytes().fold(seed, |mixed, byte| scatter(mixed ^ u64::from(byte))))
    }

    /// Evenly from `0..end`; 0 when there is nothing to choose from.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        if end < 2 { 0 } else { self.0.random_range(0..end) }
    }

    /// Evenly from `from..to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        if to <= from { from } else { self.0.random_range(from..to) }
    }

    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.0.random_range(0..100_u32) < chance
    }

    /// One of some things; there must be one.
    pub(super) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len() as u64) as usize]
    }

    pub(super) fn draw(&mut self, spread: &Spread) -> i64 {
        let mut left = self.below(spread.weight()) as u32;
        for &(weight, from, to) in spread.0 {
            if left < weight {
                return self.between(from, to);
            }
            left -= weight;
        }
        0
    }
}

impl Spread {
    fn weight(&self) -> u64 {
        self.0.iter().map(|&(weight, ..)| u64::from(weight)).sum()
    }

    /// The mean of many draws, times 1000.
    pub(super) fn mean_thousandfold(&self) -> u64 {
        let sum: i64 = self.0.iter().map(|&(weight, from, to)| i64::from(weight) * (from + to - 1) * 500).sum();
        sum.unsigned_abs() / self.weight().max(1)
    }
}

/// A number that looks random and is the same every time: spreads the buyers of a shop over all ids.
pub(super) fn scatter(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
