//! Deduplication. Of several lines of a buyer with one message id the first one read counts; of several versions of a record, such as an order, the
//! newest one (DECISIONS #26).
//!
//! Frames are deduplicated by Polars (`last_versions`). Chat lines are not frames: their ids are compared by hash. `SeenHashes` stands where
//! a Bloom filter crate could: one bit per hash suffices, because a false hit only adds a hash to those that are sorted. Reading the lines
//! back and deduplicating them takes 380 of some 4,400 instructions per line (benches/RESULTS.md); there is no figure for the bits alone.
//! Delete `SeenHashes` if sorting all hashes costs the same.

use hashbrown::{HashMap, HashSet};
use kefu_kernel::line::{ChatLine, LineKind};
use polars::prelude::{LazyFrame, UniqueKeepStrategy, by_name};
use xxhash_rust::xxh3::xxh3_64;

/// Line counts by file number of the day: used, duplicates, ignored.
pub type FileLineCounts = Vec<[i64; 3]>;

/// The duplicate lines of some buyers of a shop. A line is identified by its `order`, its place among the day's lines.
#[derive(Default)]
pub(super) struct DuplicateLines {
    /// Lines that repeat the message of an earlier line.
    dropped: HashSet<u32>,
    /// First lines of messages that a later line marks as recalled.
    recalled: HashSet<u32>,
}

/// The hash of a message: of its id and its buyer, because many systems number the messages of each chat from 1.
pub(super) fn hash_of(buyer: u32, id: &[u8]) -> u64 {
    xxh3_64(id) ^ u64::from(buyer).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl DuplicateLines {
    /// Finds the lines of one shop that share buyer and message id. `hashes` holds the hashes of the messages that have an id; only if two
    /// are equal are the ids themselves compared. `id_of` returns the message id of a line; empty if it has none.
    pub(super) fn find<'a>(mut hashes: Vec<u64>, lines: &[ChatLine], id_of: impl Fn(&ChatLine) -> &'a [u8]) -> DuplicateLines {
        // Almost always no id is repeated. A bit per hash shows that faster than sorting all hashes.
        let (mut seen, mut repeated) = (SeenHashes::with_capacity(hashes.len()), SeenHashes::with_capacity(hashes.len()));
        for hash in &hashes {
            if seen.insert(*hash) {
                repeated.insert(*hash);
            }
        }
        hashes.retain(|hash| repeated.may_contain(*hash));
        hashes.sort_unstable();
        let shared = hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect::<HashSet<_>>();
        let mut duplicates = DuplicateLines::default();
        if shared.is_empty() {
            return duplicates;
        }
        // By buyer and id, the place of each line and whether it is marked as recalled.
        let mut lines_by_id = HashMap::<_, Vec<(u32, bool)>>::new();
        for line in lines {
            let id = id_of(line);
            if !id.is_empty() && shared.contains(&hash_of(line.conversation, id)) {
                lines_by_id.entry((line.conversation, id)).or_default().push((line.order, line.recalled));
            }
        }
        for lines in lines_by_id.values() {
            let Some((first, _)) = lines.iter().min() else { continue };
            duplicates.dropped.extend(lines.iter().map(|(order, _)| *order).filter(|order| order != first));
            if lines.iter().any(|(_, recalled)| *recalled) {
                duplicates.recalled.insert(*first);
            }
        }
        duplicates
    }

    /// Removes repeated lines and lines with nothing to count. Of the lines with one id the first one read stays, and counts as
    /// recalled if any of them is marked as recalled. Returns the line counts of each file, as they were before the removal.
    pub(super) fn remove_from(&self, lines: &mut Vec<ChatLine>) -> FileLineCounts {
        let mut counts = FileLineCounts::new();
        for file_lines in lines.chunk_by(|a, b| a.file == b.file) {
            let file = file_lines[0].file as usize;
            if counts.len() <= file {
                counts.resize(file + 1, [0; 3]);
            }
            let [used, duplicates, ignored] = &mut counts[file];
            for line in file_lines {
                match (self.dropped.contains(&line.order), line.kind) {
                    (true, _) => *duplicates += 1,
                    (false, LineKind::Ignored) => *ignored += 1,
                    (false, _) => *used += 1,
                }
            }
        }
        lines.retain_mut(|line| {
            if line.kind.is_buyers() && (line.recalled || self.recalled.contains(&line.order)) {
                line.kind = LineKind::Ignored;
            }
            line.kind != LineKind::Ignored && !self.dropped.contains(&line.order)
        });
        counts
    }
}

/// Keeps the last row of each `shop_id` and `ids`, without changing the order of the rows that stay. Columns: as before.
pub(super) fn last_versions(versions: LazyFrame, ids: &[&str]) -> LazyFrame {
    let key = std::iter::once("shop_id").chain(ids.iter().copied());
    versions.unique_stable(Some(by_name(key, true, false)), UniqueKeepStrategy::Last)
}

/// An approximate set of hashes, with one bit per hash and 16 bits or more for each: a hash that was never inserted may seem to be there.
struct SeenHashes(Vec<u64>);

impl SeenHashes {
    fn with_capacity(hashes: usize) -> SeenHashes {
        SeenHashes(vec![0; (hashes / 4).next_power_of_two()])
    }

    /// The word of a hash, and its bit in the word.
    fn bit_of(&self, hash: u64) -> (usize, u64) {
        ((hash >> 6) as usize & (self.0.len() - 1), 1 << (hash & 63))
    }

    fn may_contain(&self, hash: u64) -> bool {
        let (word, bit) = self.bit_of(hash);
        self.0[word] & bit != 0
    }

    /// Sets the bit of a hash and returns whether it was set before.
    fn insert(&mut self, hash: u64) -> bool {
        let (word, bit) = self.bit_of(hash);
        let was_set = self.0[word] & bit != 0;
        self.0[word] |= bit;
        was_set
    }
}
