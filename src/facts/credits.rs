//! credits: one row per order event that counts in the day × rule × agent: who earned it, who assisted, or nobody (绩效判定).

use super::frame;
use crate::calendar::{Calendar, DAY_MS, Day};
use crate::error::{Error, Result};
use crate::ingest::{Order, Orders};
use crate::rules::{Attribution, Rules};
use hashbrown::HashMap;
use polars::prelude::*;
use rayon::slice::ParallelSliceMut;

/// An instant of an order at which candidates are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant<'a> {
    pub order: &'a Order,
    pub at: i64,
    event: Event,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Created,
    Paid,
}

impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        self.shop_id == other.shop_id && self.order_id == other.order_id
    }
}
impl Eq for Order {}

/// The instants that the credits of a day ask about: orders created in it, and orders paid in it with their creation.
pub fn instants<'a>(orders: &'a Orders, calendar: &Calendar, rules: &Rules, day: Day) -> Result<Vec<Instant<'a>>> {
    let bounds = calendar.bounds(day)?;
    let created = |order| Instant { order, at: order.created_at, event: Event::Created };
    let unpaid = orders.created_in(day, bounds.clone()).filter(|order| !order.paid_at.is_some_and(|at| bounds.contains(&at)));
    let mut found = unpaid.filter(|order| counts(order, rules)).map(created).collect::<Vec<_>>();
    found.extend(instants_of_sales(orders.paid_in(day, bounds), rules));
    Ok(found)
}

/// The creation and the payment of each paid order that counts, one after the other.
pub(super) fn instants_of_sales<'a>(orders: impl Iterator<Item = &'a Order>, rules: &Rules) -> impl Iterator<Item = Instant<'a>> {
    let sales = orders.filter(|order| counts(order, rules)).filter_map(|order| Some((order, order.paid_at?)));
    sales.flat_map(|(order, paid)| {
        [Instant { order, at: order.created_at, event: Event::Created }, Instant { order, at: paid, event: Event::Paid }]
    })
}

fn counts(order: &Order, rules: &Rules) -> bool {
    order.cancelled_at.is_none()
        && !order.flag.as_ref().is_some_and(|flag| rules.excluded_flags.iter().any(|excluded| excluded == flag.as_str()))
}

/// One candidate of an instant: the agent and its last reply line within the lookback.
struct Candidate<'r> {
    agent: &'r str,
    line_at: i64,
    place: i64,
    message: Option<&'r str>,
}

/// Columns of credits that are there to trace them by; no number asks for them.
pub const TRACED: [&str; 4] = ["order_id", "at", "line_at", "message_id"];

/// Columns: `shop_id`, `order_id`, `buyer_id`, `rule`, `role` (credited, assist, silent), `agent_id` (null when silent),
/// `at` (the instant that decided), `line_at`, `message_id` (the line that earned it), `amount` (fen), `quantity`, `postage`, `own`
/// (the rule is the pipeline's). Counted in `day`; under `order` only if paid before the end of `final_pay_days`, and only once these
/// have `landed` (DECISIONS #12).
/// `replies`: `shop_id`, `buyer_id`, `agent_id`, `at`, `place`, `message_id` of the days within the lookback of the instants.
pub fn credits(instants: &[Instant], replies: &DataFrame, calendar: &Calendar, rules: &Rules, day: Day, landed: Day) -> Result<DataFrame> {
    let candidates = candidates(instants, replies, rules)?;
    let bounds = calendar.bounds(day)?;
    let final_day = day.plus(rules.final_pay_days as i32);
    let paid_until = calendar.bounds(final_day)?.end;
    let mut rows = Vec::new();
    for (index, instant) in instants.iter().enumerate() {
        let order = instant.order;
        let mut push = |rule, index: usize| rows.extend(shares(rule, &instants[index], &candidates[index]));
        match instant.event {
            Event::Created => {
                if final_day <= landed && bounds.contains(&order.created_at) && order.paid_at.is_some_and(|paid| paid < paid_until) {
                    push(Attribution::Order, index);
                }
            }
            Event::Paid => {
                for rule in [Attribution::Payment, Attribution::OrderFirst] {
                    push(rule, deciding(rule, index, &candidates));
                }
            }
        }
    }
    columns(rows, rules)
}

/// The instant that decides under a rule, by the place of an order's payment: its creation stands just before.
fn deciding(rule: Attribution, payment: usize, candidates: &[Vec<Candidate>]) -> usize {
    let creation = payment - 1;
    match rule {
        Attribution::Order => creation,
        Attribution::Payment => payment,
        Attribution::OrderFirst => {
            if candidates[creation].is_empty() {
                payment
            } else {
                creation
            }
        }
    }
}

/// The agent each sale is credited to under the pipeline's rule. Columns: `shop_id`, `order_id`, `agent_id`; silent orders have no row,
/// nor has what counts after `landed` or, under `order`, was paid too late.
/// `instants`: of sales, each order's two once. `replies`: as of `credits`.
pub fn credited(instants: &[Instant], replies: &DataFrame, calendar: &Calendar, rules: &Rules, landed: Day) -> Result<DataFrame> {
    let candidates = candidates(instants, replies, rules)?;
    let mut rows = Vec::new();
    for (index, paid) in instants.iter().enumerate().filter(|(_, instant)| instant.event == Event::Paid) {
        let created_on = calendar.day_of(paid.order.created_at)?;
        let counts = match rules.attribution {
            Attribution::Order => created_on <= landed && paid.at < calendar.bounds(created_on.plus(rules.final_pay_days as i32))?.end,
            Attribution::Payment | Attribution::OrderFirst => calendar.day_of(paid.at)? <= landed,
        };
        let decided = candidates[deciding(rules.attribution, index, &candidates)].first();
        rows.extend(decided.filter(|_| counts).map(|candidate| (paid.order, candidate.agent)));
    }
    Ok(frame! {
        "shop_id" => rows.iter().map(|(order, _)| order.shop_id.as_str()).collect::<Vec<_>>(),
        "order_id" => rows.iter().map(|(order, _)| order.order_id.as_str()).collect::<Vec<_>>(),
        "agent_id" => rows.iter().map(|(_, agent)| *agent).collect::<Vec<_>>(),
    }?)
}

