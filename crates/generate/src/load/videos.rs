//! The videos of the shops on platforms that live by them: a row per video and day, always CSV.

use jiff::tz::Offset;

use super::population::Population;
use crate::columns;
use crate::dice::Dice;
use crate::error::Result;
use crate::table::{Cell, Shape};
use crate::{Spec, clock};

const PLATFORMS: [&str; 3] = ["douyin", "kuaishou", "xiaohongshu"];
const VIDEOS_OF_A_SHOP: u32 = 3;

pub(super) fn write(spec: &Spec, population: &Population) -> Result<u64> {
    let mut table = Shape::csv(spec.encoding, Offset::UTC).create(&spec.out, "videos", &columns::VIDEOS)?;
    let mut dice = Dice::of(spec.seed, "videos");
    for shop in population.shops.iter().filter(|shop| PLATFORMS.contains(&shop.platform)) {
        let mut followers = 1_000 + shop.chats as i64 * 20;
        for number in 0..spec.days {
            let date = clock::days_after(spec.from, number)?.to_string();
            for video in 1..=VIDEOS_OF_A_SHOP {
                let id = format!("{}-v{video}", shop.id);
                let length = 15 + 13 * i64::from(video);
                let [plays, likes, comments, shares, new_followers, complete, watched] = seen(shop.chats as i64, length, &mut dice);
                followers += new_followers;
                let numbers = [plays, likes, comments, shares, new_followers, followers, complete, watched, length].map(Cell::Int);
                let keys = [shop.id.as_str(), &id, &date].map(Cell::Text);
                table.row(&[keys.as_slice(), numbers.as_slice()].concat())?;
            }
        }
    }
    table.close()
}

/// A day's plays, likes, comments, shares, new followers, plays to the end and seconds watched. Some days nobody looks.
fn seen(chats: i64, length: i64, dice: &mut Dice) -> [i64; 7] {
    let plays = if dice.percent(4) { 0 } else { chats * dice.between(5, 60) };
    let likes = plays * dice.between(20, 80) / 1_000;
    let comments = likes * dice.between(5, 20) / 100;
    let shares = likes * dice.between(3, 12) / 100;
    let new_followers = plays * dice.between(1, 10) / 1_000;
    let complete = plays * dice.between(15, 50) / 100;
    let broken_off = (plays - complete) * length * dice.between(10, 45) / 100;
    [plays, likes, comments, shares, new_followers, complete, complete * length + broken_off]
}
