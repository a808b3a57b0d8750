//! The company's rows as the files of `sample_data/`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::logs::{Card, Logs, Message, Order, Refund, Status, Ticket};
use super::people::SHOPS;
use crate::clock::{self, SHANGHAI};
use crate::columns;
use crate::dice::Dice;
use crate::error::Result;
use crate::table::{Cell, Column, Shape, flag, int, money, name, text, time};
use crate::{Encoding, Summary};

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

/// Text files whose times are what a clock on the shop's wall says.
pub(super) const SHAPE: Shape = Shape::csv(Encoding::Utf8, SHANGHAI);

/// Writes the logs, sorted: a day's chats by time, orders by creation, cards by when they were sent, and so on.
pub(super) fn write(out: &Path, mut logs: Logs) -> Result<Summary> {
    logs.messages.sort_by_key(|message| message.at);
    logs.cards.sort_by_key(|card| card.sent_at);
    logs.refunds.sort_by_key(|refund| refund.applied_at);
    logs.tickets.sort_by_key(|ticket| ticket.opened_at);
    logs.statuses.sort_by_key(|status| status.at);
    let mut summary = Summary::default();
    for (date, messages) in &by_day(&logs.messages)? {
        summary.messages += messages.len() as u64;
        summary.add_file(write_messages(out, *date, messages)?);
    }
    summary.orders = logs.orders.len() as u64;
    summary.add_file(write_orders(out, &logs.orders)?);
    summary.add_file(write_cards(out, &logs.cards)?);
    summary.add_file(write_refunds(out, &logs.refunds)?);
    summary.add_file(write_tickets(out, &logs.tickets)?);
    summary.add_file(write_statuses(out, &logs.statuses)?);
    Ok(summary)
}

/// Visitors of every shop and day: about one in seven asks something.
pub(super) fn write_visits(out: &Path, first: Date, days: u32, dice: &mut Dice) -> Result<u64> {
    let mut table = SHAPE.create(out, "visits", &columns::VISITS)?;
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
    for order in orders {
        table.row(&[
            Cell::text(order.id.as_deref()),
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
    let mut table = SHAPE.create(out, "evaluations", &columns::EVALUATIONS)?;
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
            Cell::Text(if card.robot { "robot" } else { "human" }),
            card.nps.map_or(Cell::Null, Cell::Int),
        ])?;
    }
    table.close()
}

fn write_refunds(out: &Path, refunds: &[Refund]) -> Result<u64> {
    let mut table = SHAPE.create(out, "refunds", &columns::REFUNDS)?;
    for (index, refund) in refunds.iter().enumerate() {
        let id = refund.id.clone().unwrap_or_else(|| format!("r{:04}", index + 1));
        table.row(&[
            Cell::Text(refund.shop),
            Cell::Text(&id),
            Cell::Text(&refund.order),
            Cell::Time(refund.applied_at),
            Cell::time(refund.finished_at),
            Cell::Money(refund.amount),
            Cell::Int(refund.quantity),
            Cell::Text(refund.kind),
            Cell::Text(refund.reason),
            Cell::Flag(refund.disputed),
        ])?;
    }
    table.close()
}

fn write_tickets(out: &Path, tickets: &[Ticket]) -> Result<u64> {
    let mut table = SHAPE.create(out, "tickets", &columns::TICKETS)?;
    for (index, ticket) in tickets.iter().enumerate() {
        let id = ticket.id.clone().unwrap_or_else(|| format!("t{:04}", index + 1));
        table.row(&[
            Cell::Text(ticket.shop),
            Cell::Text(&id),
            Cell::Text(&ticket.buyer),
            Cell::text(ticket.agent),
            Cell::Text(ticket.kind),
            Cell::Time(ticket.opened_at),
            Cell::time(ticket.responded_at),
            Cell::time(ticket.resolved_at),
            Cell::Flag(ticket.resolved_at.is_some()),
            Cell::time(ticket.response_due_at),
            Cell::time(ticket.resolve_due_at),
            Cell::text(ticket.transferred_to),
            ticket.transfer_correct.map_or(Cell::Null, Cell::Flag),
            Cell::Flag(ticket.knowledge_base_used),
            Cell::Flag(ticket.complaint),
        ])?;
    }
    table.close()
}

fn write_statuses(out: &Path, statuses: &[Status]) -> Result<u64> {
    let mut table = SHAPE.create(out, "agent_status", &columns::AGENT_STATUS)?;
    for Status { shop, agent, at, status } in statuses {
        table.row(&[Cell::Text(shop), Cell::Text(agent), Cell::Time(*at), Cell::Text(status)])?;
    }
    table.close()
}