/// Every agent with a reply line in `[t - credit_lookback, t]`, the latest first, by instant. The replies are gone through once: a join
/// would hold every reply as often as its buyer has instants.
fn candidates<'r>(instants: &[Instant], replies: &'r DataFrame, rules: &Rules) -> Result<Vec<Vec<Candidate<'r>>>> {
    let mut asked: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, Instant { order, .. }) in instants.iter().enumerate() {
        asked.entry((&order.shop_id, &order.buyer_id)).or_default().push(index);
    }
    let mut candidates: Vec<Vec<Candidate>> = instants.iter().map(|_| Vec::new()).collect();
    let text = |name: &str| Ok::<_, Error>(replies.column(name)?.str()?.iter());
    let number = |name: &str| Ok::<_, Error>(replies.column(name)?.i64()?.iter());
    let buyers = text("shop_id")?.zip(text("buyer_id")?);
    let lines = number("at")?.zip(number("place")?).zip(text("message_id")?);
    for (buyer, (agent, ((at, place), message))) in buyers.zip(text("agent_id")?.zip(lines)) {
        let ((Some(shop), Some(buyer)), Some(agent), Some(line_at), Some(place)) = (buyer, agent, at, place) else { continue };
        let own = asked.get(&(shop, buyer)).map_or([].as_slice(), Vec::as_slice);
        for index in own.iter().copied().filter(|index| (0..=rules.credit_lookback.0).contains(&(instants[*index].at - line_at))) {
            let line = Candidate { agent, line_at, place, message };
            match candidates[index].iter_mut().find(|known| known.agent == agent) {
                Some(known) if (known.line_at, known.place) >= (line_at, place) => {}
                Some(known) => *known = line,
                None => {
                    // Mostly the only one.
                    candidates[index].reserve_exact(1);
                    candidates[index].push(line);
                }
            }
        }
    }
    for list in &mut candidates {
        list.sort_by_key(|candidate| std::cmp::Reverse((candidate.line_at, candidate.place)));
    }
    Ok(candidates)
}

/// The columns of a reply index without rows.
pub fn no_replies() -> Result<DataFrame> {
    Ok(frame! {
        "shop_id" => Vec::<String>::new(),
        "buyer_id" => Vec::<String>::new(),
        "agent_id" => Vec::<String>::new(),
        "at" => Vec::<i64>::new(),
        "place" => Vec::<i64>::new(),
        "message_id" => Vec::<String>::new(),
    }?)
}

struct Share<'a> {
    rule: Attribution,
    role: &'static str,
    instant: &'a Instant<'a>,
    candidate: Option<&'a Candidate<'a>>,
}

/// The latest candidate is credited, the others assisted; without any the order is silent (静默).
fn shares<'a>(rule: Attribution, instant: &'a Instant, candidates: &'a [Candidate]) -> Vec<Share<'a>> {
    if candidates.is_empty() {
        return vec![Share { rule, role: "silent", instant, candidate: None }];
    }
    let role = |place| if place == 0 { "credited" } else { "assist" };
    candidates.iter().enumerate().map(|(place, c)| Share { rule, role: role(place), instant, candidate: Some(c) }).collect()
}

fn columns(mut rows: Vec<Share>, rules: &Rules) -> Result<DataFrame> {
    rows.par_sort_by_key(|r| {
        let order = r.instant.order;
        (&order.shop_id, &order.order_id, r.rule.name(), std::cmp::Reverse(r.role), r.candidate.map(|c| c.agent))
    });
    fn each<'a, T>(rows: &'a [Share<'a>], value: impl Fn(&'a Share<'a>) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    Ok(frame! {
        "shop_id" => each(&rows, |r| r.instant.order.shop_id.as_str()),
        "order_id" => each(&rows, |r| r.instant.order.order_id.as_str()),
        "buyer_id" => each(&rows, |r| r.instant.order.buyer_id.as_str()),
        "rule" => each(&rows, |r| r.rule.name()),
        "role" => each(&rows, |r| r.role),
        "agent_id" => each(&rows, |r| r.candidate.map(|c| c.agent)),
        "at" => each(&rows, |r| r.instant.at),
        "line_at" => each(&rows, |r| r.candidate.map(|c| c.line_at)),
        "message_id" => each(&rows, |r| r.candidate.and_then(|c| c.message)),
        "amount" => each(&rows, |r| r.instant.order.amount),
        "quantity" => each(&rows, |r| r.instant.order.quantity),
        "postage" => each(&rows, |r| r.instant.order.postage),
        "own" => each(&rows, |r| r.rule == rules.attribution),
    }?)
}

/// The business days whose reply lines an instant can ask about, oldest first.
pub fn reply_days(instant: &Instant, calendar: &Calendar, rules: &Rules) -> Result<impl Iterator<Item = Day> + use<>> {
    let earliest = instant.at.saturating_sub(rules.credit_lookback.0.max(DAY_MS));
    Ok(calendar.day_of(earliest)?.through(calendar.day_of(instant.at)?))
}
