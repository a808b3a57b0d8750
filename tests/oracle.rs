//! An independent reading of semantics.md, families A to G of metrics.md, as plain row loops.
//! It favours being checked line by line over speed: no shared code with kefu, std only.
//! "§" numbers are sections of semantics.md; "M.A" is family A of metrics.md.

use std::collections::{BTreeMap, BTreeSet};

// ---------------------------------------------------------------------------------------------
// Input and rules
// ---------------------------------------------------------------------------------------------

pub(crate) const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sender {
    #[default]
    Buyer,
    Agent,
    Robot,
    System,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Human,
    Assist,
    Auto,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) shop: String,
    pub(crate) buyer: String,
    pub(crate) sender: Sender,
    pub(crate) agent: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) mode: Option<Mode>,
    pub(crate) kind: Option<String>,
    /// UTC milliseconds.
    pub(crate) sent_at: i64,
    pub(crate) seq: Option<i64>,
    pub(crate) text: Option<String>,
    pub(crate) recalled: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) shop: String,
    pub(crate) order_id: String,
    pub(crate) buyer: String,
    pub(crate) created_at: i64,
    pub(crate) paid_at: Option<i64>,
    pub(crate) cancelled_at: Option<i64>,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: i64,
    pub(crate) postage_fen: Option<i64>,
    pub(crate) flag: Option<String>,
    pub(crate) updated_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    RoundStart,
    SessionStart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstResponseUnit {
    Session,
    PeerDay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferClock {
    Inherit,
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attribution {
    Order,
    Payment,
    OrderFirst,
}

/// Times and spans are milliseconds; `assessed_hours` are milliseconds of the local clock.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) session_gap: i64,
    pub(crate) assessed_hours: (i64, i64),
    pub(crate) anchor: Anchor,
    pub(crate) first_response_unit: FirstResponseUnit,
    pub(crate) response_cap: i64,
    pub(crate) reply_threshold: i64,
    pub(crate) quick_threshold: i64,
    pub(crate) slow_threshold: i64,
    pub(crate) slow_times: usize,
    pub(crate) max_wait: i64,
    pub(crate) long_reception: i64,
    pub(crate) transfer_clock: TransferClock,
    pub(crate) reply_modes: Vec<Mode>,
    pub(crate) after_sale_days: i64,
    pub(crate) final_pay_days: i64,
    pub(crate) credit_lookback: i64,
    pub(crate) attribution: Attribution,
    pub(crate) excluded_flags: Vec<String>,
    pub(crate) own_accounts: bool,
    pub(crate) blocklist: bool,
    /// At most so many replies before the transfer.
    pub(crate) forward_only: Option<usize>,
    /// (at most so many buyer lines, at least so many replies)
    pub(crate) monologue: Option<(usize, usize)>,
    pub(crate) single_line: bool,
    pub(crate) empty: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            session_gap: 30 * MINUTE_MS,
            assessed_hours: (8 * 60 * MINUTE_MS, 23 * 60 * MINUTE_MS),
            anchor: Anchor::RoundStart,
            first_response_unit: FirstResponseUnit::Session,
            response_cap: 600_000,
            reply_threshold: 180_000,
            quick_threshold: 30_000,
            slow_threshold: 180_000,
            slow_times: 1,
            max_wait: 30 * MINUTE_MS,
            long_reception: 30 * MINUTE_MS,
            transfer_clock: TransferClock::Inherit,
            reply_modes: vec![Mode::Human, Mode::Assist],
            after_sale_days: 15,
            final_pay_days: 4,
            credit_lookback: 3 * DAY_MS,
            attribution: Attribution::OrderFirst,
            excluded_flags: Vec::new(),
            own_accounts: true,
            blocklist: true,
            forward_only: None,
            monologue: None,
            single_line: false,
            empty: false,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    /// In input order: files in path order, rows in file order.
    pub(crate) lines: Vec<Line>,
    /// Several versions of one order may be here. None: the table is not configured.
    pub(crate) orders: Option<Vec<Order>>,
    /// (shop, agent id)
    pub(crate) staff: Vec<(String, String)>,
    /// (shop, buyer, from day, to day inclusive)
    pub(crate) blocklist: Vec<(String, String, Option<i64>, Option<i64>)>,
    /// (shop, day, visitors). None: the table is not configured.
    pub(crate) visits: Option<Vec<(String, i64, i64)>>,
    /// Shops to report on; empty: every shop seen.
    pub(crate) shops: Vec<String>,
    pub(crate) utc_offset_ms: i64,
    pub(crate) day_starts_ms: i64,
    /// Business days as days since 1970-01-01, first and last that count.
    pub(crate) first_day: i64,
    pub(crate) landed: i64,
}

impl Input {
    /// §1: business days are cut in local time at `business_day_starts_at`.
    pub(crate) fn business_day(&self, at: i64) -> i64 {
        (at + self.utc_offset_ms - self.day_starts_ms).div_euclid(DAY_MS)
    }

    pub(crate) fn start_of_day(&self, day: i64) -> i64 {
        day * DAY_MS - self.utc_offset_ms + self.day_starts_ms
    }

    /// Exclusive, as every interval of §1.
    pub(crate) fn end_of_day(&self, day: i64) -> i64 {
        self.start_of_day(day + 1)
    }

    fn local_clock(&self, at: i64) -> i64 {
        (at + self.utc_offset_ms).rem_euclid(DAY_MS)
    }

    fn covers(&self, day: i64) -> bool {
        self.first_day <= day && day <= self.landed
    }

    fn reports(&self, shop: &str) -> bool {
        self.shops.is_empty() || self.shops.iter().any(|s| s == shop)
    }
}

/// §1: `[start, end)`; hours that wrap past midnight are the complement.
fn in_hours(clock: i64, (start, end): (i64, i64)) -> bool {
    if start <= end { start <= clock && clock < end } else { clock >= start || clock < end }
}

// ---------------------------------------------------------------------------------------------
// Lines (§2)
// ---------------------------------------------------------------------------------------------

/// What a line is to its conversation.
#[derive(Clone, Debug)]
enum Step {
    Buyer { named: Option<String> },
    Reply { agent: String },
    Auto { agent: Option<String> },
    Charge { agent: String },
    Close,
}

/// §2, the table of lines. None: recalled buyer lines and other system lines are nothing.
fn step(line: &Line, rules: &Rules) -> Option<Step> {
    match line.sender {
        Sender::Buyer if line.recalled => None,
        Sender::Buyer => Some(Step::Buyer { named: line.agent.clone() }),
        // A recalled agent line stays what it was: the buyer had it.
        Sender::Agent | Sender::Robot => match (&line.agent, is_reply_mode(line, rules)) {
            (Some(agent), true) => Some(Step::Reply { agent: agent.clone() }),
            (agent, _) => Some(Step::Auto { agent: agent.clone() }),
        },
        Sender::System => match (line.kind.as_deref(), &line.agent) {
            (Some("assign" | "transfer"), Some(agent)) => Some(Step::Charge { agent: agent.clone() }),
            (Some("close"), _) => Some(Step::Close),
            _ => None,
        },
    }
}

fn is_reply_mode(line: &Line, rules: &Rules) -> bool {
    let missing = if line.sender == Sender::Robot { Mode::Auto } else { Mode::Human };
    rules.reply_modes.contains(&line.mode.unwrap_or(missing))
}

/// §2: of two lines of one shop and day with one id the first read counts; recalled if either says so.
fn without_duplicates(lines: &[Line], day_of: &dyn Fn(i64) -> i64) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    let mut first: BTreeMap<(String, i64, String), usize> = BTreeMap::new();
    for line in lines {
        if let Some(id) = &line.message_id {
            let key = (line.shop.clone(), day_of(line.sent_at), id.clone());
            if let Some(&index) = first.get(&key) {
                kept[index].recalled |= line.recalled;
                continue;
            }
            first.insert(key, kept.len());
        }
        kept.push(line.clone());
    }
    kept
}

/// §2: `sent_at`, then `seq` (a null sorts first, as None does), then input order (the sort is stable).
fn in_order<'a>(lines: &[&'a Line]) -> Vec<&'a Line> {
    let mut sorted = lines.to_vec();
    sorted.sort_by_key(|line| (line.sent_at, line.seq));
    sorted
}

// ---------------------------------------------------------------------------------------------
// Sessions (§3)
// ---------------------------------------------------------------------------------------------

/// One step of a session with its instant and text.
#[derive(Clone, Debug)]
struct Moment {
    at: i64,
    step: Step,
    text: String,
    /// Text, and nothing but white space (§8, `empty`); a line of another kind says something.
    blank: bool,
}

/// A session before it is read: its id and its moments in order.
#[derive(Clone, Debug, Default)]
struct Draft {
    id: Option<String>,
    moments: Vec<Moment>,
}

/// A buyer or reply line as it stands in its session.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) at: i64,
    pub(crate) buyer: bool,
    /// The agent of the buyer line (§3), or who replied.
    pub(crate) agent: Option<String>,
    pub(crate) text: String,
    blank: bool,
    /// Buyer lines: whether the round it stands in was answered.
    pub(crate) answered: bool,
    /// Place among the session's moments.
    place: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Unanswered,
    HandedOver,
}

