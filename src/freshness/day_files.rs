//! Which dated files a business day is made of, whichever run computes it.

use super::comparison::Freshness;
use crate::ingest;
use crate::model::InputTable;
use kefu_kernel::calendar::Day;

impl Freshness<'_> {
    /// Whether the files of a partition of a table are among those that a business day is made of once they have landed. Every run that
    /// computes the day reads these. DatedPartitions that only matter for whether buyers come back are left out, because not every day is computed
    /// again when they land.
    pub fn is_made_of_partition(&self, table: InputTable, day: Day, date: Day) -> bool {
        let Some(source) = self.plan.source(table) else { return false };
        let (first, last) = self.window(table, day, day.plus(self.payment_delay), false);
        // DatedPartitions of these hold for their own days, and those before the days of a run are not read.
        let first = if matches!(table, InputTable::Shops | InputTable::Staff) { day } else { first };
        // A day outside the calendar is made of nothing.
        ingest::read_dates(self.plan, source, first, last).is_ok_and(|dates| dates.contains(&date))
    }
}
