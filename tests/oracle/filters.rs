//! What the reception filters take out, of buyers and of peer-days (§8).

use super::input::{Input, Line};
use super::lines::lines_that_count;
use super::rounds::Round;
use super::rules::Rules;
use super::sessions::{Conversation, Session, Spoken, read_conversation, session_agents, transferred};
use std::collections::{BTreeMap, BTreeSet};

/// A session with its shop, buyer and business day, and with what the filters take out of that day.
pub(crate) struct SessionRecord {
    pub(crate) shop: String,
    pub(crate) buyer: String,
    pub(crate) day: i64,
    /// Whether the buyer's whole day is taken out.
    pub(crate) filtered: bool,
    /// The agents whose peer-days with the buyer are taken out, each with the filter that did it.
    pub(crate) out: BTreeMap<String, &'static str>,
    pub(crate) session: Session,
}

impl SessionRecord {
    fn is_out(&self, agent: &Option<String>) -> bool {
        agent.as_ref().is_some_and(|agent| self.out.contains_key(agent))
    }

    /// The lines that the shop's row counts. Where the buyer's day stays, the lines of filtered peer-days are left out.
    /// A day that is taken out as a whole keeps all its lines, as `details/sessions` shows them.
    pub(crate) fn shop_lines(&self) -> Vec<&Spoken> {
        self.session.spoken.iter().filter(|line| self.filtered || !self.is_out(&line.agent)).collect()
    }

    /// The rounds that the shop's row counts, by the same rule and the owner of the round.
    pub(super) fn shop_rounds(&self) -> Vec<&Round> {
        self.session.rounds.iter().filter(|round| self.filtered || !self.is_out(&round.agent)).collect()
    }

    /// The number of auto lines that the shop's row counts. Those of a filtered agent with a reception in the session are left out.
    pub(crate) fn shop_autos(&self) -> usize {
        let agents = session_agents(&self.session);
        let of_reception = |agent: &Option<String>| agent.as_deref().is_some_and(|agent| agents.contains(agent));
        self.session.autos.iter().filter(|agent| self.filtered || !(self.is_out(agent) && of_reception(agent))).count()
    }
}

/// Every session of the days that are read, filtered ones included.
pub(crate) fn sessions(input: &Input, rules: &Rules) -> Vec<SessionRecord> {
    session_records(input, rules, &lines_that_count(input))
}

/// Reads each conversation (§3: all lines of one shop and buyer in one business day) and applies the filters to it.
pub(super) fn session_records(input: &Input, rules: &Rules, lines: &[Line]) -> Vec<SessionRecord> {
    let mut conversations: BTreeMap<(&str, &str, i64), Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let key = (line.shop.as_str(), line.buyer.as_str(), input.business_day(line.sent_at));
        conversations.entry(key).or_default().push(line);
    }
    let mut records = Vec::new();
    for ((shop, buyer, day), lines) in conversations {
        let sessions = read_conversation(&Conversation { input, rules, shop }, &lines);
        let agents: BTreeSet<&str> = sessions.iter().flat_map(session_agents).collect();
        let reason = |agent: &str| is_filtered_peer_day(&sessions, agent, rules).map(|why| (agent.to_string(), why));
        let out: BTreeMap<String, &'static str> = agents.iter().filter_map(|agent| reason(agent)).collect();
        // The buyer's day leaves the shop's row once every peer-day of it is taken out.
        let every = !agents.is_empty() && out.len() == agents.len();
        let filtered = every || is_filtered(input, rules, shop, buyer, day);
        for session in sessions {
            records.push(SessionRecord { shop: shop.to_string(), buyer: buyer.to_string(), day, filtered, out: out.clone(), session });
        }
    }
    records
}

/// The two filters that are said of a buyer: `own_accounts` and `blocklist`.
pub(crate) fn is_filtered(input: &Input, rules: &Rules, shop: &str, buyer: &str, day: i64) -> bool {
    let own = input.staff.iter().any(|(s, agent)| s == shop && agent == buyer);
    let blocked = input
        .blocklist
        .iter()
        .any(|(s, b, from, to)| s == shop && b == buyer && from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to));
    (rules.own_accounts && own) || (rules.blocklist && blocked)
}

/// The first of the four filters of a peer-day that takes out this agent's, in the order of §8.
fn is_filtered_peer_day(sessions: &[Session], agent: &str, rules: &Rules) -> Option<&'static str> {
    let mine = |line: &&Spoken| line.agent.as_deref() == Some(agent);
    let lines: Vec<&Spoken> = sessions.iter().flat_map(|session| &session.spoken).filter(mine).collect();
    let asked = lines.iter().filter(|line| line.buyer).count();
    let replied = lines.len() - asked;
    let to_another = |session: &Session| session_agents(session).iter().any(|other| transferred(session, agent, other));
    if rules.forward_only.is_some_and(|most| sessions.iter().any(to_another) && replied <= most) {
        return Some("forward_only");
    }
    if rules.monologue.is_some_and(|(most, least)| asked <= most && replied >= least) {
        return Some("monologue");
    }
    if rules.single_line && asked == 1 {
        return Some("single_line");
    }
    let silent = lines.iter().filter(|line| line.buyer).all(|line| line.blank);
    (rules.empty && asked > 0 && silent).then_some("empty")
}

/// A peer-day (§3) as the detail table lists it: shop, buyer, day, agent, and the filter that took it out.
pub(crate) type PeerDay = (String, String, i64, String, Option<&'static str>);

/// Every peer-day of the days that are read.
pub(crate) fn peer_days(input: &Input, rules: &Rules) -> BTreeSet<PeerDay> {
    let mut rows = BTreeSet::new();
    for record in sessions(input, rules) {
        let own = input.staff.iter().any(|(shop, agent)| *shop == record.shop && *agent == record.buyer);
        for agent in session_agents(&record.session) {
            let why = match (is_filtered(input, rules, &record.shop, &record.buyer, record.day), rules.own_accounts && own) {
                (true, true) => Some("own_accounts"),
                (true, false) => Some("blocklist"),
                (false, _) => record.out.get(agent).copied(),
            };
            rows.insert((record.shop.clone(), record.buyer.clone(), record.day, agent.to_string(), why));
        }
    }
    rows
}
