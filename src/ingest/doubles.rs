//! Messages that stand in the log twice: the first read counts.

use super::messages::{Raw, Tallies, What};
use crate::error::Result;
use hashbrown::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// The lines of a shop that say again what another line said, by their place among the day's lines.
#[derive(Default)]
pub(super) struct Doubles {
    dropped: HashSet<u32>,
    /// First lines of which a later one says that they were recalled.
    recalled: HashSet<u32>,
}

/// Shows each line of a shop, with its message id, to whoever asks.
pub(super) type Lines<'a> = dyn FnMut(&mut dyn FnMut(&Raw, &[u8])) -> Result<()> + 'a;

/// The hash of a message id.
pub(super) fn hash_of(id: &[u8]) -> u64 {
    xxh3_64(id)
}

impl Doubles {
    /// Looks for equal message ids in one shop. `hashes`: of the ids in each piece of it; `lines` shows its lines, if there are any.
    pub(super) fn find(mut hashes: Vec<Vec<u64>>, lines: &mut Lines) -> Result<Doubles> {
        // Mostly no id comes twice, which is seen sooner by some bits of each than by sorting all.
        let count = hashes.iter().map(Vec::len).sum();
        let (mut met, mut again) = (Bits::with_room(count), Bits::with_room(count));
        for hash in hashes.iter().flatten() {
            if met.set(*hash) {
                again.set(*hash);
            }
        }
        hashes.iter_mut().for_each(|hashes| hashes.retain(|hash| again.has(*hash)));
        let mut hashes = hashes.concat();
        hashes.sort_unstable();
        let twice = hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect::<HashSet<_>>();
        drop(hashes);
        let mut doubles = Doubles::default();
        if twice.is_empty() {
            return Ok(doubles);
        }
        let mut said: HashMap<Box<[u8]>, Vec<(u32, bool)>> = HashMap::new();
        lines(&mut |line, id| {
            if !id.is_empty() && twice.contains(&hash_of(id)) {
                said.entry(id.into()).or_default().push((line.order, line.recalled));
            }
        })?;
        for lines in said.values() {
            let Some((first, _)) = lines.iter().min() else { continue };
            doubles.dropped.extend(lines.iter().map(|(order, _)| *order).filter(|order| order != first));
            if lines.iter().any(|(_, recalled)| *recalled) {
                doubles.recalled.insert(*first);
            }
        }
        Ok(doubles)
    }

    /// Leaves each message once and only lines that say something: of two lines with one id the first read counts, and if either says
    /// recalled, the message is recalled. Returns what became of the lines of each file.
    pub(super) fn settle(&self, lines: &mut Vec<Raw>) -> Tallies {
        let mut tallies = Tallies::new();
        for of_file in lines.chunk_by(|a, b| a.file == b.file) {
            let file = of_file[0].file as usize;
            if tallies.len() <= file {
                tallies.resize(file + 1, [0; 3]);
            }
            let [used, duplicates, ignored] = &mut tallies[file];
            for line in of_file {
                match (self.dropped.contains(&line.order), line.what) {
                    (true, _) => *duplicates += 1,
                    (false, What::Nothing) => *ignored += 1,
                    (false, _) => *used += 1,
                }
            }
        }
        lines.retain_mut(|line| {
            if line.what == What::Buyer && (line.recalled || self.recalled.contains(&line.order)) {
                line.what = What::Nothing;
            }
            line.what != What::Nothing && !self.dropped.contains(&line.order)
        });
        tallies
    }
}

/// Marks of hashes. Few of those that are not there seem to be.
struct Bits(Vec<u64>);

impl Bits {
    fn with_room(hashes: usize) -> Bits {
        Bits(vec![0; (hashes / 4).next_power_of_two()])
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        ((hash >> 6) as usize & (self.0.len() - 1), 1 << (hash & 63))
    }

    fn has(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.0[word] & bit != 0
    }

    /// Returns whether the mark was there.
    fn set(&mut self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        let was = self.0[word] & bit != 0;
        self.0[word] |= bit;
        was
    }
}
