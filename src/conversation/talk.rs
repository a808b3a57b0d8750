//! What one side (a whole session, or one agent's part of it) adds up while its lines go by.

use super::round::Round;
use crate::ingest::{Raw, What};
use crate::rules::Rules;
use smallvec::SmallVec;

/// Counts and instants of one session or reception. Times are UTC ms.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    pub buyer_msgs: i64,
    pub agent_msgs: i64,
    pub auto_msgs: i64,
    pub agent_words: i64,
    /// First and last buyer or reply line.
    pub first_at: Option<i64>,
    pub last_at: Option<i64>,
    pub first_buyer_at: Option<i64>,
    pub last_buyer_at: Option<i64>,
    /// The first buyer or reply line is the buyer's.
    pub by_buyer: bool,
    /// Σ gaps between consecutive buyer and reply lines, without those over `max_wait`.
    pub talk_ms: i64,
    /// A buyer line left a way to be reached.
    pub lead: bool,
    /// A buyer line is more than blank text.
    pub said: bool,
    /// A buyer line was answered, by whomever.
    pub served: bool,
    pub answered: i64,
    pub unanswered: i64,
    pub longest_wait_ms: Option<i64>,
    pub assessed: i64,
    pub assessed_answered: i64,
    pub assessed_wait_ms: i64,
    /// Assessed rounds that were not answered within `reply_threshold`.
    pub missed: i64,
    /// Answered rounds slower than `slow_threshold`, and the assessed ones among them.
    pub slow: i64,
    pub slow_assessed: i64,
    /// Buyer lines by hour of the business day.
    pub hours: SmallVec<[(i64, i64); 1]>,
}

impl Talk {
    /// Adds a buyer or reply line.
    pub fn add(&mut self, line: &Raw, hour: i64, max_wait: i64) {
        if let Some(last) = self.last_at.filter(|last| line.at - last <= max_wait) {
            self.talk_ms += line.at - last;
        }
        if self.first_at.is_none() {
            self.first_at = Some(line.at);
            self.by_buyer = line.what == What::Buyer;
        }
        self.last_at = Some(line.at);
        if line.what == What::Buyer {
            self.buyer_msgs += 1;
            self.first_buyer_at.get_or_insert(line.at);
            self.last_buyer_at = Some(line.at);
            self.lead |= line.lead;
            self.said |= !line.blank;
            match self.hours.last_mut() {
                Some((last, count)) if *last == hour => *count += 1,
                _ => self.hours.push((hour, 1)),
            }
        } else {
            self.agent_msgs += 1;
            self.agent_words += i64::from(line.words);
        }
    }

    /// Adds a round of this side with its wait on this side's clock.
    pub fn add_round(&mut self, round: &Round, wait: Option<i64>, rules: &Rules) {
        let slow = wait.is_some_and(|wait| wait > rules.slow_threshold.0);
        self.answered += i64::from(wait.is_some());
        self.unanswered += i64::from(wait.is_none());
        self.longest_wait_ms = self.longest_wait_ms.max(wait);
        self.slow += i64::from(slow);
        if round.assessed {
            self.assessed += 1;
            self.assessed_answered += i64::from(wait.is_some());
            self.assessed_wait_ms += wait.unwrap_or(0);
            self.missed += i64::from(wait.is_none_or(|wait| wait > rules.reply_threshold.0));
            self.slow_assessed += i64::from(slow);
        }
    }
}
