//! Names as small codes: a day's shops and agents (shop × account), some conversations (shop × buyer) and their sessions.
//! A name is hashed once per batch dictionary, not once per line. Code 0 is "none".

use arrow::array::{Array, StringArray};
use hashbrown::{HashMap, HashTable};
use xxhash_rust::xxh3::xxh3_64;

/// Texts by code, from 1; 0 is none. They lie end to end, so many to a block: what is there need not be moved to make room.
#[derive(Default)]
struct Spelled {
    blocks: Vec<Block>,
    count: usize,
}

#[derive(Default)]
struct Block {
    texts: String,
    /// Where each text ends. A text is an id of at most 256 bytes: a block of them is far from 4 GiB.
    ends: Vec<u32>,
}

/// Texts in a block.
const BLOCK: usize = 1 << 14;

impl Spelled {
    fn push(&mut self, text: &str) -> u32 {
        if self.blocks.len() * BLOCK <= self.count {
            self.blocks.last_mut().into_iter().for_each(|full| full.texts.shrink_to_fit());
            self.blocks.push(Block::default());
        }
        if let Some(block) = self.blocks.last_mut() {
            block.texts.push_str(text);
            block.ends.push(block.texts.len() as u32);
        }
        self.count += 1;
        self.count as u32
    }

    fn spell(&self, code: u32) -> &str {
        let Some(index) = (code as usize).checked_sub(1) else { return "" };
        let (block, place) = (&self.blocks[index / BLOCK], index % BLOCK);
        let start = place.checked_sub(1).map_or(0, |before| block.ends[before] as usize);
        &block.texts[start..block.ends[place] as usize]
    }
}

/// Distinct texts → codes from 1.
#[derive(Default)]
pub struct Texts {
    /// With half of the text's hash: what is another text, and where all go in a larger table, is told without looking them up.
    codes: HashTable<(u32, u32)>,
    spelled: Spelled,
}

impl Texts {
    pub fn code(&mut self, text: &str) -> u32 {
        let Texts { codes, spelled } = self;
        let half = xxh3_64(text.as_bytes()) as u32;
        let is = |(known, code): &(u32, u32)| *known == half && spelled.spell(*code) == text;
        let entry = codes.entry(spread(half), is, |(half, _)| spread(*half));
        match entry {
            hashbrown::hash_table::Entry::Occupied(known) => known.get().1,
            hashbrown::hash_table::Entry::Vacant(free) => free.insert((half, spelled.push(text))).get().1,
        }
    }

    pub fn spell(&self, code: u32) -> &str {
        self.spelled.spell(code)
    }

