//! The chat log of business days: every line with its names as codes, by shop.

use super::files::{files_of, require_files};
use super::leads::is_lead;
use super::lines::Shelf;
use super::mapping::Batch;
use super::packed::{Shared, Written};
use super::quarantine::Audit;
use super::table::{Table, read};
use crate::calendar::Day;
use crate::error::Result;
use crate::job::Plan;
use crate::memory::{Budget, Means};
use crate::names::{Latest, Names};
use crate::rules::ReplyMode;
use arrow::array::types::Int32Type;
use arrow::array::{Array, AsArray, DictionaryArray, StringArray};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

/// What a line is (semantics §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// A recalled buyer line, or an event of no kind we know: read, and then passed over.
    #[default]
    Nothing,
    Buyer,
    /// Of an agent: a reply if the shop's rules count its mode.
    Reply,
    Auto,
    Assign,
    Transfer,
    Close,
}

/// One line of the log. Codes are those of `Names`; 0 is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw {
    pub at: i64,
    /// `i64::MIN` where the log gives none: it sorts first.
    pub seq: i64,
    /// Codes of `Talkers`; of the conversation, until the lines are sorted, the code of its buyer.
    pub conversation: u32,
    pub session: u32,
    /// The place of its message id in `Texts`.
    pub message: u32,
    pub agent: u32,
    /// Unicode scalar values in the text of a reply.
    pub words: u32,
    /// Place among the day's lines as they were read.
    pub order: u32,
    pub file: u32,
    pub what: What,
    /// How a reply was made.
    pub mode: ReplyMode,
    /// The buyer left a way to be reached (有效信息).
    pub lead: bool,
    /// A buyer line of text in which there is none. Looked at where the rule `empty` asks for it.
    pub blank: bool,
    pub recalled: bool,
}

/// All lines of one business day.
pub struct Chats {
    pub names: Names,
    pub shelf: Shelf,
    pub audit: Audit,
    /// Of buyers and sessions.
    seen: [Seen; 2],
    files: Vec<String>,
    read: u32,
}

/// What became of the lines of each file: used, duplicates, ignored. Files by their number in the day.
pub type Tallies = Vec<[i64; 3]>;

/// The lines of some business days, and the first instant any of their files speaks of.
pub struct Reading {
    pub days: BTreeMap<Day, Chats>,
    pub earliest: Option<i64>,
}

/// Reads the lines of some business days in one pass over their files, on all cores; lines beyond the budget wait on disk.
/// Errors: no file for them (by `on_missing`), a file that is not what it claims.
pub fn read_messages(plan: &Plan, needed: &BTreeSet<Day>, means: &Means) -> Result<Reading> {
    let (Some(first), Some(last)) = (needed.first().copied(), needed.last().copied()) else {
        return Ok(Reading { days: BTreeMap::new(), earliest: None });
    };
    let files = files_of(plan, &plan.job.messages, first, last)?;
    require_files(plan, Table::Messages, &plan.job.messages, &files, first, last)?;
    let files = files.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut days = BTreeMap::new();
    for day in needed {
        let mut chats = Chats::new(means.budget.clone());
        chats.audit.measure(&files);
        days.insert(*day, (plan.calendar.bounds(*day)?, chats));
    }
    let mut earliest: Option<i64> = None;
    read(
        plan,
        Table::Messages,
        &files,
        means.workers,
        |batch| Said::of(batch, plan.rules.widest.empty),
        |said| {
            earliest = said.times.as_ref().map(|times| times.start).into_iter().chain(earliest).min();
            for (bounds, chats) in days.values_mut() {
                // Logs come in time order: most batches touch one day of many.
                match &said.times {
                    Some(times) if times.start < bounds.end && times.end >= bounds.start => chats.append(&said, bounds)?,
                    _ => chats.pass_over(&said.batch)?,
                }
            }
            Ok(())
        },
    )?;
    Ok(Reading { days: days.into_iter().map(|(day, (_, chats))| (day, chats)).collect(), earliest })
}

/// The columns of the table, in the order of a batch.
struct Columns {
    shop: usize,
    buyer: usize,
    sender: usize,
    sent_at: usize,
    agent: usize,
    session: usize,
    message: usize,
    seq: usize,
    mode: usize,
    kind: usize,
    text: usize,
    recalled: usize,
    platform: usize,
}

