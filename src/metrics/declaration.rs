//! The types that declare a metric, and their constructors. Every field is required, the worked example included.

pub use super::examples as logs;
pub use super::examples::{Example, agent, shop};
use crate::model::Fact;
pub use crate::model::Level;
pub use Delay::{Days, FinalPay, NextDay, Now, OwnRule, Retention};
pub use Formula::{AtRate, DailyRatio, Difference, InSeconds, OfShop, Percentile, Ratio, Target};
pub use MetricUnit::{Count, Hours, Milliseconds, Money, Number, Quantity, Rate, Seconds};
pub use Preference::{Higher, Lower, Neither};
use kefu_kernel::rules::Attribution;
pub use kefu_kernel::rules::Rules;
use polars::prelude::DataType;
pub use polars::prelude::{Expr, col, lit, when};
use std::sync::Arc;

/// The unit of a metric. It decides the published dtype and how a formula scales its components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// INT64
    Count,
    /// DECIMAL(18,2) yuan in files; Int64 fen in states
    Money,
    /// DECIMAL(18,3) items in files; Int64 thousandths in states
    Quantity,
    /// INT64, only for components
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

impl MetricUnit {
    /// The divisor from the unit of states to the published unit: fen to yuan, thousandths to items, ms to seconds, seconds to hours.
    pub fn scale(self) -> f64 {
        match self {
            Money => 100.0,
            Milliseconds | Quantity => 1000.0,
            Hours => 3600.0,
            _ => 1.0,
        }
    }

    /// The divisor from the unit of a quotient to the published unit. A mean of ms is in seconds after [`Self::scale`], so that only hours
    /// have one.
    pub fn of_quotient(self) -> f64 {
        if self == Hours { 3600.0 } else { 1.0 }
    }

    /// Its name in the dictionary.
    pub fn name(self) -> &'static str {
        match self {
            Count => "count",
            Money => "yuan",
            Quantity => "items",
            Milliseconds => "ms",
            Seconds => "s",
            Hours => "h",
            Rate => "0-1",
            Number => "number",
        }
    }
}

/// The time after a day until its value is final (semantics §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// The value is final with its day.
    Now,
    /// One day.
    NextDay,
    /// A fixed number of days.
    Days(i32),
    /// The rule `final_pay_days`.
    FinalPay,
    /// The rule `retention_days`.
    Retention,
    /// That of the configured attribution rule: `order` waits `final_pay_days` for the payment, the others do not wait.
    OwnRule,
}

impl Delay {
    /// The number of days under some rules.
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

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Higher values.
    Higher,
    /// Lower values.
    Lower,
    /// Neither; the metric is not ranked.
    Neither,
}

/// An expression that depends on the rules.
pub type Expression = Arc<dyn Fn(&Rules) -> Expr + Send + Sync>;