/// A round row (§4). `agent` is its owner, or for `HandedOver` the agent who did not keep it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) session: Option<String>,
    pub(crate) asked_at: i64,
    pub(crate) replied_at: Option<i64>,
    pub(crate) wait_ms: Option<i64>,
    pub(crate) agent_wait_ms: Option<i64>,
    pub(crate) outcome: Outcome,
    pub(crate) agent: Option<String>,
    /// The instants of its buyer lines.
    pub(crate) asks: Vec<i64>,
    /// Opened with nobody in charge (M.B, queue).
    pub(crate) queued: bool,
    /// Until the first agent in charge, a reply included; None when never taken or not queued.
    pub(crate) queue_ms: Option<i64>,
    /// Start of the agent's clock; for rounds without an answer, when the first agent took it.
    pub(crate) agent_clock_at: i64,
    /// Place in the session at which `agent` came to the round.
    place: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: Option<String>,
    /// First line that is not an event.
    pub(crate) start: i64,
    pub(crate) spoken: Vec<Spoken>,
    /// The agents of the auto lines.
    pub(crate) autos: Vec<Option<String>>,
    pub(crate) rounds: Vec<Round>,
    /// Whether an agent was in charge at some time.
    pub(crate) ever_in_charge: bool,
}

fn read_conversation(lines: &[&Line], rules: &Rules) -> Vec<Session> {
    let ordered = in_order(lines);
    let mut drafts = by_id(&ordered, rules);
    drafts.extend(by_silence(&ordered, rules));
    drafts.iter().filter_map(|draft| read_session(draft, rules)).collect()
}

fn moment(line: &Line, step: Step) -> Moment {
    let text = line.text.clone().unwrap_or_default();
    let is_text = line.kind.as_deref().is_none_or(|kind| kind == "text");
    Moment { at: line.sent_at, step, blank: is_text && text.chars().all(char::is_whitespace), text }
}

/// §3: with an id, the lines that carry it; every event counts and `close` does nothing.
fn by_id(lines: &[&Line], rules: &Rules) -> Vec<Draft> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for line in lines {
        let (Some(id), Some(step)) = (&line.session, step(line, rules)) else {
            continue;
        };
        let draft = drafts.entry(id.clone()).or_default();
        draft.id = Some(id.clone());
        draft.moments.push(moment(line, step));
    }
    drafts.into_values().collect()
}

/// §3: without an id, silence splits a session when nobody is waiting, and `close` ends it.
fn by_silence(lines: &[&Line], rules: &Rules) -> Vec<Draft> {
    let mut done: Vec<Draft> = Vec::new();
    let mut current: Option<Draft> = None;
    let mut previous_at = 0;
    let mut waiting = false;
    let mut announced: Option<Moment> = None;
    for line in lines.iter().filter(|line| line.session.is_none()) {
        let Some(step) = step(line, rules) else {
            continue;
        };
        match step {
            Step::Close => {
                done.extend(current.take());
                waiting = false;
                announced = None;
            }
            Step::Charge { .. } => {
                let charge = moment(line, step);
                if let Some(draft) = &mut current {
                    draft.moments.push(charge.clone());
                }
                announced = Some(charge);
            }
            spoken => {
                if !waiting && line.sent_at - previous_at > rules.session_gap {
                    done.extend(current.take());
                }
                // An announced agent is in charge of a new session "from its start".
                let draft = current.get_or_insert_with(|| Draft {
                    id: None,
                    moments: announced.iter().map(|m| Moment { at: line.sent_at, ..m.clone() }).collect(),
                });
                waiting = match spoken {
                    Step::Buyer { .. } => true,
                    Step::Reply { .. } => false,
                    _ => waiting,
                };
                draft.moments.push(moment(line, spoken));
                previous_at = line.sent_at;
                announced = None;
            }
        }
    }
    done.extend(current);
    done
}

/// Who is in charge right after each moment (§3).
fn charges(moments: &[Moment]) -> Vec<Option<String>> {
    let mut in_charge: Option<String> = None;
    let mut after = Vec::new();
    for moment in moments {
        match &moment.step {
            Step::Charge { agent } | Step::Reply { agent } | Step::Buyer { named: Some(agent) } => {
                in_charge = Some(agent.clone());
            }
            _ => {}
        }
        after.push(in_charge.clone());
    }
    after
}

/// None: a session of events alone never starts.
fn read_session(draft: &Draft, rules: &Rules) -> Option<Session> {
    let moments = &draft.moments;
    let after = charges(moments);
    let is_event = |m: &&Moment| matches!(m.step, Step::Charge { .. } | Step::Close);
    let start = moments.iter().find(|m| !is_event(m))?.at;
    let mut spoken = spoken_lines(moments, &after);
    let rounds = read_rounds(draft, &after, &mut spoken, rules);
    let mut session = Session {
        id: draft.id.clone(),
        start,
        spoken,
        autos: Vec::new(),
        rounds,
        ever_in_charge: after.iter().any(|agent| agent.is_some()),
    };
    for moment in moments {
        if let Step::Auto { agent } = &moment.step {
            session.autos.push(agent.clone());
        }
    }
    Some(session)
}

/// §3, agent of a buyer line: its own, else in charge then, else the first to come later, else none.
/// `after` already holds a line's own agent, so after[place] is the first two of these.
fn spoken_lines(moments: &[Moment], after: &[Option<String>]) -> Vec<Spoken> {
    let mut spoken = Vec::new();
    for (place, moment) in moments.iter().enumerate() {
        let (buyer, agent) = match &moment.step {
            Step::Buyer { .. } => (true, after[place..].iter().find_map(|agent| agent.clone())),
            Step::Reply { agent } => (false, Some(agent.clone())),
            _ => continue,
        };
        spoken.push(Spoken { at: moment.at, buyer, agent, text: moment.text.clone(), blank: moment.blank, answered: false, place });
    }
    spoken
}

// ---------------------------------------------------------------------------------------------
// Rounds (§4)
// ---------------------------------------------------------------------------------------------

/// An agent came to be in charge of an open round.
#[derive(Clone, Debug)]
struct Take {
    place: usize,
    at: i64,
    agent: String,
}

#[derive(Clone, Debug)]
struct Open {
    session: Option<String>,
    asked_at: i64,
    asks: Vec<i64>,
    /// Who was in charge during the round, in order, the closing reply left out.
    takes: Vec<Take>,
    queued: bool,
}

