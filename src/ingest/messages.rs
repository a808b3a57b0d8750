//! Reads the chat log of business days: every line with its names as codes, partitioned by shop.

use super::batch::CanonicalBatch;
use super::contact_info::has_contact_info;
use super::dedup::FileLineCounts;
use super::files::{files_of, require_files};
use super::persons::PersonHashes;
use super::profile::{Profile, ProfileCounts};
use super::quarantine::Audit;
use super::read::read;
use super::strays::{MessagePartitions, Strays, lines_ahead};
use crate::config::{Plan, RowOrder};
use crate::error::Result;
use crate::frames::held;
use crate::ingest::spill::codec::{BlockEntry, SharedText};
use crate::ingest::spill::partitions::ShopPartitions;
use crate::memory::{DayResources, MemoryBudget};
use crate::model::InputTable;
use crate::names::{LastDictionary, Names};
use arrow::array::{Array, AsArray, BooleanArray, StringArray};
use arrow::buffer::BooleanBuffer;
use kefu_kernel::calendar::Day;
use kefu_kernel::line::ChatLine;
use kefu_kernel::line::LineKind;
use kefu_kernel::rules::ReplyMode;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// The chat lines of one business day.
pub struct DayChats {
    /// The codes of the day's shops and agents.
    pub names: Names,
    /// The lines, by shop.
    pub partitions: ShopPartitions,
    /// The row counts and bad rows of the files that were read.
    pub audit: Audit,
    /// What is remarkable about the cells of these files.
    counts: ProfileCounts,
    /// The block entries of buyers and of sessions.
    shared_texts: [SharedTexts; 2],
    /// File keys by file number.
    files: Vec<String>,
    /// The number of lines added.
    lines: u32,
    /// Whether lines are numbered downwards, because the newest come first.
    newest_first: bool,
}

/// The chat lines of several business days.
pub struct ChatsByDay {
    /// The lines by day; a day without lines has an entry too.
    pub days: BTreeMap<Day, DayChats>,
    /// The earliest `sent_at` (UTC ms) in any of the files; `None` if there are no good rows.
    pub earliest: Option<i64>,
}

/// Reads the lines of business days in one pass over their files, on `resources.workers` threads. Lines beyond the memory budget are
/// spilled to disk. `hashes`: those by which the buyers of a large shop are divided. `looks_ahead`: the next partition is searched for lines of
/// these days, for a warning alone. Errors: a file is missing (unless `on_missing` is "empty"), or a file is damaged.
pub fn read_messages(
    plan: &Plan,
    wanted: &BTreeSet<Day>,
    resources: &DayResources,
    hashes: &Arc<PersonHashes>,
    looks_ahead: bool,
) -> Result<ChatsByDay> {
    let (Some(first), Some(last)) = (wanted.first().copied(), wanted.last().copied()) else {
        return Ok(ChatsByDay { days: BTreeMap::new(), earliest: None });
    };
    let files = files_of(plan, InputTable::Messages, &plan.config.messages, first, last)?;
    require_files(plan, InputTable::Messages, &plan.config.messages, &files, first, last)?;
    let partitions = MessagePartitions::of(plan, &files)?;
    let files = files.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut days = BTreeMap::new();
    for day in wanted {
        let mut chats = DayChats::new(resources.budget.clone(), hashes, plan.config.messages.order == RowOrder::NewestFirst);
        chats.audit.record_sizes(&files);
        days.insert(*day, (plan.calendar.bounds(*day)?, chats));
    }
    let mut earliest: Option<i64> = None;
    let mut strays = Strays::default();
    read(
        plan,
        InputTable::Messages,
        &files,
        resources.workers,
        |batch| (partitions.strays(&batch), ParsedBatch::parse(batch, plan.rules.widest.empty)),
        |(found, parsed)| {
            strays.add(found);
            earliest = parsed.times.as_ref().map(|times| times.start).into_iter().chain(earliest).min();
            for (bounds, chats) in days.values_mut() {
                // Logs are in time order, so that most batches overlap one of the days.
                match &parsed.times {
                    Some(times) if times.start < bounds.end && times.end >= bounds.start => chats.append(&parsed, bounds)?,
                    _ => chats.skip(&parsed.batch)?,
                }
            }
            Ok(())
        },
    )?;
    if looks_ahead {
        // Whatever is wrong with that partition concerns the run that reads it.
        strays.add(lines_ahead(plan, last, resources.workers).unwrap_or_default());
    }
    if let Some((_, chats)) = days.get_mut(&last) {
        chats.audit.warnings.extend(strays.warnings());
    }
    Ok(ChatsByDay { days: days.into_iter().map(|(day, (_, chats))| (day, chats)).collect(), earliest })
}

