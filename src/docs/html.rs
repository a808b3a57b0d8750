//! Prints the dictionary as one self-contained HTML page. The styles are inline, and a small filter appears if scripts are allowed.

use super::entries::{DocEntry, DocFamily, DocReading, counts, families, split_code};
use super::words::{BothLanguages, both, guide};
use crate::metrics::dialects::Product;
use std::collections::BTreeSet;

/// The metric ids to which a text can link.
type Ids<'a> = BTreeSet<&'a str>;

/// The whole page.
pub(super) fn page(entries: &[DocEntry]) -> String {
    let ids = entries.iter().map(|entry| entry.id).collect::<Ids>();
    let families = families(entries);
    let tab = |family: &DocFamily| format!("<a href=\"#{}\">{}</a>", family.anchor(), escaped(&family.short()));
    let tabs = families.iter().map(tab).collect::<String>();
    let guide = guide(counts(entries)).iter().map(|text| element("p", text)).collect::<String>();
    let contents = families.iter().map(contents).collect::<String>();
    let metrics = families.iter().map(|family| {
        let metrics = family.entries.iter().map(|entry| metric(entry, &ids)).collect::<String>();
        let (anchor, title) = (family.anchor(), escaped(family.title));
        format!("<section class=\"family\" id=\"{anchor}\">\n<h2>{title}</h2>\n{metrics}</section>\n")
    });
    let mut out = String::from("<!doctype html>\n<html lang=\"zh\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>kefu 指标字典 · Dictionary of metrics</title>\n",
    );
    out.push_str(&format!("<style>\n{}</style>\n</head>\n<body>\n", include_str!("page.css")));
    out.push_str(&header(&tabs));
    out.push_str(&format!(
        "<main>\n<section class=\"guide\">\n<h1>kefu 指标字典 · Dictionary of metrics</h1>\n{}{guide}</section>\n",
        notice()
    ));
    out.push_str(&format!("<nav class=\"contents\">\n<h2>目录 Contents</h2>\n{contents}</nav>\n"));
    out.extend(metrics);
    out.push_str(&platforms(entries));
    out.push_str(&format!("</main>\n<script>\n{}</script>\n</body>\n</html>\n", include_str!("page.js")));
    out
}

/// The notice that the page is generated.
fn notice() -> String {
    element("p", &both("本页由 `kefu docs` 生成，请勿手改。", "Made by `kefu docs`; do not edit."))
}

/// The links to the families, the choice of language, and the filter.
fn header(tabs: &str) -> String {
    let choice =
        |id: &str, label: &str, checked: &str| format!("<label><input type=\"radio\" name=\"lang\" id=\"{id}\"{checked}>{label}</label>");
    format!(
        "<header>\n<strong>kefu</strong>\n<nav>{tabs}<a href=\"#platforms\">平台叫法</a></nav>\n<fieldset>{}{}{}</fieldset>\n\
         <label id=\"find\" hidden><input type=\"search\" placeholder=\"筛选 filter\" aria-label=\"筛选 filter\"></label>\n</header>\n",
        choice("lang-both", "中·En", " checked"),
        choice("lang-zh", "中文", ""),
        choice("lang-en", "English", ""),
    )
}

/// The links to the metrics of a family.
fn contents(family: &DocFamily) -> String {
    let links = family.entries.iter().map(|entry| {
        let name = entry.readings.first().map_or("", |reading| &reading.name.zh);
        let part = if entry.component { " class=\"part\"" } else { "" };
        format!("<li{part}><a href=\"#{0}\"><code>{0}</code> {1}</a></li>\n", entry.id, escaped(name))
    });
    format!("<h3><a href=\"#{}\">{}</a></h3>\n<ul>\n{}</ul>\n", family.anchor(), escaped(family.title), links.collect::<String>())
}

/// The article of a metric.
fn metric(entry: &DocEntry, ids: &Ids) -> String {
    let names = entry.readings.iter().flat_map(|reading| [&reading.name.zh, &reading.name.en]).map(String::as_str);
    let words = names.chain(entry.words().map(|(_, word)| word)).chain([entry.id]).collect::<BTreeSet<_>>();
    let words = words.into_iter().collect::<Vec<_>>().join(" ").to_lowercase();
    let title = entry.readings.first().map_or_else(String::new, |reading| spans(&reading.name, ids));
    let part = if entry.component { " <span class=\"badge\">部件 part</span>" } else { "" };
    let readings = entry.readings.iter().map(|reading| reading_text(reading, ids)).collect::<String>();
    format!(
        "<article id=\"{id}\" data-words=\"{}\">\n<h3><a href=\"#{id}\"><code>{id}</code></a> {title}{part}</h3>\n{readings}{}</article>\n",
        escaped(&words),
        elsewhere(entry),
        id = entry.id,
    )
}

