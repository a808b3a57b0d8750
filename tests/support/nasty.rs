//! Small logs on every edge that semantics.md has: what a case is, how it is drawn, and what it comes to as lines and orders.
//!
//! A case is a list of choices from short tables, so that proptest can shrink it to the few that matter.

mod rules;

use super::given::{Cut, Given, clock};
use super::instant;
use super::sheet::{Format, Packing, Style};
use crate::oracle::{DAY_MS, Holiday, Input, Line, Mode, Order, Rules, Sender};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rules::{Spans, rules, spans, toml};

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
    /// What is not said to the buyer.
    Note(Sender, Option<usize>),
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
    needs_reply: Option<bool>,
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
    /// Shop or all, day after the first, hours.
    holidays: Option<Vec<(Option<usize>, i64, Spans)>>,
    by_seq: bool,
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
        prop::option::weighted(0.4, prop::collection::vec((prop::option::of(0..SHOPS.len()), -1..6i64, spans()), 0..6)),
        prop::bool::weighted(0.2),
    );
    let cut = prop_oneof![2 => Just(Cut::ByDay), 1 => Just(Cut::ByUtcDay), 1 => (1..4usize).prop_map(Cut::Files)];
    let files = (cut, style(), prop::option::weighted(0.3, (0..4i64, any::<bool>())));
    (place, log, files, rules()).prop_map(|(place, log, (cut, style, parts), rules)| {
        let (base, (offset_ms, zone), day_starts, more_days) = place;
        let (talks, shuffled, purchases, blocked, visits, holidays, by_seq) = log;
        Case {
            base: super::day(base),
            offset_ms,
            zone,
            day_starts,
            talks,
            shuffled,
            purchases,
            blocked,
            visits,
            holidays,
            by_seq,
            more_days,
            cut,
            style,
            parts,
            rules,
        }
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
    let steps = prop_oneof![
        3 => prop::collection::vec(step(who().boxed()), 1..12),
        1 => prop::collection::vec(step(with_robots().boxed()), 1..12),
    ];
    (of(SHOPS.len()), of(BUYERS.len()), 0..4i64, start, session, steps).prop_map(|(shop, buyer, day, start, session, steps)| Talk {
        shop,
        buyer,
        day,
        start,
        session,
        steps,
    })
}

fn step(who: BoxedStrategy<Who>) -> impl Strategy<Value = Step> {
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
        who,
        prop::bool::weighted(0.1),
        prop::option::weighted(0.3, select(&[-1, 0, 1, 2, 10][..])),
        prop::bool::weighted(0.06),
        prop::option::weighted(0.06, any::<Index>()),
        text,
        prop::option::weighted(0.2, select(&["text", "image"][..])),
        prop::option::weighted(0.3, prop::bool::weighted(0.25)),
    )
        .prop_map(|(gap, who, strays, seq, recalled, repeats, text, kind, needs_reply)| Step {
            gap,
            who,
            strays,
            seq,
            recalled,
            repeats,
            text,
            kind,
            needs_reply,
        })
}

fn who() -> impl Strategy<Value = Who> {
    let agent = || prop_oneof![3 => Just(0), 1 => 0..AGENTS.len()];
    let perhaps = |p| prop::option::weighted(p, prop_oneof![3 => Just(0), 1 => 0..AGENTS.len()]);
    let mode = || prop::option::weighted(0.3, select(&[Mode::Human, Mode::Assist, Mode::Auto][..]));
    prop_oneof![
        9 => perhaps(0.3).prop_map(Who::Buyer),
        7 => (agent().prop_map(Some), mode()).prop_map(|(agent, mode)| Who::Agent(agent, mode)),
        2 => mode().prop_map(|mode| Who::Agent(None, mode)),
        3 => (perhaps(0.4), mode()).prop_map(|(agent, mode)| Who::Robot(agent, mode)),
        1 => (select(&[Sender::Buyer, Sender::Agent, Sender::Robot][..]), perhaps(0.6)).prop_map(|(sender, agent)| Who::Note(sender, agent)),
        4 => (select(&["assign", "transfer", "close", "note"][..]), perhaps(0.85)).prop_map(|(kind, agent)| Who::Event(kind, agent)),
    ]
}

/// Talks that a robot begins: nobody is named until an event or a person comes.
fn with_robots() -> impl Strategy<Value = Who> {
    let named = || prop::option::weighted(0.4, 0..AGENTS.len());
    prop_oneof![
        12 => Just(Who::Buyer(None)),
        10 => named().prop_map(|agent| Who::Robot(agent, None)),
        2 => (select(&["assign", "transfer"][..]), prop::option::weighted(0.7, 0..2usize)).prop_map(|(kind, agent)| Who::Event(kind, agent)),
        2 => Just(Who::Event("close", None)),
        1 => Just(Who::Agent(None, None)),
        1 => (0..2usize).prop_map(|agent| Who::Agent(Some(agent), None)),
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
        input.holidays = self.holidays.as_ref().map(|holidays| one_a_day(holidays, self.base));
        input.order_by_seq = self.by_seq;
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
                let mut line = said(talk, step, at, &lines);
                if self.by_seq {
                    // Mostly as the talk goes, which is against the time where talks meet.
                    line.seq = Some(lines.len() as i64 + step.seq.unwrap_or(0));
                }
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
        Who::Buyer(agent) => {
            Line { sender: Sender::Buyer, agent: named(agent), kind: step.kind.map(str::to_owned), needs_reply: step.needs_reply, ..line }
        }
        Who::Agent(agent, mode) => Line { sender: Sender::Agent, agent: named(agent), mode, ..line },
        Who::Robot(agent, mode) => Line { sender: Sender::Robot, agent: named(agent), mode, ..line },
        Who::Note(sender, agent) => Line { sender, agent: named(agent), kind: Some("note".to_owned()), ..line },
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

/// Of a day and shop the last row drawn stands.
fn one_a_day(holidays: &[(Option<usize>, i64, Spans)], base: i64) -> Vec<Holiday> {
    let mut rows = std::collections::BTreeMap::new();
    for (shop, day, spans) in holidays {
        rows.insert((base + day, *shop), spans.clone());
    }
    let row = |((day, shop), spans): ((i64, Option<usize>), Spans)| Holiday { shop: shop.map(|shop| SHOPS[shop].to_owned()), day, spans };
    rows.into_iter().map(row).collect()
}
