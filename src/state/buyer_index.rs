//! Dense numbers for the persons of a period. A person is a buyer of one group (a shop, an agent or a team); a year has tens of millions.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use polars::prelude::PlSmallStr;
use xxhash_rust::xxh3::xxh3_64;

/// Numbers persons from 0 in the order of their first appearance.
#[derive(Default)]
pub(super) struct BuyerIndex {
    /// Buyer id, group and number. Ids of the usual length are stored inline, which saves a cache miss per look-up.
    persons: HashTable<(PlSmallStr, u32, u32)>,
    /// The group of each person, by number.
    groups: Vec<u32>,
}

fn hash(buyer: &str, group_id: u32) -> u64 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    xxh3_64(buyer.as_bytes()) ^ u64::from(group_id).wrapping_mul(SPREAD)
}

impl BuyerIndex {
    /// The number of a group's buyer.
    pub(super) fn number(&mut self, group_id: u32, buyer: &str) -> u32 {
        let is_person = |(known, group, _): &(PlSmallStr, u32, u32)| *group == group_id && known.as_str() == buyer;
        match self.persons.entry(hash(buyer, group_id), is_person, |(known, group, _)| hash(known, *group)) {
            Entry::Occupied(known) => known.get().2,
            Entry::Vacant(free) => {
                let next = self.groups.len() as u32;
                self.groups.push(group_id);
                free.insert((buyer.into(), group_id, next)).get().2
            }
        }
    }

    /// The number of persons.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The group of a person.
    pub(super) fn group_id(&self, number: u32) -> u32 {
        self.groups[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups and buyers as in real data: small numbers, and ids that differ in one digit.
    #[test]
    fn each_person_has_a_number_of_its_own() {
        let mut index = BuyerIndex::default();
        let persons = || (0..500).flat_map(|group_id| (0..200).map(move |buyer| (group_id, format!("b2026{buyer:07}"))));
        let numbers = persons().map(|(group_id, buyer)| index.number(group_id, &buyer)).collect::<Vec<_>>();
        assert_eq!(numbers, (0..100_000).collect::<Vec<_>>());
        assert!(
            persons()
                .zip(&numbers)
                .all(|((group_id, buyer), number)| index.number(group_id, &buyer) == *number && index.group_id(*number) == group_id)
        );
        let long = "a buyer whose id is too long to be stored inline";
        assert_eq!([index.number(1, long), index.number(2, long), index.number(1, long)], [100_000, 100_001, 100_000]);
    }
}
