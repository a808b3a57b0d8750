//! Days of chat and order logs, as large as asked for, written while they happen.
//!
//! Nothing is kept but what is going on: the chats that are open and the orders that wait for their
//! money. So memory is that of the busiest minute, however many messages a day has, and the lines come
//! out in time order as they do in real logs. Cards, tickets, refunds and shifts are written beside the
//! chats and from dice of their own.

mod arrivals;
mod cards;
mod chat;
mod orders;
mod phrases;
mod population;
mod reference;
mod refunds;
mod rows;
mod service;
mod shifts;
mod tickets;
mod traffic;
mod videos;

use std::fs;

use jiff::tz::Offset;

use self::population::Population;
use self::rows::{Messages, Orders};
use self::service::{Files, Service};
use self::traffic::{Event, Traffic};
use crate::clock::DAY;
use crate::error::{GenerateError, Result};
use crate::table::Shape;
use crate::{Compression, Encoding, Format, Spec, Summary, clock};

/// Writes `messages/date=…`, `orders/date=…` and what surrounds them (by Shanghai day), and the small tables.
pub fn load(spec: &Spec) -> Result<Summary> {
    check(spec)?;
    let population = Population::new(spec);
    let mut summary = Summary::default();
    reference::write(spec, &population, &mut summary)?;
    let mut traffic = Traffic::new(&population, spec.seed);
    let mut service = Service::new(&population, spec.seed);
    for number in 0..spec.days {
        write_day(spec, number, &mut traffic, &mut service, &mut summary)?;
    }
    Ok(summary)
}

fn check(spec: &Spec) -> Result<()> {
    let wrong = |what| Err(GenerateError::InvalidRequest(what));
    if spec.days == 0 || spec.shops == 0 || spec.messages_per_day == 0 {
        return wrong("days, shops and messages per day must be at least 1");
    }
    let plain = spec.compression == Compression::None && spec.encoding == Encoding::Utf8;
    if spec.format == Format::Parquet && !plain {
        return wrong("Parquet has its own compression and is UTF-8: both settings are for CSV and NDJSON");
    }
    for table in ["messages", "orders"] {
        let folder = spec.out.join(table);
        if fs::exists(&folder).unwrap_or(false) {
            return Err(GenerateError::FolderTaken { folder });
        }
    }
    Ok(())
}

fn write_day(spec: &Spec, number: u32, traffic: &mut Traffic<'_>, service: &mut Service<'_>, summary: &mut Summary) -> Result<()> {
    let day = clock::days_after(spec.from, number)?;
    let midnight = clock::midnight(day)?;
    let folder = clock::partition(day);
    let compact = clock::compact(day);
    let shape = shape(spec);
    let population = service.population;
    let mut messages = Messages::create(shape, &spec.out.join("messages").join(&folder), population)?;
    let mut orders = Orders::create(shape, &spec.out.join("orders").join(&folder), population)?;
    let mut files = Files::create(shape, &spec.out, &folder, compact)?;
    service.start_day(number, midnight, &mut files)?;
    traffic.start_day(day)?;
    while let Some(event) = traffic.next() {
        match event {
            Event::Said(line) => {
                messages.write(compact, &line)?;
                service.said(&line, &mut files)?;
            }
            Event::Ordered(order) => {
                orders.write(&order)?;
                service.ordered(&order);
            }
        }
    }
    service.end_day(midnight + DAY, &mut files)?;
    summary.messages += messages.count();
    summary.orders += orders.count();
    summary.add_file(messages.close()?);
    summary.add_file(orders.close()?);
    files.close(summary)
}

fn shape(spec: &Spec) -> Shape {
    Shape { format: spec.format, compression: spec.compression, encoding: spec.encoding, offset: Offset::UTC }
}
