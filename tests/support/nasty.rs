//! Small logs on every edge that semantics.md has: what a case is, how it is drawn, and what it comes to as lines and orders.
//!
//! A case is a list of choices from short tables, so that proptest can shrink it to the few that matter.

use super::given::{Cut, Given};
use super::instant;
use super::sheet::{Format, Packing, Style};
use crate::oracle::{self, Anchor, Attribution, DAY_MS, FirstResponseUnit, Input, Line, Mode, Order, Rules, Sender, TransferClock};
use proptest::prelude::*;
use proptest::sample::{Index, select};

pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// Ids that break quoting, paths, partition keys and CSV if anything lets them.
pub(crate) const SHOPS: [&str; 6] = ["s1", "../../x", "店铺/二=a,\"b\"\nc", "s 4", "5", "null"];
pub(crate) const AGENTS: [&str; 4] = ["A", "B", "null", "客服 🙂:丁"];
/// The last is staff of the first shop as well.
pub(crate) const BUYERS: [&str; 4] = ["b1", "b/2=%2F", "0", "A"];
pub(crate) const SESSIONS: [Option<&str>; 4] = [None, Some("q1"), Some("q2"), Some("session/=3")];

/// Wall-clock times at which a conversation may begin.
const STARTS: [i64; 12] = [
    8 * HOUR - 1,
    8 * HOUR,
    8 * HOUR - 30 * SECOND,
    10 * HOUR,
    14 * HOUR + 7 * MINUTE,
    20 * HOUR,
    23 * HOUR - 1,
    23 * HOUR,
    24 * HOUR - 90 * SECOND,
    24 * HOUR - 1,
    2 * HOUR,
    4 * HOUR - 1,
];

/// Silences between lines that no rule names.
const GAPS: [i64; 12] = [0, 0, 1, 500, 5 * SECOND, 15 * SECOND, 59 * SECOND, 90 * SECOND, 20 * MINUTE, 45 * MINUTE, 2 * HOUR, 7 * HOUR];

/// A silence: so many ms, or what one of the rules says and some ms more.
#[derive(Clone, Copy, Debug)]
enum Gap {
    Ms(i64),
    Rule(usize, i64),
}

/// The rules a silence can lie on the edge of.
fn durations(rules: &Rules) -> [i64; 7] {
    let Rules { session_gap, response_cap, reply_threshold, quick_threshold, slow_threshold, max_wait, long_reception, .. } = *rules;
    [session_gap, response_cap, reply_threshold, quick_threshold, slow_threshold, max_wait, long_reception]
}

