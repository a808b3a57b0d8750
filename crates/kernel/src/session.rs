//! A session (会话) and its receptions (接待): which agent is in charge, to which agent a line belongs, and whether a buyer waits.

use crate::day_rules::DayRules;
use crate::line::{ChatLine, LineKind};
use crate::round::{OpenRound, Round, RoundOutcome, mark_first_answered, mark_openings};
use crate::rules::{Anchor, RobotAnswers};
use crate::side::Side;
use std::rc::Rc;

/// One agent's part of a session (接待).
#[derive(Clone, Debug)]
pub struct Reception {
    /// Code of the agent.
    pub agent: u32,
    /// What this agent's part adds up to.
    pub side: Side,
    /// Another agent acted before this one appeared, or this one acted before another appeared.
    pub transferred_in: bool,
    pub transferred_out: bool,
    /// Step of the session at which the agent first appeared, and at which the agent first acted (a reply line or a round).
    first_seen: usize,
    first_acted: Option<usize>,
}

/// The buyer lines that wait for an agent.
struct Queue {
    /// The step of the first.
    step: usize,
    /// Each with whether it is in a round.
    lines: Vec<(ChatLine, bool)>,
    /// A person without a name has answered some of them.
    answered: bool,
    /// What the shop's side would be without them.
    without: Side,
}

/// One session: what the shop sees of it, and the part of each agent.
pub struct Session {
    /// Code of the log's session id, or 0 for a session that silence delimits.
    pub id: u32,
    /// Instants of the first and the last line that is not an event, in epoch milliseconds. `last_line_at` is 0 until there is one.
    pub started_at: Option<i64>,
    pub last_line_at: i64,
    /// What the session adds up to for the shop.
    pub side: Side,
    /// One per agent, in the order of appearance.
    pub receptions: Vec<Reception>,
    /// In the order in which they were opened. The rows of one round follow one another.
    pub rounds: Vec<Round>,
    /// Whether an agent was ever in charge.
    pub manned: bool,
    /// Whether the session started within the assessed hours.
    pub assessed_start: bool,
    /// A question waited for a person, and none came: nobody was ever in charge, nobody answered without a name, and a robot did not
    /// settle everything (留言).
    pub unattended: bool,
    /// Code of the agent in charge, or 0.
    in_charge: u32,
    /// The round in which the buyer waits.
    open: Option<OpenRound>,
    /// Buyer lines that came while nobody was in charge. The next agent in charge receives them all.
    queue: Option<Queue>,
    /// A person without a name replied.
    nameless_reply: bool,
    /// The agent of each auto line. The lines are added to receptions at the end, when all receptions are known.
    auto_agents: Vec<u32>,
    /// Number of lines processed.
    step: usize,
    /// Agents that `side` and the session's first rounds leave out. Usually `None`.
    excluded: Option<Rc<[u32]>>,
}

impl Session {
    /// A session without lines.
    pub fn new(id: u32, excluded: &Option<Rc<[u32]>>) -> Session {
        Session {
            id,
            started_at: None,
            last_line_at: 0,
            side: Side::default(),
            receptions: Vec::new(),
            rounds: Vec::new(),
            manned: false,
            assessed_start: false,
            unattended: false,
            in_charge: 0,
            open: None,
            queue: None,
            nameless_reply: false,
            auto_agents: Vec::new(),
            step: 0,
            excluded: excluded.clone(),
        }
    }

    /// A session without an id whose agent an event named before the first message. `agent` is 0 if no event did.
    pub fn announced(agent: u32, excluded: &Option<Rc<[u32]>>) -> Session {
        Session { in_charge: agent, manned: agent != 0, ..Session::new(0, excluded) }
    }

    fn is_excluded(&self, agent: u32) -> bool {
        // Almost no conversation excludes an agent, so the search stays out of the hot path.
        #[cold]
        fn is_among(agents: &[u32], agent: u32) -> bool {
            agents.contains(&agent)
        }
        self.excluded.as_ref().is_some_and(|agents| is_among(agents, agent))
    }

    /// Whether a buyer line still waits for a person's reply. A question in a robot's hands does not.
    pub fn is_waiting(&self) -> bool {
        self.open.as_ref().is_some_and(|open| !open.by_robot)
    }

    /// Applies the next line of the session.
    pub fn process(&mut self, line: &ChatLine, day: &DayRules) {
        self.step += 1;
        match line.kind {
            LineKind::Assign | LineKind::Transfer if line.agent == 0 => return self.hand_back(line.sent_at),
            LineKind::Assign | LineKind::Transfer => {
                if let Some(open) = &mut self.open {
                    open.transfer_from_robot(line.sent_at, day.rules.robot_clock);
                }
                return self.put_in_charge(line.agent, line.sent_at, day);
            }
            LineKind::Close | LineKind::Ignored => return,
            LineKind::Buyer | LineKind::Remark => self.add_buyer_line(line, day),
            LineKind::Reply if line.agent == 0 => self.add_nameless_reply(line, day),
            LineKind::Reply => self.add_reply(line, day),
            LineKind::Auto => self.add_auto_line(line, day),
        }
        self.started_at = Some(self.started_at.map_or(line.sent_at, |start| start.min(line.sent_at)));
        self.last_line_at = line.sent_at;
    }

