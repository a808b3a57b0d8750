//! Rounds, their outcome, and the two clocks of a wait (§4).

use super::lines::Step;
use super::rules::{Rules, TransferClock};
use super::sessions::{Draft, Moment, Spoken};

/// What became of a round, for the agent of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Unanswered,
    HandedOver,
}

/// One row of a round. `agent` is the owner of the round, or for `HandedOver` an agent who was in charge of it and is not its owner.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) session: Option<String>,
    pub(crate) asked_at: i64,
    pub(crate) replied_at: Option<i64>,
    pub(crate) wait_ms: Option<i64>,
    pub(crate) agent_wait_ms: Option<i64>,
    pub(crate) outcome: Outcome,
    pub(crate) agent: Option<String>,
    /// The instants of the buyer lines of the round.
    pub(crate) asks: Vec<i64>,
    /// Whether nobody was in charge when the round opened (family B, queue).
    pub(crate) queued: bool,
    /// The time until an agent was in charge or replied. `None` if the round was not queued or no agent ever came.
    pub(crate) queue_ms: Option<i64>,
    /// The start of the agent's clock. In a round without an answer it is the instant at which the first agent was in charge,
    /// or else `asked_at`.
    pub(crate) agent_clock_at: i64,
    /// The place in the session at which `agent` came to the round.
    pub(super) place: usize,
}

/// The moment at which an agent came to be in charge of an open round, or nobody.
#[derive(Clone, Debug)]
struct Assignment {
    place: usize,
    at: i64,
    agent: Option<String>,
}

/// A round that waits for its reply.
#[derive(Clone, Debug)]
struct OpenRound {
    session: Option<String>,
    asked_at: i64,
    asks: Vec<i64>,
    /// Who was in charge during the round, in order. The closing reply is left out.
    assignments: Vec<Assignment>,
    queued: bool,
}

/// The round rows of a session. Buyer lines of answered rounds are marked in `spoken`.
pub(super) fn read_rounds(draft: &Draft, after: &[Option<String>], spoken: &mut [Spoken], rules: &Rules) -> Vec<Round> {
    let mut rows = Vec::new();
    let mut open: Option<OpenRound> = None;
    for (place, moment) in draft.moments.iter().enumerate() {
        match &moment.step {
            Step::Buyer { named } => {
                let round = open.get_or_insert_with(|| opened(draft, moment));
                round.asks.push(moment.at);
                let opening = round.asks.len() == 1;
                round.queued = if opening { after[place].is_none() } else { round.queued };
                // The agent in charge before the round has it only if the opening line names nobody:
                // `after[place]` is then still that agent.
                let assigned = if opening { after[place].clone() } else { named.clone() };
                round.assignments.extend(assigned.map(|agent| Assignment { place, at: moment.at, agent: Some(agent) }));
            }
            Step::Assign { agent } => {
                if let Some(round) = &mut open {
                    round.assignments.push(Assignment { place, at: moment.at, agent: agent.clone() });
                }
            }
            Step::Reply { agent } => {
                if let Some(round) = open.take() {
                    mark_answered(spoken, place, round.asks.len());
                    rows.extend(answered_rows(&round, place, moment.at, agent, rules));
                }
            }
            Step::Auto { .. } | Step::Close => {}
        }
    }
    if let Some(round) = open {
        let owner = after.last().cloned().flatten();
        rows.extend(unanswered_rows(&round, owner));
    }
    rows
}

fn opened(draft: &Draft, moment: &Moment) -> OpenRound {
    OpenRound { session: draft.id.clone(), asked_at: moment.at, asks: Vec::new(), assignments: Vec::new(), queued: false }
}

/// The last `asks` buyer lines before the reply at `place` are those of its round.
fn mark_answered(spoken: &mut [Spoken], place: usize, asks: usize) {
    let before = spoken.iter_mut().rev().filter(|line| line.buyer && line.place < place);
    before.take(asks).for_each(|line| line.answered = true);
}

