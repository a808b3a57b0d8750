//! hours: one row per conversation × agent (0: the shop) × hour of the business day, with its buyer lines.

use super::{Told, table};

table! {
    /// The shop's rows have agent 0.
    Hours(told: &Told, of: u32, at: i64, lines: i64) {
        shop: u32 = told.shop,
        agent: u32 = of,
        filtered: u32 = told.filtered.of(of),
        hour: i64 = at,
        buyer_msgs: i64 = lines,
    }
}

pub(super) fn add(hours: &mut Hours, told: &Told) {
    for session in &told.sessions {
        let receptions = session.receptions.iter().map(|r| (r.agent, &r.talk));
        for (agent, talk) in std::iter::once((0, &session.talk)).chain(receptions) {
            talk.hours.iter().for_each(|(hour, count)| hours.push(told, agent, *hour, *count));
        }
    }
}
