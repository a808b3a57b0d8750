//! How a run ended whose days did not all come out.

use super::Request;
use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
use crate::job::Plan;
use crate::publish::Recorder;

#[derive(Default)]
pub(super) struct Outcome {
    pub failed: Vec<(Day, Error)>,
}

impl Outcome {
    /// Errors: days failed or are held back; the others are published. A single day's error is told as it is.
    pub(super) fn verdict(mut self, plan: &Plan, request: &Request, recorder: &Recorder) -> Result<()> {
        let (Some(first), Some(last)) = (self.failed.iter().map(|f| f.0).min(), self.failed.iter().map(|f| f.0).max()) else {
            return Ok(());
        };
        recorder.failed(&self.failed);
        let held = self.failed.iter().all(|(_, error)| error.kind() == Kind::Refused && error.message().starts_with("held back"));
        let again = format!("kefu backfill{} --from {first} --to {last} --only failed", plan.argument());
        if request.from == request.to && self.failed.len() == 1 {
            return self.failed.pop().map_or(Ok(()), |(_, error)| Err(error));
        }
        let kind = if held { Kind::Refused } else { Kind::Failed };
        let days = request.to.0 - request.from.0 + 1;
        let mut error = Error::new(kind, format!("{} of {days} days are not published", self.failed.len()));
        for (day, of_day) in &self.failed {
            error = error.with("day", format!("{day}: {}", of_day.in_one_line()));
        }
        Err(error.hint(format!("the other days are published; these again: `{again}`")))
    }
}
