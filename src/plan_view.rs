//! What `kefu plan` and `kefu status` print: the state of every day and the work that a run would do. The fields are the keys of `--json`.

use crate::error::Result;
use crate::freshness::{CalendarRefusal, DaySelection, DayWork, Freshness, MissedDays, StaleReason, gone_sentences};
use crate::publish::{Manifest, OutputCalendar};
use kefu_kernel::calendar::{Day, Span};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a run would do if it were requested for a range of days.
#[derive(Debug, Serialize)]
pub struct PlanView {
    /// The output root.
    pub output: String,
    /// First and last requested day.
    pub from: String,
    pub to: String,
    /// The last business day whose data has all arrived.
    pub landed: String,
    /// What else the run would do or leave, one sentence each.
    pub notes: Vec<String>,
    /// Every requested day, and every other day that the run would recompute.
    pub days: Vec<PlanDay>,
    /// The periods that would be reported.
    pub reports: Vec<PlanReport>,
    /// The amount of work.
    pub work: PlanTotals,
}

/// One business day.
#[derive(Debug, Serialize)]
pub struct PlanDay {
    /// The date.
    pub day: String,
    /// Whether nothing has to be done.
    pub fresh: bool,
    /// Why it is not fresh.
    pub whys: Vec<StaleReason>,
    /// Whether its chats would be read again.
    pub read: bool,
    /// Whether its sales and reports would be computed again.
    pub restate: bool,
}

/// One period whose reports would be published.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    /// The length of the period.
    pub period: &'static str,
    /// Its first day.
    pub dt: String,
    /// `missing` or `stale`.
    pub state: &'static str,
}

/// The amount of work of a run.
#[derive(Debug, Serialize)]
pub struct PlanTotals {
    /// Days whose chats would be read.
    pub days_read: usize,
    /// Days whose sales and reports would be computed.
    pub days_restated: usize,
    /// Message rows of those days to read that have been read before, as they were then.
    pub rows_known: i64,
    /// Periods that would be reported.
    pub reports: usize,
}

impl Freshness<'_> {
    /// What a run would do if it were requested for some days, both ends included.
    /// Errors: the reasons of a day cannot be determined.
    pub fn plan_view(&self, manifest: &Manifest, days: (Day, Day), only: DaySelection) -> Result<PlanView> {
        self.plan_view_with(manifest, days, only, &MissedDays::default())
    }

    /// What a run would do if it were requested for some days, both ends included, and for days that were missed before them.
    /// Errors: the reasons of a day cannot be determined.
    pub fn plan_view_with(&self, manifest: &Manifest, (from, to): (Day, Day), only: DaySelection, missed: &MissedDays) -> Result<PlanView> {
        let work = self.work(manifest, (from, to), only, &missed.made)?;
        let calendar_note = self.calendar_note(manifest, (from, to), &work)?;
        let gone_notes = gone_sentences(&work.gone);
        let notes = calendar_note.into_iter().chain(missed.sentences(&self.plan.argument())).chain(gone_notes).collect();
        let staying = work.staying();
        let DayWork { read, restate, .. } = work;
        let mut days = Vec::new();
        for day in from.through(to).chain(restate.union(&staying).copied().filter(|day| *day < from || to < *day)) {
            let whys = self.reasons(manifest, day)?;
            let (read, restate) = (read.contains(&day), restate.contains(&day));
            days.push(PlanDay { day: day.to_string(), fresh: whys.is_empty(), whys, read, restate });
        }
        let periods = &self.plan.config.reports.periods;
        let of_days = restate.iter().flat_map(|day| periods.iter().map(move |period| self.plan.calendar.span(*period, *day)));
        let is_left = |span: &Span| staying.range(span.first..=span.last).next().is_some();
        let spans = of_days.chain(self.stale_spans(manifest)?).filter(|span| !is_left(span)).collect::<BTreeSet<Span>>();
        let reports = spans.iter().map(|span| self.report(manifest, span)).collect::<Vec<_>>();
        let rows_known = read.iter().filter_map(|day| manifest.days.get(day)).map(|record| record.rows).sum();
        let work = PlanTotals { days_read: read.len(), days_restated: restate.len(), rows_known, reports: reports.len() };
        let (output, landed) = (self.plan.output.name().to_owned(), self.landed.through.to_string());
        Ok(PlanView { output, from: from.to_string(), to: to.to_string(), landed, notes, days, reports, work })
    }

    /// What the calendar of the output means for a run of some days: that it is refused, or what it withdraws. `None`: nothing.
    fn calendar_note(&self, manifest: &Manifest, days: (Day, Day), work: &DayWork) -> Result<Option<String>> {
        if let Some(CalendarRefusal { changes, command }) = self.calendar_refusal(manifest, days, work) {
            return Ok(Some(format!("refused: the calendar of this output has changed ({changes}): run `{command}`")));
        }
        let strays = OutputCalendar::of(self.plan).strays(manifest.files.keys())?.len();
        let note = || format!("withdraws {strays} file(s) that have no place in the calendar of the pipeline");
        Ok((strays > 0 && self.covers_output(manifest, days, work)).then(note))
    }

    /// The entry of a period.
    fn report(&self, manifest: &Manifest, span: &Span) -> PlanReport {
        let level = self.plan.config.reports.levels.first().map_or("shop", |level| level.name());
        let key = format!("reports/{level}_{}/dt={}/data.parquet", span.period.name(), span.first);
        let state = if manifest.files.contains_key(&key) { "stale" } else { "missing" };
        PlanReport { period: span.period.name(), dt: span.first.to_string(), state }
    }
}

