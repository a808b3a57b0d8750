//! One chat: who writes the next line, what it says, and when.

use super::phrases;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::rng::{Distribution, SeededRng};

/// The lines of a chat, events included: few in most chats, and 30 at most.
pub(super) const LINES: Distribution = Distribution(&[(22, 4, 9), (30, 9, 15), (26, 15, 22), (22, 22, 31)]);
/// Time from the question to the reply. One reply in twelve takes longer than three minutes.
const REPLY: Distribution = Distribution(&[
    (30, 3 * SECOND, 15 * SECOND),
    (34, 15 * SECOND, 45 * SECOND),
    (28, 45 * SECOND, 180 * SECOND),
    (6, 180 * SECOND, 10 * MINUTE),
    (2, 10 * MINUTE, 40 * MINUTE),
]);
/// Time from the reply to the next question, in which the buyer reads, compares or has lunch.
const THINK: Distribution =
    Distribution(&[(60, 8 * SECOND, 60 * SECOND), (32, MINUTE, 5 * MINUTE), (7, 5 * MINUTE, 25 * MINUTE), (1, 25 * MINUTE, 2 * HOUR)]);
/// Time between two lines that one person writes in a row.
const GO_ON: Distribution = Distribution(&[(1, 2 * SECOND, 20 * SECOND)]);
/// Time in the queue until an agent takes the chat.
const QUEUE: Distribution = Distribution(&[(70, 2 * SECOND, 40 * SECOND), (30, 40 * SECOND, 6 * MINUTE)]);
/// Time until the robot greets.
const GREETING: Distribution = Distribution(&[(1, 300, 1_500)]);

/// Of all chats: those that begin in the queue.
const QUEUED_PERCENT: u32 = 12;
/// Of all chats: those that the robot greets.
const GREETED_PERCENT: u32 = 35;
/// Of all chats: those that no agent ever answers.
const UNANSWERED_PERCENT: u32 = 2;

/// A line of a chat as it happens. Shop, buyer, session and agent are still numbers, which `rows` turns into ids.
#[derive(Clone, Copy)]
pub(super) struct InventedLine {
    /// The instant in epoch milliseconds.
    pub(super) at: i64,
    /// The shop's place in the population.
    pub(super) shop: u32,
    /// The digits of the buyer's id.
    pub(super) buyer: u64,
    /// The day on which the session began, as eight digits, and its number on that day.
    pub(super) session: (u32, u64),
    /// The agent's place in the shop; none while the buyer is in the queue.
    pub(super) agent: Option<u32>,
    /// The number of the line in its chat, from 1.
    pub(super) seq: u32,
    /// What the line says.
    pub(super) content: LineContent,
}

/// Who wrote a line, and what.
#[derive(Clone, Copy)]
pub(super) struct LineContent {
    /// Who wrote it: buyer, agent, robot or system.
    pub(super) sender: &'static str,
    /// How a reply came about; none for a buyer's line and for an event.
    pub(super) reply_mode: Option<&'static str>,
    /// What it is: text, image, or the event's name.
    pub(super) kind: &'static str,
    /// The words of a text.
    pub(super) text: Option<&'static str>,
    /// Whether its writer took it back.
    pub(super) recalled: bool,
}

/// A chat that is going on.
pub(super) struct LoadChat {
    /// The shop's place in the population.
    pub(super) shop: u32,
    buyer: u64,
    session: (u32, u64),
    agent: u32,
    /// Whether the buyer waits in the queue. Lines name no agent until somebody takes the chat.
    queued: bool,
    /// Whether the robot's greeting is over, or never comes.
    greeted: bool,
    /// Whether no agent ever answers.
    unanswered: bool,
    seq: u32,
    /// Lines still to come.
    left: i64,
    /// What the next line does.
    turn: ChatTurn,
}

/// What a line does in the course of a chat.
#[derive(Clone, Copy)]
enum ChatTurn {
    Ask,
    Greet,
    Assign,
    Reply,
    Transfer,
    Close,
}

