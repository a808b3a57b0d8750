//! When the chats of a day begin.

use crate::clock::HOUR;
use crate::rng::SeededRng;

/// The share of each hour in the chats of a day, in Shanghai time: few at night, peaks at 10-12, 14-17 and 20-22.
const HOURLY: [u64; 24] = [12, 7, 4, 3, 3, 4, 9, 18, 35, 58, 84, 82, 58, 60, 80, 86, 80, 58, 50, 66, 90, 88, 58, 30];
/// The number of instants that a chat can begin at within its stretch of the day.
const PARTS: u64 = 1 << 20;

/// The instants at which the chats of a day begin, in order. The day is cut into as many equally busy stretches as there are
/// chats, and one chat begins somewhere in each: the chats follow the hours without a sort and without a day of instants in memory.
pub(super) struct ChatArrivals {
    /// The start of the day in epoch milliseconds.
    midnight: i64,
    chats: u64,
    begun: u64,
    /// The hour of the last chat that began.
    hour: usize,
    /// The weight of the hours before that one, in the unit of `weight_of_hour`.
    weight_before: u128,
}

impl ChatArrivals {
    /// The arrivals of a day that starts at `midnight`, in epoch milliseconds.
    pub(super) fn new(midnight: i64, chats: u64) -> ChatArrivals {
        ChatArrivals { midnight, chats, begun: 0, hour: 0, weight_before: 0 }
    }

    /// The instant of the next chat in epoch milliseconds; none after the last.
    pub(super) fn next(&mut self, rng: &mut SeededRng) -> Option<i64> {
        if self.begun == self.chats {
            return None;
        }
        let part = u128::from(self.begun * PARTS + rng.below(PARTS));
        let weight_of_day = u128::from(HOURLY.iter().sum::<u64>() * HOUR.unsigned_abs());
        let at = part * weight_of_day / u128::from(self.chats * PARTS);
        self.begun += 1;
        while self.hour < HOURLY.len() - 1 && at >= self.weight_before + self.weight_of_hour() {
            self.weight_before += self.weight_of_hour();
            self.hour += 1;
        }
        let into_hour = (at - self.weight_before) / u128::from(HOURLY[self.hour]);
        Some(self.midnight + self.hour as i64 * HOUR + into_hour as i64)
    }

    /// The hour's share times its milliseconds: one unit of weight is one millisecond of the emptiest hour.
    fn weight_of_hour(&self) -> u128 {
        u128::from(HOURLY[self.hour] * HOUR.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_begin_in_order_within_the_day_and_mostly_by_daylight() {
        let mut rng = SeededRng::new(1);
        let mut arrivals = ChatArrivals::new(0, 10_000);
        let begun: Vec<i64> = std::iter::from_fn(|| arrivals.next(&mut rng)).collect();
        assert_eq!(begun.len(), 10_000);
        assert!(begun.is_sorted());
        assert!(begun[0] >= 0 && begun[9_999] < 24 * HOUR);
        let night = begun.iter().filter(|&&at| at < 6 * HOUR).count();
        assert!(night < 500, "{night} of 10000 chats before six in the morning");
    }
}
