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

pub use credits::{Instant, credits, instants, no_replies, reply_days};
pub use inquiries::inquiries;
pub use paid::paid;
pub use peaks::{Edge, peaks};
pub use rounds::{bucket_bounds, rounds_of};
pub use talks::talks_of;

use crate::calendar;
use crate::conversation::{Day, Session, replay};
use crate::error::Result;
use crate::ingest::{Lines, Raw, Reference, Shelf, Tallies};
use crate::job::Level;
use crate::names::Names;
use arrow::array::{BinaryBuilder, StringArray};
use hashbrown::HashMap;
use polars::prelude::*;

/// Why a buyer's day is out of every reception metric but `consult_*` and `filtered_*` (接待过滤). The code stands in `filtered`.
pub const FILTERS: [&str; 3] = ["", "own_accounts", "blocklist"];

/// The chat facts of some shops or buyers of one business day. Columns: see the file of each table.
pub struct ChatFacts {
    pub sessions: DataFrame,
    pub receptions: DataFrame,
    pub rounds: DataFrame,
    pub shop_peer_days: DataFrame,
    pub peer_days: DataFrame,
    pub hours: DataFrame,
    pub replies: DataFrame,
    /// Message ids that rows name, by code less 1.
    pub messages: StringArray,
    pub edges: Vec<Edge>,
    pub tallies: Vec<Tallies>,
}

