//! attendance (出勤): one row per shop × agent with a login or a reply line on the day.

use super::frame;
use crate::calendar::{Calendar, Day};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::REACH;
use polars::prelude::*;
use std::collections::BTreeMap;

/// What an agent is between two rows of its log. Nothing is known before the first, so it is offline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Offline,
    Online,
    Suspended,
}

/// One agent's business day, in ms; instants are ms after its start.
#[derive(Clone, Copy, Default)]
struct Attended {
    login_ms: i64,
    suspend_ms: i64,
    logins: i64,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

impl Attended {
    fn spend(&mut self, state: State, from: i64, to: i64) {
        if state == State::Offline || from >= to {
            return;
        }
        self.login_ms += to - from;
        self.suspend_ms += if state == State::Suspended { to - from } else { 0 };
        self.first_ms = self.first_ms.or(Some(from));
        self.last_ms = Some(to);
    }
}

/// Columns: `shop_id`, `agent_id`, `login_ms` (online and suspended), `suspend_ms`, `logins` (changes from offline to online), `first_ms`,
/// `last_ms` (first and last instant logged in, after the start of the day; null without login time).
/// `statuses`: the status log, replayed in time order from the last status before the day, which is at most 31 days old.
/// `talked`: agents with `agent_msgs` of the day.
pub fn attendance(statuses: LazyFrame, talked: LazyFrame, calendar: &Calendar, day: Day) -> Result<DataFrame> {
    let mut attended = attended(statuses, calendar, day)?;
    let talked = collect(talked.filter(col("agent_msgs").gt(lit(0i64))).select([col("shop_id"), col("agent_id")]))?;
    for (shop, agent) in talked.column("shop_id")?.str()?.iter().zip(talked.column("agent_id")?.str()?.iter()) {
        if let Some((shop, agent)) = shop.zip(agent) {
            attended.entry((shop.to_owned(), agent.to_owned())).or_default();
        }
    }
    let rows = attended.values();
    Ok(frame! {
        "shop_id" => attended.keys().map(|key| key.0.as_str()).collect::<Vec<_>>(),
        "agent_id" => attended.keys().map(|key| key.1.as_str()).collect::<Vec<_>>(),
        "login_ms" => rows.clone().map(|row| row.login_ms).collect::<Vec<_>>(),
        "suspend_ms" => rows.clone().map(|row| row.suspend_ms).collect::<Vec<_>>(),
        "logins" => rows.clone().map(|row| row.logins).collect::<Vec<_>>(),
        "first_ms" => rows.clone().map(|row| row.first_ms).collect::<Vec<_>>(),
        "last_ms" => rows.map(|row| row.last_ms).collect::<Vec<_>>(),
    }?)
}

/// Every agent who logged in or was logged in on the day.
fn attended(statuses: LazyFrame, calendar: &Calendar, day: Day) -> Result<BTreeMap<(String, String), Attended>> {
    let bounds = calendar.bounds(day)?;
    let from = calendar.bounds(day.plus(-REACH))?.start;
    let in_time_order = SortMultipleOptions::default().with_maintain_order(true);
    let log = statuses
        .filter(col("at").gt_eq(lit(from)).and(col("at").lt(lit(bounds.end))))
        .sort(["shop_id", "agent_id", "at"], in_time_order)
        .select(["shop_id", "agent_id", "at", "status"].map(col));
    let log = collect(log)?;
    let [shops, agents, statuses] = ["shop_id", "agent_id", "status"].map(|name| log.column(name).and_then(|column| column.str().cloned()));
    let (shops, agents, statuses, at) = (shops?, agents?, statuses?, log.column("at")?.i64()?);
    let mut all = BTreeMap::new();
    let mut row = 0;
    while row < log.height() {
        let key = (shops.get(row), agents.get(row));
        let (mut one, mut state, mut since) = (Attended::default(), State::Offline, bounds.start);
        while row < log.height() && (shops.get(row), agents.get(row)) == key {
            let (next, at) = (state_after(statuses.get(row).unwrap_or_default()), at.get(row).unwrap_or_default());
            if at >= bounds.start {
                one.spend(state, since - bounds.start, at - bounds.start);
                one.logins += i64::from(state == State::Offline && next == State::Online);
                since = at;
            }
            state = next;
            row += 1;
        }
        one.spend(state, since - bounds.start, bounds.end - bounds.start);
        if let (true, (Some(shop), Some(agent))) = (one.login_ms > 0 || one.logins > 0, key) {
            all.insert((shop.to_owned(), agent.to_owned()), one);
        }
    }
    Ok(all)
}

fn state_after(status: &str) -> State {
    match status {
        "online" | "resumed" => State::Online,
        "suspended" => State::Suspended,
        _ => State::Offline,
    }
}

/// duty (值班): one row per shop and agent at work on the day. Columns: `shop_id`, `buyer_id`, the id under which persons are kept: the agent's.
pub fn duty(attended: &DataFrame) -> LazyFrame {
    attended.clone().lazy().select([col("shop_id"), col("agent_id").alias("buyer_id")])
}
