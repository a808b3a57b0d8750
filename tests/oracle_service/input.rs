//! What the oracle is given: the tables of §11 and §12, and the facts of families A to G.
//!
//! Instants are milliseconds in UTC, days are counted from 1970-01-01, and money is in fen.

use super::HOUR_MS;
use std::collections::{BTreeMap, BTreeSet};

/// Whether the buyer gets money only, or sends the goods back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundKind {
    RefundOnly,
    Return,
}

/// One row of `refunds`. Where an id comes twice, the row read last says what became of the refund.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refund {
    pub(crate) shop: String,
    pub(crate) refund_id: String,
    pub(crate) order_id: String,
    pub(crate) applied_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: Option<i64>,
    pub(crate) kind: Option<RefundKind>,
    pub(crate) disputed: bool,
}

/// Who sent the card of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Agent,
    Buyer,
    System,
}

/// One row of `evaluations`: a card that was sent (an invitation), and the buyer's answer to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) shop: String,
    pub(crate) buyer: String,
    pub(crate) agent: String,
    pub(crate) sent_at: i64,
    pub(crate) rated_at: Option<i64>,
    /// From 1, the worst, to 5, the best.
    pub(crate) grade: Option<i64>,
    pub(crate) source: Option<Source>,
    pub(crate) reason: Option<String>,
    pub(crate) session: Option<String>,
    /// Whether the column `target` says `robot`.
    pub(crate) robot: bool,
    pub(crate) nps: Option<i64>,
}

/// One row of `tickets`. Where an id comes twice, the row read last says what became of the ticket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ticket {
    pub(crate) shop: String,
    pub(crate) ticket_id: String,
    pub(crate) buyer: String,
    pub(crate) agent: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) opened_at: i64,
    pub(crate) first_response_at: Option<i64>,
    pub(crate) resolved_at: Option<i64>,
    pub(crate) resolved: Option<bool>,
    pub(crate) sla_response_due_at: Option<i64>,
    pub(crate) sla_resolve_due_at: Option<i64>,
    pub(crate) transferred_to: Option<String>,
    pub(crate) transfer_correct: bool,
    pub(crate) knowledge_base_used: bool,
    pub(crate) complaint: bool,
}

/// What an agent's status changed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusKind {
    Online,
    Offline,
    Suspended,
    Resumed,
}

/// One row of `agent_status`.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) shop: String,
    pub(crate) agent: String,
    pub(crate) at: i64,
    pub(crate) kind: StatusKind,
}

/// One row of `videos`: a video on one day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Video {
    pub(crate) shop: String,
    pub(crate) video: String,
    pub(crate) day: i64,
    pub(crate) plays: i64,
    pub(crate) likes: Option<i64>,
    pub(crate) comments: Option<i64>,
    pub(crate) shares: Option<i64>,
    pub(crate) new_followers: Option<i64>,
    /// The followers that the account has on that day: a stock, which does not add up over days.
    pub(crate) followers: Option<i64>,
    pub(crate) complete_plays: Option<i64>,
    pub(crate) watch_seconds: Option<f64>,
    pub(crate) length_seconds: Option<f64>,
}

/// One row of `staff`.
#[derive(Clone, Debug)]
pub(crate) struct Staff {
    pub(crate) shop: String,
    pub(crate) agent: String,
    pub(crate) hourly_cost_fen: Option<i64>,
    /// The share that the agent earns of the sales credited to it.
    pub(crate) commission_rate: Option<f64>,
}

/// One row of `targets`: the `sales_amount` that an agent, or the shop itself, has to reach in a month, in yuan.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) shop: String,
    pub(crate) agent: Option<String>,
    /// The first day of the month.
    pub(crate) month: i64,
    pub(crate) yuan: f64,
}

/// What families E to G say of an order under the pipeline's own attribution rule (§7).
#[derive(Clone, Debug)]
pub(crate) struct OrderCredit {
    /// `None` if the order is silent.
    pub(crate) agent: Option<String>,
    /// The business day in which the order counts.
    pub(crate) day: i64,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: i64,
}

/// What families A to C say of one row (a shop, or an agent of it) on one business day.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowDay {
    pub(crate) shop: String,
    pub(crate) agent: Option<String>,
    pub(crate) day: i64,
    /// The buyers of `consult_person_days`, filtered ones included.
    pub(crate) consulted: BTreeSet<String>,
    /// The buyers of `receive_person_days`.
    pub(crate) received: BTreeSet<String>,
    /// The `sessions` of a shop or the `receptions` of an agent.
    pub(crate) sessions: i64,
    /// `reception_s`, in milliseconds.
    pub(crate) reception_ms: i64,
    /// `agent_msgs`.
    pub(crate) reply_lines: i64,
}

