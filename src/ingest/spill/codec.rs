//! The row format of spilled chat lines, in memory as on disk. Each line is delta-encoded against the line before it, and buyers and
//! sessions are dictionary-encoded: a name is written once per block and is a number after that.
//!
//! Libraries considered: Arrow IPC and the Arrow row format. Both need a batch per write, but here lines arrive one by one for hundreds of
//! shops, and the row format writes every name into every row. A packed line takes some 28 bytes instead of the 85 of the plain row before
//! it, and the pass of 10 million lines reads 0.6 GB less (benches/RESULTS.md); neither library has been measured. Delete this file if
//! lines can be spilled as Arrow batches in as much memory and time.

use crate::ingest::persons::PersonHashes;
use kefu_kernel::line::{ChatLine, LineKind};
use kefu_kernel::rules::ReplyMode;
use std::sync::atomic::{AtomicU32, Ordering};

/// A bit field of a word: its lowest bit and its width.
#[derive(Clone, Copy)]
struct Bits(u32, u32);

impl Bits {
    /// Whether the field is wide enough for a number.
    fn hold(self, number: u64) -> bool {
        number >> self.1 == 0
    }

    /// A word with a number in the field and zeros elsewhere.
    fn put(self, number: u64) -> u64 {
        number << self.0
    }

    /// The number in the field of a word.
    fn of(self, word: u64) -> u64 {
        word >> self.0 & ((1 << self.1) - 1)
    }
}

// The first word (32 bits) is the header. If `PLAIN` is set, a number was too large for its field, and all numbers follow the header in
// full; otherwise two words of bit fields follow.
const KIND: Bits = Bits(0, 3);
const MODE: Bits = Bits(3, 2);
const LEAD: Bits = Bits(5, 1);
const BLANK: Bits = Bits(6, 1);
const RECALLED: Bits = Bits(7, 1);
const PLAIN: Bits = Bits(8, 1);
const WORDS: Bits = Bits(9, 8);
// The message id: bytes shared with the start of the previous line's id, and bytes after them.
const PREFIX: Bits = Bits(17, 7);
const SUFFIX: Bits = Bits(24, 7);
const ROBOT: Bits = Bits(31, 1);
// The second word (64 bits): differences to the previous line in time and order, and `seq` plus 1, where 0 stands for none.
const AT: Bits = Bits(0, 24);
const ORDER: Bits = Bits(24, 24);
const SEQ: Bits = Bits(48, 16);
// The third word (64 bits): the agent's code and the dictionary numbers of buyer and session.
const AGENT: Bits = Bits(0, 20);
const BUYER: Bits = Bits(20, 22);
const SESSION: Bits = Bits(42, 22);

/// Line kinds by the number in `KIND`.
const KINDS: [LineKind; 8] = [
    LineKind::Ignored,
    LineKind::Buyer,
    LineKind::Reply,
    LineKind::Auto,
    LineKind::Assign,
    LineKind::Transfer,
    LineKind::Close,
    LineKind::Remark,
];
/// Reply modes by the number in `MODE`.
const MODES: [ReplyMode; 4] = [ReplyMode::Human, ReplyMode::Assist, ReplyMode::Auto, ReplyMode::Auto];

/// Bytes of capacity that a cleared block always keeps.
const MIN_CAPACITY: usize = 1 << 15;

/// A text that many lines share: a buyer or a session. `text` is called only when it has to be, because each call misses the caches.
pub struct SharedText<'a, T> {
    /// Returns the text; empty where a line has none.
    pub text: T,
    /// The text's entry in the block it was last written to.
    pub entry: &'a mut BlockEntry,
}

impl<'t, T: Fn() -> &'t [u8]> SharedText<'_, T> {
    /// The hash of a buyer, which is the same in every run and for all accounts of a person.
    pub(super) fn hash(&mut self, hashes: &PersonHashes) -> u64 {
        if self.entry.hash == 0 {
            self.entry.hash = hashes.of((self.text)());
        }
        self.entry.hash
    }
}

