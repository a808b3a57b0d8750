//! What an edge case consists of, and the functions that its entries are written with.
//!
//! Times are `MM-DD hh:mm:ss` of 2026 in Shanghai. An entry names only what matters to it; [`DEFAULT_CASE`] and the functions
//! below fill in the rest.

use super::people::YUNDUO;

/// One thing that goes wrong in real logs. Its messages are `edge-<id>-1`, `-2` and so on, its orders `edge-<id>-o1`, its refunds
/// `edge-<id>-r1`, its tickets `edge-<id>-t1`, its buyer is `b-<id>`, and its session, where the shop has them, `edge-<id>`.
pub(super) struct EdgeCase {
    /// The name that its ids are made of.
    pub(super) id: &'static str,
    /// The name in Chinese.
    pub(super) zh: &'static str,
    /// What happens, in one sentence.
    pub(super) happens: &'static str,
    /// The number that shows it, worked out by hand under the default rules.
    pub(super) shows: &'static str,
    /// The shop it happens in.
    pub(super) shop: &'static str,
    /// Its messages.
    pub(super) lines: &'static [CaseMessage],
    /// Its orders, and further versions of them.
    pub(super) orders: &'static [CaseOrder],
    /// Its evaluations.
    pub(super) evaluations: &'static [CaseEvaluation],
    /// Its refunds.
    pub(super) refunds: &'static [CaseRefund],
    /// Its tickets.
    pub(super) tickets: &'static [CaseTicket],
    /// Its changes of agents' statuses.
    pub(super) statuses: &'static [CaseStatus],
}

/// A message.
#[derive(Clone, Copy)]
pub(super) struct CaseMessage {
    /// When it is sent.
    pub(super) at: &'static str,
    /// The words of a text.
    pub(super) text: Option<&'static str>,
    /// Who writes it.
    pub(super) sender: &'static str,
    /// How a reply comes about.
    pub(super) reply_mode: Option<&'static str>,
    /// What it is: text, or the event's name.
    pub(super) kind: &'static str,
    /// The agent in charge.
    pub(super) agent: Option<&'static str>,
    /// The shop, if it is not the case's.
    pub(super) shop: Option<&'static str>,
    /// The buyer, if it is not the case's.
    pub(super) buyer: Option<&'static str>,
    /// Which session of the case it belongs to, when there are several.
    pub(super) session: Option<&'static str>,
    /// Its number in the session.
    pub(super) seq: Option<i64>,
    /// The number of the message whose id it repeats.
    pub(super) repeats: Option<usize>,
    /// Whether its writer takes it back.
    pub(super) recalled: bool,
    /// What the file says instead of the time.
    pub(super) at_text: Option<&'static str>,
    /// Whether it asks nothing.
    pub(super) asks_nothing: bool,
}

/// One version of an order.
#[derive(Clone, Copy)]
pub(super) struct CaseOrder {
    /// When it is placed.
    pub(super) at: &'static str,
    /// The amount in whole units of its currency.
    pub(super) amount: i64,
    /// What the file says instead of the amount.
    pub(super) amount_text: Option<&'static str>,
    /// The number of items.
    pub(super) quantity: i64,
    /// When it is paid.
    pub(super) paid: Option<&'static str>,
    /// When it is cancelled.
    pub(super) cancelled: Option<&'static str>,
    /// When it is shipped.
    pub(super) shipped: Option<&'static str>,
    /// The flag (插旗) that an agent puts on it.
    pub(super) flag: Option<&'static str>,
    /// The number of the order that it is another version of.
    pub(super) version_of: Option<usize>,
    /// The currency, if the file names it.
    pub(super) currency: Option<&'static str>,
    /// The SKU, if it is not that of the shop's first item.
    pub(super) sku: Option<&'static str>,
}

/// A satisfaction card and, where the buyer gives one, the rating.
#[derive(Clone, Copy)]
pub(super) struct CaseEvaluation {
    /// When the card is sent.
    pub(super) at: &'static str,
    /// The agent it names.
    pub(super) agent: &'static str,
    /// When the buyer rates.
    pub(super) rated: Option<&'static str>,
    /// The grade, from 1 to 5.
    pub(super) grade: Option<i64>,
    /// Who asks for the rating.
    pub(super) source: &'static str,
    /// What the buyer gives as the reason.
    pub(super) reason: Option<&'static str>,
    /// Whether the card asks about the robot.
    pub(super) robot: bool,
    /// How likely the buyer is to recommend the shop, from 0 to 10.
    pub(super) nps: Option<i64>,
    /// The buyer, if it is not the case's.
    pub(super) buyer: Option<&'static str>,
    /// The session, if it is not the case's.
    pub(super) session: Option<&'static str>,
}

