//! The pipeline file: the job as its user wrote it, and the plan to which it resolves.

use crate::calendar::{Calendar, Day, Period, parse_day};
use crate::error::{Context, Error, Kind, Result, Snippet};
use crate::ingest::{Caps, Table};
use crate::judgement;
use crate::privacy;
use crate::rules::{Book, Rules, clock};
use crate::store::Store;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The demo pipeline, embedded in the binary. `kefu` runs it when no pipeline file is named.
const DEMO: (&str, &str) = ("pipelines/demo.toml", include_str!("../pipelines/demo.toml"));

/// A pipeline file as written. An unknown key is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default = "shanghai")]
    pub timezone: String,
    #[serde(default = "midnight")]
    pub business_day_starts_at: String,
    #[serde(default = "monday")]
    pub week_starts_on: String,
    #[serde(default = "january")]
    pub fiscal_year_starts_in: i8,
    #[serde(default = "here")]
    pub input: String,
    #[serde(default = "out")]
    pub output: String,
    pub messages: Source,
    pub orders: Option<Source>,
    pub evaluations: Option<Source>,
    pub shops: Option<Source>,
    pub staff: Option<Source>,
    pub blocklist: Option<Source>,
    pub visits: Option<Source>,
    pub refunds: Option<Source>,
    pub tickets: Option<Source>,
    pub agent_status: Option<Source>,
    pub videos: Option<Source>,
    pub standards: Option<Source>,
    pub targets: Option<Source>,
    pub trainings: Option<Source>,
    #[serde(default)]
    pub rules: Rules,
    #[serde(default)]
    pub reports: Reports,
    #[serde(default)]
    pub quality: Quality,
    #[serde(default)]
    pub judgement: judgement::Section,
    #[serde(default)]
    pub privacy: privacy::Section,
}

/// Where the files of a table are, and how their columns map to the canonical ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// May contain globs and `{date}`, which stands for YYYY-MM-DD. Without `{date}` every run reads all matching files.
    pub path: String,
    pub format: Option<Format>,
    pub encoding: Option<String>,
    pub partition_timezone: Option<String>,
    /// By canonical name: the source's name of the column.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// By canonical name: the value of a column that the source lacks.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
    /// By canonical name, then by canonical value: the values that the source writes.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub datetime_format: Option<String>,
    /// The time zone of text times without an offset. Default: the pipeline's.
    pub timezone: Option<String>,
    #[serde(default)]
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Csv,
    #[serde(alias = "jsonl")]
    Ndjson,
    Parquet,
}

/// The unit of integer times, counted since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[default]
    #[serde(rename = "ms")]
    Millis,
    #[serde(rename = "us", alias = "µs")]
    Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Shop,
    Agent,
    Team,
}

impl Level {
    /// The levels whose states are computed and kept.
    pub const ALL: [Level; 2] = [Level::Shop, Level::Agent];
    /// The levels with a report. The report of a team is merged from the states of its agents.
    pub const REPORTED: [Level; 3] = [Level::Shop, Level::Agent, Level::Team];

    pub fn name(self) -> &'static str {
        match self {
            Level::Shop => "shop",
            Level::Agent => "agent",
            Level::Team => "team",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reports {
    pub periods: Vec<Period>,
    pub levels: Vec<Level>,
}

impl Default for Reports {
    fn default() -> Self {
        Reports { periods: Period::ALL.to_vec(), levels: Level::REPORTED.to_vec() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    Error,
    Empty,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quality {
    pub max_bad_ratio: f64,
    /// A day with a smaller share of its usual lines is held back. 0 lets every day pass.
    pub min_volume: f64,
    pub on_missing: OnMissing,
    /// A file that asks for more than this is refused.
    pub caps: Caps,
}

impl Default for Quality {
    fn default() -> Self {
        Quality { max_bad_ratio: 0.01, min_volume: 0.5, on_missing: OnMissing::Error, caps: Caps::default() }
    }
}

fn shanghai() -> String {
    "Asia/Shanghai".into()
}
fn midnight() -> String {
    "00:00".into()
}
fn monday() -> String {
    "monday".into()
}
fn january() -> i8 {
    1
}
fn here() -> String {
    ".".into()
}
fn out() -> String {
    "out".into()
}

/// Settings from the command line or from `KEFU_*` that override those of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub input: Option<String>,
    pub output: Option<String>,
}

/// A job with its zones, stores and rules resolved.
pub struct Plan {
    /// The pipeline file. `None` is the demo.
    pub file: Option<PathBuf>,
    pub job: Job,
    pub calendar: Calendar,
    pub rules: Book,
    pub judgement: judgement::Settings,
    /// With a key, buyers are known by keyed ids only.
    pub buyer_key: Option<privacy::BuyerKey>,
    pub input: Store,
    pub output: Store,
}

impl Plan {
    /// Reads a pipeline file, or the embedded demo without one, and resolves it.
    /// Errors: the file does not exist, a key or value is wrong (with its line), a store cannot be opened.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Plan> {
        let (name, text) = match path {
            None => (PathBuf::from(DEMO.0), DEMO.1.to_owned()),
            Some(path) => (path.to_owned(), read(path)?),
        };
        Ok(Plan { file: path.map(Path::to_owned), ..Plan::of_text(&name, &text, overrides)? })
    }

    /// Resolves a pipeline from its text. Its paths are relative to the folder of `name`.
    pub fn of_text(name: &Path, text: &str, overrides: &Overrides) -> Result<Plan> {
        privacy::learn_pipeline(text);
        let job: Job = parse(&name.to_string_lossy(), text)?;
        let written: Written = parse(&name.to_string_lossy(), text)?;
        let base = name.parent().unwrap_or(Path::new("")).to_owned();
        resolve(job, &written.rules, &base, overrides).with("pipeline", name.display())
    }

    /// The source of a table, if the pipeline has one.
    pub fn source(&self, table: Table) -> Option<&Source> {
        match table {
            Table::Messages => Some(&self.job.messages),
            Table::Orders => self.job.orders.as_ref(),
            Table::Evaluations => self.job.evaluations.as_ref(),
            Table::Shops => self.job.shops.as_ref(),
            Table::Staff => self.job.staff.as_ref(),
            Table::Blocklist => self.job.blocklist.as_ref(),
            Table::Visits => self.job.visits.as_ref(),
            Table::Refunds => self.job.refunds.as_ref(),
            Table::Tickets => self.job.tickets.as_ref(),
            Table::AgentStatus => self.job.agent_status.as_ref(),
            Table::Videos => self.job.videos.as_ref(),
            Table::Standards => self.job.standards.as_ref(),
            Table::Targets => self.job.targets.as_ref(),
            Table::Trainings => self.job.trainings.as_ref(),
        }
    }

    /// The pipeline file as an argument of a command, with a space before it.
    pub fn argument(&self) -> String {
        self.file.as_ref().map_or_else(String::new, |file| format!(" {}", file.display()))
    }

    /// Parses a date from the user. Without one it is yesterday (T+1) in the pipeline's zone.
    pub fn day(&self, text: Option<&str>, now: jiff::Timestamp) -> Result<Day> {
        let today = self.calendar.day_of(now.as_millisecond())?;
        parse_day(text.unwrap_or("yesterday"), today)
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| {
        Error::new(Kind::Usage, format!("cannot read the pipeline file: {e}"))
            .with("file", path.display())
            .hint("name a pipeline file, e.g. pipelines/nightly.toml; without one, kefu runs the demo")
    })
}

/// The settings that the file has under `[rules]`, without defaults.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    rules: toml::Table,
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let error = Error::new(Kind::Config, privacy::redacted(e.message())).with("pipeline", name);
        let error = match did_you_mean(e.message()) {
            Some(hint) => error.hint(hint),
            None => error,
        };
        match e.span() {
            Some(span) => error.at(Snippet { name: name.to_owned(), text: privacy::blanked(text), span }),
            None => error,
        }
    })
}

