//! Refunds of orders that `sales` and `abroad` tell of, and one of an order that is not in the logs.

use crate::company::edge_case::{CaseRefund, DEFAULT_CASE, EdgeCase};
use crate::company::people::OVERSEAS;

/// A refund of one item that is applied for and not finished.
const fn applied(order: &'static str, at: &'static str, kind: &'static str, fen: i64) -> CaseRefund {
    CaseRefund { order, applied: at, finished: None, amount: fen, quantity: 1, kind, reason: "七天无理由", disputed: false, sku: None }
}

impl CaseRefund {
    /// Paid back at this time.
    const fn finished(self, at: &'static str) -> CaseRefund {
        CaseRefund { finished: Some(at), ..self }
    }

    /// Of so many items.
    const fn quantity(self, quantity: i64) -> CaseRefund {
        CaseRefund { quantity, ..self }
    }

    /// With another reason.
    const fn reason(self, reason: &'static str) -> CaseRefund {
        CaseRefund { reason, ..self }
    }

    /// Decided by the platform.
    const fn disputed(self) -> CaseRefund {
        CaseRefund { disputed: true, ..self }
    }

    /// For an item that the file names.
    const fn sku(self, sku: &'static str) -> CaseRefund {
        CaseRefund { sku: Some(sku), ..self }
    }
}

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 11] = [
    EdgeCase {
        id: "refund-only",
        zh: "仅退款",
        happens: "`edge-same-day-o1`, 林溪's by every rule: all 159.00 applied for at 10:00 on 8 September, back at 15:00.",
        shows: "8 Sep: apply 1, refund 1, 159.00, qty 1, 5 h, refund_only; 林溪's net_sales_amount is 159.00 less on the 8th, not on the 7th.",
        refunds: &[applied("edge-same-day-o1", "09-08 10:00:00", "refund_only", 15_900).finished("09-08 15:00:00").reason("拍错/多拍")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-week",
        zh: "跨周退货",
        happens: "`edge-next-day-o1`, 陈默's: a return of 239.00, applied for on Saturday the 12th at 09:00, finished on Monday the 14th at 21:00.",
        shows: "Week of 7 Sep: apply 1, refund 0. Week of 14 Sep: apply 0, refund 1, 239.00, return, 60 h.",
        refunds: &[applied("edge-next-day-o1", "09-12 09:00:00", "return", 23_900).finished("09-14 21:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-month",
        zh: "跨月跨季部分退货",
        happens: "`edge-two-credits-o1`, 2 items over 399.00: one goes back for 199.50, applied for on 29 September at 12:00, finished on 2 October at 12:00.",
        shows: "September: apply 1. October, Q4: refund 1, 199.50, qty 1, 72 h. 林溪's under order and order_first, 陈默's under payment.",
        refunds: &[applied("edge-two-credits-o1", "09-29 12:00:00", "return", 19_950).finished("10-02 12:00:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-twice",
        zh: "一单两退",
        happens: "`edge-order-first-o1`, 129.00: 20.00 back for a scratch on 18 September (no item, 10:00-10:30), the rest returned 20-23 September (10:00).",
        shows: "refund_count 2, 129.00 together, qty 1, mean 36.25 h. 林溪's under payment and order_first, nobody's under order.",
        refunds: &[
            applied("edge-order-first-o1", "09-18 10:00:00", "refund_only", 2_000)
                .finished("09-18 10:30:00")
                .quantity(0)
                .reason("质量问题"),
            applied("edge-order-first-o1", "09-20 10:00:00", "return", 10_900).finished("09-23 10:00:00").reason("质量问题"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-silent",
        zh: "静默订单退款",
        happens: "`edge-silent-o1`, 89.00: applied for on 16 September at 09:00, back at 12:00.",
        shows: "16 Sep: in the shop's row alone, 89.00, 3 h.",
        refunds: &[applied("edge-silent-o1", "09-16 09:00:00", "refund_only", 8_900).finished("09-16 12:00:00").reason("不想要了")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-asked",
        zh: "售后咨询后退货",
        happens: "`edge-after-sales-o1`, 129.00, a silent order: the buyer asks 吴涵 on 12 September, then returns it, 12-16 September (10:05).",
        shows: "In the shop's row alone: 吴涵 answered, but sold nothing. 96 h.",
        refunds: &[applied("edge-after-sales-o1", "09-12 10:05:00", "return", 12_900).finished("09-16 10:05:00")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-dispute",
        zh: "纠纷退款",
        happens: "`edge-last-instant-o1`, 299.00: applied for on 18 September, the platform decides on the 25th (09:00).",
        shows: "dispute_refunds 1, 299.00, 168 h. 周琪's under order and order_first, nobody's under payment.",
        refunds: &[applied("edge-last-instant-o1", "09-18 09:00:00", "return", 29_900)
            .finished("09-25 09:00:00")
            .reason("与描述不符")
            .disputed()],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-open",
        zh: "申请未完结",
        happens: "`edge-too-late-o1`, 299.00: applied for on 20 September, not finished when the logs were exported.",
        shows: "20 Sep: apply 1, 299.00; no refund on any day.",
        refunds: &[applied("edge-too-late-o1", "09-20 10:00:00", "return", 29_900)],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-unknown",
        zh: "订单不在日志中",
        happens: "Of an order of July, before `orders.csv` begins: 129.00, 10-11 September (10:00).",
        shows: "11 Sep: in the shop's row alone: whose the order was is not known.",
        refunds: &[applied("edge-july-o1", "09-10 10:00:00", "return", 12_900).finished("09-11 10:00:00").reason("质量问题")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-dollars",
        zh: "美元退款",
        happens: "`edge-dollars-o1`, 25.00 dollars: applied for on 17 September at 09:00, back at 12:00. The refund names no currency.",
        shows: "17 Sep: refund 1, 3 h, 178.09: at the rate of 15 September, when the order was placed (that of the 17th: 177.51). 宋雨's.",
        shop: OVERSEAS,
        refunds: &[applied("edge-dollars-o1", "09-17 09:00:00", "refund_only", 2_500).finished("09-17 12:00:00").reason("不想要了")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "refund-price-link",
        zh: "补差价退款",
        happens: "`edge-price-link-o2`: the 5.00 dollars of the price link come back, with its sku_id, on 19 September (10:00-11:00).",
        shows: "In no row: apply 0 and refund 0.",
        shop: OVERSEAS,
        refunds: &[applied("edge-price-link-o2", "09-19 10:00:00", "refund_only", 500)
            .finished("09-19 11:00:00")
            .quantity(5)
            .reason("补差价多付")
            .sku("补差价-1")],
        ..DEFAULT_CASE
    },
];
