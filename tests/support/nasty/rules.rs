//! The rules of a nasty case: how they are drawn, and how a user writes them.

use super::super::given::hours;
use super::{HOUR, MINUTE, SECOND};
use crate::oracle::{
    self, Anchor, Attribution, DAY_MS, ExcludedFrom, FirstResponseUnit, Mode, RobotAnswers, RobotClock, Rules, TransferClock, WaitClock,
    every_day,
};
use proptest::prelude::*;
use proptest::sample::select;

/// The spans of one day.
pub(super) type Spans = Vec<(i64, i64)>;

type Filters = ((bool, bool), Option<usize>, Option<(usize, usize)>, (bool, bool));

/// Who is filtered, and which peer-days: lines are few, so that small numbers lie on the edge.
fn filters() -> impl Strategy<Value = Filters> {
    (
        (prop::bool::weighted(0.8), prop::bool::weighted(0.8)),
        prop::option::weighted(0.3, 0..3usize),
        prop::option::weighted(0.3, (0..3usize, 0..4usize)),
        (prop::bool::weighted(0.3), prop::bool::weighted(0.3)),
    )
}

/// What a day may be open for, on weekdays and holidays alike: closed, with a break, or past midnight.
pub(super) fn spans() -> impl Strategy<Value = Spans> {
    select(vec![
        vec![],
        vec![(9 * HOUR, 18 * HOUR)],
        vec![(10 * HOUR, 12 * HOUR), (13 * HOUR, 16 * HOUR)],
        vec![(22 * HOUR, 2 * HOUR)],
        vec![(8 * HOUR, 14 * HOUR + 7 * MINUTE), (20 * HOUR, 24 * HOUR)],
    ])
}

/// The same hours on all days, or hours by weekday.
fn week() -> impl Strategy<Value = [Spans; 7]> {
    let weekdays = prop::array::uniform7(prop_oneof![2 => Just(vec![(9 * HOUR, 18 * HOUR)]), 1 => spans()]);
    prop_oneof![
        6 => Just(every_day((8 * HOUR, 23 * HOUR))),
        2 => select(vec![(9 * HOUR + 30 * MINUTE, 18 * HOUR), (20 * HOUR, 2 * HOUR)]).prop_map(every_day),
        3 => weekdays,
    ]
}

type Robots = (RobotAnswers, RobotClock, WaitClock);

fn robots() -> impl Strategy<Value = Robots> {
    (
        prop_oneof![4 => Just(RobotAnswers::Out), 1 => Just(RobotAnswers::Count)],
        prop_oneof![2 => Just(RobotClock::Asked), 1 => Just(RobotClock::Transfer)],
        prop_oneof![3 => Just(WaitClock::Calendar), 1 => Just(WaitClock::Assessed)],
    )
}

type Exclusion = (Vec<String>, Vec<ExcludedFrom>, bool, bool);

/// Which orders earn and convert, and what a credit and an inquiry need.
fn exclusion() -> impl Strategy<Value = Exclusion> {
    let from = prop_oneof![
        3 => Just(vec![]),
        1 => Just(vec![ExcludedFrom::Conversion]),
        1 => Just(vec![ExcludedFrom::Refunds]),
        1 => Just(vec![ExcludedFrom::Refunds, ExcludedFrom::Conversion]),
    ];
    let flags = prop_oneof![2 => Just(vec![]), 1 => Just(vec!["红旗".to_owned()])];
    (flags, from, prop::bool::weighted(0.25), prop::bool::weighted(0.75))
}

