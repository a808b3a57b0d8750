//! One chat, line by line: who speaks next, and when.

use super::phrases;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::dice::{Dice, Spread};

/// Lines of a chat, events included: mostly short, at most 30.
pub(super) const LINES: Spread = Spread(&[(22, 4, 9), (30, 9, 15), (26, 15, 22), (22, 22, 31)]);
/// From the question to the reply. One in twelve is slower than three minutes.
const REPLY: Spread = Spread(&[
    (30, 3 * SECOND, 15 * SECOND),
    (34, 15 * SECOND, 45 * SECOND),
    (28, 45 * SECOND, 180 * SECOND),
    (6, 180 * SECOND, 10 * MINUTE),
    (2, 10 * MINUTE, 40 * MINUTE),
]);
/// From the reply to the next question: reading, comparing, having lunch.
const THINK: Spread =
    Spread(&[(60, 8 * SECOND, 60 * SECOND), (32, MINUTE, 5 * MINUTE), (7, 5 * MINUTE, 25 * MINUTE), (1, 25 * MINUTE, 2 * HOUR)]);
const GO_ON: Spread = Spread(&[(1, 2 * SECOND, 20 * SECOND)]);
const QUEUE: Spread = Spread(&[(70, 2 * SECOND, 40 * SECOND), (30, 40 * SECOND, 6 * MINUTE)]);
const GREETING: Spread = Spread(&[(1, 300, 1_500)]);

const QUEUED_PERCENT: u32 = 12;
const GREETED_PERCENT: u32 = 35;
const UNANSWERED_PERCENT: u32 = 2;

/// A message as it happens; names are still numbers.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) at: i64,
    pub(super) shop: u32,
    pub(super) buyer: u64,
    /// The day the session began and its number in that day.
    pub(super) session: (u32, u64),
    pub(super) agent: Option<u32>,
    pub(super) seq: u32,
    pub(super) says: Says,
}

/// The part of a line that says what it is.
#[derive(Clone, Copy)]
pub(super) struct Says {
    pub(super) sender: &'static str,
    pub(super) mode: Option<&'static str>,
    pub(super) kind: &'static str,
    pub(super) text: Option<&'static str>,
    pub(super) recalled: bool,
}

pub(super) struct Chat {
    pub(super) shop: u32,
    pub(super) buyer: u64,
    session: (u32, u64),
    agent: u32,
    /// No agent is named until somebody takes the buyer out of the queue.
    queued: bool,
    greeted: bool,
    unanswered: bool,
    seq: u32,
    left: i64,
    turn: Turn,
}

#[derive(Clone, Copy)]
enum Turn {
    Ask,
    Greet,
    Assign,
    Reply,
    Transfer,
    Close,
}

impl Chat {
    pub(super) fn open(shop: u32, buyer: u64, session: (u32, u64), agent: u32, dice: &mut Dice) -> Chat {
        Chat {
            shop,
            buyer,
            session,
            agent,
            queued: dice.percent(QUEUED_PERCENT),
            greeted: !dice.percent(GREETED_PERCENT),
            unanswered: dice.percent(UNANSWERED_PERCENT),
            seq: 0,
            left: dice.draw(&LINES),
            turn: Turn::Ask,
        }
    }

    /// The line due at `at`. Draws the agent taking over among the shop's `agents`.
    pub(super) fn speak(&mut self, at: i64, agents: u32, dice: &mut Dice) -> Line {
        match self.turn {
            Turn::Assign => self.queued = false,
            Turn::Transfer => self.agent = (self.agent + 1 + dice.below(u64::from(agents) - 1) as u32) % agents,
            _ => {}
        }
        self.seq += 1;
        self.left -= 1;
        let named = !self.queued && !matches!(self.turn, Turn::Greet);
        Line {
            at,
            shop: self.shop,
            buyer: self.buyer,
            session: self.session,
            agent: named.then_some(self.agent),
            seq: self.seq,
            says: says(self.turn, dice),
        }
    }

    /// How long until the next line; `None` when the chat is over.
    pub(super) fn wait(&mut self, agents: u32, dice: &mut Dice) -> Option<i64> {
        if self.left == 0 || matches!(self.turn, Turn::Close) {
            return None;
        }
        let (turn, pause) = self.follow(agents, dice);
        self.turn = turn;
        Some(dice.draw(pause))
    }

    fn follow(&mut self, agents: u32, dice: &mut Dice) -> (Turn, &'static Spread) {
        match self.turn {
            Turn::Ask if !self.greeted => {
                self.greeted = true;
                (Turn::Greet, &GREETING)
            }
            Turn::Ask | Turn::Greet if self.unanswered => (Turn::Ask, &THINK),
            Turn::Ask if dice.percent(25) => (Turn::Ask, &GO_ON),
            Turn::Ask | Turn::Greet if self.queued => (Turn::Assign, &QUEUE),
            Turn::Ask if agents > 1 && self.left > 3 && dice.percent(2) => (Turn::Transfer, &QUEUE),
            Turn::Ask | Turn::Greet | Turn::Assign | Turn::Transfer => (Turn::Reply, &REPLY),
            Turn::Reply if self.left == 1 && dice.percent(60) => (Turn::Close, &THINK),
            Turn::Reply if dice.percent(25) => (Turn::Reply, &GO_ON),
            Turn::Reply | Turn::Close => (Turn::Ask, &THINK),
        }
    }
}

fn says(turn: Turn, dice: &mut Dice) -> Says {
    let line = |sender, mode, kind, text| Says { sender, mode, kind, text, recalled: false };
    match turn {
        Turn::Ask if dice.percent(6) => line("buyer", None, "image", None),
        Turn::Ask => Says { recalled: dice.below(500) == 0, ..line("buyer", None, "text", Some(dice.pick(phrases::ASKED))) },
        Turn::Greet => line("robot", Some("auto"), "text", Some(dice.pick(phrases::GREETINGS))),
        Turn::Reply => {
            Says { recalled: dice.below(700) == 0, ..line("agent", Some(reply_mode(dice)), "text", Some(dice.pick(phrases::REPLIED))) }
        }
        Turn::Assign => line("system", None, "assign", None),
        Turn::Transfer => line("system", None, "transfer", None),
        Turn::Close => line("system", None, "close", None),
    }
}

fn reply_mode(dice: &mut Dice) -> &'static str {
    match dice.below(100) {
        0..8 => "assist",
        8..10 => "auto",
        _ => "human",
    }
}
