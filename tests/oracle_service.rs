//! An independent reading of semantics.md §11 to §13, families H to M and the targets of metrics.md, as plain row loops.
//!
//! The oracle is made to be checked line by line, not to be fast. It shares no code with kefu and uses std alone.
//! "§" numbers are sections of semantics.md; families are those of metrics.md. What families A to G say is given as facts.

/// The tables that are read, and the facts of families A to G.
mod input;

/// Family J: the status log replayed day by day (§12).
mod attendance;
/// Family L: a period beside the one before it and the one a year before (§13).
pub(crate) mod comparison;
/// Family K: what the service costs and what it brings (§12).
mod cost;
/// The small shop of the worked examples.
mod example;
/// Family L: ranks, gaps, flags, uplift and the gain of a training (§13).
pub(crate) mod judgement;
/// Family K: which buyers paid again (§12).
mod loyalty;
/// Family H: refunds (§12).
mod refunds;
/// Family I: invitations and ratings (§11).
mod satisfaction;
/// Family E: sales targets and commission, from `targets` and `staff` (§12).
mod targets;
/// Family L: scores and tiers (§13).
pub(crate) mod scorecard;
/// Family K: tickets, and the table of their kinds (§12).
pub(crate) mod tickets;
/// Family M: videos, and the table by video (§12).
pub(crate) mod videos;
/// What holds of all families, and the platforms' own examples that touch several.
mod worked;

use crate::oracle::{Cells, DAY_MS};
pub(crate) use input::{
    Clock, Evaluation, OrderCredit, Refund, RefundKind, RowDay, ServiceInput, ServiceRules, Source, Staff, Status, StatusKind, Target,
    Ticket, Video,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const HOUR_MS: i64 = 3_600_000;

// ---------------------------------------------------------------------------------------------
// Rows of a report
// ---------------------------------------------------------------------------------------------

/// Whom a row is about: a shop, or an agent of it.
pub(crate) type EntityKey = (String, Option<String>);

/// The row that is being computed, with all that its metrics read.
struct ServiceRow<'a> {
    given: &'a ServiceInput<'a>,
    shop: &'a str,
    agent: Option<&'a str>,
    /// The days of the period that are read.
    days: BTreeSet<i64>,
    /// The last day of the whole period, landed or not.
    last_day: i64,
}

impl ServiceRow<'_> {
    /// Whether what belongs to this agent (`None`: to nobody) stands in the row.
    fn holds(&self, shop: &str, agent: Option<&str>) -> bool {
        shop == self.shop && (self.agent.is_none() || agent == self.agent)
    }

    /// Whether the business day of the instant is one of the row's.
    fn counts(&self, at: i64) -> bool {
        self.days.contains(&self.given.business_day(at))
    }

    /// Whether a metric of this delay is known. A period matures with its last day; a delay of 0 is never held back (§6).
    fn mature(&self, delay: i64) -> bool {
        delay == 0 || self.given.landed >= self.last_day + delay
    }

    /// What families A to C say of the row's days.
    fn row_days(&self) -> Vec<&RowDay> {
        let mine = |told: &&RowDay| told.shop == self.shop && told.agent.as_deref() == self.agent && self.days.contains(&told.day);
        self.given.row_days.iter().filter(mine).collect()
    }

    /// `sales_amount` in fen and `sales_qty`, of the orders credited to anyone, or to this agent.
    /// `None` if no orders are configured or their payments may still come.
    fn sales(&self) -> Option<(i64, i64)> {
        let credits = self.given.credits.as_ref()?;
        if !self.mature(self.given.rules.sales_delay) {
            return None;
        }
        let (mut fen, mut quantity) = (0, 0);
        for ((shop, _), credit) in credits {
            let mine = credit.agent.is_some() && self.holds(shop, credit.agent.as_deref());
            if mine && self.days.contains(&credit.day) {
                fen += credit.amount_fen;
                quantity += credit.quantity;
            }
        }
        Some((fen, quantity))
    }
}

/// The rows of a period, which is given as its business days: every shop and agent of whom the tables say anything in them.
pub(crate) fn report(given: &ServiceInput, days: &[i64]) -> BTreeMap<EntityKey, Cells> {
    let mut rows = BTreeMap::new();
    for key in keys(given, days) {
        let values = cells(given, &key, days);
        rows.insert(key, values);
    }
    rows
}

/// Every metric of families H to K and of the targets in one row, whether or not the tables say anything of it. A shop's row has
/// family M as well.
pub(crate) fn cells(given: &ServiceInput, key: &EntityKey, days: &[i64]) -> Cells {
    let row = row(given, key, days);
    let mut cells = refunds::refunds(&row);
    cells.extend(satisfaction::satisfaction(&row));
    cells.extend(attendance::attendance(&row));
    cells.extend(tickets::tickets(&row));
    cells.extend(loyalty::loyalty(&row));
    cells.extend(cost::cost(&row));
    cells.extend(targets::targets(&row, days));
    if row.agent.is_none() {
        cells.extend(videos::videos(&row));
    }
    cells
}