fn read_rounds(draft: &Draft, after: &[Option<String>], spoken: &mut [Spoken], rules: &Rules) -> Vec<Round> {
    let mut rows = Vec::new();
    let mut open: Option<Open> = None;
    for (place, moment) in draft.moments.iter().enumerate() {
        match &moment.step {
            Step::Buyer { named } => {
                let round = open.get_or_insert_with(|| opened(draft, moment));
                round.asks.push(moment.at);
                let opening = round.asks.len() == 1;
                round.queued = if opening { after[place].is_none() } else { round.queued };
                // Who was in charge before takes the round only if the opening line names nobody:
                // after[place] is then still that agent.
                let taken_by = if opening { after[place].clone() } else { named.clone() };
                round.takes.extend(taken_by.map(|agent| Take { place, at: moment.at, agent }));
            }
            Step::Charge { agent } => {
                if let Some(round) = &mut open {
                    round.takes.push(Take { place, at: moment.at, agent: agent.clone() });
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

fn opened(draft: &Draft, moment: &Moment) -> Open {
    Open { session: draft.id.clone(), asked_at: moment.at, asks: Vec::new(), takes: Vec::new(), queued: false }
}

/// The `asks` buyer lines before the reply at `place` are those of its round.
fn mark_answered(spoken: &mut [Spoken], place: usize, asks: usize) {
    let before = spoken.iter_mut().rev().filter(|line| line.buyer && line.place < place);
    before.take(asks).for_each(|line| line.answered = true);
}

fn answered_rows(round: &Open, place: usize, replied_at: i64, owner: &str, rules: &Rules) -> Vec<Round> {
    let clock = agent_clock(round, replied_at, owner, rules);
    let came = round.takes.iter().find(|take| take.agent == owner).map_or(place, |take| take.place);
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
        queue_ms: round.queued.then(|| first_taken(round).unwrap_or(replied_at) - round.asked_at),
        agent_clock_at: clock,
        place: came,
    }];
    rows.extend(handed_over_rows(round, Some(owner)));
    rows
}

fn unanswered_rows(round: &Open, owner: Option<String>) -> Vec<Round> {
    let first = round.takes.iter().find(|take| Some(&take.agent) == owner.as_ref());
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
        queue_ms: if round.queued { first_taken(round).map(|at| at - round.asked_at) } else { None },
        agent_clock_at: first_taken(round).unwrap_or(round.asked_at),
        place: first.map_or(0, |take| take.place),
    }];
    rows.extend(handed_over_rows(round, owner.as_deref()));
    rows
}

fn first_taken(round: &Open) -> Option<i64> {
    round.takes.first().map(|take| take.at)
}

/// §4, the agent's clock.
fn agent_clock(round: &Open, replied_at: i64, owner: &str, rules: &Rules) -> i64 {
    // Nothing tells when: the agent's clock is the shop's.
    let Some(first) = first_taken(round) else {
        return round.asked_at;
    };
    match rules.transfer_clock {
        TransferClock::Inherit => first,
        TransferClock::Restart => last_took_charge(round, owner).unwrap_or(replied_at),
    }
}

/// Naming who is in charge already is not taking charge again.
fn last_took_charge(round: &Open, owner: &str) -> Option<i64> {
    let mut last = None;
    let mut in_charge: Option<&str> = None;
    for take in &round.takes {
        if take.agent == owner && in_charge != Some(owner) {
            last = Some(take.at);
        }
        in_charge = Some(&take.agent);
    }
    last
}

/// §4: one row for each agent in charge during the round who is not its owner.
fn handed_over_rows(round: &Open, owner: Option<&str>) -> Vec<Round> {
    let mut rows: Vec<Round> = Vec::new();
    for take in &round.takes {
        let seen = rows.iter().any(|row| row.agent.as_deref() == Some(&take.agent));
        if seen || owner == Some(&take.agent) {
            continue;
        }
        rows.push(Round {
            session: round.session.clone(),
            asked_at: round.asked_at,
            replied_at: None,
            wait_ms: None,
            agent_wait_ms: None,
            outcome: Outcome::HandedOver,
            agent: Some(take.agent.clone()),
            asks: round.asks.clone(),
            queued: round.queued,
            queue_ms: None,
            agent_clock_at: take.at,
            place: take.place,
        });
    }
    rows
}

// ---------------------------------------------------------------------------------------------
// Everything a report reads
// ---------------------------------------------------------------------------------------------

/// A session with whose and when it was, and what the reception filters (§8) take out.
pub(crate) struct Visit {
    pub(crate) shop: String,
    pub(crate) buyer: String,
    pub(crate) day: i64,
    /// The buyer's whole day is out.
    pub(crate) filtered: bool,
    /// The agents of the buyer's day whose peer-days are out, each with why.
    pub(crate) out: BTreeMap<String, &'static str>,
    pub(crate) session: Session,
}

impl Visit {
    fn is_out(&self, agent: &Option<String>) -> bool {
        agent.as_ref().is_some_and(|agent| self.out.contains_key(agent))
    }

    /// What the shop's row counts: where the buyer's day stays, all but the lines of filtered peer-days. A day that is out keeps all of its own.
    pub(crate) fn shop_lines(&self) -> Vec<&Spoken> {
        self.session.spoken.iter().filter(|line| self.filtered || !self.is_out(&line.agent)).collect()
    }

    /// The same of the rounds, by their owner.
    fn shop_rounds(&self) -> Vec<&Round> {
        self.session.rounds.iter().filter(|round| self.filtered || !self.is_out(&round.agent)).collect()
    }

    /// The same of the automatic lines: those of a filtered agent who has a reception in the session are out.
    pub(crate) fn shop_autos(&self) -> usize {
        let agents = session_agents(&self.session);
        let of_reception = |agent: &Option<String>| agent.as_deref().is_some_and(|agent| agents.contains(agent));
        self.session.autos.iter().filter(|agent| self.filtered || !(self.is_out(agent) && of_reception(agent))).count()
    }
}

/// Every session of the days read, filtered ones too.
pub(crate) fn sessions(input: &Input, rules: &Rules) -> Vec<Visit> {
    visits(input, rules, &lines_that_count(input))
}

/// A reply line as the credit of an order sees it (§7).
struct ReplyLine {
    shop: String,
    buyer: String,
    agent: String,
    message_id: Option<String>,
    /// Order of lines as in §2: instant, seq, input order.
    order: (i64, Option<i64>, usize),
}

struct Facts<'a> {
    input: &'a Input,
    rules: &'a Rules,
    visits: Vec<Visit>,
    replies: Vec<ReplyLine>,
    orders: Vec<Order>,
}

fn facts<'a>(input: &'a Input, rules: &'a Rules) -> Facts<'a> {
    let lines = lines_that_count(input);
    let visits = visits(input, rules, &lines);
    let replies = reply_lines(input, rules, &lines, &visits);
    Facts { input, rules, visits, replies, orders: newest_orders(input) }
}

fn lines_that_count(input: &Input) -> Vec<Line> {
    let distinct = without_duplicates(&input.lines, &|at| input.business_day(at));
    let counts = |line: &Line| input.covers(input.business_day(line.sent_at)) && input.reports(&line.shop);
    distinct.into_iter().filter(counts).collect()
}

/// §3: a conversation is all lines of one shop and buyer in one business day.
fn visits(input: &Input, rules: &Rules, lines: &[Line]) -> Vec<Visit> {
    let mut conversations: BTreeMap<(&str, &str, i64), Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let key = (line.shop.as_str(), line.buyer.as_str(), input.business_day(line.sent_at));
        conversations.entry(key).or_default().push(line);
    }
    let mut visits = Vec::new();
    for ((shop, buyer, day), lines) in conversations {
        let sessions = read_conversation(&lines, rules);
        let agents: BTreeSet<&str> = sessions.iter().flat_map(session_agents).collect();
        let reason = |agent: &str| is_filtered_peer_day(&sessions, agent, rules).map(|why| (agent.to_string(), why));
        let out: BTreeMap<String, &'static str> = agents.iter().filter_map(|agent| reason(agent)).collect();
        // §8: out of the shop's row once every peer-day of the buyer's day is out.
        let every = !agents.is_empty() && out.len() == agents.len();
        let filtered = every || is_filtered(input, rules, shop, buyer, day);
        for session in sessions {
            visits.push(Visit { shop: shop.to_string(), buyer: buyer.to_string(), day, filtered, out: out.clone(), session });
        }
    }
    visits
}

/// §8: the two filters that are said of a buyer.
pub(crate) fn is_filtered(input: &Input, rules: &Rules, shop: &str, buyer: &str, day: i64) -> bool {
    let own = input.staff.iter().any(|(s, agent)| s == shop && agent == buyer);
    let blocked = input
        .blocklist
        .iter()
        .any(|(s, b, from, to)| s == shop && b == buyer && from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to));
    (rules.own_accounts && own) || (rules.blocklist && blocked)
}

/// §8: the four filters that are said of a peer-day, in the order of that section.
fn is_filtered_peer_day(sessions: &[Session], agent: &str, rules: &Rules) -> Option<&'static str> {
    let mine = |line: &&Spoken| line.agent.as_deref() == Some(agent);
    let lines: Vec<&Spoken> = sessions.iter().flat_map(|session| &session.spoken).filter(mine).collect();
    let asked = lines.iter().filter(|line| line.buyer).count();
    let replied = lines.len() - asked;
    let to_another = |session: &Session| session_agents(session).iter().any(|other| handed(session, agent, other));
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

/// A peer-day (§3) as an audit lists it: `shop`, `buyer`, `day`, `agent`, and which filter took it out.
pub(crate) type PeerDay = (String, String, i64, String, Option<&'static str>);

pub(crate) fn peer_days(input: &Input, rules: &Rules) -> BTreeSet<PeerDay> {
    let mut rows = BTreeSet::new();
    for visit in sessions(input, rules) {
        let own = input.staff.iter().any(|(shop, agent)| *shop == visit.shop && *agent == visit.buyer);
        for agent in session_agents(&visit.session) {
            let why = match (is_filtered(input, rules, &visit.shop, &visit.buyer, visit.day), rules.own_accounts && own) {
                (true, true) => Some("own_accounts"),
                (true, false) => Some("blocklist"),
                (false, _) => visit.out.get(agent).copied(),
            };
            rows.insert((visit.shop.clone(), visit.buyer.clone(), visit.day, agent.to_string(), why));
        }
    }
    rows
}

/// §7: a reply line in a filtered peer-day makes no candidate.
fn reply_lines(input: &Input, rules: &Rules, lines: &[Line], visits: &[Visit]) -> Vec<ReplyLine> {
    let peer_days = |visit: &Visit| {
        let key = |agent: &String| (visit.shop.clone(), visit.buyer.clone(), visit.day, agent.clone());
        visit.out.keys().map(key).collect::<Vec<_>>()
    };
    let out: BTreeSet<(String, String, i64, String)> = visits.iter().flat_map(peer_days).collect();
    let mut replies = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(Step::Reply { agent }) = step(line, rules) else {
            continue;
        };
        let day = input.business_day(line.sent_at);
        let peer_day = (line.shop.clone(), line.buyer.clone(), day, agent.clone());
        if out.contains(&peer_day) || is_filtered(input, rules, &line.shop, &line.buyer, day) {
            continue;
        }
        replies.push(ReplyLine {
            shop: line.shop.clone(),
            buyer: line.buyer.clone(),
            agent,
            message_id: line.message_id.clone(),
            order: (line.sent_at, line.seq, index),
        });
    }
    replies
}

/// inputs.md: the newest `updated_at` wins; of equals the last read.
pub(crate) fn newest_orders(input: &Input) -> Vec<Order> {
    let mut newest: BTreeMap<(&str, &str), &Order> = BTreeMap::new();
    for order in input.orders.iter().flatten().filter(|order| input.reports(&order.shop)) {
        let key = (order.shop.as_str(), order.order_id.as_str());
        let older = newest.get(&key).is_none_or(|kept| kept.updated_at <= order.updated_at);
        if older {
            newest.insert(key, order);
        }
    }
    newest.into_values().cloned().collect()
}

