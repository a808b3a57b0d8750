//! Who or what answers, and what is no question at all: the robot, a person without a name, a colleague's note, a word of thanks.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, event, nameless, note, placed, reply, robot, turn};
use crate::company::people::{BAILU, OVERSEAS, SONGYU};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 5] = [
    EdgeCase {
        id: "robot-settled",
        zh: "机器人答完",
        happens: "Two questions to nobody, at 10:00:00 and 10:02:00 on 14 September; the robot answers each after 1 s, and no person is needed.",
        shows: "robot_rounds 2: the second question ends the first round, the end of the session the second. rounds 0, leave_messages 0; neither replied nor unreplied; auto_msgs 2.",
        shop: OVERSEAS,
        lines: &[
            ask("09-14 10:00:00", "Do you ship to Canada?"),
            robot("09-14 10:00:01", "Yes, we do. It takes 8 to 12 days."),
            ask("09-14 10:02:00", "And to Mexico?"),
            robot("09-14 10:02:01", "To Mexico it takes 10 to 15 days."),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "robot-to-agent",
        zh: "机器人转人工",
        happens: "Asked at 11:00:00 on 14 September, the robot answers at 11:00:01, 宋雨 is assigned at 11:00:50 and replies at 11:01:30.",
        shows: "One answered round of 宋雨's, robot_rounds 0: wait 90 s, agent wait 40 s, queue 50 s (robot_clock = transfer: wait 40 s, queue 0 s).",
        shop: OVERSEAS,
        lines: &[
            ask("09-14 11:00:00", "My parcel is stuck at customs."),
            robot("09-14 11:00:01", "You find the state of your parcel under My orders."),
            event("09-14 11:00:50", "assign", SONGYU),
            reply("09-14 11:01:30", SONGYU, "I have asked the carrier and will write to you today."),
        ],
        statuses: &[turn("09-14 09:00:00", SONGYU, "online"), turn("09-14 18:00:00", SONGYU, "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "note",
        zh: "内部备注",
        happens: "Asked of 宋雨 at 15:00:00 on 14 September; at 15:00:20 白露 leaves a private note (kind = note); 宋雨 replies at 15:02:00.",
        shows: "Wait 120 s, not 20 s; agent_msgs 1, auto_msgs 0; nothing of 白露's but her shift.",
        shop: OVERSEAS,
        lines: &[
            ask("09-14 15:00:00", "The duvet cover came with a hole in it.").to(SONGYU),
            note("09-14 15:00:20", BAILU, "老客户，直接补发，不用寄回。"),
            reply("09-14 15:02:00", SONGYU, "I am sorry. A new one is on its way, keep the old one."),
        ],
        statuses: &[turn("09-14 09:00:00", BAILU, "online"), turn("09-14 18:00:00", BAILU, "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "thanks",
        zh: "道谢",
        happens: "Asked of 宋雨 at 16:00:00 on 14 September, answered at 16:00:30; at 16:01:00 the buyer says thank you (needs_reply = false).",
        shows: "1 round, answered, wait 30 s: the thanks open none, so unanswered_rounds 0; buyer_msgs 2.",
        shop: OVERSEAS,
        lines: &[
            ask("09-14 16:00:00", "Is the pillow case included?").to(SONGYU),
            reply("09-14 16:00:30", SONGYU, "Yes, two of them."),
            ask("09-14 16:01:00", "Great, thank you!").to(SONGYU).asks_nothing(),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "nameless",
        zh: "无名客服",
        happens: "Asked of 宋雨 at 14:00:00 on 26 September; at 14:00:40 a person replies (sender agent) whose agent_id the export lacks. The buyer orders at 14:20 and pays at 14:21, 20 dollars.",
        shows: "One answered round with agent_id null, wait 40 s; 宋雨: handed_over 1, replied 0. agent_msgs and replied_buyers 1 in the shop's row alone; 142.01 silent, for nobody earns it.",
        shop: OVERSEAS,
        lines: &[
            ask("09-26 14:00:00", "Does it shrink in the wash?").to(SONGYU),
            nameless("09-26 14:00:40", "Less than three per cent, if you wash it cold."),
        ],
        orders: &[placed("09-26 14:20:00", 20).paid("09-26 14:21:00")],
        ..DEFAULT_CASE
    },
];
