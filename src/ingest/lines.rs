//! The lines of a day by shop, in the order they were read: in memory as far as the budget goes, then on disk.
//! A shop too large to be worked on at once is cut by buyer, again and again; how depends on the lines alone, so every run cuts alike.

use super::messages::{Doubles, Raw, Tallies};
use super::spool::Spool;
use crate::error::Result;
use crate::memory::Budget;
use crate::names::Names;
use crate::rules::SetId;
use hashbrown::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// A larger piece is cut by buyer.
const MOST_LINES: usize = 1 << 18;
/// Lines held in one piece of memory.
const CHUNK: usize = 4096;
/// Parts a piece is cut into, and how often at most: a hash has so many digits.
const FAN: usize = 16;
const DEEPEST: u32 = 15;
/// A smaller shard costs more to set up than to work on.
const LEAST_SHARD: usize = 1 << 15;

/// Lines with the texts that are theirs alone.
#[derive(Default)]
pub struct Lines {
    pub lines: Vec<Raw>,
    pub texts: Texts,
}

/// The texts of lines, each after their lengths in two bytes. A line's `texts` is the place where its own begin, plus 1.
#[derive(Default)]
pub struct Texts(pub(super) Vec<u8>);

/// Buyer, session id, message id; empty where there is none.
type OfLine<'a> = [&'a [u8]; 3];

/// Bytes of three lengths.
const LENGTHS: usize = 6;

impl Texts {
    fn push(&mut self, texts: OfLine) -> u32 {
        let code = self.0.len() as u32 + 1;
        self.0.reserve(bytes(&texts));
        // An id has at most 256 bytes.
        let [buyer, session, message] = texts.map(|text| (text.len() as u16).to_le_bytes());
        self.0.extend([buyer[0], buyer[1], session[0], session[1], message[0], message[1]]);
        texts.iter().for_each(|text| self.0.extend_from_slice(text));
        code
    }

    /// Adds other lines' texts. Returns what their codes grow by.
    pub fn append(&mut self, other: Texts) -> u32 {
        let base = self.0.len() as u32;
        if base == 0 && self.0.capacity() == 0 {
            *self = other
        } else {
            self.0.extend(other.0)
        }
        base
    }

    /// The `nth` text of a line, from where all of them begin.
    fn nth(&self, code: u32, nth: usize) -> &[u8] {
        let Some(start) = (code as usize).checked_sub(1) else { return &[] };
        let length = |nth: usize| usize::from(u16::from_le_bytes([self.0[start + 2 * nth], self.0[start + 2 * nth + 1]]));
        let from = start + LENGTHS + (0..nth).map(length).sum::<usize>();
        &self.0[from..from + length(nth)]
    }

    pub fn buyer(&self, code: u32) -> &[u8] {
        self.nth(code, 0)
    }

    pub fn session(&self, code: u32) -> &[u8] {
        self.nth(code, 1)
    }

    pub fn message(&self, code: u32) -> &[u8] {
        self.nth(code, 2)
    }
}

impl Lines {
    fn push(&mut self, line: Raw, texts: OfLine) {
        self.lines.push(Raw { texts: self.texts.push(texts), ..line });
    }

    /// The lines that have a message id.
    pub fn ids(&self) -> impl Iterator<Item = (&Raw, &[u8])> {
        self.lines.iter().map(|line| (line, self.texts.message(line.texts))).filter(|(_, id)| !id.is_empty())
    }

    fn append(&mut self, other: Lines) {
        let base = self.texts.append(other.texts);
        self.lines.extend(other.lines.into_iter().map(|line| Raw { texts: line.texts + base, ..line }));
    }
}

/// Lines of one shop, or of one part of its buyers.
#[derive(Default)]
struct Piece {
    shop: u32,
    /// How often its shop was cut to come to it.
    depth: u32,
    count: usize,
    /// In chunks, so that what is there need not be moved to make room.
    held: Mutex<Vec<Lines>>,
    /// Where earlier lines lie on disk: offset, lines, bytes of texts.
    spooled: Vec<(u64, usize, usize)>,
    /// Its parts follow from this index on, once it is cut.
    parts: Option<usize>,
}

impl Piece {
    fn push(&mut self, line: Raw, texts: OfLine) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        match held.last_mut() {
            Some(chunk) if chunk.lines.len() < CHUNK => chunk.push(line, texts),
            last => {
                // The first chunk of a small shop grows as it needs.
                let room = if last.is_some() { CHUNK } else { 16 };
                // Other lines' ids may be some digits longer.
                let room_for_texts = room * (bytes(&texts) + 4);
                let mut chunk = Lines { lines: Vec::with_capacity(room), texts: Texts(Vec::with_capacity(room_for_texts)) };
                chunk.push(line, texts);
                held.push(chunk);
            }
        }
        self.count += 1;
    }

    fn take_held(&self) -> Vec<Lines> {
        std::mem::take(&mut *locked(&self.held))
    }
}

/// Bytes that a line's texts take.
fn bytes(texts: &OfLine) -> usize {
    LENGTHS + texts.iter().map(|text| text.len()).sum::<usize>()
}

