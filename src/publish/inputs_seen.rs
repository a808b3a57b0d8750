//! The partitions of dated inputs as runs have last seen them. Exports expire, and so a file that is gone is told from one that never was.

use jiff::civil::Date;
use kefu_kernel::calendar::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Table → date of a partition → a hash of what identified its files when a run last saw some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputsSeen(BTreeMap<String, BTreeMap<Date, u64>>);

impl InputsSeen {
    /// Notes partitions of a table that have files. Those that have none any more stay noted as they were.
    pub fn note(&mut self, table: &str, partitions: &BTreeMap<Day, u64>) {
        if !partitions.is_empty() {
            let seen = self.0.entry(table.to_owned()).or_default();
            seen.extend(partitions.iter().map(|(day, hash)| (day.date(), *hash)));
        }
    }

    /// The partitions of a table that have ever had files.
    pub fn of(&self, table: &str) -> BTreeMap<Day, u64> {
        self.0.get(table).into_iter().flatten().map(|(date, hash)| (Day::from(*date), *hash)).collect()
    }

    /// Whether no run has seen any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is noted is read back, and a partition that is seen no more stays as it was.
    #[test]
    fn what_is_gone_stays_noted() {
        let mut seen = InputsSeen::default();
        seen.note("orders", &BTreeMap::from([(Day(1), 7), (Day(2), u64::MAX)]));
        seen.note("orders", &BTreeMap::from([(Day(2), 5), (Day(3), 6)]));
        seen.note("messages", &BTreeMap::new());
        let text = serde_json::to_string(&seen).unwrap();
        let read: InputsSeen = serde_json::from_str(&text).unwrap();
        assert_eq!(read.of("orders"), BTreeMap::from([(Day(1), 7), (Day(2), 5), (Day(3), 6)]), "{text}");
        assert!(read.of("messages").is_empty() && !text.contains("messages"), "{text}");
    }
}
