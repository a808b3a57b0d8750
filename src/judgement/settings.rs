//! The section `[judgement]` of a pipeline file, and the texts, cards and thresholds that a shop may replace by its own files.

use super::Judgement;
use super::flags::Flag;
use super::scorecard::Scorecard;
use crate::error::{Context, Error, Kind, Result, Snippet};
use crate::job::Level;
use crate::metrics;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

const DIAGNOSIS: &str = include_str!("data/diagnosis.toml");
const SCORECARDS: &str = include_str!("data/scorecards.toml");
const FLAGS: &str = include_str!("data/flags.toml");

/// The section as written. Paths are relative to the folder of the pipeline file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
    /// Which tables to publish. Default: all.
    pub tables: Vec<Judgement>,
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

impl Default for Section {
    fn default() -> Self {
        Section { tables: Judgement::ALL.to_vec(), diagnosis: None, scorecards: None, flags: None, uplift_points: 2.0, seed: 1 }
    }
}

/// A text in two languages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

/// A possible cause of a metric that is worse than the standard, and a remedy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    pub metrics: Vec<String>,
    pub name: Text,
    pub better: Better,
    pub cause: Text,
    pub remedy: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    High,
    Low,
}

/// The section with its files read.
#[derive(Clone, Debug)]
pub struct Settings {
    pub tables: Vec<Judgement>,
    pub diagnosis: Vec<Remedy>,
    pub scorecards: Vec<Scorecard>,
    pub flags: Vec<Flag>,
    /// `uplift_points` as a share: 0.02.
    pub uplift: f64,
    pub seed: u64,
}

impl Settings {
    /// Reads the files that the section names, and the shipped files for those that it does not name. A shipped card
    /// or flag of a metric that this version does not have is left out.
    /// Errors: a file does not exist, a key is wrong, a metric is not declared.
    pub fn load(section: &Section, base: &Path) -> Result<Settings> {
        if !(0.0..=100.0).contains(&section.uplift_points) {
            return Err(Error::new(Kind::Config, "uplift_points is outside 0 to 100").hint("the default is 2: from 40 % to 42 %"));
        }
        let file = |path: &Option<String>| path.as_ref().map(|path| base.join(path));
        let remedies = file(&section.diagnosis);
        let diagnosis = remedies_of(&text(remedies.as_deref(), DIAGNOSIS)?).of(remedies.as_deref())?;
        if remedies.is_some() {
            let known = |id: &str| Level::ALL.into_iter().any(|level| metrics::find(level, id).is_some());
            let unknown = diagnosis.iter().flat_map(|row| &row.metrics).find(|id| !known(id));
            unknown.map_or(Ok(()), |id| Err(undeclared(Level::Shop, id))).of(remedies.as_deref())?;
        }
        let (cards, flags) = (file(&section.scorecards), file(&section.flags));
        let scorecards = scorecards_of(&text(cards.as_deref(), SCORECARDS)?).of(cards.as_deref())?;
        let flags_read = flags_of(&text(flags.as_deref(), FLAGS)?).of(flags.as_deref())?;
        Ok(Settings {
            tables: section.tables.clone(),
            diagnosis,
            scorecards: declared(scorecards, cards.is_some(), |card| (card.level, card.metrics())).of(cards.as_deref())?,
            flags: declared(flags_read, flags.is_some(), |flag| (flag.level, flag.metrics())).of(flags.as_deref())?,
            uplift: section.uplift_points / 100.0,
            seed: section.seed,
        })
    }
}

trait Of<T> {
    fn of(self, file: Option<&Path>) -> Result<T>;
}

impl<T> Of<T> for Result<T> {
    fn of(self, file: Option<&Path>) -> Result<T> {
        match file {
            Some(file) => self.with("file", file.display()),
            None => self,
        }
    }
}

fn text(file: Option<&Path>, shipped: &str) -> Result<String> {
    let Some(file) = file else { return Ok(shipped.to_owned()) };
    std::fs::read_to_string(file).map_err(|e| {
        Error::new(Kind::Config, format!("cannot read a file of [judgement]: {e}"))
            .with("file", file.display())
            .hint("its path is relative to the folder of the pipeline file; without the key, kefu uses its own file")
    })
}

/// The rows of a diagnosis file.
pub fn remedies_of(text: &str) -> Result<Vec<Remedy>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        row: Vec<Remedy>,
    }
    parse(text).map(|file: File| file.row)
}

/// The cards of a scorecard file, each with bands that are not empty.
pub fn scorecards_of(text: &str) -> Result<Vec<Scorecard>> {
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

/// The flags of a flag file.
pub fn flags_of(text: &str) -> Result<Vec<Flag>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        flag: Vec<Flag>,
    }
    parse(text).map(|file: File| file.flag)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let error = Error::new(Kind::Config, e.message().to_owned()).hint("the shipped files of src/judgement/data show every key");
        match e.span() {
            Some(span) => error.at(Snippet { name: "a file of [judgement]".into(), text: text.to_owned(), span }),
            None => error,
        }
    })
}

/// Keeps the cards or flags whose metrics the level has. If one of a user's file names another metric, it is an error; a shipped one is left out.
fn declared<T>(all: Vec<T>, own: bool, names: impl Fn(&T) -> (Level, Vec<String>)) -> Result<Vec<T>> {
    let mut kept = Vec::new();
    for one in all {
        let (level, ids) = names(&one);
        match ids.iter().find(|id| metrics::find(level, id).is_none()) {
            None => kept.push(one),
            Some(id) if own => return Err(undeclared(level, id)),
            Some(id) => tracing::debug!(metric = id, "a shipped card or flag of a metric that is not declared"),
        }
    }
    Ok(kept)
}

fn undeclared(level: Level, id: &str) -> Error {
    let error = Error::new(Kind::Config, format!("`{id}` is not a metric of level {}", level.name()));
    match crate::nearest(id, metrics::of_level(level).map(|metric| metric.id.as_str())) {
        Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
        None => error.hint("`dims/metric` lists every metric of a level"),
    }
}
