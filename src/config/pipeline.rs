//! The pipeline file as its user wrote it. [`super::plan`] resolves it.

use super::buyer_key;
use super::judgement;
use super::limits::Limits;
use crate::model::Level;
use kefu_kernel::calendar::Period;
use kefu_kernel::rules::Rules;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

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
    /// The key under which buyer ids are published.
    #[serde(default)]
    pub privacy: buyer_key::PrivacyConfig,
}

/// Where the files of an input table are, and how their columns map to the canonical ones.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// May contain globs and `{date}`, which stands for YYYY-MM-DD. Without `{date}` every run reads all matching files.
    pub path: String,
    /// The format. Default: the one that the file name ends in.
    pub format: Option<InputFormat>,
    /// The encoding of text files. Default: detected from the bytes.
    pub encoding: Option<String>,
    /// The IANA name of the time zone of the days in `{date}`. Default: that of the pipeline.
    pub partition_timezone: Option<String>,
    /// Canonical column name → name of the column in the source.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Canonical column name → value, for a column that the source lacks.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
    /// Canonical column name → canonical value → the values that the source writes for it.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// The `strftime` format of text times.
    pub datetime_format: Option<String>,
    /// The IANA name of the time zone of text times without an offset. Default: that of the pipeline.
    pub timezone: Option<String>,
    /// The unit of integer times.
    #[serde(default)]
    pub unit: EpochUnit,
}

/// Prints what the derived `Debug` printed when this type was named `Source`. The fingerprint of a published day (`made_with`) is a hash of
/// this text: another name, field or order would make every published day look as if it had been computed under other settings.
impl fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SourceConfig { path, format, encoding, partition_timezone, columns, constants, values, datetime_format, timezone, unit } = self;
        f.debug_struct("Source")
            .field("path", path)
            .field("format", format)
            .field("encoding", encoding)
            .field("partition_timezone", partition_timezone)
            .field("columns", columns)
            .field("constants", constants)
            .field("values", values)
            .field("datetime_format", datetime_format)
            .field("timezone", timezone)
            .field("unit", unit)
            .finish()
    }
}

/// The format of the files of an input table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// Comma-separated values with a header row.
    Csv,
    /// One JSON object per line.
    #[serde(alias = "jsonl")]
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// The unit of integer times, which are counted from 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum EpochUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[default]
    #[serde(rename = "ms")]
    Millis,
    /// Microseconds.
    #[serde(rename = "us", alias = "µs")]
    Micros,
}

/// The section `[reports]` as written. Default: every period and level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportsConfig {
    /// The periods to report.
    pub periods: Vec<Period>,
    /// The levels to report.
    pub levels: Vec<Level>,
}

impl Default for ReportsConfig {
    fn default() -> Self {
        ReportsConfig { periods: Period::ALL.to_vec(), levels: Level::REPORTED.to_vec() }
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
    /// The limits of one file. A file that exceeds one is refused.
    pub caps: Limits,
}

impl Default for QualityConfig {
    fn default() -> Self {
        QualityConfig { max_bad_ratio: 0.01, min_volume: 0.5, on_missing: OnMissing::Error, caps: Limits::default() }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprints of published days are hashes of these texts.
    #[test]
    fn the_debug_text_of_a_source_stays_as_published_fingerprints_have_it() {
        let bare: SourceConfig = toml::from_str("path = \"m/{date}/*.csv\"").unwrap();
        assert_eq!(
            format!("{:?}", [Some(&bare), None]),
            "[Some(Source { path: \"m/{date}/*.csv\", format: None, encoding: None, partition_timezone: None, columns: {}, constants: {}, \
             values: {}, datetime_format: None, timezone: None, unit: Millis }), None]"
        );
        let text = "path = \"orders.jsonl\"\nformat = \"jsonl\"\nencoding = \"gbk\"\npartition_timezone = \"UTC\"\nunit = \"us\"\n\
                    datetime_format = \"%F %T\"\ntimezone = \"Asia/Shanghai\"\n[columns]\nshop_id = \"shop\"\n\
                    [constants]\nplatform = \"jd\"\n[values.kind]\ntext = [\"0\", \"t\"]\n";
        let full: SourceConfig = toml::from_str(text).unwrap();
        assert_eq!(
            format!("{full:?}"),
            "Source { path: \"orders.jsonl\", format: Some(Ndjson), encoding: Some(\"gbk\"), partition_timezone: Some(\"UTC\"), \
             columns: {\"shop_id\": \"shop\"}, constants: {\"platform\": \"jd\"}, values: {\"kind\": {\"text\": [\"0\", \"t\"]}}, \
             datetime_format: Some(\"%F %T\"), timezone: Some(\"Asia/Shanghai\"), unit: Micros }"
        );
    }

    #[test]
    fn formats_and_units_print_their_variant_alone() {
        let formats = [InputFormat::Csv, InputFormat::Ndjson, InputFormat::Parquet];
        let units = [EpochUnit::Seconds, EpochUnit::Millis, EpochUnit::Micros];
        assert_eq!(format!("{formats:?} {units:?}"), "[Csv, Ndjson, Parquet] [Seconds, Millis, Micros]");
    }
}
