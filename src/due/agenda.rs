//! `kefu plan` and `kefu status`: what is due, for a reader.

use super::{Evidence, Only, Why, Work};
use crate::calendar::{Day, Span};
use crate::error::Result;
use crate::publish::Manifest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a run would do with some days.
#[derive(Debug, Serialize)]
pub struct Agenda {
    pub output: String,
    pub from: String,
    pub to: String,
    pub landed: String,
    /// A line for each day of the range, and each that comes by itself.
    pub days: Vec<Item>,
    /// Reports that would be made.
    pub reports: Vec<Report>,
    pub work: Amount,
}

#[derive(Debug, Serialize)]
pub struct Item {
    pub day: String,
    pub fresh: bool,
    pub whys: Vec<Why>,
    /// Its chats would be read; else only what orders say of it is made again.
    pub read: bool,
    pub restate: bool,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub period: &'static str,
    pub dt: String,
    pub state: &'static str,
}

/// How much work it is.
#[derive(Debug, Serialize)]
pub struct Amount {
    pub days_read: usize,
    pub days_restated: usize,
    /// Message rows, of days that have been read before.
    pub rows_known: i64,
    pub reports: usize,
}

impl Evidence<'_> {
    /// Errors: the stores'.
    pub fn agenda(&self, manifest: &Manifest, (from, to): (Day, Day), only: Only) -> Result<Agenda> {
        let Work { read, restate, .. } = self.work(manifest, (from, to), only)?;
        let mut days = Vec::new();
        for day in from.through(to).chain(restate.iter().copied().filter(|day| *day < from || to < *day)) {
            let whys = self.of(manifest, day)?;
            let (read, restate) = (read.contains(&day), restate.contains(&day));
            days.push(Item { day: day.to_string(), fresh: whys.is_empty(), whys, read, restate });
        }
        let periods = &self.plan.job.reports.periods;
        let of_days = restate.iter().flat_map(|day| periods.iter().map(move |period| self.plan.calendar.span(*period, *day)));
        let spans = of_days.chain(self.stale_spans(manifest)?).collect::<BTreeSet<Span>>();
        let reports = spans.iter().map(|span| self.report(manifest, span)).collect::<Vec<_>>();
        let rows_known = read.iter().filter_map(|day| manifest.days.get(day)).map(|record| record.rows).sum();
        let work = Amount { days_read: read.len(), days_restated: restate.len(), rows_known, reports: reports.len() };
        let (output, landed) = (self.plan.output.name().to_owned(), self.landed.through.to_string());
        Ok(Agenda { output, from: from.to_string(), to: to.to_string(), landed, days, reports, work })
    }

    fn report(&self, manifest: &Manifest, span: &Span) -> Report {
        let level = self.plan.job.reports.levels.first().map_or("shop", |level| level.name());
        let key = format!("reports/{level}_{}/dt={}/data.parquet", span.period.name(), span.first);
        let state = if manifest.files.contains_key(&key) { "stale" } else { "missing" };
        Report { period: span.period.name(), dt: span.first.to_string(), state }
    }
}

impl fmt::Display for Agenda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} · {} .. {} · landed through {}", self.output, self.from, self.to, self.landed)?;
        let fresh = self.days.iter().filter(|item| item.fresh).count();
        for item in self.days.iter().filter(|item| !item.fresh) {
            let whys = item.whys.iter().map(Why::to_string).collect::<Vec<_>>().join("; ");
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
        let Amount { days_read, days_restated, rows_known, reports } = self.work;
        let rows = if rows_known > 0 { format!(" ({rows_known} rows when last read)") } else { String::new() };
        writeln!(f, "{fresh} day(s) fresh; to do: {days_read} to read{rows}, {days_restated} to restate, {reports} period(s) to report")
    }
}

fn shortened(dates: &[&str]) -> String {
    match dates {
        [first, .., last] if dates.len() > 6 => format!("{first} .. {last}"),
        dates => dates.join(", "),
    }
}

/// A month a block, a letter a day.
#[derive(Debug, Serialize)]
pub struct Calendar {
    output: String,
    landed: String,
    days: BTreeMap<String, &'static str>,
}

impl Agenda {
    pub fn calendar(&self) -> Calendar {
        let state = |item: &Item| match item.whys.as_slice() {
            [] => "fresh",
            whys if whys.contains(&Why::Missing) => "missing",
            whys if whys.iter().any(|why| matches!(why, Why::Failed(_))) => "failed",
            [Why::Maturing] => "maturing",
            _ => "stale",
        };
        let days = self.days.iter().map(|item| (item.day.clone(), state(item))).collect();
        Calendar { output: self.output.clone(), landed: self.landed.clone(), days }
    }
}

impl fmt::Display for Calendar {
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
