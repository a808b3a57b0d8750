//! The names of one day as small codes: shops, conversations (shop × buyer), agents (shop × account), sessions.
//! A name is hashed once per batch dictionary, not once per line. Code 0 is "none".

use arrow::array::types::Int32Type;
use arrow::array::{Array, AsArray, DictionaryArray, StringArray};
use hashbrown::{HashMap, HashTable};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Distinct texts → codes from 1. The texts lie end to end, so many to a block: what is there need not be moved to make room.
#[derive(Default)]
pub struct Texts {
    codes: HashTable<u32>,
    blocks: Vec<Block>,
    count: usize,
}

#[derive(Default)]
struct Block {
    spelled: String,
    /// Where each text ends. A text is an id of at most 256 bytes; a block of longer ones could hold 4 GiB at most.
    ends: Vec<u32>,
}

/// Texts in a block.
const BLOCK: usize = 1 << 14;

impl Texts {
    pub fn code(&mut self, text: &str) -> u32 {
        let Texts { codes, blocks, count } = self;
        let spell = |code: u32| spelled_at(blocks, code);
        let entry = codes.entry(xxh3_64(text.as_bytes()), |code| spell(*code) == text, |code| xxh3_64(spell(*code).as_bytes()));
        let code = match entry {
            hashbrown::hash_table::Entry::Occupied(known) => return *known.get(),
            hashbrown::hash_table::Entry::Vacant(free) => {
                *count += 1;
                *free.insert(*count as u32).get()
            }
        };
        if blocks.len() * BLOCK < *count {
            blocks.last_mut().into_iter().for_each(|full| full.spelled.shrink_to_fit());
            blocks.push(Block::default());
        }
        if let Some(block) = blocks.last_mut() {
            block.spelled.push_str(text);
            block.ends.push(block.spelled.len() as u32);
        }
        code
    }

    pub fn spell(&self, code: u32) -> &str {
        spelled_at(&self.blocks, code)
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn spelled_at(blocks: &[Block], code: u32) -> &str {
    let Some(index) = (code as usize).checked_sub(1) else { return "" };
    let (block, place) = (&blocks[index / BLOCK], index % BLOCK);
    let start = place.checked_sub(1).map_or(0, |before| block.ends[before] as usize);
    &block.spelled[start..block.ends[place] as usize]
}

/// The codes of a dictionary's values. Batches of one row group share their dictionary: it is looked up once.
#[derive(Default)]
struct Known {
    values: Option<StringArray>,
    codes: Arc<Vec<u32>>,
}

impl Known {
    fn codes(&mut self, values: &StringArray, texts: &mut Texts) -> Arc<Vec<u32>> {
        let place = |array: &StringArray| (array.values().as_ptr(), array.offsets().inner().as_ptr(), array.len());
        if self.values.as_ref().is_none_or(|known| place(known) != place(values)) {
            self.codes = Arc::new(values.iter().map(|text| text.map_or(0, |text| texts.code(text))).collect());
            self.values = Some(values.clone());
        }
        Arc::clone(&self.codes)
    }
}

/// Distinct pairs (owner, text) → codes from 1. Most texts have one owner: a buyer's shop.
#[derive(Default)]
pub(crate) struct Pairs {
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

    /// The code of an owner's text.
    pub(crate) fn find(&mut self, owner: u32, text: &str) -> u32 {
        let text = self.texts.code(text);
        self.code(owner, text)
    }

    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    pub(crate) fn owner(&self, code: u32) -> u32 {
        code.checked_sub(1).map_or(0, |index| self.pairs[index as usize].0)
    }

    fn spell(&self, code: u32) -> &str {
        code.checked_sub(1).map_or("", |index| self.texts.spell(self.pairs[index as usize].1))
    }
}

#[derive(Default)]
pub struct Names {
    shops: Pairs,
    /// By shop code less 1: the least platform name its lines carry, so that their order does not matter.
    platforms: Vec<Option<Box<str>>>,
    conversations: Pairs,
    agents: Pairs,
    /// A session is found among those of its conversation, so its text tells which it is.
    sessions: Texts,
    known: [Known; 4],
}

impl Names {
    /// Prepares a batch: each dictionary value becomes a text code once.
    pub fn batch<'a>(&'a mut self, [shop, buyer, agent, session]: [&'a DictionaryArray<Int32Type>; 4]) -> BatchNames<'a> {
        let coded = |known: &mut Known, keys: &'a DictionaryArray<Int32Type>, texts: &mut Texts| Column {
            keys,
            codes: known.codes(keys.values().as_string::<i32>(), texts),
        };
        let [shops, buyers, agents, sessions] = &mut self.known;
        let shop = coded(shops, shop, &mut self.shops.texts);
        let buyer = coded(buyers, buyer, &mut self.conversations.texts);
        let agent = coded(agents, agent, &mut self.agents.texts);
        let session = coded(sessions, session, &mut self.sessions);
        BatchNames { names: self, shop, buyer, agent, session }
    }

    /// Which of `buckets` a shop falls into: the leading bits of a hash that never changes. What a cluster cuts by.
    pub fn bucket(shop: &str, buckets: usize) -> usize {
        ((xxh3_64(shop.as_bytes()) >> 32) as usize * buckets) >> 32
    }

    /// Which of 16 parts a conversation falls into when its shop, or the part of it at `depth`, is cut by buyer.
    pub fn part(&self, conversation: u32, depth: u32) -> usize {
        (xxh3_64(self.buyer(conversation).as_bytes()) >> (60 - 4 * depth.min(15))) as usize & 15
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

    pub fn shop_of(&self, conversation: u32) -> u32 {
        self.conversations.owner(conversation)
    }

    pub fn buyer(&self, conversation: u32) -> &str {
        self.conversations.spell(conversation)
    }

    pub fn agent(&self, agent: u32) -> &str {
        self.agents.spell(agent)
    }

    pub fn shop_of_agent(&self, agent: u32) -> u32 {
        self.agents.owner(agent)
    }

    pub fn session(&self, session: u32) -> &str {
        self.sessions.spell(session)
    }

    /// The shops with lines, each with its platform as its lines name it.
    pub fn platforms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        (1..).zip(&self.platforms).map(|(shop, platform)| (self.shop(shop), platform.as_deref()))
    }
}

struct Column<'a> {
    keys: &'a DictionaryArray<Int32Type>,
    codes: Arc<Vec<u32>>,
}

impl Column<'_> {
    fn text(&self, row: usize) -> u32 {
        self.keys.key(row).map_or(0, |key| self.codes[key])
    }
}

/// A batch's key columns, ready to be read row by row.
pub struct BatchNames<'a> {
    pub names: &'a mut Names,
    shop: Column<'a>,
    buyer: Column<'a>,
    agent: Column<'a>,
    session: Column<'a>,
}

impl BatchNames<'_> {
    /// The codes of a row: shop, conversation, agent, session.
    pub fn line(&mut self, row: usize) -> (u32, u32, u32, u32) {
        let names = &mut *self.names;
        let shop = names.shops.code(0, self.shop.text(row));
        if names.platforms.len() < shop as usize {
            names.platforms.push(None);
        }
        let conversation = names.conversations.code(shop, self.buyer.text(row));
        let agent = names.agents.code(shop, self.agent.text(row));
        (shop, conversation, agent, self.session.text(row))
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
