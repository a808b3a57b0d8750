//! What is said of a person on a day. Period values count persons for whom it held on any day.

use super::decl::*;
use crate::rules::Attribution;

/// Every flag, chats' first. A person is a buyer of the shop, or an agent's buyer.
pub fn flags() -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut flag = |name: &str, of: Fact, holds: Expression| flags.push(Flag { name: name.to_owned(), of, holds });
    for name in ["consult", "receive", "replied", "direct", "transfer_in", "transfer_out"] {
        flag(name, Fact::PeerDays, of(move |_| col(name).max()));
    }
    let owned = || col("handed_over").not();
    flag("assessed_round", Fact::AssessedRounds, of(move |_| owned().max()));
    flag("missed", Fact::AssessedRounds, of(move |r| owned().and(in_time(r).not()).max()));
    flag("slow", Fact::Rounds, of(slow));
    flag("slow_assessed", Fact::AssessedRounds, of(slow));
    for name in ["order_same_day", "order_final", "pay_next_day", "pay_final", "inquiry"] {
        flag(name, Fact::Inquiries, of(move |_| col(name).max()));
    }
    for rule in Attribution::ALL {
        for role in ["credited", "silent"] {
            let is = move || col("rule").eq(lit(rule.name())).and(col("role").eq(lit(role)));
            flag(&format!("{}_{role}", rule.name()), Fact::Credits, of(move |_| is().max()));
        }
    }
    for name in ["paid", "paid_silently"] {
        flag(name, Fact::Credits, of(move |_| col(name).max()));
    }
    flags
}

/// The round was answered within `reply_threshold`, the threshold included.
pub(super) fn in_time(rules: &Rules) -> Expr {
    col("answered").and(col("wait_ms").lt_eq(lit(rules.reply_threshold.0)).fill_null(lit(false)))
}

/// At least `slow_times` answered rounds slower than `slow_threshold`.
fn slow(rules: &Rules) -> Expr {
    let slow = col("wait_ms").gt(lit(rules.slow_threshold.0)).fill_null(lit(false));
    count(slow).sum().gt_eq(lit(i64::from(rules.slow_times)))
}
