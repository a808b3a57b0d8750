//! The rows of the company's logs, as they are held in memory before they are written. Instants are in epoch milliseconds and
//! amounts in fen, or in cents where an order is paid in dollars.

use crate::clock::SHANGHAI;
use crate::error::{GenerateError, GenerateResult};

/// All logs of the company.
#[derive(Default)]
pub(super) struct CompanyLogs {
    /// The messages.
    pub(super) messages: Vec<MessageRow>,
    /// The orders.
    pub(super) orders: Vec<OrderRow>,
    /// The evaluations.
    pub(super) evaluations: Vec<EvaluationRow>,
    /// The refunds.
    pub(super) refunds: Vec<RefundRow>,
    /// The tickets.
    pub(super) tickets: Vec<TicketRow>,
    /// The changes of agents' statuses.
    pub(super) statuses: Vec<AgentStatusRow>,
}

/// A line of a chat.
#[derive(Clone)]
pub(super) struct MessageRow {
    /// Its id. Edge cases bring one; everyday messages are numbered when their day is complete.
    pub(super) id: Option<String>,
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The session's id, where the platform exports one.
    pub(super) session: Option<String>,
    /// The buyer's id.
    pub(super) buyer: String,
    /// The agent's id; none while nobody is in charge.
    pub(super) agent: Option<&'static str>,
    /// Who wrote it: buyer, agent, robot or system.
    pub(super) sender: &'static str,
    /// How a reply came about: human, assist or auto.
    pub(super) reply_mode: Option<&'static str>,
    /// What it is: text, image, or the event's name.
    pub(super) kind: &'static str,
    /// When it was sent.
    pub(super) at: i64,
    /// What the file says instead of the time, to make a bad row.
    pub(super) at_text: Option<&'static str>,
    /// Its number in the session, where the platform exports one.
    pub(super) seq: Option<i64>,
    /// The words of a text.
    pub(super) text: Option<String>,
    /// Whether its writer took it back.
    pub(super) recalled: bool,
    /// Whether it asks nothing, as a word of thanks.
    pub(super) asks_nothing: bool,
}

/// One version of an order.
#[derive(Clone)]
pub(super) struct OrderRow {
    /// Its id. Edge cases bring one; everyday orders get theirs from `number_orders`.
    pub(super) id: Option<String>,
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The buyer's id.
    pub(super) buyer: String,
    /// When it was placed.
    pub(super) created_at: i64,
    /// When it was paid.
    pub(super) paid_at: Option<i64>,
    /// When it was cancelled.
    pub(super) cancelled_at: Option<i64>,
    /// When it was shipped.
    pub(super) shipped_at: Option<i64>,
    /// What the buyer pays for the goods.
    pub(super) amount: i64,
    /// What the file says instead of the amount, to make a bad row.
    pub(super) amount_text: Option<&'static str>,
    /// The number of items.
    pub(super) quantity: i64,
    /// The postage.
    pub(super) postage: i64,
    /// The flag (插旗) that an agent put on it.
    pub(super) flag: Option<&'static str>,
    /// The item's SKU.
    pub(super) sku: &'static str,
    /// The currency of the amounts, if the file names it.
    pub(super) currency: Option<&'static str>,
}

/// A satisfaction card (评价卡片) and, where the buyer gave one, the rating.
pub(super) struct EvaluationRow {
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The buyer's id.
    pub(super) buyer: String,
    /// The id of the agent it names.
    pub(super) agent: &'static str,
    /// The session's id, where the platform exports one.
    pub(super) session: Option<String>,
    /// When the card was sent.
    pub(super) sent_at: i64,
    /// When the buyer rated.
    pub(super) rated_at: Option<i64>,
    /// The grade, from 1 to 5.
    pub(super) grade: Option<i64>,
    /// Who asked for the rating: agent, system or buyer.
    pub(super) source: &'static str,
    /// What the buyer gives as the reason.
    pub(super) reason: Option<&'static str>,
    /// Whether the card asks about the robot instead of the agent it names.
    pub(super) robot: bool,
    /// How likely the buyer is to recommend the shop, from 0 to 10.
    pub(super) nps: Option<i64>,
}

