//! The everyday life of three small shops: who asks, who is on duty, what is ordered and rated after.

use jiff::civil::Date;

use super::chat::Chat;
use super::logs::{Card, Logs};
use super::people::{AGENTS, Agent, Role, Shop};
use super::talk;
use super::trade::Trade;
use crate::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::dice::{Dice, Spread};
use crate::error::Result;

/// How busy the hours are, from eight in the morning: the day is quiet before and after.
const HOURLY: Spread = Spread(&[
    (8, 8 * HOUR, 10 * HOUR),
    (22, 10 * HOUR, 12 * HOUR),
    (10, 12 * HOUR, 14 * HOUR),
    (25, 14 * HOUR, 17 * HOUR),
    (10, 17 * HOUR, 20 * HOUR),
    (21, 20 * HOUR, 22 * HOUR),
    (4, 22 * HOUR, 23 * HOUR + 40 * MINUTE),
]);
/// Chats of a day in percent of the ordinary, from Monday: people shop at the weekend.
const WEEK: [i64; 7] = [98, 95, 97, 96, 100, 110, 112];
const CARD: Spread = Spread(&[(1, 3 * SECOND, 20 * SECOND)]);
const RATED: Spread = Spread(&[(90, 10 * SECOND, 30 * MINUTE), (10, HOUR, 30 * HOUR)]);
/// From the chat to the order.
const ORDERED: Spread = Spread(&[(75, MINUTE, 40 * MINUTE), (15, 40 * MINUTE, 6 * HOUR), (10, 10 * HOUR, 26 * HOUR)]);

/// The story so far, and the chance that drives it on.
pub(super) struct Diary {
    pub(super) logs: Logs,
    pub(super) trade: Trade,
    pub(super) dice: Dice,
}

impl Diary {
    /// Writes a day of one shop.
    pub(super) fn write(&mut self, date: Date, shop: &'static Shop) -> Result<()> {
        let midnight = clock::midnight(date)?;
        let weekday = date.weekday().to_monday_zero_offset();
        let rush = if self.trade.is_sale(date, shop.id) { 135 } else { 100 };
        let chats = shop.chats * WEEK[weekday as usize] * rush * self.dice.between(92, 109) / 1_000_000;
        for number in 1..=chats {
            let begins = midnight + self.dice.draw(&HOURLY);
            let session = format!("{}{:02}{:02}-{number:02}", &shop.id[3..5], date.month(), date.day());
            self.chat(shop, weekday, begins, session);
        }
        for _ in 0..shop.silent_orders {
            let at = midnight + self.dice.between(0, DAY);
            let buyer = everyday_buyer(shop, &mut self.dice);
            self.trade.place(shop, buyer, at, &mut self.dice, &mut self.logs.orders);
        }
        Ok(())
    }

    fn chat(&mut self, shop: &'static Shop, weekday: i8, begins: i64, session: String) {
        let Diary { logs, trade, dice } = self;
        let customer = trade.recent_buyer(shop, begins, dice).filter(|_| dice.percent(30));
        let role = if customer.is_some() { Role::Aftersale } else { Role::Presale };
        let buyer = customer.unwrap_or_else(|| everyday_buyer(shop, dice));
        let mut chat = Chat {
            shop,
            buyer: buyer.clone(),
            session: shop.numbered.then_some(session),
            agent: on_duty(shop, role, weekday, dice),
            queued: dice.percent(12),
            item: dice.pick(shop.items).name,
            town: dice.pick(talk::TOWNS),
            courier: dice.pick(talk::COURIERS),
            at: begins,
            seq: 0,
            dice,
            messages: &mut logs.messages,
        };
        let answered = chat.run(role);
        let (ends, agent, session) = (chat.at, chat.agent, chat.session);
        if answered && dice.percent(25) {
            logs.cards.push(card(shop, buyer.clone(), agent, session, ends, dice));
        }
        if answered && role == Role::Presale && dice.percent(28) {
            let at = ends + dice.draw(&ORDERED);
            trade.place(shop, buyer, at, dice, &mut logs.orders);
        }
    }
}

fn everyday_buyer(shop: &Shop, dice: &mut Dice) -> String {
    format!("b{}{:04}", shop.buyer_digit, dice.below(shop.buyers))
}

/// Somebody of the right team who works today; the other team helps out when nobody does.
pub(super) fn on_duty(shop: &Shop, role: Role, weekday: i8, dice: &mut Dice) -> &'static Agent {
    let here: Vec<&'static Agent> = AGENTS.iter().filter(|a| a.shop == shop.id && a.off != weekday).collect();
    let team: Vec<&'static Agent> = here.iter().copied().filter(|agent| agent.role == role).collect();
    if team.is_empty() { dice.pick(&here) } else { dice.pick(&team) }
}

fn card(shop: &Shop, buyer: String, agent: &'static Agent, session: Option<String>, ends: i64, dice: &mut Dice) -> Card {
    let sent_at = ends + dice.draw(&CARD);
    let rated_at = dice.percent(55).then(|| sent_at + dice.draw(&RATED));
    let grade = dice.pick(&[5, 5, 5, 5, 5, 5, 5, 4, 4, 4, 3, 2, 1]);
    let reason = dice.pick(&["attitude", "slow", "unsolved"]);
    Card {
        shop: shop.id,
        buyer,
        agent: agent.id,
        session,
        sent_at,
        rated_at,
        grade: rated_at.map(|_| grade),
        source: dice.pick(&["agent", "agent", "system", "buyer"]),
        reason: rated_at.filter(|_| grade <= 3).map(|_| reason),
        robot: false,
        nps: None,
    }
}

/// Some buyers who rated also say how likely they are to recommend the shop. Edge cases say so themselves.
pub(super) fn ask_for_nps(cards: &mut [Card], dice: &mut Dice) {
    for card in cards.iter_mut().filter(|card| !card.buyer.starts_with("b-")) {
        let likely = match card.grade {
            Some(5) => 9..11,
            Some(4) => 7..10,
            Some(3) => 5..8,
            Some(_) => 0..6,
            None => continue,
        };
        card.nps = dice.percent(40).then(|| dice.between(likely.start, likely.end));
    }
}
