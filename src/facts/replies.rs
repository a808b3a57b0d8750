//! replies: one row per reply line of a buyer who is not filtered: what attribution looks back on.

use super::{Told, frame};
use crate::error::Result;
use crate::names::Names;
use polars::prelude::*;

pub(crate) fn replies(told: &[Told]) -> Result<DataFrame> {
    let rows = told.iter().filter(|t| t.filtered == 0).flat_map(|t| t.story.replies.iter().map(move |r| (t, r))).collect::<Vec<_>>();
    Ok(frame! {
        "shop" => rows.iter().map(|r| r.0.shop).collect::<Vec<_>>(),
        "agent" => rows.iter().map(|r| r.1.agent).collect::<Vec<_>>(),
        "buyer" => rows.iter().map(|r| r.0.conversation).collect::<Vec<_>>(),
        "at" => rows.iter().map(|r| r.1.at).collect::<Vec<_>>(),
        "place" => rows.iter().map(|r| i64::from(r.1.place)).collect::<Vec<_>>(),
        "message" => rows.iter().map(|r| r.1.message).collect::<Vec<_>>(),
    }?)
}

/// The same rows with names: `shop_id`, `buyer_id`, `agent_id`, `at`, `place`, `message_id`.
pub fn spelled_replies(replies: &DataFrame, names: &Names) -> Result<DataFrame> {
    let (shops, agents) = (replies.column("shop")?.u32()?, replies.column("agent")?.u32()?);
    let (buyers, messages) = (replies.column("buyer")?.u32()?, replies.column("message")?.u32()?);
    let each = |codes: &UInt32Chunked, name: &dyn Fn(u32) -> Option<String>| codes.iter().map(|code| name(code?)).collect::<Vec<_>>();
    Ok(frame! {
        "shop_id" => each(shops, &|code| Some(names.shop(code).to_owned())),
        "buyer_id" => each(buyers, &|code| Some(names.buyer(code).to_owned())),
        "agent_id" => each(agents, &|code| Some(names.agent(code).to_owned())),
        "at" => replies.column("at")?.i64()?.iter().collect::<Vec<_>>(),
        "place" => replies.column("place")?.i64()?.iter().collect::<Vec<_>>(),
        "message_id" => each(messages, &|code| (code > 0).then(|| names.message_id(code).to_owned())),
    }?)
}
