//! How the further tables are drawn, and what the choices come to as rows.

use super::{Person, Told, delay};
use crate::oracle::{self, DAY_MS, Input, Line, Order, Rules};
use crate::oracle_service::{self, Evaluation, Refund, RefundKind, Source, Staff, Status, StatusKind, Target, Ticket, Video};
use crate::support::instant;
use crate::support::nasty::{AGENTS, BUYERS, HOUR, MINUTE, SECOND, SESSIONS, SHOPS};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeMap;

/// The agents of the log, and one who never chats.
const STAFF: [&str; 5] = [AGENTS[0], AGENTS[1], AGENTS[2], AGENTS[3], "值班"];

/// Where an instant lies, seen from another.
#[derive(Clone, Copy, Debug)]
enum When {
    After(i64),
    /// The end of its business day some days later, and so many ms more.
    EndOfDay(i64, i64),
    /// So many ms from the beginning (the end) of the assessed hours of its date.
    AssessedFrom(i64),
    AssessedTo(i64),
}

/// What one card came to.
#[derive(Clone, Debug)]
struct Said {
    sent: i64,
    rated: Option<Rated>,
    grade: Option<i64>,
    source: Option<Source>,
    reason: Option<&'static str>,
    session: usize,
    robot: bool,
    nps: Option<i64>,
}

/// So many ms after something.
#[derive(Clone, Copy, Debug)]
enum Rated {
    Card(i64),
    /// The last instant at which a rating of this card is valid, and so many ms more.
    Window(i64),
    /// After the first card of the same agent and buyer, so that ratings meet.
    First(i64),
}

/// Cards of one agent to one buyer.
#[derive(Clone, Debug)]
struct Cards {
    line: Index,
    when: When,
    agent: Option<usize>,
    buyer: Option<usize>,
    said: Vec<Said>,
}

/// A refund and its later versions, of an order of the log or of none.
#[derive(Clone, Debug)]
struct Back {
    order: Option<Index>,
    elsewhere: Option<usize>,
    applied: When,
    versions: Vec<Version>,
}

#[derive(Clone, Debug)]
struct Version {
    applied: i64,
    finished: Option<When>,
    fen: i64,
    quantity: Option<i64>,
    kind: Option<RefundKind>,
    disputed: bool,
}

/// Tickets of one buyer.
#[derive(Clone, Debug)]
struct Trouble {
    line: Index,
    when: When,
    buyer: Option<usize>,
    tickets: Vec<Work>,
}

#[derive(Clone, Debug)]
struct Work {
    /// After the first ticket.
    opened: i64,
    /// A later version of the first ticket.
    repeats: bool,
    agent: Option<usize>,
    kind: Option<&'static str>,
    response: Option<i64>,
    /// After the response, or the opening where there is none.
    response_due: Option<i64>,
    resolve: Option<i64>,
    resolve_due: Option<i64>,
    resolved: Option<bool>,
    transferred: Option<usize>,
    truths: [bool; 3],
}

/// A status of an agent: shop, agent, day after the first of the log, wall clock.
#[derive(Clone, Debug)]
struct Change(usize, usize, i64, i64, StatusKind);

#[derive(Clone, Debug)]
struct Clip {
    shop: usize,
    video: &'static str,
    day: i64,
    plays: i64,
    counts: [Option<i64>; 6],
    seconds: [Option<f64>; 2],
}

#[derive(Clone, Debug)]
struct Pay {
    shop: usize,
    agent: usize,
    team: Option<&'static str>,
    person: Option<&'static str>,
    cost: Option<i64>,
    rate: Option<f64>,
}

/// A target: shop, agent, months after the first of the log, yuan.
type Quota = (usize, Option<usize>, i64, i64);

#[derive(Clone, Debug)]
pub(super) struct Draws {
    pub(super) more_days: i64,
    robots_rated: bool,
    rating_window: i64,
    retention_days: i64,
    cards: Option<Vec<Cards>>,
    refunds: Option<Vec<Back>>,
    tickets: Option<Vec<Trouble>>,
    statuses: Option<Vec<Change>>,
    videos: Option<Vec<Clip>>,
    staff: Vec<Pay>,
    targets: Option<Vec<Quota>>,
}

