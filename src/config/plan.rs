//! Resolves a pipeline file to a plan: time zone, stores, rule sets, judgement settings and buyer key.

use super::buyer_key::BuyerKey;
use super::judgement::JudgementSettings;
use super::path_template::PathTemplate;
use super::pipeline::PipelineConfig;
use super::rule_sets::RuleSets;
use super::source::SourceConfig;
use super::source_check;
use crate::error::{Context, Error, Kind, Result, Snippet};
use crate::model::InputTable;
use crate::privacy;
use crate::store::Store;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use kefu_kernel::calendar::{Calendar, Day, parse_day};
use kefu_kernel::hours::parse_time_of_day;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The demo pipeline, embedded in the binary. `kefu` runs it when no pipeline file is named.
const DEMO: (&str, &str) = ("pipelines/demo.toml", include_str!("../../pipelines/demo.toml"));

/// Settings from the command line or from `KEFU_*` that override those of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The root of the input tables.
    pub input: Option<String>,
    /// The root of the published tables.
    pub output: Option<String>,
}

/// A pipeline with its time zone, stores and rules resolved.
pub struct Plan {
    /// The pipeline file. `None` is the demo.
    pub file: Option<PathBuf>,
    /// The locations from the command line or the environment.
    pub overrides: Overrides,
    /// The pipeline file as written.
    pub config: PipelineConfig,
    /// How business days and periods are cut.
    pub calendar: Calendar,
    /// The rules of every shop on every day.
    pub rules: RuleSets,
    /// The settings of the judgement tables.
    pub judgement: JudgementSettings,
    /// The key under which buyer ids are published. `None`: they are published as they are.
    pub buyer_key: Option<BuyerKey>,
    /// The paths of the input tables, understood once.
    pub paths: BTreeMap<InputTable, PathTemplate>,
    /// The store of the input tables.
    pub input: Store,
    /// The store of the published tables.
    pub output: Store,
}

impl Plan {
    /// Reads a pipeline file and resolves it. Without a path it is the embedded demo.
    /// Errors: the file does not exist, a key or value is wrong (with its line), a store cannot be opened.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Plan> {
        let (name, text) = match path {
            None => (PathBuf::from(DEMO.0), DEMO.1.to_owned()),
            Some(path) => (path.to_owned(), read(path)?),
        };
        Ok(Plan { file: path.map(Path::to_owned), ..Plan::from_text(&name, &text, overrides)? })
    }

    /// Resolves a pipeline from the text of its file. Its paths are relative to the folder of `name`.
    /// Errors: a key or value is wrong (with its line), or a store cannot be opened.
    pub fn from_text(name: &Path, text: &str, overrides: &Overrides) -> Result<Plan> {
        privacy::learn_pipeline(text);
        let config: PipelineConfig = parse(&name.to_string_lossy(), text)?;
        for table in InputTable::ALL {
            let wrong = source_of(&config, table)
                .and_then(|source| source_check::fault(table, source).or_else(|| source_check::clash(source, &config)));
            if let Some((key, error)) = wrong {
                let error = error.with("pipeline", name.display());
                let span = span_of(text, table.name(), key);
                let snippet = |span| Snippet { name: name.to_string_lossy().into_owned(), text: privacy::blanked(text), span };
                return Err(match span {
                    Some(span) => error.at(snippet(span)),
                    None => error,
                });
            }
        }
        let written: WrittenRules = parse(&name.to_string_lossy(), text)?;
        let base = name.parent().unwrap_or(Path::new("")).to_owned();
        resolve(config, &written.rules, &base, overrides).with("pipeline", name.display())
    }

    /// The source of a table, if the pipeline has one.
    pub fn source(&self, table: InputTable) -> Option<&SourceConfig> {
        source_of(&self.config, table)
    }

    /// The path of a table. Errors: the pipeline does not have the table.
    pub fn path(&self, table: InputTable) -> Result<&PathTemplate> {
        self.paths.get(&table).ok_or_else(|| Error::new(Kind::Config, format!("the pipeline has no {}", table.name())))
    }

    /// The pipeline file and the locations that override its own as arguments of a command, each with a space before it.
    pub fn argument(&self) -> String {
        let file = self.file.as_ref().map(|file| format!(" {}", quoted(&file.to_string_lossy())));
        let location = |flag: &str, location: &Option<String>| location.as_ref().map(|location| format!(" {flag} {}", quoted(location)));
        let given = [location("--input", &self.overrides.input), location("--output", &self.overrides.output)];
        file.into_iter().chain(given.into_iter().flatten()).collect()
    }

    /// Parses a date from the user. Without one it is yesterday (T+1) in the time zone of the pipeline. Errors: the text is not a date.
    pub fn day(&self, text: Option<&str>, now: jiff::Timestamp) -> Result<Day> {
        let today = self.calendar.day_of(now.as_millisecond())?;
        Ok(parse_day(text.unwrap_or("yesterday"), today)?)
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/.,:=@%+-_~".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The source of a table, if the pipeline has one.
fn source_of(config: &PipelineConfig, table: InputTable) -> Option<&SourceConfig> {
    match table {
        InputTable::Messages => Some(&config.messages),
        InputTable::Orders => config.orders.as_ref(),
        InputTable::Evaluations => config.evaluations.as_ref(),
        InputTable::Shops => config.shops.as_ref(),
        InputTable::Staff => config.staff.as_ref(),
        InputTable::Blocklist => config.blocklist.as_ref(),
        InputTable::Visits => config.visits.as_ref(),
        InputTable::Refunds => config.refunds.as_ref(),
        InputTable::Tickets => config.tickets.as_ref(),
        InputTable::AgentStatus => config.agent_status.as_ref(),
        InputTable::Videos => config.videos.as_ref(),
        InputTable::Standards => config.standards.as_ref(),
        InputTable::Targets => config.targets.as_ref(),
        InputTable::Trainings => config.trainings.as_ref(),
        InputTable::Holidays => config.holidays.as_ref(),
        InputTable::ExchangeRates => config.exchange_rates.as_ref(),
        InputTable::Buyers => config.buyers.as_ref(),
    }
}

/// The place of a table's key in the text of a pipeline file.
fn span_of(text: &str, table: &str, key: &str) -> Option<std::ops::Range<usize>> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let table = document.get_ref().get(table)?.get_ref().as_table()?;
    Some(table.iter().find(|(name, _)| name.get_ref() == key)?.0.span())
}

