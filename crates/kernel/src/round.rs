//! Rounds (对话轮次): from a buyer's question to the reply that ends the wait, measured on the clock of the shop and of the agent.

use crate::day_rules::DayRules;
use crate::line::ChatLine;
use crate::rules::{Anchor, RobotClock, TransferClock};
use smallvec::{SmallVec, smallvec};

/// How a round ended for an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundOutcome {
    /// The agent replied.
    Answered,
    /// The session ended first.
    Unanswered,
    /// The agent was in charge during the round but does not own it. It counts in `handed_over_rounds` and in no rate.
    HandedOver,
    /// A robot's answer was the last word. It counts in `robot_rounds` alone.
    Robot,
}

impl RoundOutcome {
    /// The value of the published column `outcome`.
    pub fn name(self) -> &'static str {
        match self {
            RoundOutcome::Answered => "answered",
            RoundOutcome::Unanswered => "unanswered",
            RoundOutcome::HandedOver => "handed_over",
            RoundOutcome::Robot => "robot",
        }
    }
}

/// One row of a round: that of its owner, or one more for an agent who handed it over. Instants are epoch milliseconds in UTC, durations
/// milliseconds, ids the codes of [`ChatLine`].
#[derive(Clone, Debug)]
pub struct Round {
    /// How the round ended.
    pub outcome: RoundOutcome,
    /// The owner: the agent who replied, or if the round is unanswered the agent in charge at the end. 0 if nobody was, if the person who
    /// replied has no name, or if a robot settled the round.
    pub agent: u32,
    /// First question of the round.
    pub asked_at: i64,
    /// The reply. `None` if the round is unanswered.
    pub replied_at: Option<i64>,
    /// Wait on the shop's clock: from the first question to the reply. `None` unless this row is answered.
    pub wait_ms: Option<i64>,
    /// Wait on the agent's clock, which excludes the queue. `None` unless this row is answered by somebody with a name.
    pub agent_wait_ms: Option<i64>,
    /// No agent was in charge when the round was opened.
    pub queued: bool,
    /// Time until an agent was in charge, at the latest by the reply. `None` if the round was not queued or no agent came.
    pub queue_ms: Option<i64>,
    /// Buyer lines of the round, and those answered within the rule `reply_threshold` on the shop's and on the agent's clock, each measured
    /// from its own instant.
    pub asks: i64,
    pub asks_in_time: i64,
    pub agent_asks_in_time: i64,
    /// The round counts in assessed metrics (考核轮次).
    pub assessed: bool,
    /// First answered round, and first answered among the assessed ones: of the session, then of the agent within it.
    pub first: bool,
    pub first_assessed: bool,
    pub agent_first: bool,
    pub agent_first_assessed: bool,
    /// First assessed round, answered or not: of the session, and of the agent within it.
    pub opening: bool,
    pub agent_opening: bool,
    /// Indexes of the message ids of the first question and of the reply. 0 if there is no reply.
    pub asked_message: u32,
    pub replied_message: u32,
}

/// An agent was put in charge during a round, at an instant and at a step of the session.
#[derive(Clone, Copy)]
pub(super) struct Charge {
    pub agent: u32,
    pub at: i64,
    pub step: usize,
}

/// A round that waits for a reply. Most have few questions and one agent, which is why the lists are inline.
pub(super) struct OpenRound {
    asked_at: i64,
    asked_message: u32,
    /// The instant of each question.
    asks: SmallVec<[i64; 4]>,
    /// The agent in charge at each question, or 0 for a question in the queue.
    pub agents_asked: SmallVec<[u32; 4]>,
    queued: bool,
    /// In the order of time. Two neighbours are different agents; agent 0 means that the conversation was handed back to nobody.
    pub charges: SmallVec<[Charge; 2]>,
    /// A robot has answered, and nobody has come in charge since.
    pub by_robot: bool,
    /// The instant at which an event took the round out of the robot's hands, where the rules start the shop's clock there.
    transferred_at: Option<i64>,
}

