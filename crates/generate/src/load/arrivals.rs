//! When the chats of a day begin.

use crate::clock::HOUR;
use crate::dice::Dice;

/// How busy each hour in Shanghai is: asleep at night, peaks at 10-12, 14-17 and 20-22.
const HOURLY: [u64; 24] = [12, 7, 4, 3, 3, 4, 9, 18, 35, 58, 84, 82, 58, 60, 80, 86, 80, 58, 50, 66, 90, 88, 58, 30];
const PARTS: u64 = 1 << 20;

/// The day is cut into as many equally busy stretches as there are chats and one chat begins somewhere
/// in each. That is as uneven as the day, and in order without sorting or holding a day of instants.
pub(super) struct Arrivals {
    midnight: i64,
    chats: u64,
    begun: u64,
    hour: usize,
    /// How much of the day's business lies before `hour`.
    before: u128,
}

impl Arrivals {
    pub(super) fn new(midnight: i64, chats: u64) -> Arrivals {
        Arrivals { midnight, chats, begun: 0, hour: 0, before: 0 }
    }

    pub(super) fn next(&mut self, dice: &mut Dice) -> Option<i64> {
        if self.begun == self.chats {
            return None;
        }
        let part = u128::from(self.begun * PARTS + dice.below(PARTS));
        let business = u128::from(HOURLY.iter().sum::<u64>() * HOUR.unsigned_abs());
        let at = part * business / u128::from(self.chats * PARTS);
        self.begun += 1;
        while self.hour < HOURLY.len() - 1 && at >= self.before + self.business_of_hour() {
            self.before += self.business_of_hour();
            self.hour += 1;
        }
        let into_hour = (at - self.before) / u128::from(HOURLY[self.hour]);
        Some(self.midnight + self.hour as i64 * HOUR + into_hour as i64)
    }

    fn business_of_hour(&self) -> u128 {
        u128::from(HOURLY[self.hour] * HOUR.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_begin_in_order_within_the_day_and_mostly_by_daylight() {
        let mut dice = Dice::new(1);
        let mut arrivals = Arrivals::new(0, 10_000);
        let begun: Vec<i64> = std::iter::from_fn(|| arrivals.next(&mut dice)).collect();
        assert_eq!(begun.len(), 10_000);
        assert!(begun.is_sorted());
        assert!(begun[0] >= 0 && begun[9_999] < 24 * HOUR);
        let night = begun.iter().filter(|&&at| at < 6 * HOUR).count();
        assert!(night < 500, "{night} of 10000 chats before six in the morning");
    }
}
