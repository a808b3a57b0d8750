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
use crate::frames::held;
use crate::job::Plan;
use crate::memory::{Budget, Means};
use crate::names::{Latest, Names};
use crate::rules::ReplyMode;
use arrow::array::{Array, AsArray, StringArray};
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
    /// Bad rows say nothing.
    rows: Vec<Row>,
    /// Of the columns of `KEYS`.
    slots: [Vec<u32>; 5],
}

/// What a row says besides its names.
#[derive(Clone, Copy, Default)]
struct Row {
    words: u32,
    what: What,
    mode: ReplyMode,
    lead: bool,
    blank: bool,
}

impl Said {
    fn of(batch: Batch, blanks: bool) -> Said {
        let c = &*COLUMNS;
        let instants = batch.ints(c.sent_at).values();
        let good = |row: &usize| batch.bad.is_empty() || !batch.bad.contains_key(row);
        let times = match batch.bad.is_empty() {
            true => reach(instants.iter()),
            false => reach((0..batch.rows).filter(good).map(|row| &instants[row])),
        };
        let slots = [c.shop, c.buyer, c.session, c.agent, c.platform].map(|column| batch.slots(column));
        // By slot; 0 is none.
        let by_slot = |column: usize| std::iter::once(None).chain(batch.values(column).iter());
        let senders = by_slot(c.sender).map(|word| word.and_then(Sender::of)).collect::<Vec<_>>();
        let modes = by_slot(c.mode).map(|word| word.and_then(mode)).collect::<Vec<_>>();
        let texts = batch.text(c.text);
        let said = |(row, ((sender, mode), agent)): (usize, ((u32, u32), &u32))| {
            let Some(sender) = senders[sender as usize].filter(|_| good(&row)) else { return Row::default() };
            let kind = || batch.key(c.kind, row);
            let (what, mode) = what(sender, kind, modes[mode as usize], *agent > 0);
            let text = if texts.is_valid(row) { texts.value(row) } else { "" };
            let said = Row { what, mode, ..Row::default() };
            match what {
                What::Reply => Row { words: text.chars().count() as u32, ..said },
                What::Buyer => Row { lead: is_lead(text), blank: blanks && is_blank(kind(), text), ..said },
                _ => said,
            }
        };
        let rows = batch.slots(c.sender).into_iter().zip(batch.slots(c.mode)).zip(&slots[3]).enumerate().map(said).collect();
        Said { times, rows, slots, batch }
    }
}

/// The first and last of some instants.
fn reach<'a>(instants: impl Iterator<Item = &'a i64>) -> Option<Range<i64>> {
    let (first, last) = instants.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(*at), last.max(*at)));
    (first <= last).then_some(first..last)
}

/// Where the texts of a dictionary were written last.
#[derive(Default)]
struct Seen {
    dictionary: Latest,
    /// By slot: the first is nobody's.
    written: Vec<Written>,
}

impl Seen {
    /// A dictionary column, ready to be read row by row.
    fn of<'a>(&'a mut self, values: &'a StringArray) -> SeenIn<'a> {
        if self.dictionary.is_new(values) {
            self.written.clear();
            self.written.resize(values.len() + 1, Written::default());
        }
        SeenIn { values, written: &mut self.written }
    }
}

struct SeenIn<'a> {
    values: &'a StringArray,
    written: &'a mut [Written],
}

impl<'a> SeenIn<'a> {
    /// The text of a slot; of slot 0, none.
    #[inline]
    fn at(&mut self, slot: u32) -> Shared<'_, impl Fn() -> &'a [u8] + use<'a>> {
        let (slot, values) = (slot as usize, self.values);
        let text = move || slot.checked_sub(1).map_or(&[][..], |key| values.value(key).as_bytes());
        Shared { text, written: &mut self.written[slot] }
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
        let (times, seqs, recalls) = (batch.ints(c.sent_at).values(), batch.ints(c.seq), batch.columns[c.recalled].as_boolean());
        let (ids, platform_names) = (batch.text(c.message), batch.values(c.platform));
        let [buyers, sessions] = &mut self.seen;
        let (mut buyers, mut sessions) = (buyers.of(batch.values(c.buyer)), sessions.of(batch.values(c.session)));
        let mut coded = self.names.batch(batch.values(c.shop), batch.values(c.agent));
        // By shop code less 1: the slot of the platform it was last named with.
        let mut named: Vec<u32> = Vec::new();
        // Most logs have none of these.
        let (has_seq, recalled) = (seqs.null_count() < seqs.len(), held(recalls));
        let has_recalled = recalled.count_set_bits() > 0;
        let mut outside = 0;
        let [shops, buyer_slots, session_slots, agents, platforms] = &said.slots;
        let names = shops.iter().zip(agents).zip(platforms).zip(buyer_slots).zip(session_slots);
        for ((row, (said, at)), ((((shop, agent), platform), buyer), session)) in said.rows.iter().zip(times).enumerate().zip(names) {
            if !batch.bad.is_empty() && batch.bad.contains_key(&row) {
                continue;
            }
            if !bounds.contains(at) {
                outside += 1;
                continue;
            }
            let (shop, agent) = coded.line(*shop, *agent);
            if *platform > 0 {
                let index = shop as usize - 1;
                if named.len() <= index {
                    named.resize(index + 1, 0);
                }
                if std::mem::replace(&mut named[index], *platform) != *platform {
                    coded.names.platform(shop, platform_names.value(*platform as usize - 1));
                }
            }
            let seq = if has_seq && seqs.is_valid(row) { seqs.value(row) } else { i64::MIN };
            let recalled = has_recalled && recalled.value(row);
            let Row { words, what, mode, lead, blank } = *said;
            let line = Raw { at: *at, seq, agent, words, order: self.read, file, what, mode, lead, blank, recalled, ..Raw::default() };
            self.read += 1;
            let id = if ids.is_valid(row) { ids.value(row) } else { "" };
            self.shelf.add(shop, line, &mut buyers.at(*buyer), &mut sessions.at(*session), id.as_bytes())?;
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

#[inline(always)]
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
