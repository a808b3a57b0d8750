//! A side is one party's part of a conversation: a whole session as the shop sees it, or one agent's reception.

use crate::line::ChatLine;
use crate::round::Round;
use crate::rules::Rules;
use smallvec::SmallVec;

/// Counts, instants and durations of one session or reception. Instants are epoch milliseconds in UTC, `None` if there was no such line.
/// Rounds that the owner handed over are not counted.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Buyer lines.
    pub buyer_msgs: i64,
    /// Reply lines.
    pub agent_msgs: i64,
    /// Automatic lines.
    pub auto_msgs: i64,
    /// Σ `words` of the reply lines.
    pub agent_words: i64,
    /// First and last buyer or reply line.
    pub first_at: Option<i64>,
    /// `seq` and `order` of the first line, which decide between lines of one instant.
    pub first_place: (i64, u32),
    pub last_at: Option<i64>,
    /// First and last buyer line.
    pub first_buyer_at: Option<i64>,
    pub last_buyer_at: Option<i64>,
    /// The first buyer or reply line is a buyer line.
    pub buyer_initiated: bool,
    /// Σ gaps in ms between consecutive buyer and reply lines. A gap longer than the rule `max_wait` counts as 0.
    pub talk_ms: i64,
    /// The buyer or reply line before the next one. It differs from `last_at` where the log's own numbers order the lines.
    previous_at: Option<i64>,
    /// A buyer line has contact information (有效信息).
    pub has_contact: bool,
    /// A buyer line has text.
    pub has_text: bool,
    /// A buyer line is in a round.
    pub asked: bool,
    /// A buyer line of this side was answered, by any agent.
    pub served: bool,
    /// Rounds that a robot settled. A reception has none.
    pub robot_rounds: i64,
    /// Answered and unanswered rounds.
    pub answered: i64,
    pub unanswered: i64,
    /// Longest wait of the answered rounds in ms.
    pub longest_wait_ms: Option<i64>,
    /// Assessed rounds (考核轮次), those of them that were answered, and Σ waits of these in ms.
    pub assessed: i64,
    pub assessed_answered: i64,
    pub assessed_wait_ms: i64,
    /// Assessed rounds that were not answered within the rule `reply_threshold`.
    pub missed: i64,
    /// Answered rounds with a wait above the rule `slow_threshold`, and the assessed ones among them.
    pub slow: i64,
    pub slow_assessed: i64,
    /// Buyer lines by hour of the wall clock, as `(hour, lines)`, in the order of the lines.
    pub hours: SmallVec<[(i64, i64); 1]>,
}

impl Side {
    /// Adds a buyer or reply line. `hour`: what the wall clock shows; `max_wait`: the longest gap in ms that counts as talking.
    pub fn add(&mut self, line: &ChatLine, hour: i64, max_wait: i64) {
        if let Some(gap) = self.previous_at.map(|previous| line.sent_at - previous).filter(|gap| (1..=max_wait).contains(gap)) {
            self.talk_ms += gap;
        }
        self.previous_at = Some(line.sent_at);
        if self.is_first(line.sent_at, (line.seq, line.order)) {
            (self.first_at, self.first_place) = (Some(line.sent_at), (line.seq, line.order));
            self.buyer_initiated = line.kind.is_buyers();
        }
        self.last_at = self.last_at.max(Some(line.sent_at));
        if line.kind.is_buyers() {
            self.buyer_msgs += 1;
            self.first_buyer_at = Some(self.first_buyer_at.map_or(line.sent_at, |first| first.min(line.sent_at)));
            self.last_buyer_at = self.last_buyer_at.max(Some(line.sent_at));
            self.has_contact |= line.has_contact;
            self.has_text |= !line.blank;
            match self.hours.last_mut() {
                Some((last, count)) if *last == hour => *count += 1,
                _ => self.hours.push((hour, 1)),
            }
        } else {
            self.agent_msgs += 1;
            self.agent_words += i64::from(line.words);
        }
    }

    /// Whether a line at an instant and a place comes before all lines of this side.
    pub fn is_first(&self, at: i64, place: (i64, u32)) -> bool {
        self.first_at.is_none_or(|first| (at, place) < (first, self.first_place))
    }

    /// Takes all rounds out of the assessed ones.
    pub(crate) fn leave_unassessed(&mut self) {
        (self.assessed, self.assessed_answered, self.assessed_wait_ms, self.missed, self.slow_assessed) = (0, 0, 0, 0, 0);
    }

    /// Adds a closed round. `wait`: its wait in ms on this side's clock, `None` if the round was not answered.
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
