//! peer_days (聊天对): one row per agent × buyer of the day (shop level: per buyer), with what is said of persons.

use super::{Told, table};
use crate::conversation::Talk;

/// What the talks of one side with one buyer come to on a day.
#[derive(Default)]
struct Peer {
    agent: u32,
    talk: Talk,
    transferred_in: bool,
    transferred_out: bool,
}

impl Peer {
    fn add(&mut self, talk: &Talk) {
        let sum = &mut self.talk;
        sum.buyer_msgs += talk.buyer_msgs;
        sum.agent_msgs += talk.agent_msgs;
        sum.first_buyer_at = sum.first_buyer_at.into_iter().chain(talk.first_buyer_at).min();
        sum.last_buyer_at = sum.last_buyer_at.max(talk.last_buyer_at);
        sum.assessed += talk.assessed;
        sum.missed += talk.missed;
        sum.slow += talk.slow;
        sum.slow_assessed += talk.slow_assessed;
    }
}

table! {
    /// `consult`: holds a buyer line; `receive`: and is not filtered; `replied`: and holds a reply line. Rounds of filtered buyers are none.
    PeerDays(told: &Told, peer: &Peer, received: bool) {
        shop: u32 = told.shop,
        agent: u32 = peer.agent,
        buyer: u32 = told.conversation,
        filtered: u32 = told.filtered,
        buyer_msgs: i64 = peer.talk.buyer_msgs,
        agent_msgs: i64 = peer.talk.agent_msgs,
        first_buyer_at: Option<i64> = peer.talk.first_buyer_at,
        last_buyer_at: Option<i64> = peer.talk.last_buyer_at,
        transferred_in: bool = peer.transferred_in,
        transferred_out: bool = peer.transferred_out,
        consult: bool = peer.talk.buyer_msgs > 0,
        receive: bool = received,
        replied: bool = received && peer.talk.agent_msgs > 0,
        direct: bool = received && !peer.transferred_in,
        transfer_in: bool = told.filtered == 0 && peer.transferred_in,
        transfer_out: bool = told.filtered == 0 && peer.transferred_out,
        rounds_assessed: i64 = if told.filtered == 0 { peer.talk.assessed } else { 0 },
        rounds_missed: i64 = if told.filtered == 0 { peer.talk.missed } else { 0 },
        rounds_slow: i64 = if told.filtered == 0 { peer.talk.slow } else { 0 },
        rounds_slow_assessed: i64 = if told.filtered == 0 { peer.talk.slow_assessed } else { 0 },
    }
}

pub(super) fn add(shops: &mut PeerDays, agents: &mut PeerDays, told: &Told) {
    let mut shop = Peer::default();
    let mut peers: Vec<Peer> = Vec::new();
    for session in &told.sessions {
        shop.add(&session.talk);
        for reception in &session.receptions {
            let known = peers.iter().position(|peer| peer.agent == reception.agent).unwrap_or_else(|| {
                peers.push(Peer { agent: reception.agent, ..Peer::default() });
                peers.len() - 1
            });
            let peer = &mut peers[known];
            peer.add(&reception.talk);
            peer.transferred_in |= reception.transferred_in;
            peer.transferred_out |= reception.transferred_out;
        }
    }
    let received = |peer: &Peer| peer.talk.buyer_msgs > 0 && told.filtered == 0;
    if !told.sessions.is_empty() {
        shops.push(told, &shop, received(&shop));
    }
    peers.iter().for_each(|peer| agents.push(told, peer, received(peer)));
}
