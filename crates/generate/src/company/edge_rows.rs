//! The edge cases as rows of the logs.

use super::edge_case::{CaseEvaluation, CaseMessage, CaseOrder, CaseRefund, CaseStatus, CaseTicket, EdgeCase};
use super::edges::CHAPTERS;
use super::logs::{AgentStatusRow, CompanyLogs, EvaluationRow, MessageRow, OrderRow, RefundRow, TicketRow, instant};
use super::people;
use crate::error::GenerateResult;

/// Adds every case to the everyday logs.
pub(super) fn add(logs: &mut CompanyLogs) -> GenerateResult<()> {
    for case in CHAPTERS.iter().flat_map(|(_, cases)| *cases) {
        for (index, line) in case.lines.iter().enumerate() {
            logs.messages.push(message_row(case, index + 1, line)?);
        }
        for (index, order) in case.orders.iter().enumerate() {
            logs.orders.push(order_row(case, index + 1, order)?);
        }
        for evaluation in case.evaluations {
            logs.evaluations.push(evaluation_row(case, evaluation)?);
        }
        for (index, refund) in case.refunds.iter().enumerate() {
            logs.refunds.push(refund_row(case, index + 1, refund)?);
        }
        for (index, ticket) in case.tickets.iter().enumerate() {
            logs.tickets.push(ticket_row(case, index + 1, ticket)?);
        }
        for change in case.statuses {
            logs.statuses.push(status_row(case, change)?);
        }
    }
    Ok(())
}

fn message_row(case: &EdgeCase, number: usize, line: &CaseMessage) -> GenerateResult<MessageRow> {
    let shop = line.shop.unwrap_or(case.shop);
    Ok(MessageRow {
        id: Some(format!("edge-{}-{}", case.id, line.repeats.unwrap_or(number))),
        shop,
        session: session(case, shop, line.session),
        buyer: line.buyer.map_or_else(|| buyer(case), str::to_owned),
        agent: line.agent,
        sender: line.sender,
        reply_mode: line.reply_mode,
        kind: line.kind,
        at: instant(line.at)?,
        at_text: line.at_text,
        seq: line.seq,
        text: line.text.map(str::to_owned),
        recalled: line.recalled,
        asks_nothing: line.asks_nothing,
    })
}

fn order_row(case: &EdgeCase, number: usize, order: &CaseOrder) -> GenerateResult<OrderRow> {
    Ok(OrderRow {
        id: Some(format!("edge-{}-o{}", case.id, order.version_of.unwrap_or(number))),
        shop: case.shop,
        buyer: buyer(case),
        created_at: instant(order.at)?,
        paid_at: order.paid.map(instant).transpose()?,
        cancelled_at: order.cancelled.map(instant).transpose()?,
        shipped_at: order.shipped.map(instant).transpose()?,
        amount: order.amount * 100,
        amount_text: order.amount_text,
        quantity: order.quantity,
        postage: 0,
        flag: order.flag,
        sku: order.sku.unwrap_or(people::shop(case.shop).items[0].sku),
        currency: order.currency,
    })
}

fn evaluation_row(case: &EdgeCase, evaluation: &CaseEvaluation) -> GenerateResult<EvaluationRow> {
    Ok(EvaluationRow {
        shop: case.shop,
        buyer: evaluation.buyer.map_or_else(|| buyer(case), str::to_owned),
        agent: evaluation.agent,
        session: evaluation.session.map(str::to_owned).or_else(|| session(case, case.shop, None)),
        sent_at: instant(evaluation.at)?,
        rated_at: evaluation.rated.map(instant).transpose()?,
        grade: evaluation.grade,
        source: evaluation.source,
        reason: evaluation.reason,
        robot: evaluation.robot,
        nps: evaluation.nps,
    })
}

fn refund_row(case: &EdgeCase, number: usize, refund: &CaseRefund) -> GenerateResult<RefundRow> {
    Ok(RefundRow {
        id: Some(format!("edge-{}-r{number}", case.id)),
        shop: case.shop,
        order: refund.order.to_owned(),
        applied_at: instant(refund.applied)?,
        finished_at: refund.finished.map(instant).transpose()?,
        amount: refund.amount,
        quantity: refund.quantity,
        kind: refund.kind,
        reason: refund.reason,
        disputed: refund.disputed,
        sku: refund.sku,
    })
}

fn ticket_row(case: &EdgeCase, number: usize, ticket: &CaseTicket) -> GenerateResult<TicketRow> {
    Ok(TicketRow {
        id: Some(format!("edge-{}-t{number}", case.id)),
        shop: case.shop,
        buyer: buyer(case),
        agent: ticket.agent,
        kind: ticket.kind,
        opened_at: instant(ticket.at)?,
        responded_at: ticket.responded.map(instant).transpose()?,
        resolved_at: ticket.resolved.map(instant).transpose()?,
        response_due_at: ticket.response_due.map(instant).transpose()?,
        resolve_due_at: ticket.resolve_due.map(instant).transpose()?,
        transferred_to: ticket.transferred.map(|(to, _)| to),
        transfer_correct: ticket.transferred.map(|(_, correct)| correct),
        knowledge_base_used: ticket.knowledge_base,
        complaint: ticket.complaint,
    })
}

fn status_row(case: &EdgeCase, change: &CaseStatus) -> GenerateResult<AgentStatusRow> {
    Ok(AgentStatusRow { shop: case.shop, agent: change.agent, at: instant(change.at)?, status: change.status })
}

/// The buyer of a case.
fn buyer(case: &EdgeCase) -> String {
    format!("b-{}", case.id)
}

/// The session of a case, where the shop's platform exports session ids.
fn session(case: &EdgeCase, shop: &str, suffix: Option<&str>) -> Option<String> {
    let numbered = people::shop(shop).numbered;
    let suffix = suffix.map_or_else(String::new, |suffix| format!("-{suffix}"));
    numbered.then(|| format!("edge-{}{suffix}", case.id))
}