// ---- drawing ----------------------------------------------------------------------------------

pub(super) fn draws() -> impl Strategy<Value = Draws> {
    let rules = (
        select(&[0, 0, 1, 3, 7, 8][..]),
        prop::bool::weighted(0.2),
        prop_oneof![3 => Just(DAY_MS), 1 => select(vec![10 * MINUTE, 2 * DAY_MS])],
        prop_oneof![1 => Just(90i64), 4 => 1..4i64],
    );
    let chats = (table(cards(), 30), table(back(), 30), table(trouble(), 15));
    let others = (table(change(), 40), table(clip(), 20), prop::collection::vec(pay(), 0..12));
    let target = (shop(), prop::option::weighted(0.9, 0..AGENTS.len()), 0..3i64, 0..5_000i64);
    (rules, chats, others, table(target, 12)).prop_map(|(rules, (cards, refunds, tickets), (statuses, videos, staff), targets)| {
        let (more_days, robots_rated, rating_window, retention_days) = rules;
        Draws { more_days, robots_rated, rating_window, retention_days, cards, refunds, tickets, statuses, videos, staff, targets }
    })
}

/// Mostly configured.
fn table<T: Strategy>(row: T, most: usize) -> impl Strategy<Value = Option<Vec<T::Value>>> {
    prop::option::weighted(0.9, prop::collection::vec(row, 0..most))
}

fn shop() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(0), 1 => 0..SHOPS.len()]
}

/// Mostly the one of the line.
fn another(of: usize) -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.4, 0..of)
}

fn edge() -> std::ops::Range<i64> {
    -1..2
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        4 => select(&[0, 1, SECOND, 10 * MINUTE, 5 * HOUR, DAY_MS, 3 * DAY_MS, 8 * DAY_MS][..]).prop_map(When::After),
        2 => (0..3i64, edge()).prop_map(|(days, ms)| When::EndOfDay(days, ms)),
        1 => edge().prop_map(When::AssessedFrom),
        1 => edge().prop_map(When::AssessedTo),
    ]
}

fn cards() -> impl Strategy<Value = Cards> {
    (any::<Index>(), when(), another(AGENTS.len()), another(BUYERS.len()), prop::collection::vec(said(), 1..4))
        .prop_map(|(line, when, agent, buyer, said)| Cards { line, when, agent, buyer, said })
}

fn said() -> impl Strategy<Value = Said> {
    let rated = prop_oneof![
        3 => select(&[-1, 0, 1, 30 * SECOND, HOUR][..]).prop_map(Rated::Card),
        2 => edge().prop_map(Rated::Window),
        2 => select(&[0, MINUTE, 2 * HOUR][..]).prop_map(Rated::First),
    ];
    (
        select(&[0, 0, 1, -1, MINUTE, HOUR, DAY_MS][..]),
        prop::option::weighted(0.85, rated),
        prop::option::weighted(0.85, 1..6i64),
        prop::option::weighted(0.8, select(&[Source::Agent, Source::Buyer, Source::System][..])),
        select(&[None, Some("attitude"), Some("slow"), Some("服务态度差")][..]),
        0..SESSIONS.len(),
        prop::bool::weighted(0.15),
        prop::option::weighted(0.4, 0..11i64),
    )
        .prop_map(|(sent, rated, grade, source, reason, session, robot, nps)| Said {
            sent,
            rated,
            grade,
            source,
            reason,
            session,
            robot,
            nps,
        })
}

fn back() -> impl Strategy<Value = Back> {
    let versions = prop_oneof![4 => prop::collection::vec(version(), 1..2), 1 => prop::collection::vec(version(), 2..4)];
    (prop::option::weighted(0.9, any::<Index>()), prop::option::weighted(0.1, 0..SHOPS.len()), when(), versions)
        .prop_map(|(order, elsewhere, applied, versions)| Back { order, elsewhere, applied, versions })
}

