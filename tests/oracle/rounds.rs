//! Rounds, their outcome, the robot's hands, and the two clocks of a wait (§4).

use super::lines::Step;
use super::rules::{RobotAnswers, RobotClock, TransferClock};
use super::sessions::{Conversation, Draft, Moment, Spoken, charges};

/// What became of a round, for the agent of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Unanswered,
    /// A robot settled it.
    Robot,
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
    /// The time until an agent was in charge or somebody replied. `None` if the round was not queued or nobody ever came.
    pub(crate) queue_ms: Option<i64>,
    /// Under `robot_clock = "transfer"`, the instant at which an event took the round out of the robot's hands.
    pub(crate) transferred_at: Option<i64>,
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
    /// The places of its buyer lines.
    places: Vec<usize>,
    /// Who was in charge during the round, in order. The closing reply is left out.
    assignments: Vec<Assignment>,
    queued: bool,
    /// Whether the round is in the robot's hands.
    robot: bool,
    /// The instant at which an event took it out of them.
    transferred_at: Option<i64>,
}

impl OpenRound {
    /// Whether no agent has been in charge of it at any time.
    fn is_untouched(&self) -> bool {
        self.assignments.iter().all(|assignment| assignment.agent.is_none())
    }
}

/// The rounds of a stretch of moments.
struct Replay {
    rows: Vec<Round>,
    /// The round that is open at its end.
    open: Option<OpenRound>,
    /// The places of the buyer lines of all rounds that have ended.
    asked: Vec<usize>,
    /// The places of those of answered rounds.
    answered: Vec<usize>,
}

/// The round rows of a session. Buyer lines of rounds are marked in `spoken`.
pub(super) fn read_rounds(within: &Conversation, draft: &Draft, spoken: &mut [Spoken]) -> Vec<Round> {
    let mut replay = replay(within, draft);
    if let Some(round) = replay.open.take() {
        replay.asked.extend(&round.places);
        let owner = charges(&draft.moments).pop().flatten();
        replay.rows.extend(if round.robot { vec![robot_row(&round)] } else { unanswered_rows(within, &round, owner) });
    }
    for line in spoken.iter_mut().filter(|line| line.buyer) {
        line.in_round = replay.asked.contains(&line.place);
        line.answered = replay.answered.contains(&line.place);
    }
    replay.rows
}

/// Whether somebody waits at the end of the moments: a round is open that is not in the robot's hands.
pub(super) fn somebody_waits(within: &Conversation, draft: &Draft) -> bool {
    replay(within, draft).open.is_some_and(|round| !round.robot)
}

fn replay(within: &Conversation, draft: &Draft) -> Replay {
    let after = charges(&draft.moments);
    let mut replay = Replay { rows: Vec::new(), open: None, asked: Vec::new(), answered: Vec::new() };
    for (place, moment) in draft.moments.iter().enumerate() {
        match &moment.step {
            Step::Buyer { named, asks } => {
                // What the robot said was the answer, whatever the buyer says now.
                if let Some(settled) = replay.open.take_if(|round| round.robot) {
                    replay.asked.extend(&settled.places);
                    replay.rows.push(robot_row(&settled));
                }
                match &mut replay.open {
                    Some(round) => join(round, place, moment, named.clone()),
                    // The agent in charge before the round has it only if the opening line names nobody:
                    // `after[place]` is then still that agent.
                    None if *asks => replay.open = Some(opened(draft, place, moment, after[place].clone())),
                    None => {}
                }
            }
            Step::Assign { agent } => {
                if let Some(round) = &mut replay.open {
                    take_charge(round, place, moment, agent.clone());
                }
            }
            Step::Reply { agent } => {
                if let Some(round) = replay.open.take() {
                    replay.asked.extend(&round.places);
                    replay.answered.extend(&round.places);
                    replay.rows.extend(answered_rows(within, &round, place, moment.at, agent.as_deref()));
                }
            }
            Step::Auto { robot, .. } => {
                if let Some(round) = &mut replay.open {
                    round.robot |= *robot && round.is_untouched() && within.rules.robot_answers == RobotAnswers::Out;
                }
            }
            Step::Close => {}
        }
    }
    replay
}

fn opened(draft: &Draft, place: usize, moment: &Moment, in_charge: Option<String>) -> OpenRound {
    let mut round = OpenRound {
        session: draft.id.clone(),
        asked_at: moment.at,
        asks: Vec::new(),
        places: Vec::new(),
        assignments: Vec::new(),
        queued: in_charge.is_none(),
        robot: false,
        transferred_at: None,
    };
    join(&mut round, place, moment, in_charge);
    round
}

