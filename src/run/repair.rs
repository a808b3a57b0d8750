//! `kefu repair` (修复清单): rebuilds a manifest whose documents are lost or damaged, so that runs can go on.

use super::driver::landed;
use crate::config::Plan;
use crate::error::Result;
use crate::freshness::Freshness;
use crate::observability::RunRecorder;
use crate::publish::{Lease, LeaseOptions, ManifestFault, Rebuild, VerifyDifference, day_runs, named};
use crate::store::probe;
use kefu_kernel::calendar::Day;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// What was repaired, and what could not be.
#[derive(Debug, Serialize)]
pub struct RepairReport {
    /// The output root.
    pub output: String,
    /// What was wrong with the documents of the manifest.
    pub faults: Vec<ManifestFault>,
    /// The number of files that are as the manifest names them.
    pub whole: usize,
    /// The number of files whose page was lost and that it names again.
    pub adopted: usize,
    /// Files that no run has published. They are deleted.
    pub removed: Vec<String>,
    /// Files that are gone or have other bytes.
    pub damaged: Vec<VerifyDifference>,
    /// Days whose record was lost. The next run makes them again from their message files.
    pub made_again: Vec<String>,
    /// Days whose record was lost and whose message files are gone. They stay as they were found.
    pub as_found: Vec<String>,
    /// What else could not be rebuilt, one sentence each.
    pub notes: Vec<String>,
}

/// The days of lost pages.
#[derive(Default)]
struct RebuiltDays {
    made_again: BTreeSet<Day>,
    as_found: BTreeSet<Day>,
}

/// Rebuilds the manifest of an output from the pages that are whole, the files that are found, and their hashes. Files that no run has
/// published are deleted, and those of a lost page are named again. An output without faults stays as it is, but for such files.
/// Errors: another run holds the lease; an input cannot be listed or read; the store fails.
pub fn repair(plan: &Plan, options: &LeaseOptions, started: jiff::Timestamp) -> Result<RepairReport> {
    let (output, run) = (&plan.output, RunRecorder::new(started).run_id());
    probe::probe_output(output)?;
    let lease = Lease::acquire(output, &run, options)?;
    let mut rebuild = Rebuild::gather(output)?;
    let days = add_days(plan, &mut rebuild)?;
    rebuild.write(output, &run, &lease)?;
    let seen = "which files of the input earlier runs have seen is not known any more: periods whose orders are gone from the input become incomplete, and days of which other dated files than those of messages are gone are made again of what is there";
    Ok(RepairReport {
        output: output.name().to_owned(),
        notes: rebuild.has_lost_root.then(|| seen.to_owned()).into_iter().collect(),
        faults: rebuild.faults,
        whole: rebuild.whole,
        adopted: rebuild.adopted.len(),
        removed: rebuild.strays,
        damaged: rebuild.damaged,
        made_again: days.made_again.iter().map(Day::to_string).collect(),
        as_found: days.as_found.iter().map(Day::to_string).collect(),
    })
}

/// Adds the records of the days of lost pages, and the last landed day if that is lost.
fn add_days(plan: &Plan, rebuild: &mut Rebuild) -> Result<RebuiltDays> {
    let mut days = RebuiltDays::default();
    let found = rebuild.lost_days.iter().filter(|(_, is_reported)| **is_reported).map(|(day, _)| *day);
    let Some(last) = found.chain(rebuild.manifest.reported()).max() else { return Ok(days) };
    rebuild.manifest.landed.get_or_insert(last);
    if rebuild.lost_days.is_empty() {
        return Ok(days);
    }
    let freshness = Freshness::gather(plan, &rebuild.manifest, landed(plan, &rebuild.manifest, last, None))?;
    for (day, is_reported) in rebuild.lost_days.clone() {
        let messages = rebuild.messages_of(&plan.output, day)?;
        let record = freshness.rebuilt_record(day, is_reported, messages)?;
        // A day that only later days look back on has nothing published.
        match record.inputs.is_empty() {
            _ if !is_reported => {}
            true => drop(days.made_again.insert(day)),
            false => drop(days.as_found.insert(day)),
        }
        rebuild.manifest.days.insert(day, record);
    }
    Ok(days)
}

impl fmt::Display for RepairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ManifestFault { file, what, .. } in &self.faults {
            writeln!(f, "{file}: {what}: written again")?;
        }
        for file in &self.removed {
            writeln!(f, "{file}: no run has published it: removed")?;
        }
        for difference in &self.damaged {
            writeln!(
                f,
                "{}: {}: the next run that needs it makes it again, `kefu verify --repair` does so now",
                difference.file, difference.what
            )?;
        }
        let said = [
            (&self.made_again, "the record is lost: the next run makes the day again"),
            (&self.as_found, "the record is lost and the message files are gone: the day stays as it was found"),
        ];
        for (days, what) in said {
            for run in day_runs(days.iter().filter_map(|day| day.parse::<jiff::civil::Date>().ok()).map(Day::from)) {
                writeln!(f, "{}: {what}", named(run))?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))?;
        let (removed, damaged) = (self.removed.len(), self.damaged.len());
        let (faults, whole, adopted) = (self.faults.len(), self.whole, self.adopted);
        let counts = format!("{whole} files as published, {adopted} named again, {removed} removed, {damaged} damaged");
        writeln!(f, "{counts}, {faults} document(s) of the manifest written again under {}", self.output)
    }
}
