//! Rounds (对话轮次): from a buyer's question to the reply that ends the wait, on the shop's clock and on the agent's.

use super::Day;
use crate::ingest::Raw;
use crate::rules::TransferClock;
use smallvec::{SmallVec, smallvec};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Unanswered,
    /// In charge during the round, but not its owner: in no rate, only in `handed_over_rounds`.
    HandedOver,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Unanswered => "unanswered",
            Outcome::HandedOver => "handed_over",
        }
    }
}

/// One round, or one more row of it for an agent who handed it over. Codes as in `Names`, times in UTC ms.
#[derive(Clone, Debug)]
pub struct Round {
    pub outcome: Outcome,
    /// The replying agent; unanswered: who is in charge at the end; 0: still queueing.
    pub agent: u32,
    pub asked_at: i64,
    pub replied_at: Option<i64>,
    /// The shop's clock: from the first question. Null unless answered.
    pub wait_ms: Option<i64>,
    /// The agent's clock: without the queue. Null unless answered.
    pub agent_wait_ms: Option<i64>,
    /// Opened with nobody in charge.
    pub queued: bool,
    /// Until the first agent in charge, a reply included; null if never taken.
    pub queue_ms: Option<i64>,
    /// Buyer lines of the round, and those answered within `reply_threshold` on each clock, each from its own instant.
    pub asks: i64,
    pub asks_in_time: i64,
    pub agent_asks_in_time: i64,
    pub assessed: bool,
    /// First answered round of the session (of the agent in it), and the same among assessed ones.
    pub first: bool,
    pub first_assessed: bool,
    pub agent_first: bool,
    pub agent_first_assessed: bool,
    /// First assessed round of the session (of the agent in it), answered or not.
    pub opening: bool,
    pub agent_opening: bool,
    /// Where the texts of the first question and of the reply lie.
    pub asked: u32,
    pub replied: u32,
}

/// Who took charge of a round, when, and at which step of the session.
#[derive(Clone, Copy)]
pub(super) struct Charge {
    pub agent: u32,
    pub at: i64,
    pub step: usize,
}

/// A round somebody is waiting in. It has few questions, and mostly one agent in charge.
pub(super) struct Open {
    asked_at: i64,
    asked: u32,
    asks: SmallVec<[i64; 4]>,
    /// Whose lines the questions are: 0 is the queue's.
    pub askers: SmallVec<[u32; 4]>,
    queued: bool,
    pub charges: SmallVec<[Charge; 2]>,
}

impl Open {
    /// The opening line names who is in charge; if it names nobody, who was in charge before still is.
    pub(super) fn new(line: &Raw, in_charge: u32, step: usize) -> Open {
        let agent = if line.agent != 0 { line.agent } else { in_charge };
        let charges = (agent != 0).then_some(Charge { agent, at: line.at, step }).into_iter().collect();
        Open { asked_at: line.at, asked: line.message, asks: smallvec![line.at], askers: smallvec![agent], queued: agent == 0, charges }
    }

    pub(super) fn join(&mut self, line: &Raw, in_charge: u32) {
        self.asks.push(line.at);
        self.askers.push(if line.agent != 0 { line.agent } else { in_charge });
    }

    pub(super) fn charge(&mut self, agent: u32, at: i64, step: usize) {
        if self.charges.last().is_none_or(|last| last.agent != agent) {
            self.charges.push(Charge { agent, at, step });
        }
    }

    /// Adds the round's rows: its owner's first, then one for each other agent who was in charge of it.
    /// `session_start` is given where the rules assess by it.
    pub(super) fn close(&self, reply: Option<&Raw>, session_start: Option<i64>, day: &Day, rounds: &mut Vec<Round>) {
        let assessed = day.is_assessed(session_start.unwrap_or(self.asked_at));
        let owner = match reply {
            Some(reply) => reply.agent,
            None => self.charges.last().map_or(0, |charge| charge.agent),
        };
        let owned = rounds.len();
        rounds.push(self.owned(owner, reply, assessed, day));
        // In the order they took charge: codes depend on the order of the files.
        for charge in &self.charges {
            if rounds[owned..].iter().all(|round| round.agent != charge.agent) {
                let handed_over = Round {
                    outcome: Outcome::HandedOver,
                    agent: charge.agent,
                    wait_ms: None,
                    agent_wait_ms: None,
                    asks_in_time: 0,
                    agent_asks_in_time: 0,
                    ..rounds[owned].clone()
                };
                rounds.push(handed_over);
            }
        }
    }

