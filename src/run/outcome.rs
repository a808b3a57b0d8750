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
    /// The result of the run. Errors: days failed or are held back, of the kind that [`kind_of_all`] says. If the run was for a single day, its error is returned unchanged. A day that
    /// the run was not asked for, such as one of `missed`, is only named: the exit code is that of the days that it was asked for. A run
    /// that makes again what is damaged is asked for all of its days.
    pub(super) fn into_result(mut self, plan: &Plan, request: &RunRequest, missed: &BTreeSet<Day>, recorder: &RunRecorder) -> Result<()> {
        recorder.record_failed_days(&self.failed);
        let is_asked_for = |day: &Day| request.repair.is_some() || request.from <= *day && *day <= request.to;
        for (day, error) in self.failed.extract_if(.., |(day, _)| !is_asked_for(day)) {
            let command = format!("kefu backfill{} --from {day} --to {day} --only failed", plan.argument());
            let what = if missed.contains(&day) { "still not published" } else { "left as published" };
            tracing::warn!("{what}: {day}: {}; `{command}` computes it again", error.in_one_line());
        }
        let (Some(first), Some(last)) = (self.failed.iter().map(|f| f.0).min(), self.failed.iter().map(|f| f.0).max()) else {
            return Ok(());
        };
        let command = format!("kefu backfill{} --from {first} --to {last} --only failed", plan.argument());
        if request.from == request.to && self.failed.len() == 1 && request.repair.is_none() {
            return self.failed.pop().map_or(Ok(()), |(_, error)| Err(error));
        }
        let kind = kind_of_all(self.failed.iter().map(|(_, error)| error.kind()));
        let (days, failed) = (request.to.0 - request.from.0 + 1, self.failed.len());
        let what = match request.repair {
            Some(_) => format!("{failed} damaged day(s) are not made again"),
            None => format!("{failed} of {days} days are not published"),
        };
        let mut error = Error::new(kind, what);
        for (day, cause) in &self.failed {
            error = error.with("day", format!("{day}: {}", cause.in_one_line()));
        }
        let all_gone = self.failed.iter().all(|(_, error)| error.message().starts_with("held back: input gone"));
        Err(error.hint(match all_gone {
            true => "the other days are published; these stay as they are, for no run can make them again without their files".to_owned(),
            false => format!("the other days are published; run `{command}` to compute these again"),
        }))
    }
}

/// The kind of the failures of several days: whether a person is needed is decided by the worst of them. A fault of the machine or of kefu
/// comes before data that is refused or held back, and that before what waiting helps. Waiting is advised only if it helps all of them.
fn kind_of_all(kinds: impl Iterator<Item = Kind>) -> Kind {
    let severity = |kind: &Kind| match kind {
        Kind::NotReady => 0,
        Kind::Refused => 1,
        _ => 2,
    };
    match kinds.max_by_key(severity) {
        Some(kind @ (Kind::NotReady | Kind::Refused)) => kind,
        _ => Kind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_advised_only_if_it_helps_every_day() {
        use Kind::{Config, Failed, NotReady, Refused};
        let cases: [(&[Kind], Kind); 7] = [
            (&[NotReady], NotReady),
            (&[NotReady, NotReady], NotReady),
            (&[NotReady, Refused], Refused),
            (&[Refused, NotReady, Refused], Refused),
            (&[Refused, Failed], Failed),
            (&[NotReady, Failed, Refused], Failed),
            (&[Config, NotReady], Failed),
        ];
        for (kinds, expected) in cases {
            assert_eq!(kind_of_all(kinds.iter().copied()), expected, "{kinds:?}");
        }
    }
}
