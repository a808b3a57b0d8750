//! The lines of a day by shop, in the order they were read: in memory as far as the budget goes, then on disk.
//! A shop too large to be worked on at once is cut by buyer, again and again; how depends on the lines alone, so every run cuts alike.

use super::doubles::Doubles;
use super::messages::{Raw, Tallies};
use super::spool::{Place, Spool};
use super::texts::{Shared, Texts, Written};
use crate::error::Result;
use crate::memory::Budget;
use crate::names::Names;
use crate::rules::SetId;
use hashbrown::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A larger piece is cut by buyer.
const MOST_LINES: usize = 1 << 18;
/// Lines held in one piece of memory.
const CHUNK: usize = 1024;
/// Parts a piece is cut into, and how often at most: a hash has so many digits.
const FAN: usize = 16;
const DEEPEST: u32 = 15;
/// A smaller shard costs more to set up than to work on.
const LEAST_SHARD: usize = 1 << 15;

/// Lines in memory.
#[derive(Default)]
struct Held {
    /// In chunks, so that what is there need not be moved to make room.
    chunks: Vec<Vec<Raw>>,
    texts: Texts,
}

impl Held {
    fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len() * size_of::<Raw>()).sum::<usize>() + self.texts.len()
    }
}

/// Lines of one shop, or of one part of its buyers.
#[derive(Default)]
struct Piece {
    shop: u32,
    /// How often its shop was cut to come to it.
    depth: u32,
    count: usize,
    held: Mutex<Held>,
    /// Where earlier lines lie on disk.
    spooled: Vec<Place>,
    /// Its parts follow from this index on, once it is cut.
    parts: Option<usize>,
}

impl Piece {
    fn held(&mut self) -> &mut Held {
        self.held.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line. Returns the bytes it takes. `chunks`: emptied ones.
    /// Inlined, so that a line is put together where it stays: one that is copied waits for every write before it.
    #[inline(always)]
    fn push<'t>(
        &mut self,
        line: Raw,
        buyer: &mut Shared<impl Fn() -> &'t [u8]>,
        session: &mut Shared<impl Fn() -> &'t [u8]>,
        message: &[u8],
        chunks: &mut Vec<Vec<Raw>>,
    ) -> usize {
        self.count += 1;
        let is_spooled = !self.spooled.is_empty();
        let Held { chunks: own, texts } = self.held();
        let before = texts.len();
        let line = Raw { conversation: texts.share(buyer), session: texts.share(session), message: texts.push(message), ..line };
        match own.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(line),
            // The first chunk of a small shop grows as it needs.
            None if !is_spooled => own.push(vec![line]),
            _ => {
                let mut chunk = chunks.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK));
                chunk.push(line);
                own.push(chunk);
            }
        }
        size_of::<Raw>() + texts.len() - before
    }
}