    /// Opens a round or joins the open one, and adds the line to the agent in charge, or to the queue if there is none.
    fn add_buyer_line(&mut self, line: &ChatLine, day: &DayRules) {
        if self.open.as_ref().is_some_and(|open| open.by_robot) {
            self.end_robot_round();
        }
        match &mut self.open {
            Some(open) => open.join(line, self.in_charge),
            None if line.kind == LineKind::Remark => {}
            None => self.open = Some(OpenRound::new(line, self.in_charge, self.step)),
        }
        let asks = self.open.is_some();
        self.put_in_charge(line.agent, line.sent_at, day);
        let (hour, max_wait) = (day.hour(line.sent_at), day.rules.max_wait.0);
        if self.in_charge == 0 {
            let (step, side) = (self.step, &self.side);
            let empty = || Queue { step, lines: Vec::new(), answered: false, without: side.clone() };
            self.queue.get_or_insert_with(empty).lines.push((*line, asks));
        }
        if !self.is_excluded(self.in_charge) {
            self.side.add(line, hour, max_wait);
            self.side.asked |= asks;
        }
        match self.in_charge {
            0 => {}
            agent => {
                let side = &mut self.reception(agent).side;
                side.add(line, hour, max_wait);
                side.asked |= asks;
            }
        }
    }

    /// Adds an automatic line. That of a robot takes a question that nobody has been in charge of into the robot's hands.
    fn add_auto_line(&mut self, line: &ChatLine, day: &DayRules) {
        self.of_shop(|side| side.auto_msgs += 1);
        self.auto_agents.push(line.agent);
        if let (true, RobotAnswers::Out, Some(open)) = (line.robot, day.rules.robot_answers, &mut self.open) {
            open.answer_by_robot();
        }
    }

    /// Changes the shop's side by something that is no line of the queue.
    fn of_shop(&mut self, change: impl Fn(&mut Side)) {
        change(&mut self.side);
        if let Some(queue) = &mut self.queue {
            change(&mut queue.without);
        }
    }

    /// Ends the open round with the robot's answer.
    fn end_robot_round(&mut self) {
        if let Some(open) = self.open.take() {
            self.rounds.push(open.settled_by_robot());
            self.of_shop(|side| side.robot_rounds += 1);
        }
    }

    /// Closes the open round for a person without a name, who is in nobody's reception. Who is in charge does not change.
    fn add_nameless_reply(&mut self, line: &ChatLine, day: &DayRules) {
        self.nameless_reply = true;
        if let Some(open) = self.open.take() {
            self.close_round(&open, Some(line), day);
        }
        let (hour, max_wait) = (day.hour(line.sent_at), day.rules.max_wait.0);
        self.of_shop(|side| side.add(line, hour, max_wait));
    }

    /// Closes the open round and adds the line to the replying agent.
    fn add_reply(&mut self, line: &ChatLine, day: &DayRules) {
        self.give_queue_to(line.agent, day);
        // The round is closed before the agent is put in charge, because its clock depends on who was in charge before the reply.
        if let Some(open) = self.open.take() {
            self.close_round(&open, Some(line), day);
        }
        self.put_in_charge(line.agent, line.sent_at, day);
        let (hour, max_wait) = (day.hour(line.sent_at), day.rules.max_wait.0);
        if !self.is_excluded(line.agent) {
            self.side.add(line, hour, max_wait);
        }
        let step = self.step;
        let reception = self.reception(line.agent);
        reception.side.add(line, hour, max_wait);
        reception.first_acted.get_or_insert(step);
    }

    /// Puts an agent in charge. `agent` 0 changes nothing.
    fn put_in_charge(&mut self, agent: u32, at: i64, day: &DayRules) {
        if agent == 0 {
            return;
        }
        self.in_charge = agent;
        self.manned = true;
        if let Some(open) = &mut self.open {
            open.put_in_charge(agent, at, self.step);
        }
        self.give_queue_to(agent, day);
    }

    /// Nobody is in charge from now on: an event named no agent.
    fn hand_back(&mut self, at: i64) {
        self.in_charge = 0;
        if let Some(open) = &mut self.open {
            open.hand_back(at, self.step);
        }
    }

