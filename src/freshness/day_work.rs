//! The work of a run: the days that it reads and those that it computes again, and the days that it leaves as they are.

use super::comparison::{Freshness, SEMANTICS_VERSION};
use super::gone_inputs::{GoneDay, GoneInputs};
use super::reasons::{DaySelection, StaleReason};
use crate::error::Result;
use crate::publish::Manifest;
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The days on which a run has to work.
#[derive(Debug, Default)]
pub struct DayWork {
    /// Days whose chats have to be read.
    pub read: BTreeSet<Day>,
    /// Days whose sales and reports have to be computed. Contains `read`.
    pub restate: BTreeSet<Day>,
    /// Days that an older version computed and that are not requested. They stay as they are.
    pub older: BTreeSet<Day>,
    /// Days that were computed under other rules and are not requested. A period must not mix them with the new ones.
    pub mixed: BTreeSet<Day>,
    /// Published days of whose input something is gone, whether or not there is work on them.
    pub gone: BTreeMap<Day, GoneDay>,
}

/// What a run would do with a day if all its inputs were there.
pub(super) struct Intent {
    pub is_requested: bool,
    pub is_due: bool,
    pub reads_chats: bool,
    pub only: DaySelection,
}

impl DayWork {
    /// The days of the older version, and those that are outdated because their input is gone. Periods that hold one of them stay as published.
    pub fn staying(&self) -> BTreeSet<Day> {
        let outdated = self.gone.iter().filter(|(_, gone)| gone.is_outdated).map(|(day, _)| *day);
        self.older.iter().copied().chain(outdated).collect()
    }

    /// The published days whose sales cannot be computed again, because an input that they need is gone.
    pub fn kept(&self) -> BTreeSet<Day> {
        self.gone.iter().filter(|(_, gone)| gone.inputs.blocks(false)).map(|(day, _)| *day).collect()
    }

    /// The days that the run is asked for and that cannot be made, because their input is gone.
    pub fn refused(&self) -> impl Iterator<Item = (Day, &GoneInputs)> {
        self.gone.iter().filter(|(_, gone)| gone.is_refused).map(|(day, gone)| (*day, &gone.inputs))
    }
}

impl Freshness<'_> {
    /// The work of a run that is requested for some days, both ends included, and makes `missed` days too.
    pub fn work(&self, manifest: &Manifest, (from, to): (Day, Day), only: DaySelection, missed: &BTreeSet<Day>) -> Result<DayWork> {
        let mut work = DayWork::default();
        let is_requested = |day: &Day| from <= *day && *day <= to || missed.contains(day);
        let asked_for = from.through(to).chain(missed.iter().copied()).collect::<BTreeSet<_>>();
        for day in asked_for.iter().chain(manifest.days.keys().filter(|day| !is_requested(day))).copied() {
            self.add_day(manifest, day, (is_requested(&day), only), &mut work)?;
        }
        self.leave_to_states(manifest, (from, to), &mut work)?;
        Ok(work)
    }

    /// Adds a day to the work of a run that selects days by `only`.
    fn add_day(&self, manifest: &Manifest, day: Day, (is_requested, only): (bool, DaySelection), work: &mut DayWork) -> Result<()> {
        let (reasons, gone) = self.compare(manifest, day)?;
        // Without its states a day would be missing from its week, month, quarter and year, whichever days are asked for.
        let is_broken = reasons.iter().any(StaleReason::is_broken);
        let is_automatic = only == DaySelection::Due && reasons.iter().any(StaleReason::is_automatic);
        let is_due = match is_requested {
            true => is_broken || only.admits(&reasons),
            false => (is_broken || is_automatic) && day <= self.landed.through,
        };
        let mut causes = reasons.iter().filter(|why| is_requested || why.is_automatic());
        let reads_chats = is_requested && only == DaySelection::All || causes.any(|why| self.reads_chats(day, why, &gone));
        if !gone.is_empty() {
            let intent = Intent { is_requested, is_due, reads_chats, only };
            if self.add_gone(manifest, day, (reasons.as_slice(), gone), &intent, work) {
                return Ok(());
            }
        }
        let is_older = manifest.days.get(&day).is_some_and(|record| record.reported && record.semantics != SEMANTICS_VERSION);
        let is_left = !is_requested && !is_broken;
        if is_older && (is_left || !is_due) {
            work.older.insert(day);
            return Ok(());
        }
        if !is_requested && reasons.contains(&StaleReason::Rules) {
            work.mixed.insert(day);
        }
        if is_due && reads_chats {
            work.read.insert(day);
        }
        if is_due {
            work.restate.insert(day);
        }
        Ok(())
    }

    /// Notes a day of whose input something is gone. Returns whether it stays as published.
    pub(super) fn add_gone(
        &self,
        manifest: &Manifest,
        day: Day,
        (reasons, inputs): (&[StaleReason], GoneInputs),
        intent: &Intent,
        work: &mut DayWork,
    ) -> bool {
        let gone = self.gone_day(manifest, day, (reasons, inputs), intent);
        let stays = gone.is_left || gone.is_outdated;
        work.gone.insert(day, gone);
        stays
    }

    /// What becomes of a day of whose input something is gone: it stays as published, unless what is to be done needs none of that.
    fn gone_day(&self, manifest: &Manifest, day: Day, (reasons, inputs): (&[StaleReason], GoneInputs), intent: &Intent) -> GoneDay {
        let is_left = intent.is_due && inputs.blocks(intent.reads_chats);
        let is_broken = reasons.contains(&StaleReason::StatesGone) || is_left && reasons.contains(&StaleReason::Interrupted);
        let is_outdated = is_broken || reasons.contains(&StaleReason::OlderVersion);
        let causes = reasons.iter().filter(|why| !matches!(why, StaleReason::InputGone(_))).collect::<Vec<_>>();
        // A day that lacks nothing but its own files is asked for in vain, too.
        let lacks_own = causes.is_empty() && !reasons.is_empty() && intent.only == DaySelection::Due && inputs.is_own();
        let is_refused = intent.is_requested && (is_left && intent.only.admits(reasons) || lacks_own);
        let matures = |before: Day| reasons.contains(&StaleReason::Maturing) && self.matures(day, before, self.landed.through);
        // That states are lost is never normal.
        let is_news = is_broken || !self.is_normal(&inputs) || is_left && manifest.landed.is_some_and(matures);
        let causes = causes.into_iter().map(StaleReason::to_string).collect::<Vec<_>>().join("; ");
        let fate = match (is_left || is_outdated, intent.is_due) {
            (true, _) => format!("left as published, not made again although {causes}"),
            (_, true) => format!("made of kept states ({causes})"),
            _ => "left as published".to_owned(),
        };
        let states = if reasons.contains(&StaleReason::StatesGone) { "states gone, " } else { "" };
        let said = is_news.then(|| (format!("{states}input gone ({})", inputs.names().join(", ")), fate));
        GoneDay { inputs, is_left, is_outdated, is_refused, said }
    }
}
