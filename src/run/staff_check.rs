//! Says which accounts work on days on which none of their rows in `staff` holds: they have no team and no rate there (DECISIONS #70).

use super::stretch::Stretch;
use crate::error::Result;
use crate::model::{InputTable, Level};
use crate::state::{StateKind, StatePart};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// Accounts named in one message.
const NAMED: usize = 10;

impl Stretch<'_> {
    /// Warns of accounts of the staff table that work on a restated day on which no row of theirs holds.
    /// Errors: a state cannot be read; warnings are errors.
    pub(super) fn check_staff(&self) -> Result<()> {
        let mut without: BTreeMap<(String, String), BTreeSet<Day>> = BTreeMap::new();
        let is_dated = self.inputs.reference.staff.has_dated();
        for day in self.days.restated.intersection(self.days.with_chat_states).filter(|_| is_dated) {
            for part in [StatePart::Chats, StatePart::Sales] {
                if self.states.has(*day, part, Level::Agent, StateKind::Sums)? {
                    self.add_without_row(*day, part, &mut without)?;
                }
            }
        }
        if without.is_empty() {
            return Ok(());
        }
        let named = without.iter().take(NAMED).map(|((shop, agent), days)| format!("{agent} of {shop} ({})", span(days)));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = without.len().checked_sub(NAMED + 1).map(|more| format!(" and {} more", more + 1)).unwrap_or_default();
        let warning = format!(
            "no row of {named}{more} holds on days on which they work: they have no team and no rate there; set `from` and `to` of [staff] so \
             that a row holds"
        );
        self.context.warn(InputTable::Staff.name(), None, &[warning])
    }

    /// Adds the accounts that have a row in a state of a day and rows in `staff`, none of which holds on it.
    fn add_without_row(&self, day: Day, part: StatePart, without: &mut BTreeMap<(String, String), BTreeSet<Day>>) -> Result<()> {
        let staff = &self.inputs.reference.staff;
        let sums = self.states.get(day, part, Level::Agent, StateKind::Sums)?;
        for (shop, agent) in sums.column("shop_id")?.str()?.iter().zip(sums.column("agent_id")?.str()?.iter()) {
            let (shop, agent) = (shop.unwrap_or_default(), agent.unwrap_or_default());
            if staff.has(shop, agent) && staff.on(shop, agent, day).is_none() {
                without.entry((shop.to_owned(), agent.to_owned())).or_default().insert(day);
            }
        }
        Ok(())
    }
}

/// The first and the last of some days.
fn span(days: &BTreeSet<Day>) -> String {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if first < last => format!("{first} to {last}"),
        (first, _) => first.map(Day::to_string).unwrap_or_default(),
    }
}