impl fmt::Display for PlanView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} · {} .. {} · landed through {}", self.output, self.from, self.to, self.landed)?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        let fresh = self.days.iter().filter(|item| item.fresh).count();
        for item in self.days.iter().filter(|item| !item.fresh) {
            let whys = item.whys.iter().map(StaleReason::to_string).collect::<Vec<_>>().join("; ");
            let work = match (item.read, item.restate) {
                (true, _) => "read and restate",
                (_, true) => "restate",
                _ => "left as it is",
            };
            writeln!(f, "  {}  {work:<16}  {whys}", item.day)?;
        }
        let mut by_period: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for report in &self.reports {
            by_period.entry(report.period).or_default().push(&report.dt);
        }
        for (period, dates) in by_period {
            writeln!(f, "  reports of {} {period}(s): {}", dates.len(), shortened(&dates))?;
        }
        let PlanTotals { days_read, days_restated, rows_known, reports } = self.work;
        let rows = if rows_known > 0 { format!(" ({rows_known} rows when last read)") } else { String::new() };
        writeln!(f, "{fresh} day(s) fresh; to do: {days_read} to read{rows}, {days_restated} to restate, {reports} period(s) to report")
    }
}

/// Lists dates, or only the first and last of many.
fn shortened(dates: &[&str]) -> String {
    match dates {
        [first, .., last] if dates.len() > 6 => format!("{first} .. {last}"),
        dates => dates.join(", "),
    }
}

/// A calendar with one line per month and one sign per day (状态日历).
#[derive(Debug, Serialize)]
pub struct StatusCalendar {
    output: String,
    /// The last business day whose data has all arrived.
    landed: String,
    /// Date → state.
    days: BTreeMap<String, &'static str>,
}

impl PlanView {
    /// The states of the days as a calendar. A day with several reasons has the most serious state.
    pub fn calendar(&self) -> StatusCalendar {
        let state = |item: &PlanDay| match item.whys.as_slice() {
            // It is what it was made of, even if that is gone.
            [] | [StaleReason::InputGone(_)] => "fresh",
            whys if whys.contains(&StaleReason::Missing) => "missing",
            whys if whys.iter().any(|why| matches!(why, StaleReason::Failed(_))) => "failed",
            [StaleReason::Maturing] | [StaleReason::Maturing, StaleReason::InputGone(_)] => "maturing",
            _ => "stale",
        };
        let days = self.days.iter().map(|item| (item.day.clone(), state(item))).collect();
        StatusCalendar { output: self.output.clone(), landed: self.landed.clone(), days }
    }
}

impl fmt::Display for StatusCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} · landed through {}", self.output, self.landed)?;
        let mut months: BTreeMap<&str, BTreeMap<usize, &str>> = BTreeMap::new();
        for (day, state) in &self.days {
            months.entry(&day[..7]).or_default().insert(day[8..].parse().unwrap_or(0), state);
        }
        for (month, days) in months {
            let sign = |day: usize| match days.get(&day).copied() {
                Some("fresh") => '#',
                Some("maturing") => '~',
                Some("stale") => '!',
                Some("failed") => 'X',
                Some(_) => '.',
                None => ' ',
            };
            writeln!(f, "{month}  {}", (1..=31).map(sign).collect::<String>())?;
        }
        let count = |wanted: &str| self.days.values().filter(|state| **state == wanted).count();
        let states = ["fresh", "maturing", "stale", "failed", "missing"];
        let counts = ['#', '~', '!', 'X', '.'].iter().zip(states).map(|(sign, state)| format!("{sign} {state} {}", count(state)));
        writeln!(f, "{}", counts.collect::<Vec<_>>().join("   "))
    }
}