/// Whose line it is. The agents are indexes into `AGENTS`.
#[derive(Clone, Copy, Debug)]
enum Who {
    Buyer(Option<usize>),
    Agent(Option<usize>, Option<Mode>),
    Robot(Option<usize>, Option<Mode>),
    Event(&'static str, Option<usize>),
}

#[derive(Clone, Debug)]
struct Step {
    gap: Gap,
    who: Who,
    /// Moves the line to another of the conversation's sessions.
    strays: bool,
    seq: Option<i64>,
    recalled: bool,
    /// Takes the message id of this earlier line.
    repeats: Option<Index>,
    text: &'static str,
    /// Of a buyer's line.
    kind: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Talk {
    shop: usize,
    buyer: usize,
    day: i64,
    start: i64,
    session: usize,
    steps: Vec<Step>,
}

/// An order some way off a line of the log, or off an edge of its day.
#[derive(Clone, Debug)]
struct Purchase {
    line: Index,
    created: After,
    paid: Option<After>,
    paid_line: Index,
    cancelled: bool,
    flag: Option<&'static str>,
    fen: i64,
    quantity: i64,
    postage: Option<i64>,
    /// Further versions: (updated_at of the version in ms after the first, or none; amount; paid or not).
    versions: Vec<(Option<i64>, i64, bool)>,
    other_buyer: Option<usize>,
}

/// Where an instant lies, seen from a line.
#[derive(Clone, Copy, Debug)]
enum After {
    Line(i64),
    /// The end of the line's business day and so many more.
    EndOfDay(i64, i64),
    /// `final_pay_days` later, at the end of the day.
    EndOfFinalDay(i64),
    /// As far off as an order may be from the reply that earns it, or after a buyer's silence.
    Lookback(i64),
    /// As far before the line as an order may be that makes it after-sales.
    Aftersale(i64),
    /// So many ms after the order was created (payments only).
    Creation(i64),
}

/// One case: a log and how to read it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    base: i64,
    offset_ms: i64,
    zone: &'static str,
    day_starts: i64,
    talks: Vec<Talk>,
    shuffled: Option<Vec<u32>>,
    purchases: Option<Vec<Purchase>>,
    blocked: Vec<(usize, usize, Option<i64>, Option<i64>)>,
    visits: Option<Vec<(usize, i64, i64)>>,
    more_days: i64,
    cut: Cut,
    style: Style,
    /// Run in two parts, cut after so many days; the later part first or last.
    parts: Option<(i64, bool)>,
    pub rules: Rules,
}

// ---- drawing ----------------------------------------------------------------------------------

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let place = (
        select(&["2026-09-28", "2026-12-30", "2028-02-27", "2026-09-02"][..]),
        prop_oneof![4 => Just((8 * HOUR, "Asia/Shanghai")), 1 => Just((0, "UTC")), 1 => Just((5 * HOUR + 30 * MINUTE, "Asia/Kolkata"))],
        prop_oneof![3 => Just(0), 1 => Just(4 * HOUR), 1 => Just(HOUR + 30 * MINUTE)],
        select(&[0, 0, 1, 4][..]),
    );
    let log = (
        prop::collection::vec(talk(), 5..40),
        prop::option::weighted(0.3, prop::collection::vec(any::<u32>(), 40)),
        prop::option::weighted(0.9, prop::collection::vec(purchase(), 5..40)),
        prop::collection::vec(blocked(), 0..5),
        prop::option::of(prop::collection::vec((0..SHOPS.len(), 0..4i64, 0..50i64), 0..8)),
    );
    let cut = prop_oneof![2 => Just(Cut::ByDay), 1 => Just(Cut::ByUtcDay), 1 => (1..4usize).prop_map(Cut::Files)];
    let files = (cut, style(), prop::option::weighted(0.3, (0..4i64, any::<bool>())));
    (place, log, files, rules()).prop_map(|(place, log, (cut, style, parts), rules)| {
        let (base, (offset_ms, zone), day_starts, more_days) = place;
        let (talks, shuffled, purchases, blocked, visits) = log;
        let base = super::day(base);
        Case { base, offset_ms, zone, day_starts, talks, shuffled, purchases, blocked, visits, more_days, cut, style, parts, rules }
    })
}

fn style() -> impl Strategy<Value = Style> {
    let format = select(&[Format::Csv, Format::Ndjson, Format::Parquet][..]);
    let packing = select(&[Packing::Plain, Packing::Gzip, Packing::Zstd][..]);
    (format, packing).prop_map(|(format, packing)| Style { format, packing, gbk: false })
}

fn talk() -> impl Strategy<Value = Talk> {
    // The first of each table most often, so that conversations meet.
    let of = |count: usize| prop_oneof![2 => Just(0), 1 => 0..count];
    let start = prop_oneof![2 => select(&STARTS[..]), 1 => 0..24 * HOUR];
    let session = prop_oneof![2 => Just(0usize), 1 => 1..SESSIONS.len()];
    (of(SHOPS.len()), of(BUYERS.len()), 0..4i64, start, session, prop::collection::vec(step(), 1..12))
        .prop_map(|(shop, buyer, day, start, session, steps)| Talk { shop, buyer, day, start, session, steps })
}

fn step() -> impl Strategy<Value = Step> {
    let text = select(
        &["在吗", "", " \u{3000}\t", "有货吗，谢谢", "138-1234 5678", "加vx: wx_abc123", "a@b.cc", "😀\n\"x\"", "订单213812345678"][..],
    );
    let gap = prop_oneof![
        4 => select(&GAPS[..]).prop_map(Gap::Ms),
        3 => (0..7usize, -1..2i64).prop_map(|(rule, ms)| Gap::Rule(rule, ms)),
        1 => (0..40 * MINUTE).prop_map(Gap::Ms),
    ];
    (
        gap,
        who(),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.3, select(&[-1, 0, 1, 2, 10][..])),
        prop::bool::weighted(0.06),
        prop::option::weighted(0.06, any::<Index>()),
        text,
        prop::option::weighted(0.2, select(&["text", "image"][..])),
    )
        .prop_map(|(gap, who, strays, seq, recalled, repeats, text, kind)| Step {
            gap,
            who,
            strays,
            seq,
            recalled,
            repeats,
            text,
            kind,
        })
}

