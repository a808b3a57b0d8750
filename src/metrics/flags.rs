//! What is said of a person on a day. Period values count persons for whom it held on any day, or on the last they were served.

use super::decl::*;
use crate::rules::Attribution;

/// Every flag, chats' first. A person is a buyer of the shop, or an agent's buyer.
pub fn flags() -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut flag = |name: &str, of: Fact, holds: Expression| flags.push(Flag { name: name.to_owned(), of, holds, merge: Merge::Any });
    for name in ["consult", "receive", "replied", "direct", "transfer_in", "transfer_out"] {
        flag(name, Fact::PeerDays, of(move |_| col(name)));
    }
    flag("assessed_round", Fact::PeerDays, of(|_| col("rounds_assessed").gt(lit(0i64))));
    flag("missed", Fact::PeerDays, of(|_| col("rounds_missed").gt(lit(0i64))));
    // Slow response is said of received buyers: the two must hold on one day.
    let slow = |rounds: &'static str| of(move |r| col("receive").and(col(rounds).gt_eq(lit(i64::from(r.slow_times)))));
    flag("slow", Fact::PeerDays, slow("rounds_slow"));
    flag("slow_assessed", Fact::PeerDays, slow("rounds_slow_assessed"));
    for name in ["order_same_day", "order_final", "pay_next_day", "pay_final", "inquiry"] {
        flag(name, Fact::Inquiries, of(move |_| col(name)));
    }
    for rule in Attribution::ALL {
        for role in ["credited", "silent"] {
            let is = move || col("rule").eq(lit(rule.name())).and(col("role").eq(lit(role)));
            flag(&format!("{}_{role}", rule.name()), Fact::Credits, of(move |_| is()));
        }
    }
    for name in ["paid", "paid_silently"] {
        flag(name, Fact::Payments, of(move |_| col(name)));
    }
    flag("ticketed", Fact::TicketBuyers, of(|_| lit(true)));
    // A person of the shop is here an agent, whose id may be a buyer's too: the flags have nothing to do with each other.
    flag("duty", Fact::Duty, of(|_| lit(true)));
    for name in ["served", "retained"] {
        flags.push(Flag { name: name.to_owned(), of: Fact::Loyalty, holds: of(move |_| col(name)), merge: Merge::LastOf("served") });
    }
    flags
}

/// The round was answered within `reply_threshold`, the threshold included.
pub(super) fn in_time(rules: &Rules) -> Expr {
    col("answered").and(col("wait_ms").lt_eq(lit(rules.reply_threshold.0)).fill_null(lit(false)))
}
