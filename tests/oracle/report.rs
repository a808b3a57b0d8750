//! The rows of a report, and which families of metrics are in each.

use super::attribution::{Credit, credits_of};
use super::cells::{Cells, set};
use super::facts::facts;
use super::filters::SessionRecord;
use super::input::Input;
use super::inquiry::inquiries;
use super::leads::leads;
use super::reception::{concurrency, consult_rate, messages, persons, transfers, workload};
use super::replies::{leave_messages, replies, robot_rounds};
use super::reply_rates::reply_rates;
use super::response::{queue, reception_time, response};
use super::row::{Level, ReportKey, ReportRow, SessionView, view};
use super::rules::Rules;
use super::sales::sales;
use super::time::{Period, period_last_day, period_start};
use std::collections::{BTreeMap, BTreeSet};

/// The rows of one level and period: every shop or agent with a line, a round row or a sale in it.
pub(crate) fn report(input: &Input, rules: &Rules, level: Level, period: Period) -> BTreeMap<ReportKey, Cells> {
    let facts = facts(input, rules);
    let credits = credits_of(&facts);
    let mut views: BTreeMap<ReportKey, Vec<SessionView>> = BTreeMap::new();
    for record in &facts.sessions {
        for agent in row_agents(record, level) {
            let key = (period_start(record.day, period), record.shop.clone(), agent.map(str::to_string));
            views.entry(key).or_default().push(view(record, agent));
        }
    }
    for credit in &credits {
        for agent in sale_agents(credit, level, rules) {
            let key = (period_start(credit.day, period), credit.shop.clone(), agent);
            views.entry(key).or_default();
        }
    }
    // `silent_rate` (family D) counts payers whatever the flag of their orders, so a shop has a row where anybody paid.
    for order in facts.orders.iter().filter(|o| level == Level::Shop && o.cancelled_at.is_none()) {
        let day = order.paid_at.map(|at| input.business_day(at)).filter(|day| input.covers(*day));
        if let Some(day) = day {
            views.entry((period_start(day, period), order.shop.clone(), None)).or_default();
        }
    }
    let mut rows = BTreeMap::new();
    for (key, views) in &views {
        let row = ReportRow {
            facts: &facts,
            credits: &credits,
            shop: &key.1,
            agent: key.2.as_deref(),
            first_day: key.0,
            last_day: period_last_day(key.0, period),
            kept: views.iter().filter(|view| !view.filtered).collect(),
            all: views.iter().collect(),
        };
        rows.insert(key.clone(), cells(&row));
    }
    rows
}

/// The rows that a session stands in: the agents with a reception in it (§3), or the shop itself.
pub(super) fn row_agents(record: &SessionRecord, level: Level) -> BTreeSet<Option<&str>> {
    if level == Level::Shop {
        return BTreeSet::from([None]);
    }
    let spoken = record.session.spoken.iter().filter_map(|line| line.agent.as_deref());
    let rounds = record.session.rounds.iter().filter_map(|round| round.agent.as_deref());
    spoken.chain(rounds).map(Some).collect()
}

/// The rows that a credit stands in: the credited agent and those who assisted, or the shop itself.
fn sale_agents(credit: &Credit, level: Level, rules: &Rules) -> Vec<Option<String>> {
    if level == Level::Shop {
        return vec![None];
    }
    let mut agents: Vec<Option<String>> = credit.agent.iter().cloned().map(Some).collect();
    if credit.rule == rules.attribution {
        agents.extend(credit.assists.iter().cloned().map(Some));
    }
    agents
}

/// Every metric of families A to G in one row.
fn cells(row: &ReportRow) -> Cells {
    let mut cells = Cells::new();
    persons(row, &mut cells);
    workload(row, &mut cells);
    messages(row, &mut cells);
    response(row, false, &mut cells);
    response(row, true, &mut cells);
    reply_rates(row, &mut cells);
    reception_time(row, &mut cells);
    if row.is_shop() {
        queue(row, &mut cells);
        leave_messages(row, &mut cells);
        robot_rounds(row, &mut cells);
        consult_rate(row, &mut cells);
    } else {
        transfers(row, &mut cells);
        concurrency(row, &mut cells);
        leads(row, &mut cells);
        set(&mut cells, "handed_over_rounds", row.kept.iter().map(|view| view.handed_over.len()).sum());
    }
    replies(row, &mut cells);
    let mut from_orders = Cells::new();
    inquiries(row, &mut from_orders);
    sales(row, &mut from_orders);
    if row.facts.input.orders.is_none() {
        // Metrics whose input table is not configured are null.
        from_orders.values_mut().for_each(|cell| *cell = None);
    }
    cells.extend(from_orders);
    cells
}
