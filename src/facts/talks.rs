//! sessions: one row per session (会话). receptions: one row per session × agent (接待). The same columns, seen from two sides,
//! so that one declaration serves shop and agent.

use super::{ChatFacts, Told, table, unfiltered};
use crate::conversation::{Day, Reception, Session, Talk};
use crate::job::Level;
use polars::prelude::*;

table! {
    /// One row per session, or one per session and agent with a buyer line, a reply line or a round row in it.
    /// A session counts no lines and rounds of agents who are filtered, unless the buyer's whole day is.
    Talks(told: &Told, no: i64, session: &Session, talk: &Talk, reception: Option<&Reception>, day: &Day) {
        shop: u32 = told.shop,
        agent: u32 = reception.map_or(0, |r| r.agent),
        buyer: u32 = told.conversation,
        filtered: u32 = told.filtered.of(reception.map_or(0, |r| r.agent)),
        session: u32 = session.id,
        session_no: i64 = no,
        started_at: Option<i64> = session.started_at,
        first_at: Option<i64> = talk.first_at,
        first_hour: Option<i64> = talk.first_at.map(|at| day.hour(at)),
        last_at: Option<i64> = talk.last_at,
        first_buyer_at: Option<i64> = talk.first_buyer_at,
        last_buyer_at: Option<i64> = talk.last_buyer_at,
        buyer_msgs: i64 = talk.buyer_msgs,
        agent_msgs: i64 = talk.agent_msgs,
        auto_msgs: i64 = talk.auto_msgs,
        agent_words: i64 = talk.agent_words,
        buyer_initiated: bool = talk.by_buyer,
        talk_ms: i64 = talk.talk_ms,
        lead: bool = talk.lead,
        served: bool = talk.served,
        answered: i64 = talk.answered,
        unanswered: i64 = talk.unanswered,
        longest_wait_ms: Option<i64> = talk.longest_wait_ms,
        assessed: i64 = talk.assessed,
        assessed_answered: i64 = talk.assessed_answered,
        assessed_wait_ms: i64 = talk.assessed_wait_ms,
        manned: bool = session.manned,
        assessed_start: bool = session.assessed_start,
        transferred_in: bool = reception.is_some_and(|r| r.transferred_in),
        transferred_out: bool = reception.is_some_and(|r| r.transferred_out),
    }
}

pub(super) fn add(sessions: &mut Talks, receptions: &mut Talks, told: &Told, day: &Day) {
    for (no, session) in (1..).zip(&told.sessions) {
        sessions.push(told, no, session, &session.talk, None, day);
        for reception in &session.receptions {
            receptions.push(told, no, session, &reception.talk, Some(reception), day);
        }
    }
}

/// The rows a level's metrics count: the shop's sessions or the agents' receptions, without those that are filtered.
pub fn talks_of(level: Level, facts: &ChatFacts) -> LazyFrame {
    let rows = match level {
        Level::Shop => &facts.sessions,
        Level::Agent | Level::Team => &facts.receptions,
    };
    unfiltered(rows)
}
