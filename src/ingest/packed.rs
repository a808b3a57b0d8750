//! Lines of a shop on their way from the files to the work on them: end to end, some twenty bytes each, in memory as on disk.
//! A line is told apart from the line before it, and a buyer or session that was named before is a number.

use super::messages::{Raw, What};
use crate::rules::ReplyMode;
use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// Some bits of a word: from which on, and how many.
#[derive(Clone, Copy)]
struct Bits(u32, u32);

impl Bits {
    fn hold(self, number: u64) -> bool {
        number >> self.1 == 0
    }

    fn put(self, number: u64) -> u64 {
        number << self.0
    }

    fn of(self, word: u64) -> u64 {
        word >> self.0 & ((1 << self.1) - 1)
    }
}

/// The first word of a line says what it is. `WHOLE`: its numbers stand behind that as they are, for they do not fit where they mostly do.
const WHAT: Bits = Bits(0, 3);
const MODE: Bits = Bits(3, 2);
const LEAD: Bits = Bits(5, 1);
const BLANK: Bits = Bits(6, 1);
const RECALLED: Bits = Bits(7, 1);
const WHOLE: Bits = Bits(8, 1);
const WORDS: Bits = Bits(9, 8);
/// Bytes in which its message id is like the last one, and of what comes after them.
const LIKE: Bits = Bits(17, 7);
const REST: Bits = Bits(24, 8);
/// The second, how far it is from the last line, and its `seq` plus 1.
const AT: Bits = Bits(0, 24);
const ORDER: Bits = Bits(24, 24);
const SEQ: Bits = Bits(48, 16);
/// The third, who.
const AGENT: Bits = Bits(0, 20);
const BUYER: Bits = Bits(20, 22);
const SESSION: Bits = Bits(42, 22);

const WHATS: [What; 8] = [What::Nothing, What::Buyer, What::Reply, What::Auto, What::Assign, What::Transfer, What::Close, What::Nothing];
const MODES: [ReplyMode; 4] = [ReplyMode::Human, ReplyMode::Assist, ReplyMode::Auto, ReplyMode::Auto];

/// Bytes of room that always stay with lines that begin anew.
const KEPT: usize = 1 << 15;

/// A text that lines share: a buyer, a session. It is only looked at where it has to be: each time is a walk through memory.
pub struct Shared<'a, T> {
    pub text: T,
    pub written: &'a mut Written,
}

impl<'t, T: Fn() -> &'t [u8]> Shared<'_, T> {
    /// A hash of the text, the same in every run.
    pub(super) fn hash(&mut self) -> u64 {
        if self.written.hash == 0 {
            self.written.hash = xxh3_64((self.text)());
        }
        self.written.hash
    }
}

/// Where a shared text was written last: its number there, which holds for one filling. And its hash, once it is asked for.
#[derive(Clone, Copy, Default)]
pub struct Written {
    hash: u64,
    filling: u32,
    number: u32,
}

/// Whose name a shared text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    Buyer,
    Session,
}

/// Lines, packed.
pub(super) struct Packed {
    bytes: Vec<u8>,
    last: Last,
    filling: u32,
    /// Shared texts written so far.
    shared: u32,
}

/// What the next line is told apart from.
#[derive(Default)]
struct Last {
    at: i64,
    order: u32,
    file: u32,
    message: Vec<u8>,
}

impl Default for Packed {
    fn default() -> Packed {
        Packed { bytes: Vec::new(), last: Last::default(), filling: next_filling(), shared: 0 }
    }
}

/// No two fillings have one number.
fn next_filling() -> u32 {
    static FILLINGS: AtomicU32 = AtomicU32::new(1);
    FILLINGS.fetch_add(1, Ordering::Relaxed)
}

