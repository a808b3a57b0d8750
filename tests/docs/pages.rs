//! The pages that people write, held against the code: counts, commands, settings, exit codes, and the files they name.

use crate::support::company::repository;
use clap::CommandFactory;
use kefu::config::{Overrides, Plan};
use kefu::error::{Error, Kind};
use kefu::metrics;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A text by its path in the repository.
struct Page {
    name: String,
    text: String,
}

fn read(name: &str) -> Page {
    let text = std::fs::read_to_string(repository().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    Page { name: name.to_owned(), text }
}

/// Everything below a folder that is committed, folders too, as paths in the repository.
fn below(folder: &str) -> Vec<String> {
    let is_made = |name: &str| matches!(name, ".git" | "target" | "out" | "artifacts" | ".venv" | "data" | "__pycache__");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            // `src/config/judgement` is committed; the folders of that name that benchmarks fill are not.
            if !is_made(&name) || path.starts_with("src/") {
                found.extend(below(&path));
                found.push(path);
            }
        } else {
            found.push(path);
        }
    }
    found
}

fn files(folder: &str, endings: &[&str]) -> impl Iterator<Item = String> {
    let is_wanted = |path: &String| repository().join(path).is_file() && endings.iter().any(|ending| path.ends_with(ending));
    below(folder).into_iter().filter(is_wanted)
}

/// The pages for users and contributors, the pipelines, and the files for schedulers.
fn pages() -> Vec<Page> {
    let named = ["README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md", "sample_data/README.md", "src/metrics/DECISIONS.md"];
    let named = named.into_iter().chain(["src/config/presets/README.md"]).map(str::to_owned);
    let names = named.chain(files("docs", &[".md"])).chain(files("pipelines", &[".toml"])).chain(files("deploy", &[""]));
    names.filter(|name| !name.ends_with(".pyc")).map(|name| read(&name)).collect()
}

/// What stands in single backticks, fenced blocks left out.
fn spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split("\n\n")).flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2)).collect()
}

fn commands() -> BTreeSet<String> {
    kefu::cli::Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// The part of a page from a heading to the next.
fn section<'a>(page: &'a Page, heading: &str) -> &'a str {
    let start = page.text.find(heading).unwrap_or_else(|| panic!("{}: no {heading}", page.name));
    let rest = &page.text[start + heading.len()..];
    rest.split("\n## ").next().unwrap()
}

// ---- counts -----------------------------------------------------------------------------------

/// The whole numbers that stand directly before a word.
fn numbers_before(text: &str, word: &str) -> Vec<usize> {
    let number = |at: usize| {
        let before = text[..at].trim_end_matches(' ');
        let digits =
            before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |place| place + before[place..].chars().next().unwrap().len_utf8());
        before[digits..].parse().ok()
    };
    text.match_indices(word).filter_map(|(at, _)| number(at)).collect()
}

/// Metrics and parts, each id once, as the dictionary shows them.
fn declared() -> (usize, usize) {
    let mut ids: BTreeMap<&str, bool> = BTreeMap::new();
    for metric in metrics::all() {
        ids.entry(&metric.id).or_insert(metric.component);
    }
    let parts = ids.values().filter(|component| **component).count();
    (ids.len() - parts, parts)
}

#[test]
fn a_page_counts_the_metrics_that_are_declared() {
    let (metrics, parts) = declared();
    for (name, words) in
        [("README.md", [" metrics", " parts"]), ("CHANGELOG.md", [" metrics", " parts"]), ("README.zh.md", ["个指标", "个部件"])]
    {
        for (word, count) in words.into_iter().zip([metrics, parts]) {
            let said = numbers_before(&read(name).text, word);
            assert!(!said.is_empty() && said.iter().all(|said| *said == count), "{name} says {said:?}{word}; {count} are declared");
        }
    }
    let families = metrics::all().iter().map(|metric| metric.family).collect::<BTreeSet<_>>().len();
    assert_eq!(numbers_before(&read("CHANGELOG.md").text, " families"), [families]);
}

// ---- commands ---------------------------------------------------------------------------------

