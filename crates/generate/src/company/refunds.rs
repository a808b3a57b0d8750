//! The everyday refunds: of what an agent sold and of what nobody was asked about, as they come.

use super::logs::{Logs, Order, Refund};
use crate::clock::{DAY, HOUR, MINUTE};
use crate::dice::{Dice, Spread};

const REFUNDED_PERCENT: u32 = 8;
const RETURNED_PERCENT: u32 = 60;
/// From the payment: before the parcel leaves, or once it has arrived.
const SECOND_THOUGHTS: Spread = Spread(&[(1, 10 * MINUTE, 20 * HOUR)]);
const UNPACKED: Spread = Spread(&[(1, 2 * DAY, 9 * DAY)]);
/// From the claim to the money: a return travels first.
const PAID_BACK: Spread = Spread(&[(80, 20 * MINUTE, 12 * HOUR), (20, 12 * HOUR, 40 * HOUR)]);
const SENT_BACK: Spread = Spread(&[(80, 2 * DAY, 6 * DAY), (20, 6 * DAY, 11 * DAY)]);

const NOT_WANTED: &[&str] = &["拍错/多拍", "不想要了", "发货太慢"];
const NOT_LIKED: &[&str] = &["七天无理由", "尺码不合适", "质量问题", "与描述不符"];

pub(super) fn add(logs: &mut Logs, dice: &mut Dice) {
    let Logs { orders, refunds, .. } = logs;
    for order in orders.iter().filter(|order| !order.is_edge()) {
        if let Some(paid_at) = order.paid_at
            && dice.percent(REFUNDED_PERCENT)
        {
            refunds.push(refund(order, paid_at, dice));
        }
    }
}

fn refund(order: &Order, paid_at: i64, dice: &mut Dice) -> Refund {
    let returned = dice.percent(RETURNED_PERCENT);
    let applied_at = paid_at + dice.draw(if returned { &UNPACKED } else { &SECOND_THOUGHTS });
    let finished_at = applied_at + dice.draw(if returned { &SENT_BACK } else { &PAID_BACK });
    let one_of_several = order.quantity > 1 && dice.percent(40);
    let quantity = if one_of_several { 1 } else { order.quantity };
    Refund {
        id: None,
        shop: order.shop,
        order: order.id.clone().unwrap_or_default(),
        applied_at,
        finished_at: dice.percent(95).then_some(finished_at),
        amount: order.amount * quantity / order.quantity,
        quantity,
        kind: if returned { "return" } else { "refund_only" },
        reason: dice.pick(if returned { NOT_LIKED } else { NOT_WANTED }),
        disputed: dice.percent(3),
    }
}
