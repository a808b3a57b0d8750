//! Sessions, who is in charge in them, and which agents take part (§3).

use super::input::{Input, Line};
use super::lines::{InTime, Step, in_order, step};
use super::rounds::{Round, read_rounds, somebody_waits};
use super::rules::Rules;
use std::collections::{BTreeMap, BTreeSet};

/// What the lines of one shop, buyer and business day are read under.
pub(super) struct Conversation<'a> {
    pub(super) input: &'a Input,
    pub(super) rules: &'a Rules,
    pub(super) shop: &'a str,
}

impl Conversation<'_> {
    pub(super) fn waited(&self, from: i64, to: i64) -> i64 {
        self.input.waited(self.rules, self.shop, from, to)
    }
}

/// A step of a session with its instant and its text.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) at: i64,
    order: InTime,
    pub(super) step: Step,
    text: String,
    /// Whether the line is a text of white space alone (§8, `empty`). A line of another kind is never blank.
    blank: bool,
}

/// The lines of one session in order, before its rounds are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<String>,
    pub(super) moments: Vec<Moment>,
}

/// A buyer line or a reply line as it stands in its session.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) at: i64,
    pub(crate) buyer: bool,
    /// The agent of the buyer line, or the agent who replied. `None` is nobody, or a person whom the log does not name.
    pub(crate) agent: Option<String>,
    pub(crate) text: String,
    pub(super) blank: bool,
    /// Its place among the lines of the buyer's day by their instants.
    pub(super) order: InTime,
    /// For a buyer line, whether it is in a round.
    pub(crate) in_round: bool,
    /// For a buyer line, whether its round was answered.
    pub(crate) answered: bool,
    /// The index of the line among the moments of its session.
    pub(super) place: usize,
}

/// A session as §3 and §4 read it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: Option<String>,
    /// The earliest instant of a line that is not an event.
    pub(crate) start: i64,
    /// In the order of the replay.
    pub(crate) spoken: Vec<Spoken>,
    /// The agent of each auto line.
    pub(crate) autos: Vec<Option<String>>,
    pub(crate) rounds: Vec<Round>,
    /// Whether any agent was in charge at any time.
    pub(crate) ever_in_charge: bool,
}

/// Reads the lines of one shop, buyer and business day, which stand in input order.
pub(super) fn read_conversation(within: &Conversation, lines: &[&Line]) -> Vec<Session> {
    let ordered = in_order(within.input, lines);
    let mut drafts = by_id(&ordered, within.rules);
    drafts.extend(by_silence(within, &ordered));
    drafts.iter().filter_map(|draft| read_session(within, draft)).collect()
}

fn moment((place, line): &(usize, &Line), step: Step) -> Moment {
    let text = line.text.clone().unwrap_or_default();
    let is_text = line.kind.as_deref().is_none_or(|kind| kind == "text");
    let order = (line.sent_at, line.seq, *place);
    Moment { at: line.sent_at, order, step, blank: is_text && text.chars().all(char::is_whitespace), text }
}

/// A session with an id is all lines that carry the id. Every event of it counts, and `close` does nothing.
fn by_id(lines: &[(usize, &Line)], rules: &Rules) -> Vec<Draft> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for line in lines {
        let (Some(id), Some(step)) = (&line.1.session, step(line.1, rules)) else {
            continue;
        };
        let draft = drafts.entry(id.clone()).or_default();
        draft.id = Some(id.clone());
        draft.moments.push(moment(line, step));
    }
    drafts.into_values().collect()
}

/// Among lines without a session id, silence splits a session when nobody is waiting, and `close` ends it.
/// Silence before an event splits nothing.
fn by_silence(within: &Conversation, lines: &[(usize, &Line)]) -> Vec<Draft> {
    let mut done: Vec<Draft> = Vec::new();
    let mut current: Option<Draft> = None;
    let mut previous_at = 0;
    let mut announced: Option<Moment> = None;
    for line in lines.iter().filter(|line| line.1.session.is_none()) {
        let Some(step) = step(line.1, within.rules) else {
            continue;
        };
        match step {
            Step::Close => {
                done.extend(current.take());
                announced = None;
            }
            Step::Assign { .. } => {
                let assignment = moment(line, step);
                if let Some(draft) = &mut current {
                    draft.moments.push(assignment.clone());
                }
                announced = Some(assignment);
            }
            spoken => {
                let sent_at = line.1.sent_at;
                let waiting = current.as_ref().is_some_and(|draft| somebody_waits(within, draft));
                if !waiting && sent_at - previous_at > within.rules.session_gap {
                    done.extend(current.take());
                }
                // The agent announced before a session is in charge of it from its start.
                let draft = current.get_or_insert_with(|| Draft {
                    id: None,
                    moments: announced.iter().map(|m| Moment { at: sent_at, ..m.clone() }).collect(),
                });
                draft.moments.push(moment(line, spoken));
                previous_at = sent_at;
                announced = None;
            }
        }
    }
    done.extend(current);
    done
}

