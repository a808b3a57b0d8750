//! Partitions the lines of a day by shop. Within a partition lines stay in the order they were read, in memory within the budget and on disk
//! beyond it. A partition that grows too large is split by the hash of the buyer, and its parts again if need be. The split depends on the
//! lines alone, so that every run splits alike.

use super::codec::{BlockEntry, LineSink, PackedLines, SharedColumn, SharedText, unpack};
use super::file::{SpillFile, SpillRange};
use crate::config::RuleSetId;
use crate::error::Result;
use crate::ingest::dedup::FileLineCounts;
use crate::ingest::dedup::{DuplicateLines, hash_of};
use crate::ingest::message_ids::MessageIds;
use crate::ingest::persons::PersonHashes;
use crate::memory::MemoryBudget;
use crate::names;
use crate::names::Names;
use kefu_kernel::line::ChatLine;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The lines of a partition above which it is split by buyer.
const MAX_LINES: usize = 1 << 18;
/// The number of parts that a partition is split into: one per hexadecimal digit of the buyer's hash.
const FAN_OUT: usize = 16;
/// The most splits between a shop and a partition: the hash has 16 digits, and the first split uses the first one.
const MAX_DEPTH: u32 = 15;
/// The least number of lines to aim at for a shard. A smaller shard costs more to set up than to replay.
const MIN_SHARD: usize = 1 << 15;

/// The lines of one shop, or of a part of its buyers.
#[derive(Default)]
struct LinePartition {
    /// The shop's code.
    shop: u32,
    /// The number of splits between the shop and this partition.
    depth: u32,
    /// The number of lines, in memory and on disk.
    count: usize,
    /// The bytes that the message ids take in `MessageIds`.
    id_bytes: usize,
    /// The lines in memory: the last block.
    buffer: Mutex<PackedLines>,
    /// The blocks on disk, in order.
    spilled: Vec<SpillRange>,
    /// The index of the first part, once the partition is split; the other parts follow it.
    parts: Option<usize>,
}

impl LinePartition {
    fn new(shop: u32, depth: u32) -> LinePartition {
        LinePartition { shop, depth, ..LinePartition::default() }
    }

    fn buffer(&mut self) -> &mut PackedLines {
        self.buffer.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line with its buyer, session and message id. Returns the number of bytes added to the buffer.
    #[inline(always)]
    fn add<'t>(
        &mut self,
        line: &ChatLine,
        buyer: &mut SharedText<impl Fn() -> &'t [u8]>,
        session: &mut SharedText<impl Fn() -> &'t [u8]>,
        message: &[u8],
    ) -> usize {
        self.count += 1;
        self.id_bytes += MessageIds::encoded_len(message);
        self.buffer().push(line, buyer, session, message)
    }
}