/// A refund.
#[derive(Clone, Copy)]
pub(super) struct CaseRefund {
    /// The order's id.
    pub(super) order: &'static str,
    /// When the buyer applies for it.
    pub(super) applied: &'static str,
    /// When the money is back.
    pub(super) finished: Option<&'static str>,
    /// The amount in fen, or in cents of the order's currency.
    pub(super) amount: i64,
    /// The number of items it is for.
    pub(super) quantity: i64,
    /// Whether the goods come back: return or refund_only.
    pub(super) kind: &'static str,
    /// What the buyer gives as the reason.
    pub(super) reason: &'static str,
    /// Whether the platform decides.
    pub(super) disputed: bool,
    /// The SKU of the item it is for, if the file names it.
    pub(super) sku: Option<&'static str>,
}

/// A ticket.
#[derive(Clone, Copy)]
pub(super) struct CaseTicket {
    /// When it is opened.
    pub(super) at: &'static str,
    /// The agent who takes it.
    pub(super) agent: Option<&'static str>,
    /// What it is about.
    pub(super) kind: &'static str,
    /// When it is first answered.
    pub(super) responded: Option<&'static str>,
    /// When it is solved.
    pub(super) resolved: Option<&'static str>,
    /// By when a response is promised.
    pub(super) response_due: Option<&'static str>,
    /// By when a solution is promised.
    pub(super) resolve_due: Option<&'static str>,
    /// The agent it is handed to, and whether that is the right one.
    pub(super) transferred: Option<(&'static str, bool)>,
    /// Whether the agent looks into the knowledge base.
    pub(super) knowledge_base: bool,
    /// Whether it is a complaint.
    pub(super) complaint: bool,
}

/// A change of an agent's status.
#[derive(Clone, Copy)]
pub(super) struct CaseStatus {
    /// When it changes.
    pub(super) at: &'static str,
    /// The agent.
    pub(super) agent: &'static str,
    /// The new status.
    pub(super) status: &'static str,
}

/// A change of an agent's status.
pub(super) const fn turn(at: &'static str, agent: &'static str, status: &'static str) -> CaseStatus {
    CaseStatus { at, agent, status }
}

/// What a case is unless it says otherwise.
pub(super) const DEFAULT_CASE: EdgeCase = EdgeCase {
    id: "",
    zh: "",
    happens: "",
    shows: "",
    shop: YUNDUO,
    lines: &[],
    orders: &[],
    evaluations: &[],
    refunds: &[],
    tickets: &[],
    statuses: &[],
};

const fn line(at: &'static str, sender: &'static str, kind: &'static str) -> CaseMessage {
    CaseMessage {
        at,
        text: None,
        sender,
        reply_mode: None,
        kind,
        agent: None,
        shop: None,
        buyer: None,
        session: None,
        seq: None,
        repeats: None,
        recalled: false,
        at_text: None,
        asks_nothing: false,
    }
}

/// A question of the buyer, who waits in the queue unless `to` names an agent.
pub(super) const fn ask(at: &'static str, text: &'static str) -> CaseMessage {
    CaseMessage { text: Some(text), ..line(at, "buyer", "text") }
}

/// A reply that a person writes.
pub(super) const fn reply(at: &'static str, agent: &'static str, text: &'static str) -> CaseMessage {
    CaseMessage { text: Some(text), reply_mode: Some("human"), agent: Some(agent), ..line(at, "agent", "text") }
}

/// A reply that a person writes and the export does not say who.
pub(super) const fn nameless(at: &'static str, text: &'static str) -> CaseMessage {
    CaseMessage { text: Some(text), reply_mode: Some("human"), ..line(at, "agent", "text") }
}

/// A private note, which the buyer does not see.
pub(super) const fn note(at: &'static str, agent: &'static str, text: &'static str) -> CaseMessage {
    CaseMessage { text: Some(text), agent: Some(agent), ..line(at, "agent", "note") }
}

/// A line of the robot.
pub(super) const fn robot(at: &'static str, text: &'static str) -> CaseMessage {
    CaseMessage { text: Some(text), reply_mode: Some("auto"), ..line(at, "robot", "text") }
}

/// An event about an agent.
pub(super) const fn event(at: &'static str, kind: &'static str, agent: &'static str) -> CaseMessage {
    CaseMessage { agent: Some(agent), ..line(at, "system", kind) }
}

/// The event that closes a chat.
pub(super) const fn close(at: &'static str) -> CaseMessage {
    line(at, "system", "close")
}

impl CaseMessage {
    /// Addressed to an agent.
    pub(super) const fn to(self, agent: &'static str) -> CaseMessage {
        CaseMessage { agent: Some(agent), ..self }
    }

