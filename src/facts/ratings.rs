//! ratings: one row per satisfaction card sent in the day, and what of it counts (满意度).

use crate::calendar::{Calendar, Day};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::{Records, Reference, Table};
use crate::rules::Rules;
use polars::prelude::*;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

/// Columns: `shop_id`, `buyer_id`, `agent_id`, `session_id`, `sent_at`, `rated_at`, `grade` (1 worst to 5 best), `source`, `reason`, `target`,
/// `nps`; `left_out` (why the card is in no metric: one of [`super::FILTERS`] or robot; null: it is in); `invites` (the first card of its
/// buyer × agent), `counts` (the last valid rating of its buyer × agent), `session_counts` (of its session × buyer × agent; without a
/// session id: false). Sorted by shop, buyer and time. None: the table is not configured.
/// `filtered`: the peer-days of the day that a rule took out.
pub fn ratings(
    records: &Records,
    reference: &Reference,
    filtered: &FilteredPeers,
    calendar: &Calendar,
    rules: &Rules,
    day: Day,
) -> Result<Option<DataFrame>> {
    let Some(cards) = records.of(Table::Evaluations) else { return Ok(None) };
    let bounds = calendar.bounds(day)?;
    let sent = col("sent_at").gt_eq(lit(bounds.start)).and(col("sent_at").lt(lit(bounds.end)));
    let mut rows = collect(cards.filter(sent).with_column(col("grade").cast(DataType::Int64)))?;
    let cards = cards_of(&rows)?;
    let left_out = cards.iter().map(|card| left_out(card, reference, filtered, rules, day)).collect::<Vec<_>>();
    let assessed = rules.assessed(calendar, day)?;
    let heard = || cards.iter().enumerate().filter(|(place, _)| left_out[*place].is_none());
    let valid = || heard().filter(|(_, card)| is_valid(card, &assessed, rules)).map(|(place, card)| (place, card, card.rated_at));
    // Of equals the first card read is the first sent, and the last one read the last rated.
    let invites = best(heard().rev().map(|(place, card)| (place, Some(card.pair()), -card.sent_at)), cards.len());
    let counts = best(valid().map(|(place, card, at)| (place, Some(card.pair()), at)), cards.len());
    let by_session = valid().map(|(place, card, at)| (place, card.session.map(|session| (card.pair(), session)), at));
    let session_counts = best(by_session, cards.len());
    let said = [("invites", invites), ("counts", counts), ("session_counts", session_counts)];
    let said = said.map(|(name, said)| Column::new(name.into(), said)).to_vec();
    let left_out = Column::new("left_out".into(), left_out);
    drop(cards);
    rows.hstack_mut(&[vec![left_out], said].concat())?;
    let told = ["shop_id", "buyer_id", "agent_id", "session_id", "sent_at", "rated_at", "grade", "source", "reason", "target", "nps"];
    let added = ["left_out", "invites", "counts", "session_counts"];
    let sorted = rows.lazy().sort(["shop_id", "buyer_id", "sent_at"], SortMultipleOptions::default().with_maintain_order(true));
    Ok(Some(collect(sorted.select([told.as_slice(), added.as_slice()].concat().into_iter().map(col).collect::<Vec<_>>()))?))
}

/// Why a peer-day (shop, buyer, agent) is filtered.
pub type FilteredPeers = HashMap<[String; 3], String>;

/// What is looked at of a card.
struct Card<'a> {
    shop: &'a str,
    buyer: &'a str,
    agent: &'a str,
    session: Option<&'a str>,
    robot: bool,
    sent_at: i64,
    /// `i64::MIN`: not rated.
    rated_at: i64,
    graded: bool,
}

impl<'a> Card<'a> {
    fn pair(&self) -> (&'a str, &'a str, &'a str) {
        (self.shop, self.buyer, self.agent)
    }
}

fn cards_of(rows: &DataFrame) -> Result<Vec<Card<'_>>> {
    let text = |name: &str| -> Result<Vec<Option<&str>>> { Ok(rows.column(name)?.str()?.iter().collect()) };
    let number = |name: &str| -> Result<Vec<Option<i64>>> { Ok(rows.column(name)?.i64()?.iter().collect()) };
    let [shops, buyers, agents] = [text("shop_id")?, text("buyer_id")?, text("agent_id")?];
    let (sessions, targets) = (text("session_id")?, text("target")?);
    let [sent, rated, grades] = [number("sent_at")?, number("rated_at")?, number("grade")?];
    let card = |row: usize| Card {
        shop: shops[row].unwrap_or_default(),
        buyer: buyers[row].unwrap_or_default(),
        agent: agents[row].unwrap_or_default(),
        session: sessions[row],
        robot: targets[row] == Some("robot"),
        sent_at: sent[row].unwrap_or_default(),
        rated_at: rated[row].unwrap_or(i64::MIN),
        graded: grades[row].is_some(),
    };
    Ok((0..rows.height()).map(card).collect())
}

/// Why a card is in no metric.
fn left_out<'a>(card: &Card, reference: &Reference, filtered: &'a FilteredPeers, rules: &Rules, day: Day) -> Option<&'a str> {
    let own = rules.own_accounts && reference.is_staff(card.shop, card.buyer);
    let blocked = rules.blocklist && reference.is_blocked(card.shop, card.buyer, day);
    let reasons = [("own_accounts", own), ("blocklist", blocked), ("robot", card.robot && !rules.robots_rated)];
    let of_peer_day = || filtered.get(&[card.shop, card.buyer, card.agent].map(str::to_owned)).map(String::as_str);
    reasons.into_iter().find(|(_, holds)| *holds).map(|(reason, _)| reason).or_else(of_peer_day)
}

/// Graded, the card sent in assessed hours, and rated within the window, both ends included.
fn is_valid(card: &Card, assessed: &[Range<i64>], rules: &Rules) -> bool {
    let in_time = card.rated_at >= card.sent_at && card.rated_at - card.sent_at <= rules.rating_window.0;
    card.graded && in_time && assessed.iter().any(|window| window.contains(&card.sent_at))
}

/// Of each unit the place with the highest value, of equals the one that comes last; places without a unit are none's.
fn best<Unit: Hash + Eq>(places: impl Iterator<Item = (usize, Option<Unit>, i64)>, rows: usize) -> Vec<bool> {
    let mut best: HashMap<Unit, (i64, usize)> = HashMap::new();
    for (place, unit, value) in places {
        let Some(unit) = unit else { continue };
        let kept = best.entry(unit).or_insert((value, place));
        if value >= kept.0 {
            *kept = (value, place);
        }
    }
    let mut is_best = vec![false; rows];
    best.into_values().for_each(|(_, place)| is_best[place] = true);
    is_best
}
