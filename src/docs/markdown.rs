//! Prints the dictionary as Markdown: a section for each metric, then a table of what other products call it.

use super::entries::{DocEntry, DocReading, counts, families, split_code};
use super::words::{BothLanguages, guide};
use crate::metrics::dialects::Product;

/// The whole page.
pub(super) fn page(entries: &[DocEntry]) -> String {
    let families = families(entries);
    let mut lines = vec!["# kefu 指标字典 · Dictionary of metrics".to_owned(), String::new()];
    lines.push("Made by `kefu docs` from the declarations; do not edit. 由 `kefu docs` 生成，请勿手改。".to_owned());
    for BothLanguages { zh, en } in guide(counts(entries)) {
        lines.extend([String::new(), zh, String::new(), en]);
    }
    lines.extend([String::new(), "## 目录 Contents".to_owned(), String::new()]);
    for family in &families {
        let ids = family.entries.iter().map(|entry| link(entry.id)).collect::<Vec<_>>();
        lines.push(format!("- [{}](#{}): {}", family.title, family.anchor(), ids.join(", ")));
    }
    lines.push("- [平台叫法 What other products call it](#platforms)".to_owned());
    for family in &families {
        lines.extend([String::new(), anchor(&family.anchor()), format!("## {}", family.title)]);
        family.entries.iter().for_each(|entry| metric(entry, &mut lines));
    }
    platforms(entries, &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

/// An anchor to link to.
fn anchor(id: &str) -> String {
    format!("<a id=\"{id}\"></a>\n")
}

/// A link to a metric.
fn link(id: &str) -> String {
    format!("[`{id}`](#{id})")
}

/// The section of a metric.
fn metric(entry: &DocEntry, lines: &mut Vec<String>) {
    let part = if entry.component { " （部件 part）" } else { "" };
    let name = entry.readings.first().map(|reading| format!(" {} · {}", reading.name.zh, reading.name.en)).unwrap_or_default();
    lines.extend([String::new(), anchor(entry.id), format!("### `{}`{}{part}", entry.id, escaped(&name))]);
    for reading in &entry.readings {
        reading_text(reading, lines);
    }
    if let Some(dialect) = &entry.dialect {
        let words = entry.words().map(|(product, word)| format!("{} “{}”", product.name()[0], escaped(word)));
        lines.extend([String::new(), format!("平台叫法 Elsewhere: {}", words.collect::<Vec<_>>().join("; "))]);
        lines.extend([
            String::new(),
            format!("- 区别：{}", escaped(&dialect.differs.zh)),
            format!("- Difference: {}", escaped(&dialect.differs.en)),
        ]);
    }
}

/// The text of one declaration of a metric.
fn reading_text(reading: &DocReading, lines: &mut Vec<String>) {
    let DocReading { levels, unit, better, delay, needs, source, value, row, .. } = reading;
    let (levels, needs) = (levels.join(" "), needs.join(", "));
    lines.extend([
        String::new(),
        format!(
            "层级 levels **{levels}** · 单位 unit **{unit}** · 延迟 delay **{delay}** d · {} {} · 输入 input {needs}",
            better.zh, better.en
        ),
    ]);
    lines.extend([String::new(), "| | 中文 | English |".to_owned(), "|---|---|---|".to_owned()]);
    let mut say = |what: &str, text: &BothLanguages| lines.push(format!("| {what} | {} | {} |", escaped(&text.zh), escaped(&text.en)));
    say("名称 name", &reading.name);
    say("定义 definition", &reading.about);
    say("公式 formula", &reading.formula);
    say("汇总 rolls up", &reading.additivity);
    say("空值 null", &reading.null);
    lines.extend([String::new(), format!("出处 Source: {}", escaped(source)), String::new(), "```text".to_owned()]);
    lines.extend(reading.example.iter().cloned());
    lines.extend([format!("→ {} {}: {value}", row.zh, row.en), "```".to_owned()]);
}

/// The table of what other products call each metric.
fn platforms(entries: &[DocEntry], lines: &mut Vec<String>) {
    lines.extend([String::new(), anchor("platforms"), "## 平台叫法 What other products call it".to_owned(), String::new()]);
    let names = Product::ALL.map(|product| {
        let [zh, en] = product.name();
        if zh == en { zh.to_owned() } else { format!("{zh} {en}") }
    });
    lines.push(format!("| 指标 metric | {} |", names.join(" | ")));
    lines.push("|---".repeat(names.len() + 1) + "|");
    for entry in entries.iter().filter(|entry| entry.dialect.is_some()) {
        let words = Product::ALL.map(|product| escaped(entry.word(product).unwrap_or_default()));
        let name = entry.readings.first().map_or("", |reading| &reading.name.zh);
        lines.push(format!("| {} {} | {} |", link(entry.id), escaped(name), words.join(" | ")));
    }
}

/// Escapes text for a cell of a Markdown table. Within code only `|` has to be escaped.
fn escaped(text: &str) -> String {
    let part = |(code, part): (bool, &str)| {
        let cell = part.replace('|', "\\|");
        if code { format!("`{cell}`") } else { cell.replace('<', "&lt;").replace('*', "\\*") }
    };
    split_code(text).map(part).collect()
}
