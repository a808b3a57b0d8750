//! A session (会话) and its receptions (接待): who is in charge, whose line is whose, who waits.

use super::Day;
use super::round::{Open, Outcome, Round, mark_first_answered, mark_openings};
use super::talk::Talk;
use crate::ingest::{Raw, What};
use crate::rules::Anchor;
use std::rc::Rc;

/// One session × one agent.
#[derive(Clone, Debug)]
pub struct Reception {
    pub agent: u32,
    pub talk: Talk,
    pub transferred_in: bool,
    pub transferred_out: bool,
    /// Step of the session at which the agent first appears, and first acts (a reply line or a round).
    seen: usize,
    acted: Option<usize>,
}

/// One session: its lines as the shop sees them, and each agent's part.
pub struct Session {
    /// Code of the log's session id; 0 for a session found by silence.
    pub id: u32,
    /// Its first line that is not an event.
    pub started_at: Option<i64>,
    pub last_line_at: i64,
    pub talk: Talk,
    pub receptions: Vec<Reception>,
    /// In the order they were opened; rows of one round stand together.
    pub rounds: Vec<Round>,
    /// An agent was in charge at some time.
    pub manned: bool,
    pub assessed_start: bool,
    in_charge: u32,
    open: Option<Open>,
    /// Buyer lines with nobody in charge yet, and the step of the first: the first agent to come takes them all.
    queue: Option<(usize, Talk)>,
    autos: Vec<u32>,
    step: usize,
    /// Agents whose lines and rounds `talk` and the session's firsts do without. Mostly none.
    left_out: Option<Rc<[u32]>>,
}

impl Session {
    pub fn new(id: u32, left_out: &Option<Rc<[u32]>>) -> Session {
        Session {
            id,
            started_at: None,
            last_line_at: 0,
            talk: Talk::default(),
            receptions: Vec::new(),
            rounds: Vec::new(),
            manned: false,
            assessed_start: false,
            in_charge: 0,
            open: None,
            queue: None,
            autos: Vec::new(),
            step: 0,
            left_out: left_out.clone(),
        }
    }

    /// A session without id, with the agent that an event named before its first words (0: none).
    pub fn announced(agent: u32, left_out: &Option<Rc<[u32]>>) -> Session {
        Session { in_charge: agent, manned: agent != 0, ..Session::new(0, left_out) }
    }

    fn is_left_out(&self, agent: u32) -> bool {
        #[cold]
        fn is_among(agents: &[u32], agent: u32) -> bool {
            agents.contains(&agent)
        }
        self.left_out.as_ref().is_some_and(|agents| is_among(agents, agent))
    }

    /// Somebody asked and nobody has replied.
    pub fn is_waiting(&self) -> bool {
        self.open.is_some()
    }

    pub fn take(&mut self, line: &Raw, day: &Day) {
        self.step += 1;
        match line.what {
            What::Assign | What::Transfer => return self.take_charge(line.agent, line.at),
            What::Close | What::Nothing => return,
            What::Buyer => self.ask(line, day),
            What::Reply => self.reply(line, day),
            What::Auto => {
                self.talk.auto_msgs += 1;
                self.autos.push(line.agent);
            }
        }
        self.started_at.get_or_insert(line.at);
        self.last_line_at = line.at;
    }

    fn ask(&mut self, line: &Raw, day: &Day) {
        match &mut self.open {
            Some(open) => open.join(line, self.in_charge),
            None => self.open = Some(Open::new(line, self.in_charge, self.step)),
        }
        self.take_charge(line.agent, line.at);
        let (hour, max_wait) = (day.hour(line.at), day.rules.max_wait.0);
        if !self.is_left_out(self.in_charge) {
            self.talk.add(line, hour, max_wait);
        }
        match self.in_charge {
            0 => self.queue.get_or_insert_with(|| (self.step, Talk::default())).1.add(line, hour, max_wait),
            agent => self.reception(agent).talk.add(line, hour, max_wait),
        }
    }

    fn reply(&mut self, line: &Raw, day: &Day) {
        self.take_queue(line.agent);
        // The round is closed before the agent takes charge: its clock asks who was in charge before the reply itself.
        if let Some(open) = self.open.take() {
            self.close(&open, Some(line), day);
        }
        self.take_charge(line.agent, line.at);
        let (hour, max_wait) = (day.hour(line.at), day.rules.max_wait.0);
        if !self.is_left_out(line.agent) {
            self.talk.add(line, hour, max_wait);
        }
        let step = self.step;
        let reception = self.reception(line.agent);
        reception.talk.add(line, hour, max_wait);
        reception.acted.get_or_insert(step);
    }