/// The dictionary entry of a shared text in the block it was last written to.
#[derive(Clone, Copy, Default)]
pub struct BlockEntry {
    /// The hash of a buyer; 0 until it is needed.
    hash: u64,
    /// The id of the block; 0 if the text was never written.
    block: u32,
    /// The text's number in the dictionary of that block.
    number: u32,
}

/// The column that a shared text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharedColumn {
    /// `buyer_id`.
    Buyer,
    /// `session_id`.
    Session,
}

/// A block of packed lines. A block can be decoded without any other block.
pub(super) struct PackedLines {
    bytes: Vec<u8>,
    last: DeltaBase,
    /// The block's id, unique in the process.
    block: u32,
    /// The number of texts in the block's dictionary.
    shared: u32,
}

/// The previous line's values, which the next line is encoded against.
#[derive(Default)]
struct DeltaBase {
    at: i64,
    order: u32,
    file: u32,
    message: Vec<u8>,
}

impl Default for PackedLines {
    fn default() -> PackedLines {
        PackedLines { bytes: Vec::new(), last: DeltaBase::default(), block: next_block(), shared: 0 }
    }
}

/// An id that no other block of the process has.
fn next_block() -> u32 {
    static BLOCKS: AtomicU32 = AtomicU32::new(1);
    BLOCKS.fetch_add(1, Ordering::Relaxed)
}

impl PackedLines {
    /// The encoded lines.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends a line with its buyer, session and message id. Returns the number of bytes added.
    #[inline(always)]
    pub(super) fn push<'t>(
        &mut self,
        line: &ChatLine,
        buyer: &mut SharedText<impl Fn() -> &'t [u8]>,
        session: &mut SharedText<impl Fn() -> &'t [u8]>,
        message: &[u8],
    ) -> usize {
        let before = self.bytes.len();
        let (buyer, new_buyer) = self.number(buyer);
        let (session, new_session) = self.number(session);
        let PackedLines { bytes, last, .. } = self;
        let prefix = common_prefix(&last.message, message);
        let suffix = &message[prefix..];
        let header = KIND.put(line.kind as u64) | MODE.put(line.mode as u64) | ROBOT.put(line.robot.into());
        let flags = LEAD.put(line.has_contact.into()) | BLANK.put(line.blank.into()) | RECALLED.put(line.recalled.into());
        let at = zigzag(line.sent_at - last.at);
        let order = line.order.wrapping_sub(last.order).into();
        let seq = if line.seq == i64::MIN { 0 } else { zigzag(line.seq).saturating_add(1) };
        let (agent, words) = (line.agent.into(), line.words.into());
        let fits = AT.hold(at) & ORDER.hold(order) & SEQ.hold(seq) & AGENT.hold(agent) & BUYER.hold(buyer) & SESSION.hold(session);
        if fits & WORDS.hold(words) & PREFIX.hold(prefix as u64) & SUFFIX.hold(suffix.len() as u64) & (line.file == last.file) {
            let header = header | flags | WORDS.put(words) | PREFIX.put(prefix as u64) | SUFFIX.put(suffix.len() as u64);
            let deltas = AT.put(at) | ORDER.put(order) | SEQ.put(seq);
            let codes = AGENT.put(agent) | BUYER.put(buyer) | SESSION.put(session);
            let mut fields = [0; 20];
            fields[..4].copy_from_slice(&(header as u32).to_le_bytes());
            fields[4..12].copy_from_slice(&deltas.to_le_bytes());
            fields[12..].copy_from_slice(&codes.to_le_bytes());
            bytes.extend_from_slice(&fields);
        } else {
            bytes.extend_from_slice(&((header | flags | PLAIN.put(1)) as u32).to_le_bytes());
            bytes.extend_from_slice([line.sent_at, line.seq].map(i64::to_le_bytes).as_flattened());
            let texts = [buyer as u32, session as u32, prefix as u32, suffix.len() as u32];
            bytes.extend_from_slice([line.order, line.file, line.agent, line.words].map(u32::to_le_bytes).as_flattened());
            bytes.extend_from_slice(texts.map(u32::to_le_bytes).as_flattened());
        }
        for text in [new_buyer, new_session].into_iter().flatten() {
            bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        append_suffix(bytes, suffix, message);
        (last.at, last.order, last.file) = (line.sent_at, line.order, line.file);
        last.message.truncate(prefix);
        append_suffix(&mut last.message, suffix, message);
        self.bytes.len() - before
    }

    /// The dictionary number of a shared text, 0 for none, and the text itself if it is new in this block.
    #[inline(always)]
    fn number<'t>(&mut self, shared: &mut SharedText<impl Fn() -> &'t [u8]>) -> (u64, Option<&'t [u8]>) {
        if shared.entry.block == self.block {
            return (shared.entry.number.into(), None);
        }
        let text = (shared.text)();
        if text.is_empty() {
            return (0, None);
        }
        self.shared += 1;
        (shared.entry.block, shared.entry.number) = (self.block, self.shared);
        (self.shared.into(), Some(text))
    }

    /// Starts a new block. The buffer is kept unless it is large and was less than half full, because every partition has one.
    pub(super) fn clear(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() > MIN_CAPACITY.max(2 * bytes.len()) {
            bytes = Vec::new();
        }
        bytes.clear();
        *self = PackedLines { bytes, ..PackedLines::default() };
    }
}

