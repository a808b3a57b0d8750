//! Interns names as small integer codes: the shops and agents (shop × account) of a day, and the conversations (shop × buyer) and sessions of
//! a shard. A name is hashed once per batch dictionary, not once per line. Code 0 stands for no name.
//!
//! Libraries considered for `Interner`: lasso and string-interner. Here the hash table holds half of each hash beside the code, so that it
//! grows without reading a text; the texts lie in blocks that are never copied; and codes start at 1, with 0 for a null. Neither library has
//! been measured; replace `Interner` by one of them if it is no slower and takes no more memory.

use arrow::array::{Array, StringArray};
use hashbrown::{HashMap, HashTable};
use xxhash_rust::xxh3::xxh3_64;

/// An arena of texts by code, from 1. The texts of a block lie end to end, and a full block is never copied when the arena grows.
#[derive(Default)]
struct StringArena {
    blocks: Vec<ArenaBlock>,
    count: usize,
}

#[derive(Default)]
struct ArenaBlock {
    texts: String,
    /// The end offset of each text. A text is an id of at most 256 bytes, so that a block stays far below 4 GiB.
    ends: Vec<u32>,
}

/// The number of texts in a block.
const BLOCK: usize = 1 << 14;

impl StringArena {
    /// Appends a text and returns its code.
    fn push(&mut self, text: &str) -> u32 {
        if self.blocks.len() * BLOCK <= self.count {
            self.blocks.last_mut().into_iter().for_each(|full| full.texts.shrink_to_fit());
            self.blocks.push(ArenaBlock::default());
        }
        if let Some(block) = self.blocks.last_mut() {
            block.texts.push_str(text);
            block.ends.push(block.texts.len() as u32);
        }
        self.count += 1;
        self.count as u32
    }

    /// The text of a code; empty for code 0.
    fn resolve(&self, code: u32) -> &str {
        let Some(index) = (code as usize).checked_sub(1) else { return "" };
        let (block, place) = (&self.blocks[index / BLOCK], index % BLOCK);
        let start = place.checked_sub(1).map_or(0, |before| block.ends[before] as usize);
        &block.texts[start..block.ends[place] as usize]
    }
}

/// Maps distinct texts to codes, which count from 1 in the order of first appearance.
#[derive(Default)]
pub struct Interner {
    /// Half of each text's hash, and its code. The half hash tells most different texts apart and places entries in a grown table without
    /// reading the texts.
    codes: HashTable<(u32, u32)>,
    texts: StringArena,
}

impl Interner {
    /// The code of a text, which is added if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        let Interner { codes, texts } = self;
        let half = xxh3_64(text.as_bytes()) as u32;
        let is_equal = |(known, code): &(u32, u32)| *known == half && texts.resolve(*code) == text;
        let entry = codes.entry(spread(half), is_equal, |(half, _)| spread(*half));
        match entry {
            hashbrown::hash_table::Entry::Occupied(known) => known.get().1,
            hashbrown::hash_table::Entry::Vacant(free) => free.insert((half, texts.push(text))).get().1,
        }
    }

    /// The text of a code; empty for code 0. Panics on a code that this interner never returned.
    pub fn resolve(&self, code: u32) -> &str {
        self.texts.resolve(code)
    }

    /// The number of distinct texts, which is also the largest code.
    pub fn len(&self) -> usize {
        self.texts.count
    }

    /// Whether no text was interned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A 64-bit hash from half a hash. The table uses the highest and the lowest bits of a hash, so that both need to vary.
fn spread(half: u32) -> u64 {
    u64::from(half) << 32 | u64::from(half)
}

/// The dictionary of the previous batch. Batches of one row group often share theirs, so that its values need to be handled only once.
/// It holds the values, so that their memory cannot be reused for another dictionary.
#[derive(Default)]
pub struct LastDictionary(Option<StringArray>);

