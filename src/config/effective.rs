//! What `kefu rules` prints: the presets, or the rules of one preset on a day with their sources.

use super::presets;
use super::rule_sets::RuleSets;
use crate::error::Result;
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::{PresetChoice, Rules};
use serde::Serialize;
use std::fmt;

/// The list of presets.
#[derive(Debug, Serialize)]
pub struct KnownPresets(Vec<KnownPreset>);

/// One preset with its names.
#[derive(Debug, Serialize)]
struct KnownPreset {
    preset: &'static str,
    zh: &'static str,
    en: &'static str,
    /// The days on which its rules changed.
    valid_from: Vec<String>,
}

/// The rules of a preset on a day.
#[derive(Debug, Serialize)]
pub struct EffectiveRules {
    preset: &'static str,
    zh: &'static str,
    en: &'static str,
    date: String,
    valid_from: String,
    /// The last day on which they hold. `None`: they still hold.
    valid_to: Option<String>,
    /// The source of `valid_from`.
    why: Option<String>,
    rules: Vec<Rule>,
}

/// One rule with its value.
#[derive(Debug, Serialize)]
struct Rule {
    rule: String,
    value: serde_json::Value,
    /// Whether the preset fixes the rule. Otherwise it has its default.
    fixed: bool,
    /// The source of the value, if the preset names one.
    source: Option<String>,
}

/// Lists every preset. Errors: a shipped preset cannot be parsed.
pub fn known_presets() -> Result<KnownPresets> {
    let dates = |preset: &presets::Preset| preset.entries.iter().map(|entry| entry.valid_from.to_string()).collect();
    let known = |preset: &'static presets::Preset| KnownPreset {
        preset: preset.id,
        zh: &preset.name.zh,
        en: &preset.name.en,
        valid_from: dates(preset),
    };
    Ok(KnownPresets(presets::all()?.iter().map(known).collect()))
}

/// Returns the rules of a preset on a day. Errors: there is no such preset.
pub fn effective_rules(id: &str, day: Day) -> Result<EffectiveRules> {
    let preset = presets::find(id)?;
    let first_days = preset.entries.iter().map(presets::PresetEntry::first_day).collect::<Result<Vec<_>>>()?;
    let index = first_days.iter().rposition(|first| *first <= day).unwrap_or(0);
    let entry = &preset.entries[index];
    let rule_sets = RuleSets::new(PresetChoice::One(id.to_owned()), &toml::Table::new())?;
    let values = serde_json::to_value(rule_sets.rules_for(None, day))?;
    let rule = |(rule, value): (&String, &serde_json::Value)| Rule {
        rule: rule.clone(),
        value: value.clone(),
        fixed: entry.rules.contains_key(rule),
        source: entry.sources.get(rule).cloned(),
    };
    Ok(EffectiveRules {
        preset: preset.id,
        zh: &preset.name.zh,
        en: &preset.name.en,
        date: day.to_string(),
        valid_from: first_days[index].to_string(),
        valid_to: first_days.get(index + 1).map(|next| next.plus(-1).to_string()),
        why: entry.sources.get("valid_from").cloned(),
        rules: values.as_object().into_iter().flatten().filter(|(rule, _)| Rules::is_setting(rule)).map(rule).collect(),
    })
}

impl fmt::Display for KnownPresets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(["preset", "平台", "platform", "rules since 生效日"]);
        for known in &self.0 {
            table.add_row([known.preset, known.zh, known.en, &known.valid_from.join(", ")]);
        }
        writeln!(f, "{table}")
    }
}

impl fmt::Display for EffectiveRules {
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