// ---------------------------------------------------------------------------------------------
// Credits (§7)
// ---------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
pub(crate) struct Credit {
    pub(crate) shop: String,
    pub(crate) order_id: String,
    pub(crate) buyer: String,
    pub(crate) rule: Attribution,
    /// None: no candidate, a silent order.
    pub(crate) agent: Option<String>,
    /// The line that earned it.
    pub(crate) message_id: Option<String>,
    pub(crate) line_at: Option<i64>,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: i64,
    pub(crate) postage_fen: i64,
    /// The business day it counts in.
    pub(crate) day: i64,
    /// The other candidates at the same instant.
    pub(crate) assists: Vec<String>,
}

/// All three rules, for every order that counts in a day read.
pub(crate) fn credits(input: &Input, rules: &Rules) -> Vec<Credit> {
    credits_of(&facts(input, rules))
}

fn credits_of(facts: &Facts) -> Vec<Credit> {
    let mut credits = Vec::new();
    for order in facts.orders.iter().filter(|order| makes_a_sale(order, facts.rules)) {
        for rule in [Attribution::Order, Attribution::Payment, Attribution::OrderFirst] {
            credits.extend(credit(facts, order, rule));
        }
    }
    credits.retain(|credit| facts.input.covers(credit.day));
    credits
}

/// §7: cancelled orders are out, and those whose flag is excluded.
fn makes_a_sale(order: &Order, rules: &Rules) -> bool {
    let flagged = order.flag.as_ref().is_some_and(|flag| rules.excluded_flags.contains(flag));
    order.cancelled_at.is_none() && !flagged
}

/// None: the order does not count under this rule (not paid, or too late).
fn credit(facts: &Facts, order: &Order, rule: Attribution) -> Option<Credit> {
    let input = facts.input;
    let paid_at = order.paid_at?;
    let creation_day = input.business_day(order.created_at);
    let at_creation = candidates(facts, order, order.created_at);
    let at_payment = candidates(facts, order, paid_at);
    match rule {
        Attribution::Order => {
            let in_time = paid_at < input.end_of_day(creation_day + facts.rules.final_pay_days);
            in_time.then(|| credit_from(order, rule, creation_day, &at_creation))
        }
        Attribution::Payment => Some(credit_from(order, rule, input.business_day(paid_at), &at_payment)),
        Attribution::OrderFirst => {
            let best = if at_creation.is_empty() { at_payment } else { at_creation };
            Some(credit_from(order, rule, input.business_day(paid_at), &best))
        }
    }
}

/// §7: each agent's last reply line at or before `t`, if in `[t - lookback, t]`; the latest first.
fn candidates<'a>(facts: &'a Facts, order: &Order, t: i64) -> Vec<&'a ReplyLine> {
    let mut last: BTreeMap<&str, &ReplyLine> = BTreeMap::new();
    for reply in facts.replies.iter().filter(|r| r.shop == order.shop && r.buyer == order.buyer) {
        let at = reply.order.0;
        let later = last.get(reply.agent.as_str()).is_none_or(|kept| kept.order < reply.order);
        if t - facts.rules.credit_lookback <= at && at <= t && later {
            last.insert(&reply.agent, reply);
        }
    }
    let mut found: Vec<&ReplyLine> = last.into_values().collect();
    found.sort_by_key(|reply| std::cmp::Reverse(reply.order));
    found
}

fn credit_from(order: &Order, rule: Attribution, day: i64, candidates: &[&ReplyLine]) -> Credit {
    let credited = candidates.first();
    Credit {
        shop: order.shop.clone(),
        order_id: order.order_id.clone(),
        buyer: order.buyer.clone(),
        rule,
        agent: credited.map(|reply| reply.agent.clone()),
        message_id: credited.and_then(|reply| reply.message_id.clone()),
        line_at: credited.map(|reply| reply.order.0),
        amount_fen: order.amount_fen,
        quantity: order.quantity,
        postage_fen: order.postage_fen.unwrap_or(0),
        day,
        assists: candidates.iter().skip(1).map(|reply| reply.agent.clone()).collect(),
    }
}

// ---------------------------------------------------------------------------------------------
// Periods (§1)
// ---------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Shop,
    Agent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
pub(crate) fn epoch_day(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last of a year.
    let y = if month <= 2 { year - 1 } else { year };
    let months_from_march = (month + 9) % 12;
    let day_of_year = (153 * months_from_march + 2) / 5 + day - 1;
    let days_before = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    days_before + day_of_year - 719_468
}

/// (year, month, day)
pub(crate) fn date_of(epoch: i64) -> (i64, i64, i64) {
    let mut year = 1970 + epoch.div_euclid(366);
    while epoch_day(year + 1, 1, 1) <= epoch {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && epoch_day(year, month + 1, 1) <= epoch {
        month += 1;
    }
    (year, month, epoch - epoch_day(year, month, 1) + 1)
}

pub(crate) fn period_start(day: i64, period: Period) -> i64 {
    let (year, month, _) = date_of(day);
    match period {
        Period::Day => day,
        // 1970-01-01 was a Thursday: three days after a Monday.
        Period::Week => day - (day + 3).rem_euclid(7),
        Period::Month => epoch_day(year, month, 1),
        Period::Quarter => epoch_day(year, (month - 1) / 3 * 3 + 1, 1),
        Period::Year => epoch_day(year, 1, 1),
    }
}

pub(crate) fn period_last_day(start: i64, period: Period) -> i64 {
    // Long enough to reach the next period, too short to pass it.
    let within_the_next = match period {
        Period::Day => 1,
        Period::Week => 7,
        Period::Month => 31,
        Period::Quarter => 95,
        Period::Year => 370,
    };
    period_start(start + within_the_next, period) - 1
}

// ---------------------------------------------------------------------------------------------
// Rows of a report
// ---------------------------------------------------------------------------------------------

pub(crate) type Key = (i64, String, Option<String>);
pub(crate) type Cells = BTreeMap<&'static str, Option<f64>>;

/// What one row sees of one session: a shop all of it, an agent its own reception.
struct Part<'a> {
    buyer: &'a str,
    day: i64,
    filtered: bool,
    /// Holds a buyer line, of a filtered peer-day too: that is all that counts of such a line (§8).
    consulted: bool,
    session: &'a Session,
    spoken: Vec<&'a Spoken>,
    autos: usize,
    /// Answered and unanswered; a handed-over row is in no rate (§4).
    rounds: Vec<&'a Round>,
    handed_over: Vec<&'a Round>,
}

impl Part<'_> {
    fn has_buyer_line(&self) -> bool {
        self.spoken.iter().any(|line| line.buyer)
    }

    fn buyer_lines(&self) -> usize {
        self.spoken.iter().filter(|line| line.buyer).count()
    }

    fn reply_lines(&self) -> usize {
        self.spoken.iter().filter(|line| !line.buyer).count()
    }
}

/// One row in the making.
struct Row<'a> {
    facts: &'a Facts<'a>,
    credits: &'a [Credit],
    shop: &'a str,
    agent: Option<&'a str>,
    first_day: i64,
    last_day: i64,
    /// The parts the filters of §8 leave, and all of them.
    kept: Vec<&'a Part<'a>>,
    all: Vec<&'a Part<'a>>,
}

impl Row<'_> {
    fn rules(&self) -> &Rules {
        self.facts.rules
    }

    fn is_shop(&self) -> bool {
        self.agent.is_none()
    }

    /// §4: shop rows use the shop's clock, agent rows the agent's.
    fn wait(&self, round: &Round) -> Option<i64> {
        if self.is_shop() { round.wait_ms } else { round.agent_wait_ms }
    }

    fn in_period(&self, day: i64) -> bool {
        self.first_day <= day && day <= self.last_day
    }

    /// §6: a period matures with its last day; what needs no later day is never held back.
    fn mature(&self, delay: i64) -> bool {
        delay == 0 || self.facts.input.landed >= self.last_day + delay
    }

    /// §4: assessed when the anchor lies in `assessed_hours`.
    fn assessed(&self, part: &Part, round: &Round) -> bool {
        let anchor = match self.rules().anchor {
            Anchor::RoundStart => round.asked_at,
            Anchor::SessionStart => part.session.start,
        };
        self.in_assessed_hours(anchor)
    }

    fn in_assessed_hours(&self, at: i64) -> bool {
        in_hours(self.facts.input.local_clock(at), self.rules().assessed_hours)
    }

    fn assessed_rounds<'b>(&self, part: &Part<'b>) -> Vec<&'b Round> {
        part.rounds.iter().copied().filter(|round| self.assessed(part, round)).collect()
    }
}

/// Rows for every shop or agent with a line, a round row or a sale in the period.
pub(crate) fn report(input: &Input, rules: &Rules, level: Level, period: Period) -> BTreeMap<Key, Cells> {
    let facts = facts(input, rules);
    let credits = credits_of(&facts);
    let mut parts: BTreeMap<Key, Vec<Part>> = BTreeMap::new();
    for visit in &facts.visits {
        for agent in row_agents(visit, level) {
            let key = (period_start(visit.day, period), visit.shop.clone(), agent.map(str::to_string));
            parts.entry(key).or_default().push(part(visit, agent));
        }
    }
    for credit in &credits {
        for agent in sale_agents(credit, level, rules) {
            let key = (period_start(credit.day, period), credit.shop.clone(), agent);
            parts.entry(key).or_default();
        }
    }
    // Who paid is said of orders whatever their flag (M.D silent_rate), so a shop has a row where anybody paid.
    for order in facts.orders.iter().filter(|o| level == Level::Shop && o.cancelled_at.is_none()) {
        let day = order.paid_at.map(|at| input.business_day(at)).filter(|day| input.covers(*day));
        if let Some(day) = day {
            parts.entry((period_start(day, period), order.shop.clone(), None)).or_default();
        }
    }
    let mut rows = BTreeMap::new();
    for (key, parts) in &parts {
        let row = Row {
            facts: &facts,
            credits: &credits,
            shop: &key.1,
            agent: key.2.as_deref(),
            first_day: key.0,
            last_day: period_last_day(key.0, period),
            kept: parts.iter().filter(|part| !part.filtered).collect(),
            all: parts.iter().collect(),
        };
        rows.insert(key.clone(), cells(&row));
    }
    rows
}