/// The part of a buyer when a partition at `depth` is split: digit number `depth` of the buyer's hash, from the left.
fn part(hash: u64, depth: u32) -> usize {
    (hash >> (60 - 4 * depth.min(MAX_DEPTH))) as usize % FAN_OUT
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lines of a day, partitioned by shop and within large shops by buyer.
pub struct ShopPartitions {
    /// The lines above which a partition is split: `MAX_LINES`, less in tests.
    max_lines: usize,
    /// The hashes of buyers, by which it is split.
    hashes: Arc<PersonHashes>,
    partitions: Vec<LinePartition>,
    /// The index of each shop's first partition, at the shop's code less 1.
    by_shop: Vec<usize>,
    /// Created when lines are first spilled.
    spill_file: Mutex<Option<SpillFile>>,
    budget: MemoryBudget,
    /// Bytes of lines in memory.
    buffered: usize,
    /// Bytes of them that are reserved in the budget.
    reserved: usize,
}

/// The indices of partitions that are replayed together, on one thread.
pub type Shard = Vec<usize>;

impl Drop for ShopPartitions {
    fn drop(&mut self) {
        self.budget.release(self.reserved);
    }
}

impl ShopPartitions {
    /// Partitions without lines.
    pub fn new(budget: MemoryBudget) -> ShopPartitions {
        let (partitions, by_shop, hashes) = Default::default();
        let (max_lines, spill_file) = (MAX_LINES, Mutex::default());
        ShopPartitions { max_lines, hashes, partitions, by_shop, spill_file, budget, buffered: 0, reserved: 0 }
    }

    /// The same, in which large shops are split by these hashes of buyers.
    pub fn split_by(mut self, hashes: &Arc<PersonHashes>) -> ShopPartitions {
        self.hashes = Arc::clone(hashes);
        self
    }

    /// Adds a line of a shop with its buyer, session and message id, each empty where there is none. Errors: a split cannot read lines back
    /// from the disk or spill them.
    #[inline(always)]
    pub fn add<'t>(
        &mut self,
        shop: u32,
        line: ChatLine,
        buyer: &mut SharedText<impl Fn() -> &'t [u8]>,
        session: &mut SharedText<impl Fn() -> &'t [u8]>,
        message: &[u8],
    ) -> Result<()> {
        while self.by_shop.len() < shop as usize {
            self.by_shop.push(self.partitions.len());
            self.partitions.push(LinePartition::new(self.by_shop.len() as u32, 0));
        }
        let mut index = self.by_shop[shop as usize - 1];
        while let Some(parts) = self.partitions[index].parts {
            index = parts + part(buyer.hash(&self.hashes), self.partitions[index].depth);
        }
        let partition = &mut self.partitions[index];
        self.buffered += partition.add(&line, buyer, session, message);
        if partition.count > self.max_lines && partition.depth < MAX_DEPTH { self.split(index) } else { Ok(()) }
    }

    /// Moves the lines of a partition into `FAN_OUT` parts by buyer.
    fn split(&mut self, index: usize) -> Result<()> {
        let mut whole = std::mem::take(&mut self.partitions[index]);
        let LinePartition { shop, depth, .. } = whole;
        let parts = (0..FAN_OUT).map(|_| LinePartition::new(shop, depth + 1)).collect();
        let mut split = SplitPartition { depth, parts, hashes: Arc::clone(&self.hashes), ..SplitPartition::default() };
        self.for_each_block(&whole, &mut |bytes| unpack(bytes, &mut split))?;
        self.buffered = self.buffered - whole.buffer().bytes().len() + split.buffered;
        self.partitions[index] = LinePartition { parts: Some(self.partitions.len()), ..LinePartition::new(shop, depth) };
        self.partitions.append(&mut split.parts);
        self.enforce_budget()
    }

    /// Reserves the buffered bytes in the budget, and spills all lines if the budget is exceeded. Errors: the disk is full or fails.
    pub fn enforce_budget(&mut self) -> Result<()> {
        match self.buffered.checked_sub(self.reserved) {
            Some(more) => self.budget.reserve(more),
            None => self.budget.release(self.reserved - self.buffered),
        }
        self.reserved = self.buffered;
        if self.budget.is_exceeded() { self.spill() } else { Ok(()) }
    }

    /// Writes the buffers of all partitions to disk.
    fn spill(&mut self) -> Result<()> {
        let mut file = locked(&self.spill_file);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(SpillFile::new()?),
        };
        for partition in self.partitions.iter_mut().filter(|partition| !locked(&partition.buffer).bytes().is_empty()) {
            let range = file.write(partition.buffer().bytes())?;
            partition.buffer().clear();
            partition.spilled.push(range);
        }
        self.budget.release(self.reserved);
        (self.buffered, self.reserved) = (0, 0);
        Ok(())
    }

    /// Groups the partitions into shards, in the order of rule sets and shop ids. The shops of a shard have the same rule set, and a shard
    /// has at most an eighth of the day's lines, within `MIN_SHARD` and `MAX_LINES`, unless a single partition has more.
    /// `set_of` returns the rule set of a shop code. Errors: spilled lines cannot be read back.
    pub fn shards(&mut self, names: &Names, set_of: impl Fn(u32) -> RuleSetId) -> Result<Vec<Shard>> {
        let mut shops = (1..=self.by_shop.len() as u32).collect::<Vec<_>>();
        shops.sort_by_cached_key(|shop| (set_of(*shop), names.shop(*shop)));
        let total = self.partitions.iter().map(|partition| partition.count).sum::<usize>();
        let max_shard = (total / 8).clamp(MIN_SHARD.min(self.max_lines), self.max_lines);
        let mut shards = vec![Shard::new()];
        let (mut lines, mut last) = (0, None);
        for shop in shops {
            let set = set_of(shop);
            let changed = last.replace(set).is_some_and(|last| last != set);
            let whole = self.by_shop[shop as usize - 1];
            let leaves = self.leaves(whole);
            if changed && lines > 0 {
                shards.push(Shard::new());
                lines = 0;
            }
            for leaf in leaves {
                let count = self.partitions[leaf].count;
                if lines > 0 && lines + count > max_shard {
                    shards.push(Shard::new());
                    lines = 0;
                }
                lines += count;
                shards.last_mut().into_iter().for_each(|shard| shard.push(leaf));
            }
        }
        Ok(shards)
    }

    /// The shop code of a partition.
    pub fn shop(&self, index: usize) -> u32 {
        self.partitions[index].shop
    }

    /// An empty buffer with room for the message ids of a shard.
    pub fn message_ids(&self, shard: &[usize]) -> MessageIds {
        MessageIds::with_capacity(shard.iter().map(|index| self.partitions[*index].id_bytes).sum())
    }

    /// The number of lines of a shard, duplicates included.
    pub fn count(&self, shard: &[usize]) -> usize {
        shard.iter().map(|index| self.partitions[*index].count).sum()
    }

    /// The partitions that hold lines after all splits of a partition, in order.
    fn leaves(&self, index: usize) -> Vec<usize> {
        match self.partitions[index].parts {
            Some(first) => (first..first + FAN_OUT).flat_map(|part| self.leaves(part)).collect(),
            None => vec![index],
        }
    }

    /// Takes the lines out of a partition, in the order they were read and without duplicates, with the line counts of each file. Message ids
    /// are appended to `messages`; `code` returns the code for a buyer or session id. Errors: spilled lines cannot be read back.
    pub fn take(
        &self,
        index: usize,
        messages: &mut MessageIds,
        code: &mut dyn FnMut(SharedColumn, &str) -> u32,
    ) -> Result<(Vec<ChatLine>, FileLineCounts)> {
        let partition = &self.partitions[index];
        let mut taken =
            TakenLines { lines: Vec::with_capacity(partition.count), hashes: Vec::with_capacity(partition.count), messages, code };
        self.for_each_block(partition, &mut |bytes| unpack(bytes, &mut taken))?;
        *locked(&partition.buffer) = PackedLines::default();
        let TakenLines { mut lines, hashes, .. } = taken;
        // All lines of an account are in one partition, and so are all accounts of a person.
        let duplicates = DuplicateLines::find(hashes, &lines, |line| messages.text(line.message));
        let counts = duplicates.remove_from(&mut lines);
        Ok((lines, counts))
    }

    /// Calls `each` with the encoded blocks of a partition, in order.
    fn for_each_block(&self, partition: &LinePartition, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        for range in &partition.spilled {
            let bytes = locked(&self.spill_file).as_mut().map_or_else(|| Ok(Vec::new()), |file| file.read(range))?;
            each(&bytes);
        }
        each(locked(&partition.buffer).bytes());
        Ok(())
    }
}

