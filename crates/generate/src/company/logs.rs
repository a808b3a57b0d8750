//! The rows of the invented company's logs, as the generator holds them before they are files.

use crate::error::{GenerateError, Result};

use crate::clock::SHANGHAI;

#[derive(Default)]
pub(super) struct Logs {
    pub(super) messages: Vec<Message>,
    pub(super) orders: Vec<Order>,
    pub(super) cards: Vec<Card>,
    pub(super) refunds: Vec<Refund>,
    pub(super) tickets: Vec<Ticket>,
    pub(super) statuses: Vec<Status>,
}

#[derive(Clone)]
pub(super) struct Message {
    /// Everyday lines are numbered when the day is complete; edge cases bring their own id.
    pub(super) id: Option<String>,
    pub(super) shop: &'static str,
    pub(super) session: Option<String>,
    pub(super) buyer: String,
    pub(super) agent: Option<&'static str>,
    pub(super) sender: &'static str,
    pub(super) mode: Option<&'static str>,
    pub(super) kind: &'static str,
    pub(super) at: i64,
    /// What stands in the file instead of the time: a bad row.
    pub(super) at_text: Option<&'static str>,
    pub(super) seq: Option<i64>,
    pub(super) text: Option<String>,
    pub(super) recalled: bool,
}

#[derive(Clone)]
pub(super) struct Order {
    pub(super) id: Option<String>,
    pub(super) shop: &'static str,
    pub(super) buyer: String,
    pub(super) created_at: i64,
    pub(super) paid_at: Option<i64>,
    pub(super) cancelled_at: Option<i64>,
    pub(super) shipped_at: Option<i64>,
    /// Fen.
    pub(super) amount: i64,
    /// What stands in the file instead of the amount: a bad row.
    pub(super) amount_text: Option<&'static str>,
    pub(super) quantity: i64,
    pub(super) postage: i64,
    pub(super) flag: Option<&'static str>,
    pub(super) sku: &'static str,
}

/// A satisfaction card (评价卡片) and, if the buyer cared, the rating.
pub(super) struct Card {
    pub(super) shop: &'static str,
    pub(super) buyer: String,
    pub(super) agent: &'static str,
    pub(super) session: Option<String>,
    pub(super) sent_at: i64,
    pub(super) rated_at: Option<i64>,
    pub(super) grade: Option<i64>,
    pub(super) source: &'static str,
    pub(super) reason: Option<&'static str>,
    /// It asks about the robot, not about the agent it names.
    pub(super) robot: bool,
    pub(super) nps: Option<i64>,
}

pub(super) struct Refund {
    /// Everyday refunds are numbered when they are written; edge cases bring their own id.
    pub(super) id: Option<String>,
    pub(super) shop: &'static str,
    pub(super) order: String,
    pub(super) applied_at: i64,
    pub(super) finished_at: Option<i64>,
    /// Fen.
    pub(super) amount: i64,
    pub(super) quantity: i64,
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
    pub(super) disputed: bool,
}

/// What a buyer wants done after the sale, and by when it was promised.
pub(super) struct Ticket {
    /// As with refunds.
    pub(super) id: Option<String>,
    pub(super) shop: &'static str,
    pub(super) buyer: String,
    pub(super) agent: Option<&'static str>,
    pub(super) kind: &'static str,
    pub(super) opened_at: i64,
    pub(super) responded_at: Option<i64>,
    pub(super) resolved_at: Option<i64>,
    pub(super) response_due_at: Option<i64>,
    pub(super) resolve_due_at: Option<i64>,
    pub(super) transferred_to: Option<&'static str>,
    pub(super) transfer_correct: Option<bool>,
    pub(super) knowledge_base_used: bool,
    pub(super) complaint: bool,
}

/// An agent goes online, takes a break, comes back or leaves.
pub(super) struct Status {
    pub(super) shop: &'static str,
    pub(super) agent: &'static str,
    pub(super) at: i64,
    pub(super) status: &'static str,
}

impl Logs {
    /// Sorts the orders by creation and numbers those without an id of their own.
    pub(super) fn number_orders(&mut self) {
        self.orders.sort_by_key(|order| order.created_at);
        for (index, order) in self.orders.iter_mut().enumerate() {
            if order.id.is_none() {
                order.id = Some(format!("o{:04}", index + 1));
            }
        }
    }

    /// Takes out what had not happened when the logs were exported.
    pub(super) fn cut(&mut self, exported_at: i64) {
        self.messages.retain(|message| message.at < exported_at);
        self.cards.retain(|card| card.sent_at < exported_at);
        for card in self.cards.iter_mut().filter(|card| card.rated_at >= Some(exported_at)) {
            card.rated_at = None;
            card.grade = None;
            card.reason = None;
            card.nps = None;
        }
        let known = |instant: &i64| *instant < exported_at;
        self.refunds.retain(|refund| known(&refund.applied_at));
        for refund in &mut self.refunds {
            refund.finished_at = refund.finished_at.filter(known);
        }
        self.tickets.retain(|ticket| known(&ticket.opened_at));
        for ticket in &mut self.tickets {
            ticket.responded_at = ticket.responded_at.filter(known);
            ticket.resolved_at = ticket.resolved_at.filter(known);
        }
        self.statuses.retain(|status| known(&status.at));
    }
}

impl Order {
    /// One of the edge cases, whose story is written: nothing else may happen to it.
    pub(super) fn is_edge(&self) -> bool {
        self.id.as_deref().is_some_and(|id| id.starts_with("edge-"))
    }

    /// The instant this version of the order was written.
    pub(super) fn updated_at(&self) -> i64 {
        let later = [self.paid_at, self.cancelled_at, self.shipped_at];
        later.into_iter().flatten().fold(self.created_at, i64::max)
    }
}

/// `09-02 23:58:30` of the company's year, in Shanghai, as epoch milliseconds.
pub(super) fn instant(at: &str) -> Result<i64> {
    let wrong = |problem: jiff::Error| GenerateError::Internal(format!("not a time: {at}: {problem}"));
    let local: jiff::civil::DateTime = format!("2026-{at}").parse().map_err(wrong)?;
    Ok(SHANGHAI.to_timestamp(local).map_err(wrong)?.as_millisecond())
}
