//! The rules (规则): every choice that a shop may make about what a number means, with its default.

mod book;
mod group;
mod holds;
pub mod presets;

pub use book::{Book, SetId};
pub use group::{Group, Members};
pub use holds::{holds, presets as known_presets};

use crate::calendar::{Calendar, DAY_MS, Day};
use crate::error::{Error, Kind, Result};
use jiff::civil::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Range;

/// A duration in ms, written `30m`, `180s` or `3d`. A day is 86,400,000 ms, even if the clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ms(pub i64);

impl Serialize for Ms {
    /// Writes the duration in the largest unit that gives a whole number.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let units = [(DAY_MS, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
        let (ms, unit) = units.into_iter().find(|(ms, _)| self.0 % ms == 0).unwrap_or((1, "ms"));
        serializer.collect_str(&format_args!("{}{unit}", self.0 / ms))
    }
}

impl<'de> Deserialize<'de> for Ms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = String::deserialize(deserializer)?;
        let span: jiff::Span = text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not a duration: write 30m, 180s or 3d")))?;
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(D::Error::custom)?;
        if duration.is_negative() {
            return Err(D::Error::custom(format!("`{text}` is negative")));
        }
        Ok(Ms(duration.as_millis() as i64))
    }
}

/// Hours of the day on the wall clock, the end excluded, written `08:00-23:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from: Time,
    pub to: Time,
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let to = if self.to == Time::midnight() { "24:00".to_owned() } else { self.to.strftime("%H:%M").to_string() };
        serializer.collect_str(&format_args!("{}-{to}", self.from.strftime("%H:%M")))
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = String::deserialize(deserializer)?;
        let bad = || D::Error::custom(format!("`{text}` is not a span of hours: write 08:00-23:00"));
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        Ok(Hours { from: clock(from).ok_or_else(bad)?, to: clock(to).ok_or_else(bad)? })
    }
}

/// A wall-clock time; `24:00` is the midnight that ends the day.
pub fn clock(text: &str) -> Option<Time> {
    match text.trim() {
        "24:00" => Some(Time::midnight()),
        other => other.parse().ok(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    RoundStart,
    SessionStart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstResponseUnit {
    Session,
    PeerDay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferClock {
    Inherit,
    Restart,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyMode {
    #[default]
    Human,
    Assist,
    Auto,
}

/// The unit in which a platform assesses the 3-minute reply (三分钟回复率).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfficialReply {
    Round,
    Person,
    Session,
    First,
    Message,
}

impl OfficialReply {
    pub fn name(self) -> &'static str {
        match self {
            OfficialReply::Round => "round",
            OfficialReply::Person => "person",
            OfficialReply::Session => "session",
            OfficialReply::First => "first",
            OfficialReply::Message => "message",
        }
    }
}

/// 单口相声: a peer-day in which the buyer sent at most `buyer` lines and the agent at least `agent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monologue {
    pub buyer: u32,
    pub agent: u32,
}

/// 绩效判定: which instant of an order decides the credited agent, and the period it counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    Order,
    Payment,
    OrderFirst,
}

impl Attribution {
    pub const ALL: [Attribution; 3] = [Attribution::Order, Attribution::Payment, Attribution::OrderFirst];

    pub fn name(self) -> &'static str {
        match self {
            Attribution::Order => "order",
            Attribution::Payment => "payment",
            Attribution::OrderFirst => "order_first",
        }
    }
}

/// Which preset a shop has: one for all shops, one for each platform that is named, or that of the shop's own platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a preset is a name, or a table such as { taobao = \"taobao\", jd = \"default\" }")]
pub enum Choice {
    One(String),
    Each(BTreeMap<String, String>),
    #[default]
    #[serde(skip_deserializing)]
    ByPlatform,
}

