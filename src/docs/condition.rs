//! Prints a declared Polars expression as a person writes it: `answered and wait_ms ≤ 180000`. Columns have the names of the fact tables.

use crate::metrics::declaration::Summand;
use kefu_kernel::rules::Rules;
use polars::prelude::{Expr, Operator};

/// An aggregated expression: a value and a condition on rows.
pub(super) struct ConditionText {
    /// The value that is aggregated. `None`: the rows are counted.
    pub(super) value: Option<String>,
    /// The condition that a row has to meet. `None`: every row counts.
    pub(super) condition: Option<String>,
}

/// The value that a declared sum adds up, and the condition on its rows.
pub(super) fn of_summand(summand: &Summand, rules: &Rules) -> ConditionText {
    ConditionText {
        value: summand.value(rules).map(|value| text(&value)),
        condition: summand.condition(rules).map(|condition| text(&condition)),
    }
}

/// Whether an expression is 0, false or null, so that a row with it adds nothing.
fn is_neutral(expression: &Expr) -> bool {
    matches!(text(expression).as_str(), "0" | "false" | "null")
}

/// The expression as text.
pub(super) fn text(expression: &Expr) -> String {
    match expression {
        Expr::Column(name) => name.to_string(),
        Expr::Literal(value) => literal(&format!("{value:?}")),
        Expr::Alias(expr, _) | Expr::Cast { expr, .. } => text(expr),
        Expr::BinaryExpr { left, op: Operator::And, right } if text(left) == "true" => text(right),
        Expr::BinaryExpr { left, op, right } => format!("{} {} {}", operand(left, *op), sign(*op), operand(right, *op)),
        Expr::Ternary { predicate, truthy, falsy } if is_neutral(falsy) => format!("({} where {})", text(truthy), text(predicate)),
        Expr::Ternary { predicate, truthy, falsy } => format!("({} where {}, else {})", text(truthy), text(predicate), text(falsy)),
        Expr::Function { input, function } => applied(&function.to_string(), input),
        other => other.to_string(),
    }
}

/// A function applied to its inputs.
fn applied(function: &str, input: &[Expr]) -> String {
    match (function, input) {
        ("not", [inner]) => format!("not {}", bracketed(inner)),
        ("is_null", [inner]) => format!("{} is null", bracketed(inner)),
        ("is_not_null", [inner]) => format!("{} is not null", bracketed(inner)),
        // To a reader a null condition does not hold and a null value adds nothing, so the default is left out.
        ("fill_null", [inner, instead]) if is_neutral(instead) => text(inner),
        ("fill_null", [inner, instead]) => format!("({}, null: {})", text(inner), text(instead)),
        (_, inputs) => format!("{function}({})", inputs.iter().map(text).collect::<Vec<_>>().join(", ")),
    }
}

/// A literal without the type that Polars prints before it: `dyn int: 0` is `0`.
fn literal(shown: &str) -> String {
    shown.rsplit_once(": ").map_or(shown, |(_, value)| value).to_owned()
}

/// An operand that needs brackets if it is a binary expression.
fn bracketed(expression: &Expr) -> String {
    if binary(expression).is_some() { format!("({})", text(expression)) } else { text(expression) }
}

/// An operand of a binary operator. It has brackets if its own operator binds less, or binds equally and is another.
fn operand(expression: &Expr, outside: Operator) -> String {
    match binary(expression) {
        Some(inside) if precedence(inside) < precedence(outside) || (precedence(inside) == precedence(outside) && inside != outside) => {
            format!("({})", text(expression))
        }
        _ => text(expression),
    }
}

/// The operator of an expression as it is printed, below casts, aliases and defaults that are not printed.
fn binary(expression: &Expr) -> Option<Operator> {
    match expression {
        Expr::BinaryExpr { op, .. } => Some(*op),
        Expr::Cast { expr, .. } | Expr::Alias(expr, _) => binary(expr),
        Expr::Function { input, function } if function.to_string() == "fill_null" && input.last().is_some_and(is_neutral) => {
            input.first().and_then(binary)
        }
        _ => None,
    }
}

/// The precedence of an operator. A higher one binds more.
fn precedence(op: Operator) -> u8 {
    match op {
        Operator::Or | Operator::LogicalOr => 0,
        Operator::And | Operator::LogicalAnd | Operator::Xor => 1,
        Operator::Plus | Operator::Minus => 3,
        Operator::Multiply | Operator::RustDivide | Operator::TrueDivide | Operator::FloorDivide | Operator::Modulus => 4,
        _ => 2,
    }
}

/// The printed sign of an operator.
fn sign(op: Operator) -> String {
    let sign = match op {
        Operator::And | Operator::LogicalAnd => "and",
        Operator::Or | Operator::LogicalOr => "or",
        Operator::Eq => "=",
        Operator::NotEq => "≠",
        Operator::LtEq => "≤",
        Operator::GtEq => "≥",
        Operator::Minus => "−",
        Operator::Multiply => "×",
        other => return other.to_string(),
    };
    sign.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::declaration::{Formula, count_if, sum_if};
    use crate::model::Fact;
    use polars::prelude::{col, lit};

    #[test]
    fn an_expression_is_printed_as_a_person_writes_it() {
        let cases = [
            (col("buyer_msgs").gt(lit(0)).and(col("manned").not()), "buyer_msgs > 0 and not manned"),
            (col("a").and(col("b").or(col("c"))), "a and (b or c)"),
            (col("a").or(col("b").and(col("c"))), "a or b and c"),
            (col("a").and(col("b")).not(), "not (a and b)"),
            ((col("last") - col("first")).gt(lit(180_000i64)).fill_null(lit(false)), "last − first > 180000"),
            (col("rule").eq(lit("order")).and(col("x").is_not_null()), "rule = \"order\" and x is not null"),
            (lit(true).and(col("a")), "a"),
            (col("x").fill_null(lit(7)), "(x, null: 7)"),
        ];
        for (expression, expected) in cases {
            assert_eq!(text(&expression), expected);
        }
    }

    #[test]
    fn a_value_and_its_condition_are_printed_apart() {
        let rules = Rules::default();
        let read = |formula| match formula {
            Formula::Sum(_, summand) => of_summand(&summand, &rules),
            _ => ConditionText { value: None, condition: None },
        };
        let ConditionText { value, condition } = read(sum_if(Fact::Credits, |_| col("own"), |_| col("amount")));
        assert_eq!((value.as_deref(), condition.as_deref()), (Some("amount"), Some("own")));
        let ConditionText { value, condition } = read(count_if(Fact::Credits, |_| col("own")));
        assert_eq!((value, condition.as_deref()), (None, Some("own")));
    }
}