fn who() -> impl Strategy<Value = Who> {
    let agent = || prop_oneof![3 => Just(0), 1 => 0..AGENTS.len()];
    let perhaps = |p| prop::option::weighted(p, prop_oneof![3 => Just(0), 1 => 0..AGENTS.len()]);
    let mode = || prop::option::weighted(0.3, select(&[Mode::Human, Mode::Assist, Mode::Auto][..]));
    prop_oneof![
        9 => perhaps(0.3).prop_map(Who::Buyer),
        7 => (agent().prop_map(Some), mode()).prop_map(|(agent, mode)| Who::Agent(agent, mode)),
        1 => mode().prop_map(|mode| Who::Agent(None, mode)),
        2 => (perhaps(0.4), mode()).prop_map(|(agent, mode)| Who::Robot(agent, mode)),
        4 => (select(&["assign", "transfer", "close", "note"][..]), perhaps(0.85)).prop_map(|(kind, agent)| Who::Event(kind, agent)),
    ]
}

fn purchase() -> impl Strategy<Value = Purchase> {
    let edge = || -1..2i64;
    let after = move || {
        prop_oneof![
            3 => select(vec![0, 1, -1, 5 * MINUTE, HOUR, DAY_MS, -2 * DAY_MS]).prop_map(After::Line),
            2 => (0..4i64, edge()).prop_map(|(days, ms)| After::EndOfDay(days, ms)),
            1 => edge().prop_map(After::EndOfFinalDay),
            2 => edge().prop_map(After::Lookback),
            2 => edge().prop_map(After::Aftersale),
        ]
    };
    let paid = prop_oneof![2 => select(vec![0, 1, 60 * SECOND, DAY_MS, 3 * DAY_MS]).prop_map(After::Creation), 2 => after()];
    let version = (prop::option::weighted(0.8, select(vec![-1000, 0, 1000])), 0..30_000i64, any::<bool>());
    (
        (any::<Index>(), after(), prop::option::weighted(0.85, paid), any::<Index>()),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.2, select(vec!["红旗", "blue"])),
        (prop_oneof![4 => 1..100_000i64, 1 => Just(0)], 0..4i64, prop::option::of(0..2_000i64)),
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(version, 1..3)],
        prop::option::weighted(0.15, 0..BUYERS.len()),
    )
        .prop_map(|((line, created, paid, paid_line), cancelled, flag, (fen, quantity, postage), versions, other_buyer)| Purchase {
            line,
            created,
            paid,
            paid_line,
            cancelled,
            flag,
            fen,
            quantity,
            postage,
            versions,
            other_buyer,
        })
}

fn blocked() -> impl Strategy<Value = (usize, usize, Option<i64>, Option<i64>)> {
    (0..SHOPS.len(), 0..BUYERS.len(), prop::option::of(0..4i64), prop::option::of(0..4i64))
}

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

/// Each rule is the default most of the time, and what a shop might choose otherwise.
fn rules() -> impl Strategy<Value = Rules> {
    let or = |default: i64, others: Vec<i64>| prop_oneof![3 => Just(default), 1 => select(others)];
    let clocks = (
        or(30 * MINUTE, vec![10 * MINUTE, 60 * SECOND]),
        prop_oneof![3 => Just((8 * HOUR, 23 * HOUR)), 1 => select(vec![(9 * HOUR + 30 * MINUTE, 18 * HOUR), (20 * HOUR, 2 * HOUR)])],
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
        prop_oneof![3 => Just(vec![]), 1 => Just(vec!["红旗".to_owned()])],
    );
    (clocks, units, modes, sales, filters()).prop_map(|(clocks, (anchor, unit, clock), reply_modes, sales, filters)| {
        let ((own_accounts, blocklist), forward_only, monologue, (single_line, empty)) = filters;
        let (session_gap, assessed_hours, response_cap, reply_threshold, quick_threshold, slow_threshold, rest) = clocks;
        let (slow_times, max_wait, long_reception) = rest;
        let (after_sale_days, final_pay_days, credit_lookback, attribution, excluded_flags) = sales;
        Rules {
            session_gap,
            assessed_hours,
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
            after_sale_days,
            final_pay_days,
            credit_lookback,
            attribution,
            excluded_flags,
            own_accounts,
            blocklist,
            forward_only,
            monologue,
            single_line,
            empty,
        }
    })
}

