//! Chats that one agent hands to another.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, event, reply};
use crate::company::people::{CHENMO, HEXUE, LINXI, WUHAN};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 2] = [
    EdgeCase {
        id: "transfer",
        zh: "等待中转接",
        happens: "Asked at 11:00:00 of 陈默, transferred to 吴涵 at 11:01:00, who replies at 11:01:40.",
        shows: "One answered round of 吴涵's: wait 100 s, agent wait 100 s (transfer_clock = restart: 40 s); 陈默: handed_over 1.",
        lines: &[
            ask("09-03 11:00:00", "收到的枕头有味道，能退吗？").to(CHENMO),
            event("09-03 11:01:00", "transfer", WUHAN),
            reply("09-03 11:01:40", WUHAN, "您好，我是售后吴涵，可以退的，麻烦拍张照片。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "transfer-silent",
        zh: "转接后沉默",
        happens: "林溪 answers the first question; the second, at 15:05:00, goes to 何雪 at 15:05:30, who says nothing.",
        shows: "Round 1: 林溪, 30 s. Round 2: 何雪's, unanswered; 林溪: handed_over 1. 何雪 has a reception without a line.",
        lines: &[
            ask("09-03 15:00:00", "我的毯子少发了一条").to(LINXI),
            reply("09-03 15:00:30", LINXI, "我帮您核实一下订单。"),
            ask("09-03 15:05:00", "查到了吗？").to(LINXI),
            event("09-03 15:05:30", "transfer", HEXUE),
        ],
        ..DEFAULT_CASE
    },
];