/// The text of one declaration of a metric.
fn reading_text(reading: &DocReading, ids: &Ids) -> String {
    let DocReading { levels, unit, better, delay, needs, source, value, row, .. } = reading;
    let levels = levels.iter().map(|level| format!("<span class=\"badge\">{level}</span>")).collect::<String>();
    let needs = needs.iter().map(|table| format!("<code>{table}</code>")).collect::<Vec<_>>().join(" ");
    let fact = |what: BothLanguages, value: String| format!("<span>{} {value}</span> ", spans(&what, ids));
    let facts = [
        fact(both("单位", "unit"), format!("<b>{unit}</b>")),
        fact(both("延迟", "delay"), format!("<b>{delay}</b> d")),
        format!("<span>{}</span> ", spans(better, ids)),
        fact(both("输入", "input"), needs),
    ];
    let facts = format!("<p class=\"facts\"><span>{levels}</span> {}</p>\n", facts.concat());
    let say = |what: BothLanguages, text: &BothLanguages| format!("<dt>{}</dt>\n<dd>{}</dd>\n", spans(&what, ids), blocks(text, ids));
    let terms = [
        say(both("定义", "Definition"), &reading.about),
        say(both("公式", "Formula"), &reading.formula),
        say(both("汇总", "Rolls up"), &reading.additivity),
        say(both("空值", "Null"), &reading.null),
        format!("<dt>{}</dt>\n<dd>{}</dd>\n", spans(&both("出处", "Source"), ids), escaped(source)),
    ];
    let example = reading.example.iter().map(|line| format!("{}\n", escaped(line))).collect::<String>();
    let row = spans(row, ids);
    format!("{facts}<dl>\n{}</dl>\n<pre>{example}→ {row}: <b>{value}</b></pre>\n", terms.concat())
}

/// What other products call the metric, and how theirs differs.
fn elsewhere(entry: &DocEntry) -> String {
    let Some(dialect) = &entry.dialect else { return String::new() };
    let words = entry.words().map(|(product, word)| format!("<li>{} <b>{}</b></li>", product.name()[0], escaped(word))).collect::<String>();
    let differs = both(dialect.differs.zh.as_str(), dialect.differs.en.as_str());
    format!("<div class=\"elsewhere\">\n<ul>{words}</ul>\n{}</div>\n", element("p", &differs))
}

/// The table of what other products call each metric.
fn platforms(entries: &[DocEntry]) -> String {
    let head = Product::ALL.map(|product| {
        let [zh, en] = product.name();
        if zh == en { format!("<th>{zh}</th>") } else { format!("<th>{zh}<br><small>{}</small></th>", escaped(en)) }
    });
    let rows = entries.iter().filter(|entry| entry.dialect.is_some()).map(|entry| {
        let words = Product::ALL.map(|product| format!("<td>{}</td>", escaped(entry.word(product).unwrap_or_default())));
        let name = entry.readings.first().map_or("", |reading| &reading.name.zh);
        format!("<tr><th><a href=\"#{0}\">{1}<br><code>{0}</code></a></th>{2}</tr>\n", entry.id, escaped(name), words.concat())
    });
    format!(
        "<section id=\"platforms\">\n<h2>平台叫法 What other products call it</h2>\n<div class=\"wide\">\n<table>\n<thead>\n<tr><th>指标 metric</th>{}</tr>\n</thead>\n<tbody>\n{}</tbody>\n</table>\n</div>\n</section>\n",
        head.concat(),
        rows.collect::<String>()
    )
}

/// One element per language.
fn element(tag: &str, text: &BothLanguages) -> String {
    let ids = Ids::new();
    format!(
        "<{tag} class=\"zh\" lang=\"zh\">{}</{tag}>\n<{tag} class=\"en\" lang=\"en\">{}</{tag}>\n",
        rich(&text.zh, &ids),
        rich(&text.en, &ids)
    )
}

/// The two languages side by side. A text that is the same in both is printed once.
fn blocks(text: &BothLanguages, ids: &Ids) -> String {
    if text.zh == text.en {
        return rich(&text.zh, ids);
    }
    format!("<div class=\"zh\" lang=\"zh\">{}</div><div class=\"en\" lang=\"en\">{}</div>", rich(&text.zh, ids), rich(&text.en, ids))
}

/// The two languages inline.
fn spans(text: &BothLanguages, ids: &Ids) -> String {
    format!("<span class=\"zh\" lang=\"zh\">{}</span> <span class=\"en\" lang=\"en\">{}</span>", rich(&text.zh, ids), rich(&text.en, ids))
}

/// Text with its code. Code that is the id of a metric links to the metric.
fn rich(text: &str, ids: &Ids) -> String {
    let part = |(code, part): (bool, &str)| match code {
        false => escaped(part),
        true if ids.contains(part) => format!("<a href=\"#{part}\"><code>{part}</code></a>"),
        true => format!("<code>{}</code>", escaped(part)),
    };
    split_code(text).map(part).collect()
}

/// Escapes text for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
