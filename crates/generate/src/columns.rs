//! The columns of the tables that company and load both write.

use crate::table::{ColumnSpec, flag, int, name, text, time};

/// One row per change of an agent's status.
pub(crate) static AGENT_STATUS: [ColumnSpec; 4] = [name("shop_id"), name("agent_id"), time("at"), name("status")];
/// One row per shop and day.
pub(crate) static VISITS: [ColumnSpec; 4] = [name("shop_id"), name("date"), int("visitors"), int("page_views")];
/// One row per category and metric.
pub(crate) static STANDARDS: [ColumnSpec; 4] = [name("category"), name("metric"), name("standard"), name("better")];
/// One row per agent and training.
pub(crate) static TRAININGS: [ColumnSpec; 3] = [name("agent_id"), name("on"), name("topic")];
/// One row per video and day.
pub(crate) static VIDEOS: [ColumnSpec; 12] = [
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
/// One row per satisfaction card (评价卡片), with the rating if the buyer gave one.
pub(crate) static EVALUATIONS: [ColumnSpec; 11] = [
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
/// One row per after-sales ticket.
pub(crate) static TICKETS: [ColumnSpec; 15] = [
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
