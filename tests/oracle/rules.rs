//! The rules and their defaults (§9), as far as families A to G obey them.

use super::input::{Mode, Order};
use super::time::{DAY_MS, MINUTE_MS};

/// `assessed_anchor` (§4): the instant that must lie in the assessed hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    RoundStart,
    SessionStart,
}

/// `first_response_unit` (§5): what has one first response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstResponseUnit {
    Session,
    PeerDay,
}

/// `transfer_clock` (§4): what the wait of an agent who takes over a round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferClock {
    Inherit,
    Restart,
}

/// `robot_answers`: whether what a robot settles stays out of the rounds that people have to answer, or counts among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RobotAnswers {
    Out,
    Count,
}

/// `robot_clock`: what the shop's wait starts from where an agent takes a round out of the robot's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RobotClock {
    Asked,
    Transfer,
}

/// `wait_clock`: whether waits are measured on the calendar, or within the assessed hours alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitClock {
    Calendar,
    Assessed,
}

/// `excluded_from`: where else than in the sales an order with an excluded flag does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExcludedFrom {
    Conversion,
    Refunds,
}

/// `attribution` (§7): the instant at which the credited agent is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attribution {
    Order,
    Payment,
    OrderFirst,
}

/// Every setting of `[rules]` that the oracle reads. Durations are milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) session_gap: i64,
    /// The spans of each weekday from Monday on, in milliseconds after local midnight. No span: closed.
    pub(crate) assessed_hours: [Vec<(i64, i64)>; 7],
    pub(crate) wait_clock: WaitClock,
    pub(crate) anchor: Anchor,
    pub(crate) first_response_unit: FirstResponseUnit,
    pub(crate) response_cap: i64,
    pub(crate) reply_threshold: i64,
    pub(crate) quick_threshold: i64,
    pub(crate) slow_threshold: i64,
    pub(crate) slow_times: usize,
    pub(crate) max_wait: i64,
    pub(crate) long_reception: i64,
    pub(crate) transfer_clock: TransferClock,
    pub(crate) reply_modes: Vec<Mode>,
    pub(crate) robot_answers: RobotAnswers,
    pub(crate) robot_clock: RobotClock,
    pub(crate) after_sale_days: i64,
    pub(crate) final_pay_days: i64,
    pub(crate) credit_lookback: i64,
    pub(crate) attribution: Attribution,
    pub(crate) excluded_flags: Vec<String>,
    /// The sales are always among them.
    pub(crate) excluded_from: Vec<ExcludedFrom>,
    pub(crate) credit_needs_buyer_line: bool,
    pub(crate) agent_initiated_inquiry: bool,
    pub(crate) own_accounts: bool,
    pub(crate) blocklist: bool,
    /// The greatest number of reply lines with which a transferred peer-day is taken out. `None` switches the filter off.
    pub(crate) forward_only: Option<usize>,
    /// The greatest number of buyer lines and the least number of reply lines with which a peer-day is taken out.
    pub(crate) monologue: Option<(usize, usize)>,
    pub(crate) single_line: bool,
    pub(crate) empty: bool,
}

impl Rules {
    /// Whether the order's flag is one of `excluded_flags`.
    pub(crate) fn is_flagged(&self, order: &Order) -> bool {
        order.flag.as_ref().is_some_and(|flag| self.excluded_flags.contains(flag))
    }
}

/// The same hours on all days of the week.
pub(crate) fn every_day(span: (i64, i64)) -> [Vec<(i64, i64)>; 7] {
    std::array::from_fn(|_| vec![span])
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            session_gap: 30 * MINUTE_MS,
            assessed_hours: every_day((8 * 60 * MINUTE_MS, 23 * 60 * MINUTE_MS)),
            wait_clock: WaitClock::Calendar,
            anchor: Anchor::RoundStart,
            first_response_unit: FirstResponseUnit::Session,
            response_cap: 600_000,
            reply_threshold: 180_000,
            quick_threshold: 30_000,
            slow_threshold: 180_000,
            slow_times: 1,
            max_wait: 30 * MINUTE_MS,
            long_reception: 30 * MINUTE_MS,
            transfer_clock: TransferClock::Inherit,
            reply_modes: vec![Mode::Human, Mode::Assist],
            robot_answers: RobotAnswers::Out,
            robot_clock: RobotClock::Asked,
            after_sale_days: 15,
            final_pay_days: 4,
            credit_lookback: 3 * DAY_MS,
            attribution: Attribution::OrderFirst,
            excluded_flags: Vec::new(),
            excluded_from: Vec::new(),
            credit_needs_buyer_line: false,
            agent_initiated_inquiry: true,
            own_accounts: true,
            blocklist: true,
            forward_only: None,
            monologue: None,
            single_line: false,
            empty: false,
        }
    }
}