fn version() -> impl Strategy<Value = Version> {
    (
        select(&[0, 0, 0, HOUR, -DAY_MS][..]),
        prop::option::weighted(0.75, when()),
        (prop_oneof![4 => 1..50_000i64, 1 => Just(0)], prop::option::weighted(0.8, 0..4i64)),
        prop::option::weighted(0.8, select(&[RefundKind::RefundOnly, RefundKind::Return][..])),
        any::<bool>(),
    )
        .prop_map(|(applied, finished, (fen, quantity), kind, disputed)| Version { applied, finished, fen, quantity, kind, disputed })
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (any::<Index>(), when(), another(BUYERS.len()), prop::collection::vec(work(), 1..5)).prop_map(|(line, when, buyer, tickets)| Trouble {
        line,
        when,
        buyer,
        tickets,
    })
}

fn work() -> impl Strategy<Value = Work> {
    let due = || prop::option::weighted(0.7, prop_oneof![3 => edge(), 1 => select(vec![HOUR, -HOUR])]);
    let done = || prop::option::weighted(0.7, select(vec![0, 1, 7 * MINUTE, 26 * HOUR]));
    let times = (
        select(&[0, 0, 1, DAY_MS, 7 * DAY_MS - 1, 7 * DAY_MS, 7 * DAY_MS + 1, -7 * DAY_MS][..]),
        prop::bool::weighted(0.15),
        (done(), due(), done(), due()),
    );
    let agents = (prop::option::weighted(0.8, 0..AGENTS.len()), prop::option::weighted(0.3, 0..AGENTS.len()));
    let kind = select(&[Some("return"), Some("return"), Some("repair"), None][..]);
    let resolved = select(&[None, Some(true), Some(true), Some(false)][..]);
    (times, agents, kind, resolved, any::<[bool; 3]>()).prop_map(|(times, (agent, transferred), kind, resolved, truths)| {
        let (opened, repeats, (response, response_due, resolve, resolve_due)) = times;
        Work { opened, repeats, agent, kind, response, response_due, resolve, resolve_due, resolved, transferred, truths }
    })
}

fn change() -> impl Strategy<Value = Change> {
    use StatusKind::{Offline, Online, Resumed, Suspended};
    let clocks = vec![0, 1, HOUR + 30 * MINUTE, 4 * HOUR - 1, 4 * HOUR, 9 * HOUR, 12 * HOUR, 18 * HOUR, 24 * HOUR - 1];
    let clock = prop_oneof![2 => select(clocks), 1 => 0..24 * HOUR];
    let kind = select(&[Online, Online, Online, Offline, Offline, Suspended, Resumed][..]);
    let agent = prop_oneof![2 => Just(0), 1 => 0..STAFF.len()];
    (shop(), agent, -2..9i64, clock, kind).prop_map(|(shop, agent, day, clock, kind)| Change(shop, agent, day, clock, kind))
}

fn clip() -> impl Strategy<Value = Clip> {
    let count = || prop::option::weighted(0.8, 0..500i64);
    let seconds = || prop::option::weighted(0.8, select(vec![0.0, 0.5, 12.25, 60.0, 15_000.0]));
    let counts = [count(), count(), count(), count(), count(), count()];
    let plays = prop_oneof![4 => 1..1_000i64, 1 => Just(0)];
    (shop(), select(&["v1", "v/2=\"二\""][..]), -1..6i64, plays, counts, [seconds(), seconds()])
        .prop_map(|(shop, video, day, plays, counts, seconds)| Clip { shop, video, day, plays, counts, seconds })
}

fn pay() -> impl Strategy<Value = Pay> {
    let team = select(&[None, Some("售前"), Some("b/=2")][..]);
    let person = select(&[None, Some("p1"), Some("p2")][..]);
    let cost = prop::option::weighted(0.8, select(vec![0, 1, 3_000, 4_999]));
    let rate = prop::option::weighted(0.7, select(vec![0.0, 0.01, 0.025]));
    (prop_oneof![4 => 0..2usize, 1 => 0..SHOPS.len()], 0..STAFF.len(), team, person, cost, rate)
        .prop_map(|(shop, agent, team, person, cost, rate)| Pay { shop, agent, team, person, cost, rate })
}

// ---- from choices to rows ---------------------------------------------------------------------

/// What the rows stand beside.
struct Beside<'a> {
    input: &'a Input,
    rules: &'a Rules,
}

