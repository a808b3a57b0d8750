//! The everyday tickets: some buyers want something done about what they bought, and some twice.

use super::everyday::on_duty;
use super::logs::{Logs, Order, Ticket};
use super::people::{self, AGENTS, Role};
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::dice::{Dice, Spread};
use crate::error::Result;

const OPENED_PERCENT: u32 = 9;
const OPENED_AGAIN_PERCENT: u32 = 12;
/// From the order.
const OPENED: Spread = Spread(&[(1, DAY, 9 * DAY)]);
/// From the first ticket to the next: within the seven days of a repeated contact, and after.
const OPENED_AGAIN: Spread = Spread(&[(75, DAY, 7 * DAY), (25, 7 * DAY, 12 * DAY)]);
const RESPONSE: Spread = Spread(&[(75, 5 * MINUTE, HOUR), (25, HOUR, 6 * HOUR)]);
const RESOLUTION: Spread = Spread(&[(60, HOUR, 20 * HOUR), (30, 20 * HOUR, 46 * HOUR), (10, 46 * HOUR, 120 * HOUR)]);
/// What is promised, from the opening.
const RESPONSE_DUE: i64 = 2 * HOUR;
const RESOLUTION_DUE: i64 = 48 * HOUR;

const KINDS: &[&str] = &["return", "return", "exchange", "repair", "missing", "delivery", "invoice"];

pub(super) fn add(logs: &mut Logs, dice: &mut Dice) -> Result<()> {
    let Logs { orders, tickets, .. } = logs;
    for order in orders.iter().filter(|order| order.paid_at.is_some() && !order.is_edge()) {
        if !dice.percent(OPENED_PERCENT) {
            continue;
        }
        let kind = dice.pick(KINDS);
        let opened_at = order.created_at + dice.draw(&OPENED);
        tickets.push(ticket(order, kind, opened_at, dice)?);
        if dice.percent(OPENED_AGAIN_PERCENT) {
            let again_at = opened_at + dice.draw(&OPENED_AGAIN);
            tickets.push(ticket(order, kind, again_at, dice)?);
        }
    }
    Ok(())
}

fn ticket(order: &Order, kind: &'static str, opened_at: i64, dice: &mut Dice) -> Result<Ticket> {
    let weekday = clock::day_of(opened_at)?.weekday().to_monday_zero_offset();
    let agent = on_duty(people::shop(order.shop), Role::Aftersale, weekday, dice).id;
    let promised = dice.percent(85);
    let responded_at = dice.percent(94).then(|| opened_at + dice.draw(&RESPONSE));
    let resolved_at = responded_at.filter(|_| dice.percent(90)).map(|at| at + dice.draw(&RESOLUTION));
    let transferred_to = dice.percent(12).then(|| colleague(order.shop, agent, dice));
    Ok(Ticket {
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
        transfer_correct: transferred_to.map(|_| dice.percent(80)),
        knowledge_base_used: dice.percent(45),
        complaint: dice.percent(5),
    })
}

fn colleague(shop: &str, agent: &str, dice: &mut Dice) -> &'static str {
    let others: Vec<&'static str> = AGENTS.iter().filter(|a| a.shop == shop && a.id != agent).map(|a| a.id).collect();
    dice.pick(&others)
}