impl OpenRound {
    /// Opens a round with a buyer line. The agent in charge is the one that the line names, or else `in_charge`.
    pub(super) fn new(line: &ChatLine, in_charge: u32, step: usize) -> OpenRound {
        let agent = if line.agent != 0 { line.agent } else { in_charge };
        let charges = (agent != 0).then_some(Charge { agent, at: line.sent_at, step }).into_iter().collect();
        OpenRound {
            asked_at: line.sent_at,
            asked_message: line.message,
            asks: smallvec![line.sent_at],
            agents_asked: smallvec![agent],
            queued: agent == 0,
            charges,
            by_robot: false,
            transferred_at: None,
        }
    }

    /// Adds one more buyer line.
    pub(super) fn join(&mut self, line: &ChatLine, in_charge: u32) {
        self.asks.push(line.sent_at);
        self.agents_asked.push(if line.agent != 0 { line.agent } else { in_charge });
    }

    /// Records that an agent was put in charge, who receives the questions of the queue.
    pub(super) fn put_in_charge(&mut self, agent: u32, at: i64, step: usize) {
        self.by_robot = false;
        self.agents_asked.iter_mut().filter(|asked| **asked == 0).for_each(|asked| *asked = agent);
        if self.charges.last().is_none_or(|last| last.agent != agent) {
            self.charges.push(Charge { agent, at, step });
        }
    }

    /// A robot has answered. The round is in its hands unless somebody has been in charge of it.
    pub(super) fn answer_by_robot(&mut self) {
        self.by_robot = self.charges.is_empty();
    }

    /// An event puts an agent in charge, who takes the round out of the robot's hands.
    pub(super) fn transfer_from_robot(&mut self, at: i64, clock: RobotClock) {
        if std::mem::take(&mut self.by_robot) && clock == RobotClock::Transfer {
            self.transferred_at = Some(at);
        }
    }

    /// The row of a round that a robot settled.
    pub(super) fn settled_by_robot(&self) -> Round {
        Round { outcome: RoundOutcome::Robot, queued: false, ..self.row(0) }
    }

    /// Records that nobody is in charge from now on.
    pub(super) fn hand_back(&mut self, at: i64, step: usize) {
        if self.charges.last().is_some_and(|last| last.agent != 0) {
            self.charges.push(Charge { agent: 0, at, step });
        }
    }

    /// Appends the rows of the round: first that of its owner, then one for each other agent who was in charge.
    /// Where the start of the session decides whether its rounds are assessed, they are until the session ends, when its start is known.
    pub(super) fn close(&self, reply: Option<&ChatLine>, day: &DayRules, rounds: &mut Vec<Round>) {
        let assessed = day.rules.assessed_anchor == Anchor::SessionStart || day.is_assessed(self.asked_at);
        let owner = match reply {
            Some(reply) => reply.agent,
            None => self.charges.last().map_or(0, |charge| charge.agent),
        };
        let own = rounds.len();
        rounds.push(self.own_row(owner, reply, assessed, day));
        // In the order of charge and not of agent codes, because these depend on the order of the files.
        for charge in self.charges.iter().filter(|charge| charge.agent != 0) {
            if rounds[own..].iter().all(|round| round.agent != charge.agent) {
                let handed_over = Round {
                    outcome: RoundOutcome::HandedOver,
                    agent: charge.agent,
                    wait_ms: None,
                    agent_wait_ms: None,
                    asks_in_time: 0,
                    agent_asks_in_time: 0,
                    ..rounds[own].clone()
                };
                rounds.push(handed_over);
            }
        }
    }

