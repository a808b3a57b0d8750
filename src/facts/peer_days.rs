//! peer_days (聊天对): one row per agent × buyer of the day (shop level: per buyer), with what is said of persons.

use super::{Told, table};
use crate::conversation::{Session, Talk};

/// What the talks of one side with one buyer come to on a day.
#[derive(Default)]
pub(super) struct Peer {
    pub agent: u32,
    pub talk: Talk,
    transferred_in: bool,
    pub transferred_out: bool,
}

impl Peer {
    fn add(&mut self, talk: &Talk) {
        let sum = &mut self.talk;
        sum.buyer_msgs += talk.buyer_msgs;
        sum.agent_msgs += talk.agent_msgs;
        sum.said |= talk.said;
        sum.first_buyer_at = sum.first_buyer_at.into_iter().chain(talk.first_buyer_at).min();
        sum.last_buyer_at = sum.last_buyer_at.max(talk.last_buyer_at);
        sum.assessed += talk.assessed;
        sum.missed += talk.missed;
        sum.slow += talk.slow;
        sum.slow_assessed += talk.slow_assessed;
    }
}

table! {
    /// `consult`: holds a buyer line; `receive`: and is not filtered; `replied`: and holds a reply line. Rounds of what is filtered are none.
    /// The shop's rows count no lines and rounds of agents who are filtered; that a buyer consulted is said of all lines.
    PeerDays(told: &Told, peer: &Peer, code: u32, consulted: bool) {
        shop: u32 = told.shop,
        agent: u32 = peer.agent,
        buyer: u32 = told.conversation,
        filtered: u32 = code,
        buyer_msgs: i64 = peer.talk.buyer_msgs,
        agent_msgs: i64 = peer.talk.agent_msgs,
        first_buyer_at: Option<i64> = peer.talk.first_buyer_at,
        last_buyer_at: Option<i64> = peer.talk.last_buyer_at,
        transferred_in: bool = peer.transferred_in,
        transferred_out: bool = peer.transferred_out,
        consult: bool = consulted,
        receive: bool = consulted && code == 0,
        replied: bool = consulted && code == 0 && peer.talk.agent_msgs > 0,
        direct: bool = consulted && code == 0 && !peer.transferred_in,
        transfer_in: bool = code == 0 && peer.transferred_in,
        transfer_out: bool = code == 0 && peer.transferred_out,
        rounds_assessed: i64 = if code == 0 { peer.talk.assessed } else { 0 },
        rounds_missed: i64 = if code == 0 { peer.talk.missed } else { 0 },
        rounds_slow: i64 = if code == 0 { peer.talk.slow } else { 0 },
        rounds_slow_assessed: i64 = if code == 0 { peer.talk.slow_assessed } else { 0 },
    }
}

pub(super) fn add(shops: &mut PeerDays, agents: &mut PeerDays, told: &Told) {
    let peers = peers(&told.sessions);
    if !told.sessions.is_empty() {
        let mut shop = Peer::default();
        told.sessions.iter().for_each(|session| shop.add(&session.talk));
        let consulted = shop.talk.buyer_msgs > 0 || peers.iter().any(|peer| peer.talk.buyer_msgs > 0);
        shops.push(told, &shop, told.filtered.day, consulted);
    }
    peers.iter().for_each(|peer| agents.push(told, peer, told.filtered.of(peer.agent), peer.talk.buyer_msgs > 0));
}

/// The agents of a conversation's receptions, in the order they come.
pub(super) fn peers(sessions: &[Session]) -> Vec<Peer> {
    let mut peers: Vec<Peer> = Vec::new();
    for reception in sessions.iter().flat_map(|session| &session.receptions) {
        let known = peers.iter().position(|peer| peer.agent == reception.agent).unwrap_or_else(|| {
            peers.push(Peer { agent: reception.agent, ..Peer::default() });
            peers.len() - 1
        });
        let peer = &mut peers[known];
        peer.add(&reception.talk);
        peer.transferred_in |= reception.transferred_in;
        peer.transferred_out |= reception.transferred_out;
    }
    peers
}