/// Each rule is the default most of the time, and what a shop might choose otherwise.
#[expect(clippy::too_many_lines, reason = "a list of rules")]
pub(super) fn rules() -> impl Strategy<Value = Rules> {
    let or = |default: i64, others: Vec<i64>| prop_oneof![3 => Just(default), 1 => select(others)];
    let clocks = (
        or(30 * MINUTE, vec![10 * MINUTE, 60 * SECOND]),
        week(),
        or(600 * SECOND, vec![60 * SECOND]),
        or(180 * SECOND, vec![60 * SECOND, 20 * MINUTE]),
        or(30 * SECOND, vec![15 * SECOND]),
        or(180 * SECOND, vec![60 * SECOND, 0]),
        (prop_oneof![3 => Just(1usize), 1 => Just(2)], or(30 * MINUTE, vec![60 * SECOND, 3 * HOUR]), or(30 * MINUTE, vec![10 * MINUTE])),
    );
    let units = (prop::bool::weighted(0.25), prop::bool::weighted(0.25), prop::bool::weighted(0.25));
    let modes = prop_oneof![
        3 => Just(vec![Mode::Human, Mode::Assist]),
        1 => Just(vec![Mode::Human]),
        1 => Just(vec![Mode::Human, Mode::Assist, Mode::Auto]),
    ];
    let sales = (
        or(15, vec![1, 0]),
        or(4, vec![1, 2]),
        or(3 * DAY_MS, vec![DAY_MS, 2 * DAY_MS + HOUR]),
        prop_oneof![2 => Just(Attribution::OrderFirst), 1 => Just(Attribution::Order), 1 => Just(Attribution::Payment)],
        exclusion(),
    );
    (clocks, units, modes, robots(), sales, filters()).prop_map(|(clocks, units, reply_modes, robots, sales, filters)| {
        let (anchor, unit, clock) = units;
        let (robot_answers, robot_clock, wait_clock) = robots;
        let ((own_accounts, blocklist), forward_only, monologue, (single_line, empty)) = filters;
        let (session_gap, assessed_hours, response_cap, reply_threshold, quick_threshold, slow_threshold, rest) = clocks;
        let (slow_times, max_wait, long_reception) = rest;
        let (after_sale_days, final_pay_days, credit_lookback, attribution, exclusion) = sales;
        let (excluded_flags, excluded_from, credit_needs_buyer_line, agent_initiated_inquiry) = exclusion;
        Rules {
            session_gap,
            assessed_hours,
            wait_clock,
            anchor: if anchor { Anchor::SessionStart } else { Anchor::RoundStart },
            first_response_unit: if unit { FirstResponseUnit::PeerDay } else { FirstResponseUnit::Session },
            transfer_clock: if clock { TransferClock::Restart } else { TransferClock::Inherit },
            response_cap,
            reply_threshold,
            quick_threshold,
            slow_threshold,
            slow_times,
            max_wait,
            long_reception,
            reply_modes,
            robot_answers,
            robot_clock,
            after_sale_days,
            final_pay_days,
            credit_lookback,
            attribution,
            excluded_flags,
            excluded_from,
            credit_needs_buyer_line,
            agent_initiated_inquiry,
            own_accounts,
            blocklist,
            forward_only,
            monologue,
            single_line,
            empty,
        }
    })
}

// ---- as a user writes them --------------------------------------------------------------------

