//! Ratings that do not count, or that count only once. The Kuaishou shop has no other cards than these.

use crate::company::edge_case::{CaseEvaluation, DEFAULT_CASE, EdgeCase, ask, reply};
use crate::company::people::{CHENMO, KUAISHOU, LINXI, TANGLI, WUHAN};

/// A card that the buyer rates with a grade.
const fn sent(at: &'static str, agent: &'static str, rated: &'static str, grade: i64) -> CaseEvaluation {
    CaseEvaluation { rated: Some(rated), grade: Some(grade), ..unrated(at, agent) }
}

/// A card that the buyer does not rate.
const fn unrated(at: &'static str, agent: &'static str) -> CaseEvaluation {
    CaseEvaluation {
        at,
        agent,
        rated: None,
        grade: None,
        source: "agent",
        reason: None,
        robot: false,
        nps: None,
        buyer: None,
        session: None,
    }
}

/// The evaluation of another buyer than the case's, in another session.
const fn by(buyer: &'static str, session: &'static str, sent: CaseEvaluation) -> CaseEvaluation {
    CaseEvaluation { buyer: Some(buyer), session: Some(session), ..sent }
}

impl CaseEvaluation {
    /// Asked for by the system or the buyer instead of the agent.
    const fn source(self, source: &'static str) -> CaseEvaluation {
        CaseEvaluation { source, ..self }
    }

    /// With the reason that the buyer gives.
    const fn reason(self, reason: &'static str) -> CaseEvaluation {
        CaseEvaluation { reason: Some(reason), ..self }
    }

    /// About the robot.
    const fn robot(self) -> CaseEvaluation {
        CaseEvaluation { robot: true, ..self }
    }

