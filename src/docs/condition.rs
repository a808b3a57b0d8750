//! A declared expression as a person writes it: `answered and wait_ms ≤ 180000`. The columns are those of the detail tables.

use polars::prelude::{Expr, Operator};

/// What is added up, and over which rows.
pub(super) struct Told {
    /// None: the rows are counted.
    pub(super) what: Option<String>,
    pub(super) holds: Option<String>,
}

pub(super) fn told(expression: &Expr) -> Told {
    match expression {
        Expr::Cast { expr, .. } => Told { what: None, holds: Some(text(expr)) },
        Expr::Ternary { predicate, truthy, falsy } if is_nothing(falsy) => Told { what: Some(text(truthy)), holds: Some(text(predicate)) },
        _ => Told { what: Some(text(expression)), holds: None },
    }
}

/// What the other rows add: nothing.
fn is_nothing(expression: &Expr) -> bool {
    matches!(text(expression).as_str(), "0" | "false" | "null")
}

pub(super) fn text(expression: &Expr) -> String {
    match expression {
        Expr::Column(name) => name.to_string(),
        Expr::Literal(value) => literal(&format!("{value:?}")),
        Expr::Alias(expr, _) | Expr::Cast { expr, .. } => text(expr),
        Expr::BinaryExpr { left, op: Operator::And, right } if text(left) == "true" => text(right),
        Expr::BinaryExpr { left, op, right } => format!("{} {} {}", operand(left, *op), sign(*op), operand(right, *op)),
        Expr::Ternary { predicate, truthy, falsy } if is_nothing(falsy) => format!("({} where {})", text(truthy), text(predicate)),
        Expr::Ternary { predicate, truthy, falsy } => format!("({} where {}, else {})", text(truthy), text(predicate), text(falsy)),
        Expr::Function { input, function } => applied(&function.to_string(), input),
        other => other.to_string(),
    }
}

fn applied(function: &str, input: &[Expr]) -> String {
    match (function, input) {
        ("not", [inner]) => format!("not {}", tight(inner)),
        ("is_null", [inner]) => format!("{} is null", tight(inner)),
        ("is_not_null", [inner]) => format!("{} is not null", tight(inner)),
        // A condition that is null does not hold, and null adds nothing.
        ("fill_null", [inner, instead]) if is_nothing(instead) => text(inner),
        ("fill_null", [inner, instead]) => format!("({}, null: {})", text(inner), text(instead)),
        (_, inputs) => format!("{function}({})", inputs.iter().map(text).collect::<Vec<_>>().join(", ")),
    }
}

/// `dyn int: 0` is 0.
fn literal(shown: &str) -> String {
    shown.rsplit_once(": ").map_or(shown, |(_, value)| value).to_owned()
}

fn tight(expression: &Expr) -> String {
    if binary(expression).is_some() { format!("({})", text(expression)) } else { text(expression) }
}

/// Brackets where the sign inside binds less than the one outside, or the order matters.
fn operand(expression: &Expr, outside: Operator) -> String {
    match binary(expression) {
        Some(inside) if rank(inside) < rank(outside) || (rank(inside) == rank(outside) && inside != outside) => {
            format!("({})", text(expression))
        }
        _ => text(expression),
    }
}

/// The sign that shows, below what is not shown.
fn binary(expression: &Expr) -> Option<Operator> {
    match expression {
        Expr::BinaryExpr { op, .. } => Some(*op),
        Expr::Cast { expr, .. } | Expr::Alias(expr, _) => binary(expr),
        Expr::Function { input, function } if function.to_string() == "fill_null" && input.last().is_some_and(is_nothing) => {
            input.first().and_then(binary)
        }
        _ => None,
    }
}

fn rank(op: Operator) -> u8 {
    match op {
        Operator::Or | Operator::LogicalOr => 0,
        Operator::And | Operator::LogicalAnd | Operator::Xor => 1,
        Operator::Plus | Operator::Minus => 3,
        Operator::Multiply | Operator::RustDivide | Operator::TrueDivide | Operator::FloorDivide | Operator::Modulus => 4,
        _ => 2,
    }
}

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
    use polars::prelude::{col, lit, when};

    #[test]
    fn an_expression_reads_as_it_was_meant() {
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
    fn what_is_added_up_stands_apart_from_the_rows_it_is_added_up_over() {
        let Told { what, holds } = told(&when(col("own")).then(col("amount")).otherwise(lit(0i64)));
        assert_eq!((what.as_deref(), holds.as_deref()), (Some("amount"), Some("own")));
        let Told { what, holds } = told(&crate::metrics::decl::count(col("own")));
        assert_eq!((what, holds.as_deref()), (None, Some("own")));
    }
}
