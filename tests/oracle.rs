//! An independent reading of semantics.md §1 to §10, families A to G of metrics.md, as plain row loops.
//!
//! The oracle is made to be checked line by line, not to be fast. It shares no code with kefu and uses std alone.
//! "§" numbers are sections of semantics.md; families are those of metrics.md.

/// The tables that are read: chat lines, orders, staff, blocklist and visitor counts.
mod input;
/// The rules and their defaults (§9).
mod rules;
/// Business days, hours of the day, and periods (§1).
mod time;
/// The assessed hours of weekdays and holidays, and what a wait is within them (§4).
mod hours;
/// What each line does, which lines count, and their order (§2).
mod lines;
/// Sessions, who is in charge in them, and which agents take part (§3).
mod sessions;
/// Rounds, the robot's hands, and the two clocks of a wait (§4).
mod rounds;
/// What the reception filters take out (§8).
mod filters;
/// Which agent each order is credited to (§7).
mod attribution;
/// Everything that a report reads, read once.
mod facts;
/// What one row of a report sees.
mod row;
/// The values of a row, and their arithmetic (§10).
mod cells;
/// Family A: buyers, sessions, messages and transfers (§3, §8).
mod reception;
/// Family B: waits, slow buyers, reception time and the queue (§5).
mod response;
/// Family B: the reply rates in their five units (§5).
mod reply_rates;
/// Family C: replies, sessions without service, and messages left (§3).
mod replies;
/// Family D: inquiries and what became of them (§6).
mod inquiry;
/// Family D: contact data in buyer lines.
mod leads;
/// Families E to G: sales, baskets, silent orders and assists (§7).
mod sales;
/// The rows of a report, and which families are in each.
mod report;
/// The hourly table of family A.
mod hourly;

pub(crate) use attribution::{Credit, credits};
pub(crate) use cells::Cells;
pub(crate) use filters::{PeerDay, SessionRecord, is_filtered, peer_days, sessions};
pub(crate) use hourly::{Hour, hourly};
pub(crate) use input::{Holiday, Input, Line, Mode, Order, Sender, newest_orders};
pub(crate) use report::report;
pub(crate) use rounds::Outcome;
pub(crate) use row::Level;
pub(crate) use rules::{
    Anchor, Attribution, ExcludedFrom, FirstResponseUnit, RobotAnswers, RobotClock, Rules, TransferClock, WaitClock, every_day,
};
pub(crate) use sessions::{Session, Spoken};
pub(crate) use time::{DAY_MS, Period, date_of, epoch_day, period_last_day, period_start};
