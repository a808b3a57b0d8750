//! The small invented company: three shops, twelve agents, five weeks across a month's and a quarter's
//! end. Everyday chats come from the seed; the edge cases among them are written by hand. What surrounds
//! the chats (refunds, tickets, shifts, videos) is drawn from dice of its own, each of one purpose.

mod chat;
mod edges;
mod everyday;
mod files;
mod logs;
mod people;
mod readme;
mod reference;
mod refunds;
mod shifts;
mod talk;
mod tickets;
mod trade;
mod videos;

use std::path::Path;

use jiff::civil::{Date, date};

use self::everyday::Diary;
use self::logs::Logs;
use self::people::SHOPS;
use self::trade::Trade;
use crate::dice::Dice;
use crate::error::Result;
use crate::{Summary, clock};

/// Monday to Sunday five times: the last days of September and the first of October, Q3 and Q4.
const FIRST: Date = date(2026, 8, 31);
const DAYS: u32 = 35;

/// Writes `sample_data/` into `out`, over what is there: the logs and the README that tells their story.
pub fn company(out: &Path, seed: u64) -> Result<Summary> {
    let exported_at = clock::midnight(clock::days_after(FIRST, DAYS)?)?;
    let mut diary = Diary { logs: Logs::default(), trade: Trade::new(exported_at), dice: Dice::new(seed) };
    diary.trade.write_older(clock::midnight(FIRST)?, &mut diary.logs, &mut diary.dice);
    for number in 0..DAYS {
        let date = clock::days_after(FIRST, number)?;
        for shop in &SHOPS {
            diary.write(date, shop)?;
        }
    }
    diary.trade.write_sales(&mut diary.logs, &mut diary.dice)?;
    edges::add(&mut diary.logs)?;
    add_service(&mut diary.logs, seed)?;
    diary.logs.cut(exported_at);
    let mut summary = files::write(out, diary.logs)?;
    summary.add_file(files::write_visits(out, FIRST, DAYS, &mut diary.dice)?);
    summary.add_file(videos::write(out, FIRST, DAYS, &mut Dice::of(seed, "videos"))?);
    reference::write(out, &mut summary)?;
    summary.add_file(readme::write(out)?);
    Ok(summary)
}

/// What follows from the chats and orders there are.
fn add_service(logs: &mut Logs, seed: u64) -> Result<()> {
    logs.number_orders();
    everyday::ask_for_nps(&mut logs.cards, &mut Dice::of(seed, "nps"));
    refunds::add(logs, &mut Dice::of(seed, "refunds"));
    tickets::add(logs, &mut Dice::of(seed, "tickets"))?;
    shifts::add(logs, FIRST, DAYS, &mut Dice::of(seed, "shifts"))
}
