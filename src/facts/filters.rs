//! Reception filters (接待过滤, semantics §8): which peer-days and buyer-days count only in `consult_*` and `filtered_*`, and why.

use super::context::FactContext;
use super::peers::{PeerDay, peers};
use kefu_kernel::rules::Rules;
use kefu_kernel::session::Session;
use polars::prelude::*;

/// The reasons for which a peer-day or a buyer's whole day is filtered. A `filtered` column holds the index; 0 means not filtered.
pub(crate) const FILTERS: [&str; 7] = ["", "own_accounts", "blocklist", "forward_only", "monologue", "single_line", "empty"];

const OWN_ACCOUNTS: u32 = 1;
const BLOCKLIST: u32 = 2;
const FORWARD_ONLY: u32 = 3;
const MONOLOGUE: u32 = 4;
const SINGLE_LINE: u32 = 5;
const EMPTY: u32 = 6;

/// What the filters take out of a conversation, as codes of `FILTERS`.
#[derive(Default)]
pub(super) struct FilteredAgents {
    /// The code of the buyer's whole day: the shop's row, the queue, and rounds without an agent.
    pub day: u32,
    /// Agent and code of each filtered peer-day. Empty if the buyer is filtered whoever replied.
    agents: Vec<(u32, u32)>,
}

impl FilteredAgents {
    /// The code of an agent's peer-day, or of the buyer's day for agent 0.
    pub(super) fn code(&self, agent: u32) -> u32 {
        self.agents.iter().find(|(other, _)| *other == agent).map_or(self.day, |(_, code)| *code)
    }

    /// The agents whose lines and rounds the shop's row leaves out (DECISIONS #19). `None` if it leaves out nobody's: a row that is
    /// filtered as a whole counts every line.
    pub(super) fn agents_to_leave_out(&self) -> Option<Vec<u32>> {
        (self.day == 0 && !self.agents.is_empty()).then(|| self.agents.iter().map(|(agent, _)| *agent).collect())
    }
}

/// Applies the two filters of a buyer, then those of single peer-days (DECISIONS #22).
pub(super) fn filtered(shop: &str, buyer: &str, sessions: &[Session], context: &FactContext) -> FilteredAgents {
    let rules = context.rules.rules;
    match buyer_code(shop, buyer, context) {
        0 if judges_peer_days(rules) => filter_peer_days(&peers(sessions), rules),
        day => FilteredAgents { day, ..FilteredAgents::default() },
    }
}

/// The code of a filter that the buyer meets whoever replied, else 0.
fn buyer_code(shop: &str, buyer: &str, context: &FactContext) -> u32 {
    let (rules, reference) = (context.rules.rules, context.reference);
    if rules.own_accounts && reference.is_staff(shop, buyer, context.day) {
        OWN_ACCOUNTS
    } else if rules.blocklist && reference.is_blocked(shop, buyer, context.day) {
        BLOCKLIST
    } else {
        0
    }
}

/// Whether the rules filter single peer-days.
pub fn judges_peer_days(rules: &Rules) -> bool {
    rules.forward_only.is_some() || rules.monologue.is_some() || rules.single_line || rules.empty
}

/// The buyer's day is filtered if every peer-day is, with the reason of the first (DECISIONS #20). A day without peer-days is not filtered.
fn filter_peer_days(peers: &[PeerDay], rules: &Rules) -> FilteredAgents {
    let agents = peers.iter().map(|peer| (peer.agent, peer_day_code(peer, rules))).filter(|(_, code)| *code != 0).collect::<Vec<_>>();
    let day = if agents.len() == peers.len() { agents.first().map_or(0, |(_, code)| *code) } else { 0 };
    FilteredAgents { day, agents }
}

/// The code of the first filter that a peer-day meets, else 0.
fn peer_day_code(peer: &PeerDay, rules: &Rules) -> u32 {
    let (buyer_msgs, agent_msgs) = (peer.side.buyer_msgs, peer.side.agent_msgs);
    if rules.forward_only.is_some_and(|most| peer.transferred_out && agent_msgs <= i64::from(most)) {
        FORWARD_ONLY
    } else if rules.monologue.is_some_and(|m| buyer_msgs <= i64::from(m.buyer) && agent_msgs >= i64::from(m.agent)) {
        MONOLOGUE
    } else if rules.single_line && buyer_msgs == 1 {
        SINGLE_LINE
    } else if rules.empty && buyer_msgs > 0 && !peer.side.has_text {
        EMPTY
    } else {
        0
    }
}

/// The rows that are not filtered. If none is filtered, as mostly, the frame passes without a copy.
pub(super) fn unfiltered(rows: &DataFrame) -> LazyFrame {
    let none =
        rows.column("filtered").and_then(|codes| Ok(codes.u32()?.max())).is_ok_and(|largest| largest.is_none_or(|largest| largest == 0));
    let rows = rows.clone().lazy();
    if none { rows } else { rows.filter(col("filtered").eq(lit(0u32))) }
}