static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    let at = |name| Table::Messages.index(name);
    Columns {
        shop: at("shop_id"),
        buyer: at("buyer_id"),
        sender: at("sender"),
        sent_at: at("sent_at"),
        agent: at("agent_id"),
        session: at("session_id"),
        message: at("message_id"),
        seq: at("seq"),
        mode: at("reply_mode"),
        kind: at("kind"),
        text: at("text"),
        recalled: at("recalled"),
        platform: at("platform"),
    }
});

/// A batch with what its rows say worked out: all that needs no names.
struct Said {
    batch: Batch,
    /// First and last instant of its good rows.
    times: Option<Range<i64>>,
    /// By row; bad rows say nothing.
    rows: Vec<(What, ReplyMode, u32, bool, bool)>,
}

impl Said {
    fn of(batch: Batch, blanks: bool) -> Said {
        let c = &*COLUMNS;
        let instants = batch.ints(c.sent_at);
        let good = |row: &usize| batch.bad.is_empty() || !batch.bad.contains_key(row);
        let mut times: Option<Range<i64>> = None;
        for row in (0..batch.rows).filter(good) {
            let at = instants.value(row);
            times = Some(times.map_or(at..at, |times| times.start.min(at)..times.end.max(at)));
        }
        let (senders, modes, agents) = (batch.keys(c.sender), batch.keys(c.mode), batch.keys(c.agent));
        let [sender_names, mode_names] = [senders, modes].map(|keys| keys.values().as_string::<i32>());
        let texts = batch.text(c.text);
        let senders_by_key = sender_names.iter().map(|word| Sender::of(word.unwrap_or_default())).collect::<Vec<_>>();
        let modes_by_key = mode_names.iter().map(|word| word.and_then(mode)).collect::<Vec<_>>();
        let said = |row: usize| {
            let Some(sender) = senders.key(row).and_then(|key| senders_by_key[key]) else { return Default::default() };
            let kind = || batch.key(c.kind, row);
            let (what, mode) = what(sender, kind, modes.key(row).and_then(|key| modes_by_key[key]), agents.is_valid(row));
            let text = if texts.is_valid(row) { texts.value(row) } else { "" };
            match what {
                What::Reply => (what, mode, text.chars().count() as u32, false, false),
                What::Buyer => (what, mode, 0, is_lead(text), blanks && is_blank(kind(), text)),
                _ => (what, mode, 0, false, false),
            }
        };
        let rows = (0..batch.rows).map(|row| if good(&row) { said(row) } else { Default::default() }).collect();
        Said { times, rows, batch }
    }
}

/// Where the texts of a dictionary were written last.
#[derive(Default)]
struct Seen {
    dictionary: Latest,
    /// By key plus 1: the first is nobody's.
    written: Vec<Written>,
}

impl Seen {
    fn keys<'a>(&'a mut self, batch: &'a Batch, column: usize) -> Keys<'a> {
        let keys = batch.keys(column);
        let values = keys.values().as_string();
        if self.dictionary.is_new(values) {
            self.written.clear();
            self.written.resize(values.len() + 1, Written::default());
        }
        Keys { keys, values, written: &mut self.written }
    }
}

/// A dictionary column, ready to be read row by row.
struct Keys<'a> {
    keys: &'a DictionaryArray<Int32Type>,
    values: &'a StringArray,
    written: &'a mut [Written],
}

impl<'a> Keys<'a> {
    fn at(&mut self, row: usize) -> Shared<'_, impl Fn() -> &'a [u8] + use<'a>> {
        let (key, values) = (self.keys.key(row), self.values);
        let text = move || key.map_or(&[][..], |key| values.value(key).as_bytes());
        Shared { text, written: &mut self.written[key.map_or(0, |key| key + 1)] }
    }
}

impl Chats {
    fn new(budget: Budget) -> Chats {
        let (names, audit, (seen, files)) = (Names::default(), Audit::new(Table::Messages), Default::default());
        Chats { names, shelf: Shelf::new(budget), audit, seen, files, read: 0 }
    }

    /// Counts a batch without a line in the day.
    fn pass_over(&mut self, batch: &Batch) -> Result<()> {
        self.audit.set_aside(batch)?;
        let tally = self.audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.outside += (batch.rows - batch.bad.len()) as i64;
        Ok(())
    }

