//! A change of the calendar of an output: which run may make it, and which command that is.

use super::comparison::Freshness;
use super::day_work::DayWork;
use crate::error::Result;
use crate::publish::{Manifest, OutputCalendar};
use kefu_kernel::calendar::Day;

/// A run that would leave periods of two calendars in one output.
pub struct CalendarRefusal {
    /// The settings that have changed, with both values.
    pub changes: String,
    /// The backfill that puts the output under the new calendar.
    pub command: String,
}

impl Freshness<'_> {
    /// The settings of the calendar that differ from those that the output was made with, in one line. `None` if it is the same.
    pub(super) fn calendar_changes(&self, manifest: &Manifest) -> Option<String> {
        let calendar = OutputCalendar::of(self.plan);
        let Some(before) = manifest.calendar.as_ref() else {
            // A version that kept no calendar made this output. Its files tell whether it had another one.
            let strays = calendar.strays(manifest.files.keys()).unwrap_or_default().len();
            return (strays > 0).then(|| format!("the calendar of {strays} published files is another one"));
        };
        Some(calendar.changes_since(before)).filter(|changes| !changes.is_empty())
    }

    /// Whether a run is asked for every published day and leaves none as an older version computed it, so that it may withdraw what has no
    /// place in the calendar of the pipeline. `work`: that of the run.
    pub fn covers_output(&self, manifest: &Manifest, (from, to): (Day, Day), work: &DayWork) -> bool {
        let published = manifest.reported();
        let is_covered = |day: &Day| from <= *day && *day <= to.min(self.landed.through);
        work.older.is_empty() && published.iter().all(is_covered)
    }

    /// Refuses no day for a gone input in a run that puts the output under another calendar: the periods are made of the states.
    pub(super) fn leave_to_states(&self, manifest: &Manifest, days: (Day, Day), work: &mut DayWork) -> Result<()> {
        if self.calendar_changes(manifest).is_none() || !self.covers_output(manifest, days, work) {
            return Ok(());
        }
        let with_chat_states = self.days_with_chat_states(manifest)?;
        for (day, gone) in &mut work.gone {
            gone.is_refused &= gone.is_outdated || !with_chat_states.contains(day);
        }
        Ok(())
    }

    /// Why a run for some days is refused: the calendar has changed, and the run does not cover the output. `None`: it is not refused.
    pub fn calendar_refusal(&self, manifest: &Manifest, days: (Day, Day), work: &DayWork) -> Option<CalendarRefusal> {
        let changes = self.calendar_changes(manifest)?;
        let published = manifest.reported();
        let (first, last) = (published.first()?, published.last()?);
        let command = format!("kefu backfill{} --from {first} --to {last}", self.plan.argument());
        (!self.covers_output(manifest, days, work)).then_some(CalendarRefusal { changes, command })
    }
}
