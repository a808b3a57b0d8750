//! What each line of the chat log does, which lines count, and their order (§2).

use super::input::{Input, Line, Mode, Sender};
use super::rules::Rules;
use std::collections::BTreeMap;

/// What a line does in its conversation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A buyer line, with the agent it addresses, and whether it asks for an answer.
    Buyer { named: Option<String>, asks: bool },
    /// A reply line. `None` is a person whom the log does not name.
    Reply { agent: Option<String> },
    /// An auto line. One of a robot can take a round into the robot's hands.
    Auto { agent: Option<String>, robot: bool },
    /// An `assign` or `transfer` event, which puts an agent in charge, or nobody.
    Assign { agent: Option<String> },
    /// A `close` event.
    Close,
}

/// Reads the table of lines of §2. Recalled buyer lines, notes and other events do nothing, so they have no step.
pub(super) fn step(line: &Line, rules: &Rules) -> Option<Step> {
    // What is not said to the buyer is no line, whoever wrote it.
    if line.kind.as_deref() == Some("note") {
        return None;
    }
    let agent = line.agent.clone();
    match line.sender {
        Sender::Buyer if line.recalled => None,
        Sender::Buyer => Some(Step::Buyer { named: agent, asks: line.needs_reply != Some(false) }),
        // A recalled line of an agent stays what it was, since the buyer saw it.
        Sender::Agent if is_reply_mode(line, rules) => Some(Step::Reply { agent }),
        // A robot replies only in the name of an agent.
        Sender::Robot if agent.is_some() && is_reply_mode(line, rules) => Some(Step::Reply { agent }),
        Sender::Agent | Sender::Robot => Some(Step::Auto { agent, robot: line.sender == Sender::Robot }),
        Sender::System => match line.kind.as_deref() {
            Some("assign" | "transfer") => Some(Step::Assign { agent }),
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

/// The order of lines by their instants: `sent_at`, then `seq`, then the place in the input. A missing `seq` comes first, as `None` does.
pub(super) type InTime = (i64, Option<i64>, usize);

/// The lines of a conversation in the order in which they are replayed, each with its place in the input: by their instants, or
/// with `order_by = "seq"` by `seq`, then `sent_at`, then input order.
pub(super) fn in_order<'a>(input: &Input, lines: &[&'a Line]) -> Vec<(usize, &'a Line)> {
    let mut sorted: Vec<(usize, &Line)> = lines.iter().copied().enumerate().collect();
    if input.order_by_seq {
        sorted.sort_by_key(|(place, line)| (line.seq, line.sent_at, *place));
    } else {
        sorted.sort_by_key(|(place, line)| (line.sent_at, line.seq, *place));
    }
    sorted
}