/// The agents with a reception in the session (§3), or the shop itself.
fn row_agents(visit: &Visit, level: Level) -> BTreeSet<Option<&str>> {
    if level == Level::Shop {
        return BTreeSet::from([None]);
    }
    let spoken = visit.session.spoken.iter().filter_map(|line| line.agent.as_deref());
    let rounds = visit.session.rounds.iter().filter_map(|round| round.agent.as_deref());
    spoken.chain(rounds).map(Some).collect()
}

fn sale_agents(credit: &Credit, level: Level, rules: &Rules) -> Vec<Option<String>> {
    if level == Level::Shop {
        return vec![None];
    }
    let mut agents: Vec<Option<String>> = credit.agent.iter().cloned().map(Some).collect();
    if credit.rule == rules.attribution {
        agents.extend(credit.assists.iter().cloned().map(Some));
    }
    agents
}

fn part<'a>(visit: &'a Visit, agent: Option<&str>) -> Part<'a> {
    let session = &visit.session;
    let mine = |whose: &Option<String>| whose.as_deref() == agent;
    let (spoken, rounds, autos) = match agent {
        None => (visit.shop_lines(), visit.shop_rounds(), visit.shop_autos()),
        Some(_) => (
            session.spoken.iter().filter(|line| mine(&line.agent)).collect(),
            session.rounds.iter().filter(|round| mine(&round.agent)).collect(),
            session.autos.iter().filter(|whose| mine(whose)).count(),
        ),
    };
    let is_mine = |line: &&Spoken| agent.is_none() || mine(&line.agent);
    let (handed_over, rounds) = rounds.into_iter().partition(|r| r.outcome == Outcome::HandedOver);
    Part {
        buyer: &visit.buyer,
        day: visit.day,
        filtered: visit.filtered || agent.is_some_and(|agent| visit.out.contains_key(agent)),
        consulted: session.spoken.iter().filter(is_mine).any(|line| line.buyer),
        session,
        spoken,
        autos,
        rounds,
        handed_over,
    }
}

fn cells(row: &Row) -> Cells {
    let mut cells = Cells::new();
    persons(row, &mut cells);
    workload(row, &mut cells);
    messages(row, &mut cells);
    response(row, false, &mut cells);
    response(row, true, &mut cells);
    reply_rates(row, &mut cells);
    reception_time(row, &mut cells);
    if row.is_shop() {
        queue(row, &mut cells);
        leave_messages(row, &mut cells);
        consult_rate(row, &mut cells);
    } else {
        transfers(row, &mut cells);
        concurrency(row, &mut cells);
        leads(row, &mut cells);
        set(&mut cells, "handed_over_rounds", row.kept.iter().map(|part| part.handed_over.len()).sum());
    }
    replies(row, &mut cells);
    let mut from_orders = Cells::new();
    inquiries(row, &mut from_orders);
    sales(row, &mut from_orders);
    if row.facts.input.orders.is_none() {
        // M.E: metrics whose input table is not configured are null.
        from_orders.values_mut().for_each(|cell| *cell = None);
    }
    cells.extend(from_orders);
    cells
}

fn set(cells: &mut Cells, id: &'static str, count: usize) {
    cells.insert(id, Some(count as f64));
}

/// §10: denominator 0 is null.
fn ratio(cells: &mut Cells, id: &'static str, numerator: f64, denominator: f64) {
    cells.insert(id, (denominator != 0.0).then(|| numerator / denominator));
}

fn share(cells: &mut Cells, id: &'static str, numerator: usize, denominator: usize) {
    ratio(cells, id, numerator as f64, denominator as f64);
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// §10: persons over a period are distinct persons.
fn distinct<'a>(buyer_days: &BTreeSet<(i64, &'a str)>) -> BTreeSet<&'a str> {
    buyer_days.iter().map(|(_, buyer)| *buyer).collect()
}

// ---------------------------------------------------------------------------------------------
// A. Reception and workload
// ---------------------------------------------------------------------------------------------

/// §3: peer-days (shop: buyer-days) with a buyer line.
fn consulted<'a>(parts: &[&Part<'a>]) -> BTreeSet<(i64, &'a str)> {
    parts.iter().filter(|part| part.consulted).map(|part| (part.day, part.buyer)).collect()
}

/// §3: `receive` = consult and not filtered.
fn received<'a>(row: &Row<'a>) -> BTreeSet<(i64, &'a str)> {
    consulted(&row.kept)
}

fn persons(row: &Row, cells: &mut Cells) {
    let consult = consulted(&row.all);
    let receive = received(row);
    set(cells, "consult_buyers", distinct(&consult).len());
    set(cells, "receive_buyers", distinct(&receive).len());
    // §8: filtered in a period only if filtered on every day consulted there.
    set(cells, "filtered_buyers", distinct(&consult).difference(&distinct(&receive)).count());
    set(cells, "consult_person_days", consult.len());
    set(cells, "receive_person_days", receive.len());
}

fn manual<'a, 'b>(row: &'b Row<'a>) -> Vec<&'b Part<'a>> {
    let is_manual = |part: &&Part| part.has_buyer_line() && part.session.ever_in_charge && row.in_assessed_hours(part.session.start);
    row.kept.iter().copied().filter(is_manual).collect()
}

fn workload(row: &Row, cells: &mut Cells) {
    let with_buyer: Vec<_> = row.kept.iter().filter(|part| part.has_buyer_line()).collect();
    let first_is_buyer = |part: &&&Part| part.spoken.first().is_some_and(|line| line.buyer);
    let first_is_reply = |part: &&&Part| part.spoken.first().is_some_and(|line| !line.buyer);
    set(cells, if row.is_shop() { "sessions" } else { "receptions" }, with_buyer.len());
    set(cells, "manual_sessions", manual(row).len());
    set(cells, "buyer_initiated", row.kept.iter().filter(first_is_buyer).count());
    set(cells, "agent_initiated", row.kept.iter().filter(first_is_reply).count());
    let replies = with_buyer.iter().map(|part| part.reply_lines()).sum();
    share(cells, "msgs_per_session", replies, with_buyer.len());
    let is_long = |part: &&&Part| length(part) > row.rules().long_reception;
    set(cells, "long_receptions", row.kept.iter().filter(is_long).count());
}

/// Last minus first buyer or reply line.
fn length(part: &Part) -> i64 {
    match (part.spoken.first(), part.spoken.last()) {
        (Some(first), Some(last)) => last.at - first.at,
        _ => 0,
    }
}

fn messages(row: &Row, cells: &mut Cells) {
    let buyer: usize = row.kept.iter().map(|part| part.buyer_lines()).sum();
    let agent: usize = row.kept.iter().map(|part| part.reply_lines()).sum();
    let auto: usize = row.kept.iter().map(|part| part.autos).sum();
    set(cells, "buyer_msgs", buyer);
    set(cells, "agent_msgs", agent);
    set(cells, "auto_msgs", auto);
    set(cells, "total_msgs", buyer + agent + auto);
    share(cells, "answer_ask_ratio", agent, buyer);
    let spoken = row.kept.iter().flat_map(|part| &part.spoken);
    // A Rust char is a Unicode scalar value.
    set(cells, "agent_words", spoken.filter(|line| !line.buyer).map(|line| line.text.chars().count()).sum());
}

/// Where the agent first appears in the session.
fn came(session: &Session, agent: &str) -> Option<usize> {
    let spoken = session.spoken.iter().filter(|line| line.agent.as_deref() == Some(agent));
    let first_line = spoken.map(|line| line.place).min();
    first_line.into_iter().chain(served(session, agent)).min()
}

/// Where the agent's first reply line or round row is.
fn served(session: &Session, agent: &str) -> Option<usize> {
    let replies = session.spoken.iter().filter(|line| !line.buyer && line.agent.as_deref() == Some(agent));
    let rounds = session.rounds.iter().filter(|round| round.agent.as_deref() == Some(agent));
    replies.map(|line| line.place).chain(rounds.map(|round| round.place)).min()
}

fn session_agents(session: &Session) -> BTreeSet<&str> {
    let spoken = session.spoken.iter().filter_map(|line| line.agent.as_deref());
    spoken.chain(session.rounds.iter().filter_map(|round| round.agent.as_deref())).collect()
}

/// `from` served the session before `to` first appeared in it.
fn handed(session: &Session, from: &str, to: &str) -> bool {
    match (served(session, from), came(session, to)) {
        (Some(before), Some(after)) => from != to && before < after,
        _ => false,
    }
}