/// The index of each column of the messages table in a canonical batch.
struct MessageColumns {
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
    needs_reply: usize,
    platform: usize,
}

static COLUMNS: LazyLock<MessageColumns> = LazyLock::new(|| {
    let at = |name| InputTable::Messages.index(name);
    MessageColumns {
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
        needs_reply: at("needs_reply"),
        platform: at("platform"),
    }
});

/// A batch of chat lines, parsed as far as is possible without the day's name codes. It is made in the thread that decoded the batch.
struct ParsedBatch {
    batch: CanonicalBatch,
    /// The first and the last instant (UTC ms) of the good rows, the last one included; `None` without good rows.
    times: Option<Range<i64>>,
    /// One parsed row per row of the batch; a bad row has the default.
    rows: Vec<ParsedRow>,
    /// The dictionary slots of shop, buyer, session, agent and platform, one per row.
    slots: [Vec<u32>; 5],
}

/// The parsed fields of a chat line, other than its names and times; see `ChatLine`.
#[derive(Clone, Copy, Default)]
struct ParsedRow {
    words: u32,
    kind: LineKind,
    mode: ReplyMode,
    has_contact: bool,
    blank: bool,
    robot: bool,
}

impl ParsedBatch {
    /// Parses a batch. `blanks`: whether a rule needs to know which buyer lines are blank (DECISIONS #21).
    fn parse(batch: CanonicalBatch, blanks: bool) -> ParsedBatch {
        let c = &*COLUMNS;
        let instants = batch.ints(c.sent_at).values();
        let is_good = |row: &usize| batch.faults.is_empty() || !batch.faults.contains_key(row);
        let times = match batch.faults.is_empty() {
            true => time_range(instants.iter()),
            false => time_range((0..batch.rows).filter(is_good).map(|row| &instants[row])),
        };
        let slots = [c.shop, c.buyer, c.session, c.agent, c.platform].map(|column| batch.slots(column));
        // Slot 0 stands for a null cell.
        let by_slot = |column: usize| std::iter::once(None).chain(batch.values(column).iter());
        let senders = by_slot(c.sender).map(|word| word.and_then(Sender::parse)).collect::<Vec<_>>();
        let modes = by_slot(c.mode).map(|word| word.and_then(reply_mode)).collect::<Vec<_>>();
        let texts = batch.text(c.text);
        let (notes, remarks) = (batch.keys_where(c.kind, is_note), said_false(batch.columns[c.needs_reply].as_boolean()));
        let parse_row = |(row, ((sender, mode), agent)): (usize, ((u32, u32), &u32))| {
            let Some(sender) = senders[sender as usize].filter(|_| is_good(&row)) else { return ParsedRow::default() };
            if notes.as_ref().is_some_and(|notes| notes[row]) {
                return ParsedRow::default();
            }
            let kind = || batch.key(c.kind, row);
            let (line, mode) = line_kind(sender, kind, modes[mode as usize], *agent > 0);
            let text = if texts.is_valid(row) { texts.value(row) } else { "" };
            let parsed = ParsedRow { kind: line, mode, robot: matches!(sender, Sender::Robot), ..ParsedRow::default() };
            match line {
                LineKind::Reply => ParsedRow { words: text.chars().count() as u32, ..parsed },
                LineKind::Buyer => {
                    let kind_of_line = if remarks.as_ref().is_some_and(|said| said.value(row)) { LineKind::Remark } else { line };
                    let blank = blanks && is_blank(kind(), text);
                    ParsedRow { kind: kind_of_line, has_contact: has_contact_info(text), blank, ..parsed }
                }
                _ => parsed,
            }
        };
        let rows = batch.slots(c.sender).into_iter().zip(batch.slots(c.mode)).zip(&slots[3]).enumerate().map(parse_row).collect();
        ParsedBatch { times, rows, slots, batch }
    }
}

/// Whether a kind is that of lines that the buyer does not see: private notes, internal comments.
fn is_note(kind: &str) -> bool {
    kind.trim().eq_ignore_ascii_case("note")
}

