//! Tickets with promises kept and broken, handed to another agent, or opened again. The JD shop has no other tickets than these.

use crate::company::edge_case::{CaseTicket, DEFAULT_CASE, EdgeCase};
use crate::company::people::{HANLU, JD, SHENAN};

/// A ticket that is opened, with nothing promised and nothing done.
const fn opened(at: &'static str, agent: &'static str, kind: &'static str) -> CaseTicket {
    CaseTicket {
        at,
        agent: Some(agent),
        kind,
        responded: None,
        resolved: None,
        response_due: None,
        resolve_due: None,
        transferred: None,
        knowledge_base: false,
        complaint: false,
    }
}

impl CaseTicket {
    /// With a response and a solution promised by these times.
    const fn due(self, response: &'static str, resolve: &'static str) -> CaseTicket {
        CaseTicket { response_due: Some(response), resolve_due: Some(resolve), ..self }
    }

    /// First answered at this time.
    const fn responded(self, at: &'static str) -> CaseTicket {
        CaseTicket { responded: Some(at), ..self }
    }

    /// Solved at this time.
    const fn resolved(self, at: &'static str) -> CaseTicket {
        CaseTicket { resolved: Some(at), ..self }
    }

    /// Handed to another agent, who is the right one or not.
    const fn transferred(self, to: &'static str, correct: bool) -> CaseTicket {
        CaseTicket { transferred: Some((to, correct)), ..self }
    }

    /// Answered with the knowledge base.
    const fn knowledge_base(self) -> CaseTicket {
        CaseTicket { knowledge_base: true, ..self }
    }

    /// As a complaint.
    const fn complaint(self) -> CaseTicket {
        CaseTicket { complaint: true, ..self }
    }