fn transfers(row: &Row, cells: &mut Cells) {
    let Some(agent) = row.agent else { return };
    let (mut into, mut out) = (BTreeSet::new(), BTreeSet::new());
    for part in &row.kept {
        for other in session_agents(part.session) {
            if handed(part.session, other, agent) {
                into.insert((part.day, part.buyer));
            }
            if handed(part.session, agent, other) {
                out.insert((part.day, part.buyer));
            }
        }
    }
    let direct = received(row).difference(&into).copied().collect();
    set(cells, "direct_receive_buyers", distinct(&direct).len());
    set(cells, "transfer_in_buyers", distinct(&into).len());
    set(cells, "transfer_out_buyers", distinct(&out).len());
}

/// Most receptions open at one instant; the most is reached where one of them begins.
fn concurrency(row: &Row, cells: &mut Cells) {
    let mut open = Vec::new();
    for part in &row.kept {
        if let (Some(first), Some(last)) = (part.spoken.first(), part.spoken.last()) {
            open.push((first.at, last.at));
        }
    }
    let at = |instant: i64| open.iter().filter(|(first, last)| *first <= instant && instant <= *last).count();
    set(cells, "max_concurrent", open.iter().map(|(first, _)| at(*first)).max().unwrap_or(0));
}

fn consult_rate(row: &Row, cells: &mut Cells) {
    let input = row.facts.input;
    let mut visitors = 0;
    for (shop, day, count) in input.visits.iter().flatten() {
        if shop == row.shop && row.in_period(*day) && input.covers(*day) {
            visitors += count;
        }
    }
    ratio(cells, "consult_rate", distinct(&consulted(&row.all)).len() as f64, visitors as f64);
}

// ---------------------------------------------------------------------------------------------
// B. Response (§5)
// ---------------------------------------------------------------------------------------------

fn response(row: &Row, only_assessed: bool, cells: &mut Cells) {
    let pick = |all_day: &'static str, assessed: &'static str| {
        if only_assessed { assessed } else { all_day }
    };
    let rounds = |part: &Part<'_>| match only_assessed {
        true => row.assessed_rounds(part).len(),
        false => part.rounds.len(),
    };
    let waits = waits(row, only_assessed);
    let total: usize = row.kept.iter().map(|part| rounds(part)).sum();
    set(cells, pick("rounds", "rounds_assessed"), total);
    set(cells, pick("answered_rounds", "answered_rounds_assessed"), waits.len());
    set(cells, pick("unanswered_rounds", "unanswered_rounds_assessed"), total - waits.len());
    mean(cells, pick("first_resp_avg_s", "first_resp_avg_s_assessed"), &first_waits(row, only_assessed));
    mean(cells, pick("resp_avg_s", "resp_avg_s_assessed"), &waits);
    mean(cells, pick("resp_capped_avg_s", "resp_capped_avg_s_assessed"), &capped(row, &waits));
    cells.insert(pick("resp_p50_s", "resp_p50_s_assessed"), percentile(&waits, 50));
    cells.insert(pick("resp_p90_s", "resp_p90_s_assessed"), percentile(&waits, 90));
    cells.insert(pick("resp_p95_s", "resp_p95_s_assessed"), percentile(&waits, 95));
    let max = waits.iter().max().map(|ms| seconds(*ms));
    cells.insert(pick("resp_max_s", "resp_max_s_assessed"), max);
    let slow = distinct(&slow_days(row, only_assessed)).len();
    set(cells, pick("slow_buyers", "slow_buyers_assessed"), slow);
    if only_assessed && !row.is_shop() {
        let handed = row.kept.iter().flat_map(|part| part.handed_over.iter().map(move |round| (part, round)));
        let count = handed.filter(|(part, round)| row.assessed(part, round)).count();
        set(cells, "handed_over_rounds_assessed", count);
    }
}

fn chosen<'a>(row: &Row, part: &Part<'a>, only_assessed: bool) -> Vec<&'a Round> {
    if only_assessed { row.assessed_rounds(part) } else { part.rounds.clone() }
}

/// The waits of the answered rounds.
fn waits(row: &Row, only_assessed: bool) -> Vec<i64> {
    let rounds = row.kept.iter().flat_map(|part| chosen(row, part, only_assessed));
    rounds.filter_map(|round| row.wait(round)).collect()
}

/// §5 `first_response_unit`: of each session (reception), or of each agent × buyer × day.
fn first_waits(row: &Row, only_assessed: bool) -> Vec<i64> {
    let mut per_session = Vec::new();
    let mut per_peer_day: BTreeMap<(&str, i64, Option<&str>), (i64, i64)> = BTreeMap::new();
    for part in &row.kept {
        let rounds = chosen(row, part, only_assessed);
        per_session.extend(rounds.iter().find_map(|round| row.wait(round)));
        for round in rounds {
            let Some(wait) = row.wait(round) else {
                continue;
            };
            let first = per_peer_day.entry((part.buyer, part.day, round.agent.as_deref())).or_insert((round.asked_at, wait));
            if round.asked_at < first.0 {
                *first = (round.asked_at, wait);
            }
        }
    }
    match row.rules().first_response_unit {
        FirstResponseUnit::Session => per_session,
        FirstResponseUnit::PeerDay => per_peer_day.into_values().map(|(_, wait)| wait).collect(),
    }
}

fn mean(cells: &mut Cells, id: &'static str, waits: &[i64]) {
    ratio(cells, id, seconds(waits.iter().sum()), waits.len() as f64);
}

/// §5: waits of 0 ms are left out, the others capped.
fn capped(row: &Row, waits: &[i64]) -> Vec<i64> {
    waits.iter().filter(|ms| **ms > 0).map(|ms| *ms.min(&row.rules().response_cap)).collect()
}

/// Nearest rank: the smallest value with at least `percent` % of all at or below it.
fn percentile(waits: &[i64], percent: usize) -> Option<f64> {
    let mut sorted = waits.to_vec();
    sorted.sort();
    let rank = (percent * sorted.len()).div_ceil(100);
    rank.checked_sub(1).and_then(|index| sorted.get(index)).map(|ms| seconds(*ms))
}

fn slow_days<'a>(row: &Row<'a>, only_assessed: bool) -> BTreeSet<(i64, &'a str)> {
    let mut slow: BTreeMap<(i64, &str), usize> = BTreeMap::new();
    for part in &row.kept {
        for round in chosen(row, part, only_assessed) {
            if row.wait(round).is_some_and(|ms| ms > row.rules().slow_threshold) {
                *slow.entry((part.day, part.buyer)).or_default() += 1;
            }
        }
    }
    // §5: received buyers only.
    let enough = |day: &(i64, &str)| slow.get(day).is_some_and(|times| *times >= row.rules().slow_times);
    received(row).into_iter().filter(enough).collect()
}

fn reply_rates(row: &Row, cells: &mut Cells) {
    let reply = row.rules().reply_threshold;
    let quick = row.rules().quick_threshold;
    let (in_time, rounds) = round_rate(row, reply);
    share(cells, "reply_3min_round_rate", in_time, rounds);
    // The default preset assesses rounds (M.B).
    share(cells, "official_reply_3min_rate", in_time, rounds);
    let (in_time, rounds) = round_rate(row, quick);
    share(cells, "reply_30s_round_rate", in_time, rounds);
    let (in_time, buyers) = person_rate(row, reply);
    share(cells, "reply_3min_person_rate", in_time, buyers);
    set(cells, "missed_3min_buyers", buyers - in_time);
    let (in_time, sessions) = session_rate(row, reply);
    share(cells, "reply_3min_session_rate", in_time, sessions);
    let (in_time, sessions) = first_rate(row, reply);
    share(cells, "reply_3min_first_rate", in_time, sessions);
    let (in_time, sessions) = first_rate(row, quick);
    share(cells, "reply_30s_first_rate", in_time, sessions);
    let (in_time, lines) = message_rate(row, reply);
    share(cells, "reply_3min_message_rate", in_time, lines);
}

/// §5: thresholds are inclusive; no answer is never in time.
fn in_time(row: &Row, round: &Round, threshold: i64) -> bool {
    row.wait(round).is_some_and(|ms| ms <= threshold)
}

fn round_rate(row: &Row, threshold: i64) -> (usize, usize) {
    let rounds: Vec<_> = row.kept.iter().flat_map(|part| row.assessed_rounds(part)).collect();
    (rounds.iter().filter(|round| in_time(row, round, threshold)).count(), rounds.len())
}

/// Buyers all of whose assessed rounds in the period were in time.
fn person_rate(row: &Row, threshold: i64) -> (usize, usize) {
    let mut buyers: BTreeMap<&str, bool> = BTreeMap::new();
    for part in &row.kept {
        for round in row.assessed_rounds(part) {
            *buyers.entry(part.buyer).or_insert(true) &= in_time(row, round, threshold);
        }
    }
    (buyers.values().filter(|all| **all).count(), buyers.len())
}

/// Sessions whose answered assessed rounds have a mean wait in time.
fn session_rate(row: &Row, threshold: i64) -> (usize, usize) {
    let (mut passed, mut sessions) = (0, 0);
    for part in &row.kept {
        let rounds = row.assessed_rounds(part);
        let waits: Vec<i64> = rounds.iter().filter_map(|round| row.wait(round)).collect();
        let mean_in_time = waits.iter().sum::<i64>() <= threshold * waits.len() as i64;
        sessions += usize::from(!rounds.is_empty());
        passed += usize::from(!waits.is_empty() && mean_in_time);
    }
    (passed, sessions)
}

