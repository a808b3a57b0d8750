//! The rows of the company's logs as the files of `sample_data/`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::logs::{AgentStatusRow, CompanyLogs, EvaluationRow, MessageRow, OrderRow, RefundRow, TicketRow};
use super::people::SHOPS;
use crate::clock::{self, SHANGHAI};
use crate::columns;
use crate::error::GenerateResult;
use crate::formats::TextEncoding;
use crate::rng::SeededRng;
use crate::summary::GeneratedSummary;
use crate::table::{CellValue, ColumnSpec, flag, int, money, name, text, time};
use crate::table_file::TableFileOptions;

/// One row per message. Only the load logs name the platform in each row.
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
    flag("needs_reply"),
];
/// One row per version of an order.
static ORDERS: [ColumnSpec; 14] = [
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
    name("currency"),
];
/// One row per refund. Only the company's name an item.
static REFUNDS: [ColumnSpec; 11] = [
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
    name("sku_id"),
];

/// CSV with times as a clock on the shop's wall shows them.
pub(super) const FILE_OPTIONS: TableFileOptions = TableFileOptions::csv(TextEncoding::Utf8, SHANGHAI);

/// Writes the logs, each table sorted by the instant at which its rows begin: a message is sent, a refund applied for. The orders
/// are sorted already.
pub(super) fn write(out: &Path, mut logs: CompanyLogs) -> GenerateResult<GeneratedSummary> {
    logs.messages.sort_by_key(|message| message.at);
    logs.evaluations.sort_by_key(|evaluation| evaluation.sent_at);
    logs.refunds.sort_by_key(|refund| refund.applied_at);
    logs.tickets.sort_by_key(|ticket| ticket.opened_at);
    logs.statuses.sort_by_key(|status| status.at);
    let mut summary = GeneratedSummary::default();
    for (date, messages) in &by_day(&logs.messages)? {
        summary.messages += messages.len() as u64;
        summary.add_file(write_messages(out, *date, messages)?);
    }
    summary.orders = logs.orders.len() as u64;
    summary.add_file(write_orders(out, &logs.orders)?);
    summary.add_file(write_evaluations(out, &logs.evaluations)?);
    summary.add_file(write_refunds(out, &logs.refunds)?);
    summary.add_file(write_tickets(out, &logs.tickets)?);
    summary.add_file(write_statuses(out, &logs.statuses)?);
    Ok(summary)
}

/// Writes the visitors of each shop and day, of whom about one in seven asks something. Returns the size of the file in bytes.
pub(super) fn write_visits(out: &Path, first: Date, days: u32, rng: &mut SeededRng) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "visits", &columns::VISITS)?;
    for number in 0..days {
        let date = clock::days_after(first, number)?.to_string();
        for shop in &SHOPS {
            let visitors = shop.chats * rng.between(60, 85) / 10;
            let page_views = visitors * rng.between(25, 40) / 10;
            table.row(&[CellValue::Text(shop.id), CellValue::Text(&date), CellValue::Int(visitors), CellValue::Int(page_views)])?;
        }
    }
    table.close()
}

fn by_day(messages: &[MessageRow]) -> GenerateResult<BTreeMap<Date, Vec<&MessageRow>>> {
    let mut days = BTreeMap::<Date, Vec<&MessageRow>>::new();
    for message in messages {
        days.entry(clock::day_of(message.at)?).or_default().push(message);
    }
    Ok(days)
}

fn write_messages(out: &Path, date: Date, messages: &[&MessageRow]) -> GenerateResult<u64> {
    let folder = out.join("messages").join(clock::day_folder(date));
    let mut table = FILE_OPTIONS.create(&folder, "chats", &MESSAGES)?;
    for (index, message) in messages.iter().enumerate() {
        let id = message.id.clone();
        let id = id.unwrap_or_else(|| format!("m{:02}{:02}-{:03}", date.month(), date.day(), index + 1));
        table.row(&[
            CellValue::Text(&id),
            CellValue::Text(message.shop),
            CellValue::text_or_null(message.session.as_deref()),
            CellValue::Text(&message.buyer),
            CellValue::text_or_null(message.agent),
            CellValue::Text(message.sender),
            CellValue::text_or_null(message.reply_mode),
            CellValue::Text(message.kind),
            message.at_text.map_or(CellValue::Time(message.at), CellValue::Text),
            CellValue::int_or_null(message.seq),
            CellValue::text_or_null(message.text.as_deref()),
            if message.recalled { CellValue::Flag(true) } else { CellValue::Null },
            if message.asks_nothing { CellValue::Flag(false) } else { CellValue::Null },
        ])?;
    }
    table.close()
}

