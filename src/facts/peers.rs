//! The peer-day (聊天对): the totals of one agent and one buyer on a business day.

use kefu_kernel::session::Session;
use kefu_kernel::side::Side;

/// The totals of a shop's or an agent's sessions with one buyer on a day.
#[derive(Default)]
pub(super) struct PeerDay {
    /// Code of the agent; 0 is the shop.
    pub agent: u32,
    /// The sums over the sessions.
    pub side: Side,
    /// The agent got the buyer by a transfer at least once.
    pub transferred_in: bool,
    /// The agent transferred the buyer to another at least once.
    pub transferred_out: bool,
}

impl PeerDay {
    /// Whether nobody replied although the buyer asked something that a robot did not settle. A buyer of whom only lines of filtered agents
    /// are known did ask.
    pub(super) fn is_waiting(&self) -> bool {
        let side = &self.side;
        let robot_only = side.robot_rounds > 0 && side.answered + side.unanswered == 0;
        side.agent_msgs == 0 && (side.asked || side.buyer_msgs == 0) && !robot_only
    }

    /// Adds one session. Only the totals that a peer-day uses are kept.
    pub(super) fn add(&mut self, side: &Side) {
        let sum = &mut self.side;
        sum.buyer_msgs += side.buyer_msgs;
        sum.agent_msgs += side.agent_msgs;
        sum.has_text |= side.has_text;
        sum.asked |= side.asked;
        sum.answered += side.answered;
        sum.unanswered += side.unanswered;
        sum.robot_rounds += side.robot_rounds;
        if side.first_at.is_some_and(|first| sum.is_first(first, side.first_place)) {
            (sum.first_at, sum.first_place, sum.buyer_initiated) = (side.first_at, side.first_place, side.buyer_initiated);
        }
        sum.first_buyer_at = sum.first_buyer_at.into_iter().chain(side.first_buyer_at).min();
        sum.last_buyer_at = sum.last_buyer_at.max(side.last_buyer_at);
        sum.assessed += side.assessed;
        sum.missed += side.missed;
        sum.slow += side.slow;
        sum.slow_assessed += side.slow_assessed;
    }
}

/// The peer-days of a conversation, in the order of each agent's first reception.
pub(super) fn peers(sessions: &[Session]) -> Vec<PeerDay> {
    let mut peers: Vec<PeerDay> = Vec::new();
    for reception in sessions.iter().flat_map(|session| &session.receptions) {
        let known = peers.iter().position(|peer| peer.agent == reception.agent).unwrap_or_else(|| {
            peers.push(PeerDay { agent: reception.agent, ..PeerDay::default() });
            peers.len() - 1
        });
        let peer = &mut peers[known];
        peer.add(&reception.side);
        peer.transferred_in |= reception.transferred_in;
        peer.transferred_out |= reception.transferred_out;
    }
    peers
}