    pub fn len(&self) -> usize {
        self.spelled.count
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A table looks at both ends of a hash.
fn spread(half: u32) -> u64 {
    u64::from(half) << 32 | u64::from(half)
}

/// The dictionary that was seen last. Batches of one row group share theirs.
#[derive(Default)]
pub struct Latest(Option<StringArray>);

impl Latest {
    /// It is another than the last; which it is from now on.
    pub fn is_new(&mut self, values: &StringArray) -> bool {
        let place = |array: &StringArray| (array.values().as_ptr(), array.offsets().inner().as_ptr(), array.len());
        let is_new = self.0.as_ref().is_none_or(|latest| place(latest) != place(values));
        if is_new {
            self.0 = Some(values.clone());
        }
        is_new
    }
}

/// Distinct pairs (owner, text) → codes from 1. Most texts have one owner: a buyer's shop.
#[derive(Default)]
struct Pairs {
    texts: Texts,
    /// By text: its first owner and the pair's code.
    first: Vec<(u32, u32)>,
    /// The pairs of its other owners.
    others: HashMap<(u32, u32), u32>,
    pairs: Vec<(u32, u32)>,
}

impl Pairs {
    /// `text` is a code of this list's own texts; 0 is none.
    fn code(&mut self, owner: u32, text: u32) -> u32 {
        let Some(index) = (text as usize).checked_sub(1) else { return 0 };
        if self.first.len() <= index {
            self.first.resize(self.texts.len(), (0, 0));
        }
        let next = self.pairs.len() as u32 + 1;
        let first = &mut self.first[index];
        let code = match first.1 {
            0 => {
                *first = (owner, next);
                next
            }
            code if first.0 == owner => code,
            _ => *self.others.entry((owner, text)).or_insert(next),
        };
        if code == next {
            self.pairs.push((owner, text));
        }
        code
    }

    fn owner(&self, code: u32) -> u32 {
        code.checked_sub(1).map_or(0, |index| self.pairs[index as usize].0)
    }

    fn spell(&self, code: u32) -> &str {
        code.checked_sub(1).map_or("", |index| self.texts.spell(self.pairs[index as usize].1))
    }
}

/// The codes of a dictionary's values: each is looked up once.
#[derive(Default)]
struct Known {
    dictionary: Latest,
    texts: Vec<u32>,
    /// By key: the owner it was met with last, and the pair's code; 0 before that.
    pairs: Vec<(u32, u32)>,
}

impl Known {
    fn look_up(&mut self, values: &StringArray, texts: &mut Texts) {
        if self.dictionary.is_new(values) {
            self.texts.clear();
            self.texts.extend(values.iter().map(|text| text.map_or(0, |text| texts.code(text))));
            self.pairs.clear();
            self.pairs.resize(values.len(), (0, 0));
        }
    }

    #[inline]
    fn code(&mut self, pairs: &mut Pairs, owner: u32, slot: u32) -> u32 {
        let Some(key) = (slot as usize).checked_sub(1) else { return 0 };
        let (last, code) = &mut self.pairs[key];
        if *code == 0 || *last != owner {
            (*last, *code) = (owner, pairs.code(owner, self.texts[key]));
        }
        *code
    }
}

/// The names of a day's shops and agents.
#[derive(Default)]
pub struct Names {
    shops: Pairs,
    /// By shop code less 1: the least platform name its lines carry, so that their order does not matter.
    platforms: Vec<Option<Box<str>>>,
    agents: Pairs,
    known: [Known; 2],
}

impl Names {
    /// Prepares a batch: each value of its dictionaries becomes a text code once.
    pub fn batch(&mut self, shops: &StringArray, agents: &StringArray) -> BatchNames<'_> {
        let [known_shops, known_agents] = &mut self.known;
        known_shops.look_up(shops, &mut self.shops.texts);
        known_agents.look_up(agents, &mut self.agents.texts);
        BatchNames { names: self }
    }

    /// Which of `buckets` a shop, or a buyer of one, falls into: the leading bits of a hash that never changes. What a cluster cuts by.
    pub fn bucket(shop: &str, buckets: usize) -> usize {
        ((xxh3_64(shop.as_bytes()) >> 32) as usize * buckets) >> 32
    }

    pub fn platform(&mut self, shop: u32, platform: &str) {
        let known = &mut self.platforms[shop as usize - 1];
        if known.as_deref().is_none_or(|known| platform < known) {
            *known = Some(platform.into());
        }
    }

    pub fn shop(&self, shop: u32) -> &str {
        self.shops.spell(shop)
    }

    pub fn agent(&self, agent: u32) -> &str {
        self.agents.spell(agent)
    }

    pub fn shop_of_agent(&self, agent: u32) -> u32 {
        self.agents.owner(agent)
    }

    /// The platform that the shop's lines name.
    pub fn platform_of(&self, shop: u32) -> Option<&str> {
        self.platforms.get(shop as usize - 1)?.as_deref()
    }

    /// The shops with lines, each with its platform as its lines name it.
    pub fn platforms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        (1..).zip(&self.platforms).map(|(shop, platform)| (self.shop(shop), platform.as_deref()))
    }
}

/// A batch's shops and agents, ready to be read row by row.
pub struct BatchNames<'a> {
    pub names: &'a mut Names,
}

impl BatchNames<'_> {
    /// The codes of a row's shop and agent: of the values of their dictionaries, counted from 1; 0 is none.
    #[inline]
    pub fn line(&mut self, shop: u32, agent: u32) -> (u32, u32) {
        let Names { shops, platforms, agents, known: [known_shops, known_agents] } = &mut *self.names;
        let shop = known_shops.code(shops, 0, shop);
        if platforms.len() < shop as usize {
            platforms.push(None);
        }
        (shop, known_agents.code(agents, shop, agent))
    }
}

/// The names of some conversations (shop × buyer) and of their sessions. A day has too many to hold them all.
#[derive(Default)]
pub struct Talkers {
    buyers: Spelled,
    sessions: Texts,
}

impl Talkers {
    /// A code for a conversation, which none had before.
    pub fn meet(&mut self, buyer: &str) -> u32 {
        self.buyers.push(buyer)
    }

    /// The code of a session's id. It tells a session among those of its conversation.
    pub fn session_code(&mut self, id: &str) -> u32 {
        if id.is_empty() { 0 } else { self.sessions.code(id) }
    }

    pub fn buyer(&self, conversation: u32) -> &str {
        self.buyers.spell(conversation)
    }

    pub fn session(&self, session: u32) -> &str {
        self.sessions.spell(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shop's bucket is part of what other engines rely on: these values never change.
    #[test]
    fn a_shops_bucket_is_pinned() {
        assert_eq!(["s1", "007", "店铺/二=x"].map(|shop| Names::bucket(shop, 64)), [38, 0, 43]);
    }

    #[test]
    fn one_text_of_two_owners_is_two_pairs() {
        let mut pairs = Pairs::default();
        let [b1, b2] = ["b1", "客"].map(|text| pairs.texts.code(text));
        let codes = [(1, b1), (2, b1), (1, b2), (1, b1), (2, b1), (7, 0)].map(|(owner, text)| pairs.code(owner, text));
        assert_eq!(codes, [1, 2, 3, 1, 2, 0]);
        assert_eq!([1, 2, 3].map(|code| (pairs.owner(code), pairs.spell(code))), [(1, "b1"), (2, "b1"), (1, "客")]);
    }
}
