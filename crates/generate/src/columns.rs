//! The columns of the tables that company and load both write.

use crate::table::{Column, flag, int, money, name, text, time};

pub(super) static AGENT_STATUS: [Column; 4] = [name("shop_id"), name("agent_id"), time("at"), name("status")];
pub(super) static REFUNDS: [Column; 10] = [
    name("shop_id"),
    text("refund_id"),
    text("order_id"),
    time("applied_at"),
    time("finished_at"),
    money("amount"),
    int("quantity"),
    name("kind"),
    name("reason"),
    flag("disputed"),
];
pub(super) static SHOPS: [Column; 4] = [name("shop_id"), name("platform"), name("name"), name("category")];
pub(super) static STAFF: [Column; 9] = [
    name("shop_id"),
    name("agent_id"),
    name("name"),
    name("team"),
    name("role"),
    name("person_id"),
    money("hourly_cost"),
    name("commission_rate"),
    name("hired_on"),
];
pub(super) static VISITS: [Column; 4] = [name("shop_id"), name("date"), int("visitors"), int("page_views")];
pub(super) static STANDARDS: [Column; 4] = [name("category"), name("metric"), name("standard"), name("better")];
pub(super) static TRAININGS: [Column; 3] = [name("agent_id"), name("on"), name("topic")];
pub(super) static VIDEOS: [Column; 12] = [
    name("shop_id"),
    name("video_id"),
    name("date"),
    int("plays"),
    int("likes"),
    int("comments"),
    int("shares"),
    int("new_followers"),
    int("followers"),
    int("complete_plays"),
    int("watch_seconds"),
    int("length_seconds"),
];
pub(super) static EVALUATIONS: [Column; 11] = [
    name("shop_id"),
    name("buyer_id"),
    name("agent_id"),
    name("session_id"),
    time("sent_at"),
    time("rated_at"),
    int("grade"),
    name("source"),
    name("reason"),
    name("target"),
    int("nps"),
];
pub(super) static TICKETS: [Column; 15] = [
    name("shop_id"),
    text("ticket_id"),
    name("buyer_id"),
    name("agent_id"),
    name("kind"),
    time("opened_at"),
    time("first_response_at"),
    time("resolved_at"),
    flag("resolved"),
    time("sla_response_due_at"),
    time("sla_resolve_due_at"),
    name("transferred_to"),
    flag("transfer_correct"),
    flag("knowledge_base_used"),
    flag("complaint"),
];
