//! The kernel: the lines of one conversation (shop × buyer × business day) → sessions, receptions, rounds.
//! One ordered pass. No I/O, no dates, no names of metrics. Semantics §2 to §4.

mod round;
mod session;
mod talk;

pub use round::{Outcome, Round};
pub use session::{Reception, Session};
pub use talk::Talk;

use crate::ingest::{Raw, What};
use crate::rules::{FirstResponseUnit, Rules};
use hashbrown::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// A business day's rules, with the instants they mean.
pub struct Day<'a> {
    pub rules: &'a Rules,
    pub starts_at: i64,
    /// 考核时段 as instants.
    pub assessed: Vec<Range<i64>>,
}

impl Day<'_> {
    fn is_assessed(&self, at: i64) -> bool {
        self.assessed.iter().any(|window| window.contains(&at))
    }

    /// Hour of the business day, from 0.
    pub fn hour(&self, at: i64) -> i64 {
        (at - self.starts_at) / 3_600_000
    }
}

/// Replays a conversation from its lines in order (`sent_at`, `seq`, input order): its sessions, by their start.
pub fn replay(lines: &[Raw], day: &Day) -> Vec<Session> {
    replayed(lines, day, Conversation::default())
}

/// The same sessions, receptions and rounds, but what a session itself adds up and which of its rounds are its firsts
/// do without these agents: their lines, the rounds they own and the automatic lines of their receptions.
pub fn replay_without(lines: &[Raw], day: &Day, agents: &[u32]) -> Vec<Session> {
    replayed(lines, day, Conversation { left_out: Some(agents.into()), ..Conversation::default() })
}

fn replayed(lines: &[Raw], day: &Day, mut conversation: Conversation) -> Vec<Session> {
    for line in lines {
        match line.session {
            0 => conversation.take_without_id(line, day),
            id => conversation.with_id(id).take(line, day),
        }
    }
    conversation.end(day)
}

/// From so many on, sessions are looked up instead of looked through.
const MANY: usize = 9;

/// The sessions of a conversation as they unfold.
#[derive(Default)]
struct Conversation {
    with_id: Vec<Session>,
    /// Session id → its place in `with_id`, once there are many.
    places: HashMap<u32, usize>,
    /// The session without id that is begun and not closed.
    current: Option<Session>,
    /// The agent an event named since the last line without id: platforms announce the agent before the first words.
    announced: u32,
    closed: Vec<Session>,
    /// Agents whose part the sessions do without.
    left_out: Option<Rc<[u32]>>,
}

impl Conversation {
    fn with_id(&mut self, id: u32) -> &mut Session {
        // A buyer has few sessions a day, and the last is mostly meant; but an id may also stand for all guests.
        let known = match self.with_id.len() {
            0..MANY => self.with_id.iter().rposition(|session| session.id == id),
            _ => self.places.get(&id).copied(),
        };
        let index = known.unwrap_or_else(|| {
            self.with_id.push(Session::new(id, &self.left_out));
            if self.with_id.len() >= MANY {
                let unplaced = self.places.len()..self.with_id.len();
                self.places.extend(unplaced.map(|index| (self.with_id[index].id, index)));
            }
            self.with_id.len() - 1
        });
        &mut self.with_id[index]
    }

    fn take_without_id(&mut self, line: &Raw, day: &Day) {
        match line.what {
            What::Close => {
                self.closed.extend(self.current.take());
                self.announced = 0;
            }
            What::Assign | What::Transfer => {
                if let Some(current) = &mut self.current {
                    current.take(line, day);
                }
                if line.agent != 0 {
                    self.announced = line.agent;
                }
            }
            _ => {
                // Silence splits a session only when nobody is waiting.
                if self.current.as_ref().is_some_and(|s| !s.is_waiting() && line.at - s.last_line_at > day.rules.session_gap.0) {
                    self.closed.extend(self.current.take());
                }
                let announced = std::mem::take(&mut self.announced);
                let current = self.current.get_or_insert_with(|| Session::announced(announced, &self.left_out));
                current.take(line, day);
            }
        }
    }

    /// The end of the day closes what is open.
    fn end(mut self, day: &Day) -> Vec<Session> {
        self.closed.extend(self.current.take());
        let mut sessions = self.with_id;
        if !self.closed.is_empty() {
            sessions.splice(..0, self.closed);
        }
        // Events alone are no session.
        sessions.retain(|session| session.started_at.is_some());
        sessions.sort_by_key(|session| session.started_at);
        for session in &mut sessions {
            session.end(day);
        }
        mark_firsts(&mut sessions, day.rules.first_response_unit);
        sessions
    }
}

/// Marks the rounds that first response speaks of: in each session (each reception of it), or once a day for each agent.
fn mark_firsts(sessions: &mut [Session], unit: FirstResponseUnit) {
    match unit {
        FirstResponseUnit::Session => sessions.iter_mut().for_each(|s| s.mark_first_answered()),
        FirstResponseUnit::PeerDay => {
            let mut rounds = sessions.iter_mut().flat_map(|s| &mut s.rounds).collect::<Vec<_>>();
            rounds.sort_by_key(|round| round.asked_at);
            round::mark_first_answered(rounds.iter_mut().map(|round| &mut **round), &[]);
            // The unit is agent × buyer × day on both clocks, so the shop's mean is over the same rounds.
            for round in rounds {
                (round.first, round.first_assessed) = (round.agent_first, round.agent_first_assessed);
            }
        }
    }
}
