//! The chats and orders of all shops as one stream of events in time order.

use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use jiff::civil::Date;

use super::arrivals::ChatArrivals;
use super::chat::{InventedLine, LoadChat};
use super::orders::LoadOrder;
use super::population::Population;
use super::schedule::Scheduled;
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::error::GenerateResult;
use crate::rng::{Distribution, SeededRng};

/// Time from the start of a chat to the order that its buyer places.
const TO_ORDER: Distribution = Distribution(&[(70, MINUTE, HOUR / 2), (20, HOUR / 2, 3 * HOUR), (10, 3 * HOUR, 30 * HOUR)]);
/// Of all chats: those whose buyer places an order.
const CHATS_WITH_ORDER_PERCENT: u32 = 8;
/// Orders per hundred chats whose buyer did not ask anything.
const SILENT_ORDERS_PERCENT: u32 = 6;

/// What goes on in all shops.
pub(super) struct Traffic<'a> {
    population: &'a Population,
    rng: SeededRng,
    arrivals: ChatArrivals,
    /// When the next chat of the day begins; none after the last.
    arriving: Option<i64>,
    chats: BinaryHeap<Scheduled<LoadChat>>,
    orders: BinaryHeap<Scheduled<LoadOrder>>,
    /// The day as eight digits.
    day: u32,
    /// The end of the day in epoch milliseconds.
    end: i64,
    /// Sessions that began on this day so far.
    sessions: u64,
    /// Orders that were given a number on this day so far.
    placed: u64,
    /// The last serial number given to a scheduled chat or order.
    serial: u64,
}

/// One event of the stream.
pub(super) enum TrafficEvent {
    /// A line of a chat.
    Said(InventedLine),
    /// A version of an order: placed, paid or cancelled.
    Ordered(LoadOrder),
}

impl<'a> Traffic<'a> {
    /// The traffic of a population before its first day.
    pub(super) fn new(population: &'a Population, seed: u64) -> Traffic<'a> {
        Traffic {
            population,
            rng: SeededRng::new(seed),
            arrivals: ChatArrivals::new(0, 0),
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

    /// Starts the next day. The chats of the evening before go on in it.
    pub(super) fn start_day(&mut self, date: Date) -> GenerateResult<()> {
        let midnight = clock::midnight(date)?;
        self.day = clock::day_number(date);
        self.end = midnight + DAY;
        self.sessions = 0;
        self.placed = 0;
        self.arrivals = ChatArrivals::new(midnight, self.population.chats);
        self.arriving = self.arrivals.next(&mut self.rng);
        Ok(())
    }

    /// The next event of the day; none when the day is over.
    pub(super) fn next(&mut self) -> Option<TrafficEvent> {
        loop {
            let chat = self.chats.peek().map_or(i64::MAX, |due| due.at);
            let order = self.orders.peek().map_or(i64::MAX, |due| due.at);
            let arriving = self.arriving.unwrap_or(i64::MAX);
            if arriving.min(chat).min(order) >= self.end {
                return None;
            }
            if arriving <= chat && arriving <= order {
                self.open_chat(arriving);
            } else if chat <= order {
                return self.continue_chat().map(TrafficEvent::Said);
            } else {
                return self.update_order().map(TrafficEvent::Ordered);
            }
        }
    }

    fn open_chat(&mut self, at: i64) {
        let shop = self.population.draw_shop(&mut self.rng);
        let buyer = self.population.draw_buyer(shop, &mut self.rng);
        let agent = self.rng.below(u64::from(self.population.shop(shop).headcount())) as u32;
        self.sessions += 1;
        let chat = LoadChat::open(shop, buyer, (self.day, self.sessions), agent, &mut self.rng);
        let serial = self.next_serial();
        self.chats.push(Scheduled { at, serial, item: chat });
        if self.rng.percent(CHATS_WITH_ORDER_PERCENT) {
            let created = at + self.rng.draw(&TO_ORDER);
            self.place_order(created, shop, buyer);
        }
        if self.rng.percent(SILENT_ORDERS_PERCENT) {
            let shop = self.population.draw_shop(&mut self.rng);
            let buyer = self.population.draw_buyer(shop, &mut self.rng);
            self.place_order(at, shop, buyer);
        }
        self.arriving = self.arrivals.next(&mut self.rng);
    }

    fn place_order(&mut self, at: i64, shop: u32, buyer: u64) {
        self.placed += 1;
        let order = LoadOrder::place(at, shop, buyer, (self.day, self.placed), &mut self.rng);
        let serial = self.next_serial();
        self.orders.push(Scheduled { at, serial, item: order });
    }

    fn continue_chat(&mut self) -> Option<InventedLine> {
        let serial = self.next_serial();
        let mut due = self.chats.peek_mut()?;
        let agents = self.population.shop(due.item.shop).headcount();
        let at = due.at;
        let line = due.item.next_line(at, agents, &mut self.rng);
        match due.item.next_pause(agents, &mut self.rng) {
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

    fn update_order(&mut self) -> Option<LoadOrder> {
        let due = self.orders.pop()?;
        if let Some(next) = due.item.next_version(&mut self.rng) {
            let serial = self.next_serial();
            self.orders.push(Scheduled { at: next.updated_at(), serial, item: next });
        }
        Some(due.item)
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