// ---- from choices to a log --------------------------------------------------------------------

impl Case {
    pub(crate) fn given(&self) -> Given {
        let mut input = Input { utc_offset_ms: self.offset_ms, day_starts_ms: self.day_starts, ..Input::default() };
        input.lines = self.lines();
        let days = input.lines.iter().map(|line| input.business_day(line.sent_at)).collect::<Vec<_>>();
        input.first_day = days.iter().copied().min().unwrap_or(self.base);
        // The days after the chats, in which what was asked then matures.
        input.landed = days.iter().copied().max().unwrap_or(self.base) + self.more_days;
        input.orders = self.purchases.as_ref().map(|purchases| {
            let orders = purchases.iter().enumerate().flat_map(|(number, purchase)| self.orders(&input, number, purchase));
            orders.collect()
        });
        input.staff = AGENTS.iter().flat_map(|agent| SHOPS[..2].iter().map(|shop| ((*shop).to_owned(), (*agent).to_owned()))).collect();
        let day = |day: i64| self.base + day;
        let blocked = |(shop, buyer, from, to): &(usize, usize, Option<i64>, Option<i64>)| {
            (SHOPS[*shop].to_owned(), BUYERS[*buyer].to_owned(), from.map(day), to.map(day))
        };
        input.blocklist = self.blocked.iter().map(blocked).collect();
        input.visits = self.visits.as_ref().map(|visits| once_a_day(visits, self.base));
        let (head, rules) = (format!("business_day_starts_at = \"{}\"", clock(self.day_starts)), toml(&self.rules));
        Given { input, zone: self.zone, head, rules, cut: self.cut, style: self.style, tables: Vec::new(), judged: false }.in_file_order()
    }

    /// What of the days is run when.
    pub(crate) fn parts(&self, input: &Input) -> Vec<(i64, i64)> {
        let (first, last) = (input.first_day, input.landed);
        match self.parts {
            Some((days, later_first)) if first + days < last => {
                let parts = [(first, first + days), (first + days + 1, last)];
                if later_first { parts.into_iter().rev().collect() } else { parts.to_vec() }
            }
            _ => vec![(first, last)],
        }
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for talk in &self.talks {
            let mut at = instant(self.base + talk.day, talk.start, self.offset_ms);
            for step in &talk.steps {
                at += match step.gap {
                    Gap::Ms(ms) => ms,
                    Gap::Rule(rule, ms) => (durations(&self.rules)[rule] + ms).max(0),
                };
                let line = said(talk, step, at, &lines);
                lines.push(line);
            }
        }
        let Some(keys) = &self.shuffled else { return lines };
        let mut keyed: Vec<_> = keys.iter().cycle().zip(lines).collect();
        keyed.sort_by_key(|(key, _)| **key);
        keyed.into_iter().map(|(_, line)| line).collect()
    }

    fn after(&self, after: After, input: &Input, line: &Line, created_at: i64) -> i64 {
        let end_of_day = |days: i64| input.end_of_day(input.business_day(line.sent_at) + days);
        match after {
            After::Line(ms) => line.sent_at + ms,
            After::EndOfDay(days, ms) => end_of_day(days) + ms,
            After::EndOfFinalDay(ms) => end_of_day(self.rules.final_pay_days) + ms,
            After::Lookback(ms) => line.sent_at + self.rules.credit_lookback + ms,
            After::Aftersale(ms) => line.sent_at - self.rules.after_sale_days * DAY_MS + ms,
            After::Creation(ms) => created_at + ms,
        }
    }

