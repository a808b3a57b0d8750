//! Persons by number: a year has tens of millions of them.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use polars::prelude::PlSmallStr;
use xxhash_rust::xxh3::xxh3_64;

/// Numbers from 0 for the buyers of those whom rows are of.
#[derive(Default)]
pub(super) struct People {
    /// By whose and which a person is. Ids of the usual length stand in the table: to look them up elsewhere is what would take the time.
    numbers: HashTable<(PlSmallStr, u32, u32)>,
    /// By number: whose the person is.
    owners: Vec<u32>,
}

fn hash(buyer: &str, owner: u32) -> u64 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    xxh3_64(buyer.as_bytes()) ^ u64::from(owner).wrapping_mul(SPREAD)
}

impl People {
    /// The number of an owner's buyer.
    pub(super) fn number(&mut self, owner: u32, buyer: &str) -> u32 {
        let is = |(known, of, _): &(PlSmallStr, u32, u32)| *of == owner && known.as_str() == buyer;
        match self.numbers.entry(hash(buyer, owner), is, |(known, of, _)| hash(known, *of)) {
            Entry::Occupied(known) => known.get().2,
            Entry::Vacant(free) => {
                let next = self.owners.len() as u32;
                self.owners.push(owner);
                free.insert((buyer.into(), owner, next)).get().2
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }

    pub(super) fn owner(&self, number: u32) -> u32 {
        self.owners[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Owners and buyers as they are: numbers and ids that differ in a digit.
    #[test]
    fn nobody_is_taken_for_another() {
        let mut people = People::default();
        let persons = || (0..500).flat_map(|owner| (0..200).map(move |buyer| (owner, format!("b2026{buyer:07}"))));
        let numbers = persons().map(|(owner, buyer)| people.number(owner, &buyer)).collect::<Vec<_>>();
        assert_eq!(numbers, (0..100_000).collect::<Vec<_>>());
        assert!(
            persons()
                .zip(&numbers)
                .all(|((owner, buyer), number)| people.number(owner, &buyer) == *number && people.owner(*number) == owner)
        );
        let long = "a buyer whose id is longer than those that stand in the table";
        assert_eq!([people.number(1, long), people.number(2, long), people.number(1, long)], [100_000, 100_001, 100_000]);
    }
}
