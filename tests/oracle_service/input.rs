//! What the oracle is given: times are UTC ms, days are days since 1970-01-01, money is fen.

use super::HOUR_MS;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundKind {
    RefundOnly,
    Return,
}

/// A refund id may come twice: the row read last says what became of it.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Agent,
    Buyer,
    System,
}

/// A card sent (an invitation), and what the buyer said to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) shop: String,
    pub(crate) buyer: String,
    pub(crate) agent: String,
    pub(crate) sent_at: i64,
    pub(crate) rated_at: Option<i64>,
    /// 1 worst to 5 best.
    pub(crate) grade: Option<i64>,
    pub(crate) source: Option<Source>,
    pub(crate) reason: Option<String>,
    pub(crate) session: Option<String>,
    /// `target = robot`.
    pub(crate) robot: bool,
    pub(crate) nps: Option<i64>,
}

/// A ticket id may come twice: the row read last says what became of it.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusKind {
    Online,
    Offline,
    Suspended,
    Resumed,
}

#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) shop: String,
    pub(crate) agent: String,
    pub(crate) at: i64,
    pub(crate) kind: StatusKind,
}

/// One video on one day.
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
    /// A stock, not a flow: the account's followers on that day.
    pub(crate) followers: Option<i64>,
    pub(crate) complete_plays: Option<i64>,
    pub(crate) watch_seconds: Option<f64>,
    pub(crate) length_seconds: Option<f64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Staff {
    pub(crate) shop: String,
    pub(crate) agent: String,
    pub(crate) hourly_cost_fen: Option<i64>,
    /// Share of the sales credited to the agent.
    pub(crate) commission_rate: Option<f64>,
}

/// What an agent is to sell in a month, in yuan.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) shop: String,
    pub(crate) agent: Option<String>,
    /// First day of the month.
    pub(crate) month: i64,
    pub(crate) yuan: f64,
}

/// Families E to G: what an order earns under the pipeline's own rule.
#[derive(Clone, Debug)]
pub(crate) struct Credit {
    /// None: a silent order.
    pub(crate) agent: Option<String>,
    /// The business day it counts in.
    pub(crate) day: i64,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: i64,
}

/// Families A to C: what one row (a shop, or an agent of it) was on one business day.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowDay {
    pub(crate) shop: String,
    pub(crate) agent: Option<String>,
    pub(crate) day: i64,
    /// The buyers of `consult_person_days`, filtered ones too.
    pub(crate) consulted: BTreeSet<String>,
    /// The buyers of `receive_person_days`.
    pub(crate) received: BTreeSet<String>,
    /// `sessions` of a shop, `receptions` of an agent: those with a buyer line.
    pub(crate) sessions: i64,
    /// `reception_s`, in ms.
    pub(crate) reception_ms: i64,
    /// `agent_msgs`.
    pub(crate) reply_lines: i64,
}

/// How time is cut (§1). The caller knows the zone and where a business day begins.
#[derive(Clone, Copy)]
pub(crate) struct Clock<'a> {
    /// The business day of an instant.
    pub(crate) business_day: &'a dyn Fn(i64) -> i64,
    /// The first instant of a business day; the end of a day is the start of the next.
    pub(crate) start_of_day: &'a dyn Fn(i64) -> i64,
    /// ms after midnight on the wall.
    pub(crate) wall_clock: &'a dyn Fn(i64) -> i64,
}

/// Times and spans are ms; `assessed_hours` are ms of the wall clock.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) assessed_hours: (i64, i64),
    pub(crate) robots_rated: bool,
    /// How long after its card a rating is valid.
    pub(crate) rating_window: i64,
    pub(crate) retention_days: i64,
    /// The delay of the pipeline's own sales: `final_pay_days` under the rule `order`, else 0.
    pub(crate) sales_delay: i64,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            assessed_hours: (8 * HOUR_MS, 23 * HOUR_MS),
            robots_rated: false,
            rating_window: 24 * HOUR_MS,
            retention_days: 90,
            sales_delay: 0,
        }
    }
}

/// Rows in input order. None: the table is not configured.
pub(crate) struct Given<'a> {
    pub(crate) clock: Clock<'a>,
    /// Whether §8 takes a shop's buyer out on a day.
    pub(crate) filtered: &'a dyn Fn(&str, &str, i64) -> bool,
    /// The peer-days (shop, buyer, agent, day) that it takes out beside.
    pub(crate) peers_filtered: BTreeSet<(String, String, String, i64)>,
    pub(crate) rules: Rules,
    /// The first and last business day that count.
    pub(crate) first_day: i64,
    pub(crate) landed: i64,
    pub(crate) refunds: Option<Vec<Refund>>,
    pub(crate) evaluations: Option<Vec<Evaluation>>,
    pub(crate) tickets: Option<Vec<Ticket>>,
    pub(crate) statuses: Option<Vec<Status>>,
    pub(crate) videos: Option<Vec<Video>>,
    pub(crate) staff: Option<Vec<Staff>>,
    /// Those of `sales_amount`.
    pub(crate) targets: Option<Vec<Target>>,
    /// By shop and order id. None, as `payments`: no orders are configured.
    pub(crate) credits: Option<BTreeMap<(String, String), Credit>>,
    /// By shop and buyer, when orders that were not cancelled were paid, whatever their flag.
    pub(crate) payments: Option<BTreeMap<(String, String), Vec<i64>>>,
    pub(crate) row_days: Vec<RowDay>,
}

impl Given<'_> {
    pub(super) fn business_day(&self, at: i64) -> i64 {
        (self.clock.business_day)(at)
    }

    pub(super) fn start_of_day(&self, day: i64) -> i64 {
        (self.clock.start_of_day)(day)
    }

    /// Exclusive, as every interval of §1.
    pub(super) fn end_of_day(&self, day: i64) -> i64 {
        self.start_of_day(day + 1)
    }

    pub(super) fn in_assessed_hours(&self, at: i64) -> bool {
        let (clock, (start, end)) = ((self.clock.wall_clock)(at), self.rules.assessed_hours);
        // Hours that wrap past midnight are the complement.
        if start <= end { start <= clock && clock < end } else { clock >= start || clock < end }
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
