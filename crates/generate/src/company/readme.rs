//! The README of `sample_data/`: the story that stands beside this file, and tables of the edge cases. The tables are made from the
//! same constants as the rows, so that neither can say what the other does not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::edge_case::EdgeCase;
use super::edges::CHAPTERS;
use crate::error::{GenerateError, GenerateResult};
use crate::output::{file_size, unwritable};

const STORY: &str = include_str!("story.md");

/// Writes `README.md` and returns its size in bytes.
pub(super) fn write(out: &Path) -> GenerateResult<u64> {
    let path = out.join("README.md");
    let table = chapters().map_err(|problem| GenerateError::internal(&problem))?;
    fs::write(&path, format!("{STORY}{table}")).map_err(|problem| unwritable(&path, problem))?;
    file_size(&path)
}

fn chapters() -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for (title, cases) in CHAPTERS {
        writeln!(text, "\n### {title}\n\n| case | what happens | what shows it | rows |\n|---|---|---|---|")?;
        for case in cases {
            let EdgeCase { id, zh, happens, shows, .. } = case;
            writeln!(text, "| **{id}** {zh} | {happens} | {shows} | {} |", rows(case))?;
        }
    }
    Ok(text)
}

/// The ids to look for, such as `edge-midnight-1…4` and `edge-same-day-o1`. Cards are named by their buyers, statuses by agent and
/// instant.
fn rows(case: &EdgeCase) -> String {
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
    let mut buyers: Vec<_> =
        case.evaluations.iter().map(|evaluation| evaluation.buyer.map_or_else(|| format!("b-{}", case.id), str::to_owned)).collect();
    buyers.dedup();
    if !buyers.is_empty() {
        rows.push(format!("cards of `{}`", buyers.join("`, `")));
    }
    if let [first, ..] = case.statuses {
        let count = case.statuses.len();
        let statuses = if count == 1 { "status" } else { "statuses" };
        rows.push(format!("{count} {statuses} of `{}` from {}", first.agent, first.at));
    }
    rows.join(", ")
}
