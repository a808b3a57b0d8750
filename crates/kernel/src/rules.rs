//! The rules (规则): every choice that a shop can make about the meaning of a number, with its default.

use crate::calendar::{Calendar, DAY_MS, Day};
use crate::error::{KernelError, Result};
use crate::hours::{AssessedHours, HoursOfDay, windows};
use jiff::civil::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Range;

/// A duration in milliseconds. A pipeline file writes it as `30m`, `180s` or `3d`. A day is 86,400,000 ms, even if the clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DurationMs(pub i64);

impl Serialize for DurationMs {
    /// Writes the duration in the largest unit that gives a whole number.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let units = [(DAY_MS, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
        let (ms, unit) = units.into_iter().find(|(ms, _)| self.0 % ms == 0).unwrap_or((1, "ms"));
        serializer.collect_str(&format_args!("{}{unit}", self.0 / ms))
    }
}

impl<'de> Deserialize<'de> for DurationMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = String::deserialize(deserializer)?;
        let span: jiff::Span = text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not a duration: write 30m, 180s or 3d")))?;
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(D::Error::custom)?;
        if duration.is_negative() {
            return Err(D::Error::custom(format!("`{text}` is negative")));
        }
        Ok(DurationMs(duration.as_millis() as i64))
    }
}

/// The instant that decides whether a round is assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The first question of the round.
    RoundStart,
    /// The first line of its session.
    SessionStart,
}

/// The unit within which one round counts for the first response (首次响应).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstResponseUnit {
    /// Each session, and each reception within it.
    Session,
    /// Each agent × buyer × business day (聊天对).
    PeerDay,
}

/// The instant at which the clock of an agent starts who was put in charge during a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferClock {
    /// When the first agent was put in charge: the agent inherits the wait of those before.
    Inherit,
    /// When the agent itself was last put in charge.
    Restart,
}

/// What a wait counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitClock {
    /// All of it.
    Calendar,
    /// The part of it inside assessed hours. A wait wholly outside is 0.
    Assessed,
}

/// What a robot's automatic line does to a question that nobody has been in charge of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotAnswers {
    /// It takes the round into the robot's hands, where no assessment of people counts it.
    Out,
    /// Nothing: the buyer waits for a person.
    Count,
}

/// When the shop's clock starts in a round that was in the robot's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotClock {
    /// With the question.
    Asked,
    /// When an event puts an agent in charge (转人工).
    Transfer,
}

/// What orders with an excluded flag are taken out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExcludedFrom {
    Sales,
    /// Inquiries and what they came to (semantics §6).
    Conversion,
    Refunds,
}

/// How a reply was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyMode {
    /// By the agent.
    #[default]
    Human,
    /// By an agent with the help of a robot.
    Assist,
    /// By a robot alone.
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
    /// The name in a pipeline file.
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

/// Filters a peer-day in which the buyer sent at most `buyer` lines and the agent at least `agent` (单口相声).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monologue {
    pub buyer: u32,
    pub agent: u32,
}

/// Which instant of an order decides the credited agent, and the period in which the order counts (绩效判定).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    Order,
    Payment,
    OrderFirst,
}

impl Attribution {
    /// Every attribution.
    pub const ALL: [Attribution; 3] = [Attribution::Order, Attribution::Payment, Attribution::OrderFirst];

    /// The name in a pipeline file, which is also the value of the column `rule` of `credits`.
    pub fn name(self) -> &'static str {
        match self {
            Attribution::Order => "order",
            Attribution::Payment => "payment",
            Attribution::OrderFirst => "order_first",
        }
    }
}

/// Which preset a shop has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a preset is a name, or a table such as { taobao = \"taobao\", jd = \"default\" }")]
pub enum PresetChoice {
    /// One for all shops.
    One(String),
    /// By platform; a platform that is not listed has the preset `default`.
    Each(BTreeMap<String, String>),
    /// The preset of the shop's own platform.
    #[default]
    #[serde(skip_deserializing)]
    ByPlatform,
}

