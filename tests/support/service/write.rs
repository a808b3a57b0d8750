//! The tables as files. What is not so is written as `false` or left out in turn, as exporters have it.

use super::Told;
use crate::oracle_service::{Evaluation, Refund, RefundKind, ServiceRules, Source, Status, StatusKind, Ticket, Video};
use crate::support::sheet::{Sheet, rfc3339, yuan};
use crate::support::{date, nasty};

type Cell = Option<String>;
/// A table, its columns, its rows.
type Rows = (&'static str, &'static [&'static str], Option<Vec<Vec<Cell>>>);

/// Every configured table, in two files: the later half of its rows is read later.
pub(super) fn tables(told: &Told, offset_ms: i64) -> Vec<(String, String, String)> {
    let staff = told.staff.iter().map(|person| {
        let (staff, rate) = (&person.staff, person.staff.commission_rate.map(|rate| rate.to_string()));
        let cost = staff.hourly_cost_fen.map(yuan);
        vec![Some(staff.shop.clone()), Some(staff.agent.clone()), person.team.clone(), person.person.clone(), cost, rate]
    });
    let staff = Some(staff.collect::<Vec<_>>()).filter(|rows| !rows.is_empty());
    let targets = told.targets.iter().flatten().map(|target| {
        let month = Some(date(target.month)[..7].to_owned());
        let metric = Some("sales_amount".to_owned());
        vec![Some(target.shop.clone()), target.agent.clone(), month, metric, Some(target.yuan.to_string())]
    });
    let sheets: [Rows; 7] = [
        ("staff", &["shop_id", "agent_id", "team", "person_id", "hourly_cost", "commission_rate"], staff),
        ("refunds", REFUNDS, rows(&told.refunds, |row, number| refund(row, number, offset_ms))),
        ("evaluations", EVALUATIONS, rows(&told.evaluations, |row, number| evaluation(row, number, offset_ms))),
        ("tickets", TICKETS, rows(&told.tickets, |row, number| ticket(row, number, offset_ms))),
        ("agent_status", &["shop_id", "agent_id", "at", "status"], rows(&told.statuses, |row, _| status(row, offset_ms))),
        ("videos", VIDEOS, rows(&told.videos, |row, _| video(row))),
        ("targets", &["shop_id", "agent_id", "month", "metric", "target"], told.targets.as_ref().map(|_| targets.collect())),
    ];
    sheets.into_iter().flat_map(files).collect()
}

fn rows<T>(of: &Option<Vec<T>>, row: impl Fn(&T, usize) -> Vec<Cell>) -> Option<Vec<Vec<Cell>>> {
    Some(of.as_ref()?.iter().enumerate().map(|(number, told)| row(told, number)).collect())
}

fn files((table, columns, rows): Rows) -> Vec<(String, String, String)> {
    let Some(mut rows) = rows else { return Vec::new() };
    let later = rows.split_off(rows.len() / 2);
    let file = |(name, rows): (&str, Vec<Vec<Cell>>)| {
        let csv = Sheet { columns, rows }.csv();
        (table.to_owned(), name.to_owned(), String::from_utf8(csv).unwrap())
    };
    [("a", rows), ("b", later)].map(file).to_vec()
}

pub(super) fn rules(rules: &ServiceRules) -> String {
    let ServiceRules { robots_rated, rating_window, retention_days, .. } = rules;
    format!("robots_rated = {robots_rated}\nrating_window = \"{}s\"\nretention_days = {retention_days}\n", rating_window / nasty::SECOND)
}

/// What is not so is said or passed over in silence.
fn truth(is: bool, number: usize) -> Cell {
    (is || number.is_multiple_of(2)).then(|| is.to_string())
}

const REFUNDS: &[&str] =
    &["shop_id", "refund_id", "order_id", "applied_at", "amount", "finished_at", "quantity", "kind", "reason", "disputed"];

fn refund(refund: &Refund, number: usize, offset_ms: i64) -> Vec<Cell> {
    let kind = refund.kind.map(|kind| if kind == RefundKind::RefundOnly { "refund_only" } else { "return" });
    vec![
        Some(refund.shop.clone()),
        Some(refund.refund_id.clone()),
        Some(refund.order_id.clone()),
        Some(rfc3339(refund.applied_at, offset_ms)),
        Some(yuan(refund.amount_fen)),
        refund.finished_at.map(|at| rfc3339(at, offset_ms)),
        refund.quantity.map(|quantity| quantity.to_string()),
        kind.map(str::to_owned),
        None,
        truth(refund.disputed, number),
    ]
}

const EVALUATIONS: &[&str] =
    &["shop_id", "buyer_id", "agent_id", "sent_at", "rated_at", "grade", "source", "reason", "session_id", "target", "nps"];

fn evaluation(card: &Evaluation, number: usize, offset_ms: i64) -> Vec<Cell> {
    let source = card.source.map(|source| match source {
        Source::Agent => "agent",
        Source::Buyer => "buyer",
        Source::System => "system",
    });
    let target = if card.robot { "robot" } else { "human" };
    vec![
        Some(card.shop.clone()),
        Some(card.buyer.clone()),
        Some(card.agent.clone()),
        Some(rfc3339(card.sent_at, offset_ms)),
        card.rated_at.map(|at| rfc3339(at, offset_ms)),
        card.grade.map(|grade| grade.to_string()),
        source.map(str::to_owned),
        card.reason.clone(),
        card.session.clone(),
        (card.robot || number.is_multiple_of(2)).then(|| target.to_owned()),
        card.nps.map(|nps| nps.to_string()),
    ]
}

const TICKETS: &[&str] = &[
    "shop_id",
    "ticket_id",
    "buyer_id",
    "opened_at",
    "agent_id",
    "kind",
    "first_response_at",
    "resolved_at",
    "resolved",
    "sla_response_due_at",
    "sla_resolve_due_at",
    "transferred_to",
    "transfer_correct",
    "knowledge_base_used",
    "complaint",
];

fn ticket(ticket: &Ticket, number: usize, offset_ms: i64) -> Vec<Cell> {
    let at = |instant: Option<i64>| instant.map(|ms| rfc3339(ms, offset_ms));
    vec![
        Some(ticket.shop.clone()),
        Some(ticket.ticket_id.clone()),
        Some(ticket.buyer.clone()),
        at(Some(ticket.opened_at)),
        ticket.agent.clone(),
        ticket.kind.clone(),
        at(ticket.first_response_at),
        at(ticket.resolved_at),
        ticket.resolved.map(|resolved| resolved.to_string()),
        at(ticket.sla_response_due_at),
        at(ticket.sla_resolve_due_at),
        ticket.transferred_to.clone(),
        truth(ticket.transfer_correct, number),
        truth(ticket.knowledge_base_used, number + 1),
        truth(ticket.complaint, number / 2),
    ]
}

fn status(status: &Status, offset_ms: i64) -> Vec<Cell> {
    let kind = match status.kind {
        StatusKind::Online => "online",
        StatusKind::Offline => "offline",
        StatusKind::Suspended => "suspended",
        StatusKind::Resumed => "resumed",
    };
    vec![Some(status.shop.clone()), Some(status.agent.clone()), Some(rfc3339(status.at, offset_ms)), Some(kind.to_owned())]
}

const VIDEOS: &[&str] = &[
    "shop_id",
    "video_id",
    "date",
    "plays",
    "likes",
    "comments",
    "shares",
    "new_followers",
    "followers",
    "complete_plays",
    "watch_seconds",
    "length_seconds",
];

fn video(video: &Video) -> Vec<Cell> {
    let count = |count: Option<i64>| count.map(|count| count.to_string());
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    vec![
        Some(video.shop.clone()),
        Some(video.video.clone()),
        Some(date(video.day)),
        count(Some(video.plays)),
        count(video.likes),
        count(video.comments),
        count(video.shares),
        count(video.new_followers),
        count(video.followers),
        count(video.complete_plays),
        number(video.watch_seconds),
        number(video.length_seconds),
    ]
}