#[test]
fn every_command_stands_on_the_front_pages() {
    let commands = commands();
    for name in ["README.md", "README.zh.md"] {
        let page = read(name);
        let shown = page.text.split("```").skip(1).step_by(2).filter(|block| block.starts_with("sh\n")).collect::<String>();
        let missing = commands.iter().filter(|command| !shown.contains(&format!("\nkefu {command} "))).collect::<Vec<_>>();
        let missing = missing.into_iter().filter(|command| !shown.contains(&format!("\nkefu {command}\n"))).collect::<Vec<_>>();
        assert!(missing.is_empty(), "{name} does not show {missing:?}");
    }
    let changelog = read("CHANGELOG.md");
    let row = changelog.text.lines().find(|line| line.starts_with("| commands |")).unwrap();
    assert_eq!(spans(row).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), commands);
}

#[test]
fn a_command_or_an_option_that_a_page_names_is_there() {
    let root = kefu::cli::Cli::command();
    let commands = commands();
    let arguments = root.get_subcommands().flat_map(clap::Command::get_arguments).chain(root.get_arguments());
    let options = arguments.filter_map(|argument| argument.get_long()).chain(["help", "version"]).collect::<BTreeSet<_>>();
    for page in pages().iter().filter(|page| page.name.ends_with(".md")) {
        for span in spans(&page.text) {
            let mut words = span.split_whitespace();
            if let (Some("kefu"), Some(command)) = (words.next(), words.next()) {
                let known = command.starts_with('-') || commands.contains(command);
                assert!(known, "{}: `{span}` is no command", page.name);
            }
            if let Some(option) = span.strip_prefix("--") {
                let option = option.split([' ', '=']).next().unwrap();
                assert!(options.contains(option), "{}: `{span}` is no option", page.name);
            }
        }
    }
}

/// A clause ends where another thing may be spoken of.
const CLAUSE_ENDS: [&str; 11] = [". ", ": ", ", ", "; ", "- ", "(", "|", "。", "：", "；", "，"];
const DENIALS: [&str; 8] = ["no", "not", "cannot", "without", "lacks", "nor", "never", "neither"];
const DENIALS_ZH: [&str; 6] = ["没有", "不支持", "不能", "尚无", "不提供", "缺少"];

/// Commands that a text says are not there: a denial stands before the name, or before the list that it is in.
fn denied(text: &str, commands: &BTreeSet<String>) -> Vec<String> {
    let text = text.replace('\n', " ");
    let pieces = text.split('`').collect::<Vec<_>>();
    let mut denied = Vec::new();
    for place in (1..pieces.len()).step_by(2) {
        if !commands.contains(pieces[place].trim_start_matches("kefu ")) {
            continue;
        }
        // Back over `a`, `b` or …, to the words before the list.
        let mut start = place - 1;
        while start >= 2 && [",", "or", ", or", "and", ", and", "、", "和", "或", "与"].contains(&pieces[start].trim()) {
            start -= 2;
        }
        let before = pieces[start];
        let clause = CLAUSE_ENDS.iter().filter_map(|end| Some(before.rfind(end)? + end.len())).max().map_or(before, |at| &before[at..]);
        let says = clause.split_whitespace().any(|word| DENIALS.contains(&word.to_lowercase().as_str()));
        if says || DENIALS_ZH.iter().any(|word| clause.contains(word)) {
            denied.push(format!("{clause}`{}`", pieces[place]));
        }
    }
    denied
}

#[test]
fn no_page_denies_a_command_that_is_there() {
    let commands = commands();
    for page in pages() {
        let paragraphs = page.text.split("```").step_by(2).flat_map(|prose| prose.split("\n\n"));
        let denied = paragraphs.flat_map(|paragraph| denied(paragraph, &commands)).collect::<Vec<_>>();
        assert!(denied.is_empty(), "{}: {denied:?}", page.name);
    }
    let cases = [
        ("- No `plan`, `status` or\n`verify`. Late", 3),
        ("目前没有 `plan`、`status`。", 2),
        ("It does not have `kefu plan` yet", 1),
        ("There is no disk, so `run`", 0),
    ];
    for (text, count) in cases {
        assert_eq!(denied(text, &commands).len(), count, "{text}");
    }
}

// ---- exit codes -------------------------------------------------------------------------------

fn exit_codes() -> BTreeSet<u8> {
    use Kind::{Config, Failed, Interrupted, NotReady, Refused, Usage};
    // A kind that is added does not compile here until it is listed.
    let code = |kind| match kind {
        Usage | Config | Refused | NotReady | Failed | Interrupted(_) => Error::new(kind, "").exit_code(),
    };
    let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM].map(Interrupted);
    [Usage, Config, Refused, NotReady, Failed].into_iter().chain(signals).map(code).chain([0]).collect()
}

