//! The persons behind the accounts of buyers: the table `buyers` (DECISIONS #69). A person's id takes the place of each of its accounts' ids, in
//! one step: the person of an account is never looked up as an account again. A shop's own row goes before a general one.

use super::table_frame::texts;
use crate::error::Result;
use crate::names::Interner;
use kefu_kernel::line::ChatLine;
use polars::prelude::{Column, DataFrame};
use std::collections::{BTreeSet, HashMap};
use xxhash_rust::xxh3::xxh3_64;

/// Account → person. Ids are keyed if the pipeline has a buyer key, as they are in every other table.
#[derive(Default)]
pub struct Persons {
    /// By shop id.
    of_shops: HashMap<String, HashMap<String, String>>,
    /// In any shop without a row of its own for the account.
    general: HashMap<String, String>,
}

impl Persons {
    /// Indexes the rows of the table. Of two rows of an account the later one counts. Errors: the table lacks a column, which is a bug.
    pub(super) fn of(table: &DataFrame) -> Result<Persons> {
        let [shops, accounts, ids] = texts(table, ["shop_id", "buyer_id", "person_id"])?;
        let mut persons = Persons::default();
        for ((shop, account), person) in shops.into_iter().zip(accounts).zip(ids) {
            let (account, person) = (account.unwrap_or_default(), person.unwrap_or_default());
            match shop {
                Some(shop) => persons.of_shops.entry(shop).or_default().insert(account, person),
                None => persons.general.insert(account, person),
            };
        }
        Ok(persons)
    }

    /// Whether every account is a person by itself.
    pub fn is_empty(&self) -> bool {
        self.of_shops.is_empty() && self.general.is_empty()
    }

    /// The person of an account in a shop; `None` if the table does not have the account, which is then a person by itself.
    pub fn of_account(&self, shop: &str, account: &str) -> Option<&str> {
        let own = self.of_shops.get(shop).and_then(|accounts| accounts.get(account));
        own.or_else(|| self.general.get(account)).map(String::as_str)
    }

    /// Puts persons in the place of accounts in the column `buyer_id` of rows with `shop_id`. Other columns stay as they are.
    pub(super) fn replace_accounts(&self, mut rows: DataFrame) -> Result<DataFrame> {
        if self.is_empty() {
            return Ok(rows);
        }
        let accounts = rows.column("shop_id")?.str()?.iter().zip(rows.column("buyer_id")?.str()?.iter());
        let persons = accounts.map(|(shop, account)| {
            let account = account?;
            Some(self.of_account(shop.unwrap_or_default(), account).unwrap_or(account))
        });
        let persons = Column::new("buyer_id".into(), persons.collect::<Vec<_>>());
        rows.with_column(persons)?;
        Ok(rows)
    }

    /// Puts persons in the place of accounts in the lines of a shop: `conversation` becomes the code of the person, which is added to `buyers`.
    pub fn replace_codes(&self, shop: &str, buyers: &mut Interner, lines: &mut [ChatLine]) {
        if self.is_empty() {
            return;
        }
        let persons = (1..=buyers.len() as u32).map(|code| self.of_account(shop, buyers.resolve(code))).collect::<Vec<_>>();
        let codes = (1u32..).zip(persons).map(|(code, person)| person.map_or(code, |person| buyers.intern(person))).collect::<Vec<_>>();
        lines.iter_mut().for_each(|line| line.conversation = codes[line.conversation as usize - 1]);
    }

    /// The rows that count: shop id, account and person.
    fn rows(&self) -> impl Iterator<Item = (Option<&str>, &str, &str)> {
        let of_shops = self.of_shops.iter().flat_map(|(shop, accounts)| accounts.iter().map(move |row| (Some(shop.as_str()), row)));
        let all = of_shops.chain(self.general.iter().map(|row| (None, row)));
        all.map(|(shop, (account, person))| (shop, account.as_str(), person.as_str()))
    }
}

/// The hashes by which the buyers of a large shop are divided. All accounts of a person have one hash, so that they stay together.
#[derive(Default)]
pub struct PersonHashes(HashMap<Box<[u8]>, u64>);

impl PersonHashes {
    /// Ids that rows connect, in any shop, share the hash of the first of them in the alphabet.
    pub(super) fn new(persons: &Persons) -> PersonHashes {
        let (mut places, mut ids, mut parents) = (HashMap::new(), Vec::new(), Vec::new());
        for (_, account, person) in persons.rows() {
            let [one, other] = [account, person].map(|id| {
                *places.entry(id).or_insert_with(|| {
                    ids.push(id);
                    parents.push(parents.len());
                    parents.len() - 1
                })
            });
            let (one, other) = (root(&mut parents, one), root(&mut parents, other));
            let (first, last) = if ids[one] <= ids[other] { (one, other) } else { (other, one) };
            parents[last] = first;
        }
        let hashes = (0..ids.len()).map(|place| (ids[place].as_bytes().into(), xxh3_64(ids[root(&mut parents, place)].as_bytes())));
        PersonHashes(hashes.collect())
    }