/// The cells that say no. `None` if none does, as in most logs.
fn said_false(cells: &BooleanArray) -> Option<BooleanBuffer> {
    let no = match cells.nulls() {
        Some(known) => &!cells.values() & known.inner(),
        None => !cells.values(),
    };
    (no.count_set_bits() > 0).then_some(no)
}

/// The first and the last of some instants; `None` if there are none.
fn time_range<'a>(instants: impl Iterator<Item = &'a i64>) -> Option<Range<i64>> {
    let (first, last) = instants.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(*at), last.max(*at)));
    (first <= last).then_some(first..last)
}

/// The block entries of a dictionary's values. They are kept as long as batches share the dictionary.
#[derive(Default)]
struct SharedTexts {
    dictionary: LastDictionary,
    /// One entry per slot. Slot 0 stands for no text, and its entry stays unused.
    entries: Vec<BlockEntry>,
}

impl SharedTexts {
    /// The texts of a batch's dictionary column.
    fn of_batch<'a>(&'a mut self, values: &'a StringArray) -> BatchTexts<'a> {
        if self.dictionary.is_new(values) {
            self.entries.clear();
            self.entries.resize(values.len() + 1, BlockEntry::default());
        }
        BatchTexts { values, entries: &mut self.entries }
    }
}

/// The values of a batch's dictionary column, with their block entries.
struct BatchTexts<'a> {
    values: &'a StringArray,
    entries: &'a mut [BlockEntry],
}

impl<'a> BatchTexts<'a> {
    /// The text of a slot; empty for slot 0.
    #[inline]
    fn at(&mut self, slot: u32) -> SharedText<'_, impl Fn() -> &'a [u8] + use<'a>> {
        let (slot, values) = (slot as usize, self.values);
        let text = move || slot.checked_sub(1).map_or(&[][..], |key| values.value(key).as_bytes());
        SharedText { text, entry: &mut self.entries[slot] }
    }
}

impl DayChats {
    fn new(budget: MemoryBudget, hashes: &Arc<PersonHashes>, newest_first: bool) -> DayChats {
        let (names, audit, (shared_texts, files)) = (Names::default(), Audit::new(InputTable::Messages), Default::default());
        DayChats {
            names,
            partitions: ShopPartitions::new(budget).split_by(hashes),
            audit,
            counts: ProfileCounts::default(),
            shared_texts,
            files,
            lines: 0,
            newest_first,
        }
    }

    /// The profile of the files that were read.
    pub fn profile(&self) -> Profile {
        self.counts.profile()
    }

    /// Counts a batch that has no line of this day.
    fn skip(&mut self, batch: &CanonicalBatch) -> Result<()> {
        self.audit.quarantine(batch)?;
        let tally = self.audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.outside += (batch.rows - batch.faults.len()) as i64;
        Ok(())
    }