/// Wraps a closure as an expression over a fact's rows under a day's rules.
pub fn of(expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Expression {
    Arc::new(expression)
}

/// Sums a value over the rows of a fact.
pub fn sum(fact: Fact, value: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Sum(fact, Summand::Value(of(value)))
}

/// Sums a value over the rows of a fact for which a condition holds.
pub fn sum_if(
    fact: Fact,
    condition: impl Fn(&Rules) -> Expr + Send + Sync + 'static,
    value: impl Fn(&Rules) -> Expr + Send + Sync + 'static,
) -> Formula {
    Formula::Sum(fact, Summand::SumIf { condition: of(condition), value: of(value) })
}

/// Counts the rows of a fact for which a condition holds.
pub fn count_if(fact: Fact, condition: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Sum(fact, Summand::CountIf(of(condition)))
}

/// Sums a value over the rows of a fact, where any row has one. `rows`: the metric that counts the rows with a value.
pub fn told(fact: Fact, value: impl Fn(&Rules) -> Expr + Send + Sync + 'static, rows: &str) -> Formula {
    Formula::Told(fact, of(value), rows.to_owned())
}

/// The largest value over the rows of a fact.
pub fn max(fact: Fact, expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Max(fact, of(expression))
}

/// The largest value of the last day with rows. The fact must have the column `day`. The day forms the high digits of the stored number, so
/// that the state merges like a maximum.
pub fn last(fact: Fact, expression: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Last(fact, of(move |rules| col("day").cast(DataType::Int64) * lit(LAST_ROOM) + expression(rules)))
}

/// The bound of the values of a `Last`, which share an i64 with their day.
pub const LAST_ROOM: i64 = 1 << 40;

/// Counts the distinct persons whose merged flags fulfil a condition.
pub fn persons(fact: Fact, condition: impl Fn(&Rules) -> Expr + Send + Sync + 'static) -> Formula {
    Formula::Persons(fact, of(condition))
}

/// The value of the metric that the rules name.
pub fn same(name: impl Fn(&Rules) -> String + Send + Sync + 'static) -> Formula {
    Formula::Same(Arc::new(name))
}

/// How a metric is computed: its state, its merge and its final expression. Strings are ids of other metrics of the same level.
#[derive(Clone)]
pub enum Formula {
    /// The sum over rows and days. 0 without rows.
    Sum(Fact, Summand),
    /// The sum over rows and days, as above, but null where the named metric is 0, which counts the rows with a value: nobody told it.
    Told(Fact, Expression, String),
    /// The largest value over rows and days. Null without rows.
    Max(Fact, Expression),
    /// The largest value of the last day with rows: a stock, such as followers. Null without rows.
    Last(Fact, Expression),
    /// The number of distinct persons of the period whose merged flags fulfil the condition. 0 without persons.
    Persons(Fact, Expression),
    /// The first metric divided by the second. Null if the denominator is 0 or either is null.
    Ratio(String, String),
    /// The first metric divided by the second, which not every day has. Null as for `Ratio`, and where the third, which counts the days that
    /// have it, does not count every day of the period that was made.
    DailyRatio(String, String, String),
    /// The first metric minus the second. Null if either is null.
    Difference(String, String),
    /// An agent's metric divided by a metric of its shop. Null as for `Ratio`.
    OfShop(String, String),
    /// A metric in ms, in seconds.
    InSeconds(String),
    /// The percentile of waits in seconds, by nearest rank in the wait histogram of all or of assessed rounds, capped at the metric `max`.
    /// Null without rounds.
    Percentile { percent: i64, assessed: bool, max: String },
    /// A metric of an account times its rate in `staff`, that of each day, rounded half up to the fen at the end. Null if a day with a value
    /// has no rate. A shop or team has the sum over its accounts, or null if an account has a value without a rate.
    AtRate(String, AccountRate),
    /// The sum of the targets of a metric for the months of the period. Null for periods below a month.
    Target(&'static str),
    /// The metric that the rules name.
    Same(Arc<dyn Fn(&Rules) -> String + Send + Sync>),
}

/// What each row of a fact adds to a sum. Condition and value are declared apart, because the accumulator takes a bitmap and a column
/// faster than it takes the column that joins them. A null condition does not hold, and a null value adds nothing.
#[derive(Clone)]
pub enum Summand {
    /// One per row for which the condition holds.
    CountIf(Expression),
    /// The value of each row for which the condition holds.
    SumIf { condition: Expression, value: Expression },
    /// The value of each row.
    Value(Expression),
}

impl Summand {
    /// The condition under which a row counts; `None`: every row does.
    pub fn condition(&self, rules: &Rules) -> Option<Expr> {
        match self {
            Summand::CountIf(condition) | Summand::SumIf { condition, .. } => Some(condition(rules)),
            Summand::Value(_) => None,
        }
    }

    /// The value that such a row adds; `None`: 1.
    pub fn value(&self, rules: &Rules) -> Option<Expr> {
        match self {
            Summand::CountIf(_) => None,
            Summand::SumIf { value, .. } | Summand::Value(value) => Some(value(rules)),
        }
    }

    /// What a row adds, as one Int64 expression.
    pub fn expression(&self, rules: &Rules) -> Expr {
        let number = match (self.condition(rules), self.value(rules)) {
            (Some(condition), Some(value)) => when(condition).then(value).otherwise(lit(0i64)),
            (Some(condition), None) => condition,
            (None, value) => value.unwrap_or(lit(1i64)),
        };
        number.cast(DataType::Int64)
    }
}

/// A rate of an account in `staff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRate {
    /// Fen per hour; it multiplies a sum of ms.
    HourlyCost,
    /// A share in millionths; it multiplies a sum of fen.
    Commission,
}

impl AccountRate {
    /// The divisor that turns a sum times the rate into fen.
    pub fn per(self) -> i64 {
        match self {
            AccountRate::HourlyCost => 3_600_000,
            AccountRate::Commission => 1_000_000,
        }
    }
}

/// A text in Chinese and English.
#[derive(Clone, Copy)]
pub struct BilingualStr {
    pub zh: &'static str,
    pub en: &'static str,
}

/// The declaration of a metric. Its query, column, dtype, dictionary entry and test follow from it.
#[derive(Clone)]
pub struct Metric {
    /// The column name, as in the catalogue.
    pub id: String,
    pub name: BilingualStr,
    pub unit: MetricUnit,
    /// The levels that declare it. Metrics of agents are reported for teams too ([`super::teams`]).
    pub levels: &'static [Level],
    pub delay: Delay,
    pub better: Preference,
    pub formula: Formula,
    /// The definition, including when it is null.
    pub about: BilingualStr,
    /// The title of the family.
    pub family: &'static str,
    /// Where the family's definitions come from.
    pub source: &'static str,
    /// The worked example: a log, a row of its report, and the value computed by hand.
    pub example: Example,
    /// It is published only as the numerator or denominator of a ratio.
    pub component: bool,
}

/// A metric whose value is final with its day and for which neither direction is better.
pub fn metric(
    id: impl Into<String>,
    name: [&'static str; 2],
    levels: &'static [Level],
    unit: MetricUnit,
    formula: Formula,
    about: [&'static str; 2],
    example: Example,
) -> Metric {
    let [name, about] = [name, about].map(|[zh, en]| BilingualStr { zh, en });
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
    /// Sets the delay.
    pub fn final_after(self, delay: Delay) -> Metric {
        Metric { delay, ..self }
    }

    /// Sets which values are better.
    pub fn better(self, better: Preference) -> Metric {
        Metric { better, ..self }
    }

    /// Marks the metric as a component of a ratio.
    pub fn component(self) -> Metric {
        Metric { component: true, ..self }
    }
}

/// One metric divided by another.
pub fn ratio(numerator: &str, denominator: &str) -> Formula {
    Ratio(numerator.to_owned(), denominator.to_owned())
}

/// One metric divided by another that not every day has. `days`: the metric that counts the days that have it.
pub fn daily_ratio(numerator: &str, denominator: &str, days: &str) -> Formula {
    DailyRatio(numerator.to_owned(), denominator.to_owned(), days.to_owned())
}

/// The levels of metrics that shops and agents share.
pub const BOTH: &[Level] = &[Level::Shop, Level::Agent];
/// The level of metrics of shops alone.
pub const SHOP: &[Level] = &[Level::Shop];
/// The level of metrics of agents alone.
pub const AGENT: &[Level] = &[Level::Agent];

/// A flag of a person on a day. A person is a buyer of a shop, an agent or a team.
pub struct PersonFlag {
    /// Its column name.
    pub name: String,
    /// The fact that sets it.
    pub of: Fact,
    /// Whether a row of the fact sets it. A day's flag is set if any row of the person sets it.
    pub holds: Expression,
    /// How days merge.
    pub merge: FlagMerge,
}

/// How the days of a person's flag merge over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagMerge {
    /// It is set if it was set on any day.
    Any,
    /// It has the value of the last day on which the named flag was set.
    LastOf(&'static str),
}
