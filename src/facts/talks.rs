//! sessions: one row per session (会话). receptions: one row per session × agent (接待). The same columns, seen from two sides,
//! so that one declaration serves shop and agent.

use super::{Told, frame};
use crate::conversation::{Day, Reception, Session, Talk};
use crate::error::Result;
use crate::job::Level;
use polars::prelude::*;

/// One row per session.
pub(crate) fn sessions(told: &[Told], day: &Day) -> Result<DataFrame> {
    let rows = told.iter().flat_map(|t| (0i64..).zip(&t.story.sessions).map(move |(no, s)| (t, no, s)));
    columns(rows.map(|(t, no, session)| Row { told: t, session, no, talk: &session.talk, reception: None }).collect(), day)
}

/// One row per session and agent with a buyer line, a reply line or a round row in it.
pub(crate) fn receptions(told: &[Told], day: &Day) -> Result<DataFrame> {
    let sessions = told.iter().flat_map(|t| (0i64..).zip(&t.story.sessions).map(move |(no, s)| (t, no, s)));
    let rows = sessions.flat_map(|(told, no, session)| {
        session.receptions.iter().map(move |r| Row { told, session, no, talk: &r.talk, reception: Some(r) })
    });
    columns(rows.collect(), day)
}

/// The rows a level's metrics count: the shop's sessions or the agents' receptions, of buyers who are not filtered.
pub fn talks_of(level: Level, sessions: &DataFrame, receptions: &DataFrame) -> LazyFrame {
    let rows = match level {
        Level::Shop => sessions,
        Level::Agent => receptions,
    };
    rows.clone().lazy().filter(col("filtered").eq(lit(0u32)))
}

struct Row<'a> {
    told: &'a Told,
    session: &'a Session,
    no: i64,
    talk: &'a Talk,
    reception: Option<&'a Reception>,
}

fn columns(rows: Vec<Row>, day: &Day) -> Result<DataFrame> {
    fn each<T>(rows: &[Row], value: impl Fn(&Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    Ok(frame! {
        "shop" => each(&rows, |r| r.told.shop),
        "agent" => each(&rows, |r| r.reception.map_or(0, |r| r.agent)),
        "buyer" => each(&rows, |r| r.told.conversation),
        "filtered" => each(&rows, |r| r.told.filtered),
        "session" => each(&rows, |r| r.session.id),
        "session_no" => each(&rows, |r| r.no + 1),
        "started_at" => each(&rows, |r| r.session.started_at),
        "first_at" => each(&rows, |r| r.talk.first_at),
        "first_hour" => each(&rows, |r| r.talk.first_at.map(|at| day.hour(at))),
        "last_at" => each(&rows, |r| r.talk.last_at),
        "first_buyer_at" => each(&rows, |r| r.talk.first_buyer_at),
        "last_buyer_at" => each(&rows, |r| r.talk.last_buyer_at),
        "buyer_msgs" => each(&rows, |r| r.talk.buyer_msgs),
        "agent_msgs" => each(&rows, |r| r.talk.agent_msgs),
        "auto_msgs" => each(&rows, |r| r.talk.auto_msgs),
        "agent_words" => each(&rows, |r| r.talk.agent_words),
        "buyer_initiated" => each(&rows, |r| r.talk.by_buyer),
        "talk_ms" => each(&rows, |r| r.talk.talk_ms),
        "lead" => each(&rows, |r| r.talk.lead),
        "served" => each(&rows, |r| r.talk.served),
        "answered" => each(&rows, |r| r.talk.answered),
        "assessed" => each(&rows, |r| r.talk.assessed),
        "assessed_answered" => each(&rows, |r| r.talk.assessed_answered),
        "assessed_wait_ms" => each(&rows, |r| r.talk.assessed_wait_ms),
        "manned" => each(&rows, |r| r.session.manned),
        "assessed_start" => each(&rows, |r| r.session.assessed_start),
        "transferred_in" => each(&rows, |r| r.reception.is_some_and(|r| r.transferred_in)),
        "transferred_out" => each(&rows, |r| r.reception.is_some_and(|r| r.transferred_out)),
    }?)
}
