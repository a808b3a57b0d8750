//! The shipped presets (平台预设). Each is a data file with an entry for every date on which the platform changed its rules.

use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
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
    #[serde(skip)]
    pub id: &'static str,
    pub name: Name,
    /// The names of the platform in logs and shops tables.
    platforms: Vec<String>,
    /// Oldest first. Each holds until the next begins.
    #[serde(rename = "rules")]
    pub entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    pub zh: String,
    pub en: String,
}

/// The rules from a day on: all that the platform fixes, even those that equal the default.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub valid_from: toml::value::Datetime,
    /// By rule: its source, in Chinese and English.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    #[serde(flatten)]
    pub rules: toml::Table,
}

impl Entry {
    pub fn first_day(&self) -> Result<Day> {
        let date = self.valid_from.to_string().parse::<jiff::civil::Date>();
        date.map(Day::from).map_err(|_| Error::new(Kind::Config, format!("valid_from = {} is not a date", self.valid_from)))
    }
}

/// All presets, `default` first.
pub fn all() -> Result<&'static [Preset]> {
    static ALL: LazyLock<std::result::Result<Vec<Preset>, String>> = LazyLock::new(|| FILES.into_iter().map(parse).collect());
    ALL.as_deref().map_err(|e| Error::new(Kind::Config, e.clone()))
}

fn parse((id, text): (&'static str, &str)) -> std::result::Result<Preset, String> {
    let preset: Preset = toml::from_str(text).map_err(|e| format!("preset {id}: {e}"))?;
    Ok(Preset { id, ..preset })
}

/// Errors: there is no such preset; the hint names the nearest.
pub fn find(id: &str) -> Result<&'static Preset> {
    let presets = all()?;
    presets.iter().find(|preset| preset.id == id).ok_or_else(|| {
        let ids = presets.iter().map(|preset| preset.id);
        let error = Error::new(Kind::Config, format!("unknown preset `{id}`"));
        match crate::nearest(id, ids.clone()) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint(format!("the presets are {}", ids.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// The preset of a platform, by a name that logs use. Without a known one it is `default`.
pub fn of_platform(platform: Option<&str>) -> &'static str {
    let Some(platform) = platform.map(|name| name.trim().to_lowercase()) else { return "default" };
    let known = all().unwrap_or_default().iter().find(|preset| preset.platforms.contains(&platform));
    known.map_or("default", |preset| preset.id)
}
