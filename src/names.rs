//! The names of one day as small codes: shops, conversations (shop × buyer), agents (shop × account), sessions.
//! A name is hashed once per batch dictionary, not once per line. Code 0 is "none".

use arrow::array::types::Int32Type;
use arrow::array::{AsArray, DictionaryArray, StringArray};
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Distinct pairs (owner, text) → codes from 1.
#[derive(Default)]
struct Pairs {
    codes: HashMap<(u32, u32), u32>,
    pairs: Vec<(u32, u32)>,
}

impl Pairs {
    fn code(&mut self, owner: u32, text: u32) -> u32 {
        *self.codes.entry((owner, text)).or_insert_with(|| {
            self.pairs.push((owner, text));
            self.pairs.len() as u32
        })
    }

    fn get(&self, code: u32) -> (u32, u32) {
        match code {
            0 => (0, 0),
            code => self.pairs[code as usize - 1],
        }
    }
}

/// Distinct texts → codes from 1.
#[derive(Default)]
pub struct Texts {
    codes: HashMap<Box<str>, u32>,
    /// Texts by code less 1.
    spelled: Vec<Box<str>>,
}

impl Texts {
    pub fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        self.spelled.push(text.into());
        let code = self.spelled.len() as u32;
        self.codes.insert(text.into(), code);
        code
    }

    pub fn spell(&self, text: u32) -> &str {
        match text {
            0 => "",
            code => &self.spelled[code as usize - 1],
        }
    }
}

#[derive(Default)]
pub struct Names {
    texts: Texts,
    shops: Pairs,
    /// By shop code less 1: the least platform name its lines carry, so that their order does not matter.
    platforms: Vec<Option<Box<str>>>,
    conversations: Pairs,
    agents: Pairs,
    sessions: Pairs,
    message_bytes: String,
    message_ends: Vec<usize>,
}

impl Names {
    /// Prepares a batch: each dictionary value becomes a text code once.
    pub fn batch<'a>(&'a mut self, [shop, buyer, agent, session]: [&'a DictionaryArray<Int32Type>; 4]) -> BatchNames<'a> {
        let mut coded = |keys: &'a DictionaryArray<Int32Type>| {
            let values = keys.values().as_string::<i32>();
            let codes = values.iter().map(|text| text.map_or(0, |text| self.texts.code(text))).collect();
            Column { keys, codes }
        };
        let (shop, buyer, agent, session) = (coded(shop), coded(buyer), coded(agent), coded(session));
        BatchNames { names: self, shop, buyer, agent, session }
    }

    /// Which of `buckets` (a power of two) a shop falls into: the leading bits of a hash that never changes.
    pub fn bucket(&self, shop: u32, buckets: usize) -> usize {
        ((xxh3_64(self.shop(shop).as_bytes()) >> 32) as usize * buckets) >> 32
    }

    pub fn platform(&mut self, shop: u32, platform: &str) {
        let known = &mut self.platforms[shop as usize - 1];
        if known.as_deref().is_none_or(|known| platform < known) {
            *known = Some(platform.into());
        }
    }

    /// Keeps a message id; ids are nearly all different, so they are stored, not interned.
    pub fn message(&mut self, id: &str) -> u32 {
        self.message_bytes.push_str(id);
        self.message_ends.push(self.message_bytes.len());
        self.message_ends.len() as u32
    }

    pub fn message_id(&self, code: u32) -> &str {
        let code = code as usize;
        let start = if code < 2 { 0 } else { self.message_ends[code - 2] };
        &self.message_bytes[start..self.message_ends[code - 1]]
    }

    pub fn shop(&self, shop: u32) -> &str {
        self.texts.spell(self.shops.get(shop).1)
    }

    pub fn shop_of(&self, conversation: u32) -> u32 {
        self.conversations.get(conversation).0
    }

    pub fn buyer(&self, conversation: u32) -> &str {
        self.texts.spell(self.conversations.get(conversation).1)
    }

    pub fn agent(&self, agent: u32) -> &str {
        self.texts.spell(self.agents.get(agent).1)
    }

    pub fn session(&self, session: u32) -> &str {
        self.texts.spell(self.sessions.get(session).1)
    }

    /// The shops with lines, each with its platform as its lines name it.
    pub fn platforms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        (1..).zip(&self.platforms).map(|(shop, platform)| (self.shop(shop), platform.as_deref()))
    }

    /// Every shop id by code, for a dictionary column; likewise below. Code 0 is null.
    pub fn shop_ids(&self) -> StringArray {
        self.column(&self.shops)
    }

    pub fn buyer_ids(&self) -> StringArray {
        self.column(&self.conversations)
    }

    pub fn agent_ids(&self) -> StringArray {
        self.column(&self.agents)
    }

    fn column(&self, pairs: &Pairs) -> StringArray {
        std::iter::once(None).chain(pairs.pairs.iter().map(|pair| Some(self.texts.spell(pair.1)))).collect()
    }
}

struct Column<'a> {
    keys: &'a DictionaryArray<Int32Type>,
    codes: Vec<u32>,
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
        let agent = match self.agent.text(row) {
            0 => 0,
            agent => names.agents.code(shop, agent),
        };
        let session = match self.session.text(row) {
            0 => 0,
            session => names.sessions.code(conversation, session),
        };
        (shop, conversation, agent, session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shop's bucket is part of what other engines rely on: these values never change.
    #[test]
    fn a_shops_bucket_is_pinned() {
        let mut names = Names::default();
        let mut buckets = Vec::new();
        for shop in ["s1", "007", "店铺/二=x"] {
            let text = names.texts.code(shop);
            let code = names.shops.code(0, text);
            buckets.push(names.bucket(code, 64));
        }
        assert_eq!(buckets, [38, 0, 43]);
    }

    #[test]
    fn message_ids_come_back() {
        let mut names = Names::default();
        let codes = ["m1", "", "消息"].map(|id| names.message(id));
        assert_eq!(codes.map(|code| names.message_id(code).to_owned()), ["m1", "", "消息"]);
    }
}