/// Which of the parts a buyer falls into by its hash when a shop, or the part of it at `depth`, is cut.
fn part(hash: u64, depth: u32) -> usize {
    (hash >> (60 - 4 * depth.min(DEEPEST))) as usize % FAN
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
    /// Chunks whose lines are on disk: memory that is given back and asked for again costs more than keeping it.
    emptied: Vec<Vec<Raw>>,
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
        let (pieces, of_shop, emptied, doubles) = Default::default();
        Shelf { most_lines: MOST_LINES, pieces, of_shop, spool: Mutex::default(), emptied, budget, held: 0, taken: 0, doubles }
    }

    /// Adds a line with its texts: buyer and session, which lines share, and message id; empty where there is none.
    #[inline(always)]
    pub fn add<'t>(
        &mut self,
        shop: u32,
        line: Raw,
        buyer: &mut Shared<impl Fn() -> &'t [u8]>,
        session: &mut Shared<impl Fn() -> &'t [u8]>,
        message: &[u8],
    ) -> Result<()> {
        while self.of_shop.len() < shop as usize {
            self.of_shop.push(self.pieces.len());
            self.pieces.push(Piece { shop: self.of_shop.len() as u32, ..Piece::default() });
        }
        let mut index = self.of_shop[shop as usize - 1];
        while let Some(parts) = self.pieces[index].parts {
            index = parts + part(buyer.hash(), self.pieces[index].depth);
        }
        let piece = &mut self.pieces[index];
        self.held += piece.push(line, buyer, session, message, &mut self.emptied);
        if piece.count > self.most_lines && piece.depth < DEEPEST { self.cut(index) } else { Ok(()) }
    }

    fn cut(&mut self, index: usize) -> Result<()> {
        self.held -= self.pieces[index].held().bytes();
        let mut texts = Texts::default();
        let lines = self.load(index, &mut texts)?;
        let Piece { shop, depth, .. } = self.pieces[index];
        let first = self.pieces.len();
        self.pieces.extend((0..FAN).map(|_| Piece { shop, depth: depth + 1, ..Piece::default() }));
        // By code; 0 is none.
        let (mut buyers, mut sessions) = (vec![Written::default()], vec![Written::default()]);
        for line in lines {
            let mut nth = |place, written: &mut Vec<Written>| {
                let next = |_: &str| {
                    written.push(Written::default());
                    written.len() as u32 - 1
                };
                texts.code(place, next) as usize
            };
            let (buyer, session) = (nth(line.conversation, &mut buyers), nth(line.session, &mut sessions));
            let mut buyer = Shared { text: || texts.text(line.conversation), written: &mut buyers[buyer] };
            let mut session = Shared { text: || texts.text(line.session), written: &mut sessions[session] };
            let piece = &mut self.pieces[first + part(buyer.hash(), depth)];
            self.held += piece.push(line, &mut buyer, &mut session, texts.text(line.message), &mut self.emptied);
        }
        self.pieces[index] = Piece { shop, depth, parts: Some(first), ..Piece::default() };
        self.relieve()
    }

    /// Settles with the budget; when that is spent, writes all lines held to the disk.
    pub fn relieve(&mut self) -> Result<()> {
        match self.held.checked_sub(self.taken) {
            Some(more) => self.budget.take(more),
            None => self.budget.give_back(self.taken - self.held),
        }
        self.taken = self.held;
        if self.budget.is_spent() { self.spool_all() } else { Ok(()) }
    }

    fn spool_all(&mut self) -> Result<()> {
        let mut spool = locked(&self.spool);
        let spool = match &mut *spool {
            Some(spool) => spool,
            none => none.insert(Spool::new()?),
        };
        for piece in self.pieces.iter_mut().filter(|piece| !locked(&piece.held).chunks.is_empty()) {
            let Held { chunks, texts } = piece.held();
            let place = spool.write(chunks, texts)?;
            for mut chunk in chunks.drain(..).filter(|chunk| chunk.capacity() == CHUNK) {
                chunk.clear();
                self.emptied.push(chunk);
            }
            texts.clear();
            piece.spooled.push(place);
        }
        self.budget.give_back(self.taken);
        (self.held, self.taken) = (0, 0);
        Ok(())
    }

    /// Cuts the day into shards, in the order of rule sets and shop ids: shops of one rule set, about a quarter of the lines each,
    /// within what can be worked on at once. `set_of`: the rule set of a shop.
    pub fn shards(&mut self, names: &Names, set_of: impl Fn(u32) -> SetId) -> Result<Vec<Shard>> {
        // No line comes after this.
        self.emptied = Vec::new();
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

    /// Shows each piece's lines with the texts they have there.
    fn show(&self, pieces: &[usize], each: &mut dyn FnMut(&[Raw], &Texts)) -> Result<()> {
        for piece in pieces.iter().map(|index| &self.pieces[*index]) {
            for place in &piece.spooled {
                let (mut lines, mut texts) = (Vec::new(), Texts::default());
                self.read(place, &mut lines, &mut texts)?;
                each(&lines, &texts);
            }
            let held = locked(&piece.held);
            held.chunks.iter().for_each(|chunk| each(chunk, &held.texts));
        }
        Ok(())
    }

    /// Takes the lines of a piece in the order they were read, each message once; and what became of the lines of each file.
    /// Their texts are added to those there are.
    pub fn take(&self, index: usize, texts: &mut Texts) -> Result<(Vec<Raw>, Tallies)> {
        let mut lines = self.load(index, texts)?;
        let tallies = match self.doubles.get(&self.pieces[index].shop) {
            Some(doubles) => doubles.settle(&mut lines),
            None => {
                let doubles = Doubles::find(lines.len(), &mut |each| {
                    each(&lines, texts);
                    Ok(())
                })?;
                doubles.settle(&mut lines)
            }
        };
        Ok((lines, tallies))
    }

    fn load(&self, index: usize, texts: &mut Texts) -> Result<Vec<Raw>> {
        let piece = &self.pieces[index];
        let mut lines = Vec::with_capacity(piece.count);
        for place in &piece.spooled {
            self.read(place, &mut lines, texts)?;
        }
        let held = std::mem::take(&mut *locked(&piece.held));
        let base = texts.len() as u32;
        texts.append(&held.texts);
        held.chunks.into_iter().for_each(|chunk| lines.extend(chunk.into_iter().map(|line| line.moved(base))));
        Ok(lines)
    }

    fn read(&self, place: &Place, lines: &mut Vec<Raw>, texts: &mut Texts) -> Result<()> {
        locked(&self.spool).as_mut().map_or(Ok(()), |spool| spool.read(place, lines, texts))
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
            let (buyer, mut written) = (format!("b{}", order % 40), [Written::default(); 2]);
            let [of_buyer, of_session] = &mut written;
            let buyer = &mut Shared { text: || buyer.as_bytes(), written: of_buyer };
            let session = &mut Shared { text: || b"c".as_slice(), written: of_session };
            shelf.add(shop, line, buyer, session, format!("m{id}").as_bytes()).unwrap();
            shelf.relieve().unwrap();
        }
        (shelf, names)
    }

    /// The lines as they leave: whose, when, and message id.
    fn taken(mut shelf: Shelf, names: &Names) -> Vec<(String, u32, String)> {
        let pieces = shelf.shards(names, |_| 0).unwrap().concat();
        let lines = pieces.into_iter().flat_map(|piece| {
            let mut texts = Texts::default();
            let (lines, _) = shelf.take(piece, &mut texts).unwrap();
            let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
            let of = |line: &Raw| (text(texts.text(line.conversation)), line.order, text(texts.text(line.message)));
            lines.iter().map(of).collect::<Vec<_>>()
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
        for (most_lines, limit) in [(16, usize::MAX), (MOST_LINES, 0), (16, 0), (2, 3200)] {
            let (shelf, names) = shelf(most_lines, Budget::of_limit(limit));
            assert_eq!(taken(shelf, &names), expected, "cut at {most_lines}, limit {limit}");
        }
    }
}
