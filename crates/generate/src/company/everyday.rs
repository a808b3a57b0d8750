//! The everyday logs of the three shops: who asks, who is on duty, and what is ordered and rated afterwards.

use jiff::civil::Date;

use super::chat::EverydayChat;
use super::logs::{CompanyLogs, EvaluationRow};
use super::orders::EverydayOrders;
use super::people::{AGENTS, AgentRole, CompanyAgent, CompanyShop};
use super::topics;
use crate::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};

/// When chats begin, counted from midnight. None begins before eight in the morning or in the last minutes of the day.
const HOURLY: Distribution = Distribution(&[
    (8, 8 * HOUR, 10 * HOUR),
    (22, 10 * HOUR, 12 * HOUR),
    (10, 12 * HOUR, 14 * HOUR),
    (25, 14 * HOUR, 17 * HOUR),
    (10, 17 * HOUR, 20 * HOUR),
    (21, 20 * HOUR, 22 * HOUR),
    (4, 22 * HOUR, 23 * HOUR + 40 * MINUTE),
]);
/// The chats of a day in per cent of the ordinary, from Monday on. Most are at the weekend, when people shop.
const WEEKDAY_PERCENT: [i64; 7] = [98, 95, 97, 96, 100, 110, 112];
/// Time from the end of the chat to the satisfaction card.
const TO_CARD: Distribution = Distribution(&[(1, 3 * SECOND, 20 * SECOND)]);
/// Time from the card to the rating.
const TO_RATING: Distribution = Distribution(&[(90, 10 * SECOND, 30 * MINUTE), (10, HOUR, 30 * HOUR)]);
/// Time from the end of the chat to the order.
const TO_ORDER: Distribution = Distribution(&[(75, MINUTE, 40 * MINUTE), (15, 40 * MINUTE, 6 * HOUR), (10, 10 * HOUR, 26 * HOUR)]);

/// The logs so far, and what the next day is drawn from.
pub(super) struct EverydayLogs {
    /// The logs so far.
    pub(super) logs: CompanyLogs,
    /// The orders that are remembered for later chats.
    pub(super) orders: EverydayOrders,
    /// The random numbers of chats and orders.
    pub(super) rng: SeededRng,
}

impl EverydayLogs {
    /// Writes one day of one shop.
    pub(super) fn write_day(&mut self, date: Date, shop: &'static CompanyShop) -> GenerateResult<()> {
        let midnight = clock::midnight(date)?;
        let weekday = date.weekday().to_monday_zero_offset();
        let rush = if self.orders.is_sale(date, shop.id) { 135 } else { 100 };
        let chats = shop.chats * WEEKDAY_PERCENT[weekday as usize] * rush * self.rng.between(92, 109) / 1_000_000;
        for number in 1..=chats {
            let begins = midnight + self.rng.draw(&HOURLY);
            let session = format!("{}{:02}{:02}-{number:02}", &shop.id[3..5], date.month(), date.day());
            self.write_chat(shop, weekday, begins, session);
        }
        for _ in 0..shop.silent_orders {
            let at = midnight + self.rng.between(0, DAY);
            let buyer = everyday_buyer(shop, &mut self.rng);
            self.orders.place(shop, buyer, at, &mut self.rng, &mut self.logs.orders);
        }
        Ok(())
    }

    fn write_chat(&mut self, shop: &'static CompanyShop, weekday: i8, begins: i64, session: String) {
        let EverydayLogs { logs, orders, rng } = self;
        let customer = orders.recent_buyer(shop, begins, rng).filter(|_| rng.percent(30));
        let role = if customer.is_some() { AgentRole::Aftersale } else { AgentRole::Presale };
        let buyer = customer.unwrap_or_else(|| everyday_buyer(shop, rng));
        let mut chat = EverydayChat {
            shop,
            buyer: buyer.clone(),
            session: shop.numbered.then_some(session),
            agent: on_duty(shop, role, weekday, rng),
            queued: rng.percent(12),
            item: rng.pick(shop.items).name,
            town: rng.pick(topics::TOWNS),
            courier: rng.pick(topics::COURIERS),
            at: begins,
            seq: 0,
            rng,
            messages: &mut logs.messages,
        };
        let answered = chat.write(role);
        let (ends, agent, session) = (chat.at, chat.agent, chat.session);
        if answered && rng.percent(25) {
            logs.evaluations.push(evaluation(shop, buyer.clone(), agent, session, ends, rng));
        }
        if answered && role == AgentRole::Presale && rng.percent(28) {
            let at = ends + rng.draw(&TO_ORDER);
            orders.place(shop, buyer, at, rng, &mut logs.orders);
        }
    }
}

fn everyday_buyer(shop: &CompanyShop, rng: &mut SeededRng) -> String {
    format!("b{}{:04}", shop.buyer_digit, rng.below(shop.buyers))
}

/// Draws an agent of the right team who works on this weekday; when nobody of it does, one of the other team.
pub(super) fn on_duty(shop: &CompanyShop, role: AgentRole, weekday: i8, rng: &mut SeededRng) -> &'static CompanyAgent {
    let here: Vec<&'static CompanyAgent> = AGENTS.iter().filter(|a| a.shop == shop.id && a.off != weekday).collect();
    let team: Vec<&'static CompanyAgent> = here.iter().copied().filter(|agent| agent.role == role).collect();
    if team.is_empty() { rng.pick(&here) } else { rng.pick(&team) }
}

fn evaluation(
    shop: &CompanyShop,
    buyer: String,
    agent: &'static CompanyAgent,
    session: Option<String>,
    ends: i64,
    rng: &mut SeededRng,
) -> EvaluationRow {
    let sent_at = ends + rng.draw(&TO_CARD);
    let rated_at = rng.percent(55).then(|| sent_at + rng.draw(&TO_RATING));
    let grade = rng.pick(&[5, 5, 5, 5, 5, 5, 5, 4, 4, 4, 3, 2, 1]);
    let reason = rng.pick(&["attitude", "slow", "unsolved"]);
    EvaluationRow {
        shop: shop.id,
        buyer,
        agent: agent.id,
        session,
        sent_at,
        rated_at,
        grade: rated_at.map(|_| grade),
        source: rng.pick(&["agent", "agent", "system", "buyer"]),
        reason: rated_at.filter(|_| grade <= 3).map(|_| reason),
        robot: false,
        nps: None,
    }
}

/// Asks buyers who gave a rating how likely they are to recommend the shop, and some answer. The edge cases bring their own answers.
pub(super) fn ask_for_nps(evaluations: &mut [EvaluationRow], rng: &mut SeededRng) {
    for evaluation in evaluations.iter_mut().filter(|evaluation| !evaluation.buyer.starts_with("b-")) {
        let likely = match evaluation.grade {
            Some(5) => 9..11,
            Some(4) => 7..10,
            Some(3) => 5..8,
            Some(_) => 0..6,
            None => continue,
        };
        evaluation.nps = rng.percent(40).then(|| rng.between(likely.start, likely.end));
    }
}