    /// Moves the buyer lines of the queue to the reception of an agent.
    fn give_queue_to(&mut self, agent: u32, day: &DayRules) {
        let Some(Queue { step, lines, answered, without }) = self.queue.take() else { return };
        let reception = self.reception(agent);
        reception.side.served |= answered;
        reception.first_seen = reception.first_seen.min(step);
        for (line, asks) in &lines {
            reception.side.add(line, day.hour(line.sent_at), day.rules.max_wait.0);
            reception.side.asked |= asks;
        }
        if self.is_excluded(agent) {
            self.side = without;
        }
    }

    /// The reception of an agent. It is created when the agent first appears.
    fn reception(&mut self, agent: u32) -> &mut Reception {
        let index = self.receptions.iter().position(|r| r.agent == agent).unwrap_or_else(|| {
            let side = Side::default();
            self.receptions.push(Reception {
                agent,
                side,
                transferred_in: false,
                transferred_out: false,
                first_seen: self.step,
                first_acted: None,
            });
            self.receptions.len() - 1
        });
        &mut self.receptions[index]
    }

    /// Turns the open round into rows and adds them to the sides. `reply`: the line that answers it, `None` if the session ends first.
    fn close_round(&mut self, open: &OpenRound, reply: Option<&ChatLine>, day: &DayRules) {
        let mut rounds = std::mem::take(&mut self.rounds);
        let closed = rounds.len();
        open.close(reply, day, &mut rounds);
        for round in &rounds[closed..] {
            if round.outcome != RoundOutcome::HandedOver && !self.is_excluded(round.agent) {
                self.of_shop(|side| side.add_round(round, round.wait_ms, day.rules));
            }
            if round.agent != 0 {
                let charge = open.charges.iter().find(|charge| charge.agent == round.agent).copied();
                let reception = self.reception(round.agent);
                if let Some(charge) = charge {
                    reception.first_seen = reception.first_seen.min(charge.step);
                    reception.first_acted = Some(reception.first_acted.map_or(charge.step, |step| step.min(charge.step)));
                }
                if round.outcome != RoundOutcome::HandedOver {
                    reception.side.add_round(round, round.agent_wait_ms, day.rules);
                }
            }
        }
        self.rounds = rounds;
        if let Some(reply) = reply {
            for asked in &open.agents_asked {
                // Lines that are still in the queue belong to the replying agent, or still to nobody if that person has no name.
                let agent = if *asked == 0 { reply.agent } else { *asked };
                match (agent, &mut self.queue) {
                    (0, Some(queue)) => queue.answered = true,
                    (0, None) => {}
                    _ => self.reception(agent).side.served = true,
                }
                if agent == 0 {
                    self.side.served = true;
                } else if !self.is_excluded(agent) {
                    self.of_shop(|side| side.served = true);
                }
            }
        }
    }

    /// Ends the session: closes the open round and determines what depends on all of its lines.
    pub fn finish(&mut self, day: &DayRules) {
        match &self.open {
            Some(open) if open.by_robot => self.end_robot_round(),
            _ => {
                if let Some(open) = self.open.take() {
                    self.close_round(&open, None, day);
                }
            }
        }
        let waits = |round: &Round| round.outcome != RoundOutcome::Robot;
        self.unattended = !self.manned && !self.nameless_reply && self.rounds.iter().any(waits);
        self.assessed_start = self.started_at.is_some_and(|at| day.is_assessed(at));
        if day.rules.assessed_anchor == Anchor::SessionStart && !self.assessed_start {
            self.leave_unassessed();
        }
        mark_openings(&mut self.rounds, self.excluded.as_deref().unwrap_or_default());
        // An auto line does not make a reception, but counts in the one that its agent has.
        for agent in std::mem::take(&mut self.auto_agents) {
            if let Some(reception) = self.receptions.iter_mut().find(|r| r.agent == agent) {
                reception.side.auto_msgs += 1;
                self.side.auto_msgs -= i64::from(self.excluded.as_ref().is_some_and(|agents| agents.contains(&agent)));
            }
        }
        self.mark_transfers();
    }

    /// Takes all rounds out of the assessed ones.
    fn leave_unassessed(&mut self) {
        self.rounds.iter_mut().for_each(|round| round.assessed = false);
        let sides = self.receptions.iter_mut().map(|reception| &mut reception.side);
        sides.chain([&mut self.side]).for_each(Side::leave_unassessed);
    }

    /// Marks the first answered round of the session and of each reception.
    pub fn mark_first_answered(&mut self) {
        mark_first_answered(self.rounds.iter_mut(), self.excluded.as_deref().unwrap_or_default());
    }

    /// An agent was transferred in if another acted before the agent appeared. That other was transferred out.
    fn mark_transfers(&mut self) {
        for taker in 0..self.receptions.len() {
            for giver in 0..self.receptions.len() {
                if giver != taker && self.receptions[giver].first_acted.is_some_and(|step| step < self.receptions[taker].first_seen) {
                    self.receptions[taker].transferred_in = true;
                    self.receptions[giver].transferred_out = true;
                }
            }
        }
    }
}
