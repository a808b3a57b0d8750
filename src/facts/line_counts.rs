//! Lines that make a number of the day doubtful: answers without a name, and numbers that contradict the instants.

use kefu_kernel::line::{ChatLine, LineKind};

/// Counts of such lines, and of the lines among which they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuspectLines {
    /// Replies of persons.
    replies: u64,
    /// Those of them without an agent.
    nameless: u64,
    /// Neighbours in time of one session that both have a `seq`.
    neighbours: u64,
    /// Those of them of which the later one has the smaller `seq`.
    contradictions: u64,
}

impl SuspectLines {
    /// Adds the lines of a conversation, which are in replay order.
    pub(super) fn add(&mut self, lines: &[ChatLine]) {
        for line in lines.iter().filter(|line| line.kind == LineKind::Reply && !line.robot) {
            self.replies += 1;
            self.nameless += u64::from(line.agent == 0);
        }
        for pair in lines.windows(2) {
            let [first, second] = [&pair[0], &pair[1]];
            if first.seq != i64::MIN && second.seq != i64::MIN && first.session == second.session {
                self.neighbours += 1;
                self.contradictions += u64::from((second.sent_at > first.sent_at) && (second.seq < first.seq));
            }
        }
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: SuspectLines) {
        self.replies += other.replies;
        self.nameless += other.nameless;
        self.neighbours += other.neighbours;
        self.contradictions += other.contradictions;
    }

    /// The warnings of a day: more than 1 % of the replies have no name, more than 0.1 % of neighbours contradict their numbers.
    pub fn warnings(&self) -> Vec<String> {
        let SuspectLines { replies, nameless, neighbours, contradictions } = *self;
        let unnamed = (nameless * 100 > replies).then(|| {
            format!(
                "{nameless} of {replies} human lines have no agent_id: their answers count in the shop's row alone. Map agent_id under \
                 [messages].columns, or say by values.sender or values.reply_mode that a robot wrote them"
            )
        });
        let out_of_order = (contradictions * 1000 > neighbours).then(|| {
            format!(
                "seq contradicts sent_at in {contradictions} of {neighbours} neighbouring lines: if the clocks of senders differ, set \
                 order_by = \"seq\" under [messages]; if seq is no order, leave it out of [messages].columns"
            )
        });
        unnamed.into_iter().chain(out_of_order).collect()
    }
}