pub(super) fn toml(rules: &Rules) -> String {
    let seconds = |ms: i64| format!("\"{}s\"", ms / SECOND);
    let quoted = |names: Vec<&str>| format!("{:?}", names);
    let modes = rules.reply_modes.iter().map(|mode| match mode {
        Mode::Human => "human",
        Mode::Assist => "assist",
        Mode::Auto => "auto",
    });
    let pairs = [
        ("session_gap", seconds(rules.session_gap)),
        ("reply_modes", quoted(modes.collect())),
        ("robot_answers", word(rules.robot_answers == RobotAnswers::Count, "count", "out")),
        ("robot_clock", word(rules.robot_clock == RobotClock::Transfer, "transfer", "asked")),
        ("assessed_hours", assessed_hours(&rules.assessed_hours)),
        ("wait_clock", word(rules.wait_clock == WaitClock::Assessed, "assessed", "calendar")),
        ("assessed_anchor", word(rules.anchor == Anchor::SessionStart, "session_start", "round_start")),
        ("first_response_unit", word(rules.first_response_unit == FirstResponseUnit::PeerDay, "peer_day", "session")),
        ("transfer_clock", word(rules.transfer_clock == TransferClock::Restart, "restart", "inherit")),
        ("response_cap", seconds(rules.response_cap)),
        ("reply_threshold", seconds(rules.reply_threshold)),
        ("quick_threshold", seconds(rules.quick_threshold)),
        ("slow_threshold", seconds(rules.slow_threshold)),
        ("slow_times", rules.slow_times.to_string()),
        ("max_wait", seconds(rules.max_wait)),
        ("long_reception", seconds(rules.long_reception)),
        ("after_sale_days", rules.after_sale_days.to_string()),
        ("final_pay_days", rules.final_pay_days.to_string()),
        ("credit_lookback", seconds(rules.credit_lookback)),
        ("attribution", attribution(rules.attribution)),
        ("excluded_flags", quoted(rules.excluded_flags.iter().map(String::as_str).collect())),
        ("excluded_from", quoted(excluded_from(&rules.excluded_from))),
        ("credit_needs_buyer_line", rules.credit_needs_buyer_line.to_string()),
        ("agent_initiated_inquiry", rules.agent_initiated_inquiry.to_string()),
        ("own_accounts", rules.own_accounts.to_string()),
        ("blocklist", rules.blocklist.to_string()),
    ];
    let peer_days = [
        rules.forward_only.map(|most| ("forward_only", most.to_string())),
        rules.monologue.map(|(buyer, agent)| ("monologue", format!("{{ buyer = {buyer}, agent = {agent} }}"))),
        Some(("single_line", rules.single_line.to_string())),
        Some(("empty", rules.empty.to_string())),
    ];
    let pairs = pairs.into_iter().chain(peer_days.into_iter().flatten());
    pairs.map(|(rule, value)| format!("{rule} = {value}\n")).collect()
}

/// The same hours on all days as one span, hours by weekday as a table: days in a row that are alike are a range, one span stands
/// without brackets, and of closed days every other one is passed over in silence.
fn assessed_hours(week: &[Spans; 7]) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    if let [span] = week[0].as_slice()
        && week.iter().all(|spans| *spans == week[0])
    {
        return format!("\"{}\"", hours(*span));
    }
    let mut keys = Vec::new();
    let mut first = 0;
    for days in week.chunk_by(|day, next| day == next) {
        let last = first + days.len() - 1;
        let key = if first == last { DAYS[first].to_owned() } else { format!("{}-{}", DAYS[first], DAYS[last]) };
        let spans = days[0].iter().map(|span| hours(*span)).collect::<Vec<_>>();
        match spans.as_slice() {
            [] if first % 2 == 1 => {}
            [span] => keys.push(format!("{key} = \"{span}\"")),
            spans => keys.push(format!("{key} = {spans:?}")),
        }
        first = last + 1;
    }
    format!("{{ {} }}", keys.join(", "))
}

/// The sales are in it, named or not.
fn excluded_from(others: &[ExcludedFrom]) -> Vec<&'static str> {
    let named = others.iter().map(|from| match from {
        ExcludedFrom::Conversion => "conversion",
        ExcludedFrom::Refunds => "refunds",
    });
    std::iter::once("sales").filter(|_| others.len() != 1).chain(named).collect()
}

fn word(chosen: bool, yes: &str, no: &str) -> String {
    format!("\"{}\"", if chosen { yes } else { no })
}

fn attribution(rule: Attribution) -> String {
    let name = match rule {
        oracle::Attribution::Order => "order",
        oracle::Attribution::Payment => "payment",
        oracle::Attribution::OrderFirst => "order_first",
    };
    format!("\"{name}\"")
}