fn numbers(text: &str) -> impl Iterator<Item = u8> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok())
}

#[test]
fn the_exit_codes_of_the_pages_are_those_of_the_errors() {
    // A table of exit codes: from its head to the line that is no row.
    let table = |name: &str, head: &str| {
        let page = read(name);
        let rows = page.text.lines().skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with('|'));
        rows.flat_map(|row| numbers(row.split('|').nth(1).unwrap()).collect::<Vec<_>>()).collect::<BTreeSet<_>>()
    };
    let codes = exit_codes();
    assert_eq!(table("README.md", "| exit code |"), codes);
    assert_eq!(table("README.zh.md", "| 退出码 |"), codes);
    // SIGKILL ends a process that says nothing: 137 is on call's, not ours.
    assert_eq!(table("docs/operations.md", "| exit |"), codes.iter().copied().chain([137]).collect());
    let help = kefu::cli::Cli::command().get_after_help().unwrap().to_string();
    let leading = help.split([':', '·']).skip(1).flat_map(|part| numbers(part.trim().split(' ').next().unwrap()).collect::<Vec<_>>());
    assert_eq!(leading.collect::<BTreeSet<_>>(), codes, "{help}");
}

// ---- settings ---------------------------------------------------------------------------------

fn job(text: &str) -> kefu::error::Result<Plan> {
    Plan::from_text(&repository().join("pipelines/p.toml"), text, &Overrides::default())
}

