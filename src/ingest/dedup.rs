//! Deduplication. Of several lines with one message id the first one read counts; of several versions of a record, such as an order, the
//! newest one (DECISIONS #26).
//!
//! Frames are deduplicated by Polars (`last_versions`). Chat lines are not frames: their ids are compared by hash. `SeenHashes` stands where
//! a Bloom filter crate could: one bit per hash suffices, because a false hit only adds a hash to those that are sorted. Reading the lines
//! back and deduplicating them takes 380 of some 4,400 instructions per line (benches/RESULTS.md); there is no figure for the bits alone.
//! Delete `SeenHashes` if sorting all hashes costs the same.

use crate::error::Result;
use hashbrown::{HashMap, HashSet};
use kefu_kernel::line::{ChatLine, LineKind};
use polars::prelude::{LazyFrame, UniqueKeepStrategy, by_name};
use xxhash_rust::xxh3::xxh3_64;

/// Line counts by file number of the day: used, duplicates, ignored.
pub type FileLineCounts = Vec<[i64; 3]>;

/// The duplicate lines of a shop. A line is identified by its `order`, its place among the day's lines.
#[derive(Default)]
pub(super) struct DuplicateLines {
    /// Lines that repeat the message of an earlier line.
    dropped: HashSet<u32>,
    /// First lines of messages that a later line marks as recalled.
    recalled: HashSet<u32>,
}

/// Calls a closure with each line of a shop and the line's message id.
pub(super) type LineVisitor<'a> = dyn FnMut(&mut dyn FnMut(&ChatLine, &[u8])) -> Result<()> + 'a;

/// The hash of a message id.
pub(super) fn hash_of(id: &[u8]) -> u64 {
    xxh3_64(id)
}

impl DuplicateLines {
    /// Finds the lines of one shop that share a message id. `hashes` holds the hashes of the ids, one list per partition of the shop;
    /// `visit_lines` is called only if two hashes are equal, to compare the ids themselves. Errors: those of `visit_lines`.
    pub(super) fn find(mut hashes: Vec<Vec<u64>>, visit_lines: &mut LineVisitor) -> Result<DuplicateLines> {
        // Almost always no id is repeated. A bit per hash shows that faster than sorting all hashes.
        let count = hashes.iter().map(Vec::len).sum();
        let (mut seen, mut repeated) = (SeenHashes::with_capacity(count), SeenHashes::with_capacity(count));
        for hash in hashes.iter().flatten() {
            if seen.insert(*hash) {
                repeated.insert(*hash);
            }
        }
        hashes.iter_mut().for_each(|hashes| hashes.retain(|hash| repeated.may_contain(*hash)));
        let mut hashes = hashes.concat();
        hashes.sort_unstable();
        let shared = hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect::<HashSet<_>>();
        drop(hashes);
        let mut duplicates = DuplicateLines::default();
        if shared.is_empty() {
            return Ok(duplicates);
        }
        let mut lines_by_id: HashMap<Box<[u8]>, Vec<(u32, bool)>> = HashMap::new();
        visit_lines(&mut |line, id| {
            if !id.is_empty() && shared.contains(&hash_of(id)) {
                lines_by_id.entry(id.into()).or_default().push((line.order, line.recalled));
            }
        })?;
        for lines in lines_by_id.values() {
            let Some((first, _)) = lines.iter().min() else { continue };
            duplicates.dropped.extend(lines.iter().map(|(order, _)| *order).filter(|order| order != first));
            if lines.iter().any(|(_, recalled)| *recalled) {
                duplicates.recalled.insert(*first);
            }
        }
        Ok(duplicates)
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
            if line.kind == LineKind::Buyer && (line.recalled || self.recalled.contains(&line.order)) {
                line.kind = LineKind::Ignored;
            }
            line.kind != LineKind::Ignored && !self.dropped.contains(&line.order)
        });
        counts
    }
}

/// Keeps the last row of each `shop_id` and `id`, without changing the order of the rows that stay. Columns: as before.
pub(super) fn last_versions(versions: LazyFrame, id: &str) -> LazyFrame {
    versions.unique_stable(Some(by_name(["shop_id", id], true, false)), UniqueKeepStrategy::Last)
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
