//! What a metric is. Knows no metric by name; every field is required, the worked example too.

use crate::ingest::Table;
pub use crate::job::Level;
pub use crate::metrics::examples::{self as logs, Example, agent, shop};
use crate::rules::Attribution;
pub use crate::rules::Rules;
pub use Better::{Higher, Lower, Neither};
pub use Delay::{Days, FinalPay, NextDay, Now, OwnRule, Retention};
pub use Formula::{AtRate, Difference, InSeconds, OfShop, Percentile, Ratio, Target};
pub use Unit::{Count, Hours, Milliseconds, Money, Number, Rate, Seconds};
use polars::prelude::DataType;
pub use polars::prelude::{Expr, col, lit, when};
use std::sync::Arc;

/// The rows a state adds up. Columns: see the file of each under `facts/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// Sessions at the shop, receptions at the agent.
    Talks,
    Rounds,
    AssessedRounds,
    /// Buyer-days at the shop, peer-days at the agent.
    PeerDays,
    Peaks,
    Inquiries,
    Credits,
    Payments,
    Visits,
    /// Refunds of the shop; those of orders with a credited agent.
    Refunds,
    CreditedRefunds,
    Ratings,
    Attendance,
    Duty,
    Tickets,
    TicketBuyers,
    Loyalty,
    Videos,
    /// The rates of accounts: joined when a report is finished, no rows.
    Rates,
    /// The targets of months: likewise.
    Targets,
}

impl Fact {
    /// The input tables it cannot be made without, besides messages.
    pub fn needs(self) -> &'static [Table] {
        match self {
            Fact::Inquiries | Fact::Credits | Fact::Payments => &[Table::Orders],
            Fact::Visits => &[Table::Visits],
            Fact::Refunds => &[Table::Refunds],
            Fact::CreditedRefunds => &[Table::Refunds, Table::Orders],
            Fact::Ratings => &[Table::Evaluations],
            Fact::Attendance | Fact::Duty => &[Table::AgentStatus],
            Fact::Tickets => &[Table::Tickets],
            Fact::TicketBuyers => &[Table::Tickets, Table::Orders],
            Fact::Loyalty => &[Table::Orders],
            Fact::Videos => &[Table::Videos],
            Fact::Rates => &[Table::Staff],
            Fact::Targets => &[Table::Targets],
            Fact::Talks | Fact::Rounds | Fact::AssessedRounds | Fact::PeerDays | Fact::Peaks => &[],
        }
    }

    /// Facts that come of the chat log alone; the others are made anew while orders mature.
    pub fn of_chats(self) -> bool {
        matches!(self, Fact::Talks | Fact::Rounds | Fact::AssessedRounds | Fact::PeerDays | Fact::Peaks)
    }
}

/// What a value counts. It decides the column's type and how components become the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// INT64
    Count,
    /// DECIMAL(18,2) yuan in files, fen inside
    Money,
    /// INT64, a component only
    Milliseconds,
    /// DOUBLE
    Seconds,
    /// DOUBLE
    Hours,
    /// DOUBLE, 0-1
    Rate,
    /// DOUBLE
    Number,
}

impl Unit {
    /// How many of the inside's unit make one of the published unit. Of time, the inside's ms make seconds, and seconds hours.
    pub fn scale(self) -> f64 {
        match self {
            Money => 100.0,
            Milliseconds => 1000.0,
            Hours => 3600.0,
            _ => 1.0,
        }
    }

    /// How many of what a quotient comes out in make one of it: a mean of ms comes out in seconds.
    pub fn of_quotient(self) -> f64 {
        if self == Hours { 3600.0 } else { 1.0 }
    }

    pub fn name(self) -> &'static str {
        match self {
            Count => "count",
            Money => "yuan",
            Milliseconds => "ms",
            Seconds => "s",
            Hours => "h",
            Rate => "0-1",
            Number => "number",
        }
    }
}

/// How long after a day its value can still change (semantics §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    Now,
    NextDay,
    Days(i32),
    /// `final_pay_days`
    FinalPay,
    /// `retention_days`
    Retention,
    /// As the pipeline's own attribution rule: creation waits for the payment.
    OwnRule,
}