    /// The versions of one order. Every one is one that inputs.md accepts: none is paid before it was created.
    fn orders(&self, input: &Input, number: usize, purchase: &Purchase) -> Vec<Order> {
        if input.lines.is_empty() {
            return Vec::new();
        }
        let (line, paid_line) = (purchase.line.get(&input.lines), purchase.paid_line.get(&input.lines));
        let created_at = self.after(purchase.created, input, line, 0);
        let paid_at = purchase.paid.map(|paid| self.after(paid, input, paid_line, created_at).max(created_at));
        let buyer = purchase.other_buyer.map_or(line.buyer.clone(), |buyer| BUYERS[buyer].to_owned());
        let first = Order {
            shop: line.shop.clone(),
            order_id: format!("o{number}/=2"),
            buyer,
            created_at,
            paid_at,
            cancelled_at: purchase.cancelled.then_some(created_at + HOUR),
            amount_fen: purchase.fen,
            quantity: purchase.quantity,
            postage_fen: purchase.postage,
            flag: purchase.flag.map(str::to_owned),
            updated_at: Some(created_at),
        };
        let versions = purchase.versions.iter().map(|(updated, fen, paid)| Order {
            updated_at: updated.map(|ms| created_at + ms),
            amount_fen: *fen,
            paid_at: paid_at.filter(|_| *paid),
            ..first.clone()
        });
        std::iter::once(first.clone()).chain(versions).collect()
    }
}

fn said(talk: &Talk, step: &Step, at: i64, before: &[Line]) -> Line {
    let named = |agent: Option<usize>| agent.map(|agent| AGENTS[agent].to_owned());
    let session = if step.strays { (talk.session + 1) % SESSIONS.len() } else { talk.session };
    let line = Line {
        shop: SHOPS[talk.shop].to_owned(),
        buyer: BUYERS[talk.buyer].to_owned(),
        session: SESSIONS[session].map(str::to_owned),
        message_id: Some(format!("m{}", before.len())),
        sent_at: at,
        seq: step.seq,
        text: (!step.text.is_empty()).then(|| step.text.to_owned()),
        recalled: step.recalled,
        ..Line::default()
    };
    let line = match step.who {
        Who::Buyer(agent) => Line { sender: Sender::Buyer, agent: named(agent), kind: step.kind.map(str::to_owned), ..line },
        Who::Agent(agent, mode) => Line { sender: Sender::Agent, agent: named(agent), mode, ..line },
        Who::Robot(agent, mode) => Line { sender: Sender::Robot, agent: named(agent), mode, ..line },
        Who::Event(kind, agent) => Line { sender: Sender::System, kind: Some(kind.to_owned()), agent: named(agent), ..line },
    };
    match &step.repeats {
        Some(index) if !before.is_empty() => Line { message_id: index.get(before).message_id.clone(), ..line },
        _ => line,
    }
}

/// Visitors of a shop and day are one number.
fn once_a_day(visits: &[(usize, i64, i64)], base: i64) -> Vec<(String, i64, i64)> {
    let mut days = std::collections::BTreeMap::new();
    for (shop, day, visitors) in visits {
        days.insert((SHOPS[*shop].to_owned(), base + day), *visitors);
    }
    days.into_iter().map(|((shop, day), visitors)| (shop, day, visitors)).collect()
}

// ---- rules as a user writes them --------------------------------------------------------------

fn clock(ms: i64) -> String {
    format!("{:02}:{:02}", ms / HOUR, ms % HOUR / MINUTE)
}

pub(crate) fn toml(rules: &Rules) -> String {
    let seconds = |ms: i64| format!("\"{}s\"", ms / SECOND);
    let (from, to) = rules.assessed_hours;
    let quoted = |names: Vec<&str>| format!("{:?}", names);
    let modes = rules.reply_modes.iter().map(|mode| match mode {
        Mode::Human => "human",
        Mode::Assist => "assist",
        Mode::Auto => "auto",
    });
    let pairs = [
        ("session_gap", seconds(rules.session_gap)),
        ("reply_modes", quoted(modes.collect())),
        ("assessed_hours", format!("\"{}-{}\"", clock(from), clock(to))),
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
