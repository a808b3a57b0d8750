//! What a row is ranked by beyond its own shop: the values of all agents of a platform, and the totals of all its shops. They are read column
//! by column before a period is judged shop by shop.

use super::report::{FinishedReport, MetricValues};
use super::scores::Totals;
use crate::config::JudgementSettings;
use crate::error::Result;
use crate::metrics;
use crate::metrics::declaration;
use crate::metrics::declaration::Metric;
use crate::model::Level;
use hashbrown::HashMap;
use kefu_kernel::calendar::Period;

/// Reads some columns of the whole report of a level; `None` if there is no such report.
pub(super) type ColumnReader<'r> = &'r dyn Fn(Level, &[&str]) -> Result<Option<FinishedReport>>;

/// The standings of a period.
#[derive(Default)]
pub struct Standings {
    /// Of the agents of the period.
    pub(super) now: PlatformRanks,
    /// Of the agents of the period before.
    pub(super) before: PlatformRanks,
    /// The totals of shops, by id of the card.
    pub(super) totals: HashMap<String, Totals>,
}

impl Standings {
    /// Reads the standings that the tables of a period need. Errors: a column cannot be read.
    pub fn of(settings: &JudgementSettings, period: Period, now: ColumnReader, before: ColumnReader) -> Result<Standings> {
        let mut standings = Standings { now: PlatformRanks::of(now)?, before: PlatformRanks::of(before)?, totals: HashMap::new() };
        for card in settings.scorecards.iter().filter(|card| card.period == period && card.level == Level::Shop) {
            let names = card.items.iter().map(|item| item.metric.as_str()).chain(["platform"]).collect::<Vec<_>>();
            if let Some(shops) = now(Level::Shop, &names)? {
                standings.totals.insert(card.id.clone(), Totals::of_report(card, &shops)?);
            }
        }
        Ok(standings)
    }
}

/// The metrics that agents are ranked by: those for which the better direction is declared, without components.
pub(super) fn ranked_metrics() -> impl Iterator<Item = &'static Metric> {
    metrics::of_level(Level::Agent).filter(|metric| metric.better != declaration::Neither && !metric.component)
}

/// The values of each metric on each platform, over the agents with a reception that has a buyer line.
#[derive(Default)]
pub(super) struct PlatformRanks(HashMap<&'static str, HashMap<String, PlatformValues>>);

/// The values of a metric on a platform.
pub(super) struct PlatformValues {
    /// The distinct values, the best first.
    best_first: Vec<f64>,
    higher: bool,
    /// The mean, in the published unit.
    pub(super) mean: f64,
}

impl PlatformValues {
    /// The dense rank of a value that is among them, from 1.
    pub(super) fn rank(&self, value: f64) -> u32 {
        let is_better = |other: &f64| if self.higher { *other > value } else { *other < value };
        self.best_first.partition_point(is_better) as u32 + 1
    }
}

impl PlatformRanks {
    /// The values of a metric by platform; none where no agent of a platform has one.
    pub(super) fn of_metric(&self, id: &str, platform: &str) -> Option<&PlatformValues> {
        self.0.get(id)?.get(platform)
    }

    fn of(read: ColumnReader) -> Result<PlatformRanks> {
        let mut ranks = PlatformRanks::default();
        let Some(agents) = read(Level::Agent, &["platform", "receptions"])? else { return Ok(ranks) };
        let receptions = agents.values("receptions")?;
        let has_reception = |row: &usize| receptions.cells[*row].is_some_and(|receptions| receptions > 0.0);
        let rows = (0..agents.rows()).filter(has_reception).filter_map(|row| Some((row, agents.text("platform", row)?)));
        let rows = rows.collect::<Vec<_>>();
        // Without a platform nobody is ranked beyond the shop, and no column is read.
        let ranked = ranked_metrics().filter(|metric| !rows.is_empty() && agents.has(&metric.id));
        for metric in ranked {
            let Some(column) = read(Level::Agent, &[metric.id.as_str()])? else { continue };
            let higher = metric.better == declaration::Higher;
            ranks.0.insert(metric.id.as_str(), by_platform(&rows, &column.values(&metric.id)?, higher));
        }
        Ok(ranks)
    }
}

/// The values of some rows by platform.
fn by_platform(rows: &[(usize, &str)], values: &MetricValues, higher: bool) -> HashMap<String, PlatformValues> {
    let mut cells: HashMap<&str, Vec<f64>> = HashMap::new();
    for (row, platform) in rows {
        if let Some(value) = values.cells[*row] {
            cells.entry(*platform).or_default().push(value);
        }
    }
    let standing = |(platform, mut cells): (&str, Vec<f64>)| {
        // Added up in the order of the report, so that the last digits of the mean do not depend on the ranks.
        let mean = cells.iter().sum::<f64>() / (cells.len() as f64 * values.per_unit);
        cells.sort_unstable_by(|a, b| if higher { b.total_cmp(a) } else { a.total_cmp(b) });
        cells.dedup();
        cells.shrink_to_fit();
        (platform.to_owned(), PlatformValues { best_first: cells, higher, mean })
    };
    cells.into_iter().map(standing).collect()
}
