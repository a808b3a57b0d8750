//! Replays the lines of one conversation (shop × buyer × business day) in order and returns its sessions, each with its receptions and
//! rounds (docs/semantics.md §2 to §4).

use crate::day_rules::DayRules;
use crate::line::{ChatLine, LineKind};
use crate::round;
use crate::rules::FirstResponseUnit;
use crate::session::Session;
use hashbrown::HashMap;
use std::rc::Rc;

/// Replays a conversation and returns its sessions by start. `lines` must be sorted by `(sent_at, seq, order)`, or by
/// `(seq, sent_at, order)` if the log's own numbers order them.
pub fn replay(lines: &[ChatLine], day: &DayRules) -> Vec<Session> {
    replay_lines(lines, day, Conversation::default())
}

/// Replays a conversation as [`replay`] does, but leaves some agents out of the shop's view. The sessions, receptions and rounds are the
/// same; a session's own side, and the choice of its first rounds, ignore the excluded agents' lines, the rounds they own and the automatic
/// lines of their receptions.
pub fn replay_without(lines: &[ChatLine], day: &DayRules, agents: &[u32]) -> Vec<Session> {
    replay_lines(lines, day, Conversation { excluded: Some(agents.into()), ..Conversation::default() })
}

fn replay_lines(lines: &[ChatLine], day: &DayRules, mut conversation: Conversation) -> Vec<Session> {
    for line in lines {
        match line.session {
            0 => conversation.process_without_id(line, day),
            id => conversation.session_with_id(id).process(line, day),
        }
    }
    conversation.finish(day)
}

/// From this number of sessions on, a session is found by hash lookup instead of a linear scan.
const HASH_LOOKUP_FROM: usize = 9;

/// The sessions of a conversation while its lines are replayed.
#[derive(Default)]
struct Conversation {
    /// Sessions with an id, in the order of their first lines.
    with_id: Vec<Session>,
    /// Session id → index in `with_id`. Empty below [`HASH_LOOKUP_FROM`] sessions.
    index_by_id: HashMap<u32, usize>,
    /// The open session without an id.
    current: Option<Session>,
    /// The agent that an event has named since the last message without an id, or 0. Platforms name the agent before the first message.
    announced: u32,
    /// Sessions without an id that have ended.
    closed: Vec<Session>,
    /// Agents that the shop's view leaves out.
    excluded: Option<Rc<[u32]>>,
}

impl Conversation {
    /// The session with an id. It is created on its first line.
    fn session_with_id(&mut self, id: u32) -> &mut Session {
        // Most buyers have few sessions a day, and most lines belong to the latest. But all guests of a shop may share one buyer id.
        let known = match self.with_id.len() {
            0..HASH_LOOKUP_FROM => self.with_id.iter().rposition(|session| session.id == id),
            _ => self.index_by_id.get(&id).copied(),
        };
        let index = known.unwrap_or_else(|| {
            self.with_id.push(Session::new(id, &self.excluded));
            if self.with_id.len() >= HASH_LOOKUP_FROM {
                let unindexed = self.index_by_id.len()..self.with_id.len();
                self.index_by_id.extend(unindexed.map(|index| (self.with_id[index].id, index)));
            }
            self.with_id.len() - 1
        });
        &mut self.with_id[index]
    }

    /// Processes a line without a session id: silence and close events delimit such sessions.
    fn process_without_id(&mut self, line: &ChatLine, day: &DayRules) {
        match line.kind {
            LineKind::Close => {
                self.closed.extend(self.current.take());
                self.announced = 0;
            }
            LineKind::Assign | LineKind::Transfer => {
                if let Some(current) = &mut self.current {
                    current.process(line, day);
                }
                self.announced = line.agent;
            }
            LineKind::Ignored => {}
            LineKind::Buyer | LineKind::Remark | LineKind::Reply | LineKind::Auto => {
                // Silence ends a session only if no buyer line waits for a person.
                if self.current.as_ref().is_some_and(|s| !s.is_waiting() && line.sent_at - s.last_line_at > day.rules.session_gap.0) {
                    self.closed.extend(self.current.take());
                }
                let announced = std::mem::take(&mut self.announced);
                let current = self.current.get_or_insert_with(|| Session::announced(announced, &self.excluded));
                current.process(line, day);
            }
        }
    }

    /// Ends all open sessions at the end of the day and returns all sessions by start.
    fn finish(mut self, day: &DayRules) -> Vec<Session> {
        self.closed.extend(self.current.take());
        let mut sessions = self.with_id;
        if !self.closed.is_empty() {
            sessions.splice(..0, self.closed);
        }
        // Events alone do not make a session.
        sessions.retain(|session| session.started_at.is_some());
        sessions.sort_by_key(|session| session.started_at);
        for session in &mut sessions {
            session.finish(day);
        }
        mark_firsts(&mut sessions, day.rules.first_response_unit);
        sessions
    }
}

/// Marks the rounds that count for the first response: the first of each session and of each reception, or the first of each agent per day.
fn mark_firsts(sessions: &mut [Session], unit: FirstResponseUnit) {
    match unit {
        FirstResponseUnit::Session => sessions.iter_mut().for_each(|s| s.mark_first_answered()),
        FirstResponseUnit::PeerDay => {
            let mut rounds = sessions.iter_mut().flat_map(|s| &mut s.rounds).collect::<Vec<_>>();
            rounds.sort_by_key(|round| round.asked_at);
            round::mark_first_answered(rounds.iter_mut().map(|round| &mut **round), &[]);
            // The unit is agent × buyer × day on both clocks, so the mean of the shop covers the same rounds as those of its agents.
            for round in rounds {
                (round.first, round.first_assessed) = (round.agent_first, round.agent_first_assessed);
            }
        }
    }
}
