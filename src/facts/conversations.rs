//! The lines of a shop, or of some of its buyers, conversation by conversation.

use crate::ingest::{Raw, What};
use crate::names::{Talkers, Texts};
use crate::rules::Rules;

/// Shows lines conversation by conversation in the order of their buyers, each in order (semantics §2), with the code of its conversation
/// instead of its buyer's. What an agent said in a mode that the rules do not count as a reply is an automatic line.
pub(super) fn by_conversation(lines: &[Raw], buyers: &Texts, talkers: &mut Talkers, rules: &Rules, mut each: impl FnMut(&Talkers, &[Raw])) {
    // By code less 1.
    let mut counts = vec![0; buyers.len()];
    lines.iter().for_each(|line| counts[line.conversation as usize - 1] += 1);
    let met = (1..=counts.len() as u32).filter(|code| counts[*code as usize - 1] > 0);
    let mut sorted = met.map(|code| (beginning(buyers.spell(code)), code)).collect::<Vec<_>>();
    // Mostly told apart by how they begin.
    sorted.sort_unstable_by(|(a, a_code), (b, b_code)| a.cmp(b).then_with(|| buyers.spell(*a_code).cmp(buyers.spell(*b_code))));
    // The lines of each buyer, one buyer after the other in the order of codes.
    let mut next = 0;
    let begin = |count: &usize| {
        next += count;
        next - count
    };
    let mut places = counts.iter().map(begin).collect::<Vec<usize>>();
    let mut order = vec![0; lines.len()];
    for (line, buyer) in (0u32..).zip(lines.iter().map(|line| line.conversation as usize - 1)) {
        order[places[buyer]] = line;
        places[buyer] += 1;
    }
    let mut conversation = Vec::new();
    for (_, code) in sorted {
        let buyer = code as usize - 1;
        let own = talkers.meet(buyers.spell(code));
        let row = |line: &u32| {
            let line = &lines[*line as usize];
            let what = match line.what {
                What::Reply if !rules.reply_modes.contains(&line.mode) => What::Auto,
                what => what,
            };
            Raw { what, conversation: own, ..*line }
        };
        conversation.clear();
        conversation.extend(order[places[buyer] - counts[buyer]..places[buyer]].iter().map(row));
        let key = |line: &Raw| (line.at, line.seq, line.order);
        // Logs come in time order; where a file does not, only what is out of it is sorted.
        if !conversation.is_sorted_by_key(key) {
            conversation.sort_unstable_by_key(key);
        }
        each(talkers, &conversation);
    }
}

/// A number of the first bytes of a text: where two differ, so do their texts, in the same way.
fn beginning(text: &str) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use crate::rules::{Book, Choice};

    #[test]
    fn conversations_come_in_the_order_of_names_and_lines_in_their_own() {
        let names = ["b12345678", "b2", "b1234567", "b", "客户甲乙", "客户甲丙", "b12345679", "b1"];
        let (mut buyers, mut talkers) = (Texts::default(), Talkers::default());
        let line = |order: u32| Raw {
            at: i64::from(order % 5),
            order,
            conversation: buyers.code(names[order as usize % names.len()]),
            what: What::Buyer,
            ..Raw::default()
        };
        let lines = (0..40).map(line).collect::<Vec<_>>();
        let (mut seen, book) = (Vec::new(), Book::new(Choice::One("default".to_owned()), &toml::Table::new()).unwrap());
        by_conversation(&lines, &buyers, &mut talkers, book.of(None, Day(20_000)), |talkers, lines| {
            let of = |line: &Raw| (talkers.buyer(line.conversation).to_owned(), line.at, line.order);
            seen.extend(lines.iter().map(of));
        });
        let mut expected = lines.iter().map(|line| (buyers.spell(line.conversation).to_owned(), line.at, line.order)).collect::<Vec<_>>();
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }
}