/// The rows of a round that a reply closed.
fn answered_rows(round: &OpenRound, place: usize, replied_at: i64, owner: &str, rules: &Rules) -> Vec<Round> {
    let clock = agent_clock(round, replied_at, owner, rules);
    let came =
        round.assignments.iter().find(|assignment| assignment.agent.as_deref() == Some(owner)).map_or(place, |assignment| assignment.place);
    let mut rows = vec![Round {
        session: round.session.clone(),
        asked_at: round.asked_at,
        replied_at: Some(replied_at),
        wait_ms: Some(replied_at - round.asked_at),
        agent_wait_ms: Some(replied_at - clock),
        outcome: Outcome::Answered,
        agent: Some(owner.to_string()),
        asks: round.asks.clone(),
        queued: round.queued,
        queue_ms: round.queued.then(|| first_assigned_at(round).unwrap_or(replied_at) - round.asked_at),
        agent_clock_at: clock,
        place: came,
    }];
    rows.extend(handed_over_rows(round, Some(owner)));
    rows
}

/// The rows of a round that nobody answered.
fn unanswered_rows(round: &OpenRound, owner: Option<String>) -> Vec<Round> {
    let first = round.assignments.iter().find(|assignment| owner.is_some() && assignment.agent == owner);
    let mut rows = vec![Round {
        session: round.session.clone(),
        asked_at: round.asked_at,
        replied_at: None,
        wait_ms: None,
        agent_wait_ms: None,
        outcome: Outcome::Unanswered,
        agent: owner.clone(),
        asks: round.asks.clone(),
        queued: round.queued,
        queue_ms: if round.queued { first_assigned_at(round).map(|at| at - round.asked_at) } else { None },
        agent_clock_at: first_assigned_at(round).unwrap_or(round.asked_at),
        place: first.map_or(0, |assignment| assignment.place),
    }];
    rows.extend(handed_over_rows(round, owner.as_deref()));
    rows
}

fn first_assigned_at(round: &OpenRound) -> Option<i64> {
    round.assignments.iter().find(|assignment| assignment.agent.is_some()).map(|assignment| assignment.at)
}

/// The instant at which the agent's clock starts.
fn agent_clock(round: &OpenRound, replied_at: i64, owner: &str, rules: &Rules) -> i64 {
    // Nothing tells when the agent took charge, so the agent's clock is the shop's.
    let Some(first) = first_assigned_at(round) else {
        return round.asked_at;
    };
    match rules.transfer_clock {
        TransferClock::Inherit => first,
        TransferClock::Restart => last_took_charge(round, owner).unwrap_or(replied_at),
    }
}

/// The instant at which the owner last took charge. Naming the agent who is in charge already is not taking charge again.
fn last_took_charge(round: &OpenRound, owner: &str) -> Option<i64> {
    let mut last = None;
    let mut in_charge: Option<&str> = None;
    for assignment in &round.assignments {
        if assignment.agent.as_deref() == Some(owner) && in_charge != Some(owner) {
            last = Some(assignment.at);
        }
        in_charge = assignment.agent.as_deref();
    }
    last
}

/// One row for each agent who was in charge during the round and is not its owner.
fn handed_over_rows(round: &OpenRound, owner: Option<&str>) -> Vec<Round> {
    let mut rows: Vec<Round> = Vec::new();
    for assignment in &round.assignments {
        let seen = rows.iter().any(|row| row.agent == assignment.agent);
        if seen || assignment.agent.is_none() || owner == assignment.agent.as_deref() {
            continue;
        }
        rows.push(Round {
            session: round.session.clone(),
            asked_at: round.asked_at,
            replied_at: None,
            wait_ms: None,
            agent_wait_ms: None,
            outcome: Outcome::HandedOver,
            agent: assignment.agent.clone(),
            asks: round.asks.clone(),
            queued: round.queued,
            queue_ms: None,
            agent_clock_at: assignment.at,
            place: assignment.place,
        });
    }
    rows
}
