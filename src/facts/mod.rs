//! Facts: one row per thing counted, one file per table. A day's chat facts are a function of its own lines and the rules;
//! its order facts, of those and the orders read. Keys inside are codes of `Names`; names come back when a table leaves.

mod credits;
mod hours;
mod inquiries;
mod paid;
mod peaks;
mod peer_days;
mod replies;
mod rounds;
mod talks;

pub use credits::{Instant, credits, instants, reply_days};
pub use inquiries::inquiries;
pub use paid::paid;
pub use peer_days::peer_days;
pub use replies::spelled_replies;
pub use rounds::{bucket_bounds, rounds_of};
pub use talks::talks_of;

use crate::calendar;
use crate::conversation::{Day, Story, replay};
use crate::error::Result;
use crate::ingest::{Chats, Raw, Reference};
use crate::job::Plan;
use crate::names::Names;
use polars::prelude::*;
use rayon::prelude::*;

/// Why a buyer's day is out of every reception metric but `consult_*` and `filtered_*` (接待过滤). The code stands in `filtered`.
pub const FILTERS: [&str; 3] = ["", "own_accounts", "blocklist"];

/// The chat facts of one business day. Columns: see the file of each table.
pub struct ChatFacts {
    pub names: Names,
    pub sessions: DataFrame,
    pub receptions: DataFrame,
    pub rounds: DataFrame,
    pub hours: DataFrame,
    pub replies: DataFrame,
    pub peaks: DataFrame,
}

/// A replayed conversation with what its rows need besides.
pub(crate) struct Told {
    conversation: u32,
    shop: u32,
    filtered: u32,
    story: Story,
}

/// Replays every conversation of a day, bucket by bucket on all cores, and lays the results out in columns.
/// Rows come in the order of shop id, buyer id and time, whatever the order of the files.
pub fn chat_facts(plan: &Plan, day: calendar::Day, chats: Chats, reference: &Reference) -> Result<ChatFacts> {
    let bounds = plan.calendar.bounds(day)?;
    let rules = Day { rules: &plan.rules, starts_at: bounds.start, assessed: plan.rules.assessed(&plan.calendar, day)? };
    let Chats { names, buckets, .. } = chats;
    let mut told = buckets.into_par_iter().flat_map_iter(|lines| tell(lines, &names, &rules, day, reference)).collect::<Vec<_>>();
    told.par_sort_unstable_by_key(|t| (names.shop(t.shop), names.buyer(t.conversation)));
    Ok(ChatFacts {
        sessions: talks::sessions(&told, &rules)?,
        receptions: talks::receptions(&told, &rules)?,
        rounds: rounds::rounds(&told, &rules)?,
        hours: hours::hours(&told)?,
        replies: replies::replies(&told)?,
        peaks: peaks::peaks(&told)?,
        names,
    })
}

/// The conversations of one bucket, each replayed from its lines in order.
fn tell(mut lines: Vec<Raw>, names: &Names, rules: &Day, day: calendar::Day, reference: &Reference) -> Vec<Told> {
    // Stable, so that input order decides where time and sequence do not.
    lines.sort_by_key(|line| (line.conversation, line.at, line.seq));
    let conversations = lines.chunk_by(|a, b| a.conversation == b.conversation);
    conversations
        .map(|lines| {
            let conversation = lines[0].conversation;
            let shop = names.shop_of(conversation);
            let filtered = filter(names.shop(shop), names.buyer(conversation), day, rules, reference);
            Told { conversation, shop, filtered, story: replay(lines, rules) }
        })
        .collect()
}

fn filter(shop: &str, buyer: &str, day: calendar::Day, rules: &Day, reference: &Reference) -> u32 {
    if rules.rules.own_accounts && reference.is_staff(shop, buyer) {
        1
    } else if rules.rules.blocklist && reference.is_blocked(shop, buyer, day) {
        2
    } else {
        0
    }
}

/// A frame from named vectors of one length.
macro_rules! frame {
    ($($name:literal => $values:expr),* $(,)?) => {
        DataFrame::new_infer_height(vec![$(Column::new($name.into(), $values)),*])
    };
}
pub(crate) use frame;
