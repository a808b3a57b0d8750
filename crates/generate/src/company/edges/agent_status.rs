//! Status logs as they are in real life: over midnight, twice the same status, a status missing. The two accounts they belong to
//! have no other statuses.

use crate::company::edge_case::{CaseStatus, DEFAULT_CASE, EdgeCase};
use crate::company::people::{QIANYI, WHOLESALE, YEBAN};

/// A change of the night shift's status.
const fn night(at: &'static str, status: &'static str) -> CaseStatus {
    CaseStatus { at, agent: YEBAN, status }
}

/// A change of 钱奕's status.
const fn day(at: &'static str, status: &'static str) -> CaseStatus {
    CaseStatus { at, agent: QIANYI, status }
}

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 10] = [
    EdgeCase {
        id: "shift-midnight",
        zh: "跨零点班次",
        happens: "The night shift comes at 22:00 on 5 September and leaves at 06:00 on the 6th.",
        shows: "5 Sep: login_s 7200, login_times 1. 6 Sep: login_s 21600, login_times 0, last_offline 21600. work_days 2.",
        statuses: &[night("09-05 22:00:00", "online"), night("09-06 06:00:00", "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "online-twice",
        zh: "重复上线",
        happens: "Online at 22:00 on 9 September and, after a reconnect, online again at 22:05; offline at 06:00.",
        shows: "9 Sep: login_s 7200, login_times 1. 10 Sep: 21600.",
        statuses: &[night("09-09 22:00:00", "online"), night("09-09 22:05:00", "online"), night("09-10 06:00:00", "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "no-offline",
        zh: "漏记下线",
        happens: "Online at 22:00 on 12 September; nobody logs out; online again at 22:00 on the 13th, offline at 06:00 on the 14th.",
        shows: "12 Sep: login_s 7200, login_times 1. 13 Sep: 86400, login_times 0. 14 Sep: 21600.",
        statuses: &[night("09-12 22:00:00", "online"), night("09-13 22:00:00", "online"), night("09-14 06:00:00", "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "offline-first",
        zh: "日志始于下线",
        happens: "The log of 钱奕 begins with offline, at 18:00 on 31 August: when the shift began is not known.",
        shows: "31 Aug: login_s 0, login_times 0.",
        shop: WHOLESALE,
        statuses: &[day("08-31 18:00:00", "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "suspended",
        zh: "挂起",
        happens: "Online at 09:00 on 15 September, suspended 12:00-12:30 and 15:00-15:10, offline at 18:00.",
        shows: "login_s 32400, suspend_s 2400, login_times 1, first_online 32400, last_offline 64800.",
        shop: WHOLESALE,
        statuses: &[
            day("09-15 09:00:00", "online"),
            day("09-15 12:00:00", "suspended"),
            day("09-15 12:30:00", "resumed"),
            day("09-15 15:00:00", "suspended"),
            day("09-15 15:10:00", "resumed"),
            day("09-15 18:00:00", "offline"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "suspended-offline",
        zh: "挂起后直接下线",
        happens: "Online at 09:00 on 16 September, suspended at 17:30, offline at 18:00 without having resumed.",
        shows: "login_s 32400, suspend_s 1800.",
        shop: WHOLESALE,
        statuses: &[day("09-16 09:00:00", "online"), day("09-16 17:30:00", "suspended"), day("09-16 18:00:00", "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "suspended-midnight",
        zh: "挂起跨零点",
        happens: "Online at 14:00 on 17 September, suspended from 23:30 to 00:30, offline at 02:00 on the 18th.",
        shows: "17 Sep: login_s 36000, suspend_s 1800. 18 Sep: login_s 7200, suspend_s 1800, login_times 0.",
        shop: WHOLESALE,
        statuses: &[
            day("09-17 14:00:00", "online"),
            day("09-17 23:30:00", "suspended"),
            day("09-18 00:30:00", "resumed"),
            day("09-18 02:00:00", "offline"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "two-shifts",
        zh: "一天两班",
        happens: "Online 09:00-12:00 and 14:00-18:00 on 21 September.",
        shows: "login_s 25200, login_times 2, first_online 32400, last_offline 64800, work_days 1.",
        shop: WHOLESALE,
        statuses: &[
            day("09-21 09:00:00", "online"),
            day("09-21 12:00:00", "offline"),
            day("09-21 14:00:00", "online"),
            day("09-21 18:00:00", "offline"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "resumed-alone",
        zh: "无挂起的恢复",
        happens: "Online at 09:00 on 22 September, resumed at 10:00 without having been suspended, offline at 18:00.",
        shows: "login_s 32400, suspend_s 0, login_times 1.",
        shop: WHOLESALE,
        statuses: &[day("09-22 09:00:00", "online"), day("09-22 10:00:00", "resumed"), day("09-22 18:00:00", "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "still-online",
        zh: "导出时仍在线",
        happens: "Online at 20:00 on 4 October; the log ends.",
        shows: "4 Oct: login_s 14400, login_times 1.",
        shop: WHOLESALE,
        statuses: &[day("10-04 20:00:00", "online")],
        ..DEFAULT_CASE
    },
];