/// Receives the lines of unpacked blocks.
pub(super) trait LineSink {
    /// Receives a buyer or session id before the first line that has it, and returns the code that lines are to carry for it.
    fn name(&mut self, column: SharedColumn, name: &str) -> u32;

    /// Receives a line with its message id, which is empty where the line has none.
    fn line(&mut self, line: &ChatLine, message: &[u8]);
}

/// Decodes one block and passes its lines to a sink in order.
pub(super) fn unpack(bytes: &[u8], sink: &mut impl LineSink) {
    let mut bytes = ByteCursor(bytes);
    let (mut line, mut message) = (ChatLine::default(), Vec::new());
    // The sink's codes by dictionary number; number 0 stands for no text.
    let mut codes = vec![0];
    while !bytes.0.is_empty() {
        let header = u64::from(u32::from_le_bytes(bytes.take()));
        let [buyer, session, prefix, suffix];
        if PLAIN.of(header) == 0 {
            let [deltas, who] = [bytes.take(), bytes.take()].map(u64::from_le_bytes);
            line.sent_at += unzigzag(AT.of(deltas));
            line.order = line.order.wrapping_add(ORDER.of(deltas) as u32);
            line.seq = SEQ.of(deltas).checked_sub(1).map_or(i64::MIN, unzigzag);
            (line.agent, line.words) = (AGENT.of(who) as u32, WORDS.of(header) as u32);
            let numbers = [BUYER.of(who), SESSION.of(who), PREFIX.of(header), SUFFIX.of(header)];
            [buyer, session, prefix, suffix] = numbers.map(|number| number as usize);
        } else {
            [line.sent_at, line.seq] = [bytes.take(), bytes.take()].map(i64::from_le_bytes);
            [line.order, line.file, line.agent, line.words] = std::array::from_fn(|_| u32::from_le_bytes(bytes.take()));
            [buyer, session, prefix, suffix] = std::array::from_fn(|_| u32::from_le_bytes(bytes.take()) as usize);
        }
        for (column, number) in [(SharedColumn::Buyer, buyer), (SharedColumn::Session, session)] {
            if number == codes.len() {
                let length = u16::from_le_bytes(bytes.take());
                // The bytes come from a string, so that they are always UTF-8.
                codes.push(sink.name(column, std::str::from_utf8(bytes.text(length.into())).unwrap_or_default()));
            }
        }
        message.truncate(prefix);
        bytes.append_to(&mut message, suffix);
        (line.conversation, line.session) = (codes[buyer], codes[session]);
        (line.kind, line.mode) = (KINDS[KIND.of(header) as usize], MODES[MODE.of(header) as usize]);
        [line.has_contact, line.blank, line.recalled, line.robot] = [LEAD, BLANK, RECALLED, ROBOT].map(|flag| flag.of(header) == 1);
        sink.line(&line, &message);
    }
}

