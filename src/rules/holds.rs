//! The rules of a preset on a day with their sources, as `kefu rules` prints them.

use super::{Book, Choice, Rules, presets};
use crate::calendar::Day;
use crate::error::Result;
use serde::Serialize;
use std::fmt;

/// One line per preset.
#[derive(Debug, Serialize)]
pub struct Presets(Vec<Known>);

#[derive(Debug, Serialize)]
struct Known {
    preset: &'static str,
    zh: &'static str,
    en: &'static str,
    /// The days on which its rules changed.
    valid_from: Vec<String>,
}

/// The rules of a preset on a day.
#[derive(Debug, Serialize)]
pub struct Holds {
    preset: &'static str,
    zh: &'static str,
    en: &'static str,
    date: String,
    valid_from: String,
    /// The last day on which they hold. `None`: they still hold.
    valid_to: Option<String>,
    /// The source of the date.
    why: Option<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Rule {
    rule: String,
    value: serde_json::Value,
    /// Whether the platform fixes the rule; otherwise it has its default.
    fixed: bool,
    source: Option<String>,
}

/// Every preset there is.
pub fn presets() -> Result<Presets> {
    let dates = |preset: &presets::Preset| preset.entries.iter().map(|entry| entry.valid_from.to_string()).collect();
    let known =
        |preset: &'static presets::Preset| Known { preset: preset.id, zh: &preset.name.zh, en: &preset.name.en, valid_from: dates(preset) };
    Ok(Presets(presets::all()?.iter().map(known).collect()))
}

/// The rules of a preset on a day. Errors: there is no such preset.
pub fn holds(id: &str, day: Day) -> Result<Holds> {
    let preset = presets::find(id)?;
    let firsts = preset.entries.iter().map(presets::Entry::first_day).collect::<Result<Vec<_>>>()?;
    let place = firsts.iter().rposition(|first| *first <= day).unwrap_or(0);
    let entry = &preset.entries[place];
    let book = Book::new(Choice::One(id.to_owned()), &toml::Table::new())?;
    let values = serde_json::to_value(book.of(None, day))?;
    let rule = |(rule, value): (&String, &serde_json::Value)| Rule {
        rule: rule.clone(),
        value: value.clone(),
        fixed: entry.rules.contains_key(rule),
        source: entry.sources.get(rule).cloned(),
    };
    Ok(Holds {
        preset: preset.id,
        zh: &preset.name.zh,
        en: &preset.name.en,
        date: day.to_string(),
        valid_from: firsts[place].to_string(),
        valid_to: firsts.get(place + 1).map(|next| next.plus(-1).to_string()),
        why: entry.sources.get("valid_from").cloned(),
        rules: values.as_object().into_iter().flatten().filter(|(rule, _)| Rules::is_setting(rule)).map(rule).collect(),
    })
}

impl fmt::Display for Presets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(["preset", "平台", "platform", "rules since 生效日"]);
        for known in &self.0 {
            table.add_row([known.preset, known.zh, known.en, &known.valid_from.join(", ")]);
        }
        writeln!(f, "{table}")
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.valid_to.as_deref().map_or("今 today".to_owned(), str::to_owned);
        writeln!(f, "{} · {} · {} · {}: rules of {} .. {until}", self.preset, self.zh, self.en, self.date, self.valid_from)?;
        if let Some(why) = &self.why {
            writeln!(f, "  {why}")?;
        }
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        table.set_header(["rule 规则", "value 取值", "why 依据"]);
        for rule in &self.rules {
            let why = rule.source.clone().unwrap_or_else(|| if rule.fixed { String::new() } else { "默认 default".to_owned() });
            let value = rule.value.as_str().map_or_else(|| rule.value.to_string(), str::to_owned);
            table.add_row([rule.rule.clone(), if value == "null" { "关 off".to_owned() } else { value }, why]);
        }
        writeln!(f, "{table}")
    }
}
