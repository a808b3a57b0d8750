//! Ratings that do not count, or count once.

use super::super::people::{LINXI, WUHAN};
use super::{CASE, Case, Sent, ask, reply};

const fn sent(at: &'static str, agent: &'static str, rated: &'static str, grade: i64) -> Sent {
    Sent { at, agent, rated, grade }
}

pub(super) static CASES: [Case; 3] = [
    Case {
        id: "rated-late",
        zh: "超24小时评价",
        happens: "Card sent on 21 September at 10:05:00, rated 24 h and 1 ms later.",
        shows: "21 Sep: invite_count 1, eval_count 0.",
        lines: &[ask("09-21 10:00:00", "退款什么时候到账？").to(WUHAN), reply("09-21 10:00:30", WUHAN, "一到三个工作日原路退回。")],
        cards: &[sent("09-21 10:05:00", WUHAN, "09-22 10:05:00.001", 1)],
        ..CASE
    },
    Case {
        id: "rated-twice",
        zh: "两次评价",
        happens: "Two cards to one buyer in a day: rated 2 at 11:06:00 and 5 at 11:12:00.",
        shows: "21 Sep: invite_count 1, eval_count 1, good_count 1, bad_count 0: the last one counts.",
        lines: &[ask("09-21 11:00:00", "破了一个洞，换一件").to(WUHAN), reply("09-21 11:00:30", WUHAN, "马上给您补发，旧的不用寄回。")],
        cards: &[sent("09-21 11:05:00", WUHAN, "09-21 11:06:00", 2), sent("09-21 11:10:00", WUHAN, "09-21 11:12:00", 5)],
        ..CASE
    },
    Case {
        id: "rated-night",
        zh: "非考核时段邀评",
        happens: "Card sent at 23:30:00, outside the assessed hours, rated 5 a minute later.",
        shows: "21 Sep: invite_count 1, eval_count 0.",
        lines: &[ask("09-21 23:25:00", "明天能发吗").to(LINXI), reply("09-21 23:25:20", LINXI, "明天一早安排。")],
        cards: &[sent("09-21 23:30:00", LINXI, "09-21 23:31:00", 5)],
        ..CASE
    },
];
