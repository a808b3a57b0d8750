//! The lines of a day by shop, in the order they were read: in memory as far as the budget goes, then on disk.
//! A shop too large to be worked on at once is cut by buyer, again and again; how depends on the lines alone, so every run cuts alike.

use super::doubles::{Doubles, hash_of};
use super::messages::{Raw, Tallies};
use super::packed::{Packed, Shared, Unpacked, Whose, Written, unpack};
use super::spool::{Place, Spool};
use super::texts::Texts;
use crate::error::Result;
use crate::memory::Budget;
use crate::names::{self, Names};
use crate::rules::SetId;
use hashbrown::HashMap;
use rayon::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A larger piece is cut by buyer.
const MOST_LINES: usize = 1 << 18;
/// Parts a piece is cut into, and how often at most: a hash has so many digits.
const FAN: usize = 16;
const DEEPEST: u32 = 15;
/// A smaller shard costs more to set up than to work on.
const LEAST_SHARD: usize = 1 << 15;

/// Lines of one shop, or of one part of its buyers.
#[derive(Default)]
struct Piece {
    shop: u32,
    /// How often its shop was cut to come to it.
    depth: u32,
    count: usize,
    /// Bytes that its message ids take as `Texts`.
    texts: usize,
    held: Mutex<Packed>,
    /// Where earlier lines lie on disk.
    spooled: Vec<Place>,
    /// Its parts follow from this index on, once it is cut.
    parts: Option<usize>,
}

impl Piece {
    fn new(shop: u32, depth: u32) -> Piece {
        Piece { shop, depth, ..Piece::default() }
    }