/// Reads a block's bytes from the front.
struct ByteCursor<'a>(&'a [u8]);

impl<'a> ByteCursor<'a> {
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *taken
    }

    /// Appends the next `length` bytes to a buffer. Eight or fewer are copied as one word, and the surplus is cut off again: a copy of fixed
    /// size is faster.
    #[inline(always)]
    fn append_to(&mut self, bytes: &mut Vec<u8>, length: usize) {
        match self.0.first_chunk::<8>() {
            Some(first) if length <= 8 => {
                let end = bytes.len() + length;
                bytes.extend_from_slice(first);
                bytes.truncate(end);
                self.0 = &self.0[length..];
            }
            _ => bytes.extend_from_slice(self.text(length)),
        }
    }

    #[inline(always)]
    fn text(&mut self, length: usize) -> &'a [u8] {
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        text
    }
}

/// The number of bytes at the start of two texts that are equal.
#[inline(always)]
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut equal = 0;
    for (a, b) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return equal + differ.trailing_zeros() as usize / 8;
        }
        equal += 8;
    }
    equal + a[equal..].iter().zip(&b[equal..]).take_while(|(a, b)| a == b).count()
}

/// Appends `suffix`, the end of `text`. It is mostly short: then the last word of the text is shifted and appended as a whole, and the
/// surplus is cut off again.
#[inline(always)]
fn append_suffix(bytes: &mut Vec<u8>, suffix: &[u8], text: &[u8]) {
    match text.last_chunk() {
        Some(last) if suffix.len() <= 8 => {
            let length = bytes.len() + suffix.len();
            let shifted = u64::from_le_bytes(*last).checked_shr(64 - 8 * suffix.len() as u32).unwrap_or_default();
            bytes.extend_from_slice(&shifted.to_le_bytes());
            bytes.truncate(length);
        }
        _ => bytes.extend_from_slice(suffix),
    }
}

/// Maps numbers near 0, negative or not, to small unsigned numbers.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

