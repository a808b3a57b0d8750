//! The everyday refunds, of orders that an agent sold and of orders that nobody was asked about.

use super::logs::{CompanyLogs, OrderRow, RefundRow};
use crate::clock::{DAY, HOUR, MINUTE};
use crate::rng::{Distribution, SeededRng};

/// Of the paid orders: those that are refunded.
const REFUNDED_PERCENT: u32 = 8;
/// Of the refunds: those whose goods are returned.
const RETURNED_PERCENT: u32 = 60;
/// Time from the payment to the application before the parcel leaves.
const SECOND_THOUGHTS: Distribution = Distribution(&[(1, 10 * MINUTE, 20 * HOUR)]);
/// Time from the payment to the application once the parcel has arrived.
const UNPACKED: Distribution = Distribution(&[(1, 2 * DAY, 9 * DAY)]);
/// Time from the application to the money, without a return.
const PAID_BACK: Distribution = Distribution(&[(80, 20 * MINUTE, 12 * HOUR), (20, 12 * HOUR, 40 * HOUR)]);
/// Time from the application to the money when the goods travel back first.
const SENT_BACK: Distribution = Distribution(&[(80, 2 * DAY, 6 * DAY), (20, 6 * DAY, 11 * DAY)]);

/// Reasons of refunds without a return.
const NOT_WANTED: &[&str] = &["拍错/多拍", "不想要了", "发货太慢"];
/// Reasons of returns.
const NOT_LIKED: &[&str] = &["七天无理由", "尺码不合适", "质量问题", "与描述不符"];

/// Adds refunds of some of the everyday orders.
pub(super) fn add(logs: &mut CompanyLogs, rng: &mut SeededRng) {
    let CompanyLogs { orders, refunds, .. } = logs;
    for order in orders.iter().filter(|order| !order.is_edge()) {
        if let Some(paid_at) = order.paid_at
            && rng.percent(REFUNDED_PERCENT)
        {
            refunds.push(refund(order, paid_at, rng));
        }
    }
}

fn refund(order: &OrderRow, paid_at: i64, rng: &mut SeededRng) -> RefundRow {
    let returned = rng.percent(RETURNED_PERCENT);
    let applied_at = paid_at + rng.draw(if returned { &UNPACKED } else { &SECOND_THOUGHTS });
    let finished_at = applied_at + rng.draw(if returned { &SENT_BACK } else { &PAID_BACK });
    let one_of_several = order.quantity > 1 && rng.percent(40);
    let quantity = if one_of_several { 1 } else { order.quantity };
    RefundRow {
        id: None,
        shop: order.shop,
        order: order.id.clone().unwrap_or_default(),
        applied_at,
        finished_at: rng.percent(95).then_some(finished_at),
        amount: order.amount * quantity / order.quantity,
        quantity,
        kind: if returned { "return" } else { "refund_only" },
        reason: rng.pick(if returned { NOT_LIKED } else { NOT_WANTED }),
        disputed: rng.percent(3),
        sku: None,
    }
}