/// Reads a pipeline file.
fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| {
        Error::new(Kind::Usage, format!("cannot read the pipeline file: {e}"))
            .with("file", path.display())
            .hint("name a pipeline file, e.g. pipelines/nightly.toml; without one, kefu runs the demo")
    })
}

/// What the file itself has under `[rules]`, without defaults. It is merged into every preset.
#[derive(Deserialize)]
struct WrittenRules {
    #[serde(default)]
    rules: toml::Table,
}

/// Parses a pipeline file. An error shows the line without its secrets.
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

/// serde's message quotes the key that it found and then those that it expected. The hint names the nearest of them.
fn did_you_mean(message: &str) -> Option<String> {
    let quoted = message.split('`').skip(1).step_by(2).collect::<Vec<_>>();
    let (found, expected) = quoted.split_first()?;
    let nearest = crate::suggest::nearest(found, expected.iter().copied())?;
    Some(format!("did you mean `{nearest}`?"))
}

/// Checks the values of a pipeline and opens its stores.
fn resolve(mut config: PipelineConfig, written: &toml::Table, base: &Path, overrides: &Overrides) -> Result<Plan> {
    let rules = RuleSets::new(config.rules.preset.clone(), written)?;
    if !(0.0..=1.0).contains(&config.quality.max_bad_ratio) {
        return Err(Error::new(Kind::Config, "max_bad_ratio is outside 0 to 1").hint("the default is 0.01, 1 %"));
    }
    let calendar = calendar(&config)?;
    if config.reports.periods.is_empty() || config.reports.levels.is_empty() {
        return Err(Error::new(Kind::Config, "[reports] selects nothing").hint("leave periods and levels out to get them all"));
    }
    config.reports.currency = currency(&config.reports.currency)?;
    let judgement = JudgementSettings::load(&config.judgement, base)?;
    let buyer_key = BuyerKey::from_config(&config.privacy)?;
    let input = Store::open(&location(overrides.input.as_deref(), &config.input, base))?;
    let output = Store::open(&location(overrides.output.as_deref(), &config.output, base))?.with_file_mode(config.privacy.file_mode);
    let sources = InputTable::ALL.into_iter().filter_map(|table| Some((table, source_of(&config, table)?)));
    let paths = sources.map(|(table, source)| Ok((table, PathTemplate::new(table, &source.path)?))).collect::<Result<_>>()?;
    Ok(Plan { file: None, overrides: overrides.clone(), calendar, rules, judgement, buyer_key, paths, input, output, config })
}

/// The location of a store. A path on the command line is relative to the working directory, a path in the file to the folder of the file.
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

/// The code of a currency in capitals. Errors: it has not three letters.
fn currency(written: &str) -> Result<String> {
    let code = written.trim().to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(code);
    }
    Err(Error::new(Kind::Config, format!("[reports] currency = \"{written}\" is no code of three letters"))
        .hint("write \"CNY\" or \"USD\""))
}

/// Resolves the settings of time. Errors: one of them is not a time zone, a time of day, a weekday or a month.
fn calendar(config: &PipelineConfig) -> Result<Calendar> {
    let week_starts_on = weekday(&config.week_starts_on)?;
    let Some(day_starts_at) = parse_time_of_day(&config.business_day_starts_at) else {
        let message = format!("business_day_starts_at = \"{}\" is not a time of day", config.business_day_starts_at);
        return Err(Error::new(Kind::Config, message).hint("write \"04:00\""));
    };
    if !(1..=12).contains(&config.fiscal_year_starts_in) {
        return Err(Error::new(Kind::Config, "fiscal_year_starts_in is not a month").hint("write 1 to 12"));
    }
    Ok(Calendar { zone: zone(&config.timezone)?, day_starts_at, week_starts_on, fiscal_year_starts_in: config.fiscal_year_starts_in })
}

/// Finds a time zone by its IANA name. Errors: there is none.
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        Error::new(Kind::Config, format!("`{name}` is not a time zone")).hint("write an IANA name such as Asia/Shanghai or UTC")
    })
}

/// Finds a weekday by its English name. Errors: there is none.
pub fn weekday(name: &str) -> Result<Weekday> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    match (1..).zip(days).find(|(_, day)| day.eq_ignore_ascii_case(name)) {
        Some((number, _)) => Weekday::from_monday_one_offset(number).map_err(|e| Error::new(Kind::Config, e.to_string())),
        None => Err(Error::new(Kind::Config, format!("week_starts_on = \"{name}\" is not a weekday")).hint("write \"monday\"")),
    }
}
