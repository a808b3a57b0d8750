//! Days of chat and order logs of any size, written in the order in which things happen.
//!
//! Only what is going on is kept in memory: the chats that are open and the orders that are not paid yet. So memory is that
//! of the busiest minute, however many messages a day has, and rows come out in time order as they do in real logs.
//! The tables beside the chats (evaluations, tickets, refunds, agents' statuses) have random numbers of their own.

mod spec;
mod phrases;
mod chat;
mod orders;
mod population;
mod arrivals;
mod schedule;
mod traffic;
mod rows;
mod evaluations;
mod tickets;
mod refunds;
mod shifts;
mod companions;
mod videos;
mod reference;

pub use self::spec::LoadSpec;

use std::fs;

use jiff::tz::Offset;

use self::companions::{CompanionFiles, CompanionLogs};
use self::population::Population;
use self::rows::{MessageFile, OrderFile};
use self::traffic::{Traffic, TrafficEvent};
use crate::clock::{self, DAY};
use crate::error::{GenerateError, GenerateResult};
use crate::formats::{FileFormat, TextCompression, TextEncoding};
use crate::summary::GeneratedSummary;
use crate::table_file::TableFileOptions;

/// Writes logs of any size: `messages/date=…`, `orders/date=…` and the tables beside them by Shanghai day, and the small tables
/// as one CSV file each.
///
/// # Errors
///
/// A usage error when the spec cannot be met or its folder holds logs already; otherwise the file that could not be written.
pub fn write_load(spec: &LoadSpec) -> GenerateResult<GeneratedSummary> {
    check(spec)?;
    let population = Population::new(spec);
    let mut summary = GeneratedSummary::default();
    reference::write(spec, &population, &mut summary)?;
    let mut traffic = Traffic::new(&population, spec.seed);
    let mut companions = CompanionLogs::new(&population, spec.seed);
    for number in 0..spec.days {
        write_day(spec, number, &mut traffic, &mut companions, &mut summary)?;
    }
    Ok(summary)
}

fn check(spec: &LoadSpec) -> GenerateResult<()> {
    if spec.days == 0 || spec.shops == 0 || spec.messages_per_day == 0 {
        return Err(GenerateError::InvalidRequest("days, shops and messages per day must be at least 1"));
    }
    let plain = spec.compression == TextCompression::None && spec.encoding == TextEncoding::Utf8;
    if spec.format == FileFormat::Parquet && !plain {
        let reason = "Parquet has its own compression and is UTF-8: both settings are for CSV and NDJSON";
        return Err(GenerateError::InvalidRequest(reason));
    }
    for table in ["messages", "orders"] {
        let folder = spec.out.join(table);
        if fs::exists(&folder).unwrap_or(false) {
            return Err(GenerateError::FolderTaken { folder });
        }
    }
    Ok(())
}

fn write_day(
    spec: &LoadSpec,
    number: u32,
    traffic: &mut Traffic<'_>,
    companions: &mut CompanionLogs<'_>,
    summary: &mut GeneratedSummary,
) -> GenerateResult<()> {
    let day = clock::days_after(spec.from, number)?;
    let midnight = clock::midnight(day)?;
    let folder = clock::day_folder(day);
    let day_number = clock::day_number(day);
    let options = daily_options(spec);
    let population = companions.population;
    let mut messages = MessageFile::create(options, &spec.out.join("messages").join(&folder), population)?;
    let mut orders = OrderFile::create(options, &spec.out.join("orders").join(&folder), population)?;
    let mut files = CompanionFiles::create(options, &spec.out, &folder, day_number)?;
    companions.start_day(number, midnight, &mut files)?;
    traffic.start_day(day)?;
    while let Some(event) = traffic.next() {
        match event {
            TrafficEvent::Said(line) => {
                messages.write(day_number, &line)?;
                companions.on_line(&line, &mut files)?;
            }
            TrafficEvent::Ordered(order) => {
                orders.write(&order)?;
                companions.on_order(&order);
            }
        }
    }
    companions.end_day(midnight + DAY, &mut files)?;
    summary.messages += messages.count();
    summary.orders += orders.count();
    summary.add_file(messages.close()?);
    summary.add_file(orders.close()?);
    files.close(summary)
}

/// The form of the tables that are written by day.
fn daily_options(spec: &LoadSpec) -> TableFileOptions {
    TableFileOptions { format: spec.format, compression: spec.compression, encoding: spec.encoding, offset: Offset::UTC }
}
