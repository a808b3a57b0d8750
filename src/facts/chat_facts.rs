//! The chat facts of a shard. They are a function of the day's own lines and the rules. The grain of each table is stated in its file.
//! Key columns hold the codes of `Names` and `ConversationNames`; `named_columns.rs` turns codes into ids before a table is published.

use super::concurrency;
use super::concurrency::OpenReception;
use super::context::FactContext;
use super::conversations::by_conversation;
use super::filters::{self, unfiltered};
use super::hours;
use super::line_counts::SuspectLines;
use super::peer_days;
use super::replayed::ReplayedConversation;
use super::replies;
use super::rounds;
use super::sessions;
use crate::error::Result;
use crate::ingest::{FileLineCounts, MessageIds, SharedColumn, ShopPartitions};
use crate::model::Level;
use crate::names;
use crate::names::ConversationNames;
use kefu_kernel::day_rules::DayRules;
use kefu_kernel::line::ChatLine;
use kefu_kernel::replay::{replay, replay_without};
use polars::prelude::*;

/// The chat facts of the shops, or parts of shops, of one shard on one business day. Columns: see the file of each table.
pub struct ChatFacts {
    /// One row per session (`sessions.rs`).
    pub sessions: DataFrame,
    /// One row per session × agent (`sessions.rs`).
    pub receptions: DataFrame,
    /// One row per round and handing-over agent (`rounds.rs`).
    pub rounds: DataFrame,
    /// One row per buyer (`peer_days.rs`).
    pub shop_peer_days: DataFrame,
    /// One row per agent × buyer (`peer_days.rs`).
    pub peer_days: DataFrame,
    /// One row per conversation × agent × hour (`hours.rs`).
    pub hours: DataFrame,
    /// One row per reply line (`replies.rs`).
    pub replies: DataFrame,
    /// The ids behind the codes of buyers and sessions.
    pub conversation_names: ConversationNames,
    /// The ids behind the handles in `message`, `asked_message` and `replied_message`.
    pub message_ids: MessageIds,
    /// When each reception was open. Concurrency is counted from these.
    pub open_receptions: Vec<OpenReception>,
    /// For each part of a shop, what became of its lines, by file.
    pub line_counts: Vec<FileLineCounts>,
    /// Lines that make a number doubtful.
    pub suspect: SuspectLines,
}

impl ChatFacts {
    /// The sessions (shop level) or receptions (agent and team level) that passed the reception filters.
    pub fn sessions_of(&self, level: Level) -> LazyFrame {
        unfiltered(match level {
            Level::Shop => &self.sessions,
            Level::Agent | Level::Team => &self.receptions,
        })
    }

    /// One row per buyer (shop level) or per agent × buyer (agent and team level). Filtered rows are included.
    pub fn peer_days_of(&self, level: Level) -> &DataFrame {
        match level {
            Level::Shop => &self.shop_peer_days,
            Level::Agent | Level::Team => &self.peer_days,
        }
    }
}

/// The lines of a conversation that are worth freeing early.
const LONG: usize = 1 << 18;

/// The tables of a shard while conversations are replayed into them.
struct FactRows {
    sessions: sessions::SideRows,
    receptions: sessions::SideRows,
    rounds: rounds::RoundRows,
    shop_peer_days: peer_days::PeerDayRows,
    peer_days: peer_days::PeerDayRows,
    hours: hours::HourRows,
    replies: replies::ReplyRows,
    open_receptions: Vec<OpenReception>,
}

/// Replays the conversations of a shard's partitions and collects the results into frames.
/// Rows are ordered by shop id, part of the shop, buyer id and time, whatever the order of the input files. Errors: a spilled partition
/// cannot be read.
pub fn chat_facts(context: &FactContext, partitions: &ShopPartitions, shard: &[usize]) -> Result<ChatFacts> {
    let mut rows = FactRows::with_capacity(partitions.count(shard));
    let (mut line_counts, mut suspect) = (Vec::new(), SuspectLines::default());
    let (mut conversation_names, mut message_ids) = (ConversationNames::default(), partitions.message_ids(shard));
    for partition in shard {
        let mut buyers = names::Interner::default();
        let (mut lines, counts) = partitions.take(*partition, &mut message_ids, &mut |column, name| match column {
            SharedColumn::Buyer => buyers.intern(name),
            SharedColumn::Session => conversation_names.session_code(name),
        })?;
        line_counts.push(counts);
        let shop = partitions.shop(*partition);
        // Messages are told apart by the account, everything else is said of the person.
        context.reference.persons.replace_codes(context.names.shop(shop), &mut buyers, &mut lines);
        let (day, rules) = (context.rules_of(shop)?, (context.rules.rules, context.order_by));
        suspect.merge(by_conversation(lines, &buyers, &mut conversation_names, rules, |names, lines| {
            rows.push((context, &day), shop, names, lines)
        }));
    }
    Ok(ChatFacts {
        sessions: rows.sessions.frame()?,
        receptions: rows.receptions.frame()?,
        rounds: rows.rounds.frame()?,
        shop_peer_days: rows.shop_peer_days.frame()?,
        peer_days: rows.peer_days.frame()?,
        hours: rows.hours.frame()?,
        replies: rows.replies.frame()?,
        conversation_names,
        message_ids,
        open_receptions: rows.open_receptions,
        line_counts,
        suspect,
    })
}

impl FactRows {
    /// Reserves for `lines` lines the rows that they usually become, because growing a column copies it.
    fn with_capacity(lines: usize) -> FactRows {
        FactRows {
            rounds: rounds::RoundRows::with_capacity(lines * 2 / 5),
            replies: replies::ReplyRows::with_capacity(lines / 2),
            sessions: sessions::SideRows::with_capacity(lines / 10),
            receptions: sessions::SideRows::with_capacity(lines / 10),
            shop_peer_days: peer_days::PeerDayRows::with_capacity(lines / 10),
            peer_days: peer_days::PeerDayRows::with_capacity(lines / 10),
            hours: hours::HourRows::with_capacity(lines / 5),
            open_receptions: Vec::new(),
        }
    }

    /// Replays one conversation and adds its rows to every table. If some of its peer-days are filtered, it is replayed once more for the shop's
    /// row, without their agents. The lines of a long conversation are freed before its rows take their memory.
    fn push(&mut self, (context, day): (&FactContext, &DayRules), shop: u32, names: &ConversationNames, lines: &mut Vec<ChatLine>) {
        let Some(first) = lines.first() else { return };
        let mut sessions = replay(lines, day);
        let filtered = filters::filtered(context.names.shop(shop), names.buyer(first.conversation), &sessions, context);
        if let Some(agents) = filtered.agents_to_leave_out() {
            sessions = replay_without(lines, day, &agents);
        }
        let conversation = ReplayedConversation { code: first.conversation, shop, filtered, sessions };
        replies::add(&mut self.replies, &conversation, lines);
        if lines.len() > LONG {
            *lines = Vec::new();
        }
        concurrency::add(&mut self.open_receptions, &conversation, day);
        hours::add(&mut self.hours, &conversation);
        peer_days::add(&mut self.shop_peer_days, &mut self.peer_days, &conversation);
        sessions::add(&mut self.sessions, &mut self.receptions, &conversation, day);
        rounds::add(&mut self.rounds, &conversation, day);
    }
}
