//! The section `[judgement]` of a pipeline file, and the remedies, scorecards and flag rules that a shop can replace by files of its own.

use super::bilingual::BilingualText;
use super::flag_rules::FlagRule;
use super::scorecards::Scorecard;
use crate::error::{Context, Error, Kind, Result, Snippet};
use crate::metrics;
use crate::model::JudgementTable;
use crate::model::Level;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

const DIAGNOSIS: &str = include_str!("judgement/diagnosis.toml");
const SCORECARDS: &str = include_str!("judgement/scorecards.toml");
const FLAGS: &str = include_str!("judgement/flags.toml");

/// The section `[judgement]` as written. Paths are relative to the folder of the pipeline file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JudgementConfig {
    /// Which tables to publish. Default: all.
    pub tables: Vec<JudgementTable>,
    /// A file with causes and remedies of weak metrics (诊断).
    pub diagnosis: Option<String>,
    /// A file with weights, bands and tiers (考核表).
    pub scorecards: Option<String>,
    /// A file with the thresholds of platforms' warnings (预警).
    pub flags: Option<String>,
    /// Points of conversion that `uplift` adds. 2 means from 40 % to 42 %.
    pub uplift_points: f64,
    /// Random seed of `spot_checks`. The same seed draws the same chats.
    pub seed: u64,
}

impl Default for JudgementConfig {
    fn default() -> Self {
        JudgementConfig {
            tables: JudgementTable::ALL.to_vec(),
            diagnosis: None,
            scorecards: None,
            flags: None,
            uplift_points: 2.0,
            seed: 1,
        }
    }
}

/// A possible cause why some metrics are worse than the standard, with a remedy (诊断).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// The ids of the metrics.
    pub metrics: Vec<String>,
    /// The name of the cause.
    pub name: BilingualText,
    /// Which values of the metrics are better.
    pub better: Direction,
    /// The cause.
    pub cause: BilingualText,
    /// What to do about it.
    pub remedy: BilingualText,
}

/// Whether high or low values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    High,
    Low,
}

/// The section `[judgement]` with its files read.
#[derive(Clone, Debug)]
pub struct JudgementSettings {
    /// The tables to publish.
    pub tables: Vec<JudgementTable>,
    /// Causes and remedies of weak metrics.
    pub diagnosis: Vec<Remedy>,
    /// Scorecards (考核表).
    pub scorecards: Vec<Scorecard>,
    /// Warnings of platforms (预警).
    pub flags: Vec<FlagRule>,
    /// `uplift_points` as a share, such as 0.02.
    pub uplift: f64,
    /// Random seed of `spot_checks`.
    pub seed: u64,
}

impl JudgementSettings {
    /// Reads the files that the section names, and the shipped file in place of each that it does not name. A shipped scorecard or flag rule
    /// is dropped if its level lacks one of its metrics.
    /// Errors: a file does not exist, a key is wrong, or a file of the user names a metric that is not declared.
    pub fn load(section: &JudgementConfig, base: &Path) -> Result<JudgementSettings> {
        if !(0.0..=100.0).contains(&section.uplift_points) {
            return Err(Error::new(Kind::Config, "uplift_points is outside 0 to 100").hint("the default is 2: from 40 % to 42 %"));
        }
        let file = |path: &Option<String>| path.as_ref().map(|path| base.join(path));
        let remedies = file(&section.diagnosis);
        let diagnosis = parse_remedies(&read_or_shipped(remedies.as_deref(), DIAGNOSIS)?).with_file(remedies.as_deref())?;
        if remedies.is_some() {
            let known = |id: &str| Level::ALL.into_iter().any(|level| metrics::find(level, id).is_some());
            let unknown = diagnosis.iter().flat_map(|row| &row.metrics).find(|id| !known(id));
            unknown.map_or(Ok(()), |id| Err(undeclared(Level::Shop, id))).with_file(remedies.as_deref())?;
        }
        let (cards, flags) = (file(&section.scorecards), file(&section.flags));
        let scorecards = parse_scorecards(&read_or_shipped(cards.as_deref(), SCORECARDS)?).with_file(cards.as_deref())?;
        let flags_read = parse_flags(&read_or_shipped(flags.as_deref(), FLAGS)?).with_file(flags.as_deref())?;
        Ok(JudgementSettings {
            tables: section.tables.clone(),
            diagnosis,
            scorecards: declared(scorecards, cards.is_some(), |card| (card.level, card.metrics())).with_file(cards.as_deref())?,
            flags: declared(flags_read, flags.is_some(), |flag| (flag.level, flag.metrics())).with_file(flags.as_deref())?,
            uplift: section.uplift_points / 100.0,
            seed: section.seed,
        })
    }
}