fn write_orders(out: &Path, orders: &[OrderRow]) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "orders", &ORDERS)?;
    for order in orders {
        table.row(&[
            CellValue::text_or_null(order.id.as_deref()),
            CellValue::Text(order.shop),
            CellValue::Text(&order.buyer),
            CellValue::Time(order.created_at),
            CellValue::time_or_null(order.paid_at),
            CellValue::time_or_null(order.cancelled_at),
            CellValue::time_or_null(order.shipped_at),
            order.amount_text.map_or(CellValue::Money(order.amount), CellValue::Text),
            CellValue::Int(order.quantity),
            CellValue::Money(order.postage),
            CellValue::text_or_null(order.flag),
            CellValue::Text(order.sku),
            CellValue::Time(order.updated_at()),
            CellValue::text_or_null(order.currency),
        ])?;
    }
    table.close()
}

fn write_evaluations(out: &Path, evaluations: &[EvaluationRow]) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "evaluations", &columns::EVALUATIONS)?;
    for evaluation in evaluations {
        table.row(&[
            CellValue::Text(evaluation.shop),
            CellValue::Text(&evaluation.buyer),
            CellValue::Text(evaluation.agent),
            CellValue::text_or_null(evaluation.session.as_deref()),
            CellValue::Time(evaluation.sent_at),
            CellValue::time_or_null(evaluation.rated_at),
            CellValue::int_or_null(evaluation.grade),
            CellValue::Text(evaluation.source),
            CellValue::text_or_null(evaluation.reason),
            CellValue::Text(if evaluation.robot { "robot" } else { "human" }),
            CellValue::int_or_null(evaluation.nps),
        ])?;
    }
    table.close()
}

fn write_refunds(out: &Path, refunds: &[RefundRow]) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "refunds", &REFUNDS)?;
    for (index, refund) in refunds.iter().enumerate() {
        let id = refund.id.clone().unwrap_or_else(|| format!("r{:04}", index + 1));
        table.row(&[
            CellValue::Text(refund.shop),
            CellValue::Text(&id),
            CellValue::Text(&refund.order),
            CellValue::Time(refund.applied_at),
            CellValue::time_or_null(refund.finished_at),
            CellValue::Money(refund.amount),
            CellValue::Int(refund.quantity),
            CellValue::Text(refund.kind),
            CellValue::Text(refund.reason),
            CellValue::Flag(refund.disputed),
            CellValue::text_or_null(refund.sku),
        ])?;
    }
    table.close()
}

fn write_tickets(out: &Path, tickets: &[TicketRow]) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "tickets", &columns::TICKETS)?;
    for (index, ticket) in tickets.iter().enumerate() {
        let id = ticket.id.clone().unwrap_or_else(|| format!("t{:04}", index + 1));
        table.row(&[
            CellValue::Text(ticket.shop),
            CellValue::Text(&id),
            CellValue::Text(&ticket.buyer),
            CellValue::text_or_null(ticket.agent),
            CellValue::Text(ticket.kind),
            CellValue::Time(ticket.opened_at),
            CellValue::time_or_null(ticket.responded_at),
            CellValue::time_or_null(ticket.resolved_at),
            CellValue::Flag(ticket.resolved_at.is_some()),
            CellValue::time_or_null(ticket.response_due_at),
            CellValue::time_or_null(ticket.resolve_due_at),
            CellValue::text_or_null(ticket.transferred_to),
            CellValue::flag_or_null(ticket.transfer_correct),
            CellValue::Flag(ticket.knowledge_base_used),
            CellValue::Flag(ticket.complaint),
        ])?;
    }
    table.close()
}

fn write_statuses(out: &Path, statuses: &[AgentStatusRow]) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "agent_status", &columns::AGENT_STATUS)?;
    for AgentStatusRow { shop, agent, at, status } in statuses {
        table.row(&[CellValue::Text(shop), CellValue::Text(agent), CellValue::Time(*at), CellValue::Text(status)])?;
    }
    table.close()
}
