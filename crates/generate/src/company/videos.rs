//! The videos of the shops that publish some: one row per video and day.

use std::path::Path;

use jiff::civil::Date;

use super::files::FILE_OPTIONS;
use super::people::{KUAISHOU, XIAOHONGSHU, XIAOMAI};
use crate::clock;
use crate::columns;
use crate::error::GenerateResult;
use crate::rng::SeededRng;
use crate::table::CellValue;

/// The plays of each day after publication, in per cent of the best day.
const ORDINARY: &[i64] = &[60, 100, 70, 45, 30, 20, 12, 8, 5, 3];
/// The same of a video published minutes before midnight, which nobody sees on that day.
const LATE: &[i64] = &[0, 100, 65, 40, 22, 14, 9];
/// The same of a video that the platform holds back, which nobody ever sees.
const HELD: &[i64] = &[0, 0, 0];

/// The video account of a shop: its followers before the first day, and its videos.
struct VideoChannel {
    shop: &'static str,
    followers: i64,
    videos: &'static [CompanyVideo],
}

/// A video.
struct CompanyVideo {
    id: &'static str,
    /// The day of publication, counted from the first day of the logs.
    from: u32,
    /// The length in seconds.
    length: i64,
    /// The plays of its best day.
    best: i64,
    /// The plays of each day, in per cent of the best.
    days: &'static [i64],
}

const fn video(id: &'static str, from: u32, length: i64, best: i64, days: &'static [i64]) -> CompanyVideo {
    CompanyVideo { id, from, length, best, days }
}

static CHANNELS: [VideoChannel; 3] = [
    VideoChannel {
        shop: XIAOMAI,
        followers: 12_400,
        videos: &[video("v-dy-1", 2, 28, 5_200, ORDINARY), video("v-dy-2", 14, 45, 3_100, LATE), video("v-dy-3", 25, 19, 16_800, ORDINARY)],
    },
    VideoChannel {
        shop: KUAISHOU,
        followers: 3_150,
        videos: &[video("v-ks-1", 5, 33, 2_400, ORDINARY), video("v-ks-2", 16, 61, 900, HELD), video("v-ks-3", 20, 24, 4_600, LATE)],
    },
    VideoChannel {
        shop: XIAOHONGSHU,
        followers: 860,
        videos: &[video("v-xhs-1", 9, 52, 1_300, ORDINARY), video("v-xhs-2", 23, 37, 2_700, ORDINARY)],
    },
];

/// Writes `videos.csv` and returns its size in bytes.
pub(super) fn write(out: &Path, first: Date, days: u32, rng: &mut SeededRng) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "videos", &columns::VIDEOS)?;
    for channel in &CHANNELS {
        let mut followers = channel.followers;
        for number in 0..days {
            let date = clock::days_after(first, number)?.to_string();
            for video in channel.videos {
                let Some(percent) = video.percent_on(number) else { continue };
                let [plays, likes, comments, shares, new_followers, complete_plays, watch_seconds] = video.daily_figures(percent, rng);
                followers += new_followers;
                let numbers = [plays, likes, comments, shares, new_followers, followers, complete_plays, watch_seconds, video.length]
                    .map(CellValue::Int);
                let keys = [channel.shop, video.id, &date].map(CellValue::Text);
                table.row(&[keys.as_slice(), numbers.as_slice()].concat())?;
            }
        }
    }
    table.close()
}

impl CompanyVideo {
    fn percent_on(&self, number: u32) -> Option<i64> {
        let day = number.checked_sub(self.from)?;
        self.days.get(day as usize).copied()
    }

    /// The plays, likes, comments, shares, new followers, plays to the end and seconds watched of one day.
    fn daily_figures(&self, percent: i64, rng: &mut SeededRng) -> [i64; 7] {
        let plays = self.best * percent * rng.between(90, 111) / 10_000;
        let likes = plays * rng.between(25, 70) / 1_000;
        let comments = likes * rng.between(6, 20) / 100;
        let shares = likes * rng.between(3, 12) / 100;
        let new_followers = plays * rng.between(2, 11) / 1_000;
        let complete = plays * rng.between(18, 46) / 100;
        let broken_off = (plays - complete) * self.length * rng.between(10, 45) / 100;
        [plays, likes, comments, shares, new_followers, complete, complete * self.length + broken_off]
    }
}