/// Adds the name of the file to an error, unless the file is a shipped one.
trait WithFile<T> {
    fn with_file(self, file: Option<&Path>) -> Result<T>;
}

impl<T> WithFile<T> for Result<T> {
    fn with_file(self, file: Option<&Path>) -> Result<T> {
        match file {
            Some(file) => self.with("file", file.display()),
            None => self,
        }
    }
}

/// The text of a file of the user, or of the shipped file.
fn read_or_shipped(file: Option<&Path>, shipped: &str) -> Result<String> {
    let Some(file) = file else { return Ok(shipped.to_owned()) };
    std::fs::read_to_string(file).map_err(|e| {
        Error::new(Kind::Config, format!("cannot read a file of [judgement]: {e}"))
            .with("file", file.display())
            .hint("its path is relative to the folder of the pipeline file; without the key, kefu uses its own file")
    })
}

/// Parses a diagnosis file. Errors: a key is wrong.
pub(crate) fn parse_remedies(text: &str) -> Result<Vec<Remedy>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        row: Vec<Remedy>,
    }
    parse(text).map(|file: File| file.row)
}

/// Parses a scorecard file. Errors: a key is wrong, or bands or tiers are empty or overlap.
pub fn parse_scorecards(text: &str) -> Result<Vec<Scorecard>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        scorecard: Vec<Scorecard>,
    }
    let cards = parse(text).map(|file: File| file.scorecard)?;
    cards.iter().try_for_each(Scorecard::check)?;
    Ok(cards)
}

/// Parses a flag file. Errors: a key is wrong.
pub fn parse_flags(text: &str) -> Result<Vec<FlagRule>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        flag: Vec<FlagRule>,
    }
    parse(text).map(|file: File| file.flag)
}

/// Parses a TOML file of the section. An error shows the line.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let error = Error::new(Kind::Config, e.message().to_owned()).hint("the shipped files of src/config/judgement show every key");
        match e.span() {
            Some(span) => error.at(Snippet { name: "a file of [judgement]".into(), text: text.to_owned(), span }),
            None => error,
        }
    })
}

/// Keeps the scorecards or flag rules whose metrics are declared for their level. One of the user's that names another metric is an error
/// (`is_own`); a shipped one is dropped.
fn declared<T>(all: Vec<T>, is_own: bool, metrics_of: impl Fn(&T) -> (Level, Vec<String>)) -> Result<Vec<T>> {
    let mut kept = Vec::new();
    for one in all {
        let (level, ids) = metrics_of(&one);
        match ids.iter().find(|id| metrics::find(level, id).is_none()) {
            None => kept.push(one),
            Some(id) if is_own => return Err(undeclared(level, id)),
            Some(id) => tracing::debug!(metric = id, "a shipped card or flag of a metric that is not declared"),
        }
    }
    Ok(kept)
}

/// The error of a metric that a level does not have.
fn undeclared(level: Level, id: &str) -> Error {
    let error = Error::new(Kind::Config, format!("`{id}` is not a metric of level {}", level.name()));
    match crate::suggest::nearest(id, metrics::of_level(level).map(|metric| metric.id.as_str())) {
        Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
        None => error.hint("`dims/metric` lists every metric of a level"),
    }
}
