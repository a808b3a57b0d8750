//! Holidays and make-up days (节假日、调休): business days on which other hours are assessed than the rules say.

use super::batch::CanonicalBatch;
use crate::error::Result;
use crate::model::InputTable;
use kefu_kernel::calendar::Day;
use kefu_kernel::hours::{HoursOfDay, parse_spans};
use polars::prelude::DataFrame;
use std::collections::BTreeMap;

/// The table of holidays by day: first the hours of a shop, then those of all shops.
#[derive(Default)]
pub struct Holidays {
    of_shops: BTreeMap<Day, BTreeMap<String, Vec<HoursOfDay>>>,
    of_all: BTreeMap<Day, Vec<HoursOfDay>>,
}

impl Holidays {
    /// Indexes the rows of the table. Of two rows with one key the later one counts. Errors: a column is missing, which is a bug.
    pub(super) fn of(rows: &DataFrame) -> Result<Holidays> {
        let mut holidays = Holidays::default();
        let (dates, hours, shops) = (rows.column("date")?.i32()?, rows.column("hours")?.str()?, rows.column("shop_id")?.str()?);
        for ((date, hours), shop) in dates.iter().zip(hours.iter()).zip(shops.iter()) {
            // A row whose hours cannot be read is bad, so that it is not among these.
            let (day, hours) = (Day(date.unwrap_or_default()), parse_spans(hours.unwrap_or_default()).unwrap_or_default());
            match shop {
                Some(shop) => drop(holidays.of_shops.entry(day).or_default().insert(shop.to_owned(), hours)),
                None => drop(holidays.of_all.insert(day, hours)),
            }
        }
        Ok(holidays)
    }

    /// The hours of a day for every shop that has none of its own. `None`: the rules decide.
    pub fn of_all_shops(&self, day: Day) -> Option<&[HoursOfDay]> {
        self.of_all.get(&day).map(Vec::as_slice)
    }

    /// The shops that have hours of their own on a day.
    pub fn of_single_shops(&self, day: Day) -> impl Iterator<Item = (&str, &[HoursOfDay])> {
        self.of_shops.get(&day).into_iter().flatten().map(|(shop, hours)| (shop.as_str(), hours.as_slice()))
    }

    /// The hours that a shop has of its own on a day.
    pub fn of_shop(&self, shop: &str, day: Day) -> Option<&[HoursOfDay]> {
        self.of_shops.get(&day)?.get(shop).map(Vec::as_slice)
    }
}

/// Marks rows whose hours are no spans as bad.
pub(super) fn refuse_unreadable_hours(mut batch: CanonicalBatch) -> CanonicalBatch {
    let hours = InputTable::Holidays.index("hours");
    for row in 0..batch.rows {
        if batch.string(hours, row).is_some_and(|text| parse_spans(text).is_err()) {
            batch.add_fault(row, "hours", "not spans of hours: write 09:00-12:00;13:00-18:00, or nothing for a closed day");
        }
    }
    batch
}
