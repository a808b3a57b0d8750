//! The README of `sample_data/`: the story as written beside this file, and a table of the edge cases
//! made from the same constants as the rows, so that neither can say what the other does not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::super::output::{size, unwritten};
use super::edges::{CHAPTERS, Case};
use crate::error::{Error, Kind, Result};

const STORY: &str = include_str!("story.md");

pub(super) fn write(out: &Path) -> Result<u64> {
    let path = out.join("README.md");
    let table = chapters().map_err(|problem| Error::new(Kind::Failed, problem.to_string()))?;
    fs::write(&path, format!("{STORY}{table}")).map_err(|problem| unwritten(&path, &problem))?;
    size(&path)
}

fn chapters() -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    for (title, cases) in CHAPTERS {
        writeln!(text, "\n### {title}\n\n| case | what happens | what shows it | rows |\n|---|---|---|---|")?;
        for case in cases {
            let Case { id, zh, happens, shows, .. } = case;
            writeln!(text, "| **{id}** {zh} | {happens} | {shows} | {} |", rows(case))?;
        }
    }
    Ok(text)
}

/// The ids to look for: `edge-midnight-1…4`, `edge-same-day-o1`, and the cards by their buyer.
fn rows(case: &Case) -> String {
    let mut rows = Vec::new();
    match case.lines.len() {
        0 => {}
        1 => rows.push(format!("`edge-{}-1`", case.id)),
        last => rows.push(format!("`edge-{}-1`…`{last}`", case.id)),
    }
    let orders = case.orders.iter().filter(|order| order.version_of.is_none()).count();
    rows.extend((1..=orders).map(|number| format!("`edge-{}-o{number}`", case.id)));
    if !case.cards.is_empty() {
        rows.push(format!("cards of `b-{}`", case.id));
    }
    rows.join(", ")
}
