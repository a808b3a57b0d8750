//! The shop abroad, which has holidays of its own, is paid in dollars and moves an agent to another team.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, placed, reply, turn};
use crate::company::people::{OVERSEAS, SONGYU};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 5] = [
    EdgeCase {
        id: "holiday",
        zh: "节假日",
        happens: "1 October has no assessed hours for this shop (holidays.csv: the shop's row before the general one). Asked at 10:00, answered 300 s later.",
        shows: "1 Oct: rounds 1, wait 300 s, not assessed; missed_3min_buyers 0, reply_3min_round_rate null. The other shops are assessed 08:00-23:00, as ever.",
        shop: OVERSEAS,
        lines: &[
            ask("10-01 10:00:00", "Are you open on National Day?").to(SONGYU),
            reply("10-01 10:05:00", SONGYU, "The office is closed, I only look in. Orders leave on the second."),
        ],
        statuses: &[turn("10-01 09:00:00", SONGYU, "online"), turn("10-01 12:00:00", SONGYU, "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "make-up",
        zh: "调休上班的周六",
        happens: "Saturday 19 September is made up for it, 09:00-12:00 and 13:30-18:00. Four buyers ask at 11:59:59.999, 12:00, 13:30 and 18:00; each is answered 20 s later.",
        shows: "4 rounds of 20 s, 2 of them assessed: b-make-up-1 and b-make-up-3.",
        shop: OVERSEAS,
        lines: &[
            ask("09-19 11:59:59.999", "Do you have it in grey?").to(SONGYU).by("b-make-up-1").session("1"),
            reply("09-19 12:00:19.999", SONGYU, "In grey and in white.").by("b-make-up-1").session("1"),
            ask("09-19 12:00:00.000", "Is it cotton?").to(SONGYU).by("b-make-up-2").session("2"),
            reply("09-19 12:00:20.000", SONGYU, "All cotton.").by("b-make-up-2").session("2"),
            ask("09-19 13:30:00.000", "Do you have king size?").to(SONGYU).by("b-make-up-3").session("3"),
            reply("09-19 13:30:20.000", SONGYU, "From October on.").by("b-make-up-3").session("3"),
            ask("09-19 18:00:00.000", "Is anybody there?").to(SONGYU).by("b-make-up-4").session("4"),
            reply("09-19 18:00:20.000", SONGYU, "I am, go ahead.").by("b-make-up-4").session("4"),
        ],
        statuses: &[turn("09-19 09:00:00", SONGYU, "online"), turn("09-19 18:30:00", SONGYU, "offline")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "dollars",
        zh: "美元订单",
        happens: "Chat with 宋雨 on 15 September, then four orders. o1: 25 (currency USD). o2: 50 (no currency, the shop's is USD), created on the 15th at 23:50 and paid on the 16th at 00:05. o3: 50, on the 16th. o4: 100 (CNY), on the 16th. A dollar costs 7.12345678 yuan from 1 September, 7.1005 from the 16th.",
        shows: "178.09, 356.17 (the rate of the day it was created), 355.03 (355.025, half up) and 100.00, all 宋雨's: 178.09 on 15 Sep and 811.20 on the 16th; by the order rule 534.26 and 455.03.",
        shop: OVERSEAS,
        lines: &[
            ask("09-15 10:00:00", "Can I pay in dollars?").to(SONGYU),
            reply("09-15 10:00:30", SONGYU, "In dollars or in yuan, as you like."),
        ],
        orders: &[
            placed("09-15 10:20:00", 25).paid("09-15 10:21:00").currency("USD"),
            placed("09-15 23:50:00", 50).paid("09-16 00:05:00"),
            placed("09-16 10:00:00", 50).paid("09-16 10:01:00").currency("USD"),
            placed("09-16 10:30:00", 100).paid("09-16 10:31:00").currency("CNY"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "team-change",
        zh: "月中换组",
        happens: "宋雨 is in 售前组 to 15 September (28.00 an hour, commission 0.010) and in 售后组 from the 16th (30.00, 0.004): two rows of staff.csv. One buyer asks her on both days at 11:00; she replies after 20 s and 40 s.",
        shows: "September: 售前组 has consult_buyers 5, sales 178.09, cost 504.00; 售后组 consult_buyers 7, sales 1024.22, and the target of 1000. 宋雨's own row stands under 售后组: consult_buyers 11, cost 1329.00, commission 5.88.",
        shop: OVERSEAS,
        lines: &[
            ask("09-15 11:00:00", "Which duvet for the summer?").to(SONGYU).session("1"),
            reply("09-15 11:00:20", SONGYU, "The soybean fibre one.").session("1"),
            ask("09-16 11:00:00", "It is too warm. Can I return it?").to(SONGYU).session("2"),
            reply("09-16 11:00:40", SONGYU, "Within thirty days, yes.").session("2"),
        ],
        statuses: &[
            turn("09-15 09:00:00", SONGYU, "online"),
            turn("09-15 18:00:00", SONGYU, "offline"),
            turn("09-16 09:00:00", SONGYU, "online"),
            turn("09-16 18:00:00", SONGYU, "offline"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "price-link",
        zh: "补差价",
        happens: "Chat with 宋雨 on 18 September at 10:00. o1: 30 dollars at 10:10. o2: 5 pieces of the price link (补差价-1, in excluded_skus) for 5 dollars at 10:12, for the postage. Both are paid within a minute.",
        shows: "18 Sep: 宋雨's sales 213.02 (213.015, half up), 1 order, 1 item; o2 is no order and in no sales figure, the shop's included.",
        shop: OVERSEAS,
        lines: &[
            ask("09-18 10:00:00", "Can you send it by air?").to(SONGYU),
            reply("09-18 10:00:20", SONGYU, "For five dollars more: please buy five of the price link."),
        ],
        orders: &[
            placed("09-18 10:10:00", 30).paid("09-18 10:11:00"),
            placed("09-18 10:12:00", 5).paid("09-18 10:13:00").quantity(5).sku("补差价-1"),
        ],
        statuses: &[turn("09-18 09:00:00", SONGYU, "online"), turn("09-18 18:00:00", SONGYU, "offline")],
        ..DEFAULT_CASE
    },
];
