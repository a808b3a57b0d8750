//! Messages and orders as rows of files. The numbers of shops, buyers and agents become ids like those of a platform here.

use std::fmt::Write;
use std::path::Path;

use super::chat::InventedLine;
use super::orders::LoadOrder;
use super::population::Population;
use crate::error::{GenerateError, GenerateResult};
use crate::table::{CellValue, ColumnSpec, RowWriter, flag, int, money, name, text, time};
use crate::table_file::TableFileOptions;

static MESSAGES: [ColumnSpec; 13] = [
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

static ORDERS: [ColumnSpec; 12] = [
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

/// The message file of one day.
pub(super) struct MessageFile<'a> {
    table: Box<dyn RowWriter>,
    population: &'a Population,
    count: u64,
    ids: RowIds,
}

/// The order file of one day.
pub(super) struct OrderFile<'a> {
    table: Box<dyn RowWriter>,
    population: &'a Population,
    count: u64,
    ids: RowIds,
}

/// The ids of the row in hand. All rows share the memory of these texts.
#[derive(Default)]
struct RowIds {
    row: String,
    session: String,
    buyer: String,
    sku: String,
}

impl<'a> MessageFile<'a> {
    /// Creates the file in the folder of its day.
    pub(super) fn create(options: TableFileOptions, folder: &Path, population: &'a Population) -> GenerateResult<MessageFile<'a>> {
        let table = options.create(folder, "part-0", &MESSAGES)?;
        Ok(MessageFile { table, population, count: 0, ids: RowIds::default() })
    }

    /// Writes a line as a row. Its message id carries the day, which is given as eight digits.
    pub(super) fn write(&mut self, day: u32, line: &InventedLine) -> GenerateResult<()> {
        self.count += 1;
        let ids = &mut self.ids;
        set(&mut ids.row, format_args!("m{day}-{}", self.count))?;
        set(&mut ids.session, format_args!("c{}-{}", line.session.0, line.session.1))?;
        set(&mut ids.buyer, format_args!("b{}", line.buyer))?;
        let shop = self.population.shop(line.shop);
        let agent = line.agent.map(|agent| shop.agents[agent as usize].as_str());
        self.table.row(&[
            CellValue::Text(&ids.row),
            CellValue::Text(&shop.id),
            CellValue::Text(&ids.session),
            CellValue::Text(&ids.buyer),
            CellValue::text_or_null(agent),
            CellValue::Text(line.content.sender),
            CellValue::text_or_null(line.content.reply_mode),
            CellValue::Text(line.content.kind),
            CellValue::Time(line.at),
            CellValue::Int(i64::from(line.seq)),
            CellValue::text_or_null(line.content.text),
            CellValue::Flag(line.content.recalled),
            CellValue::Text(shop.platform),
        ])
    }

    /// The rows written so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Ends the file and returns its size in bytes.
    pub(super) fn close(self) -> GenerateResult<u64> {
        self.table.close()
    }
}

impl<'a> OrderFile<'a> {
    /// Creates the file in the folder of its day.
    pub(super) fn create(options: TableFileOptions, folder: &Path, population: &'a Population) -> GenerateResult<OrderFile<'a>> {
        let table = options.create(folder, "part-0", &ORDERS)?;
        Ok(OrderFile { table, population, count: 0, ids: RowIds::default() })
    }

    /// Writes one version of an order as a row.
    pub(super) fn write(&mut self, order: &LoadOrder) -> GenerateResult<()> {
        self.count += 1;
        let ids = &mut self.ids;
        set(&mut ids.row, format_args!("o{}-{}", order.number.0, order.number.1))?;
        set(&mut ids.buyer, format_args!("b{}", order.buyer))?;
        set(&mut ids.sku, format_args!("sku{:03}", order.sku))?;
        self.table.row(&[
            CellValue::Text(&ids.row),
            CellValue::Text(&self.population.shop(order.shop).id),
            CellValue::Text(&ids.buyer),
            CellValue::Time(order.created_at),
            CellValue::time_or_null(order.paid_at),
            CellValue::time_or_null(order.cancelled_at),
            CellValue::Money(order.amount),
            CellValue::Int(order.quantity),
            CellValue::Money(order.postage),
            CellValue::text_or_null(order.flag),
            CellValue::Text(&ids.sku),
            CellValue::Time(order.updated_at()),
        ])
    }

    /// The rows written so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Ends the file and returns its size in bytes.
    pub(super) fn close(self) -> GenerateResult<u64> {
        self.table.close()
    }
}

fn set(id: &mut String, parts: std::fmt::Arguments<'_>) -> GenerateResult<()> {
    id.clear();
    id.write_fmt(parts).map_err(|problem| GenerateError::internal(&problem))
}
