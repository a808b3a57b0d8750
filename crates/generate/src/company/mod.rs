//! The small invented company: three shops and twelve agents in five weeks that cross the end of a month and of a quarter.
//! The everyday chats come from the seed, and the edge cases among them are written by hand; so is all of a shop abroad. What surrounds the chats
//! (refunds, tickets, shifts, videos) has random numbers of its own, a stream for each purpose.

mod people;
mod topics;
mod logs;
mod chat;
mod orders;
mod everyday;
mod edge_case;
mod edges;
mod edge_rows;
mod refunds;
mod tickets;
mod shifts;
mod files;
mod videos;
mod reference;
mod readme;

use std::path::Path;

use jiff::civil::{Date, date};

use self::everyday::EverydayLogs;
use self::logs::CompanyLogs;
use self::orders::EverydayOrders;
use self::people::SHOPS;
use crate::clock;
use crate::error::GenerateResult;
use crate::rng::SeededRng;
use crate::summary::GeneratedSummary;

/// The seed that `sample_data/` is written with.
pub const COMPANY_SEED: u64 = 20_260_831;

/// The first day, a Monday.
const FIRST_DAY: Date = date(2026, 8, 31);
/// Five weeks from Monday to Sunday, over the end of September and of the third quarter.
const DAYS: u32 = 35;

/// Writes `sample_data/` into `out`, over what is there: the logs, and the README that tells their story.
///
/// # Errors
///
/// The file that could not be written.
pub fn write_company(out: &Path, seed: u64) -> GenerateResult<GeneratedSummary> {
    let exported_at = clock::midnight(clock::days_after(FIRST_DAY, DAYS)?)?;
    let orders = EverydayOrders::new(exported_at);
    let mut everyday = EverydayLogs { logs: CompanyLogs::default(), orders, rng: SeededRng::new(seed) };
    everyday.orders.write_older(clock::midnight(FIRST_DAY)?, &mut everyday.logs, &mut everyday.rng);
    for number in 0..DAYS {
        let date = clock::days_after(FIRST_DAY, number)?;
        for shop in &SHOPS {
            everyday.write_day(date, shop)?;
        }
    }
    everyday.orders.write_sales(&mut everyday.logs, &mut everyday.rng)?;
    edge_rows::add(&mut everyday.logs)?;
    add_companions(&mut everyday.logs, seed)?;
    everyday.logs.truncate(exported_at);
    let mut summary = files::write(out, everyday.logs)?;
    summary.add_file(files::write_visits(out, FIRST_DAY, DAYS, &mut everyday.rng)?);
    summary.add_file(videos::write(out, FIRST_DAY, DAYS, &mut SeededRng::for_purpose(seed, "videos"))?);
    reference::write(out, &mut summary)?;
    summary.add_file(readme::write(out)?);
    Ok(summary)
}

/// Adds what follows from the chats and orders there are.
fn add_companions(logs: &mut CompanyLogs, seed: u64) -> GenerateResult<()> {
    logs.number_orders();
    everyday::ask_for_nps(&mut logs.evaluations, &mut SeededRng::for_purpose(seed, "nps"));
    refunds::add(logs, &mut SeededRng::for_purpose(seed, "refunds"));
    tickets::add(logs, &mut SeededRng::for_purpose(seed, "tickets"))?;
    shifts::add(logs, FIRST_DAY, DAYS, &mut SeededRng::for_purpose(seed, "shifts"))
}
