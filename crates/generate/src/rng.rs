//! Random numbers from a seed. All of them are whole numbers, because the last digit of a floating-point logarithm may differ
//! between machines and that of a remainder cannot.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers that its seed determines. It is ChaCha's, which stays the same in every version of its crate;
/// the small generators of `rand` do not promise that.
pub(crate) struct SeededRng(ChaCha8Rng);

/// A distribution of whole numbers in pieces `(weight, from, to)`: a piece is chosen by its weight, and every number from `from`
/// up to but without `to` is equally likely in it. A few pieces stand in for a long-tailed curve and can be read off the page.
pub(crate) struct Distribution(pub(crate) &'static [(u32, i64, i64)]);

impl SeededRng {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> SeededRng {
        SeededRng(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A stream for one purpose, independent of all others of the seed: what is drawn from it changes no other draw.
    pub(crate) fn for_purpose(seed: u64, purpose: &str) -> SeededRng {
        SeededRng::new(purpose.bytes().fold(seed, |mixed, byte| scramble(mixed ^ u64::from(byte))))
    }

    /// A number of `0..end`, all equally likely; 0 when the range is empty.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end < 2 { 0 } else { self.0.random_range(0..end) }
    }

    /// A number of `from..to`, all equally likely; `from` when the range is empty.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        if to <= from { from } else { self.0.random_range(from..to) }
    }

    /// True in `chance` of a hundred draws.
    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.0.random_range(0..100_u32) < chance
    }

    /// One of the choices, all equally likely. There must be at least one.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// A number of a distribution.
    pub(crate) fn draw(&mut self, distribution: &Distribution) -> i64 {
        let mut left = self.below(distribution.total_weight()) as u32;
        for &(weight, from, to) in distribution.0 {
            if left < weight {
                return self.between(from, to);
            }
            left -= weight;
        }
        0
    }
}

impl Distribution {
    fn total_weight(&self) -> u64 {
        self.0.iter().map(|&(weight, ..)| u64::from(weight)).sum()
    }

    /// A thousand times the mean, which keeps three decimals of it in a whole number.
    pub(crate) fn mean_thousandfold(&self) -> u64 {
        let sum: i64 = self.0.iter().map(|&(weight, from, to)| i64::from(weight) * (from + to - 1) * 500).sum();
        sum.unsigned_abs() / self.total_weight().max(1)
    }
}

/// Maps each number to another that looks random and is always the same: the buyers of a shop spread over all ids by it.
pub(crate) fn scramble(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