/// serde lists the keys that it expected; the hint names the nearest of them.
fn did_you_mean(message: &str) -> Option<String> {
    let quoted = message.split('`').skip(1).step_by(2).collect::<Vec<_>>();
    let (found, expected) = quoted.split_first()?;
    let nearest = crate::nearest(found, expected.iter().copied())?;
    Some(format!("did you mean `{nearest}`?"))
}

fn resolve(job: Job, written: &toml::Table, base: &Path, overrides: &Overrides) -> Result<Plan> {
    let rules = Book::new(job.rules.preset.clone(), written)?;
    if !(0.0..=1.0).contains(&job.quality.max_bad_ratio) {
        return Err(Error::new(Kind::Config, "max_bad_ratio is outside 0 to 1").hint("the default is 0.01, 1 %"));
    }
    let calendar = calendar(&job)?;
    if job.reports.periods.is_empty() || job.reports.levels.is_empty() {
        return Err(Error::new(Kind::Config, "[reports] selects nothing").hint("leave periods and levels out to get them all"));
    }
    let judgement = judgement::Settings::load(&job.judgement, base)?;
    let buyer_key = privacy::BuyerKey::of(&job.privacy)?;
    let input = Store::open(&location(overrides.input.as_deref(), &job.input, base))?;
    let output = Store::open(&location(overrides.output.as_deref(), &job.output, base))?;
    Ok(Plan { file: None, calendar, rules, judgement, buyer_key, input, output, job })
}

/// A path on the command line is relative to the working directory, one in the file to the folder of the file.
fn location(flag: Option<&str>, written: &str, base: &Path) -> String {
    privacy::learn_url(flag.unwrap_or(written));
    match flag {
        Some(flag) => flag.to_owned(),
        None if written.contains("://") => written.to_owned(),
        None => tidy(&base.join(written)).to_string_lossy().into_owned(),
    }
}

/// Shortens `a/../b` to `b`, so that the demo's paths work even without a pipelines folder.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            Component::CurDir => {}
            other => tidied.push(other),
        }
    }
    if tidied.as_os_str().is_empty() { PathBuf::from(".") } else { tidied }
}

fn calendar(job: &Job) -> Result<Calendar> {
    let week_starts_on = weekday(&job.week_starts_on)?;
    let Some(day_starts_at) = clock(&job.business_day_starts_at) else {
        let message = format!("business_day_starts_at = \"{}\" is not a time of day", job.business_day_starts_at);
        return Err(Error::new(Kind::Config, message).hint("write \"04:00\""));
    };
    if !(1..=12).contains(&job.fiscal_year_starts_in) {
        return Err(Error::new(Kind::Config, "fiscal_year_starts_in is not a month").hint("write 1 to 12"));
    }
    Ok(Calendar { zone: zone(&job.timezone)?, day_starts_at, week_starts_on, fiscal_year_starts_in: job.fiscal_year_starts_in })
}

/// A time zone by its IANA name.
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        Error::new(Kind::Config, format!("`{name}` is not a time zone")).hint("write an IANA name such as Asia/Shanghai or UTC")
    })
}

fn weekday(name: &str) -> Result<Weekday> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    match (1..).zip(days).find(|(_, day)| day.eq_ignore_ascii_case(name)) {
        Some((number, _)) => Weekday::from_monday_one_offset(number).map_err(|e| Error::new(Kind::Config, e.to_string())),
        None => Err(Error::new(Kind::Config, format!("week_starts_on = \"{name}\" is not a weekday")).hint("write \"monday\"")),
    }
}