impl LoadChat {
    /// Opens a chat that `agent` will answer.
    pub(super) fn open(shop: u32, buyer: u64, session: (u32, u64), agent: u32, rng: &mut SeededRng) -> LoadChat {
        LoadChat {
            shop,
            buyer,
            session,
            agent,
            queued: rng.percent(QUEUED_PERCENT),
            greeted: !rng.percent(GREETED_PERCENT),
            unanswered: rng.percent(UNANSWERED_PERCENT),
            seq: 0,
            left: rng.draw(&LINES),
            turn: ChatTurn::Ask,
        }
    }

    /// The line that is due at `at`. A transfer draws the next agent among the `agents` of the shop.
    pub(super) fn next_line(&mut self, at: i64, agents: u32, rng: &mut SeededRng) -> InventedLine {
        match self.turn {
            ChatTurn::Assign => self.queued = false,
            ChatTurn::Transfer => self.agent = (self.agent + 1 + rng.below(u64::from(agents) - 1) as u32) % agents,
            _ => {}
        }
        self.seq += 1;
        self.left -= 1;
        let names_agent = !self.queued && !matches!(self.turn, ChatTurn::Greet);
        InventedLine {
            at,
            shop: self.shop,
            buyer: self.buyer,
            session: self.session,
            agent: names_agent.then_some(self.agent),
            seq: self.seq,
            content: content(self.turn, rng),
        }
    }

    /// Chooses what the next line does, and returns the milliseconds until it is due; none when the chat is over.
    pub(super) fn next_pause(&mut self, agents: u32, rng: &mut SeededRng) -> Option<i64> {
        if self.left == 0 || matches!(self.turn, ChatTurn::Close) {
            return None;
        }
        let (turn, pause) = self.following_turn(agents, rng);
        self.turn = turn;
        Some(rng.draw(pause))
    }

    fn following_turn(&mut self, agents: u32, rng: &mut SeededRng) -> (ChatTurn, &'static Distribution) {
        match self.turn {
            ChatTurn::Ask if !self.greeted => {
                self.greeted = true;
                (ChatTurn::Greet, &GREETING)
            }
            ChatTurn::Ask | ChatTurn::Greet if self.unanswered => (ChatTurn::Ask, &THINK),
            ChatTurn::Ask if rng.percent(25) => (ChatTurn::Ask, &GO_ON),
            ChatTurn::Ask | ChatTurn::Greet if self.queued => (ChatTurn::Assign, &QUEUE),
            ChatTurn::Ask if agents > 1 && self.left > 3 && rng.percent(2) => (ChatTurn::Transfer, &QUEUE),
            ChatTurn::Ask | ChatTurn::Greet | ChatTurn::Assign | ChatTurn::Transfer => (ChatTurn::Reply, &REPLY),
            ChatTurn::Reply if self.left == 1 && rng.percent(60) => (ChatTurn::Close, &THINK),
            ChatTurn::Reply if rng.percent(25) => (ChatTurn::Reply, &GO_ON),
            ChatTurn::Reply | ChatTurn::Close => (ChatTurn::Ask, &THINK),
        }
    }
}

fn content(turn: ChatTurn, rng: &mut SeededRng) -> LineContent {
    let line = |sender, reply_mode, kind, text| LineContent { sender, reply_mode, kind, text, recalled: false };
    match turn {
        ChatTurn::Ask if rng.percent(6) => line("buyer", None, "image", None),
        ChatTurn::Ask => LineContent { recalled: rng.below(500) == 0, ..line("buyer", None, "text", Some(rng.pick(phrases::ASKED))) },
        ChatTurn::Greet => line("robot", Some("auto"), "text", Some(rng.pick(phrases::GREETINGS))),
        ChatTurn::Reply => {
            LineContent { recalled: rng.below(700) == 0, ..line("agent", Some(reply_mode(rng)), "text", Some(rng.pick(phrases::REPLIED))) }
        }
        ChatTurn::Assign => line("system", None, "assign", None),
        ChatTurn::Transfer => line("system", None, "transfer", None),
        ChatTurn::Close => line("system", None, "close", None),
    }
}

fn reply_mode(rng: &mut SeededRng) -> &'static str {
    match rng.below(100) {
        0..8 => "assist",
        8..10 => "auto",
        _ => "human",
    }
}
