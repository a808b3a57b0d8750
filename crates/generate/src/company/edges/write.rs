//! Edge cases as rows of the logs.

use super::{CHAPTERS, Case, Opened, Placed, Refunded, Said, Sent, Turned};
use crate::company::logs::{Card, Logs, Message, Order, Refund, Status, Ticket, instant};
use crate::company::people;
use crate::error::Result;

/// Adds every case to the everyday logs.
pub(in super::super) fn add(logs: &mut Logs) -> Result<()> {
    for case in CHAPTERS.iter().flat_map(|(_, cases)| *cases) {
        for (index, said) in case.lines.iter().enumerate() {
            logs.messages.push(message(case, index + 1, said)?);
        }
        for (index, placed) in case.orders.iter().enumerate() {
            logs.orders.push(order(case, index + 1, placed)?);
        }
        for sent in case.cards {
            logs.cards.push(card(case, sent)?);
        }
        for (index, refunded) in case.refunds.iter().enumerate() {
            logs.refunds.push(refund(case, index + 1, refunded)?);
        }
        for (index, opened) in case.tickets.iter().enumerate() {
            logs.tickets.push(ticket(case, index + 1, opened)?);
        }
        for turned in case.turns {
            logs.statuses.push(status(case, turned)?);
        }
    }
    Ok(())
}

fn message(case: &Case, number: usize, said: &Said) -> Result<Message> {
    let shop = said.shop.unwrap_or(case.shop);
    Ok(Message {
        id: Some(format!("edge-{}-{}", case.id, said.repeats.unwrap_or(number))),
        shop,
        session: session(case, shop, said.part),
        buyer: said.buyer.map_or_else(|| buyer(case), str::to_owned),
        agent: said.agent,
        sender: said.sender,
        mode: said.mode,
        kind: said.kind,
        at: instant(said.at)?,
        at_text: said.at_text,
        seq: said.seq,
        text: said.text.map(str::to_owned),
        recalled: said.recalled,
    })
}

fn order(case: &Case, number: usize, placed: &Placed) -> Result<Order> {
    Ok(Order {
        id: Some(format!("edge-{}-o{}", case.id, placed.version_of.unwrap_or(number))),
        shop: case.shop,
        buyer: buyer(case),
        created_at: instant(placed.at)?,
        paid_at: placed.paid.map(instant).transpose()?,
        cancelled_at: placed.cancelled.map(instant).transpose()?,
        shipped_at: placed.shipped.map(instant).transpose()?,
        amount: placed.amount * 100,
        amount_text: placed.amount_text,
        quantity: placed.quantity,
        postage: 0,
        flag: placed.flag,
        sku: people::shop(case.shop).items[0].sku,
    })
}

fn card(case: &Case, sent: &Sent) -> Result<Card> {
    Ok(Card {
        shop: case.shop,
        buyer: sent.buyer.map_or_else(|| buyer(case), str::to_owned),
        agent: sent.agent,
        session: sent.session.map(str::to_owned).or_else(|| session(case, case.shop, None)),
        sent_at: instant(sent.at)?,
        rated_at: sent.rated.map(instant).transpose()?,
        grade: sent.grade,
        source: sent.source,
        reason: sent.reason,
        robot: sent.robot,
        nps: sent.nps,
    })
}

fn refund(case: &Case, number: usize, refunded: &Refunded) -> Result<Refund> {
    Ok(Refund {
        id: Some(format!("edge-{}-r{number}", case.id)),
        shop: case.shop,
        order: refunded.order.to_owned(),
        applied_at: instant(refunded.applied)?,
        finished_at: refunded.finished.map(instant).transpose()?,
        amount: refunded.amount,
        quantity: refunded.quantity,
        kind: refunded.kind,
        reason: refunded.reason,
        disputed: refunded.disputed,
    })
}

fn ticket(case: &Case, number: usize, opened: &Opened) -> Result<Ticket> {
    Ok(Ticket {
        id: Some(format!("edge-{}-t{number}", case.id)),
        shop: case.shop,
        buyer: buyer(case),
        agent: opened.agent,
        kind: opened.kind,
        opened_at: instant(opened.at)?,
        responded_at: opened.responded.map(instant).transpose()?,
        resolved_at: opened.resolved.map(instant).transpose()?,
        response_due_at: opened.response_due.map(instant).transpose()?,
        resolve_due_at: opened.resolve_due.map(instant).transpose()?,
        transferred_to: opened.transferred.map(|(to, _)| to),
        transfer_correct: opened.transferred.map(|(_, correct)| correct),
        knowledge_base_used: opened.knowledge_base,
        complaint: opened.complaint,
    })
}

fn status(case: &Case, turned: &Turned) -> Result<Status> {
    Ok(Status { shop: case.shop, agent: turned.agent, at: instant(turned.at)?, status: turned.status })
}

fn buyer(case: &Case) -> String {
    format!("b-{}", case.id)
}

fn session(case: &Case, shop: &str, part: Option<&str>) -> Option<String> {
    let numbered = people::shop(shop).numbered;
    let part = part.map_or_else(String::new, |part| format!("-{part}"));
    numbered.then(|| format!("edge-{}{part}", case.id))
}
