//! The dictionary as pages: the committed copies, what must stand on them, and that the page is sound by itself.

/// What people write, held against the code.
mod pages;

use crate::support::company::{kefu, repository};
use crate::support::scratch::scratch;
use kefu::metrics;
use kefu::metrics::dialects::dialects;
use std::collections::BTreeSet;

fn html() -> String {
    kefu::docs::html().unwrap()
}

fn markdown() -> String {
    kefu::docs::markdown().unwrap()
}

#[test]
fn the_committed_pages_are_what_the_declarations_say() {
    for (file, page) in [("docs/metrics.md", markdown()), ("docs/metrics.html", html())] {
        let committed = std::fs::read_to_string(repository().join(file)).unwrap_or_default();
        let changed = page.lines().zip(committed.lines()).find(|(now, then)| now != then);
        assert!(page == committed, "{file} is not current: `cargo run -- docs` renews it; first change {changed:?}");
    }
}

#[test]
fn every_metric_is_on_both_pages_with_its_definition_and_a_place_to_link_to() {
    let (html, markdown) = (html(), markdown());
    for metric in metrics::all() {
        let id = &metric.id;
        assert!(html.contains(&format!("<article id=\"{id}\"")), "{id}");
        assert!(markdown.contains(&format!("<a id=\"{id}\"></a>\n\n### `{id}`")), "{id}");
        for about in [metric.about.zh, metric.about.en] {
            assert!(markdown.contains(&about.replace('<', "&lt;").replace('|', "\\|").replace('*', "\\*")), "{id}: {about}");
        }
    }
}

#[test]
fn every_dialect_names_a_declared_metric_and_is_shown() {
    let declared = metrics::all().iter().map(|metric| metric.id.as_str()).collect::<BTreeSet<_>>();
    let dialects = dialects().unwrap();
    let unknown = dialects.iter().filter(|dialect| !declared.contains(dialect.id.as_str())).map(|dialect| &dialect.id).collect::<Vec<_>>();
    assert!(unknown.is_empty(), "src/metrics/dialects.toml names what nobody declares: {unknown:?}");
    let once = dialects.iter().map(|dialect| &dialect.id).collect::<BTreeSet<_>>();
    assert_eq!(once.len(), dialects.len(), "one entry a metric");
    let page = markdown();
    for dialect in &dialects {
        assert!(!dialect.names.is_empty(), "{} has no word of any product", dialect.id);
        assert!(dialect.names.values().all(|word| page.contains(word)) && page.contains(&dialect.differs.zh), "{}", dialect.id);
    }
}

/// Tags of a page in order: `(name, attributes)`, a closing one with its slash. What stands in style and script is no markup.
fn tags(page: &str) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap_or_else(|| panic!("a tag without an end: {:.60}", &rest[start..]));
        let (name, attributes) = rest[start + 1..end].split_once(' ').unwrap_or((&rest[start + 1..end], ""));
        tags.push((name.to_owned(), attributes.to_owned()));
        let closing = format!("</{name}>");
        rest = if matches!(name, "style" | "script") { &rest[rest.find(&closing).unwrap()..] } else { &rest[end + 1..] };
    }
    tags
}

#[test]
fn the_page_is_balanced() {
    let mut open: Vec<String> = Vec::new();
    for (name, _) in tags(&html()) {
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "inside {open:?}"),
            None if matches!(name.as_str(), "!doctype" | "meta" | "input" | "br") => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_links_to_what_it_has() {
    let page = html();
    for outside in ["http:", "https:", "src=", "url(", "@import", "<link", "fetch("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let attribute = |attributes: &str, name: &str| {
        let from = format!(" {attributes}").find(&format!(" {name}=\""))? + name.len() + 2;
        attributes[from..].split('"').next().map(str::to_owned)
    };
    let tags = tags(&page);
    let ids = tags.iter().filter_map(|(_, attributes)| attribute(attributes, "id")).collect::<Vec<_>>();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id stands twice");
    for link in tags.iter().filter_map(|(_, attributes)| attribute(attributes, "href")) {
        assert!(link.strip_prefix('#').is_some_and(|id| ids.iter().any(|known| known == id)), "{link}");
    }
}

#[test]
fn pages_are_written_or_printed() {
    let folder = scratch();
    let said = |args: &[&str]| {
        let ran = kefu().arg("docs").args(args).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let out = folder.path().join("pages");
    let files = said(&["--out", out.to_str().unwrap()]);
    for (file, page) in [("metrics.md", markdown()), ("metrics.html", html())] {
        assert!(files.contains(file), "{files}");
        assert_eq!(std::fs::read_to_string(out.join(file)).unwrap(), page);
    }
    assert_eq!((said(&["--stdout"]), said(&["--out", "-", "--format", "html"])), (markdown(), html()));
}

/// The change that CONTRIBUTING.md shows is the declaration as it stands.
#[test]
fn the_metric_shown_to_contributors_is_declared_so() {
    let page = std::fs::read_to_string(repository().join("CONTRIBUTING.md")).unwrap();
    let source = std::fs::read_to_string(repository().join("src/metrics/reception.rs")).unwrap();
    let lines = page.lines().skip_while(|line| !line.starts_with("+++ b/src/metrics/reception.rs")).skip(1);
    let change = lines.take_while(|line| !line.starts_with("```")).collect::<Vec<_>>();
    assert!(change.iter().filter(|line| line.starts_with('+')).count() >= 4, "{change:?}");
    for line in change.iter().filter(|line| !line.starts_with("@@")) {
        assert!(source.contains(&line[1..]), "{line}");
    }
}