impl LastDictionary {
    /// Whether the values differ from the previous dictionary's, by address and not by content. Remembers them for the next call.
    pub fn is_new(&mut self, values: &StringArray) -> bool {
        let address = |array: &StringArray| (array.values().as_ptr(), array.offsets().inner().as_ptr(), array.len());
        let is_new = self.0.as_ref().is_none_or(|last| address(last) != address(values));
        if is_new {
            self.0 = Some(values.clone());
        }
        is_new
    }
}

/// Maps distinct pairs (owner, text) to codes from 1. Most texts have one owner: an agent id mostly belongs to one shop.
#[derive(Default)]
struct PairInterner {
    texts: Interner,
    /// By text code less 1: the text's first owner, and the code of that pair (0 if there is none yet).
    first: Vec<(u32, u32)>,
    /// The codes of pairs with the other owners of a text.
    others: HashMap<(u32, u32), u32>,
    /// By pair code less 1: owner and text code.
    pairs: Vec<(u32, u32)>,
}

impl PairInterner {
    /// The code of a pair, which is added if it is new. `text` is a code of `texts`; text 0 gives code 0.
    fn intern(&mut self, owner: u32, text: u32) -> u32 {
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

    /// The owner of a pair; 0 for code 0.
    fn owner(&self, code: u32) -> u32 {
        code.checked_sub(1).map_or(0, |index| self.pairs[index as usize].0)
    }

    /// The text of a pair; empty for code 0.
    fn resolve(&self, code: u32) -> &str {
        code.checked_sub(1).map_or("", |index| self.texts.resolve(self.pairs[index as usize].1))
    }
}

/// The codes of a dictionary's values, each looked up once per dictionary.
#[derive(Default)]
struct DictionaryCodes {
    dictionary: LastDictionary,
    /// The text code of each value.
    texts: Vec<u32>,
    /// By value: the owner it last came with, and the code of that pair (0 before the first lookup).
    pairs: Vec<(u32, u32)>,
}

impl DictionaryCodes {
    /// Interns the values of a batch's dictionary, unless it is the previous batch's.
    fn look_up(&mut self, values: &StringArray, texts: &mut Interner) {
        if self.dictionary.is_new(values) {
            self.texts.clear();
            self.texts.extend(values.iter().map(|text| text.map_or(0, |text| texts.intern(text))));
            self.pairs.clear();
            self.pairs.resize(values.len(), (0, 0));
        }
    }

    /// The pair code of an owner and a dictionary slot; 0 for slot 0.
    #[inline]
    fn code(&mut self, pairs: &mut PairInterner, owner: u32, slot: u32) -> u32 {
        let Some(key) = (slot as usize).checked_sub(1) else { return 0 };
        let (last, code) = &mut self.pairs[key];
        if *code == 0 || *last != owner {
            (*last, *code) = (owner, pairs.intern(owner, self.texts[key]));
        }
        *code
    }
}

/// The codes of a day's shops and agents. An agent is an account of a shop: one account id in two shops has two codes.
#[derive(Default)]
pub struct Names {
    shops: PairInterner,
    /// By shop code less 1: the alphabetically first platform in the shop's lines, so that the order of the lines does not matter.
    platforms: Vec<Option<Box<str>>>,
    agents: PairInterner,
    /// The codes of the last dictionaries of shops and of agents.
    dictionaries: [DictionaryCodes; 2],
}

impl Names {
    /// Prepares the codes of a batch from the dictionaries of its columns `shop_id` and `agent_id`.
    pub fn batch(&mut self, shops: &StringArray, agents: &StringArray) -> BatchNames<'_> {
        let [shop_codes, agent_codes] = &mut self.dictionaries;
        shop_codes.look_up(shops, &mut self.shops.texts);
        agent_codes.look_up(agents, &mut self.agents.texts);
        BatchNames { names: self }
    }

    /// The bucket of an id, from 0 to `buckets` less 1, by the leading bits of its hash. The same id is always in the same bucket.
    pub fn bucket(id: &str, buckets: usize) -> usize {
        ((xxh3_64(id.as_bytes()) >> 32) as usize * buckets) >> 32
    }

