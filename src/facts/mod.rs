//! Facts: one row per thing counted, one file per table. A day's chat facts are a function of its own lines and the rules;
//! its order facts, of those and the orders read. Keys inside are codes of `Names` and `Talkers`; names come back when a table leaves.

mod asked;
mod attendance;
mod buyers;
mod cells;
mod conversations;
mod credits;
mod filters;
mod hours;
mod inquiries;
mod loyalty;
mod paid;
mod peaks;
mod peer_days;
mod ratings;
mod refunds;
mod replies;
mod rounds;
mod talks;
mod tickets;
mod videos;
mod visits;

pub use asked::Asked;
pub use attendance::{attendance, duty};
pub use credits::{Instant, TRACED, credited, credits, instants, no_replies, reply_days};
pub use filters::{FILTERS, judges_peer_days};
pub use inquiries::inquiries;
pub use loyalty::loyalty;
pub use paid::paid;
pub use peaks::{Edge, Peaks};
pub use ratings::{FilteredPeers, ratings};
pub use refunds::{refund_instants, refunds};
pub use rounds::{bucket_bounds, rounds_of};
pub use talks::talks_of;
pub use tickets::tickets;
pub use videos::videos;
pub use visits::visits;

use crate::calendar;
use crate::conversation::{Day, Session, replay, replay_without};
use crate::error::Result;
use crate::ingest::{Raw, Reference, Shelf, Tallies, Texts, Whose};
use crate::job::Level;
use crate::names::{self, Names, Talkers};
use cells::table;
use conversations::by_conversation;
use filters::Filtered;
use polars::prelude::*;

/// The chat facts of some shops or buyers of one business day. Columns: see the file of each table.
pub struct ChatFacts {
    pub sessions: DataFrame,
    pub receptions: DataFrame,
    pub rounds: DataFrame,
    pub shop_peer_days: DataFrame,
    pub peer_days: DataFrame,
    pub hours: DataFrame,
    pub replies: DataFrame,
    pub talkers: Talkers,
    /// Where the message ids stand that rows name.
    pub texts: Texts,
    pub edges: Vec<Edge>,
    pub tallies: Vec<Tallies>,
}

impl ChatFacts {
    pub fn peer_days_of(&self, level: Level) -> &DataFrame {
        match level {
            Level::Shop => &self.shop_peer_days,
            Level::Agent | Level::Team => &self.peer_days,
        }
    }
}

/// What a day's facts are made with besides its lines.
pub struct Context<'a> {
    pub day: calendar::Day,
    pub names: &'a Names,
    pub rules: Day<'a>,
    pub reference: &'a Reference,
}

/// A replayed conversation with what its rows need besides.
pub(crate) struct Told {
    conversation: u32,
    shop: u32,
    filtered: Filtered,
    sessions: Vec<Session>,
}

/// The rows of each table so far.
struct Rows {
    sessions: talks::Talks,
    receptions: talks::Talks,
    rounds: rounds::Rounds,
    shop_peer_days: peer_days::PeerDays,
    peer_days: peer_days::PeerDays,
    hours: hours::Hours,
    replies: replies::Replies,
    edges: Vec<Edge>,
}

/// Replays the conversations of a shard's pieces and lays the results out in columns.
/// Rows come in the order of shop id, part of the shop, buyer id and time, whatever the order of the files.
pub fn chat_facts(context: &Context, shelf: &Shelf, shard: &[usize]) -> Result<ChatFacts> {
    let mut rows = Rows::with_room(shelf.count(shard));
    let (mut tallies, mut talkers, mut texts) = (Vec::new(), Talkers::default(), shelf.texts(shard));
    for piece in shard {
        let mut buyers = names::Texts::default();
        let (lines, became) = shelf.take(*piece, &mut texts, &mut |whose, name| match whose {
            Whose::Buyer => buyers.code(name),
            Whose::Session => talkers.session_code(name),
        })?;
        tallies.push(became);
        let shop = shelf.shop(*piece);
        by_conversation(&lines, &buyers, &mut talkers, context.rules.rules, |talkers, lines| rows.push(context, shop, talkers, lines));
    }
    Ok(ChatFacts {
        sessions: rows.sessions.frame()?,
        receptions: rows.receptions.frame()?,
        rounds: rows.rounds.frame()?,
        shop_peer_days: rows.shop_peer_days.frame()?,
        peer_days: rows.peer_days.frame()?,
        hours: rows.hours.frame()?,
        replies: rows.replies.frame()?,
        talkers,
        texts,
        edges: rows.edges,
        tallies,
    })
}

impl Rows {
    /// Room for what so many lines mostly come to: making room while rows are added would move them again and again.
    fn with_room(lines: usize) -> Rows {
        Rows {
            rounds: rounds::Rounds::with_room(lines * 2 / 5),
            replies: replies::Replies::with_room(lines / 2),
            sessions: talks::Talks::with_room(lines / 10),
            receptions: talks::Talks::with_room(lines / 10),
            shop_peer_days: peer_days::PeerDays::with_room(lines / 10),
            peer_days: peer_days::PeerDays::with_room(lines / 10),
            hours: hours::Hours::with_room(lines / 5),
            edges: Vec::new(),
        }
    }

    fn push(&mut self, context: &Context, shop: u32, talkers: &Talkers, conversation: &[Raw]) {
        let Some(first) = conversation.first() else { return };
        let day = &context.rules;
        let mut sessions = replay(conversation, day);
        let filtered = filters::filtered(context.names.shop(shop), talkers.buyer(first.conversation), &sessions, context);
        if let Some(agents) = filtered.left_out() {
            sessions = replay_without(conversation, day, &agents);
        }
        let told = Told { conversation: first.conversation, shop, filtered, sessions };
        peaks::add(&mut self.edges, &told, day);
        hours::add(&mut self.hours, &told);
        peer_days::add(&mut self.shop_peer_days, &mut self.peer_days, &told);
        replies::add(&mut self.replies, &told, conversation);
        talks::add(&mut self.sessions, &mut self.receptions, &told, day);
        rounds::add(&mut self.rounds, &told, day);
    }
}

/// The rows that are not filtered: mostly all of them, and then none need be copied.
fn unfiltered(rows: &DataFrame) -> LazyFrame {
    let none = rows.column("filtered").and_then(|codes| Ok(codes.u32()?.max())).is_ok_and(|most| most.is_none_or(|most| most == 0));
    let rows = rows.clone().lazy();
    if none { rows } else { rows.filter(col("filtered").eq(lit(0u32))) }
}

/// A frame from named vectors of one length.
macro_rules! frame {
    ($($name:literal => $values:expr),* $(,)?) => {
        DataFrame::new_infer_height(vec![$(Column::new($name.into(), $values)),*])
    };
}
pub(crate) use frame;
