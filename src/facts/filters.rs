//! Reception filters (接待过滤, semantics §8): what of a conversation counts in `consult_*` and `filtered_*` alone, and why.

use super::Context;
use super::peer_days::{Peer, peers};
use crate::conversation::Session;
use crate::rules::Rules;

/// Why a peer-day, or a buyer's whole day, is filtered. The code stands in `filtered`; 0: it is not.
pub const FILTERS: [&str; 7] = ["", "own_accounts", "blocklist", "forward_only", "monologue", "single_line", "empty"];

const OWN_ACCOUNTS: u32 = 1;
const BLOCKLIST: u32 = 2;
const FORWARD_ONLY: u32 = 3;
const MONOLOGUE: u32 = 4;
const SINGLE_LINE: u32 = 5;
const EMPTY: u32 = 6;

/// What of a conversation is filtered, as codes of `FILTERS`.
#[derive(Default)]
pub(super) struct Filtered {
    /// Of the buyer's day: the shop's row, its queue and what no agent owns.
    pub day: u32,
    /// Agents whose peer-days the rules took out. None where the buyer is filtered whoever they spoke to.
    agents: Vec<(u32, u32)>,
}

impl Filtered {
    /// The code of an agent's peer-day; of the buyer's day for agent 0.
    pub(super) fn of(&self, agent: u32) -> u32 {
        self.agents.iter().find(|(other, _)| *other == agent).map_or(self.day, |(_, code)| *code)
    }

    /// The agents whose part the shop's row has to do without. A row that is out as a whole shows all that was said.
    pub(super) fn left_out(&self) -> Option<Vec<u32>> {
        (self.day == 0 && !self.agents.is_empty()).then(|| self.agents.iter().map(|(agent, _)| *agent).collect())
    }
}

/// The two filters that are said of a buyer, then those said of a peer-day.
pub(super) fn filtered(shop: &str, buyer: &str, sessions: &[Session], context: &Context) -> Filtered {
    let rules = context.rules.rules;
    match of_buyer(shop, buyer, context) {
        0 if judges_peer_days(rules) => of_peer_days(&peers(sessions), rules),
        day => Filtered { day, ..Filtered::default() },
    }
}

fn of_buyer(shop: &str, buyer: &str, context: &Context) -> u32 {
    let (rules, reference) = (context.rules.rules, context.reference);
    if rules.own_accounts && reference.is_staff(shop, buyer) {
        OWN_ACCOUNTS
    } else if rules.blocklist && reference.is_blocked(shop, buyer, context.day) {
        BLOCKLIST
    } else {
        0
    }
}

/// A rule takes out single peer-days.
pub fn judges_peer_days(rules: &Rules) -> bool {
    rules.forward_only.is_some() || rules.monologue.is_some() || rules.single_line || rules.empty
}

/// The buyer's day is out once every peer-day is; it is then named by the first. One without peer-days has none to take out.
fn of_peer_days(peers: &[Peer], rules: &Rules) -> Filtered {
    let agents = peers.iter().map(|peer| (peer.agent, reason(peer, rules))).filter(|(_, code)| *code != 0).collect::<Vec<_>>();
    let day = if agents.len() == peers.len() { agents.first().map_or(0, |(_, code)| *code) } else { 0 };
    Filtered { day, agents }
}

fn reason(peer: &Peer, rules: &Rules) -> u32 {
    let (asked, replied) = (peer.talk.buyer_msgs, peer.talk.agent_msgs);
    if rules.forward_only.is_some_and(|most| peer.transferred_out && replied <= i64::from(most)) {
        FORWARD_ONLY
    } else if rules.monologue.is_some_and(|m| asked <= i64::from(m.buyer) && replied >= i64::from(m.agent)) {
        MONOLOGUE
    } else if rules.single_line && asked == 1 {
        SINGLE_LINE
    } else if rules.empty && asked > 0 && !peer.talk.said {
        EMPTY
    } else {
        0
    }
}