    /// Taken by no agent.
    const fn nobody(self) -> CaseTicket {
        CaseTicket { agent: None, ..self }
    }
}

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 14] = [
    EdgeCase {
        id: "ticket-in-time",
        zh: "按时解决",
        happens: "Opened on 7 September at 10:00, answered in 20 min (promised: 1 h), solved in 8 h (promised: 24 h), with the knowledge base.",
        shows: "resolved, in time, both promises kept, one touch, kb 1; first response 0.333 h, resolution 8 h.",
        shop: JD,
        tickets: &[opened("09-07 10:00:00", SHENAN, "repair")
            .due("09-07 11:00:00", "09-08 10:00:00")
            .responded("09-07 10:20:00")
            .resolved("09-07 18:00:00")
            .knowledge_base()],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-late",
        zh: "超时解决",
        happens: "Opened on 8 September at 10:00, answered after 2 h and solved after 48 h; promised were 1 h and 24 h.",
        shows: "resolved, not in time; neither promise kept.",
        shop: JD,
        tickets: &[opened("09-08 10:00:00", SHENAN, "return")
            .due("09-08 11:00:00", "09-09 10:00:00")
            .responded("09-08 12:00:00")
            .resolved("09-10 10:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-half",
        zh: "响应超时、解决按时",
        happens: "Opened on 9 September at 10:00, answered after 90 min (promised: 1 h), solved at 20:00 (promised: 24 h).",
        shows: "sla_response 0, sla_resolve 1, sla 0.",
        shop: JD,
        tickets: &[opened("09-09 10:00:00", SHENAN, "exchange")
            .due("09-09 11:00:00", "09-10 10:00:00")
            .responded("09-09 11:30:00")
            .resolved("09-09 20:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-exact",
        zh: "恰好按时",
        happens: "Answered and solved at the very instants promised: 10 September 11:00:00.000 and 11 September 10:00:00.000.",
        shows: "Both promises kept.",
        shop: JD,
        tickets: &[opened("09-10 10:00:00", HANLU, "return")
            .due("09-10 11:00:00", "09-11 10:00:00")
            .responded("09-10 11:00:00")
            .resolved("09-11 10:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-unresolved",
        zh: "未解决",
        happens: "Opened on 11 September, answered after 30 min, never solved.",
        shows: "resolve 0, in time 0, sla_response 1, sla 0; not in the mean of hours.",
        shop: JD,
        tickets: &[opened("09-11 10:00:00", HANLU, "missing").due("09-11 11:00:00", "09-12 10:00:00").responded("09-11 10:30:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-no-sla",
        zh: "无SLA",
        happens: "Opened on 14 September, nothing promised; answered after 10 min, solved after 1 h, with the knowledge base.",
        shows: "resolved; in none of the denominators of promises.",
        shop: JD,
        tickets: &[opened("09-14 10:00:00", HANLU, "invoice").responded("09-14 10:10:00").resolved("09-14 11:00:00").knowledge_base()],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-handed-on",
        zh: "正确转接",
        happens: "Opened on 15 September by 沈安, who hands it to 韩露, rightly; solved at 16:00.",
        shows: "沈安: transfer 1, transfer_correct 1; resolved, but no one touch.",
        shop: JD,
        tickets: &[opened("09-15 10:00:00", SHENAN, "repair")
            .due("09-15 11:00:00", "09-16 10:00:00")
            .responded("09-15 10:15:00")
            .resolved("09-15 16:00:00")
            .transferred(HANLU, true)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-handed-wrong",
        zh: "错误转接",
        happens: "Opened on 16 September by 沈安, who hands it to 韩露, wrongly; solved on the 17th at 09:00.",
        shows: "沈安: transfer 1, transfer_correct 0.",
        shop: JD,
        tickets: &[opened("09-16 10:00:00", SHENAN, "return")
            .due("09-16 11:00:00", "09-17 10:00:00")
            .responded("09-16 10:15:00")
            .resolved("09-17 09:00:00")
            .transferred(HANLU, false)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-again",
        zh: "七天内重复",
        happens: "A repair of 17 September at 10:00, and another of the same buyer 1 s before seven days are over, on the 24th.",
        shows: "17 Sep: repeat_contact 1, one_touch 0 (沈安). 24 Sep: repeat_contact 0, one_touch 1 (韩露).",
        shop: JD,
        tickets: &[
            opened("09-17 10:00:00", SHENAN, "repair")
                .due("09-17 11:00:00", "09-18 10:00:00")
                .responded("09-17 10:05:00")
                .resolved("09-17 15:00:00"),
            opened("09-24 09:59:59", HANLU, "repair")
                .due("09-24 10:59:59", "09-25 09:59:59")
                .responded("09-24 10:10:00")
                .resolved("09-24 12:00:00"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-again-later",
        zh: "七天后再来",
        happens: "An exchange of 18 September, and another of the same buyer eight days later.",
        shows: "repeat_contact 0 and one_touch 1, both.",
        shop: JD,
        tickets: &[
            opened("09-18 10:00:00", SHENAN, "exchange")
                .due("09-18 11:00:00", "09-19 10:00:00")
                .responded("09-18 10:05:00")
                .resolved("09-18 15:00:00"),
            opened("09-26 10:00:00", HANLU, "exchange")
                .due("09-26 11:00:00", "09-27 10:00:00")
                .responded("09-26 10:10:00")
                .resolved("09-26 12:00:00"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-other-kind",
        zh: "不同类型不算重复",
        happens: "A return on 21 September, a question about the invoice of the same buyer on the 22nd.",
        shows: "repeat_contact 0 and one_touch 1, both.",
        shop: JD,
        tickets: &[
            opened("09-21 10:00:00", SHENAN, "return")
                .due("09-21 11:00:00", "09-22 10:00:00")
                .responded("09-21 10:05:00")
                .resolved("09-21 15:00:00"),
            opened("09-22 10:00:00", HANLU, "invoice")
                .due("09-22 11:00:00", "09-23 10:00:00")
                .responded("09-22 10:10:00")
                .resolved("09-22 12:00:00"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-complaint",
        zh: "投诉",
        happens: "A complaint of 23 September, answered after 5 min and solved in 3 h.",
        shows: "complaint 1.",
        shop: JD,
        tickets: &[opened("09-23 10:00:00", HANLU, "repair")
            .due("09-23 11:00:00", "09-24 10:00:00")
            .responded("09-23 10:05:00")
            .resolved("09-23 13:00:00")
            .complaint()],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-nobody",
        zh: "无人受理",
        happens: "Opened on 30 September at 22:00; nobody ever takes it.",
        shows: "In the shop's row alone: unresolved, both promises broken, in no mean of hours.",
        shop: JD,
        tickets: &[opened("09-30 22:00:00", SHENAN, "delivery").due("09-30 23:00:00", "10-01 22:00:00").nobody()],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "ticket-month",
        zh: "跨月解决",
        happens: "Opened on 30 September at 20:00, answered after 30 min, solved on 2 October at 10:00 (promised: 48 h).",
        shows: "September's, Q3's: resolved, in time, 38 h. Nothing in October.",
        shop: JD,
        tickets: &[opened("09-30 20:00:00", SHENAN, "missing")
            .due("09-30 21:00:00", "10-02 20:00:00")
            .responded("09-30 20:30:00")
            .resolved("10-02 10:00:00")],
        ..DEFAULT_CASE
    },
];
