//! The dictionary (指标字典) as pages: what is told of every declared metric, gathered once, then written as Markdown and as HTML.
//! Nothing here depends on a run, so the same declarations give the same bytes.

mod condition;
mod derived;
mod html;
mod markdown;
mod words;

use crate::error::Result;
use crate::metrics::dialects::{Dialect, Product, dialects};
use crate::metrics::examples::{Example, Log};
use crate::metrics::{self, Metric};
use crate::rules::Rules;
use words::Both;

/// One id: what it is at each level, and what other products call it.
struct Entry {
    id: &'static str,
    family: &'static str,
    component: bool,
    /// One for all levels, or one for each declaration of the id.
    readings: Vec<Reading>,
    dialect: Option<Dialect>,
}

/// One declaration, in the words of a reader.
struct Reading {
    name: Both,
    /// `S A T`: the team's is made as the agent's.
    levels: Vec<&'static str>,
    unit: &'static str,
    better: Both,
    about: Both,
    formula: Both,
    adds: Both,
    null: Both,
    /// Days, under the default rules.
    delay: i32,
    /// Input tables that must be configured.
    needs: Vec<&'static str>,
    source: &'static str,
    /// The example's tables as lines, then whose row is read and the value there.
    example: Vec<String>,
    row: Both,
    value: String,
}

/// The whole dictionary as Markdown.
pub fn markdown() -> Result<String> {
    Ok(markdown::page(&entries()?))
}

/// The whole dictionary as one self-contained page.
pub fn html() -> Result<String> {
    Ok(html::page(&entries()?))
}

/// Every id once, in the order of the report columns.
fn entries() -> Result<Vec<Entry>> {
    let rules = Rules::default();
    let mut dialects = dialects()?;
    let mut entries: Vec<Entry> = Vec::new();
    for metric in metrics::all() {
        let reading = reading(metric, &rules);
        if let Some(known) = entries.iter_mut().find(|entry| entry.id == metric.id) {
            known.readings.push(reading);
            continue;
        }
        let dialect = dialects.iter().position(|dialect| dialect.id == metric.id).map(|place| dialects.swap_remove(place));
        entries.push(Entry { id: &metric.id, family: metric.family, component: metric.component, readings: vec![reading], dialect });
    }
    Ok(entries)
}

fn reading(metric: &'static Metric, rules: &Rules) -> Reading {
    // A metric of several levels is one formula: what it is made of is the same at each.
    let level = metric.levels.first().copied().unwrap_or(metrics::decl::Level::Shop);
    Reading {
        name: Both::of(metric.name),
        levels: words::levels(metric),
        unit: metric.unit.name(),
        better: words::better(metric.better),
        about: Both::of(metric.about),
        formula: words::formula(metric, level, rules),
        adds: derived::adds(metric, level, rules).told(),
        null: derived::null(metric, level, rules),
        delay: metric.levels.iter().map(|level| metrics::delay(metric, *level, rules)).max().unwrap_or(0),
        needs: derived::needs(metric, level, rules),
        source: metric.source,
        example: example(metric.example.log),
        row: row(&metric.example),
        value: value(metric.example.value),
    }
}

/// Whose row of the day's report the value stands in.
fn row(example: &Example) -> Both {
    match example.agent {
        None => words::both("店铺行", "the shop's row"),
        Some(agent) => words::both(format!("客服 {agent} 行"), format!("agent {agent}'s row")),
    }
}

fn value(value: f64) -> String {
    if value.fract() == 0.0 {
        return format!("{value}");
    }
    let short = format!("{value:.4}").trim_end_matches('0').to_owned();
    if short.parse() == Ok(value) { short } else { format!("≈ {short}") }
}

/// The tables of a log that have rows: a line of columns, then the rows.
fn example(log: &'static Log) -> Vec<String> {
    let mut told = Vec::new();
    let mut table = |name: &str, columns: &str, rows: &mut dyn Iterator<Item = String>| {
        let mut rows = rows.peekable();
        if rows.peek().is_some() {
            told.push(format!("{name}: {columns}"));
            told.extend(rows.map(|row| format!("  {row}")));
        }
    };
    table("messages", "time session buyer who words", &mut log.lines.iter().map(|line| (*line).to_owned()));
    table("orders", "order buyer created paid amount quantity postage", &mut log.orders.iter().map(|line| (*line).to_owned()));
    table("visits", "visitors", &mut log.visitors.iter().map(i64::to_string));
    table("blocklist", "buyer", &mut log.blocked.iter().map(|buyer| (*buyer).to_owned()));
    for (name, lines) in log.tables {
        let mut lines = lines.iter().map(|line| (*line).to_owned());
        let columns = lines.next().unwrap_or_default();
        table(name, &columns, &mut lines);
    }
    told
}

impl Entry {
    /// What a product calls it.
    fn word(&self, product: Product) -> Option<&str> {
        self.dialect.as_ref()?.names.get(&product).map(String::as_str)
    }

    /// Every product with a word for it.
    fn words(&self) -> impl Iterator<Item = (Product, &str)> {
        Product::ALL.into_iter().filter_map(|product| Some((product, self.word(product)?)))
    }
}

struct Family<'a> {
    title: &'static str,
    entries: Vec<&'a Entry>,
}

/// Families in the order of their first metric.
fn families(entries: &[Entry]) -> Vec<Family<'_>> {
    let mut families: Vec<Family> = Vec::new();
    for entry in entries {
        match families.iter_mut().find(|family| family.title == entry.family) {
            Some(family) => family.entries.push(entry),
            None => families.push(Family { title: entry.family, entries: vec![entry] }),
        }
    }
    families
}

impl Family<'_> {
    /// The letters and the Chinese of the title: `A 接待`.
    fn short(&self) -> String {
        self.title.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// `e-g-sales-and-silent-orders`
    fn anchor(&self) -> String {
        let words = self.title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
    }
}

/// A text cut at its backticks: `(is code, text)`.
fn cut(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(place, part)| (place % 2 == 1, part)).filter(|(_, part)| !part.is_empty())
}