impl Beside<'_> {
    /// A span of the assessed hours: the first of the week.
    fn span(&self) -> (i64, i64) {
        self.rules.assessed_hours.iter().flatten().next().copied().unwrap_or((8 * HOUR, 23 * HOUR))
    }

    fn at(&self, when: When, from: i64) -> i64 {
        let date = (from + self.input.utc_offset_ms).div_euclid(DAY_MS);
        let clock = |ms: i64| instant(date, ms, self.input.utc_offset_ms);
        match when {
            When::After(ms) => from + ms,
            When::EndOfDay(days, ms) => self.input.end_of_day(self.input.business_day(from) + days) + ms,
            When::AssessedFrom(ms) => clock(self.span().0 + ms),
            When::AssessedTo(ms) => clock(self.span().1 + ms),
        }
    }
}

impl Draws {
    pub(super) fn told(&self, input: &Input, rules: &Rules) -> Told {
        let beside = Beside { input, rules };
        let shop = |shop: usize| SHOPS[shop].to_owned();
        let status = |Change(of, agent, day, clock, kind): &Change| Status {
            shop: shop(*of),
            agent: STAFF[*agent].to_owned(),
            at: instant(input.first_day + day, *clock, input.utc_offset_ms),
            kind: *kind,
        };
        Told {
            rules: oracle_service::ServiceRules {
                robots_rated: self.robots_rated,
                rating_window: self.rating_window,
                retention_days: self.retention_days,
                sales_delay: delay(rules),
            },
            refunds: self.refunds.as_ref().map(|rows| rows.iter().enumerate().flat_map(|(n, row)| row.rows(&beside, n)).collect()),
            evaluations: self.cards.as_ref().map(|rows| rows.iter().flat_map(|row| self.evaluations(&beside, row)).collect()),
            tickets: self.tickets.as_ref().map(|rows| rows.iter().enumerate().flat_map(|(n, row)| row.rows(&beside, n)).collect()),
            statuses: self.statuses.as_ref().map(|rows| rows.iter().map(status).collect()),
            videos: self.videos.as_ref().map(|rows| rows.iter().map(|row| row.row(input)).collect()),
            staff: self.staff(),
            targets: self.targets.as_ref().map(|rows| targets(rows, input)),
        }
    }

    fn evaluations(&self, beside: &Beside, cards: &Cards) -> Vec<Evaluation> {
        let Some(line) = line(beside, cards.line) else { return Vec::new() };
        let first = beside.at(cards.when, line.sent_at);
        let agent = cards.agent.map(|agent| AGENTS[agent].to_owned());
        let card = |said: &Said| {
            let sent_at = first + said.sent;
            let rated = |rated: Rated| match rated {
                Rated::Card(ms) => sent_at + ms,
                Rated::Window(ms) => sent_at + self.rating_window + ms,
                Rated::First(ms) => first + ms,
            };
            Evaluation {
                shop: line.shop.clone(),
                buyer: buyer(line, cards.buyer),
                agent: agent.clone().or_else(|| line.agent.clone()).unwrap_or_else(|| AGENTS[0].to_owned()),
                sent_at,
                rated_at: said.rated.map(rated),
                grade: said.grade,
                source: said.source,
                reason: said.reason.map(str::to_owned),
                session: SESSIONS[said.session].map(str::to_owned),
                robot: said.robot,
                nps: said.nps,
            }
        };
        cards.said.iter().map(card).collect()
    }

    /// An account is said once.
    fn staff(&self) -> Vec<Person> {
        let mut staff: BTreeMap<(usize, usize), &Pay> = BTreeMap::new();
        staff.extend(self.staff.iter().map(|pay| ((pay.shop, pay.agent), pay)));
        let person = |pay: &Pay| Person {
            staff: Staff {
                shop: SHOPS[pay.shop].to_owned(),
                agent: STAFF[pay.agent].to_owned(),
                hourly_cost_fen: pay.cost,
                commission_rate: pay.rate,
            },
            team: pay.team.map(str::to_owned),
            person: pay.person.map(str::to_owned),
        };
        staff.into_values().map(person).collect()
    }
}

fn line<'a>(beside: &Beside<'a>, index: Index) -> Option<&'a Line> {
    let lines = &beside.input.lines;
    (!lines.is_empty()).then(|| index.get(lines))
}

