//! The commands that print declarations: `rules`, `metrics` and `docs`.

use super::stdout::{print, show};
use crate::config;
use crate::config::zone;
use crate::docs;
use crate::error::{Error, Kind, Result};
use crate::metrics;
use crate::metrics::declaration;
use crate::model::Level;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use kefu_kernel::calendar::{Day, parse_day};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// default, taobao, 1688, jd, pdd, douyin, kuaishou or xiaohongshu; without it, all presets are listed
    preset: Option<String>,
    /// The day for which to show the rules: 2026-11-20, 20261120, yesterday, today
    #[arg(long, default_value = "today")]
    date: String,
}

#[derive(Debug, Args)]
pub(super) struct MetricsArgs {
    /// The id of one metric; without it, all metrics are listed
    id: Option<String>,
    /// Language of names and definitions
    #[arg(long, value_enum, default_value_t = Lang::En, env = "KEFU_LANG")]
    lang: Lang,
}

/// The language of names and definitions.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    Zh,
    En,
}

/// The format of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Page {
    Markdown,
    Html,
}

#[derive(Debug, Args)]
pub(super) struct DocsArgs {
    /// Write only this format [default: both; on stdout, Markdown]
    #[arg(long, value_enum)]
    format: Option<Page>,
    /// The folder to write metrics.md and metrics.html into; - is stdout
    #[arg(long, default_value = "docs")]
    out: PathBuf,
    /// Print the page instead of writing it
    #[arg(long, conflicts_with = "out")]
    stdout: bool,
}

impl RulesArgs {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        let Some(preset) = self.preset else { return show(&config::known_presets()?, json) };
        let today = Day::from(now.to_zoned(zone("Asia/Shanghai")?).date());
        show(&config::effective_rules(&preset, parse_day(&self.date, today)?)?, json)
    }
}

impl MetricsArgs {
    pub(super) fn run(self, json: bool) -> Result<()> {
        dictionary(self.id.as_deref(), self.lang, json)
    }
}

/// Prints one metric, or a table of all. Parts of other metrics are listed only in JSON. Errors: there is no such metric.
fn dictionary(id: Option<&str>, lang: Lang, json: bool) -> Result<()> {
    let chosen = metrics::all().iter().filter(|m| id.map_or(json || !m.component, |id| m.id == id)).collect::<Vec<_>>();
    if let (true, Some(id)) = (chosen.is_empty(), id) {
        let error = Error::new(Kind::Usage, format!("no metric `{id}`"));
        return Err(match crate::suggest::nearest(id, metrics::all().iter().map(|m| m.id.as_str())) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint("`kefu metrics` lists them all"),
        });
    }
    if json {
        return print(&serde_json::to_string(&chosen.iter().map(|m| json_entry(m)).collect::<Vec<_>>())?);
    }
    if id.is_some() {
        return chosen.iter().try_for_each(|metric| print(&page(metric, lang)));
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(["metric", "中文", "levels", "unit", "definition"]);
    for metric in chosen {
        let text = match lang {
            Lang::Zh => metric.about.zh,
            Lang::En => metric.about.en,
        };
        table.add_row([metric.id.as_str(), metric.name.zh, &levels(metric), metric.unit.name(), text]);
    }
    print(&table.to_string())
}

/// The names of the levels of a metric.
fn levels(metric: &declaration::Metric) -> String {
    metrics::levels(metric).map(Level::name).collect::<Vec<_>>().join(" ")
}

/// A metric as a JSON object.
fn json_entry(metric: &declaration::Metric) -> serde_json::Value {
    let rules = kefu_kernel::rules::Rules::default();
    let delay = |level: &Level| metrics::delay(metric, *level, &rules);
    serde_json::json!({
        "id": metric.id, "family": metric.family, "component": metric.component,
        "levels": metrics::levels(metric).map(Level::name).collect::<Vec<_>>(),
        "name": { "zh": metric.name.zh, "en": metric.name.en },
        "definition": { "zh": metric.about.zh, "en": metric.about.en },
        "unit": metric.unit.name(), "delay_days": metric.levels.iter().map(delay).max(), "source": metric.source,
        "example": { "log": metric.example.log.name, "lines": metric.example.log.lines, "orders": metric.example.log.orders,
            "agent": metric.example.agent, "value": metric.example.value },
    })
}

/// A metric with its worked example, as text.
fn page(metric: &declaration::Metric, lang: Lang) -> String {
    let log = metric.example.log;
    let lines = log.lines.iter().chain(log.orders).map(|line| format!("    {line}\n"));
    let tables = log.tables.iter().flat_map(|(table, rows)| rows.iter().map(move |row| format!("    {table}: {row}\n")));
    let lines = lines.chain(tables).collect::<String>();
    let (id, unit, levels, value) = (&metric.id, metric.unit.name(), levels(metric), metric.example.value);
    let (family, source, name, about) = (metric.family, metric.source, metric.name, metric.about);
    match lang {
        Lang::En => {
            let row = metric.example.agent.map_or("the shop's row".to_owned(), |agent| format!("agent {agent}'s row"));
            format!(
                "{id} · {} · {}\n  {}\n  unit {unit} · levels {levels} · {family} · {source}\n  example, {}:\n{lines}    → {row}: {value}\n",
                name.zh, name.en, about.en, log.name
            )
        }
        Lang::Zh => {
            let row = metric.example.agent.map_or("店铺行".to_owned(), |agent| format!("客服 {agent} 行"));
            format!(
                "{id} · {}\n  {}\n  单位 {unit} · 层级 {levels} · {family} · {source}\n  示例：\n{lines}    → {row}: {value}\n",
                name.zh, about.zh
            )
        }
    }
}

impl Page {
    /// The name of the file.
    fn file(self) -> &'static str {
        match self {
            Page::Markdown => "metrics.md",
            Page::Html => "metrics.html",
        }
    }

    /// The whole page.
    fn text(self) -> Result<String> {
        match self {
            Page::Markdown => docs::markdown(),
            Page::Html => docs::html(),
        }
    }
}

impl DocsArgs {
    pub(super) fn run(self, json: bool) -> Result<()> {
        if self.stdout || self.out == Path::new("-") {
            return print(&self.format.unwrap_or(Page::Markdown).text()?);
        }
        std::fs::create_dir_all(&self.out)?;
        let pages = self.format.map_or(vec![Page::Markdown, Page::Html], |page| vec![page]);
        let mut files = Vec::new();
        for page in pages {
            let file = self.out.join(page.file());
            std::fs::write(&file, page.text()?)?;
            files.push(file.display().to_string());
        }
        print(&if json { serde_json::json!({ "files": files }).to_string() } else { files.join("\n") })
    }
}