    /// Adds the batch's lines that lie in the day.
    fn append(&mut self, said: &Said, bounds: &Range<i64>) -> Result<()> {
        let (c, batch) = (&*COLUMNS, &said.batch);
        if self.files.last() != Some(&batch.file) {
            self.files.push(batch.file.clone());
        }
        let file = self.files.len() as u32 - 1;
        self.audit.set_aside(batch)?;
        let (times, seqs, recalls) = (batch.ints(c.sent_at), batch.ints(c.seq), batch.columns[c.recalled].as_boolean());
        let (ids, platforms) = (batch.text(c.message), batch.keys(c.platform));
        let [buyers, sessions] = &mut self.seen;
        let (mut buyers, mut sessions) = (buyers.keys(batch, c.buyer), sessions.keys(batch, c.session));
        let mut coded = self.names.batch(batch.keys(c.shop), batch.keys(c.agent));
        // Most logs have none of these.
        let [has_seq, has_platform] = [seqs.null_count() < seqs.len(), platforms.null_count() < platforms.len()];
        let platform_names = platforms.values().as_string::<i32>();
        // By shop code less 1: the platform it was last named with.
        let mut named: Vec<usize> = Vec::new();
        let has_recalled = recalls.true_count() > 0;
        let mut outside = 0;
        for (row, (what, mode, words, lead, blank)) in said.rows.iter().copied().enumerate() {
            if !batch.bad.is_empty() && batch.bad.contains_key(&row) {
                continue;
            }
            let at = times.value(row);
            if !bounds.contains(&at) {
                outside += 1;
                continue;
            }
            let (shop, agent) = coded.line(row);
            if has_platform && let Some(key) = platforms.key(row) {
                let index = shop as usize - 1;
                if named.len() <= index {
                    named.resize(index + 1, usize::MAX);
                }
                if std::mem::replace(&mut named[index], key) != key {
                    coded.names.platform(shop, platform_names.value(key));
                }
            }
            let seq = if has_seq && seqs.is_valid(row) { seqs.value(row) } else { i64::MIN };
            let recalled = has_recalled && recalls.is_valid(row) && recalls.value(row);
            let line = Raw { at, seq, agent, words, order: self.read, file, what, mode, lead, blank, recalled, ..Raw::default() };
            self.read += 1;
            let id = if ids.is_valid(row) { ids.value(row) } else { "" };
            self.shelf.add(shop, line, &mut buyers.at(row), &mut sessions.at(row), id.as_bytes())?;
        }
        self.shelf.relieve()?;
        let tally = self.audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.outside += outside;
        Ok(())
    }

    /// Counts what became of the lines.
    pub fn count(&mut self, tallies: &Tallies) {
        for (file, [used, duplicates, ignored]) in self.files.iter().zip(tallies) {
            let tally = self.audit.file(file);
            tally.used += used;
            tally.duplicates += duplicates;
            tally.ignored += ignored;
        }
    }
}

/// Text without a word in it. A picture or a card says something whatever its text.
fn is_blank(kind: Option<&str>, text: &str) -> bool {
    text.trim().is_empty() && kind.is_none_or(|kind| matches!(kind.trim(), "" | "text"))
}

#[derive(Clone, Copy)]
enum Sender {
    Buyer,
    Agent,
    Robot,
    System,
}

impl Sender {
    fn of(word: &str) -> Option<Sender> {
        match word {
            "buyer" => Some(Sender::Buyer),
            "agent" => Some(Sender::Agent),
            "robot" => Some(Sender::Robot),
            "system" => Some(Sender::System),
            _ => None,
        }
    }
}

fn mode(word: &str) -> Option<ReplyMode> {
    match word {
        "human" => Some(ReplyMode::Human),
        "assist" => Some(ReplyMode::Assist),
        "auto" => Some(ReplyMode::Auto),
        _ => None,
    }
}

fn what<'a>(sender: Sender, kind: impl FnOnce() -> Option<&'a str>, mode: Option<ReplyMode>, has_agent: bool) -> (What, ReplyMode) {
    let human = mode.unwrap_or(ReplyMode::Human);
    match sender {
        Sender::Buyer => (What::Buyer, human),
        Sender::System => match kind() {
            Some("assign") => (What::Assign, human),
            Some("transfer") => (What::Transfer, human),
            Some("close") => (What::Close, human),
            _ => (What::Nothing, human),
        },
        Sender::Agent | Sender::Robot if !has_agent => (What::Auto, human),
        Sender::Agent => (What::Reply, human),
        Sender::Robot => (What::Reply, mode.unwrap_or(ReplyMode::Auto)),
    }
}
