//! An independent reading of semantics.md §11 to §13, families H to M of metrics.md, as plain row loops.
//! It favours being checked line by line over speed: no shared code with kefu, std only.
//! "§" numbers are sections of semantics.md; "M.H" is family H of metrics.md. What families A to G say comes in as facts.

/// Refunds, ratings, tickets, statuses, videos; and what families A to G say.
mod input;

mod attendance;
/// L: a period beside the one before it and the one a year before.
pub(crate) mod comparison;
mod cost;
/// The small shop that the worked examples are told of.
mod example;
/// L: rank, gap, flag, uplift, training.
pub(crate) mod judgement;
mod loyalty;
mod refunds;
mod satisfaction;
/// E: what agents are to sell and what they earn by it, which takes `targets` and `staff`.
mod targets;
/// L: scores and tiers.
pub(crate) mod scorecard;
/// K: tickets, and their own table of kinds.
pub(crate) mod tickets;
/// M: videos, and their own table by video.
pub(crate) mod videos;
/// The platforms' own examples that touch several families.
mod worked;

pub(crate) use input::{
    Clock, Credit, Evaluation, Given, Refund, RefundKind, RowDay, Rules, Source, Staff, Status, StatusKind, Target, Ticket, Video,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const DAY_MS: i64 = 86_400_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

// ---------------------------------------------------------------------------------------------
// Rows of a report
// ---------------------------------------------------------------------------------------------

/// Shop, and the agent on an agent's row.
pub(crate) type Key = (String, Option<String>);
/// Values by metric id; None is null.
pub(crate) type Cells = BTreeMap<&'static str, Option<f64>>;

/// One row in the making.
struct Row<'a> {
    given: &'a Given<'a>,
    shop: &'a str,
    agent: Option<&'a str>,
    /// The days of the period that count.
    days: BTreeSet<i64>,
    /// Of the whole period, landed or not.
    last_day: i64,
}

impl Row<'_> {
    /// Whether what is this agent's, or nobody's, stands in the row.
    fn holds(&self, shop: &str, agent: Option<&str>) -> bool {
        shop == self.shop && (self.agent.is_none() || agent == self.agent)
    }

    /// Whether the instant's business day is one of the row's.
    fn counts(&self, at: i64) -> bool {
        self.days.contains(&self.given.business_day(at))
    }

    /// §6: a period matures with its last day; what needs no later day is never held back.
    fn mature(&self, delay: i64) -> bool {
        delay == 0 || self.given.landed >= self.last_day + delay
    }

    fn row_days(&self) -> Vec<&RowDay> {
        let mine = |told: &&RowDay| told.shop == self.shop && told.agent.as_deref() == self.agent && self.days.contains(&told.day);
        self.given.row_days.iter().filter(mine).collect()
    }

    /// `sales_amount` in fen and `sales_qty`: credited to anyone, or to this agent. None: no orders, or still waiting for payments.
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

/// The rows of a period, given as its business days: every shop and agent of which anything is said in them.
pub(crate) fn report(given: &Given, days: &[i64]) -> BTreeMap<Key, Cells> {
    let mut rows = BTreeMap::new();
    for key in keys(given, days) {
        let values = cells(given, &key, days);
        rows.insert(key, values);
    }
    rows
}

/// Every metric of families H to K and of E's targets of one row, whether or not anything is said of it; of M too in a shop's row.
pub(crate) fn cells(given: &Given, key: &Key, days: &[i64]) -> Cells {
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

/// The metrics there are in a shop's row, or in an agent's.
pub(crate) fn ids(of_agent: bool) -> BTreeSet<&'static str> {
    let key = if of_agent { example::agent("A") } else { example::shop() };
    cells(&example::given(), &key, &example::WEEK).into_keys().collect()
}

fn row<'a>(given: &'a Given<'a>, key: &'a Key, days: &[i64]) -> Row<'a> {
    Row {
        given,
        shop: key.0.as_str(),
        agent: key.1.as_deref(),
        days: days.iter().copied().filter(|day| given.covers(*day)).collect(),
        last_day: days.iter().copied().max().unwrap_or(given.first_day),
    }
}

fn keys(given: &Given, days: &[i64]) -> BTreeSet<Key> {
    let counted = |day: i64| days.contains(&day) && given.covers(day);
    let on = |at: i64| counted(given.business_day(at));
    let mut whose: Vec<(&str, Option<&str>)> = Vec::new();
    for refund in given.refunds.iter().flatten() {
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

/// §10: denominator 0 is null; and so is what is made of a null.
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

/// The mean of spans in ms, in hours.
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

/// M.E: metrics whose input table is not configured are null, not 0.
fn known_if(configured: bool, mut cells: Cells) -> Cells {
    if !configured {
        cells.values_mut().for_each(|cell| *cell = None);
    }
    cells
}

/// §6: until what a metric waits for has landed it is null.
fn held_back_unless(mature: bool, cells: &mut Cells, ids: &[&'static str]) {
    if !mature {
        for id in ids {
            cells.insert(*id, None);
        }
    }
}

/// Of rows with one id the one read last, in the order they were read.
fn newest<'a, T>(rows: &'a [T], id: impl Fn(&'a T) -> (&'a str, &'a str)) -> Vec<&'a T> {
    let mut last: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        last.insert(id(row), place);
    }
    let mut places: Vec<usize> = last.into_values().collect();
    places.sort();
    places.into_iter().map(|place| &rows[place]).collect()
}
