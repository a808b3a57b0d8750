//! Further tables of a random log (ratings, refunds, tickets, statuses, videos, staff, targets), and what the oracle says of them.
//!
//! A table is a list of choices too, made beside the lines and orders of a log of `nasty`.

mod draw;
mod write;

use super::compare::{self, PERIODS};
use super::given::Given;
use super::nasty;
use super::tables::{Tables, number, text};
use crate::oracle::{self, Attribution, ExcludedFrom, Input, Rules, Session, Spoken};
use crate::oracle_service::{self, Clock, Evaluation, OrderCredit, Refund, RowDay, Staff, Status, Target, Ticket, Video};
use draw::Draws;
use kefu::metrics;
use kefu::model::Level;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Whether families H to M are all declared: from then on a metric that only one side knows is an error.
pub(crate) const ALL_DECLARED: bool = true;

/// The rows of the further tables in input order, and the rules they are read by. None: the table is not configured.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub rules: oracle_service::ServiceRules,
    pub refunds: Option<Vec<Refund>>,
    pub evaluations: Option<Vec<Evaluation>>,
    pub tickets: Option<Vec<Ticket>>,
    pub statuses: Option<Vec<Status>>,
    pub videos: Option<Vec<Video>>,
    /// Who has more than an id, once each.
    pub staff: Vec<Person>,
    pub targets: Option<Vec<Target>>,
}

/// A row of `staff` with its optional cells.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub staff: Staff,
    pub team: Option<String>,
    pub person: Option<String>,
}

/// A nasty log and nasty tables beside it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub log: nasty::Case,
    draws: Draws,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    (nasty::cases(), draw::draws()).prop_map(|(log, draws)| Case { log, draws })
}

impl Case {
    /// The files of the log and of the tables beside it, and what stands in these.
    pub(crate) fn given(&self) -> (Given, Told) {
        let mut given = self.log.given();
        // The days after, in which tickets and buyers come back.
        given.input.landed += self.draws.more_days;
        let told = self.draws.told(&given.input, &self.log.rules);
        for person in &told.staff {
            let id = (person.staff.shop.clone(), person.staff.agent.clone());
            if !given.input.staff.contains(&id) {
                given.input.staff.push(id);
            }
        }
        given.tables = write::tables(&told, given.input.utc_offset_ms);
        given.rules += &write::rules(&told.rules);
        (given.in_file_order(), told)
    }
}

// ---- the oracle's facts -----------------------------------------------------------------------

/// Asks the oracle of service, told all that the log and the tables say.
pub(crate) fn ask<T>(input: &Input, rules: &Rules, told: &Told, question: impl FnOnce(&oracle_service::ServiceInput) -> T) -> T {
    let business_day = |at: i64| input.business_day(at);
    let start_of_day = |day: i64| input.start_of_day(day);
    let in_assessed_hours = |shop: &str, at: i64| input.in_assessed_hours(rules, shop, at);
    let filtered = |shop: &str, buyer: &str, day: i64| oracle::is_filtered(input, rules, shop, buyer, day);
    let peers_filtered = oracle::peer_days(input, rules).into_iter().filter(|(.., why)| why.is_some());
    let peers_filtered = peers_filtered.map(|(shop, buyer, day, agent, _)| (shop, buyer, agent, day)).collect();
    let Told { refunds, evaluations, tickets, statuses, videos, targets, .. } = told.clone();
    question(&oracle_service::ServiceInput {
        clock: Clock { business_day: &business_day, start_of_day: &start_of_day, in_assessed_hours: &in_assessed_hours },
        filtered: &filtered,
        peers_filtered,
        rules: told.rules.clone(),
        first_day: input.first_day,
        landed: input.landed,
        refunds,
        excluded_orders: excluded_orders(input, rules),
        evaluations,
        tickets,
        statuses,
        videos,
        staff: Some(told.staff.iter().map(|person| person.staff.clone()).collect()),
        targets,
        credits: input.orders.as_ref().map(|_| credits(input, rules)),
        payments: input.orders.as_ref().map(|_| payments(input)),
        row_days: row_days(input, rules),
    })
}

