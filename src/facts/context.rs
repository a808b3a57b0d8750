//! The inputs of a day's facts other than its chat lines.

use crate::config::LineOrder;
use crate::error::Result;
use crate::ingest::Reference;
use crate::names::Names;
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::day_rules::DayRules;
use kefu_kernel::hours::windows;
use kefu_kernel::rules::Rules;
use std::borrow::Cow;

/// The inputs of a day's facts other than its chat lines.
pub struct FactContext<'a> {
    /// The business day.
    pub day: Day,
    /// The ids behind the codes of shops and agents.
    pub names: &'a Names,
    /// The rules of the shard's shops on the day.
    pub rules: DayRules<'a>,
    /// The staff table and the blocklist, which the reception filters read, the persons of buyers, and the holidays.
    pub reference: &'a Reference,
    /// How the day is cut.
    calendar: &'a Calendar,
    /// What orders the lines of a session.
    pub order_by: LineOrder,
}

impl<'a> FactContext<'a> {
    /// The inputs of a shard whose shops have `rules`. Errors: the day is outside the range of the calendar.
    pub fn new(
        (day, calendar): (Day, &'a Calendar),
        names: &'a Names,
        rules: &'a Rules,
        reference: &'a Reference,
        order_by: LineOrder,
    ) -> Result<FactContext<'a>> {
        let assessed = rules.assessed(calendar, day, reference.holidays.of_all_shops(day))?;
        let rules = DayRules { rules, starts_at: calendar.bounds(day)?.start, wall_clock: calendar.wall_clock(day)?, assessed };
        Ok(FactContext { day, names, rules, reference, calendar, order_by })
    }

    /// The rules of a shop: those of the shard, unless the shop has a holiday of its own. Errors: as `new`.
    pub(super) fn rules_of(&self, shop: u32) -> Result<Cow<'_, DayRules<'a>>> {
        Ok(match self.reference.holidays.of_shop(self.names.shop(shop), self.day) {
            None => Cow::Borrowed(&self.rules),
            Some(hours) => Cow::Owned(DayRules { assessed: windows(hours, self.calendar, self.day)?, ..self.rules.clone() }),
        })
    }
}