/// The keys of a section, which its reader lists when it meets one that it does not know; none where the key holds a value.
fn keys(section: &[String]) -> Option<Vec<String>> {
    let head = if section.is_empty() { String::new() } else { format!("[{}]\n", section.join(".")) };
    let error = job(&format!("{head}no_such_key = 1\n")).err().unwrap();
    let listed = error.message().strip_prefix("unknown field `no_such_key`, expected ")?;
    Some(listed.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Every setting by its path; those of a source, which all tables share, once.
#[derive(Default)]
struct Settings {
    tables: Vec<String>,
    of_sources: BTreeSet<String>,
    others: Vec<Vec<String>>,
}

fn settings() -> Settings {
    let mut found = Settings::default();
    let mut sections = vec![Vec::new()];
    while let Some(section) = sections.pop() {
        for key in keys(&section).unwrap() {
            let path = [section.clone(), vec![key.clone()]].concat();
            match keys(&path) {
                Some(keys) if keys.iter().any(|key| key == "path") => {
                    found.tables.push(key);
                    found.of_sources.extend(keys);
                }
                Some(_) => sections.push(path),
                None => found.others.push(path),
            }
        }
    }
    found
}

/// What a pipeline file's line says that shows an example of a setting, and not its default.
const EXAMPLE: &str = "off by default";

/// nightly.toml with the settings that its comments show, with or without those that are examples.
fn shown(with_examples: bool) -> String {
    let is_shown = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
    let line = |line: &str| match line.strip_prefix('#').filter(|line| is_shown(line)) {
        Some(setting) if with_examples || !setting.contains(EXAMPLE) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    read("pipelines/nightly.toml").text.lines().map(line).collect()
}

fn value<'a>(table: &'a toml::Table, path: &[String]) -> Option<&'a toml::Value> {
    let (key, rest) = path.split_first()?;
    let value = table.get(key)?;
    if rest.is_empty() { Some(value) } else { self::value(value.as_table()?, rest) }
}

#[test]
fn every_setting_stands_in_the_nightly_pipeline() {
    let settings = settings();
    assert!(settings.tables.len() >= 14 && settings.of_sources.len() >= 10 && settings.others.len() >= 40);
    let (nightly, file) = (shown(true).parse::<toml::Table>().unwrap(), read("pipelines/nightly.toml"));
    // The keys of sources stand once, between the head of the inputs and the first of them.
    let inputs = file.text.lines().skip_while(|line| !line.starts_with("# ---- Inputs")).take_while(|line| !line.starts_with('['));
    let of_sources = inputs.filter_map(|line| line.strip_prefix("#   ")?.split_once(" = "));
    let of_sources =
        of_sources.map(|(key, _)| key.split('.').next().unwrap().to_owned()).chain(["path".to_owned()]).collect::<BTreeSet<_>>();
    let tables = settings.tables.iter().filter(|table| !nightly.get(*table).is_some_and(toml::Value::is_table)).cloned();
    let others = settings.others.iter().filter(|path| value(&nightly, path).is_none()).map(|path| path.join("."));
    let missing = tables.chain(settings.of_sources.difference(&of_sources).cloned()).chain(others).collect::<Vec<_>>();
    assert!(missing.is_empty(), "pipelines/nightly.toml does not show {missing:?}");
}

#[test]
fn a_setting_that_a_comment_shows_is_at_its_default() {
    let [bare, shown] = [read("pipelines/nightly.toml").text, shown(false)].map(|text| format!("{:#?}", job(&text).ok().unwrap().config));
    let changed = bare.lines().zip(shown.lines()).find(|(bare, shown)| bare != shown);
    assert!(bare == shown, "pipelines/nightly.toml shows another value than the default: {changed:?}");
}

/// A value as the table of rules writes it.
fn written(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) if values.is_empty() => "none".to_owned(),
        toml::Value::Array(values) => values.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[test]
fn every_rule_stands_in_the_semantics_with_its_default() {
    let page = read("docs/semantics.md");
    let rows = section(&page, "\n## §9 ").lines().filter(|line| line.starts_with("| ") && line.contains('§')).collect::<Vec<_>>();
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for cells in rows.iter().map(|row| row.split('|').map(str::trim).collect::<Vec<_>>()) {
        for (rules, default) in [(1, 2), (5, 6)].map(|(rules, default)| (cells[rules], cells[default])) {
            told.extend(spans(rules).into_iter().map(|rule| (rule.to_owned(), default.replace('`', ""))));
        }
    }
    let defaults = shown(false).parse::<toml::Table>().unwrap();
    let rules = keys(&["rules".to_owned()]).unwrap();
    for rule in &rules {
        let default = value(&defaults, &["rules".to_owned(), rule.clone()]).map_or("none".to_owned(), written);
        let default = if rule == "preset" { "by platform" } else { &default };
        let told = told.get(rule).unwrap_or_else(|| panic!("docs/semantics.md §9 does not list `{rule}`"));
        assert!(told.starts_with(default), "docs/semantics.md §9: `{rule}` is {told}, its default is {default}");
    }
    let unknown = told.keys().filter(|told| !rules.contains(told)).collect::<Vec<_>>();
    assert!(unknown.is_empty(), "docs/semantics.md §9 lists {unknown:?}");
}

#[test]
fn the_settings_of_privacy_and_caps_stand_on_their_pages() {
    for (name, section) in [("docs/privacy.md", &["privacy"] as &[&str]), ("docs/input.md", &["quality", "caps"])] {
        let section = section.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let text = read(name).text;
        let missing = keys(&section).unwrap().into_iter().filter(|key| !text.contains(key)).collect::<Vec<_>>();
        assert!(missing.is_empty(), "{name} does not mention {missing:?}");
    }
}

/// Of the environment: each variable that an option takes is told of, and each that a page tells of is read.
#[test]
fn the_variables_are_told_of() {
    let root = kefu::cli::Cli::command();
    let arguments = root.get_subcommands().flat_map(clap::Command::get_arguments).chain(root.get_arguments());
    let read_by_options = arguments.filter_map(|argument| argument.get_env()?.to_str()).collect::<BTreeSet<_>>();
    for front in ["README.md", "README.zh.md"] {
        let told = format!("{}{}", read(front).text, read("docs/operations.md").text);
        let missing = read_by_options.iter().filter(|variable| !told.contains(&format!("`{variable}`"))).collect::<Vec<_>>();
        assert!(missing.is_empty(), "neither {front} nor docs/operations.md tells of {missing:?}");
    }
    let code = files("src", &[".rs"]).chain(files("tests", &[".rs", ".sh"])).map(|name| read(&name).text).collect::<String>();
    for page in pages() {
        let words = page.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        // A name that a page makes up, in [privacy] buyer_key_env.
        let told = words.filter(|word| word.starts_with("KEFU_") && word.len() > 5 && *word != "KEFU_BUYER_KEY");
        let unknown = told.filter(|word| !code.contains(word)).collect::<Vec<_>>();
        assert!(unknown.is_empty(), "{}: nothing reads {unknown:?}", page.name);
    }
}

// ---- files ------------------------------------------------------------------------------------

/// Words of a text that may be paths.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_./=*{}<>%$~@+-".contains(c);
    let words = text.split(move |c: char| !is_part(c)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| {
        !word.starts_with('/') && !word.contains("//") && word.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
    })
}