/// The orders whose refunds count nowhere.
fn excluded_orders(input: &Input, rules: &Rules) -> BTreeSet<(String, String)> {
    if !rules.excluded_from.contains(&ExcludedFrom::Refunds) {
        return BTreeSet::new();
    }
    let flagged = oracle::newest_orders(input).into_iter().filter(|order| rules.is_flagged(order));
    flagged.map(|order| (order.shop, order.order_id)).collect()
}

/// What each order earns under the pipeline's own rule.
fn credits(input: &Input, rules: &Rules) -> BTreeMap<(String, String), OrderCredit> {
    let own = oracle::credits(input, rules).into_iter().filter(|credit| credit.rule == rules.attribution);
    let told = |credit: oracle::Credit| {
        let oracle::Credit { shop, order_id, agent, day, amount_fen, quantity, .. } = credit;
        ((shop, order_id), OrderCredit { agent, day, amount_fen, quantity })
    };
    own.map(told).collect()
}

fn payments(input: &Input) -> BTreeMap<(String, String), Vec<i64>> {
    let mut payments: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for order in oracle::newest_orders(input).into_iter().filter(|order| order.cancelled_at.is_none()) {
        payments.entry((order.shop, order.buyer)).or_default().extend(order.paid_at);
    }
    payments
}

fn row_days(input: &Input, rules: &Rules) -> Vec<RowDay> {
    let mut days: BTreeMap<(i64, String, Option<String>), RowDay> = BTreeMap::new();
    for record in oracle::sessions(input, rules) {
        for agent in rows_of(&record.session) {
            let key = (record.day, record.shop.clone(), agent.clone());
            let fresh = RowDay { shop: record.shop.clone(), agent: agent.clone(), day: record.day, ..RowDay::default() };
            let row = days.entry(key).or_insert(fresh);
            let mine = |line: &&Spoken| agent.is_none() || line.agent == agent;
            let consulted = record.session.spoken.iter().filter(mine).any(|line| line.buyer);
            if consulted {
                row.consulted.insert(record.buyer.clone());
            }
            if record.filtered || agent.as_ref().is_some_and(|agent| record.out.contains_key(agent)) {
                continue;
            }
            if consulted {
                row.received.insert(record.buyer.clone());
            }
            // The shop's row does without the lines of filtered peer-days (§8).
            let lines: Vec<&Spoken> = record.shop_lines().into_iter().filter(mine).collect();
            row.sessions += i64::from(lines.iter().any(|line| line.buyer));
            row.reply_lines += lines.iter().filter(|line| !line.buyer).count() as i64;
            let gaps = lines.windows(2).map(|pair| pair[1].at - pair[0].at);
            row.reception_ms += gaps.filter(|gap| (0..=rules.max_wait).contains(gap)).sum::<i64>();
        }
    }
    // A day of automatic lines alone says nothing of service.
    days.into_values().filter(|row| !row.consulted.is_empty() || row.reply_lines > 0).collect()
}

/// The shop, and each agent with a reception in the session.
fn rows_of(session: &Session) -> BTreeSet<Option<String>> {
    let spoken = session.spoken.iter().filter_map(|line| line.agent.clone());
    let rounds = session.rounds.iter().filter_map(|round| round.agent.clone());
    spoken.chain(rounds).map(Some).chain([None]).collect()
}

// ---- against what was published ---------------------------------------------------------------

/// The metrics declared at a level that the oracle of service computes.
pub(crate) fn compared(level: Level) -> Vec<&'static str> {
    let known = oracle_service::ids(level == Level::Agent);
    let declared = metrics::of_level(level).filter(|metric| !metric.component);
    declared.map(|metric| metric.id.as_str()).filter(|id| known.contains(id)).collect()
}

