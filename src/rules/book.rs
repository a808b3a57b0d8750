//! Which rules hold for a shop on a day: those of a preset (the pipeline's, or that of the shop's platform) on that day, overridden by the
//! pipeline's own settings.

use super::{Choice, Rules, presets};
use crate::calendar::Day;
use crate::error::{Error, Kind, Result};
use serde::Serialize;

/// The place of a rule set in the book.
pub type SetId = usize;

/// The rule sets that a pipeline can need.
#[derive(Clone, Debug, Serialize)]
pub struct Book {
    choice: Choice,
    /// Rule sets by preset and first day.
    sets: Vec<(String, Day, Rules)>,
    /// The longest windows and delays of all sets. They decide which days and orders are read.
    pub widest: Rules,
}

impl Book {
    /// `written`: the pipeline's `[rules]`, whose settings override those of every preset.
    /// Errors: an unknown preset, a value that is out of bounds.
    pub fn new(choice: Choice, written: &toml::Table) -> Result<Book> {
        let ids = match &choice {
            Choice::One(id) => vec![presets::find(id)?.id],
            Choice::ByPlatform => presets::all()?.iter().map(|preset| preset.id).collect(),
            Choice::Each(by) => {
                let named = by.values().map(|id| Ok(presets::find(id)?.id)).collect::<Result<Vec<_>>>()?;
                [vec!["default"], named].concat()
            }
        };
        let mut sets: Vec<(String, Day, Rules)> = Vec::new();
        for id in ids {
            for entry in &presets::find(id)?.entries {
                let first = entry.first_day()?;
                if sets.iter().all(|(known, from, _)| (known.as_str(), *from) != (id, first)) {
                    sets.push((id.to_owned(), first, rules(id, &entry.rules, written)?));
                }
            }
        }
        let widest = widest(&sets);
        Ok(Book { choice, sets, widest })
    }

    /// The rule set of a platform's shops on a day.
    pub fn set(&self, platform: Option<&str>, day: Day) -> SetId {
        let preset = match &self.choice {
            Choice::One(id) => id.as_str(),
            Choice::ByPlatform => presets::of_platform(platform),
            Choice::Each(by) => platform.and_then(|platform| by.get(platform)).map_or("default", String::as_str),
        };
        let begun = |(_, (id, from, _)): &(SetId, &(String, Day, Rules))| id == preset && *from <= day;
        self.sets.iter().enumerate().rfind(begun).map_or(0, |(id, _)| id)
    }

    pub fn rules(&self, set: SetId) -> &Rules {
        &self.sets[set].2
    }

    pub fn of(&self, platform: Option<&str>, day: Day) -> &Rules {
        self.rules(self.set(platform, day))
    }

    /// Every rule set that can hold on a day.
    pub fn on(&self, day: Day) -> (&Choice, Vec<&(String, Day, Rules)>) {
        let is_last = |(place, (id, from, _)): &(usize, &(String, Day, Rules))| {
            *from <= day && !self.sets[place + 1..].iter().any(|(other, later, _)| other == id && *later <= day)
        };
        (&self.choice, self.sets.iter().enumerate().filter(is_last).map(|(_, set)| set).collect())
    }

    /// The pipeline's choice of presets, for a reader.
    pub fn describe(&self) -> String {
        match &self.choice {
            Choice::One(_) => self.sets[0].2.rule_set(),
            Choice::ByPlatform => "by platform".to_owned(),
            Choice::Each(by) => by.iter().map(|(platform, id)| format!("{platform}: {id}")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The default rules, overridden by those of a preset, overridden by those of the pipeline.
fn rules(id: &str, preset: &toml::Table, written: &toml::Table) -> Result<Rules> {
    let set = |over: Option<&toml::Table>| -> Result<Rules> {
        let mut merged = preset.clone();
        merged.extend(over.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        merged.insert("preset".into(), toml::Value::String(id.to_owned()));
        let rules: Rules =
            merged.try_into().map_err(|e: toml::de::Error| Error::new(Kind::Config, format!("preset {id}: {}", e.message())))?;
        rules.check()?;
        Ok(rules)
    };
    let (own, preset) = (set(Some(written))?, set(None)?);
    Ok(Rules { custom: own != preset, ..own })
}

fn widest(sets: &[(String, Day, Rules)]) -> Rules {
    let mut widest = sets[0].2.clone();
    for (_, _, rules) in sets {
        widest.credit_lookback = widest.credit_lookback.max(rules.credit_lookback);
        widest.final_pay_days = widest.final_pay_days.max(rules.final_pay_days);
        widest.after_sale_days = widest.after_sale_days.max(rules.after_sale_days);
        widest.retention_days = widest.retention_days.max(rules.retention_days);
    }
    widest
}
