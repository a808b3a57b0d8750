//! The tables beside the chats: evaluations, tickets, refunds and agents' statuses. Each has random numbers of its own, so that
//! none changes what the others draw, least of all the chats.

use std::collections::BinaryHeap;
use std::path::Path;

use super::chat::InventedLine;
use super::orders::LoadOrder;
use super::population::Population;
use super::refunds::LoadRefund;
use super::schedule::Scheduled;
use super::{evaluations, shifts, tickets};
use crate::columns;
use crate::error::GenerateResult;
use crate::rng::SeededRng;
use crate::summary::GeneratedSummary;
use crate::table::{ColumnSpec, RowWriter, flag, int, money, name, text, time};
use crate::table_file::TableFileOptions;

/// One row per refund.
static REFUNDS: [ColumnSpec; 10] = [
    name("shop_id"),
    text("refund_id"),
    text("order_id"),
    time("applied_at"),
    time("finished_at"),
    money("amount"),
    int("quantity"),
    name("kind"),
    name("reason"),
    flag("disputed"),
];

/// What goes on beside the chats.
pub(super) struct CompanionLogs<'a> {
    /// The shops.
    pub(super) population: &'a Population,
    evaluations: SeededRng,
    tickets: SeededRng,
    refunds: SeededRng,
    shifts: SeededRng,
    /// Refunds that buyers will apply for, the soonest first.
    due: BinaryHeap<Scheduled<LoadRefund>>,
    /// The last serial number given to a refund.
    serial: u64,
}

/// The files of one day. A row is in the file of the day it begins on: when the satisfaction card was sent, the ticket opened
/// or the refund applied for.
pub(super) struct CompanionFiles {
    evaluations: Box<dyn RowWriter>,
    tickets: Box<dyn RowWriter>,
    refunds: Box<dyn RowWriter>,
    agent_status: Box<dyn RowWriter>,
    /// The day as eight digits, which ids carry.
    day: u32,
    /// Tickets opened on this day so far.
    opened: u64,
}

impl CompanionFiles {
    /// Creates the files of a day in its folder of each table.
    pub(super) fn create(options: TableFileOptions, out: &Path, folder: &str, day: u32) -> GenerateResult<CompanionFiles> {
        let path = |table: &str| out.join(table).join(folder);
        Ok(CompanionFiles {
            evaluations: options.create(&path("evaluations"), "part-0", &columns::EVALUATIONS)?,
            tickets: options.create(&path("tickets"), "part-0", &columns::TICKETS)?,
            refunds: options.create(&path("refunds"), "part-0", &REFUNDS)?,
            agent_status: options.create(&path("agent_status"), "part-0", &columns::AGENT_STATUS)?,
            day,
            opened: 0,
        })
    }

    /// Ends the files and adds them to the summary.
    pub(super) fn close(self, summary: &mut GeneratedSummary) -> GenerateResult<()> {
        for table in [self.evaluations, self.tickets, self.refunds, self.agent_status] {
            summary.add_file(table.close()?);
        }
        Ok(())
    }
}

impl<'a> CompanionLogs<'a> {
    /// The companions of a population before its first day.
    pub(super) fn new(population: &'a Population, seed: u64) -> CompanionLogs<'a> {
        // A purpose is part of what a seed means: under another name the same seed would give other bytes.
        CompanionLogs {
            population,
            evaluations: SeededRng::for_purpose(seed, "cards"),
            tickets: SeededRng::for_purpose(seed, "tickets"),
            refunds: SeededRng::for_purpose(seed, "refunds"),
            shifts: SeededRng::for_purpose(seed, "shifts"),
            due: BinaryHeap::new(),
            serial: 0,
        }
    }

    /// Writes the agents' statuses of the day `number`, which starts at `midnight` in epoch milliseconds.
    pub(super) fn start_day(&mut self, number: u32, midnight: i64, files: &mut CompanionFiles) -> GenerateResult<()> {
        shifts::write(&mut *files.agent_status, self.population, number, midnight, &mut self.shifts)
    }

    /// Opens a ticket with the first line of some chats, and sends a satisfaction card when some are closed.
    pub(super) fn on_line(&mut self, line: &InventedLine, files: &mut CompanionFiles) -> GenerateResult<()> {
        let shop = self.population.shop(line.shop);
        if line.seq == 1 && self.tickets.percent(tickets::OPENED_PERCENT) {
            files.opened += 1;
            let id = format!("t{}-{}", files.day, files.opened);
            tickets::write(&mut *files.tickets, &id, shop, line, &mut self.tickets)?;
        }
        match line.agent {
            Some(agent) if line.content.kind == "close" && self.evaluations.percent(evaluations::SENT_PERCENT) => {
                evaluations::write(&mut *files.evaluations, shop, agent, line, &mut self.evaluations)
            }
            _ => Ok(()),
        }
    }

    /// Schedules the refund of an order that is paid, if there will be one.
    pub(super) fn on_order(&mut self, order: &LoadOrder) {
        if let Some(refund) = LoadRefund::of(order, &mut self.refunds) {
            self.serial += 1;
            self.due.push(Scheduled { at: refund.applied_at, serial: self.serial, item: refund });
        }
    }

    /// Writes the refunds that were applied for before `end`, in epoch milliseconds.
    pub(super) fn end_day(&mut self, end: i64, files: &mut CompanionFiles) -> GenerateResult<()> {
        while self.due.peek().is_some_and(|due| due.at < end) {
            if let Some(Scheduled { item: refund, .. }) = self.due.pop() {
                refund.write(&mut *files.refunds, self.population.shop(refund.shop))?;
            }
        }
        Ok(())
    }
}
