//! The commands that print what the code declares: `rules`, `metrics` and `docs`.

use super::{print, show};
use crate::calendar::{Day, parse_day};
use crate::docs;
use crate::error::{Error, Kind, Result};
use crate::job::{Level, zone};
use crate::metrics;
use crate::rules;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Rules {
    /// default, taobao, 1688, jd, pdd, douyin, kuaishou or xiaohongshu; without it, all presets are listed
    preset: Option<String>,
    /// The day for which to show the rules: 2026-11-20, 20261120, yesterday, today
    #[arg(long, default_value = "today")]
    date: String,
}

#[derive(Debug, Args)]
pub(super) struct Metrics {
    /// The id of one metric; without it, all metrics are listed
    id: Option<String>,
    /// Language of names and definitions
    #[arg(long, value_enum, default_value_t = Lang::En, env = "KEFU_LANG")]
    lang: Lang,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    Zh,
    En,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Page {
    Markdown,
    Html,
}

#[derive(Debug, Args)]
pub(super) struct Docs {
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

impl Rules {
    pub(super) fn run(self, now: Timestamp, json: bool) -> Result<()> {
        let Some(preset) = self.preset else { return show(&rules::known_presets()?, json) };
        let today = Day::from(now.to_zoned(zone("Asia/Shanghai")?).date());
        show(&rules::holds(&preset, parse_day(&self.date, today)?)?, json)
    }
}

impl Metrics {
    pub(super) fn run(self, json: bool) -> Result<()> {
        dictionary(self.id.as_deref(), self.lang, json)
    }
}

fn dictionary(id: Option<&str>, lang: Lang, json: bool) -> Result<()> {
    let chosen = metrics::all().iter().filter(|m| id.map_or(json || !m.component, |id| m.id == id)).collect::<Vec<_>>();
    if let (true, Some(id)) = (chosen.is_empty(), id) {
        let error = Error::new(Kind::Usage, format!("no metric `{id}`"));
        return Err(match crate::nearest(id, metrics::all().iter().map(|m| m.id.as_str())) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint("`kefu metrics` lists them all"),
        });
    }
    if json {
        return print(&serde_json::to_string(&chosen.iter().map(|m| entry(m)).collect::<Vec<_>>())?);
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

fn levels(metric: &metrics::Metric) -> String {
    metrics::levels(metric).map(Level::name).collect::<Vec<_>>().join(" ")
}

fn entry(metric: &metrics::Metric) -> serde_json::Value {
    let rules = crate::rules::Rules::default();
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

fn page(metric: &metrics::Metric, lang: Lang) -> String {
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
    fn file(self) -> &'static str {
        match self {
            Page::Markdown => "metrics.md",
            Page::Html => "metrics.html",
        }
    }

    fn text(self) -> Result<String> {
        match self {
            Page::Markdown => docs::markdown(),
            Page::Html => docs::html(),
        }
    }
}

impl Docs {
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
