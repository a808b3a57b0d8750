//! What happens beside the chats: cards, tickets, refunds and shifts. Each has dice of its own, so that
//! none changes what the others draw, least of all the chats.

use std::collections::BinaryHeap;
use std::path::Path;

use super::chat::Line;
use super::orders::Order;
use super::population::Population;
use super::refunds::Refund;
use super::traffic::Due;
use super::{cards, shifts, tickets};
use crate::Summary;
use crate::columns;
use crate::dice::Dice;
use crate::error::Result;
use crate::table::{Shape, Table};

pub(super) struct Service<'a> {
    pub(super) population: &'a Population,
    cards: Dice,
    tickets: Dice,
    refunds: Dice,
    shifts: Dice,
    /// Refunds that will be applied for, the soonest first.
    due: BinaryHeap<Due<Refund>>,
    serial: u64,
}

/// The files of one day. A row stands in the file of the day it begins: the card's sending, the ticket's
/// opening, the refund's application.
pub(super) struct Files {
    evaluations: Box<dyn Table>,
    tickets: Box<dyn Table>,
    refunds: Box<dyn Table>,
    agent_status: Box<dyn Table>,
    /// The day as it stands inside ids, and how many tickets it has so far.
    day: u32,
    opened: u64,
}

impl Files {
    pub(super) fn create(shape: Shape, out: &Path, folder: &str, day: u32) -> Result<Files> {
        let path = |table: &str| out.join(table).join(folder);
        Ok(Files {
            evaluations: shape.create(&path("evaluations"), "part-0", &columns::EVALUATIONS)?,
            tickets: shape.create(&path("tickets"), "part-0", &columns::TICKETS)?,
            refunds: shape.create(&path("refunds"), "part-0", &columns::REFUNDS)?,
            agent_status: shape.create(&path("agent_status"), "part-0", &columns::AGENT_STATUS)?,
            day,
            opened: 0,
        })
    }

    pub(super) fn close(self, summary: &mut Summary) -> Result<()> {
        for table in [self.evaluations, self.tickets, self.refunds, self.agent_status] {
            summary.add_file(table.close()?);
        }
        Ok(())
    }
}

impl<'a> Service<'a> {
    pub(super) fn new(population: &'a Population, seed: u64) -> Service<'a> {
        Service {
            population,
            cards: Dice::of(seed, "cards"),
            tickets: Dice::of(seed, "tickets"),
            refunds: Dice::of(seed, "refunds"),
            shifts: Dice::of(seed, "shifts"),
            due: BinaryHeap::new(),
            serial: 0,
        }
    }

    pub(super) fn start_day(&mut self, number: u32, midnight: i64, files: &mut Files) -> Result<()> {
        shifts::write(&mut *files.agent_status, self.population, number, midnight, &mut self.shifts)
    }

    /// Some sessions begin with a wish that becomes a ticket, and some end with a card.
    pub(super) fn said(&mut self, line: &Line, files: &mut Files) -> Result<()> {
        let shop = self.population.shop(line.shop);
        if line.seq == 1 && self.tickets.percent(tickets::OPENED_PERCENT) {
            files.opened += 1;
            let id = format!("t{}-{}", files.day, files.opened);
            tickets::write(&mut *files.tickets, &id, shop, line, &mut self.tickets)?;
        }
        match line.agent {
            Some(agent) if line.says.kind == "close" && self.cards.percent(cards::SENT_PERCENT) => {
                cards::write(&mut *files.evaluations, shop, agent, line, &mut self.cards)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn ordered(&mut self, order: &Order) {
        if let Some(refund) = Refund::of(order, &mut self.refunds) {
            self.serial += 1;
            self.due.push(Due { at: refund.applied_at, serial: self.serial, what: refund });
        }
    }

    /// Writes the refunds applied for before the day ends.
    pub(super) fn end_day(&mut self, end: i64, files: &mut Files) -> Result<()> {
        while self.due.peek().is_some_and(|due| due.at < end) {
            if let Some(Due { what: refund, .. }) = self.due.pop() {
                refund.write(&mut *files.refunds, self.population.shop(refund.shop))?;
            }
        }
        Ok(())
    }
}