impl ChatFacts {
    pub fn peer_days_of(&self, level: Level) -> &DataFrame {
        match level {
            Level::Shop => &self.shop_peer_days,
            Level::Agent => &self.peer_days,
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
    filtered: u32,
    sessions: Vec<Session>,
}

/// The rows of each table so far.
#[derive(Default)]
struct Rows {
    sessions: talks::Talks,
    receptions: talks::Talks,
    rounds: rounds::Rounds,
    shop_peer_days: peer_days::PeerDays,
    peer_days: peer_days::PeerDays,
    hours: hours::Hours,
    replies: replies::Replies,
    messages: Messages,
    edges: Vec<Edge>,
}

/// Message ids worth keeping.
#[derive(Default)]
pub(crate) struct Messages {
    ids: BinaryBuilder,
    kept: u32,
}

impl Messages {
    /// The code of a message id; 0 for none.
    fn keep(&mut self, id: &[u8]) -> u32 {
        if id.is_empty() {
            return 0;
        }
        self.ids.append_value(id);
        self.kept += 1;
        self.kept
    }
}

/// Replays the conversations of a shard's pieces and lays the results out in columns.
/// Rows come in the order of shop id, part of the shop, buyer id and time, whatever the order of the files.
pub fn chat_facts(context: &Context, shelf: &Shelf, shard: &[usize]) -> Result<ChatFacts> {
    let mut rows = Rows::with_room(shelf.count(shard));
    let mut tallies = Vec::new();
    for piece in shard {
        let (lines, became) = shelf.take(*piece)?;
        tallies.push(became);
        for conversation in by_conversation(&lines, context.names).chunk_by(|a, b| a.conversation == b.conversation) {
            rows.push(context, conversation, &lines);
        }
    }
    let mut messages = rows.messages;
    Ok(ChatFacts {
        sessions: rows.sessions.frame()?,
        receptions: rows.receptions.frame()?,
        rounds: rows.rounds.frame()?,
        shop_peer_days: rows.shop_peer_days.frame()?,
        peer_days: rows.peer_days.frame()?,
        hours: rows.hours.frame()?,
        replies: rows.replies.frame()?,
        messages: StringArray::try_from_binary(messages.ids.finish())?,
        edges: rows.edges,
        tallies,
    })
}

impl Rows {
    /// Room for what so many lines mostly come to: making room while rows are added would move them again and again.
    fn with_room(lines: usize) -> Rows {
        Rows {
            rounds: rounds::Rounds::with_room(lines / 3),
            replies: replies::Replies::with_room(lines / 2),
            sessions: talks::Talks::with_room(lines / 10),
            receptions: talks::Talks::with_room(lines / 10),
            shop_peer_days: peer_days::PeerDays::with_room(lines / 10),
            peer_days: peer_days::PeerDays::with_room(lines / 10),
            hours: hours::Hours::with_room(lines / 5),
            ..Rows::default()
        }
    }

    fn push(&mut self, context: &Context, conversation: &[Raw], lines: &Lines) {
        let Some(first) = conversation.first() else { return };
        let names = context.names;
        let shop = names.shop_of(first.conversation);
        let filtered = filter(names.shop(shop), names.buyer(first.conversation), context);
        let day = &context.rules;
        let told = Told { conversation: first.conversation, shop, filtered, sessions: replay(conversation, day) };
        peaks::add(&mut self.edges, &told, day);
        hours::add(&mut self.hours, &told);
        peer_days::add(&mut self.shop_peer_days, &mut self.peer_days, &told);
        replies::add(&mut self.replies, &mut self.messages, &told, conversation, lines);
        talks::add(&mut self.sessions, &mut self.receptions, &told, day);
        rounds::add(&mut self.rounds, &mut self.messages, &told, lines, day);
    }
}

/// A piece's lines conversation by conversation, in the order of their buyers; each in order (semantics §2).
fn by_conversation(lines: &Lines, names: &Names) -> Vec<Raw> {
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut counts: Vec<(u32, usize)> = Vec::new();
    let mut place_of = Vec::with_capacity(lines.lines.len());
    for line in &lines.lines {
        let place = *places.entry(line.conversation).or_insert_with(|| {
            counts.push((line.conversation, 0));
            counts.len() - 1
        });
        counts[place].1 += 1;
        place_of.push(place);
    }
    let mut by_buyer = counts.iter().enumerate().map(|(place, count)| (names.buyer(count.0), place)).collect::<Vec<_>>();
    by_buyer.sort_unstable();
    let mut next = 0;
    for (_, place) in by_buyer {
        next += std::mem::replace(&mut counts[place].1, next);
    }
    let mut sorted = vec![Raw::default(); lines.lines.len()];
    for (line, place) in lines.lines.iter().zip(place_of) {
        sorted[counts[place].1] = *line;
        counts[place].1 += 1;
    }
    let key = |line: &Raw| (line.at, line.seq, line.order);
    for conversation in sorted.chunk_by_mut(|a, b| a.conversation == b.conversation) {
        // Logs come in time order; where a file does not, only what is out of it is sorted.
        if !conversation.is_sorted_by_key(key) {
            conversation.sort_unstable_by_key(key);
        }
    }
    sorted
}

fn filter(shop: &str, buyer: &str, context: &Context) -> u32 {
    let (rules, reference) = (context.rules.rules, context.reference);
    if rules.own_accounts && reference.is_staff(shop, buyer) {
        1
    } else if rules.blocklist && reference.is_blocked(shop, buyer, context.day) {
        2
    } else {
        0
    }
}

/// The rows of buyers who are not filtered: mostly all of them, and then none need be copied.
fn unfiltered(rows: &DataFrame) -> LazyFrame {
    let none = rows.column("filtered").and_then(|codes| Ok(codes.u32()?.max())).is_ok_and(|most| most.is_none_or(|most| most == 0));
    let rows = rows.clone().lazy();
    if none { rows } else { rows.filter(col("filtered").eq(lit(0u32))) }
}

/// The columns of a table, each with how a row fills it.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident($($given:ident: $type:ty),* $(,)?) { $($column:ident: $of:ty = $value:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name {
            $($column: Vec<$of>),*
        }

        impl $name {
            fn push(&mut self, $($given: $type),*) {
                $(self.$column.push($value);)*
            }

            /// With room for so many rows.
            pub(super) fn with_room(rows: usize) -> Self {
                $name { $($column: Vec::with_capacity(rows)),* }
            }

            pub(super) fn frame(self) -> $crate::error::Result<polars::prelude::DataFrame> {
                use polars::prelude::{Column, DataFrame};
                Ok(DataFrame::new_infer_height(vec![$(Column::new(stringify!($column).into(), self.$column)),*])?)
            }
        }
    };
}
pub(crate) use table;

/// A frame from named vectors of one length.
macro_rules! frame {
    ($($name:literal => $values:expr),* $(,)?) => {
        DataFrame::new_infer_height(vec![$(Column::new($name.into(), $values)),*])
    };
}
pub(crate) use frame;