impl Packed {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a line with its texts. Returns the bytes it takes.
    #[inline(always)]
    pub(super) fn push<'t>(
        &mut self,
        line: &Raw,
        buyer: &mut Shared<impl Fn() -> &'t [u8]>,
        session: &mut Shared<impl Fn() -> &'t [u8]>,
        message: &[u8],
    ) -> usize {
        let before = self.bytes.len();
        let (buyer, new_buyer) = self.number(buyer);
        let (session, new_session) = self.number(session);
        let Packed { bytes, last, .. } = self;
        let like = alike(&last.message, message);
        let rest = &message[like..];
        let said = WHAT.put(line.what as u64) | MODE.put(line.mode as u64);
        let marks = LEAD.put(line.lead.into()) | BLANK.put(line.blank.into()) | RECALLED.put(line.recalled.into());
        let at = zigzag(line.at - last.at);
        let order = line.order.wrapping_sub(last.order).into();
        let seq = if line.seq == i64::MIN { 0 } else { zigzag(line.seq).saturating_add(1) };
        let (agent, words) = (line.agent.into(), line.words.into());
        let fits = AT.hold(at) & ORDER.hold(order) & SEQ.hold(seq) & AGENT.hold(agent) & BUYER.hold(buyer) & SESSION.hold(session);
        if fits & WORDS.hold(words) & LIKE.hold(like as u64) & REST.hold(rest.len() as u64) & (line.file == last.file) {
            let said = said | marks | WORDS.put(words) | LIKE.put(like as u64) | REST.put(rest.len() as u64);
            let near = AT.put(at) | ORDER.put(order) | SEQ.put(seq);
            let who = AGENT.put(agent) | BUYER.put(buyer) | SESSION.put(session);
            let mut numbers = [0; 20];
            numbers[..4].copy_from_slice(&(said as u32).to_le_bytes());
            numbers[4..12].copy_from_slice(&near.to_le_bytes());
            numbers[12..].copy_from_slice(&who.to_le_bytes());
            bytes.extend_from_slice(&numbers);
        } else {
            bytes.extend_from_slice(&((said | marks | WHOLE.put(1)) as u32).to_le_bytes());
            bytes.extend_from_slice([line.at, line.seq].map(i64::to_le_bytes).as_flattened());
            let texts = [buyer as u32, session as u32, like as u32, rest.len() as u32];
            bytes.extend_from_slice([line.order, line.file, line.agent, line.words].map(u32::to_le_bytes).as_flattened());
            bytes.extend_from_slice(texts.map(u32::to_le_bytes).as_flattened());
        }
        for text in [new_buyer, new_session].into_iter().flatten() {
            bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        end_with(bytes, rest, message);
        (last.at, last.order, last.file) = (line.at, line.order, line.file);
        last.message.truncate(like);
        end_with(&mut last.message, rest, message);
        self.bytes.len() - before
    }

    /// The number of a shared text, 0 for none; and the text if it is new in this filling.
    #[inline(always)]
    fn number<'t>(&mut self, shared: &mut Shared<impl Fn() -> &'t [u8]>) -> (u64, Option<&'t [u8]>) {
        if shared.written.filling == self.filling {
            return (shared.written.number.into(), None);
        }
        let text = (shared.text)();
        if text.is_empty() {
            return (0, None);
        }
        self.shared += 1;
        (shared.written.filling, shared.written.number) = (self.filling, self.shared);
        (self.shared.into(), Some(text))
    }

    /// Begins anew, with the room there is unless it is much and was not needed: there are as many as pieces of shops.
    pub(super) fn clear(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() > KEPT.max(2 * bytes.len()) {
            bytes = Vec::new();
        }
        bytes.clear();
        *self = Packed { bytes, ..Packed::default() };
    }
}

/// Whom lines are unpacked for.
pub(super) trait Unpacked {
    /// A buyer's or a session's name, before the first line that has it. Returns its code.
    fn name(&mut self, whose: Whose, name: &str) -> u32;

    /// A line with its message id, empty where it has none.
    fn line(&mut self, line: &Raw, message: &[u8]);
}