#[test]
fn a_file_or_folder_that_a_page_names_is_there() {
    let all = below("");
    let folders = all.iter().filter(|path| !path.contains('/') && repository().join(path).is_dir()).collect::<BTreeSet<_>>();
    for page in pages() {
        let own = Path::new(&page.name).parent().unwrap();
        let exists = |path: &str| ["".as_ref(), own, "docs".as_ref()].iter().any(|base| repository().join(base).join(path).exists());
        let ends = |path: &str| all.iter().any(|known| known == path || known.ends_with(&format!("/{path}")));
        // The heads of a diff name two sides.
        let lines = page.text.lines().filter(|line| !line.starts_with("--- ") && !line.starts_with("+++ "));
        for word in lines.flat_map(words) {
            let top = word.split_once('/').map(|(top, _)| top.to_owned());
            let is_path = top.is_some_and(|top| folders.contains(&top));
            let is_file = word.len() > 3 && (word.ends_with(".rs") || word.ends_with(".md"));
            let is_there = if is_path { exists(word) } else { !is_file || exists(word) || ends(word) };
            assert!(is_there, "{} names {word}, which is not in the repository", page.name);
        }
    }
    let contributing = read("CONTRIBUTING.md");
    for folder in spans(&contributing.text).into_iter().filter(|span| span.ends_with('/')) {
        assert!(["", "src"].iter().any(|base| repository().join(base).join(folder).is_dir()), "CONTRIBUTING.md names {folder}");
    }
}

/// A heading as the address of a link: what is no letter, digit, space or hyphen goes, spaces become hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Where a link can lead to in a page: its headings, and the places that it names.
fn anchors(text: &str) -> BTreeSet<String> {
    let named = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    named.chain(text.lines().filter(|line| line.starts_with('#')).map(anchor)).collect()
}

#[test]
fn a_link_leads_to_a_file_and_a_heading() {
    let mut known: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for page in pages().iter().filter(|page| page.name.ends_with(".md")) {
        let own = Path::new(&page.name).parent().unwrap().to_owned();
        let links = page.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
            let target = if path.is_empty() { PathBuf::from(&page.name) } else { own.join(path) };
            assert!(repository().join(&target).exists(), "{}: {link} leads nowhere", page.name);
            let Some(heading) = heading else { continue };
            let anchors = known.entry(target).or_insert_with_key(|target| anchors(&read(target.to_str().unwrap()).text));
            assert!(anchors.contains(heading), "{}: {link}: no such heading", page.name);
        }
    }
}

/// How a text speaks of a page that is not in the repository.
const HIDDEN: [&str; 4] = ["the design", "design/", "设计定为", "取自设计"];

/// Numbers that stand directly after a word.
fn numbers_after<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = u32> + 'a {
    text.match_indices(word).filter_map(move |(at, _)| text[at + word.len()..].split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

/// Pages and code cite sections of the semantics, decisions by number, and no page that nobody can read.
#[test]
fn what_is_cited_can_be_read() {
    let (semantics, decisions) = (read("docs/semantics.md").text, read("src/metrics/DECISIONS.md").text);
    let sections = numbers_after(&semantics, "\n## §").collect::<BTreeSet<_>>();
    let decided = numbers_after(&decisions, "\n## ").collect::<BTreeSet<_>>();
    assert!(sections.len() >= 13 && decided.len() >= 52);
    let code = files("src", &[".rs", ".toml", ".md"]).map(|name| read(&name));
    for page in pages().into_iter().chain(code) {
        let Page { name, text } = page;
        let lost = numbers_after(&text, "§").find(|number| !sections.contains(number));
        assert!(lost.is_none(), "{name} cites §{} of docs/semantics.md, which is not there", lost.unwrap());
        let mut cited = ["DECISIONS #", "decision ", "Decision "].into_iter().flat_map(|word| numbers_after(&text, word));
        let lost = cited.find(|number| !decided.contains(number));
        assert!(lost.is_none(), "{name} cites decision {}, which is not there", lost.unwrap());
        // A published text changes only with a release that changes numbers.
        let is_published = name == "src/config/judgement/flags.toml";
        let hidden = HIDDEN.iter().find(|phrase| !is_published && text.contains(**phrase));
        assert!(hidden.is_none(), "{name} cites {hidden:?}: name a page of the repository instead");
    }
}