/// A buyer line joins the round, and puts an agent in charge of it or nobody.
fn join(round: &mut OpenRound, place: usize, moment: &Moment, agent: Option<String>) {
    round.asks.push(moment.at);
    round.places.push(place);
    round.assignments.extend(agent.map(|agent| Assignment { place, at: moment.at, agent: Some(agent) }));
}

/// An event puts an agent in charge of the round, or hands it back.
fn take_charge(round: &mut OpenRound, place: usize, moment: &Moment, agent: Option<String>) {
    if round.robot && agent.is_some() {
        round.robot = false;
        round.transferred_at = Some(moment.at.max(round.asked_at));
    }
    round.assignments.push(Assignment { place, at: moment.at, agent });
}

/// The instant from which the shop waits, and whether an event in the robot's hands put it off.
fn shop_clock(within: &Conversation, round: &OpenRound) -> (i64, Option<i64>) {
    let transferred = round.transferred_at.filter(|_| within.rules.robot_clock == RobotClock::Transfer);
    (transferred.unwrap_or(round.asked_at), transferred)
}

/// The rows of a round that a reply closed. A person without a name owns no clock.
fn answered_rows(within: &Conversation, round: &OpenRound, place: usize, replied_at: i64, owner: Option<&str>) -> Vec<Round> {
    let (from, transferred_at) = shop_clock(within, round);
    let clock = owner.map_or(round.asked_at, |owner| agent_clock(within, round, replied_at, owner));
    let mine = |assignment: &&Assignment| owner.is_some() && assignment.agent.as_deref() == owner;
    let mut rows = vec![Round {
        session: round.session.clone(),
        asked_at: round.asked_at,
        replied_at: Some(replied_at),
        wait_ms: Some(within.waited(from, replied_at)),
        agent_wait_ms: owner.map(|_| within.waited(clock, replied_at)),
        outcome: Outcome::Answered,
        agent: owner.map(str::to_string),
        asks: round.asks.clone(),
        queued: round.queued,
        queue_ms: round.queued.then(|| within.waited(from, first_assigned_at(round).unwrap_or(replied_at))),
        transferred_at,
        agent_clock_at: clock,
        place: round.assignments.iter().find(mine).map_or(place, |assignment| assignment.place),
    }];
    rows.extend(handed_over_rows(round, owner).into_iter().map(|row| Round { replied_at: Some(replied_at), ..row }));
    rows
}

/// The rows of a round that nobody answered.
fn unanswered_rows(within: &Conversation, round: &OpenRound, owner: Option<String>) -> Vec<Round> {
    let (from, transferred_at) = shop_clock(within, round);
    let first = round.assignments.iter().find(|assignment| owner.is_some() && assignment.agent == owner);
    let taken_at = first_assigned_at(round).filter(|_| round.queued);
    let mut rows = vec![Round {
        agent: owner.clone(),
        queued: round.queued,
        queue_ms: taken_at.map(|at| within.waited(from, at)),
        transferred_at,
        agent_clock_at: first_assigned_at(round).unwrap_or(round.asked_at),
        place: first.map_or(0, |assignment| assignment.place),
        ..without_reply(round, Outcome::Unanswered)
    }];
    rows.extend(handed_over_rows(round, owner.as_deref()));
    rows
}

/// The row of a round that a robot settled: it is nobody's, and nobody waited.
fn robot_row(round: &OpenRound) -> Round {
    without_reply(round, Outcome::Robot)
}

/// A row of nobody that nobody replied to.
fn without_reply(round: &OpenRound, outcome: Outcome) -> Round {
    Round {
        session: round.session.clone(),
        asked_at: round.asked_at,
        replied_at: None,
        wait_ms: None,
        agent_wait_ms: None,
        outcome,
        agent: None,
        asks: round.asks.clone(),
        queued: false,
        queue_ms: None,
        transferred_at: None,
        agent_clock_at: round.asked_at,
        place: 0,
    }
}

fn first_assigned_at(round: &OpenRound) -> Option<i64> {
    round.assignments.iter().find(|assignment| assignment.agent.is_some()).map(|assignment| assignment.at)
}

/// The instant at which the agent's clock starts, never before the question.
fn agent_clock(within: &Conversation, round: &OpenRound, replied_at: i64, owner: &str) -> i64 {
    // Nothing tells when the agent took charge, so the agent's clock is the shop's.
    let Some(first) = first_assigned_at(round) else {
        return round.asked_at;
    };
    let start = match within.rules.transfer_clock {
        TransferClock::Inherit => first,
        TransferClock::Restart => last_took_charge(round, owner).unwrap_or(replied_at),
    };
    start.max(round.asked_at)
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
            agent: assignment.agent.clone(),
            queued: round.queued,
            agent_clock_at: assignment.at,
            place: assignment.place,
            ..without_reply(round, Outcome::HandedOver)
        });
    }
    rows
}
