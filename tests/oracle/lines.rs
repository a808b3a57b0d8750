//! What each line of the chat log does, which lines count, and their order (§2).

use super::input::{Input, Line, Mode, Sender};
use super::rules::Rules;
use std::collections::BTreeMap;

/// What a line does in its conversation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A buyer line, with the agent it addresses.
    Buyer { named: Option<String> },
    /// A reply line.
    Reply { agent: String },
    /// An auto line, which touches no round.
    Auto { agent: Option<String> },
    /// An `assign` or `transfer` event, which puts an agent in charge, or nobody.
    Assign { agent: Option<String> },
    /// A `close` event.
    Close,
}

/// Reads the table of lines of §2. Recalled buyer lines and other events do nothing, so they have no step.
pub(super) fn step(line: &Line, rules: &Rules) -> Option<Step> {
    match line.sender {
        Sender::Buyer if line.recalled => None,
        Sender::Buyer => Some(Step::Buyer { named: line.agent.clone() }),
        // A recalled line of an agent stays what it was, since the buyer saw it.
        Sender::Agent | Sender::Robot => match (&line.agent, is_reply_mode(line, rules)) {
            (Some(agent), true) => Some(Step::Reply { agent: agent.clone() }),
            (agent, _) => Some(Step::Auto { agent: agent.clone() }),
        },
        Sender::System => match line.kind.as_deref() {
            Some("assign" | "transfer") => Some(Step::Assign { agent: line.agent.clone() }),
            Some("close") => Some(Step::Close),
            _ => None,
        },
    }
}

/// A missing mode is `auto` for a robot and `human` for an agent.
fn is_reply_mode(line: &Line, rules: &Rules) -> bool {
    let missing = if line.sender == Sender::Robot { Mode::Auto } else { Mode::Human };
    rules.reply_modes.contains(&line.mode.unwrap_or(missing))
}

/// The lines of the days and shops that are read, each message once.
pub(super) fn lines_that_count(input: &Input) -> Vec<Line> {
    let distinct = without_duplicates(&input.lines, &|at| input.business_day(at));
    let counts = |line: &Line| input.covers(input.business_day(line.sent_at)) && input.reports(&line.shop);
    distinct.into_iter().filter(counts).collect()
}

/// Where several lines of one shop, buyer and business day have the same message id, the one read first counts. It is recalled if any of them is.
fn without_duplicates(lines: &[Line], day_of: &dyn Fn(i64) -> i64) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    let mut first: BTreeMap<(String, String, i64, String), usize> = BTreeMap::new();
    for line in lines {
        if let Some(id) = &line.message_id {
            let key = (line.shop.clone(), line.buyer.clone(), day_of(line.sent_at), id.clone());
            if let Some(&index) = first.get(&key) {
                kept[index].recalled |= line.recalled;
                continue;
            }
            first.insert(key, kept.len());
        }
        kept.push(line.clone());
    }
    kept
}

/// Lines are ordered by `sent_at`, then `seq`, then input order. A missing `seq` comes first, as `None` does; the sort is stable.
pub(super) fn in_order<'a>(lines: &[&'a Line]) -> Vec<&'a Line> {
    let mut sorted = lines.to_vec();
    sorted.sort_by_key(|line| (line.sent_at, line.seq));
    sorted
}