/// Every metric of service in every row of both levels and all periods that is not what the oracle says.
pub(crate) fn disagreements(input: &Input, rules: &Rules, told: &Told, tables: &Tables) -> Vec<String> {
    ask(input, rules, told, |given| {
        let mut found = Vec::new();
        for (period, name) in PERIODS {
            let reports = [Level::Shop, Level::Agent].map(|level| (level, compared(level), tables.report(level.name(), name)));
            found.extend(other_videos(given, tables, (period, name)));
            let covered = (input.first_day..=input.landed).map(|day| oracle::period_start(day, period));
            let published = reports.iter().flat_map(|(_, _, report)| report.keys().map(|key| key.0));
            for start in covered.chain(published).collect::<BTreeSet<i64>>() {
                let days: Vec<i64> = (start..=oracle::period_last_day(start, period)).collect();
                let expected = oracle_service::report(given, &days);
                for (level, ids, report) in &reports {
                    let got = report.iter().filter(|(key, _)| key.0 == start).map(|(key, row)| ((key.1.clone(), key.2.clone()), row));
                    let got: BTreeMap<oracle_service::EntityKey, _> = got.collect();
                    let of_level = |key: &&oracle_service::EntityKey| key.1.is_some() == (*level == Level::Agent);
                    let keys: BTreeSet<_> = expected.keys().filter(of_level).chain(got.keys()).collect();
                    for key in keys {
                        // Where there is a row its zeros count, whatever made it.
                        let cells = got.contains_key(key).then(|| oracle_service::cells(given, key, &days));
                        // A target makes no row: it is set, not done.
                        let said = ids.iter().copied().filter(|id| cells.is_some() || *id != "sales_target").collect::<Vec<_>>();
                        let wrong = compare::row(&said, cells.as_ref().or(expected.get(key)), got.get(key).copied());
                        let of = format!("{}_{name} {} {key:?}", level.name(), super::date(start));
                        found.extend(wrong.into_iter().map(|cell| format!("{of}: {cell}")));
                    }
                }
            }
        }
        found
    })
}

/// Every metric of a video that is not what the oracle says, and every video that one side alone has.
fn other_videos(given: &oracle_service::ServiceInput, tables: &Tables, (period, name): (oracle::Period, &str)) -> Vec<String> {
    let mut got = BTreeMap::new();
    for row in tables.rows(&format!("reports/video_{name}")) {
        let start = number(&row, "report_date").unwrap() as i64;
        let twice = got.insert((start, text(&row, "shop_id").unwrap(), text(&row, "video_id").unwrap()), row);
        assert!(twice.is_none(), "two rows of video_{name}");
    }
    let mut expected = BTreeMap::new();
    for start in (given.first_day..=given.landed).map(|day| oracle::period_start(day, period)).collect::<BTreeSet<i64>>() {
        let days: Vec<i64> = (start..=oracle::period_last_day(start, period)).collect();
        let videos = oracle_service::videos::by_video(given, &days).into_iter();
        expected.extend(videos.map(|((shop, video), cells)| ((start, shop, video), cells)));
    }
    let ids = metrics::of_videos().filter(|metric| !metric.component).map(|metric| metric.id.as_str()).collect::<Vec<_>>();
    let mut found = Vec::new();
    for key in expected.keys().chain(got.keys()).collect::<BTreeSet<_>>() {
        let (said, row) = (expected.get(key), got.get(key));
        let wrong = if said.is_some() && row.is_some() { compare::row(&ids, said, row) } else { vec!["one row only".to_owned()] };
        found.extend(wrong.into_iter().map(|cell| format!("video_{name} {key:?}: {cell}")));
    }
    found
}

/// Days the sales of the pipeline's own rule wait for.
fn delay(rules: &Rules) -> i64 {
    if rules.attribution == Attribution::Order { rules.final_pay_days } else { 0 }
}
