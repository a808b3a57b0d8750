//! Everything that a report reads: sessions, reply lines and orders, each read once.

use super::attribution::{BuyerLine, ReplyLine, buyer_lines, reply_lines};
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
    /// The buyer lines that make `credit_needs_buyer_line` true.
    pub(super) buyer_lines: Vec<BuyerLine>,
    /// The newest version of each order.
    pub(super) orders: Vec<Order>,
}

/// Reads the input under the rules.
pub(super) fn facts<'a>(input: &'a Input, rules: &'a Rules) -> Facts<'a> {
    let lines = lines_that_count(input);
    let sessions = session_records(input, rules, &lines);
    let replies = reply_lines(input, rules, &lines, &sessions);
    let buyer_lines = buyer_lines(&sessions);
    Facts { input, rules, sessions, replies, buyer_lines, orders: newest_orders(input) }
}
