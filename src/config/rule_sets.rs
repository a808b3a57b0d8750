//! Which rules hold for a shop on a day: those of a preset on that day, overridden by the settings of the pipeline. The preset is the one
//! that the pipeline names, or that of the shop's platform.

use super::presets;
use crate::error::{Error, Kind, Result};
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::{PresetChoice, Rules};
use serde::Serialize;

/// The index of a rule set in [`RuleSets`].
pub type RuleSetId = usize;

/// Every rule set that a pipeline can need.
#[derive(Clone, Debug, Serialize)]
pub struct RuleSets {
    choice: PresetChoice,
    /// The preset of each rule set, the first day on which it holds, and its rules. A preset's sets are in the order of their days.
    sets: Vec<(String, Day, Rules)>,
    /// The longest windows and delays of all sets. They decide which days and orders are read.
    pub widest: Rules,
}

impl RuleSets {
    /// Merges the settings that a pipeline has `written` under `[rules]` into every preset of its choice.
    /// Errors: a preset is unknown, or the value of a rule is wrong or out of bounds.
    pub fn new(choice: PresetChoice, written: &toml::Table) -> Result<RuleSets> {
        let ids = match &choice {
            PresetChoice::One(id) => vec![presets::find(id)?.id],
            PresetChoice::ByPlatform => presets::all()?.iter().map(|preset| preset.id).collect(),
            PresetChoice::Each(by) => {
                let named = by.values().map(|id| Ok(presets::find(id)?.id)).collect::<Result<Vec<_>>>()?;
                [vec!["default"], named].concat()
            }
        };
        let mut sets: Vec<(String, Day, Rules)> = Vec::new();
        for id in ids {
            for entry in &presets::find(id)?.entries {
                let first = entry.first_day()?;
                if sets.iter().all(|(known, from, _)| (known.as_str(), *from) != (id, first)) {
                    sets.push((id.to_owned(), first, merged_rules(id, &entry.rules, written)?));
                }
            }
        }
        let widest = widest(&sets);
        Ok(RuleSets { choice, sets, widest })
    }

    /// The rule set of a platform's shops on a day. `platform` is `None` if the platform of a shop is not known.
    pub fn set_for(&self, platform: Option<&str>, day: Day) -> RuleSetId {
        let preset = match &self.choice {
            PresetChoice::One(id) => id.as_str(),
            PresetChoice::ByPlatform => presets::of_platform(platform),
            PresetChoice::Each(by) => platform.and_then(|platform| by.get(platform)).map_or("default", String::as_str),
        };
        let has_begun = |(_, (id, from, _)): &(RuleSetId, &(String, Day, Rules))| id == preset && *from <= day;
        self.sets.iter().enumerate().rfind(has_begun).map_or(0, |(id, _)| id)
    }

    /// The rules of a rule set.
    pub fn rules(&self, set: RuleSetId) -> &Rules {
        &self.sets[set].2
    }

    /// The rules of a platform's shops on a day.
    pub fn rules_for(&self, platform: Option<&str>, day: Day) -> &Rules {
        self.rules(self.set_for(platform, day))
    }

    /// The choice of presets and every rule set that can hold on a day. The fingerprint of the day is made of them.
    pub fn active_on(&self, day: Day) -> (&PresetChoice, Vec<&(String, Day, Rules)>) {
        let is_latest = |(index, (id, from, _)): &(usize, &(String, Day, Rules))| {
            *from <= day && !self.sets[index + 1..].iter().any(|(other, later, _)| other == id && *later <= day)
        };
        (&self.choice, self.sets.iter().enumerate().filter(is_latest).map(|(_, set)| set).collect())
    }

    /// Describes the choice of presets to a person.
    pub fn describe(&self) -> String {
        match &self.choice {
            PresetChoice::One(_) => self.sets[0].2.rule_set(),
            PresetChoice::ByPlatform => "by platform".to_owned(),
            PresetChoice::Each(by) => by.iter().map(|(platform, id)| format!("{platform}: {id}")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// Merges the default rules, those of a preset, and those of the pipeline. The later override the earlier.
/// Errors: the value of a rule is wrong or out of bounds.
fn merged_rules(id: &str, preset: &toml::Table, written: &toml::Table) -> Result<Rules> {
    let merge = |overrides: Option<&toml::Table>| -> Result<Rules> {
        let mut merged = preset.clone();
        merged.extend(overrides.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        merged.insert("preset".into(), toml::Value::String(id.to_owned()));
        let rules: Rules =
            merged.try_into().map_err(|e: toml::de::Error| Error::new(Kind::Config, format!("preset {id}: {}", e.message())))?;
        rules.check()?;
        Ok(rules)
    };
    let (own, preset) = (merge(Some(written))?, merge(None)?);
    Ok(Rules { custom: own != preset, ..own })
}

/// The first rule set with the longest windows and delays of all sets, and with what any of them needs to be read.
fn widest(sets: &[(String, Day, Rules)]) -> Rules {
    let mut widest = sets[0].2.clone();
    for (_, _, rules) in sets {
        widest.credit_lookback = widest.credit_lookback.max(rules.credit_lookback);
        widest.final_pay_days = widest.final_pay_days.max(rules.final_pay_days);
        widest.after_sale_days = widest.after_sale_days.max(rules.after_sale_days);
        widest.credit_needs_buyer_line |= rules.credit_needs_buyer_line;
        widest.retention_days = widest.retention_days.max(rules.retention_days);
    }
    widest
}
