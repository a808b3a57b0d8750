//! The summary of a run: how many rows were read and what was written.

use super::stdout::print;
use crate::console;
use crate::error::Result;
use crate::observability::RunRecord;

/// Prints the audit of the input tables on stderr, and the summary of the run on stdout.
pub(super) fn summarize(record: &RunRecord) -> Result<()> {
    if record.dry_run {
        return Ok(());
    }
    if record.days_restated == 0 && record.files_written + record.files_withdrawn == 0 && record.error.is_none() {
        return print(&format!(
            "nothing was due: every day that was asked for is fresh under {} (`kefu plan` shows why, `--only all` computes it again)\n",
            record.output
        ));
    }
    if console::is_json() {
        for (table, [read, used, quarantined, duplicates, outside, ignored]) in &record.audit {
            tracing::info!(target: console::TARGET, table, read, used, quarantined, duplicates, outside, ignored, "rows");
        }
    } else {
        console::say(&audit_table(record).to_string());
    }
    let (written, unchanged) = (record.files_written, record.files_unchanged);
    let withdrawn = if record.files_withdrawn > 0 { format!(", {} withdrawn", record.files_withdrawn) } else { String::new() };
    print(&format!(
        "{} day(s) read, {} restated, landed through {}: {written} files written, {unchanged} unchanged{withdrawn} under {} in {:.1} s\n",
        record.days_read, record.days_restated, record.landed, record.output, record.seconds
    ))
}

/// The audit of the input tables as a table.
fn audit_table(record: &RunRecord) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(["table", "read", "= used", "+ quarantined", "+ duplicates", "+ outside", "+ ignored"]);
    for (name, counts) in &record.audit {
        table.add_row(std::iter::once(name.clone()).chain(counts.iter().map(i64::to_string)));
    }
    table
}
