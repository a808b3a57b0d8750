//! The videos of the shops on video platforms: one row per video and day, always as CSV.

use jiff::tz::Offset;

use super::population::Population;
use super::spec::LoadSpec;
use crate::clock;
use crate::columns;
use crate::error::GenerateResult;
use crate::rng::SeededRng;
use crate::table::CellValue;
use crate::table_file::TableFileOptions;

/// The platforms whose shops publish videos.
const PLATFORMS: [&str; 3] = ["douyin", "kuaishou", "xiaohongshu"];
const VIDEOS_OF_A_SHOP: u32 = 3;

/// Writes `videos.csv` and returns its size in bytes.
pub(super) fn write(spec: &LoadSpec, population: &Population) -> GenerateResult<u64> {
    let mut table = TableFileOptions::csv(spec.encoding, Offset::UTC).create(&spec.out, "videos", &columns::VIDEOS)?;
    let mut rng = SeededRng::for_purpose(spec.seed, "videos");
    for shop in population.shops.iter().filter(|shop| PLATFORMS.contains(&shop.platform)) {
        let mut followers = 1_000 + shop.chats as i64 * 20;
        for number in 0..spec.days {
            let date = clock::days_after(spec.from, number)?.to_string();
            for video in 1..=VIDEOS_OF_A_SHOP {
                let id = format!("{}-v{video}", shop.id);
                let length = 15 + 13 * i64::from(video);
                let [plays, likes, comments, shares, new_followers, complete, watched] = daily_figures(shop.chats as i64, length, &mut rng);
                followers += new_followers;
                let numbers = [plays, likes, comments, shares, new_followers, followers, complete, watched, length].map(CellValue::Int);
                let keys = [shop.id.as_str(), &id, &date].map(CellValue::Text);
                table.row(&[keys.as_slice(), numbers.as_slice()].concat())?;
            }
        }
    }
    table.close()
}

/// The plays, likes, comments, shares, new followers, plays to the end and seconds watched of a video on one day, on some days none.
fn daily_figures(chats: i64, length: i64, rng: &mut SeededRng) -> [i64; 7] {
    let plays = if rng.percent(4) { 0 } else { chats * rng.between(5, 60) };
    let likes = plays * rng.between(20, 80) / 1_000;
    let comments = likes * rng.between(5, 20) / 100;
    let shares = likes * rng.between(3, 12) / 100;
    let new_followers = plays * rng.between(1, 10) / 1_000;
    let complete = plays * rng.between(15, 50) / 100;
    let broken_off = (plays - complete) * length * rng.between(10, 45) / 100;
    [plays, likes, comments, shares, new_followers, complete, complete * length + broken_off]
}