    fn held(&mut self) -> &mut Packed {
        self.held.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line with its texts. Returns the bytes it takes.
    #[inline(always)]
    fn add<'t>(
        &mut self,
        line: &Raw,
        buyer: &mut Shared<impl Fn() -> &'t [u8]>,
        session: &mut Shared<impl Fn() -> &'t [u8]>,
        message: &[u8],
    ) -> usize {
        self.count += 1;
        self.texts += Texts::room_of(message);
        self.held().push(line, buyer, session, message)
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
            self.pieces.push(Piece::new(self.of_shop.len() as u32, 0));
        }
        let mut index = self.of_shop[shop as usize - 1];
        while let Some(parts) = self.pieces[index].parts {
            index = parts + part(buyer.hash(), self.pieces[index].depth);
        }
        let piece = &mut self.pieces[index];
        self.held += piece.add(&line, buyer, session, message);
        if piece.count > self.most_lines && piece.depth < DEEPEST { self.cut(index) } else { Ok(()) }
    }

    fn cut(&mut self, index: usize) -> Result<()> {
        let mut whole = std::mem::take(&mut self.pieces[index]);
        let Piece { shop, depth, .. } = whole;
        let mut cut = Cut { depth, parts: (0..FAN).map(|_| Piece::new(shop, depth + 1)).collect(), ..Cut::default() };
        self.fillings(&whole, &mut |bytes| unpack(bytes, &mut cut))?;
        self.held = self.held - whole.held().bytes().len() + cut.held;
        self.pieces[index] = Piece { parts: Some(self.pieces.len()), ..Piece::new(shop, depth) };
        self.pieces.append(&mut cut.parts);
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
        for piece in self.pieces.iter_mut().filter(|piece| !locked(&piece.held).bytes().is_empty()) {
            let place = spool.write(piece.held().bytes())?;
            piece.held().clear();
            piece.spooled.push(place);
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
        let most = (total / 8).clamp(LEAST_SHARD.min(self.most_lines), self.most_lines);
        let mut shards = vec![Shard::new()];
        let (mut lines, mut last) = (0, None);
        for shop in shops {
            let set = set_of(shop);
            let changed = last.replace(set).is_some_and(|last| last != set);
            let whole = self.of_shop[shop as usize - 1];
            let pieces = self.uncut(whole);
            if self.pieces[whole].parts.is_some() {
                let mut show = |each: &mut dyn FnMut(&Raw, &[u8])| pieces.iter().try_for_each(|piece| self.show(*piece, each));
                let doubles = Doubles::find(self.hashes(&pieces)?, &mut show)?;
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

    /// No message ids yet, with room for those of a shard.
    pub fn texts(&self, shard: &[usize]) -> Texts {
        Texts::with_room(shard.iter().map(|piece| self.pieces[*piece].texts).sum())
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

    /// Of the message ids of each piece.
    fn hashes(&self, pieces: &[usize]) -> Result<Vec<Vec<u64>>> {
        let of = |piece: &usize| {
            let mut hashes = Vec::with_capacity(self.pieces[*piece].count);
            let mut each = |_: &Raw, id: &[u8]| {
                if !id.is_empty() {
                    hashes.push(hash_of(id));
                }
            };
            self.show(*piece, &mut each)?;
            Ok(hashes)
        };
        pieces.par_iter().map(of).collect()
    }

    /// Shows each line of a piece with its message id, and no codes.
    fn show(&self, index: usize, each: &mut dyn FnMut(&Raw, &[u8])) -> Result<()> {
        self.fillings(&self.pieces[index], &mut |bytes| unpack(bytes, &mut Nameless(&mut *each)))
    }

    /// Takes the lines of a piece in the order they were read, each message once; and what became of the lines of each file.
    /// Their message ids are added to those there are, and names of buyers and sessions are what `code` makes of them.
    pub fn take(&self, index: usize, messages: &mut Texts, code: &mut dyn FnMut(Whose, &str) -> u32) -> Result<(Vec<Raw>, Tallies)> {
        let piece = &self.pieces[index];
        let known = self.doubles.get(&piece.shop);
        let hashes = known.is_none().then(|| Vec::with_capacity(piece.count));
        let mut taken = Taken { lines: Vec::with_capacity(piece.count), hashes, messages, code };
        self.fillings(piece, &mut |bytes| unpack(bytes, &mut taken))?;
        *locked(&piece.held) = Packed::default();
        let Taken { mut lines, hashes, .. } = taken;
        let mut show = |each: &mut dyn FnMut(&Raw, &[u8])| {
            lines.iter().for_each(|line| each(line, messages.text(line.message)));
            Ok(())
        };
        let found = Doubles::find(hashes.into_iter().collect(), &mut show)?;
        let tallies = known.unwrap_or(&found).settle(&mut lines);
        Ok((lines, tallies))
    }

    /// Shows what a piece was filled with, in order.
    fn fillings(&self, piece: &Piece, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        for place in &piece.spooled {
            let bytes = locked(&self.spool).as_mut().map_or_else(|| Ok(Vec::new()), |spool| spool.read(place))?;
            each(&bytes);
        }
        each(locked(&piece.held).bytes());
        Ok(())
    }
}

/// A piece on its way into its parts.
#[derive(Default)]
struct Cut {
    depth: u32,
    parts: Vec<Piece>,
    /// Bytes of the lines in the parts.
    held: usize,
    buyers: names::Texts,
    sessions: names::Texts,
    /// By code; 0 is none.
    written: [Vec<Written>; 2],
}

impl Unpacked for Cut {
    fn name(&mut self, whose: Whose, name: &str) -> u32 {
        let texts = if whose == Whose::Buyer { &mut self.buyers } else { &mut self.sessions };
        texts.code(name)
    }

    fn line(&mut self, line: &Raw, message: &[u8]) {
        let Cut { buyers, sessions, .. } = self;
        let [of_buyers, of_sessions] = &mut self.written;
        of_buyers.resize(buyers.len() + 1, Written::default());
        of_sessions.resize(sessions.len() + 1, Written::default());
        let text = || buyers.spell(line.conversation).as_bytes();
        let mut buyer = Shared { text, written: &mut of_buyers[line.conversation as usize] };
        let text = || sessions.spell(line.session).as_bytes();
        let mut session = Shared { text, written: &mut of_sessions[line.session as usize] };
        self.held += self.parts[part(buyer.hash(), self.depth)].add(line, &mut buyer, &mut session, message);
    }
}

/// Lines whose names nobody asks for.
struct Nameless<F>(F);

impl<F: FnMut(&Raw, &[u8])> Unpacked for Nameless<F> {
    fn name(&mut self, _: Whose, _: &str) -> u32 {
        0
    }

    fn line(&mut self, line: &Raw, message: &[u8]) {
        self.0(line, message);
    }
}

/// Lines that leave, with the hashes of their message ids where doubles are to be looked for.
struct Taken<'a> {
    lines: Vec<Raw>,
    hashes: Option<Vec<u64>>,
    messages: &'a mut Texts,
    code: &'a mut dyn FnMut(Whose, &str) -> u32,
}

impl Unpacked for Taken<'_> {
    fn name(&mut self, whose: Whose, name: &str) -> u32 {
        (self.code)(whose, name)
    }

    #[inline(always)]
    fn line(&mut self, line: &Raw, message: &[u8]) {
        if let Some(hashes) = &mut self.hashes
            && !message.is_empty()
        {
            hashes.push(hash_of(message));
        }
        self.lines.push(Raw { message: self.messages.push(message), ..*line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::What;
    use arrow::array::StringArray;

    /// 200 lines of 40 buyers of two shops; line 150 says again what line 4 of another buyer said, and that it was recalled.
    fn shelf(most_lines: usize, budget: Budget) -> (Shelf, Names) {
        let (mut shelf, mut names) = (Shelf::new(budget), Names::default());
        shelf.most_lines = most_lines;
        for order in 0..200u32 {
            let [shop, agent] = [format!("s{}", order % 2), "A".into()].map(|name| StringArray::from(vec![name]));
            let (shop, agent) = names.batch(&shop, &agent).line(1, 1);
            let id = if order == 150 { 4 } else { order };
            let line = Raw { agent, order, at: i64::from(order), recalled: order == 150, ..Raw::default() };
            let line = Raw { what: if order == 4 { What::Buyer } else { What::Reply }, ..line };
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
            let (mut names, mut messages) = (names::Texts::default(), Texts::default());
            let (lines, _) = shelf.take(piece, &mut messages, &mut |_, name| names.code(name)).unwrap();
            let message = |line: &Raw| String::from_utf8(messages.text(line.message).to_vec()).unwrap();
            let of = |line: &Raw| (names.spell(line.conversation).to_owned(), line.order, message(line));
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
