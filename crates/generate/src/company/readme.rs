//! The README of `sample_data/`: the story as written beside this file, and a table of the edge cases
//! made from the same constants as the rows, so that neither can say what the other does not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::edges::{CHAPTERS, Case};
use crate::error::{GenerateError, Result};
use crate::output::{size, unwritten};

const STORY: &str = include_str!("story.md");

pub(super) fn write(out: &Path) -> Result<u64> {
    let path = out.join("README.md");
    let table = chapters().map_err(|problem| GenerateError::internal(&problem))?;
    fs::write(&path, format!("{STORY}{table}")).map_err(|problem| unwritten(&path, problem))?;
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

/// The ids to look for: `edge-midnight-1…4`, `edge-same-day-o1`; the cards by their buyers, the statuses by agent and instant.
fn rows(case: &Case) -> String {
    let mut rows = Vec::new();
    match case.lines.len() {
        0 => {}
        1 => rows.push(format!("`edge-{}-1`", case.id)),
        last => rows.push(format!("`edge-{}-1`…`{last}`", case.id)),
    }
    let orders = case.orders.iter().filter(|order| order.version_of.is_none()).count();
    for (letter, count) in [("o", orders), ("r", case.refunds.len()), ("t", case.tickets.len())] {
        rows.extend((1..=count).map(|number| format!("`edge-{}-{letter}{number}`", case.id)));
    }
    let mut buyers: Vec<_> = case.cards.iter().map(|card| card.buyer.map_or_else(|| format!("b-{}", case.id), str::to_owned)).collect();
    buyers.dedup();
    if !buyers.is_empty() {
        rows.push(format!("cards of `{}`", buyers.join("`, `")));
    }
    if let [first, ..] = case.turns {
        let count = case.turns.len();
        let statuses = if count == 1 { "status" } else { "statuses" };
        rows.push(format!("{count} {statuses} of `{}` from {}", first.agent, first.at));
    }
    rows.join(", ")
}