/// A refund.
pub(super) struct RefundRow {
    /// Its id. Edge cases bring one; everyday refunds are numbered when they are written.
    pub(super) id: Option<String>,
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The order's id.
    pub(super) order: String,
    /// When the buyer applied for it.
    pub(super) applied_at: i64,
    /// When the money was back.
    pub(super) finished_at: Option<i64>,
    /// The amount that is paid back.
    pub(super) amount: i64,
    /// The number of items it is for.
    pub(super) quantity: i64,
    /// Whether the goods come back: return or refund_only.
    pub(super) kind: &'static str,
    /// What the buyer gives as the reason.
    pub(super) reason: &'static str,
    /// Whether the platform had to decide.
    pub(super) disputed: bool,
    /// The SKU of the item it is for, if the file names it.
    pub(super) sku: Option<&'static str>,
}

/// An after-sales ticket (工单): what a buyer wants done, and by when it was promised.
pub(super) struct TicketRow {
    /// Its id. Edge cases bring one; everyday tickets are numbered when they are written.
    pub(super) id: Option<String>,
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The buyer's id.
    pub(super) buyer: String,
    /// The id of the agent who took it.
    pub(super) agent: Option<&'static str>,
    /// What it is about.
    pub(super) kind: &'static str,
    /// When it was opened.
    pub(super) opened_at: i64,
    /// When it was first answered.
    pub(super) responded_at: Option<i64>,
    /// When it was solved.
    pub(super) resolved_at: Option<i64>,
    /// By when a response was promised.
    pub(super) response_due_at: Option<i64>,
    /// By when a solution was promised.
    pub(super) resolve_due_at: Option<i64>,
    /// The id of the agent it was handed to.
    pub(super) transferred_to: Option<&'static str>,
    /// Whether that was the right one.
    pub(super) transfer_correct: Option<bool>,
    /// Whether the agent looked into the knowledge base.
    pub(super) knowledge_base_used: bool,
    /// Whether it is a complaint.
    pub(super) complaint: bool,
}

/// A change of an agent's status.
pub(super) struct AgentStatusRow {
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The agent's id.
    pub(super) agent: &'static str,
    /// When it changed.
    pub(super) at: i64,
    /// The new status: online, suspended, resumed or offline.
    pub(super) status: &'static str,
}

impl CompanyLogs {
    /// Sorts the orders by when they were placed, and numbers those without an id.
    pub(super) fn number_orders(&mut self) {
        self.orders.sort_by_key(|order| order.created_at);
        for (index, order) in self.orders.iter_mut().enumerate() {
            if order.id.is_none() {
                order.id = Some(format!("o{:04}", index + 1));
            }
        }
    }

    /// Removes what had not happened yet when the logs were exported.
    pub(super) fn truncate(&mut self, exported_at: i64) {
        self.messages.retain(|message| message.at < exported_at);
        self.evaluations.retain(|evaluation| evaluation.sent_at < exported_at);
        for evaluation in self.evaluations.iter_mut().filter(|evaluation| evaluation.rated_at >= Some(exported_at)) {
            evaluation.rated_at = None;
            evaluation.grade = None;
            evaluation.reason = None;
            evaluation.nps = None;
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

impl OrderRow {
    /// Whether it belongs to an edge case. Nothing may happen to it beyond what the case tells.
    pub(super) fn is_edge(&self) -> bool {
        self.id.as_deref().is_some_and(|id| id.starts_with("edge-"))
    }

    /// When this version of the order was written.
    pub(super) fn updated_at(&self) -> i64 {
        let later = [self.paid_at, self.cancelled_at, self.shipped_at];
        later.into_iter().flatten().fold(self.created_at, i64::max)
    }
}

/// An instant such as `09-02 23:58:30` of 2026 in Shanghai, in epoch milliseconds.
pub(super) fn instant(at: &str) -> GenerateResult<i64> {
    let wrong = |problem: jiff::Error| GenerateError::Internal(format!("not a time: {at}: {problem}"));
    let local: jiff::civil::DateTime = format!("2026-{at}").parse().map_err(wrong)?;
    Ok(SHANGHAI.to_timestamp(local).map_err(wrong)?.as_millisecond())
}