/// Says the lines of one filling, in order.
pub(super) fn unpack(bytes: &[u8], to: &mut impl Unpacked) {
    let mut bytes = Bytes(bytes);
    let (mut last, mut message) = (Raw::default(), Vec::new());
    // By number; 0 is none.
    let mut codes = vec![0];
    while !bytes.0.is_empty() {
        let said = u64::from(u32::from_le_bytes(bytes.take()));
        let [buyer, session, like, rest];
        if WHOLE.of(said) == 0 {
            let [near, who] = [bytes.take(), bytes.take()].map(u64::from_le_bytes);
            last.at += unzigzag(AT.of(near));
            last.order = last.order.wrapping_add(ORDER.of(near) as u32);
            last.seq = SEQ.of(near).checked_sub(1).map_or(i64::MIN, unzigzag);
            (last.agent, last.words) = (AGENT.of(who) as u32, WORDS.of(said) as u32);
            [buyer, session, like, rest] = [BUYER.of(who), SESSION.of(who), LIKE.of(said), REST.of(said)].map(|number| number as usize);
        } else {
            [last.at, last.seq] = [bytes.take(), bytes.take()].map(i64::from_le_bytes);
            [last.order, last.file, last.agent, last.words] = std::array::from_fn(|_| u32::from_le_bytes(bytes.take()));
            [buyer, session, like, rest] = std::array::from_fn(|_| u32::from_le_bytes(bytes.take()) as usize);
        }
        for (whose, nth) in [(Whose::Buyer, buyer), (Whose::Session, session)] {
            if nth == codes.len() {
                let length = u16::from_le_bytes(bytes.take());
                // It was text when it was put there.
                codes.push(to.name(whose, std::str::from_utf8(bytes.text(length.into())).unwrap_or_default()));
            }
        }
        message.truncate(like);
        bytes.add_to(&mut message, rest);
        (last.conversation, last.session) = (codes[buyer], codes[session]);
        (last.what, last.mode) = (WHATS[WHAT.of(said) as usize], MODES[MODE.of(said) as usize]);
        [last.lead, last.blank, last.recalled] = [LEAD, BLANK, RECALLED].map(|mark| mark.of(said) == 1);
        to.line(&last, &message);
    }
}

/// Bytes, read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *taken
    }

    /// Adds the next bytes to some: eight at once where there are no more, and those too many taken off again.
    #[inline(always)]
    fn add_to(&mut self, bytes: &mut Vec<u8>, length: usize) {
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

/// Bytes in which two texts begin alike.
#[inline(always)]
fn alike(a: &[u8], b: &[u8]) -> usize {
    let mut like = 0;
    for (a, b) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return like + differ.trailing_zeros() as usize / 8;
        }
        like += 8;
    }
    like + a[like..].iter().zip(&b[like..]).take_while(|(a, b)| a == b).count()
}

/// Adds the end of a text. It is mostly short: then eight bytes are added at once, and those too many taken off again.
#[inline(always)]
fn end_with(bytes: &mut Vec<u8>, end: &[u8], text: &[u8]) {
    match text.last_chunk() {
        Some(last) if end.len() <= 8 => {
            let length = bytes.len() + end.len();
            let shifted = u64::from_le_bytes(*last).checked_shr(64 - 8 * end.len() as u32).unwrap_or_default();
            bytes.extend_from_slice(&shifted.to_le_bytes());
            bytes.truncate(length);
        }
        _ => bytes.extend_from_slice(end),
    }
}