fn first_rate(row: &Row, threshold: i64) -> (usize, usize) {
    let (mut passed, mut sessions) = (0, 0);
    for part in &row.kept {
        if let Some(first) = row.assessed_rounds(part).first() {
            sessions += 1;
            passed += usize::from(in_time(row, first, threshold));
        }
    }
    (passed, sessions)
}

/// Each buyer line from its own instant; for an agent not from before its clock.
fn message_rate(row: &Row, threshold: i64) -> (usize, usize) {
    let (mut passed, mut lines) = (0, 0);
    for round in row.kept.iter().flat_map(|part| row.assessed_rounds(part)) {
        for ask in &round.asks {
            let from = if row.is_shop() { *ask } else { *ask.max(&round.agent_clock_at) };
            lines += 1;
            passed += usize::from(round.replied_at.is_some_and(|at| at - from <= threshold));
        }
    }
    (passed, lines)
}

fn reception_time(row: &Row, cells: &mut Cells) {
    let mut total = 0;
    for part in &row.kept {
        for pair in part.spoken.windows(2) {
            let gap = pair[1].at - pair[0].at;
            total += if gap <= row.rules().max_wait { gap } else { 0 };
        }
    }
    cells.insert("reception_s", Some(seconds(total)));
    ratio(cells, "avg_reception_s", seconds(total), replied(row).len() as f64);
}

/// M.B: rounds opened with nobody in charge. A session has at most one.
fn queue(row: &Row, cells: &mut Cells) {
    for (only_assessed, sessions, average) in
        [(false, "queued_sessions", "avg_queue_s"), (true, "queued_sessions_assessed", "avg_queue_s_assessed")]
    {
        let rounds = row.kept.iter().flat_map(|part| chosen(row, part, only_assessed));
        let queued: Vec<&Round> = rounds.filter(|round| round.queued).collect();
        let taken: Vec<i64> = queued.iter().filter_map(|round| round.queue_ms).collect();
        set(cells, sessions, queued.len());
        mean(cells, average, &taken);
    }
}

// ---------------------------------------------------------------------------------------------
// C. Reply and no-service
// ---------------------------------------------------------------------------------------------

/// Received buyer-days that hold a reply line (of the agent, on an agent's row).
fn replied<'a>(row: &Row<'a>) -> BTreeSet<(i64, &'a str)> {
    let with_reply = row.kept.iter().filter(|part| part.reply_lines() > 0);
    let days: BTreeSet<_> = with_reply.map(|part| (part.day, part.buyer)).collect();
    received(row).intersection(&days).copied().collect()
}

fn replies(row: &Row, cells: &mut Cells) {
    let receive = distinct(&received(row));
    let replied = distinct(&replied(row));
    set(cells, "replied_buyers", replied.len());
    // Unreplied on every day received.
    set(cells, "unreplied_buyers", receive.difference(&replied).count());
    share(cells, "reply_rate", replied.len(), receive.len());
    let manual = manual(row);
    let unserved = |part: &&&Part| !part.spoken.iter().any(|line| line.buyer && line.answered);
    let no_service = manual.iter().filter(unserved).count();
    set(cells, "no_service_sessions", no_service);
    share(cells, "no_service_rate", no_service, manual.len());
}

fn leave_messages(row: &Row, cells: &mut Cells) {
    let sessions: Vec<_> = row.kept.iter().filter(|part| part.has_buyer_line()).collect();
    let left = sessions.iter().filter(|part| !part.session.ever_in_charge).count();
    set(cells, "leave_messages", left);
    share(cells, "leave_message_rate", left, sessions.len());
}

// ---------------------------------------------------------------------------------------------
// D. Inquiry and conversion (§6)
// ---------------------------------------------------------------------------------------------

/// One received buyer on one day.
struct Cohort<'a> {
    buyer: &'a str,
    inquiry: bool,
    order_same_day: bool,
    order_final: bool,
    pay_next_day: bool,
    pay_final: bool,
    /// Of orders in `[c, end of D+1)` unpaid at the end of D+final_pay_days.
    unpaid_fen: i64,
}

fn cohorts<'a>(row: &Row<'a>) -> Vec<Cohort<'a>> {
    // The first buyer line of the day (agent rows: to that agent).
    let mut first_line: BTreeMap<(i64, &str), i64> = BTreeMap::new();
    for part in &row.kept {
        for line in part.spoken.iter().filter(|line| line.buyer) {
            let c = first_line.entry((part.day, part.buyer)).or_insert(line.at);
            *c = line.at.min(*c);
        }
    }
    first_line.into_iter().map(|((day, buyer), c)| cohort(row, day, buyer, c)).collect()
}

fn cohort<'a>(row: &Row, day: i64, buyer: &'a str, c: i64) -> Cohort<'a> {
    let input = row.facts.input;
    let end_of_d1 = input.end_of_day(day + 1);
    let pay_by = input.end_of_day(day + row.rules().final_pay_days);
    // Cancelled orders are no orders here, neither before nor after c.
    let mine = |order: &&Order| order.shop == row.shop && order.buyer == buyer && order.cancelled_at.is_none();
    let orders: Vec<&Order> = row.facts.orders.iter().filter(mine).collect();
    let since = c - row.rules().after_sale_days * DAY_MS;
    let before = orders.iter().any(|order| since <= order.created_at && order.created_at < c);
    let after: Vec<_> = orders.iter().filter(|o| c <= o.created_at && o.created_at < end_of_d1).collect();
    let paid_by = |order: &Order, end: i64| order.paid_at.is_some_and(|at| at < end);
    Cohort {
        buyer,
        inquiry: !(before && after.is_empty()),
        order_same_day: after.iter().any(|order| order.created_at < input.end_of_day(day)),
        order_final: !after.is_empty(),
        pay_next_day: after.iter().any(|order| paid_by(order, end_of_d1)),
        pay_final: after.iter().any(|order| paid_by(order, pay_by)),
        unpaid_fen: after.iter().filter(|order| !paid_by(order, pay_by)).map(|order| order.amount_fen).sum(),
    }
}

fn inquiries(row: &Row, cells: &mut Cells) {
    let cohorts = cohorts(row);
    let persons = |test: &dyn Fn(&Cohort) -> bool| {
        cohorts.iter().filter(|cohort| test(cohort)).map(|cohort| cohort.buyer).collect::<BTreeSet<_>>().len()
    };
    let inquiry = persons(&|c| c.inquiry);
    let order_final = persons(&|c| c.order_final);
    let pay_final = persons(&|c| c.pay_final);
    let order_same_day = persons(&|c| c.order_same_day);
    let pay_next_day = persons(&|c| c.pay_next_day);
    let next_day = row.mature(1);
    late(cells, next_day, "inquiry_buyers", inquiry);
    late(cells, next_day, "order_same_day_buyers", order_same_day);
    late_share(cells, next_day, "order_same_day_rate", order_same_day, inquiry);
    late(cells, next_day, "order_final_buyers", order_final);
    late_share(cells, next_day, "order_final_rate", order_final, inquiry);
    // Differences are differences of the period's distinct persons.
    late(cells, next_day, "inquiry_loss_buyers", inquiry - order_final);
    late_share(cells, next_day, "inquiry_loss_rate", inquiry - order_final, inquiry);
    late(cells, next_day, "pay_next_day_buyers", pay_next_day);
    late_share(cells, next_day, "pay_next_day_rate", pay_next_day, inquiry);
    let finally = row.mature(row.rules().final_pay_days);
    late(cells, finally, "pay_final_buyers", pay_final);
    late_share(cells, finally, "pay_final_rate", pay_final, inquiry);
    // Who ordered is an inquiry, so those who ordered and finally paid are the final payers.
    late(cells, finally, "order_pay_final_buyers", pay_final);
    late_share(cells, finally, "order_pay_final_rate", pay_final, order_final);
    late(cells, finally, "pay_loss_buyers", order_final - pay_final);
    let lost = cohorts.iter().filter(|c| c.order_final && !c.pay_final);
    let lost_fen: i64 = lost.map(|c| c.unpaid_fen).sum();
    cells.insert("pay_loss_amount", finally.then(|| yuan(lost_fen)));
    if row.is_shop() {
        silent_rate(row, cells);
    }
}

fn late(cells: &mut Cells, mature: bool, id: &'static str, count: usize) {
    cells.insert(id, mature.then_some(count as f64));
}

fn late_share(cells: &mut Cells, mature: bool, id: &'static str, numerator: usize, denominator: usize) {
    share(cells, id, numerator, denominator);
    if !mature {
        cells.insert(id, None);
    }
}

fn yuan(fen: i64) -> f64 {
    fen as f64 / 100.0
}