    /// How a reply comes about.
    pub(super) const fn reply_mode(self, reply_mode: &'static str) -> CaseMessage {
        CaseMessage { reply_mode: Some(reply_mode), ..self }
    }

    /// In another shop than the case.
    pub(super) const fn in_shop(self, shop: &'static str) -> CaseMessage {
        CaseMessage { shop: Some(shop), ..self }
    }

    /// Of another buyer than the case's.
    pub(super) const fn by(self, buyer: &'static str) -> CaseMessage {
        CaseMessage { buyer: Some(buyer), ..self }
    }

    /// In one of several sessions of the case.
    pub(super) const fn session(self, session: &'static str) -> CaseMessage {
        CaseMessage { session: Some(session), ..self }
    }

    /// With a number in the session.
    pub(super) const fn seq(self, seq: i64) -> CaseMessage {
        CaseMessage { seq: Some(seq), ..self }
    }

    /// With the id of an earlier message of the case.
    pub(super) const fn repeats(self, line: usize) -> CaseMessage {
        CaseMessage { repeats: Some(line), ..self }
    }

    /// Taken back by its writer.
    pub(super) const fn recalled(self) -> CaseMessage {
        CaseMessage { recalled: true, ..self }
    }

    /// Asking nothing, as a word of thanks.
    pub(super) const fn asks_nothing(self) -> CaseMessage {
        CaseMessage { asks_nothing: true, ..self }
    }

    /// With a text instead of the time.
    pub(super) const fn at_text(self, text: &'static str) -> CaseMessage {
        CaseMessage { at_text: Some(text), ..self }
    }

    /// Written by somebody else.
    pub(super) const fn sender(self, sender: &'static str) -> CaseMessage {
        CaseMessage { sender, ..self }
    }
}

/// An order over so many yuan, or units of another currency.
pub(super) const fn placed(at: &'static str, amount: i64) -> CaseOrder {
    CaseOrder {
        at,
        amount,
        amount_text: None,
        quantity: 1,
        paid: None,
        cancelled: None,
        shipped: None,
        flag: None,
        version_of: None,
        currency: None,
        sku: None,
    }
}

impl CaseOrder {
    /// Paid at this time.
    pub(super) const fn paid(self, at: &'static str) -> CaseOrder {
        CaseOrder { paid: Some(at), ..self }
    }

    /// Cancelled at this time.
    pub(super) const fn cancelled(self, at: &'static str) -> CaseOrder {
        CaseOrder { cancelled: Some(at), ..self }
    }

    /// Shipped at this time.
    pub(super) const fn shipped(self, at: &'static str) -> CaseOrder {
        CaseOrder { shipped: Some(at), ..self }
    }

    /// With a flag (插旗) on it.
    pub(super) const fn flag(self, flag: &'static str) -> CaseOrder {
        CaseOrder { flag: Some(flag), ..self }
    }

    /// Of so many items.
    pub(super) const fn quantity(self, quantity: i64) -> CaseOrder {
        CaseOrder { quantity, ..self }
    }

    /// In a currency that the file names.
    pub(super) const fn currency(self, currency: &'static str) -> CaseOrder {
        CaseOrder { currency: Some(currency), ..self }
    }

    /// Of another item than the shop's first.
    pub(super) const fn sku(self, sku: &'static str) -> CaseOrder {
        CaseOrder { sku: Some(sku), ..self }
    }

    /// Another version of the order with this number.
    pub(super) const fn version_of(self, order: usize) -> CaseOrder {
        CaseOrder { version_of: Some(order), ..self }
    }

    /// With a text instead of the amount.
    pub(super) const fn amount_text(self, text: &'static str) -> CaseOrder {
        CaseOrder { amount_text: Some(text), ..self }
    }
}
