//! The flags of persons. Metrics of a period count the persons whose flag was set on any day, or on the last day they were served.

use super::declaration::*;
use crate::metrics;
use crate::model::Fact;
use kefu_kernel::rules::Attribution;

/// Every flag, those of chats first. The index of a flag is its bit in state files.
pub fn flags() -> Vec<PersonFlag> {
    let mut flags = Vec::new();
    let mut flag =
        |name: &str, of: Fact, holds: Expression| flags.push(PersonFlag { name: name.to_owned(), of, holds, merge: FlagMerge::Any });
    for name in ["consult", "receive", "replied", "direct", "transfer_in", "transfer_out"] {
        flag(name, Fact::PeerDays, of(move |_| col(name)));
    }
    flag("assessed_round", Fact::PeerDays, of(|_| col("rounds_assessed").gt(lit(0i64))));
    flag("missed", Fact::PeerDays, of(|_| col("rounds_missed").gt(lit(0i64))));
    // Slow response counts only received buyers, and both must be true on the same day.
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
    // The person of this flag is an agent. An agent's id can equal a buyer's, but no metric combines this flag with a buyer's.
    flag("duty", Fact::Duty, of(|_| lit(true)));
    for name in ["waiting", "agent_opened"] {
        flag(name, Fact::PeerDays, of(move |_| col(name)));
    }
    for name in ["served", "retained"] {
        flags.push(PersonFlag {
            name: name.to_owned(),
            of: Fact::Loyalty,
            holds: of(move |_| col(name)),
            merge: FlagMerge::LastOf("served"),
        });
    }
    // The person of this flag is a video.
    flags.push(PersonFlag { name: "posted".to_owned(), of: Fact::Videos, holds: of(|_| lit(true)), merge: FlagMerge::Any });
    flags
}

/// Whether a round was answered within the rule `reply_threshold`, the threshold included.
pub(super) fn in_time(rules: &Rules) -> Expr {
    col("answered").and(col("wait_ms").lt_eq(lit(rules.reply_threshold.0)).fill_null(lit(false)))
}

/// Whether a flag is set in the column `flags`.
pub fn has_flag(name: &str) -> Expr {
    let bit = metrics::flags().iter().position(|flag| flag.name == name).unwrap_or(63);
    col("flags").and(lit(1i64 << bit)).neq(lit(0i64))
}
