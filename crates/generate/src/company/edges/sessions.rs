//! Where one session ends and the next begins in the Douyin shop, whose platform exports no session ids.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, close, event, reply};
use crate::company::people::{LUOJIA, SUTONG, WEILAN, XIAOMAI};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 5] = [
    EdgeCase {
        id: "gap-split",
        zh: "静默30分钟切分",
        happens: "Silence of exactly 30 min before the second question, of 30 min and 1 ms before the third.",
        shows: "2 sessions: rounds of 60 s and 30 s in the first, of 29.999 s in the second.",
        shop: XIAOMAI,
        lines: &[
            ask("09-12 10:00:00", "学步鞋脚长12.5穿多大？").to(SUTONG),
            reply("09-12 10:01:00", SUTONG, "建议选22码，留半厘米余量。"),
            ask("09-12 10:31:00", "脚背高会夹脚吗？").to(SUTONG),
            reply("09-12 10:31:30", SUTONG, "魔术贴可以调松，不夹脚。"),
            ask("09-12 11:01:30.001", "那我拍了，今天发吗？").to(SUTONG),
            reply("09-12 11:02:00", SUTONG, "今天发出。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "gap-waiting",
        zh: "买家在等不切分",
        happens: "Asked at 12:00:00 and again at 12:45:00, answered at 12:50:00: 45 minutes of silence, but the buyer waits.",
        shows: "1 session, 1 round of 2 asks, wait 3000 s.",
        shop: XIAOMAI,
        lines: &[
            ask("09-13 12:00:00", "运动鞋防滑吗？").to(LUOJIA),
            ask("09-13 12:45:00", "还在吗？").to(LUOJIA),
            reply("09-13 12:50:00", LUOJIA, "非常抱歉让您久等，鞋底是防滑橡胶的。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "close",
        zh: "结束会话",
        happens: "A close event at 13:01:00, a new question at 13:05:00, four minutes later.",
        shows: "2 sessions: 30 s and 20 s.",
        shop: XIAOMAI,
        lines: &[
            ask("09-14 13:00:00", "小皮鞋有黑色吗？").to(SUTONG),
            reply("09-14 13:00:30", SUTONG, "有黑色和酒红色。"),
            close("09-14 13:01:00"),
            ask("09-14 13:05:00", "黑色27码还有吗？").to(SUTONG),
            reply("09-14 13:05:20", SUTONG, "还有两双。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "close-waiting",
        zh: "等待中被结束",
        happens: "Asked at 13:20:00, closed at 13:25:00 unanswered; the agent writes at 13:30:00.",
        shows: "1 unanswered round. The late line starts a session of the agent's own: 2 sessions, 1 with a buyer line.",
        shop: XIAOMAI,
        lines: &[
            ask("09-14 13:20:00", "开胶了怎么办？").to(WEILAN),
            close("09-14 13:25:00"),
            reply("09-14 13:30:00", WEILAN, "抱歉刚才掉线了，麻烦您发一下照片。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "assign-first",
        zh: "先分配后提问",
        happens: "The platform assigns 罗佳 at 10:00:00; the buyer's first words come at 10:00:03, the reply at 10:00:43.",
        shows: "罗佳 is in charge from the start: wait 40 s, agent wait 40 s, no queue.",
        shop: XIAOMAI,
        lines: &[
            event("09-15 10:00:00", "assign", LUOJIA),
            ask("09-15 10:00:03", "直播间那款运动鞋还有吗"),
            reply("09-15 10:00:43", LUOJIA, "有的，直播间价格一样，尺码您选一下。"),
        ],
        ..DEFAULT_CASE
    },
];