/// Distributes the lines of a partition to its parts.
#[derive(Default)]
struct SplitPartition {
    depth: u32,
    parts: Vec<LinePartition>,
    hashes: Arc<PersonHashes>,
    /// Bytes of the lines in the parts.
    buffered: usize,
    buyers: names::Interner,
    sessions: names::Interner,
    /// The block entries of buyers and of sessions, by code. A buyer is in one part alone; a session that several buyers share is written anew
    /// whenever the part changes.
    entries: [Vec<BlockEntry>; 2],
}

impl LineSink for SplitPartition {
    fn name(&mut self, column: SharedColumn, name: &str) -> u32 {
        let texts = if column == SharedColumn::Buyer { &mut self.buyers } else { &mut self.sessions };
        texts.intern(name)
    }

    fn line(&mut self, line: &ChatLine, message: &[u8]) {
        let SplitPartition { buyers, sessions, .. } = self;
        let [buyer_entries, session_entries] = &mut self.entries;
        buyer_entries.resize(buyers.len() + 1, BlockEntry::default());
        session_entries.resize(sessions.len() + 1, BlockEntry::default());
        let text = || buyers.resolve(line.conversation).as_bytes();
        let mut buyer = SharedText { text, entry: &mut buyer_entries[line.conversation as usize] };
        let text = || sessions.resolve(line.session).as_bytes();
        let mut session = SharedText { text, entry: &mut session_entries[line.session as usize] };
        self.buffered += self.parts[part(buyer.hash(&self.hashes), self.depth)].add(line, &mut buyer, &mut session, message);
    }
}

/// Collects the lines of a partition, with the codes of their names.
struct TakenLines<'a> {
    lines: Vec<ChatLine>,
    /// The hashes of the messages that have an id.
    hashes: Vec<u64>,
    messages: &'a mut MessageIds,
    code: &'a mut dyn FnMut(SharedColumn, &str) -> u32,
}

