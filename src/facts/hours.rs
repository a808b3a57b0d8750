//! hours: one row per conversation × agent (0: the shop) × hour of the business day, with its buyer lines.

use super::{Told, frame};
use crate::error::Result;
use polars::prelude::*;

pub(crate) fn hours(told: &[Told]) -> Result<DataFrame> {
    let mut rows = Vec::new();
    for t in told {
        for session in &t.story.sessions {
            let receptions = session.receptions.iter().map(|r| (r.agent, &r.talk));
            for (agent, talk) in std::iter::once((0, &session.talk)).chain(receptions) {
                rows.extend(talk.hours.iter().map(|(hour, count)| (t, agent, *hour, *count)));
            }
        }
    }
    Ok(frame! {
        "shop" => rows.iter().map(|r| r.0.shop).collect::<Vec<_>>(),
        "agent" => rows.iter().map(|r| r.1).collect::<Vec<_>>(),
        "filtered" => rows.iter().map(|r| r.0.filtered).collect::<Vec<_>>(),
        "hour" => rows.iter().map(|r| r.2).collect::<Vec<_>>(),
        "buyer_msgs" => rows.iter().map(|r| r.3).collect::<Vec<_>>(),
    }?)
}