fn silent_rate(row: &Row, cells: &mut Cells) {
    let (mut payers, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for order in row.facts.orders.iter().filter(|o| o.shop == row.shop && o.cancelled_at.is_none()) {
        let Some(paid_at) = order.paid_at else {
            continue;
        };
        let day = row.facts.input.business_day(paid_at);
        if !row.in_period(day) || !row.facts.input.covers(day) {
            continue;
        }
        payers.insert(&order.buyer);
        if !spoke_before(row, &order.buyer, paid_at) {
            silent.insert(&order.buyer);
        }
    }
    share(cells, "silent_rate", silent.len(), payers.len());
}

/// A buyer line in `[t - credit_lookback, t)`; what is filtered is in no other metric (§8).
fn spoke_before(row: &Row, buyer: &str, t: i64) -> bool {
    let visits = row.facts.visits.iter().filter(|v| v.shop == row.shop && v.buyer == buyer && !v.filtered);
    let mut lines = visits.flat_map(|visit| visit.shop_lines()).filter(|line| line.buyer);
    lines.any(|line| t - row.rules().credit_lookback <= line.at && line.at < t)
}

fn leads(row: &Row, cells: &mut Cells) {
    let with_buyer: Vec<_> = row.kept.iter().filter(|part| part.has_buyer_line()).collect();
    let is_lead = |part: &&&&Part| part.spoken.iter().any(|line| line.buyer && holds_a_lead(&line.text));
    share(cells, "lead_rate", with_buyer.iter().filter(is_lead).count(), with_buyer.len());
}

/// M.D lead_rate: a mainland mobile number, an e-mail address or a WeChat id.
pub(crate) fn holds_a_lead(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).any(|i| mobile_at(&chars, i) || email_around(&chars, i) || wechat_at(&chars, i))
}

/// `1[3-9]` and nine more digits; spaces and dashes between them; no digit right before or after.
fn mobile_at(chars: &[char], start: usize) -> bool {
    if chars[start] != '1' || (start > 0 && chars[start - 1].is_ascii_digit()) {
        return false;
    }
    let mut digits = Vec::new();
    let mut next = start;
    while digits.len() < 11 {
        match chars.get(next) {
            Some(c) if c.is_ascii_digit() => digits.push(*c),
            Some(' ' | '-') => {}
            _ => return false,
        }
        next += 1;
    }
    ('3'..='9').contains(&digits[1]) && !chars.get(next).is_some_and(char::is_ascii_digit)
}

/// An `@` with a local part before it and a domain with a dot and a letters-only end after it.
fn email_around(chars: &[char], at: usize) -> bool {
    let local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    if chars[at] != '@' || at == 0 || !local(chars[at - 1]) {
        return false;
    }
    let in_domain = |c: &&char| c.is_ascii_alphanumeric() || **c == '.' || **c == '-';
    let domain: String = chars[at + 1..].iter().take_while(in_domain).collect();
    let labels: Vec<&str> = domain.split('.').collect();
    // Every prefix of the domain will do: text may go on after a full stop.
    (1..labels.len()).any(|last| {
        let letters = labels[last].chars().take_while(char::is_ascii_alphabetic).count();
        letters >= 2 && labels[..last].iter().all(|label| !label.is_empty())
    })
}

/// 微信, V信, weixin, wechat, vx or wx, at most 4 characters, then `[A-Za-z][-_A-Za-z0-9]{5,19}`.
fn wechat_at(chars: &[char], start: usize) -> bool {
    let lower: Vec<char> = chars[start..].iter().map(char::to_ascii_lowercase).collect();
    for word in ["微信", "v信", "weixin", "wechat", "vx", "wx"] {
        let word: Vec<char> = word.chars().collect();
        if lower.starts_with(&word) && (0..=4).any(|gap| id_at(&lower, word.len() + gap)) {
            return true;
        }
    }
    false
}

fn id_at(chars: &[char], start: usize) -> bool {
    let more = |c: &&char| c.is_ascii_alphanumeric() || **c == '-' || **c == '_';
    let first_is_letter = chars.get(start).is_some_and(char::is_ascii_alphabetic);
    // At least five more; a longer run holds an id of at most twenty as its beginning.
    first_is_letter && chars[start + 1..].iter().take_while(more).count() >= 5
}

// ---------------------------------------------------------------------------------------------
// E to G. Sales, basket, silent (§7)
// ---------------------------------------------------------------------------------------------

#[derive(Default)]
struct Sum {
    fen: i64,
    qty: i64,
    postage_fen: i64,
    orders: usize,
    buyers: BTreeSet<String>,
}

fn sum<'a>(credits: impl Iterator<Item = &'a Credit>) -> Sum {
    let mut sum = Sum::default();
    for credit in credits {
        sum.fen += credit.amount_fen;
        sum.qty += credit.quantity;
        sum.postage_fen += credit.postage_fen;
        sum.orders += 1;
        sum.buyers.insert(credit.buyer.clone());
    }
    sum
}

/// The orders of the shop that count in the period under a rule.
fn shop_credits<'a>(row: &Row<'a>, rule: Attribution) -> Vec<&'a Credit> {
    let counts = |credit: &&Credit| credit.rule == rule && credit.shop == row.shop && row.in_period(credit.day);
    row.credits.iter().filter(counts).collect()
}

/// Shop rows: credited to anyone; agent rows: to this agent.
fn is_credited(row: &Row, credit: &Credit) -> bool {
    credit.agent.is_some() && (row.is_shop() || credit.agent.as_deref() == row.agent)
}

fn credited(row: &Row, credits: &[&Credit]) -> Sum {
    sum(credits.iter().copied().filter(|credit| is_credited(row, credit)))
}

/// §7: only the order rule counts by creation and must wait for the payments.
fn delay(row: &Row, rule: Attribution) -> i64 {
    if rule == Attribution::Order { row.rules().final_pay_days } else { 0 }
}

const SALES: [&str; 4] = ["sales_amount", "sales_qty", "sales_buyers", "sales_orders"];
const ORDER_SALES: [&str; 4] = ["order_sales_amount", "order_sales_qty", "order_sales_buyers", "order_sales_orders"];
const PAYMENT_SALES: [&str; 4] = ["payment_sales_amount", "payment_sales_qty", "payment_sales_buyers", "payment_sales_orders"];
const ORDER_FIRST_SALES: [&str; 4] =
    ["order_first_sales_amount", "order_first_sales_qty", "order_first_sales_buyers", "order_first_sales_orders"];
const SHOP: [&str; 4] = ["shop_amount", "shop_qty", "shop_buyers", "shop_orders"];
const SILENT: [&str; 4] = ["silent_amount", "silent_qty", "silent_buyers", "silent_orders"];

fn put_sum(cells: &mut Cells, mature: bool, ids: [&'static str; 4], sum: &Sum) {
    cells.insert(ids[0], mature.then(|| yuan(sum.fen)));
    cells.insert(ids[1], mature.then_some(sum.qty as f64));
    cells.insert(ids[2], mature.then_some(sum.buyers.len() as f64));
    cells.insert(ids[3], mature.then_some(sum.orders as f64));
}

fn sales(row: &Row, cells: &mut Cells) {
    let by_rule = [(Attribution::Order, ORDER_SALES), (Attribution::Payment, PAYMENT_SALES), (Attribution::OrderFirst, ORDER_FIRST_SALES)];
    for (rule, ids) in by_rule {
        let sum = credited(row, &shop_credits(row, rule));
        put_sum(cells, row.mature(delay(row, rule)), ids, &sum);
    }
    own_rule_sales(row, cells);
}

/// What follows the pipeline's own rule.
fn own_rule_sales(row: &Row, cells: &mut Cells) {
    let mut own = Cells::new();
    let of_shop = shop_credits(row, row.rules().attribution);
    let mine = credited(row, &of_shop);
    let shop = sum(of_shop.iter().copied());
    let silent = sum(of_shop.iter().copied().filter(|credit| credit.agent.is_none()));
    put_sum(&mut own, true, SALES, &mine);
    basket(&mut own, &mine);
    let shop_atv = yuan(shop.fen) / shop.buyers.len() as f64;
    if row.is_shop() {
        put_sum(&mut own, true, SHOP, &shop);
        put_sum(&mut own, true, SILENT, &silent);
        ratio(&mut own, "shop_atv", yuan(shop.fen), shop.buyers.len() as f64);
        ratio(&mut own, "sales_share", mine.fen as f64, shop.fen as f64);
        ratio(&mut own, "silent_share", silent.fen as f64, shop.fen as f64);
        own.insert("postage", Some(yuan(shop.postage_fen)));
    } else {
        let credited_fen: i64 = of_shop.iter().filter(|c| c.agent.is_some()).map(|c| c.amount_fen).sum();
        ratio(&mut own, "sales_share", mine.fen as f64, credited_fen as f64);
        let atv = own.get("atv").copied().flatten();
        own.insert("atv_ratio", atv.filter(|_| shop.fen != 0).map(|atv| atv / shop_atv));
        own.insert("postage", Some(yuan(mine.postage_fen)));
        assists(row, &of_shop, &mut own);
    }
    if !row.mature(delay(row, row.rules().attribution)) {
        own.values_mut().for_each(|cell| *cell = None);
    }
    cells.extend(own);
}

fn basket(cells: &mut Cells, sum: &Sum) {
    ratio(cells, "atv", yuan(sum.fen), sum.buyers.len() as f64);
    ratio(cells, "items_per_buyer", sum.qty as f64, sum.buyers.len() as f64);
    ratio(cells, "price_per_item", yuan(sum.fen), sum.qty as f64);
}

/// §7: the other candidates at the same instant, for reference only.
fn assists(row: &Row, credits: &[&Credit], cells: &mut Cells) {
    let helped = |credit: &&&Credit| credit.assists.iter().any(|agent| Some(agent.as_str()) == row.agent);
    let helped: Vec<_> = credits.iter().filter(helped).collect();
    set(cells, "assist_orders", helped.len());
    cells.insert("assist_amount", Some(yuan(helped.iter().map(|credit| credit.amount_fen).sum())));
}
