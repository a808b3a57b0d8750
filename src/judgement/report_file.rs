//! Reports as files, of which judgement reads some shops at a time: a report of a million agents does not fit in memory, and no row is
//! judged by the rows of other shops, save for the ranks that `standings.rs` finds beforehand.

use super::report::{FinishedReport, WholeReport, distinct};
use crate::error::Result;
use crate::ingest::Reference;
use crate::metrics;
use crate::model::Level;
use crate::staging::TableReader;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Rows of the reports of a period that are judged together, unless one shop has more: with the reports that they are compared with they
/// take some 150 MB.
const PART_ROWS: usize = 1 << 13;

/// Stretches of rows, which ascend.
type Stretches = Vec<Range<usize>>;

/// The report of one level and period.
pub struct ReportFile<'s> {
    pub level: Level,
    table: TableReader<'s>,
    reference: &'s Reference,
    whole: Arc<WholeReport>,
    /// `platform`, `shop_id` and `rule_set` of all rows.
    keys: RecordBatch,
}

impl<'s> ReportFile<'s> {
    /// Opens the report of a level. Errors: its key columns cannot be read.
    pub fn open(level: Level, table: TableReader<'s>, reference: &'s Reference) -> Result<ReportFile<'s>> {
        let keys = table.columns(&["platform", "shop_id", "rule_set"])?;
        let mut with_values = hashbrown::HashSet::new();
        for metric in metrics::of_level(level) {
            if table.has_values(&metric.id)? {
                with_values.insert(metric.id.clone());
            }
        }
        let rule_sets = texts(&keys, "rule_set").map(|names| distinct(names.iter().flatten())).unwrap_or_default();
        Ok(ReportFile { level, table, reference, whole: Arc::new(WholeReport { rule_sets, with_values }), keys })
    }

    /// Some columns of all rows.
    pub fn columns(&self, names: &[&str]) -> Result<FinishedReport> {
        Ok(self.finished(self.table.columns(names)?))
    }

    /// The rows of some agents.
    pub fn of_agents(&self, agents: &BTreeSet<&str>) -> Result<FinishedReport> {
        let ids = self.table.columns(&["agent_id"])?;
        let ids = texts(&ids, "agent_id").into_iter().flatten();
        let own = ids.enumerate().filter(|(_, agent)| agent.is_some_and(|agent| agents.contains(agent)));
        let rows = own.map(|(row, _)| row..row + 1).collect::<Vec<_>>();
        Ok(self.finished(self.table.read(None, &rows)?))
    }

    /// The rows of some stretches.
    fn rows(&self, rows: &[Range<usize>]) -> Result<FinishedReport> {
        Ok(self.finished(self.table.read(None, rows)?))
    }

    fn finished(&self, batch: RecordBatch) -> FinishedReport {
        FinishedReport::part(self.level, batch, self.reference, Arc::clone(&self.whole))
    }

    /// The platform and the shop of each row.
    fn shops(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let (platforms, shops) = (texts(&self.keys, "platform"), texts(&self.keys, "shop_id"));
        let platform = move |row: usize| platforms.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row));
        (0..).zip(shops.into_iter().flatten()).map(move |(row, shop)| (platform(row), shop.unwrap_or_default()))
    }

    /// By part: the stretches of rows of its shops. `part_of`: the part of each shop; the rows of other shops are in none.
    fn stretches(&self, part_of: &HashMap<String, usize>, parts: usize) -> Vec<Stretches> {
        let mut stretches = vec![Stretches::new(); parts];
        for (row, (_, shop)) in self.shops().enumerate() {
            let Some(part) = part_of.get(shop) else { continue };
            match stretches[*part].last_mut() {
                Some(last) if last.end == row => last.end += 1,
                _ => stretches[*part].push(row..row + 1),
            }
        }
        stretches
    }
}

/// A text column; `None` if there is no such column.
fn texts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt::<i32>()
}

/// The reports of a period, of the period before and of the same period a year before, at most one per level each.
pub type ComparedFiles<'s> = [Vec<ReportFile<'s>>; 3];

/// The rows of some shops in [`ComparedFiles`].
pub(super) type ComparedReports = [Vec<FinishedReport>; 3];

/// The parts in which a period is judged: shops that follow each other in the order of the judgement tables.
pub struct ReportParts<'f> {
    files: &'f ComparedFiles<'f>,
    /// For each file, by part: the stretches of rows of its shops.
    stretches: [Vec<Vec<Stretches>>; 3],
    count: usize,
}

impl<'f> ReportParts<'f> {
    /// Cuts the shops of a period into parts. There is at least one.
    pub fn of(files: &'f ComparedFiles<'f>) -> ReportParts<'f> {
        let mut rows: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
        for shop in files[0].iter().flat_map(ReportFile::shops) {
            *rows.entry(shop).or_default() += 1;
        }
        let (mut part_of, mut part, mut filled) = (HashMap::new(), 0, 0);
        for ((_, shop), count) in rows {
            if filled > 0 && filled + count > PART_ROWS {
                (part, filled) = (part + 1, 0);
            }
            filled += count;
            part_of.insert(shop.to_owned(), part);
        }
        let count = part + 1;
        let of_period = |files: &Vec<ReportFile>| files.iter().map(|file| file.stretches(&part_of, count)).collect();
        ReportParts { files, stretches: files.each_ref().map(of_period), count }
    }

    /// The number of parts.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Reads the reports of a part. Errors: a report cannot be read.
    pub fn read(&self, part: usize) -> Result<ComparedReports> {
        let of_period = |period: usize| {
            let files = self.files[period].iter().zip(&self.stretches[period]);
            files.map(|(file, stretches)| file.rows(&stretches[part])).collect::<Result<Vec<_>>>()
        };
        Ok([of_period(0)?, of_period(1)?, of_period(2)?])
    }
}
