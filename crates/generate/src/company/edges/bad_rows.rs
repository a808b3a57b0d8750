//! Rows that break the contract. They are less than 0.5 % of their day, so that kefu does not refuse it.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, placed};
use crate::company::people::{LINXI, XIAOMAI};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 5] = [
    EdgeCase {
        id: "bad-buyer",
        zh: "缺买家号",
        happens: "A message of 9 September without a buyer_id.",
        shows: "quarantine/messages: 1 row, column buyer_id.",
        lines: &[ask("09-09 10:00:00", "大促几点开始？").to(LINXI).by("")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "bad-time",
        zh: "时间无法解析",
        happens: "A message of 16 September sent at 25:61 o'clock.",
        shows: "quarantine/messages: 1 row, column sent_at.",
        lines: &[ask("09-16 15:00:00", "在吗").to(LINXI).at_text("2026-09-16T25:61:00.000+08:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "bad-sender",
        zh: "未知发送方",
        happens: "A message of 23 September whose sender is visitor.",
        shows: "quarantine/messages: 1 row, column sender.",
        lines: &[ask("09-23 16:00:00", "看看").to(LINXI).sender("visitor")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "bad-amount",
        zh: "金额三位小数",
        happens: "An order of 9 September over 99.999.",
        shows: "quarantine/orders: 1 row, column amount.",
        orders: &[placed("09-09 12:00:00", 0).paid("09-09 12:01:00").amount_text("99.999")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "bad-payment",
        zh: "付款早于下单",
        happens: "An order created on 26 September at 21:00 and paid at 20:00.",
        shows: "quarantine/orders: 1 row, column paid_at.",
        shop: XIAOMAI,
        orders: &[placed("09-26 21:00:00", 99).paid("09-26 20:00:00")],
        ..DEFAULT_CASE
    },
];
