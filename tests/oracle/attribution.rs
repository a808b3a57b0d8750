//! Which agent each order is credited to, under each of the three attribution rules (§7).

use super::facts::{Facts, facts};
use super::filters::{SessionRecord, is_filtered};
use super::input::{Input, Line, Order};
use super::lines::{Step, step};
use super::rules::{Attribution, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// A reply line that can make its agent a candidate.
pub(super) struct ReplyLine {
    shop: String,
    buyer: String,
    agent: String,
    message_id: Option<String>,
    /// The order of lines of §2: instant, `seq`, place in the input.
    order: (i64, Option<i64>, usize),
}

/// A buyer line and the agent it was said to (§3).
pub(super) struct BuyerLine {
    shop: String,
    buyer: String,
    agent: String,
    at: i64,
}

/// What one order counts for under one rule.
#[derive(Clone, Debug)]
pub(crate) struct Credit {
    pub(crate) shop: String,
    pub(crate) order_id: String,
    pub(crate) buyer: String,
    pub(crate) rule: Attribution,
    /// `None` if there was no candidate: the order is silent.
    pub(crate) agent: Option<String>,
    /// The id of the reply line that earned the credit.
    pub(crate) message_id: Option<String>,
    /// The instant of that line.
    pub(crate) line_at: Option<i64>,
    pub(crate) amount_fen: i64,
    pub(crate) quantity: i64,
    pub(crate) postage_fen: i64,
    /// The business day in which the order counts.
    pub(crate) day: i64,
    /// The other candidates at the instant that decided.
    pub(crate) assists: Vec<String>,
}

/// The credits of all three rules, for every order that counts in one of the days read.
pub(crate) fn credits(input: &Input, rules: &Rules) -> Vec<Credit> {
    credits_of(&facts(input, rules))
}

pub(super) fn credits_of(facts: &Facts) -> Vec<Credit> {
    let mut credits = Vec::new();
    for order in facts.orders.iter().filter(|order| makes_a_sale(order, facts.rules)) {
        for rule in [Attribution::Order, Attribution::Payment, Attribution::OrderFirst] {
            credits.extend(credit(facts, order, rule));
        }
    }
    credits.retain(|credit| facts.input.covers(credit.day));
    credits
}

/// The reply lines that make candidates: those of no filtered peer-day.
pub(super) fn reply_lines(input: &Input, rules: &Rules, lines: &[Line], records: &[SessionRecord]) -> Vec<ReplyLine> {
    let peer_days = |record: &SessionRecord| {
        let key = |agent: &String| (record.shop.clone(), record.buyer.clone(), record.day, agent.clone());
        record.out.keys().map(key).collect::<Vec<_>>()
    };
    let out: BTreeSet<(String, String, i64, String)> = records.iter().flat_map(peer_days).collect();
    let mut replies = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        // A person without a name is no candidate.
        let Some(Step::Reply { agent: Some(agent) }) = step(line, rules) else {
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

/// The buyer lines to an agent, but those of filtered peer-days.
pub(super) fn buyer_lines(records: &[SessionRecord]) -> Vec<BuyerLine> {
    let mut lines = Vec::new();
    for record in records.iter().filter(|record| !record.filtered) {
        for line in record.shop_lines().into_iter().filter(|line| line.buyer) {
            let Some(agent) = line.agent.clone() else {
                continue;
            };
            lines.push(BuyerLine { shop: record.shop.clone(), buyer: record.buyer.clone(), agent, at: line.at });
        }
    }
    lines
}

/// Cancelled orders make no sale, nor do orders whose flag is excluded.
fn makes_a_sale(order: &Order, rules: &Rules) -> bool {
    order.cancelled_at.is_none() && !rules.is_flagged(order)
}

/// `None` if the order does not count under the rule: it was not paid, or too late.
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

/// Each agent's last reply line in `[t - credit_lookback, t]`, the latest first. Under `credit_needs_buyer_line` the buyer has to
/// have said something to the agent within the same time.
fn candidates<'a>(facts: &'a Facts, order: &Order, t: i64) -> Vec<&'a ReplyLine> {
    let mut last: BTreeMap<&str, &ReplyLine> = BTreeMap::new();
    for reply in facts.replies.iter().filter(|r| r.shop == order.shop && r.buyer == order.buyer) {
        let at = reply.order.0;
        let later = last.get(reply.agent.as_str()).is_none_or(|kept| kept.order < reply.order);
        if t - facts.rules.credit_lookback <= at && at <= t && later {
            last.insert(&reply.agent, reply);
        }
    }
    let asked = |agent: &str| {
        let mut lines = facts.buyer_lines.iter().filter(|line| line.shop == order.shop && line.buyer == order.buyer && line.agent == agent);
        lines.any(|line| t - facts.rules.credit_lookback <= line.at && line.at <= t)
    };
    let counts = |reply: &&ReplyLine| !facts.rules.credit_needs_buyer_line || asked(&reply.agent);
    let mut found: Vec<&ReplyLine> = last.into_values().filter(counts).collect();
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