    fn owned(&self, owner: u32, reply: Option<&Raw>, assessed: bool, day: &Day) -> Round {
        let threshold = day.rules.reply_threshold.0;
        let replied_at = reply.map(|reply| reply.at);
        let clock_starts = reply.map(|reply| self.agent_clock(reply, day.rules.transfer_clock));
        let in_time =
            |from: i64| self.asks.iter().filter(|ask| replied_at.is_some_and(|at| at - from.max(**ask) <= threshold)).count() as i64;
        let taken_at = self.charges.first().map(|charge| charge.at).or(replied_at);
        Round {
            outcome: if reply.is_some() { Outcome::Answered } else { Outcome::Unanswered },
            agent: owner,
            asked_at: self.asked_at,
            replied_at,
            wait_ms: replied_at.map(|at| at - self.asked_at),
            agent_wait_ms: replied_at.zip(clock_starts).map(|(at, from)| at - from),
            queued: self.queued,
            queue_ms: taken_at.filter(|_| self.queued).map(|at| at - self.asked_at),
            asks: self.asks.len() as i64,
            asks_in_time: in_time(self.asked_at),
            agent_asks_in_time: in_time(clock_starts.unwrap_or(self.asked_at)),
            assessed,
            first: false,
            first_assessed: false,
            agent_first: false,
            agent_first_assessed: false,
            opening: false,
            agent_opening: false,
            asked: self.asked,
            replied: reply.map_or(0, |reply| reply.message),
        }
    }

    /// When the replying agent's clock starts. If nothing tells who was in charge, at the question.
    fn agent_clock(&self, reply: &Raw, rule: TransferClock) -> i64 {
        let Some(first) = self.charges.first() else { return self.asked_at };
        match rule {
            TransferClock::Inherit => first.at,
            TransferClock::Restart => {
                let own = self.charges.iter().rev().find(|charge| charge.agent == reply.agent);
                own.map_or(reply.at, |charge| charge.at)
            }
        }
    }
}

/// Marks the first answered round of all but the agents left out, and of each agent; and the same among assessed rounds.
pub(super) fn mark_first_answered<'a>(rounds: impl Iterator<Item = &'a mut Round>, left_out: &[u32]) {
    let (mut any, mut any_assessed) = (false, false);
    let (mut agents, mut agents_assessed) = (Agents::new(), Agents::new());
    for round in rounds.filter(|round| round.outcome == Outcome::Answered) {
        let counts = !left_out.contains(&round.agent);
        round.first = counts && !std::mem::replace(&mut any, true);
        round.agent_first = is_new(&mut agents, round.agent);
        if round.assessed {
            round.first_assessed = counts && !std::mem::replace(&mut any_assessed, true);
            round.agent_first_assessed = is_new(&mut agents_assessed, round.agent);
        }
    }
}

/// Marks the first assessed round of a session but for the agents left out, and of each agent in it, answered or not.
pub(super) fn mark_openings(rounds: &mut [Round], left_out: &[u32]) {
    let (mut any, mut agents) = (false, Agents::new());
    for round in rounds.iter_mut().filter(|round| round.assessed && round.outcome != Outcome::HandedOver) {
        round.opening = !left_out.contains(&round.agent) && !std::mem::replace(&mut any, true);
        round.agent_opening = is_new(&mut agents, round.agent);
    }
}

/// Those of a session: mostly one.
type Agents = SmallVec<[u32; 4]>;

fn is_new(seen: &mut Agents, agent: u32) -> bool {
    let new = !seen.contains(&agent);
    if new {
        seen.push(agent);
    }
    new
}
