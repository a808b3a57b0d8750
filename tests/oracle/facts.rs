//! Everything that a report reads: sessions, reply lines and orders, each read once.

use super::attribution::{ReplyLine, reply_lines};
use super::filters::{SessionRecord, session_records};
use super::input::{Input, Order, newest_orders};
use super::lines::lines_that_count;
use super::rules::Rules;

/// The input, the rules, and what is read from the input under them.
pub(super) struct Facts<'a> {
    pub(super) input: &'a Input,
    pub(super) rules: &'a Rules,
    pub(super) sessions: Vec<SessionRecord>,
    /// The reply lines that make candidates (§7).
    pub(super) replies: Vec<ReplyLine>,
    /// The newest version of each order.
    pub(super) orders: Vec<Order>,
}

/// Reads the input under the rules.
pub(super) fn facts<'a>(input: &'a Input, rules: &'a Rules) -> Facts<'a> {
    let lines = lines_that_count(input);
    let sessions = session_records(input, rules, &lines);
    let replies = reply_lines(input, rules, &lines, &sessions);
    Facts { input, rules, sessions, replies, orders: newest_orders(input) }
}
