//! The staff table: which row of an account holds on a business day (DECISIONS #70). A row without dates holds always.

use super::table_frame::texts;
use crate::error::Result;
use kefu_kernel::calendar::Day;
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// The days on which a row of a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySpan {
    /// The first day; `None` if there is no beginning.
    pub from: Option<Day>,
    /// The last day, included; `None` if there is no end.
    pub to: Option<Day>,
}

impl DaySpan {
    /// Whether a day lies in the span.
    pub fn contains(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether the span has a beginning or an end.
    pub fn is_dated(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

/// An agent account's row in the staff table (客服账号). One person may have several accounts, and several shifts may share an account.
/// A null cell is `None`.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The account's display name.
    pub name: Option<String>,
    /// The team (团队).
    pub team: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// The id of the person who uses the account.
    pub person: Option<String>,
    /// Labour cost in fen per hour.
    pub hourly_cost: Option<i64>,
    /// Commission as a share of the sales credited to the account, 0 to 1.
    pub commission_rate: Option<f64>,
}

/// What the staff table says of an account, and on which days.
#[derive(Clone, Debug)]
pub struct StaffRow {
    /// The shop id.
    pub shop: String,
    /// The agent id.
    pub agent: String,
    /// The days on which the row holds.
    pub days: DaySpan,
    /// What it says.
    pub account: Account,
}

/// The staff table. An account may have several rows; of those that hold on a day the last one in the table does.
#[derive(Default)]
pub struct Staff {
    /// In the order of the table.
    rows: Vec<StaffRow>,
    /// By shop id and agent id: the places of the account's rows, ascending.
    places: BTreeMap<(String, String), Vec<usize>>,
}

/// Shop id and agent id of an account, and what holds for it.
type HeldAccount<'a> = (&'a (String, String), Option<&'a Account>);

/// The fingerprints of some rows of a day, each 16 hex digits that do not depend on the order of the rows.
pub struct StaffFingerprints {
    /// Which accounts are the shop's own.
    pub own: String,
    /// The team of each account, and what its work costs.
    pub teams: String,
    /// Everything else that the rows say.
    pub rest: String,
}

impl Staff {
    /// The rows of the table. Errors: it lacks a column, which is a bug.
    pub(super) fn of(table: &DataFrame) -> Result<Staff> {
        let [shops, agents] = texts(table, ["shop_id", "agent_id"])?;
        let spans = table.column("from")?.i32()?.iter().zip(table.column("to")?.i32()?.iter());
        let spans = spans.map(|(from, to)| DaySpan { from: from.map(Day), to: to.map(Day) });
        let mut staff = Staff::default();
        for (((shop, agent), days), account) in shops.into_iter().zip(agents).zip(spans).zip(accounts(table)?) {
            let (shop, agent) = (shop.unwrap_or_default(), agent.unwrap_or_default());
            staff.places.entry((shop.clone(), agent.clone())).or_default().push(staff.rows.len());
            staff.rows.push(StaffRow { shop, agent, days, account });
        }
        Ok(staff)
    }

    /// All rows, in the order of the table.
    pub fn rows(&self) -> &[StaffRow] {
        &self.rows
    }

    /// The shop id and agent id of every account, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &(String, String)> {
        self.places.keys()
    }

    /// Whether the table has a row of an account, whenever it holds.
    pub fn has(&self, shop: &str, agent: &str) -> bool {
        self.places.contains_key(&(shop.to_owned(), agent.to_owned()))
    }

    /// What the row says that holds for an account on a day; `None` if none does.
    pub fn on(&self, shop: &str, agent: &str, day: Day) -> Option<&Account> {
        let places = self.places.get(&(shop.to_owned(), agent.to_owned()))?;
        self.holding(places, day).map(|place| &self.rows[place].account)
    }

    /// Account → the place of the row that holds on a day. Accounts without such a row are missing.
    pub fn places_on(&self, day: Day) -> impl Iterator<Item = (&(String, String), usize)> {
        self.places.iter().filter_map(move |(key, places)| Some((key, self.holding(places, day)?)))
    }

    /// Every account as a day sees it. Where no row holds, it has the name and the person of the row that begins last, and nothing else.
    pub fn seen_on(&self, day: Day) -> BTreeMap<(String, String), Account> {
        let account = |places: &Vec<usize>| match self.holding(places, day) {
            Some(place) => self.rows[place].account.clone(),
            None => {
                let latest = places.iter().map(|place| &self.rows[*place]).max_by_key(|row| row.days.from);
                let [name, person] = [latest.and_then(|row| row.account.name.clone()), latest.and_then(|row| row.account.person.clone())];
                Account { name, person, ..Account::default() }
            }
        };
        self.places.iter().map(|(key, places)| (key.clone(), account(places))).collect()
    }

    /// Whether a row has dates.
    pub fn has_dated(&self) -> bool {
        self.rows.iter().any(|row| row.days.is_dated())
    }

    /// The days from which on other rows may hold than on the day before.
    pub fn changes(&self) -> BTreeSet<Day> {
        self.rows.iter().flat_map(|row| row.days.from.into_iter().chain(row.days.to.map(|to| to.plus(1)))).collect()
    }

    /// What rows without dates say, by account: of several the last one.
    pub(crate) fn undated(&self) -> BTreeMap<&(String, String), &Account> {
        let undated = |places: &Vec<usize>| places.iter().rev().map(|place| &self.rows[*place]).find(|row| !row.days.is_dated());
        self.places.iter().filter_map(|(key, places)| Some((key, &undated(places)?.account))).collect()
    }

    /// The fingerprints of the accounts of which a dated row holds on a day, or of whose dated rows none does. `None` if there are none.
    pub fn dated_fingerprints(&self, day: Day) -> Option<StaffFingerprints> {
        let of_dates = |holding: Option<&Account>, dated: bool| holding.is_none() || dated;
        let accounts = self.held_on(day).filter(|(_, holding, dated)| of_dates(*holding, *dated));
        let accounts = accounts.map(|(key, holding, _)| (key, holding)).collect::<Vec<_>>();
        (!accounts.is_empty()).then(|| fingerprints(&accounts))
    }

    /// The fingerprints of all that holds on a day, whether it has dates or not.
    pub fn fingerprints(&self, day: Day) -> StaffFingerprints {
        let held = self.held_on(day).filter(|(_, holding, _)| holding.is_some());
        fingerprints(&held.map(|(key, holding, _)| (key, holding)).collect::<Vec<_>>())
    }

    /// Every account with what holds for it on a day, and whether that has dates.
    fn held_on(&self, day: Day) -> impl Iterator<Item = (&(String, String), Option<&Account>, bool)> {
        self.places.iter().map(move |(key, places)| {
            let row = self.holding(places, day).map(|place| &self.rows[place]);
            (key, row.map(|row| &row.account), row.is_some_and(|row| row.days.is_dated()))
        })
    }

    /// The place of the row that holds on a day, of the rows of an account.
    fn holding(&self, places: &[usize], day: Day) -> Option<usize> {
        places.iter().rev().copied().find(|place| self.rows[*place].days.contains(day))
    }
}

/// The fingerprints of accounts, each with what holds for it.
fn fingerprints(accounts: &[HeldAccount]) -> StaffFingerprints {
    let sum = |text: &dyn Fn(&HeldAccount) -> String| {
        let hashes = accounts.iter().map(|account| xxh3_64(text(account).as_bytes()));
        format!("{:016x}", hashes.fold(0, u64::wrapping_add))
    };
    let pay = |account: &Account| (account.team.clone(), account.hourly_cost, account.commission_rate);
    StaffFingerprints {
        own: sum(&|(key, holding)| format!("{:?}", (key, holding.is_some()))),
        teams: sum(&|(key, holding)| format!("{:?}", (key, holding.map(pay)))),
        rest: sum(&|(key, holding)| format!("{:?}", (key, holding.map(|account| (&account.name, &account.role, &account.person))))),
    }
}

/// What the rows of the staff table say, one per row and in its order.
fn accounts(table: &DataFrame) -> Result<Vec<Account>> {
    let [names, teams, roles, persons] = texts(table, ["name", "team", "role", "person_id"])?;
    let (costs, rates) = (table.column("hourly_cost")?.i64()?, table.column("commission_rate")?.f64()?);
    let people = names.into_iter().zip(teams).zip(roles.into_iter().zip(persons));
    let account = |(((name, team), (role, person)), (hourly_cost, commission_rate))| Account {
        name,
        team,
        role,
        person,
        hourly_cost,
        commission_rate,
    };
    Ok(people.zip(costs.iter().zip(rates.iter())).map(account).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one account, as agent, first day, last day and team.
    fn staff(rows: &[(&str, Option<i32>, Option<i32>, &str)]) -> Staff {
        let mut staff = Staff::default();
        for (agent, from, to, team) in rows {
            let (shop, agent) = ("s".to_owned(), (*agent).to_owned());
            staff.places.entry((shop.clone(), agent.clone())).or_default().push(staff.rows.len());
            let account = Account { name: Some(format!("name in {team}")), team: Some((*team).to_owned()), ..Account::default() };
            staff.rows.push(StaffRow { shop, agent, days: DaySpan { from: from.map(Day), to: to.map(Day) }, account });
        }
        staff
    }

    fn team(staff: &Staff, day: i32) -> Option<&str> {
        staff.on("s", "B", Day(day))?.team.as_deref()
    }

    #[test]
    fn the_last_row_that_holds_wins() {
        let dated = staff(&[("B", None, Some(9), "early"), ("B", Some(10), Some(20), "late"), ("B", Some(12), Some(12), "once")]);
        let teams = [8, 9, 10, 12, 13, 20, 21].map(|day| team(&dated, day));
        assert_eq!(teams, [Some("early"), Some("early"), Some("late"), Some("once"), Some("late"), Some("late"), None]);
        assert_eq!(dated.changes(), BTreeSet::from([10, 12, 13, 21].map(Day)));
        // A row without dates that stands last hides the others; one that stands first is what is left.
        assert_eq!(team(&staff(&[("B", Some(10), None, "late"), ("B", None, None, "always")]), 12), Some("always"));
        assert_eq!(team(&staff(&[("B", None, None, "always"), ("B", Some(10), None, "late")]), 9), Some("always"));
    }

    #[test]
    fn an_account_without_a_row_keeps_its_latest_name() {
        let seen = staff(&[("B", Some(10), Some(20), "late"), ("B", None, Some(9), "early")]).seen_on(Day(21));
        let seen = &seen[&("s".to_owned(), "B".to_owned())];
        assert_eq!((seen.name.as_deref(), seen.team.as_deref()), (Some("name in late"), None));
    }

    #[test]
    fn a_day_is_told_from_another_by_the_dated_rows_that_hold() {
        fn of(rows: &[(&str, Option<i32>, Option<i32>, &str)], day: i32) -> Option<(String, String)> {
            staff(rows).dated_fingerprints(Day(day)).map(|found| (found.own, found.teams))
        }
        let before = [("A", None, None, "early"), ("B", Some(10), Some(20), "late")];
        let after = [("A", None, None, "late"), ("B", Some(10), Some(15), "late"), ("B", Some(16), None, "early")];
        assert_eq!([9, 12].map(|day| of(&before, day) == of(&after, day)), [true, true]);
        assert_eq!(of(&before[..1], 9), None);
        let [old, new] = [of(&before, 18).unwrap(), of(&after, 18).unwrap()];
        assert_eq!((old.0 == new.0, old.1 == new.1), (true, false));
        assert_ne!(of(&before, 21), of(&after, 21));
    }
}
