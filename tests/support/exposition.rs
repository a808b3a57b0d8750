//! A strict reader of Prometheus' text format: what it does not know is wrong.

use std::collections::{BTreeMap, BTreeSet};

type Labels = BTreeMap<String, String>;

/// Values by name and labels.
pub(crate) struct Samples(BTreeMap<(String, Labels), f64>);

impl Samples {
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        *self.0.get(&(name.to_owned(), labels)).unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }
}

/// Every metric has one HELP and one TYPE before its samples, which stand together; no sample comes twice.
pub(crate) fn samples(text: &str) -> Samples {
    assert!(text.ends_with('\n'), "the last line ends too");
    let (mut found, mut seen, mut current) = (BTreeMap::new(), BTreeSet::new(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !words.is_empty() && seen.insert(name.to_owned()), "{line}");
            assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()), "after {line}");
            current = name.to_owned();
            continue;
        }
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        assert_eq!(name, current, "{line}");
        let (labels, value) = rest.strip_prefix('{').map_or_else(|| (Labels::new(), rest), labels);
        let value = value.strip_prefix(' ').unwrap().parse().unwrap_or_else(|e| panic!("{line}: {e}"));
        assert!(found.insert((name.to_owned(), labels), value).is_none(), "twice: {line}");
    }
    Samples(found)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut text: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, rest) = text.split_once("=\"").unwrap();
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (end, '"') => break end,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('"' | '\\') => c,
                    c => panic!("\\{c}"),
                }),
                (_, c) => value.push(c),
            }
        };
        assert!(is_name(name) && labels.insert(name.to_owned(), value).is_none(), "{text}");
        match rest[end + 1..].split_at(1) {
            (",", more) => text = more,
            ("}", value) => return (labels, value),
            (other, _) => panic!("{other} after a label"),
        }
    }
}
