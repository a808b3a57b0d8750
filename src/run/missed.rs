//! Missed days: which ones a night makes beside its own, and the note that a night which fails leaves for later ones.

use super::request::RunRequest;
use crate::config::Plan;
use crate::error::{Error, Kind, Result};
use crate::freshness::{DaySelection, Freshness, MissedDays};
use crate::publish::{Lease, Manifest};

/// The missed days that a run makes or leaves. Without them, if the run is not asked to look for any.
/// Errors: a partition of an input lies outside the calendar.
pub(super) fn missed_days(freshness: &Freshness, manifest: &Manifest, request: &RunRequest) -> Result<MissedDays> {
    if !request.missed || request.only != DaySelection::Due {
        return Ok(MissedDays::default());
    }
    freshness.missed_before(manifest, request.from)
}

/// Notes in the manifest which days a run was asked for and did not publish, if the chat log has no dates in its path: nothing else tells later
/// nights that they were asked for. A failure to do so is only said, because the run has failed already.
pub(super) fn note_failure(plan: &Plan, request: &RunRequest, lease: &Lease, error: &Error) {
    if plan.config.messages.is_dated() || matches!(error.kind(), Kind::Interrupted(_) | Kind::Usage) {
        return;
    }
    if let Err(e) = note(plan, request, lease, error) {
        tracing::warn!(error = %e.in_one_line(), "the output does not note that the day has failed");
    }
}

fn note(plan: &Plan, request: &RunRequest, lease: &Lease, error: &Error) -> Result<()> {
    lease.check()?;
    let mut manifest = Manifest::load(&plan.output)?;
    // The first run makes its day alone, and a run that fails leaves no output behind.
    if manifest.is_new() {
        return Ok(());
    }
    for day in request.from.through(request.to) {
        let record = manifest.days.entry(day).or_default();
        if !record.reported {
            record.failed.get_or_insert_with(|| error.in_one_line());
        }
    }
    manifest.save(&plan.output, |_| false)
}