    /// Adds the batch's lines that lie within `bounds`, the instants of this day.
    fn append(&mut self, parsed: &ParsedBatch, bounds: &Range<i64>) -> Result<()> {
        let (c, batch) = (&*COLUMNS, &parsed.batch);
        if self.files.last() != Some(&batch.file) {
            self.files.push(batch.file.clone());
        }
        let file = self.files.len() as u32 - 1;
        self.audit.quarantine(batch)?;
        self.counts.add(batch);
        let (times, seqs, recalls) = (batch.ints(c.sent_at).values(), batch.ints(c.seq), batch.columns[c.recalled].as_boolean());
        let (ids, platform_names) = (batch.text(c.message), batch.values(c.platform));
        let [buyers, sessions] = &mut self.shared_texts;
        let (mut buyers, mut sessions) = (buyers.of_batch(batch.values(c.buyer)), sessions.of_batch(batch.values(c.session)));
        let mut coded = self.names.batch(batch.values(c.shop), batch.values(c.agent));
        // The platform slot of each shop's previous line, at the shop's code less 1.
        let mut last_platforms: Vec<u32> = Vec::new();
        // Most logs have neither `seq` nor `recalled`, so that both are tested once for the batch.
        let (has_seq, recalled) = (seqs.null_count() < seqs.len(), held(recalls));
        let has_recalled = recalled.count_set_bits() > 0;
        let mut outside = 0;
        let [shops, buyer_slots, session_slots, agents, platforms] = &parsed.slots;
        let slots = shops.iter().zip(agents).zip(platforms).zip(buyer_slots).zip(session_slots);
        for ((row, (parsed, at)), ((((shop, agent), platform), buyer), session)) in parsed.rows.iter().zip(times).enumerate().zip(slots) {
            if !batch.faults.is_empty() && batch.faults.contains_key(&row) {
                continue;
            }
            if !bounds.contains(at) {
                outside += 1;
                continue;
            }
            let (shop, agent) = coded.line_codes(*shop, *agent);
            if *platform > 0 {
                let index = shop as usize - 1;
                if last_platforms.len() <= index {
                    last_platforms.resize(index + 1, 0);
                }
                if std::mem::replace(&mut last_platforms[index], *platform) != *platform {
                    coded.names.add_platform(shop, platform_names.value(*platform as usize - 1));
                }
            }
            let seq = if has_seq && seqs.is_valid(row) { seqs.value(row) } else { i64::MIN };
            let recalled = has_recalled && recalled.value(row);
            let ParsedRow { words, kind, mode, has_contact, blank, robot } = *parsed;
            let order = if self.newest_first { u32::MAX - self.lines } else { self.lines };
            let line = ChatLine { sent_at: *at, seq, agent, words, order, file, kind, mode, ..ChatLine::default() };
            let line = ChatLine { has_contact, blank, recalled, robot, ..line };
            self.lines += 1;
            let id = if ids.is_valid(row) { ids.value(row) } else { "" };
            self.partitions.add(shop, line, &mut buyers.at(*buyer), &mut sessions.at(*session), id.as_bytes())?;
        }
        self.partitions.enforce_budget()?;
        let tally = self.audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.outside += outside;
        Ok(())
    }

    /// Adds the line counts of a shard to the audit, once its lines have been replayed.
    pub fn count(&mut self, counts: &FileLineCounts) {
        for (file, [used, duplicates, ignored]) in self.files.iter().zip(counts) {
            let tally = self.audit.file(file);
            tally.used += used;
            tally.duplicates += duplicates;
            tally.ignored += ignored;
        }
    }
}

/// Whether a buyer line is a text message that is empty or only white space. A picture or a card is never blank.
fn is_blank(kind: Option<&str>, text: &str) -> bool {
    text.trim().is_empty() && kind.is_none_or(|kind| matches!(kind.trim(), "" | "text"))
}

/// The value of the column `sender`.
#[derive(Clone, Copy)]
enum Sender {
    Buyer,
    Agent,
    Robot,
    System,
}

impl Sender {
    fn parse(word: &str) -> Option<Sender> {
        match word {
            "buyer" => Some(Sender::Buyer),
            "agent" => Some(Sender::Agent),
            "robot" => Some(Sender::Robot),
            "system" => Some(Sender::System),
            _ => None,
        }
    }
}

/// The value of the column `reply_mode`.
fn reply_mode(word: &str) -> Option<ReplyMode> {
    match word {
        "human" => Some(ReplyMode::Human),
        "assist" => Some(ReplyMode::Assist),
        "auto" => Some(ReplyMode::Auto),
        _ => None,
    }
}

/// The kind and the reply mode of a line. A robot's line that names no agent is a `LineKind::Auto`; a person's is a reply of nobody. A robot's reply has the mode `Auto` unless the log
/// gives another; the rules say whether that mode counts as a reply. `kind` reads the column `kind` and is called for system lines only.
#[inline(always)]
fn line_kind<'a>(
    sender: Sender,
    kind: impl FnOnce() -> Option<&'a str>,
    mode: Option<ReplyMode>,
    has_agent: bool,
) -> (LineKind, ReplyMode) {
    let human = mode.unwrap_or(ReplyMode::Human);
    match sender {
        Sender::Buyer => (LineKind::Buyer, human),
        Sender::System => match kind() {
            Some("assign") => (LineKind::Assign, human),
            Some("transfer") => (LineKind::Transfer, human),
            Some("close") => (LineKind::Close, human),
            _ => (LineKind::Ignored, human),
        },
        Sender::Robot if !has_agent => (LineKind::Auto, human),
        Sender::Agent => (LineKind::Reply, human),
        Sender::Robot => (LineKind::Reply, mode.unwrap_or(ReplyMode::Auto)),
    }
}
