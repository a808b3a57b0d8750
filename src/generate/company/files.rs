//! The company's rows as the files of `sample_data/`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::super::clock::{self, SHANGHAI};
use super::super::dice::Dice;
use super::super::table::{Cell, Column, Shape, flag, int, money, name, text, time};
use super::super::{Encoding, Summary};
use super::logs::{Card, Logs, Message, Order};
use super::people::{AGENTS, BLOCKLIST, SHOPS};
use crate::error::Result;

static MESSAGES: [Column; 12] = [
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
];
static ORDERS: [Column; 13] = [
    text("order_id"),
    name("shop_id"),
    name("buyer_id"),
    time("created_at"),
    time("paid_at"),
    time("cancelled_at"),
    time("shipped_at"),
    money("amount"),
    int("quantity"),
    money("postage"),
    name("flag"),
    name("sku_id"),
    time("updated_at"),
];
static EVALUATIONS: [Column; 9] = [
    name("shop_id"),
    name("buyer_id"),
    name("agent_id"),
    name("session_id"),
    time("sent_at"),
    time("rated_at"),
    int("grade"),
    name("source"),
    name("reason"),
];
static SHOP: [Column; 4] = [name("shop_id"), name("platform"), name("name"), name("category")];
static STAFF: [Column; 9] = [
    name("shop_id"),
    name("agent_id"),
    name("name"),
    name("team"),
    name("role"),
    name("person_id"),
    money("hourly_cost"),
    name("commission_rate"),
    name("hired_on"),
];
static BLOCKED: [Column; 5] = [name("shop_id"), name("buyer_id"), name("from"), name("to"), name("reason")];
static VISITS: [Column; 4] = [name("shop_id"), name("date"), int("visitors"), int("page_views")];

/// Text files whose times are what a clock on the shop's wall says.
const SHAPE: Shape = Shape::csv(Encoding::Utf8, SHANGHAI);

/// Writes the logs, sorted: a day's chats by time, orders by creation, cards by when they were sent.
pub(super) fn write(out: &Path, mut logs: Logs) -> Result<Summary> {
    logs.messages.sort_by_key(|message| message.at);
    logs.orders.sort_by_key(|order| order.created_at);
    logs.cards.sort_by_key(|card| card.sent_at);
    let mut summary = Summary::default();
    for (date, messages) in &by_day(&logs.messages)? {
        summary.messages += messages.len() as u64;
        summary.add_file(write_messages(out, *date, messages)?);
    }
    summary.orders = logs.orders.len() as u64;
    summary.add_file(write_orders(out, &logs.orders)?);
    summary.add_file(write_cards(out, &logs.cards)?);
    summary.add_file(write_shops(out)?);
    summary.add_file(write_staff(out)?);
    summary.add_file(write_blocklist(out)?);
    Ok(summary)
}

/// Visitors of every shop and day: about one in seven asks something.
pub(super) fn write_visits(out: &Path, first: Date, days: u32, dice: &mut Dice) -> Result<u64> {
    let mut table = SHAPE.create(out, "visits", &VISITS)?;
    for number in 0..days {
        let date = clock::days_after(first, number)?.to_string();
        for shop in &SHOPS {
            let visitors = shop.chats * dice.between(60, 85) / 10;
            let page_views = visitors * dice.between(25, 40) / 10;
            table.row(&[Cell::Text(shop.id), Cell::Text(&date), Cell::Int(visitors), Cell::Int(page_views)])?;
        }
    }
    table.close()
}

fn by_day(messages: &[Message]) -> Result<BTreeMap<Date, Vec<&Message>>> {
    let mut days = BTreeMap::<Date, Vec<&Message>>::new();
    for message in messages {
        days.entry(clock::day_of(message.at)?).or_default().push(message);
    }
    Ok(days)
}

fn write_messages(out: &Path, date: Date, messages: &[&Message]) -> Result<u64> {
    let folder = out.join("messages").join(clock::partition(date));
    let mut table = SHAPE.create(&folder, "chats", &MESSAGES)?;
    for (index, message) in messages.iter().enumerate() {
        let id = message.id.clone();
        let id = id.unwrap_or_else(|| format!("m{:02}{:02}-{:03}", date.month(), date.day(), index + 1));
        table.row(&[
            Cell::Text(&id),
            Cell::Text(message.shop),
            Cell::text(message.session.as_deref()),
            Cell::Text(&message.buyer),
            Cell::text(message.agent),
            Cell::Text(message.sender),
            Cell::text(message.mode),
            Cell::Text(message.kind),
            message.at_text.map_or(Cell::Time(message.at), Cell::Text),
            message.seq.map_or(Cell::Null, Cell::Int),
            Cell::text(message.text.as_deref()),
            if message.recalled { Cell::Flag(true) } else { Cell::Null },
        ])?;
    }
    table.close()
}

fn write_orders(out: &Path, orders: &[Order]) -> Result<u64> {
    let mut table = SHAPE.create(out, "orders", &ORDERS)?;
    for (index, order) in orders.iter().enumerate() {
        let id = order.id.clone().unwrap_or_else(|| format!("o{:04}", index + 1));
        table.row(&[
            Cell::Text(&id),
            Cell::Text(order.shop),
            Cell::Text(&order.buyer),
            Cell::Time(order.created_at),
            Cell::time(order.paid_at),
            Cell::time(order.cancelled_at),
            Cell::time(order.shipped_at),
            order.amount_text.map_or(Cell::Money(order.amount), Cell::Text),
            Cell::Int(order.quantity),
            Cell::Money(order.postage),
            Cell::text(order.flag),
            Cell::Text(order.sku),
            Cell::Time(order.updated_at()),
        ])?;
    }
    table.close()
}

fn write_cards(out: &Path, cards: &[Card]) -> Result<u64> {
    let mut table = SHAPE.create(out, "evaluations", &EVALUATIONS)?;
    for card in cards {
        table.row(&[
            Cell::Text(card.shop),
            Cell::Text(&card.buyer),
            Cell::Text(card.agent),
            Cell::text(card.session.as_deref()),
            Cell::Time(card.sent_at),
            Cell::time(card.rated_at),
            card.grade.map_or(Cell::Null, Cell::Int),
            Cell::Text(card.source),
            Cell::text(card.reason),
        ])?;
    }
    table.close()
}

fn write_shops(out: &Path) -> Result<u64> {
    let mut table = SHAPE.create(out, "shops", &SHOP)?;
    for shop in &SHOPS {
        table.row(&[shop.id, shop.platform, shop.name, shop.category].map(Cell::Text))?;
    }
    table.close()
}

fn write_staff(out: &Path) -> Result<u64> {
    let mut table = SHAPE.create(out, "staff", &STAFF)?;
    for agent in &AGENTS {
        table.row(&[
            Cell::Text(agent.shop),
            Cell::Text(agent.id),
            Cell::Text(agent.name),
            Cell::Text(agent.role.team()),
            Cell::Text(agent.role.id()),
            Cell::Text(agent.person),
            Cell::Money(agent.hourly_cost),
            Cell::Text(agent.commission_rate),
            Cell::Text(agent.hired_on),
        ])?;
    }
    table.close()
}

fn write_blocklist(out: &Path) -> Result<u64> {
    let mut table = SHAPE.create(out, "blocklist", &BLOCKED)?;
    for blocked in &BLOCKLIST {
        table.row(&[blocked.shop, blocked.buyer, blocked.from, blocked.to, blocked.reason].map(Cell::Text))?;
    }
    table.close()
}