/// Which of the parts a buyer falls into when a shop, or the part of it at `depth`, is cut.
fn part(buyer: &[u8], depth: u32) -> usize {
    (xxh3_64(buyer) >> (60 - 4 * depth.min(DEEPEST))) as usize % FAN
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lines of a day, by shop.
pub struct Shelf {
    most_lines: usize,
    pieces: Vec<Piece>,
    /// By shop code less 1.
    of_shop: Vec<usize>,
    spool: Mutex<Option<Spool>>,
    budget: Budget,
    /// Bytes of the lines held, and how many of them the budget knows of.
    held: usize,
    taken: usize,
    /// Of the shops that were cut, whose parts cannot tell alone.
    doubles: HashMap<u32, Doubles>,
}

/// Pieces that are worked on together.
pub type Shard = Vec<usize>;

impl Drop for Shelf {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}

impl Shelf {
    pub fn new(budget: Budget) -> Shelf {
        let (pieces, of_shop, doubles) = Default::default();
        Shelf { most_lines: MOST_LINES, pieces, of_shop, spool: Mutex::default(), budget, held: 0, taken: 0, doubles }
    }

    pub fn add(&mut self, shop: u32, line: Raw, texts: OfLine) -> Result<()> {
        while self.of_shop.len() < shop as usize {
            self.of_shop.push(self.pieces.len());
            self.pieces.push(Piece { shop: self.of_shop.len() as u32, ..Piece::default() });
        }
        let mut index = self.of_shop[shop as usize - 1];
        while let Some(parts) = self.pieces[index].parts {
            index = parts + part(texts[0], self.pieces[index].depth);
        }
        self.held += size_of::<Raw>() + bytes(&texts);
        let piece = &mut self.pieces[index];
        piece.push(line, texts);
        if piece.count > self.most_lines && piece.depth < DEEPEST { self.cut(index) } else { Ok(()) }
    }

    fn cut(&mut self, index: usize) -> Result<()> {
        let lines = self.load(index)?;
        let Piece { shop, depth, .. } = self.pieces[index];
        // What lay on disk is held again.
        let back = self.pieces[index].spooled.iter().map(|(_, lines, texts)| lines * size_of::<Raw>() + texts).sum::<usize>();
        self.held += back;
        let first = self.pieces.len();
        self.pieces.extend((0..FAN).map(|_| Piece { shop, depth: depth + 1, ..Piece::default() }));
        for line in &lines.lines {
            let texts = [0, 1, 2].map(|nth| lines.texts.nth(line.texts, nth));
            self.pieces[first + part(texts[0], depth)].push(*line, texts);
        }
        self.pieces[index] = Piece { shop, depth, parts: Some(first), ..Piece::default() };
        drop(lines);
        self.relieve()
    }

    /// Settles with the budget; when that is spent, writes all lines held to the disk.
    pub fn relieve(&mut self) -> Result<()> {
        self.budget.take(self.held - self.taken);
        self.taken = self.held;
        if self.budget.is_spent() { self.spool_all() } else { Ok(()) }
    }

    fn spool_all(&mut self) -> Result<()> {
        let mut spool = locked(&self.spool);
        let spool = match &mut *spool {
            Some(spool) => spool,
            none => none.insert(Spool::new()?),
        };
        for piece in &mut self.pieces {
            for lines in piece.take_held() {
                piece.spooled.push((spool.write(&lines)?, lines.lines.len(), lines.texts.0.len()));
            }
        }
        self.budget.give_back(self.taken);
        (self.held, self.taken) = (0, 0);
        Ok(())
    }

    /// Cuts the day into shards, in the order of rule sets and shop ids: shops of one rule set, about a quarter of the lines each,
    /// within what can be worked on at once. `set_of`: the rule set of a shop.
    pub fn shards(&mut self, names: &Names, set_of: impl Fn(u32) -> SetId) -> Result<Vec<Shard>> {
        let mut shops = (1..=self.of_shop.len() as u32).collect::<Vec<_>>();
        shops.sort_by_cached_key(|shop| (set_of(*shop), names.shop(*shop)));
        let total = self.pieces.iter().map(|piece| piece.count).sum::<usize>();
        let most = (total / 4).clamp(LEAST_SHARD.min(self.most_lines), self.most_lines);
        let mut shards = vec![Shard::new()];
        let (mut lines, mut last) = (0, None);
        for shop in shops {
            let set = set_of(shop);
            let changed = last.replace(set).is_some_and(|last| last != set);
            let whole = self.of_shop[shop as usize - 1];
            let pieces = self.uncut(whole);
            if self.pieces[whole].parts.is_some() {
                let doubles = Doubles::find(self.count(&pieces), &mut |each| self.show(&pieces, each))?;
                self.doubles.insert(shop, doubles);
            }
            if changed && lines > 0 {
                shards.push(Shard::new());
                lines = 0;
            }
            for piece in pieces {
                let count = self.pieces[piece].count;
                if lines > 0 && lines + count > most {
                    shards.push(Shard::new());
                    lines = 0;
                }
                lines += count;
                shards.last_mut().into_iter().for_each(|shard| shard.push(piece));
            }
        }
        Ok(shards)
    }

    /// The shop of a piece.
    pub fn shop(&self, index: usize) -> u32 {
        self.pieces[index].shop
    }

    /// Lines of a shard.
    pub fn count(&self, shard: &[usize]) -> usize {
        shard.iter().map(|piece| self.pieces[*piece].count).sum()
    }

    /// What a piece was cut into in the end, in order.
    fn uncut(&self, index: usize) -> Vec<usize> {
        match self.pieces[index].parts {
            Some(first) => (first..first + FAN).flat_map(|part| self.uncut(part)).collect(),
            None => vec![index],
        }
    }

    fn show(&self, pieces: &[usize], each: &mut dyn FnMut(&Lines)) -> Result<()> {
        for piece in pieces.iter().map(|index| &self.pieces[*index]) {
            for place in &piece.spooled {
                each(&self.read(*place)?);
            }
            locked(&piece.held).iter().for_each(&mut *each);
        }
        Ok(())
    }

    /// Takes the lines of a piece in the order they were read, each message once; and what became of the lines of each file.
    pub fn take(&self, index: usize) -> Result<(Lines, Tallies)> {
        let mut lines = self.load(index)?;
        let tallies = match self.doubles.get(&self.pieces[index].shop) {
            Some(doubles) => lines.settle(doubles),
            None => {
                let doubles = Doubles::find(lines.lines.len(), &mut |each| {
                    each(&lines);
                    Ok(())
                })?;
                lines.settle(&doubles)
            }
        };
        Ok((lines, tallies))
    }

    fn load(&self, index: usize) -> Result<Lines> {
        let piece = &self.pieces[index];
        let texts = piece.spooled.iter().map(|place| place.2).sum::<usize>()
            + locked(&piece.held).iter().map(|chunk| chunk.texts.0.len()).sum::<usize>();
        let mut lines = Lines { lines: Vec::with_capacity(piece.count), texts: Texts(Vec::with_capacity(texts)) };
        for place in &piece.spooled {
            lines.append(self.read(*place)?);
        }
        piece.take_held().into_iter().for_each(|chunk| lines.append(chunk));
        Ok(lines)
    }

    fn read(&self, place: (u64, usize, usize)) -> Result<Lines> {
        match &mut *locked(&self.spool) {
            Some(spool) => spool.read(place),
            None => Ok(Lines::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::What;
    use crate::rules::ReplyMode;
    use arrow::array::DictionaryArray;
    use arrow::array::types::Int32Type;

    /// 200 lines of 40 buyers of two shops; line 150 says again what line 4 of another buyer said, and that it was recalled.
    fn shelf(most_lines: usize, budget: Budget) -> (Shelf, Names) {
        let (mut shelf, mut names) = (Shelf::new(budget), Names::default());
        shelf.most_lines = most_lines;
        for order in 0..200u32 {
            let dictionary = |text: String| std::iter::once(Some(text.as_str())).collect::<DictionaryArray<Int32Type>>();
            let [shop, agent] = [format!("s{}", order % 2), "A".into()].map(dictionary);
            let (shop, agent) = names.batch(&shop, &agent).line(0);
            let id = if order == 150 { 4 } else { order };
            let line = Raw { agent, order, at: i64::from(order), recalled: order == 150, ..Raw::default() };
            let line = Raw { what: if order == 4 { What::Buyer } else { What::Reply(ReplyMode::Human) }, ..line };
            let texts = [format!("b{}", order % 40), "c".into(), format!("m{id}")];
            shelf.add(shop, line, texts.each_ref().map(|text| text.as_bytes())).unwrap();
            shelf.relieve().unwrap();
        }
        (shelf, names)
    }

    /// The lines as they leave: whose, when, and message id.
    fn taken(mut shelf: Shelf, names: &Names) -> Vec<(String, u32, String)> {
        let pieces = shelf.shards(names, |_| 0).unwrap().concat();
        let lines = pieces.into_iter().flat_map(|piece| {
            let (lines, _) = shelf.take(piece).unwrap();
            let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
            let of = |line: &Raw| (text(lines.texts.buyer(line.texts)), line.order, text(lines.texts.message(line.texts)));
            lines.lines.iter().map(of).collect::<Vec<_>>()
        });
        let mut lines = lines.collect::<Vec<_>>();
        assert!(lines.chunk_by(|a, b| a.0 == b.0).all(|chunk| chunk.is_sorted()), "a buyer's lines lost their order");
        lines.sort_unstable();
        lines
    }

    #[test]
    fn cut_or_spooled_the_lines_are_the_same() {
        let (whole, names) = shelf(MOST_LINES, Budget::of_limit(usize::MAX));
        let expected = taken(whole, &names);
        // One was said twice, and the first of the two was recalled by its buyer.
        assert_eq!(expected.len(), 198);
        for (most_lines, limit) in [(16, usize::MAX), (MOST_LINES, 0), (16, 0), (2, 800)] {
            let (shelf, names) = shelf(most_lines, Budget::of_limit(limit));
            assert_eq!(taken(shelf, &names), expected, "cut at {most_lines}, limit {limit}");
        }
    }
}
