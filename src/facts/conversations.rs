//! Groups the lines of a shop, or of a part of its buyers, by conversation: one per buyer.

use super::line_counts::SuspectLines;
use crate::config::LineOrder;
use crate::names::{ConversationNames, Interner};
use kefu_kernel::line::{ChatLine, LineKind};
use kefu_kernel::rules::Rules;

/// Calls `each` once per conversation, in the order of buyer ids, with its lines in replay order (semantics §2), which it may free. The lines
/// carry the conversation's code, added to `names`, instead of the buyer's. An agent's line in a reply mode that the rules do not count as a
/// reply becomes an auto line. Returns the lines that make a number of the day doubtful.
pub(super) fn by_conversation(
    mut lines: Vec<ChatLine>,
    buyers: &Interner,
    names: &mut ConversationNames,
    (rules, order_by): (&Rules, LineOrder),
    mut each: impl FnMut(&ConversationNames, &mut Vec<ChatLine>),
) -> SuspectLines {
    // The lines of each buyer; buyer codes start at 1.
    let mut counts = vec![0; buyers.len()];
    lines.iter().for_each(|line| counts[line.conversation as usize - 1] += 1);
    let present = (1..=counts.len() as u32).filter(|code| counts[*code as usize - 1] > 0);
    let mut sorted = present.map(|code| (prefix(buyers.resolve(code)), code)).collect::<Vec<_>>();
    // Most ids differ in their first eight bytes, which are compared without a look-up.
    sorted.sort_unstable_by(|(a, a_code), (b, b_code)| a.cmp(b).then_with(|| buyers.resolve(*a_code).cmp(buyers.resolve(*b_code))));
    // A counting sort: the indexes of lines, grouped by buyer in the order of codes.
    let mut next = 0;
    let offset = |count: &usize| {
        next += count;
        next - count
    };
    let mut places = counts.iter().map(offset).collect::<Vec<usize>>();
    let mut order = vec![0; lines.len()];
    for (line, buyer) in (0u32..).zip(lines.iter().map(|line| line.conversation as usize - 1)) {
        order[places[buyer]] = line;
        places[buyer] += 1;
    }
    let (mut conversation, mut suspect) = (Vec::new(), SuspectLines::default());
    for (_, code) in sorted {
        let buyer = code as usize - 1;
        let conversation_code = names.add_conversation(buyers.resolve(code));
        let row = |line: &ChatLine| {
            let kind = match line.kind {
                LineKind::Reply if !rules.reply_modes.contains(&line.mode) => LineKind::Auto,
                kind => kind,
            };
            ChatLine { kind, conversation: conversation_code, ..*line }
        };
        let own = &order[places[buyer] - counts[buyer]..places[buyer]];
        if own.len() == lines.len() {
            // The lines of one buyer alone may be millions, and are not copied.
            conversation = std::mem::take(&mut lines);
            conversation.iter_mut().for_each(|line| *line = row(line));
        } else {
            conversation.clear();
            conversation.extend(own.iter().map(|line| row(&lines[*line as usize])));
        }
        let key = |line: &ChatLine| match order_by {
            LineOrder::Time => (line.sent_at, line.seq, line.order),
            LineOrder::Seq => (line.seq, line.sent_at, line.order),
        };
        // Most logs are in time order already; only a conversation that is not gets sorted.
        if !conversation.is_sorted_by_key(key) {
            conversation.sort_unstable_by_key(key);
        }
        suspect.add(&conversation);
        each(names, &mut conversation);
    }
    suspect
}

/// The first eight bytes of a string as a big-endian integer. If two prefixes differ, they sort as their strings do.
fn prefix(text: &str) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RuleSets;
    use kefu_kernel::calendar::Day;
    use kefu_kernel::rules::PresetChoice;

    #[test]
    fn conversations_are_ordered_by_buyer_and_lines_by_time() {
        let ids = ["b12345678", "b2", "b1234567", "b", "客户甲乙", "客户甲丙", "b12345679", "b1"];
        let (mut buyers, mut conversation_names) = (Interner::default(), ConversationNames::default());
        let line = |order: u32| ChatLine {
            sent_at: i64::from(order % 5),
            order,
            conversation: buyers.intern(ids[order as usize % ids.len()]),
            kind: LineKind::Buyer,
            ..ChatLine::default()
        };
        let lines = (0..40).map(line).collect::<Vec<_>>();
        let (mut seen, rule_sets) = (Vec::new(), RuleSets::new(PresetChoice::One("default".to_owned()), &toml::Table::new()).unwrap());
        let rules = (rule_sets.rules_for(None, Day(20_000)), LineOrder::Time);
        by_conversation(lines.clone(), &buyers, &mut conversation_names, rules, |names, lines| {
            let of = |line: &ChatLine| (names.buyer(line.conversation).to_owned(), line.sent_at, line.order);
            seen.extend(lines.iter().map(of));
        });
        let mut expected =
            lines.iter().map(|line| (buyers.resolve(line.conversation).to_owned(), line.sent_at, line.order)).collect::<Vec<_>>();
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }
}