/// The rules that a pipeline may set under `[rules]`. docs/semantics.md §9 lists them and names the section that defines each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// The preset that the other settings override.
    pub preset: PresetChoice,
    /// Whether a setting of the pipeline differs from the preset.
    #[serde(skip_deserializing)]
    pub custom: bool,
    /// A silence longer than this ends a session without an id, unless a buyer line waits for a reply.
    pub session_gap: DurationMs,
    /// The modes in which a line of an agent or robot counts as a reply.
    pub reply_modes: Vec<ReplyMode>,
    /// The hours of each weekday in which responses are assessed (考核时段). A row of the table `holidays` overrides them on its day.
    pub assessed_hours: AssessedHours,
    pub assessed_anchor: Anchor,
    /// What a wait counts: all of it, or the part of it inside assessed hours.
    pub wait_clock: WaitClock,
    /// Whether a robot's answer settles a question that nobody has been in charge of.
    pub robot_answers: RobotAnswers,
    /// When the shop's clock starts in a round that a robot has handed over.
    pub robot_clock: RobotClock,
    pub first_response_unit: FirstResponseUnit,
    /// The wait at which `resp_capped_avg_s` is capped (封顶).
    pub response_cap: DurationMs,
    pub reply_threshold: DurationMs,
    pub quick_threshold: DurationMs,
    pub slow_threshold: DurationMs,
    pub slow_times: u32,
    /// A longer silence does not count as reception time (最长等待时间).
    pub max_wait: DurationMs,
    pub long_reception: DurationMs,
    pub transfer_clock: TransferClock,
    pub after_sale_days: u32,
    pub final_pay_days: u32,
    pub credit_lookback: DurationMs,
    pub attribution: Attribution,
    /// Orders with one of these flags count in nothing that `excluded_from` names (插旗).
    pub excluded_flags: Vec<String>,
    /// Where orders with an excluded flag do not count. Sales are always among them.
    pub excluded_from: Vec<ExcludedFrom>,
    /// Items of these skus (补差价, 赠品) count nowhere.
    pub excluded_skus: Vec<String>,
    /// An agent earns a credit only where the buyer wrote to the agent within `credit_lookback`.
    pub credit_needs_buyer_line: bool,
    /// A day that the agent opened is an inquiry like any other.
    pub agent_initiated_inquiry: bool,
    pub own_accounts: bool,
    pub blocklist: bool,
    /// A peer-day that was transferred out after at most this many replies is filtered (转发过滤). `None` filters none.
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
    pub rating_window: DurationMs,
    /// A buyer who pays within this many days after the last day of service is retained (留存).
    pub retention_days: u32,
}

impl Default for Rules {
    fn default() -> Self {
        const MINUTE: i64 = 60_000;
        Rules {
            preset: PresetChoice::ByPlatform,
            custom: false,
            session_gap: DurationMs(30 * MINUTE),
            reply_modes: vec![ReplyMode::Human, ReplyMode::Assist],
            assessed_hours: AssessedHours::daily(HoursOfDay { from: Time::constant(8, 0, 0, 0), to: Time::constant(23, 0, 0, 0) }),
            assessed_anchor: Anchor::RoundStart,
            wait_clock: WaitClock::Calendar,
            robot_answers: RobotAnswers::Out,
            robot_clock: RobotClock::Asked,
            first_response_unit: FirstResponseUnit::Session,
            response_cap: DurationMs(10 * MINUTE),
            reply_threshold: DurationMs(3 * MINUTE),
            quick_threshold: DurationMs(MINUTE / 2),
            slow_threshold: DurationMs(3 * MINUTE),
            slow_times: 1,
            max_wait: DurationMs(30 * MINUTE),
            long_reception: DurationMs(30 * MINUTE),
            transfer_clock: TransferClock::Inherit,
            after_sale_days: 15,
            final_pay_days: 4,
            credit_lookback: DurationMs(3 * DAY_MS),
            attribution: Attribution::OrderFirst,
            excluded_flags: Vec::new(),
            excluded_from: vec![ExcludedFrom::Sales],
            excluded_skus: Vec::new(),
            credit_needs_buyer_line: false,
            agent_initiated_inquiry: true,
            own_accounts: true,
            blocklist: true,
            forward_only: None,
            monologue: None,
            single_line: false,
            empty: false,
            official_reply: OfficialReply::Round,
            robots_rated: false,
            rating_window: DurationMs(DAY_MS),
            retention_days: 90,
        }
    }
}

impl Rules {
    /// Checks the bounds that serde cannot express. Because of them, the numbers of a day depend on a finite number of days.
    /// Errors: a rule is outside its bounds.
    pub fn check(&self) -> Result<()> {
        let refuse = |message, hint| Err(KernelError::RuleOutOfBounds { message, hint });
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

    /// Whether a field of this struct is a rule that a shop can set.
    pub fn is_setting(field: &str) -> bool {
        !matches!(field, "preset" | "custom")
    }

    /// The name of the rule set that every report row carries: the preset, and `+custom` if a setting differs from it.
    pub fn rule_set(&self) -> String {
        let preset = if let PresetChoice::One(id) = &self.preset { id } else { "default" };
        if self.custom { format!("{preset}+custom") } else { preset.to_owned() }
    }

    /// The ranges of instants of a business day in which responses are assessed (考核时段).
    /// Errors: the day is outside the range of the calendar.
    /// `holiday`: the hours of the day that a table of holidays gives, if it does.
    pub fn assessed(&self, calendar: &Calendar, day: Day, holiday: Option<&[HoursOfDay]>) -> Result<Vec<Range<i64>>> {
        windows(holiday.unwrap_or_else(|| self.assessed_hours.on(day)), calendar, day)
    }

    /// Whether orders with an excluded flag are taken out of something besides sales.
    pub fn excludes_from(&self, from: ExcludedFrom) -> bool {
        from == ExcludedFrom::Sales || self.excluded_from.contains(&from)
    }

    /// The number of business days after a day whose orders the numbers of the day may depend on.
    pub fn lookahead_days(&self) -> i32 {
        self.final_pay_days.max(self.retention_days) as i32
    }

    /// The first business day that can contain a line within `credit_lookback` before an instant of a day.
    /// Errors: the day is outside the range of the calendar.
    pub fn lookback_start(&self, calendar: &Calendar, day: Day) -> Result<Day> {
        calendar.day_of(calendar.bounds(day)?.start - self.credit_lookback.0)
    }
}
