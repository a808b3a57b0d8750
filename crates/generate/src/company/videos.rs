//! The videos of the shops that make some: a row per video and day.

use std::path::Path;

use jiff::civil::Date;

use super::files::SHAPE;
use super::people::{KUAISHOU, XIAOHONGSHU, XIAOMAI};
use crate::clock;
use crate::columns;
use crate::dice::Dice;
use crate::error::Result;
use crate::table::Cell;

/// Plays of each day in percent of the best.
const ORDINARY: &[i64] = &[60, 100, 70, 45, 30, 20, 12, 8, 5, 3];
/// Published minutes before midnight: nobody sees it that day.
const LATE: &[i64] = &[0, 100, 65, 40, 22, 14, 9];
/// Held back by the platform: nobody ever sees it.
const HELD: &[i64] = &[0, 0, 0];

/// An account: its followers before the first day, and what it shows.
struct Channel {
    shop: &'static str,
    followers: i64,
    videos: &'static [Video],
}

struct Video {
    id: &'static str,
    /// Days after the first of the logs.
    from: u32,
    length: i64,
    best: i64,
    days: &'static [i64],
}

const fn video(id: &'static str, from: u32, length: i64, best: i64, days: &'static [i64]) -> Video {
    Video { id, from, length, best, days }
}

static CHANNELS: [Channel; 3] = [
    Channel {
        shop: XIAOMAI,
        followers: 12_400,
        videos: &[video("v-dy-1", 2, 28, 5_200, ORDINARY), video("v-dy-2", 14, 45, 3_100, LATE), video("v-dy-3", 25, 19, 16_800, ORDINARY)],
    },
    Channel {
        shop: KUAISHOU,
        followers: 3_150,
        videos: &[video("v-ks-1", 5, 33, 2_400, ORDINARY), video("v-ks-2", 16, 61, 900, HELD), video("v-ks-3", 20, 24, 4_600, LATE)],
    },
    Channel {
        shop: XIAOHONGSHU,
        followers: 860,
        videos: &[video("v-xhs-1", 9, 52, 1_300, ORDINARY), video("v-xhs-2", 23, 37, 2_700, ORDINARY)],
    },
];

pub(super) fn write(out: &Path, first: Date, days: u32, dice: &mut Dice) -> Result<u64> {
    let mut table = SHAPE.create(out, "videos", &columns::VIDEOS)?;
    for channel in &CHANNELS {
        let mut followers = channel.followers;
        for number in 0..days {
            let date = clock::days_after(first, number)?.to_string();
            for video in channel.videos {
                let Some(percent) = video.percent_on(number) else { continue };
                let [plays, likes, comments, shares, new_followers, complete_plays, watch_seconds] = video.seen(percent, dice);
                followers += new_followers;
                let numbers =
                    [plays, likes, comments, shares, new_followers, followers, complete_plays, watch_seconds, video.length].map(Cell::Int);
                let keys = [channel.shop, video.id, &date].map(Cell::Text);
                table.row(&[keys.as_slice(), numbers.as_slice()].concat())?;
            }
        }
    }
    table.close()
}

impl Video {
    fn percent_on(&self, number: u32) -> Option<i64> {
        let day = number.checked_sub(self.from)?;
        self.days.get(day as usize).copied()
    }

    /// A day's plays, likes, comments, shares, new followers, plays to the end and seconds watched.
    fn seen(&self, percent: i64, dice: &mut Dice) -> [i64; 7] {
        let plays = self.best * percent * dice.between(90, 111) / 10_000;
        let likes = plays * dice.between(25, 70) / 1_000;
        let comments = likes * dice.between(6, 20) / 100;
        let shares = likes * dice.between(3, 12) / 100;
        let new_followers = plays * dice.between(2, 11) / 1_000;
        let complete = plays * dice.between(18, 46) / 100;
        let broken_off = (plays - complete) * self.length * dice.between(10, 45) / 100;
        [plays, likes, comments, shares, new_followers, complete, complete * self.length + broken_off]
    }
}