/// The agent in charge right after each moment. A reply of a person without a name changes nothing.
pub(super) fn charges(moments: &[Moment]) -> Vec<Option<String>> {
    let mut in_charge: Option<String> = None;
    let mut after = Vec::new();
    for moment in moments {
        match &moment.step {
            Step::Assign { agent } => in_charge = agent.clone(),
            Step::Reply { agent: Some(agent) } | Step::Buyer { named: Some(agent), .. } => in_charge = Some(agent.clone()),
            _ => {}
        }
        after.push(in_charge.clone());
    }
    after
}

/// Reads a session. `None` if it holds events alone.
fn read_session(within: &Conversation, draft: &Draft) -> Option<Session> {
    let moments = &draft.moments;
    let after = charges(moments);
    let is_event = |m: &&Moment| matches!(m.step, Step::Assign { .. } | Step::Close);
    let start = moments.iter().filter(|m| !is_event(m)).map(|m| m.at).min()?;
    let mut spoken = spoken_lines(moments, &after);
    let rounds = read_rounds(within, draft, &mut spoken);
    let mut session = Session {
        id: draft.id.clone(),
        start,
        spoken,
        autos: Vec::new(),
        rounds,
        ever_in_charge: after.iter().any(|agent| agent.is_some()),
    };
    for moment in moments {
        if let Step::Auto { agent, .. } = &moment.step {
            session.autos.push(agent.clone());
        }
    }
    Some(session)
}

/// The agent of a buyer line is the agent it names, else the one in charge at that time, else the first to take charge later.
/// `after` counts the agent that a line names as in charge, so `after[place]` covers the first two cases.
fn spoken_lines(moments: &[Moment], after: &[Option<String>]) -> Vec<Spoken> {
    let mut spoken = Vec::new();
    for (place, moment) in moments.iter().enumerate() {
        let (buyer, agent) = match &moment.step {
            Step::Buyer { .. } => (true, after[place..].iter().find_map(|agent| agent.clone())),
            Step::Reply { agent } => (false, agent.clone()),
            _ => continue,
        };
        spoken.push(Spoken {
            at: moment.at,
            buyer,
            agent,
            text: moment.text.clone(),
            blank: moment.blank,
            order: moment.order,
            in_round: false,
            answered: false,
            place,
        });
    }
    spoken
}

/// The agents with a reception in the session.
pub(super) fn session_agents(session: &Session) -> BTreeSet<&str> {
    let spoken = session.spoken.iter().filter_map(|line| line.agent.as_deref());
    spoken.chain(session.rounds.iter().filter_map(|round| round.agent.as_deref())).collect()
}

/// The place at which the agent first appears in the session.
fn first_seen(session: &Session, agent: &str) -> Option<usize> {
    let spoken = session.spoken.iter().filter(|line| line.agent.as_deref() == Some(agent));
    let first_line = spoken.map(|line| line.place).min();
    first_line.into_iter().chain(first_served(session, agent)).min()
}

/// The place of the agent's first reply line or round row.
fn first_served(session: &Session, agent: &str) -> Option<usize> {
    let replies = session.spoken.iter().filter(|line| !line.buyer && line.agent.as_deref() == Some(agent));
    let rounds = session.rounds.iter().filter(|round| round.agent.as_deref() == Some(agent));
    replies.map(|line| line.place).chain(rounds.map(|round| round.place)).min()
}

/// Whether `from` served the session before `to` first appeared in it.
pub(super) fn transferred(session: &Session, from: &str, to: &str) -> bool {
    match (first_served(session, from), first_seen(session, to)) {
        (Some(before), Some(after)) => from != to && before < after,
        _ => false,
    }
}
