//! The entries of the dictionary (指标字典): everything that its pages say of a metric, gathered once and then printed as Markdown and HTML.
//! Nothing depends on a run, so the same declarations give the same bytes.

use super::derived;
use super::words;
use super::words::BothLanguages;
use crate::error::Result;
use crate::metrics;
use crate::metrics::declaration::Metric;
use crate::metrics::dialects::{Dialect, Product, dialects};
use crate::metrics::examples::{Example, Log};
use kefu_kernel::rules::Rules;

/// One metric id: its declarations, and what other products call it.
pub(super) struct DocEntry {
    /// The id, which is the name of the report column.
    pub(super) id: &'static str,
    /// The title of its family.
    pub(super) family: &'static str,
    /// Whether it is published only as a part of other metrics.
    pub(super) component: bool,
    /// One reading per declaration of the id: one for all levels, or several if the levels differ.
    pub(super) readings: Vec<DocReading>,
    /// What other products call it.
    pub(super) dialect: Option<Dialect>,
}

/// One declaration of a metric, as text for a reader.
pub(super) struct DocReading {
    pub(super) name: BothLanguages,
    /// The letters of its levels: `S`, `A`, `T`.
    pub(super) levels: Vec<&'static str>,
    pub(super) unit: &'static str,
    pub(super) better: BothLanguages,
    pub(super) about: BothLanguages,
    pub(super) formula: BothLanguages,
    /// How values roll up.
    pub(super) additivity: BothLanguages,
    /// When the value is null.
    pub(super) null: BothLanguages,
    /// Days after the end of a period until its value is final, under the default rules.
    pub(super) delay: i32,
    /// Input tables that must be configured.
    pub(super) needs: Vec<&'static str>,
    pub(super) source: &'static str,
    /// The input tables of the worked example as lines, the report row that is read, and the value in it.
    pub(super) example: Vec<String>,
    pub(super) row: BothLanguages,
    pub(super) value: String,
}

/// Every metric id once, in the order of the report columns. Errors: the file of other products' names cannot be parsed.
pub(super) fn entries() -> Result<Vec<DocEntry>> {
    let rules = Rules::default();
    let mut dialects = dialects()?;
    let mut entries: Vec<DocEntry> = Vec::new();
    for metric in metrics::all() {
        let reading = reading(metric, &rules);
        if let Some(known) = entries.iter_mut().find(|entry| entry.id == metric.id) {
            known.readings.push(reading);
            continue;
        }
        let dialect = dialects.iter().position(|dialect| dialect.id == metric.id).map(|place| dialects.swap_remove(place));
        entries.push(DocEntry { id: &metric.id, family: metric.family, component: metric.component, readings: vec![reading], dialect });
    }
    Ok(entries)
}

/// The text of a declaration.
fn reading(metric: &'static Metric, rules: &Rules) -> DocReading {
    // A declaration for several levels has one formula, so any of its levels gives the same text.
    let level = metric.levels.first().copied().unwrap_or(crate::model::Level::Shop);
    DocReading {
        name: BothLanguages::of(metric.name),
        levels: words::levels(metric),
        unit: metric.unit.name(),
        better: words::better(metric.better),
        about: BothLanguages::of(metric.about),
        formula: words::formula(metric, level, rules),
        additivity: derived::additivity(metric, level, rules).describe(),
        null: derived::null(metric, level, rules),
        delay: metric.levels.iter().map(|level| metrics::delay(metric, *level, rules)).max().unwrap_or(0),
        needs: derived::needs(metric, level, rules),
        source: metric.source,
        example: example(metric.example.log),
        row: row(&metric.example),
        value: value(metric.example.value),
    }
}

/// The report row that contains the value.
fn row(example: &Example) -> BothLanguages {
    let period = if example.period == "day" { String::new() } else { format!(" ({})", example.period) };
    match example.agent {
        None => words::both(format!("店铺行{period}"), format!("the shop's row{period}")),
        Some(agent) => words::both(format!("客服 {agent} 行{period}"), format!("agent {agent}'s row{period}")),
    }
}

/// A value with up to four decimals, after ≈ if it is rounded.
fn value(value: f64) -> String {
    if value.fract() == 0.0 {
        return format!("{value}");
    }
    let short = format!("{value:.4}").trim_end_matches('0').to_owned();
    if short.parse() == Ok(value) { short } else { format!("≈ {short}") }
}

/// The input tables of an example that have rows: a line with the columns, then the rows.
fn example(log: &'static Log) -> Vec<String> {
    let mut text = Vec::new();
    let mut table = |name: &str, columns: &str, rows: &mut dyn Iterator<Item = String>| {
        let mut rows = rows.peekable();
        if rows.peek().is_some() {
            text.push(format!("{name}: {columns}"));
            text.extend(rows.map(|row| format!("  {row}")));
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
    text
}

impl DocEntry {
    /// What a product calls the metric, if it has a word for it.
    pub(super) fn word(&self, product: Product) -> Option<&str> {
        self.dialect.as_ref()?.names.get(&product).map(String::as_str)
    }

    /// Every product that has a word for the metric, with the word.
    pub(super) fn words(&self) -> impl Iterator<Item = (Product, &str)> {
        Product::ALL.into_iter().filter_map(|product| Some((product, self.word(product)?)))
    }
}

/// The metrics of a family.
pub(super) struct DocFamily<'a> {
    pub(super) title: &'static str,
    pub(super) entries: Vec<&'a DocEntry>,
}

/// Groups entries by family, in the order of the first metric of each.
pub(super) fn families(entries: &[DocEntry]) -> Vec<DocFamily<'_>> {
    let mut families: Vec<DocFamily> = Vec::new();
    for entry in entries {
        match families.iter_mut().find(|family| family.title == entry.family) {
            Some(family) => family.entries.push(entry),
            None => families.push(DocFamily { title: entry.family, entries: vec![entry] }),
        }
    }
    families
}

impl DocFamily<'_> {
    /// The letters and the Chinese part of the title, such as `A 接待`.
    pub(super) fn short(&self) -> String {
        self.title.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// The anchor of the family, such as `e-g-sales-and-silent-orders`.
    pub(super) fn anchor(&self) -> String {
        let words = self.title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
    }
}

/// The number of metrics, and the number of parts.
pub(super) fn counts(entries: &[DocEntry]) -> (usize, usize) {
    let parts = entries.iter().filter(|entry| entry.component).count();
    (entries.len() - parts, parts)
}

/// Splits a text at its backticks into pieces `(is_code, text)`.
pub(super) fn split_code(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(place, part)| (place % 2 == 1, part)).filter(|(_, part)| !part.is_empty())
}
