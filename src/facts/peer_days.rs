//! peer_days (聊天对). Grain: one row per agent × buyer of the business day (`peer_days`), or one row per buyer (`shop_peer_days`, agent 0).
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop`, `agent` | UInt32 | code of `Names`; agent 0 is the shop | never |
//! | `buyer` | UInt32 | code of `ConversationNames` | never |
//! | `filtered` | UInt32 | code of `FILTERS`; 0 is not filtered | never |
//! | `buyer_msgs`, `agent_msgs` | Int64 | lines | never |
//! | `first_buyer_at`, `last_buyer_at` | Int64 | UTC ms | no buyer line |
//! | `transferred_in`, `transferred_out` | Boolean | the agent got or gave a transfer | never |
//! | `consult`, `receive`, `replied`, `direct`, `transfer_in`, `transfer_out` | Boolean | flags of the person, see below | never |
//! | `waiting`, `agent_opened` | Boolean | likewise | never |
//! | `rounds_assessed`, `rounds_missed`, `rounds_slow`, `rounds_slow_assessed` | Int64 | rounds | never; 0 if filtered |

use super::column_builder::fact_table;
use super::peers::{PeerDay, peers};
use super::replayed::ReplayedConversation;

fact_table! {
    /// `consult`: the peer-day has a buyer line. `receive`: it also passed the reception filters. `replied`: it also has a reply line.
    /// `waiting`: it was received, asked something that a robot did not settle, and has no reply line. `agent_opened`: its first buyer or
    /// reply line is a reply. `direct`: it was received without a transfer in. Filtered peer-days have no rounds and no transfers.
    /// The shop's rows leave out the lines and rounds of filtered agents (DECISIONS #19); only `consult` looks at all lines of the buyer.
    PeerDayRows(conversation: &ReplayedConversation, peer: &PeerDay, filter_code: u32, consulted: bool) {
        shop: u32 = conversation.shop,
        agent: u32 = peer.agent,
        buyer: u32 = conversation.code,
        filtered: u32 = filter_code,
        buyer_msgs: i64 = peer.side.buyer_msgs,
        agent_msgs: i64 = peer.side.agent_msgs,
        first_buyer_at: Option<i64> = peer.side.first_buyer_at,
        last_buyer_at: Option<i64> = peer.side.last_buyer_at,
        transferred_in: bool = peer.transferred_in,
        transferred_out: bool = peer.transferred_out,
        consult: bool = consulted,
        receive: bool = consulted && filter_code == 0,
        replied: bool = consulted && filter_code == 0 && peer.side.agent_msgs > 0,
        direct: bool = consulted && filter_code == 0 && !peer.transferred_in,
        transfer_in: bool = filter_code == 0 && peer.transferred_in,
        transfer_out: bool = filter_code == 0 && peer.transferred_out,
        waiting: bool = consulted && filter_code == 0 && peer.is_waiting(),
        agent_opened: bool = peer.side.first_at.is_some() && !peer.side.buyer_initiated,
        rounds_assessed: i64 = if filter_code == 0 { peer.side.assessed } else { 0 },
        rounds_missed: i64 = if filter_code == 0 { peer.side.missed } else { 0 },
        rounds_slow: i64 = if filter_code == 0 { peer.side.slow } else { 0 },
        rounds_slow_assessed: i64 = if filter_code == 0 { peer.side.slow_assessed } else { 0 },
    }
}

/// Adds the buyer's row and the row of each agent of a conversation.
pub(super) fn add(shops: &mut PeerDayRows, agents: &mut PeerDayRows, conversation: &ReplayedConversation) {
    let peers = peers(&conversation.sessions);
    if !conversation.sessions.is_empty() {
        let mut shop = PeerDay::default();
        conversation.sessions.iter().for_each(|session| shop.add(&session.side));
        let consulted = shop.side.buyer_msgs > 0 || peers.iter().any(|peer| peer.side.buyer_msgs > 0);
        shops.push(conversation, &shop, conversation.filtered.day, consulted);
    }
    peers.iter().for_each(|peer| agents.push(conversation, peer, conversation.filtered.code(peer.agent), peer.side.buyer_msgs > 0));
}