    /// The row of the owner.
    fn own_row(&self, owner: u32, reply: Option<&ChatLine>, assessed: bool, day: &DayRules) -> Round {
        let threshold = day.rules.reply_threshold.0;
        let replied_at = reply.map(|reply| reply.sent_at);
        // Where the log's own numbers order its lines, an instant may lie before that of an earlier line.
        let transferred_at = self.transferred_at.map(|at| at.max(self.asked_at));
        let shop_clock_from = transferred_at.unwrap_or(self.asked_at);
        let agent_clock_from = reply.map(|reply| self.agent_clock_start(reply, day.rules.transfer_clock).max(self.asked_at));
        let waited = |from: i64| replied_at.map(|at| day.waited(from, at));
        let in_time = |from: i64| {
            let in_time = |ask: &&i64| waited(from.max(**ask)).is_some_and(|wait| wait <= threshold);
            self.asks.iter().filter(in_time).count() as i64
        };
        let charged_at = self.charges.first().map(|charge| charge.at).or(replied_at);
        Round {
            outcome: if reply.is_some() { RoundOutcome::Answered } else { RoundOutcome::Unanswered },
            replied_at,
            wait_ms: waited(shop_clock_from),
            agent_wait_ms: agent_clock_from.filter(|_| owner != 0).and_then(waited),
            queue_ms: charged_at.filter(|_| self.queued).map(|at| day.waited(shop_clock_from, at)),
            asks_in_time: in_time(transferred_at.unwrap_or(i64::MIN)),
            agent_asks_in_time: in_time(agent_clock_from.unwrap_or(self.asked_at)),
            assessed,
            replied_message: reply.map_or(0, |reply| reply.message),
            ..self.row(owner)
        }
    }

    /// The row of an agent, with what is known before the round has ended.
    fn row(&self, agent: u32) -> Round {
        Round {
            outcome: RoundOutcome::Unanswered,
            agent,
            asked_at: self.asked_at,
            replied_at: None,
            wait_ms: None,
            agent_wait_ms: None,
            queued: self.queued,
            queue_ms: None,
            asks: self.asks.len() as i64,
            asks_in_time: 0,
            agent_asks_in_time: 0,
            assessed: false,
            first: false,
            first_assessed: false,
            agent_first: false,
            agent_first_assessed: false,
            opening: false,
            agent_opening: false,
            asked_message: self.asked_message,
            replied_message: 0,
        }
    }

    /// The instant at which the replying agent's clock starts. It is the first question if no agent was known to be in charge.
    fn agent_clock_start(&self, reply: &ChatLine, rule: TransferClock) -> i64 {
        let Some(first) = self.charges.first() else { return self.asked_at };
        match rule {
            TransferClock::Inherit => first.at,
            TransferClock::Restart => {
                let own = self.charges.iter().rev().find(|charge| charge.agent == reply.agent);
                own.map_or(reply.sent_at, |charge| charge.at)
            }
        }
    }
}

/// Marks the first answered round over all agents that are not excluded, and that of each agent; then the same among assessed rounds.
pub(super) fn mark_first_answered<'a>(rounds: impl Iterator<Item = &'a mut Round>, excluded: &[u32]) {
    let (mut any, mut any_assessed) = (false, false);
    let (mut agents, mut agents_assessed) = (Agents::new(), Agents::new());
    for round in rounds.filter(|round| round.outcome == RoundOutcome::Answered) {
        let counts = !excluded.contains(&round.agent);
        round.first = counts && !std::mem::replace(&mut any, true);
        round.agent_first = insert(&mut agents, round.agent);
        if round.assessed {
            round.first_assessed = counts && !std::mem::replace(&mut any_assessed, true);
            round.agent_first_assessed = insert(&mut agents_assessed, round.agent);
        }
    }
}

/// Marks the first assessed round of a session over all agents that are not excluded, and that of each agent, answered or not.
pub(super) fn mark_openings(rounds: &mut [Round], excluded: &[u32]) {
    let (mut any, mut agents) = (false, Agents::new());
    for round in rounds.iter_mut().filter(|round| round.assessed && round.outcome != RoundOutcome::HandedOver) {
        round.opening = !excluded.contains(&round.agent) && !std::mem::replace(&mut any, true);
        round.agent_opening = insert(&mut agents, round.agent);
    }
}

/// The agents of a session. Most sessions have one.
type Agents = SmallVec<[u32; 4]>;

/// Inserts an agent and returns whether it was absent.
fn insert(seen: &mut Agents, agent: u32) -> bool {
    let new = !seen.contains(&agent);
    if new {
        seen.push(agent);
    }
    new
}