/// The ids of the metrics in a shop's row or in an agent's.
pub(crate) fn ids(of_agent: bool) -> BTreeSet<&'static str> {
    let key = if of_agent { example::agent("A") } else { example::shop() };
    cells(&example::given(), &key, &example::WEEK).into_keys().collect()
}

fn row<'a>(given: &'a ServiceInput<'a>, key: &'a EntityKey, days: &[i64]) -> ServiceRow<'a> {
    ServiceRow {
        given,
        shop: key.0.as_str(),
        agent: key.1.as_deref(),
        days: days.iter().copied().filter(|day| given.covers(*day)).collect(),
        last_day: days.iter().copied().max().unwrap_or(given.first_day),
    }
}

/// The shops and agents of whom the tables say anything in the period.
fn keys(given: &ServiceInput, days: &[i64]) -> BTreeSet<EntityKey> {
    let counted = |day: i64| days.contains(&day) && given.covers(day);
    let on = |at: i64| counted(given.business_day(at));
    let mut whose: Vec<(&str, Option<&str>)> = Vec::new();
    for refund in given.refunds.iter().flatten().filter(|refund| !refunds::is_excluded(given, refund)) {
        if on(refund.applied_at) || refund.finished_at.is_some_and(on) {
            whose.push((refund.shop.as_str(), refunds::credited(given, refund)));
        }
    }
    for card in given.evaluations.iter().flatten().filter(|card| on(card.sent_at)) {
        whose.push((card.shop.as_str(), Some(card.agent.as_str())));
    }
    for ticket in given.tickets.iter().flatten().filter(|ticket| on(ticket.opened_at)) {
        whose.push((ticket.shop.as_str(), ticket.agent.as_deref()));
    }
    for (shop, agent) in attendance::logged(given) {
        if days.iter().any(|day| given.covers(*day) && attendance::works(given, shop, agent, *day)) {
            whose.push((shop, Some(agent)));
        }
    }
    for video in given.videos.iter().flatten().filter(|video| counted(video.day)) {
        whose.push((video.shop.as_str(), None));
    }
    for ((shop, _), credit) in given.credits.iter().flatten().filter(|(_, credit)| counted(credit.day)) {
        whose.push((shop.as_str(), credit.agent.as_deref()));
    }
    for told in given.row_days.iter().filter(|told| counted(told.day)) {
        whose.push((told.shop.as_str(), told.agent.as_deref()));
    }
    let mut keys = BTreeSet::new();
    for (shop, agent) in whose {
        keys.insert((shop.to_string(), None));
        keys.insert((shop.to_string(), agent.map(str::to_string)));
    }
    keys
}

// ---------------------------------------------------------------------------------------------
// Arithmetic
// ---------------------------------------------------------------------------------------------

fn set(cells: &mut Cells, id: &'static str, count: usize) {
    cells.insert(id, Some(count as f64));
}

/// A denominator of 0 makes a null (§10), and so does a null on either side.
fn quotient(numerator: Option<f64>, denominator: Option<f64>) -> Option<f64> {
    match (numerator, denominator) {
        (Some(numerator), Some(denominator)) if denominator != 0.0 => Some(numerator / denominator),
        _ => None,
    }
}

fn ratio(cells: &mut Cells, id: &'static str, numerator: f64, denominator: f64) {
    cells.insert(id, quotient(Some(numerator), Some(denominator)));
}

fn share(cells: &mut Cells, id: &'static str, numerator: usize, denominator: usize) {
    ratio(cells, id, numerator as f64, denominator as f64);
}

/// The mean of durations in milliseconds, as hours.
fn mean_hours(cells: &mut Cells, id: &'static str, spans: &[i64]) {
    ratio(cells, id, hours(spans.iter().sum()), spans.len() as f64);
}

fn yuan(fen: i64) -> f64 {
    fen as f64 / 100.0
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn hours(ms: i64) -> f64 {
    ms as f64 / HOUR_MS as f64
}

/// Metrics whose input table is not configured are null, not 0.
fn known_if(configured: bool, mut cells: Cells) -> Cells {
    if !configured {
        cells.values_mut().for_each(|cell| *cell = None);
    }
    cells
}

/// A metric is null until what it waits for has landed (§6).
fn held_back_unless(mature: bool, cells: &mut Cells, ids: &[&'static str]) {
    if !mature {
        for id in ids {
            cells.insert(*id, None);
        }
    }
}

/// The row read last of each id, in the order of the input.
fn newest<'a, T>(rows: &'a [T], id: impl Fn(&'a T) -> (&'a str, &'a str)) -> Vec<&'a T> {
    let mut last: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        last.insert(id(row), place);
    }
    let mut places: Vec<usize> = last.into_values().collect();
    places.sort();
    places.into_iter().map(|place| &rows[place]).collect()
}