/// Small numbers near 0 stay small without their sign.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines with buyer, session and message id.
    type Said<'a> = (Raw, [&'a str; 3]);

    fn packed(lines: &[Said]) -> Packed {
        let mut packed = Packed::default();
        let mut written = std::collections::HashMap::<(Whose, &str), Written>::new();
        for (line, [buyer, session, message]) in lines {
            let [mut of_buyer, mut of_session] =
                [(Whose::Buyer, *buyer), (Whose::Session, *session)].map(|key| written.get(&key).copied().unwrap_or_default());
            let mut shared = Shared { text: || buyer.as_bytes(), written: &mut of_buyer };
            let before = packed.bytes().len();
            let taken =
                packed.push(line, &mut shared, &mut Shared { text: || session.as_bytes(), written: &mut of_session }, message.as_bytes());
            assert_eq!(packed.bytes().len() - before, taken);
            written.insert((Whose::Buyer, buyer), of_buyer);
            written.insert((Whose::Session, session), of_session);
        }
        packed
    }

    /// What was unpacked: lines with their texts.
    #[derive(Default)]
    struct Seen {
        names: Vec<(Whose, String)>,
        lines: Vec<(Raw, [String; 3])>,
    }

    impl Unpacked for Seen {
        fn name(&mut self, whose: Whose, name: &str) -> u32 {
            self.names.push((whose, name.to_owned()));
            self.names.len() as u32
        }

        fn line(&mut self, line: &Raw, message: &[u8]) {
            let name = |code: u32, whose: Whose| {
                let known = code.checked_sub(1).map(|index| &self.names[index as usize]);
                assert!(known.is_none_or(|(of, _)| *of == whose));
                known.map_or_else(String::new, |(_, name)| name.clone())
            };
            let names = [name(line.conversation, Whose::Buyer), name(line.session, Whose::Session)];
            let [buyer, session] = names;
            let line = Raw { conversation: 0, session: 0, ..*line };
            self.lines.push((line, [buyer, session, String::from_utf8(message.to_vec()).unwrap()]));
        }
    }

    fn unpacked(bytes: &[u8]) -> Vec<(Raw, [String; 3])> {
        let mut seen = Seen::default();
        unpack(bytes, &mut seen);
        seen.lines
    }

    /// The noon of a day, `ms` later; and so many lines of the day before it.
    fn line(ms: i64, order: u32) -> Raw {
        Raw { at: 1_789_000_000_000 + ms, order, agent: 7, seq: i64::MIN, what: What::Buyer, ..Raw::default() }
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let long = "长".repeat(85);
        let reply = Raw { what: What::Reply, mode: ReplyMode::Assist, words: 12, ..line(900, 5) };
        let lines = [
            (line(0, 3), ["b1", "c1", "m1001"]),
            (reply, ["b1", "c1", "m1002"]),
            // The same instant, and the same id once more.
            (Raw { lead: true, blank: true, ..line(900, 6) }, ["b1", "", "m1002"]),
            (Raw { recalled: true, seq: 2, ..line(901, 7) }, ["客", "c1", ""]),
            // Back in time, another file, numbers that do not fit, and then some that do.
            (Raw { file: 1, ..line(-5, 8) }, ["b1", "客", "m1003"]),
            (Raw { agent: u32::MAX, words: 70_000, what: What::Reply, file: 1, ..line(86_000_000, 9) }, ["b1", "客", &long]),
            (Raw { seq: i64::MAX, what: What::Close, file: 1, ..line(86_000_001, 10) }, ["b2", "客", &long]),
            (Raw { seq: -3, what: What::Assign, file: 1, ..line(86_000_002, 90_000_000) }, ["b2", "客", "长1"]),
            (Raw { what: What::Transfer, file: 1, ..line(86_000_002, 90_000_001) }, ["b1", "c1", "长2"]),
            (Raw { what: What::Auto, mode: ReplyMode::Auto, file: 1, ..line(86_000_002, 90_000_002) }, ["", "", "长23"]),
            (Raw { what: What::Nothing, file: 1, ..line(86_000_003, 90_000_003) }, ["b1", "c1", "长23"]),
        ];
        let expected = lines.iter().map(|(line, texts)| (format!("{line:?}"), texts.map(str::to_owned))).collect::<Vec<_>>();
        let came = unpacked(packed(&lines).bytes()).into_iter().map(|(line, texts)| (format!("{line:?}"), texts)).collect::<Vec<_>>();
        assert_eq!(came, expected);
    }

    #[test]
    fn a_filling_after_another_says_all_anew() {
        let mut written = [Written::default(); 2];
        let mut push = |packed: &mut Packed| {
            let [buyer, session] = &mut written;
            let mut session = Shared { text: || b"c".as_slice(), written: session };
            packed.push(&line(0, 1), &mut Shared { text: || b"b".as_slice(), written: buyer }, &mut session, b"m");
            packed.bytes().to_vec()
        };
        let mut packed = Packed::default();
        let first = push(&mut packed);
        packed.clear();
        assert!(packed.bytes().is_empty());
        assert_eq!(push(&mut packed), first);
        assert_eq!(unpacked(&first)[0].1, ["b", "c", "m"]);
    }
}