impl Delay {
    pub fn days(self, rules: &Rules) -> i32 {
        match self {
            Now => 0,
            NextDay => 1,
            Days(days) => days,
            Retention => rules.retention_days as i32,
            FinalPay => rules.final_pay_days as i32,
            OwnRule if rules.attribution == Attribution::Order => rules.final_pay_days as i32,
            OwnRule => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
    Neither,
}

pub type Expression = Arc<dyn Fn(&Rules) -> Expr + Send + Sync>;

/// An expression over a fact's rows, under a day's rules.
pub fn of(expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Expression {
    Arc::new(expression)
}

/// Adds an expression up over a fact's rows.
pub fn sum(fact: Fact, expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Sum(fact, of(expression))
}

/// Counts the rows of a fact for which a condition holds.
pub fn rows(fact: Fact, condition: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    sum(fact, move |rules| count(condition(rules)))
}

pub fn max(fact: Fact, expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Max(fact, of(expression))
}

/// Takes the largest of the last day that has any. The fact names its `day`. Days come first in one number, so that it merges by "largest".
pub fn last(fact: Fact, expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Last(fact, of(move |rules| col("day").cast(DataType::Int64) * lit(LAST_ROOM) + expression(rules)))
}

/// What fits beside a day in a `Last`.
pub const LAST_ROOM: i64 = 1 << 40;

/// Counts the distinct persons for whom a condition on their flags holds.
pub fn persons(fact: Fact, condition: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Persons(fact, of(condition))
}

pub fn same(name: impl Fn(&Rules) -> String + Send + Sync + 'static) -> Formula {
    Formula::Same(Arc::new(name))
}

/// State, merge and finish in one. Names are those of other declarations of the same level.
#[derive(Clone)]
pub enum Formula {
    /// Added up over rows, days and shops' parts. No rows: 0.
    Sum(Fact, Expression),
    /// The largest over rows and days. No rows: null.
    Max(Fact, Expression),
    /// The largest of the last day that has any: a stock, such as followers. No rows: null.
    Last(Fact, Expression),
    /// Distinct persons of the period for whom this holds, over their merged flags.
    Persons(Fact, Expression),
    /// One declared value by another; null when the denominator is 0 or either is null.
    Ratio(String, String),
    Difference(String, String),
    /// An agent's value by its shop's value.
    OfShop(String, String),
    /// A sum of ms in seconds.
    InSeconds(String),
    /// Nearest rank (in %) from the wait histogram of all or assessed rounds, never above the named maximum.
    Percentile {
        percent: i64,
        assessed: bool,
        max: String,
    },
    /// A sum of an account by a rate of it in `staff`, rounded half up to the fen at the end. Null where the rate is unknown; a shop adds
    /// its accounts up, and is null where the rate of one that has a sum is unknown.
    AtRate(String, AccountRate),
    /// The targets that `targets` sets a metric for the months of the period; null for less than a month.
    Target(&'static str),
    /// Whichever declaration the rules name.
    Same(Arc<dyn Fn(&Rules) -> String + Send + Sync>),
}

/// What an account's time or sales are worth (`staff`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRate {
    /// Fen an hour, of a sum of ms.
    HourlyCost,
    /// A share, kept in millionths.
    Commission,
}

impl AccountRate {
    pub fn column(self) -> &'static str {
        match self {
            AccountRate::HourlyCost => "rate:hourly_cost",
            AccountRate::Commission => "rate:commission",
        }
    }

    /// What a sum times the rate is divided by to give fen.
    pub fn per(self) -> i64 {
        match self {
            AccountRate::HourlyCost => 3_600_000,
            AccountRate::Commission => 1_000_000,
        }
    }
}

/// A text in the two languages of its readers.
#[derive(Clone, Copy)]
pub struct Text {
    pub zh: &'static str,
    pub en: &'static str,
}

/// One declaration. Query, column, type, dictionary and test follow from it.
#[derive(Clone)]
pub struct Metric {
    /// The column name, as in the catalogue.
    pub id: String,
    pub name: Text,
    pub unit: Unit,
    /// Where it is declared; what is said of an agent is reported of teams too.
    pub levels: &'static [Level],
    pub delay: Delay,
    pub better: Better,
    pub formula: Formula,
    /// The definition, with what makes it null.
    pub about: Text,
    /// The family's title and where its definitions stand.
    pub family: &'static str,
    pub source: &'static str,
    /// A log, a row of its report, and the value worked by hand.
    pub example: Example,
    /// Published for the sake of a ratio, and no metric of its own.
    pub component: bool,
}

/// A declaration whose value is final with its day and neither better high nor low.
pub fn metric(
    id: impl Into<String>,
    name: [&'static str; 2],
    levels: &'static [Level],
    unit: Unit,
    formula: Formula,
    about: [&'static str; 2],
    example: Example,
) -> Metric {
    let [name, about] = [name, about].map(|[zh, en]| Text { zh, en });
    Metric {
        id: id.into(),
        name,
        unit,
        levels,
        delay: Now,
        better: Neither,
        formula,
        about,
        family: "",
        source: "",
        example,
        component: false,
    }
}

impl Metric {
    pub fn final_after(self, delay: Delay) -> Metric {
        Metric { delay, ..self }
    }

    pub fn better(self, better: Better) -> Metric {
        Metric { better, ..self }
    }

    /// Published for the sake of a ratio.
    pub fn component(self) -> Metric {
        Metric { component: true, ..self }
    }
}

/// One declared value by another.
pub fn ratio(over: &str, under: &str) -> Formula {
    Ratio(over.to_owned(), under.to_owned())
}

pub const BOTH: &[Level] = &[Level::Shop, Level::Agent];
pub const SHOP: &[Level] = &[Level::Shop];
pub const AGENT: &[Level] = &[Level::Agent];

/// The number of rows for which a condition holds: the cast tells it from a number.
pub fn count(condition: Expr) -> Expr {
    condition.cast(DataType::Int64)
}

/// A person's flag: what can be said of a buyer on a day.
pub struct Flag {
    pub name: String,
    pub of: Fact,
    /// Whether a row of the fact says it; the person's rows of a day are merged by "any".
    pub holds: Expression,
    pub merge: Merge,
}

/// How the days of a person merge over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// It held on any day.
    Any,
    /// As on the last day on which the named flag held.
    LastOf(&'static str),
}
