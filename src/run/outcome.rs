//! The outcome of a run: which days failed, and the error that follows.

use super::request::RunRequest;
use crate::config::Plan;
use crate::error::{Error, Kind, Result};
use crate::observability::RunRecorder;
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// The outcome of all stretches of a run.
#[derive(Default)]
pub(super) struct RunOutcome {
    /// The days that failed or were held back, each with its error. All other days are published.
    pub failed: Vec<(Day, Error)>,
}

impl RunOutcome {
    /// The result of the run. Errors: days failed or are held back. If the run was for a single day, its error is returned unchanged. Of a
    /// night that also makes `missed` days, any other day that fails is only named: the exit code is that of the night's own day.
    pub(super) fn into_result(mut self, plan: &Plan, request: &RunRequest, missed: &BTreeSet<Day>, recorder: &RunRecorder) -> Result<()> {
        recorder.record_failed_days(&self.failed);
        let is_night = request.from == request.to && !missed.is_empty();
        for (day, error) in self.failed.extract_if(.., |(day, _)| missed.contains(day) || (is_night && *day != request.from)) {
            let command = format!("kefu backfill{} --from {day} --to {day} --only failed", plan.argument());
            tracing::warn!("still not published: {day}: {}; `{command}` computes it again", error.in_one_line());
        }
        let (Some(first), Some(last)) = (self.failed.iter().map(|f| f.0).min(), self.failed.iter().map(|f| f.0).max()) else {
            return Ok(());
        };
        let all_held_back = self.failed.iter().all(|(_, error)| error.kind() == Kind::Refused && error.message().starts_with("held back"));
        let all_not_ready = self.failed.iter().all(|(_, error)| error.retryable());
        let command = format!("kefu backfill{} --from {first} --to {last} --only failed", plan.argument());
        if request.from == request.to && self.failed.len() == 1 {
            return self.failed.pop().map_or(Ok(()), |(_, error)| Err(error));
        }
        let kind = match (all_held_back, all_not_ready) {
            (true, _) => Kind::Refused,
            (_, true) => Kind::NotReady,
            _ => Kind::Failed,
        };
        let days = request.to.0 - request.from.0 + 1;
        let mut error = Error::new(kind, format!("{} of {days} days are not published", self.failed.len()));
        for (day, cause) in &self.failed {
            error = error.with("day", format!("{day}: {}", cause.in_one_line()));
        }
        Err(error.hint(format!("the other days are published; run `{command}` to compute these again")))
    }
}