/// How time is cut into days (§1) and hours. The caller knows the time zone, when a business day begins, and when a shop is open.
#[derive(Clone, Copy)]
pub(crate) struct Clock<'a> {
    /// The business day of an instant.
    pub(crate) business_day: &'a dyn Fn(i64) -> i64,
    /// The first instant of a business day.
    pub(crate) start_of_day: &'a dyn Fn(i64) -> i64,
    /// Whether an instant lies in the assessed hours of a shop.
    pub(crate) in_assessed_hours: &'a dyn Fn(&str, i64) -> bool,
}

/// The rules of §11 and §12. Durations are milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct ServiceRules {
    pub(crate) robots_rated: bool,
    /// How long after its card a rating may come.
    pub(crate) rating_window: i64,
    pub(crate) retention_days: i64,
    /// The delay of the pipeline's own sales: `final_pay_days` under the attribution rule `order`, else 0.
    pub(crate) sales_delay: i64,
}

impl Default for ServiceRules {
    fn default() -> ServiceRules {
        ServiceRules { robots_rated: false, rating_window: 24 * HOUR_MS, retention_days: 90, sales_delay: 0 }
    }
}

/// Everything that the oracle reads. Rows stand in input order. `None` means that the table is not configured.
pub(crate) struct ServiceInput<'a> {
    pub(crate) clock: Clock<'a>,
    /// Whether the reception filters (§8) take a shop's buyer out on a day.
    pub(crate) filtered: &'a dyn Fn(&str, &str, i64) -> bool,
    /// The peer-days (shop, buyer, agent, day) that the filters take out.
    pub(crate) peers_filtered: BTreeSet<(String, String, String, i64)>,
    pub(crate) rules: ServiceRules,
    /// The first business day that is read.
    pub(crate) first_day: i64,
    /// The last business day that is read.
    pub(crate) landed: i64,
    pub(crate) refunds: Option<Vec<Refund>>,
    /// The orders, by shop and id, whose refunds count nowhere: the rule `excluded_from` takes them out.
    pub(crate) excluded_orders: BTreeSet<(String, String)>,
    pub(crate) evaluations: Option<Vec<Evaluation>>,
    pub(crate) tickets: Option<Vec<Ticket>>,
    pub(crate) statuses: Option<Vec<Status>>,
    pub(crate) videos: Option<Vec<Video>>,
    pub(crate) staff: Option<Vec<Staff>>,
    pub(crate) targets: Option<Vec<Target>>,
    /// The credits by shop and order id. `None`, here and in `payments`, means that no orders are configured.
    pub(crate) credits: Option<BTreeMap<(String, String), OrderCredit>>,
    /// By shop and buyer, the instants at which orders were paid, whatever their flag. Cancelled orders are left out.
    pub(crate) payments: Option<BTreeMap<(String, String), Vec<i64>>>,
    pub(crate) row_days: Vec<RowDay>,
}

impl ServiceInput<'_> {
    pub(super) fn business_day(&self, at: i64) -> i64 {
        (self.clock.business_day)(at)
    }

    pub(super) fn start_of_day(&self, day: i64) -> i64 {
        (self.clock.start_of_day)(day)
    }

    /// The first instant after a business day, since every interval of §1 leaves out its end.
    pub(super) fn end_of_day(&self, day: i64) -> i64 {
        self.start_of_day(day + 1)
    }

    pub(super) fn in_assessed_hours(&self, shop: &str, at: i64) -> bool {
        (self.clock.in_assessed_hours)(shop, at)
    }

    pub(super) fn is_peer_filtered(&self, shop: &str, buyer: &str, agent: &str, day: i64) -> bool {
        let peer = (shop.to_owned(), buyer.to_owned(), agent.to_owned(), day);
        self.is_filtered(shop, buyer, day) || self.peers_filtered.contains(&peer)
    }

    pub(super) fn is_filtered(&self, shop: &str, buyer: &str, day: i64) -> bool {
        (self.filtered)(shop, buyer, day)
    }

    pub(super) fn covers(&self, day: i64) -> bool {
        self.first_day <= day && day <= self.landed
    }
}
