//! Everything that happens in all shops, in time order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use jiff::civil::Date;

use super::arrivals::Arrivals;
use super::chat::{Chat, Line};
use super::orders::Order;
use super::population::Population;
use crate::clock::{self, DAY, HOUR};
use crate::dice::{Dice, Spread};
use crate::error::Result;

const TO_ORDER: Spread = Spread(&[(70, 60_000, HOUR / 2), (20, HOUR / 2, 3 * HOUR), (10, 3 * HOUR, 30 * HOUR)]);
const CHATS_WITH_ORDER_PERCENT: u32 = 8;
/// Orders that nobody asked about, for each hundred chats.
const SILENT_ORDERS_PERCENT: u32 = 6;

pub(super) struct Traffic<'a> {
    population: &'a Population,
    dice: Dice,
    arrivals: Arrivals,
    arriving: Option<i64>,
    chats: BinaryHeap<Due<Chat>>,
    orders: BinaryHeap<Due<Order>>,
    day: u32,
    end: i64,
    sessions: u64,
    placed: u64,
    /// Tells apart what is due at the same millisecond, so that the order never depends on the heap.
    serial: u64,
}

pub(super) enum Event {
    Said(Line),
    Ordered(Order),
}

/// Something that happens at `at`: the heap's greatest is the earliest.
pub(super) struct Due<T> {
    pub(super) at: i64,
    /// Tells apart what is due at the same instant.
    pub(super) serial: u64,
    pub(super) what: T,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(population: &'a Population, seed: u64) -> Traffic<'a> {
        Traffic {
            population,
            dice: Dice::new(seed),
            arrivals: Arrivals::new(0, 0),
            arriving: None,
            chats: BinaryHeap::new(),
            orders: BinaryHeap::new(),
            day: 0,
            end: 0,
            sessions: 0,
            placed: 0,
            serial: 0,
        }
    }

    /// Opens the next day. Chats of the evening before go on in it.
    pub(super) fn start_day(&mut self, date: Date) -> Result<()> {
        let midnight = clock::midnight(date)?;
        self.day = clock::compact(date);
        self.end = midnight + DAY;
        self.sessions = 0;
        self.placed = 0;
        self.arrivals = Arrivals::new(midnight, self.population.chats);
        self.arriving = self.arrivals.next(&mut self.dice);
        Ok(())
    }

    /// The next thing to happen today.
    pub(super) fn next(&mut self) -> Option<Event> {
        loop {
            let chat = self.chats.peek().map_or(i64::MAX, |due| due.at);
            let order = self.orders.peek().map_or(i64::MAX, |due| due.at);
            let arriving = self.arriving.unwrap_or(i64::MAX);
            if arriving.min(chat).min(order) >= self.end {
                return None;
            }
            if arriving <= chat && arriving <= order {
                self.arrive(arriving);
            } else if chat <= order {
                return self.say().map(Event::Said);
            } else {
                return self.update_order().map(Event::Ordered);
            }
        }
    }

    fn arrive(&mut self, at: i64) {
        let shop = self.population.draw_shop(&mut self.dice);
        let buyer = self.population.draw_buyer(shop, &mut self.dice);
        let agent = self.dice.below(u64::from(self.population.shop(shop).headcount())) as u32;
        self.sessions += 1;
        let chat = Chat::open(shop, buyer, (self.day, self.sessions), agent, &mut self.dice);
        let serial = self.serial();
        self.chats.push(Due { at, serial, what: chat });
        if self.dice.percent(CHATS_WITH_ORDER_PERCENT) {
            let created = at + self.dice.draw(&TO_ORDER);
            self.place(created, shop, buyer);
        }
        if self.dice.percent(SILENT_ORDERS_PERCENT) {
            let shop = self.population.draw_shop(&mut self.dice);
            let buyer = self.population.draw_buyer(shop, &mut self.dice);
            self.place(at, shop, buyer);
        }
        self.arriving = self.arrivals.next(&mut self.dice);
    }

    fn place(&mut self, at: i64, shop: u32, buyer: u64) {
        self.placed += 1;
        let order = Order::place(at, shop, buyer, (self.day, self.placed), &mut self.dice);
        let serial = self.serial();
        self.orders.push(Due { at, serial, what: order });
    }

    fn say(&mut self) -> Option<Line> {
        let serial = self.serial();
        let mut due = self.chats.peek_mut()?;
        let agents = self.population.shop(due.what.shop).headcount();
        let at = due.at;
        let line = due.what.speak(at, agents, &mut self.dice);
        match due.what.wait(agents, &mut self.dice) {
            Some(pause) => {
                due.at += pause;
                due.serial = serial;
            }
            None => {
                PeekMut::pop(due);
            }
        }
        Some(line)
    }

    fn update_order(&mut self) -> Option<Order> {
        let due = self.orders.pop()?;
        if let Some(next) = due.what.next_version(&mut self.dice) {
            let serial = self.serial();
            self.orders.push(Due { at: next.updated_at(), serial, what: next });
        }
        Some(due.what)
    }

    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        Reverse((self.at, self.serial)).cmp(&Reverse((other.at, other.serial)))
    }
}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Due<T> {}