fn buyer(line: &Line, other: Option<usize>) -> String {
    other.map_or_else(|| line.buyer.clone(), |buyer| BUYERS[buyer].to_owned())
}

impl Back {
    fn rows(&self, beside: &Beside, number: usize) -> Vec<Refund> {
        let orders = beside.input.orders.as_deref().unwrap_or_default();
        let unknown = || Order {
            shop: SHOPS[0].to_owned(),
            order_id: "nobody's".to_owned(),
            created_at: beside.input.start_of_day(beside.input.first_day),
            ..Order::default()
        };
        let order = self.order.filter(|_| !orders.is_empty()).map_or_else(unknown, |index| index.get(orders).clone());
        let first = beside.at(self.applied, order.paid_at.unwrap_or(order.created_at));
        let row = |version: &Version| {
            let applied_at = first + version.applied;
            Refund {
                shop: self.elsewhere.map_or_else(|| order.shop.clone(), |shop| SHOPS[shop].to_owned()),
                refund_id: format!("r{number}"),
                order_id: order.order_id.clone(),
                applied_at,
                finished_at: version.finished.map(|when| beside.at(when, applied_at).max(applied_at)),
                amount_fen: version.fen,
                quantity: version.quantity,
                kind: version.kind,
                disputed: version.disputed,
            }
        };
        self.versions.iter().map(row).collect()
    }
}

impl Trouble {
    fn rows(&self, beside: &Beside, number: usize) -> Vec<Ticket> {
        let Some(line) = line(beside, self.line) else { return Vec::new() };
        let first = beside.at(self.when, line.sent_at);
        let named = |agent: Option<usize>| agent.map(|agent| AGENTS[agent].to_owned());
        let ticket = |(place, work): (usize, &Work)| {
            let opened_at = first + work.opened;
            let done = |ms: Option<i64>| ms.map(|ms| opened_at + ms);
            let due = |done: Option<i64>, due: Option<i64>| due.map(|ms| opened_at + done.unwrap_or(0) + ms);
            let [transfer_correct, knowledge_base_used, complaint] = work.truths;
            Ticket {
                shop: line.shop.clone(),
                ticket_id: format!("t{number}.{}", if work.repeats { 0 } else { place }),
                buyer: buyer(line, self.buyer),
                agent: named(work.agent),
                kind: work.kind.map(str::to_owned),
                opened_at,
                first_response_at: done(work.response),
                resolved_at: done(work.resolve),
                resolved: work.resolved,
                sla_response_due_at: due(work.response, work.response_due),
                sla_resolve_due_at: due(work.resolve, work.resolve_due),
                transferred_to: named(work.transferred),
                transfer_correct,
                knowledge_base_used,
                complaint,
            }
        };
        self.tickets.iter().enumerate().map(ticket).collect()
    }
}

impl Clip {
    fn row(&self, input: &Input) -> Video {
        let [likes, comments, shares, new_followers, followers, complete_plays] = self.counts;
        let [watch_seconds, length_seconds] = self.seconds;
        Video {
            shop: SHOPS[self.shop].to_owned(),
            video: self.video.to_owned(),
            day: input.first_day + self.day,
            plays: self.plays,
            likes,
            comments,
            shares,
            new_followers,
            followers,
            complete_plays,
            watch_seconds,
            length_seconds,
        }
    }
}

/// One target for each shop, agent and month.
fn targets(rows: &[Quota], input: &Input) -> Vec<Target> {
    let mut once: BTreeMap<(usize, Option<usize>, i64), i64> = BTreeMap::new();
    once.extend(rows.iter().map(|(shop, agent, months, yuan)| ((*shop, *agent, *months), *yuan)));
    let month = |months: i64| {
        (0..months).fold(oracle::period_start(input.first_day, oracle::Period::Month), |start, _| {
            oracle::period_last_day(start, oracle::Period::Month) + 1
        })
    };
    let target = |((shop, agent, months), yuan): ((usize, Option<usize>, i64), i64)| Target {
        shop: SHOPS[shop].to_owned(),
        agent: agent.map(|agent| AGENTS[agent].to_owned()),
        month: month(months),
        yuan: yuan as f64,
    };
    once.into_iter().map(target).collect()
}
