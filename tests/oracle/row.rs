//! What one row of a report sees: a shop all of each session, an agent only the agent's own reception (§3, §8).

use super::attribution::Credit;
use super::facts::Facts;
use super::filters::SessionRecord;
use super::rounds::{Outcome, Round};
use super::rules::{Anchor, Rules};
use super::sessions::{Session, Spoken};

/// Whether the rows of a report are shops or agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Shop,
    Agent,
}

/// The first day of the period, the shop, and on an agent's row the agent.
pub(crate) type ReportKey = (i64, String, Option<String>);

/// What one row sees of one session.
pub(super) struct SessionView<'a> {
    pub(super) buyer: &'a str,
    pub(super) day: i64,
    pub(super) filtered: bool,
    /// Whether it holds a buyer line, one of a filtered peer-day included: nothing else counts of such a line (§8).
    pub(super) consulted: bool,
    pub(super) session: &'a Session,
    pub(super) spoken: Vec<&'a Spoken>,
    /// The number of auto lines.
    pub(super) autos: usize,
    /// The answered and unanswered rounds. What a robot settled and rows handed over stand apart, since they are in no rate (§4).
    pub(super) rounds: Vec<&'a Round>,
    pub(super) handed_over: Vec<&'a Round>,
    pub(super) robot: Vec<&'a Round>,
}

impl<'a> SessionView<'a> {
    pub(super) fn has_buyer_line(&self) -> bool {
        self.spoken.iter().any(|line| line.buyer)
    }

    /// Whether a buyer line of it is in a round, be it one that a robot settled.
    pub(super) fn asks_something(&self) -> bool {
        self.spoken.iter().any(|line| line.buyer && line.in_round)
    }

    /// Its buyer and reply lines by their instants.
    pub(super) fn in_time(&self) -> Vec<&'a Spoken> {
        let mut lines = self.spoken.clone();
        lines.sort_by_key(|line| line.order);
        lines
    }

    pub(super) fn buyer_lines(&self) -> usize {
        self.spoken.iter().filter(|line| line.buyer).count()
    }

    pub(super) fn reply_lines(&self) -> usize {
        self.spoken.iter().filter(|line| !line.buyer).count()
    }
}

/// The row that is being computed, with all that its metrics read.
pub(super) struct ReportRow<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) credits: &'a [Credit],
    pub(super) shop: &'a str,
    pub(super) agent: Option<&'a str>,
    pub(super) first_day: i64,
    pub(super) last_day: i64,
    /// The views that the filters of §8 leave.
    pub(super) kept: Vec<&'a SessionView<'a>>,
    /// The views of all sessions, for `consult_buyers`.
    pub(super) all: Vec<&'a SessionView<'a>>,
}

impl ReportRow<'_> {
    pub(super) fn rules(&self) -> &Rules {
        self.facts.rules
    }

    pub(super) fn is_shop(&self) -> bool {
        self.agent.is_none()
    }

    /// The wait of a round. Shop rows use the shop's clock, agent rows the agent's (§4).
    pub(super) fn wait(&self, round: &Round) -> Option<i64> {
        if self.is_shop() { round.wait_ms } else { round.agent_wait_ms }
    }

    /// The time from one instant to another on the clock of waits.
    pub(super) fn waited(&self, from: i64, to: i64) -> i64 {
        self.facts.input.waited(self.rules(), self.shop, from, to)
    }

    pub(super) fn in_period(&self, day: i64) -> bool {
        self.first_day <= day && day <= self.last_day
    }

    /// Whether a metric of this delay is known. A period matures with its last day; a delay of 0 is never held back (§6).
    pub(super) fn mature(&self, delay: i64) -> bool {
        delay == 0 || self.facts.input.landed >= self.last_day + delay
    }

    /// Whether the round is assessed: its anchor lies in the assessed hours (§4).
    pub(super) fn assessed(&self, view: &SessionView, round: &Round) -> bool {
        let anchor = match self.rules().anchor {
            Anchor::RoundStart => round.asked_at,
            Anchor::SessionStart => view.session.start,
        };
        self.in_assessed_hours(anchor)
    }

    pub(super) fn in_assessed_hours(&self, at: i64) -> bool {
        self.facts.input.in_assessed_hours(self.rules(), self.shop, at)
    }

    pub(super) fn assessed_rounds<'b>(&self, view: &SessionView<'b>) -> Vec<&'b Round> {
        view.rounds.iter().copied().filter(|round| self.assessed(view, round)).collect()
    }
}

/// The view that a shop (`None`) or an agent has of a session.
pub(super) fn view<'a>(record: &'a SessionRecord, agent: Option<&str>) -> SessionView<'a> {
    let session = &record.session;
    let mine = |whose: &Option<String>| whose.as_deref() == agent;
    let (spoken, rounds, autos) = match agent {
        None => (record.shop_lines(), record.shop_rounds(), record.shop_autos()),
        Some(_) => (
            session.spoken.iter().filter(|line| mine(&line.agent)).collect(),
            session.rounds.iter().filter(|round| mine(&round.agent)).collect(),
            session.autos.iter().filter(|whose| mine(whose)).count(),
        ),
    };
    let is_mine = |line: &&Spoken| agent.is_none() || mine(&line.agent);
    let (handed_over, rounds): (Vec<&Round>, Vec<&Round>) = rounds.into_iter().partition(|r| r.outcome == Outcome::HandedOver);
    let (robot, rounds) = rounds.into_iter().partition(|r| r.outcome == Outcome::Robot);
    SessionView {
        buyer: &record.buyer,
        day: record.day,
        filtered: record.filtered || agent.is_some_and(|agent| record.out.contains_key(agent)),
        consulted: session.spoken.iter().filter(is_mine).any(|line| line.buyer),
        session,
        spoken,
        autos,
        rounds,
        handed_over,
        robot,
    }
}
