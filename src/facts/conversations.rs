//! The lines of a shop, or of some of its buyers, conversation by conversation.

use crate::ingest::{Raw, Texts, What};
use crate::names::{self, Talkers};
use crate::rules::Rules;

/// Lines in the order of their buyers, each buyer's in order (semantics §2), with codes for conversation and session.
/// What an agent said in a mode that the rules do not count as a reply is an automatic line.
pub(super) fn by_conversation(lines: &[Raw], texts: &mut Texts, talkers: &mut Talkers, rules: &Rules) -> Vec<Raw> {
    let mut buyers = names::Texts::default();
    let mut counts: Vec<usize> = Vec::new();
    let mut codes = Vec::with_capacity(lines.len());
    for line in lines {
        let code = texts.code(line.conversation, |buyer| buyers.code(buyer)) as usize;
        if code > counts.len() {
            counts.push(0);
        }
        counts[code - 1] += 1;
        codes.push(code - 1);
    }
    let mut sorted = (1..=counts.len() as u32).collect::<Vec<_>>();
    sorted.sort_unstable_by_key(|code| buyers.spell(*code));
    let mut conversations = vec![0; counts.len()];
    let mut next = 0;
    for code in sorted {
        let buyer = code as usize - 1;
        conversations[buyer] = talkers.meet(buyers.spell(code));
        next += std::mem::replace(&mut counts[buyer], next);
    }
    let mut places = counts;
    let mut order = vec![(0, 0); lines.len()];
    for (line, buyer) in (0u32..).zip(codes) {
        order[places[buyer]] = (line, conversations[buyer]);
        places[buyer] += 1;
    }
    let row = |(line, conversation): (u32, u32)| {
        let line = &lines[line as usize];
        let what = match line.what {
            What::Reply(mode) if !rules.reply_modes.contains(&mode) => What::Auto,
            what => what,
        };
        Raw { what, conversation, ..*line }
    };
    let mut rows = order.into_iter().map(row).collect::<Vec<_>>();
    for conversation in rows.chunk_by_mut(|a, b| a.conversation == b.conversation) {
        in_order(conversation, texts, talkers);
    }
    rows
}

fn in_order(conversation: &mut [Raw], texts: &mut Texts, talkers: &mut Talkers) {
    let key = |line: &Raw| (line.at, line.seq, line.order);
    // Logs come in time order; where a file does not, only what is out of it is sorted.
    if !conversation.is_sorted_by_key(key) {
        conversation.sort_unstable_by_key(key);
    }
    for line in conversation {
        line.session = texts.code(line.session, |session| talkers.session_code(session));
    }
}