/// The rules that a pipeline may set under `[rules]`. docs/semantics.md §9 lists them and names the section that defines each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// The preset that the other settings override.
    pub preset: Choice,
    /// A setting of the pipeline differs from the preset.
    #[serde(skip_deserializing)]
    pub custom: bool,
    /// A silence longer than this ends a session without an id, if nobody is waiting.
    pub session_gap: Ms,
    /// The modes in which a line of an agent or robot counts as a reply.
    pub reply_modes: Vec<ReplyMode>,
    pub assessed_hours: Hours,
    pub assessed_anchor: Anchor,
    pub first_response_unit: FirstResponseUnit,
    /// 封顶: the longest wait that `resp_capped_avg_s` counts.
    pub response_cap: Ms,
    pub reply_threshold: Ms,
    pub quick_threshold: Ms,
    pub slow_threshold: Ms,
    pub slow_times: u32,
    /// 最长等待时间: a longer silence is not counted as reception time.
    pub max_wait: Ms,
    pub long_reception: Ms,
    pub transfer_clock: TransferClock,
    pub after_sale_days: u32,
    pub final_pay_days: u32,
    pub credit_lookback: Ms,
    pub attribution: Attribution,
    /// 插旗: orders with one of these flags are credited to nobody.
    pub excluded_flags: Vec<String>,
    pub own_accounts: bool,
    pub blocklist: bool,
    /// 转发过滤: a peer-day that was transferred out after at most this many replies is filtered.
    pub forward_only: Option<u32>,
    pub monologue: Option<Monologue>,
    /// A peer-day in which the buyer sent one line is filtered.
    pub single_line: bool,
    /// A peer-day whose buyer lines hold no text is filtered.
    pub empty: bool,
    /// The unit of `official_reply_3min_rate`.
    pub official_reply: OfficialReply,
    /// Ratings of robots count too.
    pub robots_rated: bool,
    /// A rating that comes later than this after its card does not count.
    pub rating_window: Ms,
    /// A buyer who pays within this many days after the last day of service is retained (留存).
    pub retention_days: u32,
}

impl Default for Rules {
    fn default() -> Self {
        const MINUTE: i64 = 60_000;
        Rules {
            preset: Choice::ByPlatform,
            custom: false,
            session_gap: Ms(30 * MINUTE),
            reply_modes: vec![ReplyMode::Human, ReplyMode::Assist],
            assessed_hours: Hours { from: Time::constant(8, 0, 0, 0), to: Time::constant(23, 0, 0, 0) },
            assessed_anchor: Anchor::RoundStart,
            first_response_unit: FirstResponseUnit::Session,
            response_cap: Ms(10 * MINUTE),
            reply_threshold: Ms(3 * MINUTE),
            quick_threshold: Ms(MINUTE / 2),
            slow_threshold: Ms(3 * MINUTE),
            slow_times: 1,
            max_wait: Ms(30 * MINUTE),
            long_reception: Ms(30 * MINUTE),
            transfer_clock: TransferClock::Inherit,
            after_sale_days: 15,
            final_pay_days: 4,
            credit_lookback: Ms(3 * DAY_MS),
            attribution: Attribution::OrderFirst,
            excluded_flags: Vec::new(),
            own_accounts: true,
            blocklist: true,
            forward_only: None,
            monologue: None,
            single_line: false,
            empty: false,
            official_reply: OfficialReply::Round,
            robots_rated: false,
            rating_window: Ms(DAY_MS),
            retention_days: 90,
        }
    }
}

impl Rules {
    /// Checks the bounds that serde cannot express. They keep the numbers of a day a function of a finite number of days.
    pub fn check(&self) -> Result<()> {
        let refuse = |message: &str, hint: &str| Err(Error::new(Kind::Config, message).hint(hint));
        if self.credit_lookback.0 < DAY_MS || self.credit_lookback.0 > 30 * DAY_MS {
            return refuse("credit_lookback is outside 1d to 30d", "the default is 3d");
        }
        if self.final_pay_days == 0 || self.final_pay_days > 90 {
            return refuse("final_pay_days is outside 1 to 90", "the default is 4");
        }
        if self.after_sale_days > 365 {
            return refuse("after_sale_days is over 365", "the default is 15");
        }
        if self.retention_days == 0 || self.retention_days > 365 {
            return refuse("retention_days is outside 1 to 365", "the default is 90");
        }
        if self.slow_times == 0 {
            return refuse("slow_times is 0", "a buyer is slow after at least one slow round; the default is 1");
        }
        Ok(())
    }

    /// Whether a field is something a shop may set.
    pub fn is_setting(field: &str) -> bool {
        !matches!(field, "preset" | "custom")
    }

    /// The name every report row carries.
    pub fn rule_set(&self) -> String {
        let preset = if let Choice::One(id) = &self.preset { id } else { "default" };
        if self.custom { format!("{preset}+custom") } else { preset.to_owned() }
    }

    /// The windows of a business day in which responses are assessed (考核时段).
    pub fn assessed(&self, calendar: &Calendar, day: Day) -> Result<Vec<Range<i64>>> {
        calendar.hours(day, self.assessed_hours.from, self.assessed_hours.to)
    }

    /// The number of business days after a day whose orders the day may need.
    pub fn looks_ahead(&self) -> i32 {
        self.final_pay_days.max(self.retention_days) as i32
    }

    /// The first business day that can have a line within `credit_lookback` before an instant of a day.
    pub fn looks_back_to(&self, calendar: &Calendar, day: Day) -> Result<Day> {
        calendar.day_of(calendar.bounds(day)?.start - self.credit_lookback.0)
    }
}