    /// With an answer from 0 to 10 on how likely the buyer is to recommend the shop.
    const fn nps(self, nps: i64) -> CaseEvaluation {
        CaseEvaluation { nps: Some(nps), ..self }
    }
}

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 16] = [
    EdgeCase {
        id: "rated-late",
        zh: "超24小时评价",
        happens: "Card sent on 21 September at 10:05:00, rated 24 h and 1 ms later.",
        shows: "21 Sep: invite_count 1, eval_count 0.",
        lines: &[ask("09-21 10:00:00", "退款什么时候到账？").to(WUHAN), reply("09-21 10:00:30", WUHAN, "一到三个工作日原路退回。")],
        evaluations: &[sent("09-21 10:05:00", WUHAN, "09-22 10:05:00.001", 1)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-twice",
        zh: "两次评价",
        happens: "Two cards to one buyer in a day: rated 2 at 11:06:00 and 5 at 11:12:00.",
        shows: "21 Sep: invite_count 1, eval_count 1, good_count 1, bad_count 0: the last one counts.",
        lines: &[ask("09-21 11:00:00", "破了一个洞，换一件").to(WUHAN), reply("09-21 11:00:30", WUHAN, "马上给您补发，旧的不用寄回。")],
        evaluations: &[sent("09-21 11:05:00", WUHAN, "09-21 11:06:00", 2), sent("09-21 11:10:00", WUHAN, "09-21 11:12:00", 5)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-night",
        zh: "非考核时段邀评",
        happens: "Card sent at 23:30:00, outside the assessed hours, rated 5 a minute later.",
        shows: "21 Sep: invite_count 1, eval_count 0.",
        lines: &[ask("09-21 23:25:00", "明天能发吗").to(LINXI), reply("09-21 23:25:20", LINXI, "明天一早安排。")],
        evaluations: &[sent("09-21 23:30:00", LINXI, "09-21 23:31:00", 5)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-two-agents",
        zh: "一买家评两客服",
        happens: "The buyer of two-agents rates 林溪 5 at 10:06 and 陈默 2 at 15:07, on 18 September.",
        shows: "1 rating of each agent's, 2 in the shop's row; 2 sessions rated.",
        evaluations: &[
            by("b-two-agents", "edge-two-agents-1", sent("09-18 10:05:00", LINXI, "09-18 10:06:00", 5)),
            by("b-two-agents", "edge-two-agents-2", sent("09-18 15:05:00", CHENMO, "09-18 15:07:00", 2).reason("unsolved")),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-one-session",
        zh: "一会话评两客服",
        happens: "The buyer of transfer rates 陈默, who handed the chat on, 2 at 11:11 and 吴涵, who took it, 5 at 11:13: one session.",
        shows: "1 rating of each agent's, 2 in the shop's row; 1 of the session, the later: good.",
        evaluations: &[
            by("b-transfer", "edge-transfer", sent("09-03 11:10:00", CHENMO, "09-03 11:11:00", 2).reason("slow")),
            by("b-transfer", "edge-transfer", sent("09-03 11:12:00", WUHAN, "09-03 11:13:00", 5)),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-attitude",
        zh: "服务态度差",
        happens: "Five buyers on 15 September: 3 and 1 because of attitude, 2 slow, 2 unsolved, and a 5 with the reason attitude.",
        shows: "eval_count 5, good 1, mid 1, bad 3; attitude_bad_rate 2 of 4: a reason beside a good grade does not count.",
        shop: KUAISHOU,
        evaluations: &[
            by("b-attitude-1", "edge-attitude-1", sent("09-15 10:00:00", TANGLI, "09-15 10:01:00", 3).reason("attitude")),
            by("b-attitude-2", "edge-attitude-2", sent("09-15 11:00:00", TANGLI, "09-15 11:01:00", 1).reason("attitude")),
            by("b-attitude-3", "edge-attitude-3", sent("09-15 12:00:00", TANGLI, "09-15 12:01:00", 2).reason("slow")),
            by("b-attitude-4", "edge-attitude-4", sent("09-15 13:00:00", TANGLI, "09-15 13:01:00", 2).reason("unsolved")),
            by("b-attitude-5", "edge-attitude-5", sent("09-15 14:00:00", TANGLI, "09-15 14:01:00", 5).reason("attitude")),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-nps",
        zh: "净推荐值",
        happens: "Five buyers on 16 September say 10, 9, 9, 7 and 6 (grades 5, 5, 5, 4, 3).",
        shows: "nps 40: 3 of 5 promote, 1 of 5 warns. eval_count 5, good 4, mid 1.",
        shop: KUAISHOU,
        evaluations: &[
            by("b-nps-1", "edge-nps-1", sent("09-16 10:00:00", TANGLI, "09-16 10:01:00", 5).nps(10)),
            by("b-nps-2", "edge-nps-2", sent("09-16 11:00:00", TANGLI, "09-16 11:01:00", 5).nps(9)),
            by("b-nps-3", "edge-nps-3", sent("09-16 12:00:00", TANGLI, "09-16 12:01:00", 5).nps(9)),
            by("b-nps-4", "edge-nps-4", sent("09-16 13:00:00", TANGLI, "09-16 13:01:00", 4).nps(7)),
            by("b-nps-5", "edge-nps-5", sent("09-16 14:00:00", TANGLI, "09-16 14:01:00", 3).nps(6)),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-grades",
        zh: "五个等级",
        happens: "Five buyers on 17 September, one for each grade.",
        shows: "sat_1 to sat_5 each 1, csat_score 3; good 2, mid 1, bad 2.",
        shop: KUAISHOU,
        evaluations: &[
            by("b-grade-1", "edge-grade-1", sent("09-17 10:00:00", TANGLI, "09-17 10:01:00", 1)),
            by("b-grade-2", "edge-grade-2", sent("09-17 11:00:00", TANGLI, "09-17 11:01:00", 2)),
            by("b-grade-3", "edge-grade-3", sent("09-17 12:00:00", TANGLI, "09-17 12:01:00", 3)),
            by("b-grade-4", "edge-grade-4", sent("09-17 13:00:00", TANGLI, "09-17 13:01:00", 4)),
            by("b-grade-5", "edge-grade-5", sent("09-17 14:00:00", TANGLI, "09-17 14:01:00", 5)),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-robot",
        zh: "评价机器人",
        happens: "On 18 September one card asks about the robot (09:35, rated 1 at 09:50) and one about 唐莉 (09:40, rated 5 at 09:41).",
        shows: "invite_count 1, eval_count 1, good 1. With robots_rated = true: bad 1, since the robot was rated last.",
        shop: KUAISHOU,
        evaluations: &[
            sent("09-18 09:35:00", TANGLI, "09-18 09:50:00", 1).source("system").robot(),
            sent("09-18 09:40:00", TANGLI, "09-18 09:41:00", 5),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-exact",
        zh: "恰好24小时评价",
        happens: "Card sent on 22 September at 10:05:00.000, rated 4 exactly 24 h later.",
        shows: "22 Sep: invite_count 1, eval_count 1, good 1. 23 Sep: nothing of it.",
        shop: KUAISHOU,
        evaluations: &[sent("09-22 10:05:00", TANGLI, "09-23 10:05:00", 4)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-again",
        zh: "改评",
        happens: "One card, of 23 September at 11:00: rated 5 at 11:01, changed to 1 at 11:30. The file has the change first.",
        shows: "invite_count 1, eval_count 1, bad 1: the time of the rating decides, not the row.",
        shop: KUAISHOU,
        evaluations: &[
            sent("09-23 11:00:00", TANGLI, "09-23 11:30:00", 1).reason("unsolved"),
            sent("09-23 11:00:00", TANGLI, "09-23 11:01:00", 5),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-tie",
        zh: "同一毫秒两次评价",
        happens: "Cards of 24 September at 11:00 and 11:05, rated 4 and 2 at the same millisecond.",
        shows: "invite_count 1, eval_count 1, bad 1: of two ratings of one instant the later row counts.",
        shop: KUAISHOU,
        evaluations: &[
            sent("09-24 11:00:00", TANGLI, "09-24 11:10:00", 4),
            sent("09-24 11:05:00", TANGLI, "09-24 11:10:00", 2).reason("unsolved"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-before",
        zh: "评价早于邀评",
        happens: "Card sent on 25 September at 12:00:00, rated 5 a second before: two clocks.",
        shows: "25 Sep: invite_count 1, eval_count 0.",
        shop: KUAISHOU,
        evaluations: &[sent("09-25 12:00:00", TANGLI, "09-25 11:59:59", 5)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-hours",
        zh: "邀评时段边界",
        happens: "Cards of 26 September at 07:59:59.999, 08:00, 22:59:59.999 and 23:00, each rated 5 a minute later.",
        shows: "invite_count 4, eval_count 2: the second and the third.",
        shop: KUAISHOU,
        evaluations: &[
            by("b-rated-hours-1", "edge-rated-hours-1", sent("09-26 07:59:59.999", TANGLI, "09-26 08:00:59.999", 5)),
            by("b-rated-hours-2", "edge-rated-hours-2", sent("09-26 08:00:00", TANGLI, "09-26 08:01:00", 5)),
            by("b-rated-hours-3", "edge-rated-hours-3", sent("09-26 22:59:59.999", TANGLI, "09-26 23:00:59.999", 5)),
            by("b-rated-hours-4", "edge-rated-hours-4", sent("09-26 23:00:00", TANGLI, "09-26 23:01:00", 5)),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-sources",
        zh: "三种邀评来源",
        happens: "Three cards to one buyer on 29 September: the system's at 10:00, the buyer's own at 10:05, the agent's at 10:10, rated 5.",
        shows: "invite_count 1, by the system: the first; eval_count 1, good 1.",
        shop: KUAISHOU,
        evaluations: &[
            unrated("09-29 10:00:00", TANGLI).source("system"),
            unrated("09-29 10:05:00", TANGLI).source("buyer"),
            sent("09-29 10:10:00", TANGLI, "09-29 10:11:00", 5),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "rated-next-day",
        zh: "跨月评价",
        happens: "Card sent on 30 September at 22:50, rated 5 on 1 October at 00:10.",
        shows: "30 Sep, September, Q3: invite_count 1, eval_count 1. Nothing in October.",
        shop: KUAISHOU,
        evaluations: &[sent("09-30 22:50:00", TANGLI, "10-01 00:10:00", 5)],
        ..DEFAULT_CASE
    },
];