impl LineSink for TakenLines<'_> {
    fn name(&mut self, column: SharedColumn, name: &str) -> u32 {
        (self.code)(column, name)
    }

    #[inline(always)]
    fn line(&mut self, line: &ChatLine, message: &[u8]) {
        if !message.is_empty() {
            self.hashes.push(hash_of(line.conversation, message));
        }
        self.lines.push(ChatLine { message: self.messages.push(message), ..*line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::frame;
    use crate::ingest::persons::Persons;
    use arrow::array::StringArray;
    use kefu_kernel::line::LineKind;
    use polars::prelude::{Column, DataFrame};

    /// 200 lines of 40 buyers in two shops. Line 164 has the message id of line 4, which is the same buyer's, and is marked as recalled;
    /// line 150 has that of line 6, which is another buyer's.
    fn partitions(max_lines: usize, budget: MemoryBudget) -> (ShopPartitions, Names) {
        filled(ShopPartitions::new(budget), max_lines)
    }

    fn filled(mut partitions: ShopPartitions, max_lines: usize) -> (ShopPartitions, Names) {
        let mut names = Names::default();
        partitions.max_lines = max_lines;
        for order in 0..200u32 {
            let [shop, agent] = [format!("s{}", order % 2), "A".into()].map(|name| StringArray::from(vec![name]));
            let (shop, agent) = names.batch(&shop, &agent).line_codes(1, 1);
            let id = match order {
                164 => 4,
                150 => 6,
                order => order,
            };
            let line = ChatLine { agent, order, sent_at: i64::from(order), recalled: order == 164, ..ChatLine::default() };
            let line = ChatLine { kind: if order == 4 { LineKind::Buyer } else { LineKind::Reply }, ..line };
            let (buyer, mut entries) = (format!("b{}", order % 40), [BlockEntry::default(); 2]);
            let [buyer_entry, session_entry] = &mut entries;
            let buyer = &mut SharedText { text: || buyer.as_bytes(), entry: buyer_entry };
            let session = &mut SharedText { text: || b"c".as_slice(), entry: session_entry };
            partitions.add(shop, line, buyer, session, format!("m{id}").as_bytes()).unwrap();
            partitions.enforce_budget().unwrap();
        }
        (partitions, names)
    }

    /// The lines that leave the partitions: buyer, order and message id.
    fn taken(mut partitions: ShopPartitions, names: &Names) -> Vec<(String, u32, String)> {
        let indices = partitions.shards(names, |_| 0).unwrap().concat();
        let lines = indices.into_iter().flat_map(|index| {
            let (mut names, mut messages) = (names::Interner::default(), MessageIds::default());
            let (lines, _) = partitions.take(index, &mut messages, &mut |_, name| names.intern(name)).unwrap();
            let message = |line: &ChatLine| String::from_utf8(messages.text(line.message).to_vec()).unwrap();
            let of = |line: &ChatLine| (names.resolve(line.conversation).to_owned(), line.order, message(line));
            lines.iter().map(of).collect::<Vec<_>>()
        });
        let mut lines = lines.collect::<Vec<_>>();
        assert!(lines.chunk_by(|a, b| a.0 == b.0).all(|chunk| chunk.is_sorted()), "a buyer's lines lost their order");
        lines.sort_unstable();
        lines
    }

    #[test]
    fn split_or_spilled_partitions_give_the_same_lines() {
        let (whole, names) = partitions(MAX_LINES, MemoryBudget::of_limit(usize::MAX));
        let expected = taken(whole, &names);
        // Of the two lines with one id neither is left: one repeats the message, and the other one was recalled by its buyer.
        assert_eq!(expected.len(), 198);
        for (max_lines, limit) in [(16, usize::MAX), (MAX_LINES, 0), (16, 0), (2, 3200)] {
            let (partitions, names) = partitions(max_lines, MemoryBudget::of_limit(limit));
            assert_eq!(taken(partitions, &names), expected, "split at {max_lines} lines, limit {limit}");
        }
    }

    /// b0, b2 and b38, all of the first shop, are accounts of one person.
    #[test]
    fn all_accounts_of_a_person_are_in_one_part() {
        let rows = frame! { "shop_id" => [None::<&str>; 2], "buyer_id" => ["b0", "b38"], "person_id" => ["b2", "b2"] };
        let hashes = Arc::new(PersonHashes::new(&Persons::of(&rows.unwrap()).unwrap()));
        let (mut partitions, names) = filled(ShopPartitions::new(MemoryBudget::of_limit(usize::MAX)).split_by(&hashes), 16);
        let holding = partitions.shards(&names, |_| 0).unwrap().concat().into_iter().filter(|index| {
            let mut names = names::Interner::default();
            partitions.take(*index, &mut MessageIds::default(), &mut |_, name| names.intern(name)).unwrap();
            let has = ["b0", "b2", "b38"].map(|id| (1..=names.len() as u32).any(|code| names.resolve(code) == id));
            assert!(has == [true; 3] || has == [false; 3], "{has:?}");
            has[0]
        });
        assert_eq!(holding.count(), 1);
    }
}