    /// The hash of a buyer id, the same in every run.
    pub(super) fn of(&self, buyer: &[u8]) -> u64 {
        if self.0.is_empty() {
            return xxh3_64(buyer);
        }
        self.0.get(buyer).copied().unwrap_or_else(|| xxh3_64(buyer))
    }
}

/// The first of the ids that are connected with the one at a place. The ways there are shortened.
fn root(parents: &mut [usize], mut place: usize) -> usize {
    while parents[place] != place {
        parents[place] = parents[parents[place]];
        place = parents[place];
    }
    place
}

/// The rows of `buyers` by the ids that they name, which tell what of the table concerns a day.
#[derive(Default)]
pub struct PersonRows {
    /// Account or person → its rows.
    by_id: HashMap<String, Vec<u32>>,
    /// A hash of each row.
    hashes: Vec<u64>,
}

impl PersonRows {
    /// The rows that count.
    pub fn of(persons: &Persons) -> PersonRows {
        let mut rows = PersonRows::default();
        for row in persons.rows() {
            let place = rows.hashes.len() as u32;
            rows.hashes.push(xxh3_64(format!("{row:?}").as_bytes()));
            for id in BTreeSet::from([row.1, row.2]) {
                rows.by_id.entry(id.to_owned()).or_default().push(place);
            }
        }
        rows
    }

    /// The rows that name an id, as account or as person.
    pub fn naming(&self, id: &str) -> &[u32] {
        self.by_id.get(id).map_or(&[][..], Vec::as_slice)
    }

    /// A fingerprint of some rows: 16 hex digits that do not depend on their order.
    pub fn fingerprint(&self, rows: impl Iterator<Item = u32>) -> String {
        format!("{:016x}", rows.map(|row| self.hashes[row as usize]).fold(0, u64::wrapping_add))
    }

    /// The fingerprint of all rows.
    pub fn whole_fingerprint(&self) -> String {
        self.fingerprint(0..self.hashes.len() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::frame;

    /// `a1` and `a2` are p everywhere, but `a1` is q in s2. `p` is the account of r: one step, so that `a1` is never r.
    fn persons() -> Persons {
        let rows = frame! {
            "shop_id" => [None, None, Some("s2"), None],
            "buyer_id" => ["a1", "a2", "a1", "p"],
            "person_id" => ["p", "p", "q", "r"],
        };
        Persons::of(&rows.unwrap()).unwrap()
    }

    #[test]
    fn a_shops_own_row_goes_before_the_general_one_and_there_are_no_chains() {
        let persons = persons();
        let found = [("s1", "a1"), ("s2", "a1"), ("s2", "a2"), ("s1", "p"), ("s1", "q")].map(|(shop, id)| persons.of_account(shop, id));
        assert_eq!(found, [Some("p"), Some("q"), Some("p"), Some("r"), None]);
        let rows = frame! { "shop_id" => ["s1", "s2", "s1"], "buyer_id" => [Some("a1"), Some("a1"), None], "n" => [1i64, 2, 3] };
        let replaced = persons.replace_accounts(rows.unwrap()).unwrap();
        let buyers = replaced.column("buyer_id").unwrap().str().unwrap();
        assert_eq!(buyers.iter().collect::<Vec<_>>(), [Some("p"), Some("q"), None]);
    }

    #[test]
    fn lines_get_the_codes_of_persons() {
        let mut buyers = Interner::default();
        let mut lines = ["a1", "b", "p", "a2"].map(|id| ChatLine { conversation: buyers.intern(id), ..ChatLine::default() });
        persons().replace_codes("s1", &mut buyers, &mut lines);
        assert_eq!(lines.map(|line| buyers.resolve(line.conversation).to_owned()), ["p", "b", "r", "p"]);
    }

    #[test]
    fn all_ids_of_a_person_have_one_hash() {
        let hashes = PersonHashes::new(&persons());
        assert!(["a1", "a2", "p", "q", "r"].iter().all(|id| hashes.of(id.as_bytes()) == xxh3_64(b"a1")));
        assert_eq!([&hashes, &PersonHashes::default()].map(|hashes| hashes.of(b"b")), [xxh3_64(b"b"); 2]);
    }

    #[test]
    fn a_row_concerns_the_days_that_hold_either_id() {
        let rows = PersonRows::of(&persons());
        assert_eq!(["a2", "p", "q", "b"].map(|id| rows.naming(id).len()), [1, 3, 1, 0]);
        let all = rows.naming("a1").iter().chain(rows.naming("p")).copied().collect::<BTreeSet<_>>();
        assert_eq!(rows.fingerprint(all.into_iter()), rows.whole_fingerprint());
    }
}
