//! After the reports: what they say of shops and agents. A period is judged when its reports, those of the period before or those of the
//! year before are other than they were, or when what they are judged with is.

use super::Run;
use super::periods::PERSON_JUDGED;
use crate::calendar::{Day, Period, Span};
use crate::error::{Context, Result};
use crate::frames::{collect, to_arrow};
use crate::job::Level;
use crate::judgement::{self, Case, Judgement, Report, SpotChecks, Standard, Training, spot_checks};
use crate::memory;
use crate::pipe;
use crate::publish::{Judged, decode, period_of};
use crate::reports::{Part, has_flag};
use polars::prelude::{IntoLazy, col};
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// What is made by itself.
enum Work {
    SpotChecks(Day),
    Period(Span),
}

impl Run<'_> {
    /// Judges every period reported in this run, and those compared with one of them. Returns what they were judged with.
    pub(super) fn make_judgements(&self) -> Result<Judged> {
        let mut judged = self.manifest.judged.clone();
        // What a run that died may have put in their place is not known.
        self.manifest.unsure.iter().filter_map(|key| partition_of(key)).for_each(|partition| judged.forget(&partition));
        let standards = Standard::read(&self.records)?;
        let trainings = Training::read(&self.records)?;
        let made_with = self.made_with(&standards, &trainings);
        let days = if self.makes(Judgement::SpotChecks) { self.days_to_check(&made_with, &judged)? } else { Vec::new() };
        let spans = self.periods_to_judge(&made_with, &judged)?;
        // Where not all persons fit, the tables of two periods at once would not either.
        let restated = self.restated.iter().copied().collect::<Vec<_>>();
        let workers = if self.shares(&restated, PERSON_JUDGED)? > 1 { 1 } else { memory::workers(self.ground.request.memory) };
        // What takes longest comes first.
        let work = days.iter().map(|day| Work::SpotChecks(*day)).chain(spans.iter().map(|span| Work::Period(*span)));
        let make = |work: &Work, emit: &mut dyn FnMut(()) -> Result<()>| {
            match work {
                Work::SpotChecks(day) => self.draw(*day, workers.div_ceil(days.len())).with("business day", day)?,
                Work::Period(span) => {
                    self.judge(*span, &standards).with("period", format!("{} of {}", span.period.name(), span.first))?;
                }
            }
            emit(())
        };
        pipe::in_order(&work.collect::<Vec<_>>(), workers, make, |()| Ok(()))?;
        days.iter().for_each(|day| judged.set(checks_of(*day), &made_with));
        spans.iter().for_each(|span| judged.set(of_period(span.period, span.first), &made_with));
        if self.makes(Judgement::TrainingGain) {
            self.judge_trainings(&trainings, &made_with, &mut judged)?;
        }
        Ok(judged)
    }

    /// Every restated day whose details or reports are other than they were.
    fn days_to_check(&self, made_with: &str, judged: &Judged) -> Result<Vec<Day>> {
        let has_changed = |day: &Day| {
            let details = ["receptions", "rounds", "ratings", "credits"].map(|table| detail_key(table, *day));
            // Orders that make or lose an inquiry show in the reports alone.
            let reported = self.ground.plan.job.reports.periods.contains(&Period::Day);
            let reports = self.keys(self.ground.plan.calendar.span(Period::Day, *day));
            !reported || details.iter().chain(&reports).any(|key| self.publisher.has_changed(key))
        };
        let mut due = Vec::new();
        for day in &self.restated {
            if !self.publisher.has(&detail_key("receptions", *day))? {
                continue;
            }
            if has_changed(day) || !judged.is_of(&checks_of(*day), made_with) {
                due.push(*day);
            } else {
                self.publisher.keep(1);
            }
        }
        Ok(due)
    }

    fn draw(&self, day: Day, workers: usize) -> Result<()> {
        let mut checks = SpotChecks::new(&self.ground.plan.rules.widest, self.ground.plan.judgement.seed);
        // Whether an inquiry comes to an order is known after the next day.
        if self.has_orders() && self.ground.landed.through > day {
            let columns =
                [vec!["shop_id", "agent_id", "buyer_id"].into_iter().map(col).collect(), vec![has_flag("order_final").alias("ordered")]]
                    .concat();
            self.states.each_persons(day, Part::Sales, Level::Agent, &mut |persons| {
                let inquiries = persons.lazy().filter(has_flag("inquiry")).select(&columns);
                checks.add_inquiries(&to_arrow(&collect(inquiries)?)?);
                Ok(())
            })?;
        }
        if let Some(ratings) = self.publisher.read(&detail_key("ratings", day))? {
            checks.add_ratings(&decode(ratings)?);
        }
        let receptions = detail_key("receptions", day);
        self.publisher.read_each(&receptions, &spot_checks::RECEPTIONS, &mut |rows| {
            checks.add_receptions(&rows);
            Ok(())
        })?;
        let lines = self.publisher.read_some(&detail_key("rounds", day), (&spot_checks::LINES, 4), workers, checks.wants())?;
        self.publisher.stage(&checks.table(day, &lines)?)
    }

    fn makes(&self, table: Judgement) -> bool {
        self.ground.plan.judgement.tables.contains(&table)
    }

    /// Names everything that judgements are made of besides reports.
    fn made_with(&self, standards: &[Standard], trainings: &BTreeSet<Training>) -> String {
        let teams = self.reference.staff.iter().map(|(key, account)| (key, &account.team)).collect::<Vec<_>>();
        let categories = self.reference.shops.iter().map(|(shop, of)| (shop, &of.category)).collect::<Vec<_>>();
        let settings = (&self.ground.plan.judgement, &self.ground.plan.job.reports, env!("CARGO_PKG_VERSION"));
        format!("{:016x}", xxh3_64(format!("{:?}", (settings, teams, categories, standards, trainings)).as_bytes()))
    }

    /// Every period whose reports, or those it is compared with, are other than they were.
    fn periods_to_judge(&self, made_with: &str, judged: &Judged) -> Result<Vec<Span>> {
        let is_due = |span: &Span| self.has_other_reports(*span) || !judged.is_of(&of_period(span.period, span.first), made_with);
        let (due, kept): (Vec<_>, Vec<_>) = self.spans_to_judge()?.into_iter().partition(is_due);
        self.publisher.keep(kept.iter().map(|span| self.tables_of(span.period).len()).sum());
        Ok(due)
    }

    fn tables_of(&self, period: Period) -> Vec<Judgement> {
        judgement::tables(&self.ground.plan.judgement, period)
    }

    fn judge(&self, span: Span, standards: &[Standard]) -> Result<()> {
        let _span =
            tracing::info_span!("partition", table = "judgements", level = "all", period = span.period.name(), dt = %span.first).entered();
        let calendar = &self.ground.plan.calendar;
        let case = Case {
            span,
            now: self.reports(span)?,
            before: self.reports(calendar.before(span))?,
            year_before: calendar.year_before(span).map_or(Ok(Vec::new()), |span| self.reports(span))?,
            settings: &self.ground.plan.judgement,
            reference: &self.reference,
            standards,
        };
        for table in self.tables_of(span.period) {
            self.publisher.stage_pieces(judgement::judge(table, &case)?)?;
        }
        Ok(())
    }

    /// The periods of the restated days, and where one has another report now, those that are compared with it.
    fn spans_to_judge(&self) -> Result<BTreeSet<Span>> {
        let calendar = &self.ground.plan.calendar;
        let mut spans = BTreeSet::new();
        for span in self.reported.iter().copied().filter(|span| self.keys(*span).iter().any(|key| self.publisher.has_made(key))) {
            spans.insert(span);
            let compared = [Some(calendar.span(span.period, span.last.plus(1))), calendar.year_after(span)];
            for later in compared.into_iter().flatten().filter(|_| self.has_changed(span)) {
                for key in self.keys(later) {
                    if self.publisher.has(&key)? {
                        spans.insert(later);
                    }
                }
            }
        }
        Ok(spans)
    }

    fn has_other_reports(&self, span: Span) -> bool {
        let calendar = &self.ground.plan.calendar;
        let of = [Some(span), Some(calendar.before(span)), calendar.year_before(span)];
        of.into_iter().flatten().any(|span| self.has_changed(span))
    }

    fn has_changed(&self, span: Span) -> bool {
        self.keys(span).iter().any(|key| self.publisher.has_changed(key))
    }

    fn keys(&self, span: Span) -> Vec<String> {
        self.ground.plan.job.reports.levels.iter().map(|level| key(*level, span)).collect()
    }

    /// The reports of a period as they will be published.
    fn reports(&self, span: Span) -> Result<Vec<Report>> {
        let levels = self.ground.plan.job.reports.levels.iter().collect::<BTreeSet<_>>();
        let reports = levels.into_iter().map(|level| self.report_of(*level, span));
        Ok(reports.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn report_of(&self, level: Level, span: Span) -> Result<Option<Report>> {
        let Some(bytes) = self.publisher.read(&key(level, span))? else { return Ok(None) };
        Ok(Some(Report::new(level, decode(bytes)?, &self.reference)))
    }

    /// The trainings of every day reported in this run, and those whose 28 days before and after hold a day whose report is another now,
    /// or have now all landed.
    fn judge_trainings(&self, trainings: &BTreeSet<Training>, made_with: &str, judged: &mut Judged) -> Result<()> {
        let reports = &self.ground.plan.job.reports;
        if !reports.periods.contains(&Period::Day) || !reports.levels.contains(&Level::Agent) {
            return Ok(());
        }
        let of_day = |day: Day| key(Level::Agent, self.ground.plan.calendar.span(Period::Day, day));
        let made = self.restated.iter().copied().filter(|day| self.publisher.has_made(&of_day(*day))).collect::<BTreeSet<_>>();
        let changed = made.iter().copied().filter(|day| self.publisher.has_changed(&of_day(*day))).collect::<BTreeSet<_>>();
        let has_landed = |on: Day| {
            let last = on.plus(judgement::WINDOW);
            last <= self.ground.landed.through && self.manifest.landed.is_none_or(|before| last > before)
        };
        let touched = |on: Day| has_landed(on) || changed.range(Training::window(on)).next().is_some();
        let days_of_trainings = trainings.iter().map(|training| training.on).collect::<BTreeSet<_>>();
        let mut days = made;
        for day in days_of_trainings.iter().copied().filter(|day| touched(*day)) {
            if self.publisher.has(&of_day(day))? {
                days.insert(day);
            }
        }
        let name = |day: &Day| of_table(Judgement::TrainingGain.name(), *day);
        let due = |day: &Day| days_of_trainings.contains(day) && touched(*day) || !judged.is_of(&name(day), made_with);
        let (due, kept): (Vec<_>, Vec<_>) = days.into_iter().partition(due);
        self.publisher.keep(kept.len());
        let agents = trainings.iter().map(|training| training.agent.as_str()).collect::<BTreeSet<_>>();
        let mut daily = judgement::Daily::new();
        for on in due {
            let window = Training::window(on);
            daily.retain(|day, _| window.contains(day));
            let wanted = window.start().through(*window.end()).filter(|day| days_of_trainings.contains(&on) && !daily.contains_key(day));
            for day in wanted.collect::<Vec<_>>() {
                if let Some(report) = self.report_of(Level::Agent, self.ground.plan.calendar.span(Period::Day, day))? {
                    daily.insert(day, report.of_agents(&agents)?);
                }
            }
            self.publisher.stage(&judgement::training_gain(
                on,
                trainings,
                &daily,
                self.ground.landed.through,
                &self.ground.plan.rules.widest,
            )?)?;
            judged.set(name(&on), made_with);
        }
        Ok(())
    }
}

/// How judgements are remembered: those of a period together, the others by table and day.
fn of_period(period: Period, first: Day) -> String {
    format!("{} {first}", period.name())
}

fn of_table(table: &str, day: impl std::fmt::Display) -> String {
    format!("{table} {day}")
}

/// As what the judgements of a file are remembered.
fn partition_of(key: &str) -> Option<String> {
    let by_day = || {
        let (table, rest) = key.split_once("/dt=")?;
        Some(of_table(table.rsplit('/').next()?, rest.split('/').next()?))
    };
    period_of(key).map(|(period, first)| of_period(period, first)).or_else(by_day)
}

fn checks_of(day: Day) -> String {
    of_table(Judgement::SpotChecks.name(), day)
}

fn detail_key(table: &str, day: Day) -> String {
    format!("details/{table}/dt={day}/data.parquet")
}

fn key(level: Level, span: Span) -> String {
    format!("reports/{}_{}/dt={}/data.parquet", level.name(), span.period.name(), span.first)
}