    /// Records a platform that a line of the shop gives.
    pub fn add_platform(&mut self, shop: u32, platform: &str) {
        let known = &mut self.platforms[shop as usize - 1];
        if known.as_deref().is_none_or(|known| platform < known) {
            *known = Some(platform.into());
        }
    }

    /// The shop id of a shop code; empty for code 0.
    pub fn shop(&self, shop: u32) -> &str {
        self.shops.resolve(shop)
    }

    /// The ids of all shops, by code.
    pub fn shops(&self) -> impl Iterator<Item = &str> {
        (1..=self.shops.pairs.len() as u32).map(|shop| self.shop(shop))
    }

    /// The agent id of an agent code; empty for code 0.
    pub fn agent(&self, agent: u32) -> &str {
        self.agents.resolve(agent)
    }

    /// The shop code of an agent code; 0 for code 0.
    pub fn shop_of_agent(&self, agent: u32) -> u32 {
        self.agents.owner(agent)
    }

    /// The platform in the shop's lines; `None` if they give none.
    pub fn platform_of(&self, shop: u32) -> Option<&str> {
        self.platforms.get(shop as usize - 1)?.as_deref()
    }

    /// The ids of all shops with lines, each with the platform in its lines.
    pub fn platforms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        (1..).zip(&self.platforms).map(|(shop, platform)| (self.shop(shop), platform.as_deref()))
    }
}

/// The codes of a batch's shops and agents, by dictionary slot.
pub struct BatchNames<'a> {
    /// The names of the day.
    pub names: &'a mut Names,
}

impl BatchNames<'_> {
    /// The codes of a line's shop and agent, from their dictionary slots. Slot 0 gives code 0.
    #[inline]
    pub fn line_codes(&mut self, shop: u32, agent: u32) -> (u32, u32) {
        let Names { shops, platforms, agents, dictionaries: [shop_codes, agent_codes] } = &mut *self.names;
        let shop = shop_codes.code(shops, 0, shop);
        if platforms.len() < shop as usize {
            platforms.push(None);
        }
        (shop, agent_codes.code(agents, shop, agent))
    }
}

/// The names of a shard's conversations (shop × buyer) and sessions. They are kept per shard because a day has too many to hold them all.
#[derive(Default)]
pub struct ConversationNames {
    buyers: StringArena,
    sessions: Interner,
}

impl ConversationNames {
    /// Adds a conversation with a buyer and returns its code. Every call returns a new code.
    pub fn add_conversation(&mut self, buyer: &str) -> u32 {
        self.buyers.push(buyer)
    }

    /// The code of a session id; 0 for an empty id. Conversations that use the same session id share its code.
    pub fn session_code(&mut self, id: &str) -> u32 {
        if id.is_empty() { 0 } else { self.sessions.intern(id) }
    }

    /// The buyer id of a conversation; empty for code 0.
    pub fn buyer(&self, conversation: u32) -> &str {
        self.buyers.resolve(conversation)
    }

    /// The session id of a session code; empty for code 0.
    pub fn session(&self, session: u32) -> &str {
        self.sessions.resolve(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the hash as it is: a library that hashes otherwise would change them.
    #[test]
    fn the_bucket_of_a_shop_never_changes() {
        assert_eq!(["s1", "007", "店铺/二=x"].map(|shop| Names::bucket(shop, 64)), [38, 0, 43]);
    }

    #[test]
    fn a_text_with_two_owners_has_two_codes() {
        let mut pairs = PairInterner::default();
        let [b1, b2] = ["b1", "客"].map(|text| pairs.texts.intern(text));
        let codes = [(1, b1), (2, b1), (1, b2), (1, b1), (2, b1), (7, 0)].map(|(owner, text)| pairs.intern(owner, text));
        assert_eq!(codes, [1, 2, 3, 1, 2, 0]);
        assert_eq!([1, 2, 3].map(|code| (pairs.owner(code), pairs.resolve(code))), [(1, "b1"), (2, "b1"), (1, "客")]);
    }
}
