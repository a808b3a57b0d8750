//! The stage `judgements`: compares, diagnoses and scores shops and agents by their reports. A period is judged again if its reports, those of
//! the preceding period or those of the preceding year have changed, or if the settings and tables that it is judged with have.

use super::periods::JUDGEMENT_BYTES_PER_FILE_BYTE;
use super::stretch::Stretch;
use crate::error::{Context, Result};
use crate::frames::{collect, to_arrow};
use crate::judgement;
use crate::judgement::spot_checks::SpotChecks;
use crate::judgement::{ComparedFiles, FinishedReport, JudgementCase, ReportFile, ReportParts, Standard, Standings, Training, spot_checks};
use crate::memory;
use crate::metrics::has_flag;
use crate::model::JudgementTable;
use crate::model::Level;
use crate::model::OutputTable;
use crate::parallel;
use crate::publish::Manifest;
use crate::publish::{JudgedPartitions, OutputCalendar, period_of};
use crate::staging::{TableWriter, decode};
use crate::state::StatePart;
use kefu_kernel::calendar::{Day, Period, Span};
use polars::prelude::{IntoLazy, col};
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// One unit of work of the stage.
enum JudgementWork {
    SpotChecks(Day),
    Period(Span),
}

impl Stretch<'_> {
    /// Judges every period that this stretch reported, and every period that is compared with one of them. Returns what all judgements of the
    /// output were made with. Errors: a report cannot be read, or a file cannot be written.
    pub(super) fn compute_judgements(&self, reported: &BTreeSet<Span>, manifest: &Manifest) -> Result<JudgedPartitions> {
        let mut judged = manifest.judged.clone();
        // A run that died may have replaced these files, or they are damaged, so what they were made with is unknown.
        let unsure = manifest.damage.damaged().into_iter().chain(manifest.in_doubt.iter().cloned());
        unsure.filter_map(|key| partition_of(&key)).for_each(|partition| judged.forget(&partition));
        if self.context.covers_output {
            let withdrawn = OutputCalendar::of(self.context.plan).strays(manifest.files.keys())?;
            withdrawn.iter().filter_map(|key| partition_of(key)).for_each(|partition| judged.forget(&partition));
        }
        let standards = Standard::read(&self.inputs.records)?;
        let trainings = Training::read(&self.inputs.records)?;
        let made_with = self.made_with(&standards, &trainings);
        let days = if self.publishes(JudgementTable::SpotChecks) { self.days_to_spot_check(&made_with, &judged)? } else { Vec::new() };
        let spans = self.periods_to_judge(reported, &made_with, &judged)?;
        // If the persons of a day do not fit in memory together, neither do the tables of two periods.
        let restated = self.days.restated.iter().copied().collect::<Vec<_>>();
        let workers =
            if self.shares(&restated, JUDGEMENT_BYTES_PER_FILE_BYTE)? > 1 { 1 } else { memory::workers(self.context.request.memory) };
        // The longest work comes first, so that no worker is left with it at the end.
        let work = days.iter().map(|day| JudgementWork::SpotChecks(*day)).chain(spans.iter().map(|span| JudgementWork::Period(*span)));
        let process = |work: &JudgementWork, emit: &mut dyn FnMut(()) -> Result<()>| {
            match work {
                JudgementWork::SpotChecks(day) => self.draw_spot_checks(*day, workers.div_ceil(days.len())).with("business day", day)?,
                JudgementWork::Period(span) => {
                    self.judge(*span, &standards).with("period", format!("{} of {}", span.period.name(), span.first))?;
                }
            }
            emit(())
        };
        parallel::for_each_ordered(&work.collect::<Vec<_>>(), workers, process, |()| Ok(()))?;
        days.iter().for_each(|day| judged.set(spot_checks_of(*day), &made_with));
        spans.iter().for_each(|span| judged.set(period_partition(span.period, span.first), &made_with));
        if self.publishes(JudgementTable::TrainingGain) {
            self.judge_trainings(reported, &trainings, &made_with, manifest.landed, &mut judged)?;
        }
        Ok(judged)
    }

    /// Every restated day whose detail tables or reports have changed, or whose spot checks were made with something else.
    fn days_to_spot_check(&self, made_with: &str, judged: &JudgedPartitions) -> Result<Vec<Day>> {
        let has_changed = |day: &Day| {
            let details = ["receptions", "rounds", "ratings", "credits"].map(|table| detail_key(table, *day));
            // An order that makes or loses an inquiry changes only the reports.
            let reported = self.context.plan.config.reports.periods.contains(&Period::Day);
            let reports = self.report_keys(self.context.plan.calendar.span(Period::Day, *day));
            !reported || details.iter().chain(&reports).any(|key| self.publisher.has_changed(key))
        };
        let mut due = Vec::new();
        for day in self.days.restated {
            if !self.publisher.has(&detail_key("receptions", *day))? {
                continue;
            }
            if has_changed(day) || !judged.is_current(&spot_checks_of(*day), made_with) {
                due.push(*day);
            } else {
                self.publisher.keep(&detail_key("spot_checks", *day));
            }
        }
        Ok(due)
    }

    /// Draws and stages the spot checks of a day (抽检).
    fn draw_spot_checks(&self, day: Day, workers: usize) -> Result<()> {
        let mut checks = SpotChecks::new(&self.context.plan.rules.widest, self.context.plan.judgement.seed);
        // Whether an inquiry leads to an order is known after the next day.
        if self.has_orders() && self.context.landed.through > day {
            let columns =
                [vec!["shop_id", "agent_id", "buyer_id"].into_iter().map(col).collect(), vec![has_flag("order_final").alias("ordered")]]
                    .concat();
            self.states.each_persons(day, StatePart::Sales, Level::Agent, &mut |persons| {
                let inquiries = persons.lazy().filter(has_flag("inquiry")).select(&columns);
                checks.add_inquiries(&to_arrow(&collect(inquiries)?)?);
                Ok(())
            })?;
        }
        if let Some(ratings) = self.publisher.read(&detail_key("ratings", day))? {
            checks.add_ratings(&decode(ratings).with("file", detail_key("ratings", day))?);
        }
        let receptions = detail_key("receptions", day);
        self.publisher.read_columns(&receptions, &spot_checks::RECEPTION_COLUMNS, &mut |rows| {
            checks.add_receptions(&rows);
            Ok(())
        })?;
        let lines =
            self.publisher.read_matching(&detail_key("rounds", day), (&spot_checks::ROUND_COLUMNS, 4), workers, checks.round_filter())?;
        self.publisher.stage(&checks.table(day, &lines)?)
    }

    /// Whether the pipeline publishes a table.
    fn publishes(&self, table: JudgementTable) -> bool {
        self.context.plan.judgement.tables.contains(&table)
    }

    /// The fingerprint of everything but reports that judgements are made with: settings, teams, categories, standards, trainings, version.
    /// It hashes `Debug` texts, so a change of a type's name makes every judgement once more.
    fn made_with(&self, standards: &[Standard], trainings: &BTreeSet<Training>) -> String {
        let staff = &self.inputs.reference.staff;
        let teams = staff.undated().into_iter().map(|(key, account)| (key, &account.team)).collect::<Vec<_>>();
        let dated = staff.rows().iter().filter(|row| row.days.is_dated());
        let dated = dated.map(|row| format!("{:?}", (&row.shop, &row.agent, row.days, &row.account.team))).collect::<String>();
        let categories = self.inputs.reference.shops.iter().map(|(shop, of)| (shop, &of.category)).collect::<Vec<_>>();
        let settings = (&self.context.plan.judgement, &self.context.plan.config.reports, env!("CARGO_PKG_VERSION"));
        format!("{:016x}", xxh3_64((format!("{:?}", (settings, teams, categories, standards, trainings)) + &dated).as_bytes()))
    }

    /// The periods to judge whose reports, or those they are compared with, have changed, or that were judged with something else.
    fn periods_to_judge(&self, reported: &BTreeSet<Span>, made_with: &str, judged: &JudgedPartitions) -> Result<Vec<Span>> {
        let is_due =
            |span: &Span| self.has_changed_inputs(*span) || !judged.is_current(&period_partition(span.period, span.first), made_with);
        let (due, kept): (Vec<_>, Vec<_>) = self.judgeable_spans(reported)?.into_iter().partition(is_due);
        self.publisher.add_skipped(kept.iter().map(|span| self.judgement_tables(span.period).len()).sum());
        Ok(due)
    }

    /// The judgement tables of a length of period.
    fn judgement_tables(&self, period: Period) -> Vec<JudgementTable> {
        judgement::tables(&self.context.plan.judgement, period)
    }

    /// Judges a period part by part and stages its tables.
    fn judge(&self, span: Span, standards: &[Standard]) -> Result<()> {
        let _span =
            tracing::info_span!("partition", table = "judgements", level = "all", period = span.period.name(), dt = %span.first).entered();
        let (calendar, settings) = (&self.context.plan.calendar, &self.context.plan.judgement);
        let year_before = calendar.year_before(span).map_or(Ok(Vec::new()), |span| self.report_files(span))?;
        let files: ComparedFiles = [self.report_files(span)?, self.report_files(calendar.before(span))?, year_before];
        let columns = |period: usize| {
            let files = &files[period];
            move |level: Level, names: &[&str]| files.iter().find(|file| file.level == level).map(|file| file.columns(names)).transpose()
        };
        let standings = Standings::of(settings, span.period, &columns(0), &columns(1))?;
        let parts = ReportParts::of(&files);
        let mut tables = self.judgement_tables(span.period).into_iter().map(|table| (table, None)).collect::<Vec<_>>();
        for part in 0..parts.count() {
            let [now, before, year_before] = parts.read(part)?;
            let reference = &self.inputs.reference;
            let case = JudgementCase { span, now, before, year_before, standings: &standings, settings, reference, standards };
            for (table, writer) in &mut tables {
                judgement::judge(*table, &case)?.try_for_each(|piece| self.append(writer, &piece?))?;
            }
        }
        tables.into_iter().filter_map(|(_, writer)| writer).try_for_each(|writer| self.publisher.close(writer))
    }

    /// Appends a piece to the file of its table, which is opened with the first one.
    fn append(&self, writer: &mut Option<TableWriter>, piece: &OutputTable) -> Result<()> {
        match writer {
            Some(writer) => writer.append(writer.encode(&piece.rows)?),
            None => {
                *writer = Some(self.publisher.open(piece)?);
                Ok(())
            }
        }
    }

    /// The reported periods, and for each whose report has changed, the published periods that are compared with it.
    fn judgeable_spans(&self, reported: &BTreeSet<Span>) -> Result<BTreeSet<Span>> {
        let calendar = &self.context.plan.calendar;
        let mut spans = BTreeSet::new();
        for span in reported.iter().copied().filter(|span| self.report_keys(*span).iter().any(|key| self.publisher.has_staged(key))) {
            spans.insert(span);
            let compared_with_it = [Some(calendar.span(span.period, span.last.plus(1))), calendar.year_after(span)];
            for later in compared_with_it.into_iter().flatten().filter(|_| self.has_changed(span)) {
                for key in self.report_keys(later) {
                    if self.publisher.has(&key)? {
                        spans.insert(later);
                    }
                }
            }
        }
        Ok(spans)
    }

    /// Whether the reports of a period or those it is compared with have changed.
    fn has_changed_inputs(&self, span: Span) -> bool {
        let calendar = &self.context.plan.calendar;
        let periods = [Some(span), Some(calendar.before(span)), calendar.year_before(span)];
        periods.into_iter().flatten().any(|span| self.has_changed(span))
    }

    /// Whether a report of the period has changed.
    fn has_changed(&self, span: Span) -> bool {
        self.report_keys(span).iter().any(|key| self.publisher.has_changed(key))
    }

    /// The keys of the reports of a period, one per level.
    fn report_keys(&self, span: Span) -> Vec<String> {
        self.context.plan.config.reports.levels.iter().map(|level| report_key(*level, span)).collect()
    }

    /// The reports of a period at every published level, staged or already published.
    fn report_files(&self, span: Span) -> Result<Vec<ReportFile<'_>>> {
        let levels = self.context.plan.config.reports.levels.iter().collect::<BTreeSet<_>>();
        let files = levels.into_iter().map(|level| self.report_file(*level, span));
        Ok(files.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The report of a period at a level, staged or already published. `None` if there is none.
    fn report_file(&self, level: Level, span: Span) -> Result<Option<ReportFile<'_>>> {
        let table = self.publisher.reader(&report_key(level, span))?;
        table.map(|table| ReportFile::open(level, table, &self.inputs.reference)).transpose()
    }

    /// The rows of some agents in a report. `None` if there is none.
    fn report_of(&self, agents: &BTreeSet<&str>, span: Span) -> Result<Option<FinishedReport>> {
        self.report_file(Level::Agent, span)?.map(|file| file.of_agents(agents)).transpose()
    }

    /// Computes `training_gain` for every day among the reported `spans`, and for every day of a training whose window of 28 days before and
    /// after contains a day with a changed report, or has landed completely since the last run.
    fn judge_trainings(
        &self,
        spans: &BTreeSet<Span>,
        trainings: &BTreeSet<Training>,
        made_with: &str,
        landed: Option<Day>,
        judged: &mut JudgedPartitions,
    ) -> Result<()> {
        let reports = &self.context.plan.config.reports;
        if !reports.periods.contains(&Period::Day) || !reports.levels.contains(&Level::Agent) {
            return Ok(());
        }
        let daily_report_key = |day: Day| report_key(Level::Agent, self.context.plan.calendar.span(Period::Day, day));
        let days = spans.iter().filter(|span| span.period == Period::Day).map(|span| span.first);
        let reported = days.filter(|day| self.publisher.has_staged(&daily_report_key(*day))).collect::<BTreeSet<_>>();
        let changed = reported.iter().copied().filter(|day| self.publisher.has_changed(&daily_report_key(*day))).collect::<BTreeSet<_>>();
        let has_landed = |on: Day| {
            let last = on.plus(judgement::TRAINING_WINDOW);
            last <= self.context.landed.through && landed.is_none_or(|before| last > before)
        };
        let is_affected = |on: Day| has_landed(on) || changed.range(Training::window(on)).next().is_some();
        let training_days = trainings.iter().map(|training| training.on).collect::<BTreeSet<_>>();
        let mut days = reported;
        for day in training_days.iter().copied().filter(|day| is_affected(*day)) {
            if self.publisher.has(&daily_report_key(day))? {
                days.insert(day);
            }
        }
        let name = |day: &Day| day_partition(JudgementTable::TrainingGain.name(), *day);
        let is_due = |day: &Day| training_days.contains(day) && is_affected(*day) || !judged.is_current(&name(day), made_with);
        let (due, kept): (Vec<_>, Vec<_>) = days.into_iter().partition(is_due);
        self.publisher.add_skipped(kept.len());
        let agents = trainings.iter().map(|training| training.agent.as_str()).collect::<BTreeSet<_>>();
        let mut daily = judgement::DailyReports::new();
        for on in due {
            let window = Training::window(on);
            daily.retain(|day, _| window.contains(day));
            let missing = window.start().through(*window.end()).filter(|day| training_days.contains(&on) && !daily.contains_key(day));
            for day in missing.collect::<Vec<_>>() {
                if let Some(report) = self.report_of(&agents, self.context.plan.calendar.span(Period::Day, day))? {
                    daily.insert(day, report);
                }
            }
            self.publisher.stage(&judgement::training_gain(
                on,
                trainings,
                &daily,
                self.context.landed.through,
                &self.context.plan.rules.widest,
            )?)?;
            judged.set(name(&on), made_with);
        }
        Ok(())
    }
}

/// The name under which the manifest keeps what the judgements of a period were made with.
fn period_partition(period: Period, first: Day) -> String {
    format!("{} {first}", period.name())
}

/// The same for a table by day.
fn day_partition(table: &str, day: impl std::fmt::Display) -> String {
    format!("{table} {day}")
}

/// The name for the judgements in a file. `None` if the key is not that of a judgement.
fn partition_of(key: &str) -> Option<String> {
    let by_day = || {
        let (table, rest) = key.split_once("/dt=")?;
        Some(day_partition(table.rsplit('/').next()?, rest.split('/').next()?))
    };
    period_of(key).map(|(period, first)| period_partition(period, first)).or_else(by_day)
}

/// The name of the spot checks of a day.
fn spot_checks_of(day: Day) -> String {
    day_partition(JudgementTable::SpotChecks.name(), day)
}

/// The key of a detail table of a day.
fn detail_key(table: &str, day: Day) -> String {
    format!("details/{table}/dt={day}/data.parquet")
}

/// The key of a report.
fn report_key(level: Level, span: Span) -> String {
    format!("reports/{}_{}/dt={}/data.parquet", level.name(), span.period.name(), span.first)
}