/// The inverse of `zigzag`.
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with its buyer, session and message id.
    type LineWithTexts<'a> = (ChatLine, [&'a str; 3]);

    fn packed(lines: &[LineWithTexts]) -> PackedLines {
        let mut packed = PackedLines::default();
        let mut entries = std::collections::HashMap::<(SharedColumn, &str), BlockEntry>::new();
        for (line, [buyer, session, message]) in lines {
            let [mut buyer_entry, mut session_entry] = [(SharedColumn::Buyer, *buyer), (SharedColumn::Session, *session)]
                .map(|key| entries.get(&key).copied().unwrap_or_default());
            let mut shared = SharedText { text: || buyer.as_bytes(), entry: &mut buyer_entry };
            let before = packed.bytes().len();
            let added = packed.push(
                line,
                &mut shared,
                &mut SharedText { text: || session.as_bytes(), entry: &mut session_entry },
                message.as_bytes(),
            );
            assert_eq!(packed.bytes().len() - before, added);
            entries.insert((SharedColumn::Buyer, buyer), buyer_entry);
            entries.insert((SharedColumn::Session, session), session_entry);
        }
        packed
    }

    /// Collects unpacked lines with their texts.
    #[derive(Default)]
    struct UnpackedLines {
        names: Vec<(SharedColumn, String)>,
        lines: Vec<(ChatLine, [String; 3])>,
    }

    impl LineSink for UnpackedLines {
        fn name(&mut self, column: SharedColumn, name: &str) -> u32 {
            self.names.push((column, name.to_owned()));
            self.names.len() as u32
        }

        fn line(&mut self, line: &ChatLine, message: &[u8]) {
            let name = |code: u32, column: SharedColumn| {
                let known = code.checked_sub(1).map(|index| &self.names[index as usize]);
                assert!(known.is_none_or(|(of, _)| *of == column));
                known.map_or_else(String::new, |(_, name)| name.clone())
            };
            let names = [name(line.conversation, SharedColumn::Buyer), name(line.session, SharedColumn::Session)];
            let [buyer, session] = names;
            let line = ChatLine { conversation: 0, session: 0, ..*line };
            self.lines.push((line, [buyer, session, String::from_utf8(message.to_vec()).unwrap()]));
        }
    }

    fn unpacked(bytes: &[u8]) -> Vec<(ChatLine, [String; 3])> {
        let mut sink = UnpackedLines::default();
        unpack(bytes, &mut sink);
        sink.lines
    }

    /// A buyer line `ms` after a fixed instant, at a place among the day's lines.
    fn line(ms: i64, order: u32) -> ChatLine {
        ChatLine { sent_at: 1_789_000_000_000 + ms, order, agent: 7, seq: i64::MIN, kind: LineKind::Buyer, ..ChatLine::default() }
    }

    #[test]
    fn unpacked_lines_equal_the_packed_ones() {
        let long = "长".repeat(85);
        let reply = ChatLine { kind: LineKind::Reply, mode: ReplyMode::Assist, words: 12, ..line(900, 5) };
        let lines = [
            (line(0, 3), ["b1", "c1", "m1001"]),
            (reply, ["b1", "c1", "m1002"]),
            // The same instant and the same message id again.
            (ChatLine { has_contact: true, blank: true, ..line(900, 6) }, ["b1", "", "m1002"]),
            (ChatLine { recalled: true, seq: 2, ..line(901, 7) }, ["客", "c1", ""]),
            // An earlier instant, another file, numbers too large for their fields, and then numbers that fit again.
            (ChatLine { file: 1, ..line(-5, 8) }, ["b1", "客", "m1003"]),
            (ChatLine { agent: u32::MAX, words: 70_000, kind: LineKind::Reply, file: 1, ..line(86_000_000, 9) }, ["b1", "客", &long]),
            (ChatLine { seq: i64::MAX, kind: LineKind::Close, file: 1, ..line(86_000_001, 10) }, ["b2", "客", &long]),
            (ChatLine { seq: -3, kind: LineKind::Assign, file: 1, ..line(86_000_002, 90_000_000) }, ["b2", "客", "长1"]),
            (ChatLine { kind: LineKind::Transfer, file: 1, ..line(86_000_002, 90_000_001) }, ["b1", "c1", "长2"]),
            (ChatLine { kind: LineKind::Auto, mode: ReplyMode::Auto, file: 1, ..line(86_000_002, 90_000_002) }, ["", "", "长23"]),
            (ChatLine { kind: LineKind::Ignored, file: 1, ..line(86_000_003, 90_000_003) }, ["b1", "c1", "长23"]),
            (ChatLine { kind: LineKind::Remark, has_contact: true, file: 1, ..line(86_000_004, 90_000_004) }, ["b1", "c1", "长24"]),
            (ChatLine { kind: LineKind::Auto, robot: true, file: 1, ..line(86_000_005, 90_000_005) }, ["b1", "c1", "长25"]),
        ];
        let expected = lines.iter().map(|(line, texts)| (format!("{line:?}"), texts.map(str::to_owned))).collect::<Vec<_>>();
        let actual = unpacked(packed(&lines).bytes()).into_iter().map(|(line, texts)| (format!("{line:?}"), texts)).collect::<Vec<_>>();
        assert_eq!(actual, expected);
    }

    #[test]
    fn a_block_can_be_unpacked_without_the_blocks_before_it() {
        let mut entries = [BlockEntry::default(); 2];
        let mut push = |packed: &mut PackedLines| {
            let [buyer, session] = &mut entries;
            let mut session = SharedText { text: || b"c".as_slice(), entry: session };
            packed.push(&line(0, 1), &mut SharedText { text: || b"b".as_slice(), entry: buyer }, &mut session, b"m");
            packed.bytes().to_vec()
        };
        let mut packed = PackedLines::default();
        let first = push(&mut packed);
        packed.clear();
        assert!(packed.bytes().is_empty());
        assert_eq!(push(&mut packed), first);
        assert_eq!(unpacked(&first)[0].1, ["b", "c", "m"]);
    }
}
