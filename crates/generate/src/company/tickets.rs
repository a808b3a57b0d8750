//! The everyday tickets: some buyers want something done about what they bought, and some of them twice.

use super::everyday::on_duty;
use super::logs::{CompanyLogs, OrderRow, TicketRow};
use super::people::{self, AGENTS, AgentRole};
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};

/// Of the paid orders: those that lead to a ticket.
const OPENED_PERCENT: u32 = 9;
/// Of these tickets: those that a second one of the same kind follows.
const OPENED_AGAIN_PERCENT: u32 = 12;
/// Time from placing the order to the ticket.
const TO_OPENING: Distribution = Distribution(&[(1, DAY, 9 * DAY)]);
/// Time from the first ticket to the second: within the seven days that make it a repeated contact, or later.
const TO_OPENING_AGAIN: Distribution = Distribution(&[(75, DAY, 7 * DAY), (25, 7 * DAY, 12 * DAY)]);
/// Time from the opening to the first response.
const TO_RESPONSE: Distribution = Distribution(&[(75, 5 * MINUTE, HOUR), (25, HOUR, 6 * HOUR)]);
/// Time from the first response to the solution.
const TO_RESOLUTION: Distribution = Distribution(&[(60, HOUR, 20 * HOUR), (30, 20 * HOUR, 46 * HOUR), (10, 46 * HOUR, 120 * HOUR)]);
/// Time from the opening within which a response is promised.
const RESPONSE_DUE: i64 = 2 * HOUR;
/// Time from the opening within which a solution is promised.
const RESOLUTION_DUE: i64 = 48 * HOUR;

/// Kinds of tickets; a kind is as frequent as it stands here.
const KINDS: &[&str] = &["return", "return", "exchange", "repair", "missing", "delivery", "invoice"];

/// Adds tickets about some of the everyday orders.
pub(super) fn add(logs: &mut CompanyLogs, rng: &mut SeededRng) -> GenerateResult<()> {
    let CompanyLogs { orders, tickets, .. } = logs;
    for order in orders.iter().filter(|order| order.paid_at.is_some() && !order.is_edge()) {
        if !rng.percent(OPENED_PERCENT) {
            continue;
        }
        let kind = rng.pick(KINDS);
        let opened_at = order.created_at + rng.draw(&TO_OPENING);
        tickets.push(ticket(order, kind, opened_at, rng)?);
        if rng.percent(OPENED_AGAIN_PERCENT) {
            let again_at = opened_at + rng.draw(&TO_OPENING_AGAIN);
            tickets.push(ticket(order, kind, again_at, rng)?);
        }
    }
    Ok(())
}

fn ticket(order: &OrderRow, kind: &'static str, opened_at: i64, rng: &mut SeededRng) -> GenerateResult<TicketRow> {
    let weekday = clock::day_of(opened_at)?.weekday().to_monday_zero_offset();
    let agent = on_duty(people::shop(order.shop), AgentRole::Aftersale, weekday, rng).id;
    let promised = rng.percent(85);
    let responded_at = rng.percent(94).then(|| opened_at + rng.draw(&TO_RESPONSE));
    let resolved_at = responded_at.filter(|_| rng.percent(90)).map(|at| at + rng.draw(&TO_RESOLUTION));
    let transferred_to = rng.percent(12).then(|| colleague(order.shop, agent, rng));
    Ok(TicketRow {
        id: None,
        shop: order.shop,
        buyer: order.buyer.clone(),
        agent: Some(agent),
        kind,
        opened_at,
        responded_at,
        resolved_at,
        response_due_at: promised.then_some(opened_at + RESPONSE_DUE),
        resolve_due_at: promised.then_some(opened_at + RESOLUTION_DUE),
        transferred_to,
        transfer_correct: transferred_to.map(|_| rng.percent(80)),
        knowledge_base_used: rng.percent(45),
        complaint: rng.percent(5),
    })
}

fn colleague(shop: &str, agent: &str, rng: &mut SeededRng) -> &'static str {
    let others: Vec<&'static str> = AGENTS.iter().filter(|a| a.shop == shop && a.id != agent).map(|a| a.id).collect();
    rng.pick(&others)
}
