//! Messages and orders as rows of files: numbers become the ids that a platform would show.

use std::fmt::Write;
use std::path::Path;

use super::chat::Line;
use super::orders::Order;
use super::population::Population;
use crate::error::{GenerateError, Result};
use crate::table::{Cell, Column, Shape, Table, flag, int, money, name, text, time};

static MESSAGES: [Column; 13] = [
    text("message_id"),
    name("shop_id"),
    name("session_id"),
    name("buyer_id"),
    name("agent_id"),
    name("sender"),
    name("reply_mode"),
    name("kind"),
    time("sent_at"),
    int("seq"),
    text("text"),
    flag("recalled"),
    name("platform"),
];

static ORDERS: [Column; 12] = [
    text("order_id"),
    name("shop_id"),
    name("buyer_id"),
    time("created_at"),
    time("paid_at"),
    time("cancelled_at"),
    money("amount"),
    int("quantity"),
    money("postage"),
    name("flag"),
    name("sku_id"),
    time("updated_at"),
];

pub(super) struct Messages<'a> {
    table: Box<dyn Table>,
    population: &'a Population,
    count: u64,
    ids: Ids,
}

pub(super) struct Orders<'a> {
    table: Box<dyn Table>,
    population: &'a Population,
    count: u64,
    ids: Ids,
}

/// The ids of one row, written into the same memory for each.
#[derive(Default)]
struct Ids {
    row: String,
    session: String,
    buyer: String,
    sku: String,
}

impl<'a> Messages<'a> {
    pub(super) fn create(shape: Shape, folder: &Path, population: &'a Population) -> Result<Messages<'a>> {
        let table = shape.create(folder, "part-0", &MESSAGES)?;
        Ok(Messages { table, population, count: 0, ids: Ids::default() })
    }

    pub(super) fn write(&mut self, day: u32, line: &Line) -> Result<()> {
        self.count += 1;
        let ids = &mut self.ids;
        set(&mut ids.row, format_args!("m{day}-{}", self.count))?;
        set(&mut ids.session, format_args!("c{}-{}", line.session.0, line.session.1))?;
        set(&mut ids.buyer, format_args!("b{}", line.buyer))?;
        let shop = self.population.shop(line.shop);
        let agent = line.agent.map(|agent| shop.agents[agent as usize].as_str());
        self.table.row(&[
            Cell::Text(&ids.row),
            Cell::Text(&shop.id),
            Cell::Text(&ids.session),
            Cell::Text(&ids.buyer),
            Cell::text(agent),
            Cell::Text(line.says.sender),
            Cell::text(line.says.mode),
            Cell::Text(line.says.kind),
            Cell::Time(line.at),
            Cell::Int(i64::from(line.seq)),
            Cell::text(line.says.text),
            Cell::Flag(line.says.recalled),
            Cell::Text(shop.platform),
        ])
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn close(self) -> Result<u64> {
        self.table.close()
    }
}

impl<'a> Orders<'a> {
    pub(super) fn create(shape: Shape, folder: &Path, population: &'a Population) -> Result<Orders<'a>> {
        let table = shape.create(folder, "part-0", &ORDERS)?;
        Ok(Orders { table, population, count: 0, ids: Ids::default() })
    }

    pub(super) fn write(&mut self, order: &Order) -> Result<()> {
        self.count += 1;
        let ids = &mut self.ids;
        set(&mut ids.row, format_args!("o{}-{}", order.number.0, order.number.1))?;
        set(&mut ids.buyer, format_args!("b{}", order.buyer))?;
        set(&mut ids.sku, format_args!("sku{:03}", order.sku))?;
        self.table.row(&[
            Cell::Text(&ids.row),
            Cell::Text(&self.population.shop(order.shop).id),
            Cell::Text(&ids.buyer),
            Cell::Time(order.created_at),
            Cell::time(order.paid_at),
            Cell::time(order.cancelled_at),
            Cell::Money(order.amount),
            Cell::Int(order.quantity),
            Cell::Money(order.postage),
            Cell::text(order.flag),
            Cell::Text(&ids.sku),
            Cell::Time(order.updated_at()),
        ])
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn close(self) -> Result<u64> {
        self.table.close()
    }
}

fn set(id: &mut String, parts: std::fmt::Arguments<'_>) -> Result<()> {
    id.clear();
    id.write_fmt(parts).map_err(|problem| GenerateError::internal(&problem))
}
