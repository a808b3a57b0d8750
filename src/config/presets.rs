//! The shipped presets (平台预设). Each is a data file with one entry for every date on which the platform changed its rules.

use crate::error::{Error, Kind, Result};
use kefu_kernel::calendar::Day;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const FILES: [(&str, &str); 8] = [
    ("default", include_str!("presets/default.toml")),
    ("taobao", include_str!("presets/taobao.toml")),
    ("1688", include_str!("presets/1688.toml")),
    ("jd", include_str!("presets/jd.toml")),
    ("pdd", include_str!("presets/pdd.toml")),
    ("douyin", include_str!("presets/douyin.toml")),
    ("kuaishou", include_str!("presets/kuaishou.toml")),
    ("xiaohongshu", include_str!("presets/xiaohongshu.toml")),
];

/// The rules of one platform over the years.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The name in a pipeline file.
    #[serde(skip)]
    pub id: &'static str,
    /// The name for people.
    pub name: PresetName,
    /// The names of the platform in logs and shops tables.
    platforms: Vec<String>,
    /// Oldest first. Each holds until the next one begins.
    #[serde(rename = "rules")]
    pub entries: Vec<PresetEntry>,
}

/// The name of a platform in Chinese and English.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetName {
    pub zh: String,
    pub en: String,
}

/// The rules from a day on. It lists every rule that the platform fixes, even if it equals the default.
#[derive(Debug, Deserialize)]
pub struct PresetEntry {
    /// The first day on which the rules hold.
    pub valid_from: toml::value::Datetime,
    /// Name of a rule → its source, in Chinese and English.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// The rules, as under `[rules]`.
    #[serde(flatten)]
    pub rules: toml::Table,
}

impl PresetEntry {
    /// `valid_from` as a business day. Errors: it is not a date.
    pub fn first_day(&self) -> Result<Day> {
        let date = self.valid_from.to_string().parse::<jiff::civil::Date>();
        date.map(Day::from).map_err(|_| Error::new(Kind::Config, format!("valid_from = {} is not a date", self.valid_from)))
    }
}

/// All presets, `default` first. Errors: a shipped file cannot be parsed.
pub fn all() -> Result<&'static [Preset]> {
    static ALL: LazyLock<std::result::Result<Vec<Preset>, String>> = LazyLock::new(|| FILES.into_iter().map(parse).collect());
    ALL.as_deref().map_err(|e| Error::new(Kind::Config, e.clone()))
}

fn parse((id, text): (&'static str, &str)) -> std::result::Result<Preset, String> {
    let preset: Preset = toml::from_str(text).map_err(|e| format!("preset {id}: {e}"))?;
    Ok(Preset { id, ..preset })
}

/// Finds a preset by its id. Errors: there is none; the hint names the nearest.
pub fn find(id: &str) -> Result<&'static Preset> {
    let presets = all()?;
    presets.iter().find(|preset| preset.id == id).ok_or_else(|| {
        let ids = presets.iter().map(|preset| preset.id);
        let error = Error::new(Kind::Config, format!("unknown preset `{id}`"));
        match crate::suggest::nearest(id, ids.clone()) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint(format!("the presets are {}", ids.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// The id of the preset of a platform. `platform`: a name that logs use, upper or lower case. An unknown platform has the preset `default`.
pub fn of_platform(platform: Option<&str>) -> &'static str {
    let Some(platform) = platform.map(|name| name.trim().to_lowercase()) else { return "default" };
    let known = all().unwrap_or_default().iter().find(|preset| preset.platforms.contains(&platform));
    known.map_or("default", |preset| preset.id)
}