    fn take_charge(&mut self, agent: u32, at: i64) {
        if agent == 0 {
            return;
        }
        self.in_charge = agent;
        self.manned = true;
        if let Some(open) = &mut self.open {
            open.charge(agent, at, self.step);
        }
        self.take_queue(agent);
    }

    fn take_queue(&mut self, agent: u32) {
        if let Some((step, talk)) = self.queue.take() {
            let reception = self.reception(agent);
            reception.seen = step;
            reception.talk = talk;
            if self.is_left_out(agent) {
                // Nothing but queueing lines goes before the first agent in charge.
                self.talk = Talk { auto_msgs: self.talk.auto_msgs, ..Talk::default() };
            }
        }
    }

    fn reception(&mut self, agent: u32) -> &mut Reception {
        let index = self.receptions.iter().position(|r| r.agent == agent).unwrap_or_else(|| {
            let talk = Talk::default();
            self.receptions.push(Reception { agent, talk, transferred_in: false, transferred_out: false, seen: self.step, acted: None });
            self.receptions.len() - 1
        });
        &mut self.receptions[index]
    }

    fn close(&mut self, open: &Open, reply: Option<&Raw>, day: &Day) {
        let session_start = match day.rules.assessed_anchor {
            Anchor::RoundStart => None,
            Anchor::SessionStart => self.started_at,
        };
        let mut rounds = std::mem::take(&mut self.rounds);
        let closed = rounds.len();
        open.close(reply, session_start, day, &mut rounds);
        for round in &rounds[closed..] {
            if round.outcome != Outcome::HandedOver && !self.is_left_out(round.agent) {
                self.talk.add_round(round, round.wait_ms, day.rules);
            }
            if round.agent != 0 {
                let charge = open.charges.iter().find(|charge| charge.agent == round.agent).copied();
                let reception = self.reception(round.agent);
                if let Some(charge) = charge {
                    reception.seen = reception.seen.min(charge.step);
                    reception.acted = Some(reception.acted.map_or(charge.step, |step| step.min(charge.step)));
                }
                if round.outcome != Outcome::HandedOver {
                    reception.talk.add_round(round, round.agent_wait_ms, day.rules);
                }
            }
        }
        self.rounds = rounds;
        if let Some(reply) = reply {
            // Queueing lines went to the first agent to come, at the latest the one who replies.
            let first = open.charges.first().map_or(reply.agent, |charge| charge.agent);
            for asker in &open.askers {
                let agent = if *asker == 0 { first } else { *asker };
                self.reception(agent).talk.served = true;
                self.talk.served = self.talk.served || !self.is_left_out(agent);
            }
        }
    }

    /// Closes what is open, and settles what only the end can tell.
    pub fn end(&mut self, day: &Day) {
        if let Some(open) = self.open.take() {
            self.close(&open, None, day);
        }
        self.assessed_start = self.started_at.is_some_and(|at| day.is_assessed(at));
        mark_openings(&mut self.rounds, self.left_out.as_deref().unwrap_or_default());
        // An auto line counts in its agent's reception if there is one.
        for agent in std::mem::take(&mut self.autos) {
            if let Some(reception) = self.receptions.iter_mut().find(|r| r.agent == agent) {
                reception.talk.auto_msgs += 1;
                self.talk.auto_msgs -= i64::from(self.left_out.as_ref().is_some_and(|agents| agents.contains(&agent)));
            }
        }
        self.mark_transfers();
    }

    pub fn mark_first_answered(&mut self) {
        mark_first_answered(self.rounds.iter_mut(), self.left_out.as_deref().unwrap_or_default());
    }

    /// Transferred in: somebody else acted before this agent appeared; that other was transferred out.
    fn mark_transfers(&mut self) {
        for taker in 0..self.receptions.len() {
            for giver in 0..self.receptions.len() {
                if giver != taker && self.receptions[giver].acted.is_some_and(|step| step < self.receptions[taker].seen) {
                    self.receptions[taker].transferred_in = true;
                    self.receptions[giver].transferred_out = true;
                }
            }
        }
    }
}
