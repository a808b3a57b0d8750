//! Orders before, after and without a chat, and which agent they are credited to.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, placed, reply};
use crate::company::people::{CHENMO, LINXI, WUHAN, ZHOUQI};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 13] = [
    EdgeCase {
        id: "same-day",
        zh: "当日下单",
        happens: "Chat with 林溪 at 10:00, order at 10:30, paid at 10:31, 159.00.",
        shows: "7 Sep: inquiry 1, order_same_day 1, order_final 1, pay_next_day 1; 159.00 林溪's by all three rules.",
        lines: &[ask("09-07 10:00:00", "四件套今天有券吗？").to(LINXI), reply("09-07 10:00:25", LINXI, "首页领满150减20，拍下自动用。")],
        orders: &[placed("09-07 10:30:00", 159).paid("09-07 10:31:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "next-day",
        zh: "次日下单",
        happens: "Chat with 陈默 on 8 September at 15:00, order on the 9th at 09:00, paid at 09:05, 239.00.",
        shows: "8 Sep: inquiry 1, order_same_day 0, order_final 1, pay_next_day 1. Sales 239.00 of 陈默's on 9 Sep.",
        lines: &[
            ask("09-08 15:00:00", "1.5米床用哪个尺寸的被子？").to(CHENMO),
            reply("09-08 15:00:40", CHENMO, "1.5米床建议选200乘230的。"),
        ],
        orders: &[placed("09-09 09:00:00", 239).paid("09-09 09:05:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "last-instant",
        zh: "D+4最后一刻付款",
        happens: "Chat with 周琪 and order on 10 September, paid on the 14th at 23:59:59.999, 299.00.",
        shows: "10 Sep: pay_final 1. 299.00: order rule 周琪 on 10 Sep; order_first 周琪 on 14 Sep; payment rule silent (reply older than 3 days).",
        lines: &[ask("09-10 14:00:00", "先拍下，过几天付款可以吗？").to(ZHOUQI), reply("09-10 14:00:50", ZHOUQI, "可以的，给您保留订单。")],
        orders: &[placed("09-10 14:30:00", 299).paid("09-14 23:59:59.999")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "too-late",
        zh: "D+4之后付款",
        happens: "The same, paid 1 ms later, on 15 September at 00:00:00.000.",
        shows: "10 Sep: pay_final 0, pay_loss 1, pay_loss_amount 299.00. Order rule: nowhere; order_first 周琪 on 15 Sep; payment rule silent.",
        lines: &[ask("09-10 14:00:00", "订单能保留几天？").to(ZHOUQI), reply("09-10 14:00:50", ZHOUQI, "最多可以保留五天。")],
        orders: &[placed("09-10 14:30:00", 299).paid("09-15 00:00:00.000")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "after-sales",
        zh: "售后咨询",
        happens: "Ordered on 6 September without a chat; asks on the 12th how to return it and orders nothing.",
        shows: "12 Sep: consult 1, inquiry 0: an order within 15 days before, none after.",
        lines: &[
            ask("09-12 10:00:00", "被子想退，运费谁出？").to(WUHAN),
            reply("09-12 10:00:35", WUHAN, "有运费险的亲，先垫付，退款后理赔。"),
        ],
        orders: &[placed("09-06 20:00:00", 129).paid("09-06 20:01:00").shipped("09-07 15:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "cancelled",
        zh: "取消订单",
        happens: "Chat at 11:00, order at 11:20, cancelled unpaid at 12:00.",
        shows: "13 Sep: inquiry 1, order_final 0, inquiry_loss 1: a cancelled order is none.",
        lines: &[ask("09-13 11:00:00", "乳胶枕会塌吗？").to(LINXI), reply("09-13 11:00:30", LINXI, "天然乳胶，回弹很好，三年质保。")],
        orders: &[placed("09-13 11:20:00", 89).cancelled("09-13 12:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "flagged",
        zh: "插旗订单",
        happens: "Chat at 16:00, order at 16:10 with a 红旗 (red flag), paid at 16:12, 199.00.",
        shows: "14 Sep: 199.00 of 林溪's; with excluded_flags = [\"红旗\"] it is in no sales figure, shop's included.",
        lines: &[ask("09-14 16:00:00", "老客户有优惠吗？").to(LINXI), reply("09-14 16:00:20", LINXI, "给您申请了老客价，拍下我备注。")],
        orders: &[placed("09-14 16:10:00", 199).paid("09-14 16:12:00").flag("红旗")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "silent",
        zh: "静默下单",
        happens: "Ordered at 22:10 and paid at 22:11, 89.00, without a word.",
        shows: "15 Sep: silent_orders 1 and silent_amount 89.00 of this order, by every rule.",
        orders: &[placed("09-15 22:10:00", 89).paid("09-15 22:11:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "order-first",
        zh: "下单后咨询再付款",
        happens: "Ordered at 10:00 without a chat, asks 林溪 at 11:00, pays at 11:30, 129.00.",
        shows: "16 Sep: order rule silent; payment and order_first 林溪's; inquiry 0 (the order is before the chat, none after).",
        lines: &[ask("09-16 11:00:00", "刚拍的被子是什么填充？").to(LINXI), reply("09-16 11:00:30", LINXI, "大豆纤维加聚酯纤维，亲肤的。")],
        orders: &[placed("09-16 10:00:00", 129).paid("09-16 11:30:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "two-credits",
        zh: "下单与付款归属不同",
        happens: "林溪 at 10:00, order at 10:20, 陈默 at 16:00, paid at 16:30: 2 items, 399.00.",
        shows: "17 Sep: order and order_first 林溪's, payment 陈默's with 林溪 assisting; 399.00, qty 2.",
        lines: &[
            ask("09-17 10:00:00", "两套一起买能优惠吗？").to(LINXI).session("1"),
            reply("09-17 10:00:20", LINXI, "两套立减30，您先拍下不付款。").session("1"),
            ask("09-17 16:00:00", "价格改好了吗？").to(CHENMO).session("2"),
            reply("09-17 16:00:30", CHENMO, "改好了，您刷新一下付款。").session("2"),
        ],
        orders: &[placed("09-17 10:20:00", 399).paid("09-17 16:30:00").quantity(2)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "lookback",
        zh: "判定时效边界",
        happens: "Last reply on 20 September at 12:00:00.000; one order exactly 3 days later, one 1 ms after that.",
        shows: "23 Sep: 100.00 (o1) 林溪's, 200.00 (o2) silent, by every rule.",
        lines: &[ask("09-20 11:59:00", "换季有活动吗？").to(LINXI), reply("09-20 12:00:00.000", LINXI, "二十三号中午有换季专场。")],
        orders: &[
            placed("09-23 12:00:00.000", 100).paid("09-23 12:00:00.000"),
            placed("09-23 12:00:00.001", 200).paid("09-23 12:00:00.001"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "versions",
        zh: "订单多版本",
        happens: "Three versions, the newest first in the file: shipped at 189.00, created at 199.00, paid after 改价 at 189.00.",
        shows: "20 Sep: 1 order, shop_amount 189.00 of it: the greatest updated_at wins, not the last row.",
        orders: &[
            placed("09-20 09:00:00", 189).paid("09-20 09:10:00").shipped("09-21 15:00:00"),
            placed("09-20 09:00:00", 199).version_of(1),
            placed("09-20 09:00:00", 189).paid("09-20 09:10:00").version_of(1),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "quarter-edge",
        zh: "跨月跨季",
        happens: "Chat with 林溪 on 30 September at 23:50, order on 1 October at 00:10, paid at 00:12, 259.00.",
        shows: "30 Sep, September, Q3: inquiry 1, order_same_day 0, order_final 1. 1 Oct, October, Q4: sales 259.00.",
        lines: &[ask("09-30 23:50:00", "国庆发货吗？").to(LINXI), reply("09-30 23:50:30", LINXI, "国庆照常发货。")],
        orders: &[placed("10-01 00:10:00", 259).paid("10-01 00:12:00")],
        ..DEFAULT_CASE
    },
];
