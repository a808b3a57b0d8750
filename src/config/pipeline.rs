//! The pipeline file as its user wrote it. [`super::plan`] resolves it.

use super::buyer_key;
use super::judgement;
use super::limits::Limits;
use super::source::SourceConfig;
use crate::model::Level;
use kefu_kernel::calendar::Period;
use kefu_kernel::rules::Rules;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

/// A pipeline file as written. An unknown key is an error. pipelines/nightly.toml shows every key with its default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineConfig {
    /// The name of the pipeline in logs, metrics and run records.
    pub name: String,
    /// A description for people.
    #[serde(default)]
    pub description: String,
    /// The IANA name of the time zone in which business days are cut.
    #[serde(default = "shanghai")]
    pub timezone: String,
    /// The time of day at which a business day begins (业务天分割点), such as `04:00`.
    #[serde(default = "midnight")]
    pub business_day_starts_at: String,
    /// The first weekday of a week, in English.
    #[serde(default = "monday")]
    pub week_starts_on: String,
    /// The first month of a fiscal year, 1 to 12.
    #[serde(default = "january")]
    pub fiscal_year_starts_in: i8,
    /// The root of the input tables: a path relative to the folder of this file, or a URL.
    #[serde(default = "current_folder")]
    pub input: String,
    /// The root of the published tables, written like `input`.
    #[serde(default = "out")]
    pub output: String,
    /// The chat log, the only table that every pipeline needs.
    pub messages: SourceConfig,
    // The other input tables. The metrics that need a missing table are null.
    pub orders: Option<SourceConfig>,
    pub evaluations: Option<SourceConfig>,
    pub shops: Option<SourceConfig>,
    pub staff: Option<SourceConfig>,
    pub blocklist: Option<SourceConfig>,
    pub visits: Option<SourceConfig>,
    pub refunds: Option<SourceConfig>,
    pub tickets: Option<SourceConfig>,
    pub agent_status: Option<SourceConfig>,
    pub videos: Option<SourceConfig>,
    pub standards: Option<SourceConfig>,
    pub targets: Option<SourceConfig>,
    pub trainings: Option<SourceConfig>,
    pub holidays: Option<SourceConfig>,
    pub exchange_rates: Option<SourceConfig>,
    pub buyers: Option<SourceConfig>,
    /// The rules of the shops (规则).
    #[serde(default)]
    pub rules: Rules,
    /// Which reports are published.
    #[serde(default)]
    pub reports: ReportsConfig,
    /// When data is refused or a day is held back.
    #[serde(default)]
    pub quality: QualityConfig,
    /// Which judgement tables are published, and their settings.
    #[serde(default)]
    pub judgement: judgement::JudgementConfig,
    /// The key under which buyer ids are published, and who may read the files about persons.
    #[serde(default)]
    pub privacy: buyer_key::PrivacyConfig,
}

/// The section `[reports]` as written. Default: every period and level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportsConfig {
    /// The periods to report.
    pub periods: Vec<Period>,
    /// The levels to report.
    pub levels: Vec<Level>,
    /// The currency of every amount that is published, as a code of three letters.
    pub currency: String,
}

impl Default for ReportsConfig {
    fn default() -> Self {
        ReportsConfig { periods: Period::ALL.to_vec(), levels: Level::REPORTED.to_vec(), currency: "CNY".to_owned() }
    }
}

/// What a day without message files means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// The export is late: the run stops and can be tried again.
    Error,
    /// Nobody wrote on that day.
    Empty,
}

/// What a warning that protects a number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnWarning {
    /// It is said, and the day is published.
    Warn,
    /// The day is held back.
    Error,
}

/// For how many days inputs are kept. Written in days, such as `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputsKept(pub i32);

impl<'de> Deserialize<'de> for InputsKept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| (1..=36_500).contains(days));
        days.map(InputsKept).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"whole days from \"1d\" to \"36500d\""))
    }
}

/// The section `[quality]` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityConfig {
    /// A table with a larger share of bad rows, 0 to 1, is refused.
    pub max_bad_ratio: f64,
    /// A day is held back if its lines are a smaller share, 0 to 1, of the median of the days before it. 0 lets every day pass.
    pub min_volume: f64,
    /// What a day without message files means.
    pub on_missing: OnMissing,
    /// For how long inputs are kept. A file that is gone is normal once its day is so old, and not said. `None`: it is said whenever it is gone.
    pub inputs_kept: Option<InputsKept>,
    /// What a warning that protects a number does.
    pub warnings: OnWarning,
    /// The limits of one file. A file that exceeds one is refused.
    pub caps: Limits,
}

impl Default for QualityConfig {
    fn default() -> Self {
        QualityConfig {
            max_bad_ratio: 0.01,
            min_volume: 0.5,
            on_missing: OnMissing::Error,
            inputs_kept: None,
            warnings: OnWarning::Warn,
            caps: Limits::default(),
        }
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
fn current_folder() -> String {
    ".".into()
}
fn out() -> String {
    "out".into()
}
